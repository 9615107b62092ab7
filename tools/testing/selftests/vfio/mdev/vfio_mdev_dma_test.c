// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: memory of the user that a device has to itself, and what becomes of it when
 * the user unmaps it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE	4096UL
#define PAGES	1024UL
#define IOVA	0x100000000ULL

static void load_modules(void)
{
	module_load(TEST_DMA);
	vfio_dma_load_modules();
}

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

FIXTURE_SETUP(dma)
{
	self->dev = VFIO_DEV_CLOSED;
	self->mem = map_memory(PAGES * PAGE);
	load_modules();
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
	mdev_create_new(TEST_DMA, TEST_DMA_TYPE, self->uuid);
	vfio_dev_open_by(&self->dev, variant->way, self->uuid);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
}

FIXTURE_TEARDOWN(dma)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_DMA);
	module_set_param(TEST_DMA, "forget", 0);
	munmap(self->mem, PAGES * PAGE);
}

static void open_type(struct vfio_dev *dev, const char *type, char *uuid,
		      const struct vfio_dev_way *way)
{
	vfio_dev_close(dev);
	mdev_create_new(TEST_DMA, type, uuid);
	vfio_dev_open_by(dev, way, uuid);
}

/* The vendor sees what the program writes, and the other way round. */
TEST_F(dma, is_the_users_memory)
{
	__u64 *word = (__u64 *)(self->mem + 3 * PAGE + 8), value = 0;

	*word = 0x1122334455667788ULL;
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA + 2 * PAGE, 4, IOMMU_RW));
	EXPECT_EQ(0, test_dma_load(&self->dev, 0, PAGE + 8, &value));
	EXPECT_EQ(*word, value);
	EXPECT_EQ(0, test_dma_store(&self->dev, 0, PAGE + 8, 77));
	EXPECT_EQ(77, *word);
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(0, test_dma_unmaps(&self->dev, NULL, NULL));
}

/* Pins may overlap, and each is given back on its own. */
TEST_F(dma, may_overlap)
{
	__u64 value;

	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 8, IOMMU_RW));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 1, IOVA + 4 * PAGE, 8, IOMMU_READ));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(0, test_dma_load(&self->dev, 1, 0, &value));
	vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE);
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, NULL, NULL));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 1));
}

/* On each kernel, whichever way the device was opened, the same errno */
TEST_F(dma, errnos)
{
	const __u64 end = IOVA + PAGES * PAGE;
	static const struct {
		__u64 iova;
		unsigned int npage;
		int prot;
		int errno_of;
	} table[] = {
		{ IOVA, 0, IOMMU_READ, EINVAL },
		{ IOVA, 512, IOMMU_RW, 0 },
		{ IOVA, 513, IOMMU_RW, E2BIG },
		{ IOVA, ~0U, IOMMU_RW, E2BIG },
		{ IOVA + 1, 1, IOMMU_RW, EINVAL },
		{ IOVA + 8, 1, IOMMU_RW, EINVAL },
		{ IOVA, 1, 0, EINVAL },
		{ IOVA, 1, 4, EINVAL },
		{ IOVA, 1, -1, EINVAL },
		{ 0, 1, IOMMU_READ, EINVAL },
		{ IOVA - PAGE, 2, IOMMU_READ, EINVAL },
		{ end, 1, IOMMU_READ, EINVAL },
		{ end - PAGE, 2, IOMMU_READ, EINVAL },
		{ -PAGE, 1, IOMMU_READ, EINVAL },
		{ -PAGE, 2, IOMMU_READ, EINVAL },
		{ end - PAGE, 1, IOMMU_READ, 0 },
	};
	__u64 value = 0;
	size_t i;

	ASSERT_EQ(end, 0x100400000ULL);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		EXPECT_EQ(-table[i].errno_of,
			  test_dma_pin(&self->dev, i, table[i].iova,
				       table[i].npage, table[i].prot))
			TH_LOG("row %zu", i);
	}
	EXPECT_EQ(0, test_dma_read(&self->dev, end - 8, &value));
	EXPECT_EQ(-EINVAL, test_dma_read(&self->dev, end - 4, &value));
	EXPECT_EQ(-EINVAL, test_dma_read(&self->dev, 0, &value));
	EXPECT_EQ(-EINVAL, test_dma_read(&self->dev, -4, &value));
	EXPECT_EQ(-EINVAL, test_dma_write(&self->dev, 0, value));
}

