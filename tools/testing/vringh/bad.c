// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows rings that are bad to vringh and to ours, and prints what each makes of them
 *
 * Ours has to answer as the table says. vringh may run for long, or out of memory, so it
 * gets a process of its own and a limit of both.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/kernel.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mdev_ring.h>
#include <linux/virtio_ring.h>
#include <linux/vringh.h>

#include "virtio_mdev_ring_bad.h"

void *__kmalloc_fake, *__kfree_ignore_start, *__kfree_ignore_end;
void *__user_addr_min, *__user_addr_max;

static u8 *memory;
static unsigned int accesses;

static u64 features_of(const struct bad_ring *bad)
{
	u64 features = 1ULL << VIRTIO_F_VERSION_1;

	if (!bad->no_indirect)
		features |= 1ULL << VIRTIO_RING_F_INDIRECT_DESC;
	return features;
}

static u8 *find(u64 addr, size_t len)
{
	accesses++;
	if (addr < BAD_BASE || addr - BAD_BASE > BAD_SIZE ||
	    len > BAD_SIZE - (addr - BAD_BASE))
		return NULL;
	return memory + (addr - BAD_BASE);
}

static int mem_read(void *priv, u64 addr, void *to, size_t len)
{
	u8 *from = find(addr, len);

	if (from)
		memcpy(to, from, len);
	return from ? 0 : -EFAULT;
}

static int mem_write(void *priv, u64 addr, const void *from, size_t len)
{
	u8 *to = find(addr, len);

	if (to)
		memcpy(to, from, len);
	return to ? 0 : -EFAULT;
}

static bool get_range(struct vringh *vrh, u64 addr, struct vringh_range *range)
{
	if (addr < BAD_BASE || addr >= BAD_BASE + BAD_SIZE)
		return false;
	range->start = BAD_BASE;
	range->end_incl = BAD_BASE + BAD_SIZE - 1;
	range->offset = (unsigned long)memory - BAD_BASE;
	return true;
}

static int ask_vringh(const struct bad_ring *bad)
{
	struct vringh_iov riov, wiov;
	struct vringh vringh;
	char buf[16];
	u16 head;
	int ret;

	vringh_init_user(&vringh, features_of(bad), BAD_NUM, true, (void *)memory,
			 (void *)(memory + (BAD_DRIVER - BAD_BASE)),
			 (void *)(memory + (BAD_DEVICE - BAD_BASE)));
	vringh_iov_init(&riov, NULL, 0);
	vringh_iov_init(&wiov, NULL, 0);
	ret = vringh_getdesc_user(&vringh, &riov, &wiov, get_range, &head);
	if (ret > 0)
		ret = 1 + vringh_iov_pull_user(&riov, buf, sizeof(buf));
	if (ret == -ENOMEM)
		printf("%u pieces, then ", riov.used);
	return ret;
}

static int ask_ours(const struct bad_ring *bad)
{
	static const struct virtio_mdev_ring_mem mem = { mem_read, mem_write };
	static const struct virtio_mdev_ring_addr addr = {
		BAD_BASE, BAD_DRIVER, BAD_DEVICE
	};
	struct virtio_mdev_chain *chain = virtio_mdev_chain_alloc(BAD_NUM);
	struct virtio_mdev_ring ring;
	char buf[16];
	int ret;

	virtio_mdev_ring_init(&ring, BAD_NUM, features_of(bad), &addr, &mem, NULL);
	accesses = 0;
	ret = virtio_mdev_ring_pop(&ring, chain);
	if (accesses > 2 + BAD_NUM + VIRTIO_MDEV_CHAIN_EXTRA)
		ret = -E2BIG;
	if (ret > 0) {
		ret = virtio_mdev_chain_pull(chain, buf, sizeof(buf));
		if (ret >= 0)
			ret++;
	}
	virtio_mdev_chain_free(chain);
	return ret;
}

static void print(int ret)
{
	if (ret > 0)
		printf("takes %d bytes", ret - 1);
	else
		printf("%s", ret ? strerrorname_np(-ret) : "takes nothing");
}

/* In a process of its own, which leaves by itself or is killed */
static void show_vringh(const struct bad_ring *bad)
{
	const struct rlimit limit = { 1 << 28, 1 << 28 };
	int status;

	fflush(stdout);
	if (!fork()) {
		setrlimit(RLIMIT_AS, &limit);
		alarm(60);
		print(ask_vringh(bad));
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	if (WIFSIGNALED(status))
		printf("ended by signal %d (%s)", WTERMSIG(status),
		       sigabbrev_np(WTERMSIG(status)));
}

static bool show_ours(const struct bad_ring *bad)
{
	int ret = ask_ours(bad);
	int expected = bad->err;

	if (expected > 0)
		expected = bad->pull < 0 ? bad->pull : ret;
	print(ret);
	if (bad->err > 0 && bad->pull > 0 && ret != bad->pull + 1)
		return false;
	return ret == expected;
}

int main(void)
{
	unsigned int i, wrong = 0;

	memory = mmap(NULL, BAD_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < ARRAY_SIZE(bad_rings); i++) {
		memset(memory, 0, BAD_SIZE);
		bad_ring_write(&bad_rings[i], memory);
		printf("%s|", bad_rings[i].name);
		show_vringh(&bad_rings[i]);
		printf("|");
		if (!show_ours(&bad_rings[i])) {
			printf(" (WRONG)");
			wrong++;
		}
		printf("\n");
	}
	return wrong ? 1 : 0;
}
