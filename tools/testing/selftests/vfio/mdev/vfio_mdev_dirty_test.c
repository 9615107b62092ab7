// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log: what user space is told of the memory that a device writes to, by
 * itself and through pins, and that nothing of it gets lost
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE	4096UL
#define PAGES	2048UL		/* of which the log has two chunks */
#define SIZE	(PAGES * PAGE)
#define IOVA	0x100000000ULL

typedef __u64 bitmap_t[PAGES / 64];

static bool bit(const __u64 *bitmap, unsigned int nr)
{
	return bitmap[nr / 64] >> nr % 64 & 1;
}

static unsigned int count(const __u64 *bitmap, unsigned int nr)
{
	unsigned int i, sum = 0;

	for (i = 0; i < nr; i++)
		sum += bit(bitmap, i);
	return sum;
}

FIXTURE(log) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
	char *mem;
	bitmap_t dirty;
};

FIXTURE_VARIANT(log) {
	const struct vfio_dev_way *way;
};

FIXTURE_VARIANT_ADD(log, group) {
	.way = &vfio_dev_by_group,
};

FIXTURE_VARIANT_ADD(log, group_iommufd) {
	.way = &vfio_dev_by_group_iommufd,
};

FIXTURE_VARIANT_ADD(log, cdev) {
	.way = &vfio_dev_by_cdev,
};

FIXTURE_SETUP(log)
{
	self->dev = VFIO_DEV_CLOSED;
	self->mem = map_memory(SIZE);
	module_load(TEST_DMA);
	vfio_dma_load_modules();
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
	mdev_create_new(TEST_DMA, TEST_DMA_TYPE, self->uuid);
	vfio_dev_open_by(&self->dev, variant->way, self->uuid);
	if (!dirty_log_available())
		SKIP(return, "this kernel has no log");
	vfio_dma_map(&self->dev, IOVA, self->mem, SIZE, true);
}

FIXTURE_TEARDOWN(log)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_DMA);
	munmap(self->mem, SIZE);
}

/* Everything that was written to, by page */
static unsigned int report(struct vfio_dev *dev, __u64 *bitmap)
{
	int ret;

	memset(bitmap, 0, sizeof(bitmap_t));
	ret = __dirty_report(dev, IOVA, SIZE, PAGE, bitmap);
	MDEV_ASSERT(!ret, "what was written: %s", strerror(-ret));
	return count(bitmap, PAGES);
}

static void write_page(struct vfio_dev *dev, unsigned int nr)
{
	int ret = test_dma_write(dev, IOVA + nr * PAGE + 16, nr);

	MDEV_ASSERT(!ret, "page %u: %s", nr, strerror(-ret));
}

/* One log at a time, and none without a start */
TEST_F(log, is_started_and_stopped)
{
	const struct dirty_range range = { .iova = IOVA, .length = SIZE };
	__u64 page_size = PAGE;

	EXPECT_EQ(-EINVAL, __dirty_report(&self->dev, IOVA, SIZE, PAGE,
					  self->dirty));
	EXPECT_EQ(0, __dirty_stop(&self->dev));
	dirty_start(&self->dev, IOVA, SIZE);
	EXPECT_EQ(-EINVAL, __dirty_start(&self->dev, &range, 1, &page_size));
	write_page(&self->dev, 1);
	/* The one that is there has not suffered. */
	EXPECT_EQ(1, report(&self->dev, self->dirty));
	write_page(&self->dev, 2);
	EXPECT_EQ(0, __dirty_stop(&self->dev));
	EXPECT_EQ(-EINVAL, __dirty_report(&self->dev, IOVA, SIZE, PAGE,
					  self->dirty));
	write_page(&self->dev, 3);
	dirty_start(&self->dev, IOVA, SIZE);
	EXPECT_EQ(0, report(&self->dev, self->dirty));
}

