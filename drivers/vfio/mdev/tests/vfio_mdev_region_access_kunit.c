// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of reading and writing regions
 *
 * The registers of the test say whether they are accessed as they may be, and
 * remember how. The user's buffer is a page with nothing after it.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/vfio_mdev_lib.h>

#define VFIO_MDEV_REGION_AT(index, offset) \
	(((u64)(index) << VFIO_MDEV_REGION_SHIFT) + (offset))
#define VFIO_MDEV_REGION_LAST	(VFIO_MDEV_REGION_MAX_SIZE - 1)

/* The table of most tests */
#define VFIO_MDEV_REGION_REGS	0	/* registers, an odd number of bytes */
#define VFIO_MDEV_REGION_MEM	1	/* memory */
#define VFIO_MDEV_REGION_NONE	2	/* not there */
#define VFIO_MDEV_REGION_RO	3	/* one byte that can be read */
#define VFIO_MDEV_REGION_WO	4	/* one that can be written */
#define VFIO_MDEV_REGION_NR	5

#define VFIO_MDEV_REGION_REGS_SIZE	27
#define VFIO_MDEV_REGION_MEM_SIZE	40

/**
 * struct vfio_mdev_region_kunit - state of a test
 * @dev: names messages; never registered
 * @config: config space, where a test wants one
 * @region: what @regions looks up
 * @regions: what is tested
 * @regs: what the registers hold
 * @mem: memory of a region
 * @widths: of accesses to registers, a digit each
 * @nr: how many there were
 * @next: offset that the next access of a run has
 * @wrong: number of accesses that may not be
 * @kill_at: the access at which the task is to look killed
 * @user: a page, the next one is not there; NULL if not needed yet
 */
struct vfio_mdev_region_kunit {
	struct device dev;
	struct vfio_mdev_config config;
	struct vfio_mdev_region region[VFIO_PCI_NUM_REGIONS];
	struct vfio_mdev_regions regions;
	u8 regs[VFIO_MDEV_REGION_REGS_SIZE];
	u8 mem[VFIO_MDEV_REGION_MEM_SIZE];
	char widths[64];
	unsigned int nr;
	u64 next;
	unsigned int wrong;
	unsigned int kill_at;
	char __user *user;
};

/* As a task is that was sent SIGKILL and has not seen it yet */
static void vfio_mdev_region_kunit_kill(bool kill)
{
	if (kill) {
		sigaddset(&current->pending.signal, SIGKILL);
		set_thread_flag(TIF_SIGPENDING);
	} else {
		sigdelset(&current->pending.signal, SIGKILL);
		clear_thread_flag(TIF_SIGPENDING);
	}
}

static void vfio_mdev_region_kunit_access(struct vfio_mdev_region_kunit *ctx,
					  u64 offset, unsigned int width)
{
	if (offset != ctx->next || offset % width ||
	    offset + width > sizeof(ctx->regs))
		ctx->wrong++;
	ctx->next = offset + width;
	if (ctx->nr < sizeof(ctx->widths) - 1)
		ctx->widths[ctx->nr++] = '0' + width;
	if (ctx->nr == ctx->kill_at)
		vfio_mdev_region_kunit_kill(true);
}

static u64 vfio_mdev_region_kunit_read_reg(void *priv, u64 offset,
					   unsigned int width)
{
	struct vfio_mdev_region_kunit *ctx = priv;
	u64 value = 0;
	unsigned int i;

	vfio_mdev_region_kunit_access(ctx, offset, width);
	for (i = 0; i < width; i++)
		value |= (u64)ctx->regs[offset + i] << 8 * i;
	return value;
}

static void vfio_mdev_region_kunit_write_reg(void *priv, u64 offset,
					     unsigned int width, u64 value)
{
	struct vfio_mdev_region_kunit *ctx = priv;
	unsigned int i;

	vfio_mdev_region_kunit_access(ctx, offset, width);
	for (i = 0; i < width; i++)
		ctx->regs[offset + i] = value >> 8 * i;
	/* Nothing of what is around it in memory */
	if (width < 8 && value >> 8 * width)
		ctx->wrong++;
}

static const struct vfio_mdev_region_ops vfio_mdev_region_kunit_ops = {
	.read = vfio_mdev_region_kunit_read_reg,
	.write = vfio_mdev_region_kunit_write_reg,
};

static const struct vfio_mdev_region_ops vfio_mdev_region_kunit_read_ops = {
	.read = vfio_mdev_region_kunit_read_reg,
};

