// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a mediated device: what read() and write() on its file reach
 *
 * A table says for each region how large it is and what is behind it. An offset
 * in the file, which may be anything, becomes a region and an offset within it in
 * vfio_mdev_region_find() and nowhere else. Below that there are only offsets
 * that are good, split into accesses as a bus does them. Memory comes from
 * vfio_mdev_region_mem.c, and mapping it is in vfio_mdev_region_mmap.c.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vfio_mdev_lib.h>

#include "vfio_mdev_private.h"

#define VFIO_MDEV_REGION_FLAGS \
	(VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP)
#define VFIO_MDEV_MAX_WIDTH	8

static u64 vfio_mdev_config_region_read(void *priv, u64 offset,
					unsigned int width)
{
	return vfio_mdev_config_load(priv, offset, width);
}

static void vfio_mdev_config_region_write(void *priv, u64 offset,
					  unsigned int width, u64 value)
{
	vfio_mdev_config_store(priv, offset, width, value);
}

static const struct vfio_mdev_region_ops vfio_mdev_config_region_ops = {
	.read = vfio_mdev_config_region_read,
	.write = vfio_mdev_config_region_write,
};

/* Why there is nothing behind what a region's flags promise, or NULL. */
static const char *vfio_mdev_region_fault(const struct vfio_mdev_region *region)
{
	bool readable = region->flags & VFIO_REGION_INFO_FLAG_READ;
	bool writable = region->flags & VFIO_REGION_INFO_FLAG_WRITE;
	const char *fault;

	if (region->size > VFIO_MDEV_REGION_MAX_SIZE)
		return "is larger than 2^40 bytes";
	if (region->flags & ~VFIO_MDEV_REGION_FLAGS)
		return "has unknown flags";
	if (!is_power_of_2(region->max_width) ||
	    region->max_width > VFIO_MDEV_MAX_WIDTH)
		return "has a max_width that is not 1, 2, 4 or 8";
	if (!is_power_of_2(region->min_width) ||
	    region->min_width > region->max_width)
		return "has a min_width that is not a power of two up to max_width";
	if (region->min_width > 1 && !region->ops)
		return "has a min_width and no ops";
	if (region->size % region->min_width)
		return "has a size that is no multiple of min_width";
	if (!region->ops && !region->mem && !region->flags)
		return "has neither ops nor mem nor flags";
	if (region->ops && region->mem && !region->nr_areas)
		return "has both ops and mem, and no areas to tell them apart";
	if (region->ops && !readable && !writable)
		return "has ops and neither flag READ nor WRITE";
	if (region->ops && ((readable && !region->ops->read) ||
			    (writable && !region->ops->write)))
		return "has a flag without its op";
	if (region->subtype && !region->type)
		return "has a subtype without a type";
	fault = vfio_mdev_region_mmap_fault(region);
	return fault ?: vfio_mdev_region_mem_fault(region);
}

/* The same for what depends on the index of a region of a PCI device */
static const char *
vfio_mdev_region_pci_fault(const struct vfio_mdev_region *region,
			   unsigned int index, struct vfio_mdev_config *config)
{
	if (index < PCI_STD_NUM_BARS &&
	    (region->flags & VFIO_REGION_INFO_FLAG_MMAP) &&
	    vfio_mdev_config_bar_is_io(config, index))
		return "has flag MMAP, and its BAR is in I/O space";
	if (index < VFIO_PCI_NUM_REGIONS && region->type)
		return "has a type, and a fixed index";
	if (index >= VFIO_PCI_NUM_REGIONS && !region->type)
		return "needs a type, as it has no fixed index";
	return NULL;
}

static void vfio_mdev_region_no_bar(struct device *dev, unsigned int index,
				    u64 size, u64 bar_size)
{
	if (bar_size)
		dev_err(dev, "region %u has %#llx bytes, BAR %u %#llx\n", index,
			size, index, bar_size);
	else
		dev_err(dev, "region %u: there is no BAR %u in the description\n",
			index, index);
}

/* Let the table say what config space says. */
static int vfio_mdev_regions_from_config(struct device *dev,
					 struct vfio_mdev_region *region,
					 unsigned int nr,
					 struct vfio_mdev_config *config)
{
	unsigned int i;

