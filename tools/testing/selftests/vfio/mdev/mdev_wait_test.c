// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for the user of a device, and what ends the wait: nobody waits without
 * end for what somebody else has open, nobody who waits is in the way of others, and
 * what nobody meant does not end it
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

/* Between closing a device and the end of who waits for that, on a slow machine */
#define PROMPT_MS	1000

/* Both ways to take a device from its user */
FIXTURE(wait) {
	char uuid[MDEV_UUID_SIZE];
	char path[128];
	const char *text;
	struct vfio_dev dev;
	struct writer writer;
};

FIXTURE_VARIANT(wait) {
	bool unbind;
};

FIXTURE_VARIANT_ADD(wait, remove) { .unbind = false };
FIXTURE_VARIANT_ADD(wait, unbind) { .unbind = true };

FIXTURE_SETUP(wait)
{
	module_load("vfio_mdev");
	test_vendor_setup();
	self->dev = VFIO_DEV_CLOSED;
	mdev_create_new(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	if (variant->unbind) {
		strcpy(self->path, MDEV_DRIVERS "/vfio_mdev/unbind");
		self->text = self->uuid;
	} else {
		snprintf(self->path, sizeof(self->path),
			 MDEV_DEVICES "/%s/remove", self->uuid);
		self->text = "1";
	}
}

FIXTURE_TEARDOWN(wait)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
}

static void open_any(struct vfio_dev *dev, const char *uuid)
{
	if (__vfio_dev_open(dev, uuid))
		vfio_dev_open_by(dev, &vfio_dev_by_cdev, uuid);
}

/* Opens the character device, and no more than that: the driver is not told. */
static bool hold_cdev(struct vfio_dev *dev, const char *uuid)
{
	return vfio_dev_by_cdev.available() &&
	       !__vfio_dev_attach(dev, &vfio_dev_by_cdev, uuid);
}

static bool bound(const char *uuid)
{
	char name[64];

	mdev_driver(uuid, name, sizeof(name));
	return *name;
}

/* Whether what the writer wanted has come about */
static bool taken(const char *uuid, bool unbind)
{
	return unbind ? mdev_exists(uuid) && !bound(uuid) : !mdev_exists(uuid);
}

/* Whether nobody has the lock of the device, which whoever shuts down wants */
static bool lock_is_free(const char *uuid)
{
	char text[16];

	file_gets(text, sizeof(text), MDEV_DEVICES "/%s/vendor/locked", uuid);
	return !strcmp(text, "0");
}

/* The last close is what ends the wait, not the next look ten seconds later. */
TEST_F(wait, ends_with_the_last_close)
{
	long start;

	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	start = now_ms();
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_LT(now_ms() - start, PROMPT_MS);
	EXPECT_TRUE(taken(self->uuid, variant->unbind));
}

/* Who has the character device open is waited for, too, and is in nobody's way. */
TEST_F(wait, for_a_character_device)
{
	struct vfio_dev other;
	long start;

	if (!hold_cdev(&self->dev, self->uuid))
		SKIP(return, "no character devices");
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_TRUE(lock_is_free(self->uuid));
	EXPECT_EQ(-ENODEV, __vfio_dev_open_by(&other, &vfio_dev_by_group_iommufd,
					      self->uuid));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&self->writer, 0));
	vfio_dev_close(&self->dev);
	start = now_ms();
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_LT(now_ms() - start, PROMPT_MS);
	EXPECT_TRUE(taken(self->uuid, variant->unbind));
}

/* Whoever waits for it can be killed, and the device can be used as before. */
TEST_F(wait, for_a_character_device_can_be_killed)
{
	if (!hold_cdev(&self->dev, self->uuid))
		SKIP(return, "no character devices");
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_TRUE(writer_kill(&self->writer));
	EXPECT_TRUE(WAIT_FOR((self->dev.fd = __vfio_dev_get_fd(&self->dev)) >= 0));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	EXPECT_TRUE(bound(self->uuid));
}

