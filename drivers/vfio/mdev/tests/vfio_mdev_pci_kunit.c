// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of PCI config space as data
 *
 * What config space has to be is written down here a second time, register by
 * register, and becomes a model that knows of bits only. Accesses of every width
 * at every offset are made to both.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>
#include <linux/vfio_mdev_lib.h>

#define VFIO_MDEV_PCI_IO	PCI_BASE_ADDRESS_SPACE_IO
#define VFIO_MDEV_PCI_64	PCI_BASE_ADDRESS_MEM_TYPE_64
#define VFIO_MDEV_PCI_PREFETCH	PCI_BASE_ADDRESS_MEM_PREFETCH

/**
 * struct vfio_mdev_pci_kunit - state of a test
 * @dev: names messages; never registered
 * @config: what is tested
 * @written: number of calls of written()
 * @offset: what the last one was told
 * @count: the same
 * @found: what it read at @offset
 */
struct vfio_mdev_pci_kunit {
	struct device dev;
	struct vfio_mdev_config config;
	unsigned int written;
	unsigned int offset;
	unsigned int count;
	u8 found;
};

/**
 * struct vfio_mdev_pci_model - what config space is to be
 * @image: what it reads as
 * @rw: bits that can be written
 * @w1c: bits that are cleared by writing 1
 */
struct vfio_mdev_pci_model {
	u8 image[PCI_CFG_SPACE_EXP_SIZE];
	u8 rw[PCI_CFG_SPACE_EXP_SIZE];
	u8 w1c[PCI_CFG_SPACE_EXP_SIZE];
};

/* A BAR of each kind, and a pin */
static const struct vfio_mdev_pci_desc vfio_mdev_pci_card = {
	.vendor = 0x1234,
	.device = 0x5678,
	.subsystem_vendor = 0x9abc,
	.subsystem_device = 0xdef0,
	.class = 0x070002,
	.revision = 0x42,
	.irq_pin = 2,
	.bar = {
		[0] = { SZ_8, VFIO_MDEV_PCI_IO },
		[1] = { SZ_4K, 0 },
		[2] = { SZ_8G, VFIO_MDEV_PCI_64 | VFIO_MDEV_PCI_PREFETCH },
		[4] = { SZ_1M, VFIO_MDEV_PCI_PREFETCH },
	},
};

#define VFIO_MDEV_PCI_CAP_SIZE	12

/* Bits of all kinds, in id and link too, which are to be none of them */
static const u8 vfio_mdev_pci_cap_image[VFIO_MDEV_PCI_CAP_SIZE] = {
	0xff, 0xff, 0x0c, 0x00, 0xff, 0x00, 0xff, 0x0f, 0xa5, 0x5a, 0x81, 0x00
};

static const u8 vfio_mdev_pci_cap_rw[VFIO_MDEV_PCI_CAP_SIZE] = {
	0xff, 0x0f, 0x00, 0x00, 0xff, 0xff, 0x00, 0x03, 0x33, 0x0f, 0x80, 0x01
};

static const u8 vfio_mdev_pci_cap_w1c[VFIO_MDEV_PCI_CAP_SIZE] = {
	0x00, 0xf0, 0x00, 0x00, 0x00, 0x00, 0xff, 0x0c, 0xcc, 0xf0, 0x01, 0x00
};

static const struct vfio_mdev_pci_cap vfio_mdev_pci_card_cap = {
	.id = PCI_CAP_ID_VNDR,
	.size = VFIO_MDEV_PCI_CAP_SIZE,
	.image = vfio_mdev_pci_cap_image,
	.rw = vfio_mdev_pci_cap_rw,
	.w1c = vfio_mdev_pci_cap_w1c,
};

/* Where that one ends up, and MSI with 8 vectors after it */
#define VFIO_MDEV_PCI_CAP	0x40
#define VFIO_MDEV_PCI_MSI	0x4c

/**
 * struct vfio_mdev_pci_reg - a register of the above
 * @offset: where it is
 * @width: its bytes
 * @value: what it reads as after reset
 * @rw: bits that can be written
 * @w1c: bits that are cleared by writing 1
 *
 * Whatever is in no register reads as zero and cannot be written.
 */
struct vfio_mdev_pci_reg {
	u16 offset;
	u8 width;
	u32 value;
	u32 rw;
	u32 w1c;
};

