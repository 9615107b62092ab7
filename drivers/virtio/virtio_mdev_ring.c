// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device side of a virtio split ring
 *
 * A chain of descriptors is copied once, when it is taken, and all of it is checked
 * then. What is used afterwards is the copy. Any mistake of the driver's breaks the
 * ring: it has no way to say which buffer was meant, and no sense in going on.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/virtio_byteorder.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mdev_ring.h>
#include <linux/virtio_ring.h>

/* Offsets in the two rings, whose first two members are flags and index */
#define VIRTIO_MDEV_RING_IDX	2
#define VIRTIO_MDEV_RING_ENTRY	4

/* From the first mistake on, every answer is the errno of that one. */
static int virtio_mdev_ring_break(struct virtio_mdev_ring *ring, int err)
{
	if (!ring->broken)
		ring->broken = err;
	return ring->broken;
}

static int virtio_mdev_ring_get(struct virtio_mdev_ring *ring, u64 addr, u16 *val)
{
	__virtio16 raw;
	int ret;

	ret = ring->mem->read(ring->priv, addr, &raw, sizeof(raw));
	*val = ret ? 0 : __virtio16_to_cpu(true, raw);
	return ret;
}

static int virtio_mdev_ring_put(struct virtio_mdev_ring *ring, u64 addr, u16 val)
{
	__virtio16 raw = __cpu_to_virtio16(true, val);

	return ring->mem->write(ring->priv, addr, &raw, sizeof(raw));
}

static u64 virtio_mdev_ring_used_event(const struct virtio_mdev_ring *ring)
{
	return ring->addr.driver + VIRTIO_MDEV_RING_ENTRY + 2 * ring->num;
}

static u64 virtio_mdev_ring_avail_event(const struct virtio_mdev_ring *ring)
{
	return ring->addr.device + VIRTIO_MDEV_RING_ENTRY +
	       sizeof(struct vring_used_elem) * ring->num;
}

/* The one bound for all addresses: where they lead is up to @mem. */
static bool virtio_mdev_ring_wraps(u64 addr, u64 len)
{
	return addr + len < addr;
}

/**
 * virtio_mdev_chain_alloc - memory for buffers of a ring, one at a time
 * @num: size of the largest ring that it is for
 *
 * Context: process context, may sleep.
 * Return: the chain, or %NULL; for virtio_mdev_chain_free().
 */
struct virtio_mdev_chain *virtio_mdev_chain_alloc(u16 num)
{
	struct virtio_mdev_chain *chain;
	unsigned int max = num + VIRTIO_MDEV_CHAIN_EXTRA;

	chain = kvzalloc(struct_size(chain, seg, max), GFP_KERNEL_ACCOUNT);
	if (chain)
		chain->max = max;
	return chain;
}
EXPORT_SYMBOL_GPL(virtio_mdev_chain_alloc);

/**
 * virtio_mdev_chain_free - free what virtio_mdev_chain_alloc() returned
 * @chain: that, or %NULL
 */
void virtio_mdev_chain_free(struct virtio_mdev_chain *chain)
{
	kvfree(chain);
}
EXPORT_SYMBOL_GPL(virtio_mdev_chain_free);

static int virtio_mdev_ring_check(u16 num, const struct virtio_mdev_ring_addr *addr)
{
	if (!is_power_of_2(num))
		return -EINVAL;
	if (addr->desc % VRING_DESC_ALIGN_SIZE ||
	    addr->driver % VRING_AVAIL_ALIGN_SIZE ||
	    addr->device % VRING_USED_ALIGN_SIZE)
		return -EINVAL;
	if (virtio_mdev_ring_wraps(addr->desc, sizeof(struct vring_desc) * num) ||
	    virtio_mdev_ring_wraps(addr->driver, 6 + 2 * num) ||
	    virtio_mdev_ring_wraps(addr->device,
				   6 + sizeof(struct vring_used_elem) * num))
		return -EFAULT;
	return 0;
}

/**
 * virtio_mdev_ring_init - set up a ring, or set it up anew after a reset
 * @ring: the ring; nobody else uses it
 * @num: number of its descriptors, a power of 2 and at most 32768
 * @features: what driver and device have agreed upon, VIRTIO_F_VERSION_1 among it
 * @addr: where the driver has it
 * @mem: how to get there; has to stay, as does
 * @priv: what @mem is called with
 *
 * Chains that were taken from it before are void.
 *
 * Context: any.
 * Return: 0; -EINVAL for a size that no ring has, or addresses that are not aligned;
 * -EFAULT for addresses that wrap. Then the ring is one that was not set up.
 */
