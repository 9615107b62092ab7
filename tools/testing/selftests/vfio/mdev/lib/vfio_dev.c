// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>
#include <libmdev/module.h>
#include <libmdev/vfio_dev.h>

/* Both headers may be older than the kernel, or not be there at all. */
struct bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
};

struct attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
};

struct ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

#define BIND_IOMMUFD		_IO(VFIO_TYPE, VFIO_BASE + 18)
#define ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
#define IOAS_ALLOC		_IO(';', 0x81)

bool vfio_has_groups(void)
{
	return file_exists("/sys/class/vfio");
}

void vfio_setup(void)
{
	module_load("vfio");
	if (vfio_has_groups())
		module_load("vfio_iommu_type1");
}

/* The file may be there without groups, as iommufd's. */
static bool group_available(void)
{
	return file_exists("/dev/vfio/vfio") && vfio_has_groups();
}

static bool group_iommufd_available(void)
{
	return file_exists("/dev/iommu") && vfio_has_groups();
}

static bool cdev_available(void)
{
	return file_exists("/dev/iommu") && file_exists("/sys/class/vfio-dev");
}

static int group_open_only(struct vfio_dev *dev)
{
	char path[64];
	int group;

	group = __mdev_iommu_group(dev->uuid);
	if (group < 0)
		return group;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	dev->group = open(path, O_RDWR | O_CLOEXEC);
	return dev->group < 0 ? -errno : 0;
}

static int group_open(struct vfio_dev *dev, const char *iommu)
{
	dev->iommu = open(iommu, O_RDWR | O_CLOEXEC);
	return dev->iommu < 0 ? -errno : group_open_only(dev);
}

