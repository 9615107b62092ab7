// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers of the bus and parents: which driver serves a class, binding and
 * unbinding, users of other classes than VFIO's, and registration
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

FIXTURE(bus_driver) {
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(bus_driver)
{
	module_load("vfio_mdev");
	test_vendor_setup();
	mdev_new_uuid(self->uuid);
}

FIXTURE_TEARDOWN(bus_driver)
{
	module_load("vfio_mdev");
	if (module_loaded(TEST_BUS))
		module_set_param(TEST_BUS, "probe_errno", 0);
	mdev_remove_all(TEST_PARENT);
}

/* A class's driver is loaded when the first device of the class is created. */
TEST_F(bus_driver, is_loaded_on_demand)
{
	mdev_driver_unload(TEST_BUS);
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("class-test"),
				   self->uuid));
	EXPECT_TRUE(module_loaded(TEST_BUS));
	EXPECT_STREQ(TEST_BUS, mdev_driver_of(self->uuid));
}

/* So is the one of VFIO. */
TEST_F(bus_driver, vfio_mdev_is_loaded_on_demand)
{
	mdev_driver_unload("vfio_mdev");
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
				   self->uuid));
	EXPECT_TRUE(module_loaded("vfio_mdev"));
	EXPECT_STREQ("vfio_mdev", mdev_driver_of(self->uuid));
}

/* Devices of two classes under one parent: each gets the driver of its own. */
TEST_F(bus_driver, is_chosen_by_class)
{
	char uuid2[MDEV_UUID_SIZE], text[64];

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	module_load(TEST_BUS);
	mdev_create(TEST_PARENT, TEST_TYPE("class-test"), self->uuid);
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid2);
	EXPECT_STREQ(TEST_BUS, mdev_driver_of(self->uuid));
	EXPECT_STREQ("vfio_mdev", mdev_driver_of(uuid2));
	EXPECT_TRUE(file_exists(MDEV_DEVICES "/%s/iommu_group", uuid2));
	EXPECT_FALSE(file_exists(MDEV_DEVICES "/%s/iommu_group", self->uuid));
	file_gets(text, sizeof(text), MDEV_DEVICES "/%s/text", self->uuid);
	EXPECT_STREQ("served by class", text);
}

/* A class that no driver has: -ENODEV, after remove(), once. */
TEST_F(bus_driver, unserved_class)
{
	long creates = test_vendor_count("create");
	long removes = test_vendor_count("remove");

	EXPECT_EQ(-ENODEV, __mdev_create(TEST_PARENT, TEST_TYPE("class-none"),
					 self->uuid));
	EXPECT_EQ(creates + 1, test_vendor_count("create"));
	EXPECT_EQ(removes + 1, test_vendor_count("remove"));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* A driver is not bound to a device of a class that it does not serve. */
TEST_F(bus_driver, does_not_bind_another_class)
{
	module_load(TEST_BUS);
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid,
				       MDEV_DRIVERS "/" TEST_BUS "/bind"));
	EXPECT_STREQ("", mdev_driver_of(self->uuid));
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	EXPECT_STREQ("vfio_mdev", mdev_driver_of(self->uuid));
}

/* Unbound, a device cannot be opened and has no node; bound again, it has. */
TEST_F(bus_driver, unbind_and_bind)
{
	struct vfio_dev dev;
	int group;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	group = mdev_iommu_group(self->uuid);
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_TRUE(mdev_exists(self->uuid));
	EXPECT_STREQ("", mdev_driver_of(self->uuid));
	EXPECT_FALSE(file_exists("/dev/vfio/%d", group));
	EXPECT_FALSE(file_exists(MDEV_DEVICES "/%s/iommu_group", self->uuid));
	EXPECT_TRUE(file_exists(MDEV_DEVICES "/%s/mdev_type", self->uuid));
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid,
				       MDEV_DRIVERS "/vfio_mdev/unbind"));

	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	EXPECT_STREQ("vfio_mdev", mdev_driver_of(self->uuid));
	ASSERT_EQ(0, __vfio_dev_open(&dev, self->uuid));
	EXPECT_EQ(1, __vfio_dev_try(&dev));
	vfio_dev_close(&dev);
}

