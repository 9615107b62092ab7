// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types by description: the attributes that the core makes of one, and what it counts
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define VENDOR	"mdev_test_types"
#define POOL	VENDOR			/* the parent with a pool of six */
#define ASKED	"mdev_test_asked"	/* the one that asks its vendor */

#define ONE	VENDOR "-one"		/* takes one of the pool */
#define THREE	VENDOR "-three"		/* takes three */
#define PAIR	VENDOR "-pair"		/* two, and nothing of the pool */
#define BOTH	VENDOR "-both"		/* two, each of which takes two */

FIXTURE(types) {
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(types)
{
	module_load(TEST_BUS);
	module_load(VENDOR);
	module_set_param(VENDOR, "create_errno", 0);
	module_set_param(VENDOR, "available", 5);
	module_set_param(TEST_BUS, "probe_errno", 0);
	mdev_remove_all(POOL);
	mdev_remove_all(ASKED);
	mdev_new_uuid(self->uuid);
}

FIXTURE_TEARDOWN(types)
{
	module_set_param(VENDOR, "create_errno", 0);
	module_set_param(TEST_BUS, "probe_errno", 0);
	mdev_remove_all(POOL);
	mdev_remove_all(ASKED);
	EXPECT_EQ(0, module_param(VENDOR, "late"));
}

static const char *text(const char *parent, const char *type, const char *name)
{
	static char buf[128];

	file_gets(buf, sizeof(buf), MDEV_TYPES("%s") "/%s/%s", parent, type,
		  name);
	return buf;
}

static int mode(const char *name)
{
	return file_mode(MDEV_TYPES(POOL) "/" ONE "/%s", name) & 0777;
}

static bool has(const char *parent, const char *type, const char *name)
{
	return file_exists(MDEV_TYPES("%s") "/%s/%s", parent, type, name);
}

/* What tools read, as the vendor said it; what he left out is made up or missing. */
TEST_F(types, have_attributes)
{
	EXPECT_STREQ("One unit", text(POOL, ONE, "name"));
	EXPECT_STREQ("Takes a unit of the pool", text(POOL, ONE, "description"));
	EXPECT_STREQ("test-api", text(POOL, ONE, "device_api"));
	EXPECT_STREQ("0", text(POOL, ONE, "extra"));
	EXPECT_STREQ("three", text(POOL, THREE, "name"));
	EXPECT_FALSE(has(POOL, THREE, "description"));
	EXPECT_FALSE(has(POOL, THREE, "extra"));
	EXPECT_STREQ("Asked about pair", text(ASKED, ASKED "-pair",
					      "description"));
}

/* They are for reading, and cannot be written even by who may do anything. */
TEST_F(types, attributes_are_read_only)
{
	EXPECT_EQ(0444, mode("name"));
	EXPECT_EQ(0444, mode("device_api"));
	EXPECT_EQ(0444, mode("available_instances"));
	EXPECT_EQ(0444, mode("description"));
	EXPECT_EQ(-EACCES, __file_puts("1", MDEV_TYPES(POOL) "/" ONE
				       "/available_instances"));
}

/* A vendor's callbacks know the type of a device by its description. */
TEST_F(types, are_known_to_the_device)
{
	char buf[64];

	mdev_create(POOL, THREE, self->uuid);
	file_gets(buf, sizeof(buf), MDEV_DEVICES "/%s/type", self->uuid);
	EXPECT_STREQ("three", buf);
}

static void expect_left(struct __test_metadata *_metadata, long one, long three,
			long pair, long both)
{
	EXPECT_EQ(one, mdev_available(POOL, ONE));
	EXPECT_EQ(three, mdev_available(POOL, THREE));
	EXPECT_EQ(pair, mdev_available(POOL, PAIR));
	EXPECT_EQ(both, mdev_available(POOL, BOTH));
}

/* What one type takes of the pool, others lack; a limit is of one type alone. */
TEST_F(types, share_the_pool)
{
	char uuid2[MDEV_UUID_SIZE], uuid3[MDEV_UUID_SIZE];

	expect_left(_metadata, 6, 2, 2, 2);
	mdev_create(POOL, ONE, self->uuid);
	expect_left(_metadata, 5, 1, 2, 2);
	mdev_create_new(POOL, THREE, uuid2);
	expect_left(_metadata, 2, 0, 2, 1);
	mdev_create_new(POOL, PAIR, uuid3);
	expect_left(_metadata, 2, 0, 1, 1);
	mdev_remove(uuid2);
	expect_left(_metadata, 5, 1, 1, 2);
	mdev_remove(uuid3);
	mdev_remove(self->uuid);
	expect_left(_metadata, 6, 2, 2, 2);
}

/* Where nothing is left, a create is refused, and one of another type is not. */
TEST_F(types, refuse_what_there_is_no_room_for)
{
	char uuid[3][MDEV_UUID_SIZE];

	mdev_create_new(POOL, PAIR, uuid[0]);
	mdev_create_new(POOL, PAIR, uuid[1]);
	EXPECT_EQ(-EUSERS, __mdev_create(POOL, PAIR, self->uuid));
	mdev_create_new(POOL, THREE, uuid[0]);
	mdev_create_new(POOL, ONE, uuid[1]);
	mdev_create_new(POOL, ONE, uuid[2]);
	EXPECT_EQ(-EUSERS, __mdev_create(POOL, THREE, self->uuid));
	EXPECT_EQ(-EUSERS, __mdev_create(POOL, BOTH, self->uuid));
	expect_left(_metadata, 1, 0, 0, 0);
	mdev_create(POOL, ONE, self->uuid);
	expect_left(_metadata, 0, 0, 0, 0);
}

/* Two at most, though the pool has units for three */
TEST_F(types, obey_the_smaller_limit)
{
	char uuid[2][MDEV_UUID_SIZE];

	mdev_create_new(POOL, BOTH, uuid[0]);
	mdev_create_new(POOL, BOTH, uuid[1]);
	EXPECT_EQ(0, mdev_available(POOL, BOTH));
	EXPECT_EQ(2, mdev_available(POOL, ONE));
	EXPECT_EQ(-EUSERS, __mdev_create(POOL, BOTH, self->uuid));
}

/* A create that fails, wherever, takes nothing. */
TEST_F(types, get_back_what_a_failure_took)
{
	module_set_param(VENDOR, "create_errno", ENOTUNIQ);
	EXPECT_EQ(-ENOTUNIQ, __mdev_create(POOL, THREE, self->uuid));
	expect_left(_metadata, 6, 2, 2, 2);
	module_set_param(VENDOR, "create_errno", 0);
	module_set_param(TEST_BUS, "probe_errno", EMLINK);
	EXPECT_EQ(-EMLINK, __mdev_create(POOL, BOTH, self->uuid));
	expect_left(_metadata, 6, 2, 2, 2);
	module_set_param(TEST_BUS, "probe_errno", 0);
	mdev_create(POOL, BOTH, self->uuid);
	EXPECT_EQ(-EEXIST, __mdev_create(POOL, BOTH, self->uuid));
	expect_left(_metadata, 4, 1, 2, 1);
}

/* The core's count refuses, and the log does not blame the vendor for it. */
TEST_F(types, are_said_to_be_used_up)
{
	char uuid2[MDEV_UUID_SIZE];
	struct klog log;

	mdev_create_new(POOL, THREE, uuid2);
	mdev_create_new(POOL, THREE, uuid2);
	klog_begin(&log);
	EXPECT_EQ(-EUSERS, __mdev_create(POOL, THREE, self->uuid));
	klog_end(&log);
	EXPECT_EQ(1, klog_lines(&log, self->uuid)) TH_LOG("%s", log.text);
	EXPECT_TRUE(klog_has(&log, self->uuid, "no instance is left", THREE));
	EXPECT_FALSE(klog_has(&log, self->uuid, "vendor", NULL));
}

/* Where the vendor is asked, he is believed, up to the limit of the type. */
TEST_F(types, ask_the_vendor)
{
	const char *type = ASKED "-pair";

	EXPECT_EQ(2, mdev_available(ASKED, type));
	module_set_param(VENDOR, "available", 1);
	EXPECT_EQ(1, mdev_available(ASKED, type));
	module_set_param(VENDOR, "available", 0);
	EXPECT_EQ(0, mdev_available(ASKED, type));
	/* To refuse is up to his create(). */
	EXPECT_EQ(0, __mdev_create(ASKED, type, self->uuid));
	module_set_param(VENDOR, "available", -1);
	EXPECT_EQ(1, mdev_available(ASKED, type));
}

/* A type that two parents share is counted for each. */
TEST_F(types, are_counted_for_each_parent)
{
	char uuid2[MDEV_UUID_SIZE];

	mdev_create(POOL, PAIR, self->uuid);
	mdev_create_new(POOL, PAIR, uuid2);
	EXPECT_EQ(0, mdev_available(POOL, PAIR));
	EXPECT_EQ(2, mdev_available(ASKED, ASKED "-pair"));
}

/*
 * Who polls the number is told when it changes, and not when it does not
 */

static int poll_open(const char *parent, const char *type)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), MDEV_TYPES("%s") "/%s/available_instances",
		 parent, type);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MDEV_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

