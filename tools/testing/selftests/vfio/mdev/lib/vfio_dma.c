// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <libmdev/assert.h>
#include <libmdev/module.h>
#include <libmdev/vfio_dma.h>

/* The headers may be older than the kernel, or not be there at all. */
struct ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 reserved;
	__u64 user_va;
	__u64 length;
	__u64 iova;
};

struct ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__u64 iova;
	__u64 length;
};

struct detach_pt {
	__u32 argsz;
	__u32 flags;
};

#define IOAS_MAP		_IO(';', 0x85)
#define IOAS_MAP_FIXED		1
#define IOAS_MAP_WRITE		2
#define IOAS_MAP_READ		4
#define IOAS_UNMAP		_IO(';', 0x86)
#define DETACH_PT		_IO(VFIO_TYPE, VFIO_BASE + 20)

static int container_map(struct vfio_dev *dev, __u64 iova, void *mem,
			 size_t size, bool write)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ |
			 (write ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (unsigned long)mem,
		.iova = iova,
		.size = size,
	};

	return ioctl(dev->iommu, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int ioas_map(struct vfio_dev *dev, __u64 iova, void *mem, size_t size,
		    bool write)
{
	struct ioas_map map = {
		.size = sizeof(map),
		.flags = IOAS_MAP_FIXED | IOAS_MAP_READ |
			 (write ? IOAS_MAP_WRITE : 0),
		.ioas_id = dev->ioas,
		.user_va = (unsigned long)mem,
		.length = size,
		.iova = iova,
	};

	return ioctl(dev->iommu, IOAS_MAP, &map) ? -errno : 0;
}

void vfio_dma_load_modules(void)
{
	vfio_setup();
	__module_load("iommufd");
}

int __vfio_dma_map(struct vfio_dev *dev, __u64 iova, void *mem, size_t size,
		   bool write)
{
	if (dev->way == &vfio_dev_by_cdev)
		return ioas_map(dev, iova, mem, size, write);
	return container_map(dev, iova, mem, size, write);
}

void vfio_dma_map(struct vfio_dev *dev, __u64 iova, void *mem, size_t size,
		  bool write)
{
	int ret = __vfio_dma_map(dev, iova, mem, size, write);

	MDEV_ASSERT(!ret, "mapping %zu bytes at %#llx: %s", size, iova,
		    strerror(-ret));
}

int __vfio_dma_unmap(struct vfio_dev *dev, __u64 iova, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = size,
	};
	struct ioas_unmap ioas_unmap = {
		.size = sizeof(ioas_unmap), .ioas_id = dev->ioas,
		.iova = iova, .length = size,
	};

	if (dev->way == &vfio_dev_by_cdev)
		return ioctl(dev->iommu, IOAS_UNMAP, &ioas_unmap) ? -errno : 0;
	if (ioctl(dev->iommu, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	return unmap.size == size ? 0 : -ENOENT;
}

void vfio_dma_unmap(struct vfio_dev *dev, __u64 iova, size_t size)
{
	int ret = __vfio_dma_unmap(dev, iova, size);

	MDEV_ASSERT(!ret, "unmapping %zu bytes at %#llx: %s", size, iova,
		    strerror(-ret));
}

int __vfio_dma_replace(struct vfio_dev *dev)
{
	return __vfio_dev_attach_ioas(dev, dev->fd);
}

int __vfio_dma_detach(struct vfio_dev *dev)
{
	struct detach_pt detach = { .argsz = sizeof(detach) };

	return ioctl(dev->fd, DETACH_PT, &detach) ? -errno : 0;
}

long vfio_dma_locked(void)
{
	char line[256];
	long sum = 0, kb;
	FILE *file;

	file = fopen("/proc/self/status", "r");
	MDEV_ASSERT(file, "/proc/self/status: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %ld", &kb) == 1 ||
		    sscanf(line, "VmPin: %ld", &kb) == 1)
			sum += kb;
	fclose(file);
	return sum;
}
