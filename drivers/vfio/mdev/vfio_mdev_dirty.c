// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log: which memory of the user a mediated device has written to
 *
 * User space that moves a device copies memory while the device still runs, and asks
 * again and again what was written since. What it is told may be too much, but is
 * never too little once the device stands still:
 *
 * - What vfio_mdev_dma_rw() writes is noted after it was written. Who asks in between
 *   is not told, but is the next time.
 * - Nobody sees what is written through a pin. So all pages of one that may be written
 *   are told each time, for as long as it is there; and they are noted before it goes.
 * - Where there is no memory to note a page, all pages are told from then on.
 *
 * The notes are bits, in chunks that are there only where something was written. So
 * a log takes less memory than the page tables of what the user has mapped.
 */
#include <linux/bitmap.h>
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "vfio_mdev_dma.h"

#define VFIO_MDEV_LOG_CHUNK	1024	/* pages */

/**
 * struct vfio_mdev_log_chunk - neighbours among the pages
 * @bits: which were written to; at least one
 */
struct vfio_mdev_log_chunk {
	DECLARE_BITMAP(bits, VFIO_MDEV_LOG_CHUNK);
};

/**
 * struct vfio_mdev_log_query - what the user asks for
 * @iova: from where on
 * @last: the last byte
 * @bitmap: gets the answer
 */
struct vfio_mdev_log_query {
	unsigned long iova;
	unsigned long last;
	struct iova_bitmap *bitmap;
};

void vfio_mdev_log_setup(struct vfio_mdev_log *log)
{
	mutex_init(&log->lock);
	xa_init(&log->chunks);
}

/*
 * Noting
 */

static struct vfio_mdev_log_chunk *
vfio_mdev_log_get_chunk(struct vfio_mdev_log *log, unsigned long index)
{
	struct vfio_mdev_log_chunk *chunk = xa_load(&log->chunks, index);

	if (chunk)
		return chunk;
	chunk = kzalloc_obj(*chunk, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!chunk || !xa_err(xa_store(&log->chunks, index, chunk,
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN)))
		return chunk;
	kfree(chunk);
	return NULL;
}

static void vfio_mdev_log_note(struct vfio_mdev_log *log, unsigned long first,
			       unsigned long last)
{
	struct vfio_mdev_log_chunk *chunk;
	unsigned long n;

	lockdep_assert_held(&log->lock);
	for (; first <= last && !log->lost; first += n) {
		n = min(last - first + 1, VFIO_MDEV_LOG_CHUNK -
					  first % VFIO_MDEV_LOG_CHUNK);
		chunk = vfio_mdev_log_get_chunk(log, first / VFIO_MDEV_LOG_CHUNK);
		if (chunk)
			bitmap_set(chunk->bits, first % VFIO_MDEV_LOG_CHUNK, n);
		else
			log->lost = true;
	}
}

void vfio_mdev_log_written(struct vfio_mdev_log *log, unsigned long first,
			   unsigned long last)
{
	const struct vfio_mdev_log_range *range;
	unsigned long from, to;
	unsigned int i;

	/*
	 * Pairs with the one in vfio_mdev_log_start(): either the log is seen here, or
	 * what was written by whoever reads it after the log was started.
	 */
	smp_mb();
	if (!READ_ONCE(log->on))
		return;
	mutex_lock(&log->lock);
	for (i = 0; i < log->nr_ranges; i++) {
		range = &log->ranges[i];
		from = max(first, range->first);
		to = min(last, range->last);
		if (from <= to)
			vfio_mdev_log_note(log, from, to);
	}
	mutex_unlock(&log->lock);
}

/*
 * Starting and stopping
 */

static void vfio_mdev_log_clear(struct vfio_mdev_log *log)
{
	struct vfio_mdev_log_chunk *chunk;
	unsigned long index;

	lockdep_assert_held(&log->lock);
	xa_for_each(&log->chunks, index, chunk)
		kfree(chunk);
	xa_destroy(&log->chunks);
	kfree(log->ranges);
	log->ranges = NULL;
	log->nr_ranges = 0;
	log->lost = false;
}

/* Pages that a range covers in part count. VFIO lets one pass that has no length. */
static int vfio_mdev_log_set_range(struct vfio_mdev_log_range *range,
				   const struct interval_tree_node *node)
{
	if (node->last < node->start)
		return -EINVAL;
	range->first = node->start >> PAGE_SHIFT;
	range->last = node->last >> PAGE_SHIFT;
	return 0;
}