static bool poll_tells(int fd, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };
	char buf[32];
	bool told;

	told = poll(&poll_fd, 1, ms) == 1 && (poll_fd.revents & POLLPRI);
	/* A read makes it ready to tell of the next change. */
	MDEV_ASSERT(lseek(fd, 0, SEEK_SET) == 0 &&
		    read(fd, buf, sizeof(buf)) > 0, "available_instances");
	return told;
}

TEST_F(types, tell_who_polls)
{
	int one = poll_open(POOL, ONE), three = poll_open(POOL, THREE);
	int pair = poll_open(POOL, PAIR), asked = poll_open(ASKED, ASKED "-any");

	poll_tells(one, 0);
	poll_tells(three, 0);
	poll_tells(pair, 0);
	poll_tells(asked, 0);

	mdev_create(POOL, ONE, self->uuid);
	EXPECT_TRUE(poll_tells(one, WAIT_LONG_MS));
	EXPECT_TRUE(poll_tells(three, WAIT_LONG_MS));
	EXPECT_FALSE(poll_tells(pair, 0));
	EXPECT_FALSE(poll_tells(asked, 0));
	EXPECT_FALSE(poll_tells(one, 0));

	mdev_remove(self->uuid);
	EXPECT_TRUE(poll_tells(one, WAIT_LONG_MS));
	EXPECT_TRUE(poll_tells(three, WAIT_LONG_MS));
	EXPECT_FALSE(poll_tells(pair, 0));

	mdev_create(ASKED, ASKED "-pair", self->uuid);
	EXPECT_TRUE(poll_tells(asked, WAIT_LONG_MS));
	EXPECT_FALSE(poll_tells(one, 0));
	close(one);
	close(three);
	close(pair);
	close(asked);
}

