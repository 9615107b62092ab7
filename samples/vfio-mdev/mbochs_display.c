// SPDX-License-Identifier: GPL-2.0-only
/*
 * A display of mbochs: registers, picture and monitor
 *
 * A guest draws into video memory, which is BAR 0, and sets a mode in registers,
 * which are in BAR 2. User space asks for the picture, which is called a plane,
 * and plugs in a monitor by giving its EDID. None of it causes an interrupt.
 *
 * The registers are those of QEMU's bochs-display, see docs/specs/standard-vga.rst
 * there.
 */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_fourcc.h>
#include <drm/drm_plane.h>

#include "mbochs.h"

#define MBOCHS_VBE_ID5		0xb0c5
#define MBOCHS_VBE_ENABLED	BIT(0)
#define MBOCHS_LITTLE_ENDIAN	0x1e1e1e1e
#define MBOCHS_BIG_ENDIAN	0xbebebebe
#define MBOCHS_PIXEL_SIZE	4	/* bytes, in the only format */

static_assert(offsetof(struct mbochs_mmio, vbe) == 0x500);
static_assert(offsetof(struct mbochs_mmio, qext_size) == 0x600);

/*
 * Registers. They are memory: nothing happens when they are accessed.
 */

static u64 mbochs_mmio_read(void *priv, u64 offset, unsigned int width)
{
	__le64 value = cpu_to_le64(U64_MAX);
	struct mbochs *mbochs = priv;

	guard(mutex)(&mbochs->lock);

	if (offset < sizeof(mbochs->mmio))
		memcpy(&value, (u8 *)&mbochs->mmio + offset, width);
	return le64_to_cpu(value);
}

static bool mbochs_mmio_writable(u64 offset)
{
	return (offset >= offsetof(struct mbochs_mmio, vbe[MBOCHS_VBE_XRES]) &&
		offset < offsetof(struct mbochs_mmio,
				  vbe[MBOCHS_VBE_MEMORY_64K])) ||
	       (offset >= offsetof(struct mbochs_mmio, qext_endian) &&
		offset < sizeof(struct mbochs_mmio));
}

static void mbochs_mmio_write(void *priv, u64 offset, unsigned int width,
			      u64 value)
{
	struct mbochs *mbochs = priv;
	u64 end = offset + width;

	guard(mutex)(&mbochs->lock);

	for (; offset < end; offset++, value >>= 8)
		if (mbochs_mmio_writable(offset))
			((u8 *)&mbochs->mmio)[offset] = value;
}

const struct vfio_mdev_region_ops mbochs_mmio_ops = {
	.read = mbochs_mmio_read,
	.write = mbochs_mmio_write,
};

static u32 mbochs_vbe(struct mbochs *mbochs, enum mbochs_vbe_reg reg)
{
	return le16_to_cpu(mbochs->mmio.vbe[reg]);
}

/* The monitor is not the guest's, so its EDID stays. */
void mbochs_reset_registers(struct mbochs *mbochs)
{
	struct mbochs_mmio *mmio = &mbochs->mmio;

	guard(mutex)(&mbochs->lock);

	memset(mmio->vga, 0xff, sizeof(mmio->vga));
	memset(mmio->vbe, 0, sizeof(mmio->vbe));
	memset(mmio->unused, 0xff, sizeof(mmio->unused));
	mmio->vbe[MBOCHS_VBE_ID] = cpu_to_le16(MBOCHS_VBE_ID5);
	mmio->vbe[MBOCHS_VBE_MEMORY_64K] =
		cpu_to_le16(mbochs->vram_size / SZ_64K);
	mmio->qext_size = cpu_to_le32(sizeof(mmio->qext_size) +
				      sizeof(mmio->qext_endian));
	mmio->qext_endian = cpu_to_le32(MBOCHS_LITTLE_ENDIAN);
}

/*
 * The picture
 */

