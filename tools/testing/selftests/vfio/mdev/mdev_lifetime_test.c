// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetimes: removing a device that is in use, withdrawing its parent, and who
 * waits for whom meanwhile
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define REMOVE_FILE MDEV_DEVICES "/%s/remove"

static bool listed(const char *uuid)
{
	return mdev_exists(uuid) &&
	       file_exists(REMOVE_FILE, uuid) &&
	       file_exists(MDEV_DEVICES "/%s/mdev_type/devices/%s", uuid, uuid);
}

FIXTURE(removal) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	long unreleased;
};

FIXTURE_SETUP(removal)
{
	test_vendor_setup();
	self->unreleased = test_vendor_unreleased();
	mdev_new_uuid(self->uuid);
	self->dev = VFIO_DEV_CLOSED;
}

FIXTURE_TEARDOWN(removal)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
	EXPECT_EQ(self->unreleased, test_vendor_unreleased());
}

/* Nobody can be asked: -EBUSY at once, and the device is as it was. */
TEST_F(removal, open_device_without_request_is_busy)
{
	int i;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
		EXPECT_TRUE(listed(self->uuid));
		EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	}
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, self->uuid);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

/* The user is asked, the writer waits; when the user closes, it is done. */
TEST_F(removal, writer_waits_for_the_user)
{
	long requests = test_vendor_count("request");
	struct writer writer;

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(WAIT_FOR(test_vendor_count("request") > requests));
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* While the writer waits, the device stays listed with all its files. */
TEST_F(removal, device_stays_listed_meanwhile)
{
	struct writer writer;
	char text[64];

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_TRUE(listed(self->uuid));
	EXPECT_EQ(1, mdev_count(TEST_PARENT, TEST_TYPE("request")));
	file_gets(text, sizeof(text), MDEV_DEVICES "/%s/vendor/behaviour",
		  self->uuid);
	EXPECT_STREQ("request", text);
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
}

/* Two writers: one removes, the other is told that there is nothing to do. */
TEST_F(removal, second_writer_gets_enodev)
{
	struct writer writer;

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(-ENODEV, __mdev_remove(self->uuid));
	EXPECT_EQ(-ENODEV, __mdev_remove(self->uuid));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&writer, 0));
	EXPECT_TRUE(listed(self->uuid));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* Interrupted, the writer is told so, and the device is as if never asked for. */
TEST_F(removal, interrupted_writer)
{
	struct writer writer;
	int i;

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	for (i = 0; i < 3; i++) {
		writer_start(&writer, "1", REMOVE_FILE, self->uuid);
		EXPECT_TRUE(writer_blocks(&writer));
		writer_interrupt(&writer);
		EXPECT_EQ(-EINTR, writer_result(&writer, WAIT_LONG_MS));
		EXPECT_TRUE(listed(self->uuid));
		EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	}
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, self->uuid);
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

/* Killed, the writer is gone at once, and somebody else can remove the device. */
TEST_F(removal, killed_writer)
{
	struct writer writer;

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_TRUE(writer_kill(&writer));
	EXPECT_TRUE(listed(self->uuid));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));

	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
}

/* From the moment that a writer waits, nobody else can open the device. */
TEST_F(removal, no_new_open_once_it_began)
{
	struct writer writer;
	int fd;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	fd = __vfio_dev_get_fd(&self->dev);
	EXPECT_EQ(-ENODEV, fd);
	if (fd >= 0)
		close(fd);
	close(self->dev.fd);
	self->dev.fd = -1;
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
}

/* One that was attached before, but not opened, is too late as well. */
TEST_F(removal, attached_group_does_not_hold_it)
{
	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, &vfio_dev_by_group,
				       self->uuid));
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
}

/* After an interrupted removal, the device can be opened again. */
TEST_F(removal, open_after_interrupted_removal)
{
	struct writer writer;
	int fd;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	writer_interrupt(&writer);
	EXPECT_EQ(-EINTR, writer_result(&writer, WAIT_LONG_MS));
	fd = __vfio_dev_get_fd(&self->dev);
	EXPECT_GE(fd, 0);
	close(fd);
}

static void *get_fd_in_thread(void *arg)
{
	return (void *)(long)__vfio_dev_get_fd(arg);
}