static int group_attach(struct vfio_dev *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int ret;

	ret = group_open(dev, "/dev/vfio/vfio");
	if (ret)
		return ret;
	if (ioctl(dev->iommu, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return -EPROTO;
	/* The device may have gone meanwhile. */
	if (ioctl(dev->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -ENODEV;
	if (ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->iommu) ||
	    ioctl(dev->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

static int group_iommufd_attach(struct vfio_dev *dev)
{
	int ret;

	ret = group_open(dev, "/dev/iommu");
	if (ret)
		return ret;
	if (ioctl(dev->iommu, VFIO_GET_API_VERSION) != VFIO_API_VERSION)
		return -EPROTO;
	if (ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->iommu) ||
	    ioctl(dev->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

/* Name of the character device: the only entry of a directory in sysfs */
static int cdev_name(struct vfio_dev *dev, char *name, size_t size)
{
	char path[128];
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), MDEV_DEVICES "/%s/vfio-dev", dev->uuid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, size, "/dev/vfio/devices/%s", entry->d_name);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

static int cdev_open(struct vfio_dev *dev)
{
	char path[NAME_MAX + 32];
	int ret;

	ret = cdev_name(dev, path, sizeof(path));
	if (ret)
		return ret;
	dev->cdev = open(path, O_RDWR | O_CLOEXEC);
	return dev->cdev < 0 ? -errno : 0;
}

static int cdev_attach(struct vfio_dev *dev)
{
	dev->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (dev->iommu < 0)
		return -errno;
	return cdev_open(dev);
}

static int attach_ioas(struct vfio_dev *dev, int fd, __u32 ioas)
{
	struct attach_iommufd_pt attach = {
		.argsz = sizeof(attach), .pt_id = ioas
	};

	if (ioctl(fd, ATTACH_IOMMUFD_PT, &attach))
		return -errno;
	dev->ioas = ioas;
	return 0;
}

int __vfio_dev_attach_ioas(struct vfio_dev *dev, int fd)
{
	struct ioas_alloc ioas = { .size = sizeof(ioas) };

	if (ioctl(dev->iommu, IOAS_ALLOC, &ioas))
		return -errno;
	return attach_ioas(dev, fd, ioas.out_ioas_id);
}

/* The file that was opened becomes the device; or there is one to try again. */
static int cdev_get_fd(struct vfio_dev *dev)
{
	struct bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = dev->iommu
	};
	int fd = dev->cdev, ret;

	if (ioctl(fd, BIND_IOMMUFD, &bind))
		return -errno;
	dev->cdev = -1;
	if (dev->ioas)
		ret = attach_ioas(dev, fd, dev->ioas);
	else
		ret = __vfio_dev_attach_ioas(dev, fd);
	if (!ret)
		return fd;

	close(fd);
	cdev_open(dev);
	return ret;
}

static int group_get_fd(struct vfio_dev *dev)
{
	int fd = ioctl(dev->group, VFIO_GROUP_GET_DEVICE_FD, dev->uuid);

	return fd < 0 ? -errno : fd;
}

const struct vfio_dev_way vfio_dev_by_group = {
	.name = "group",
	.available = group_available,
	.attach = group_attach,
	.get_fd = group_get_fd,
};

const struct vfio_dev_way vfio_dev_by_group_iommufd = {
	.name = "group in an iommufd",
	.available = group_iommufd_available,
	.attach = group_iommufd_attach,
	.get_fd = group_get_fd,
};

const struct vfio_dev_way vfio_dev_by_cdev = {
	.name = "character device",
	.available = cdev_available,
	.attach = cdev_attach,
	.get_fd = cdev_get_fd,
};

int __vfio_dev_attach(struct vfio_dev *dev, const struct vfio_dev_way *way,
		      const char *uuid)
{
	int ret;

	*dev = VFIO_DEV_CLOSED;
	dev->way = way;
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

/* @ret is what attaching it has come to. */
static int open_attached(struct vfio_dev *dev, int ret)
{
	if (!ret)
		ret = __vfio_dev_get_fd(dev);
	if (ret < 0) {
		vfio_dev_close(dev);
		return ret;
	}
	dev->fd = ret;
	return 0;
}

int __vfio_dev_open_by(struct vfio_dev *dev, const struct vfio_dev_way *way,
		       const char *uuid)
{
	return open_attached(dev, __vfio_dev_attach(dev, way, uuid));
}

static int attach_beside(struct vfio_dev *dev)
{
	int ret;

	if (dev->way == &vfio_dev_by_cdev)
		return cdev_open(dev);
	ret = group_open_only(dev);
	if (ret)
		return ret;
	if (ioctl(dev->group, VFIO_GROUP_SET_CONTAINER, &dev->iommu))
		return -errno;
	return 0;
}

int __vfio_dev_open_beside(struct vfio_dev *dev, const struct vfio_dev *other,
			   const char *uuid)
{
	*dev = VFIO_DEV_CLOSED;
	dev->way = other->way;
	dev->ioas = other->ioas;
	snprintf(dev->uuid, sizeof(dev->uuid), "%s", uuid);
	dev->iommu = fcntl(other->iommu, F_DUPFD_CLOEXEC, 0);
	return open_attached(dev, dev->iommu < 0 ? -errno : attach_beside(dev));
}

void vfio_dev_open_beside(struct vfio_dev *dev, const struct vfio_dev *other,
			  const char *uuid)
{
	int ret = __vfio_dev_open_beside(dev, other, uuid);

	MDEV_ASSERT(!ret, "opening %s beside %s: %s", uuid, other->uuid,
		    strerror(-ret));
}

/* By group, which all older kernels have, and a newer one may not */
static const struct vfio_dev_way *usual_way(void)
{
	return group_available() ? &vfio_dev_by_group : &vfio_dev_by_cdev;
}

int __vfio_dev_open(struct vfio_dev *dev, const char *uuid)
{
	return __vfio_dev_open_by(dev, usual_way(), uuid);
}

void vfio_dev_open_by(struct vfio_dev *dev, const struct vfio_dev_way *way,
		      const char *uuid)
{
	int ret = __vfio_dev_open_by(dev, way, uuid);

	MDEV_ASSERT(!ret, "opening %s by %s: %s", uuid, way->name,
		    strerror(-ret));
}

void vfio_dev_open(struct vfio_dev *dev, const char *uuid)
{
	vfio_dev_open_by(dev, usual_way(), uuid);
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
	close_fd(&dev->cdev);
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

int __vfio_dev_feature(struct vfio_dev *dev, __u32 flags, void *data, size_t size)
{
	struct vfio_device_feature *arg = calloc(1, sizeof(*arg) + size);
	int ret;

	MDEV_ASSERT(arg, "out of memory");
	arg->argsz = sizeof(*arg) + size;
	arg->flags = flags;
	memcpy(arg + 1, data, size);
	ret = ioctl(dev->fd, VFIO_DEVICE_FEATURE, arg) ? -errno : 0;
	memcpy(data, arg + 1, size);
	free(arg);
	return ret;
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