static const struct vfio_mdev_pci_reg vfio_mdev_pci_regs[] = {
	{ PCI_VENDOR_ID, 2, 0x1234 },
	{ PCI_DEVICE_ID, 2, 0x5678 },
	{ PCI_COMMAND, 2, 0, 0x0547 },
	/* As if there had been errors of all kinds */
	{ PCI_STATUS, 2, 0xfb10, 0, 0xf900 },
	{ PCI_CLASS_REVISION, 4, 0x07000242 },
	{ PCI_CACHE_LINE_SIZE, 1, 0, 0xff },
	{ PCI_LATENCY_TIMER, 1, 0, 0xff },
	{ PCI_BASE_ADDRESS_0, 4, 0x00000001, 0xfffffff8 },
	{ PCI_BASE_ADDRESS_1, 4, 0x00000000, 0xfffff000 },
	{ PCI_BASE_ADDRESS_2, 4, 0x0000000c, 0x00000000 },
	{ PCI_BASE_ADDRESS_3, 4, 0x00000000, 0xfffffffe },
	{ PCI_BASE_ADDRESS_4, 4, 0x00000008, 0xfff00000 },
	{ PCI_SUBSYSTEM_VENDOR_ID, 2, 0x9abc },
	{ PCI_SUBSYSTEM_ID, 2, 0xdef0 },
	{ PCI_CAPABILITY_LIST, 1, VFIO_MDEV_PCI_CAP },
	{ PCI_INTERRUPT_LINE, 1, 0, 0xff },
	{ PCI_INTERRUPT_PIN, 1, 2 },

	{ VFIO_MDEV_PCI_CAP + 0, 4, 0x000c4c09, 0x00000000, 0x00000000 },
	{ VFIO_MDEV_PCI_CAP + 4, 4, 0x0fff00ff, 0x0300ffff, 0x0cff0000 },
	{ VFIO_MDEV_PCI_CAP + 8, 4, 0x00815aa5, 0x01800f33, 0x0001f0cc },

	{ VFIO_MDEV_PCI_MSI + PCI_CAP_LIST_ID, 2, 0x0005 },
	{ VFIO_MDEV_PCI_MSI + PCI_MSI_FLAGS, 2, 0x0086, 0x0071 },
	{ VFIO_MDEV_PCI_MSI + PCI_MSI_ADDRESS_LO, 4, 0, 0xfffffffc },
	{ VFIO_MDEV_PCI_MSI + PCI_MSI_ADDRESS_HI, 4, 0, 0xffffffff },
	{ VFIO_MDEV_PCI_MSI + PCI_MSI_DATA_64, 2, 0, 0xffff },
};

static int vfio_mdev_pci_kunit_init(struct kunit *test)
{
	struct vfio_mdev_pci_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->dev.init_name = "vfio_mdev_pci";
	test->priv = ctx;
	return 0;
}

static void vfio_mdev_pci_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_pci_kunit *ctx = test->priv;

	if (ctx)
		vfio_mdev_config_destroy(&ctx->config);
}

/* Builds a config space that is to succeed, in place of the last one. */
static struct vfio_mdev_config *
vfio_mdev_pci_kunit_config(struct kunit *test,
			   const struct vfio_mdev_pci_desc *desc)
{
	struct vfio_mdev_pci_kunit *ctx = test->priv;

	vfio_mdev_config_destroy(&ctx->config);
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_config_init(&ctx->config, &ctx->dev, desc));
	return &ctx->config;
}

/* A card without BARs, pin and capabilities */
static struct vfio_mdev_config *vfio_mdev_pci_kunit_bare(struct kunit *test)
{
	static const struct vfio_mdev_pci_desc bare = { .vendor = 0x1234 };

	return vfio_mdev_pci_kunit_config(test, &bare);
}

static u32 vfio_mdev_pci_kunit_read(struct kunit *test, u64 offset,
				    unsigned int width)
{
	struct vfio_mdev_pci_kunit *ctx = test->priv;
	u8 buf[4] = { };

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_read(&ctx->config, offset,
						       buf, width));
	return get_unaligned_le32(buf);
}

static void vfio_mdev_pci_kunit_write(struct kunit *test, u64 offset,
				      unsigned int width, u32 value)
{
	struct vfio_mdev_pci_kunit *ctx = test->priv;
	u8 buf[4];

	put_unaligned_le32(value, buf);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_write(&ctx->config, offset,
							buf, width));
}

/*
 * The model
 */

