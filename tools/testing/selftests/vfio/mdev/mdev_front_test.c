// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendors with a driver of their own, by mdev_register_parent(): what such drivers
 * rely on, and that their devices end like all others
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define FRONT	"mdev_test_front"
#define TYPE_A	FRONT "-a"
#define TYPE_B	FRONT "-b"

FIXTURE(front) {
	char uuid[MDEV_UUID_SIZE];
	char uuid2[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct writer writer;
};

static int run(const char *command)
{
	return __file_puts(command, "/sys/class/" FRONT "/" FRONT "/run");
}

/* Of what has gone, the name may be taken for a while. */
static int register_driver(void)
{
	if (!mdev_driver_is_gone(FRONT))
		return -EBUSY;
	return run("register-driver");
}

FIXTURE_SETUP(front)
{
	self->dev = VFIO_DEV_CLOSED;
	vfio_setup();
	module_load(FRONT);
	module_set_param(FRONT, "probe_errno", 0);
	module_set_param(FRONT, "askable", 0);
	ASSERT_EQ(0, run("count"));
	ASSERT_EQ(0, register_driver());
	ASSERT_EQ(0, run("register-parent"));
	mdev_new_uuid(self->uuid);
	mdev_new_uuid(self->uuid2);
}

/* Whatever a test has left, the module goes, and the core's with it. */
FIXTURE_TEARDOWN(front)
{
	vfio_dev_close(&self->dev);
	module_unload(FRONT);
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid2));
}

static bool has(const char *uuid, const char *name)
{
	return file_exists(MDEV_DEVICES "/%s/%s", uuid, name);
}

/* The attributes of a type are made of what the driver says. */
TEST_F(front, has_types)
{
	char buf[64];

	file_gets(buf, sizeof(buf), MDEV_TYPES(FRONT) "/" TYPE_A "/name");
	EXPECT_STREQ("Type A", buf);
	file_gets(buf, sizeof(buf), MDEV_TYPES(FRONT) "/" TYPE_B "/name");
	EXPECT_STREQ("b", buf);
	file_gets(buf, sizeof(buf), MDEV_TYPES(FRONT) "/" TYPE_A "/device_api");
	EXPECT_STREQ("test-api", buf);
	EXPECT_FALSE(file_exists(MDEV_TYPES(FRONT) "/" TYPE_A "/description"));
}

/* A device is bound to the driver when its creation returns, attributes and all. */
TEST_F(front, binds_to_its_driver)
{
	char buf[64];

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create(FRONT, TYPE_B, self->uuid);
	EXPECT_STREQ(FRONT, mdev_driver_of(self->uuid));
	file_gets(buf, sizeof(buf), MDEV_DEVICES "/%s/type", self->uuid);
	EXPECT_STREQ("b", buf);
	EXPECT_TRUE(has(self->uuid, "iommu_group"));
}

/* It has no class, so no driver is looked for by that. */
TEST_F(front, has_no_modalias)
{
	char event[512];

	module_load("vfio_mdev");
	mdev_create(FRONT, TYPE_A, self->uuid);
	EXPECT_FALSE(has(self->uuid, "modalias"));
	file_gets(event, sizeof(event), MDEV_DEVICES "/%s/uevent", self->uuid);
	EXPECT_FALSE(!!strstr(event, "MODALIAS"));
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid,
				       MDEV_DRIVERS "/vfio_mdev/bind"));
}

/* What probe() says is what the writer gets, and the instance is given back. */
TEST_F(front, tells_what_probe_said)
{
	module_set_param(FRONT, "probe_errno", EMLINK);
	EXPECT_EQ(-EMLINK, __mdev_create(FRONT, TYPE_A, self->uuid));
	EXPECT_EQ(2, mdev_available(FRONT, TYPE_A));
	module_set_param(FRONT, "probe_errno", 0);
	EXPECT_EQ(0, __mdev_create(FRONT, TYPE_A, self->uuid));
}

