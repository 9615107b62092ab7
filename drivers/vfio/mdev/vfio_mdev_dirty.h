/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which memory of the user a mediated device has written to, see vfio_mdev_dirty.c
 */
#ifndef VFIO_MDEV_DIRTY_H
#define VFIO_MDEV_DIRTY_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct iova_bitmap;
struct rb_root_cached;
struct vfio_mdev_dma;

/**
 * struct vfio_mdev_log_range - pages of which the user wants to know
 * @first: page number
 * @last: page number
 */
struct vfio_mdev_log_range {
	unsigned long first;
	unsigned long last;
};

/**
 * struct vfio_mdev_log - a log of pages that were written to
 * @lock: protects all that follows. Nothing but memory is waited for with it held; the
 *	  spinlock of the pins is not taken inside.
 * @on: between start and stop; also read without the lock
 * @lost: memory was short, so all pages count as written until the log is stopped
 * @ranges: which pages it is about
 * @nr_ranges: how many ranges
 * @chunks: struct vfio_mdev_log_chunk by page number, where there is something
 */
struct vfio_mdev_log {
	struct mutex lock;		/* see above */
	bool on;
	bool lost;
	struct vfio_mdev_log_range *ranges;
	unsigned int nr_ranges;
	struct xarray chunks;
};

void vfio_mdev_log_setup(struct vfio_mdev_log *log);
/* Pages, after they were written to; may sleep */
void vfio_mdev_log_written(struct vfio_mdev_log *log, unsigned long first,
			   unsigned long last);

/* What VFIO asks for, with the errno that user space gets */
int vfio_mdev_log_start(struct vfio_mdev_log *log, struct rb_root_cached *ranges,
			unsigned int nr_ranges, u64 *page_size);
void vfio_mdev_log_stop(struct vfio_mdev_log *log);
int vfio_mdev_log_report(struct vfio_mdev_dma *dma, unsigned long iova,
			 unsigned long length, struct iova_bitmap *bitmap);

#endif /* VFIO_MDEV_DIRTY_H */