static const struct vfio_mdev_region_ops vfio_mdev_region_kunit_write_ops = {
	.write = vfio_mdev_region_kunit_write_reg,
};

static const struct vfio_mdev_region
vfio_mdev_region_kunit_table[VFIO_MDEV_REGION_NR] = {
	[VFIO_MDEV_REGION_REGS] = {
		.size = VFIO_MDEV_REGION_REGS_SIZE,
		.flags = VFIO_MDEV_REGION_RW,
		.ops = &vfio_mdev_region_kunit_ops,
	},
	[VFIO_MDEV_REGION_MEM] = {
		.size = VFIO_MDEV_REGION_MEM_SIZE,
		.flags = VFIO_MDEV_REGION_RW,
	},
	[VFIO_MDEV_REGION_NONE] = {
		.flags = VFIO_MDEV_REGION_RW,
	},
	[VFIO_MDEV_REGION_RO] = {
		.size = 1,
		.flags = VFIO_REGION_INFO_FLAG_READ,
		.ops = &vfio_mdev_region_kunit_read_ops,
	},
	[VFIO_MDEV_REGION_WO] = {
		.size = 1,
		.flags = VFIO_REGION_INFO_FLAG_WRITE,
		.ops = &vfio_mdev_region_kunit_write_ops,
	},
};

static int vfio_mdev_region_kunit_init(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx;
	unsigned int i;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;
	ctx->dev.init_name = "vfio_mdev_region_access";
	memcpy(ctx->region, vfio_mdev_region_kunit_table,
	       sizeof(vfio_mdev_region_kunit_table));
	for (i = 0; i < VFIO_MDEV_REGION_NR; i++)
		ctx->region[i].priv = ctx;
	ctx->region[VFIO_MDEV_REGION_MEM].mem = ctx->mem;
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

/* The buffer of a user that ends after @count bytes, filled with @fill and up */
static char __user *vfio_mdev_region_kunit_user(struct kunit *test,
						size_t count, u8 fill)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	char __user *user;
	unsigned long page;
	size_t i;

	if (!ctx->user) {
		page = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
				     PROT_READ | PROT_WRITE,
				     MAP_ANONYMOUS | MAP_PRIVATE, 0);
		KUNIT_ASSERT_NE(test, 0, page);
		KUNIT_ASSERT_LT(test, page, TASK_SIZE);
		KUNIT_ASSERT_EQ(test, 0, vm_munmap(page + PAGE_SIZE,
						   PAGE_SIZE));
		ctx->user = (char __user *)page;
	}

	user = ctx->user + PAGE_SIZE - count;
	for (i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, 0, put_user(fill + i, user + i));
	return user;
}

static void vfio_mdev_region_kunit_start(struct vfio_mdev_region_kunit *ctx,
					 u64 offset)
{
	unsigned int i;

	for (i = 0; i < sizeof(ctx->regs); i++)
		ctx->regs[i] = i;
	for (i = 0; i < sizeof(ctx->mem); i++)
		ctx->mem[i] = i;
	memset(ctx->widths, 0, sizeof(ctx->widths));
	ctx->nr = 0;
	ctx->next = offset;
	ctx->wrong = 0;
	ctx->kill_at = 0;
}

/* Reads, into a buffer of @size bytes, and checks how far *ppos moved. */
static ssize_t vfio_mdev_region_kunit_read(struct kunit *test, u64 pos,
					   size_t size, size_t count)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	char __user *user = vfio_mdev_region_kunit_user(test, size, 0x80);
	loff_t at = pos;
	ssize_t ret;

	vfio_mdev_region_kunit_start(ctx, pos & VFIO_MDEV_REGION_LAST);
	ret = vfio_mdev_region_read(&ctx->regions, user, count, &at);
	KUNIT_EXPECT_EQ(test, pos + max_t(ssize_t, ret, 0), at);
	KUNIT_EXPECT_EQ(test, 0, ctx->wrong);
	return ret;
}

/* The same for writing 0x80, 0x81, and so on */
static ssize_t vfio_mdev_region_kunit_write(struct kunit *test, u64 pos,
					    size_t size, size_t count)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	char __user *user = vfio_mdev_region_kunit_user(test, size, 0x80);
	loff_t at = pos;
	ssize_t ret;

	vfio_mdev_region_kunit_start(ctx, pos & VFIO_MDEV_REGION_LAST);
	ret = vfio_mdev_region_write(&ctx->regions, user, count, &at);
	KUNIT_EXPECT_EQ(test, pos + max_t(ssize_t, ret, 0), at);
	KUNIT_EXPECT_EQ(test, 0, ctx->wrong);
	return ret;
}

