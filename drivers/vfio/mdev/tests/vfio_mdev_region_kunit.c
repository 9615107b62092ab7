// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the table of regions, and of what offsets in a device's file stand for
 *
 * Nothing is read or written here, see vfio_mdev_region_access_kunit.c, nor mapped,
 * see vfio_mdev_region_mmap_kunit.c.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vmalloc.h>

#define VFIO_MDEV_REGION_AT(index, offset) \
	(((u64)(index) << VFIO_MDEV_REGION_SHIFT) + (offset))
#define VFIO_MDEV_REGION_LAST	(VFIO_MDEV_REGION_MAX_SIZE - 1)

/**
 * struct vfio_mdev_region_kunit - state of a test
 * @dev: names messages; never registered
 * @config: config space, where a test wants one
 * @region: what @regions looks up
 * @regions: what is tested
 */
struct vfio_mdev_region_kunit {
	struct device dev;
	struct vfio_mdev_config config;
	struct vfio_mdev_region region[VFIO_PCI_NUM_REGIONS + 1];
	struct vfio_mdev_regions regions;
};

static u64 vfio_mdev_region_kunit_read(void *priv, u64 offset,
				       unsigned int width)
{
	return 0;
}

static void vfio_mdev_region_kunit_write(void *priv, u64 offset,
					 unsigned int width, u64 value)
{
}

static const struct vfio_mdev_region_ops vfio_mdev_region_kunit_ops = {
	.read = vfio_mdev_region_kunit_read,
	.write = vfio_mdev_region_kunit_write,
};

static const struct vfio_mdev_region_ops vfio_mdev_region_kunit_read_ops = {
	.read = vfio_mdev_region_kunit_read,
};

static const struct vfio_mdev_region_ops vfio_mdev_region_kunit_write_ops = {
	.write = vfio_mdev_region_kunit_write,
};

static u8 vfio_mdev_region_kunit_mem[40];

#define VFIO_MDEV_REGION_NONE	2	/* index of the one that is not there */

/* Registers, memory, nothing, a single byte, and as much as there can be */
static const struct vfio_mdev_region vfio_mdev_region_kunit_table[] = {
	{ .size = 27, .flags = VFIO_MDEV_REGION_RW,
	  .ops = &vfio_mdev_region_kunit_ops },
	{ .size = sizeof(vfio_mdev_region_kunit_mem),
	  .flags = VFIO_MDEV_REGION_RW, .mem = vfio_mdev_region_kunit_mem },
	/* Whatever this says, it is not looked at. */
	{ .size = 0, .flags = U32_MAX, .max_width = 3 },
	{ .size = 1, .flags = VFIO_REGION_INFO_FLAG_READ,
	  .ops = &vfio_mdev_region_kunit_read_ops },
	{ .size = VFIO_MDEV_REGION_MAX_SIZE,
	  .flags = VFIO_REGION_INFO_FLAG_WRITE, .max_width = 1,
	  .ops = &vfio_mdev_region_kunit_write_ops },
};

#define VFIO_MDEV_REGION_NR	ARRAY_SIZE(vfio_mdev_region_kunit_table)

static int vfio_mdev_region_kunit_init(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;
	ctx->dev.init_name = "vfio_mdev_region";
	memcpy(ctx->region, vfio_mdev_region_kunit_table,
	       sizeof(vfio_mdev_region_kunit_table));
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_regions_init(&ctx->regions, &ctx->dev,
					       ctx->region,
					       VFIO_MDEV_REGION_NR, NULL));
	return 0;
}

static void vfio_mdev_region_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;

	if (ctx)
		vfio_mdev_config_destroy(&ctx->config);
}

/**
 * struct vfio_mdev_region_mistake - a region that is refused
 * @why: what is wrong with it
 * @region: the region
 */
struct vfio_mdev_region_mistake {
	const char *why;
	struct vfio_mdev_region region;
};

