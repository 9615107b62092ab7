/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the fuzzer share
 *
 * fuzz.c has the process and its threads, fuzz_memory.c pointers and mappings,
 * fuzz_file.c what any file can do, fuzz_ioctl.c what VFIO is asked for.
 */
#ifndef LIBMDEV_FUZZ_PRIVATE_H
#define LIBMDEV_FUZZ_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <libmdev/fuzz.h>

/* The harness, which has one too, is for the test programs alone. */
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define FUZZ_REGIONS	16
#define FUZZ_DEVICES	6
#define FUZZ_EVENTFDS	4
#define FUZZ_DMABUFS	4
#define FUZZ_ACTIONS	32

/*
 * File descriptors of each kind are numbers of their own, so that one that another
 * thread has closed is none, or one of the same kind.
 */
#define FUZZ_DEVICE_FD	100
#define FUZZ_DMABUF_FD	150
#define FUZZ_NO_FD	199
#define FUZZ_MAX_FDS	200

/* Where mappings are made, and nothing else ever is: slots of the same size */
#define FUZZ_SLOTS	12
#define FUZZ_SLOT_SIZE	(8UL << 20)

struct fuzz;

/**
 * struct fuzzer - a thread
 * @fuzz: what all of them share
 * @random: state of the generator of random numbers
 * @thread: the thread
 * @tid: what the kernel calls it
 * @child: a process that it started and has to wait for, or 0
 * @rw: memory of its own; after it there is none
 * @ro: the same memory, to be read only
 * @action: what it is doing
 * @done: how many of each action succeeded
 * @tried: how many there were
 */
struct fuzzer {
	struct fuzz *fuzz;
	__u64 random;
	pthread_t thread;
	pid_t tid;
	pid_t child;
	unsigned char *rw;
	unsigned char *ro;
	volatile unsigned int action;
	long done[FUZZ_ACTIONS];
	long tried[FUZZ_ACTIONS];
};

/**
 * struct fuzz - shared by the threads, and with the process that watches them
 * @run: what to do
 * @end: when to stop
 * @dev: what the device is opened by; a character device stays open itself
 * @region: its regions
 * @nr_regions: how many
 * @device: file descriptors of it, or -1
 * @eventfd: for interrupts, or -1
 * @dmabuf: pictures, or -1
 * @plane: id of one
 * @arena: slots for mappings
 * @ready: when all threads are there
 * @fuzzer: the threads
 * @wrong: an answer that cannot be right
 */
struct fuzz {
	const struct fuzz_run *run;
	long end;
	struct vfio_dev dev;
	struct vfio_region_info region[FUZZ_REGIONS];
	unsigned int nr_regions;
	int device[FUZZ_DEVICES];
	int eventfd[FUZZ_EVENTFDS];
	int dmabuf[FUZZ_DMABUFS];
	__u32 plane;
	unsigned char *arena;
	pthread_barrier_t ready;
	struct fuzzer fuzzer[FUZZ_MAX_THREADS];
	char wrong[160];
};

/* fuzz.c */
__u64 fuzz_random(struct fuzzer *f);
/* Below @n */
__u64 fuzz_pick(struct fuzzer *f, __u64 n);
bool fuzz_one_in(struct fuzzer *f, unsigned int n);
/* Any number, but more often one at which something ends */
__u64 fuzz_number(struct fuzzer *f);
/* Any region of the device or, sometimes, none */
unsigned int fuzz_index(struct fuzzer *f, unsigned int nr);
__attribute__((format(printf, 2, 3)))
void fuzz_wrong(struct fuzz *fuzz, const char *fmt, ...);

/*
 * Actions return a negative errno if they did not succeed. Each is of one thread,
 * which has been picked by chance.
 */

/* fuzz_memory.c */
void fuzz_memory_setup(struct fuzz *fuzz);
/* For @len bytes or not so many: good, bad, read only, or of the device itself */
void *fuzz_buffer(struct fuzzer *f, size_t len);
/* The same, with @size bytes of @data in it as far as they can be stored */
void *fuzz_place(struct fuzzer *f, const void *data, size_t size);
/* memcpy(), but false if there is no memory on one of the sides */
bool fuzz_copy(void *to, const void *from, size_t size);
int fuzz_mmap(struct fuzzer *f);
int fuzz_touch(struct fuzzer *f);
int fuzz_mprotect(struct fuzzer *f);
int fuzz_munmap(struct fuzzer *f);
int fuzz_mremap(struct fuzzer *f);
int fuzz_madvise(struct fuzzer *f);
int fuzz_map_dmabuf(struct fuzzer *f);

/* fuzz_file.c */
/* One of the device's file descriptors */
int fuzz_device_fd(struct fuzzer *f);
/* Moves @fd to numbers from @from on and into a slot; what was there is closed */
void fuzz_keep_fd(int *slot, int fd, int from);
/* Offset in the device's file, and how many bytes of a region are there */
__u64 fuzz_pos(struct fuzzer *f, __u64 *left);
int fuzz_read(struct fuzzer *f);
int fuzz_write(struct fuzzer *f);
int fuzz_poke(struct fuzzer *f);
int fuzz_dup(struct fuzzer *f);
int fuzz_close(struct fuzzer *f);
int fuzz_open(struct fuzzer *f);
int fuzz_poll(struct fuzzer *f);
int fuzz_eventfd(struct fuzzer *f);
int fuzz_signal(struct fuzzer *f);
int fuzz_fork(struct fuzzer *f);
void fuzz_reap(struct fuzzer *f);

/* fuzz_ioctl.c */
int fuzz_info(struct fuzzer *f);
int fuzz_region_info(struct fuzzer *f);
int fuzz_irq_info(struct fuzzer *f);
int fuzz_set_irqs(struct fuzzer *f);
int fuzz_query_plane(struct fuzzer *f);
int fuzz_get_dmabuf(struct fuzzer *f);
int fuzz_use_dmabuf(struct fuzzer *f);
int fuzz_reset(struct fuzzer *f);
int fuzz_feature(struct fuzzer *f);
int fuzz_odd_ioctl(struct fuzzer *f);

#endif /* LIBMDEV_FUZZ_PRIVATE_H */
