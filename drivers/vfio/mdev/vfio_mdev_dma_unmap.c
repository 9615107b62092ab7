// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: what happens when the user unmaps memory; vfio_mdev_dma.c says why it does
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>
#include <linux/wait_bit.h>

#include "vfio_mdev_dma.h"

/* How long the first call waits, and from which one on that is for ever */
#define VFIO_MDEV_UNMAP_MS	20
#define VFIO_MDEV_UNMAP_LAST	10

/* Of all devices, as a range may outlive the device; the lock of one is taken inside. */
static DEFINE_SPINLOCK(vfio_mdev_unmaps_lock);
static atomic_t vfio_mdev_unmaps;
static u32 vfio_mdev_most_calls;

static struct dentry *vfio_mdev_debugfs;

static bool vfio_mdev_by_iommufd(struct vfio_mdev_dma *dma)
{
#if IS_ENABLED(CONFIG_IOMMUFD)
	return dma->vdev->iommufd_access;
#else
	return false;
#endif
}

/*
 * What is being unmapped
 */

bool vfio_mdev_is_unmapped(struct vfio_mdev_dma *dma, unsigned long first,
			   unsigned long last)
{
	struct vfio_mdev_unmap *unmap;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(unmap, &dma->unmaps, entry)
		if (unmap->first <= last && first <= unmap->last)
			return true;
	return false;
}

bool vfio_mdev_in_unmap(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_unmap *unmap;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(unmap, &dma->unmaps, entry)
		if (unmap->task == current)
			return true;
	return false;
}

/* The entry of this range that the thread made when it was called the first time */
static struct vfio_mdev_unmap *
vfio_mdev_unmap_find(struct vfio_mdev_dma *dma, unsigned long first,
		     unsigned long last)
{
	struct vfio_mdev_unmap *unmap;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(unmap, &dma->unmaps, entry)
		if (unmap->task == current && unmap->first == first &&
		    unmap->last == last)
			return unmap;
	return NULL;
}

static void vfio_mdev_unmap_free(struct vfio_mdev_unmap *unmap)
{
	kfree(unmap);
	if (atomic_dec_and_test(&vfio_mdev_unmaps))
		wake_up_var(&vfio_mdev_unmaps);
}

/* Pins may begin again. */
static void vfio_mdev_unmap_remove(struct vfio_mdev_unmap *unmap)
{
	spin_lock(&vfio_mdev_unmaps_lock);
	if (unmap->dma) {
		spin_lock(&unmap->dma->lock);
		list_del(&unmap->entry);
		spin_unlock(&unmap->dma->lock);
	}
	spin_unlock(&vfio_mdev_unmaps_lock);
	vfio_mdev_unmap_free(unmap);
}

static void vfio_mdev_unmap_end(struct callback_head *head)
{
	vfio_mdev_unmap_remove(container_of(head, struct vfio_mdev_unmap, end));
}

/*
 * There is nothing to be done without, neither by us nor by who calls us. It is
 * small, and nobody is charged for it.
 */
static struct vfio_mdev_unmap *
vfio_mdev_unmap_new(struct vfio_mdev_dma *dma, unsigned long first,
		    unsigned long last)
{
	struct vfio_mdev_unmap *unmap;

	unmap = kzalloc_obj(*unmap, GFP_KERNEL | __GFP_NOFAIL);
	unmap->dma = dma;
	unmap->task = current;
	unmap->first = first;
	unmap->last = last;
	init_task_work(&unmap->end, vfio_mdev_unmap_end);
	atomic_inc(&vfio_mdev_unmaps);
	return unmap;
}

/* What has begun to pin here has to undo it itself, the vendor hears of the rest. */
static void vfio_mdev_unmap_shut(struct vfio_mdev_dma *dma,
				 struct vfio_mdev_unmap *unmap)
{
	struct vfio_mdev_pin *pin = NULL;

	lockdep_assert_held(&dma->lock);
	unmap->calls++;
	while ((pin = vfio_mdev_pin_next(dma, pin, unmap->first, unmap->last)))
		pin->stale = true;
}

static void vfio_mdev_count_calls(unsigned int calls)
{
	if (calls <= READ_ONCE(vfio_mdev_most_calls))
		return;
	spin_lock(&vfio_mdev_unmaps_lock);
	if (calls > vfio_mdev_most_calls)
		WRITE_ONCE(vfio_mdev_most_calls, calls);
	spin_unlock(&vfio_mdev_unmaps_lock);
}

/*
 * Of a device that is closed nothing is pinned, and nobody would take the range from
 * its list if it went first. iommufd refuses pins by itself by now, so without one there
 * is nothing to do. type1 does not, and may call other devices first and us again for
 * one that began meanwhile.
 */
static bool vfio_mdev_unmap_is_idle(struct vfio_mdev_dma *dma,
				    unsigned long first, unsigned long last)
{
	lockdep_assert_held(&dma->lock);
	return dma->state == VFIO_MDEV_DMA_CLOSED ||
	       (vfio_mdev_by_iommufd(dma) &&
		!vfio_mdev_pin_next(dma, NULL, first, last));
}

static struct vfio_mdev_unmap *
vfio_mdev_unmap_begin(struct vfio_mdev_dma *dma, unsigned long first,
		      unsigned long last)
{
	struct vfio_mdev_unmap *unmap, *new = NULL;
	bool idle, known;

	spin_lock(&dma->lock);
	idle = vfio_mdev_unmap_is_idle(dma, first, last);
	known = vfio_mdev_unmap_find(dma, first, last);
	spin_unlock(&dma->lock);
	if (idle)
		return NULL;
	if (!known)
		new = vfio_mdev_unmap_new(dma, first, last);

	spin_lock(&dma->lock);
	unmap = vfio_mdev_unmap_find(dma, first, last);
	if (!unmap && new && dma->state != VFIO_MDEV_DMA_CLOSED) {
		list_add(&new->entry, &dma->unmaps);
		unmap = new;
	}
	if (unmap)
		vfio_mdev_unmap_shut(dma, unmap);
	spin_unlock(&dma->lock);
	/* It was closed meanwhile, which has undone what there was. */
	if (new && unmap != new)
		vfio_mdev_unmap_free(new);
	if (unmap)
		vfio_mdev_count_calls(unmap->calls);
	return unmap;
}

