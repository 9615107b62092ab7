// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hundreds of devices that came and went, or never came, leave behind: nothing
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/membarrier.h>

#include <libmdev.h>
#include <libmdev/harness.h>

FIXTURE(leftover) {
};

FIXTURE_SETUP(leftover)
{
	mtty_setup();
}

FIXTURE_TEARDOWN(leftover)
{
	mdev_remove_all(MTTY_PARENT);
	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
}

/* Creates that fail, for whatever reason, do not use up ports. */
TEST_F(leftover, no_port_of_failing_creates)
{
	char uuid[MDEV_UUID_SIZE];
	int i;

	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-EEXIST, __mdev_create(MTTY_PARENT, MTTY_TYPE1,
						 uuid));
		ASSERT_EQ(-EEXIST, __mdev_create(MTTY_PARENT, MTTY_TYPE2,
						 uuid));
		ASSERT_EQ(-EINVAL, __mdev_create(MTTY_PARENT, MTTY_TYPE1,
						 uuid + 1));
	}
	EXPECT_EQ(MTTY_PORTS - 1, mdev_available(MTTY_PARENT, MTTY_TYPE1));
}

/* Memory of what is gone is freed a grace period later. */
static long objects_in_use(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	file_puts("2", "/proc/sys/vm/drop_caches");
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return slab_objects("kmalloc") + slab_objects("kernfs_node");
}

static void create_and_remove(int times)
{
	char uuid[MDEV_UUID_SIZE];

	while (times--) {
		mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
		mdev_remove(uuid);
	}
}

/*
 * Whether every device leaves an object behind. What the caches call active is
 * only about right, so one round that did not grow is proof that none does.
 */
static bool objects_grow(int devices)
{
	long before = objects_in_use();

	create_and_remove(devices);
	return !WAIT_FOR_MS(objects_in_use() < before + devices * 4 / 5, 2000);
}

/* A thousand devices that came and went leave no memory behind. */
TEST_F_TIMEOUT(leftover, no_memory_of_thousand_devices, 180)
{
	int rounds;

	if (kernel_has_symbol("kasan_quarantine_put"))
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");

	create_and_remove(100);
	for (rounds = 0; rounds < 4 && objects_grow(1000); rounds++)
		;
	EXPECT_LT(rounds, 4);
}

/* Neither do they leave a group or an entry in sysfs. */
TEST_F_TIMEOUT(leftover, no_entry_of_hundreds_of_devices, 120)
{
	int groups = __dir_count("/sys/kernel/iommu_groups");
	int devices = __dir_count(MDEV_DEVICES);
	int nodes = __dir_count("/dev/vfio");

	create_and_remove(300);
	EXPECT_TRUE(WAIT_FOR(__dir_count("/sys/kernel/iommu_groups") <=
			     groups));
	EXPECT_EQ(devices, __dir_count(MDEV_DEVICES));
	EXPECT_EQ(nodes, __dir_count("/dev/vfio"));
}

TEST_HARNESS_MAIN
