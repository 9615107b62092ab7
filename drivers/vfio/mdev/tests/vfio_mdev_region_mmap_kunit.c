// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of mapping the memory of regions, and of the capabilities that tell of it
 *
 * A file of the test's own stands for that of a device, so the mappings are real.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vmalloc.h>

#define VFIO_MDEV_REGION_AT(index, offset) \
	(((u64)(index) << VFIO_MDEV_REGION_SHIFT) + (offset))

#define VFIO_MDEV_REGION_MMAP_RW \
	(VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP)

/* The table of most tests; each region with memory has the same one */
#define VFIO_MDEV_REGION_MEM	0	/* all of it can be mapped */
#define VFIO_MDEV_REGION_RO	1	/* for reading */
#define VFIO_MDEV_REGION_WO	2	/* cannot be read, so not mapped either */
#define VFIO_MDEV_REGION_PLAIN	3	/* memory that cannot be mapped */
#define VFIO_MDEV_REGION_REGS	4	/* no memory */
#define VFIO_MDEV_REGION_NONE	5	/* not there */
#define VFIO_MDEV_REGION_MIXED	6	/* registers around two areas */
#define VFIO_MDEV_REGION_NR	7

#define VFIO_MDEV_REGION_PAGES	8

static const struct vfio_region_sparse_mmap_area vfio_mdev_region_areas[] = {
	{ .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE },
	{ .offset = 5 * PAGE_SIZE, .size = PAGE_SIZE },
};

/**
 * struct vfio_mdev_region_mmap_kunit - state of a test
 * @dev: names messages; never registered
 * @region: what @regions looks up
 * @regions: what is tested
 * @mem: memory of regions
 * @file: stands for a device's file
 * @vm_flags: those of the last mapping
 * @accesses: number of accesses to registers
 * @last: offset of the last one
 */
struct vfio_mdev_region_mmap_kunit {
	struct device dev;
	struct vfio_mdev_region region[VFIO_MDEV_REGION_NR];
	struct vfio_mdev_regions regions;
	u8 *mem;
	struct file *file;
	vm_flags_t vm_flags;
	unsigned int accesses;
	u64 last;
};

/* Registers hold 0xee. */
static u64 vfio_mdev_region_mmap_kunit_read(void *priv, u64 offset,
					    unsigned int width)
{
	struct vfio_mdev_region_mmap_kunit *ctx = priv;

	ctx->accesses++;
	ctx->last = offset;
	return 0xeeeeeeeeeeeeeeeeULL;
}

static void vfio_mdev_region_mmap_kunit_write(void *priv, u64 offset,
					      unsigned int width, u64 value)
{
	struct vfio_mdev_region_mmap_kunit *ctx = priv;

	ctx->accesses++;
	ctx->last = offset;
}

static const struct vfio_mdev_region_ops vfio_mdev_region_mmap_kunit_ops = {
	.read = vfio_mdev_region_mmap_kunit_read,
	.write = vfio_mdev_region_mmap_kunit_write,
};

static int vfio_mdev_region_mmap_kunit_map(struct file *file,
					   struct vm_area_struct *vma)
{
	struct vfio_mdev_region_mmap_kunit *ctx = file->private_data;
	int ret = vfio_mdev_region_mmap(&ctx->regions, vma);

	ctx->vm_flags = vma->vm_flags;
	return ret;
}

static const struct file_operations vfio_mdev_region_mmap_kunit_fops = {
	.owner = THIS_MODULE,
	.mmap = vfio_mdev_region_mmap_kunit_map,
};

