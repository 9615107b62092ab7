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

/* The log says at once what the writer waits for, once. */
TEST_F(wait, says_so_at_once)
{
	const char *file = variant->unbind ? "\"unbind\" waits" : "\"remove\" waits";
	struct klog log;

	/* Of what other tests made it say, it may have said enough for now. */
	sleep(6);
	klog_begin(&log);
	open_any(&self->dev, self->uuid);
	writer_start(&self->writer, self->text, "%s", self->path);
	EXPECT_TRUE(WAIT_FOR_MS((klog_read(&log),
				 klog_has(&log, self->uuid, "in use", file)),
				PROMPT_MS));
	EXPECT_TRUE(writer_blocks(&self->writer));
	/* The user is asked again, which is no news. */
	if (virtual_time())
		sleep(12);
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, self->uuid)) TH_LOG("%s", log.text);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
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

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
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

/* Whoever wants the same of a parent that is going has nothing to do, nor to wait for. */
TEST_F(going, parent_goes_once)
{
	struct writer second;
	long removed = test_vendor_count("remove");

	open_any(&self->dev, self->uuid);
	withdraw(&self->writer);
	ASSERT_TRUE(writer_blocks(&self->writer));
	withdraw(&second);
	EXPECT_EQ(0, writer_result(&second, 10 * prompt_ms()));
	EXPECT_TRUE(mdev_exists(self->uuid));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&self->writer, 0));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_EQ(removed + 2, test_vendor_count("remove"));
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

/* No vendor that some other test loaded is to hold it. */
static void free_vfio_mdev(void)
{
	mdev_driver_unload("vfio_mdev");
	module_load("vfio_mdev");
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

	free_vfio_mdev();
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

	free_vfio_mdev();
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

/*
 * A module that is going away lets nobody in any more, and is not kept by who tried: the
 * devices are as they were until its exit function comes to them.
 */
TEST_F(going, module_does_not_wait_for_who_came_too_late)
{
	char uuid[MDEV_UUID_SIZE], state[16];
	int status;
	pid_t pid;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, &vfio_dev_by_group, uuid));
	module_set_param(TEST_VENDOR, "exit_ms", 1000);
	pid = unload(TEST_VENDOR);
	EXPECT_TRUE(WAIT_FOR(__file_gets(state, sizeof(state),
					 "/sys/module/" TEST_VENDOR
					 "/initstate") > 0 &&
			     !strncmp(state, "going", 5)));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
	EXPECT_TRUE(mdev_exists(uuid));
	EXPECT_TRUE(WAIT_FOR(waitpid(pid, &status, WNOHANG) == pid));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(mdev_exists(uuid));
	vfio_dev_close(&self->dev);
	module_load(TEST_VENDOR);
}

/* How long it takes from what somebody waits for until he has noticed */
FIXTURE(prompt) {
};

FIXTURE_VARIANT(prompt) {
	long (*round)(void);
};

FIXTURE_SETUP(prompt)
{
	module_load("vfio_mdev");
	module_load(TEST_BUS);
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
}

FIXTURE_TEARDOWN(prompt)
{
	module_load(TEST_BUS);
	module_load("vfio_mdev");
	module_set_param(TEST_VENDOR, "create_ms", 0);
	module_set_param(TEST_BUS, "probe_ms", 0);
	module_set_param(TEST_BUS, "request_ms", 0);
	module_set_param(TEST_BUS, "askable", 1);
	__test_vendor_run("unregister-extra");
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
}

/* How long a callback takes while somebody comes to wait for it */
#define SLOW_MS		200
/* More than is allowed, so as to fail */
#define NEVER_MS	1000000
/* How often to try: if the machine is slow by chance, it is not each time. */
#define ROUNDS		4

/* Since @start, if the writer got @expected; @start 0: since now */
static long result_in(struct writer *writer, int expected, long start)
{
	if (!start)
		start = now_ms();
	if (writer_result(writer, 10 * prompt_ms() + SLOW_MS) != expected)
		return NEVER_MS;
	return now_ms() - start;
}

/*
 * Since @start, if the driver of the test bus lets go of all it has: this link is the
 * last that goes before what some kernels free late
 */
static long driver_ends_in(pid_t pid, long start)
{
	int status;
	long ms;

	if (!WAIT_FOR_MS(!file_exists(MDEV_DRIVERS "/" TEST_BUS "/module"),
			 10 * prompt_ms()))
		return NEVER_MS;
	ms = now_ms() - start;
	if (waitpid(pid, &status, 0) != pid || status)
		return NEVER_MS;
	return mdev_driver_is_gone(TEST_BUS) ? ms : NEVER_MS;
}

/* Nobody uses it, so there is nothing to wait for. */
static long round_remove(void)
{
	char uuid[MDEV_UUID_SIZE];
	long start = now_ms();

	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	mdev_remove(uuid);
	return now_ms() - start;
}

