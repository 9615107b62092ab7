/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test vendor, mdev_test_vendor.ko, and the test bus driver
 */
#ifndef LIBMDEV_TEST_VENDOR_H
#define LIBMDEV_TEST_VENDOR_H

#define TEST_VENDOR	"mdev_test_vendor"
#define TEST_BUS	"mdev_test_bus"

#define TEST_PARENT	"mdev_test0"
#define TEST_PARENT2	"mdev_test1"		/* after "register-extra" */
#define TEST_TYPE(name)	"mdev_test-" name

#define MTTY_PARENT	"mtty"
#define MTTY_TYPE1	"mtty-1"
#define MTTY_TYPE2	"mtty-2"
#define MTTY_PORTS	24

/* Loads the module if it is not there, and removes the parent's devices. */
void test_vendor_setup(void);
void mtty_setup(void);

/* One of the parent's counters */
long test_vendor_count(const char *counter);
/* Devices that the vendor made and was not told to unmake */
long test_vendor_unremoved(void);
/* Calls of open(), those that failed included, that no release() followed */
long test_vendor_unreleased(void);
/* Runs a command of the test vendor; 0 or what the core answered */
int __test_vendor_run(const char *command);
/*
 * What a test module was told from here on, in order, one call a line; of the calls for
 * the device @uuid its name is left out
 */
void test_calls_begin(const char *module);
const char *test_calls(const char *module, const char *uuid);

#endif /* LIBMDEV_TEST_VENDOR_H */
