// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: memory of the user that a mediated device reads and writes by itself
 *
 * VFIO pins pages for a driver and calls its dma_unmap() when the user unmaps them;
 * whoever is called has to unpin them. Three things make that hard to get right:
 *
 * - type1 calls dma_unmap() with a lock held (device_list_lock) which another unmapping
 *   thread waits for while it holds the one that unpinning needs (iommu->lock);
 * - it stops the kernel (BUG_ON) when it finds pins in a range at its 12th look, as a
 *   driver that pins on demand can be made to see to by its user;
 * - iommufd calls only once when a device is detached or closed, and what is pinned after
 *   that stays so.
 *
 * So vendors get handles, and it is here that pages are unpinned. What holds:
 *
 * Nothing that is pinned is missed. There is a record in the tree from before VFIO is
 * asked to pin until after it has unpinned. Unmapping finds those in its range: LIVE
 * ones are undone after the vendor was told, PINNING ones become stale and undo
 * themselves, DEAD ones are being undone already. It waits until all have left the tree.
 *
 * A vendor does not use a page that is not pinned. It was told of what was LIVE when
 * the unmapping began, and from then to its end nothing in the range becomes LIVE: no
 * pin begins there, and one that had begun is stale. What a vendor got a moment before
 * it was told, and had no time to note, is stale too, which it can ask for.
 *
 * type1 does not get to its 12th look. From its first call to the end of the whole ioctl,
 * which a task_work of the unmapping thread marks, no pin begins in the range, in no
 * device of the container. So it finds pins again only because we did not wait for them
 * long enough; and from the 10th call on we wait for as long as it takes, which may be
 * until somebody serves a page fault in user space.
 *
 * Nothing here deadlocks. Unpinning from within or beside dma_unmap() is done by a work
 * item, which holds no lock. It and a pin that is under way need locks that belong to the
 * user's address space, none of which is held when we are called. The lock of ours is a
 * leaf. Where the user unmaps by two threads, and one of them is in type1 waiting for
 * us with the lock that our work needs, we return without having waited for all, and are
 * called again. That this gets somewhere rests on type1's lock being fair.
 *
 * Closing ends. The vendor's release() has stopped whoever pins, no pin begins, and
 * undoing the rest needs no lock that closing holds. The task_work may come much later, if
 * a debugger holds the thread; it does not need the device any more.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/overflow.h>
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

enum vfio_mdev_pin_state {
	VFIO_MDEV_PINNING,	/* VFIO is at it */
	VFIO_MDEV_LIVE,		/* the vendor has it */
	VFIO_MDEV_DEAD,		/* is being unpinned, or has been */
};

/**
 * struct vfio_mdev_pin - pages that are pinned
 * @dma: of whom
 * @node: which pages, by number; in the tree until VFIO has unpinned them
 * @vendor: in the list of those that the vendor has
 * @undo: in the list of those for the work item
 * @state: see above
 * @stale: its range began to be unmapped after it was begun
 * @refs: one for the tree, one for the vendor; whoever drops the last one frees it
 *
 * All but @dma and @node are protected by the lock of @dma.
 */
struct vfio_mdev_pin {
	struct vfio_mdev_dma *dma;
	struct interval_tree_node node;
	struct list_head vendor;
	struct list_head undo;
	enum vfio_mdev_pin_state state;
	bool stale;
	unsigned int refs;
};

/**
 * struct vfio_mdev_unmap - a range that a thread is unmapping
 * @entry: in the list of @dma, while that is set
 * @dma: the device; type1 leaves it to @end to take this out of the list, which
 *	 may be when the device is long closed, and then it is %NULL. Protected by
 *	 vfio_mdev_unmaps_lock.
 * @task: the thread
 * @first: page number
 * @last: page number
 * @calls: how often type1 called because of it
 * @end: runs when the thread goes back to user space, and frees this
 */
struct vfio_mdev_unmap {
	struct list_head entry;
	struct vfio_mdev_dma *dma;
	struct task_struct *task;
	unsigned long first;
	unsigned long last;
	unsigned int calls;
	struct callback_head end;
};

