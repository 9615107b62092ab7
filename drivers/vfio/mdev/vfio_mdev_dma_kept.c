// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins that are kept, so that a page which is used again costs no pin
 *
 * Whoever looks one up is in a section of RCU and takes no lock. Whoever takes one away
 * hides it first, then waits for those sections to end, then has it unpinned. Within
 * these sections nobody sleeps, so nobody waits there for a page to be pinned.
 */
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vfio_mdev.h>

#include "vfio_mdev_dma.h"

/* What goes at a time when there is no room is this part of the budget. */
#define VFIO_MDEV_KEPT_PART	8

/**
 * struct vfio_mdev_kept - a page that is kept pinned
 * @pin: its pin, which comes first as it is what is freed
 * @entry: in the list of all that can be found; protected by the lock of the device
 * @page: the page
 * @prot: how it may be used
 * @used: has been, since it was last looked at for whether it may go
 */
struct vfio_mdev_kept {
	struct vfio_mdev_pin pin;
	struct list_head entry;
	struct page *page;
	int prot;
	bool used;
};

static_assert(!offsetof(struct vfio_mdev_kept, pin));

static struct vfio_mdev_kept *to_kept(struct vfio_mdev_pin *pin)
{
	return container_of(pin, struct vfio_mdev_kept, pin);
}

/* It may be in use until a grace period is over. */
static void vfio_mdev_kept_hide_one(struct vfio_mdev_kept *kept)
{
	struct vfio_mdev_dma *dma = kept->pin.dma;

	lockdep_assert_held(&dma->lock);
	xa_erase(&dma->kept, kept->pin.node.start);
	list_del_init(&kept->entry);
	dma->nr_kept--;
}

/* That they are undone is for the caller to see to. */
void vfio_mdev_kept_hide(struct vfio_mdev_dma *dma, unsigned long first,
			 unsigned long last)
{
	struct vfio_mdev_pin *pin = NULL;
	bool hidden = false;

	spin_lock(&dma->lock);
	while ((pin = vfio_mdev_pin_next(dma, pin, first, last))) {
		if (!pin->is_kept || list_empty(&to_kept(pin)->entry))
			continue;
		vfio_mdev_kept_hide_one(to_kept(pin));
		hidden = true;
	}
	spin_unlock(&dma->lock);
	if (hidden)
		synchronize_rcu();
}

static void vfio_mdev_kept_retire(struct vfio_mdev_kept *kept,
				  struct list_head *retired)
{
	vfio_mdev_kept_hide_one(kept);
	kept->pin.state = VFIO_MDEV_DEAD;
	list_add(&kept->pin.undo, retired);
}

/* The oldest go, but those that were used since they were looked at, if there are others. */
static void vfio_mdev_kept_make_room(struct vfio_mdev_dma *dma,
				     struct list_head *retired)
{
	unsigned int go = dma->budget / VFIO_MDEV_KEPT_PART + 1;
	unsigned int spare = go;
	struct vfio_mdev_kept *kept;

	lockdep_assert_held(&dma->lock);
	if (dma->nr_kept < dma->budget)
		return;
	while (go && !list_empty(&dma->oldest)) {
		kept = list_first_entry(&dma->oldest, struct vfio_mdev_kept,
					entry);
		if (READ_ONCE(kept->used) && spare) {
			WRITE_ONCE(kept->used, false);
			list_move_tail(&kept->entry, &dma->oldest);
			spare--;
			continue;
		}
		vfio_mdev_kept_retire(kept, retired);
		go--;
	}
}

static bool vfio_mdev_kept_covers(const struct vfio_mdev_kept *kept, int prot)
{
	return kept && (kept->prot & prot) == prot;
}

/* Unless there is one meanwhile that does */
static int vfio_mdev_kept_insert(struct vfio_mdev_kept *kept,
				 struct list_head *retired)
{
	struct vfio_mdev_dma *dma = kept->pin.dma;
	unsigned long index = kept->pin.node.start;
	struct vfio_mdev_kept *old = xa_load(&dma->kept, index);
	int ret;

