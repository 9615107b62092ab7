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
 * undoing the rest needs no lock that closing holds. The task_work may come later, as
 * the thread may have more to unmap; it does not need the device any more.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>

#include "vfio_mdev_dma.h"

static struct workqueue_struct *vfio_mdev_wq;

/*
 * Pins and their records
 */

struct vfio_mdev_pin *vfio_mdev_pin_next(struct vfio_mdev_dma *dma,
					 struct vfio_mdev_pin *pin,
					 unsigned long first,
					 unsigned long last)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&dma->lock);
	node = pin ? interval_tree_iter_next(&pin->node, first, last) :
		     interval_tree_iter_first(&dma->tree, first, last);
	return node ? container_of(node, struct vfio_mdev_pin, node) : NULL;
}

bool vfio_mdev_has_pins(struct vfio_mdev_dma *dma, unsigned long first,
			unsigned long last)
{
	bool ret;

	spin_lock(&dma->lock);
	ret = vfio_mdev_pin_next(dma, NULL, first, last);
	spin_unlock(&dma->lock);
	return ret;
}

struct vfio_mdev_pin *vfio_mdev_pin_new(struct vfio_mdev_dma *dma, u64 iova,
					unsigned int npage, size_t size)
{
	struct vfio_mdev_pin *pin = kzalloc(size, GFP_KERNEL_ACCOUNT);

	if (!pin)
		return NULL;
	pin->dma = dma;
	pin->refs = 1;
	pin->node.start = iova >> PAGE_SHIFT;
	pin->node.last = pin->node.start + npage - 1;
	return pin;
}

void vfio_mdev_pin_put(struct vfio_mdev_pin *pin)
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
}

