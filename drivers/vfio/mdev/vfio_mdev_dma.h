/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the user that a mediated device has pinned, see vfio_mdev_dma.c
 */
#ifndef VFIO_MDEV_DMA_H
#define VFIO_MDEV_DMA_H

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "vfio_mdev_dirty.h"

struct mdev_device;
struct page;
struct task_struct;
struct vfio_device;

/* Each is followed by the next, the last one by the first. */
enum vfio_mdev_dma_state {
	VFIO_MDEV_DMA_CLOSED,
	VFIO_MDEV_DMA_OPEN,	/* VFIO may not know the device yet */
	VFIO_MDEV_DMA_USED,	/* by its file: the only one in which to pin */
	VFIO_MDEV_DMA_CLOSING,
};

/**
 * struct vfio_mdev_dma - what a device has to do with memory of its user
 * @mdev: the device
 * @vdev: the same as VFIO sees it
 * @lock: protects all that follows and the pins themselves. No other lock of ours
 *	  is taken inside, and nothing of VFIO or the vendor is called.
 * @state: also read without the lock, where it cannot change or does not matter
 * @tree: pins whose pages VFIO may count as pinned, by page
 * @vendors: pins that the vendor has not given back
 * @undo: pins for @work to undo
 * @unmaps: ranges that are being unmapped, in which no pin can begin
 * @kept: pins that are kept, by page number; read under RCU
 * @oldest: the same, in the order in which they will go
 * @nr_kept: how many
 * @budget: how many there may be, 0 if the vendor did not ask for any
 * @telling: calls of the vendor's dma_unmap() that are under way
 * @wait: woken when pins have left @tree, and when @telling drops to 0
 * @work: undoes pins where the caller may hold a lock that VFIO's unpinning needs
 * @log: which pages were written to; has a lock of its own, which is outside of @lock
 */
struct vfio_mdev_dma {
	struct mdev_device *mdev;
	struct vfio_device *vdev;
	spinlock_t lock;		/* see above */
	enum vfio_mdev_dma_state state;
	struct rb_root_cached tree;
	struct list_head vendors;
	struct list_head undo;
	struct list_head unmaps;
	struct xarray kept;
	struct list_head oldest;
	unsigned int nr_kept;
	unsigned int budget;
	unsigned int telling;
	wait_queue_head_t wait;
	struct work_struct work;
	struct vfio_mdev_log log;
};

enum vfio_mdev_pin_state {
	VFIO_MDEV_PINNING,	/* VFIO is at it */
	VFIO_MDEV_LIVE,		/* can be used */
	VFIO_MDEV_DEAD,		/* is being unpinned, or has been */
};

/**
 * struct vfio_mdev_pin - pages that are pinned
 * @dma: of whom
 * @node: which pages, by number; in the tree until VFIO has unpinned them
 * @vendor: in the list of those that the vendor has
 * @undo: in a list of those to be unpinned
 * @state: see above
 * @stale: its range began to be unmapped after it was begun
 * @writes: the device may write to the pages
 * @is_kept: is a &struct vfio_mdev_kept, and not the vendor's
 * @refs: one for the tree, one for the vendor or whoever makes it; the last one to
 *	  go frees it
 *
 * All but @dma, @node, @writes and @is_kept are protected by the lock of @dma.
 */
struct vfio_mdev_pin {
	struct vfio_mdev_dma *dma;
	struct interval_tree_node node;
	struct list_head vendor;
	struct list_head undo;
	enum vfio_mdev_pin_state state;
	bool stale;
	bool writes;
	bool is_kept;
	unsigned int refs;
};

/**
 * struct vfio_mdev_unmap - a range that a thread is unmapping
 * @entry: in the list of @dma, while that is set
 * @dma: the device; type1 leaves it to @end to take this out of the list, which
 *	 may be when the device is long closed, and then it is %NULL. Protected by
 *	 a lock of its own, see vfio_mdev_dma_unmap.c.
 * @task: the thread
 * @first: page number
 * @last: page number
 * @calls: how often VFIO called because of it
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

/* That of a device that is bound; NULL before it is opened for the first time */
struct vfio_mdev_dma *vfio_mdev_dma_of(struct mdev_device *mdev);

/* To be freed by kfree() while it is not open; NULL if there is no memory */
struct vfio_mdev_dma *vfio_mdev_dma_new(struct mdev_device *mdev);
void vfio_mdev_dma_open(struct vfio_mdev_dma *dma);
void vfio_mdev_dma_first_use(struct vfio_mdev_dma *dma);
void vfio_mdev_dma_unmap(struct vfio_mdev_dma *dma, u64 iova, u64 length);
/* Before the vendor's release(), and after it or a failed open() */
void vfio_mdev_dma_closing(struct vfio_mdev_dma *dma);
void vfio_mdev_dma_closed(struct vfio_mdev_dma *dma);

/* With each read, write, ioctl and mmap of the device's file */
static inline void vfio_mdev_dma_use(struct vfio_mdev_dma *dma)
{
	if (READ_ONCE(dma->state) == VFIO_MDEV_DMA_OPEN)
		vfio_mdev_dma_first_use(dma);
}

int vfio_mdev_dma_init(void);
void vfio_mdev_dma_exit(void);
void vfio_mdev_unmap_init(void);
void vfio_mdev_unmap_exit(void);

/* The rest is for files named vfio_mdev_d*.c only. With the lock held: */

/* The first or, after @pin, the next one of the pins in a range of pages; or NULL */
struct vfio_mdev_pin *vfio_mdev_pin_next(struct vfio_mdev_dma *dma,
					 struct vfio_mdev_pin *pin,
					 unsigned long first,
					 unsigned long last);
/* Has it unpinned by the work item; it is DEAD at once */
void vfio_mdev_pin_undo_later(struct vfio_mdev_pin *pin);
/* The work item is queued, if there is something for it: by who is going to wait for it */
void vfio_mdev_undo_start(struct vfio_mdev_dma *dma);
void vfio_mdev_pin_put(struct vfio_mdev_pin *pin);
/* Whether a range of pages is being unmapped, in part at least */
bool vfio_mdev_is_unmapped(struct vfio_mdev_dma *dma, unsigned long first,
			   unsigned long last);
/* Whether the caller is VFIO, which may hold a lock that it would take again */
bool vfio_mdev_in_unmap(struct vfio_mdev_dma *dma);

/* Without it: */

/* A new one of @size bytes, with a reference for the caller, or NULL */
struct vfio_mdev_pin *vfio_mdev_pin_new(struct vfio_mdev_dma *dma, u64 iova,
					unsigned int npage, size_t size);
/* The pin is LIVE, if it did not cease to be that meanwhile; or it is not in the tree. */
int vfio_mdev_pin_do(struct vfio_mdev_pin *pin, int prot, struct page **pages);
/* Of one that is DEAD, and was not left to the work item */
void vfio_mdev_pin_undo_now(struct vfio_mdev_pin *pin);
bool vfio_mdev_has_pins(struct vfio_mdev_dma *dma, unsigned long first,
			unsigned long last);
void vfio_mdev_forget_unmaps(struct vfio_mdev_dma *dma);
/* What is kept in a range of pages cannot be found any more when this returns. */
void vfio_mdev_kept_hide(struct vfio_mdev_dma *dma, unsigned long first,
			 unsigned long last);

#endif /* VFIO_MDEV_DMA_H */
