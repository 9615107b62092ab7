/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What mdev_test_dma.ko can be told to do, by an ioctl on a device's file; also for
 * programs
 */
#ifndef MDEV_TEST_DMA_H
#define MDEV_TEST_DMA_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MDEV_TEST_DMA_SLOTS	64

enum mdev_test_dma_op {
	MDEV_TEST_DMA_PIN,	/* npage pages at iova, into the slot after value ms */
	MDEV_TEST_DMA_UNPIN,	/* those of the slot */
	MDEV_TEST_DMA_LOAD,	/* value from offset iova of the slot's pages */
	MDEV_TEST_DMA_STORE,	/* value to there */
	MDEV_TEST_DMA_READ,	/* value at iova, by vfio_mdev_dma_rw() */
	MDEV_TEST_DMA_WRITE,	/* to there */
	MDEV_TEST_DMA_COUNT,	/* calls of dma_unmap(), and the range of the last one */
	MDEV_TEST_DMA_OPENED,	/* what pinning in open() said; only type 4 tries */
	MDEV_TEST_DMA_WITHIN,	/* what dma_unmap() does from now on, by value */
	MDEV_TEST_DMA_TRIED,	/* what that said: value of pin, npage of dma_rw */
	MDEV_TEST_DMA_BUDGET,	/* keeps at most npage pages */
	MDEV_TEST_DMA_KEEP,	/* the page at iova */
	MDEV_TEST_DMA_KEPT,	/* value at iova, if the page is kept, or -ENOENT */
	MDEV_TEST_DMA_KREAD,	/* value at iova, by vfio_mdev_kept_rw() */
	MDEV_TEST_DMA_KWRITE,	/* to there */
};

/* For MDEV_TEST_DMA_WITHIN, or'ed */
#define MDEV_TEST_DMA_UNPINS	1	/* gives the pins back */
#define MDEV_TEST_DMA_TRIES	2	/* pins at iova, and reads there */

struct mdev_test_dma_args {
	__u32 op;
	__u32 slot;
	__u64 iova;
	__u32 npage;
	__u32 prot;
	__u64 value;
};

#define MDEV_TEST_DMA	_IOWR('M', 0, struct mdev_test_dma_args)

#endif /* MDEV_TEST_DMA_H */