/* The buffer of @size bytes begins with @done of the region, from @offset. */
static void vfio_mdev_region_kunit_got(struct kunit *test, size_t size,
				       u64 offset, size_t done)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	u8 buf[64];
	size_t i;

	KUNIT_ASSERT_LE(test, size, sizeof(buf));
	KUNIT_ASSERT_EQ(test, 0,
			copy_from_user(buf, ctx->user + PAGE_SIZE - size,
				       size));
	for (i = 0; i < size; i++)
		KUNIT_ASSERT_EQ(test, i < done ? offset + i : 0x80 + i, buf[i]);
}

/* @bytes has changed from @offset on, for @done bytes. */
static void vfio_mdev_region_kunit_put(struct kunit *test, const u8 *bytes,
				       size_t size, u64 offset, size_t done)
{
	size_t i;

	for (i = 0; i < size; i++)
		KUNIT_ASSERT_EQ(test, i >= offset && i < offset + done ?
				0x80 + i - offset : i, bytes[i]);
}

/**
 * struct vfio_mdev_region_split - an access to registers
 * @max_width: what they take
 * @offset: of the access
 * @count: its bytes
 * @widths: what arrives, a digit for each
 */
struct vfio_mdev_region_split {
	unsigned int max_width;
	u64 offset;
	size_t count;
	const char *widths;
};

static const struct vfio_mdev_region_split vfio_mdev_region_splits[] = {
	{ 8, 0, 8, "8" },
	{ 8, 0, 24, "888" },
	{ 8, 0, 7, "421" },
	{ 8, 1, 7, "124" },
	{ 8, 1, 8, "1241" },
	{ 8, 4, 8, "44" },
	{ 8, 4, 16, "484" },
	{ 8, 6, 4, "22" },
	{ 8, 7, 2, "11" },
	{ 8, 3, 1, "1" },
	{ 8, 24, 3, "21" },
	{ 8, 23, 8, "121" },		/* cut at the end */
	{ 8, 26, SIZE_MAX, "1" },
	{ 0, 8, 8, "8" },		/* 8 is the default */
	{ 4, 0, 8, "44" },
	{ 4, 2, 8, "242" },
	{ 2, 0, 8, "2222" },
	{ 2, 1, 4, "121" },
	{ 1, 0, 4, "1111" },
};

static void vfio_mdev_region_split_desc(const struct vfio_mdev_region_split *s,
					char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#zx at %llu, %u wide", s->count,
		 s->offset, s->max_width);
}

KUNIT_ARRAY_PARAM(vfio_mdev_region_split, vfio_mdev_region_splits,
		  vfio_mdev_region_split_desc);

static void vfio_mdev_region_kunit_width(struct kunit *test,
					 unsigned int max_width)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;

	ctx->region[VFIO_MDEV_REGION_REGS].max_width = max_width;
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_regions_init(&ctx->regions, &ctx->dev,
					       ctx->region,
					       VFIO_MDEV_REGION_NR, NULL));
}

/* Registers see the widest aligned accesses that they take, in order. */
static void vfio_mdev_region_splits_access(struct kunit *test)
{
	const struct vfio_mdev_region_split *s = test->param_value;
	struct vfio_mdev_region_kunit *ctx = test->priv;
	size_t cut = min(s->count, sizeof(ctx->regs) - s->offset);

	vfio_mdev_region_kunit_width(test, s->max_width);
	KUNIT_EXPECT_EQ(test, cut,
			vfio_mdev_region_kunit_read(test, s->offset, cut,
						    s->count));
	KUNIT_EXPECT_STREQ(test, s->widths, ctx->widths);
	KUNIT_EXPECT_EQ(test, cut,
			vfio_mdev_region_kunit_write(test, s->offset, cut,
						     s->count));
	KUNIT_EXPECT_STREQ(test, s->widths, ctx->widths);
}

/**
 * struct vfio_mdev_region_narrow - an access to registers that have a least width
 * @min_width: that width
 * @max_width: what they take at most
 * @offset: of the access
 * @count: its bytes
 * @widths: what arrives, a digit for each; NULL if it is refused, and nothing does
 */