static const struct vfio_mdev_region_mistake vfio_mdev_region_mistakes[] = {
	{ "larger than can be told apart",
	  { .size = VFIO_MDEV_REGION_MAX_SIZE + 1,
	    .flags = VFIO_MDEV_REGION_RW,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "of the largest number",
	  { .size = U64_MAX, .flags = VFIO_MDEV_REGION_RW,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "registers that are mapped",
	  { .size = PAGE_SIZE,
	    .flags = VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "a flag for capabilities",
	  { .size = 1,
	    .flags = VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_CAPS,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "a flag that is not known",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW | BIT(31),
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "3 bytes wide",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW, .max_width = 3,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "16 bytes wide",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW, .max_width = 16,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "2^31 bytes wide",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW, .max_width = BIT(31),
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "at least 3 bytes wide",
	  { .size = 12, .flags = VFIO_MDEV_REGION_RW, .min_width = 3,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "at least 16 bytes wide",
	  { .size = 16, .flags = VFIO_MDEV_REGION_RW, .min_width = 16,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "at least wider than at most",
	  { .size = 16, .flags = VFIO_MDEV_REGION_RW, .max_width = 2,
	    .min_width = 4, .ops = &vfio_mdev_region_kunit_ops } },
	{ "with half a register at the end",
	  { .size = 6, .flags = VFIO_MDEV_REGION_RW, .min_width = 4,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "memory of a least width",
	  { .size = 8, .flags = VFIO_MDEV_REGION_RW, .min_width = 4,
	    .mem = vfio_mdev_region_kunit_mem } },
	{ "registers that nobody can access",
	  { .size = 1, .ops = &vfio_mdev_region_kunit_ops } },
	{ "with nothing behind it", { .size = 1 } },
	{ "both registers and memory",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW,
	    .ops = &vfio_mdev_region_kunit_ops,
	    .mem = vfio_mdev_region_kunit_mem } },
	{ "a subtype alone",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW, .subtype = 1,
	    .ops = &vfio_mdev_region_kunit_ops } },
	{ "read without an op",
	  { .size = 1, .flags = VFIO_REGION_INFO_FLAG_READ,
	    .ops = &vfio_mdev_region_kunit_write_ops } },
	{ "written without an op",
	  { .size = 1, .flags = VFIO_REGION_INFO_FLAG_WRITE,
	    .ops = &vfio_mdev_region_kunit_read_ops } },
	{ "read and written without an op to read",
	  { .size = 1, .flags = VFIO_MDEV_REGION_RW,
	    .ops = &vfio_mdev_region_kunit_write_ops } },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_region_mistake, vfio_mdev_region_mistakes,
		       why);

/* A region that cannot do what it says is refused. */
static void vfio_mdev_regions_init_refuses(struct kunit *test)
{
	const struct vfio_mdev_region_mistake *mistake = test->param_value;
	struct vfio_mdev_region_kunit *ctx = test->priv;
	struct vfio_mdev_region region[2] = { ctx->region[0], mistake->region };
	struct vfio_mdev_regions regions = { };

	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_regions_init(&regions, &ctx->dev, region, 2,
					       NULL));
	KUNIT_EXPECT_EQ(test, 0, regions.nr);
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_regions_init(&regions, &ctx->dev, region, 1,
					       NULL));
}

/* Registers may be for reading only, and a table may be empty. */
static void vfio_mdev_regions_init_limits(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	struct vfio_mdev_region region = {
		.size = 1,
		.flags = VFIO_REGION_INFO_FLAG_READ,
		.ops = &vfio_mdev_region_kunit_read_ops,
	};
	struct vfio_mdev_regions regions = { };
	u64 offset;
	size_t count = 1;

	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_regions_init(&regions, &ctx->dev, &region, 1,
					       NULL));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_regions_init(&regions, &ctx->dev, NULL, 0,
					       NULL));
	KUNIT_EXPECT_NULL(test, vfio_mdev_region_find(&regions, 0, &count,
						      &offset));
}

/* Config space of 4096 bytes with I/O at BAR 0 and 64-bit memory at BAR 2 */
static void vfio_mdev_region_kunit_config(struct kunit *test)
{
	const struct vfio_mdev_pci_desc desc = {
		.vendor = 0x1234,
		.device = 0x5678,
		.config_size = PCI_CFG_SPACE_EXP_SIZE,
		.bar = {
			[0] = { SZ_8, PCI_BASE_ADDRESS_SPACE_IO },
			[2] = { SZ_8G, PCI_BASE_ADDRESS_MEM_TYPE_64 },
		},
	};
	struct vfio_mdev_region_kunit *ctx = test->priv;

	memset(ctx->region, 0, sizeof(ctx->region));
	ctx->region[0].flags = VFIO_MDEV_REGION_RW;
	ctx->region[0].ops = &vfio_mdev_region_kunit_ops;
	ctx->region[2].flags = VFIO_MDEV_REGION_RW;
	ctx->region[2].ops = &vfio_mdev_region_kunit_ops;
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_init(&ctx->config, &ctx->dev,
						       &desc));
}

static int vfio_mdev_region_kunit_from_config(struct kunit *test,
					      unsigned int nr)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;

	return vfio_mdev_regions_init(&ctx->regions, &ctx->dev, ctx->region, nr,
				      &ctx->config);
}

