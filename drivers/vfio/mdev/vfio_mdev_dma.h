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

struct mdev_device;
struct vfio_device;
struct vfio_mdev_device_ops;

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
 * @ops: its callbacks
 * @lock: protects all that follows and the pins themselves. No other lock of ours
 *	  is taken inside, and nothing of VFIO or the vendor is called.
 * @state: also read without the lock, where it cannot change or does not matter
 * @tree: pins whose pages VFIO may count as pinned, by page
 * @vendors: pins that the vendor has not given back
 * @undo: pins for @work to undo
 * @unmaps: ranges that are being unmapped, in which no pin can begin
 * @telling: calls of the vendor's dma_unmap() that are under way
 * @wait: woken when a pin leaves @tree, and when @telling drops to 0
 * @work: undoes pins where the caller may hold a lock that VFIO's unpinning needs
 */
struct vfio_mdev_dma {
	struct mdev_device *mdev;
	struct vfio_device *vdev;
	const struct vfio_mdev_device_ops *ops;
	spinlock_t lock;		/* see above */
	enum vfio_mdev_dma_state state;
	struct rb_root_cached tree;
	struct list_head vendors;
	struct list_head undo;
	struct list_head unmaps;
	unsigned int telling;
	wait_queue_head_t wait;
	struct work_struct work;
};

/* That of a device that is bound */
struct vfio_mdev_dma *vfio_mdev_dma_of(struct mdev_device *mdev);

void vfio_mdev_dma_setup(struct vfio_mdev_dma *dma, struct mdev_device *mdev,
			 struct vfio_device *vdev);
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

#endif /* VFIO_MDEV_DMA_H */
