// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the capabilities in PCI config space
 *
 * They are looked at as a driver does, by following the links.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>
#include <linux/vfio_mdev_lib.h>

/**
 * struct vfio_mdev_pci_cap_kunit - state of a test
 * @dev: names messages; never registered
 * @config: what is tested
 */
struct vfio_mdev_pci_cap_kunit {
	struct device dev;
	struct vfio_mdev_config config;
};

/* Begins again with a card without BARs, pin and capabilities. */
static struct vfio_mdev_config *vfio_mdev_pci_cap_kunit_bare(struct kunit *test)
{
	static const struct vfio_mdev_pci_desc bare = { .vendor = 0x1234 };
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;

	vfio_mdev_config_destroy(&ctx->config);
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_init(&ctx->config, &ctx->dev,
						       &bare));
	return &ctx->config;
}

static int vfio_mdev_pci_cap_kunit_init(struct kunit *test)
{
	struct vfio_mdev_pci_cap_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->dev.init_name = "vfio_mdev_pci_cap";
	test->priv = ctx;
	return 0;
}

static void vfio_mdev_pci_cap_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;

	if (ctx)
		vfio_mdev_config_destroy(&ctx->config);
}

static u32 vfio_mdev_pci_cap_kunit_read(struct kunit *test, u64 offset,
					unsigned int width)
{
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;
	u8 buf[4] = { };

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_read(&ctx->config, offset,
						       buf, width));
	return get_unaligned_le32(buf);
}

/* Returns where it is, or an errno, with which nothing is said of where it is. */
static int vfio_mdev_pci_cap_kunit_add(struct kunit *test, u8 id, u8 offset,
				       u8 size)
{
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;
	struct vfio_mdev_pci_cap cap = {
		.id = id,
		.offset = offset,
		.size = size,
	};

	u8 at = 1;
	int ret = vfio_mdev_config_add_cap(&ctx->config, &cap, &at);

	if (ret)
		KUNIT_EXPECT_EQ(test, 1, at);
	return ret ?: at;
}

/* Follows the links as a driver does; returns how many capabilities there are. */
static unsigned int vfio_mdev_pci_cap_kunit_walk(struct kunit *test,
						 u8 *offsets, unsigned int max)
{
	unsigned int nr = 0;
	u8 offset;

	offset = vfio_mdev_pci_cap_kunit_read(test, PCI_CAPABILITY_LIST, 1);
	while (offset) {
		KUNIT_ASSERT_LT(test, nr, max);
		offsets[nr++] = offset;
		offset = vfio_mdev_pci_cap_kunit_read(test, offset +
						  PCI_CAP_LIST_NEXT, 1);
	}
	return nr;
}

/* Without capabilities, nothing says that there are some. */
static void vfio_mdev_pci_cap_none(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bare(test);

	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_pci_cap_kunit_read(test, PCI_CAPABILITY_LIST, 1));
	KUNIT_EXPECT_EQ(test, PCI_STATUS_DEVSEL_MEDIUM,
			vfio_mdev_pci_cap_kunit_read(test, PCI_STATUS, 2));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_config_find_cap(config, PCI_CAP_ID_MSI));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_find_cap(config, 0));
}

/* Links are in the order of adding, wherever capabilities are placed. */
static void vfio_mdev_pci_cap_order(struct kunit *test)
{
	static const u8 expected[] = { 0x40, 0x80, 0x98, 0x48 };
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bare(test);
	u8 offsets[8] = { };

	KUNIT_EXPECT_EQ(test, 0x40, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 8));
	KUNIT_EXPECT_EQ(test, 0x80,
			vfio_mdev_pci_cap_kunit_add(test, 5, 0x80, 24));
	/* Too large for the gap of 56 bytes */
	KUNIT_EXPECT_EQ(test, 0x98, vfio_mdev_pci_cap_kunit_add(test, 16, 0, 57));
	KUNIT_EXPECT_EQ(test, 0x48, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 56));

	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(expected),
			vfio_mdev_pci_cap_kunit_walk(test, offsets, 8));
	KUNIT_EXPECT_MEMEQ(test, expected, offsets, sizeof(expected));
	KUNIT_EXPECT_EQ(test, PCI_STATUS_DEVSEL_MEDIUM | PCI_STATUS_CAP_LIST,
			vfio_mdev_pci_cap_kunit_read(test, PCI_STATUS, 2));

	KUNIT_EXPECT_EQ(test, 0x80, vfio_mdev_config_find_cap(config, 5));
	KUNIT_EXPECT_EQ(test, 0x98, vfio_mdev_config_find_cap(config, 16));
	/* The first of two */
	KUNIT_EXPECT_EQ(test, 0x40, vfio_mdev_config_find_cap(config, 9));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_find_cap(config, 17));
}

