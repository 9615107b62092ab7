// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "fuzz_private.h"

#define PAGE		4096UL
#define REGION_SHIFT	40

/* What a child does before it ends, or is ended */
#define CHILD_ACTIONS	40

static const struct vfio_dev_way *const ways[] = {
	&vfio_dev_by_group, &vfio_dev_by_group_iommufd, &vfio_dev_by_cdev,
};

int fuzz_device_fd(struct fuzzer *f)
{
	unsigned int i, first = fuzz_pick(f, FUZZ_DEVICES);
	int fd;

	for (i = 0; i < FUZZ_DEVICES; i++) {
		fd = f->fuzz->device[(first + i) % FUZZ_DEVICES];
		if (fd >= 0)
			return fd;
	}
	return f->fuzz->dev.fd >= 0 ? f->fuzz->dev.fd : FUZZ_NO_FD;
}

void fuzz_keep_fd(int *slot, int fd, int from)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, from);
	int old = __atomic_exchange_n(slot, kept, __ATOMIC_RELAXED);

	if (old >= 0)
		close(old);
}

/* An offset in a region of @size bytes, or near its end, or elsewhere */
static __u64 pick_offset(struct fuzzer *f, __u64 size)
{
	__u64 some = 1 + fuzz_pick(f, 16);

	switch (fuzz_pick(f, 16)) {
	case 0:
		return size;
	case 1:
		return size - some;
	case 2:
		return size + some;
	case 3:
		return size ? fuzz_pick(f, size) & -PAGE : 0;
	case 4:
		return (size ? fuzz_pick(f, size) & -PAGE : 0) - some;
	case 5:
		return fuzz_number(f);
	case 6:
		return some;
	case 7:
		return size ? fuzz_pick(f, size) & -some : some;
	default:
		return 0;
	}
}

/* Mostly one that has something in it: few of those that a device may have do. */
static unsigned int pick_region(struct fuzzer *f)
{
	const struct fuzz *fuzz = f->fuzz;
	unsigned int i, first = fuzz_pick(f, fuzz->nr_regions);

	if (fuzz_one_in(f, 8))
		return fuzz_index(f, fuzz->nr_regions);
	for (i = 0; !fuzz->region[(first + i) % fuzz->nr_regions].size; i++)
		;
	return (first + i) % fuzz->nr_regions;
}

__u64 fuzz_pos(struct fuzzer *f, __u64 *left)
{
	const struct fuzz *fuzz = f->fuzz;
	__u64 index = pick_region(f), pos, offset;

	offset = pick_offset(f, index < fuzz->nr_regions ?
				fuzz->region[index].size : PAGE);
	pos = (index << REGION_SHIFT) + offset;
	if (fuzz_one_in(f, 32))
		pos = fuzz_number(f);

	index = pos >> REGION_SHIFT;
	offset = pos & ((1ULL << REGION_SHIFT) - 1);
	*left = 0;
	if (index < fuzz->nr_regions && offset < fuzz->region[index].size)
		*left = fuzz->region[index].size - offset;
	return pos;
}

static size_t pick_length(struct fuzzer *f, __u64 left)
{
	switch (fuzz_pick(f, 8)) {
	case 0:
		return left + fuzz_pick(f, 9);
	case 1:
		return left - fuzz_pick(f, 9);
	case 2:
		return PAGE + fuzz_pick(f, 3) - 1;
	case 3:
		return fuzz_one_in(f, 4) ? fuzz_number(f) & SSIZE_MAX :
					   fuzz_pick(f, 16 * PAGE);
	case 4:
		return fuzz_pick(f, 64);
	default:
		return 1UL << fuzz_pick(f, 4);
	}
}