static void vfio_mdev_region_mmap_kunit_fill(struct vfio_mdev_region_mmap_kunit *ctx)
{
	static const u32 flags[VFIO_MDEV_REGION_NR] = {
		[VFIO_MDEV_REGION_MEM] = VFIO_MDEV_REGION_MMAP_RW,
		[VFIO_MDEV_REGION_RO] = VFIO_REGION_INFO_FLAG_READ |
					VFIO_REGION_INFO_FLAG_MMAP,
		[VFIO_MDEV_REGION_WO] = VFIO_REGION_INFO_FLAG_WRITE |
					VFIO_REGION_INFO_FLAG_MMAP,
		[VFIO_MDEV_REGION_PLAIN] = VFIO_MDEV_REGION_RW,
		[VFIO_MDEV_REGION_REGS] = VFIO_MDEV_REGION_RW,
		[VFIO_MDEV_REGION_MIXED] = VFIO_MDEV_REGION_MMAP_RW,
	};
	struct vfio_mdev_region *mixed = &ctx->region[VFIO_MDEV_REGION_MIXED];
	struct vfio_mdev_region *regs = &ctx->region[VFIO_MDEV_REGION_REGS];
	unsigned int i;

	for (i = 0; i < VFIO_MDEV_REGION_NR; i++)
		ctx->region[i] = (struct vfio_mdev_region) {
			.size = VFIO_MDEV_REGION_PAGES * PAGE_SIZE,
			.flags = flags[i],
			.priv = ctx,
			.mem = ctx->mem,
		};

	ctx->region[VFIO_MDEV_REGION_NONE].size = 0;
	regs->mem = NULL;
	regs->ops = &vfio_mdev_region_mmap_kunit_ops;
	mixed->ops = &vfio_mdev_region_mmap_kunit_ops;
	mixed->areas = vfio_mdev_region_areas;
	mixed->nr_areas = ARRAY_SIZE(vfio_mdev_region_areas);
}

static int vfio_mdev_region_mmap_kunit_init(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx;
	struct file *file;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;
	ctx->dev.init_name = "vfio_mdev_region_mmap";
	ctx->mem = vzalloc(VFIO_MDEV_REGION_PAGES * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, ctx->mem);
	vfio_mdev_region_mmap_kunit_fill(ctx);
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_regions_init(&ctx->regions, &ctx->dev,
					       ctx->region, VFIO_MDEV_REGION_NR,
					       NULL));
	file = anon_inode_getfile("vfio_mdev_region_mmap",
				  &vfio_mdev_region_mmap_kunit_fops, ctx,
				  O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	ctx->file = file;
	return 0;
}

static void vfio_mdev_region_mmap_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;

	if (!ctx)
		return;
	if (ctx->file)
		fput(ctx->file);
	vfree(ctx->mem);
}

static unsigned long vfio_mdev_region_mmap_kunit_mmap(struct kunit *test,
						      u64 pos, size_t size,
						      unsigned long prot,
						      unsigned long flags)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	unsigned long addr;

	addr = kunit_vm_mmap(test, ctx->file, 0, size, prot, flags, pos);
	KUNIT_ASSERT_NE(test, 0, addr);
	return addr;
}

static u8 vfio_mdev_region_kunit_get(struct kunit *test, unsigned long addr)
{
	u8 byte = 0;

	KUNIT_EXPECT_EQ(test, 0, get_user(byte, (u8 __user *)addr));
	return byte;
}

/**
 * struct vfio_mdev_region_unmappable - a region that is refused
 * @why: what is wrong with it
 * @flags: besides VFIO_MDEV_REGION_RW
 * @size: of the region
 * @mem: where it begins in the test's memory; -1 for a page that is not from
 *	 vmalloc(), -2 for none
 * @regs: it has registers
 * @nr_areas: number of its areas
 * @areas: first and last page of them
 */
struct vfio_mdev_region_unmappable {
	const char *why;
	u32 flags;
	u64 size;
	int mem;
	bool regs;
	u32 nr_areas;
	const struct vfio_region_sparse_mmap_area *areas;
};

#define VFIO_MDEV_REGION_UNMAPPED_AREA(o, s) \
	.size = 4 * PAGE_SIZE,						\
	.nr_areas = 1, .areas = (const struct vfio_region_sparse_mmap_area[]) { \
		{ .offset = (o), .size = (s) } }

#define VFIO_MDEV_REGION_ONE_AREA(o, s) \
	.flags = VFIO_REGION_INFO_FLAG_MMAP, VFIO_MDEV_REGION_UNMAPPED_AREA(o, s)

#define VFIO_MDEV_REGION_TWO_AREAS(o1, s1, o2, s2) \
	.flags = VFIO_REGION_INFO_FLAG_MMAP, .size = 4 * PAGE_SIZE,	\
	.nr_areas = 2, .areas = (const struct vfio_region_sparse_mmap_area[]) { \
		{ .offset = (o1), .size = (s1) },			\
		{ .offset = (o2), .size = (s2) } }

