// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the device side of a virtio ring
 *
 * The driver's memory is an array, at addresses that are far from those of the array. A
 * driver is a few lines of each test, so that it can do what virtio_ring.c would not.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mdev_ring.h>
#include <linux/virtio_ring.h>

#include "virtio_mdev_ring_bad.h"

/**
 * struct virtio_mdev_ring_kunit - state of a test
 * @mem: the driver's memory, BAD_SIZE bytes
 * @ring: what is tested
 * @chain: a buffer of it
 * @reads: how often anything was read
 * @fail_at: number of the access that fails, counted down; 0 for none
 * @rewrite: each descriptor that was read is changed right after
 */
struct virtio_mdev_ring_kunit {
	u8 *mem;
	struct virtio_mdev_ring ring;
	struct virtio_mdev_chain *chain;
	unsigned int reads;
	unsigned int fail_at;
	bool rewrite;
};

static u8 *virtio_mdev_ring_kunit_at(struct virtio_mdev_ring_kunit *ctx, u64 addr,
				     size_t len)
{
	if (ctx->fail_at && !--ctx->fail_at)
		return NULL;
	if (addr < BAD_BASE || addr - BAD_BASE > BAD_SIZE ||
	    len > BAD_SIZE - (addr - BAD_BASE))
		return NULL;
	return ctx->mem + (addr - BAD_BASE);
}

static int virtio_mdev_ring_kunit_read(void *priv, u64 addr, void *to, size_t len)
{
	struct virtio_mdev_ring_kunit *ctx = priv;
	u8 *from = virtio_mdev_ring_kunit_at(ctx, addr, len);

	ctx->reads++;
	if (!from)
		return -EFAULT;
	memcpy(to, from, len);
	if (ctx->rewrite && len == sizeof(struct vring_desc))
		memset(from, 0xff, len);
	return 0;
}

static int virtio_mdev_ring_kunit_write(void *priv, u64 addr, const void *from,
					size_t len)
{
	u8 *to = virtio_mdev_ring_kunit_at(priv, addr, len);

	if (!to)
		return -EFAULT;
	memcpy(to, from, len);
	return 0;
}

static const struct virtio_mdev_ring_mem virtio_mdev_ring_kunit_mem = {
	.read = virtio_mdev_ring_kunit_read,
	.write = virtio_mdev_ring_kunit_write,
};

static const struct virtio_mdev_ring_addr virtio_mdev_ring_kunit_addr = {
	.desc = BAD_BASE,
	.driver = BAD_DRIVER,
	.device = BAD_DEVICE,
};

#define INDIRECT	BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT		BIT_ULL(VIRTIO_RING_F_EVENT_IDX)

/* Memory is all zeros then, which is an empty ring. */
static void virtio_mdev_ring_kunit_begin(struct kunit *test, u64 features)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	memset(ctx->mem, 0, BAD_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			virtio_mdev_ring_init(&ctx->ring, BAD_NUM, features,
					      &virtio_mdev_ring_kunit_addr,
					      &virtio_mdev_ring_kunit_mem, ctx));
}

static int virtio_mdev_ring_kunit_init(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->mem = kunit_kzalloc(test, BAD_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx->mem);
	test->priv = ctx;
	ctx->chain = virtio_mdev_chain_alloc(BAD_NUM);
	KUNIT_ASSERT_NOT_NULL(test, ctx->chain);
	virtio_mdev_ring_kunit_begin(test, INDIRECT);
	return 0;
}

static void virtio_mdev_ring_kunit_exit(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	if (ctx)
		virtio_mdev_chain_free(ctx->chain);
}

static __virtio16 *virtio_mdev_ring_kunit_u16(struct kunit *test, u64 addr)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	return (__virtio16 *)(ctx->mem + (addr - BAD_BASE));
}

static void virtio_mdev_ring_kunit_set(struct kunit *test, u64 addr, u16 val)
{
	*virtio_mdev_ring_kunit_u16(test, addr) = __cpu_to_virtio16(true, val);
}

static u16 virtio_mdev_ring_kunit_get(struct kunit *test, u64 addr)
{
	return __virtio16_to_cpu(true, *virtio_mdev_ring_kunit_u16(test, addr));
}