/* One of the ways to say which bytes; all are to end where the region does. */
static ssize_t transfer(struct fuzzer *f, int fd, size_t len, __u64 pos,
			bool write)
{
	size_t some = fuzz_pick(f, len < PAGE ? len + 1 : PAGE);
	struct iovec iov[2] = {
		{ fuzz_buffer(f, some), some },
		{ fuzz_buffer(f, len - some), len - some },
	};
	void *buf = fuzz_buffer(f, len);

	if (fuzz_one_in(f, 4))
		return write ? pwritev(fd, iov, 2, pos) : preadv(fd, iov, 2, pos);
	return write ? pwrite(fd, buf, len, pos) : pread(fd, buf, len, pos);
}

static int move_bytes(struct fuzzer *f, bool write)
{
	__u64 left, pos = fuzz_pos(f, &left);
	size_t len = pick_length(f, left);
	ssize_t n;

	n = transfer(f, fuzz_device_fd(f), len, pos, write);
	if (n < 0)
		return -errno;
	if ((__u64)n > left || (size_t)n > len)
		fuzz_wrong(f->fuzz, "%s %#zx of %#zx bytes at %#llx of %#llx",
			   write ? "wrote" : "read", n, len, pos, left);
	return 0;
}

int fuzz_read(struct fuzzer *f)
{
	return move_bytes(f, false);
}

/* The file's own position is every thread's. */
static int write_at_position(struct fuzzer *f)
{
	int fd = fuzz_device_fd(f);
	__u64 left;

	lseek(fd, fuzz_pos(f, &left), SEEK_SET);
	if (fuzz_one_in(f, 2))
		return write(fd, fuzz_buffer(f, 8), 8) < 0 ? -errno : 0;
	return read(fd, fuzz_buffer(f, 8), 8) < 0 ? -errno : 0;
}

int fuzz_write(struct fuzzer *f)
{
	return fuzz_one_in(f, 16) ? write_at_position(f) : move_bytes(f, true);
}

/* Registers that every device has */
static const struct fuzz_register pci_registers[] = {
	{ VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, 2,
	  { 0, PCI_COMMAND_INTX_DISABLE, 7, 0xffff } },
	{ VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0, 4,
	  { 0, ~0U, 0xfe000000, 1 } },
	{ VFIO_PCI_CONFIG_REGION_INDEX, PCI_INTERRUPT_LINE, 1, { 5, 0, 255, 1 } },
};

/* One access to a register as drivers make it */
int fuzz_poke(struct fuzzer *f)
{
	const struct fuzz_run *run = f->fuzz->run;
	unsigned int n = fuzz_pick(f, run->nr_registers + 1);
	const struct fuzz_register *reg;
	__u64 value, pos;
	ssize_t ret;

	reg = n < run->nr_registers ? &run->registers[n] :
	      &pci_registers[fuzz_pick(f, ARRAY_SIZE(pci_registers))];
	pos = ((__u64)reg->region << REGION_SHIFT) + reg->offset;
	value = fuzz_one_in(f, 8) ? fuzz_random(f) :
				    reg->value[fuzz_pick(f, 4)];
	if (fuzz_one_in(f, 4))
		ret = pread(fuzz_device_fd(f), &value, reg->width, pos);
	else
		ret = pwrite(fuzz_device_fd(f), &value, reg->width, pos);
	return ret < 0 ? -errno : 0;
}

int fuzz_dup(struct fuzzer *f)
{
	int *slot = &f->fuzz->device[fuzz_pick(f, FUZZ_DEVICES)];

	fuzz_keep_fd(slot, fuzz_device_fd(f), FUZZ_DEVICE_FD);
	return *slot < 0 ? -EBADF : 0;
}

/* The last one goes seldom, as that is the end of interrupts and all that is set. */
int fuzz_close(struct fuzzer *f)
{
	unsigned int first = !fuzz_one_in(f, 8);
	unsigned int i = first + fuzz_pick(f, FUZZ_DEVICES - first);
	int fd = __atomic_exchange_n(&f->fuzz->device[i], -1, __ATOMIC_RELAXED);

	if (fd < 0)
		return -EBADF;
	close(fd);
	return 0;
}