/* Of all devices, as a range may outlive the device; the lock of one is taken inside. */
static DEFINE_SPINLOCK(vfio_mdev_unmaps_lock);
static atomic_t vfio_mdev_unmaps;
static u32 vfio_mdev_most_calls;

static struct workqueue_struct *vfio_mdev_wq;
static struct dentry *vfio_mdev_debugfs;

/*
 * Pins and their records
 */

static bool vfio_mdev_by_iommufd(struct vfio_mdev_dma *dma)
{
#if IS_ENABLED(CONFIG_IOMMUFD)
	return dma->vdev->iommufd_access;
#else
	return false;
#endif
}

static struct vfio_mdev_pin *
vfio_mdev_pin_next(struct vfio_mdev_dma *dma, struct vfio_mdev_pin *pin,
		   unsigned long first, unsigned long last)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&dma->lock);
	node = pin ? interval_tree_iter_next(&pin->node, first, last) :
		     interval_tree_iter_first(&dma->tree, first, last);
	return node ? container_of(node, struct vfio_mdev_pin, node) : NULL;
}

#define for_each_pin_in(pin, dma, first, last)				\
	for (pin = vfio_mdev_pin_next(dma, NULL, first, last); pin;	\
	     pin = vfio_mdev_pin_next(dma, pin, first, last))

static void vfio_mdev_pin_put(struct vfio_mdev_pin *pin)
{
	lockdep_assert_held(&pin->dma->lock);
	if (!--pin->refs)
		kfree(pin);
}

/* Of pages that are not pinned, or not any more */
static void vfio_mdev_pin_erase(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	lockdep_assert_held(&dma->lock);
	interval_tree_remove(&pin->node, &dma->tree);
	vfio_mdev_pin_put(pin);
	wake_up_all(&dma->wait);
}

static u64 vfio_mdev_pin_iova(const struct vfio_mdev_pin *pin)
{
	return (u64)pin->node.start << PAGE_SHIFT;
}

static int vfio_mdev_pin_npage(const struct vfio_mdev_pin *pin)
{
	return pin->node.last - pin->node.start + 1;
}

static void vfio_mdev_pin_undo_now(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	vfio_unpin_pages(dma->vdev, vfio_mdev_pin_iova(pin),
			 vfio_mdev_pin_npage(pin));
	spin_lock(&dma->lock);
	vfio_mdev_pin_erase(pin);
	spin_unlock(&dma->lock);
}

static void vfio_mdev_pin_undo_later(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	lockdep_assert_held(&dma->lock);
	pin->state = VFIO_MDEV_DEAD;
	list_add_tail(&pin->undo, &dma->undo);
	queue_work(vfio_mdev_wq, &dma->work);
}

static struct vfio_mdev_pin *vfio_mdev_undo_next(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_pin *pin;

	spin_lock(&dma->lock);
	pin = list_first_entry_or_null(&dma->undo, struct vfio_mdev_pin, undo);
	if (pin)
		list_del(&pin->undo);
	spin_unlock(&dma->lock);
	return pin;
}

static void vfio_mdev_dma_work(struct work_struct *work)
{
	struct vfio_mdev_dma *dma = container_of(work, struct vfio_mdev_dma,
						 work);
	struct vfio_mdev_pin *pin;

	while ((pin = vfio_mdev_undo_next(dma)))
		vfio_mdev_pin_undo_now(pin);
}

/*
 * What vendors call
 */

static bool vfio_mdev_is_unmapped(struct vfio_mdev_dma *dma,
				  unsigned long first, unsigned long last)
{
	struct vfio_mdev_unmap *unmap;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(unmap, &dma->unmaps, entry)
		if (unmap->first <= last && first <= unmap->last)
			return true;
	return false;
}

/* VFIO may hold a lock that it would take again. */
static bool vfio_mdev_in_unmap(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_unmap *unmap;

	lockdep_assert_held(&dma->lock);
	list_for_each_entry(unmap, &dma->unmaps, entry)
		if (unmap->task == current)
			return true;
	return false;
}

