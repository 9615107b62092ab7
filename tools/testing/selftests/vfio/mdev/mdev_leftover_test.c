// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hundreds of devices that came and went, or never came, leave behind: nothing
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
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

static long objects_in_use(void)
{
	return slab_objects_in_use(objects_now);
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

/* Other drivers map what they are given for DMA, if they cannot do without. */
static void import_and_forget(int importer, int dmabuf, int times)
{
	while (times--)
		mbochs_forget(importer, mbochs_import(importer, dmabuf));
}

#define TEST_FRONT	"mdev_test_front"
#define FRONT_RUN	"/sys/class/" TEST_FRONT "/" TEST_FRONT "/run"

static void register_and_unregister(int times)
{
	while (times--) {
		file_puts("register-parent", FRONT_RUN);
		file_puts("unregister-parent", FRONT_RUN);
	}
}

#define MANY	100

static bool objects_grow(long before)
{
	bool ok = WAIT_FOR_MS(objects_in_use() - before <= MANY / 2, 5000);

	printf("# %ld objects more\n", objects_in_use() - before);
	return !ok;
}

/*
 * Whether each of MANY leaves an object behind, by two of up to three rounds. What others
 * make and free meanwhile can add to one round and hide something from another; what is
 * leaked is there each time.
 */
#define LEAVES_OBJECTS(many_times) ({					\
	int grew = 0, clean = 0;					\
									\
	while (grew < 2 && clean < 2) {					\
		long before = objects_in_use();				\
									\
		many_times;						\
		if (objects_grow(before))				\
			grew++;						\
		else							\
			clean++;					\
	}								\
	grew == 2;							\
})

static bool keeps_freed_memory(void)
{
	return kernel_has_symbol("kasan_quarantine_put");
}

/* Hundreds of devices that came and went leave no memory behind. */
TEST_F_TIMEOUT(leftover, no_memory_of_hundreds_of_devices, 180)
{
	if (keeps_freed_memory())
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");

	create_and_remove(30);
	EXPECT_FALSE(LEAVES_OBJECTS(create_and_remove(MANY)));
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
	vfio_setup();
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
	if (keeps_freed_memory())
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");

	open_and_close(self->uuid, 30);
	EXPECT_FALSE(LEAVES_OBJECTS(open_and_close(self->uuid, MANY)));
}

/* Neither do hundreds of drivers that it gave a dma-buf to. */
TEST_F_TIMEOUT(leftover, no_memory_of_hundreds_of_importers, 180)
{
	struct vfio_dev dev;
	int importer, fd;

	if (keeps_freed_memory())
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");
	importer = __mbochs_open_importer();
	if (importer < 0)
		SKIP(return, "there is no vgem");

	mbochs_setup();
	mbochs_open_new(&dev, MBOCHS_SMALL);
	mbochs_set_mode(&dev, 640, 480);
	fd = mbochs_get_dmabuf(&dev);
	import_and_forget(importer, fd, 30);
	EXPECT_FALSE(LEAVES_OBJECTS(import_and_forget(importer, fd, MANY)));
	close(fd);
	close(importer);
	vfio_dev_close(&dev);
	mdev_remove_all(MBOCHS_PARENT);
}

