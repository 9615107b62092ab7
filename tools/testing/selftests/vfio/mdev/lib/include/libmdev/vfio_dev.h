/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mediated device opened through VFIO
 */
#ifndef LIBMDEV_VFIO_DEV_H
#define LIBMDEV_VFIO_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/vfio.h>

#include <libmdev/mdev.h>

struct vfio_dev_way;

/**
 * struct vfio_dev - a device and what was opened to get at it
 * @way: how it was attached
 * @uuid: which device
 * @iommu: container or iommufd, or -1
 * @group: group, or -1
 * @cdev: character device that is not bound yet, or -1
 * @fd: the device, or -1
 * @ioas: address space of one that was opened by its character device
 */
struct vfio_dev {
	const struct vfio_dev_way *way;
	char uuid[MDEV_UUID_SIZE];
	int iommu;
	int group;
	int cdev;
	int fd;
	__u32 ioas;
};

/**
 * struct vfio_dev_way - one of the ways that VFIO offers to open a device
 * @name: for messages
 * @available: whether the kernel offers it, once VFIO is loaded
 * @attach: everything before the device itself; 0 or -errno
 * @get_fd: open the device; a file descriptor or -errno
 */
struct vfio_dev_way {
	const char *name;
	bool (*available)(void);
	int (*attach)(struct vfio_dev *dev);
	int (*get_fd)(struct vfio_dev *dev);
};

/* A legacy group in a container with type 1 IOMMU: on every kernel that has groups */
extern const struct vfio_dev_way vfio_dev_by_group;
/* A legacy group in an iommufd that stands in for the container */
extern const struct vfio_dev_way vfio_dev_by_group_iommufd;
/* The device's own character device, bound to an iommufd; one open at a time */
extern const struct vfio_dev_way vfio_dev_by_cdev;

/* Loads VFIO, and what maps memory for groups, if it has any */
void vfio_setup(void);
/* Or character devices of devices only */
bool vfio_has_groups(void);

/* A vfio_dev of which nothing is open */
#define VFIO_DEV_CLOSED \
	((struct vfio_dev){ .iommu = -1, .group = -1, .cdev = -1, .fd = -1 })

/* Attach only; then any number of file descriptors by get_fd() */
int __vfio_dev_attach(struct vfio_dev *dev, const struct vfio_dev_way *way,
		      const char *uuid);
int __vfio_dev_get_fd(struct vfio_dev *dev);
/* Gives a character device that is bound to dev->iommu a new address space */
int __vfio_dev_attach_ioas(struct vfio_dev *dev, int fd);
/* Both. After a failure there is nothing to close. */
int __vfio_dev_open_by(struct vfio_dev *dev, const struct vfio_dev_way *way,
		       const char *uuid);
void vfio_dev_open_by(struct vfio_dev *dev, const struct vfio_dev_way *way,
		      const char *uuid);
/* Both, by group in a container, or by character device where there are no groups */
int __vfio_dev_open(struct vfio_dev *dev, const char *uuid);
void vfio_dev_open(struct vfio_dev *dev, const char *uuid);
void vfio_dev_close(struct vfio_dev *dev);

/* Another device, opened in the way that @other is, to share its address space */
void vfio_dev_open_beside(struct vfio_dev *dev, const struct vfio_dev *other,
			  const char *uuid);
int __vfio_dev_open_beside(struct vfio_dev *dev, const struct vfio_dev *other,
			   const char *uuid);

int __vfio_dev_info(struct vfio_dev *dev, struct vfio_device_info *info);
int __vfio_dev_reset(struct vfio_dev *dev);
/* VFIO_DEVICE_FEATURE with @size bytes of @data, in both directions; 0 or -errno */
int __vfio_dev_feature(struct vfio_dev *dev, __u32 flags, void *data, size_t size);
int __vfio_dev_region(struct vfio_dev *dev, unsigned int index,
		      struct vfio_region_info *info);
void vfio_dev_region(struct vfio_dev *dev, unsigned int index,
		     struct vfio_region_info *info);

/* One system call at @pos of the device's file; bytes transferred or -errno */
ssize_t __vfio_dev_pread(struct vfio_dev *dev, __u64 pos, void *buf,
			 size_t len);
ssize_t __vfio_dev_pwrite(struct vfio_dev *dev, __u64 pos, const void *buf,
			  size_t len);
/* Reads the first byte of the file: 1, or -errno if the device does not work */
int __vfio_dev_try(struct vfio_dev *dev);

/* One system call at @offset of a region; bytes transferred or -errno */
ssize_t __vfio_dev_read(struct vfio_dev *dev, unsigned int index,
			__u64 offset, void *buf, size_t len);
ssize_t __vfio_dev_write(struct vfio_dev *dev, unsigned int index,
			 __u64 offset, const void *buf, size_t len);

/* A little-endian register of @width bytes */
__u64 vfio_dev_load(struct vfio_dev *dev, unsigned int index, __u64 offset,
		    unsigned int width);
void vfio_dev_store(struct vfio_dev *dev, unsigned int index, __u64 offset,
		    unsigned int width, __u64 value);

static inline __u8 vfio_dev_read8(struct vfio_dev *dev, unsigned int index,
				  __u64 offset)
{
	return vfio_dev_load(dev, index, offset, 1);
}

static inline void vfio_dev_write8(struct vfio_dev *dev, unsigned int index,
				   __u64 offset, __u8 value)
{
	vfio_dev_store(dev, index, offset, 1, value);
}

static inline __u64 vfio_dev_config(struct vfio_dev *dev, __u64 offset,
				    unsigned int width)
{
	return vfio_dev_load(dev, VFIO_PCI_CONFIG_REGION_INDEX, offset, width);
}

static inline void vfio_dev_set_config(struct vfio_dev *dev, __u64 offset,
				       unsigned int width, __u64 value)
{
	vfio_dev_store(dev, VFIO_PCI_CONFIG_REGION_INDEX, offset, width, value);
}

#endif /* LIBMDEV_VFIO_DEV_H */