struct vfio_mdev_region_narrow {
	unsigned int min_width;
	unsigned int max_width;
	u64 offset;
	size_t count;
	const char *widths;
};

/* There are 24 bytes of them. */
static const struct vfio_mdev_region_narrow vfio_mdev_region_narrows[] = {
	{ 4, 4, 0, 4, "4" },
	{ 4, 4, 4, 8, "44" },
	{ 4, 8, 4, 12, "48" },
	{ 4, 8, 16, 16, "8" },		/* cut at the end */
	{ 4, 4, 20, SIZE_MAX, "4" },
	{ 8, 8, 0, 24, "888" },
	{ 8, 0, 8, 8, "8" },		/* 8 is the default of what is widest */
	{ 2, 2, 2, 4, "22" },
	{ 1, 8, 1, 3, "12" },
	{ 0, 8, 3, 1, "1" },		/* 1 is the default */
	{ 4, 4, 0, 1, NULL },
	{ 4, 4, 0, 2, NULL },
	{ 4, 8, 0, 3, NULL },
	{ 4, 8, 2, 4, NULL },
	{ 4, 8, 1, 3, NULL },
	{ 4, 8, 0, 6, NULL },		/* not even the first four bytes */
	{ 4, 8, 0, 23, NULL },
	{ 4, 8, 22, 4, NULL },		/* two when cut at the end */
	{ 8, 8, 4, 8, NULL },
	{ 8, 8, 0, 4, NULL },
	{ 8, 8, 8, 12, NULL },
	{ 2, 2, 1, 2, NULL },
	{ 2, 8, 0, 1, NULL },
	{ 2, 8, 23, 1, NULL },
};

static void
vfio_mdev_region_narrow_desc(const struct vfio_mdev_region_narrow *n,
			     char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#zx at %llu, %u to %u wide",
		 n->count, n->offset, n->min_width, n->max_width);
}

KUNIT_ARRAY_PARAM(vfio_mdev_region_narrow, vfio_mdev_region_narrows,
		  vfio_mdev_region_narrow_desc);

/* Registers see nothing of an access that is too narrow, be it only in part. */
static void vfio_mdev_region_narrow_access(struct kunit *test)
{
	const struct vfio_mdev_region_narrow *n = test->param_value;
	struct vfio_mdev_region_kunit *ctx = test->priv;
	struct vfio_mdev_region *regs = &ctx->region[VFIO_MDEV_REGION_REGS];
	size_t cut = min_t(size_t, n->count, 24 - n->offset);
	ssize_t ret = n->widths ? cut : -EINVAL;

	regs->size = 24;
	regs->min_width = n->min_width;
	vfio_mdev_region_kunit_width(test, n->max_width);
	KUNIT_EXPECT_EQ(test, ret,
			vfio_mdev_region_kunit_read(test, n->offset, cut,
						    n->count));
	KUNIT_EXPECT_STREQ(test, n->widths ?: "", ctx->widths);
	KUNIT_EXPECT_EQ(test, ret,
			vfio_mdev_region_kunit_write(test, n->offset, cut,
						     n->count));
	KUNIT_EXPECT_STREQ(test, n->widths ?: "", ctx->widths);
}

/* Reads and writes @count bytes at @offset of a region whose bytes are @bytes. */
static void vfio_mdev_region_kunit_both(struct kunit *test, unsigned int index,
					const u8 *bytes, size_t offset,
					size_t count)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	const size_t size = ctx->region[index].size, room = 48;
	u64 pos = VFIO_MDEV_REGION_AT(index, offset);
	size_t cut = min(count, size - offset);

	KUNIT_ASSERT_EQ(test, cut, vfio_mdev_region_kunit_read(test, pos, room,
							       count));
	vfio_mdev_region_kunit_got(test, room, offset, cut);
	KUNIT_ASSERT_EQ(test, cut, vfio_mdev_region_kunit_write(test, pos, room,
								count));
	vfio_mdev_region_kunit_put(test, bytes, size, offset, cut);
}

/* Bytes of registers arrive where they belong, whatever is asked for. */
static void vfio_mdev_region_all_of_regs(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	const size_t size = sizeof(ctx->regs);
	size_t offset, count;
	unsigned int width;

	for (width = 1; width <= 8; width *= 2) {
		vfio_mdev_region_kunit_width(test, width);
		for (offset = 0; offset < size; offset++)
			for (count = 1; count <= size + 1; count++)
				vfio_mdev_region_kunit_both(test, 0, ctx->regs,
							    offset, count);
	}
}

