/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two files of the test vendor share: its devices and its parents
 */
#ifndef MDEV_TEST_VENDOR_H
#define MDEV_TEST_VENDOR_H

#include <linux/mdev.h>
#include <linux/mutex.h>

enum mdev_test_type_id {
	MDEV_TEST_PLAIN,
	MDEV_TEST_REQUEST,
	MDEV_TEST_NO_OPEN,
	MDEV_TEST_NO_RELEASE,
	MDEV_TEST_NO_READ,
	MDEV_TEST_NO_WRITE,
	MDEV_TEST_NO_IOCTL,
	MDEV_TEST_NO_INFO,
	MDEV_TEST_INFO_BY_IOCTL,
	MDEV_TEST_NO_MMAP,
	MDEV_TEST_OPS_A,
	MDEV_TEST_OPS_B,
	MDEV_TEST_FAIL_CREATE,
	MDEV_TEST_FAIL_OPEN,
	MDEV_TEST_FAIL_OPS,
	MDEV_TEST_NO_CLASS,
	MDEV_TEST_NO_OPS,
	MDEV_TEST_CLASS_TEST,
	MDEV_TEST_CLASS_NOBODY,
	MDEV_TEST_SLOW,
	MDEV_TEST_REFUSE_REMOVE,
	MDEV_TEST_NR_TYPES
};

/*
 * How often each callback was called, and in "misordered" how often when it must
 * not be; "pos" and "count" are those of the last read or write.
 */
struct mdev_test_counts {
	int create;
	int remove;
	int open;
	int release;
	int request;
	int misordered;
	int count;
	loff_t pos;
};

extern struct mdev_test_counts mdev_test_counts;

/*
 * Taken in create() and also around mdev_register_device(), which the core
 * promises to be safe.
 */
extern struct mutex mdev_test_vendor_lock;

/* What a struct mdev_parent_ops of the test vendor consists of */
extern struct attribute_group *mdev_test_types[MDEV_TEST_NR_TYPES + 1];
extern const struct attribute_group *mdev_test_mdev_groups[];
int mdev_test_create(struct kobject *kobj, struct mdev_device *mdev);
int mdev_test_remove(struct mdev_device *mdev);

/* See mdev_test_2019.c */
extern const struct mdev_test_2019 mdev_test_2019;

/* To be called before the first parent is registered */
void mdev_test_init_devices(void);

#endif /* MDEV_TEST_VENDOR_H */