static u64 mbochs_mode_size(const struct mbochs_mode *mode)
{
	return PAGE_ALIGN((u64)mode->stride * mode->height);
}

/*
 * Find out what the guest shows, if that is a picture that lies in video memory
 * and that user space can be told of: there is no way to say that it begins in the
 * middle of a page, or of a region.
 */
static bool mbochs_get_mode(struct mbochs *mbochs, struct mbochs_mode *mode)
{
	u32 endian = le32_to_cpu(mbochs->mmio.qext_endian);

	lockdep_assert_held(&mbochs->lock);

	if (!(mbochs_vbe(mbochs, MBOCHS_VBE_ENABLE) & MBOCHS_VBE_ENABLED) ||
	    mbochs_vbe(mbochs, MBOCHS_VBE_BPP) != 8 * MBOCHS_PIXEL_SIZE)
		return false;

	mode->format = endian == MBOCHS_BIG_ENDIAN ? DRM_FORMAT_BGRX8888 :
						     DRM_FORMAT_XRGB8888;
	mode->width = mbochs_vbe(mbochs, MBOCHS_VBE_XRES);
	mode->height = mbochs_vbe(mbochs, MBOCHS_VBE_YRES);
	mode->stride = MBOCHS_PIXEL_SIZE *
		       max(mode->width,
			   mbochs_vbe(mbochs, MBOCHS_VBE_VIRT_WIDTH));
	mode->offset = MBOCHS_PIXEL_SIZE *
		       mbochs_vbe(mbochs, MBOCHS_VBE_X_OFFSET) +
		       (u64)mode->stride *
		       mbochs_vbe(mbochs, MBOCHS_VBE_Y_OFFSET);

	return mode->width && mode->height &&
	       mode->offset + mbochs_mode_size(mode) <= mbochs->vram_size &&
	       (mbochs->region_display ? !mode->offset :
					 PAGE_ALIGNED(mode->offset));
}

/* The same mode has the same id, unless too many others came in between. */
static u32 mbochs_get_id(struct mbochs *mbochs, const struct mbochs_mode *mode)
{
	unsigned int i;

	lockdep_assert_held(&mbochs->lock);

	for (i = 0; i < MBOCHS_PLANES; i++)
		if (!memcmp(&mbochs->mode[i], mode, sizeof(*mode)))
			return mbochs->mode_id[i];

	if (!++mbochs->last_id)
		mbochs->last_id++;
	i = mbochs->last_id % MBOCHS_PLANES;
	mbochs->mode_id[i] = mbochs->last_id;
	mbochs->mode[i] = *mode;
	return mbochs->last_id;
}

/* QEMU leaves the type at 0, an overlay, when it asks for a region. */
static bool mbochs_is_primary(struct mbochs *mbochs, u32 plane_type)
{
	return plane_type == DRM_PLANE_TYPE_PRIMARY ||
	       (mbochs->region_display &&
		plane_type == DRM_PLANE_TYPE_OVERLAY);
}

/* Zeros stand for a plane that is off, or that there never is. */
static void mbochs_describe_plane(struct mbochs *mbochs,
				  struct vfio_device_gfx_plane_info *info)
{
	struct mbochs_mode mode;

	*info = (struct vfio_device_gfx_plane_info) {
		.argsz = info->argsz,
		.flags = info->flags,
		.drm_plane_type = info->drm_plane_type,
		.x_hot = U32_MAX,
		.y_hot = U32_MAX,
	};

	guard(mutex)(&mbochs->lock);

	if (!mbochs_is_primary(mbochs, info->drm_plane_type) ||
	    !mbochs_get_mode(mbochs, &mode))
		return;

	info->drm_format = mode.format;
	info->drm_format_mod = DRM_FORMAT_MOD_LINEAR;
	info->width = mode.width;
	info->height = mode.height;
	info->stride = mode.stride;
	info->size = mbochs_mode_size(&mode);
	if (mbochs->region_display)
		info->region_index = VFIO_PCI_BAR0_REGION_INDEX;
	else
		info->dmabuf_id = mbochs_get_id(mbochs, &mode);
}