static void virtio_mdev_ring_kunit_desc(struct kunit *test, u16 at, u64 addr, u32 len,
					u16 flags, u16 next)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	struct vring_desc *desc = (void *)(ctx->mem + (bad_desc_addr(at) - BAD_BASE));

	desc->addr = __cpu_to_virtio64(true, addr);
	desc->len = __cpu_to_virtio32(true, len);
	desc->flags = __cpu_to_virtio16(true, flags);
	desc->next = __cpu_to_virtio16(true, next);
}

/* The driver makes descriptor @head available, as its buffer number @nr. */
static void virtio_mdev_ring_kunit_add(struct kunit *test, u16 nr, u16 head)
{
	virtio_mdev_ring_kunit_set(test, BAD_DRIVER + 4 + 2 * (nr % BAD_NUM), head);
	virtio_mdev_ring_kunit_set(test, BAD_DRIVER + 2, nr + 1);
}

/* What is bad is refused with its errno, over and over until the ring is set up anew. */
static void virtio_mdev_ring_bad(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	const struct bad_ring *bad = test->param_value;
	u8 buf[16];

	virtio_mdev_ring_kunit_begin(test, bad->no_indirect ? 0 : INDIRECT);
	bad_ring_write(bad, ctx->mem);
	KUNIT_EXPECT_EQ(test, bad->err, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	/* The head, the index, and at most as many descriptors as there may be */
	KUNIT_EXPECT_LE(test, ctx->reads, 2 + BAD_NUM + VIRTIO_MDEV_CHAIN_EXTRA);
	if (bad->err > 0 && bad->pull)
		KUNIT_EXPECT_EQ(test, bad->pull,
				(int)virtio_mdev_chain_pull(ctx->chain, buf,
							    sizeof(buf)));
	if (bad->err > 0 && bad->pull >= 0)
		return;

	memset(ctx->mem, 0, BAD_SIZE);
	KUNIT_EXPECT_EQ(test, min(bad->err, bad->pull),
			virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	KUNIT_EXPECT_EQ(test, min(bad->err, bad->pull),
			virtio_mdev_ring_error(&ctx->ring));
	virtio_mdev_ring_kunit_begin(test, INDIRECT);
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
}

static void virtio_mdev_ring_bad_desc(const struct bad_ring *bad, char *desc)
{
	strscpy(desc, bad->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(virtio_mdev_ring_bad, bad_rings, virtio_mdev_ring_bad_desc);

/* Sizes and addresses that no ring has are refused. */
static void virtio_mdev_ring_setup(struct kunit *test)
{
	static const struct {
		u16 num;
		struct virtio_mdev_ring_addr addr;
		int err;
	} cases[] = {
		{ 0, { 0x1000, 0x2000, 0x3000 }, -EINVAL },
		{ 3, { 0x1000, 0x2000, 0x3000 }, -EINVAL },
		{ 8, { 0x1008, 0x2000, 0x3000 }, -EINVAL },
		{ 8, { 0x1000, 0x2001, 0x3000 }, -EINVAL },
		{ 8, { 0x1000, 0x2000, 0x3002 }, -EINVAL },
		{ 8, { -112ULL, 0x2000, 0x3000 }, -EFAULT },
		{ 8, { 0x1000, -20ULL, 0x3000 }, -EFAULT },
		{ 8, { 0x1000, 0x2000, -68ULL }, -EFAULT },
		{ 1, { 0x1010, 0x2002, 0x3004 }, 0 },
		{ 32768, { 0x100000, 0x2000, 0x3000 }, 0 },
	};
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, cases[i].err,
				    virtio_mdev_ring_init(&ctx->ring, cases[i].num, 0,
							  &cases[i].addr,
							  &virtio_mdev_ring_kunit_mem,
							  ctx), "case %u", i);
		if (!cases[i].err)
			continue;
		/* That is as good as none. */
		KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
		KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_enable(&ctx->ring));
		KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_disable(&ctx->ring));
		KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_interrupt_needed(&ctx->ring));
	}
}

