/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel tells user space about devices that come and go
 */
#ifndef LIBMDEV_UEVENT_H
#define LIBMDEV_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

struct uevent {
	char buf[4096];		/* "action@devpath", then "KEY=value", NUL-ended */
	size_t len;
};

int uevent_open(void);
/* The next event within @ms milliseconds; false if there was none */
bool uevent_next(int fd, int ms, struct uevent *event);
/* Value of a key such as ACTION, DEVPATH or MODALIAS; "" if it is not there */
const char *uevent_get(const struct uevent *event, const char *key);
/* Number of variables */
unsigned int uevent_keys(const struct uevent *event);
/* Whether an event is @action of the device whose name is @name */
bool uevent_is(const struct uevent *event, const char *action,
	       const char *name);

#endif /* LIBMDEV_UEVENT_H */