/* Memory can be read and written from any byte on, up to its end. */
static void vfio_mdev_region_all_of_mem(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	const size_t size = sizeof(ctx->mem);
	size_t offset, count;

	for (offset = 0; offset < size; offset++)
		for (count = 1; count <= size + 1; count++)
			vfio_mdev_region_kunit_both(test, 1, ctx->mem, offset,
						    count);
	KUNIT_EXPECT_EQ(test, 0, ctx->nr);
}

/* What a region's flags do not allow, and what is nowhere, is refused. */
static void vfio_mdev_region_refuses(struct kunit *test)
{
	static const u64 nowhere[] = {
		VFIO_MDEV_REGION_REGS_SIZE,
		VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_MEM, 40),
		VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_NONE, 0),
		VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_NR, 0),
		LLONG_MAX,
		LLONG_MIN,
		U64_MAX,
	};
	struct vfio_mdev_region_kunit *ctx = test->priv;
	u64 ro = VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_RO, 0);
	u64 wo = VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_WO, 0);
	unsigned int i;
	u64 pos;

	for (i = 0; i < ARRAY_SIZE(nowhere); i++) {
		pos = nowhere[i];
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_region_kunit_read(test, pos, 1, 1));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_region_kunit_write(test, pos, 1, 1));
		/* Nothing is nothing anywhere. */
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_region_kunit_read(test, pos, 1, 0));
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_region_kunit_write(test, pos, 1, 0));
	}

	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_region_kunit_read(test, ro, 1, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_write(test, ro, 1, 1));
	KUNIT_EXPECT_EQ(test, 0, ctx->nr);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_region_kunit_write(test, wo, 1, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_kunit_read(test, wo, 1, 1));
	KUNIT_EXPECT_EQ(test, 0, ctx->nr);
}

/* Where the user's memory ends, so do access to memory and what is told of it. */
static void vfio_mdev_region_mem_faults(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	u64 pos = VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_MEM, 3);
	const size_t size = sizeof(ctx->mem);

	KUNIT_EXPECT_EQ(test, 5, vfio_mdev_region_kunit_read(test, pos, 5, 20));
	vfio_mdev_region_kunit_got(test, 5, 3, 5);
	KUNIT_EXPECT_EQ(test, 5, vfio_mdev_region_kunit_write(test, pos, 5, 20));
	vfio_mdev_region_kunit_put(test, ctx->mem, size, 3, 5);

	KUNIT_EXPECT_EQ(test, -EFAULT,
			vfio_mdev_region_kunit_read(test, pos, 0, 20));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vfio_mdev_region_kunit_write(test, pos, 0, 20));
	vfio_mdev_region_kunit_put(test, ctx->mem, size, 3, 0);
}

/* A register that the user's memory holds a part of only is not written. */
static void vfio_mdev_region_regs_fault(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	const size_t size = sizeof(ctx->regs);

	vfio_mdev_region_kunit_width(test, 4);
	KUNIT_EXPECT_EQ(test, 4, vfio_mdev_region_kunit_write(test, 8, 6, 16));
	KUNIT_EXPECT_STREQ(test, "4", ctx->widths);
	vfio_mdev_region_kunit_put(test, ctx->regs, size, 8, 4);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vfio_mdev_region_kunit_write(test, 8, 3, 16));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vfio_mdev_region_kunit_write(test, 8, 0, 1));
	KUNIT_EXPECT_EQ(test, 0, ctx->nr);
	vfio_mdev_region_kunit_put(test, ctx->regs, size, 8, 0);

	/* Reading has to come first, but stops there. */
	KUNIT_EXPECT_EQ(test, 4, vfio_mdev_region_kunit_read(test, 8, 6, 16));
	KUNIT_EXPECT_STREQ(test, "44", ctx->widths);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			vfio_mdev_region_kunit_read(test, 8, 0, 16));
	KUNIT_EXPECT_STREQ(test, "4", ctx->widths);
}

