// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device side of a virtio ring, in the hands of libFuzzer
 *
 * All of the driver's memory is what the fuzzer made up, from address 0 on, so that it
 * finds places that are there. Whatever it is, a ring does no more than it may.
 *
 * With RING_FUZZ_THREADS, two threads write to that memory meanwhile.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <linux/virtio_mdev_ring.h>
#include <linux/virtio_ring.h>

#define NUM		8
#define DRIVER		128
#define DEVICE		256
#define SIZE		4096
#define BUFFERS		64	/* taken at most */

static u8 memory[SIZE] __attribute__((aligned(16)));
static unsigned int descriptors;
static atomic_bool racing;

#define CHECK(is) do {						\
	if (!(is)) {						\
		fprintf(stderr, "ring_fuzz: %s is wrong\n", #is);	\
		__builtin_trap();				\
	}							\
} while (0)

/* What two threads write at the same time is nobody's fault. */
__attribute__((no_sanitize("thread")))
static int mem_read(void *priv, u64 addr, void *to, size_t len)
{
	CHECK(addr + len >= addr);
	if (addr > SIZE || len > SIZE - addr)
		return -EFAULT;
	if (len == sizeof(struct vring_desc))
		descriptors++;
	memcpy(to, memory + addr, len);
	return 0;
}

static int mem_write(void *priv, u64 addr, const void *from, size_t len)
{
	CHECK(addr + len >= addr);
	if (addr > SIZE || len > SIZE - addr)
		return -EFAULT;
	memcpy(memory + addr, from, len);
	return 0;
}

static const struct virtio_mdev_ring_mem mem = { mem_read, mem_write };

/* One buffer, and what a device does with it: whether there may be another one */
static bool use(struct virtio_mdev_ring *ring, struct virtio_mdev_chain *chain)
{
	u8 buf[64] = { };
	ssize_t len;
	u32 left;
	int ret;

	descriptors = 0;
	ret = virtio_mdev_ring_pop(ring, chain);
	CHECK(ret <= 1);
	CHECK(descriptors <= NUM + VIRTIO_MDEV_CHAIN_EXTRA);
	CHECK(ret >= 0 || ret == virtio_mdev_ring_error(ring));
	if (ret <= 0)
		return false;
	CHECK((u64)chain->readable + chain->writable <= 0xffffffff);
	left = chain->readable;
	len = virtio_mdev_chain_pull(chain, buf, sizeof(buf));
	CHECK(len < 0 || len == (left < sizeof(buf) ? left : sizeof(buf)));
	left = chain->writable;
	if (len >= 0) {
		len = virtio_mdev_chain_push(chain, buf, sizeof(buf));
		CHECK(len < 0 || len == (left < sizeof(buf) ? left : sizeof(buf)));
	}
	ret = virtio_mdev_chain_complete(chain, sizeof(buf));
	CHECK(ret <= 0 && (len >= 0 || ret == len));
	return virtio_mdev_ring_interrupt_needed(ring) >= 0 &&
	       virtio_mdev_ring_kick_enable(ring) >= 0 &&
	       virtio_mdev_ring_kick_disable(ring) >= 0;
}

static void *scribble(void *arg)
{
	unsigned int state = (unsigned long)arg;

	while (atomic_load(&racing)) {
		state = state * 1103515245 + 12345;
		memory[state / 65536 % 512] = state >> 20;
	}
	return NULL;
}

static void run(u64 features)
{
	static const struct virtio_mdev_ring_addr addr = { 0, DRIVER, DEVICE };
	static struct virtio_mdev_chain *chain;
	struct virtio_mdev_ring ring;
	unsigned int i;

	chain = chain ?: virtio_mdev_chain_alloc(NUM);
	CHECK(!virtio_mdev_ring_init(&ring, NUM, features, &addr, &mem, NULL));
	for (i = 0; i < BUFFERS && use(&ring, chain); i++)
		;
	if (virtio_mdev_ring_error(&ring))
		CHECK(!use(&ring, chain));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	pthread_t threads[2];
	unsigned long i;

	if (!size)
		return 0;
	memset(memory, 0, SIZE);
	memcpy(memory, data + 1, size - 1 < SIZE ? size - 1 : SIZE);
	if (!getenv("RING_FUZZ_THREADS")) {
		run((u64)data[0] << VIRTIO_RING_F_INDIRECT_DESC);
		return 0;
	}
	atomic_store(&racing, true);
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, scribble, (void *)(i + data[0]));
	for (i = 0; i < 200; i++)
		run((u64)data[0] << VIRTIO_RING_F_INDIRECT_DESC);
	atomic_store(&racing, false);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
