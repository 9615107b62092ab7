/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a sequence with each of its allocations failing in turn
 */
#ifndef LIBMDEV_SWEEP_H
#define LIBMDEV_SWEEP_H

#include <stdbool.h>

#include <libmdev/mdev.h>
#include <libmdev/vfio_dev.h>

/**
 * struct sweep_site - what a sequence works on
 * @uuid: the device
 * @uuid2: another one
 * @file: opened ahead for what is to be written or loaded, or -1
 * @dev: the device as it is opened
 * @eventfd: for interrupts, or -1
 * @number: for whatever there is one
 */
struct sweep_site {
	char uuid[MDEV_UUID_SIZE];
	char uuid2[MDEV_UUID_SIZE];
	int file;
	struct vfio_dev dev;
	int eventfd;
	__u32 number;
};

/**
 * struct sweep - what is to survive a lack of memory
 * @prepare: everything up to there, or NULL
 * @file: if set, opened for writing next
 * @run: the sequence itself; 0 or -errno
 * @undone: whether it left nothing behind when it failed
 * @undo: back to before @prepare(), after @run() succeeded
 * @require: if set, only allocations made by this function of the kernel
 * @spare: if set, none made by this one
 * @step: if not 0, every so many-th of them
 * @other: if not 0, another errno than ENOMEM that the kernel has for a lack of it
 */
struct sweep {
	void (*prepare)(struct sweep_site *site);
	const char *file;
	int (*run)(struct sweep_site *site);
	bool (*undone)(struct sweep_site *site);
	void (*undo)(struct sweep_site *site);
	const char *require;
	const char *spare;
	int step;
	int other;
};

/* Both vendors' modules are loaded. Whether the kernel can let them fail. */
bool sweep_begin(struct sweep_site *site);
void sweep_end(struct sweep_site *site);

/*
 * When a failure is one of the sequence, it has to say -ENOMEM, everything has to
 * be as it was before, and the same call to succeed right afterwards. When it is
 * not, everything has to be as if nothing had failed. Fails the test otherwise, or
 * if no allocation was made that matters, and prints the number of those.
 */
void sweep_run(const char *name, const struct sweep *sweep,
	       struct sweep_site *site);

void sweep_open_file(struct sweep_site *site, int flags, const char *path);
void sweep_close_file(int *fd);

#endif /* LIBMDEV_SWEEP_H */