static struct vfio_mdev_pci_model *vfio_mdev_pci_model(struct kunit *test)
{
	struct vfio_mdev_pci_model *model;
	unsigned int i, j;

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);

	for (i = 0; i < ARRAY_SIZE(vfio_mdev_pci_regs); i++) {
		const struct vfio_mdev_pci_reg *reg = &vfio_mdev_pci_regs[i];

		for (j = 0; j < reg->width; j++) {
			model->image[reg->offset + j] = reg->value >> 8 * j;
			model->rw[reg->offset + j] = reg->rw >> 8 * j;
			model->w1c[reg->offset + j] = reg->w1c >> 8 * j;
		}
	}
	return model;
}

static bool vfio_mdev_pci_model_bit(struct vfio_mdev_pci_model *model,
				    unsigned int offset, u8 bit, bool value)
{
	if (model->rw[offset] & bit)
		return value;
	if (model->w1c[offset] & bit && value)
		return false;
	return model->image[offset] & bit;
}

static void vfio_mdev_pci_model_write(struct vfio_mdev_pci_model *model,
				      unsigned int offset, const u8 *buf,
				      unsigned int count)
{
	unsigned int i, bit;
	u8 byte;

	for (i = 0; i < count; i++) {
		byte = 0;
		for (bit = 1; bit < 0x100; bit <<= 1)
			if (vfio_mdev_pci_model_bit(model, offset + i, bit,
						    buf[i] & bit))
				byte |= bit;
		model->image[offset + i] = byte;
	}
}

/* The card with both capabilities, of the size that the parameter says */
static struct vfio_mdev_config *vfio_mdev_pci_kunit_card(struct kunit *test)
{
	const unsigned int *size = test->param_value;
	struct vfio_mdev_pci_desc desc = vfio_mdev_pci_card;
	struct vfio_mdev_config *config;
	u8 at = 0;

	desc.config_size = *size;
	config = vfio_mdev_pci_kunit_config(test, &desc);
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_config_add_cap(config,
						 &vfio_mdev_pci_card_cap, &at));
	KUNIT_ASSERT_EQ(test, VFIO_MDEV_PCI_CAP, at);
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_add_msi(config, 8));
	KUNIT_ASSERT_EQ(test, VFIO_MDEV_PCI_MSI,
			vfio_mdev_config_find_cap(config, PCI_CAP_ID_MSI));

	/* Nothing in the library sets these. */
	config->reset[PCI_STATUS + 1] |= 0xf9;
	vfio_mdev_config_reset(config);
	return config;
}

static const unsigned int vfio_mdev_pci_sizes[] = {
	PCI_CFG_SPACE_SIZE,
	PCI_CFG_SPACE_EXP_SIZE,
};

static void vfio_mdev_pci_size_desc(const unsigned int *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u bytes", *size);
}

KUNIT_ARRAY_PARAM(vfio_mdev_pci_size, vfio_mdev_pci_sizes,
		  vfio_mdev_pci_size_desc);

/* What is read is the same by any width and at any alignment. */
static void vfio_mdev_pci_read_widths(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_card(test);
	struct vfio_mdev_pci_model *model = vfio_mdev_pci_model(test);
	unsigned int width, offset;
	u8 buf[9];

	for (width = 1; width <= 8; width *= 2) {
		for (offset = 0; offset <= config->size - width; offset++) {
			memset(buf, 0xcc, sizeof(buf));
			vfio_mdev_config_read(config, offset, buf, width);
			KUNIT_ASSERT_MEMEQ_MSG(test, model->image + offset,
					       buf, width,
					       "%u bytes at %#x", width,
					       offset);
			KUNIT_ASSERT_EQ(test, 0xcc, buf[width]);
		}
	}
}

/* Writes the same to both after a reset, and compares all of config space. */
static void vfio_mdev_pci_kunit_both(struct kunit *test,
				     struct vfio_mdev_pci_model *model,
				     unsigned int offset, unsigned int width,
				     u8 pattern)
{
	struct vfio_mdev_pci_kunit *ctx = test->priv;
	struct vfio_mdev_config *config = &ctx->config;
	u8 buf[8], before[8];

	memset(buf, pattern, sizeof(buf));
	memcpy(before, model->image + offset, width);

	vfio_mdev_config_reset(config);
	vfio_mdev_config_write(config, offset, buf, width);
	vfio_mdev_pci_model_write(model, offset, buf, width);
	if (memcmp(model->image, config->image, config->size))
		KUNIT_FAIL_AND_ABORT(test, "%#x to %u bytes at %#x\n", pattern,
				     width, offset);

	memcpy(model->image + offset, before, width);
}

