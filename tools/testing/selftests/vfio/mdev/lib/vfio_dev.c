// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/vfio_dev.h>

static int group_open(struct vfio_dev *dev)
{
	char path[64];
	int group;

	group = __mdev_iommu_group(dev->uuid);
	if (group < 0)
		return group;
	dev->iommu = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (dev->iommu < 0)
		return -errno;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	dev->group = open(path, O_RDWR | O_CLOEXEC);
	return dev->group < 0 ? -errno : 0;
}

static int group_attach(struct vfio_dev *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret;

	ret = group_open(dev);
	if (ret)
		return ret;
	if (ioctl(dev->iommu, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(dev->group, VFIO_GROUP_GET_STATUS, &status) ||
	    !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPROTO;
	if (ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->iommu) ||
	    ioctl(dev->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

static int group_get_fd(struct vfio_dev *dev)
{
	int fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, dev->uuid);

	return fd < 0 ? -errno : fd;
}

const struct vfio_dev_way vfio_dev_by_group = {
	.name = "group",
	.attach = group_attach,
	.get_fd = group_get_fd,
};

int __vfio_dev_attach(struct vfio_dev *dev, const struct vfio_dev_way *way,
		      const char *uuid)
{
	int ret;

	dev->way = way;
	dev->iommu = -1;
	dev->group = -1;
	dev->fd = -1;
	snprintf(dev->uuid, sizeof(dev->uuid), "%s", uuid);
	ret = way->attach(dev);
	if (ret)
		vfio_dev_close(dev);
	return ret;
}

int __vfio_dev_get_fd(struct vfio_dev *dev)
{
	return dev->way->get_fd(dev);
}

int __vfio_dev_open(struct vfio_dev *dev, const char *uuid)
{
	int ret;

	ret = __vfio_dev_attach(dev, &vfio_dev_by_group, uuid);
	if (ret)
		return ret;
	ret = __vfio_dev_get_fd(dev);
	if (ret < 0) {
		vfio_dev_close(dev);
		return ret;
	}
	dev->fd = ret;
	return 0;
}

void vfio_dev_open(struct vfio_dev *dev, const char *uuid)
{
	int ret = __vfio_dev_open(dev, uuid);

	MDEV_ASSERT(!ret, "opening %s: %s", uuid, strerror(-ret));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vfio_dev_close(struct vfio_dev *dev)
{
	close_fd(&dev->fd);
	close_fd(&dev->group);
	close_fd(&dev->iommu);
}

int __vfio_dev_info(struct vfio_dev *dev, struct vfio_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	return ioctl(dev->fd, VFIO_DEVICE_GET_INFO, info) ? -errno : 0;
}

int __vfio_dev_reset(struct vfio_dev *dev)
{
	return ioctl(dev->fd, VFIO_DEVICE_RESET) ? -errno : 0;
}

int __vfio_dev_region(struct vfio_dev *dev, unsigned int index,
		      struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

void vfio_dev_region(struct vfio_dev *dev, unsigned int index,
		     struct vfio_region_info *info)
{
	int ret = __vfio_dev_region(dev, index, info);

	MDEV_ASSERT(!ret, "info of region %u of %s: %s", index, dev->uuid,
		    strerror(-ret));
}

ssize_t __vfio_dev_pread(struct vfio_dev *dev, __u64 pos, void *buf,
			 size_t len)
{
	ssize_t n = pread(dev->fd, buf, len, pos);

	return n < 0 ? -errno : n;
}

ssize_t __vfio_dev_pwrite(struct vfio_dev *dev, __u64 pos, const void *buf,
			  size_t len)
{
	ssize_t n = pwrite(dev->fd, buf, len, pos);

	return n < 0 ? -errno : n;
}

int __vfio_dev_try(struct vfio_dev *dev)
{
	char byte;

	return __vfio_dev_pread(dev, 0, &byte, 1);
}

ssize_t __vfio_dev_read(struct vfio_dev *dev, unsigned int index,
			__u64 offset, void *buf, size_t len)
{
	struct vfio_region_info info;

	vfio_dev_region(dev, index, &info);
	return __vfio_dev_pread(dev, info.offset + offset, buf, len);
}

ssize_t __vfio_dev_write(struct vfio_dev *dev, unsigned int index,
			 __u64 offset, const void *buf, size_t len)
{
	struct vfio_region_info info;

	vfio_dev_region(dev, index, &info);
	return __vfio_dev_pwrite(dev, info.offset + offset, buf, len);
}

__u64 vfio_dev_load(struct vfio_dev *dev, unsigned int index, __u64 offset,
		    unsigned int width)
{
	__u8 bytes[8] = { };
	__u64 value = 0;
	unsigned int i;
	ssize_t n;

	n = __vfio_dev_read(dev, index, offset, bytes, width);
	MDEV_ASSERT(n == width, "reading %u bytes at %#llx of region %u: %zd",
		    width, offset, index, n);
	for (i = 0; i < width; i++)
		value |= (__u64)bytes[i] << (8 * i);
	return value;
}

void vfio_dev_store(struct vfio_dev *dev, unsigned int index, __u64 offset,
		    unsigned int width, __u64 value)
{
	__u8 bytes[8];
	unsigned int i;
	ssize_t n;

	for (i = 0; i < width; i++)
		bytes[i] = value >> (8 * i);
	n = __vfio_dev_write(dev, index, offset, bytes, width);
	MDEV_ASSERT(n == width, "writing %u bytes at %#llx of region %u: %zd",
		    width, offset, index, n);
}