/* type1 and iommufd each have an errno of their own for what is not mapped. */
static int vfio_mdev_dma_errno(int ret)
{
	return ret == -ENOENT ? -EINVAL : ret;
}

static int vfio_mdev_pin_check(struct vfio_mdev_dma *dma, u64 iova,
			       unsigned int npage, int prot)
{
	u64 last;

	if (!dma->ops->dma_unmap)
		return -EINVAL;
	if (!npage || !IS_ALIGNED(iova, PAGE_SIZE))
		return -EINVAL;
	if (!prot || prot & ~(IOMMU_READ | IOMMU_WRITE))
		return -EINVAL;
	if (npage > VFIO_PIN_PAGES_MAX_ENTRIES)
		return -E2BIG;
	if (check_add_overflow(iova, (u64)npage * PAGE_SIZE - 1, &last) ||
	    last >> PAGE_SHIFT > ULONG_MAX)
		return -EINVAL;
	return 0;
}

/* From here on whoever unmaps the pages knows of it. */
static int vfio_mdev_pin_begin(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;
	int ret = 0;

	spin_lock(&dma->lock);
	if (dma->state != VFIO_MDEV_DMA_USED)
		ret = -ENODEV;
	else if (vfio_mdev_in_unmap(dma))
		ret = -EDEADLK;
	else if (vfio_mdev_is_unmapped(dma, pin->node.start, pin->node.last))
		ret = -EAGAIN;
	if (!ret) {
		interval_tree_insert(&pin->node, &dma->tree);
		pin->refs++;
	}
	spin_unlock(&dma->lock);
	return ret;
}

/* @ret is what VFIO said. The pin is the vendor's, or there is nothing left of it. */
static int vfio_mdev_pin_end(struct vfio_mdev_pin *pin, int ret)
{
	struct vfio_mdev_dma *dma = pin->dma;

	spin_lock(&dma->lock);
	if (ret < 0) {
		vfio_mdev_pin_erase(pin);
		spin_unlock(&dma->lock);
		return vfio_mdev_dma_errno(ret);
	}
	if (pin->stale || dma->state != VFIO_MDEV_DMA_USED) {
		ret = pin->stale ? -EAGAIN : -ENODEV;
		pin->state = VFIO_MDEV_DEAD;
		spin_unlock(&dma->lock);
		vfio_mdev_pin_undo_now(pin);
		return ret;
	}
	pin->state = VFIO_MDEV_LIVE;
	list_add_tail(&pin->vendor, &dma->vendors);
	spin_unlock(&dma->lock);
	return 0;
}

static int vfio_mdev_pin_do(struct vfio_mdev_pin *pin, int prot,
			    struct page **pages)
{
	int ret;

	ret = vfio_mdev_pin_begin(pin);
	if (ret)
		return ret;
	ret = vfio_pin_pages(pin->dma->vdev, vfio_mdev_pin_iova(pin),
			     vfio_mdev_pin_npage(pin), prot, pages);
	return vfio_mdev_pin_end(pin, ret);
}

/**
 * vfio_mdev_pin - pin memory of the user
 * @mdev: a device that is open and has the op dma_unmap
 * @iova: where the memory is in the device's address space, a multiple of the page size
 * @npage: number of pages, at most %VFIO_PIN_PAGES_MAX_ENTRIES
 * @prot: %IOMMU_READ, %IOMMU_WRITE or both, from the device's point of view
 * @pages: gets the pages
 *
 * They may be used until vfio_mdev_unpin() or until the op dma_unmap returns that was
 * called for them, whichever is first. The pages are charged to the user as VFIO
 * charges them.
 *
 * Context: process, may sleep for as long as the user lets it. Not in the op dma_unmap,
 * nor with a lock held that it takes.
 * Return: the pin, to be given back by vfio_mdev_unpin(), or an error pointer:
 * -EINVAL if an argument is wrong, there is no op dma_unmap, or nothing is mapped there;
 * -E2BIG if @npage is; -EPERM if the user does not let the device write there;
 * -ENODEV before the user has first accessed the device, and after release() has begun;
 * -EAGAIN if the memory is being unmapped; -EDEADLK in the op dma_unmap; -ENOMEM and
 * -EFAULT as they come.
 */
