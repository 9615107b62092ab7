/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device side of a virtio split ring, for drivers of devices that are made in software
 *
 * What is in a ring was written by somebody who may be wrong or wicked, and who may
 * change it at any time. So it is copied before it is checked, and checked before it is
 * used; nothing here loops or allocates as the ring says.
 */
#ifndef VIRTIO_MDEV_RING_H
#define VIRTIO_MDEV_RING_H

#include <linux/types.h>

/* Descriptors that a chain may have beyond the ring's size, in indirect tables */
#define VIRTIO_MDEV_CHAIN_EXTRA	1024

/**
 * struct virtio_mdev_ring_mem - how a ring and its buffers are reached
 * @read: copy @len bytes at @addr, an address of the driver, to @to. Returns 0 or a
 *	  negative errno, -EFAULT for an address that is not the driver's. 2 bytes at an
 *	  even address have to be read by one access.
 * @write: the same the other way
 *
 * Neither needs to check whether @addr + @len wraps.
 */
struct virtio_mdev_ring_mem {
	int (*read)(void *priv, u64 addr, void *to, size_t len);
	int (*write)(void *priv, u64 addr, const void *from, size_t len);
};

/**
 * struct virtio_mdev_ring_addr - where the three parts of a ring are
 * @desc: the table of descriptors
 * @driver: the "available" ring, which the driver writes
 * @device: the "used" ring, which the device writes
 */
struct virtio_mdev_ring_addr {
	u64 desc;
	u64 driver;
	u64 device;
};

/**
 * struct virtio_mdev_ring - a ring as its device sees it
 *
 * Embedded by the vendor driver, which sees to it that one thread at a time uses the
 * ring and its chains. All zeros is a ring that was not set up: nothing can be taken.
 */
struct virtio_mdev_ring {
	/* private: */
	const struct virtio_mdev_ring_mem *mem;
	void *priv;			/* for @mem */
	struct virtio_mdev_ring_addr addr;
	u16 num;
	bool indirect;			/* negotiated, and so are */
	bool event_idx;
	u16 avail;			/* next to be taken, */
	u16 avail_end;			/* up to what the driver said last */
	u16 used;			/* next to be given back */
	u16 signalled;			/* @used when the driver was last considered */
	u32 completed;			/* since then */
	int broken;			/* errno that the ring came to grief with */
};

/* private: a piece of a buffer */
struct virtio_mdev_seg {
	u64 addr;
	u32 len;
};

/* private: how far the pieces were used */
struct virtio_mdev_cursor {
	unsigned int seg;
	u32 done;			/* of that piece */
};

/* public: */

/**
 * struct virtio_mdev_chain - a buffer that was taken from a ring
 * @readable: bytes that virtio_mdev_chain_pull() can still read
 * @writable: bytes that virtio_mdev_chain_push() can still write
 *
 * Allocated once and used for one buffer after the other. A device that works on many
 * buffers at a time has as many of these.
 */
struct virtio_mdev_chain {
	u32 readable;
	u32 writable;
	/* private: */
	struct virtio_mdev_ring *ring;
	u16 head;
	unsigned int max;		/* descriptors, and entries of @seg */
	unsigned int looked;		/* at so many descriptors */
	unsigned int nr_in;		/* of @seg that are read, which come first */
	unsigned int nr;
	struct virtio_mdev_cursor in;
	struct virtio_mdev_cursor out;
	struct virtio_mdev_seg seg[];
};

struct virtio_mdev_chain *virtio_mdev_chain_alloc(u16 num);
void virtio_mdev_chain_free(struct virtio_mdev_chain *chain);

int virtio_mdev_ring_init(struct virtio_mdev_ring *ring, u16 num, u64 features,
			  const struct virtio_mdev_ring_addr *addr,
			  const struct virtio_mdev_ring_mem *mem, void *priv);
int virtio_mdev_ring_pop(struct virtio_mdev_ring *ring,
			 struct virtio_mdev_chain *chain);
ssize_t virtio_mdev_chain_pull(struct virtio_mdev_chain *chain, void *buf,
			       size_t len);
ssize_t virtio_mdev_chain_push(struct virtio_mdev_chain *chain, const void *buf,
			       size_t len);
int virtio_mdev_chain_complete(struct virtio_mdev_chain *chain, u32 len);
int virtio_mdev_ring_kick_enable(struct virtio_mdev_ring *ring);
int virtio_mdev_ring_kick_disable(struct virtio_mdev_ring *ring);
int virtio_mdev_ring_interrupt_needed(struct virtio_mdev_ring *ring);

/**
 * virtio_mdev_ring_error - whether a ring is broken
 * @ring: the ring
 *
 * Return: 0, or what every function answers for it until virtio_mdev_ring_init().
 */
static inline int virtio_mdev_ring_error(const struct virtio_mdev_ring *ring)
{
	return ring->broken;
}

/* Of a driver in this kernel, whose addresses are physical ones */
extern const struct virtio_mdev_ring_mem virtio_mdev_ring_phys;

#endif /* VIRTIO_MDEV_RING_H */