/* The same, for who waits until it is gone */
static void vfio_mdev_pin_erase_and_wake(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	vfio_mdev_pin_erase(pin);
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

static void vfio_mdev_unpin_pages(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	/* From here on it may not be found any more. */
	if (pin->writes)
		vfio_mdev_log_written(&dma->log, pin->node.start,
				      pin->node.last);
	vfio_unpin_pages(dma->vdev, vfio_mdev_pin_iova(pin),
			 vfio_mdev_pin_npage(pin));
}

void vfio_mdev_pin_undo_now(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	vfio_mdev_unpin_pages(pin);
	spin_lock(&dma->lock);
	vfio_mdev_pin_erase_and_wake(pin);
	spin_unlock(&dma->lock);
}

void vfio_mdev_pin_undo_later(struct vfio_mdev_pin *pin)
{
	struct vfio_mdev_dma *dma = pin->dma;

	lockdep_assert_held(&dma->lock);
	pin->state = VFIO_MDEV_DEAD;
	list_add_tail(&pin->undo, &dma->undo);
	/* A vendor that is told of pins may give back many: they are undone together. */
	if (!dma->telling)
		vfio_mdev_undo_start(dma);
}

void vfio_mdev_undo_start(struct vfio_mdev_dma *dma)
{
	lockdep_assert_held(&dma->lock);
	if (!list_empty(&dma->undo))
		queue_work(vfio_mdev_wq, &dma->work);
}

/* Those who wait are woken once for all that were taken before, not for each. */
static bool vfio_mdev_undo_take(struct vfio_mdev_dma *dma,
				struct list_head *pins)
{
	spin_lock(&dma->lock);
	wake_up_all(&dma->wait);
	list_splice_init(&dma->undo, pins);
	spin_unlock(&dma->lock);
	return !list_empty(pins);
}

static void vfio_mdev_dma_work(struct work_struct *work)
{
	struct vfio_mdev_dma *dma = container_of(work, struct vfio_mdev_dma,
						 work);
	struct vfio_mdev_pin *pin, *next;
	LIST_HEAD(pins);

	while (vfio_mdev_undo_take(dma, &pins)) {
		list_for_each_entry_safe(pin, next, &pins, undo) {
			list_del(&pin->undo);
			vfio_mdev_unpin_pages(pin);
			spin_lock(&dma->lock);
			vfio_mdev_pin_erase(pin);
			spin_unlock(&dma->lock);
		}
	}
}

/*
 * What vendors call
 */

/* type1 and iommufd each have an errno of their own for what is not mapped. */
static int vfio_mdev_dma_errno(int ret)
{
	return ret == -ENOENT ? -EINVAL : ret;
}

static int vfio_mdev_pin_check(u64 iova, unsigned int npage, int prot)
{
	u64 last;

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

/* @ret is what VFIO said. */
static int vfio_mdev_pin_end(struct vfio_mdev_pin *pin, int ret)
{
	struct vfio_mdev_dma *dma = pin->dma;

	spin_lock(&dma->lock);
	if (ret < 0) {
		vfio_mdev_pin_erase_and_wake(pin);
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
	if (!pin->is_kept)
		list_add_tail(&pin->vendor, &dma->vendors);
	spin_unlock(&dma->lock);
	return 0;
}

int vfio_mdev_pin_do(struct vfio_mdev_pin *pin, int prot, struct page **pages)
{
	int ret;

	pin->writes = prot & IOMMU_WRITE;
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
	const struct vfio_mdev_device_ops *ops = mdev_get_dev_ops(mdev);
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);
	struct vfio_mdev_pin *pin;
	int ret;

	ret = vfio_mdev_pin_check(iova, npage, prot);
	if (!ret && !ops->dma_unmap)
		ret = -EINVAL;
	if (!ret && !dma)
		ret = -ENODEV;
	if (ret)
		return ERR_PTR(ret);
	pin = vfio_mdev_pin_new(dma, iova, npage, sizeof(*pin));
	if (!pin)
		return ERR_PTR(-ENOMEM);
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
	bool in_unmap = false;
	u64 last;
	int ret;

	if (!dma || READ_ONCE(dma->state) != VFIO_MDEV_DMA_USED)
		return -ENODEV;
	if (!len)
		return 0;
	if (check_add_overflow(iova, len - 1, &last))
		return -EINVAL;
	/* One of the caller's would be seen without the lock. */
	if (!list_empty_careful(&dma->unmaps)) {
		spin_lock(&dma->lock);
		in_unmap = vfio_mdev_in_unmap(dma);
		spin_unlock(&dma->lock);
	}
	if (in_unmap)
		return -EDEADLK;
	ret = vfio_dma_rw(dma->vdev, iova, buf, len, write);
	/* If that failed, it may be in part. */
	if (write)
		vfio_mdev_log_written(&dma->log, iova >> PAGE_SHIFT,
				      last >> PAGE_SHIFT);
	return vfio_mdev_dma_errno(ret);
}
EXPORT_SYMBOL_GPL(vfio_mdev_dma_rw);

/*
 * From open to close
 */

struct vfio_mdev_dma *vfio_mdev_dma_new(struct mdev_device *mdev)
{
	struct vfio_mdev_dma *dma = kzalloc(sizeof(*dma), GFP_KERNEL);

	if (!dma)
		return NULL;
	dma->mdev = mdev;
	dma->vdev = vfio_mdev_to_vfio(mdev);
	spin_lock_init(&dma->lock);
	dma->tree = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&dma->vendors);
	INIT_LIST_HEAD(&dma->undo);
	INIT_LIST_HEAD(&dma->unmaps);
	xa_init(&dma->kept);
	INIT_LIST_HEAD(&dma->oldest);
	init_waitqueue_head(&dma->wait);
	INIT_WORK(&dma->work, vfio_mdev_dma_work);
	vfio_mdev_log_setup(&dma->log);
	return dma;
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

static void vfio_mdev_undo_all(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_pin *pin = NULL;

	vfio_mdev_kept_hide(dma, 0, ULONG_MAX);
	spin_lock(&dma->lock);
	while ((pin = vfio_mdev_pin_next(dma, pin, 0, ULONG_MAX)))
		if (pin->state == VFIO_MDEV_LIVE)
			vfio_mdev_pin_undo_later(pin);
	spin_unlock(&dma->lock);
}

/* Nobody else will. How many there were */
static unsigned int vfio_mdev_put_forgotten(struct vfio_mdev_dma *dma)
{
	struct vfio_mdev_pin *pin, *next;
	unsigned int forgotten = 0;

	spin_lock(&dma->lock);
	list_for_each_entry_safe(pin, next, &dma->vendors, vendor) {
		list_del(&pin->vendor);
		vfio_mdev_pin_put(pin);
		forgotten++;
	}
	spin_unlock(&dma->lock);
	return forgotten;
}

void vfio_mdev_dma_closed(struct vfio_mdev_dma *dma)
{
	unsigned int forgotten;

	vfio_mdev_log_stop(&dma->log);
	vfio_mdev_undo_all(dma);
	wait_event(dma->wait, !vfio_mdev_has_pins(dma, 0, ULONG_MAX));
	cancel_work_sync(&dma->work);
	forgotten = vfio_mdev_put_forgotten(dma);
	if (forgotten)
		dev_warn(mdev_dev(dma->mdev),
			 "%s did not give back %u pins by the end of release()\n",
			 dev_driver_string(mdev_parent_dev(dma->mdev)),
			 forgotten);
	xa_destroy(&dma->kept);
	dma->budget = 0;
	/* From here on none is added. */
	vfio_mdev_dma_set(dma, VFIO_MDEV_DMA_CLOSED);
	vfio_mdev_forget_unmaps(dma);
}

/*
 * The module
 */

int vfio_mdev_dma_init(void)
{
	vfio_mdev_wq = alloc_workqueue("vfio_mdev", WQ_UNBOUND, 0);
	if (!vfio_mdev_wq)
		return -ENOMEM;
	vfio_mdev_unmap_init();
	return 0;
}

void vfio_mdev_dma_exit(void)
{
	vfio_mdev_unmap_exit();
	destroy_workqueue(vfio_mdev_wq);
}
