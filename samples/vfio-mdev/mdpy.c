// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdpy: a PCI display that exists in software only
 *
 * Loading the module makes the parent device /sys/class/mdpy/mdpy with three types
 * of mediated devices, displays of different sizes, as long as its 64 MiB of
 * video memory last:
 *
 *   # cd /sys/class/mdev_bus/mdpy/mdev_supported_types; grep -s . mdpy-vga/[and]*
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > mdpy-vga/create
 *
 * Give it to a guest, where mdpy-fb.ko makes a framebuffer of it. What the guest
 * draws is seen in QEMU's window. Then remove it:
 *
 *   # qemu-system-x86_64 ... -device vfio-pci,display=on,\
 *     sysfsdev=/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
 *   # echo 1 > /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/remove
 *
 * The lesson here: memory. The guest writes to it, QEMU shows it, and neither of
 * them comes through this driver, as both have it mapped. Nor is it this driver that
 * allocates it: each user of a display has new memory from the library, so that
 * nobody sees what another one draws. What is counted here are displays, by the
 * memory that one in use takes.
 */
#include <drm/drm_fourcc.h>
#include <drm/drm_plane.h>
#include <linux/mdev.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>

#include "mdpy-defs.h"

#define MDPY_MEMORY	SZ_64M	/* that all displays share */
#define MDPY_PIXEL	4	/* bytes; XRGB8888 */

/**
 * struct mdpy_type - a type of display
 * @type: what the core makes the type's attributes of
 * @width: of the picture, in pixels
 * @height: the same
 */
struct mdpy_type {
	struct mdev_type type;
	u32 width;
	u32 height;
};

/* The cost is video memory: what the picture takes, rounded up as a BAR is. */
static struct mdpy_type mdpy_vga = {
	.type = {
		.sysfs_name = "vga",
		.pretty_name = "VGA display, 640x480",
		.description = "PCI display of 640x480 pixels, 32 bits each",
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.cost = SZ_2M,
	},
	.width = 640,
	.height = 480,
};

static struct mdpy_type mdpy_xga = {
	.type = {
		.sysfs_name = "xga",
		.pretty_name = "XGA display, 1024x768",
		.description = "PCI display of 1024x768 pixels, 32 bits each",
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.cost = SZ_4M,
	},
	.width = 1024,
	.height = 768,
};

static struct mdpy_type mdpy_hd = {
	.type = {
		.sysfs_name = "hd",
		.pretty_name = "HD display, 1920x1080",
		.description = "PCI display of 1920x1080 pixels, 32 bits each",
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.cost = SZ_8M,
	},
	.width = 1920,
	.height = 1080,
};

/**
 * struct mdpy - a display, the state of one mediated device
 * @pdev: what makes it a PCI device
 * @type: what it can show; the picture is at the beginning of BAR 0
 */
struct mdpy {
	struct vfio_mdev_pci_dev pdev;
	const struct mdpy_type *type;
};

static struct mdpy *to_mdpy(struct mdev_device *mdev)
{
	return vfio_mdev_pci_dev_container(mdev, struct mdpy, pdev);
}

static u32 mdpy_picture_size(const struct mdpy_type *type)
{
	return type->width * type->height * MDPY_PIXEL;
}

/*
 * What VFIO asks of a display
 */

/* There is no cursor, which is told like one that is switched off. */
static void mdpy_describe_plane(const struct mdpy_type *type,
				struct vfio_device_gfx_plane_info *plane)
{
	if (plane->drm_plane_type == DRM_PLANE_TYPE_CURSOR)
		return;

	plane->drm_format = DRM_FORMAT_XRGB8888;
	plane->drm_format_mod = DRM_FORMAT_MOD_LINEAR;
	plane->width = type->width;
	plane->height = type->height;
	plane->stride = type->width * MDPY_PIXEL;
	plane->size = PAGE_ALIGN(mdpy_picture_size(type));
	plane->region_index = VFIO_PCI_BAR0_REGION_INDEX;
}

/* The picture is in a region, from its beginning on; dma-bufs are not offered. */
static long mdpy_query_gfx_plane(struct mdpy *mdpy, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 region_index);
	struct vfio_device_gfx_plane_info in, plane = { };

	if (copy_from_user(&in, arg, minsz))
		return -EFAULT;
	if (in.argsz < minsz)
		return -EINVAL;
	if (in.flags == (VFIO_GFX_PLANE_TYPE_PROBE |
			 VFIO_GFX_PLANE_TYPE_REGION))
		return 0;
	if (in.flags != VFIO_GFX_PLANE_TYPE_REGION)
		return -EINVAL;

	plane.argsz = in.argsz;
	plane.flags = in.flags;
	plane.drm_plane_type = in.drm_plane_type;
	plane.x_hot = U32_MAX;
	plane.y_hot = U32_MAX;
	mdpy_describe_plane(mdpy->type, &plane);
	return copy_to_user(arg, &plane, minsz) ? -EFAULT : 0;
}