int virtio_mdev_ring_init(struct virtio_mdev_ring *ring, u16 num, u64 features,
			  const struct virtio_mdev_ring_addr *addr,
			  const struct virtio_mdev_ring_mem *mem, void *priv)
{
	int ret;

	memset(ring, 0, sizeof(*ring));
	ret = virtio_mdev_ring_check(num, addr);
	if (ret)
		return ret;
	ring->mem = mem;
	ring->priv = priv;
	ring->addr = *addr;
	ring->num = num;
	ring->indirect = features & BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC);
	ring->event_idx = features & BIT_ULL(VIRTIO_RING_F_EVENT_IDX);
	return 0;
}
EXPORT_SYMBOL_GPL(virtio_mdev_ring_init);

/* Buffers up to @avail_end are there: 0 or a negative errno */
static int virtio_mdev_ring_look(struct virtio_mdev_ring *ring)
{
	int ret;

	ret = virtio_mdev_ring_get(ring, ring->addr.driver + VIRTIO_MDEV_RING_IDX,
				   &ring->avail_end);
	if (ret)
		return ret;
	if ((u16)(ring->avail_end - ring->avail) > ring->num)
		return -EPROTO;
	/* What the driver wrote before the index is read after it. */
	virtio_rmb(true);
	return 0;
}

/* A piece of the buffer, which may be empty */
static int virtio_mdev_chain_add(struct virtio_mdev_chain *chain, u64 addr, u32 len,
				 bool write)
{
	u32 *sum = write ? &chain->writable : &chain->readable;

	if (!write && chain->nr > chain->nr_in)
		return -EINVAL;
	if (virtio_mdev_ring_wraps(addr, len))
		return -EFAULT;
	if (len > U32_MAX - chain->readable - chain->writable)
		return -EINVAL;
	if (!len)
		return 0;
	chain->seg[chain->nr++] = (struct virtio_mdev_seg){ addr, len };
	if (!write)
		chain->nr_in = chain->nr;
	*sum += len;
	return 0;
}

/* Whether an indirect table can be one. If it has no length, it has no first entry. */
static int virtio_mdev_chain_check_table(const struct virtio_mdev_ring *ring, u64 addr,
					 u32 len)
{
	if (!ring->indirect || len % sizeof(struct vring_desc))
		return -EINVAL;
	return virtio_mdev_ring_wraps(addr, len) ? -EFAULT : 0;
}

/*
 * Follows descriptors in a table of @num at @table from @i on. An indirect one leads to
 * another table, which has no indirect ones, and the chain may go on after it. The
 * budget is for all of them, so that no loop is longer.
 */
static int virtio_mdev_chain_walk(struct virtio_mdev_chain *chain, u64 table, u32 num,
				  u16 i, bool nested)
{
	struct virtio_mdev_ring *ring = chain->ring;
	struct vring_desc desc;
	u16 flags;
	u64 addr;
	u32 len;
	int ret;

	for (;;) {
		if (i >= num)
			return -EINVAL;
		if (chain->looked++ == chain->max)
			return -ELOOP;
		ret = ring->mem->read(ring->priv, table + i * sizeof(desc), &desc,
				      sizeof(desc));
		if (ret)
			return ret;
		flags = __virtio16_to_cpu(true, desc.flags);
		addr = __virtio64_to_cpu(true, desc.addr);
		len = __virtio32_to_cpu(true, desc.len);

		if (!(flags & VRING_DESC_F_INDIRECT))
			ret = virtio_mdev_chain_add(chain, addr, len,
						    flags & VRING_DESC_F_WRITE);
		else if (nested)
			ret = -EINVAL;
		else
			ret = virtio_mdev_chain_check_table(ring, addr, len) ?:
			      virtio_mdev_chain_walk(chain, addr,
						     len / sizeof(desc), 0, true);
		if (ret || !(flags & VRING_DESC_F_NEXT))
			return ret;
		i = __virtio16_to_cpu(true, desc.next);
	}
}

static int virtio_mdev_chain_take(struct virtio_mdev_ring *ring,
				  struct virtio_mdev_chain *chain)
{
	u16 slot = ring->avail & (ring->num - 1);
	int ret;

	*chain = (struct virtio_mdev_chain){ .ring = ring, .max = chain->max };
	ret = virtio_mdev_ring_get(ring, ring->addr.driver + VIRTIO_MDEV_RING_ENTRY +
				   2 * slot, &chain->head);
	if (ret)
		return ret;
	return virtio_mdev_chain_walk(chain, ring->addr.desc, ring->num, chain->head,
				      false);
}