/* A page size is a wish, but has to be one. */
TEST_F(log, judges_page_sizes)
{
	const struct dirty_range range = { .iova = IOVA, .length = SIZE };
	static const struct {
		__u64 wish;
		int ret;
	} table[] = {
		{ 0, -EINVAL }, { 1, 0 }, { 3, -EINVAL }, { 12, -EINVAL },
		{ 4096, 0 }, { 4097, -EINVAL }, { 12288, -EINVAL },
		{ 65536, 0 }, { 1 << 21, 0 }, { 1ULL << 62, -EINVAL },
	};
	__u64 page_size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		page_size = table[i].wish;
		EXPECT_EQ(table[i].ret, __dirty_start(&self->dev, &range, 1,
						      &page_size))
			TH_LOG("row %zu", i);
		EXPECT_EQ(table[i].ret ? table[i].wish : PAGE, page_size);
		EXPECT_EQ(0, __dirty_stop(&self->dev));
	}
}

TEST_F(log, judges_ranges)
{
	struct dirty_range many[257], two[2] = {
		{ .iova = IOVA, .length = PAGE },
		{ .iova = IOVA + PAGE, .length = 0 },
	};
	__u64 page_size = PAGE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct dirty_range){ .iova = IOVA + 2 * i * PAGE,
						.length = PAGE };
	EXPECT_EQ(-EINVAL, __dirty_start(&self->dev, many, 0, &page_size));
	EXPECT_EQ(-E2BIG, __dirty_start(&self->dev, many, 257, &page_size));
	EXPECT_EQ(-EFAULT, __dirty_start(&self->dev, NULL, 1, &page_size));
	EXPECT_EQ(-EINVAL, __dirty_start(&self->dev, two, 2, &page_size));
	two[1] = (struct dirty_range){ .iova = IOVA, .length = 2 * PAGE };
	EXPECT_EQ(-EINVAL, __dirty_start(&self->dev, two, 2, &page_size));
	two[1] = (struct dirty_range){ .iova = -PAGE, .length = 2 * PAGE };
	EXPECT_EQ(-EOVERFLOW, __dirty_start(&self->dev, two, 2, &page_size));
	/* None of these has started one. */
	EXPECT_EQ(0, __dirty_start(&self->dev, many, 256, &page_size));
	write_page(&self->dev, 2);
	write_page(&self->dev, 3);
	write_page(&self->dev, 510);
	write_page(&self->dev, 512);
	EXPECT_EQ(2, report(&self->dev, self->dirty));
	EXPECT_TRUE(bit(self->dirty, 2));
	EXPECT_TRUE(bit(self->dirty, 510));
}

/* Where nothing can be, too */
TEST_F(log, takes_all_addresses)
{
	const struct dirty_range range = { .length = -PAGE };
	__u64 page_size = PAGE;

	ASSERT_EQ(0, __dirty_start(&self->dev, &range, 1, &page_size));
	write_page(&self->dev, 7);
	EXPECT_EQ(1, report(&self->dev, self->dirty));
	EXPECT_EQ(0, __dirty_report(&self->dev, 0, PAGE * 64, PAGE,
				    self->dirty));
	EXPECT_EQ(0, __dirty_report(&self->dev, -2 * PAGE, PAGE, PAGE,
				    self->dirty));
}

/* Each page once, and none that was read */
TEST_F(log, tells_what_was_written)
{
	static const unsigned int pages[] = { 0, 3, 64, 1022, 1024, 2047 };
	__u64 value;
	size_t i;

	write_page(&self->dev, 9);
	dirty_start(&self->dev, IOVA, SIZE);
	EXPECT_EQ(0, report(&self->dev, self->dirty));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		write_page(&self->dev, pages[i]);
	EXPECT_EQ(0, test_dma_read(&self->dev, IOVA + 5 * PAGE, &value));
	/* Bytes on both sides of a border, of pages and of chunks */
	EXPECT_EQ(0, test_dma_write(&self->dev, IOVA + 101 * PAGE - 4, 1));
	EXPECT_EQ(0, test_dma_write(&self->dev, IOVA + 1024 * PAGE - 4, 1));
	EXPECT_EQ(9, report(&self->dev, self->dirty));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		EXPECT_TRUE(bit(self->dirty, pages[i])) TH_LOG("%u", pages[i]);
	EXPECT_TRUE(bit(self->dirty, 100));
	EXPECT_TRUE(bit(self->dirty, 101));
	EXPECT_TRUE(bit(self->dirty, 1023));
	EXPECT_EQ(0, report(&self->dev, self->dirty));
	write_page(&self->dev, 3);
	EXPECT_EQ(1, report(&self->dev, self->dirty));
}

