/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of memory that a device has written to, which user space asks for
 */
#ifndef LIBMDEV_DIRTY_LOG_H
#define LIBMDEV_DIRTY_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

/* A range of addresses, as VFIO wants it */
struct dirty_range {
	__aligned_u64 iova;
	__aligned_u64 length;
};

/* Whether this kernel has what a log is reported by */
bool dirty_log_available(void);

/*
 * VFIO_DEVICE_FEATURE_DMA_LOGGING_START, _STOP and _REPORT: 0 or -errno. @page_size
 * is a wish and gets what the device does; @bitmap has a bit for each @page_size bytes,
 * of which those that were written to are set.
 */
int __dirty_start(struct vfio_dev *dev, const struct dirty_range *ranges,
		  unsigned int nr_ranges, __u64 *page_size);
int __dirty_stop(struct vfio_dev *dev);
int __dirty_report(struct vfio_dev *dev, __u64 iova, __u64 length,
		   __u64 page_size, void *bitmap);

/* Of a single range, in pages */
void dirty_start(struct vfio_dev *dev, __u64 iova, __u64 length);

#endif /* LIBMDEV_DIRTY_LOG_H */