/* What the driver wrote is read, in pieces, and what it is to read is written. */
static void virtio_mdev_ring_transfer(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	struct virtio_mdev_chain *chain = ctx->chain;
	char buf[8] = { };

	memcpy(ctx->mem + 0x8000, "abc", 3);
	virtio_mdev_ring_kunit_desc(test, 2, BAD_DATA, 1, NEXT, 5);
	virtio_mdev_ring_kunit_desc(test, 5, BAD_DATA + 1, 2, NEXT, 7);
	virtio_mdev_ring_kunit_desc(test, 7, BAD_DATA + 0x100, 2, NEXT | WRITE_, 3);
	virtio_mdev_ring_kunit_desc(test, 3, BAD_DATA + 0x200, 3, WRITE_, 0);
	virtio_mdev_ring_kunit_add(test, 0, 2);

	KUNIT_ASSERT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, chain));
	KUNIT_EXPECT_EQ(test, 3, chain->readable);
	KUNIT_EXPECT_EQ(test, 5, chain->writable);
	KUNIT_EXPECT_EQ(test, 2, (int)virtio_mdev_chain_pull(chain, buf, 2));
	KUNIT_EXPECT_STREQ(test, "ab", buf);
	KUNIT_EXPECT_EQ(test, 1, chain->readable);
	KUNIT_EXPECT_EQ(test, 1, (int)virtio_mdev_chain_pull(chain, buf, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, 'c', buf[0]);
	KUNIT_EXPECT_EQ(test, 0, (int)virtio_mdev_chain_pull(chain, buf, sizeof(buf)));
	KUNIT_EXPECT_EQ(test, 3, (int)virtio_mdev_chain_push(chain, "vwx", 3));
	KUNIT_EXPECT_EQ(test, 2, chain->writable);
	KUNIT_EXPECT_EQ(test, 2, (int)virtio_mdev_chain_push(chain, "yz?", 3));
	KUNIT_EXPECT_EQ(test, 0, (int)virtio_mdev_chain_push(chain, "?", 1));
	KUNIT_EXPECT_STREQ(test, "vw", (char *)ctx->mem + 0x8100);
	KUNIT_EXPECT_STREQ(test, "xyz", (char *)ctx->mem + 0x8200);

	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_chain_complete(chain, 5));
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_kunit_get(test, BAD_DEVICE + 2));
	KUNIT_EXPECT_EQ(test, 2, virtio_mdev_ring_kunit_get(test, BAD_DEVICE + 4));
	KUNIT_EXPECT_EQ(test, 5, virtio_mdev_ring_kunit_get(test, BAD_DEVICE + 8));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_pop(&ctx->ring, chain));
}

/* Tables and plain descriptors in one chain: odd, but legal. */
static void virtio_mdev_ring_mixed(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	u8 buf[29];
	unsigned int i;

	for (i = 0; i < 28; i++)
		ctx->mem[0x8000 + i] = i;
	virtio_mdev_ring_kunit_desc(test, 0, BAD_TABLE_A, 32, TABLE | NEXT, 1);
	virtio_mdev_ring_kunit_desc(test, A(0), BAD_DATA, 1, NEXT, 1);
	virtio_mdev_ring_kunit_desc(test, A(1), BAD_DATA + 1, 2, 0, 0);
	virtio_mdev_ring_kunit_desc(test, 1, BAD_TABLE_A + 32, 16, TABLE | NEXT, 2);
	virtio_mdev_ring_kunit_desc(test, A(2), BAD_DATA + 3, 3, 0, 0);
	virtio_mdev_ring_kunit_desc(test, 2, BAD_DATA + 6, 4, NEXT, 3);
	virtio_mdev_ring_kunit_desc(test, 3, BAD_TABLE_B, 48, TABLE, 0);
	virtio_mdev_ring_kunit_desc(test, B(0), BAD_DATA + 10, 5, NEXT, 1);
	virtio_mdev_ring_kunit_desc(test, B(1), BAD_DATA + 15, 6, NEXT, 2);
	virtio_mdev_ring_kunit_desc(test, B(2), BAD_DATA + 21, 7, 0, 0);
	virtio_mdev_ring_kunit_add(test, 0, 0);

	KUNIT_ASSERT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	KUNIT_ASSERT_EQ(test, 28, (int)virtio_mdev_chain_pull(ctx->chain, buf,
							      sizeof(buf)));
	KUNIT_EXPECT_MEMEQ(test, buf, ctx->mem + 0x8000, 28);
}