/* A capability begins at a multiple of 4 and shares no dword with another one. */
static void vfio_mdev_pci_cap_alignment(struct kunit *test)
{
	vfio_mdev_pci_cap_kunit_bare(test);
	KUNIT_EXPECT_EQ(test, 0x40, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 2));
	KUNIT_EXPECT_EQ(test, 0x44, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 3));
	KUNIT_EXPECT_EQ(test, 0x48, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 5));
	KUNIT_EXPECT_EQ(test, 0x50, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 4));
	KUNIT_EXPECT_EQ(test, 0x54, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 2));
}

/* All of the space after the header can be used, and not more. */
static void vfio_mdev_pci_cap_fill(struct kunit *test)
{
	u8 offsets[64];
	unsigned int offset;

	vfio_mdev_pci_cap_kunit_bare(test);
	for (offset = 0x40; offset < 0x100; offset += 4)
		KUNIT_EXPECT_EQ(test, offset,
				vfio_mdev_pci_cap_kunit_add(test, 9, 0, 4));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 2));
	KUNIT_EXPECT_EQ(test, 48, vfio_mdev_pci_cap_kunit_walk(test, offsets, 64));

	vfio_mdev_pci_cap_kunit_bare(test);
	KUNIT_EXPECT_EQ(test, 0x40, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 192));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 2));

	vfio_mdev_pci_cap_kunit_bare(test);
	KUNIT_EXPECT_EQ(test, 0xfc, vfio_mdev_pci_cap_kunit_add(test, 9, 0xfc, 4));
	KUNIT_EXPECT_EQ(test, 0x40, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 188));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 2));
}

/**
 * struct vfio_mdev_pci_bad_cap - a capability that is refused
 * @why: what is wrong with it; there is one of 8 bytes at 0x60
 * @cap: the capability
 */
struct vfio_mdev_pci_bad_cap {
	const char *why;
	struct vfio_mdev_pci_cap cap;
};

static const u8 vfio_mdev_pci_ones[8] = { [4] = 0x10 };
static const u8 vfio_mdev_pci_more[8] = { [4] = 0x31 };

static const struct vfio_mdev_pci_bad_cap vfio_mdev_pci_bad_caps[] = {
	{ "no bytes", { .size = 0 } },
	{ "no bytes at an offset", { .offset = 0x40, .size = 0 } },
	{ "no room for the link", { .size = 1 } },
	{ "one off", { .offset = 0x41, .size = 8 } },
	{ "two off", { .offset = 0x42, .size = 8 } },
	{ "in the header", { .offset = 0x3c, .size = 4 } },
	{ "in the header and after it", { .offset = 0x04, .size = 128 } },
	{ "too long for all of the space", { .size = 193 } },
	{ "of the most bytes", { .size = 255 } },
	{ "too long for what is left", { .size = 160 } },
	{ "over the end by a byte", { .offset = 0xf8, .size = 9 } },
	{ "over the end by far", { .offset = 0xfc, .size = 255 } },
	{ "in place of another one", { .offset = 0x60, .size = 8 } },
	{ "within another one", { .offset = 0x64, .size = 2 } },
	{ "into another one from below", { .offset = 0x58, .size = 9 } },
	{ "around another one", { .offset = 0x40, .size = 64 } },
	{ "a bit of two kinds",
	  { .size = 8, .rw = vfio_mdev_pci_ones, .w1c = vfio_mdev_pci_more } },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_pci_bad_cap, vfio_mdev_pci_bad_caps, why);