	lockdep_assert_held(&dma->lock);
	if (vfio_mdev_kept_covers(old, kept->prot)) {
		vfio_mdev_pin_undo_later(&kept->pin);
		return 0;
	}
	if (old)
		vfio_mdev_kept_retire(old, retired);
	vfio_mdev_kept_make_room(dma, retired);
	/* There is room for it, unless somebody was very unlucky. */
	ret = xa_err(xa_store(&dma->kept, index, kept, GFP_NOWAIT));
	if (ret) {
		vfio_mdev_pin_undo_later(&kept->pin);
		return ret;
	}
	list_add_tail(&kept->entry, &dma->oldest);
	dma->nr_kept++;
	return 0;
}

static void vfio_mdev_kept_undo(struct list_head *retired)
{
	struct vfio_mdev_pin *pin, *next;

	if (list_empty(retired))
		return;
	synchronize_rcu();
	list_for_each_entry_safe(pin, next, retired, undo)
		vfio_mdev_pin_undo_now(pin);
}

/* It is pinned, but unmapping or closing may have found it. */
static int vfio_mdev_kept_publish(struct vfio_mdev_kept *kept)
{
	struct vfio_mdev_dma *dma = kept->pin.dma;
	LIST_HEAD(retired);
	int ret = -EAGAIN;

	spin_lock(&dma->lock);
	if (kept->pin.state == VFIO_MDEV_LIVE) {
		if (kept->pin.stale)
			vfio_mdev_pin_undo_later(&kept->pin);
		else
			ret = vfio_mdev_kept_insert(kept, &retired);
	}
	vfio_mdev_pin_put(&kept->pin);
	spin_unlock(&dma->lock);
	vfio_mdev_kept_undo(&retired);
	return ret;
}

static int vfio_mdev_kept_pin(struct vfio_mdev_dma *dma, u64 iova, int prot)
{
	struct vfio_mdev_pin *pin;
	int ret;

	pin = vfio_mdev_pin_new(dma, iova, 1, sizeof(struct vfio_mdev_kept));
	if (!pin)
		return -ENOMEM;
	pin->is_kept = true;
	INIT_LIST_HEAD(&to_kept(pin)->entry);
	to_kept(pin)->prot = prot;
	ret = vfio_mdev_pin_do(pin, prot, &to_kept(pin)->page);
	if (ret) {
		kfree(pin);
		return ret;
	}
	return vfio_mdev_kept_publish(to_kept(pin));
}

/* How a page may be used that is kept, or 0 */
static int vfio_mdev_kept_prot(struct vfio_mdev_dma *dma, u64 iova)
{
	struct vfio_mdev_kept *kept;
	int prot;

	rcu_read_lock();
	kept = xa_load(&dma->kept, iova >> PAGE_SHIFT);
	prot = kept ? kept->prot : 0;
	rcu_read_unlock();
	return prot;
}

/**
 * vfio_mdev_keep_pins - say how many pages may be kept pinned
 * @mdev: a device
 * @budget: how many; 0 for none
 *
 * Until the device is closed. Kept pins need no op dma_unmap of the vendor.
 *
 * Context: process, in the op open or later, while the device is open.
 */
void vfio_mdev_keep_pins(struct mdev_device *mdev, unsigned int budget)
{
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);

	spin_lock(&dma->lock);
	dma->budget = budget;
	spin_unlock(&dma->lock);
}
EXPORT_SYMBOL_GPL(vfio_mdev_keep_pins);

/**
 * vfio_mdev_keep_page - pin a page of the user's memory, and keep it pinned
 * @mdev: a device for which vfio_mdev_keep_pins() was called
 * @iova: an address in the page
 * @prot: %IOMMU_READ, %IOMMU_WRITE or both, from the device's point of view
 *
 * For vfio_mdev_kept_page() to find until the user unmaps the page, others take its
 * place in the budget, or the device is closed.
 *
 * Context: as vfio_mdev_pin().
 * Return: 0, also if it is kept already; an errno as that of vfio_mdev_pin(), -EINVAL
 * also if the budget is 0.
 */
int vfio_mdev_keep_page(struct mdev_device *mdev, u64 iova, int prot)
{
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);
	int kept, ret;

	if (!dma || !READ_ONCE(dma->budget) || iova >> PAGE_SHIFT > ULONG_MAX)
		return -EINVAL;
	if (!prot || prot & ~(IOMMU_READ | IOMMU_WRITE))
		return -EINVAL;
	kept = vfio_mdev_kept_prot(dma, iova);
	if ((kept & prot) == prot)
		return 0;
	/* Or a page that is read and written in turns would be pinned each time. */
	prot |= kept;

	/* What is reserved reads as nothing, and is there when the lock is held. */
	ret = xa_reserve(&dma->kept, iova >> PAGE_SHIFT, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = vfio_mdev_kept_pin(dma, iova, prot);
	if (ret)
		xa_release(&dma->kept, iova >> PAGE_SHIFT);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_keep_page);