struct vfio_mdev_pin *vfio_mdev_pin(struct mdev_device *mdev, u64 iova,
				    unsigned int npage, int prot,
				    struct page **pages)
{
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);
	struct vfio_mdev_pin *pin;
	int ret;

	ret = vfio_mdev_pin_check(dma, iova, npage, prot);
	if (ret)
		return ERR_PTR(ret);
	pin = kzalloc_obj(*pin, GFP_KERNEL_ACCOUNT);
	if (!pin)
		return ERR_PTR(-ENOMEM);
	pin->dma = dma;
	pin->refs = 1;
	pin->node.start = iova >> PAGE_SHIFT;
	pin->node.last = pin->node.start + npage - 1;

	ret = vfio_mdev_pin_do(pin, prot, pages);
	if (ret) {
		kfree(pin);
		return ERR_PTR(ret);
	}
	return pin;
}
EXPORT_SYMBOL_GPL(vfio_mdev_pin);

/**
 * vfio_mdev_pin_is_valid - whether pages that were just pinned may be used
 * @pin: what vfio_mdev_pin() returned
 *
 * The op dma_unmap may have been called for a pin before its vendor had the time to
 * note it down. So a vendor takes the lock that its dma_unmap takes, asks this, and notes
 * the pin down before it drops the lock; or else gives it back.
 *
 * Context: any process context, with a lock held that the op dma_unmap takes.
 * Return: %false if dma_unmap has been or is being called for the pin.
 */
bool vfio_mdev_pin_is_valid(struct vfio_mdev_pin *pin)
{
	bool ret;

	spin_lock(&pin->dma->lock);
	ret = !pin->stale;
	spin_unlock(&pin->dma->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_pin_is_valid);

/**
 * vfio_mdev_unpin - give a pin back
 * @pin: what vfio_mdev_pin() returned
 *
 * To be called once for each pin before release() returns, also if the op dma_unmap was
 * called for its pages, and possibly from there. The pages must not be used any more.
 *
 * Context: process, may sleep.
 */
void vfio_mdev_unpin(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;
	bool now = false;

	might_sleep();
	spin_lock(&dma->lock);
	list_del(&pin->vendor);
	if (pin->state == VFIO_MDEV_LIVE) {
		now = dma->state == VFIO_MDEV_DMA_USED &&
		      !vfio_mdev_is_unmapped(dma, pin->node.start,
					     pin->node.last) &&
		      !vfio_mdev_in_unmap(dma);
		if (now)
			pin->state = VFIO_MDEV_DEAD;
		else
			vfio_mdev_pin_undo_later(pin);
	}
	vfio_mdev_pin_put(pin);
	spin_unlock(&dma->lock);
	if (now)
		vfio_mdev_pin_undo_now(pin);
}
EXPORT_SYMBOL_GPL(vfio_mdev_unpin);

/**
 * vfio_mdev_dma_rw - read or write memory of the user
 * @mdev: a device that is open
 * @iova: where the memory is in the device's address space
 * @buf: what to read into, or to write
 * @len: number of bytes
 * @write: to the user's memory
 *
 * Needs no pin and no op dma_unmap.
 *
 * Context: process, also a kernel thread; may sleep for as long as the user lets it. Not
 * in the op dma_unmap, nor with a lock held that it takes, nor in release().
 * Return: 0, or -EINVAL if not all of it is mapped; -EPERM if the user does not let the
 * device write there; -ENODEV before the user has first accessed the device, and after
 * release() has begun; -EDEADLK in the op dma_unmap; -EFAULT as it comes. Then a part
 * may have been transferred.
 */
int vfio_mdev_dma_rw(struct mdev_device *mdev, u64 iova, void *buf, size_t len,
		     bool write)
{
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);
	bool in_unmap;
	u64 last;

	if (READ_ONCE(dma->state) != VFIO_MDEV_DMA_USED)
		return -ENODEV;
	if (!len)
		return 0;
	if (check_add_overflow(iova, len - 1, &last))
		return -EINVAL;
	spin_lock(&dma->lock);
	in_unmap = vfio_mdev_in_unmap(dma);
	spin_unlock(&dma->lock);
	if (in_unmap)
		return -EDEADLK;
	return vfio_mdev_dma_errno(vfio_dma_rw(dma->vdev, iova, buf, len,
					       write));
}
EXPORT_SYMBOL_GPL(vfio_mdev_dma_rw);