/* What is written goes where the masks say, by any width at any alignment. */
static void vfio_mdev_pci_write_widths(struct kunit *test)
{
	static const u8 patterns[] = { 0xff, 0x00, 0x5a };
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_card(test);
	struct vfio_mdev_pci_model *model = vfio_mdev_pci_model(test);
	unsigned int width, offset, i;

	for (width = 1; width <= 8; width *= 2)
		for (offset = 0; offset <= config->size - width; offset++)
			for (i = 0; i < ARRAY_SIZE(patterns); i++)
				vfio_mdev_pci_kunit_both(test, model, offset,
							 width, patterns[i]);
}

/* Writes of any length that follow each other add up. */
static void vfio_mdev_pci_write_runs(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_card(test);
	struct vfio_mdev_pci_model *model = vfio_mdev_pci_model(test);
	unsigned int i, offset, count;
	struct rnd_state rnd;
	u8 buf[32];

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 5000; i++) {
		/* Where the registers are, in most cases */
		offset = prandom_u32_state(&rnd) % (i % 8 ? 0x60 : 0xe0);
		count = prandom_u32_state(&rnd) % (sizeof(buf) + 1);
		prandom_bytes_state(&rnd, buf, count);

		vfio_mdev_config_write(config, offset, buf, count);
		vfio_mdev_pci_model_write(model, offset, buf, count);
		KUNIT_ASSERT_MEMEQ_MSG(test, model->image, config->image,
				       config->size, "%u bytes at %#x", count,
				       offset);
	}
}

/**
 * struct vfio_mdev_pci_span - a part of config space, or not
 * @offset: where it begins
 * @count: its bytes
 * @from_end: @offset is counted from the end
 * @ret: what access to it returns
 */
struct vfio_mdev_pci_span {
	u64 offset;
	size_t count;
	bool from_end;
	int ret;
};

static const struct vfio_mdev_pci_span vfio_mdev_pci_spans[] = {
	{ 0, 0, false, 0 },
	{ -1ULL, 1, true, 0 },			/* the last byte */
	{ -8ULL, 8, true, 0 },
	{ 0, 0, true, 0 },			/* nothing, at the end */
	{ 0, 1, true, -EINVAL },		/* one past the end */
	{ 1, 0, true, -EINVAL },		/* nothing, after the end */
	{ -1ULL, 2, true, -EINVAL },		/* across the end */
	{ -7ULL, 8, true, -EINVAL },
	{ 0, SZ_8K, false, -EINVAL },		/* more than all */
	{ 1, SIZE_MAX, false, -EINVAL },	/* wraps */
	{ -1ULL, SIZE_MAX, true, -EINVAL },
	{ U64_MAX, 1, false, -EINVAL },		/* wraps */
	{ U64_MAX, 2, false, -EINVAL },
	{ BIT_ULL(32), 1, false, -EINVAL },	/* 0 in 32 bits */
	{ BIT_ULL(16), 1, false, -EINVAL },	/* 0 in 16 bits */
	{ BIT_ULL(63), 1, false, -EINVAL },	/* negative if signed */
};

static void vfio_mdev_pci_kunit_written(struct vfio_mdev_config *config,
					unsigned int offset,
					unsigned int count)
{
	struct vfio_mdev_pci_kunit *ctx =
		container_of(config, struct vfio_mdev_pci_kunit, config);

	ctx->written++;
	ctx->offset = offset;
	ctx->count = count;
	/* Not possible with the lock held */
	vfio_mdev_config_read(config, offset, &ctx->found, 1);
}

/* What is not all within config space is refused as a whole. */
static void vfio_mdev_pci_bounds(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_card(test);
	struct vfio_mdev_pci_model *model = vfio_mdev_pci_model(test);
	struct vfio_mdev_pci_kunit *ctx = test->priv;
	u8 buf[8];
	unsigned int i;

	config->written = vfio_mdev_pci_kunit_written;
	for (i = 0; i < ARRAY_SIZE(vfio_mdev_pci_spans); i++) {
		const struct vfio_mdev_pci_span *span = &vfio_mdev_pci_spans[i];
		u64 offset = span->offset + span->from_end * config->size;

		memset(buf, 0xff, sizeof(buf));
		ctx->written = 0;
		KUNIT_EXPECT_EQ_MSG(test, span->ret,
				    vfio_mdev_config_write(config, offset, buf,
							   span->count),
				    "write %u", i);
		KUNIT_EXPECT_EQ(test, !span->ret, ctx->written);
		KUNIT_EXPECT_EQ_MSG(test, span->ret,
				    vfio_mdev_config_read(config, offset, buf,
							  span->count),
				    "read %u", i);
		KUNIT_EXPECT_TRUE(test, !span->ret ||
				  !memchr_inv(buf, 0xff, sizeof(buf)));
	}
	KUNIT_EXPECT_MEMEQ(test, model->image, config->image, config->size);
}

