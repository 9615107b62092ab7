// SPDX-License-Identifier: GPL-2.0-only
/*
 * vringh's functions for user memory, made of our ring
 *
 * So that the program that tests vringh tests ours as well. It looks at the pieces of a
 * buffer, which ours does not show otherwise.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>
#include <linux/virtio_mdev_ring.h>
#include <linux/virtio_ring.h>
#include <linux/vringh.h>

/* One ring at a time, as there is in that program */
static struct virtio_mdev_ring ring;
static struct virtio_mdev_chain *chain;

/* Where the driver's addresses are, as the program says it */
static struct vringh *vringh;
static bool (*get_range)(struct vringh *vrh, u64 addr, struct vringh_range *range);
static struct vringh_range range = { .start = 1 };

static inline bool in_range(u64 addr, size_t len)
{
	return addr >= range.start && addr <= range.end_incl &&
	       len <= range.end_incl - addr + 1;
}

/* The ring is at addresses of ours, and its buffers at those of the driver. */
static inline char *find(u64 addr, size_t len)
{
	char *at = (char *)(unsigned long)addr;
	char *min = __user_addr_min, *max = __user_addr_max;

	if (in_range(addr, len))
		return at + range.offset;
	if (at >= min && at <= max && len <= max - at)
		return at;
	if (!get_range || !get_range(vringh, addr, &range) || !in_range(addr, len))
		return NULL;
	return at + range.offset;
}

/* Parts of the ring have one of these lengths, and vringh has them inline. */
static inline void copy(void *to, const void *from, size_t len)
{
	switch (len) {
	case 2:
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(u16 *)from));
		break;
	case sizeof(struct vring_used_elem):
		memcpy(to, from, sizeof(struct vring_used_elem));
		break;
	case sizeof(struct vring_desc):
		memcpy(to, from, sizeof(struct vring_desc));
		break;
	default:
		memcpy(to, from, len);
	}
}

static int mem_read(void *priv, u64 addr, void *to, size_t len)
{
	char *from = find(addr, len);

	if (!from)
		return -EFAULT;
	copy(to, from, len);
	return 0;
}

static int mem_write(void *priv, u64 addr, const void *from, size_t len)
{
	char *to = find(addr, len);

	if (!to)
		return -EFAULT;
	copy(to, from, len);
	return 0;
}

static const struct virtio_mdev_ring_mem mem = {
	.read = mem_read,
	.write = mem_write,
};

int vringh_init_user(struct vringh *vrh, u64 features, unsigned int num,
		     bool weak_barriers, vring_desc_t __user *desc,
		     vring_avail_t __user *avail, vring_used_t __user *used)
{
	struct virtio_mdev_ring_addr addr = {
		.desc = (unsigned long)desc,
		.driver = (unsigned long)avail,
		.device = (unsigned long)used,
	};

	vringh = vrh;
	vrh->vring.num = num;
	vrh->vring.desc = desc;
	vrh->vring.avail = avail;
	vrh->vring.used = used;
	chain = chain ?: virtio_mdev_chain_alloc(num);
	return virtio_mdev_ring_init(&ring, num, features, &addr, &mem, NULL);
}

static void show(struct vringh_iov *iov, const struct virtio_mdev_seg *seg,
		 unsigned int nr)
{
	unsigned int i;

	if (nr > iov->max_num) {
		iov->iov = calloc(nr, sizeof(*iov->iov));
		iov->max_num = nr | VRINGH_IOV_ALLOCATED;
	}
	iov->i = 0;
	iov->consumed = 0;
	iov->used = nr;
	/* Where the driver is another process, the program does not look at them. */
	for (i = 0; i < nr && !range.offset; i++) {
		iov->iov[i].iov_base = find(seg[i].addr, seg[i].len);
		iov->iov[i].iov_len = seg[i].len;
	}
}

int vringh_getdesc_user(struct vringh *vrh, struct vringh_iov *riov,
			struct vringh_iov *wiov,
			bool (*getrange)(struct vringh *vrh, u64 addr,
					 struct vringh_range *r),
			u16 *head)
{
	int ret;

	get_range = getrange;
	ret = virtio_mdev_ring_pop(&ring, chain);
	if (ret <= 0)
		return ret;
	*head = chain->head;
	show(riov, chain->seg, chain->nr_in);
	show(wiov, chain->seg + chain->nr_in, chain->nr - chain->nr_in);
	return ret;
}

/* How far these have come is what the program compares with their number. */
ssize_t vringh_iov_pull_user(struct vringh_iov *riov, void *dst, size_t len)
{
	ssize_t ret = virtio_mdev_chain_pull(chain, dst, len);

	riov->i = chain->in.seg;
	return ret;
}

ssize_t vringh_iov_push_user(struct vringh_iov *wiov, const void *src, size_t len)
{
	ssize_t ret = virtio_mdev_chain_push(chain, src, len);

	wiov->i = chain->out.seg - chain->nr_in;
	return ret;
}

int vringh_complete_user(struct vringh *vrh, u16 head, u32 len)
{
	chain->head = head;
	return virtio_mdev_chain_complete(chain, len);
}

int vringh_complete_multi_user(struct vringh *vrh, const struct vring_used_elem used[],
			       unsigned int num_used)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < num_used && !ret; i++)
		ret = vringh_complete_user(vrh, used[i].id, used[i].len);
	return ret;
}

bool vringh_notify_enable_user(struct vringh *vrh)
{
	return virtio_mdev_ring_kick_enable(&ring) == 0;
}

void vringh_notify_disable_user(struct vringh *vrh)
{
	virtio_mdev_ring_kick_disable(&ring);
}

int vringh_need_notify_user(struct vringh *vrh)
{
	return virtio_mdev_ring_interrupt_needed(&ring);
}