/* A name may come with a newline, and anything else is the name of no device. */
TEST_F(bus_driver, takes_names)
{
	static const char * const files[] = { "unbind", "bind" };
	char line[2 * MDEV_UUID_SIZE];
	unsigned int i;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(line, sizeof(line), "%s%s", self->uuid, self->uuid);
		EXPECT_EQ(-ENODEV, __file_puts(line, MDEV_DRIVERS "/vfio_mdev/%s",
					       files[i]));
		snprintf(line, sizeof(line), "%.35s", self->uuid);
		EXPECT_EQ(-ENODEV, __file_puts(line, MDEV_DRIVERS "/vfio_mdev/%s",
					       files[i]));
		EXPECT_EQ(-ENODEV, __file_puts("\n", MDEV_DRIVERS "/vfio_mdev/%s",
					       files[i]));
		snprintf(line, sizeof(line), "%s\n", self->uuid);
		EXPECT_EQ(0, __file_puts(line, MDEV_DRIVERS "/vfio_mdev/%s",
					 files[i]));
		EXPECT_STREQ(i ? "vfio_mdev" : "", mdev_driver_of(self->uuid));
	}
}

/* A device that no driver has can be removed. */
TEST_F(bus_driver, unbound_device_can_be_removed)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* Devices outlive their driver's module, and are bound when it comes back. */
TEST_F(bus_driver, devices_outlive_it)
{
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	mdev_driver_unload("vfio_mdev");
	EXPECT_TRUE(mdev_exists(self->uuid));
	EXPECT_STREQ("", mdev_driver_of(self->uuid));
	module_load("vfio_mdev");
	EXPECT_STREQ("vfio_mdev", mdev_driver_of(self->uuid));
	EXPECT_EQ(0, __vfio_dev_open(&dev, self->uuid));
	vfio_dev_close(&dev);
}

/*
 * Unbinding a device whose user can be asked waits for him. Whoever wants to remove
 * the device meanwhile can still be interrupted.
 */