static long round_unbind_and_bind(void)
{
	char uuid[MDEV_UUID_SIZE];
	long start;

	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	start = now_ms();
	file_puts(uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	file_puts(uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	return now_ms() - start;
}

static long round_parent(void)
{
	char uuid[MDEV_UUID_SIZE];
	long start;
	int ret;

	__test_vendor_run("register-extra");
	mdev_create_new(TEST_PARENT2, TEST_TYPE("plain"), uuid);
	start = now_ms();
	ret = __test_vendor_run("unregister-extra");
	return ret ? NEVER_MS : now_ms() - start;
}

static long round_driver(void)
{
	char uuid[MDEV_UUID_SIZE];
	long start;

	module_load(TEST_BUS);
	mdev_create_new(TEST_PARENT, TEST_TYPE("class-test"), uuid);
	start = now_ms();
	return driver_ends_in(unload(TEST_BUS), start);
}

/* The last close ends it. */
static long round_close(const char *parent, const char *type, const char *path,
			const char *text)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
	struct vfio_dev dev;
	long start;

	mdev_create_new(parent, type, uuid);
	open_any(&dev, uuid);
	writer_start(&writer, text ?: uuid, path, uuid);
	if (!writer_blocks(&writer))
		return NEVER_MS;
	start = now_ms();
	vfio_dev_close(&dev);
	return result_in(&writer, 0, start);
}

static long round_close_remover(void)
{
	return round_close(TEST_PARENT, TEST_TYPE("request"),
			   MDEV_DEVICES "/%s/remove", "1");
}

static long round_close_unbinder(void)
{
	return round_close(TEST_PARENT, TEST_TYPE("request"),
			   MDEV_DRIVERS "/vfio_mdev/unbind", NULL);
}

static long round_close_parent(void)
{
	__test_vendor_run("register-extra");
	return round_close(TEST_PARENT2, TEST_TYPE("plain"),
			   "/sys/class/mdev_test/mdev_test_control/run",
			   "unregister-extra");
}

static int __use(const char *uuid, bool use)
{
	return __file_puts(use ? "1" : "0", MDEV_DEVICES "/%s/use", uuid);
}

/* A device of the test bus driver, in use */
static void create_used(const char *parent, char uuid[MDEV_UUID_SIZE])
{
	module_load(TEST_BUS);
	mdev_create_new(parent, TEST_TYPE("class-test"), uuid);
	MDEV_ASSERT(!__use(uuid, true), "%s cannot be used", uuid);
}

static long round_close_driver(void)
{
	char uuid[MDEV_UUID_SIZE];
	long start;
	pid_t pid;

	create_used(TEST_PARENT, uuid);
	test_calls_begin(TEST_BUS);
	pid = unload(TEST_BUS);
	if (!WAIT_FOR(strstr(test_calls(TEST_BUS, uuid), "request")))
		return NEVER_MS;
	start = now_ms();
	__use(uuid, false);
	return driver_ends_in(pid, start);
}

/* A signal does, and the device can be opened, and removed, right then. */
static long round_signal(const char *fmt, const char *text, bool killed)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
	struct vfio_dev dev;
	long start, ms;
	int fd;

	mdev_create_new(TEST_PARENT, TEST_TYPE("request"), uuid);
	open_any(&dev, uuid);
	writer_start(&writer, text ?: uuid, fmt, uuid);
	if (!writer_blocks(&writer))
		return NEVER_MS;
	start = now_ms();
	if (killed)
		kill(writer.pid, SIGKILL);
	else
		writer_interrupt(&writer);
	ms = result_in(&writer, killed ? -ESHUTDOWN : -EINTR, start);
	fd = __vfio_dev_get_fd(&dev);
	if (dev.way == &vfio_dev_by_group && fd < 0)
		return NEVER_MS;
	close(fd);
	vfio_dev_close(&dev);
	return __mdev_remove(uuid) ? NEVER_MS : ms;
}

static long round_interrupted_remover(void)
{
	return round_signal(MDEV_DEVICES "/%s/remove", "1", false);
}

static long round_killed_remover(void)
{
	return round_signal(MDEV_DEVICES "/%s/remove", "1", true);
}

static long round_interrupted_unbinder(void)
{
	return round_signal(MDEV_DRIVERS "/vfio_mdev/unbind", NULL, false);
}

static long round_killed_unbinder(void)
{
	return round_signal(MDEV_DRIVERS "/vfio_mdev/unbind", NULL, true);
}