static long mdpy_ioctl(struct mdev_device *mdev, unsigned int cmd,
		       unsigned long arg)
{
	struct mdpy *mdpy = to_mdpy(mdev);

	if (cmd == VFIO_DEVICE_QUERY_GFX_PLANE)
		return mdpy_query_gfx_plane(mdpy, (void __user *)arg);
	return vfio_mdev_pci_dev_ioctl(mdev, cmd, arg);
}

/* The picture goes with the display, which has nothing else to store or to stop. */
static const struct vfio_mdev_mig_desc mdpy_mig_desc = { };

static const struct vfio_mdev_device_ops mdpy_ops = {
	.ioctl = mdpy_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_OPEN,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_REQUEST,
	VFIO_MDEV_PCI_DEV_OPS_MIGRATION,
};

/*
 * Setting up a display
 */

static int mdpy_add_vendor_cap(struct mdpy *mdpy)
{
	const __le32 image[] = {
		/* After id and link, which the library fills in, the length */
		cpu_to_le32(MDPY_VENDORCAP_SIZE << 16),
		cpu_to_le32(DRM_FORMAT_XRGB8888),
		cpu_to_le32(mdpy->type->width),
		cpu_to_le32(mdpy->type->height),
	};
	const struct vfio_mdev_pci_cap cap = {
		.id = PCI_CAP_ID_VNDR,
		.offset = MDPY_VENDORCAP_OFFSET,
		.size = MDPY_VENDORCAP_SIZE,
		.image = (const u8 *)image,
	};

	return vfio_mdev_config_add_cap(&mdpy->pdev.config, &cap, NULL);
}

static int mdpy_setup(struct mdpy *mdpy, struct mdev_device *mdev)
{
	const struct vfio_mdev_pci_desc desc = {
		.vendor = MDPY_PCI_VENDOR_ID,
		.device = MDPY_PCI_DEVICE_ID,
		.subsystem_vendor = MDPY_PCI_SUBVENDOR_ID,
		.subsystem_device = MDPY_PCI_SUBDEVICE_ID,
		.class = PCI_CLASS_DISPLAY_OTHER << 8,
		.bar[0] = { mdpy->type->type.cost, PCI_BASE_ADDRESS_MEM_PREFETCH },
	};
	int ret;

	ret = vfio_mdev_pci_dev_init(&mdpy->pdev, mdev, &desc);
	if (ret)
		return ret;

	mdpy->pdev.region[0].flags = VFIO_MDEV_REGION_RW |
				     VFIO_REGION_INFO_FLAG_MMAP;
	mdpy->pdev.region[0].migrate = true;
	mdpy->pdev.mig_desc = &mdpy_mig_desc;
	ret = mdpy_add_vendor_cap(mdpy);
	if (ret) {
		vfio_mdev_pci_dev_destroy(&mdpy->pdev);
		return ret;
	}
	return vfio_mdev_pci_dev_finish(&mdpy->pdev, mdev, &mdpy_ops);
}

static int mdpy_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mdpy *mdpy = kzalloc_obj(*mdpy);
	int ret;

	if (!mdpy)
		return -ENOMEM;
	mdpy->type = container_of(mdev->type, struct mdpy_type, type);
	ret = mdpy_setup(mdpy, mdev);
	if (ret)
		kfree(mdpy);
	return ret;
}

static int mdpy_remove(struct mdev_device *mdev)
{
	struct mdpy *mdpy = to_mdpy(mdev);

	vfio_mdev_pci_dev_destroy(&mdpy->pdev);
	kfree(mdpy);
	return 0;
}

static const struct mdev_parent_ops mdpy_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mdpy_vga.type, &mdpy_xga.type, &mdpy_hd.type),
	.pool = MDPY_MEMORY,
	.create = mdpy_create,
	.remove = mdpy_remove,
};

module_mdev_virtual_parent(mdpy_parent_ops);

MODULE_DESCRIPTION("Mediated PCI display, a sample");
MODULE_LICENSE("GPL");