/* The limit is one for all types. */
TEST_F(front, counts_over_all_types)
{
	char uuid3[MDEV_UUID_SIZE];

	EXPECT_EQ(2, mdev_available(FRONT, TYPE_B));
	mdev_create(FRONT, TYPE_A, self->uuid);
	mdev_create(FRONT, TYPE_B, self->uuid2);
	EXPECT_EQ(0, mdev_available(FRONT, TYPE_A));
	EXPECT_EQ(0, mdev_available(FRONT, TYPE_B));

	mdev_new_uuid(uuid3);
	EXPECT_EQ(-EUSERS, __mdev_create(FRONT, TYPE_B, uuid3));

	mdev_remove(self->uuid);
	EXPECT_EQ(1, mdev_available(FRONT, TYPE_B));
	EXPECT_EQ(0, __mdev_create(FRONT, TYPE_B, uuid3));
}

/* With get_available() nothing is counted, and no create is refused here. */
TEST_F(front, asks_the_driver)
{
	char uuid3[MDEV_UUID_SIZE], buf[64];

	ASSERT_EQ(0, run("unregister-parent"));
	ASSERT_EQ(0, run("ask"));
	ASSERT_EQ(0, run("register-parent"));
	file_gets(buf, sizeof(buf), MDEV_TYPES(FRONT) "/" TYPE_A "/description");
	EXPECT_STREQ("Made by " FRONT, buf);

	module_set_param(FRONT, "available", 1);
	EXPECT_EQ(1, mdev_available(FRONT, TYPE_A));
	/* As tools take it for an int */
	module_set_param(FRONT, "available", -1);
	EXPECT_EQ(2147483647, mdev_available(FRONT, TYPE_A));
	module_set_param(FRONT, "available", 0);
	mdev_create(FRONT, TYPE_A, self->uuid);
	mdev_create(FRONT, TYPE_A, self->uuid2);
	mdev_new_uuid(uuid3);
	EXPECT_EQ(0, __mdev_create(FRONT, TYPE_B, uuid3));
}

/* The parent may be there first; nothing can be created until the driver is. */
TEST_F(front, takes_the_parent_first)
{
	ASSERT_EQ(0, run("unregister-parent"));
	ASSERT_EQ(0, run("unregister-driver"));
	ASSERT_EQ(0, run("register-parent"));
	EXPECT_EQ(-ENODEV, __mdev_create(FRONT, TYPE_A, self->uuid));
	EXPECT_EQ(2, mdev_available(FRONT, TYPE_A));
	ASSERT_EQ(0, register_driver());
	EXPECT_EQ(0, __mdev_create(FRONT, TYPE_A, self->uuid));
	EXPECT_STREQ(FRONT, mdev_driver_of(self->uuid));
}

/* The driver may go first: devices stay, and are bound when it comes back. */
TEST_F(front, lets_the_driver_go_first)
{
	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");

	mdev_create(FRONT, TYPE_A, self->uuid);
	ASSERT_EQ(0, run("unregister-driver"));
	EXPECT_TRUE(mdev_exists(self->uuid));
	EXPECT_STREQ("", mdev_driver_of(self->uuid));
	ASSERT_EQ(0, register_driver());
	EXPECT_STREQ(FRONT, mdev_driver_of(self->uuid));
	ASSERT_EQ(0, run("unregister-driver"));
	ASSERT_EQ(0, run("unregister-parent"));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* The vendor's memory is gone at once; a reference on a type may stay. */
TEST_F(front, touches_nothing_of_a_parent_that_is_gone)
{
	char path[256];
	int dir;

	mdev_create(FRONT, TYPE_A, self->uuid);
	snprintf(path, sizeof(path), MDEV_TYPES(FRONT) "/" TYPE_A);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, dir);
	ASSERT_EQ(0, run("unregister-parent"));
	EXPECT_FALSE(mdev_exists(self->uuid));
	ASSERT_EQ(0, run("register-parent"));
	EXPECT_EQ(-1, openat(dir, "name", O_RDONLY));
	EXPECT_EQ(ENOENT, errno);
	close(dir);
	EXPECT_EQ(2, mdev_available(FRONT, TYPE_A));
}

/* There may be a parent without types, on which nothing can be created. */
TEST_F(front, may_have_no_types)
{
	ASSERT_EQ(0, run("unregister-parent"));
	ASSERT_EQ(0, run("register-no-types"));
	EXPECT_EQ(0, __dir_count(MDEV_TYPES(FRONT)));
	EXPECT_TRUE(mdev_parent_exists(FRONT));
}