/* Who asks for a part is told that, and the rest stays. */
TEST_F(log, tells_parts)
{
	__u64 part = 0;

	dirty_start(&self->dev, IOVA, SIZE);
	write_page(&self->dev, 10);
	write_page(&self->dev, 11);
	write_page(&self->dev, 12);
	write_page(&self->dev, 1030);
	EXPECT_EQ(0, __dirty_report(&self->dev, IOVA + 11 * PAGE, PAGE, PAGE,
				    &part));
	EXPECT_EQ(1, part);
	EXPECT_EQ(3, report(&self->dev, self->dirty));
	EXPECT_FALSE(bit(self->dirty, 11));
	/* It only sets bits. */
	part = 0xf0;
	EXPECT_EQ(0, __dirty_report(&self->dev, IOVA, 16 * PAGE, PAGE, &part));
	EXPECT_EQ(0xf0, part);
}

/* In units of what is asked for */
TEST_F(log, tells_larger_pages)
{
	dirty_start(&self->dev, IOVA, SIZE);
	write_page(&self->dev, 17);
	write_page(&self->dev, 18);
	write_page(&self->dev, 1999);
	memset(self->dirty, 0, sizeof(self->dirty));
	EXPECT_EQ(0, __dirty_report(&self->dev, IOVA, SIZE, 65536, self->dirty));
	EXPECT_EQ(2, count(self->dirty, PAGES));
	EXPECT_TRUE(bit(self->dirty, 1));
	EXPECT_TRUE(bit(self->dirty, 1999 / 16));
	EXPECT_EQ(0, report(&self->dev, self->dirty));
	EXPECT_EQ(-EINVAL, __dirty_report(&self->dev, IOVA, SIZE, 12288,
					  self->dirty));
	EXPECT_EQ(-EINVAL, __dirty_report(&self->dev, IOVA, SIZE, 2048,
					  self->dirty));
}

/* Only in the ranges that it was started for, pins too */
TEST_F(log, keeps_to_its_ranges)
{
	dirty_start(&self->dev, IOVA + 8 * PAGE, 8 * PAGE);
	write_page(&self->dev, 7);
	write_page(&self->dev, 8);
	write_page(&self->dev, 15);
	write_page(&self->dev, 16);
	EXPECT_EQ(2, report(&self->dev, self->dirty));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA + 6 * PAGE, 4, IOMMU_RW));
	EXPECT_EQ(2, report(&self->dev, self->dirty));
	EXPECT_TRUE(bit(self->dirty, 8));
	EXPECT_TRUE(bit(self->dirty, 9));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 1, IOVA + 14 * PAGE, 4, IOMMU_RW));
	EXPECT_EQ(4, report(&self->dev, self->dirty));
	EXPECT_FALSE(bit(self->dirty, 16));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 1));
	EXPECT_EQ(4, report(&self->dev, self->dirty));
	EXPECT_EQ(0, report(&self->dev, self->dirty));
}

/* For as long as it is there, and when it goes */
TEST_F(log, tells_pins)
{
	int i;

	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA + 4 * PAGE, 3, IOMMU_RW));
	dirty_start(&self->dev, IOVA, SIZE);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 1, IOVA + 1023 * PAGE, 2,
				  IOMMU_WRITE));
	ASSERT_EQ(0, test_dma_pin(&self->dev, 2, IOVA, 5, IOMMU_READ));
	/* Overlapping, so that one begins before the other and ends after it */
	ASSERT_EQ(0, test_dma_pin(&self->dev, 3, IOVA + 1020 * PAGE, 10,
				  IOMMU_WRITE));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(13, report(&self->dev, self->dirty));
		EXPECT_TRUE(bit(self->dirty, 4));
		EXPECT_TRUE(bit(self->dirty, 6));
		EXPECT_TRUE(bit(self->dirty, 1020));
		EXPECT_TRUE(bit(self->dirty, 1029));
	}
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 2));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 3));
	EXPECT_EQ(13, report(&self->dev, self->dirty));
	EXPECT_EQ(2, report(&self->dev, self->dirty));
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 1));
	EXPECT_EQ(2, report(&self->dev, self->dirty));
	EXPECT_EQ(0, report(&self->dev, self->dirty));
}