/* What a descriptor said when it was read is what holds. */
static void virtio_mdev_ring_read_once(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	u8 buf[8];

	memcpy(ctx->mem + 0x8000, "rightWRONG", 10);
	virtio_mdev_ring_kunit_desc(test, 0, BAD_TABLE_A, 32, TABLE, 0);
	virtio_mdev_ring_kunit_desc(test, A(0), BAD_DATA, 3, NEXT, 1);
	virtio_mdev_ring_kunit_desc(test, A(1), BAD_DATA + 3, 2, 0, 0);
	virtio_mdev_ring_kunit_add(test, 0, 0);
	ctx->rewrite = true;
	KUNIT_ASSERT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	KUNIT_EXPECT_EQ(test, 5, (int)virtio_mdev_chain_pull(ctx->chain, buf,
							     sizeof(buf)));
	KUNIT_EXPECT_MEMEQ(test, buf, "right", 5);
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_chain_complete(ctx->chain, 0));
}

/* Without event indices, a flag says whether the driver is to tell of buffers. */
static void virtio_mdev_ring_kick_flag(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_disable(&ctx->ring));
	KUNIT_EXPECT_EQ(test, VRING_USED_F_NO_NOTIFY,
			virtio_mdev_ring_kunit_get(test, BAD_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_enable(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kunit_get(test, BAD_DEVICE));

	/* A buffer that came while it was off */
	virtio_mdev_ring_kunit_desc(test, 0, BAD_DATA, 4, 0, 0);
	virtio_mdev_ring_kunit_add(test, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_kick_enable(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_enable(&ctx->ring));
	/* One that cannot be is seen here, too. */
	virtio_mdev_ring_kunit_set(test, BAD_DRIVER + 2, BAD_NUM + 2);
	KUNIT_EXPECT_EQ(test, -EPROTO, virtio_mdev_ring_kick_enable(&ctx->ring));
	KUNIT_EXPECT_EQ(test, -EPROTO, virtio_mdev_ring_kick_disable(&ctx->ring));
}

/* With them, an index does: that of the buffer that is next. */
static void virtio_mdev_ring_kick_event(struct kunit *test)
{
	const u64 avail_event = BAD_DEVICE + 4 + 8 * BAD_NUM;
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	virtio_mdev_ring_kunit_begin(test, EVENT);
	virtio_mdev_ring_kunit_desc(test, 0, BAD_DATA, 4, 0, 0);
	virtio_mdev_ring_kunit_add(test, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_enable(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_kunit_get(test, avail_event));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kick_disable(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_kunit_get(test, avail_event));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_kunit_get(test, BAD_DEVICE));
}

/* Takes and gives back @nr buffers, the first of them number @first. */
static void virtio_mdev_ring_kunit_use(struct kunit *test, u32 first, u32 nr)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	u32 i;

	virtio_mdev_ring_kunit_desc(test, 0, BAD_DATA, 4, 0, 0);
	for (i = first; i < first + nr; i++) {
		virtio_mdev_ring_kunit_add(test, i, 0);
		KUNIT_ASSERT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
		KUNIT_ASSERT_EQ(test, 0, virtio_mdev_chain_complete(ctx->chain, i));
		KUNIT_ASSERT_EQ(test, (u16)i,
				virtio_mdev_ring_kunit_get(test, BAD_DEVICE + 8 +
							   8 * (i % BAD_NUM)));
	}
}

/* A flag of the driver's says whether it waits for what is given back. */
static void virtio_mdev_ring_interrupt_flag(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_interrupt_needed(&ctx->ring));
	virtio_mdev_ring_kunit_set(test, BAD_DRIVER, VRING_AVAIL_F_NO_INTERRUPT);
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_interrupt_needed(&ctx->ring));
}

/* Or an index does: one interrupt when that was passed, and no other. */
static void virtio_mdev_ring_interrupt_event(struct kunit *test)
{
	const u64 used_event = BAD_DRIVER + 4 + 2 * BAD_NUM;
	struct virtio_mdev_ring_kunit *ctx = test->priv;

	virtio_mdev_ring_kunit_begin(test, EVENT);
	virtio_mdev_ring_kunit_set(test, used_event, 2);
	virtio_mdev_ring_kunit_use(test, 0, 2);
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_interrupt_needed(&ctx->ring));
	virtio_mdev_ring_kunit_use(test, 2, 1);
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_interrupt_needed(&ctx->ring));
	virtio_mdev_ring_kunit_use(test, 3, 5);
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_interrupt_needed(&ctx->ring));

	/* So many that the index is where it was: there was one among them. */
	virtio_mdev_ring_kunit_use(test, 8, 65536);
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_interrupt_needed(&ctx->ring));
	KUNIT_EXPECT_EQ(test, 0, virtio_mdev_ring_interrupt_needed(&ctx->ring));
}

