// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: memory of the user that a device has to itself, and what becomes of it when
 * the user unmaps it
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#include "test_modules/mdev_test_dma.h"

#define MODULE	"mdev_test_dma"
#define PINS	MODULE "-1"
#define PAGE	4096UL
#define PAGES	1024UL
#define IOVA	0x100000000ULL
#define RW	(PROT_READ | PROT_WRITE)

/* Of the kernel, which user space has no header for */
#define IOMMU_READ	1
#define IOMMU_WRITE	2

FIXTURE(dma) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
	char *mem;
};

FIXTURE_VARIANT(dma) {
	const struct vfio_dev_way *way;
};

FIXTURE_VARIANT_ADD(dma, group) {
	.way = &vfio_dev_by_group,
};

FIXTURE_VARIANT_ADD(dma, group_iommufd) {
	.way = &vfio_dev_by_group_iommufd,
};

FIXTURE_VARIANT_ADD(dma, cdev) {
	.way = &vfio_dev_by_cdev,
};

/* 0 or -errno of the vendor */
static int vendor_do(struct vfio_dev *dev, struct mdev_test_dma_args *args)
{
	return ioctl(dev->fd, MDEV_TEST_DMA, args) ? -errno : 0;
}

static int pin(struct vfio_dev *dev, unsigned int slot, __u64 iova,
	       unsigned int npage, int prot)
{
	struct mdev_test_dma_args args = {
		.op = MDEV_TEST_DMA_PIN, .slot = slot, .iova = iova,
		.npage = npage, .prot = prot,
	};

	return vendor_do(dev, &args);
}

static int unpin(struct vfio_dev *dev, unsigned int slot)
{
	struct mdev_test_dma_args args = {
		.op = MDEV_TEST_DMA_UNPIN, .slot = slot,
	};

	return vendor_do(dev, &args);
}

/* Through the pin */
static int load(struct vfio_dev *dev, unsigned int slot, __u64 offset,
		__u64 *value)
{
	struct mdev_test_dma_args args = {
		.op = MDEV_TEST_DMA_LOAD, .slot = slot, .iova = offset,
	};
	int ret = vendor_do(dev, &args);

	*value = args.value;
	return ret;
}

static int store(struct vfio_dev *dev, unsigned int slot, __u64 offset,
		 __u64 value)
{
	struct mdev_test_dma_args args = {
		.op = MDEV_TEST_DMA_STORE, .slot = slot, .iova = offset,
		.value = value,
	};

	return vendor_do(dev, &args);
}

FIXTURE_SETUP(dma)
{
	self->dev = VFIO_DEV_CLOSED;
	self->mem = mmap(NULL, PAGES * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	module_load(MODULE);
	module_load("vfio_iommu_type1");
	__module_load("iommufd");
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
	mdev_create_new(MODULE, PINS, self->uuid);
	vfio_dev_open_by(&self->dev, variant->way, self->uuid);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
}

FIXTURE_TEARDOWN(dma)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MODULE);
	munmap(self->mem, PAGES * PAGE);
}

/* The vendor sees what the program writes, and the other way round. */
TEST_F(dma, is_the_users_memory)
{
	__u64 *word = (__u64 *)(self->mem + 3 * PAGE + 8), value = 0;

	*word = 0x1122334455667788ULL;
	ASSERT_EQ(0, pin(&self->dev, 0, IOVA + 2 * PAGE, 4,
			 IOMMU_READ | IOMMU_WRITE));
	EXPECT_EQ(0, load(&self->dev, 0, PAGE + 8, &value));
	EXPECT_EQ(*word, value);
	EXPECT_EQ(0, store(&self->dev, 0, PAGE + 8, 77));
	EXPECT_EQ(77, *word);
	EXPECT_EQ(0, unpin(&self->dev, 0));
}

TEST_HARNESS_MAIN