long mbochs_query_plane(struct mbochs *mbochs, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 dmabuf_id);
	u32 way = mbochs->region_display ? VFIO_GFX_PLANE_TYPE_REGION :
					   VFIO_GFX_PLANE_TYPE_DMABUF;
	struct vfio_device_gfx_plane_info info = { };

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	if (info.flags == (VFIO_GFX_PLANE_TYPE_PROBE | way))
		return 0;
	if (info.flags != way || info.drm_plane_type > DRM_PLANE_TYPE_CURSOR)
		return -EINVAL;

	mbochs_describe_plane(mbochs, &info);
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/* Each call makes another dma-buf, of the same memory. */
long mbochs_get_dmabuf(struct mbochs *mbochs, u32 __user *arg)
{
	struct mbochs_mode mode;
	u32 id;

	if (get_user(id, arg))
		return -EFAULT;

	scoped_guard(mutex, &mbochs->lock) {
		if (!id || mbochs->mode_id[id % MBOCHS_PLANES] != id)
			return -EINVAL;
		mode = mbochs->mode[id % MBOCHS_PLANES];
	}
	return mbochs_dmabuf_fd(mbochs->vram, mode.offset,
				mbochs_mode_size(&mode));
}

/*
 * The monitor
 */

static int mbochs_set_monitor(struct mbochs *mbochs, u64 offset, u32 value)
{
	struct mbochs_monitor *monitor = &mbochs->monitor;
	bool up = value == VFIO_DEVICE_GFX_LINK_STATE_UP;

	guard(mutex)(&mbochs->lock);

	switch (offset) {
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		if (value > MBOCHS_EDID_MAX)
			return -EINVAL;
		monitor->regs.edid_size = value;
		return 0;
	case offsetof(struct vfio_region_gfx_edid, link_state):
		if (!up && value != VFIO_DEVICE_GFX_LINK_STATE_DOWN)
			return -EINVAL;
		monitor->regs.link_state = value;
		memset(mbochs->mmio.edid, 0, MBOCHS_EDID_MAX);
		if (up)
			memcpy(mbochs->mmio.edid, monitor->blob,
			       monitor->regs.edid_size);
		return 0;
	default:
		return -EINVAL;
	}
}

/* Its registers are in the order of the CPU, and are written one at a time. */
ssize_t mbochs_write_monitor(struct mbochs *mbochs, u64 offset,
			     const char __user *buf, size_t count,
			     loff_t *ppos)
{
	u32 value;
	int ret;

	if (count != sizeof(value))
		return -EINVAL;
	if (copy_from_user(&value, buf, sizeof(value)))
		return -EFAULT;

	ret = mbochs_set_monitor(mbochs, offset, value);
	if (ret)
		return ret;
	*ppos += count;
	return count;
}

/* For a new user: no monitor is plugged in, and no plane was told of. */
void mbochs_power_on(struct mbochs *mbochs)
{
	scoped_guard(mutex, &mbochs->lock) {
		memset(mbochs->mmio.edid, 0, sizeof(mbochs->mmio.edid));
		mbochs->monitor = (struct mbochs_monitor) {
			.regs.edid_offset = offsetof(struct mbochs_monitor, blob),
			.regs.edid_max_size = MBOCHS_EDID_MAX,
			.regs.max_xres = mbochs->type->max_xres,
			.regs.max_yres = mbochs->type->max_yres,
			.regs.link_state = VFIO_DEVICE_GFX_LINK_STATE_DOWN,
		};
		memset(mbochs->mode, 0, sizeof(mbochs->mode));
		memset(mbochs->mode_id, 0, sizeof(mbochs->mode_id));
	}
	mbochs_reset_registers(mbochs);
}
