// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the memory of regions: whose it is, and for how long
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vmalloc.h>

#define VFIO_MDEV_REGION_AT(index, offset) \
	(((u64)(index) << VFIO_MDEV_REGION_SHIFT) + (offset))

#define VFIO_MDEV_REGION_MMAP_RW \
	(VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP)

/* The table of most tests. The library provides memory of the first four. */
#define VFIO_MDEV_REGION_MEM	0	/* can be mapped */
#define VFIO_MDEV_REGION_PLAIN	1	/* cannot */
#define VFIO_MDEV_REGION_RO	2	/* for the vendor to write to */
#define VFIO_MDEV_REGION_MIXED	3	/* registers around an area */
#define VFIO_MDEV_REGION_LIB	4
#define VFIO_MDEV_REGION_OWN	4	/* the vendor's memory */
#define VFIO_MDEV_REGION_REGS	5	/* no memory */
#define VFIO_MDEV_REGION_NONE	6	/* not there */
#define VFIO_MDEV_REGION_NR	7

/* More than is cleared at once, and not a multiple of it: by a lot, and by a byte */
#define VFIO_MDEV_REGION_SIZE	(SZ_64K + 2 * PAGE_SIZE)
#define VFIO_MDEV_PLAIN_SIZE	(SZ_64K + 1)

static const struct vfio_region_sparse_mmap_area vfio_mdev_region_mem_area = {
	.offset = 2 * PAGE_SIZE,
	.size = PAGE_SIZE,
};

/**
 * struct vfio_mdev_region_mem_kunit - state of a test
 * @dev: names messages; never registered
 * @region: what @regions looks up
 * @regions: what is tested
 * @own: memory that is the vendor's
 */
struct vfio_mdev_region_mem_kunit {
	struct device dev;
	struct vfio_mdev_region region[VFIO_MDEV_REGION_NR];
	struct vfio_mdev_regions regions;
	u8 *own;
};

static u64 vfio_mdev_region_mem_kunit_read(void *priv, u64 offset,
					   unsigned int width)
{
	return 0;
}

static void vfio_mdev_region_mem_kunit_write(void *priv, u64 offset,
					     unsigned int width, u64 value)
{
}

static const struct vfio_mdev_region_ops vfio_mdev_region_mem_kunit_ops = {
	.read = vfio_mdev_region_mem_kunit_read,
	.write = vfio_mdev_region_mem_kunit_write,
};

static const struct vfio_mdev_region vfio_mdev_region_mem_table[] = {
	[VFIO_MDEV_REGION_MEM] = {
		.size = VFIO_MDEV_REGION_SIZE,
		.flags = VFIO_MDEV_REGION_MMAP_RW,
	},
	[VFIO_MDEV_REGION_PLAIN] = {
		.size = VFIO_MDEV_PLAIN_SIZE,
		.flags = VFIO_MDEV_REGION_RW,
	},
	[VFIO_MDEV_REGION_RO] = {
		.size = PAGE_SIZE,
		.flags = VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_MMAP,
	},
	[VFIO_MDEV_REGION_MIXED] = {
		.size = VFIO_MDEV_REGION_MAX_SIZE,
		.flags = VFIO_MDEV_REGION_MMAP_RW,
		.ops = &vfio_mdev_region_mem_kunit_ops,
		.areas = &vfio_mdev_region_mem_area,
		.nr_areas = 1,
	},
	[VFIO_MDEV_REGION_OWN] = {
		.size = PAGE_SIZE,
		.flags = VFIO_MDEV_REGION_MMAP_RW,
	},
	[VFIO_MDEV_REGION_REGS] = {
		.size = PAGE_SIZE,
		.flags = VFIO_MDEV_REGION_RW,
		.ops = &vfio_mdev_region_mem_kunit_ops,
	},
	[VFIO_MDEV_REGION_NONE] = { .flags = VFIO_MDEV_REGION_RW },
};

/* How much memory a region has, if any */
static const size_t vfio_mdev_region_mem_sizes[VFIO_MDEV_REGION_NR] = {
	[VFIO_MDEV_REGION_MEM] = VFIO_MDEV_REGION_SIZE,
	[VFIO_MDEV_REGION_PLAIN] = VFIO_MDEV_PLAIN_SIZE,
	[VFIO_MDEV_REGION_RO] = PAGE_SIZE,
	[VFIO_MDEV_REGION_MIXED] = 3 * PAGE_SIZE,
	[VFIO_MDEV_REGION_OWN] = PAGE_SIZE,
};