/*
 * Many create at once: as many succeed as there is room for
 */

#define CREATORS	16
#define ROUNDS		20

struct creator {
	pthread_t thread;
	pthread_barrier_t *start;
	const char *type;
	char uuid[MDEV_UUID_SIZE];
	int result;
};

static void *create_one(void *data)
{
	struct creator *creator = data;

	pthread_barrier_wait(creator->start);
	creator->result = __mdev_create(POOL, creator->type, creator->uuid);
	return NULL;
}

static int create_many(struct creator *creator, const char *type, int n)
{
	pthread_barrier_t start;
	int i, created = 0;

	pthread_barrier_init(&start, NULL, n);
	for (i = 0; i < n; i++) {
		creator[i].start = &start;
		creator[i].type = type;
		mdev_new_uuid(creator[i].uuid);
		MDEV_ASSERT(!pthread_create(&creator[i].thread, NULL, create_one,
					    &creator[i]), "no thread");
	}
	for (i = 0; i < n; i++) {
		pthread_join(creator[i].thread, NULL);
		created += !creator[i].result;
	}
	pthread_barrier_destroy(&start);
	return created;
}

static int refused(const struct creator *creator)
{
	int i, n = 0;

	for (i = 0; i < CREATORS; i++)
		n += creator[i].result == -EUSERS;
	return n;
}

TEST_F(types, are_not_given_out_twice)
{
	struct creator creator[CREATORS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(6, create_many(creator, ONE, CREATORS));
		EXPECT_EQ(CREATORS - 6, refused(creator));
		mdev_remove_all(POOL);
		EXPECT_EQ(2, create_many(creator, BOTH, CREATORS));
		EXPECT_EQ(CREATORS - 2, refused(creator));
		mdev_remove_all(POOL);
	}
	expect_left(_metadata, 6, 2, 2, 2);
}

TEST_HARNESS_MAIN