static const struct vfio_mdev_region_unmappable vfio_mdev_region_unmappables[] = {
	{ "registers", VFIO_REGION_INFO_FLAG_MMAP, PAGE_SIZE, -2, true },
	{ "memory that is not from vmalloc()", VFIO_REGION_INFO_FLAG_MMAP,
	  PAGE_SIZE, -1 },
	{ "memory that begins in a page", VFIO_REGION_INFO_FLAG_MMAP,
	  PAGE_SIZE, 8 },
	{ "a part of a page", VFIO_REGION_INFO_FLAG_MMAP, PAGE_SIZE / 2 },
	{ "a page and a byte", VFIO_REGION_INFO_FLAG_MMAP, PAGE_SIZE + 1 },
	{ "a part of a page, from the library", VFIO_REGION_INFO_FLAG_MMAP,
	  PAGE_SIZE / 2, -2 },
	{ "registers and memory without areas", VFIO_REGION_INFO_FLAG_MMAP,
	  PAGE_SIZE, 0, true },
	{ "areas that are nowhere", VFIO_REGION_INFO_FLAG_MMAP, PAGE_SIZE,
	  .nr_areas = 1 },
	{ "areas that are not mapped",
	  VFIO_MDEV_REGION_UNMAPPED_AREA(0, PAGE_SIZE) },
	{ "an empty area", VFIO_MDEV_REGION_ONE_AREA(0, 0) },
	{ "an area off by a byte", VFIO_MDEV_REGION_ONE_AREA(1, PAGE_SIZE) },
	{ "an area of half a page", VFIO_MDEV_REGION_ONE_AREA(0, PAGE_SIZE / 2) },
	{ "an area over the end",
	  VFIO_MDEV_REGION_ONE_AREA(3 * PAGE_SIZE, 2 * PAGE_SIZE) },
	{ "an area at the end",
	  VFIO_MDEV_REGION_ONE_AREA(4 * PAGE_SIZE, PAGE_SIZE) },
	{ "an area of 2^64 bytes, nearly",
	  VFIO_MDEV_REGION_ONE_AREA(PAGE_SIZE, -(u64)PAGE_SIZE) },
	{ "an area before another",
	  VFIO_MDEV_REGION_TWO_AREAS(PAGE_SIZE, PAGE_SIZE, 0, PAGE_SIZE) },
	{ "an area in another",
	  VFIO_MDEV_REGION_TWO_AREAS(0, 2 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE) },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_region_unmappable,
		       vfio_mdev_region_unmappables, why);