/*
 * Descriptions
 */

/**
 * struct vfio_mdev_pci_mistake - a description that is refused
 * @why: what is wrong with it
 * @desc: the description
 */
struct vfio_mdev_pci_mistake {
	const char *why;
	struct vfio_mdev_pci_desc desc;
};

static const struct vfio_mdev_pci_mistake vfio_mdev_pci_mistakes[] = {
	{ "vendor of no device", { .vendor = 0xffff } },
	{ "class of 25 bits", { .class = 0x1000000 } },
	{ "class of 32 bits", { .class = 0xffffffff } },
	{ "INTE", { .irq_pin = 5 } },
	{ "pin 255", { .irq_pin = 255 } },
	{ "config space of 1 byte", { .config_size = 1 } },
	{ "config space of a header", { .config_size = 64 } },
	{ "config space short by a byte", { .config_size = 255 } },
	{ "config space long by a byte", { .config_size = 257 } },
	{ "config space of 512 bytes", { .config_size = 512 } },
	{ "config space of 4095 bytes", { .config_size = 4095 } },
	{ "config space of 8192 bytes", { .config_size = 8192 } },
	{ "flags without a size", { .bar[0] = { 0, VFIO_MDEV_PCI_IO } } },
	{ "64-bit flag without a size", { .bar[1] = { 0, VFIO_MDEV_PCI_64 } } },
	{ "I/O of 64 bits",
	  { .bar[0] = { 8, VFIO_MDEV_PCI_IO | VFIO_MDEV_PCI_64 } } },
	{ "I/O that is prefetchable",
	  { .bar[0] = { 8, VFIO_MDEV_PCI_IO | VFIO_MDEV_PCI_PREFETCH } } },
	{ "I/O with the reserved bit", { .bar[0] = { 8, 3 } } },
	{ "memory below 1 MiB",
	  { .bar[0] = { 4096, PCI_BASE_ADDRESS_MEM_TYPE_1M } } },
	{ "an address among the flags", { .bar[0] = { 4096, 0x1000 } } },
	{ "I/O of 2 bytes", { .bar[0] = { 2, VFIO_MDEV_PCI_IO } } },
	{ "I/O of 6 bytes", { .bar[0] = { 6, VFIO_MDEV_PCI_IO } } },
	{ "I/O of 512 bytes", { .bar[0] = { 512, VFIO_MDEV_PCI_IO } } },
	{ "memory of 8 bytes", { .bar[0] = { 8, 0 } } },
	{ "memory of 4095 bytes", { .bar[0] = { 4095, 0 } } },
	{ "memory of 3 MiB", { .bar[0] = { 3 * SZ_1M, 0 } } },
	{ "memory of 4 GiB in 32 bits", { .bar[0] = { SZ_4G, 0 } } },
	{ "memory of 2^63 bytes in 32 bits", { .bar[0] = { BIT_ULL(63), 0 } } },
	{ "64 bits in the last register",
	  { .bar[5] = { SZ_4K, VFIO_MDEV_PCI_64 } } },
	{ "64 bits before a register in use",
	  { .bar[1] = { SZ_4K, VFIO_MDEV_PCI_64 }, .bar[2] = { SZ_4K, 0 } } },
	{ "64 bits before flags",
	  { .bar[1] = { SZ_4K, VFIO_MDEV_PCI_64 },
	    .bar[2] = { 0, VFIO_MDEV_PCI_PREFETCH } } },
	{ "a good register before a bad one",
	  { .bar[0] = { SZ_4K, 0 }, .bar[5] = { 1, 0 } } },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_pci_mistake, vfio_mdev_pci_mistakes, why);

/* What no PCI device can be is refused, and nothing stays behind. */
static void vfio_mdev_pci_init_refuses(struct kunit *test)
{
	const struct vfio_mdev_pci_mistake *mistake = test->param_value;
	struct vfio_mdev_pci_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_config_init(&ctx->config, &ctx->dev,
					      &mistake->desc));
	KUNIT_EXPECT_NULL(test, ctx->config.image);
}

