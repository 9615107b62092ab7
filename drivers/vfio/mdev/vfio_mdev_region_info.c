// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a mediated device: what user space is told of one
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/vfio_mdev_lib.h>

static int vfio_mdev_region_add_areas(const struct vfio_mdev_region *region,
				      struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_sparse_mmap *cap;
	struct vfio_info_cap_header *header;

	header = vfio_info_cap_add(caps,
				   struct_size(cap, areas, region->nr_areas),
				   VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1);
	if (IS_ERR(header))
		return PTR_ERR(header);

	cap = container_of(header, struct vfio_region_info_cap_sparse_mmap,
			   header);
	cap->nr_areas = region->nr_areas;
	memcpy(cap->areas, region->areas,
	       array_size(region->nr_areas, sizeof(*region->areas)));
	return 0;
}

static int vfio_mdev_region_add_type(const struct vfio_mdev_region *region,
				     struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_type cap = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
		.type = region->type,
		.subtype = region->subtype,
	};

	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/**
 * vfio_mdev_region_get_info - describe a region, for a vendor's get_region_info op
 * @regions: regions of the device
 * @info: index is given, size, flags and offset are filled in
 * @caps: gets the capabilities: which areas can be mapped, if not all of the
 *	  region, and its type, if it has one. Its buffer belongs to the caller,
 *	  also after an error.
 *
 * Context: process context, may sleep.
 * Return: 0, with size 0 for a region that the device does not have; -EINVAL for
 * an index outside of the table; -ENOMEM.
 */
int vfio_mdev_region_get_info(const struct vfio_mdev_regions *regions,
			      struct vfio_region_info *info,
			      struct vfio_info_cap *caps)
{
	const struct vfio_mdev_region *region;
	unsigned int index = info->index;
	int ret = 0;

	if (index >= regions->nr)
		return -EINVAL;

	region = &regions->region[array_index_nospec(index, regions->nr)];
	info->size = region->size;
	info->flags = region->size ? region->flags : 0;
	info->offset = (u64)index << VFIO_MDEV_REGION_SHIFT;
	info->cap_offset = 0;
	if (!region->size)
		return 0;

	if (region->nr_areas)
		ret = vfio_mdev_region_add_areas(region, caps);
	if (!ret && region->type)
		ret = vfio_mdev_region_add_type(region, caps);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_region_get_info);
