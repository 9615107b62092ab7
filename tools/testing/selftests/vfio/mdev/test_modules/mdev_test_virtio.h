/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two sides of the selftests' virtio device agree on
 */
#ifndef MDEV_TEST_VIRTIO_H
#define MDEV_TEST_VIRTIO_H

#define MDEV_TEST_VIRTIO_ID	0x7f	/* of no device that there is */

/* Longest buffer, and what the device does with each byte that it sends back */
#define MDEV_TEST_VIRTIO_MAX	8192
#define MDEV_TEST_VIRTIO_FLIP	0x5a

int mdev_test_virtio_register(void);
void mdev_test_virtio_unregister(void);

#endif /* MDEV_TEST_VIRTIO_H */