/* A user who is just opening the device is a user. */
TEST_F(removal, during_open_is_busy)
{
	pthread_t thread;
	void *result;
	long opens;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	module_set_param(TEST_VENDOR, "open_ms", 1000);
	mdev_create(TEST_PARENT, TEST_TYPE("slow"), self->uuid);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, &vfio_dev_by_group,
				       self->uuid));
	opens = test_vendor_count("open");
	ASSERT_EQ(0, pthread_create(&thread, NULL, get_fd_in_thread,
				    &self->dev));
	EXPECT_TRUE(WAIT_FOR(test_vendor_count("open") > opens));
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	pthread_join(thread, &result);
	module_set_param(TEST_VENDOR, "open_ms", 0);
	self->dev.fd = (long)result;
	ASSERT_GE(self->dev.fd, 0);
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* A device that is being created has its UUID, and nothing to be removed by. */
TEST_F(removal, during_create)
{
	struct writer writer;

	module_set_param(TEST_VENDOR, "create_ms", 1000);
	writer_start(&writer, self->uuid, MDEV_TYPES(TEST_PARENT) "/"
		     TEST_TYPE("slow") "/create");
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	EXPECT_EQ(-ENOENT, __mdev_remove(self->uuid));
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	module_set_param(TEST_VENDOR, "create_ms", 0);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

/* One who is killed when it is too late to give up leaves, and the device goes. */
TEST_F(removal, killed_when_it_is_too_late)
{
	struct writer writer;

	mdev_create(TEST_PARENT, TEST_TYPE("slow"), self->uuid);
	module_set_param(TEST_VENDOR, "remove_ms", 5000);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(self->uuid)));
	EXPECT_TRUE(writer_kill(&writer));
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	module_set_param(TEST_VENDOR, "remove_ms", 0);
	EXPECT_TRUE(WAIT_FOR(!__mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					    self->uuid)));
}

/* A UUID is taken until the vendor's remove() has returned. */
TEST_F(removal, uuid_is_free_after_remove)
{
	struct writer writer;

	mdev_create(TEST_PARENT, TEST_TYPE("slow"), self->uuid);
	module_set_param(TEST_VENDOR, "remove_ms", 1000);
	writer_start(&writer, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(self->uuid)));
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	module_set_param(TEST_VENDOR, "remove_ms", 0);
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
				   self->uuid));
}

/* Two creates of one parent overlap: a slow one does not hold up another. */
TEST_F(removal, slow_create_holds_up_nobody)
{
	char uuid2[MDEV_UUID_SIZE];
	struct writer writer;

	module_set_param(TEST_VENDOR, "create_ms", 3000);
	writer_start(&writer, self->uuid, MDEV_TYPES(TEST_PARENT) "/"
		     TEST_TYPE("slow") "/create");
	EXPECT_TRUE(writer_blocks(&writer));
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid2);
	EXPECT_EQ(0, __mdev_remove(uuid2));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&writer, 0));
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	module_set_param(TEST_VENDOR, "create_ms", 0);
}

FIXTURE(withdrawal) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct writer writer;
	long unreleased;
};

FIXTURE_SETUP(withdrawal)
{
	test_vendor_setup();
	self->unreleased = test_vendor_unreleased();
	__test_vendor_run("unregister-extra");
	self->dev = VFIO_DEV_CLOSED;
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_new_uuid(self->uuid);
}

FIXTURE_TEARDOWN(withdrawal)
{
	vfio_dev_close(&self->dev);
	__test_vendor_run("unregister-extra");
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
	EXPECT_EQ(self->unreleased, test_vendor_unreleased());
}

static void start_withdrawal(struct writer *writer)
{
	writer_start(writer, "unregister-extra",
		     "/sys/class/mdev_test/mdev_test_control/run");
}

/*
 * A parent waits for the open device, says so once, however long that takes, and goes when
 * it is closed.
 */
TEST_F(withdrawal, waits_for_open_devices)
{
	struct klog log;

	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	klog_begin(&log);
	start_withdrawal(&self->writer);
	EXPECT_TRUE(writer_blocks(&self->writer));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	EXPECT_TRUE(listed(self->uuid));
	if (virtual_time())
		sleep(25);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_parent_exists(TEST_PARENT2));
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, self->uuid)) TH_LOG("%s", log.text);
}