/*
 * Unmapping, in the order of the steps
 */

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
	struct vfio_mdev_pin *pin;

	lockdep_assert_held(&dma->lock);
	unmap->calls++;
	for_each_pin_in(pin, dma, unmap->first, unmap->last)
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
 * iommufd refuses pins by itself by now, so without one there is nothing to do. type1
 * does not, and may call other devices first and us again for one that began meanwhile.
 */
static struct vfio_mdev_unmap *
vfio_mdev_unmap_begin(struct vfio_mdev_dma *dma, unsigned long first,
		      unsigned long last)
{
	struct vfio_mdev_unmap *unmap, *new = NULL;
	bool idle;

	spin_lock(&dma->lock);
	idle = vfio_mdev_by_iommufd(dma) &&
	       !vfio_mdev_pin_next(dma, NULL, first, last);
	unmap = vfio_mdev_unmap_find(dma, first, last);
	spin_unlock(&dma->lock);
	if (idle)
		return NULL;
	if (!unmap)
		new = vfio_mdev_unmap_new(dma, first, last);

	spin_lock(&dma->lock);
	if (new) {
		list_add(&new->entry, &dma->unmaps);
		unmap = new;
	}
	vfio_mdev_unmap_shut(dma, unmap);
	spin_unlock(&dma->lock);
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
	struct vfio_mdev_pin *pin;

	lockdep_assert_held(&dma->lock);
	*first = ULONG_MAX;
	*last = 0;
	for_each_pin_in(pin, dma, unmap->first, unmap->last) {
		if (pin->state != VFIO_MDEV_LIVE)
			continue;
		*first = min(*first, pin->node.start);
		*last = max(*last, pin->node.last);
	}
	return *first <= *last && dma->state == VFIO_MDEV_DMA_USED;
}

static void vfio_mdev_unmap_tell(struct vfio_mdev_dma *dma,
				 struct vfio_mdev_unmap *unmap)
{
	unsigned long first, last;
	bool live;

	spin_lock(&dma->lock);
	live = vfio_mdev_unmap_live(dma, unmap, &first, &last);
	if (live)
		dma->telling++;
	spin_unlock(&dma->lock);
	if (!live)
		return;

	dma->ops->dma_unmap(dma->mdev, (u64)first << PAGE_SHIFT,
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
	struct vfio_mdev_pin *pin;

	spin_lock(&dma->lock);
	for_each_pin_in(pin, dma, unmap->first, unmap->last)
		if (pin->state == VFIO_MDEV_LIVE &&
		    dma->state == VFIO_MDEV_DMA_USED)
			vfio_mdev_pin_undo_later(pin);
	spin_unlock(&dma->lock);
}

static bool vfio_mdev_has_pins(struct vfio_mdev_dma *dma, unsigned long first,
			       unsigned long last)
{
	bool ret;

	spin_lock(&dma->lock);
	ret = vfio_mdev_pin_next(dma, NULL, first, last);
	spin_unlock(&dma->lock);
	return ret;
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
	vfio_mdev_unmap_undo(dma, unmap);
	vfio_mdev_unmap_wait(dma, unmap);
	if (vfio_mdev_by_iommufd(dma))
		vfio_mdev_unmap_remove(unmap);
	else if (unmap->calls == 1 &&
		 (current->flags & PF_KTHREAD ||
		  task_work_add(current, &unmap->end, TWA_RESUME)))
		vfio_mdev_unmap_remove(unmap);
}

/*
 * From open to close
 */

void vfio_mdev_dma_setup(struct vfio_mdev_dma *dma, struct mdev_device *mdev,
			 struct vfio_device *vdev)
{
	dma->mdev = mdev;
	dma->vdev = vdev;
	dma->ops = mdev_get_dev_ops(mdev);
	spin_lock_init(&dma->lock);
	dma->tree = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&dma->vendors);
	INIT_LIST_HEAD(&dma->undo);
	INIT_LIST_HEAD(&dma->unmaps);
	init_waitqueue_head(&dma->wait);
	INIT_WORK(&dma->work, vfio_mdev_dma_work);
}