static int vfio_mdev_region_mem_kunit_init(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;
	ctx->dev.init_name = "vfio_mdev_region_mem";
	ctx->own = vzalloc(PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, ctx->own);
	memcpy(ctx->region, vfio_mdev_region_mem_table, sizeof(ctx->region));
	ctx->region[VFIO_MDEV_REGION_OWN].mem = ctx->own;
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_regions_init(&ctx->regions, &ctx->dev,
					       ctx->region, VFIO_MDEV_REGION_NR,
					       NULL));
	return 0;
}

static void vfio_mdev_region_mem_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;

	if (!ctx)
		return;
	vfio_mdev_regions_release(&ctx->regions);
	vfree(ctx->own);
}

static void vfio_mdev_region_mem_kunit_open(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;

	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_regions_open(&ctx->regions));
}

/* All regions have memory that belongs to them, filled with @byte. */
static void vfio_mdev_region_mem_kunit_expect(struct kunit *test, u8 byte)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	unsigned int i;

	for (i = 0; i < VFIO_MDEV_REGION_LIB; i++) {
		KUNIT_ASSERT_NOT_NULL(test, ctx->region[i].mem);
		KUNIT_EXPECT_NULL(test,
				  memchr_inv(ctx->region[i].mem, byte,
					     vfio_mdev_region_mem_sizes[i]));
	}
}

static void vfio_mdev_region_mem_kunit_fill(struct kunit *test, u8 byte)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	unsigned int i;

	for (i = 0; i <= VFIO_MDEV_REGION_OWN; i++)
		memset(ctx->region[i].mem, byte, vfio_mdev_region_mem_sizes[i]);
}

/* Nothing can be done with regions whose memory is not there. */
static void vfio_mdev_region_mem_kunit_closed(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	struct vfio_region_info info = { };
	struct vfio_info_cap caps = { };
	loff_t pos;

	for (; info.index < VFIO_MDEV_REGION_LIB; info.index++) {
		KUNIT_EXPECT_NULL(test, ctx->region[info.index].mem);
		pos = VFIO_MDEV_REGION_AT(info.index, 0);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_region_read(&ctx->regions, NULL, 1,
						      &pos));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_region_write(&ctx->regions, NULL, 1,
						       &pos));
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_region_get_info(&ctx->regions, &info,
							  &caps));
		KUNIT_EXPECT_EQ(test, 0, info.flags);
	}
	kfree(caps.buf);
}

static void vfio_mdev_region_mem_kunit_flags(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	unsigned int i;

	for (i = 0; i < VFIO_MDEV_REGION_NR; i++)
		KUNIT_EXPECT_EQ(test, vfio_mdev_region_mem_table[i].flags,
				ctx->region[i].flags);
}

/* Memory is there from open to release, and reads as zeros for each user. */
static void vfio_mdev_region_mem_opens(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	int users;

	vfio_mdev_region_mem_kunit_closed(test);
	for (users = 0; users < 3; users++) {
		vfio_mdev_region_mem_kunit_open(test);
		vfio_mdev_region_mem_kunit_flags(test);
		vfio_mdev_region_mem_kunit_expect(test, 0);
		KUNIT_EXPECT_TRUE(test,
				  is_vmalloc_addr(ctx->region[0].mem));
		vfio_mdev_region_mem_kunit_fill(test, 0xa5);
		vfio_mdev_regions_release(&ctx->regions);
		vfio_mdev_region_mem_kunit_closed(test);
	}
	KUNIT_EXPECT_NULL(test, ctx->region[VFIO_MDEV_REGION_REGS].mem);
	KUNIT_EXPECT_NULL(test, ctx->region[VFIO_MDEV_REGION_NONE].mem);
	/* Nothing happens to what the vendor keeps. */
	KUNIT_EXPECT_PTR_EQ(test, (void *)ctx->own,
			    ctx->region[VFIO_MDEV_REGION_OWN].mem);
	KUNIT_EXPECT_NULL(test, memchr_inv(ctx->own, 0xa5, PAGE_SIZE));
}