/* It asks the user of a device that has a way of asking. */
TEST_F(withdrawal, asks_the_user)
{
	long requests = test_vendor_count("request");

	mdev_create(TEST_PARENT2, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	start_withdrawal(&self->writer);
	EXPECT_TRUE(WAIT_FOR(test_vendor_count("request") > requests));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* One device that is open does not keep the others. */
TEST_F(withdrawal, takes_other_devices_at_once)
{
	char uuid2[MDEV_UUID_SIZE], uuid3[MDEV_UUID_SIZE];

	mdev_create_new(TEST_PARENT2, TEST_TYPE("plain"), uuid2);
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), self->uuid);
	mdev_create_new(TEST_PARENT2, TEST_TYPE("refuse-remove"), uuid3);
	vfio_dev_open(&self->dev, self->uuid);
	start_withdrawal(&self->writer);
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(uuid2)));
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(uuid3)));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&self->writer, 0));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* Once it began, nothing is created, and the open device is not ours to remove. */
TEST_F(withdrawal, nothing_begins_meanwhile)
{
	char uuid2[MDEV_UUID_SIZE];
	int create, fd;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	create = open(MDEV_TYPES(TEST_PARENT2) "/" TEST_TYPE("plain")
		      "/create", O_WRONLY | O_CLOEXEC);
	ASSERT_GE(create, 0);
	mdev_new_uuid(uuid2);
	mdev_create(TEST_PARENT2, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	start_withdrawal(&self->writer);
	EXPECT_TRUE(writer_blocks(&self->writer));
	EXPECT_EQ(-1, write(create, uuid2, strlen(uuid2)));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-ENODEV, __mdev_remove(self->uuid));
	fd = __vfio_dev_get_fd(&self->dev);
	EXPECT_EQ(-ENODEV, fd);
	if (fd >= 0)
		close(fd);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_EQ(-1, write(create, uuid2, strlen(uuid2)));
	EXPECT_EQ(ENODEV, errno);
	close(create);
}

/* Somebody who waits to remove a device leaves it to the parent that goes. */
TEST_F(withdrawal, waiting_remover_gives_up)
{
	struct writer remover;

	mdev_create(TEST_PARENT2, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	writer_start(&remover, "1", REMOVE_FILE, self->uuid);
	EXPECT_TRUE(writer_blocks(&remover));
	start_withdrawal(&self->writer);
	EXPECT_EQ(-ENODEV, writer_result(&remover, WAIT_LONG_MS));
	EXPECT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* A create under way is waited for, and does not leave a device behind. */
TEST_F(withdrawal, waits_for_a_create)
{
	struct writer creator;
	int ret;

	module_set_param(TEST_VENDOR, "create_ms", 1000);
	writer_start(&creator, self->uuid, MDEV_TYPES(TEST_PARENT2) "/"
		     TEST_TYPE("slow") "/create");
	EXPECT_TRUE(writer_blocks(&creator));
	EXPECT_EQ(0, __test_vendor_run("unregister-extra"));
	ret = writer_result(&creator, WAIT_LONG_MS);
	module_set_param(TEST_VENDOR, "create_ms", 0);
	EXPECT_TRUE(ret == 0 || ret == -ENODEV) TH_LOG("create: %d", ret);
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* Parents of one vendor have nothing to do with each other. */
TEST_F(withdrawal, other_parent_is_untouched)
{
	char uuid2[MDEV_UUID_SIZE];

	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid2);
	mdev_create(TEST_PARENT2, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	start_withdrawal(&self->writer);
	EXPECT_TRUE(writer_blocks(&self->writer));
	EXPECT_EQ(0, __mdev_remove(uuid2));
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("plain"), uuid2));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_TRUE(mdev_exists(uuid2));
}

/* Devices of two parents, both open at a time. */
TEST_F(withdrawal, two_parents_at_a_time)
{
	char uuid2[MDEV_UUID_SIZE], a = 0, b = 0;
	struct vfio_dev dev2;

	mdev_create_new(TEST_PARENT, TEST_TYPE("ops-a"), uuid2);
	mdev_create(TEST_PARENT2, TEST_TYPE("ops-b"), self->uuid);
	vfio_dev_open(&dev2, uuid2);
	vfio_dev_open(&self->dev, self->uuid);
	EXPECT_EQ(1, pread(dev2.fd, &a, 1, 0));
	EXPECT_EQ(1, pread(self->dev.fd, &b, 1, 0));
	EXPECT_EQ('a', a);
	EXPECT_EQ('b', b);
	vfio_dev_close(&dev2);
}

TEST_HARNESS_MAIN