/* A region that cannot be mapped as it says is refused. */
static void vfio_mdev_region_mmap_refuses(struct kunit *test)
{
	const struct vfio_mdev_region_unmappable *bad = test->param_value;
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	struct vfio_mdev_regions regions = { };
	struct vfio_mdev_region region = {
		.size = bad->size,
		.flags = VFIO_MDEV_REGION_RW | bad->flags,
		.ops = bad->regs ? &vfio_mdev_region_mmap_kunit_ops : NULL,
		.areas = bad->areas,
		.nr_areas = bad->nr_areas,
	};

	if (bad->mem >= 0)
		region.mem = ctx->mem + bad->mem;
	else if (bad->mem == -1)
		region.mem = page_address(ZERO_PAGE(0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_regions_init(&regions, &ctx->dev, &region, 1,
					       NULL));
	KUNIT_EXPECT_EQ(test, 0, regions.nr);
}

/**
 * struct vfio_mdev_region_mapping - a mapping that is asked for
 * @why: what there is to it
 * @index: the region
 * @page: the first page of it
 * @pages: how many
 * @prot: PROT_READ or PROT_WRITE, or both
 * @flags: MAP_PRIVATE, or 0 for MAP_SHARED
 * @error: how it fails, or 0
 */
struct vfio_mdev_region_mapping {
	const char *why;
	unsigned int index;
	u64 page;
	size_t pages;
	unsigned long prot;
	unsigned long flags;
	int error;
};

#define VFIO_MDEV_PROT_RW	(PROT_READ | PROT_WRITE)

static const struct vfio_mdev_region_mapping vfio_mdev_region_mappings[] = {
	{ "all", VFIO_MDEV_REGION_MEM, 0, 8, VFIO_MDEV_PROT_RW },
	{ "the first page", VFIO_MDEV_REGION_MEM, 0, 1, VFIO_MDEV_PROT_RW },
	{ "the last page", VFIO_MDEV_REGION_MEM, 7, 1, PROT_READ },
	{ "private", VFIO_MDEV_REGION_MEM, 0, 8, PROT_READ, MAP_PRIVATE,
	  -EINVAL },
	{ "over the end", VFIO_MDEV_REGION_MEM, 0, 9, PROT_READ, 0, -EINVAL },
	{ "over the end from the last", VFIO_MDEV_REGION_MEM, 7, 2, PROT_READ,
	  0, -EINVAL },
	{ "after the end", VFIO_MDEV_REGION_MEM, 8, 1, PROT_READ, 0, -EINVAL },
	{ "up to the next region", VFIO_MDEV_REGION_MEM,
	  (VFIO_MDEV_REGION_MAX_SIZE >> PAGE_SHIFT) - 1, 2, PROT_READ, 0,
	  -EINVAL },
	{ "read only", VFIO_MDEV_REGION_RO, 0, 8, PROT_READ },
	{ "writing what is read only", VFIO_MDEV_REGION_RO, 0, 8,
	  VFIO_MDEV_PROT_RW, 0, -EPERM },
	{ "writing alone", VFIO_MDEV_REGION_RO, 3, 1, PROT_WRITE, 0, -EPERM },
	{ "writing over the end", VFIO_MDEV_REGION_RO, 7, 2, PROT_WRITE, 0,
	  -EINVAL },
	{ "reading what is write only", VFIO_MDEV_REGION_WO, 0, 1, PROT_READ, 0,
	  -EPERM },
	{ "writing what is write only", VFIO_MDEV_REGION_WO, 0, 1, PROT_WRITE,
	  0, -EPERM },
	{ "memory without the flag", VFIO_MDEV_REGION_PLAIN, 0, 1, PROT_READ, 0,
	  -EINVAL },
	{ "registers", VFIO_MDEV_REGION_REGS, 0, 1, PROT_READ, 0, -EINVAL },
	{ "an absent region", VFIO_MDEV_REGION_NONE, 0, 1, PROT_READ, 0,
	  -EINVAL },
	{ "the region after the last", VFIO_MDEV_REGION_NR, 0, 1, PROT_READ, 0,
	  -EINVAL },
	{ "region 2^22", BIT(22), 0, 1, PROT_READ, 0, -EINVAL },
	{ "the first area", VFIO_MDEV_REGION_MIXED, 1, 2, VFIO_MDEV_PROT_RW },
	{ "the end of it", VFIO_MDEV_REGION_MIXED, 2, 1, VFIO_MDEV_PROT_RW },
	{ "the second area", VFIO_MDEV_REGION_MIXED, 5, 1, VFIO_MDEV_PROT_RW },
	{ "before an area", VFIO_MDEV_REGION_MIXED, 0, 1, PROT_READ, 0, -EINVAL },
	{ "into an area", VFIO_MDEV_REGION_MIXED, 0, 2, PROT_READ, 0, -EINVAL },
	{ "out of an area", VFIO_MDEV_REGION_MIXED, 2, 2, PROT_READ, 0, -EINVAL },
	{ "between areas", VFIO_MDEV_REGION_MIXED, 3, 2, PROT_READ, 0, -EINVAL },
	{ "around an area", VFIO_MDEV_REGION_MIXED, 4, 3, PROT_READ, 0, -EINVAL },
	{ "after the last area", VFIO_MDEV_REGION_MIXED, 6, 1, PROT_READ, 0,
	  -EINVAL },
	{ "areas with what is between", VFIO_MDEV_REGION_MIXED, 0, 8, PROT_READ,
	  0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_region_mapping, vfio_mdev_region_mappings, why);

/* A mapping gets all that it asks for, and is allowed it, or an errno. */
static void vfio_mdev_region_mmap_decides(struct kunit *test)
{
	const struct vfio_mdev_region_mapping *m = test->param_value;
	u64 pos = VFIO_MDEV_REGION_AT(m->index, m->page << PAGE_SHIFT);
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	unsigned long addr, at;
	size_t i;

	addr = vfio_mdev_region_mmap_kunit_mmap(test, pos, m->pages * PAGE_SIZE,
						m->prot, m->flags ?: MAP_SHARED);
	if (m->error) {
		KUNIT_EXPECT_EQ(test, (unsigned long)m->error, addr);
		return;
	}
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	for (i = 0; i < m->pages; i++) {
		at = i * PAGE_SIZE + 5;
		ctx->mem[m->page * PAGE_SIZE + at] = 0x10 + i;
		KUNIT_EXPECT_EQ(test, 0x10 + i,
				vfio_mdev_region_kunit_get(test, addr + at));
	}
}

/* An offset that no file has is refused, whatever is left of it when shifted. */
static void vfio_mdev_region_mmap_overflow(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	static const unsigned long pgoffs[] = {
		LLONG_MAX >> PAGE_SHIFT,
		(LLONG_MAX >> PAGE_SHIFT) + 1,
		1UL << (BITS_PER_LONG - PAGE_SHIFT),
		ULONG_MAX,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgoffs); i++) {
		struct vm_area_struct vma = {
			.vm_start = PAGE_SIZE,
			.vm_end = 2 * PAGE_SIZE,
			.vm_pgoff = pgoffs[i],
			.vm_flags = VM_SHARED | VM_READ,
		};

		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_region_mmap(&ctx->regions, &vma));
		KUNIT_EXPECT_NULL(test, vma.vm_ops);
	}
}