	if (!config->image) {
		dev_err(dev, "config comes before vfio_mdev_config_init()\n");
		return -EINVAL;
	}
	if (nr <= VFIO_PCI_CONFIG_REGION_INDEX) {
		dev_err(dev, "a table of %u regions has no config space\n", nr);
		return -EINVAL;
	}

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		u64 size = config->bar_size[i];

		if (region[i].size && region[i].size != size) {
			vfio_mdev_region_no_bar(dev, i, region[i].size, size);
			return -EINVAL;
		}
		region[i].size = size;
	}

	region[VFIO_PCI_CONFIG_REGION_INDEX] = (struct vfio_mdev_region) {
		.size = config->size,
		.flags = VFIO_MDEV_REGION_RW,
		.ops = &vfio_mdev_config_region_ops,
		.priv = config,
	};
	return 0;
}

/**
 * vfio_mdev_regions_init - check and complete the table of a device's regions
 * @regions: what to set up
 * @dev: names the device in messages
 * @region: the table, indexed by VFIO_PCI_BAR0_REGION_INDEX and so on; the caller
 *	    keeps it as long as @regions is in use, and changes only its @mem, while
 *	    nobody has the device open. What is not set in it is zero.
 * @nr: its length
 * @config: config space of the device, or NULL. With it, the region of config
 *	    space is filled in, and so are the sizes of base address registers.
 *
 * A region that needs memory and has none gets it from vfio_mdev_regions_open(),
 * and its @flags are 0 until then.
 *
 * Context: process context, may sleep.
 * Return: 0, or -EINVAL, with a message that names the region, if the table makes
 * no sense or contradicts @config.
 */
int vfio_mdev_regions_init(struct vfio_mdev_regions *regions,
			   struct device *dev, struct vfio_mdev_region *region,
			   unsigned int nr, struct vfio_mdev_config *config)
{
	const char *fault;
	unsigned int i;
	int ret;

	if (config) {
		ret = vfio_mdev_regions_from_config(dev, region, nr, config);
		if (ret)
			return ret;
	}

	for (i = 0; i < nr; i++) {
		if (!region[i].size)
			continue;
		if (!region[i].max_width)
			region[i].max_width = VFIO_MDEV_MAX_WIDTH;
		if (!region[i].min_width)
			region[i].min_width = 1;
		fault = vfio_mdev_region_fault(&region[i]);
		if (!fault && config)
			fault = vfio_mdev_region_pci_fault(&region[i], i,
							   config);
		if (fault) {
			dev_err(dev, "region %u %s\n", i, fault);
			return -EINVAL;
		}
	}

	for (i = 0; i < nr; i++)
		if (!region[i].mem && vfio_mdev_region_has_mem(&region[i]))
			vfio_mdev_region_close(&region[i]);
	regions->region = region;
	regions->nr = nr;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_regions_init);

/**
 * vfio_mdev_region_find - find out what an offset in a device's file stands for
 * @regions: regions of the device
 * @pos: offset in the file, from user space
 * @count: number of bytes; cut to what is left of the region
 * @offset: where in the region @pos is
 *
 * Context: any context.
 * Return: the region, or NULL if the device has nothing at @pos.
 */
const struct vfio_mdev_region *
vfio_mdev_region_find(const struct vfio_mdev_regions *regions, loff_t pos,
		      size_t *count, u64 *offset)
{
	const struct vfio_mdev_region *region;
	unsigned int index;
	u64 within;

	if (pos < 0)
		return NULL;

	index = (u64)pos >> VFIO_MDEV_REGION_SHIFT;
	within = (u64)pos & (VFIO_MDEV_REGION_MAX_SIZE - 1);
	if (index >= regions->nr)
		return NULL;

	region = &regions->region[array_index_nospec(index, regions->nr)];
	if (within >= region->size)
		return NULL;

	*count = min_t(u64, *count, region->size - within);
	*offset = within;
	return region;
}
EXPORT_SYMBOL_GPL(vfio_mdev_region_find);

/*
 * Is there memory at @offset, and not a register? Then @count is cut to what is left of
 * the memory; a register does not reach into that, which begins with a page. Not for a
 * region without memory.
 */
