// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include <libmdev/assert.h>
#include <libmdev/dirty_log.h>
#include <libmdev/file.h>

#define FEATURE_START	6
#define FEATURE_STOP	7
#define FEATURE_REPORT	8

struct dirty_control {
	__aligned_u64 page_size;
	__u32 num_ranges;
	__u32 reserved;
	__aligned_u64 ranges;
};

struct dirty_query {
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 bitmap;
};

bool dirty_log_available(void)
{
	return kernel_has_symbol("iova_bitmap_set");
}

int __dirty_start(struct vfio_dev *dev, const struct dirty_range *ranges,
		  unsigned int nr_ranges, __u64 *page_size)
{
	struct dirty_control control = {
		.page_size = *page_size,
		.num_ranges = nr_ranges,
		.ranges = (unsigned long)ranges,
	};
	int ret;

	ret = __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_SET | FEATURE_START,
				 &control, sizeof(control));
	*page_size = control.page_size;
	return ret;
}

int __dirty_stop(struct vfio_dev *dev)
{
	return __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_SET | FEATURE_STOP,
				  NULL, 0);
}

int __dirty_report(struct vfio_dev *dev, __u64 iova, __u64 length,
		   __u64 page_size, void *bitmap)
{
	struct dirty_query query = {
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.bitmap = (unsigned long)bitmap,
	};

	return __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_GET | FEATURE_REPORT,
				  &query, sizeof(query));
}

void dirty_start(struct vfio_dev *dev, __u64 iova, __u64 length)
{
	const struct dirty_range range = { .iova = iova, .length = length };
	__u64 page_size = 4096;
	int ret;

	ret = __dirty_start(dev, &range, 1, &page_size);
	MDEV_ASSERT(!ret && page_size == 4096, "starting a log: %s, pages of %llu",
		    strerror(-ret), page_size);
}