/* What is just about possible is not refused. */
static void vfio_mdev_pci_init_limits(struct kunit *test)
{
	static const struct vfio_mdev_pci_desc limits[] = {
		{ .vendor = 0xfffe, .device = 0xffff, .class = 0xffffff,
		  .revision = 0xff, .irq_pin = 4 },
		{ .bar[5] = { SZ_4, VFIO_MDEV_PCI_IO } },
		{ .bar[5] = { SZ_256, VFIO_MDEV_PCI_IO } },
		{ .bar[5] = { SZ_16, 0 } },
		{ .bar[5] = { SZ_2G, 0 } },
		{ .bar[4] = { SZ_16, VFIO_MDEV_PCI_64 } },
		{ .bar[4] = { BIT_ULL(63), VFIO_MDEV_PCI_64 } },
		{ .config_size = PCI_CFG_SPACE_SIZE },
		{ .config_size = PCI_CFG_SPACE_EXP_SIZE },
	};
	struct vfio_mdev_config *config;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		config = vfio_mdev_pci_kunit_config(test, &limits[i]);
		KUNIT_EXPECT_EQ(test, limits[i].config_size ?: 256,
				config->size);
	}
}

/*
 * Registers of the header
 */

/**
 * struct vfio_mdev_pci_command - what the command register depends on
 * @name: in words
 * @desc: the device
 * @bits: those that can be set
 */
struct vfio_mdev_pci_command {
	const char *name;
	struct vfio_mdev_pci_desc desc;
	u16 bits;
};

static const struct vfio_mdev_pci_command vfio_mdev_pci_commands[] = {
	{ "nothing", { }, 0x0144 },
	{ "I/O", { .bar[0] = { 8, VFIO_MDEV_PCI_IO } }, 0x0145 },
	{ "memory", { .bar[5] = { SZ_4K, 0 } }, 0x0146 },
	{ "memory of 64 bits", { .bar[4] = { SZ_4K, VFIO_MDEV_PCI_64 } },
	  0x0146 },
	{ "a pin", { .irq_pin = 4 }, 0x0544 },
	{ "all", { .irq_pin = 1, .bar[2] = { 4, VFIO_MDEV_PCI_IO },
		   .bar[0] = { 16, VFIO_MDEV_PCI_PREFETCH } }, 0x0547 },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_pci_command, vfio_mdev_pci_commands, name);

/* A command bit can be set if the device has what it enables. */
static void vfio_mdev_pci_command_bits(struct kunit *test)
{
	const struct vfio_mdev_pci_command *command = test->param_value;
	struct vfio_mdev_config *config;

	config = vfio_mdev_pci_kunit_config(test, &command->desc);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_command(config));
	vfio_mdev_pci_kunit_write(test, PCI_COMMAND, 2, 0xffff);
	KUNIT_EXPECT_EQ(test, command->bits, vfio_mdev_config_command(config));
	KUNIT_EXPECT_EQ(test, command->bits,
			vfio_mdev_pci_kunit_read(test, PCI_COMMAND, 2));
	vfio_mdev_pci_kunit_write(test, PCI_COMMAND, 2, 0);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_command(config));
}

/* The interrupt bit of the status is the device's, the others keep out of it. */
static void vfio_mdev_pci_intx_status(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_bare(test);
	u16 idle = PCI_STATUS_DEVSEL_MEDIUM;
	u16 pending = idle | PCI_STATUS_INTERRUPT;

	KUNIT_EXPECT_EQ(test, idle,
			vfio_mdev_pci_kunit_read(test, PCI_STATUS, 2));
	vfio_mdev_config_set_intx_status(config, false);
	KUNIT_EXPECT_EQ(test, idle,
			vfio_mdev_pci_kunit_read(test, PCI_STATUS, 2));
	vfio_mdev_config_set_intx_status(config, true);
	vfio_mdev_config_set_intx_status(config, true);
	KUNIT_EXPECT_EQ(test, pending,
			vfio_mdev_pci_kunit_read(test, PCI_STATUS, 2));
	vfio_mdev_pci_kunit_write(test, PCI_COMMAND, 4, 0xffffffff);
	KUNIT_EXPECT_EQ(test, pending,
			vfio_mdev_pci_kunit_read(test, PCI_STATUS, 2));
	vfio_mdev_config_set_intx_status(config, false);
	KUNIT_EXPECT_EQ(test, idle,
			vfio_mdev_pci_kunit_read(test, PCI_STATUS, 2));
}

/**
 * struct vfio_mdev_pci_bar_case - a BAR and what a driver finds
 * @name: in words
 * @index: which one it is
 * @bar: its description
 * @sized: what it reads as when all ones were written
 */
