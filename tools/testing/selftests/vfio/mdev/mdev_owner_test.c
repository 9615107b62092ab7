// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vendor whose module goes without unregistering its parents: the core says so, and
 * nothing of them is left for anybody to call
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define OWNER	"mdev_test_owner"	/* module, and its virtual parent */
#define OWNED	"mdev_test_owned"	/* a parent in a class of its own */
#define DEVM	"mdev_test_devm"	/* a parent with a driver */

FIXTURE(owner) {
	struct klog log;
	char uuid[3][MDEV_UUID_SIZE];
};

/* A driver that was unregistered has its name until it is freed. */
static void load(void)
{
	MDEV_ASSERT(WAIT_FOR(!file_exists("/sys/bus/platform/drivers/" DEVM)),
		    "driver %s is still there", DEVM);
	module_load(OWNER);
}

FIXTURE_SETUP(owner)
{
	module_load(TEST_BUS);
	load();
	module_set_param(OWNER, "forget", 0);
	mdev_create_new(OWNER, OWNER "-1", self->uuid[0]);
	mdev_create_new(OWNED, OWNED "-1", self->uuid[1]);
	mdev_create_new(DEVM, DEVM "-1", self->uuid[2]);
	klog_begin(&self->log);
}

FIXTURE_TEARDOWN(owner)
{
	module_unload_users(OWNER);
}

static int all_gone(char uuid[3][MDEV_UUID_SIZE])
{
	return !mdev_parent_exists(OWNER) && !mdev_parent_exists(OWNED) &&
	       !mdev_parent_exists(DEVM) && !mdev_exists(uuid[0]) &&
	       !mdev_exists(uuid[1]) && !mdev_exists(uuid[2]) &&
	       !file_exists("/sys/class/" OWNER) &&
	       !file_exists("/sys/class/" OWNED) &&
	       !file_exists("/sys/devices/platform/" DEVM);
}

/* Who unregisters is nobody's news; one who has devm for that need not. */
TEST_F(owner, unregisters)
{
	ASSERT_EQ(0, __module_unload(OWNER));
	EXPECT_TRUE(all_gone(self->uuid));
	klog_end(&self->log);
	EXPECT_EQ(0, klog_lines(&self->log, "did not call"))
		TH_LOG("%s", self->log.text);
	EXPECT_EQ(3, klog_lines(&self->log, "remove() was called"))
		TH_LOG("%s", self->log.text);
}

/* Who forgets is named for each parent. Devices go, and remove() is not called. */
TEST_F(owner, forgets)
{
	module_load("mnull");
	module_set_param(OWNER, "forget", 1);
	ASSERT_EQ(0, __module_unload(OWNER));
	EXPECT_TRUE(all_gone(self->uuid));
	klog_end(&self->log);
	EXPECT_EQ(2, klog_lines(&self->log, "did not call"))
		TH_LOG("%s", self->log.text);
	EXPECT_TRUE(klog_has(&self->log, "module " OWNER " goes", OWNER ":",
			     NULL));
	EXPECT_TRUE(klog_has(&self->log, "module " OWNER " goes", OWNED ":",
			     NULL));
	EXPECT_EQ(1, klog_lines(&self->log, "remove() was called"))
		TH_LOG("%s", self->log.text);
	/* Of others, nothing is touched. */
	EXPECT_TRUE(mdev_parent_exists("mnull"));

	/* Nothing that is left is in the way of the next one. */
	load();
	mdev_create(OWNER, OWNER "-1", self->uuid[0]);
	mdev_create(OWNED, OWNED "-1", self->uuid[1]);
	EXPECT_EQ(3, mdev_available(OWNER, OWNER "-1"));
}

/* Files of the vendor's and of the core's, held open meanwhile, are dead. */
TEST_F(owner, forgets_files)
{
	static const char * const paths[] = {
		MDEV_TYPES(OWNER) "/" OWNER "-1/extra",
		MDEV_TYPES(OWNED) "/" OWNED "-1/extra",
		MDEV_TYPES(OWNER) "/" OWNER "-1/available_instances",
		MDEV_TYPES(OWNED) "/" OWNED "-1/description",
		MDEV_PARENTS "/" OWNER "/owner/mark",
		MDEV_PARENTS "/" OWNED "/owner/mark",
	};
	char path[128], buf[64];
	int fds[8];
	unsigned int i;

	for (i = 0; i < 6; i++)
		fds[i] = open(paths[i], O_RDONLY);
	for (; i < 8; i++) {
		snprintf(path, sizeof(path), MDEV_DEVICES "/%s/owner/mark",
			 self->uuid[i - 6]);
		fds[i] = open(path, O_RDONLY);
	}
	for (i = 0; i < 8; i++)
		ASSERT_LT(0, pread(fds[i], buf, sizeof(buf), 0));

	module_set_param(OWNER, "forget", 1);
	ASSERT_EQ(0, __module_unload(OWNER));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(-1, pread(fds[i], buf, sizeof(buf), 0));
		EXPECT_EQ(ENODEV, errno);
		close(fds[i]);
	}
}

/* The same of a module that cannot be loaded after all */
TEST_F(owner, fails_to_load)
{
	ASSERT_EQ(0, __module_unload(OWNER));
	ASSERT_TRUE(WAIT_FOR(!file_exists("/sys/bus/platform/drivers/" DEVM)));
	klog_begin(&self->log);
	EXPECT_NE(0, system("modprobe -q " OWNER " fail=1"));
	EXPECT_FALSE(module_loaded(OWNER));
	EXPECT_TRUE(all_gone(self->uuid));
	klog_end(&self->log);
	EXPECT_EQ(2, klog_lines(&self->log, "did not call"))
		TH_LOG("%s", self->log.text);
	EXPECT_EQ(0, klog_lines(&self->log, "remove() was called"))
		TH_LOG("%s", self->log.text);
	load();
	mdev_create(OWNED, OWNED "-1", self->uuid[1]);
}

TEST_HARNESS_MAIN