/* Both see what the other one writes, and read() and write() do, too. */
static void vfio_mdev_region_mmap_shares(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	loff_t pos = VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_MEM, PAGE_SIZE + 1);
	unsigned long addr, other;

	addr = vfio_mdev_region_mmap_kunit_mmap(test, 0, 8 * PAGE_SIZE,
						VFIO_MDEV_PROT_RW, MAP_SHARED);
	other = vfio_mdev_region_mmap_kunit_mmap(test, PAGE_SIZE, PAGE_SIZE,
						 PROT_READ, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr) || IS_ERR_VALUE(other));

	KUNIT_EXPECT_EQ(test, 0, put_user(0x5a, (u8 __user *)addr + PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0x5a, ctx->mem[PAGE_SIZE]);
	KUNIT_EXPECT_EQ(test, 0x5a,
			vfio_mdev_region_kunit_get(test, other));
	KUNIT_EXPECT_EQ(test, 1,
			vfio_mdev_region_write(&ctx->regions,
					       (char __user *)addr + PAGE_SIZE,
					       1, &pos));
	KUNIT_EXPECT_EQ(test, 0x5a,
			vfio_mdev_region_kunit_get(test, other + 1));
}

/* What a mapping may become later is what it may be now. */
static void vfio_mdev_region_mmap_flags(struct kunit *test)
{
	const vm_flags_t wanted = VM_DONTEXPAND | VM_DONTDUMP;
	const vm_flags_t pfn = VM_PFNMAP | VM_IO | VM_MIXEDMAP;
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	u64 ro = VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_RO, 0);

	vfio_mdev_region_mmap_kunit_mmap(test, 0, PAGE_SIZE, PROT_READ,
					 MAP_SHARED);
	KUNIT_EXPECT_TRUE(test, ctx->vm_flags & VM_MAYWRITE);
	KUNIT_EXPECT_EQ(test, wanted, ctx->vm_flags & (wanted | pfn));

	vfio_mdev_region_mmap_kunit_mmap(test, ro, PAGE_SIZE, PROT_READ,
					 MAP_SHARED);
	KUNIT_EXPECT_FALSE(test, ctx->vm_flags & VM_MAYWRITE);
	KUNIT_EXPECT_EQ(test, wanted, ctx->vm_flags & (wanted | pfn));
}

