/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that user space reads or writes a device's stream by
 */
#ifndef VFIO_MDEV_MIG_FILE_H
#define VFIO_MDEV_MIG_FILE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "vfio_mdev_stream.h"

struct file;

/**
 * struct vfio_mdev_mig_file - a stream under way
 *
 * The device has one reference while it is in a state that transfers data, the
 * open file has the other. A device lets go without waiting for whoever reads or
 * writes: it says so in @ended, and who comes later gets -ENODEV.
 */
struct vfio_mdev_mig_file {
	/* private: to the two files that make up migration */
	struct kref kref;
	/*
	 * All below, and held while bytes are copied from and to user space, which
	 * may take for ever. So it is waited for killably, by nobody but who
	 * uses the file or changes the state of the device.
	 */
	struct mutex lock;
	struct vfio_mdev_stream stream;	/* its memory is freed once ended */
	size_t pos;			/* where reading goes on */
	bool more;			/* PRE_COPY: this is not yet all of it */
	/* Set without the lock */
	bool ended;
	wait_queue_head_t wait;		/* for @more and @ended to change */
};

struct vfio_mdev_mig_file *
vfio_mdev_mig_file_create(const struct vfio_mdev_stream *stream);
struct file *vfio_mdev_mig_file_open(struct vfio_mdev_mig_file *file, int flags);
void vfio_mdev_mig_file_put(struct vfio_mdev_mig_file *file);
/* The device has no more to do with it, and drops its reference. */
void vfio_mdev_mig_file_end(struct vfio_mdev_mig_file *file);

#endif /* VFIO_MDEV_MIG_FILE_H */
