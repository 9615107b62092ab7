// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at the same time: creating, opening, removing, registering and
 * unloading. Nothing may get lost, stuck or counted wrongly.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define MAX_THREADS 8

/* How long threads work against each other, and how much they get done at least */
#define RACE_MS 2000
#define RACE_CALLS 10

/**
 * struct race - what the threads of a race share
 * @stop: they are to end
 * @uuid: the UUIDs that they fight for
 * @parent: where devices are created
 * @type: of which type
 * @allowed: results that are in order
 * @unexpected: a result that is not
 * @done: how many of the calls succeeded
 */
struct race {
	volatile bool stop;
	char uuid[6][MDEV_UUID_SIZE];
	const char *parent;
	const char *type;
	const int *allowed;
	int unexpected;
	volatile int done;
};

static void note_result(struct race *race, int ret)
{
	const int *allowed;

	if (!ret) {
		__atomic_fetch_add(&race->done, 1, __ATOMIC_RELAXED);
		return;
	}
	for (allowed = race->allowed; *allowed; allowed++)
		if (ret == *allowed)
			return;
	__atomic_store_n(&race->unexpected, ret, __ATOMIC_RELAXED);
}

static void *create_all_the_time(void *arg)
{
	struct race *race = arg;
	unsigned int i;
	int ret;

	for (i = 0; !race->stop; i = (i + 1) % ARRAY_SIZE(race->uuid)) {
		ret = __mdev_create(race->parent, race->type, race->uuid[i]);
		note_result(race, ret);
		/* The parent is away: it comes sooner if others have the processor. */
		if (ret == -ENOENT)
			usleep(1000);
	}
	return NULL;
}

static void *remove_all_the_time(void *arg)
{
	struct race *race = arg;
	unsigned int i;

	for (i = 0; !race->stop; i = (i + 1) % ARRAY_SIZE(race->uuid))
		note_result(race, __mdev_remove(race->uuid[i]));
	return NULL;
}

static void *open_all_the_time(void *arg)
{
	struct race *race = arg;
	struct vfio_dev dev;
	unsigned int i;

	/* Whether it can be opened is another question, and may change. */
	for (i = 0; !race->stop; i = (i + 1) % ARRAY_SIZE(race->uuid))
		if (!__vfio_dev_open(&dev, race->uuid[i]))
			vfio_dev_close(&dev);
	return NULL;
}

static void start_threads(struct race *race, pthread_t *threads, int n,
			  void *(*fn)(void *))
{
	int i, ret;

	for (i = 0; i < n; i++) {
		ret = pthread_create(&threads[i], NULL, fn, race);
		MDEV_ASSERT(!ret, "thread: %s", strerror(ret));
	}
}

static void join_threads(struct race *race, pthread_t *threads, int n)
{
	race->stop = true;
	while (n--)
		pthread_join(threads[n], NULL);
}

/* On a machine that is slow it takes longer to get something done. */
static void let_them_race(const struct race *race)
{
	usleep(RACE_MS * 1000);
	WAIT_FOR_MS(race->done > RACE_CALLS, 60000);
}

static void init_race(struct race *race, const char *parent, const char *type,
		      const int *allowed)
{
	unsigned int i;

	memset(race, 0, sizeof(*race));
	race->parent = parent;
	race->type = type;
	race->allowed = allowed;
	for (i = 0; i < ARRAY_SIZE(race->uuid); i++)
		mdev_new_uuid(race->uuid[i]);
}

FIXTURE(races) {
	struct race race;
	pthread_t threads[MAX_THREADS];
	long unreleased;
};

FIXTURE_SETUP(races)
{
	test_vendor_setup();
	self->unreleased = test_vendor_unreleased();
	__test_vendor_run("unregister-extra");
}

FIXTURE_TEARDOWN(races)
{
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
	EXPECT_EQ(self->unreleased, test_vendor_unreleased());
}

/* Every device that is there afterwards can be removed, by one write. */
static int remove_leftovers(struct race *race)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(race->uuid); i++) {
		if (!mdev_exists(race->uuid[i]))
			continue;
		ret = __mdev_remove(race->uuid[i]);
		if (ret)
			return ret;
		if (mdev_exists(race->uuid[i]))
			return -EEXIST;
	}
	return 0;
}