/* Once more, by the same group; or anew, which is for nobody else to do */
int fuzz_open(struct fuzzer *f)
{
	const struct vfio_dev_way *way = ways[fuzz_pick(f, 3)];
	struct fuzz *fuzz = f->fuzz;
	struct vfio_dev dev;
	int fd, ret;

	if (fuzz_one_in(f, 2)) {
		fd = __vfio_dev_get_fd(&fuzz->dev);
		if (fd < 0)
			return fd;
		fuzz_keep_fd(&fuzz->device[fuzz_pick(f, FUZZ_DEVICES)], fd,
			     FUZZ_DEVICE_FD);
		close(fd);
		return 0;
	}
	if (!way->available())
		return -ENOENT;
	ret = __vfio_dev_open_by(&dev, way, fuzz->run->uuid);
	if (ret)
		return ret;
	fuzz_wrong(fuzz, "opened a second time by %s", way->name);
	vfio_dev_close(&dev);
	return 0;
}

int fuzz_poll(struct fuzzer *f)
{
	struct fuzz *fuzz = f->fuzz;
	struct pollfd pfd[] = {
		{ fuzz_device_fd(f), fuzz_random(f), 0 },
		{ fuzz->eventfd[fuzz_pick(f, FUZZ_EVENTFDS)], POLLIN, 0 },
		{ fuzz->dmabuf[fuzz_pick(f, FUZZ_DMABUFS)], POLLIN | POLLOUT,
		  0 },
	};

	return poll(pfd, 3, fuzz_one_in(f, 8)) < 0 ? -errno : 0;
}

/* What interrupts arrive at: taken, signalled, and replaced under their hands */
int fuzz_eventfd(struct fuzzer *f)
{
	int *slot = &f->fuzz->eventfd[fuzz_pick(f, FUZZ_EVENTFDS)];
	__u64 most = ~0ULL - 1;
	__u64 count = fuzz_one_in(f, 8) ? most : 1 + fuzz_pick(f, 3);
	int fd;

	switch (fuzz_pick(f, 6)) {
	case 0:
		fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		fd = __atomic_exchange_n(slot, fd, __ATOMIC_RELAXED);
		return fd < 0 || close(fd) ? -errno : 0;
	case 1:
	case 2:
		return read(*slot, &count, sizeof(count)) < 0 ? -errno : 0;
	default:
		return write(*slot, &count, sizeof(count)) < 0 ? -errno : 0;
	}
}

/* What another thread is waiting in may end early. */
int fuzz_signal(struct fuzzer *f)
{
	struct fuzz *fuzz = f->fuzz;
	struct fuzzer *other = &fuzz->fuzzer[fuzz_pick(f, fuzz->run->threads)];

	return -pthread_kill(other->thread, SIGUSR1);
}

/* With the files and the mappings of its parent */
static void child(struct fuzzer *f)
{
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < CHILD_ACTIONS; i++) {
		move_bytes(f, fuzz_one_in(f, 2));
		fuzz_touch(f);
		fuzz_set_irqs(f);
		if (fuzz_one_in(f, 8))
			usleep(fuzz_pick(f, 1000));
	}
	_exit(0);
}

void fuzz_reap(struct fuzzer *f)
{
	pid_t pid;

	if (!f->child)
		return;
	if (fuzz_one_in(f, 2))
		kill(f->child, SIGKILL);
	do
		pid = waitpid(f->child, NULL, 0);
	while (pid < 0 && errno == EINTR);
	f->child = 0;
}

/* One at a time for each thread; it runs until the next one is to. */
int fuzz_fork(struct fuzzer *f)
{
	pid_t pid;

	fuzz_reap(f);
	pid = fork();
	if (!pid)
		child(f);
	if (pid < 0)
		return -errno;
	f->child = pid;
	return 0;
}