/* Pages are mapped when touched, each mapping with a reference. */
static void vfio_mdev_region_mmap_counts(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	struct page *page = vmalloc_to_page(ctx->mem);
	unsigned long addr;

	addr = vfio_mdev_region_mmap_kunit_mmap(test, 0, PAGE_SIZE, PROT_READ,
						MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 1, page_count(page));
	vfio_mdev_region_kunit_get(test, addr);
	KUNIT_EXPECT_EQ(test, 2, page_count(page));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, page_count(page));
}

/* A page that is not there after all is an error of the user's access. */
static void vfio_mdev_region_mmap_short(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	unsigned long addr;
	u8 byte;

	ctx->region[VFIO_MDEV_REGION_MEM].size += PAGE_SIZE;
	addr = vfio_mdev_region_mmap_kunit_mmap(test, 0, 9 * PAGE_SIZE,
						PROT_READ, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_region_kunit_get(test, addr));
	KUNIT_EXPECT_EQ(test, 1, copy_from_user(&byte, (u8 __user *)addr +
						8 * PAGE_SIZE, 1));
}

/* Whoever pinned a page keeps it when the vendor frees the memory. */
static void vfio_mdev_region_mmap_pins(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	struct page *page;
	unsigned long addr;

	addr = vfio_mdev_region_mmap_kunit_mmap(test, 0, PAGE_SIZE,
						VFIO_MDEV_PROT_RW, MAP_SHARED);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 1, pin_user_pages_fast(addr, 1, FOLL_WRITE |
						     FOLL_LONGTERM, &page));
	KUNIT_EXPECT_PTR_EQ(test, vmalloc_to_page(ctx->mem), page);
	ctx->mem[0] = 0xa5;
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	vfree(ctx->mem);
	ctx->mem = NULL;
	KUNIT_EXPECT_EQ(test, 0xa5, *(u8 *)page_address(page));
	unpin_user_page(page);
}

/* Areas are memory, and what is around them is registers. */
static void vfio_mdev_region_mmap_mixes(struct kunit *test)
{
	u64 base = VFIO_MDEV_REGION_AT(VFIO_MDEV_REGION_MIXED, 0);
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	loff_t pos = base + PAGE_SIZE - 8;
	unsigned long user;
	unsigned int i;

	memset(ctx->mem, 0x11, VFIO_MDEV_REGION_PAGES * PAGE_SIZE);
	user = kunit_vm_mmap(test, NULL, 0, 3 * PAGE_SIZE, VFIO_MDEV_PROT_RW,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, !user || IS_ERR_VALUE(user));

	/* One register, all of the area, and one more register */
	KUNIT_ASSERT_EQ(test, 2 * PAGE_SIZE + 16,
			vfio_mdev_region_read(&ctx->regions,
					      (char __user *)user,
					      2 * PAGE_SIZE + 16, &pos));
	KUNIT_EXPECT_EQ(test, 2, ctx->accesses);
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, ctx->last);
	for (i = 0; i < 2 * PAGE_SIZE + 16; i++) {
		bool reg = i < 8 || i >= 2 * PAGE_SIZE + 8;

		KUNIT_ASSERT_EQ(test, reg ? 0xee : 0x11,
				vfio_mdev_region_kunit_get(test, user + i));
	}

	/* The memory of registers is not used. */
	pos = base + 5 * PAGE_SIZE - 8;
	KUNIT_EXPECT_EQ(test, 24,
			vfio_mdev_region_write(&ctx->regions,
					       (char __user *)user, 24, &pos));
	KUNIT_EXPECT_EQ(test, 3, ctx->accesses);
	KUNIT_EXPECT_EQ(test, 5 * PAGE_SIZE - 8, ctx->last);
	KUNIT_EXPECT_EQ(test, 0x11, ctx->mem[5 * PAGE_SIZE - 8]);
	pos = base + 6 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 8,
			vfio_mdev_region_write(&ctx->regions,
					       (char __user *)user, 8, &pos));
	KUNIT_EXPECT_EQ(test, 4, ctx->accesses);
	KUNIT_EXPECT_EQ(test, 0x11, ctx->mem[6 * PAGE_SIZE]);
}

