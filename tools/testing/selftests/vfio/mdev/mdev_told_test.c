// SPDX-License-Identifier: GPL-2.0-only
/*
 * What vendors and bus drivers are told of a device: each callback once, in order, with
 * the arguments that its cause had; and that their answers arrive as they are
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

/* An ioctl number of VFIO's that nobody uses */
#define UNKNOWN_IOCTL	_IO(VFIO_TYPE, VFIO_BASE + 99)
#define TEST_PAGE	4096

/* How often the user of a device is asked to let go of it */
#define REQUEST_INTERVAL_MS	10000

#define REMOVE_FILE	MDEV_DEVICES "/%s/remove"
#define RUN_FILE	"/sys/class/mdev_test/mdev_test_control/run"

/* Module and device whose calls a test looks at */
#define VENDOR_CALLS	test_calls(TEST_VENDOR, self->uuid)
#define BUS_CALLS	test_calls(TEST_BUS, self->uuid)

FIXTURE(vendor) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct writer writer;
};

FIXTURE_SETUP(vendor)
{
	module_load("vfio_mdev");
	module_load(TEST_BUS);
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	self->dev = VFIO_DEV_CLOSED;
	mdev_new_uuid(self->uuid);
	test_calls_begin(TEST_VENDOR);
}

FIXTURE_TEARDOWN(vendor)
{
	vfio_dev_close(&self->dev);
	module_set_param(TEST_BUS, "probe_errno", 0);
	module_set_param(TEST_VENDOR, "create_errno", ENOSPC);
	__test_vendor_run("unregister-extra");
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
}

/* All that can be done to a device, each of it once */
TEST_F(vendor, of_a_whole_life)
{
	struct vfio_region_info info;
	char buf[100] = { };
	void *mem;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	EXPECT_STREQ("create plain " TEST_PARENT, VENDOR_CALLS);
	vfio_dev_open(&self->dev, self->uuid);
	EXPECT_EQ(77, pread(self->dev.fd, buf, 77, 1234));
	EXPECT_EQ(3, pwrite(self->dev.fd, buf, 3, 4093));
	EXPECT_EQ(0, __vfio_dev_region(&self->dev, 0, &info));
	EXPECT_EQ(-1, ioctl(self->dev.fd, UNKNOWN_IOCTL, 0x123456789abcL));
	EXPECT_EQ(0, __vfio_dev_reset(&self->dev));
	mem = mmap(NULL, TEST_PAGE, PROT_READ, MAP_SHARED, self->dev.fd, 0);
	EXPECT_NE(MAP_FAILED, mem);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 3 * TEST_PAGE, PROT_READ, MAP_SHARED,
				   self->dev.fd, 5 * TEST_PAGE));
	munmap(mem, TEST_PAGE);
	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);
	EXPECT_STREQ("create plain " TEST_PARENT "\nopen\nread 1234 77\nwrite 4093 3\nregion 0\n"
		     "ioctl 99 0x123456789abc\nioctl 11 0x0\nmmap 0 1\nmmap 5 3\n"
		     "release\nremove", VENDOR_CALLS);
}

/* Where the file stands is up to the vendor, who is told and says so. */
TEST_F(vendor, of_where_the_file_stands)
{
	char buf[8];

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	test_calls_begin(TEST_VENDOR);
	EXPECT_EQ(4, read(self->dev.fd, buf, 4));
	EXPECT_EQ(2, write(self->dev.fd, buf, 2));
	EXPECT_EQ(8, read(self->dev.fd, buf, 8));
	EXPECT_STREQ("read 0 4\nwrite 4 2\nread 6 8", VENDOR_CALLS);
}

/* Binding and unbinding is between the core and the bus driver. */
TEST_F(vendor, nothing_of_a_binding)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	EXPECT_STREQ("create plain " TEST_PARENT, VENDOR_CALLS);
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	mdev_remove(self->uuid);
	EXPECT_STREQ("create plain " TEST_PARENT "\nremove", VENDOR_CALLS);
}

