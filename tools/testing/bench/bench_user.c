// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of users: pages that a device pins, and what it reads in another process
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <libmdev.h>

#include "bench.h"

#define PAGE		4096
#define PIN_PAGES	64	/* as many as the vendor has places for */
#define PIN_IOVA	0x100000
#define PIN_ROUNDS	15	/* of which the median counts, and not the first */

/**
 * struct pins - what it takes, for each of %PIN_PAGES
 * @pin: to pin a page
 * @unmap: to unmap one that is pinned, with the others
 * @bare: to unmap one that is not
 */
struct pins {
	uint64_t pin[PIN_ROUNDS];
	uint64_t unmap[PIN_ROUNDS];
	uint64_t bare[PIN_ROUNDS];
};

static void pin_all(const struct vfio_dev *dev)
{
	char byte;
	int i;

	for (i = 0; i < PIN_PAGES; i++)
		if (pread(dev->fd, &byte, 1, PIN_IOVA + i * PAGE) != 1)
			MDEV_FAIL("page %d is not pinned", i);
}

static uint64_t unmap_all(struct vfio_dev *dev, uint64_t start)
{
	vfio_dma_unmap(dev, PIN_IOVA, PIN_PAGES * PAGE);
	return (bench_now() - start) / PIN_PAGES;
}

static void pin_round(struct vfio_dev *dev, void *mem, struct pins *pins, int i)
{
	uint64_t start;

	vfio_dma_map(dev, PIN_IOVA, mem, PIN_PAGES * PAGE, true);
	pins->bare[i] = unmap_all(dev, bench_now());
	vfio_dma_map(dev, PIN_IOVA, mem, PIN_PAGES * PAGE, true);
	start = bench_now();
	pin_all(dev);
	pins->pin[i] = (bench_now() - start) / PIN_PAGES;
	pins->unmap[i] = unmap_all(dev, bench_now());
}

/* By the vendor that pins what it is read at */
void bench_pins(void)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct pins pins;
	void *mem = map_memory(PIN_PAGES * PAGE);
	int i;

	mdev_create_new("pinner", "mdev_pinner-one", uuid);
	vfio_dev_open(&dev, uuid);
	pin_round(&dev, mem, &pins, 0);
	for (i = 0; i < PIN_ROUNDS; i++)
		pin_round(&dev, mem, &pins, i);
	bench_report("pin", pins.pin, PIN_ROUNDS);
	bench_report("unmap_pinned", pins.unmap, PIN_ROUNDS);
	bench_report("unmap_bare", pins.bare, PIN_ROUNDS);
	vfio_dev_close(&dev);
	mdev_remove(uuid);
	munmap(mem, PIN_PAGES * PAGE);
}

#define SVM_CALLS	500

/**
 * struct there - memory of another process, at the same address as here
 * @dev: a device that may read it
 * @pid: the process
 * @mem: the memory
 * @len: how much of it
 */
struct there {
	struct vfio_dev dev;
	pid_t pid;
	void *mem;
	size_t len;
};

static void do_command(void *arg)
{
	struct there *there = arg;

	svm_set_reg(&there->dev, MSVM_COMMAND, MSVM_READ);
}

static void do_readv(void *arg)
{
	static char here[PAGE];
	struct there *there = arg;
	struct iovec to = { here, there->len }, from = { there->mem, there->len };

	if (process_vm_readv(there->pid, &to, 1, &from, 1, 0) != there->len)
		MDEV_FAIL("memory of the other process cannot be read");
}

static void read_there(struct there *there, const char *name, const char *floor, size_t len)
{
	there->len = len;
	svm_set_reg(&there->dev, MSVM_LEN, len);
	bench_measure(floor, do_readv, there, SVM_CALLS);
	bench_measure(name, do_command, there, SVM_CALLS);
	MDEV_ASSERT(svm_reg(&there->dev, MSVM_STATUS) == MSVM_OK, "the command failed");
}

/* By a device in the address space of another process, and by a system call */
void bench_svm(void)
{
	struct there there = { .mem = map_memory(PAGE) };
	struct svm_target target;

	MDEV_ASSERT(svm_setup(), "there are no such devices");
	svm_open(&there.dev);
	svm_target_start(&target, NULL, NULL);
	there.pid = target.pid;
	svm_set_reg(&there.dev, MSVM_PASID, svm_bind(&there.dev, target.pid));
	svm_set_reg(&there.dev, MSVM_ADDR, (uintptr_t)there.mem);
	read_there(&there, "svm_read_8", "readv_8", 8);
	read_there(&there, "svm_read_4096", "readv_4096", 4096);
	svm_target_end(&target);
	svm_close(&there.dev);
}