/* While one waits to unbind it, it is there for who wants to remove it, and goes. */
TEST_F(wait, others_are_not_lost)
{
	struct writer remover;

	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	writer_start(&remover, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	EXPECT_EQ(variant->unbind, writer_blocks(&remover));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_EQ(variant->unbind ? 0 : -ENODEV,
		  writer_result(&remover, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* What nobody meant for it does not end the wait: stop and continue, as by Ctrl-Z */
TEST_F(wait, goes_on_after_a_stop)
{
	int status;

	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	kill(self->writer.pid, SIGSTOP);
	EXPECT_EQ(self->writer.pid, waitpid(self->writer.pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status));
	kill(self->writer.pid, SIGCONT);
	EXPECT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_TRUE(taken(self->uuid, variant->unbind));
}

/* ... a debugger that looks at the process */
TEST_F(wait, goes_on_after_a_tracer)
{
	int status;

	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, self->writer.pid, 0, 0));
	EXPECT_EQ(self->writer.pid, waitpid(self->writer.pid, &status, 0));
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, self->writer.pid, 0, 0));
	EXPECT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* ... the freezer of its cgroup */
TEST_F(wait, goes_on_after_its_cgroup_was_frozen)
{
	const char *group = "/sys/fs/cgroup/mdev_wait_test";
	char text[256];

	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	snprintf(text, sizeof(text), "%d", self->writer.pid);
	if ((mkdir(group, 0755) && errno != EEXIST) ||
	    __file_puts(text, "%s/cgroup.procs", group))
		SKIP(return, "no cgroups");
	EXPECT_EQ(0, __file_puts("1", "%s/cgroup.freeze", group));
	EXPECT_TRUE(WAIT_FOR(__file_gets(text, sizeof(text), "%s/cgroup.events",
					 group) > 0 &&
			     strstr(text, "frozen 1")));
	EXPECT_EQ(0, __file_puts("0", "%s/cgroup.freeze", group));
	EXPECT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	rmdir(group);
}

/*
 * As far as a suspend goes before anything sleeps, and without waiting there; false if
 * the kernel cannot
 */
static bool can_suspend(void)
{
	return !__file_puts("freezer", "/sys/power/pm_test") &&
	       !__file_puts("4000", "/sys/power/pm_freeze_timeout") &&
	       !__file_puts("0", "/sys/module/suspend/parameters/pm_test_delay");
}

static int suspend(void)
{
	return __file_puts("freeze", "/sys/power/state");
}

/* ... a suspend, which it does not hold up */
TEST_F(wait, lets_the_machine_suspend)
{
	if (!can_suspend())
		SKIP(return, "the kernel has no pm_test");
	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_EQ(0, suspend());
	EXPECT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_TRUE(taken(self->uuid, variant->unbind));
}

FIXTURE(keep) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
};

FIXTURE_SETUP(keep)
{
	module_load("vfio_mdev");
	test_vendor_setup();
	self->dev = VFIO_DEV_CLOSED;
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
}

FIXTURE_TEARDOWN(keep)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_PARENT);
}

/* A device that somebody has open, and whom nobody can ask, is not waited for. */
TEST_F(keep, open_device_is_not_unbound)
{
	open_any(&self->dev, self->uuid);
	EXPECT_EQ(-EBUSY, __file_puts(self->uuid,
				      MDEV_DRIVERS "/vfio_mdev/unbind"));
	EXPECT_TRUE(bound(self->uuid));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __file_puts(self->uuid,
				 MDEV_DRIVERS "/vfio_mdev/unbind"));
	EXPECT_FALSE(bound(self->uuid));
}