/* Two threads fight for one UUID and two remove it: the same. */
TEST_F(races, one_uuid)
{
	static const int allowed[] = { -EEXIST, -ENODEV, -ENOENT, 0 };
	unsigned int i;

	init_race(&self->race, TEST_PARENT, TEST_TYPE("plain"), allowed);
	for (i = 1; i < ARRAY_SIZE(self->race.uuid); i++)
		memcpy(self->race.uuid[i], self->race.uuid[0], MDEV_UUID_SIZE);
	start_threads(&self->race, self->threads, 2, create_all_the_time);
	start_threads(&self->race, self->threads + 2, 2, remove_all_the_time);
	let_them_race(&self->race);
	join_threads(&self->race, self->threads, 4);
	EXPECT_EQ(0, self->race.unexpected);
	EXPECT_GT(self->race.done, RACE_CALLS);
	EXPECT_EQ(0, remove_leftovers(&self->race));
}

/* Others open and close meanwhile: a remover finds the device busy at worst. */
TEST_F(races, open_against_remove)
{
	static const int allowed[] = {
		-EEXIST, -ENODEV, -ENOENT, -EBUSY, 0
	};

	init_race(&self->race, TEST_PARENT, TEST_TYPE("plain"), allowed);
	start_threads(&self->race, self->threads, 2, create_all_the_time);
	start_threads(&self->race, self->threads + 2, 1, remove_all_the_time);
	start_threads(&self->race, self->threads + 3, 2, open_all_the_time);
	let_them_race(&self->race);
	join_threads(&self->race, self->threads, 5);
	EXPECT_EQ(0, self->race.unexpected);
	EXPECT_GT(self->race.done, RACE_CALLS);
	EXPECT_EQ(0, remove_leftovers(&self->race));
}

/* A parent comes and goes under its creators' hands, and takes all devices. */
TEST_F(races, create_against_unregister)
{
	static const int allowed[] = { -EEXIST, -ENODEV, -ENOENT, 0 };
	unsigned int i, j;

	init_race(&self->race, TEST_PARENT2, TEST_TYPE("plain"), allowed);
	start_threads(&self->race, self->threads, 2, create_all_the_time);
	start_threads(&self->race, self->threads + 2, 1, remove_all_the_time);
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, __test_vendor_run("register-extra"));
		usleep(20000);
		WAIT_FOR(self->race.done);
		ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
		ASSERT_FALSE(mdev_parent_exists(TEST_PARENT2));
		for (j = 0; j < ARRAY_SIZE(self->race.uuid); j++)
			ASSERT_FALSE(mdev_exists(self->race.uuid[j]));
	}
	join_threads(&self->race, self->threads, 3);
	EXPECT_EQ(0, self->race.unexpected);
	EXPECT_GT(self->race.done, 0);
}

static void *register_once(void *arg)
{
	struct race *race = arg;

	note_result(race, __test_vendor_run("register-extra"));
	return NULL;
}

/* One device is registered by several at a time: one of them succeeds. */
TEST_F(races, register_against_register)
{
	static const int allowed[] = { -EEXIST, 0 };
	unsigned int i;

	for (i = 0; i < 20; i++) {
		init_race(&self->race, TEST_PARENT2, NULL, allowed);
		start_threads(&self->race, self->threads, 3, register_once);
		join_threads(&self->race, self->threads, 3);
		EXPECT_EQ(1, self->race.done);
		EXPECT_EQ(0, self->race.unexpected);
		ASSERT_EQ(0, __test_vendor_run("unregister-extra"));
	}
}

/* Devices that are removed while their user closes them are gone, every one. */
TEST_F(races, remove_against_close)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
	struct vfio_dev dev;
	int i;

	for (i = 0; i < 20; i++) {
		mdev_create_new(TEST_PARENT, TEST_TYPE("request"), uuid);
		vfio_dev_open(&dev, uuid);
		writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", uuid);
		usleep(1000 * i);
		vfio_dev_close(&dev);
		ASSERT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
		ASSERT_FALSE(mdev_exists(uuid));
	}
}

/*
 * Opens the character device over and over, and keeps it once the device begins to go:
 * past the last look at who uses it, if there is such a thing.
 */
static pid_t hold_at_the_last_moment(const char *uuid)
{
	struct vfio_dev dev = VFIO_DEV_CLOSED;
	char path[128];
	pid_t pid;
	int fd;

	MDEV_ASSERT(!__vfio_dev_attach(&dev, &vfio_dev_by_cdev, uuid),
		    "no character device");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dev.cdev);
	pid = fork();
	if (pid) {
		vfio_dev_close(&dev);
		return pid;
	}

	fd = open(path, O_PATH | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	vfio_dev_close(&dev);
	for (;;) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && !file_exists(MDEV_TYPES(TEST_PARENT) "/"
					    TEST_TYPE("request") "/devices/%s",
					    uuid))
			pause();
		close(fd);
	}
}