static int vfio_mdev_log_set_ranges(struct vfio_mdev_log_range *range,
				    struct rb_root_cached *root)
{
	struct interval_tree_node *node;
	int ret = 0;

	for (node = interval_tree_iter_first(root, 0, ULONG_MAX); node && !ret;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX))
		ret = vfio_mdev_log_set_range(range++, node);
	return ret;
}

/* Takes over the ranges */
static int vfio_mdev_log_begin(struct vfio_mdev_log *log,
			       struct vfio_mdev_log_range *ranges,
			       unsigned int nr_ranges)
{
	if (mutex_lock_killable(&log->lock))
		return -EINTR;
	if (log->on) {
		mutex_unlock(&log->lock);
		return -EINVAL;
	}
	log->ranges = ranges;
	log->nr_ranges = nr_ranges;
	WRITE_ONCE(log->on, true);
	mutex_unlock(&log->lock);
	/* Pairs with the one in vfio_mdev_log_written() */
	smp_mb();
	return 0;
}

/* The page size is a wish. Ours is that of the pages that are pinned. */
int vfio_mdev_log_start(struct vfio_mdev_log *log, struct rb_root_cached *root,
			unsigned int nr_ranges, u64 *page_size)
{
	struct vfio_mdev_log_range *ranges;
	int ret;

	if (!is_power_of_2(*page_size))
		return -EINVAL;
	ranges = kzalloc_objs(*ranges, nr_ranges, GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;
	ret = vfio_mdev_log_set_ranges(ranges, root);
	if (!ret)
		ret = vfio_mdev_log_begin(log, ranges, nr_ranges);
	if (ret)
		kfree(ranges);
	else
		*page_size = PAGE_SIZE;
	return ret;
}

/* One that was not started, too */
void vfio_mdev_log_stop(struct vfio_mdev_log *log)
{
	mutex_lock(&log->lock);
	WRITE_ONCE(log->on, false);
	vfio_mdev_log_clear(log);
	mutex_unlock(&log->lock);
}

/*
 * Reporting. User memory is written to, so no lock is held then, and the log may be
 * stopped meanwhile.
 */

static void vfio_mdev_log_tell(const struct vfio_mdev_log_query *query,
			       unsigned long first, unsigned long last)
{
	unsigned long from = max(first << PAGE_SHIFT, query->iova);
	unsigned long to = min(last << PAGE_SHIFT | ~PAGE_MASK, query->last);

	iova_bitmap_set(query->bitmap, from, to - from + 1);
}

/* Of the next chunk in a range, from @pos on: takes out what is in the range */
static bool vfio_mdev_log_take(struct vfio_mdev_log *log, unsigned long *pos,
			       unsigned long last, unsigned long *bits)
{
	unsigned long index = *pos / VFIO_MDEV_LOG_CHUNK;
	struct vfio_mdev_log_chunk *chunk;
	unsigned long base, from, to;

	lockdep_assert_held(&log->lock);
	chunk = xa_find(&log->chunks, &index, last / VFIO_MDEV_LOG_CHUNK,
			XA_PRESENT);
	if (!chunk)
		return false;

	base = index * VFIO_MDEV_LOG_CHUNK;
	from = max(*pos, base) - base;
	to = min(last - base, VFIO_MDEV_LOG_CHUNK - 1UL);
	bitmap_zero(bits, VFIO_MDEV_LOG_CHUNK);
	bitmap_set(bits, from, to - from + 1);
	bitmap_and(bits, bits, chunk->bits, VFIO_MDEV_LOG_CHUNK);
	bitmap_andnot(chunk->bits, chunk->bits, bits, VFIO_MDEV_LOG_CHUNK);
	if (bitmap_empty(chunk->bits, VFIO_MDEV_LOG_CHUNK)) {
		xa_erase(&log->chunks, index);
		kfree(chunk);
	}
	*pos = base;
	return true;
}

/* 1 if there was a chunk, 0 if there is none any more */
static int vfio_mdev_log_next(struct vfio_mdev_log *log, unsigned long *pos,
			      unsigned long last, unsigned long *bits)
{
	int ret;

	if (mutex_lock_killable(&log->lock))
		return -EINTR;
	ret = log->on ? vfio_mdev_log_take(log, pos, last, bits) : -EINVAL;
	mutex_unlock(&log->lock);
	return ret;
}

static int vfio_mdev_log_tell_noted(struct vfio_mdev_log *log,
				    const struct vfio_mdev_log_query *query,
				    unsigned long first, unsigned long last)
{
	DECLARE_BITMAP(bits, VFIO_MDEV_LOG_CHUNK);
	unsigned long from, to;
	int ret;

	while (first <= last) {
		ret = vfio_mdev_log_next(log, &first, last, bits);
		if (ret <= 0)
			return ret;
		for_each_set_bitrange(from, to, bits, VFIO_MDEV_LOG_CHUNK)
			vfio_mdev_log_tell(query, first + from, first + to - 1);
		first += VFIO_MDEV_LOG_CHUNK;
		cond_resched();
	}
	return 0;
}

/* The first pin in a range that may be written, as far as it is in the range */
static bool vfio_mdev_log_find_pin(struct vfio_mdev_dma *dma,
				   unsigned long *first, unsigned long *last)
{
	struct vfio_mdev_pin *pin = NULL;

	spin_lock(&dma->lock);
	do {
		pin = vfio_mdev_pin_next(dma, pin, *first, *last);
	} while (pin && !pin->writes);
	if (pin) {
		*first = max(*first, pin->node.start);
		*last = min(*last, pin->node.last);
	}
	spin_unlock(&dma->lock);
	return pin;
}

static int vfio_mdev_log_tell_pins(struct vfio_mdev_dma *dma,
				   const struct vfio_mdev_log_query *query,
				   unsigned long first, unsigned long last)
{
	unsigned long to;

	for (; first <= last; first = to + 1) {
		to = last;
		if (!vfio_mdev_log_find_pin(dma, &first, &to))
			return 0;
		vfio_mdev_log_tell(query, first, to);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* What a query has in common with the @i-th range; 0 if there is no such range, else 1 */
static int vfio_mdev_log_clip(struct vfio_mdev_log *log, unsigned int i,
			      const struct vfio_mdev_log_query *query,
			      struct vfio_mdev_log_range *part, bool *lost)
{
	int ret = -EINVAL;

	if (mutex_lock_killable(&log->lock))
		return -EINTR;
	if (log->on) {
		*lost = log->lost;
		ret = i < log->nr_ranges;
	}
	if (ret > 0) {
		part->first = max(query->iova >> PAGE_SHIFT, log->ranges[i].first);
		part->last = min(query->last >> PAGE_SHIFT, log->ranges[i].last);
	}
	mutex_unlock(&log->lock);
	return ret;
}

static int vfio_mdev_log_tell_part(struct vfio_mdev_dma *dma,
				   const struct vfio_mdev_log_query *query,
				   const struct vfio_mdev_log_range *part,
				   bool lost)
{
	int ret;

	if (part->first > part->last)
		return 0;
	if (lost) {
		vfio_mdev_log_tell(query, part->first, part->last);
		return 0;
	}
	/* In this order: a pin that has gone by then was noted before that. */
	ret = vfio_mdev_log_tell_pins(dma, query, part->first, part->last);
	return ret ?: vfio_mdev_log_tell_noted(&dma->log, query, part->first,
					       part->last);
}

/*
 * Of what is in no range, nothing is known, and nothing is told. At the end of all
 * addresses, VFIO may ask for more than there is.
 */
int vfio_mdev_log_report(struct vfio_mdev_dma *dma, unsigned long iova,
			 unsigned long length, struct iova_bitmap *bitmap)
{
	const struct vfio_mdev_log_query query = {
		.iova = iova,
		.last = iova + min(length - 1, ULONG_MAX - iova),
		.bitmap = bitmap,
	};
	struct vfio_mdev_log_range part;
	unsigned int i;
	bool lost;
	int ret;

	if (!length)
		return -EINVAL;
	for (i = 0; ; i++) {
		ret = vfio_mdev_log_clip(&dma->log, i, &query, &part, &lost);
		if (ret <= 0)
			return ret;
		ret = vfio_mdev_log_tell_part(dma, &query, &part, lost);
		if (ret)
			return ret;
	}
}

MODULE_IMPORT_NS("IOMMUFD");