/* Everything that can be done with a buffer: the first errno, or 0 */
static int virtio_mdev_ring_kunit_all(struct virtio_mdev_ring_kunit *ctx)
{
	u8 buf[4] = { };
	int ret;

	ret = virtio_mdev_ring_kick_disable(&ctx->ring);
	if (ret >= 0)
		ret = virtio_mdev_ring_pop(&ctx->ring, ctx->chain);
	if (ret >= 0)
		ret = virtio_mdev_chain_pull(ctx->chain, buf, sizeof(buf));
	if (ret >= 0)
		ret = virtio_mdev_chain_push(ctx->chain, buf, sizeof(buf));
	if (ret >= 0)
		ret = virtio_mdev_chain_complete(ctx->chain, 4);
	if (ret >= 0)
		ret = virtio_mdev_ring_interrupt_needed(&ctx->ring);
	if (ret >= 0)
		ret = virtio_mdev_ring_kick_enable(&ctx->ring);
	return min(ret, 0);
}

/* Memory that goes while the ring is used breaks it, whichever access that is. */
static void virtio_mdev_ring_fault(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	unsigned int i = 0;
	int ret;

	do {
		virtio_mdev_ring_kunit_begin(test, i % 2 ? EVENT : 0);
		virtio_mdev_ring_kunit_desc(test, 0, BAD_DATA, 4, NEXT, 1);
		virtio_mdev_ring_kunit_desc(test, 1, BAD_DATA, 4, WRITE_, 0);
		virtio_mdev_ring_kunit_add(test, 0, 0);
		ctx->fail_at = ++i / 2 + 1;
		ret = virtio_mdev_ring_kunit_all(ctx);
		KUNIT_EXPECT_EQ(test, ctx->fail_at ? 0 : -EFAULT, ret);
		if (ret)
			KUNIT_EXPECT_EQ(test, -EFAULT, virtio_mdev_ring_kunit_all(ctx));
	} while (ret && i < 100);
	/* Index, head, two descriptors, data twice, entry and index, flags twice */
	KUNIT_EXPECT_GE(test, i / 2, 10);
	KUNIT_EXPECT_EQ(test, 0, ret);
}

/* A buffer may have as many pieces as the ring and a table of 1024, and no more. */
static void virtio_mdev_ring_budget(struct kunit *test)
{
	struct virtio_mdev_ring_kunit *ctx = test->priv;
	unsigned int i, last = VIRTIO_MDEV_CHAIN_EXTRA + BAD_NUM - 2;

	for (i = 0; i <= last; i++)
		virtio_mdev_ring_kunit_desc(test, A(i),
					    BAD_DATA, 1, i < last ? NEXT : 0, i + 1);
	virtio_mdev_ring_kunit_desc(test, 0, BAD_TABLE_A, 16 * (last + 1), TABLE, 0);
	virtio_mdev_ring_kunit_add(test, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, virtio_mdev_ring_pop(&ctx->ring, ctx->chain));
	KUNIT_EXPECT_EQ(test, last + 1, ctx->chain->readable);
}

static struct kunit_case virtio_mdev_ring_cases[] = {
	KUNIT_CASE_PARAM(virtio_mdev_ring_bad, virtio_mdev_ring_bad_gen_params),
	KUNIT_CASE(virtio_mdev_ring_setup),
	KUNIT_CASE(virtio_mdev_ring_transfer),
	KUNIT_CASE(virtio_mdev_ring_mixed),
	KUNIT_CASE(virtio_mdev_ring_read_once),
	KUNIT_CASE(virtio_mdev_ring_kick_flag),
	KUNIT_CASE(virtio_mdev_ring_kick_event),
	KUNIT_CASE(virtio_mdev_ring_interrupt_flag),
	KUNIT_CASE(virtio_mdev_ring_interrupt_event),
	KUNIT_CASE(virtio_mdev_ring_fault),
	KUNIT_CASE(virtio_mdev_ring_budget),
	{ }
};

static struct kunit_suite virtio_mdev_ring_suite = {
	.name = "virtio_mdev_ring",
	.init = virtio_mdev_ring_kunit_init,
	.exit = virtio_mdev_ring_kunit_exit,
	.test_cases = virtio_mdev_ring_cases,
};

kunit_test_suite(virtio_mdev_ring_suite);

MODULE_DESCRIPTION("KUnit tests of the device side of a virtio ring");
MODULE_LICENSE("GPL");