/* To release what is not open does nothing. */
static void vfio_mdev_region_mem_releases_twice(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;

	vfio_mdev_regions_release(&ctx->regions);
	vfio_mdev_region_mem_kunit_closed(test);
	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_regions_release(&ctx->regions);
	vfio_mdev_regions_release(&ctx->regions);
	vfio_mdev_region_mem_kunit_closed(test);
	KUNIT_EXPECT_EQ(test, VFIO_MDEV_REGION_MMAP_RW,
			ctx->region[VFIO_MDEV_REGION_OWN].flags);
}

/* A vendor may have no release op; what the last user left is not found either. */
static void vfio_mdev_region_mem_opens_again(struct kunit *test)
{
	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_fill(test, 0xa5);
	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_expect(test, 0);
	vfio_mdev_region_mem_kunit_flags(test);
}

/* A page that is pinned stays as it is, and is no page of the next user. */
static void vfio_mdev_region_mem_pinned(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	struct vfio_mdev_region *region = &ctx->region[VFIO_MDEV_REGION_MEM];
	struct page *page;
	size_t i;

	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_fill(test, 0xa5);
	page = vmalloc_to_page(region->mem + PAGE_SIZE);
	get_page(page);
	vfio_mdev_regions_release(&ctx->regions);
	KUNIT_EXPECT_EQ(test, 1, page_count(page));

	vfio_mdev_region_mem_kunit_open(test);
	for (i = 0; i < VFIO_MDEV_REGION_SIZE; i += PAGE_SIZE)
		KUNIT_EXPECT_PTR_NE(test, page,
				    vmalloc_to_page(region->mem + i));
	vfio_mdev_region_mem_kunit_fill(test, 0x5a);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0xa5,
					   PAGE_SIZE));
	put_page(page);
}

/* An open that fails leaves nothing, and may be tried again. */
static void vfio_mdev_region_mem_no_memory(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	unsigned int i;

	for (i = 0; i < VFIO_MDEV_REGION_MIXED; i++) {
		ctx->region[i].size = VFIO_MDEV_REGION_MAX_SIZE;
		KUNIT_EXPECT_EQ(test, -ENOMEM,
				vfio_mdev_regions_open(&ctx->regions));
		ctx->region[i].size = vfio_mdev_region_mem_table[i].size;
		vfio_mdev_region_mem_kunit_closed(test);
	}
	KUNIT_EXPECT_PTR_EQ(test, (void *)ctx->own,
			    ctx->region[VFIO_MDEV_REGION_OWN].mem);
	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_expect(test, 0);
}

/* A vendor may allocate for each user, and frees what it allocated. */
static void vfio_mdev_region_mem_set_at_open(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	struct vfio_mdev_region *region = &ctx->region[VFIO_MDEV_REGION_RO];

	ctx->own[0] = 0x42;
	region->mem = ctx->own;
	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_flags(test);
	KUNIT_EXPECT_PTR_EQ(test, (void *)ctx->own, region->mem);
	vfio_mdev_regions_release(&ctx->regions);
	vfio_mdev_region_mem_kunit_closed(test);
	KUNIT_EXPECT_EQ(test, 0x42, ctx->own[0]);
	/* Left out the next time */
	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_expect(test, 0);
	/* And if that fails */
	vfio_mdev_regions_release(&ctx->regions);
	region->mem = ctx->own;
	ctx->region[VFIO_MDEV_REGION_MEM].size = VFIO_MDEV_REGION_MAX_SIZE;
	KUNIT_EXPECT_EQ(test, -ENOMEM, vfio_mdev_regions_open(&ctx->regions));
	ctx->region[VFIO_MDEV_REGION_MEM].size = VFIO_MDEV_REGION_SIZE;
	vfio_mdev_region_mem_kunit_closed(test);
	KUNIT_EXPECT_EQ(test, 0x42, ctx->own[0]);
}

/* What can be written is cleared, whoever it belongs to, and nothing else. */
static void vfio_mdev_region_mem_clears(struct kunit *test)
{
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	unsigned int i;

	ctx->own[0] = 1;
	vfio_mdev_regions_clear(&ctx->regions);
	KUNIT_EXPECT_EQ(test, 0, ctx->own[0]);

	vfio_mdev_region_mem_kunit_open(test);
	vfio_mdev_region_mem_kunit_fill(test, 0xa5);
	vfio_mdev_regions_clear(&ctx->regions);
	for (i = 0; i <= VFIO_MDEV_REGION_OWN; i++) {
		bool ro = i == VFIO_MDEV_REGION_RO;

		KUNIT_EXPECT_NULL(test,
				  memchr_inv(ctx->region[i].mem, ro ? 0xa5 : 0,
					     vfio_mdev_region_mem_sizes[i]));
	}
}

