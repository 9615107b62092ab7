/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vendor that pins when told to, mdev_test_dma.ko
 */
#ifndef LIBMDEV_TEST_DMA_H
#define LIBMDEV_TEST_DMA_H

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

#define TEST_DMA		"mdev_test_dma"
#define TEST_DMA_TYPE		TEST_DMA "-1"	/* which does as it should */
#define TEST_DMA_CANNOT		TEST_DMA "-2"	/* without dma_unmap() */
#define TEST_DMA_KVM		TEST_DMA "-3"	/* in a virtual machine only */
#define TEST_DMA_EARLY		TEST_DMA "-4"	/* pins in open() */

/* What dma_unmap() does, or'ed */
#define TEST_DMA_UNPINS		1	/* gives the pins back */
#define TEST_DMA_TRIES		2	/* pins and reads at an address */

/* Of the kernel, which user space has no header for */
#define IOMMU_READ		1
#define IOMMU_WRITE		2
#define IOMMU_RW		(IOMMU_READ | IOMMU_WRITE)

/* All return 0 or what the vendor did not manage, -errno. */

/* @npage pages at @iova into a slot, of which there are 64; and out of it */
int test_dma_pin(struct vfio_dev *dev, unsigned int slot, __u64 iova,
		 unsigned int npage, int prot);
int test_dma_unpin(struct vfio_dev *dev, unsigned int slot);
/* A page, which the vendor has for @ms milliseconds before it notes that down */
int test_dma_pin_slowly(struct vfio_dev *dev, unsigned int slot, __u64 iova,
			unsigned int ms);
/* Through the pin, at @offset of its pages; -ESTALE if they were unmapped */
int test_dma_load(struct vfio_dev *dev, unsigned int slot, __u64 offset,
		  __u64 *value);
int test_dma_store(struct vfio_dev *dev, unsigned int slot, __u64 offset,
		   __u64 value);
/* By vfio_mdev_dma_rw() */
int test_dma_read(struct vfio_dev *dev, __u64 iova, __u64 *value);
int test_dma_write(struct vfio_dev *dev, __u64 iova, __u64 value);

/* What dma_unmap() does from now on, and what it got when it tried */
void test_dma_within(struct vfio_dev *dev, unsigned int what, __u64 iova);
void test_dma_tried(struct vfio_dev *dev, int *pin, int *rw);
/* How often it was called since the device was opened, and for which range last */
unsigned int test_dma_unmaps(struct vfio_dev *dev, __u64 *iova,
			     unsigned int *npage);
/* What pinning in open() got */
int test_dma_opened(struct vfio_dev *dev);

/* Kept pins: how many there may be, keep one, look one up, and by vfio_mdev_kept_rw() */
void test_dma_budget(struct vfio_dev *dev, unsigned int npage);
int test_dma_keep(struct vfio_dev *dev, __u64 iova, int prot);
int test_dma_kept(struct vfio_dev *dev, __u64 iova, int prot, __u64 *value);
int test_dma_kept_read(struct vfio_dev *dev, __u64 iova, __u64 *value);
int test_dma_kept_write(struct vfio_dev *dev, __u64 iova, __u64 value);

/* Highest number of times that VFIO called for a range, from the first of these on */
void test_dma_calls_begin(void);
long test_dma_calls(void);

#endif /* LIBMDEV_TEST_DMA_H */