/* With config space, its region and the sizes of BARs are filled in. */
static void vfio_mdev_regions_take_config(struct kunit *test)
{
	static const u64 sizes[VFIO_PCI_NUM_REGIONS] = {
		[VFIO_PCI_BAR0_REGION_INDEX] = SZ_8,
		[VFIO_PCI_BAR2_REGION_INDEX] = SZ_8G,
		[VFIO_PCI_CONFIG_REGION_INDEX] = PCI_CFG_SPACE_EXP_SIZE,
	};
	struct vfio_mdev_region_kunit *ctx = test->priv;
	unsigned int i;

	vfio_mdev_region_kunit_config(test);
	/* Said twice, but the same */
	ctx->region[2].size = SZ_8G;
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_region_kunit_from_config(test,
							   ARRAY_SIZE(sizes)));
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_EQ(test, sizes[i], ctx->region[i].size);
	KUNIT_EXPECT_EQ(test, VFIO_MDEV_REGION_RW,
			ctx->region[VFIO_PCI_CONFIG_REGION_INDEX].flags);
}

/* A table that contradicts config space is refused. */
static void vfio_mdev_regions_config_refuses(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;

	/* No room for the region of config space */
	vfio_mdev_region_kunit_config(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 7));
	/* Another size than that of the BAR */
	ctx->region[0].size = 16;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
	ctx->region[0].size = 0;
	/* A size without a BAR, and in the upper half of one */
	ctx->region[5].size = 16;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
	ctx->region[5].size = 0;
	ctx->region[3].size = SZ_8G;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
	ctx->region[3].size = 0;
	/* A BAR with nothing behind it */
	ctx->region[2].ops = NULL;
	ctx->region[2].flags = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
	ctx->region[2].ops = &vfio_mdev_region_kunit_ops;
	ctx->region[2].flags = VFIO_MDEV_REGION_RW;
	/* A fixed index has no type, and what has none needs one. */
	ctx->region[0].type = VFIO_REGION_TYPE_GFX;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
	ctx->region[0].type = 0;
	ctx->region[9] = vfio_mdev_region_kunit_table[0];
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 10));
	ctx->region[9].subtype = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 10));
	ctx->region[9].type = VFIO_REGION_TYPE_GFX;
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_region_kunit_from_config(test, 10));
}

/* I/O space cannot be mapped, whatever is behind it. */
static void vfio_mdev_regions_io_mapped(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	void *mem = vzalloc(PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	vfio_mdev_region_kunit_config(test);
	/* As if a page of I/O ports were possible, to get as far as that */
	ctx->config.bar_size[0] = PAGE_SIZE;
	ctx->region[0] = (struct vfio_mdev_region) {
		.flags = VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_MMAP,
		.mem = mem,
	};
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
	ctx->region[0].flags = VFIO_REGION_INFO_FLAG_READ;
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_region_kunit_from_config(test, 9));
	vfree(mem);
}

/* Config space that was not set up is refused. */
static void vfio_mdev_regions_too_early(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;

	memset(ctx->region, 0, sizeof(ctx->region));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_from_config(test, 9));
}

/*
 * Offsets
 */

/**
 * struct vfio_mdev_region_place - an offset in the file
 * @pos: that offset
 * @count: bytes from there
 * @index: which region it is in; -1 for none
 * @offset: where in the region
 * @cut: how many bytes of @count are in the region
 */
struct vfio_mdev_region_place {
	loff_t pos;
	size_t count;
	int index;
	u64 offset;
	size_t cut;
};

static const struct vfio_mdev_region_place vfio_mdev_region_places[] = {
	{ 0, 1, 0, 0, 1 },
	{ 0, 0, 0, 0, 0 },
	{ 0, 27, 0, 0, 27 },
	{ 0, 28, 0, 0, 27 },
	{ 26, 1, 0, 26, 1 },
	{ 26, 2, 0, 26, 1 },
	{ 26, SIZE_MAX, 0, 26, 1 },		/* the sum is 25 */
	{ 27, 1, -1 },				/* one past the end */
	{ VFIO_MDEV_REGION_LAST, 1, -1 },	/* not yet the next region */
	{ VFIO_MDEV_REGION_AT(1, 0), 40, 1, 0, 40 },
	{ VFIO_MDEV_REGION_AT(1, 39), SIZE_MAX, 1, 39, 1 },
	{ VFIO_MDEV_REGION_AT(1, 1), SIZE_MAX, 1, 1, 39 },
	{ VFIO_MDEV_REGION_AT(1, 40), 1, -1 },
	{ VFIO_MDEV_REGION_AT(2, 0), 1, -1 },	/* a region that is not there */
	{ VFIO_MDEV_REGION_AT(2, VFIO_MDEV_REGION_LAST), 1, -1 },
	{ VFIO_MDEV_REGION_AT(3, 0), 8, 3, 0, 1 },
	{ VFIO_MDEV_REGION_AT(4, 0), SIZE_MAX, 4, 0,
	  VFIO_MDEV_REGION_MAX_SIZE },
	{ VFIO_MDEV_REGION_AT(4, VFIO_MDEV_REGION_LAST), 8, 4,
	  VFIO_MDEV_REGION_LAST, 1 },
	{ VFIO_MDEV_REGION_AT(5, 0), 1, -1 },	/* index is the length */
	{ VFIO_MDEV_REGION_AT(6, 0), 1, -1 },
	{ BIT_ULL(48), 1, -1 },			/* index is 0 in 8 bits */
	{ BIT_ULL(56), 1, -1 },			/* index is 0 in 16 bits */
	{ LLONG_MAX, 1, -1 },			/* index is the largest */
	{ -1, 1, -1 },
	{ -1, SIZE_MAX, -1 },
	{ LLONG_MIN, 1, -1 },			/* 0 without the sign */
	{ LLONG_MIN + 1, 1, -1 },
	{ -(loff_t)VFIO_MDEV_REGION_MAX_SIZE, 1, -1 },
};

