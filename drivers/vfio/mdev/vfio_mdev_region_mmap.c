// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a mediated device: mapping their memory
 *
 * A page is mapped when user space first touches it. It is an ordinary page and
 * is mapped with a reference of its own, so VFIO and KVM can pin it. Offsets are
 * decoded by vfio_mdev_region_find(), as those of read() and write() are.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vmalloc.h>

#include "vfio_mdev_private.h"

/* Why the areas of a region cannot be as described, or NULL. */
static const char *
vfio_mdev_region_areas_fault(const struct vfio_mdev_region *region)
{
	u64 end = 0;
	u32 i;

	if (!region->areas)
		return "has nr_areas without areas";

	for (i = 0; i < region->nr_areas; i++) {
		u64 offset = region->areas[i].offset;
		u64 size = region->areas[i].size;

		if (!size || !IS_ALIGNED(offset | size, PAGE_SIZE))
			return "has areas that are not whole pages";
		if (offset < end)
			return "has areas that overlap or do not ascend";
		if (offset > region->size || size > region->size - offset)
			return "has areas beyond its size";
		end = offset + size;
	}
	return NULL;
}

const char *vfio_mdev_region_mmap_fault(const struct vfio_mdev_region *region)
{
	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return region->nr_areas ? "has areas without flag MMAP" : NULL;
	if (!vfio_mdev_region_has_mem(region))
		return "has flag MMAP and ops, and no areas that are memory";
	if (region->mem && !is_vmalloc_addr(region->mem))
		return "has flag MMAP and mem that is not from vzalloc()";
	if (!PAGE_ALIGNED(region->mem))
		return "has flag MMAP and mem that is not page aligned";
	if (!IS_ALIGNED(region->size, PAGE_SIZE))
		return "has flag MMAP and a size that is not whole pages";
	return region->nr_areas ? vfio_mdev_region_areas_fault(region) : NULL;
}

/* Can all of these bytes, which are in the region, be mapped? */
static bool vfio_mdev_region_mappable(const struct vfio_mdev_region *region,
				      u64 offset, size_t count)
{
	u32 i;

	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return false;
	if (!region->nr_areas)
		return true;

	for (i = 0; i < region->nr_areas; i++) {
		u64 start = region->areas[i].offset;
		u64 size = region->areas[i].size;

		if (offset >= start && offset - start < size)
			return count <= size - (offset - start);
	}
	return false;
}

/* An offset in the file; negative if there is none so large */
static loff_t vfio_mdev_region_pos(pgoff_t pgoff)
{
	if (pgoff > LLONG_MAX >> PAGE_SHIFT)
		return -1;
	return (loff_t)pgoff << PAGE_SHIFT;
}

/*
 * The mapping has the file open, and the memory is there as long as that, if it is
 * what the vendor said.
 */
static vm_fault_t vfio_mdev_region_vm_fault(struct vm_fault *vmf)
{
	const struct vfio_mdev_regions *regions = vmf->vma->vm_private_data;
	const struct vfio_mdev_region *region;
	size_t count = PAGE_SIZE;
	struct page *page;
	u64 offset;

	region = vfio_mdev_region_find(regions, vfio_mdev_region_pos(vmf->pgoff),
				       &count, &offset);
	if (!region || !vfio_mdev_region_mappable(region, offset, count))
		return VM_FAULT_SIGBUS;

	page = vmalloc_to_page(region->mem + offset);
	if (!page)
		return VM_FAULT_SIGBUS;

	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct vfio_mdev_region_vm_ops = {
	.fault = vfio_mdev_region_vm_fault,
};

/**
 * vfio_mdev_region_mmap - map memory of a region, for a vendor's mmap op
 * @regions: regions of the device; stay as long as it is open, which it is while
 *	     something of it is mapped
 * @vma: the mapping; its offset is one in the device's file
 *
 * Where @areas says which parts of the region can be mapped, a mapping has to be
 * within one of them.
 *
 * Context: process context, mmap lock held for writing, as in an mmap op.
 * Return: 0; -EINVAL if the mapping is private, or not all of it is memory of one
 * region that has %VFIO_REGION_INFO_FLAG_MMAP; -EPERM if the region cannot be
 * read, or is to be mapped for writing and cannot be written. A mapping of a
 * region that cannot be written never becomes writable.
 */
int vfio_mdev_region_mmap(const struct vfio_mdev_regions *regions,
			  struct vm_area_struct *vma)
{
	size_t length = vma->vm_end - vma->vm_start, count = length;
	const struct vfio_mdev_region *region;
	u64 offset;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	region = vfio_mdev_region_find(regions,
				       vfio_mdev_region_pos(vma->vm_pgoff),
				       &count, &offset);
	if (!region || count != length ||
	    !vfio_mdev_region_mappable(region, offset, count))
		return -EINVAL;

	if (!(region->flags & VFIO_REGION_INFO_FLAG_READ))
		return -EPERM;
	if (!(region->flags & VFIO_REGION_INFO_FLAG_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vm_flags_clear(vma, VM_MAYWRITE);
	}

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &vfio_mdev_region_vm_ops;
	vma->vm_private_data = (void *)regions;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_region_mmap);
