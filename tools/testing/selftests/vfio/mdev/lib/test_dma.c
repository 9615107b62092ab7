// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>
#include <libmdev/test_dma.h>

#include "../test_modules/mdev_test_dma.h"

#define CALLS	"/sys/kernel/debug/vfio_mdev/dma_unmap_calls"

static int vendor_do(struct vfio_dev *dev, struct mdev_test_dma_args *args)
{
	return ioctl(dev->fd, MDEV_TEST_DMA, args) ? -errno : 0;
}

static struct mdev_test_dma_args vendor_must(struct vfio_dev *dev,
					     struct mdev_test_dma_args args)
{
	int ret = vendor_do(dev, &args);

	MDEV_ASSERT(!ret, "the vendor says %s to %u", strerror(-ret), args.op);
	return args;
}

static int vendor_get(struct vfio_dev *dev, struct mdev_test_dma_args args,
		      __u64 *value)
{
	int ret = vendor_do(dev, &args);

	if (value)
		*value = args.value;
	return ret;
}

#define ARGS(_op, ...) \
	((struct mdev_test_dma_args){ .op = MDEV_TEST_DMA_##_op, __VA_ARGS__ })

int test_dma_pin(struct vfio_dev *dev, unsigned int slot, __u64 iova,
		 unsigned int npage, int prot)
{
	return vendor_get(dev, ARGS(PIN, .slot = slot, .iova = iova,
				    .npage = npage, .prot = prot), NULL);
}

int test_dma_pin_slowly(struct vfio_dev *dev, unsigned int slot, __u64 iova,
			unsigned int ms)
{
	return vendor_get(dev, ARGS(PIN, .slot = slot, .iova = iova, .npage = 1,
				    .prot = IOMMU_RW, .value = ms), NULL);
}

int test_dma_unpin(struct vfio_dev *dev, unsigned int slot)
{
	return vendor_get(dev, ARGS(UNPIN, .slot = slot), NULL);
}

int test_dma_load(struct vfio_dev *dev, unsigned int slot, __u64 offset,
		  __u64 *value)
{
	return vendor_get(dev, ARGS(LOAD, .slot = slot, .iova = offset), value);
}

int test_dma_store(struct vfio_dev *dev, unsigned int slot, __u64 offset,
		   __u64 value)
{
	return vendor_get(dev, ARGS(STORE, .slot = slot, .iova = offset,
				    .value = value), NULL);
}

int test_dma_read(struct vfio_dev *dev, __u64 iova, __u64 *value)
{
	return vendor_get(dev, ARGS(READ, .iova = iova), value);
}

int test_dma_write(struct vfio_dev *dev, __u64 iova, __u64 value)
{
	return vendor_get(dev, ARGS(WRITE, .iova = iova, .value = value), NULL);
}

void test_dma_within(struct vfio_dev *dev, unsigned int what, __u64 iova)
{
	vendor_must(dev, ARGS(WITHIN, .value = what, .iova = iova));
}

void test_dma_tried(struct vfio_dev *dev, int *pin, int *rw)
{
	struct mdev_test_dma_args args = vendor_must(dev, ARGS(TRIED));

	*pin = args.value;
	*rw = args.npage;
}

unsigned int test_dma_unmaps(struct vfio_dev *dev, __u64 *iova,
			     unsigned int *npage)
{
	struct mdev_test_dma_args args = vendor_must(dev, ARGS(COUNT));

	if (iova)
		*iova = args.iova;
	if (npage)
		*npage = args.npage;
	return args.value;
}

int test_dma_opened(struct vfio_dev *dev)
{
	return vendor_get(dev, ARGS(OPENED), NULL);
}

void test_dma_budget(struct vfio_dev *dev, unsigned int npage)
{
	vendor_must(dev, ARGS(BUDGET, .npage = npage));
}

int test_dma_keep(struct vfio_dev *dev, __u64 iova, int prot)
{
	return vendor_get(dev, ARGS(KEEP, .iova = iova, .prot = prot), NULL);
}

int test_dma_kept(struct vfio_dev *dev, __u64 iova, int prot, __u64 *value)
{
	return vendor_get(dev, ARGS(KEPT, .iova = iova, .prot = prot), value);
}

int test_dma_kept_read(struct vfio_dev *dev, __u64 iova, __u64 *value)
{
	return vendor_get(dev, ARGS(KREAD, .iova = iova), value);
}

int test_dma_kept_write(struct vfio_dev *dev, __u64 iova, __u64 value)
{
	return vendor_get(dev, ARGS(KWRITE, .iova = iova, .value = value), NULL);
}

void test_dma_calls_begin(void)
{
	file_puts("0", CALLS);
}

long test_dma_calls(void)
{
	return file_long(CALLS);
}