struct vfio_mdev_pci_bar_case {
	const char *name;
	unsigned int index;
	struct vfio_mdev_pci_bar bar;
	u64 sized;
};

static const struct vfio_mdev_pci_bar_case vfio_mdev_pci_bars[] = {
	{ "none", 0, { 0, 0 }, 0 },
	{ "4 bytes of I/O", 0, { SZ_4, VFIO_MDEV_PCI_IO }, 0xfffffffd },
	{ "8 bytes of I/O", 5, { SZ_8, VFIO_MDEV_PCI_IO }, 0xfffffff9 },
	{ "256 bytes of I/O", 1, { SZ_256, VFIO_MDEV_PCI_IO }, 0xffffff01 },
	{ "16 bytes", 0, { SZ_16, 0 }, 0xfffffff0 },
	{ "4 KiB", 3, { SZ_4K, 0 }, 0xfffff000 },
	{ "2 GiB", 5, { SZ_2G, 0 }, 0x80000000 },
	{ "1 MiB, prefetchable", 2, { SZ_1M, VFIO_MDEV_PCI_PREFETCH },
	  0xfff00008 },
	{ "16 bytes, 64 bits", 0, { SZ_16, VFIO_MDEV_PCI_64 },
	  0xfffffffffffffff4 },
	{ "4 KiB, 64 bits", 4, { SZ_4K, VFIO_MDEV_PCI_64 },
	  0xfffffffffffff004 },
	{ "2 GiB, 64 bits, prefetchable", 2,
	  { SZ_2G, VFIO_MDEV_PCI_64 | VFIO_MDEV_PCI_PREFETCH },
	  0xffffffff8000000c },
	{ "4 GiB, 64 bits", 1, { SZ_4G, VFIO_MDEV_PCI_64 },
	  0xffffffff00000004 },
	{ "8 GiB, 64 bits, prefetchable", 3,
	  { SZ_8G, VFIO_MDEV_PCI_64 | VFIO_MDEV_PCI_PREFETCH },
	  0xfffffffe0000000c },
	{ "2^63 bytes, 64 bits", 4, { BIT_ULL(63), VFIO_MDEV_PCI_64 },
	  0x8000000000000004 },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_pci_bar, vfio_mdev_pci_bars, name);

/* A card with no more than the BAR of the parameter */
static void vfio_mdev_pci_kunit_one_bar(struct kunit *test)
{
	const struct vfio_mdev_pci_bar_case *c = test->param_value;
	struct vfio_mdev_pci_desc desc = { };

	desc.bar[c->index] = c->bar;
	vfio_mdev_pci_kunit_config(test, &desc);
}

/* Writes @value to both halves, as far as there are two, and reads it again. */
static u64 vfio_mdev_pci_kunit_bar(struct kunit *test, u64 value,
				   unsigned int width)
{
	const struct vfio_mdev_pci_bar_case *c = test->param_value;
	unsigned int size = c->bar.flags & VFIO_MDEV_PCI_64 ? 8 : 4;
	unsigned int base = PCI_BASE_ADDRESS_0 + 4 * c->index;
	unsigned int i;
	u64 ret = 0;

	for (i = 0; i < size; i += width)
		vfio_mdev_pci_kunit_write(test, base + i, width,
					  value >> 8 * i);
	for (i = 0; i < size; i += 4)
		ret |= (u64)vfio_mdev_pci_kunit_read(test, base + i, 4) <<
		       8 * i;
	return ret;
}

/* A BAR tells its size, takes an address of that alignment, and keeps its flags. */
static void vfio_mdev_pci_bar_sizing(struct kunit *test)
{
	const struct vfio_mdev_pci_bar_case *c = test->param_value;
	const u64 address = 0x92345678765432f8;
	unsigned int width;
	u64 placed;

	vfio_mdev_pci_kunit_one_bar(test);
	placed = (c->sized & address & ~(u64)PCI_BASE_ADDRESS_SPACE_IO) |
		 c->bar.flags;
	for (width = 1; width <= 4; width *= 2) {
		KUNIT_EXPECT_EQ(test, c->sized,
				vfio_mdev_pci_kunit_bar(test, U64_MAX, width));
		KUNIT_EXPECT_EQ(test, placed,
				vfio_mdev_pci_kunit_bar(test, address, width));
		KUNIT_EXPECT_EQ(test, (u64)c->bar.flags,
				vfio_mdev_pci_kunit_bar(test, 0, width));
	}
}

