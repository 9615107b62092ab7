/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test vendor and the test bus driver agree on
 */
#ifndef MDEV_TEST_H
#define MDEV_TEST_H

/* Class that only mdev_test_bus.ko serves, and one that nobody serves. */
#define MDEV_TEST_CLASS		0x7f
#define MDEV_TEST_CLASS_NONE	0x55

/**
 * struct mdev_test_class_ops - ops of a device of class MDEV_TEST_CLASS
 * @text: what the bus driver shows in the device's attribute "text"
 */
struct mdev_test_class_ops {
	const char *text;
};

#endif /* MDEV_TEST_H */