static void vfio_mdev_dma_set(struct vfio_mdev_dma *dma,
			      enum vfio_mdev_dma_state state)
{
	spin_lock(&dma->lock);
	WRITE_ONCE(dma->state, state);
	spin_unlock(&dma->lock);
}

void vfio_mdev_dma_open(struct vfio_mdev_dma *dma)
{
	vfio_mdev_dma_set(dma, VFIO_MDEV_DMA_OPEN);
}

/* Whoever has the file keeps it from being closed. */
void vfio_mdev_dma_first_use(struct vfio_mdev_dma *dma)
{
	vfio_mdev_dma_set(dma, VFIO_MDEV_DMA_USED);
}

static bool vfio_mdev_is_telling(struct vfio_mdev_dma *dma)
{
	bool ret;

	spin_lock(&dma->lock);
	ret = dma->telling;
	spin_unlock(&dma->lock);
	return ret;
}

void vfio_mdev_dma_closing(struct vfio_mdev_dma *dma)
{
	vfio_mdev_dma_set(dma, VFIO_MDEV_DMA_CLOSING);
	wait_event(dma->wait, !vfio_mdev_is_telling(dma));
}

static unsigned int vfio_mdev_undo_all(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_pin *pin;
	unsigned int forgotten = 0;

	spin_lock(&dma->lock);
	list_for_each_entry(pin, &dma->vendors, vendor) {
		forgotten++;
		if (pin->state == VFIO_MDEV_LIVE)
			vfio_mdev_pin_undo_later(pin);
	}
	spin_unlock(&dma->lock);
	return forgotten;
}

static void vfio_mdev_forget_unmaps(struct vfio_mdev_dma *dma)
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

/* Nobody else will. */
static void vfio_mdev_put_forgotten(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_pin *pin, *next;

	spin_lock(&dma->lock);
	list_for_each_entry_safe(pin, next, &dma->vendors, vendor) {
		list_del(&pin->vendor);
		vfio_mdev_pin_put(pin);
	}
	spin_unlock(&dma->lock);
}

void vfio_mdev_dma_closed(struct vfio_mdev_dma *dma)
{
	unsigned int forgotten = vfio_mdev_undo_all(dma);

	if (forgotten)
		dev_warn(mdev_dev(dma->mdev),
			 "%s did not give back %u pins by the end of release()\n",
			 dev_driver_string(mdev_parent_dev(dma->mdev)),
			 forgotten);
	vfio_mdev_forget_unmaps(dma);
	wait_event(dma->wait, !vfio_mdev_has_pins(dma, 0, ULONG_MAX));
	cancel_work_sync(&dma->work);
	vfio_mdev_put_forgotten(dma);
	vfio_mdev_dma_set(dma, VFIO_MDEV_DMA_CLOSED);
}

/*
 * The module
 */

int vfio_mdev_dma_init(void)
{
	vfio_mdev_wq = alloc_workqueue("vfio_mdev", WQ_UNBOUND, 0);
	if (!vfio_mdev_wq)
		return -ENOMEM;
	vfio_mdev_debugfs = debugfs_create_dir("vfio_mdev", NULL);
	debugfs_create_u32("dma_unmap_calls", 0644, vfio_mdev_debugfs,
			   &vfio_mdev_most_calls);
	return 0;
}

/* Threads that unmapped and are not back in user space have a function of ours to run. */
void vfio_mdev_dma_exit(void)
{
	debugfs_remove(vfio_mdev_debugfs);
	wait_var_event(&vfio_mdev_unmaps, !atomic_read(&vfio_mdev_unmaps));
	synchronize_rcu_tasks();
	destroy_workqueue(vfio_mdev_wq);
}