static bool vfio_mdev_region_is_mem(const struct vfio_mdev_region *region,
				    u64 offset, size_t *count)
{
	const struct vfio_region_sparse_mmap_area *area = region->areas;
	const struct vfio_region_sparse_mmap_area *end = area + region->nr_areas;

	if (!region->ops)
		return true;

	for (; area < end; area++) {
		if (offset < area->offset)
			return false;
		if (offset - area->offset < area->size) {
			*count = min_t(u64, *count,
				       area->offset + area->size - offset);
			return true;
		}
	}
	return false;
}

/* The widest access that is aligned, and not wider than @count */
static unsigned int vfio_mdev_region_width(const struct vfio_mdev_region *region,
					   u64 offset, size_t count)
{
	/* The lowest bit of both: alignment of @offset, at most max_width */
	u64 bits = offset | region->max_width;
	u64 width = bits & -bits;

	return width <= count ? width : rounddown_pow_of_two(count);
}

/*
 * A value for the user, or from there. What is copied in one instruction costs a
 * small part of what copy_to_user() of a size that varies does.
 */
static __always_inline int
vfio_mdev_region_put(char __user *buf, u64 value, unsigned int width)
{
	switch (width) {
	case 1:
		return put_user((u8)value, (u8 __user *)buf);
	case 2:
		return put_user(cpu_to_le16(value), (__le16 __user *)buf);
	case 4:
		return put_user(cpu_to_le32(value), (__le32 __user *)buf);
	default:
		return put_user(cpu_to_le64(value), (__le64 __user *)buf);
	}
}

static __always_inline int
vfio_mdev_region_get(const char __user *buf, u64 *value, unsigned int width)
{
	__le64 value_le = 0;
	int ret;

	switch (width) {
	case 1:
		ret = get_user(*(u8 *)&value_le, (const u8 __user *)buf);
		break;
	case 2:
		ret = get_user(*(__le16 *)&value_le, (const __le16 __user *)buf);
		break;
	case 4:
		ret = get_user(*(__le32 *)&value_le, (const __le32 __user *)buf);
		break;
	default:
		ret = get_user(value_le, (const __le64 __user *)buf);
	}
	*value = le64_to_cpu(value_le);
	return ret;
}

/*
 * One access to memory. Unlike copy_from_user(), copy_from_iter() leaves memory
 * after a fault alone.
 */
static ssize_t vfio_mdev_region_rw_mem(const struct vfio_mdev_region *region,
				       u64 offset, char __user *buf,
				       size_t count, bool write)
{
	void *mem = region->mem + offset;
	struct iov_iter iter;

	if (write) {
		iov_iter_ubuf(&iter, ITER_SOURCE, buf, count);
		count = copy_from_iter(mem, count, &iter);
	} else {
		count -= copy_to_user(buf, mem, count);
	}
	return count ?: -EFAULT;
}

/* One access to a register: @width, or -errno */
static __always_inline ssize_t
vfio_mdev_region_rw_reg(const struct vfio_mdev_region *region, u64 offset,
			char __user *buf, unsigned int width, bool write)
{
	u64 value;
	int ret;

	if (write) {
		ret = vfio_mdev_region_get(buf, &value, width);
		if (!ret)
			region->ops->write(region->priv, offset, width, value);
	} else {
		value = region->ops->read(region->priv, offset, width);
		ret = vfio_mdev_region_put(buf, value, width);
	}
	return ret ? ret : (ssize_t)width;
}

/* Registers that are narrower than that are not there. */
static bool vfio_mdev_region_too_narrow(const struct vfio_mdev_region *region,
					u64 offset, size_t count)
{
	return (offset | count) & (region->min_width - 1);
}

/*
 * One access; the caller repeats it. Nothing is read from a register beyond what
 * the user then gets, unless the user's buffer is bad: reading may change the
 * device.
 */
static ssize_t vfio_mdev_region_rw_some(const struct vfio_mdev_region *region,
					u64 offset, char __user *buf,
					size_t count, bool write)
{
	unsigned int width;

	if (region->mem && vfio_mdev_region_is_mem(region, offset, &count))
		return vfio_mdev_region_rw_mem(region, offset, buf, count,
					       write);

	if (vfio_mdev_region_too_narrow(region, offset, count))
		return -EINVAL;
	width = vfio_mdev_region_width(region, offset, count);
	return vfio_mdev_region_rw_reg(region, offset, buf, width, write);
}