/*
 * What the vendor is told: all of the pins, though only a part may be unmapped, as they
 * are undone as a whole. Whether there are any, and it is to be told
 */
static bool vfio_mdev_unmap_live(struct vfio_mdev_dma *dma,
				 struct vfio_mdev_unmap *unmap,
				 unsigned long *first, unsigned long *last)
{
	struct vfio_mdev_pin *pin = NULL;

	lockdep_assert_held(&dma->lock);
	*first = ULONG_MAX;
	*last = 0;
	while ((pin = vfio_mdev_pin_next(dma, pin, unmap->first, unmap->last))) {
		if (pin->state != VFIO_MDEV_LIVE || pin->is_kept)
			continue;
		*first = min(*first, pin->node.start);
		*last = max(*last, pin->node.last);
	}
	return *first <= *last && dma->state == VFIO_MDEV_DMA_USED;
}

static void vfio_mdev_unmap_tell(struct vfio_mdev_dma *dma,
				 struct vfio_mdev_unmap *unmap)
{
	const struct vfio_mdev_device_ops *ops = mdev_get_dev_ops(dma->mdev);
	unsigned long first, last;
	bool live;

	spin_lock(&dma->lock);
	live = vfio_mdev_unmap_live(dma, unmap, &first, &last);
	if (live)
		dma->telling++;
	spin_unlock(&dma->lock);
	if (!live)
		return;

	ops->dma_unmap(dma->mdev, (u64)first << PAGE_SHIFT,
		       (u64)(last - first + 1) << PAGE_SHIFT);
	spin_lock(&dma->lock);
	if (!--dma->telling)
		wake_up_all(&dma->wait);
	spin_unlock(&dma->lock);
}

/* While the device is being closed, its vendor may use them yet. */
static void vfio_mdev_unmap_undo(struct vfio_mdev_dma *dma,
				 struct vfio_mdev_unmap *unmap)
{
	struct vfio_mdev_pin *pin = NULL;

	spin_lock(&dma->lock);
	while ((pin = vfio_mdev_pin_next(dma, pin, unmap->first, unmap->last)))
		if (pin->state == VFIO_MDEV_LIVE &&
		    dma->state == VFIO_MDEV_DMA_USED)
			vfio_mdev_pin_undo_later(pin);
	/* Also what the vendor gave back; and it may be told by another thread for long. */
	vfio_mdev_undo_start(dma);
	spin_unlock(&dma->lock);
}

static void vfio_mdev_unmap_wait(struct vfio_mdev_dma *dma,
				 struct vfio_mdev_unmap *unmap)
{
	unsigned int calls = unmap->calls;

	if (vfio_mdev_by_iommufd(dma) || calls >= VFIO_MDEV_UNMAP_LAST)
		wait_event(dma->wait, !vfio_mdev_has_pins(dma, unmap->first,
							  unmap->last));
	else
		wait_event_timeout(dma->wait,
				   !vfio_mdev_has_pins(dma, unmap->first,
						       unmap->last),
				   msecs_to_jiffies(VFIO_MDEV_UNMAP_MS <<
						    (calls - 1)));
}

/* Of the dma_unmap op of VFIO */
void vfio_mdev_dma_unmap(struct vfio_mdev_dma *dma, u64 iova, u64 length)
{
	struct vfio_mdev_unmap *unmap;

	if (!length)
		return;
	unmap = vfio_mdev_unmap_begin(dma, iova >> PAGE_SHIFT,
				      (iova + length - 1) >> PAGE_SHIFT);
	if (!unmap)
		return;
	vfio_mdev_unmap_tell(dma, unmap);
	vfio_mdev_kept_hide(dma, unmap->first, unmap->last);
	vfio_mdev_unmap_undo(dma, unmap);
	vfio_mdev_unmap_wait(dma, unmap);
	if (vfio_mdev_by_iommufd(dma))
		vfio_mdev_unmap_remove(unmap);
	else if (unmap->calls == 1 &&
		 (current->flags & PF_KTHREAD ||
		  task_work_add(current, &unmap->end, TWA_RESUME)))
		vfio_mdev_unmap_remove(unmap);
}

void vfio_mdev_forget_unmaps(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_unmap *unmap, *next;

	spin_lock(&vfio_mdev_unmaps_lock);
	spin_lock(&dma->lock);
	list_for_each_entry_safe(unmap, next, &dma->unmaps, entry) {
		list_del(&unmap->entry);
		unmap->dma = NULL;
	}
	spin_unlock(&dma->lock);
	spin_unlock(&vfio_mdev_unmaps_lock);
}

void vfio_mdev_unmap_init(void)
{
	vfio_mdev_debugfs = debugfs_create_dir("vfio_mdev", NULL);
	debugfs_create_u32("dma_unmap_calls", 0644, vfio_mdev_debugfs,
			   &vfio_mdev_most_calls);
}

/* Threads that unmapped and are not back in user space have a function of ours to run. */
void vfio_mdev_unmap_exit(void)
{
	debugfs_remove(vfio_mdev_debugfs);
	wait_var_event(&vfio_mdev_unmaps, !atomic_read(&vfio_mdev_unmaps));
	synchronize_rcu_tasks();
}