TEST_F(bus_driver, unbind_waits_for_the_user)
{
	struct writer writer, remover;
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&dev, self->uuid);
	writer_start(&writer, self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(1, __vfio_dev_try(&dev));
	writer_start(&remover, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	EXPECT_TRUE(writer_blocks(&remover));
	EXPECT_TRUE(writer_kill(&remover));
	EXPECT_TRUE(mdev_exists(self->uuid));
	vfio_dev_close(&dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_STREQ("", mdev_driver_of(self->uuid));
}

/* Whoever waits for an unbinding can be overtaken by nobody who opens. */
TEST_F(bus_driver, no_new_open_while_unbinding)
{
	struct writer writer;
	struct vfio_dev dev;
	int fd;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&dev, self->uuid);
	writer_start(&writer, self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_TRUE(writer_blocks(&writer));
	fd = __vfio_dev_get_fd(&dev);
	EXPECT_EQ(-ENODEV, fd);
	if (fd >= 0)
		close(fd);
	vfio_dev_close(&dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
}

FIXTURE(use) {
	char uuid[MDEV_UUID_SIZE];
	int vendor_refs;
};

FIXTURE_SETUP(use)
{
	module_load(TEST_BUS);
	test_vendor_setup();
	module_set_param(TEST_BUS, "askable", 1);
	module_set_param(TEST_BUS, "requests", 0);
	self->vendor_refs = module_refcnt(TEST_VENDOR);
	mdev_create_new(TEST_PARENT, TEST_TYPE("class-test"), self->uuid);
}

FIXTURE_TEARDOWN(use)
{
	module_set_param(TEST_BUS, "askable", 1);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
}

static int __use(const char *uuid, bool use)
{
	return __file_puts(use ? "1" : "0", MDEV_DEVICES "/%s/use", uuid);
}

/* A user of another class's device pins the vendor as VFIO's users do. */
TEST_F(use, pins_the_vendor)
{
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_EQ(self->vendor_refs + 2, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(-EWOULDBLOCK, __module_unload(TEST_VENDOR));
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
}

/* A bus driver that can ask: the remover waits, and no further user comes. */
TEST_F(use, removal_asks_the_bus_driver)
{
	struct writer writer;

	EXPECT_EQ(0, __use(self->uuid, true));
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	EXPECT_TRUE(WAIT_FOR(module_param(TEST_BUS, "requests") > 0));
	EXPECT_EQ(-ENODEV, __use(self->uuid, true));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&writer, WAIT_SHORT_MS));
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* One that cannot: -EBUSY, and the device goes on being used. */
TEST_F(use, removal_is_refused_if_it_cannot)
{
	module_set_param(TEST_BUS, "askable", 0);
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	EXPECT_EQ(0, module_param(TEST_BUS, "requests"));
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

FIXTURE(registration) {
};

FIXTURE_SETUP(registration)
{
	test_vendor_setup();
	__test_vendor_run("unregister-twin");
	__test_vendor_run("unregister-extra");
}

FIXTURE_TEARDOWN(registration)
{
	__test_vendor_run("unregister-twin");
	__test_vendor_run("unregister-extra");
}

/* What a vendor must not leave out is -EINVAL, and leaves nothing behind. */
TEST_F(registration, mandatory_parts)
{
	static const char * const commands[] = {
		"register-null-dev", "register-null-ops",
		"register-null-create", "register-null-remove",
		"register-null-types", "register-no-types",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-EINVAL, __test_vendor_run(commands[i]))
			TH_LOG("%s", commands[i]);
		EXPECT_FALSE(mdev_parent_exists(TEST_PARENT2));
		EXPECT_FALSE(file_exists("/sys/class/mdev_test/" TEST_PARENT2
					 "/mdev_supported_types"));
	}
	EXPECT_EQ(0, __test_vendor_run("register-extra"));
}

/* A parent is registered once; a second time harms the first in nothing. */
TEST_F(registration, twice)
{
	char uuid[MDEV_UUID_SIZE];

	EXPECT_EQ(-EEXIST, __test_vendor_run("register-main"));
	EXPECT_TRUE(mdev_parent_exists(TEST_PARENT));
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	EXPECT_EQ(0, __mdev_remove(uuid));
}

/* Two types of one name: -EEXIST, and nothing of them is left. */
TEST_F(registration, types_of_one_name)
{
	EXPECT_EQ(-EEXIST, __test_vendor_run("register-same-types"));
	EXPECT_FALSE(mdev_parent_exists(TEST_PARENT2));
	EXPECT_FALSE(file_exists("/sys/class/mdev_test/" TEST_PARENT2
				 "/mdev_supported_types"));
	EXPECT_EQ(0, __test_vendor_run("register-extra"));
}

/* Registered, the parent has its attributes and types; withdrawn, it has not. */
TEST_F(registration, comes_and_goes)
{
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, __test_vendor_run("register-extra"));
		EXPECT_TRUE(mdev_parent_exists(TEST_PARENT2));
		EXPECT_TRUE(file_exists(MDEV_PARENTS "/" TEST_PARENT2
					"/counters/create"));
		EXPECT_EQ(0, mdev_count(TEST_PARENT2, TEST_TYPE("plain")));
		ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
		EXPECT_FALSE(mdev_parent_exists(TEST_PARENT2));
		EXPECT_FALSE(file_exists("/sys/class/mdev_test/" TEST_PARENT2
					 "/counters"));
		EXPECT_FALSE(file_exists("/sys/class/mdev_test/" TEST_PARENT2
					 "/mdev_supported_types"));
	}
}

/* To withdraw what is not registered is no crime. */
TEST_F(registration, unregister_twice)
{
	EXPECT_EQ(0, __test_vendor_run("register-extra"));
	EXPECT_EQ(0, __test_vendor_run("unregister-extra"));
	EXPECT_EQ(0, __test_vendor_run("unregister-extra"));
}

/* Of two parents of one name, the first keeps its link when the other goes. */
TEST_F(registration, parents_of_one_name)
{
	char uuid[MDEV_UUID_SIZE];

	EXPECT_EQ(0, __test_vendor_run("register-twin"));
	EXPECT_TRUE(mdev_parent_exists(TEST_PARENT));
	EXPECT_EQ(0, __test_vendor_run("unregister-twin"));
	EXPECT_TRUE(mdev_parent_exists(TEST_PARENT));
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	EXPECT_EQ(0, __mdev_remove(uuid));
}

/* Whether tools that look for a parent by its name find the one of this class */
static bool link_leads_to(const char *class)
{
	char path[PATH_MAX];
	ssize_t n = readlink(MDEV_PARENTS "/" TEST_PARENT, path,
			     sizeof(path) - 1);

	path[n < 0 ? 0 : n] = '\0';
	return strstr(path, class);
}

/* When the first goes, the other one is found in its place. */
TEST_F(registration, link_is_inherited)
{
	EXPECT_EQ(0, __test_vendor_run("register-twin"));
	EXPECT_TRUE(link_leads_to("/mdev_test/"));
	EXPECT_EQ(0, __test_vendor_run("unregister-main"));
	EXPECT_TRUE(link_leads_to("/mdev_test_twin/"));
	EXPECT_EQ(0, __test_vendor_run("register-main"));
	EXPECT_TRUE(link_leads_to("/mdev_test_twin/"));
	EXPECT_EQ(0, __test_vendor_run("unregister-twin"));
	EXPECT_TRUE(link_leads_to("/mdev_test/"));
}

TEST_HARNESS_MAIN
