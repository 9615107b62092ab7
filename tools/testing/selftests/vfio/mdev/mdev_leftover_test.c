// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hundreds of devices that came and went, or never came, leave behind: nothing
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
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

static long objects_now(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	file_puts("2", "/proc/sys/vm/drop_caches");
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	slab_shrink("kmalloc");
	slab_shrink("kernfs_node");
	return slab_objects("kmalloc") + slab_objects("kernfs_node");
}

/*
 * Memory of what is gone is freed some time later, and then stays with a processor
 * for a while, where it counts as used, unless the caches are shrunk. What is in use
 * is what it comes down to.
 */
static long objects_in_use(void)
{
	long least = objects_now(), now;
	int i;

	for (i = 0; i < 4; i++) {
		usleep(30000);
		now = objects_now();
		if (now < least - 20)
			i = -1;
		if (now < least)
			least = now;
	}
	return least;
}

static void create_and_remove(int times)
{
	char uuid[MDEV_UUID_SIZE];

	while (times--) {
		mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
		mdev_remove(uuid);
	}
}

/* Uses what a user can make the kernel allocate for a device. */
static void use_all(struct vfio_dev *dev)
{
	struct {
		struct vfio_region_info info;
		char caps[256];
	} arg = { };
	struct vfio_device_info info;
	int fd = irq_eventfd(), unmask = irq_eventfd();

	__vfio_dev_info(dev, &info);
	for (; arg.info.index < info.num_regions; arg.info.index++) {
		arg.info.argsz = sizeof(arg);
		ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &arg);
	}
	__irq_connect(dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	__irq_set(dev, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_UNMASK |
		  VFIO_IRQ_SET_DATA_EVENTFD, 0, 1, &unmask, sizeof(unmask));
	__irq_connect(dev, VFIO_PCI_REQ_IRQ_INDEX, fd);
	close(unmask);
	close(fd);
}

static void open_and_close(const char *uuid, int times)
{
	struct vfio_dev dev;

	while (times--) {
		vfio_dev_open(&dev, uuid);
		use_all(&dev);
		vfio_dev_close(&dev);
	}
}

#define MANY	150

/* Whether each of MANY leaves an object behind; others come and go meanwhile. */
static bool objects_grow(long before)
{
	long grown = objects_in_use() - before;

	printf("# %ld objects more\n", grown);
	return grown > MANY / 2;
}

static bool keeps_freed_memory(void)
{
	return kernel_has_symbol("kasan_quarantine_put");
}

/* Hundreds of devices that came and went leave no memory behind. */
TEST_F_TIMEOUT(leftover, no_memory_of_hundreds_of_devices, 180)
{
	long before;

	if (keeps_freed_memory())
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");

	create_and_remove(30);
	before = objects_in_use();
	create_and_remove(MANY);
	EXPECT_FALSE(objects_grow(before));
}

FIXTURE(user) {
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_VARIANT(user) {
	const char *module;
	const char *type;
};

FIXTURE_VARIANT_ADD(user, mtty) { .module = "mtty", .type = MTTY_TYPE2 };
FIXTURE_VARIANT_ADD(user, mbochs) { .module = MBOCHS, .type = MBOCHS_SMALL };
FIXTURE_VARIANT_ADD(user, memory) {
	.module = "mdev_test_memory", .type = "mdev_test_memory-1",
};

FIXTURE_SETUP(user)
{
	module_load(variant->module);
	module_load("vfio_iommu_type1");
	mdev_remove_all(variant->module);
	mdev_create_new(variant->module, variant->type, self->uuid);
}

FIXTURE_TEARDOWN(user)
{
	mdev_remove_all(variant->module);
}

/* Neither do hundreds of users of one device. */
TEST_F_TIMEOUT(user, no_memory_of_hundreds_of_users, 180)
{
	long before;

	if (keeps_freed_memory())
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");

	open_and_close(self->uuid, 30);
	before = objects_in_use();
	open_and_close(self->uuid, MANY);
	EXPECT_FALSE(objects_grow(before));
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