/* Unbound and bound again by hand; attributes and VFIO device come and go. */
TEST_F(front, is_bound_again)
{
	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");

	mdev_create(FRONT, TYPE_A, self->uuid);
	ASSERT_EQ(0, __file_puts(self->uuid, MDEV_DRIVERS "/" FRONT "/unbind"));
	EXPECT_STREQ("", mdev_driver_of(self->uuid));
	EXPECT_FALSE(has(self->uuid, "type"));
	EXPECT_FALSE(has(self->uuid, "iommu_group"));
	ASSERT_EQ(0, __file_puts(self->uuid, MDEV_DRIVERS "/" FRONT "/bind"));
	EXPECT_STREQ(FRONT, mdev_driver_of(self->uuid));
	EXPECT_TRUE(has(self->uuid, "type"));
	EXPECT_TRUE(has(self->uuid, "iommu_group"));
}

/* It serves its own parents' devices only. */
TEST_F(front, leaves_others_alone)
{
	test_vendor_setup();
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid2);
	ASSERT_EQ(0, __file_puts(self->uuid2,
				 MDEV_DRIVERS "/vfio_mdev/unbind"));
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid2,
				       MDEV_DRIVERS "/" FRONT "/bind"));
	EXPECT_STREQ("", mdev_driver_of(self->uuid2));
	mdev_remove(self->uuid2);
}

/* How VFIO calls the device: by the lowest number that is free */
static int vfio_number(const char *uuid)
{
	int i;

	for (i = 0; i < 100; i++)
		if (file_exists(MDEV_DEVICES "/%s/vfio-dev/vfio%d", uuid, i))
			return i;
	return -ENOENT;
}

/* Whoever looked at its VFIO device has let go of it, so the number is free again. */
TEST_F(front, leaves_no_vfio_device)
{
	int first;

	/* Those who were here before */
	wait_for_late_releases();
	mdev_create(FRONT, TYPE_A, self->uuid);
	first = vfio_number(self->uuid);
	EXPECT_LE(0, first);
	vfio_dev_open(&self->dev, self->uuid);
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);
	wait_for_late_releases();
	mdev_create(FRONT, TYPE_A, self->uuid);
	EXPECT_EQ(first, vfio_number(self->uuid));
	mdev_remove(self->uuid);
}

/* In use, and nobody can be asked: refused at once, with nothing changed. */
TEST_F(front, is_busy_while_open)
{
	mdev_create(FRONT, TYPE_A, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	EXPECT_EQ(-EBUSY, __file_puts(self->uuid,
				      MDEV_DRIVERS "/" FRONT "/unbind"));
	EXPECT_STREQ(FRONT, mdev_driver_of(self->uuid));
	EXPECT_EQ(-EAGAIN, __module_unload(FRONT));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_EQ(0, module_refcnt(FRONT));
}

/* In use, and the user can be asked: the writer waits, and may give up. */
TEST_F(front, is_waited_for)
{
	int requests = module_param(FRONT, "requests");
	long start;

	module_set_param(FRONT, "askable", 1);
	mdev_create(FRONT, TYPE_A, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&self->writer, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_LT(requests, module_param(FRONT, "requests"));
	writer_interrupt(&self->writer);
	EXPECT_EQ(-EINTR, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ(FRONT, mdev_driver_of(self->uuid));

	writer_start(&self->writer, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_TRUE(mdev_exists(self->uuid));
	vfio_dev_close(&self->dev);
	start = now_ms();
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_GT(5000, now_ms() - start);
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* The parent goes while a device is open: it waits for that one, and goes on. */
TEST_F(front, parent_waits_for_the_user)
{
	int removes = module_param(FRONT, "removes");

	mdev_create(FRONT, TYPE_A, self->uuid);
	mdev_create(FRONT, TYPE_B, self->uuid2);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&self->writer, "unregister-parent",
		     "/sys/class/" FRONT "/" FRONT "/run");
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(self->uuid2)));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&self->writer, 0));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_EQ(removes + 2, module_param(FRONT, "removes"));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* rmmod with a device that nobody uses takes that with it. */
TEST_F(front, module_takes_its_devices_with_it)
{
	mdev_create(FRONT, TYPE_A, self->uuid);
	module_unload(FRONT);
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_parent_exists(FRONT));
	module_load(FRONT);
}

TEST_HARNESS_MAIN