/* Who comes second, or wants to open it again, is told at once. */
static long round_too_late(void)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
	struct vfio_dev dev;
	long start, ms;

	mdev_create_new(TEST_PARENT, TEST_TYPE("request"), uuid);
	open_any(&dev, uuid);
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", uuid);
	if (!writer_blocks(&writer))
		return NEVER_MS;
	start = now_ms();
	if (__mdev_remove(uuid) != -ENODEV)
		return NEVER_MS;
	if (dev.way == &vfio_dev_by_group && __vfio_dev_get_fd(&dev) != -ENODEV)
		return NEVER_MS;
	ms = now_ms() - start;
	vfio_dev_close(&dev);
	return writer_result(&writer, WAIT_LONG_MS) ? NEVER_MS : ms;
}

/* Somebody creates a device that takes long to bind. */
static void create_slowly(struct writer *creator, const char *parent,
			  char uuid[MDEV_UUID_SIZE], long ms)
{
	mdev_new_uuid(uuid);
	module_set_param(TEST_BUS, "probe_ms", ms);
	writer_start(creator, uuid, MDEV_TYPES("%s") "/%s/create", parent,
		     TEST_TYPE("class-test"));
	MDEV_ASSERT(WAIT_FOR(file_exists(MDEV_DEVICES "/%s/remove", uuid)),
		    "%s is not created", uuid);
}

/* Whoever wants to remove the device meanwhile does when it is complete. */
static long round_created_for_a_remover(void)
{
	struct writer creator, remover;
	char uuid[MDEV_UUID_SIZE];

	create_slowly(&creator, TEST_PARENT, uuid, SLOW_MS);
	writer_start(&remover, "1", MDEV_DEVICES "/%s/remove", uuid);
	if (writer_result(&creator, WAIT_LONG_MS))
		return NEVER_MS;
	return result_in(&remover, 0, 0);
}

/* Until then he may give up, as he who waits for a user may. */
static long round_created_for_nobody(void)
{
	struct writer creator, remover;
	char uuid[MDEV_UUID_SIZE];
	long ms;

	create_slowly(&creator, TEST_PARENT, uuid, 5 * SLOW_MS);
	writer_start(&remover, "1", MDEV_DEVICES "/%s/remove", uuid);
	if (!writer_blocks(&remover))
		return NEVER_MS;
	writer_interrupt(&remover);
	ms = result_in(&remover, -EINTR, 0);
	if (writer_result(&creator, WAIT_LONG_MS) || __mdev_remove(uuid))
		return NEVER_MS;
	return ms;
}

static long round_created_for_an_unbinder(void)
{
	struct writer creator, unbinder;
	char uuid[MDEV_UUID_SIZE];

	create_slowly(&creator, TEST_PARENT, uuid, SLOW_MS);
	writer_start(&unbinder, uuid, MDEV_DRIVERS "/" TEST_BUS "/unbind");
	if (writer_result(&creator, WAIT_LONG_MS))
		return NEVER_MS;
	/* It was not bound yet if he came early. */
	if (writer_result(&unbinder, 10 * prompt_ms()) == WRITER_RUNNING)
		return NEVER_MS;
	return 0;
}

/* So does its parent that goes. */
static long round_created_for_a_parent(void)
{
	struct writer creator, withdrawer;
	char uuid[MDEV_UUID_SIZE];

	__test_vendor_run("register-extra");
	create_slowly(&creator, TEST_PARENT2, uuid, SLOW_MS);
	withdraw(&withdrawer);
	if (!writer_blocks(&withdrawer))
		return NEVER_MS;
	writer_result(&creator, WAIT_LONG_MS);
	return result_in(&withdrawer, 0, 0);
}

/* Somebody binds a device, which takes long, when its parent goes. */
static long round_bound_for_a_parent(void)
{
	struct writer binder, withdrawer;
	char uuid[MDEV_UUID_SIZE];

	__test_vendor_run("register-extra");
	module_set_param(TEST_BUS, "probe_ms", 0);
	mdev_create_new(TEST_PARENT2, TEST_TYPE("class-test"), uuid);
	file_puts(uuid, MDEV_DRIVERS "/" TEST_BUS "/unbind");
	module_set_param(TEST_BUS, "probe_ms", SLOW_MS);
	test_calls_begin(TEST_BUS);
	writer_start(&binder, uuid, MDEV_DRIVERS "/" TEST_BUS "/bind");
	if (!WAIT_FOR(strstr(test_calls(TEST_BUS, uuid), "probe")))
		return NEVER_MS;
	withdraw(&withdrawer);
	if (writer_result(&binder, WAIT_LONG_MS) == WRITER_RUNNING)
		return NEVER_MS;
	return result_in(&withdrawer, 0, 0);
}

/*
 * Two want to remove a device, and the first one takes long to ask its user: when he has,
 * the other one is told that he comes too late or, if nobody can be asked, is told that.
 */