/* The same for what is kept, also if it goes because there is no room, or is unmapped */
TEST_F(log, tells_what_is_kept)
{
	__u64 value;

	test_dma_budget(&self->dev, 1);
	dirty_start(&self->dev, IOVA, SIZE);
	EXPECT_EQ(0, test_dma_kept_read(&self->dev, IOVA + 3 * PAGE, &value));
	EXPECT_EQ(0, report(&self->dev, self->dirty));
	EXPECT_EQ(0, test_dma_kept_write(&self->dev, IOVA + 4 * PAGE, 1));
	EXPECT_EQ(1, report(&self->dev, self->dirty));
	EXPECT_EQ(1, report(&self->dev, self->dirty));
	EXPECT_TRUE(bit(self->dirty, 4));
	EXPECT_EQ(0, test_dma_keep(&self->dev, IOVA + 6 * PAGE, IOMMU_RW));
	EXPECT_EQ(2, report(&self->dev, self->dirty));
	EXPECT_EQ(1, report(&self->dev, self->dirty));
	EXPECT_TRUE(bit(self->dirty, 6));
	vfio_dma_unmap(&self->dev, IOVA, SIZE);
	EXPECT_EQ(1, report(&self->dev, self->dirty));
	EXPECT_EQ(0, report(&self->dev, self->dirty));
}

/* The next user has none. */
TEST_F(log, ends_with_the_user)
{
	dirty_start(&self->dev, IOVA, SIZE);
	write_page(&self->dev, 3);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, IOVA, 5, IOMMU_RW));
	vfio_dev_close(&self->dev);
	vfio_dev_open_by(&self->dev, variant->way, self->uuid);
	vfio_dma_map(&self->dev, IOVA, self->mem, SIZE, true);
	EXPECT_EQ(-EINVAL, __dirty_report(&self->dev, IOVA, SIZE, PAGE,
					  self->dirty));
	dirty_start(&self->dev, IOVA, SIZE);
	EXPECT_EQ(0, report(&self->dev, self->dirty));
}

/*
 * Without memory to note a page it tells of all, again and again, and a new log does not.
 * The first allocation is that of the note; others the kernel may try again.
 */
TEST_F(log, tells_all_rather_than_nothing)
{
	unsigned int told;
	int nth;

	if (!fault_setup())
		SKIP(return, "this kernel does not let allocations fail");
	for (nth = 1; nth < 5; nth++) {
		dirty_start(&self->dev, IOVA + PAGE, SIZE - PAGE);
		fault_limit("vfio_mdev_log_written", NULL);
		fault_begin(nth);
		write_page(&self->dev, 3);
		if (!fault_end())
			EXPECT_LT(1, nth);
		told = report(&self->dev, self->dirty);
		EXPECT_TRUE(told == PAGES - 1 || (told == 1 && nth > 1))
			TH_LOG("%u pages", told);
		EXPECT_TRUE(bit(self->dirty, 3));
		EXPECT_EQ(told == 1 ? 0 : told, report(&self->dev, self->dirty));
		EXPECT_EQ(0, __dirty_stop(&self->dev));
	}
	/* The last one had nothing to fail. */
	EXPECT_EQ(1, told);
}

/*
 * What a log is for: a copy of memory that is written to all the time
 */

#define WRITERS	3

struct scribe {
	struct vfio_dev *dev;
	pthread_t thread;
	unsigned int seed;
	bool stop;
	unsigned long done;
};