/**
 * struct vfio_mdev_region_length - memory of a vendor, and a region of it
 * @why: what there is to it
 * @pages: of memory, from vzalloc()
 * @at: where the region begins in it
 * @size: of the region
 * @flags: besides VFIO_MDEV_REGION_RW
 * @mixed: it has registers, and an area that ends at the third page
 * @error: how it is refused, or 0
 */
struct vfio_mdev_region_length {
	const char *why;
	unsigned int pages;
	size_t at;
	u64 size;
	u32 flags;
	bool mixed;
	int error;
};

static const struct vfio_mdev_region_length vfio_mdev_region_lengths[] = {
	{ "mapped, enough", 3, 0, 3 * PAGE_SIZE, VFIO_REGION_INFO_FLAG_MMAP },
	{ "mapped, a page short", 3, 0, 4 * PAGE_SIZE,
	  VFIO_REGION_INFO_FLAG_MMAP, .error = -EINVAL },
	{ "mapped, a page into it", 3, PAGE_SIZE, 3 * PAGE_SIZE,
	  VFIO_REGION_INFO_FLAG_MMAP, .error = -EINVAL },
	{ "mapped, a terabyte", 3, 0, VFIO_MDEV_REGION_MAX_SIZE,
	  VFIO_REGION_INFO_FLAG_MMAP, .error = -EINVAL },
	{ "not mapped, enough", 1, 8, PAGE_SIZE - 8 },
	{ "not mapped, a byte short", 1, 8, PAGE_SIZE - 7, .error = -EINVAL },
	{ "areas, enough", 3, 0, SZ_1G, VFIO_REGION_INFO_FLAG_MMAP, true },
	{ "areas, a page short", 2, 0, SZ_1G, VFIO_REGION_INFO_FLAG_MMAP, true,
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_region_length, vfio_mdev_region_lengths, why);

/* Memory that is shorter than the region it is to be is refused. */
static void vfio_mdev_region_mem_is_short(struct kunit *test)
{
	const struct vfio_mdev_region_length *length = test->param_value;
	struct vfio_mdev_region_mem_kunit *ctx = test->priv;
	struct vfio_mdev_regions regions = { };
	struct vfio_mdev_region region = {
		.size = length->size,
		.flags = VFIO_MDEV_REGION_RW | length->flags,
	};
	void *mem = vzalloc(length->pages * PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	region.mem = mem + length->at;
	if (length->mixed) {
		region.ops = &vfio_mdev_region_mem_kunit_ops;
		region.areas = &vfio_mdev_region_mem_area;
		region.nr_areas = 1;
	}
	KUNIT_EXPECT_EQ(test, length->error,
			vfio_mdev_regions_init(&regions, &ctx->dev, &region, 1,
					       NULL));
	vfree(mem);
}

static struct kunit_case vfio_mdev_region_mem_kunit_cases[] = {
	KUNIT_CASE(vfio_mdev_region_mem_opens),
	KUNIT_CASE(vfio_mdev_region_mem_releases_twice),
	KUNIT_CASE(vfio_mdev_region_mem_opens_again),
	KUNIT_CASE(vfio_mdev_region_mem_pinned),
	KUNIT_CASE(vfio_mdev_region_mem_no_memory),
	KUNIT_CASE(vfio_mdev_region_mem_set_at_open),
	KUNIT_CASE(vfio_mdev_region_mem_clears),
	KUNIT_CASE_PARAM(vfio_mdev_region_mem_is_short, vfio_mdev_region_length_gen_params),
	{ }
};

static struct kunit_suite vfio_mdev_region_mem_kunit_suite = {
	.name = "vfio_mdev_region_mem",
	.init = vfio_mdev_region_mem_kunit_init,
	.exit = vfio_mdev_region_mem_kunit_exit,
	.test_cases = vfio_mdev_region_mem_kunit_cases,
};

kunit_test_suite(vfio_mdev_region_mem_kunit_suite);

MODULE_DESCRIPTION("Tests of the memory of regions of mediated devices");
MODULE_LICENSE("GPL");