/* A user that is killed does not wait for the rest of a long access. */
static void vfio_mdev_region_killed(struct kunit *test)
{
	struct vfio_mdev_region_kunit *ctx = test->priv;
	char __user *user = vfio_mdev_region_kunit_user(test, 32, 0);
	loff_t pos = 0;

	vfio_mdev_region_kunit_width(test, 1);
	vfio_mdev_region_kunit_start(ctx, 0);
	ctx->kill_at = 3;
	KUNIT_EXPECT_EQ(test, 3, vfio_mdev_region_read(&ctx->regions, user, 20,
						       &pos));
	KUNIT_EXPECT_EQ(test, -EINTR,
			vfio_mdev_region_read(&ctx->regions, user, 20, &pos));
	KUNIT_EXPECT_EQ(test, -EINTR,
			vfio_mdev_region_write(&ctx->regions, user, 20, &pos));
	vfio_mdev_region_kunit_kill(false);
	KUNIT_EXPECT_STREQ(test, "111", ctx->widths);
	KUNIT_EXPECT_EQ(test, 3, pos);

	ctx->kill_at = 5;
	KUNIT_EXPECT_EQ(test, 2, vfio_mdev_region_write(&ctx->regions, user, 20,
							&pos));
	vfio_mdev_region_kunit_kill(false);
	KUNIT_EXPECT_EQ(test, 5, pos);
}

static void vfio_mdev_region_kunit_written(struct vfio_mdev_config *config,
					   unsigned int offset,
					   unsigned int count)
{
	struct vfio_mdev_region_kunit *ctx =
		container_of(config, struct vfio_mdev_region_kunit, config);

	ctx->widths[ctx->nr++] = '0' + count;
}

/* Config space is a region like the others, and is told of whole registers. */
static void vfio_mdev_region_reaches_config(struct kunit *test)
{
	const struct vfio_mdev_pci_desc desc = {
		.bar[0] = { 16, PCI_BASE_ADDRESS_SPACE_IO },
	};
	u64 base = VFIO_MDEV_REGION_AT(VFIO_PCI_CONFIG_REGION_INDEX, 0);
	struct vfio_mdev_region_kunit *ctx = test->priv;
	char __user *user = vfio_mdev_region_kunit_user(test, 64, 0x80);
	loff_t pos = base + PCI_BASE_ADDRESS_0;
	u8 buf[64], expected[64];

	memset(ctx->region, 0, sizeof(ctx->region));
	ctx->region[0].mem = ctx->mem;
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_init(&ctx->config, &ctx->dev,
						       &desc));
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_regions_init(&ctx->regions, &ctx->dev,
					       ctx->region, 9, &ctx->config));
	ctx->config.written = vfio_mdev_region_kunit_written;

	KUNIT_EXPECT_EQ(test, 4, vfio_mdev_region_write(&ctx->regions, user, 4,
							&pos));
	KUNIT_EXPECT_STREQ(test, "4", ctx->widths);
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_config_read(&ctx->config, PCI_BASE_ADDRESS_0,
					      buf, 4));
	KUNIT_EXPECT_MEMEQ(test, "\x81\x81\x82\x83", buf, 4);

	pos = base;
	KUNIT_EXPECT_EQ(test, 64, vfio_mdev_region_read(&ctx->regions, user, 64,
							&pos));
	KUNIT_EXPECT_EQ(test, 0, copy_from_user(buf, user, 64));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_read(&ctx->config, 0,
						       expected, 64));
	KUNIT_EXPECT_MEMEQ(test, expected, buf, 64);

	pos = base + PCI_CFG_SPACE_SIZE;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_region_read(&ctx->regions, user, 1, &pos));
}

static struct kunit_case vfio_mdev_region_access_kunit_cases[] = {
	KUNIT_CASE_PARAM(vfio_mdev_region_splits_access, vfio_mdev_region_split_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_region_narrow_access, vfio_mdev_region_narrow_gen_params),
	KUNIT_CASE(vfio_mdev_region_all_of_regs),
	KUNIT_CASE(vfio_mdev_region_all_of_mem),
	KUNIT_CASE(vfio_mdev_region_refuses),
	KUNIT_CASE(vfio_mdev_region_mem_faults),
	KUNIT_CASE(vfio_mdev_region_regs_fault),
	KUNIT_CASE(vfio_mdev_region_killed),
	KUNIT_CASE(vfio_mdev_region_reaches_config),
	{ }
};

static struct kunit_suite vfio_mdev_region_access_kunit_suite = {
	.name = "vfio_mdev_region_access",
	.init = vfio_mdev_region_kunit_init,
	.exit = vfio_mdev_region_kunit_exit,
	.test_cases = vfio_mdev_region_access_kunit_cases,
};

kunit_test_suite(vfio_mdev_region_access_kunit_suite);

MODULE_DESCRIPTION("Tests of access to the regions of mediated devices");
MODULE_LICENSE("GPL");