/* A capability that cannot be there is refused, and changes nothing. */
static void vfio_mdev_pci_cap_refuses(struct kunit *test)
{
	const struct vfio_mdev_pci_bad_cap *bad = test->param_value;
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bare(test);
	/* The image and what it is made of */
	const size_t size = 4 * PCI_CFG_SPACE_SIZE;
	u8 *before;

	KUNIT_ASSERT_EQ(test, 0x60,
			vfio_mdev_pci_cap_kunit_add(test, 9, 0x60, 8));
	before = kunit_kmalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, before);
	memcpy(before, config->image, size);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_config_add_cap(config, &bad->cap, NULL));
	KUNIT_EXPECT_MEMEQ(test, before, config->image, size);
	KUNIT_EXPECT_EQ(test, 0x5c, vfio_mdev_pci_cap_kunit_add(test, 9, 0x5c, 4));
	KUNIT_EXPECT_EQ(test, 0x68, vfio_mdev_pci_cap_kunit_add(test, 9, 0x68, 4));
}

/*
 * MSI
 */

/**
 * struct vfio_mdev_pci_msi_case - a number of vectors
 * @vectors: that number
 * @flags: message control after reset; 0 if the number is refused
 */
struct vfio_mdev_pci_msi_case {
	unsigned int vectors;
	u16 flags;
};

static const struct vfio_mdev_pci_msi_case vfio_mdev_pci_msis[] = {
	{ 1, 0x0080 },
	{ 2, 0x0082 },
	{ 4, 0x0084 },
	{ 8, 0x0086 },
	{ 16, 0x0088 },
	{ 32, 0x008a },
	{ 0, 0 },			/* none */
	{ 3, 0 },			/* no power of two */
	{ 31, 0 },
	{ 64, 0 },			/* more than MSI can have */
	{ BIT(31), 0 },
	{ UINT_MAX, 0 },
};

static void vfio_mdev_pci_msi_desc(const struct vfio_mdev_pci_msi_case *c,
				   char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u vectors", c->vectors);
}

KUNIT_ARRAY_PARAM(vfio_mdev_pci_msi, vfio_mdev_pci_msis,
		  vfio_mdev_pci_msi_desc);

/* MSI says how many vectors there are, and has the bits of 64-bit addresses. */
static void vfio_mdev_pci_msi_bits(struct kunit *test)
{
	const struct vfio_mdev_pci_msi_case *c = test->param_value;
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bare(test);
	int ret = vfio_mdev_config_add_msi(config, c->vectors);
	int msi = vfio_mdev_config_find_cap(config, 5);
	unsigned int i;
	u8 ones[20];

	if (!c->flags) {
		KUNIT_EXPECT_EQ(test, -EINVAL, ret);
		KUNIT_EXPECT_EQ(test, 0, msi);
		return;
	}

	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0x40, msi);
	KUNIT_EXPECT_EQ(test, c->flags,
			vfio_mdev_pci_cap_kunit_read(test, msi + PCI_MSI_FLAGS, 2));
	for (i = 4; i < 16; i += 4)
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_pci_cap_kunit_read(test, msi + i, 4));

	memset(ones, 0xff, sizeof(ones));
	vfio_mdev_config_write(config, msi, ones, sizeof(ones));
	KUNIT_EXPECT_EQ(test, 0x00710005 | c->flags << 16,
			vfio_mdev_pci_cap_kunit_read(test, msi, 4));
	KUNIT_EXPECT_EQ(test, 0xfffffffc,
			vfio_mdev_pci_cap_kunit_read(test, msi + 4, 4));
	KUNIT_EXPECT_EQ(test, 0xffffffff,
			vfio_mdev_pci_cap_kunit_read(test, msi + 8, 4));
	/* Data of 16 bits, and neither mask nor pending bits */
	KUNIT_EXPECT_EQ(test, 0x0000ffff,
			vfio_mdev_pci_cap_kunit_read(test, msi + 12, 4));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_pci_cap_kunit_read(test, msi + 16, 4));
}

/* MSI is refused, too, if there is no room for it. */
static void vfio_mdev_pci_msi_no_room(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bare(test);

	KUNIT_ASSERT_EQ(test, 0x40, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 180));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msi(config, 1));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_find_cap(config, 5));
}

/*
 * MSI-X
 */

/* A card with 32-bit memory at BAR 0, I/O at BAR 1, and 64-bit memory at BAR 2 */
static struct vfio_mdev_config *
vfio_mdev_pci_cap_kunit_bars(struct kunit *test)
{
	static const struct vfio_mdev_pci_desc desc = {
		.bar = {
			[0] = { SZ_64K, PCI_BASE_ADDRESS_SPACE_MEMORY },
			[1] = { 256, PCI_BASE_ADDRESS_SPACE_IO },
			[2] = { SZ_8G, PCI_BASE_ADDRESS_MEM_TYPE_64 },
		},
	};
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;

	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_init(&ctx->config, &ctx->dev,
						       &desc));
	return &ctx->config;
}