/* open() that fails is not followed by release(), as remove() is no create(). */
TEST_F(vendor, of_what_failed)
{
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("fail-open"), self->uuid);
	EXPECT_NE(0, __vfio_dev_open(&dev, self->uuid));
	mdev_remove(self->uuid);
	EXPECT_STREQ("create fail-open " TEST_PARENT "\nopen\nremove", VENDOR_CALLS);

	test_calls_begin(TEST_VENDOR);
	EXPECT_NE(0, __mdev_create(TEST_PARENT, TEST_TYPE("fail-create"),
				   self->uuid));
	EXPECT_STREQ("create fail-create " TEST_PARENT, VENDOR_CALLS);

	test_calls_begin(TEST_VENDOR);
	module_set_param(TEST_BUS, "probe_errno", EIO);
	EXPECT_EQ(-EIO, __mdev_create(TEST_PARENT, TEST_TYPE("class-test"),
				      self->uuid));
	EXPECT_STREQ("create class-test " TEST_PARENT "\nremove", VENDOR_CALLS);
}

/* A UUID that is taken, and one that is none, is none of its business. */
TEST_F(vendor, nothing_of_mistakes)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	test_calls_begin(TEST_VENDOR);
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("request"),
					 self->uuid));
	EXPECT_EQ(-EINVAL, __mdev_create(TEST_PARENT, TEST_TYPE("request"),
					 self->uuid + 1));
	EXPECT_EQ(-EINVAL, __file_puts("x", REMOVE_FILE, self->uuid));
	EXPECT_EQ(0, __file_puts("0", REMOVE_FILE, self->uuid));
	EXPECT_STREQ("", VENDOR_CALLS);
}

/* Once it is gone, whoever holds its group has nothing of it. */
TEST_F(vendor, nothing_after_remove)
{
	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, &vfio_dev_by_group,
				       self->uuid));
	mdev_remove(self->uuid);
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_STREQ("create plain " TEST_PARENT "\nremove", VENDOR_CALLS);
}

/* Until when a request that is to come has come, or is late */
static void pass_time(int requests)
{
	usleep(1000 * (REQUEST_INTERVAL_MS * requests - REQUEST_INTERVAL_MS / 2));
}

/* A user is asked at once, then every ten seconds, and each time is counted. */
TEST_F(vendor, requests_and_their_number)
{
	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	test_calls_begin(TEST_VENDOR);
	writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_STREQ("request 0", VENDOR_CALLS);
	if (virtual_time()) {
		pass_time(3);
		EXPECT_STREQ("request 0\nrequest 1\nrequest 2", VENDOR_CALLS);
		test_calls_begin(TEST_VENDOR);
	}
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ(virtual_time() ? "release\nremove" :
		     "request 0\nrelease\nremove", VENDOR_CALLS);
}