/* The same if it is the character device, of which the driver does not know. */
TEST_F(keep, held_character_device)
{
	if (!hold_cdev(&self->dev, self->uuid))
		SKIP(return, "no character devices");
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	EXPECT_EQ(-EBUSY, __file_puts(self->uuid,
				      MDEV_DRIVERS "/vfio_mdev/unbind"));
	self->dev.fd = __vfio_dev_get_fd(&self->dev);
	EXPECT_GE(self->dev.fd, 0);
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/*
 * How often to try, and after how many tries to let others do their part: where waiting
 * takes no time, what is freed late would pile up.
 */
#define TRIES		20000
#define TRIES_A_TIME	100

static void rest(int i)
{
	if (i % TRIES_A_TIME == 0)
		usleep(1000);
}

/* Until it is killed, or gets something else */
static pid_t try_to_remove(const char *uuid)
{
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	for (i = 1; __mdev_remove(uuid) == -EBUSY; i++)
		rest(i);
	_exit(1);
}

/* Its user does not notice that somebody tries to remove it, over and over. */
TEST_F(keep, nobody_notices_a_remover_who_gets_ebusy)
{
	int status, fd, i, failures = 0;
	pid_t pid;

	open_any(&self->dev, self->uuid);
	if (self->dev.way == &vfio_dev_by_cdev)
		SKIP(return, "a character device is opened once at a time");
	pid = try_to_remove(self->uuid);
	for (i = 1; i <= TRIES; i++) {
		fd = __vfio_dev_get_fd(&self->dev);
		if (fd < 0)
			failures++;
		else
			close(fd);
		rest(i);
	}
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, failures) TH_LOG("of %d", TRIES);
}

static pid_t read_uevent(const char *uuid)
{
	char path[128], buf[512];
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	if (setuid(65534))
		_exit(1);
	snprintf(path, sizeof(path), MDEV_DEVICES "/%s/uevent", uuid);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && pread(fd, buf, sizeof(buf), 0) > 0)
		;
	_exit(0);
}

/* Reading a file, which anybody may, is no use of the device. */
TEST_F(keep, readers_are_no_users)
{
	pid_t pid[3];
	int i, j;

	for (i = 0; i < 10; i++) {
		for (j = 0; j < 3; j++)
			pid[j] = read_uevent(self->uuid);
		usleep(20000);
		EXPECT_EQ(0, __mdev_remove(self->uuid));
		for (j = 0; j < 3; j++) {
			kill(pid[j], SIGKILL);
			waitpid(pid[j], NULL, 0);
		}
		mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	}
}

