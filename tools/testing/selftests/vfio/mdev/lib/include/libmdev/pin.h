/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holding on to a page that is mapped, when it is no longer
 */
#ifndef LIBMDEV_PIN_H
#define LIBMDEV_PIN_H

#include <stddef.h>

#include <linux/io_uring.h>

#define PIN_SIZE	4096

struct pin_way;

/**
 * struct pin - a page that is held
 * @way: how
 * @pipe: what its contents pass through, or -1
 * @page: where it was mapped
 * @ring: an io_uring, or -1
 * @params: where in its rings what is
 * @rings: its rings of submissions and completions
 * @rings_size: size of that
 * @sqe: its entry for a submission
 */
struct pin {
	const struct pin_way *way;
	int pipe[2];
	void *page;
	int ring;
	struct io_uring_params params;
	char *rings;
	size_t rings_size;
	struct io_uring_sqe *sqe;
};

/**
 * struct pin_way - a way to hold on to a page
 * @name: for messages
 * @hold: begin with that; 0 or -errno
 * @get: what is in the page now; the first call only, if there is no @put
 * @put: write to it; NULL if there is no way
 */
struct pin_way {
	const char *name;
	int (*hold)(struct pin *pin);
	void (*get)(struct pin *pin, void *buf);
	void (*put)(struct pin *pin, const void *buf);
};

/* A page in a pipe */
extern const struct pin_way pin_by_pipe;
/* A registered buffer, which kernels before 6.5 refuse of memory of a device */
extern const struct pin_way pin_by_io_uring;

#define PIN_NONE	((struct pin){ .pipe = { -1, -1 }, .ring = -1 })

/*
 * PIN_SIZE bytes at @page, which have to be a page or a part of one; 0 or -errno,
 * and then there is nothing to drop.
 */
int __pin_hold(struct pin *pin, const struct pin_way *way, void *page);
void pin_get(struct pin *pin, void *buf);
void pin_put(struct pin *pin, const void *buf);
void pin_drop(struct pin *pin);

#endif /* LIBMDEV_PIN_H */
