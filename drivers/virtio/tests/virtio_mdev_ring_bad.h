/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rings that no honest driver makes, and a few that look as bad but are legal
 *
 * For the KUnit tests, and for a program that shows them to vringh as well, which is the
 * device side that the kernel has; what that does is in the comment of each, as seen with
 * vringh of 7.3, in its variant for user memory.
 */
#ifndef VIRTIO_MDEV_RING_BAD_H
#define VIRTIO_MDEV_RING_BAD_H

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/virtio_ring.h>

/* Where things are in the memory that the driver has, from BAD_BASE on */
#define BAD_BASE	0x7000000000ULL
#define BAD_SIZE	0x10000
#define BAD_DRIVER	(BAD_BASE + 0x1000)
#define BAD_DEVICE	(BAD_BASE + 0x2000)
#define BAD_TABLE_A	(BAD_BASE + 0x3000)
#define BAD_TABLE_B	(BAD_BASE + 0x4000)
#define BAD_DATA	(BAD_BASE + 0x8000)
#define BAD_NUM		8

/* Descriptors of the ring have numbers below BAD_NUM, and these are in tables. */
#define A(nr)	(0x100 + (nr))
#define B(nr)	(0x200 + (nr))

#define NEXT	VRING_DESC_F_NEXT
#define WRITE_	VRING_DESC_F_WRITE
#define TABLE	VRING_DESC_F_INDIRECT

struct bad_desc {
	u16 at;
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

/**
 * struct bad_ring - a ring
 * @name: what is wrong
 * @no_indirect: without that feature
 * @idx: the index of the "available" ring
 * @head: its first entry
 * @desc: what is written; the rest of memory is zeros
 * @err: what taking the first buffer has to answer; 1 if that is legal
 * @pull: what reading it has to answer then
 */
struct bad_ring {
	const char *name;
	bool no_indirect;
	u16 idx;
	u16 head;
	struct bad_desc desc[4];
	int err;
	int pull;
};

static const struct bad_ring bad_rings[] = {
	/* vringh: takes 4 bytes */
	{ "more is available than there is", .idx = BAD_NUM + 1, .err = -EPROTO,
	  .desc = { { 0, BAD_DATA, 4 } } },
	/* vringh: takes 4 bytes */
	{ "the index goes back", .idx = 0xffff, .err = -EPROTO,
	  .desc = { { 0, BAD_DATA, 4 } } },
	/* vringh: -EINVAL */
	{ "head is no descriptor", .idx = 1, .head = BAD_NUM, .err = -EINVAL },
	/* vringh: -EINVAL */
	{ "next is no descriptor", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_DATA, 4, NEXT, BAD_NUM } } },
	/* vringh: -ELOOP */
	{ "a descriptor is followed by itself", .idx = 1, .err = -ELOOP,
	  .desc = { { 0, BAD_DATA, 4, NEXT, 0 } } },
	/* vringh: -ELOOP */
	{ "two descriptors in a circle", .idx = 1, .err = -ELOOP,
	  .desc = { { 0, BAD_DATA, 4, NEXT, 1 }, { 1, BAD_DATA, 4, NEXT, 0 } } },
	/* vringh: takes 4 bytes */
	{ "a table that was not agreed upon", .no_indirect = true, .idx = 1,
	  .err = -EINVAL,
	  .desc = { { 0, BAD_TABLE_A, 16, TABLE }, { A(0), BAD_DATA, 4 } } },
	/* vringh: -EINVAL */
	{ "a table in a table", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_TABLE_A, 16, TABLE }, { A(0), BAD_TABLE_B, 16, TABLE },
		    { B(0), BAD_DATA, 4 } } },
	/* vringh: -ELOOP, as it reads the table all the same */
	{ "a table of no length", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_TABLE_A, 0, TABLE }, { A(0), BAD_DATA, 4 } } },
	/* vringh: -EINVAL */
	{ "a table of one and a bit", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_TABLE_A, 17, TABLE }, { A(0), BAD_DATA, 4 } } },
	/* vringh: runs until there is no memory left */
	{ "a table is followed by itself", .idx = 1, .head = 1, .err = -ELOOP,
	  .desc = { { 1, BAD_TABLE_A, 16, TABLE | NEXT, 1 },
		    { A(0), BAD_DATA, 4 } } },
	/* vringh: runs until there is no memory left */
	{ "two tables in a circle", .idx = 1, .head = 1, .err = -ELOOP,
	  .desc = { { 1, BAD_TABLE_A, 16, TABLE | NEXT, 2 }, { A(0), BAD_DATA, 4 },
		    { 2, BAD_TABLE_B, 16, TABLE | NEXT, 1 }, { B(0), BAD_DATA, 4 } } },
	/* vringh: -ELOOP */
	{ "a circle in a table", .idx = 1, .err = -ELOOP,
	  .desc = { { 0, BAD_TABLE_A, 32, TABLE }, { A(0), BAD_DATA, 4, NEXT, 1 },
		    { A(1), BAD_DATA, 4, NEXT, 0 } } },
	/* vringh: -EINVAL */
	{ "next is not in the table", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_TABLE_A, 32, TABLE }, { A(0), BAD_DATA, 4, NEXT, 2 } } },
	/* vringh: -EINVAL */
	{ "a table that is elsewhere", .idx = 1, .err = -EFAULT,
	  .desc = { { 0, BAD_BASE + BAD_SIZE, 16, TABLE } } },
	/* vringh: -EINVAL */
	{ "a table that ends elsewhere", .idx = 1, .err = -EFAULT,
	  .desc = { { 0, BAD_BASE + BAD_SIZE - 16, 32, TABLE },
		    { 0xfff, BAD_DATA, 4, NEXT, 1 } } },
	/* vringh: -EINVAL */
	{ "a table that wraps", .idx = 1, .err = -EFAULT,
	  .desc = { { 0, -16ULL, 32, TABLE } } },
	/* vringh: takes 8 bytes */
	{ "a table of 4 GiB", .idx = 1, .err = 1,
	  .desc = { { 0, BAD_TABLE_A, -16, TABLE }, { A(0), BAD_DATA, 4, NEXT, 1 },
		    { A(1), BAD_DATA, 4 } } },
	/* vringh: -EINVAL */
	{ "read after write", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_DATA, 4, WRITE_ | NEXT, 1 }, { 1, BAD_DATA, 4 } } },
	/* vringh: -EINVAL */
	{ "read after write, in a table", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_DATA, 4, WRITE_ | NEXT, 1 }, { 1, BAD_TABLE_A, 16, TABLE },
		    { A(0), BAD_DATA, 4 } } },
	/* vringh: -EINVAL, as no range is that long */
	{ "more than 4 GiB", .idx = 1, .err = -EINVAL,
	  .desc = { { 0, BAD_DATA, 1U << 31, NEXT, 1 }, { 1, BAD_DATA, 1U << 31 } } },
	/* vringh: -EINVAL */
	{ "an address that wraps", .idx = 1, .err = -EFAULT,
	  .desc = { { 0, -2ULL, 4 } } },
	/* vringh: -EINVAL, before anything is read */
	{ "an address elsewhere", .idx = 1, .err = 1, .pull = -EFAULT,
	  .desc = { { 0, BAD_BASE - 4, 4 } } },
	/* vringh: -EINVAL, before anything is read */
	{ "a buffer that ends elsewhere", .idx = 1, .err = 1, .pull = -EFAULT,
	  .desc = { { 0, BAD_BASE + BAD_SIZE - 2, 4 } } },
	/* vringh: takes 4 bytes, and drops the rest */
	{ "legal: a table, and on at descriptor 0", .idx = 1, .head = 1, .err = 1,
	  .pull = 8,
	  .desc = { { 1, BAD_TABLE_A, 16, TABLE | NEXT, 0 }, { A(0), BAD_DATA, 4 },
		    { 0, BAD_DATA, 4 } } },
	/* vringh: takes 12 bytes */
	{ "legal: a table between descriptors", .idx = 1, .err = 1, .pull = 12,
	  .desc = { { 0, BAD_DATA, 4, NEXT, 1 },
		    { 1, BAD_TABLE_A, 16, TABLE | NEXT, 2 },
		    { A(0), BAD_DATA, 4 }, { 2, BAD_DATA, 4 } } },
	/* vringh: takes 4 bytes */
	{ "legal: a table that says it is written", .idx = 1, .err = 1, .pull = 4,
	  .desc = { { 0, BAD_TABLE_A, 16, TABLE | WRITE_ }, { A(0), BAD_DATA, 4 } } },
	/* vringh: takes 0 bytes */
	{ "legal: nothing in it", .idx = 1, .err = 1, .desc = { { 0, BAD_DATA, 0 } } },
};

