// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a mediated device: memory, for as long as a device is open
 *
 * Whoever maps memory of a device can pin it, by a pipe, by io_uring or by giving
 * it to another device for DMA, and keeps those pages when the device is closed.
 * So no page of one user is given to the next: memory is allocated at open and
 * dropped at release. Pins keep pages alive, the next user gets others.
 *
 * While the memory of a region is not there, nor are the flags that say what can be
 * done with it. Reading, writing and mapping look at the flags anyway.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vmalloc.h>

#include "vfio_mdev_private.h"

#define VFIO_MDEV_CLEAR_STEP	SZ_64K

bool vfio_mdev_region_has_mem(const struct vfio_mdev_region *region)
{
	return region->size && (!region->ops || region->nr_areas);
}

/* Behind the last area there are only registers. */
u64 vfio_mdev_region_mem_size(const struct vfio_mdev_region *region)
{
	const struct vfio_region_sparse_mmap_area *last;

	if (!region->ops || !region->nr_areas)
		return region->size;
	last = &region->areas[region->nr_areas - 1];
	return last->offset + last->size;
}

const char *vfio_mdev_region_mem_fault(const struct vfio_mdev_region *region)
{
	unsigned long addr, end;

	if (!is_vmalloc_addr(region->mem))
		return NULL;

	addr = (unsigned long)region->mem & PAGE_MASK;
	end = (unsigned long)region->mem + vfio_mdev_region_mem_size(region);
	for (; addr < end; addr += PAGE_SIZE) {
		if (!vmalloc_to_page((void *)addr))
			return "has mem that is shorter than its size";
		cond_resched();
	}
	return NULL;
}

void vfio_mdev_region_close(struct vfio_mdev_region *region)
{
	region->open_flags = region->flags;
	region->flags = 0;
}

static void *vfio_mdev_region_alloc(const struct vfio_mdev_region *region)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	u64 size = vfio_mdev_region_mem_size(region);

	if (size != (size_t)size)
		return NULL;
	if ((region->flags | region->open_flags) & VFIO_REGION_INFO_FLAG_MMAP)
		return __vmalloc(size, gfp);
	return kvzalloc(size, gfp);
}

static void vfio_mdev_region_free(struct vfio_mdev_region *region)
{
	if (!region->allocated)
		return;
	kvfree(region->mem);
	region->mem = NULL;
	region->allocated = false;
}

static int vfio_mdev_region_open(struct vfio_mdev_region *region)
{
	/* Of the last user, if the vendor has no release op */
	vfio_mdev_region_free(region);

	if (!region->mem) {
		region->mem = vfio_mdev_region_alloc(region);
		if (!region->mem)
			return -ENOMEM;
		region->allocated = true;
	}
	if (region->open_flags)
		region->flags = region->open_flags;
	return 0;
}

/**
 * vfio_mdev_regions_open - provide memory for a user, for a vendor's open op
 * @regions: regions of the device
 *
 * A region that consists of memory, be it in part, and has no @mem gets new
 * memory, all zeros. It is accounted to the memory cgroup of the caller, that is
 * of who opens the device. Where the vendor has set @mem, that is what the user
 * gets, as it is.
 *
 * Context: process context, may sleep; nobody else uses @regions.
 * Return: 0, or -ENOMEM; after a failure there is nothing to release.
 */
int vfio_mdev_regions_open(struct vfio_mdev_regions *regions)
{
	struct vfio_mdev_region *region = regions->region;
	struct vfio_mdev_region *end = region + regions->nr;
	int ret;

	for (; region < end; region++) {
		if (!vfio_mdev_region_has_mem(region))
			continue;
		ret = vfio_mdev_region_open(region);
		if (ret) {
			vfio_mdev_regions_release(regions);
			return ret;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_regions_open);

/**
 * vfio_mdev_regions_release - drop the memory of a user, for a vendor's release op
 * @regions: regions of the device; vfio_mdev_regions_open() need not have been
 *	     called before
 *
 * Memory that vfio_mdev_regions_open() allocated is freed, but for pages that
 * somebody pinned, which are freed when nobody does any more. @mem of a region
 * that had none in vfio_mdev_regions_init() is NULL again: if the vendor had set
 * it meanwhile, it is for the vendor to free.
 *
 * Context: process context, may sleep; nobody else uses @regions.
 */
void vfio_mdev_regions_release(struct vfio_mdev_regions *regions)
{
	struct vfio_mdev_region *region = regions->region;
	struct vfio_mdev_region *end = region + regions->nr;

	for (; region < end; region++) {
		vfio_mdev_region_free(region);
		if (region->open_flags) {
			region->mem = NULL;
			region->flags = 0;
		}
	}
}
EXPORT_SYMBOL_GPL(vfio_mdev_regions_release);

/* Memory can be large, and writing to it takes its time. */
static void vfio_mdev_region_clear(const struct vfio_mdev_region *region)
{
	u64 size = vfio_mdev_region_mem_size(region);
	u64 done, step;

	for (done = 0; done < size; done += step) {
		step = min_t(u64, size - done, VFIO_MDEV_CLEAR_STEP);
		memset(region->mem + done, 0, step);
		cond_resched();
	}
}

/**
 * vfio_mdev_regions_clear - clear memory that can be written, for a vendor's reset
 * @regions: regions of the device
 *
 * For a user who resets the device that this user has. It is not what keeps memory
 * of one user from the next one: who pinned pages of @mem that the vendor has set
 * goes on seeing what is in them.
 *
 * Context: process context, may sleep.
 */
void vfio_mdev_regions_clear(const struct vfio_mdev_regions *regions)
{
	const struct vfio_mdev_region *region = regions->region;
	const struct vfio_mdev_region *end = region + regions->nr;

	for (; region < end; region++)
		if (region->mem && vfio_mdev_region_has_mem(region) &&
		    (region->flags & VFIO_REGION_INFO_FLAG_WRITE))
			vfio_mdev_region_clear(region);
}
EXPORT_SYMBOL_GPL(vfio_mdev_regions_clear);
