// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log: silence about what goes well and about what users get wrong,
 * one line that says who and why about what else fails
 */
#include <errno.h>

#include <libmdev.h>
#include <libmdev/harness.h>

FIXTURE(log) {
	struct klog log;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(log)
{
	test_vendor_setup();
	module_load(TEST_BUS);
	mdev_new_uuid(self->uuid);
	klog_begin(&self->log);
}

FIXTURE_TEARDOWN(log)
{
	module_set_param(TEST_BUS, "probe_errno", 0);
	module_set_param(TEST_VENDOR, "create_errno", ENOSPC);
	mdev_remove_all(TEST_PARENT);
}

/*
 * Lines of ours about the device that was refused. The driver core has a line of
 * its own for a failing probe.
 */
static int lines_of_ours(struct klog *log, const char *uuid)
{
	klog_end(log);
	return klog_lines(log, uuid) - klog_lines(log, "failed with error");
}

/* By name or, on a kernel that has no names, by number */
static bool names_errno(const struct klog *log, const char *uuid,
			const char *name, const char *number)
{
	return klog_has(log, uuid, name, NULL) ||
	       klog_has(log, uuid, number, NULL);
}

/* Creating, using and removing a device is nobody's news. */
TEST_F(log, success_is_silent)
{
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	vfio_dev_open(&dev, self->uuid);
	vfio_dev_close(&dev);
	mdev_remove(self->uuid);
	klog_end(&self->log);
	EXPECT_EQ(0, klog_lines(&self->log, NULL))
		TH_LOG("%s", self->log.text);
}

/* Neither is a parent, or a driver, that goes and has nobody to wait for. */
TEST_F(log, end_is_silent)
{
	__test_vendor_run("unregister-extra");
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create(TEST_PARENT2, TEST_TYPE("class-test"), self->uuid);
	ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
	mdev_create(TEST_PARENT, TEST_TYPE("class-test"), self->uuid);
	mdev_driver_unload(TEST_BUS);
	module_load(TEST_BUS);
	klog_end(&self->log);
	EXPECT_EQ(0, klog_lines(&self->log, NULL))
		TH_LOG("%s", self->log.text);
}

/* Two parents of one name are one line, of the second one. */
TEST_F(log, name_that_is_taken)
{
	__test_vendor_run("unregister-twin");
	ASSERT_EQ(0, __test_vendor_run("register-twin"));
	ASSERT_EQ(0, __test_vendor_run("unregister-twin"));
	klog_end(&self->log);
	EXPECT_EQ(1, klog_lines(&self->log, NULL))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, TEST_PARENT, "mdev_bus", "taken"));
}

/* Whoever asks for a UUID twice, or removes what is open, is told by errno. */
TEST_F(log, mistakes_of_the_user_are_silent)
{
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	vfio_dev_open(&dev, self->uuid);
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	vfio_dev_close(&dev);
	EXPECT_EQ(-EINVAL, __file_puts("x", MDEV_DEVICES "/%s/remove",
				       self->uuid));
	klog_end(&self->log);
	EXPECT_EQ(0, klog_lines(&self->log, NULL))
		TH_LOG("%s", self->log.text);
}

/* The vendor refuses: one line with device, who refused, and why. */
TEST_F(log, vendor_refusal_is_one_line)
{
	module_set_param(TEST_VENDOR, "create_errno", ENOTUNIQ);
	EXPECT_EQ(-ENOTUNIQ, __mdev_create(TEST_PARENT,
					   TEST_TYPE("fail-create"),
					   self->uuid));
	EXPECT_EQ(1, lines_of_ours(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, TEST_PARENT, "vendor"));
	EXPECT_TRUE(klog_has(&self->log, self->uuid,
			     TEST_TYPE("fail-create"), NULL));
	EXPECT_TRUE(names_errno(&self->log, self->uuid, "ENOTUNIQ", "-76"));
}

/* The bus driver refuses: the same. */
TEST_F(log, probe_failure_is_one_line)
{
	module_set_param(TEST_BUS, "probe_errno", EMLINK);
	EXPECT_EQ(-EMLINK, __mdev_create(TEST_PARENT, TEST_TYPE("class-test"),
					 self->uuid));
	EXPECT_EQ(1, lines_of_ours(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, TEST_PARENT, "driver"));
	EXPECT_TRUE(names_errno(&self->log, self->uuid, "EMLINK", "-31"));
}

/* No driver has the class: the same. */
TEST_F(log, unserved_class_is_one_line)
{
	EXPECT_EQ(-ENODEV, __mdev_create(TEST_PARENT, TEST_TYPE("class-none"),
					 self->uuid));
	EXPECT_EQ(1, lines_of_ours(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, TEST_PARENT, "class"));
	EXPECT_TRUE(names_errno(&self->log, self->uuid, "ENODEV", "-19"));
}

/* The vendor forgot the class: the same. */
TEST_F(log, missing_class_is_one_line)
{
	EXPECT_EQ(-EINVAL, __mdev_create(TEST_PARENT, TEST_TYPE("no-class"),
					 self->uuid));
	EXPECT_EQ(1, lines_of_ours(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, "class", "EINVAL") ||
		    klog_has(&self->log, self->uuid, "class", "-22"));
}

/* The vendor forgot the ops: the same. */
TEST_F(log, missing_ops_are_one_line)
{
	EXPECT_EQ(-EINVAL, __mdev_create(TEST_PARENT, TEST_TYPE("no-ops"),
					 self->uuid));
	EXPECT_EQ(1, lines_of_ours(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, "ops", "EINVAL") ||
		    klog_has(&self->log, self->uuid, "ops", "-22"));
}

