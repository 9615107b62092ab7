/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio devices that mediated devices are, and the selftests' own one
 */
#ifndef LIBMDEV_VIRTIO_H
#define LIBMDEV_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>

#define VIRTIO_BUS	"/sys/bus/virtio"

#define ECHO_MODULE	"mdev_test_virtio"
#define ECHO_PARENT	ECHO_MODULE
#define ECHO_TYPE	ECHO_MODULE "-echo"

/* Whether there is such a class in this kernel; if so, the module is loaded. */
bool echo_setup(void);
void echo_teardown(void);

/* Name of the virtio device that a mediated one is, or "" */
const char *virtio_device_of(const char *uuid);
/* Whether a virtio driver has it */
bool virtio_is_driven(const char *uuid);
/* Sends so many buffers and compares what comes back: 0 or -errno */
int __echo_transfer(const char *uuid, unsigned long count);

#endif /* LIBMDEV_VIRTIO_H */