static void vfio_mdev_region_place_desc(const struct vfio_mdev_region_place *p,
					char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#zx bytes at %#llx", p->count,
		 p->pos);
}

KUNIT_ARRAY_PARAM(vfio_mdev_region_place, vfio_mdev_region_places,
		  vfio_mdev_region_place_desc);

/* An offset is in one region or in none, and never leads out of it. */
static void vfio_mdev_region_decodes(struct kunit *test)
{
	const struct vfio_mdev_region_place *place = test->param_value;
	struct vfio_mdev_region_kunit *ctx = test->priv;
	const struct vfio_mdev_region *region, *expected;
	size_t count = place->count;
	u64 offset = 0;

	expected = place->index < 0 ? NULL : &ctx->region[place->index];
	region = vfio_mdev_region_find(&ctx->regions, place->pos, &count,
				       &offset);
	KUNIT_ASSERT_PTR_EQ(test, expected, region);
	if (expected) {
		KUNIT_EXPECT_EQ(test, place->offset, offset);
		KUNIT_EXPECT_EQ(test, place->cut, count);
	}
}

/* User space is told of a region what read() and write() go by. */
static void vfio_mdev_region_info(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	struct vfio_info_cap caps = { };
	struct vfio_region_info info;
	unsigned int i;

	for (i = 0; i < VFIO_MDEV_REGION_NR; i++) {
		memset(&info, 0xcc, sizeof(info));
		info.index = i;
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_region_get_info(&ctx->regions,
							  &info, &caps));
		KUNIT_EXPECT_EQ(test, i, info.index);
		KUNIT_EXPECT_EQ(test, (u64)i << 40, info.offset);
		KUNIT_EXPECT_EQ(test, vfio_mdev_region_kunit_table[i].size,
				info.size);
		KUNIT_EXPECT_EQ(test, i == VFIO_MDEV_REGION_NONE ? 0 :
				vfio_mdev_region_kunit_table[i].flags,
				info.flags);
		KUNIT_EXPECT_EQ(test, 0, info.cap_offset);
		KUNIT_EXPECT_EQ(test, 0, caps.size);
	}
	info.index = VFIO_MDEV_REGION_NR;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_get_info(&ctx->regions, &info,
						  &caps));
	info.index = U32_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_get_info(&ctx->regions, &info,
						  &caps));
}

static struct kunit_case vfio_mdev_region_kunit_cases[] = {
	KUNIT_CASE_PARAM(vfio_mdev_regions_init_refuses, vfio_mdev_region_mistake_gen_params),
	KUNIT_CASE(vfio_mdev_regions_init_limits),
	KUNIT_CASE(vfio_mdev_regions_take_config),
	KUNIT_CASE(vfio_mdev_regions_config_refuses),
	KUNIT_CASE(vfio_mdev_regions_io_mapped),
	KUNIT_CASE(vfio_mdev_regions_too_early),
	KUNIT_CASE_PARAM(vfio_mdev_region_decodes, vfio_mdev_region_place_gen_params),
	KUNIT_CASE(vfio_mdev_region_info),
	{ }
};

static struct kunit_suite vfio_mdev_region_kunit_suite = {
	.name = "vfio_mdev_region",
	.init = vfio_mdev_region_kunit_init,
	.exit = vfio_mdev_region_kunit_exit,
	.test_cases = vfio_mdev_region_kunit_cases,
};

kunit_test_suite(vfio_mdev_region_kunit_suite);

MODULE_DESCRIPTION("Tests of the table of regions of mediated devices");
MODULE_LICENSE("GPL");