/* A remove() that wants to refuse is told on by one line. */
TEST_F(log, refusing_remove_is_one_line)
{
	mdev_create(TEST_PARENT, TEST_TYPE("refuse-remove"), self->uuid);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_EQ(1, lines_of_ours(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(names_errno(&self->log, self->uuid, "EBUSY", "-16"));
}

/* A positive number is no success, no errno, and a mistake that is named. */
TEST_F(log, positive_create_is_one_line)
{
	module_set_param(TEST_VENDOR, "create_errno", -5);
	EXPECT_EQ(-EINVAL, __mdev_create(TEST_PARENT, TEST_TYPE("fail-create"),
					 self->uuid));
	klog_end(&self->log);
	EXPECT_EQ(1, klog_lines(&self->log, self->uuid))
		TH_LOG("%s", self->log.text);
	EXPECT_EQ(1, klog_lines(&self->log, "create() of "))
		TH_LOG("%s", self->log.text);
	EXPECT_FALSE(mdev_exists(self->uuid));
}

TEST_F(log, positive_probe_is_named)
{
	module_set_param(TEST_BUS, "probe_errno", -1);
	EXPECT_EQ(-EINVAL, __mdev_create(TEST_PARENT, TEST_TYPE("class-test"),
					 self->uuid));
	klog_end(&self->log);
	module_set_param(TEST_BUS, "probe_errno", 0);
	EXPECT_EQ(1, klog_lines(&self->log, "probe() of " TEST_BUS))
		TH_LOG("%s", self->log.text);
	EXPECT_FALSE(mdev_exists(self->uuid));
}

TEST_F(log, positive_open_is_one_line)
{
	struct vfio_dev dev;
	int ret;

	module_set_param(TEST_VENDOR, "open_errno", -1);
	mdev_create(TEST_PARENT, TEST_TYPE("fail-open"), self->uuid);
	ret = __vfio_dev_open(&dev, self->uuid);
	klog_end(&self->log);
	EXPECT_EQ(-EINVAL, ret);
	EXPECT_EQ(1, klog_lines(&self->log, "open() of "))
		TH_LOG("%s", self->log.text);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

/*
 * Registrations that are refused
 */

FIXTURE(refused) {
	struct klog log;
};

FIXTURE_VARIANT(refused) {
	const char *command;
	int err;
	const char *line;
};

FIXTURE_VARIANT_ADD(refused, null_dev) {
	.command = "register-null-dev", .err = EINVAL,
	.line = "a parent of mediated devices has no device",
};

FIXTURE_VARIANT_ADD(refused, null_ops) {
	.command = "register-null-ops", .err = EINVAL,
	.line = "mdev_test1: has no ops for mediated devices",
};

FIXTURE_VARIANT_ADD(refused, null_create) {
	.command = "register-null-create", .err = EINVAL,
	.line = "mdev_test1: has no create() for",
};

FIXTURE_VARIANT_ADD(refused, null_remove) {
	.command = "register-null-remove", .err = EINVAL,
	.line = "mdev_test1: has no remove() for",
};

FIXTURE_VARIANT_ADD(refused, null_owner) {
	.command = "register-null-owner", .err = EINVAL,
	.line = "mdev_test1: has no owner, the module of",
};

FIXTURE_VARIANT_ADD(refused, null_types) {
	.command = "register-null-types", .err = EINVAL,
	.line = "mdev_test1: has no types of",
};

FIXTURE_VARIANT_ADD(refused, no_types) {
	.command = "register-no-types", .err = EINVAL,
	.line = "mdev_test1: has no types of",
};

FIXTURE_VARIANT_ADD(refused, no_name) {
	.command = "register-no-name", .err = EINVAL,
	.line = "type 0 of mediated devices has no name",
};

FIXTURE_VARIANT_ADD(refused, same_types) {
	.command = "register-same-types", .err = EEXIST,
	.line = "two types of mediated devices are called",
};

FIXTURE_VARIANT_ADD(refused, no_available) {
	.command = "register-no-available", .err = EINVAL,
	.line = "type 0 of mediated devices has no attribute available_instances",
};

FIXTURE_VARIANT_ADD(refused, virtual_no_name) {
	.command = "register-virtual-no-name", .err = EINVAL,
	.line = "a virtual parent has no name",
};

FIXTURE_VARIANT_ADD(refused, front_no_api) {
	.command = "register-front-no-api", .err = EINVAL,
	.line = "for mdev_test1 lacks the device_api of the driver",
};

FIXTURE_VARIANT_ADD(refused, main_twice) {
	.command = "register-main", .err = EEXIST,
	.line = "mdev_test0: is a parent of mediated devices already",
};

FIXTURE_SETUP(refused)
{
	test_vendor_setup();
	klog_begin(&self->log);
}

FIXTURE_TEARDOWN(refused)
{
}

/* A vendor who forgets something is told what, and by one line. */
TEST_F(refused, by_one_line)
{
	EXPECT_EQ(-variant->err, __test_vendor_run(variant->command));
	klog_end(&self->log);
	EXPECT_EQ(1, klog_lines(&self->log, NULL))
		TH_LOG("%s", self->log.text);
	EXPECT_EQ(1, klog_lines(&self->log, variant->line))
		TH_LOG("%s", self->log.text);
}

TEST_HARNESS_MAIN