static long round_asked_for_another(bool askable, int expected)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer one, two;
	long start, ms;

	create_used(TEST_PARENT, uuid);
	module_set_param(TEST_BUS, "askable", askable);
	module_set_param(TEST_BUS, "request_ms", SLOW_MS);
	test_calls_begin(TEST_BUS);
	writer_start(&one, "1", MDEV_DEVICES "/%s/remove", uuid);
	if (!WAIT_FOR(strstr(test_calls(TEST_BUS, uuid), "request")))
		return NEVER_MS;
	start = now_ms();
	writer_start(&two, "1", MDEV_DEVICES "/%s/remove", uuid);
	if (writer_blocks(&two))
		module_set_param(TEST_BUS, "request_ms", 0);
	ms = result_in(&two, expected, start) - SLOW_MS;
	module_set_param(TEST_BUS, "request_ms", 0);
	__use(uuid, false);
	writer_result(&one, WAIT_LONG_MS);
	return ms;
}

static long round_asked(void)
{
	return round_asked_for_another(true, -ENODEV);
}

static long round_refused(void)
{
	return round_asked_for_another(false, -EBUSY);
}

/* Nor has he to wait until it is gone, which may take long, once the first one has it. */
static long round_claimed(void)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer one, two;
	long start, ms;

	mdev_create_new(TEST_PARENT, TEST_TYPE("class-test"), uuid);
	module_set_param(TEST_BUS, "claim_ms", SLOW_MS);
	/* Long beside what is allowed, where that costs nothing */
	module_set_param(TEST_BUS, "withdraw_ms", virtual_time() ? 5 * SLOW_MS : 0);
	test_calls_begin(TEST_BUS);
	writer_start(&one, "1", MDEV_DEVICES "/%s/remove", uuid);
	if (!WAIT_FOR(strstr(test_calls(TEST_BUS, uuid), "claim")))
		return NEVER_MS;
	start = now_ms();
	writer_start(&two, "1", MDEV_DEVICES "/%s/remove", uuid);
	ms = result_in(&two, -ENODEV, start) - SLOW_MS;
	module_set_param(TEST_BUS, "claim_ms", 0);
	module_set_param(TEST_BUS, "withdraw_ms", 0);
	return writer_result(&one, WAIT_LONG_MS) ? NEVER_MS : ms;
}

FIXTURE_VARIANT_ADD(prompt, remove) { .round = round_remove };
FIXTURE_VARIANT_ADD(prompt, unbind_and_bind) { .round = round_unbind_and_bind };
FIXTURE_VARIANT_ADD(prompt, parent) { .round = round_parent };
FIXTURE_VARIANT_ADD(prompt, driver) { .round = round_driver };
FIXTURE_VARIANT_ADD(prompt, close_remover) { .round = round_close_remover };
FIXTURE_VARIANT_ADD(prompt, close_unbinder) { .round = round_close_unbinder };
FIXTURE_VARIANT_ADD(prompt, close_parent) { .round = round_close_parent };
FIXTURE_VARIANT_ADD(prompt, close_driver) { .round = round_close_driver };
FIXTURE_VARIANT_ADD(prompt, interrupted_remover) {
	.round = round_interrupted_remover
};

FIXTURE_VARIANT_ADD(prompt, killed_remover) { .round = round_killed_remover };
FIXTURE_VARIANT_ADD(prompt, interrupted_unbinder) {
	.round = round_interrupted_unbinder
};

FIXTURE_VARIANT_ADD(prompt, killed_unbinder) { .round = round_killed_unbinder };
FIXTURE_VARIANT_ADD(prompt, too_late) { .round = round_too_late };
FIXTURE_VARIANT_ADD(prompt, created_for_a_remover) {
	.round = round_created_for_a_remover
};

FIXTURE_VARIANT_ADD(prompt, created_for_nobody) {
	.round = round_created_for_nobody
};

FIXTURE_VARIANT_ADD(prompt, created_for_an_unbinder) {
	.round = round_created_for_an_unbinder
};

FIXTURE_VARIANT_ADD(prompt, created_for_a_parent) {
	.round = round_created_for_a_parent
};

FIXTURE_VARIANT_ADD(prompt, bound_for_a_parent) {
	.round = round_bound_for_a_parent
};

FIXTURE_VARIANT_ADD(prompt, asked) { .round = round_asked };
FIXTURE_VARIANT_ADD(prompt, claimed) { .round = round_claimed };
FIXTURE_VARIANT_ADD(prompt, refused) { .round = round_refused };

/* Nobody is left to the next look, which may be ten seconds later. */
TEST_F(prompt, is_in_time)
{
	long ms = NEVER_MS;
	int i;

	for (i = 0; i < ROUNDS && ms > prompt_ms(); i++) {
		ms = variant->round();
		ASSERT_NE(NEVER_MS, ms);
	}
	EXPECT_LE(ms, prompt_ms());
}

TEST_HARNESS_MAIN