/* What the user lets the device only read, it does not write. */
TEST_F(dma, read_only)
{
	__u64 value = 0;

	vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGE, false);
	EXPECT_EQ(-EPERM, test_dma_pin(&self->dev, 0, IOVA, 1, IOMMU_WRITE));
	EXPECT_EQ(-EPERM, test_dma_pin(&self->dev, 0, IOVA, 1, IOMMU_RW));
	EXPECT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 1, IOMMU_READ));
	EXPECT_EQ(0, test_dma_read(&self->dev, IOVA, &value));
	EXPECT_EQ(-EPERM, test_dma_write(&self->dev, IOVA, value));
	test_dma_budget(&self->dev, 8);
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA, IOMMU_READ));
	EXPECT_EQ(-EPERM, test_dma_keep(&self->dev, IOVA, IOMMU_WRITE));
	EXPECT_EQ(-EPERM, test_dma_kept_write(&self->dev, IOVA, value));
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA, IOMMU_READ, &value));
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA, IOMMU_RW, &value));
}

/*
 * Unmapping
 */

/* The vendor is told, its pages are unpinned, and the user has them back. */
TEST_F(dma, is_unmapped)
{
	unsigned int npage;
	__u64 iova, value;

	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA + PAGE, 3, IOMMU_RW));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 1, IOVA + 9 * PAGE, 1, IOMMU_RW));
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE));
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, &iova, &npage));
	EXPECT_EQ(IOVA + PAGE, iova);
	EXPECT_EQ(9, npage);
	EXPECT_EQ(-ESTALE, test_dma_load(&self->dev, 0, 0, &value));
	EXPECT_EQ(0, vfio_dma_locked());
	EXPECT_EQ(-EINVAL, test_dma_pin(&self->dev, 2, IOVA, 1, IOMMU_RW));
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
	EXPECT_EQ(0, test_dma_pin(&self->dev, 2, IOVA, 1, IOMMU_RW));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 1));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 2));
}

/* The vendor may give pins back while it is told that they are unmapped. */
TEST_F(dma, is_unpinned_within)
{
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 16, IOMMU_RW));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 1, IOVA + 99 * PAGE, 1, IOMMU_RW));
	test_dma_within(&self->dev, TEST_DMA_UNPINS, 0);
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE));
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, NULL, NULL));
	EXPECT_EQ(0, vfio_dma_locked());
	EXPECT_EQ(-ENXIO, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(-ENXIO, test_dma_unpin(&self->dev, 1));
}

/* To pin or to read there could hang the kernel. It fails. */
TEST_F(dma, neither_pins_nor_reads_within)
{
	int pin, rw;

	vfio_dma_map(&self->dev, 0, self->mem, PAGE, true);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 1, IOMMU_RW));
	test_dma_within(&self->dev, TEST_DMA_TRIES, 0);
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE));
	test_dma_tried(&self->dev, &pin, &rw);
	EXPECT_EQ(-EDEADLK, pin);
	EXPECT_EQ(-EDEADLK, rw);
	EXPECT_EQ(0, test_dma_pin(&self->dev, 1, 0, 1, IOMMU_RW));
}

/* Who has nothing pinned there hears nothing of it. */
TEST_F(dma, elsewhere)
{
	__u64 value;

	vfio_dma_map(&self->dev, 0, self->mem, PAGE, true);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 1, IOMMU_RW));
	vfio_dma_unmap(&self->dev, 0, PAGE);
	EXPECT_EQ(0, test_dma_unmaps(&self->dev, NULL, NULL));
	EXPECT_EQ(0, test_dma_load(&self->dev, 0, 0, &value));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE);
	EXPECT_EQ(0, test_dma_unmaps(&self->dev, NULL, NULL));
}

/* Of a pin over two mappings, one goes: the vendor is told of the whole pin. */
TEST_F(dma, in_part)
{
	unsigned int npage;
	__u64 iova, value;

	vfio_dma_map(&self->dev, IOVA + PAGES * PAGE, self->mem, 8 * PAGE, true);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA + (PAGES - 2) * PAGE, 4,
				  IOMMU_RW));
	vfio_dma_unmap(&self->dev, IOVA + PAGES * PAGE, 8 * PAGE);
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, &iova, &npage));
	EXPECT_EQ(IOVA + (PAGES - 2) * PAGE, iova);
	EXPECT_EQ(4, npage);
	EXPECT_EQ(-ESTALE, test_dma_load(&self->dev, 0, 0, &value));
	EXPECT_EQ(0, vfio_dma_locked());
}

/*
 * Opening and closing
 */

/* What the vendor left pinned is unpinned, and the log says who that was. */
TEST_F(dma, is_forgotten)
{
	struct klog log;

	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 5, IOMMU_RW));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 1, IOVA + 7 * PAGE, 1, IOMMU_READ));
	EXPECT_LT(0, vfio_dma_locked());
	module_set_param(TEST_DMA, "forget", 1);
	klog_begin(&log);
	vfio_dev_close(&self->dev);
	klog_read(&log);
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, "did not give back"));
	EXPECT_TRUE(klog_has(&log, self->uuid, TEST_DMA, " 2 pins"));
	EXPECT_EQ(0, vfio_dma_locked());
}