/* Nor hundreds of parents with types that the core counts for */
TEST_F_TIMEOUT(leftover, no_memory_of_hundreds_of_parents, 180)
{
	if (keeps_freed_memory())
		SKIP(return, "KASAN keeps freed memory; kmemleak finds leaks");

	module_load(TEST_FRONT);
	register_and_unregister(30);
	EXPECT_FALSE(LEAVES_OBJECTS(register_and_unregister(MANY)));
	module_unload(TEST_FRONT);
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

/* One number for all paths below a directory */
static unsigned long long tree_sum;

static int add_path(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	unsigned long long hash = 14695981039346656037ULL;

	(void)st;
	(void)type;
	(void)ftw;
	while (*path)
		hash = (hash ^ (unsigned char)*path++) * 1099511628211ULL;
	tree_sum += hash;
	return 0;
}

static unsigned long long tree(void)
{
	static const char * const roots[] = {
		"/sys/bus/mdev", "/sys/class/mdev_bus", "/sys/class/vfio",
		"/sys/class/vfio-dev", "/sys/devices/virtual/mdev_test",
		"/sys/devices/virtual/mdev_test_twin",
		"/sys/devices/virtual/vfio", "/sys/devices/virtual/vfio-dev",
		"/sys/kernel/iommu_groups", "/sys/module/mdev",
		"/sys/module/vfio_mdev", "/sys/module/" TEST_VENDOR,
		"/sys/module/" TEST_BUS, "/dev/vfio",
	};
	unsigned int i;

	tree_sum = 0;
	for (i = 0; i < ARRAY_SIZE(roots); i++)
		nftw(roots[i], add_path, 16, FTW_PHYS);
	return tree_sum;
}

/* What has to be the same before and after */
struct state {
	unsigned long long tree;
	int refs[4];
	long unremoved;
	long unreleased;
};

static void look_around(struct state *state)
{
	state->tree = tree();
	state->refs[0] = module_refcnt("mdev");
	state->refs[1] = module_refcnt("vfio_mdev");
	state->refs[2] = module_refcnt(TEST_VENDOR);
	state->refs[3] = module_refcnt(TEST_BUS);
	state->unremoved = test_vendor_unremoved();
	state->unreleased = test_vendor_unreleased();
}

static bool is_as_before(const struct state *before)
{
	struct state now = { };

	return WAIT_FOR_MS((look_around(&now),
			    !memcmp(&now, before, sizeof(now))), 2 * WAIT_LATE_MS);
}

FIXTURE(failing) {
	struct state before;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(failing)
{
	module_load("vfio_mdev");
	module_load(TEST_BUS);
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	__test_vendor_run("unregister-twin");
	mdev_new_uuid(self->uuid);
	/* Those who were here before */
	wait_for_late_releases();
	memset(&self->before, 0, sizeof(self->before));
	look_around(&self->before);
}

FIXTURE_TEARDOWN(failing)
{
	module_set_param(TEST_BUS, "probe_errno", 0);
	mdev_remove_all(TEST_PARENT);
}

/* A creation that fails, wherever it does */
TEST_F(failing, create)
{
	static const struct {
		const char *type;
		int probe_errno;
	} ways[] = {
		{ TEST_TYPE("fail-create"), 0 },
		{ TEST_TYPE("no-class"), 0 },
		{ TEST_TYPE("no-ops"), 0 },
		{ TEST_TYPE("class-none"), 0 },
		{ TEST_TYPE("class-test"), EIO },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		module_set_param(TEST_BUS, "probe_errno", ways[i].probe_errno);
		EXPECT_NE(0, __mdev_create(TEST_PARENT, ways[i].type, self->uuid));
	}
	EXPECT_TRUE(is_as_before(&self->before));
}

/* Anything that cannot be done with a device that is there, until that is gone */
TEST_F(failing, use)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;

	mdev_create(TEST_PARENT, TEST_TYPE("fail-open"), self->uuid);
	EXPECT_NE(0, __vfio_dev_open(&dev, self->uuid));
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	EXPECT_NE(0, __file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/bind"));
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid,
				       MDEV_DRIVERS "/" TEST_BUS "/bind"));
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid,
				       MDEV_DRIVERS "/" TEST_BUS "/unbind"));
	EXPECT_NE(0, __file_puts("x", MDEV_DEVICES "/%s/remove", self->uuid));
	mdev_remove(self->uuid);

	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	vfio_dev_open(&dev, uuid);
	EXPECT_EQ(-EBUSY, __mdev_remove(uuid));
	EXPECT_EQ(-EBUSY, __file_puts(uuid, MDEV_DRIVERS "/vfio_mdev/unbind"));
	vfio_dev_close(&dev);
	mdev_remove(uuid);

	/* The open that failed was not followed by a release. */
	self->before.unreleased++;
	EXPECT_TRUE(is_as_before(&self->before));
}

/* A registration that fails, wherever it does */
TEST_F(failing, registration)
{
	static const char * const commands[] = {
		"register-null-dev", "register-null-ops",
		"register-null-create", "register-null-remove",
		"register-null-types", "register-no-types",
		"register-same-types", "register-main", "no-such-command",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		EXPECT_NE(0, __test_vendor_run(commands[i]));
	EXPECT_TRUE(is_as_before(&self->before));
}

/* And all that comes and goes as it should */
TEST_F(failing, nothing)
{
	struct vfio_dev dev;

	EXPECT_EQ(0, __test_vendor_run("register-extra"));
	EXPECT_EQ(0, __test_vendor_run("register-twin"));
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), self->uuid);
	vfio_dev_open(&dev, self->uuid);
	vfio_dev_close(&dev);
	file_puts(self->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_EQ(0, __test_vendor_run("unregister-twin"));
	EXPECT_EQ(0, __test_vendor_run("unregister-extra"));
	EXPECT_TRUE(is_as_before(&self->before));
}

/* What the core makes for a parent without hardware, and what holds it, goes with that. */
TEST(virtual_parents_let_go_of_the_core)
{
	int refs;

	module_load("vfio_mdev");
	module_load("mnull");
	module_unload("mnull");
	wait_for_late_releases();
	refs = module_refcnt("mdev");
	module_load("mnull");
	module_unload("mnull");
	EXPECT_TRUE(WAIT_FOR_MS(module_refcnt("mdev") <= refs, WAIT_LATE_MS));
}

/*
 * What is released late, when the code of the bus driver and of the vendor is gone, has no
 * need of it; that of the core waits for it.
 */
TEST(modules_are_not_needed_later)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;

	if (!releases_late())
		SKIP(return, "nothing is released late");
	module_load("vfio_mdev");
	test_vendor_setup();
	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), uuid);
	vfio_dev_open(&dev, uuid);
	vfio_dev_close(&dev);
	module_unload_users("vfio_mdev");
	wait_for_late_releases();
	EXPECT_TRUE(mdev_exists(uuid));
	EXPECT_EQ(0, __module_unload(TEST_VENDOR));
	wait_for_late_releases();
	module_unload_users("mdev");
	wait_for_late_releases();
	EXPECT_FALSE(module_loaded("mdev"));
}

TEST_HARNESS_MAIN