static int write_once(struct scribe *writer)
{
	unsigned int nr = rand_r(&writer->seed) % PAGES;
	__u64 iova = IOVA + nr * PAGE + 8 * (rand_r(&writer->seed) % 512);

	switch (rand_r(&writer->seed) % 4) {
	case 0:
		return test_dma_kept_write(writer->dev, iova, writer->seed);
	case 1:
		/* Slots are the writers' own; unpinned before the next one. */
		if (test_dma_pin(writer->dev, writer->seed % 64,
				 iova & -PAGE, 1, IOMMU_RW))
			return 0;
		test_dma_store(writer->dev, writer->seed % 64, iova & (PAGE - 1),
			       writer->seed);
		return test_dma_unpin(writer->dev, writer->seed % 64);
	default:
		return test_dma_write(writer->dev, iova, writer->seed);
	}
}

static void *write_on(void *arg)
{
	struct scribe *writer = arg;

	while (!__atomic_load_n(&writer->stop, __ATOMIC_RELAXED)) {
		write_once(writer);
		writer->done++;
	}
	return NULL;
}

static void copy_dirty(struct vfio_dev *dev, char *to, const char *from,
		       __u64 *dirty)
{
	unsigned int i;

	report(dev, dirty);
	for (i = 0; i < PAGES; i++)
		if (bit(dirty, i))
			memcpy(to + i * PAGE, from + i * PAGE, PAGE);
}

TEST_F(log, loses_nothing)
{
	char *copy = map_memory(SIZE);
	struct scribe writers[WRITERS] = { };
	unsigned int i, round;

	test_dma_budget(&self->dev, 64);
	for (i = 0; i < WRITERS; i++) {
		writers[i].dev = &self->dev;
		writers[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, write_on,
					    &writers[i]));
	}
	for (round = 0; round < 4; round++) {
		dirty_start(&self->dev, IOVA, SIZE);
		memcpy(copy, self->mem, SIZE);
		for (i = 0; i < 50; i++) {
			usleep(2000);
			copy_dirty(&self->dev, copy, self->mem, self->dirty);
		}
		if (round < 3)
			EXPECT_EQ(0, __dirty_stop(&self->dev));
	}
	for (i = 0; i < WRITERS; i++) {
		WAIT_FOR(writers[i].done);
		__atomic_store_n(&writers[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(writers[i].thread, NULL);
		EXPECT_LT(0, writers[i].done);
	}
	copy_dirty(&self->dev, copy, self->mem, self->dirty);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(0, memcmp(copy + i * PAGE, self->mem + i * PAGE, PAGE))
			TH_LOG("page %u", i);
	munmap(copy, SIZE);
}

/*
 * Who has a log
 */

/* Not of a vendor that does not promise to write in the ways that are seen */
TEST(a_promise_is_needed)
{
	const struct dirty_range range = { .iova = IOVA, .length = PAGE };
	__u64 page_size = PAGE, bitmap;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;

	module_load(TEST_DMA);
	mdev_create_new(TEST_DMA, TEST_DMA_CANNOT, uuid);
	vfio_dev_open(&dev, uuid);
	EXPECT_EQ(-ENOTTY, __dirty_start(&dev, &range, 1, &page_size));
	EXPECT_EQ(-ENOTTY, __dirty_stop(&dev));
	EXPECT_EQ(-ENOTTY, __dirty_report(&dev, IOVA, PAGE, PAGE, &bitmap));
	vfio_dev_close(&dev);
	mdev_remove_all(TEST_DMA);
}

/* Devices that write nothing have one, in which there never is anything. */
TEST(an_empty_one_is_one)
{
	const struct dirty_range range = { .length = SIZE };
	const int want = dirty_log_available() ? 0 : -ENOTTY;
	__u64 page_size = PAGE;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	bitmap_t dirty = { };

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&dev, uuid);
	EXPECT_EQ(want, __dirty_start(&dev, &range, 1, &page_size));
	vfio_dev_write8(&dev, 0, 0, 'x');
	EXPECT_EQ(want, __dirty_report(&dev, 0, SIZE, PAGE, dirty));
	EXPECT_EQ(0, count(dirty, PAGES));
	EXPECT_EQ(want, __dirty_stop(&dev));
	vfio_dev_close(&dev);
	mdev_remove_all(MTTY_PARENT);
}

TEST_HARNESS_MAIN