/**
 * virtio_mdev_ring_pop - take the next buffer
 * @ring: the ring
 * @chain: memory for it; what it was used for before is over
 *
 * It has to be given back by virtio_mdev_chain_complete(), sooner or later.
 *
 * Context: any that the ring's memory can be reached in.
 * Return: 1, and the buffer is @chain; 0 if there is none, or no ring; a negative errno
 * if the ring is broken: -EPROTO if more buffers are said to be there than the ring
 * has; -ELOOP if the chain has more descriptors than @chain was allocated for; -EINVAL
 * for a descriptor that cannot be; -EFAULT for an address that is not the driver's.
 */
int virtio_mdev_ring_pop(struct virtio_mdev_ring *ring,
			 struct virtio_mdev_chain *chain)
{
	int ret = ring->broken;

	if (ret || !ring->num)
		return ret;
	if (ring->avail == ring->avail_end)
		ret = virtio_mdev_ring_look(ring);
	if (!ret && ring->avail == ring->avail_end)
		return 0;
	if (!ret)
		ret = virtio_mdev_chain_take(ring, chain);
	if (ret)
		return virtio_mdev_ring_break(ring, ret);
	ring->avail++;
	return 1;
}
EXPORT_SYMBOL_GPL(virtio_mdev_ring_pop);

/* The piece that is next, and how much of @len it takes */
static struct virtio_mdev_seg virtio_mdev_chain_next(struct virtio_mdev_chain *chain,
						     struct virtio_mdev_cursor *cur,
						     size_t len)
{
	struct virtio_mdev_seg *seg = &chain->seg[cur->seg];
	struct virtio_mdev_seg next = { seg->addr + cur->done };

	next.len = min_t(size_t, len, seg->len - cur->done);
	cur->done += next.len;
	if (cur->done == seg->len)
		*cur = (struct virtio_mdev_cursor){ .seg = cur->seg + 1 };
	return next;
}

/**
 * virtio_mdev_chain_pull - read what the driver has written
 * @chain: a buffer that was taken
 * @buf: where to
 * @len: so much, or what is left
 *
 * Goes on where the last call has stopped.
 *
 * Context: any that the ring's memory can be reached in.
 * Return: bytes that were read, 0 at the end; or the errno of a broken ring.
 */
ssize_t virtio_mdev_chain_pull(struct virtio_mdev_chain *chain, void *buf, size_t len)
{
	struct virtio_mdev_ring *ring = chain->ring;
	struct virtio_mdev_seg seg;
	size_t done = 0;
	int ret = ring->broken;

	while (!ret && done < len && chain->in.seg < chain->nr_in) {
		seg = virtio_mdev_chain_next(chain, &chain->in, len - done);
		ret = ring->mem->read(ring->priv, seg.addr, buf + done, seg.len);
		done += seg.len;
	}
	chain->readable -= done;
	return ret ? virtio_mdev_ring_break(ring, ret) : done;
}
EXPORT_SYMBOL_GPL(virtio_mdev_chain_pull);

/**
 * virtio_mdev_chain_push - write what the driver is to read
 * @chain: a buffer that was taken
 * @buf: where from
 * @len: so much, or what fits
 *
 * Goes on where the last call has stopped.
 *
 * Context: any that the ring's memory can be reached in.
 * Return: bytes that were written, 0 at the end; or the errno of a broken ring.
 */
ssize_t virtio_mdev_chain_push(struct virtio_mdev_chain *chain, const void *buf,
			       size_t len)
{
	struct virtio_mdev_ring *ring = chain->ring;
	struct virtio_mdev_cursor *cur = &chain->out;
	struct virtio_mdev_seg seg;
	size_t done = 0;
	int ret = ring->broken;

	if (cur->seg < chain->nr_in)
		cur->seg = chain->nr_in;
	while (!ret && done < len && cur->seg < chain->nr) {
		seg = virtio_mdev_chain_next(chain, cur, len - done);
		ret = ring->mem->write(ring->priv, seg.addr, buf + done, seg.len);
		done += seg.len;
	}
	chain->writable -= done;
	return ret ? virtio_mdev_ring_break(ring, ret) : done;
}
EXPORT_SYMBOL_GPL(virtio_mdev_chain_push);

/**
 * virtio_mdev_chain_complete - give a buffer back
 * @chain: a buffer that was taken since the ring was set up
 * @len: bytes that were written to it
 *
 * virtio_mdev_ring_interrupt_needed() says whether the driver waits for that.
 *
 * Context: any that the ring's memory can be reached in.
 * Return: 0, or the errno of a broken ring.
 */