/* Whoever gives up asks no more; the next one who asks begins anew. */
TEST_F(vendor, requests_end_when_somebody_gives_up)
{
	int i;

	mdev_create(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	for (i = 0; i < 2; i++) {
		test_calls_begin(TEST_VENDOR);
		writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
		ASSERT_TRUE(writer_blocks(&self->writer));
		writer_interrupt(&self->writer);
		EXPECT_EQ(-EINTR, writer_result(&self->writer, WAIT_LONG_MS));
		if (virtual_time())
			pass_time(2);
		EXPECT_STREQ("request 0", VENDOR_CALLS);
	}
	if (!virtual_time())
		return;
	test_calls_begin(TEST_VENDOR);
	writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
	pass_time(2);
	EXPECT_STREQ("request 0\nrequest 1", VENDOR_CALLS);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* A parent that goes asks as a writer of "remove" does. */
TEST_F(vendor, requests_of_a_parent_that_goes)
{
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create(TEST_PARENT2, TEST_TYPE("request"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	test_calls_begin(TEST_VENDOR);
	writer_start(&self->writer, "unregister-extra", RUN_FILE);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_TRUE(WAIT_FOR(!strcmp("request 0", VENDOR_CALLS)));
	if (virtual_time()) {
		pass_time(2);
		EXPECT_STREQ("request 0\nrequest 1", VENDOR_CALLS);
	}
	test_calls_begin(TEST_VENDOR);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ("release\nremove", VENDOR_CALLS);
}

/* One who cannot be asked is told nothing until he lets go. */
TEST_F(vendor, nothing_without_request)
{
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	test_calls_begin(TEST_VENDOR);
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	writer_start(&self->writer, "unregister-extra", RUN_FILE);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_STREQ("", VENDOR_CALLS);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ("release\nremove", VENDOR_CALLS);
}

FIXTURE(answer) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
};

FIXTURE_VARIANT(answer) {
	int err;
};

FIXTURE_VARIANT_ADD(answer, eperm) { .err = EPERM };
FIXTURE_VARIANT_ADD(answer, eio) { .err = EIO };
FIXTURE_VARIANT_ADD(answer, eagain) { .err = EAGAIN };
FIXTURE_VARIANT_ADD(answer, enodev) { .err = ENODEV };
FIXTURE_VARIANT_ADD(answer, enotty) { .err = ENOTTY };
FIXTURE_VARIANT_ADD(answer, none) { .err = 0 };
/* What reading, writing and ioctls may well answer */
FIXTURE_VARIANT_ADD(answer, number) { .err = -5 };

FIXTURE_SETUP(answer)
{
	module_load("vfio_mdev");
	test_vendor_setup();
	mdev_create_new(TEST_PARENT, TEST_TYPE("fail-ops"), self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	module_set_param(TEST_VENDOR, "op_errno", variant->err);
}

FIXTURE_TEARDOWN(answer)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_PARENT);
}

static int __ioctl(int fd, unsigned long cmd)
{
	int ret = ioctl(fd, cmd, 0);

	return ret < 0 ? -errno : ret;
}

static int __map(int fd)
{
	void *mem = mmap(NULL, TEST_PAGE, PROT_READ, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, TEST_PAGE);
	return 0;
}

/* Nothing takes a callback's answer for another one; a number is no errno. */
TEST_F(answer, arrives_as_it_is)
{
	int mistaken = variant->err < 0 ? -EINVAL : -variant->err;
	struct vfio_region_info info;
	char buf[8];

	EXPECT_EQ(-variant->err,
		  __vfio_dev_pread(&self->dev, 0, buf, sizeof(buf)));
	EXPECT_EQ(-variant->err,
		  __vfio_dev_pwrite(&self->dev, 0, buf, sizeof(buf)));
	EXPECT_EQ(-variant->err, __ioctl(self->dev.fd, UNKNOWN_IOCTL));
	EXPECT_EQ(mistaken, __vfio_dev_region(&self->dev, 0, &info));
	EXPECT_EQ(mistaken, __map(self->dev.fd));
}

FIXTURE(bus) {
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
};

FIXTURE_SETUP(bus)
{
	module_load(TEST_BUS);
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	test_calls_begin(TEST_BUS);
	mdev_create_new(TEST_PARENT, TEST_TYPE("class-test"), self->uuid);
	EXPECT_STREQ("probe", BUS_CALLS);
	test_calls_begin(TEST_BUS);
}

FIXTURE_TEARDOWN(bus)
{
	module_load(TEST_BUS);
	module_set_param(TEST_BUS, "held", 0);
	module_set_param(TEST_BUS, "askable", 1);
	module_set_param(TEST_BUS, "request_ms", 0);
	module_set_param(TEST_BUS, "probe_ms", 0);
	module_set_param(TEST_BUS, "claim_ms", 0);
	module_set_param(TEST_BUS, "withdraw_ms", 0);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, module_param(TEST_BUS, "misordered"));
}

static int __use(const char *uuid, bool use)
{
	return __file_puts(use ? "1" : "0", MDEV_DEVICES "/%s/use", uuid);
}

/* Nobody uses the device: it is claimed, withdrawn and let go of, each once. */
TEST_F(bus, of_a_removal)
{
	mdev_remove(self->uuid);
	EXPECT_STREQ("claim\nwithdraw\nremove", BUS_CALLS);
}

TEST_F(bus, of_unbind_and_bind)
{
	file_puts(self->uuid, MDEV_DRIVERS "/" TEST_BUS "/unbind");
	EXPECT_STREQ("claim\nwithdraw\nremove", BUS_CALLS);
	file_puts(self->uuid, MDEV_DRIVERS "/" TEST_BUS "/bind");
	EXPECT_STREQ("claim\nwithdraw\nremove\nprobe", BUS_CALLS);
	test_calls_begin(TEST_BUS);
	file_puts(self->uuid, MDEV_DRIVERS "/" TEST_BUS "/unbind");
	EXPECT_STREQ("claim\nwithdraw\nremove", BUS_CALLS);
	/* What it does not have it is not asked about. */
	mdev_remove(self->uuid);
	EXPECT_STREQ("claim\nwithdraw\nremove", BUS_CALLS);
}

/* Whoever is being bound is claimed like who is bound, when that is done. */
TEST_F(bus, of_a_removal_while_it_binds)
{
	struct writer binder;

	file_puts(self->uuid, MDEV_DRIVERS "/" TEST_BUS "/unbind");
	test_calls_begin(TEST_BUS);
	module_set_param(TEST_BUS, "probe_ms", 500);
	writer_start(&binder, self->uuid, MDEV_DRIVERS "/" TEST_BUS "/bind");
	ASSERT_TRUE(WAIT_FOR(strstr(BUS_CALLS, "probe")));
	mdev_remove(self->uuid);
	EXPECT_EQ(0, writer_result(&binder, WAIT_LONG_MS));
	EXPECT_STREQ("probe\nclaim\nwithdraw\nremove", BUS_CALLS);
}

/* Withdrawing may take long, so nobody has to wait for the lock of the device meanwhile. */
TEST_F(bus, withdraws_without_the_lock)
{
	module_set_param(TEST_BUS, "withdraw_ms", 500);
	writer_start(&self->writer, self->uuid,
		     MDEV_DRIVERS "/" TEST_BUS "/unbind");
	ASSERT_TRUE(WAIT_FOR(strstr(BUS_CALLS, "withdraw")));
	EXPECT_EQ(0, file_long(MDEV_DEVICES "/%s/vendor/locked", self->uuid));
	EXPECT_STREQ("claim\nwithdraw", BUS_CALLS);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
}

/* A user is asked before anything is claimed. */
TEST_F(bus, of_a_user)
{
	EXPECT_EQ(0, __use(self->uuid, true));
	writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_STREQ("request 0", BUS_CALLS);
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ("request 0\nclaim\nwithdraw\nremove", BUS_CALLS);
}

/* So is one who comes while the device is being claimed. */
TEST_F(bus, of_a_user_who_comes_late)
{
	module_set_param(TEST_BUS, "claim_ms", 500);
	writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
	ASSERT_TRUE(WAIT_FOR(strstr(BUS_CALLS, "claim")));
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_TRUE(WAIT_FOR_MS(strstr(BUS_CALLS, "request 0"), 5000));
	EXPECT_STREQ("claim\nrequest 0", BUS_CALLS);
	module_set_param(TEST_BUS, "claim_ms", 0);
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ("claim\nrequest 0\nclaim\nwithdraw\nremove", BUS_CALLS);
}

/* One of whom the core does not know is asked as well, and waited for. */
TEST_F(bus, of_a_user_of_its_own)
{
	module_set_param(TEST_BUS, "held", 1);
	writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
	ASSERT_TRUE(writer_blocks(&self->writer));
	EXPECT_STREQ("request 0", BUS_CALLS);
	module_set_param(TEST_BUS, "held", 0);
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ("request 0\nclaim\nwithdraw\nremove", BUS_CALLS);
}

/* How often it is looked for that user within a second */
static int looks_in_a_second(void)
{
	module_set_param(TEST_BUS, "looks", 0);
	sleep(1);
	return module_param(TEST_BUS, "looks");
}

/*
 * He is looked for often at first, as he may be about to go; less often when he stays; and
 * the next time as the first time.
 */
TEST_F(bus, looks_for_a_user_of_its_own)
{
	int i;

	if (!virtual_time())
		SKIP(return, "a second has to be one");
	module_set_param(TEST_BUS, "held", 1);
	for (i = 0; i < 2; i++) {
		writer_start(&self->writer, "1", REMOVE_FILE, self->uuid);
		ASSERT_TRUE(writer_blocks(&self->writer));
		EXPECT_GT(looks_in_a_second(), 20);
		sleep(2);
		EXPECT_LE(looks_in_a_second(), 15);
		writer_interrupt(&self->writer);
		EXPECT_EQ(-EINTR, writer_result(&self->writer, WAIT_LONG_MS));
		EXPECT_EQ(0, looks_in_a_second());
	}
}

/* Whoever cannot be asked is asked that, once. */
TEST_F(bus, of_a_user_who_stays)
{
	module_set_param(TEST_BUS, "askable", 0);
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	EXPECT_STREQ("request 0", BUS_CALLS);
	EXPECT_EQ(0, __use(self->uuid, false));
	mdev_remove(self->uuid);
	EXPECT_STREQ("request 0\nclaim\nwithdraw\nremove", BUS_CALLS);
}

/* A writer of "remove", when the user is being asked again, which takes a second */
static void start_asking(struct writer *writer, const char *uuid)
{
	MDEV_ASSERT(!__use(uuid, true), "%s cannot be used", uuid);
	writer_start(writer, "1", REMOVE_FILE, uuid);
	MDEV_ASSERT(writer_blocks(writer), "nobody waits to remove %s", uuid);
	module_set_param(TEST_BUS, "request_ms", 1000);
	MDEV_ASSERT(WAIT_FOR(strstr(test_calls(TEST_BUS, uuid), "request 1")),
		    "nobody is asked again");
}

/* The same, who is interrupted then */
static void interrupt_while_asking(struct writer *writer, const char *uuid)
{
	start_asking(writer, uuid);
	writer_interrupt(writer);
}

/* Whoever gives up has nobody asked any more when he is told so. */
TEST_F(bus, nothing_after_giving_up)
{
	long start;

	if (!virtual_time())
		SKIP(return, "takes longer than a request does");
	interrupt_while_asking(&self->writer, self->uuid);
	start = now_ms();
	EXPECT_EQ(-EINTR, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_GT(now_ms() - start, 500);
	EXPECT_EQ(0, __use(self->uuid, true));
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, __use(self->uuid, false));
}

/* A user may let go while he is asked: nothing is left of the device, then, either. */
TEST_F(bus, of_a_user_who_goes_when_asked)
{
	int refs;

	if (!virtual_time())
		SKIP(return, "takes longer than a request does");
	/* Those who were here before */
	wait_for_late_releases();
	refs = module_refcnt("mdev");
	start_asking(&self->writer, self->uuid);
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_STREQ("request 0\nrequest 1\nclaim\nwithdraw\nremove", BUS_CALLS);
	EXPECT_TRUE(WAIT_FOR_MS(module_refcnt("mdev") < refs, WAIT_LATE_MS));
}

/* If the user lets go before that, it is as if nobody had given up. */
TEST_F(bus, giving_up_too_late)
{
	if (!virtual_time())
		SKIP(return, "takes longer than a request does");
	interrupt_while_asking(&self->writer, self->uuid);
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(0, writer_result(&self->writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_STREQ("request 0\nrequest 1\nclaim\nwithdraw\nremove", BUS_CALLS);
}

/* A parent that goes is nothing else to the driver than a writer of "remove". */
TEST_F(bus, of_a_parent_that_goes)
{
	char uuid[MDEV_UUID_SIZE];

	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create_new(TEST_PARENT2, TEST_TYPE("class-test"), uuid);
	test_calls_begin(TEST_BUS);
	ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
	EXPECT_STREQ("claim\nwithdraw\nremove", test_calls(TEST_BUS, uuid));
}

/* The calls outlive the driver of the bus by as much as it takes to read them. */
static pid_t unregister_driver(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	_exit(-__module_unload(TEST_BUS));
}

/*
 * It goes: whoever uses a device is asked, and then it lets go of it. Whoever waits for
 * that to happen is told, once.
 */
TEST_F(bus, of_its_own_end)
{
	struct klog log;
	int status;
	pid_t pid;

	EXPECT_EQ(0, __use(self->uuid, true));
	klog_begin(&log);
	pid = unregister_driver();
	EXPECT_TRUE(WAIT_FOR(!strcmp("request 0", BUS_CALLS)));
	EXPECT_TRUE(WAIT_FOR((klog_read(&log),
			      klog_has(&log, "driver " TEST_BUS, "in use", NULL))));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	if (virtual_time()) {
		pass_time(2);
		EXPECT_STREQ("request 0\nrequest 1", BUS_CALLS);
	}
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, TEST_BUS)) TH_LOG("%s", log.text);
	EXPECT_EQ(0, __use(self->uuid, false));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(mdev_driver_is_gone(TEST_BUS));
}

TEST_HARNESS_MAIN