/* Closed with pins that the vendor gives back in release(), there is nothing to say. */
TEST_F(dma, is_closed)
{
	struct klog log;

	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 5, IOMMU_RW));
	test_dma_budget(&self->dev, 8);
	ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + 9 * PAGE, IOMMU_RW));
	klog_begin(&log);
	vfio_dev_close(&self->dev);
	klog_read(&log);
	klog_end(&log);
	EXPECT_EQ(0, klog_lines(&log, "did not give back"));
	EXPECT_EQ(0, vfio_dma_locked());
}

/* The next user has no pin, no kept page and no budget of the last one. */
TEST_F(dma, is_opened_again)
{
	__u64 value;

	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 5, IOMMU_RW));
	test_dma_budget(&self->dev, 8);
	ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA, IOMMU_RW));
	vfio_dev_close(&self->dev);
	vfio_dev_open_by(&self->dev, variant->way, self->uuid);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA, IOMMU_READ, &value));
	EXPECT_EQ(-EINVAL, test_dma_keep(&self->dev, IOVA, IOMMU_RW));
	EXPECT_EQ(-ENXIO, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 5, IOMMU_RW));
}

/* Without dma_unmap() no pins, but everything else */
TEST_F(dma, without_dma_unmap)
{
	__u64 value = 0;

	open_type(&self->dev, TEST_DMA_CANNOT, self->uuid, variant->way);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
	EXPECT_EQ(-EINVAL, test_dma_pin(&self->dev, 0, IOVA, 1, IOMMU_RW));
	EXPECT_EQ(0, test_dma_write(&self->dev, IOVA, 5));
	EXPECT_EQ(0, test_dma_read(&self->dev, IOVA, &value));
	EXPECT_EQ(5, value);
	test_dma_budget(&self->dev, 8);
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA, IOMMU_RW));
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE));
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA, IOMMU_RW, &value));
	EXPECT_EQ(0, vfio_dma_locked());
}

/* It is too early for pins in open(), which is no reason for it to fail. */
TEST_F(dma, in_open)
{
	open_type(&self->dev, TEST_DMA_EARLY, self->uuid, variant->way);
	EXPECT_EQ(-ENODEV, test_dma_opened(&self->dev));
}

/* A vendor may insist on a virtual machine, and has an errno of its own for that. */
TEST_F(dma, without_kvm)
{
	vfio_dev_close(&self->dev);
	mdev_create_new(TEST_DMA, TEST_DMA_KVM, self->uuid);
	EXPECT_EQ(-ESRCH, __vfio_dev_open_by(&self->dev, variant->way,
					     self->uuid));
}

/*
 * Pins that are kept
 */

TEST_F(dma, is_kept)
{
	__u64 *word = (__u64 *)(self->mem + PAGE), value = 0;

	test_dma_budget(&self->dev, 8);
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_READ,
					 &value));
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA + PAGE + 5, IOMMU_READ));
	*word = 42;
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_READ, &value));
	EXPECT_EQ(42, value);
	/* For more than that it is pinned anew. */
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_RW,
					 &value));
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA + PAGE, IOMMU_RW));
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_RW, &value));
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA + PAGE, IOMMU_WRITE));
	EXPECT_EQ(PAGE / 1024, vfio_dma_locked());
	vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE);
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_READ,
					 &value));
	EXPECT_EQ(0, vfio_dma_locked());
	EXPECT_EQ(0, test_dma_unmaps(&self->dev, NULL, NULL));
}

/* A page that is read and written in turns, as one of a ring is, stays kept for both. */
TEST_F(dma, is_kept_for_both)
{
	__u64 value = 0;

	test_dma_budget(&self->dev, 8);
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA, IOMMU_READ));
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA, IOMMU_WRITE));
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA, IOMMU_READ, &value));
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA, IOMMU_RW, &value));
	EXPECT_EQ(PAGE / 1024, vfio_dma_locked());
}

/* Over the end of a page, and where nothing is kept yet; not where nothing is mapped */
TEST_F(dma, kept_is_read_and_written)
{
	__u64 *word = (__u64 *)(self->mem + PAGE - 4), value = 0;

	test_dma_budget(&self->dev, 8);
	*word = 0x1122334455667788ULL;
	EXPECT_EQ(0, test_dma_kept_read(&self->dev, IOVA + PAGE - 4, &value));
	EXPECT_EQ(*word, value);
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA, IOMMU_READ, &value));
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_READ, &value));
	EXPECT_EQ(0, test_dma_kept_write(&self->dev, IOVA + PAGE - 4, 99));
	EXPECT_EQ(99, *word);
	EXPECT_EQ(-EINVAL, test_dma_kept_read(&self->dev, IOVA - 8, &value));
	EXPECT_EQ(-EINVAL, test_dma_kept_write(&self->dev,
					       IOVA + PAGES * PAGE - 4, 1));
	/* Without a budget it works, too. */
	test_dma_budget(&self->dev, 0);
	EXPECT_EQ(0, test_dma_kept_read(&self->dev, IOVA + 9 * PAGE, &value));
	EXPECT_EQ(-EINVAL, test_dma_keep(&self->dev, IOVA, IOMMU_RW));
}