/* What goes away with devices in use: a parent, or the driver of the bus */
FIXTURE(going) {
	char uuid[MDEV_UUID_SIZE];
	char uuid2[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct writer writer;
};

FIXTURE_SETUP(going)
{
	module_load("vfio_mdev");
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	self->dev = VFIO_DEV_CLOSED;
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create_new(TEST_PARENT2, TEST_TYPE("plain"), self->uuid);
	mdev_create_new(TEST_PARENT2, TEST_TYPE("plain"), self->uuid2);
}

FIXTURE_TEARDOWN(going)
{
	vfio_dev_close(&self->dev);
	__test_vendor_run("unregister-extra");
	module_load("vfio_mdev");
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
}

static void withdraw(struct writer *writer)
{
	writer_start(writer, "unregister-extra",
		     "/sys/class/mdev_test/mdev_test_control/run");
}

/* A parent that waits for a user does not keep the machine from suspending. */
TEST_F(going, parent_lets_the_machine_suspend)
{
	if (!can_suspend())
		SKIP(return, "the kernel has no pm_test");
	open_any(&self->dev, self->uuid);
	withdraw(&self->writer);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_EQ(0, suspend());
	EXPECT_EQ(WRITER_RUNNING, writer_result(&self->writer, 0));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/*
 * It waits for a character device that is held, without the lock of the device, and
 * says so, if not at once, as it does not know who that is.
 */
TEST_F_TIMEOUT(going, parent_waits_for_a_character_device, 60)
{
	struct klog log;
	long start;

	if (!hold_cdev(&self->dev, self->uuid))
		SKIP(return, "no character devices");
	klog_begin(&log);
	withdraw(&self->writer);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(self->uuid2)));
	EXPECT_TRUE(lock_is_free(self->uuid));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
	sleep(12);
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, self->uuid)) TH_LOG("%s", log.text);
	vfio_dev_close(&self->dev);
	start = now_ms();
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_LT(now_ms() - start, PROMPT_MS);
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* Somebody whom we have to look at does not have everybody else asked each time. */
TEST_F(going, others_are_asked_as_ever)
{
	struct vfio_dev held = VFIO_DEV_CLOSED;
	char uuid[MDEV_UUID_SIZE];
	long requests;

	mdev_create_new(TEST_PARENT2, TEST_TYPE("request"), uuid);
	open_any(&self->dev, uuid);
	if (!hold_cdev(&held, self->uuid))
		SKIP(return, "no character devices");
	requests = test_vendor_count("request");
	withdraw(&self->writer);
	ASSERT_TRUE(writer_blocks(&self->writer));
	sleep(2);
	EXPECT_EQ(requests + 1, test_vendor_count("request"));
	vfio_dev_close(&held);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* A new device that is open, and somebody who waits to unbind it */
static void open_and_unbind(struct vfio_dev *dev, struct writer *unbinder,
			    char uuid[MDEV_UUID_SIZE])
{
	mdev_create_new(TEST_PARENT2, TEST_TYPE("request"), uuid);
	open_any(dev, uuid);
	writer_start(unbinder, uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	MDEV_ASSERT(writer_blocks(unbinder), "nobody waits to unbind it");
}

/* A device that is being unbound when its parent goes is removed after that. */
TEST_F(going, parent_takes_what_is_being_unbound)
{
	struct writer unbinder;
	char uuid[MDEV_UUID_SIZE];

	open_and_unbind(&self->dev, &unbinder, uuid);
	withdraw(&self->writer);
	ASSERT_TRUE(writer_blocks(&self->writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_EQ(0, writer_result(&unbinder, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(uuid));
}

/* An unbinder who is killed then leaves the device to the parent. */
TEST_F(going, parent_takes_what_an_unbinder_gives_up)
{
	struct writer unbinder;
	char uuid[MDEV_UUID_SIZE];

	open_and_unbind(&self->dev, &unbinder, uuid);
	withdraw(&self->writer);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_TRUE(writer_kill(&unbinder));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(uuid));
}

static pid_t unload(const char *name)
{
	pid_t pid;

	/* A test that ran before may have left it, and it uses vfio_mdev. */
	module_unload_users("mtty");
	pid = fork();
	if (pid)
		return pid;
	/* Copies of our files would hold what is waited for. */
	close_range(3, ~0U, 0);
	_exit(-__module_unload(name));
}

/*
 * A character device that is held does not keep vfio_mdev, which waits for it to be
 * closed, and lets go of all others at once.
 */
TEST_F(going, driver_waits_for_a_character_device)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer unbinder;
	struct klog log;
	int status;
	pid_t pid;

	if (!hold_cdev(&self->dev, self->uuid))
		SKIP(return, "no character devices");
	klog_begin(&log);
	pid = unload("vfio_mdev");
	EXPECT_TRUE(WAIT_FOR(!bound(self->uuid2)));
	sleep(2);
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, "driver vfio_mdev waits for devices"))
		TH_LOG("%s", log.text);
	EXPECT_TRUE(bound(self->uuid));
	EXPECT_TRUE(lock_is_free(self->uuid));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	writer_start(&unbinder, self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_NE(WRITER_RUNNING, writer_result(&unbinder, WAIT_LONG_MS));
	mdev_new_uuid(uuid);
	EXPECT_EQ(-ENODEV, __mdev_create(TEST_PARENT, TEST_TYPE("plain"), uuid));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(bound(self->uuid));
	EXPECT_TRUE(WAIT_FOR(mdev_driver_is_gone("vfio_mdev")));
	module_load("vfio_mdev");
	EXPECT_TRUE(bound(self->uuid));
}

/* Writers of "unbind" who wait for a user are in nobody's way either. */
TEST_F(going, driver_does_not_wait_for_unbinders)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer unbinder;
	int status;
	pid_t pid;

	mdev_create_new(TEST_PARENT2, TEST_TYPE("request"), uuid);
	if (!hold_cdev(&self->dev, uuid))
		SKIP(return, "no character devices");
	writer_start(&unbinder, uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	ASSERT_TRUE(writer_blocks(&unbinder));
	pid = unload("vfio_mdev");
	EXPECT_EQ(-ENODEV, writer_result(&unbinder, WAIT_LONG_MS));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(bound(uuid));
	EXPECT_TRUE(WAIT_FOR(mdev_driver_is_gone("vfio_mdev")));
}

TEST_HARNESS_MAIN