/* A device has no other BARs than those in its description, and no ROM. */
static void vfio_mdev_pci_bar_others(struct kunit *test)
{
	const struct vfio_mdev_pci_bar_case *c = test->param_value;
	bool wide = c->bar.flags & VFIO_MDEV_PCI_64;
	unsigned int i;

	vfio_mdev_pci_kunit_one_bar(test);
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (i == c->index || (wide && i == c->index + 1))
			continue;
		vfio_mdev_pci_kunit_write(test, PCI_BASE_ADDRESS_0 + 4 * i, 4,
					  U32_MAX);
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_pci_kunit_read(test, 4 * i +
							 PCI_BASE_ADDRESS_0,
							 4));
	}
	vfio_mdev_pci_kunit_write(test, PCI_ROM_ADDRESS, 4, U32_MAX);
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_pci_kunit_read(test, PCI_ROM_ADDRESS, 4));
}

/*
 * Reset, and telling the vendor
 */

/* A reset undoes all writes, of capabilities too, and tells nobody. */
static void vfio_mdev_pci_reset(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_card(test);
	struct vfio_mdev_pci_model *model = vfio_mdev_pci_model(test);
	struct vfio_mdev_pci_kunit *ctx = test->priv;
	unsigned int i;

	for (i = 0; i < config->size; i += 4)
		vfio_mdev_pci_kunit_write(test, i, 4, U32_MAX);
	vfio_mdev_config_set_intx_status(config, true);
	config->written = vfio_mdev_pci_kunit_written;

	vfio_mdev_config_reset(config);
	KUNIT_EXPECT_MEMEQ(test, model->image, config->image, config->size);
	KUNIT_EXPECT_EQ(test, 0, ctx->written);
}

/* The vendor is told once of each write, when it is done and nothing is locked. */
static void vfio_mdev_pci_written(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_kunit_bare(test);
	struct vfio_mdev_pci_kunit *ctx = test->priv;

	config->written = vfio_mdev_pci_kunit_written;
	vfio_mdev_pci_kunit_write(test, PCI_INTERRUPT_LINE, 1, 0x17);
	KUNIT_EXPECT_EQ(test, 1, ctx->written);
	KUNIT_EXPECT_EQ(test, PCI_INTERRUPT_LINE, ctx->offset);
	KUNIT_EXPECT_EQ(test, 1, ctx->count);
	KUNIT_EXPECT_EQ(test, 0x17, ctx->found);

	/* Of one that changes nothing, too */
	vfio_mdev_pci_kunit_write(test, PCI_VENDOR_ID, 4, 0);
	KUNIT_EXPECT_EQ(test, 2, ctx->written);
	KUNIT_EXPECT_EQ(test, PCI_VENDOR_ID, ctx->offset);
	KUNIT_EXPECT_EQ(test, 4, ctx->count);

	vfio_mdev_pci_kunit_read(test, PCI_INTERRUPT_LINE, 1);
	vfio_mdev_config_set_intx_status(config, true);
	KUNIT_EXPECT_EQ(test, 2, ctx->written);
}

static struct kunit_case vfio_mdev_pci_kunit_cases[] = {
	KUNIT_CASE_PARAM(vfio_mdev_pci_read_widths, vfio_mdev_pci_size_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_write_widths, vfio_mdev_pci_size_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_write_runs, vfio_mdev_pci_size_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_bounds, vfio_mdev_pci_size_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_init_refuses, vfio_mdev_pci_mistake_gen_params),
	KUNIT_CASE(vfio_mdev_pci_init_limits),
	KUNIT_CASE_PARAM(vfio_mdev_pci_command_bits, vfio_mdev_pci_command_gen_params),
	KUNIT_CASE(vfio_mdev_pci_intx_status),
	KUNIT_CASE_PARAM(vfio_mdev_pci_bar_sizing, vfio_mdev_pci_bar_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_bar_others, vfio_mdev_pci_bar_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_reset, vfio_mdev_pci_size_gen_params),
	KUNIT_CASE(vfio_mdev_pci_written),
	{ }
};

static struct kunit_suite vfio_mdev_pci_kunit_suite = {
	.name = "vfio_mdev_pci",
	.init = vfio_mdev_pci_kunit_init,
	.exit = vfio_mdev_pci_kunit_exit,
	.test_cases = vfio_mdev_pci_kunit_cases,
};

kunit_test_suite(vfio_mdev_pci_kunit_suite);

MODULE_DESCRIPTION("Tests of PCI config space of mediated devices");
MODULE_LICENSE("GPL");