/* User space is told of areas and type what mmap() goes by. */
static void vfio_mdev_region_mmap_caps(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	struct vfio_region_info info = { .index = VFIO_MDEV_REGION_MIXED };
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info_cap_type *type;
	struct vfio_info_cap caps = { };

	ctx->region[VFIO_MDEV_REGION_MIXED].type = VFIO_REGION_TYPE_GFX;
	ctx->region[VFIO_MDEV_REGION_MIXED].subtype = 7;
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_region_get_info(&ctx->regions, &info,
							   &caps));
	/* Whoever copies them to user space adds the flag for capabilities. */
	KUNIT_EXPECT_EQ(test, VFIO_MDEV_REGION_MMAP_RW, info.flags);
	KUNIT_ASSERT_EQ(test, struct_size(sparse, areas, 2) + sizeof(*type),
			caps.size);

	sparse = (void *)caps.buf;
	KUNIT_EXPECT_EQ(test, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
			sparse->header.id);
	KUNIT_EXPECT_EQ(test, 1, sparse->header.version);
	KUNIT_EXPECT_EQ(test, 2, sparse->nr_areas);
	KUNIT_EXPECT_MEMEQ(test, vfio_mdev_region_areas, sparse->areas,
			   sizeof(vfio_mdev_region_areas));
	KUNIT_ASSERT_EQ(test, struct_size(sparse, areas, 2),
			sparse->header.next);

	type = (void *)caps.buf + sparse->header.next;
	KUNIT_EXPECT_EQ(test, VFIO_REGION_INFO_CAP_TYPE, type->header.id);
	KUNIT_EXPECT_EQ(test, 1, type->header.version);
	KUNIT_EXPECT_EQ(test, VFIO_REGION_TYPE_GFX, type->type);
	KUNIT_EXPECT_EQ(test, 7, type->subtype);
	KUNIT_EXPECT_EQ(test, 0, type->header.next);
	kfree(caps.buf);
}

/* A region that is not there has no capabilities either. */
static void vfio_mdev_region_mmap_no_caps(struct kunit *test)
{
	struct vfio_mdev_region_mmap_kunit *ctx = test->priv;
	struct vfio_region_info info = { .index = VFIO_MDEV_REGION_MIXED };
	struct vfio_info_cap caps = { };

	ctx->region[VFIO_MDEV_REGION_MIXED].size = 0;
	ctx->region[VFIO_MDEV_REGION_MIXED].type = VFIO_REGION_TYPE_GFX;
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_region_get_info(&ctx->regions, &info,
							   &caps));
	KUNIT_EXPECT_EQ(test, 0, info.flags);
	KUNIT_EXPECT_EQ(test, 0, caps.size);
	KUNIT_EXPECT_NULL(test, caps.buf);
}

static struct kunit_case vfio_mdev_region_mmap_kunit_cases[] = {
	KUNIT_CASE_PARAM(vfio_mdev_region_mmap_refuses, vfio_mdev_region_unmappable_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_region_mmap_decides, vfio_mdev_region_mapping_gen_params),
	KUNIT_CASE(vfio_mdev_region_mmap_overflow),
	KUNIT_CASE(vfio_mdev_region_mmap_shares),
	KUNIT_CASE(vfio_mdev_region_mmap_flags),
	KUNIT_CASE(vfio_mdev_region_mmap_counts),
	KUNIT_CASE(vfio_mdev_region_mmap_short),
	KUNIT_CASE(vfio_mdev_region_mmap_pins),
	KUNIT_CASE(vfio_mdev_region_mmap_mixes),
	KUNIT_CASE(vfio_mdev_region_mmap_caps),
	KUNIT_CASE(vfio_mdev_region_mmap_no_caps),
	{ }
};

static struct kunit_suite vfio_mdev_region_mmap_kunit_suite = {
	.name = "vfio_mdev_region_mmap",
	.init = vfio_mdev_region_mmap_kunit_init,
	.exit = vfio_mdev_region_mmap_kunit_exit,
	.test_cases = vfio_mdev_region_mmap_kunit_cases,
};

kunit_test_suite(vfio_mdev_region_mmap_kunit_suite);

MODULE_DESCRIPTION("Tests of mapping regions of mediated devices");
MODULE_LICENSE("GPL");