/**
 * vfio_mdev_drop_kept - unpin all pages that are kept pinned
 * @mdev: a device that is open
 *
 * For a device that stands still, which will not need them for a while, if ever. Pages
 * may be kept again afterwards.
 *
 * Context: process, may sleep. Not in the op dma_unmap, nor with a lock held that it
 * takes; and nobody keeps pages meanwhile, or they may stay.
 */
void vfio_mdev_drop_kept(struct mdev_device *mdev)
{
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);
	struct vfio_mdev_kept *kept, *next;
	LIST_HEAD(retired);

	if (!dma)
		return;
	spin_lock(&dma->lock);
	list_for_each_entry_safe(kept, next, &dma->oldest, entry)
		vfio_mdev_kept_retire(kept, &retired);
	spin_unlock(&dma->lock);
	vfio_mdev_kept_undo(&retired);
}
EXPORT_SYMBOL_GPL(vfio_mdev_drop_kept);

/**
 * vfio_mdev_kept_page - look up a page that is kept pinned
 * @mdev: a device that is open
 * @iova: an address in the page
 * @prot: what is to be done with it, as for vfio_mdev_keep_page()
 *
 * Takes no lock, and writes to nothing that others read.
 *
 * Context: any, within rcu_read_lock().
 * Return: the page, which may be used until rcu_read_unlock(); %NULL if it is not there.
 */
struct page *vfio_mdev_kept_page(struct mdev_device *mdev, u64 iova, int prot)
{
	struct vfio_mdev_dma *dma = vfio_mdev_dma_of(mdev);
	struct vfio_mdev_kept *kept;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "not in a section of RCU");
	if (!dma || iova >> PAGE_SHIFT > ULONG_MAX)
		return NULL;
	kept = xa_load(&dma->kept, iova >> PAGE_SHIFT);
	if (!vfio_mdev_kept_covers(kept, prot))
		return NULL;
	if (!READ_ONCE(kept->used))
		WRITE_ONCE(kept->used, true);
	return kept->page;
}
EXPORT_SYMBOL_GPL(vfio_mdev_kept_page);

/* @len bytes of one page. Whether the page is kept */
static bool vfio_mdev_kept_copy(struct mdev_device *mdev, u64 iova, void *buf,
				size_t len, bool write)
{
	struct page *page;

	rcu_read_lock();
	page = vfio_mdev_kept_page(mdev, iova,
				   write ? IOMMU_WRITE : IOMMU_READ);
	if (page && write)
		memcpy_to_page(page, offset_in_page(iova), buf, len);
	else if (page)
		memcpy_from_page(buf, page, offset_in_page(iova), len);
	rcu_read_unlock();
	return page;
}

/**
 * vfio_mdev_kept_rw - read or write memory of the user, by pages that are kept pinned
 * @mdev: a device for which vfio_mdev_keep_pins() was called
 * @iova: where the memory is in the device's address space
 * @buf: what to read into, or to write
 * @len: number of bytes
 * @write: to the user's memory
 *
 * Pages that are not kept yet are from then on, if they can be. Does what
 * vfio_mdev_dma_rw() does, and for pages that are used again and again does it faster.
 *
 * Context: as vfio_mdev_dma_rw().
 * Return: as vfio_mdev_dma_rw().
 */
int vfio_mdev_kept_rw(struct mdev_device *mdev, u64 iova, void *buf, size_t len,
		      bool write)
{
	size_t n;
	int ret;

	for (; len; iova += n, buf += n, len -= n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(iova));
		if (vfio_mdev_kept_copy(mdev, iova, buf, n, write))
			continue;
		ret = vfio_mdev_keep_page(mdev, iova, write ? IOMMU_WRITE :
							      IOMMU_READ);
		if (!ret && vfio_mdev_kept_copy(mdev, iova, buf, n, write))
			continue;
		ret = vfio_mdev_dma_rw(mdev, iova, buf, n, write);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_kept_rw);