/* Nobody gets in so late that the writer of "remove" waits for him. */
TEST_F(races, character_device_against_remove)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
	pid_t pid;
	int i;

	module_load("vfio_mdev");
	if (!vfio_dev_by_cdev.available())
		SKIP(return, "no character devices");
	for (i = 0; i < 30; i++) {
		mdev_create_new(TEST_PARENT, TEST_TYPE("request"), uuid);
		pid = hold_at_the_last_moment(uuid);
		usleep(5000);
		writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", uuid);
		EXPECT_EQ(0, writer_result(&writer, 10000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ASSERT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
		EXPECT_FALSE(mdev_exists(uuid));
	}
}

/* What needs no more than mtty, and is to hold for it */
FIXTURE(ports) {
	struct race race;
	pthread_t threads[MAX_THREADS];
};

FIXTURE_SETUP(ports)
{
	mtty_setup();
}

FIXTURE_TEARDOWN(ports)
{
	mdev_remove_all(MTTY_PARENT);
	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
}

/*
 * Three threads create six devices, two remove them: no device is lost or stuck,
 * no port of the parent either.
 */
TEST_F(ports, create_against_remove)
{
	static const int allowed[] = { -EEXIST, -ENODEV, -ENOENT, 0 };

	init_race(&self->race, MTTY_PARENT, MTTY_TYPE1, allowed);
	start_threads(&self->race, self->threads, 3, create_all_the_time);
	start_threads(&self->race, self->threads + 3, 2, remove_all_the_time);
	let_them_race(&self->race);
	join_threads(&self->race, self->threads, 5);
	EXPECT_EQ(0, self->race.unexpected);
	EXPECT_GT(self->race.done, RACE_CALLS);
	EXPECT_EQ(0, remove_leftovers(&self->race));
	EXPECT_EQ(0, mdev_count(MTTY_PARENT, MTTY_TYPE1));
}

/* A vendor's module comes and goes under its creators' hands. */
TEST_F(ports, create_against_module_unload)
{
	static const int allowed[] = { -EEXIST, -ENODEV, -ENOENT, 0 };
	unsigned int i, j;

	init_race(&self->race, MTTY_PARENT, MTTY_TYPE1, allowed);
	start_threads(&self->race, self->threads, 2, create_all_the_time);
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, __module_unload("mtty"));
		for (j = 0; j < ARRAY_SIZE(self->race.uuid); j++)
			ASSERT_FALSE(mdev_exists(self->race.uuid[j]));
		module_load("mtty");
		usleep(20000);
		WAIT_FOR(self->race.done);
	}
	join_threads(&self->race, self->threads, 2);
	EXPECT_EQ(0, self->race.unexpected);
	EXPECT_GT(self->race.done, 0);
}

/* Each thread asks for six new devices of the type. */
static void *create_six(void *arg)
{
	char uuid[MDEV_UUID_SIZE];
	struct race *race = arg;
	int i;

	for (i = 0; i < 6; i++) {
		mdev_new_uuid(uuid);
		note_result(race, __mdev_create(race->parent, race->type,
						uuid));
	}
	return NULL;
}

/* Forty-eight creates at once on twenty-four ports: exactly as many succeed. */
TEST_F(ports, limit_is_exact)
{
	static const int allowed[] = { -EUSERS, 0 };
	int i;

	for (i = 0; i < 3; i++) {
		init_race(&self->race, MTTY_PARENT, MTTY_TYPE1, allowed);
		start_threads(&self->race, self->threads, 8, create_six);
		join_threads(&self->race, self->threads, 8);
		EXPECT_EQ(MTTY_PORTS, self->race.done);
		EXPECT_EQ(0, self->race.unexpected);
		EXPECT_EQ(MTTY_PORTS, mdev_count(MTTY_PARENT, MTTY_TYPE1));
		EXPECT_EQ(0, mdev_available(MTTY_PARENT, MTTY_TYPE1));
		mdev_remove_all(MTTY_PARENT);
		EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	}
}

/* Types of different size share the ports: none is lost, none used twice. */
TEST_F(ports, limit_of_two_types)
{
	static const int allowed[] = { -EUSERS, 0 };
	struct race two;
	int used;

	init_race(&self->race, MTTY_PARENT, MTTY_TYPE1, allowed);
	init_race(&two, MTTY_PARENT, MTTY_TYPE2, allowed);
	start_threads(&self->race, self->threads, 3, create_six);
	start_threads(&two, self->threads + 3, 3, create_six);
	join_threads(&self->race, self->threads, 6);
	EXPECT_EQ(0, self->race.unexpected);
	EXPECT_EQ(0, two.unexpected);
	used = self->race.done + 2 * two.done;
	EXPECT_LE(used, MTTY_PORTS);
	EXPECT_EQ(MTTY_PORTS - used, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ((MTTY_PORTS - used) / 2,
		  mdev_available(MTTY_PARENT, MTTY_TYPE2));
}

TEST_HARNESS_MAIN
