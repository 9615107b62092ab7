// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uevents: whoever hears of a device finds it complete, and hears of no device
 * that never was
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define NR_CREATES 100
#define NR_OPENS 20
#define NR_RACES 4

/* How long binding a device takes where somebody is to wait for it */
#define PROBE_MS 200

/**
 * struct listener - a thread that looks at a device when it is announced
 * @thread: it
 * @fd: its socket
 * @stop: set to end it
 * @added: ADD events so far, the last of them of the device @name
 * @incomplete: how many of them had something missing
 * @missing: what the last of these lacked
 */
struct listener {
	pthread_t thread;
	int fd;
	volatile bool stop;
	volatile int added;
	volatile int incomplete;
	const char *missing;
};

/* What a device lacks of all that tools look for, or NULL */
static const char *missing_part(const struct uevent *event, const char *uuid)
{
	char driver[64];

	if (strcmp(uevent_get(event, "MODALIAS"), "mdev:c01"))
		return "MODALIAS";
	if (!file_exists(MDEV_DEVICES "/%s", uuid))
		return "entry on the bus";
	if (!file_exists(MDEV_DEVICES "/%s/mdev_type", uuid))
		return "mdev_type";
	if (!file_exists(MDEV_DEVICES "/%s/mdev_type/devices/%s", uuid, uuid))
		return "link in devices/";
	if (!file_exists(MDEV_DEVICES "/%s/iommu_group", uuid))
		return "iommu_group";
	if (!file_exists(MDEV_DEVICES "/%s/remove", uuid))
		return "remove";
	if (!file_exists(MDEV_DEVICES "/%s/vendor/behaviour", uuid))
		return "attributes of the vendor";
	mdev_driver(uuid, driver, sizeof(driver));
	if (strcmp(driver, "vfio_mdev"))
		return "driver";
	return NULL;
}

static void look_at(struct listener *listener, const struct uevent *event)
{
	const char *missing, *uuid;

	if (strcmp(uevent_get(event, "SUBSYSTEM"), "mdev") ||
	    strcmp(uevent_get(event, "ACTION"), "add"))
		return;

	uuid = strrchr(uevent_get(event, "DEVPATH"), '/');
	missing = uuid ? missing_part(event, uuid + 1) : "DEVPATH";
	if (missing) {
		listener->missing = missing;
		listener->incomplete++;
	}
	listener->added++;
}

static void *listen_and_look(void *arg)
{
	struct listener *listener = arg;
	struct uevent event;

	while (!listener->stop)
		if (uevent_next(listener->fd, 100, &event))
			look_at(listener, &event);
	return NULL;
}