static inline u64 bad_desc_addr(u16 at)
{
	if (at == 0xfff)
		return BAD_BASE + BAD_SIZE - sizeof(struct vring_desc);
	if (at >= 0x200)
		return BAD_TABLE_B + (at - 0x200) * sizeof(struct vring_desc);
	if (at >= 0x100)
		return BAD_TABLE_A + (at - 0x100) * sizeof(struct vring_desc);
	return BAD_BASE + at * sizeof(struct vring_desc);
}

/* Writes @bad to @mem, which is what the driver has at BAD_BASE. */
static inline void bad_ring_write(const struct bad_ring *bad, u8 *mem)
{
	struct vring_avail *avail = (void *)(mem + (BAD_DRIVER - BAD_BASE));
	unsigned int i;

	avail->idx = __cpu_to_virtio16(true, bad->idx);
	avail->ring[0] = __cpu_to_virtio16(true, bad->head);
	for (i = 0; i < ARRAY_SIZE(bad->desc); i++) {
		const struct bad_desc *from = &bad->desc[i];
		struct vring_desc *to =
			(void *)(mem + (bad_desc_addr(from->at) - BAD_BASE));

		if (!from->addr)
			continue;
		to->addr = __cpu_to_virtio64(true, from->addr);
		to->len = __cpu_to_virtio32(true, from->len);
		to->flags = __cpu_to_virtio16(true, from->flags);
		to->next = __cpu_to_virtio16(true, from->next);
	}
}

#endif /* VIRTIO_MDEV_RING_BAD_H */