int virtio_mdev_chain_complete(struct virtio_mdev_chain *chain, u32 len)
{
	struct virtio_mdev_ring *ring = chain->ring;
	struct vring_used_elem elem = {
		.id = __cpu_to_virtio32(true, chain->head),
		.len = __cpu_to_virtio32(true, len),
	};
	u16 slot = ring->used & (ring->num - 1);
	int ret = ring->broken;

	if (ret)
		return ret;
	ret = ring->mem->write(ring->priv, ring->addr.device + VIRTIO_MDEV_RING_ENTRY +
			       slot * sizeof(elem), &elem, sizeof(elem));
	if (!ret) {
		/* The index says that all before it is there. */
		virtio_wmb(true);
		ring->used++;
		ring->completed++;
		ret = virtio_mdev_ring_put(ring, ring->addr.device +
					   VIRTIO_MDEV_RING_IDX, ring->used);
	}
	return ret ? virtio_mdev_ring_break(ring, ret) : 0;
}
EXPORT_SYMBOL_GPL(virtio_mdev_chain_complete);

/**
 * virtio_mdev_ring_kick_enable - ask the driver to tell of the next buffer
 * @ring: the ring
 *
 * Context: any that the ring's memory can be reached in.
 * Return: 0; 1 if there is a buffer already, which the driver may not tell of any more;
 * or the errno of a broken ring.
 */
int virtio_mdev_ring_kick_enable(struct virtio_mdev_ring *ring)
{
	int ret = ring->broken;

	if (ret || !ring->num)
		return ret;
	if (ring->event_idx)
		ret = virtio_mdev_ring_put(ring, virtio_mdev_ring_avail_event(ring),
					   ring->avail);
	else
		ret = virtio_mdev_ring_put(ring, ring->addr.device, 0);
	/* The driver adds a buffer and then looks whether we are to be told of it. */
	virtio_mb(true);
	if (!ret)
		ret = virtio_mdev_ring_look(ring);
	if (ret)
		return virtio_mdev_ring_break(ring, ret);
	return ring->avail != ring->avail_end;
}
EXPORT_SYMBOL_GPL(virtio_mdev_ring_kick_enable);

/**
 * virtio_mdev_ring_kick_disable - ask the driver not to tell of buffers
 * @ring: the ring
 *
 * It may do so all the same.
 *
 * Context: any that the ring's memory can be reached in.
 * Return: 0, or the errno of a broken ring.
 */
int virtio_mdev_ring_kick_disable(struct virtio_mdev_ring *ring)
{
	int ret = ring->broken;

	/* With event indices, it tells of one buffer and no other. */
	if (ret || !ring->num || ring->event_idx)
		return ret;
	ret = virtio_mdev_ring_put(ring, ring->addr.device, VRING_USED_F_NO_NOTIFY);
	return ret ? virtio_mdev_ring_break(ring, ret) : 0;
}
EXPORT_SYMBOL_GPL(virtio_mdev_ring_kick_disable);

/* Whether one of the last @completed is the one that the driver wants to hear of */
static bool virtio_mdev_ring_event(struct virtio_mdev_ring *ring, u16 event)
{
	bool need = ring->completed > U16_MAX ||
		    vring_need_event(event, ring->used, ring->signalled);

	ring->signalled = ring->used;
	ring->completed = 0;
	return need;
}

/**
 * virtio_mdev_ring_interrupt_needed - does the driver wait for what was given back?
 * @ring: the ring
 *
 * To be asked once after one buffer or several. If so, virtio_mdev_vq_interrupt() is
 * what it waits for.
 *
 * Context: any that the ring's memory can be reached in.
 * Return: 1 or 0, or the errno of a broken ring.
 */
int virtio_mdev_ring_interrupt_needed(struct virtio_mdev_ring *ring)
{
	int ret = ring->broken;
	u16 val;

	if (ret || !ring->num)
		return ret;
	/* The driver says what it waits for and then looks whether it is there. */
	virtio_mb(true);
	if (ring->event_idx)
		ret = virtio_mdev_ring_get(ring, virtio_mdev_ring_used_event(ring),
					   &val);
	else
		ret = virtio_mdev_ring_get(ring, ring->addr.driver, &val);
	if (ret)
		return virtio_mdev_ring_break(ring, ret);
	if (ring->event_idx)
		return virtio_mdev_ring_event(ring, val);
	return !(val & VRING_AVAIL_F_NO_INTERRUPT);
}
EXPORT_SYMBOL_GPL(virtio_mdev_ring_interrupt_needed);