FIXTURE(uevent) {
	int fd;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(uevent)
{
	test_vendor_setup();
	mdev_new_uuid(self->uuid);
	self->fd = uevent_open();
}

FIXTURE_TEARDOWN(uevent)
{
	close(self->fd);
}

/* Waits for an event; false if it does not come. */
static bool wait_event(int fd, const char *action, const char *name,
		       struct uevent *event)
{
	long end = now_ms() + WAIT_LONG_MS;

	while (now_ms() < end)
		if (uevent_next(fd, 100, event) &&
		    uevent_is(event, action, name))
			return true;
	return false;
}

/* Takes all events there are, and counts those that name the device. */
static int count_events(int fd, const char *uuid)
{
	struct uevent event;
	int n = 0;

	while (uevent_next(fd, WAIT_SHORT_MS, &event))
		if (strstr(uevent_get(&event, "DEVPATH"), uuid))
			n++;
	return n;
}

/* A hundred devices, each looked at by another thread as soon as it is told. */
TEST_F(uevent, add_comes_when_all_is_there)
{
	struct listener listener = { .fd = self->fd };
	char uuid[MDEV_UUID_SIZE];
	int i;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	ASSERT_EQ(0, pthread_create(&listener.thread, NULL, listen_and_look,
				    &listener));
	for (i = 1; i <= NR_CREATES; i++) {
		mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
		if (!WAIT_FOR(listener.added >= i))
			break;
		mdev_remove(uuid);
	}
	listener.stop = true;
	pthread_join(listener.thread, NULL);
	EXPECT_EQ(NR_CREATES, listener.added);
	EXPECT_EQ(0, listener.incomplete)
		TH_LOG("%s was missing", listener.missing);
}

/* One ADD and one REMOVE for a device, in this order, and one BIND between. */
TEST_F(uevent, life_of_a_device)
{
	struct uevent event;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	EXPECT_TRUE(wait_event(self->fd, "add", self->uuid, &event));
	EXPECT_STREQ("mdev", uevent_get(&event, "SUBSYSTEM"));
	EXPECT_STREQ("mdev:c01", uevent_get(&event, "MODALIAS"));
	EXPECT_TRUE(wait_event(self->fd, "bind", self->uuid, &event));
	EXPECT_STREQ("vfio_mdev", uevent_get(&event, "DRIVER"));
	EXPECT_EQ(0, count_events(self->fd, self->uuid));

	mdev_remove(self->uuid);
	EXPECT_TRUE(wait_event(self->fd, "remove", self->uuid, &event));
	EXPECT_STREQ("mdev:c01", uevent_get(&event, "MODALIAS"));
	while (uevent_next(self->fd, WAIT_SHORT_MS, &event)) {
		EXPECT_FALSE(uevent_is(&event, "add", self->uuid));
		EXPECT_FALSE(uevent_is(&event, "remove", self->uuid));
	}
}

/* Of the calling thread: before whom, or behind whom, it runs where processors lack */
static void set_policy(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	MDEV_ASSERT(!sched_setscheduler(0, policy, &param), "scheduling: %s",
		    strerror(errno));
}

/**
 * struct opener - a thread that acts when it is told of something, before who tells it
 *		   has done anything else
 * @thread: it
 * @fd: its socket
 * @act: what it does with each event
 * @stop: set to end it
 * @told: events so far of which it was to do something
 * @ret: what came of that if it failed
 */
struct opener {
	pthread_t thread;
	int fd;
	void (*act)(struct opener *opener, const struct uevent *event);
	volatile bool stop;
	volatile int told;
	int ret;
};

static void open_what_is_told(struct opener *opener, const struct uevent *event)
{
	const char *uuid = strrchr(uevent_get(event, "DEVPATH"), '/');
	bool bind = !strcmp(uevent_get(event, "ACTION"), "bind");
	const struct vfio_dev_way *way = &vfio_dev_by_group;
	struct vfio_dev dev;
	int ret;

	if (strcmp(uevent_get(event, "SUBSYSTEM"), "mdev") || !uuid ||
	    (!bind && strcmp(uevent_get(event, "ACTION"), "add")))
		return;
	if (bind && vfio_dev_by_cdev.available())
		way = &vfio_dev_by_cdev;
	ret = __vfio_dev_open_by(&dev, way, uuid + 1);
	if (ret)
		opener->ret = ret;
	else
		vfio_dev_close(&dev);
	opener->told++;
}

static void *listen_and_act(void *arg)
{
	struct opener *opener = arg;
	struct uevent event;

	set_policy(SCHED_FIFO, 1);
	while (!opener->stop)
		if (uevent_next(opener->fd, 100, &event))
			opener->act(opener, &event);
	return NULL;
}

/* Whoever hears of ADD, or of BIND, can open the device. */
TEST_F(uevent, can_be_opened_when_told_of)
{
	struct opener opener = { .fd = self->fd, .act = open_what_is_told };
	char uuid[MDEV_UUID_SIZE];
	int i;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	module_load("vfio_mdev");
	ASSERT_EQ(0, pthread_create(&opener.thread, NULL, listen_and_act,
				    &opener));
	for (i = 1; i <= NR_OPENS; i++) {
		mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
		if (!WAIT_FOR(opener.told >= 2 * i))
			break;
		mdev_remove(uuid);
	}
	opener.stop = true;
	pthread_join(opener.thread, NULL);
	EXPECT_EQ(2 * NR_OPENS, opener.told);
	EXPECT_EQ(0, opener.ret);
}

/*
 * Each event has these, and nothing else: the driver as long as there is one, and the
 * alias unless it is UNBIND, of which the kernel thinks that nobody should load a module
 */
static bool is_complete(const struct uevent *event)
{
	bool unbind = !strcmp(uevent_get(event, "ACTION"), "unbind");
	bool driver = *uevent_get(event, "DRIVER");
	bool alias = *uevent_get(event, "MODALIAS");

	return !strcmp(uevent_get(event, "SUBSYSTEM"), "mdev") &&
	       *uevent_get(event, "SEQNUM") && alias == !unbind &&
	       uevent_keys(event) == 4 + driver + alias;
}

/* The next one before the event that the reader had sent */
static bool next_but_mark(int fd, struct uevent *event)
{
	return uevent_next(fd, WAIT_LONG_MS, event) &&
	       !uevent_is(event, "change", "mdev_test_control");
}

/*
 * What comes of a device and of the parent of that name, in order: the actions, with
 * its driver if it has one, or the state of the parent
 */
static const char *story(int fd, const char *uuid, const char *parent)
{
	static char text[1024];
	struct uevent event;
	const char *name, *more;
	size_t len = 0;

	text[0] = '\0';
	/* What comes before this event has come when it does. */
	file_puts("change", "/sys/class/mdev_test/mdev_test_control/uevent");
	while (next_but_mark(fd, &event)) {
		name = strrchr(uevent_get(&event, "DEVPATH"), '/');
		if (!name || (strcmp(name + 1, uuid) && strcmp(name + 1, parent)))
			continue;
		more = uevent_get(&event, "MDEV_STATE");
		if (!*more)
			more = uevent_get(&event, "DRIVER");
		else if (strcmp(name + 1, parent))
			more = "state of a device";
		len += snprintf(text + len, sizeof(text) - len, "%s%s%s\n",
				uevent_get(&event, "ACTION"), *more ? " " : "",
				more);
		if (!strcmp(name + 1, uuid) && !is_complete(&event))
			len += snprintf(text + len, sizeof(text) - len,
					"has other variables\n");
	}
	return text;
}

/* All of a device's events, each once, with all that is in them */
TEST_F(uevent, all_of_a_life)
{
	module_load("vfio_mdev");
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	EXPECT_STREQ("add vfio_mdev\nbind vfio_mdev\n",
		     story(self->fd, self->uuid, ""));
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_STREQ("unbind\n", story(self->fd, self->uuid, ""));
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	EXPECT_STREQ("bind vfio_mdev\n", story(self->fd, self->uuid, ""));
	mdev_remove(self->uuid);
	EXPECT_STREQ("unbind\nremove\n", story(self->fd, self->uuid, ""));
}

/* A bind that fails and mistakes of others are not told. */
TEST_F(uevent, nothing_of_what_is_refused)
{
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	story(self->fd, self->uuid, "");
	vfio_dev_open(&dev, self->uuid);
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
	EXPECT_EQ(-EBUSY, __file_puts(self->uuid,
				      MDEV_DRIVERS "/vfio_mdev/unbind"));
	vfio_dev_close(&dev);
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	EXPECT_STREQ("", story(self->fd, self->uuid, TEST_PARENT));
	mdev_remove(self->uuid);
}

/*
 * Somebody waits to remove the device from before it is complete, or comes when he hears
 * of it, and gets it, with all that comes of that, as soon as its creator lets go of it.
 * Whoever hears of it takes the processor from the creator at ADD and at BIND.
 */
TEST_F_TIMEOUT(uevent, removal_does_not_overtake_creation, 240)
{
	struct writer creator, remover;
	int ear = uevent_open();
	struct uevent event;
	int i;

	module_load(TEST_BUS);
	module_set_param(TEST_BUS, "probe_ms", PROBE_MS);
	for (i = 0; i < NR_RACES; i++) {
		mdev_new_uuid(self->uuid);
		set_policy(SCHED_IDLE, 0);
		writer_start(&creator, self->uuid, MDEV_TYPES(TEST_PARENT) "/"
			     TEST_TYPE("class-test") "/create");
		set_policy(SCHED_OTHER, 0);
		EXPECT_TRUE(WAIT_FOR(file_exists(MDEV_DEVICES "/%s/remove",
						 self->uuid)));
		if (i % 2)
			EXPECT_TRUE(wait_event(ear, "add", self->uuid, &event));
		writer_start(&remover, "1", MDEV_DEVICES "/%s/remove",
			     self->uuid);
		if (i % 2 == 0)
			EXPECT_TRUE(wait_event(ear, "add", self->uuid, &event));
		EXPECT_TRUE(wait_event(ear, "bind", self->uuid, &event));
		EXPECT_EQ(0, writer_result(&remover, WAIT_LONG_MS));
		EXPECT_EQ(0, writer_result(&creator, WAIT_LONG_MS));
		EXPECT_STREQ("add " TEST_BUS "\nbind " TEST_BUS "\nunbind\nremove\n",
			     story(self->fd, self->uuid, ""));
	}
	module_set_param(TEST_BUS, "probe_ms", 0);
	close(ear);
}

/* The alias has the class of the device. */
TEST_F(uevent, modalias_of_another_class)
{
	struct uevent event;

	mdev_create(TEST_PARENT, TEST_TYPE("class-test"), self->uuid);
	EXPECT_TRUE(wait_event(self->fd, "add", self->uuid, &event));
	EXPECT_STREQ("mdev:c7F", uevent_get(&event, "MODALIAS"));
	mdev_remove(self->uuid);
}

/* Unbinding and binding is announced, and is not a device that comes or goes. */
TEST_F(uevent, unbind_and_bind)
{
	struct uevent event;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	EXPECT_TRUE(wait_event(self->fd, "bind", self->uuid, &event));
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_TRUE(wait_event(self->fd, "unbind", self->uuid, &event));
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	EXPECT_TRUE(wait_event(self->fd, "bind", self->uuid, &event));
	mdev_remove(self->uuid);
}

FIXTURE(failed_create) {
	int fd;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_VARIANT(failed_create) {
	const char *type;
	int probe_errno;
	int err;
};

FIXTURE_VARIANT_ADD(failed_create, by_vendor) {
	.type = TEST_TYPE("fail-create"),
	.err = -ENOSPC,
};

FIXTURE_VARIANT_ADD(failed_create, no_class) {
	.type = TEST_TYPE("no-class"),
	.err = -EINVAL,
};

FIXTURE_VARIANT_ADD(failed_create, no_ops) {
	.type = TEST_TYPE("no-ops"),
	.err = -EINVAL,
};

FIXTURE_VARIANT_ADD(failed_create, unserved_class) {
	.type = TEST_TYPE("class-none"),
	.err = -ENODEV,
};

FIXTURE_VARIANT_ADD(failed_create, by_probe) {
	.type = TEST_TYPE("class-test"),
	.probe_errno = EIO,
	.err = -EIO,
};

FIXTURE_SETUP(failed_create)
{
	test_vendor_setup();
	module_load(TEST_BUS);
	module_set_param(TEST_VENDOR, "create_errno", ENOSPC);
	module_set_param(TEST_BUS, "probe_errno", variant->probe_errno);
	mdev_new_uuid(self->uuid);
	self->fd = uevent_open();
}

FIXTURE_TEARDOWN(failed_create)
{
	module_set_param(TEST_BUS, "probe_errno", 0);
	close(self->fd);
}

/* Nobody hears of a device whose creation failed, neither ADD nor REMOVE. */
TEST_F(failed_create, is_silent)
{
	ASSERT_EQ(variant->err, __mdev_create(TEST_PARENT, variant->type,
					      self->uuid));
	EXPECT_EQ(0, count_events(self->fd, self->uuid));
}

/* Where the types of the second parent are before it is in /sys/class/mdev_bus */
#define EXTRA_TYPES	"/sys/class/mdev_test/" TEST_PARENT2 "/mdev_supported_types"

FIXTURE(parent) {
	int fd;
};

FIXTURE_SETUP(parent)
{
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	self->fd = uevent_open();
}

FIXTURE_TEARDOWN(parent)
{
	module_set_param(TEST_VENDOR, "register_ms", 0);
	__test_vendor_run("unregister-extra");
	close(self->fd);
}

/* Waits for the CHANGE event by which a parent tells its state. */
static bool wait_state(int fd, const char *parent, const char *state,
		       struct uevent *event)
{
	while (wait_event(fd, "change", parent, event))
		if (!strcmp(uevent_get(event, "MDEV_STATE"), state))
			return true;
	return false;
}

/* A parent announces when it can be used, and when it no longer can. */
TEST_F(parent, tells_its_state)
{
	struct uevent event;

	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	EXPECT_TRUE(wait_state(self->fd, TEST_PARENT2, "registered", &event));
	EXPECT_STREQ("mdev_test", uevent_get(&event, "SUBSYSTEM"));
	ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
	EXPECT_TRUE(wait_state(self->fd, TEST_PARENT2, "unregistered",
			       &event));
}

static void create_where_told(struct opener *opener, const struct uevent *event)
{
	char uuid[MDEV_UUID_SIZE];
	int ret;

	if (strcmp(uevent_get(event, "MDEV_STATE"), "registered"))
		return;
	mdev_new_uuid(uuid);
	ret = __mdev_create(TEST_PARENT2, TEST_TYPE("plain"), uuid);
	if (ret)
		opener->ret = ret;
	else
		mdev_remove(uuid);
	opener->told++;
}

/* Whoever hears that it can be used can create a device. */
TEST_F(parent, can_be_used_when_told_of)
{
	struct opener opener = { .fd = self->fd, .act = create_where_told };

	ASSERT_EQ(0, pthread_create(&opener.thread, NULL, listen_and_act, &opener));
	EXPECT_EQ(0, __test_vendor_run("register-extra"));
	EXPECT_TRUE(WAIT_FOR(opener.told));
	opener.stop = true;
	pthread_join(opener.thread, NULL);
	EXPECT_EQ(0, opener.ret);
	EXPECT_EQ(0, __test_vendor_run("unregister-extra"));
}

/* It does so before the first of its devices is there, and after the last has gone. */
TEST_F(parent, tells_its_state_around_its_devices)
{
	char uuid[MDEV_UUID_SIZE];

	module_load("vfio_mdev");
	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create_new(TEST_PARENT2, TEST_TYPE("plain"), uuid);
	ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
	ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
	EXPECT_STREQ("change registered\nadd vfio_mdev\nbind vfio_mdev\nunbind\n"
		     "remove\nchange unregistered\n",
		     story(self->fd, uuid, TEST_PARENT2));
}

/* A registration that fails is nobody's news. */
TEST_F(parent, tells_nothing_of_a_failure)
{
	EXPECT_EQ(-EEXIST, __test_vendor_run("register-main"));
	EXPECT_EQ(-EEXIST, __test_vendor_run("register-same-types"));
	EXPECT_EQ(-EINVAL, __test_vendor_run("register-no-types"));
	EXPECT_STREQ("", story(self->fd, TEST_PARENT, TEST_PARENT2));
}

/* The same when the vendor's module comes and goes. */
TEST_F(parent, tells_of_its_module)
{
	struct uevent event;

	module_unload(TEST_VENDOR);
	EXPECT_TRUE(wait_state(self->fd, TEST_PARENT, "unregistered", &event));
	module_load(TEST_VENDOR);
	EXPECT_TRUE(wait_state(self->fd, TEST_PARENT, "registered", &event));
}

/* Its types are there before, and nothing can be created while it may still fail. */
TEST_F(parent, cannot_be_used_before)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;

	module_set_param(TEST_VENDOR, "register_ms", 500);
	writer_start(&writer, "register-extra",
		     "/sys/class/mdev_test/mdev_test_control/run");
	EXPECT_TRUE(WAIT_FOR(file_exists(EXTRA_TYPES "/" TEST_TYPE("plain")
					 "/create")));
	usleep(100000);
	mdev_new_uuid(uuid);
	EXPECT_EQ(-ENODEV, __file_puts(uuid, EXTRA_TYPES "/" TEST_TYPE("plain")
				       "/create"));
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_EQ(0, __mdev_create(TEST_PARENT2, TEST_TYPE("plain"), uuid));
}

/* mdevctl starts devices as soon as it hears of the parent: that has to work. */
TEST_F(parent, can_be_used_when_announced)
{
	char uuid[MDEV_UUID_SIZE];
	struct uevent event;
	struct writer writer;
	int i;

	for (i = 0; i < 10; i++) {
		writer_start(&writer, "register-extra",
			     "/sys/class/mdev_test/mdev_test_control/run");
		ASSERT_TRUE(wait_state(self->fd, TEST_PARENT2, "registered",
				       &event));
		mdev_new_uuid(uuid);
		EXPECT_EQ(0, __mdev_create(TEST_PARENT2, TEST_TYPE("plain"),
					   uuid));
		EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
		ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
		EXPECT_FALSE(mdev_exists(uuid));
	}
}

TEST_HARNESS_MAIN