/**
 * struct vfio_mdev_pci_msix_case - MSI-X of a device
 * @why: what there is to it
 * @msix: that
 * @regs: the capability after reset, beginning with message control; 0 if it is
 *	  refused
 */
struct vfio_mdev_pci_msix_case {
	const char *why;
	struct vfio_mdev_pci_msix msix;
	u32 regs[3];
};

/* vectors, table_bar, pba_bar, table_offset, pba_offset */
static const struct vfio_mdev_pci_msix_case vfio_mdev_pci_msixs[] = {
	{ "one vector", { 1, 0, 0, 0, 16 }, { 0x0, 0x0, 0x10 } },
	{ "as many as there can be", { 2048, 0, 0, 0, 0x8000 },
	  { 0x7ff, 0x0, 0x8000 } },
	{ "pending bits first", { 65, 0, 0, 16, 0 }, { 0x40, 0x10, 0x0 } },
	{ "at the end", { 64, 0, 0, 0xfc00, 0xfbf8 },
	  { 0x3f, 0xfc00, 0xfbf8 } },
	{ "two registers", { 3, 0, 2, 8, 0xfffffff8 },
	  { 0x2, 0x8, 0xfffffffa } },
	{ "one place in two registers", { 3, 2, 0, 0, 0 }, { 0x2, 0x2, 0x0 } },
	{ "no vectors", { 0, 0, 0, 0, 16 } },
	{ "too many vectors", { 2049, 2, 2, 0, 0x10000 } },
	{ "the most vectors", { U16_MAX, 2, 2, 0, SZ_1G } },
	{ "a table one off", { 1, 0, 0, 1, 32 } },
	{ "a table four off", { 1, 0, 0, 4, 32 } },
	{ "pending bits four off", { 1, 0, 0, 0, 20 } },
	{ "a table over the end", { 2, 0, 0, 0xfff0, 0 } },
	{ "pending bits over the end", { 65, 0, 0, 0, 0xfff8 } },
	{ "a table after the end", { 1, 0, 0, SZ_64K, 0 } },
	{ "a table near 2^32", { 2048, 0, 0, 0xfffffff8, 0 } },
	{ "pending bits near 2^32", { 1, 0, 0, 0, 0xfffffff8 } },
	{ "a table in I/O space", { 1, 1, 0, 0, 0 } },
	{ "pending bits in I/O space", { 1, 0, 1, 0, 0 } },
	{ "a table in the upper half", { 1, 3, 0, 0, 0 } },
	{ "a table in an absent register", { 1, 5, 0, 0, 0 } },
	{ "a table in the expansion ROM", { 1, 6, 0, 0, 0 } },
	{ "pending bits in register 7", { 1, 0, 7, 0, 0 } },
	{ "both in one place", { 1, 0, 0, 0, 0 } },
	{ "pending bits in the table", { 4, 0, 0, 0, 56 } },
	{ "a table in the pending bits", { 128, 0, 0, 8, 0 } },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_pci_msix, vfio_mdev_pci_msixs, why);

/* MSI-X says how many vectors there are and where, or is refused. */
static void vfio_mdev_pci_msix_bits(struct kunit *test)
{
	const struct vfio_mdev_pci_msix_case *c = test->param_value;
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bars(test);
	int ret = vfio_mdev_config_add_msix(config, &c->msix);
	int at = vfio_mdev_config_find_cap(config, PCI_CAP_ID_MSIX);
	u8 ones[PCI_CAP_MSIX_SIZEOF];

	/* The table and the pending bits are never both at 0 of BAR 0. */
	if (!c->regs[1] && !c->regs[2]) {
		KUNIT_EXPECT_EQ(test, -EINVAL, ret);
		KUNIT_EXPECT_EQ(test, 0, at);
		return;
	}

	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0x40, at);
	memset(ones, 0xff, sizeof(ones));
	KUNIT_EXPECT_EQ(test, c->regs[0],
			vfio_mdev_pci_cap_kunit_read(test, at + 2, 2));
	vfio_mdev_config_write(config, at, ones, sizeof(ones));
	/* Only enabling and masking can be written. */
	KUNIT_EXPECT_EQ(test, c->regs[0] | 0xc000,
			vfio_mdev_pci_cap_kunit_read(test, at + 2, 2));
	KUNIT_EXPECT_EQ(test, c->regs[1],
			vfio_mdev_pci_cap_kunit_read(test, at + 4, 4));
	KUNIT_EXPECT_EQ(test, c->regs[2],
			vfio_mdev_pci_cap_kunit_read(test, at + 8, 4));
}