/*
 * Whether it is one access to one register, as it is most of the time. Of powers of two,
 * those up to max_width, offsets that are aligned and nothing else have no bit in
 * common with @count - 1. @count is not 0.
 */
static bool vfio_mdev_region_is_reg(const struct vfio_mdev_region *region,
				    u64 offset, size_t count)
{
	return !region->mem && count >= region->min_width &&
	       !((offset | count | region->max_width) & (count - 1));
}

/* Until it is done or something is in the way; bytes, or -errno if none */
static noinline ssize_t
vfio_mdev_region_rw_all(const struct vfio_mdev_region *region, u64 offset,
			char __user *buf, size_t count, bool write)
{
	ssize_t ret;
	size_t done = 0;

	/* A region of registers can be large, and each access slow. */
	for (;;) {
		ret = fatal_signal_pending(current) ? -EINTR :
		      vfio_mdev_region_rw_some(region, offset + done,
					       buf + done, count - done, write);
		if (ret < 0)
			break;
		done += ret;
		if (done == count)
			break;
		cond_resched();
	}
	return done ?: ret;
}

/* Reading and writing, each with a copy that knows which of them it is */
static __always_inline ssize_t
vfio_mdev_region_rw(const struct vfio_mdev_regions *regions, char __user *buf,
		    size_t count, loff_t *ppos, bool write)
{
	const u32 flag = write ? VFIO_REGION_INFO_FLAG_WRITE :
				 VFIO_REGION_INFO_FLAG_READ;
	const struct vfio_mdev_region *region;
	ssize_t ret;
	u64 offset;

	/* Also so that who holds a spinlock is blamed, not the vendor */
	might_fault();
	if (!count)
		return 0;

	region = vfio_mdev_region_find(regions, *ppos, &count, &offset);
	if (!region || !(region->flags & flag))
		return -EINVAL;

	if (vfio_mdev_region_is_reg(region, offset, count))
		ret = vfio_mdev_region_rw_reg(region, offset, buf, count,
					      write);
	else
		ret = vfio_mdev_region_rw_all(region, offset, buf, count,
					      write);

	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * vfio_mdev_region_read - read from a region, for a vendor's read op
 * @regions: regions of the device
 * @buf: buffer of user space
 * @count: its size
 * @ppos: offset in the device's file; moved on by what was read
 *
 * An access that goes beyond the end of the region is cut there, one that begins
 * at the end or beyond is an error. Registers are read with natural widths in
 * ascending order; of an access that would be narrower than
 * &vfio_mdev_region.min_width somewhere among them, none is.
 *
 * Context: process context, no locks held, may sleep.
 * Return: number of bytes read, which is less than asked for if @buf ends early;
 * -EINVAL if there is nothing to read at this offset or with this width; -EFAULT if
 * nothing could be stored in @buf; -EINTR if the caller is being killed.
 */
ssize_t vfio_mdev_region_read(const struct vfio_mdev_regions *regions,
			      char __user *buf, size_t count, loff_t *ppos)
{
	return vfio_mdev_region_rw(regions, buf, count, ppos, false);
}
EXPORT_SYMBOL_GPL(vfio_mdev_region_read);

/**
 * vfio_mdev_region_write - write to a region, for a vendor's write op
 * @regions: regions of the device
 * @buf: buffer of user space
 * @count: its size
 * @ppos: offset in the device's file; moved on by what was written
 *
 * See vfio_mdev_region_read().
 *
 * Context: process context, no locks held, may sleep.
 * Return: number of bytes written, which is less than asked for if @buf ends
 * early; -EINVAL if nothing can be written at this offset or with this width; -EFAULT
 * if nothing could be taken from @buf; -EINTR if the caller is being killed.
 */
ssize_t vfio_mdev_region_write(const struct vfio_mdev_regions *regions,
			       const char __user *buf, size_t count,
			       loff_t *ppos)
{
	/* Nothing is stored there when writing. */
	return vfio_mdev_region_rw(regions, (char __user *)buf, count, ppos,
				   true);
}
EXPORT_SYMBOL_GPL(vfio_mdev_region_write);