/* What was used stays rather than what was not. */
TEST_F(dma, kept_within_the_budget)
{
	__u64 value;
	int i, kept = 0;

	test_dma_budget(&self->dev, 16);
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + i * PAGE, IOMMU_RW));
	EXPECT_EQ(16 * PAGE / 1024, vfio_dma_locked());
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA, IOMMU_RW, &value));
	ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + 16 * PAGE, IOMMU_RW));
	EXPECT_EQ(14 * PAGE / 1024, vfio_dma_locked());
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA, IOMMU_RW, &value));
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA + PAGE, IOMMU_RW,
					 &value));
	EXPECT_EQ(0, test_dma_kept(&self->dev, IOVA + 16 * PAGE, IOMMU_RW,
				   &value));
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + i * PAGE, IOMMU_RW));
	EXPECT_GE(16 * PAGE / 1024, vfio_dma_locked());
	for (i = 0; i < 300; i++)
		kept += !test_dma_kept(&self->dev, IOVA + i * PAGE, IOMMU_RW,
				       &value);
	EXPECT_EQ(vfio_dma_locked() * 1024 / PAGE, kept);
}

/* Nothing counts any more that was unmapped, or pinned anew for more. */
TEST_F(dma, kept_is_counted)
{
	int i;

	test_dma_budget(&self->dev, 16);
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + i * PAGE, IOMMU_RW));
	vfio_dma_unmap(&self->dev, IOVA, PAGES * PAGE);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + i * PAGE,
					   IOMMU_READ));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + i * PAGE, IOMMU_RW));
	EXPECT_EQ(16 * PAGE / 1024, vfio_dma_locked());
}

/*
 * The address space of a character device is taken away, or another one given.
 */

FIXTURE(ioas) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
	char *mem;
};

FIXTURE_SETUP(ioas)
{
	self->dev = VFIO_DEV_CLOSED;
	self->mem = map_memory(PAGES * PAGE);
	load_modules();
	if (!vfio_dev_by_cdev.available())
		SKIP(return, "this kernel has no character devices");
	mdev_create_new(TEST_DMA, TEST_DMA_TYPE, self->uuid);
	vfio_dev_open_by(&self->dev, &vfio_dev_by_cdev, self->uuid);
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA + PAGE, 2, IOMMU_RW));
	test_dma_budget(&self->dev, 8);
	ASSERT_EQ(0, test_dma_keep(&self->dev, IOVA + 7 * PAGE, IOMMU_RW));
}

FIXTURE_TEARDOWN(ioas)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_DMA);
	munmap(self->mem, PAGES * PAGE);
}

TEST_F(ioas, is_replaced)
{
	unsigned int npage;
	__u64 iova, value;

	ASSERT_EQ(0, __vfio_dma_replace(&self->dev));
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, &iova, &npage));
	EXPECT_EQ(IOVA + PAGE, iova);
	EXPECT_EQ(2, npage);
	EXPECT_EQ(-ESTALE, test_dma_load(&self->dev, 0, 0, &value));
	EXPECT_EQ(-EINVAL, test_dma_pin(&self->dev, 1, IOVA, 1, IOMMU_RW));
	EXPECT_EQ(-ENOENT, test_dma_kept(&self->dev, IOVA + 7 * PAGE, IOMMU_RW,
					 &value));
	vfio_dma_map(&self->dev, IOVA, self->mem, PAGES * PAGE, true);
	EXPECT_EQ(0, test_dma_pin(&self->dev, 1, IOVA, 1, IOMMU_RW));
}

TEST_F(ioas, is_detached)
{
	unsigned int npage;
	__u64 iova, value;

	ASSERT_EQ(0, __vfio_dma_detach(&self->dev));
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, &iova, &npage));
	EXPECT_EQ(IOVA + PAGE, iova);
	EXPECT_EQ(2, npage);
	EXPECT_EQ(-EINVAL, test_dma_pin(&self->dev, 1, IOVA, 1, IOMMU_RW));
	EXPECT_EQ(-EINVAL, test_dma_read(&self->dev, IOVA, &value));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	ASSERT_EQ(0, __vfio_dma_replace(&self->dev));
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, NULL, NULL));
}

TEST_HARNESS_MAIN
