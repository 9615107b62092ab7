// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/mbochs.h>
#include <libmdev/module.h>

void mbochs_setup(void)
{
	module_load(MBOCHS);
	mdev_remove_all(MBOCHS_PARENT);
}

void mbochs_open_new(struct vfio_dev *dev, const char *type)
{
	char uuid[MDEV_UUID_SIZE];

	mdev_create_new(MBOCHS_PARENT, type, uuid);
	vfio_dev_open(dev, uuid);
}

unsigned int mbochs_vbe(struct vfio_dev *dev, unsigned int reg)
{
	return vfio_dev_load(dev, MBOCHS_MMIO, MBOCHS_VBE(reg), 2);
}

void mbochs_set_vbe(struct vfio_dev *dev, unsigned int reg,
		    unsigned int value)
{
	vfio_dev_store(dev, MBOCHS_MMIO, MBOCHS_VBE(reg), 2, value);
}

void mbochs_set_mode(struct vfio_dev *dev, unsigned int width,
		     unsigned int height)
{
	mbochs_set_vbe(dev, VBE_ENABLE, 0);
	mbochs_set_vbe(dev, VBE_BPP, 32);
	mbochs_set_vbe(dev, VBE_XRES, width);
	mbochs_set_vbe(dev, VBE_YRES, height);
	mbochs_set_vbe(dev, VBE_BANK, 0);
	mbochs_set_vbe(dev, VBE_VIRT_WIDTH, width);
	mbochs_set_vbe(dev, VBE_VIRT_HEIGHT, height);
	mbochs_set_vbe(dev, VBE_X_OFFSET, 0);
	mbochs_set_vbe(dev, VBE_Y_OFFSET, 0);
	mbochs_set_vbe(dev, VBE_ENABLE, 0x41);
}

void *__mbochs_map(struct vfio_dev *dev, unsigned int index, size_t size)
{
	struct vfio_region_info info;

	vfio_dev_region(dev, index, &info);
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		    info.offset);
}

void *mbochs_map_vram(struct vfio_dev *dev, size_t size)
{
	void *mem = __mbochs_map(dev, MBOCHS_VRAM, size);

	MDEV_ASSERT(mem != MAP_FAILED, "mapping video memory: %s",
		    strerror(errno));
	return mem;
}

int __mbochs_query(struct vfio_dev *dev, __u32 flags, __u32 plane,
		   struct vfio_device_gfx_plane_info *info)
{
	memset(info, 0xff, sizeof(*info));
	info->argsz = sizeof(*info);
	info->flags = flags;
	info->drm_plane_type = plane;
	return ioctl(dev->fd, VFIO_DEVICE_QUERY_GFX_PLANE, info) ? -errno : 0;
}

void mbochs_query(struct vfio_dev *dev,
		  struct vfio_device_gfx_plane_info *info)
{
	int ret = __mbochs_query(dev, VFIO_GFX_PLANE_TYPE_DMABUF,
				 DRM_PLANE_TYPE_PRIMARY, info);

	MDEV_ASSERT(!ret, "querying the primary plane: %s", strerror(-ret));
}

__u32 mbochs_plane_id(struct vfio_dev *dev)
{
	struct vfio_device_gfx_plane_info info;

	mbochs_query(dev, &info);
	MDEV_ASSERT(info.size, "the primary plane is off");
	return info.dmabuf_id;
}

int __mbochs_get_dmabuf(struct vfio_dev *dev, __u32 id)
{
	int fd = ioctl(dev->fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);

	return fd < 0 ? -errno : fd;
}

int mbochs_get_dmabuf(struct vfio_dev *dev)
{
	int fd = __mbochs_get_dmabuf(dev, mbochs_plane_id(dev));

	MDEV_ASSERT(fd >= 0, "getting a dma-buf: %s", strerror(-fd));
	return fd;
}

/*
 * What vgem, a DRM driver without a device, does with a dma-buf of somebody else
 */

struct drm_prime_handle {
	__u32 handle;
	__u32 flags;
	__s32 fd;
};

struct drm_gem_close {
	__u32 handle;
	__u32 pad;
};

struct drm_version {
	int version[3];
	size_t name_len;
	char *name;
	size_t date_len;
	char *date;
	size_t desc_len;
	char *desc;
};

#define DRM_VERSION		_IOWR('d', 0x00, struct drm_version)
#define DRM_GEM_CLOSE		_IOW('d', 0x09, struct drm_gem_close)
#define DRM_HANDLE_TO_FD	_IOWR('d', 0x2d, struct drm_prime_handle)
#define DRM_FD_TO_HANDLE	_IOWR('d', 0x2e, struct drm_prime_handle)

int __mbochs_open_importer(void)
{
	char name[32], path[32];
	int fd, i;

	__module_load("vgem");
	for (i = 0; i < 16; i++) {
		struct drm_version version = {
			.name = name, .name_len = sizeof(name) - 1
		};

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name, 0, sizeof(name));
		if (!ioctl(fd, DRM_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

__u32 mbochs_import(int importer, int dmabuf)
{
	struct drm_prime_handle prime = { .fd = dmabuf };

	MDEV_ASSERT(!ioctl(importer, DRM_FD_TO_HANDLE, &prime),
		    "importing a dma-buf: %s", strerror(errno));
	return prime.handle;
}

int mbochs_export(int importer, __u32 handle)
{
	struct drm_prime_handle prime = {
		.handle = handle, .flags = O_CLOEXEC | O_RDWR,
	};

	MDEV_ASSERT(!ioctl(importer, DRM_HANDLE_TO_FD, &prime),
		    "exporting what was imported: %s", strerror(errno));
	return prime.fd;
}

void mbochs_forget(int importer, __u32 handle)
{
	struct drm_gem_close gem = { .handle = handle };

	MDEV_ASSERT(!ioctl(importer, DRM_GEM_CLOSE, &gem),
		    "letting go of what was imported: %s", strerror(errno));
}