/* MSI-X is refused, too, if there is no room for it. */
static void vfio_mdev_pci_msix_no_room(struct kunit *test)
{
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bars(test);
	static const struct vfio_mdev_pci_msix msix = { 1, 0, 0, 0, 16 };

	KUNIT_ASSERT_EQ(test, 0x40, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 184));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msix(config, &msix));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_config_find_cap(config, PCI_CAP_ID_MSIX));
}

/* Config space that was not set up has no capabilities, and gets none. */
static void vfio_mdev_pci_cap_too_early(struct kunit *test)
{
	static const struct vfio_mdev_pci_msix msix = { 1, 0, 0, 0, 16 };
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 8));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msi(&ctx->config, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_config_add_msix(&ctx->config, &msix));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_find_cap(&ctx->config, 0));
}

/* Vectors are counted by one capability; a second one would say something else. */
static void vfio_mdev_pci_cap_twice(struct kunit *test)
{
	static const struct vfio_mdev_pci_msix msix = { 1, 0, 0, 0, 16 };
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bars(test);

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_add_msi(config, 4));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_add_msix(config, &msix));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msi(config, 4));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msix(config, &msix));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_pci_cap_kunit_add(test, 5, 0, 24));
	KUNIT_EXPECT_EQ(test, 0x5c, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 4));
}

/* Who has counted the vectors does not do so again. */
static void vfio_mdev_pci_cap_too_late(struct kunit *test)
{
	static const struct vfio_mdev_pci_msix msix = { 1, 0, 0, 0, 16 };
	struct vfio_mdev_config *config = vfio_mdev_pci_cap_kunit_bars(test);
	struct vfio_mdev_pci_cap_kunit *ctx = test->priv;
	const struct vfio_mdev_irq_desc desc = {
		.dev = &ctx->dev,
		.config = config,
	};
	struct vfio_mdev_irqs *irqs;

	irqs = kunit_kzalloc(test, sizeof(*irqs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, irqs);
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_irq_init(irqs, &desc));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msi(config, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_config_add_msix(config, &msix));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_pci_cap_kunit_add(test, 9, 0, 8));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_find_cap(config, 0));
	vfio_mdev_irq_destroy(irqs);
}

static struct kunit_case vfio_mdev_pci_cap_kunit_cases[] = {
	KUNIT_CASE(vfio_mdev_pci_cap_none),
	KUNIT_CASE(vfio_mdev_pci_cap_order),
	KUNIT_CASE(vfio_mdev_pci_cap_alignment),
	KUNIT_CASE(vfio_mdev_pci_cap_fill),
	KUNIT_CASE_PARAM(vfio_mdev_pci_cap_refuses, vfio_mdev_pci_bad_cap_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_pci_msi_bits, vfio_mdev_pci_msi_gen_params),
	KUNIT_CASE(vfio_mdev_pci_msi_no_room),
	KUNIT_CASE_PARAM(vfio_mdev_pci_msix_bits, vfio_mdev_pci_msix_gen_params),
	KUNIT_CASE(vfio_mdev_pci_msix_no_room),
	KUNIT_CASE(vfio_mdev_pci_cap_too_early),
	KUNIT_CASE(vfio_mdev_pci_cap_twice),
	KUNIT_CASE(vfio_mdev_pci_cap_too_late),
	{ }
};

static struct kunit_suite vfio_mdev_pci_cap_kunit_suite = {
	.name = "vfio_mdev_pci_cap",
	.init = vfio_mdev_pci_cap_kunit_init,
	.exit = vfio_mdev_pci_cap_kunit_exit,
	.test_cases = vfio_mdev_pci_cap_kunit_cases,
};

kunit_test_suite(vfio_mdev_pci_cap_kunit_suite);

MODULE_DESCRIPTION("Tests of the PCI capabilities of mediated devices");
MODULE_LICENSE("GPL");
