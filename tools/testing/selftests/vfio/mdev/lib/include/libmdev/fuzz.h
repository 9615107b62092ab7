/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random use of one open device by several threads of a process of its own
 *
 * Whatever they do is done to files, memory and children of that process. What
 * counts is that the kernel survives it, that the process ends, and that nothing
 * is answered that cannot be right.
 */
#ifndef LIBMDEV_FUZZ_H
#define LIBMDEV_FUZZ_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

#define FUZZ_MAX_THREADS	4

/**
 * struct fuzz_register - something in a device that matters more than the rest
 * @region: its region
 * @offset: where in there
 * @width: in bytes
 * @value: what is often written there
 */
struct fuzz_register {
	unsigned int region;
	__u64 offset;
	unsigned int width;
	__u64 value[4];
};

/**
 * struct fuzz_run - what to do
 * @uuid: the device
 * @way: how it is opened
 * @registers: of the device
 * @nr_registers: how many
 * @seed: of all that is random
 * @threads: how many, at most FUZZ_MAX_THREADS
 * @ms: how long, at least; slow machines take longer to get something done
 */
struct fuzz_run {
	const char *uuid;
	const struct vfio_dev_way *way;
	const struct fuzz_register *registers;
	unsigned int nr_registers;
	unsigned long seed;
	unsigned int threads;
	long ms;
};

/*
 * Does that, prints what was done, and returns when nothing of it is left. False if
 * something was wrong, of which a line is printed: an answer, the end of the process,
 * or that it did not come.
 */
bool fuzz_device(const struct fuzz_run *run);

#endif /* LIBMDEV_FUZZ_H */
