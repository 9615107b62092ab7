// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory, at every allocation in turn
 *
 * Each sequence is run with its first allocation failing, then with its second,
 * and so on until it asks for no more. When a failure is one of the sequence, it
 * says -ENOMEM, everything is as it was before, and the same call succeeds right
 * afterwards. When it is not, as with the event that tells user space of a new
 * device, everything is as if nothing had failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libmdev.h>

#include "kselftest_harness.h"

#define MAX_SITES	3000
#define CONTROL		"/sys/class/mdev_test/mdev_test_control/run"
#define EXTRA_DIR	"/sys/class/mdev_test/mdev_test1"
#define BIND_FILE	MDEV_DRIVERS "/vfio_mdev/bind"

/**
 * struct site - what a sequence works on
 * @uuid: the device
 * @uuid2: another one
 * @file: opened ahead for what is to be written or loaded, or -1
 * @dev: the device as it is opened
 * @eventfd: for interrupts, or -1
 */
struct site {
	char uuid[MDEV_UUID_SIZE];
	char uuid2[MDEV_UUID_SIZE];
	int file;
	struct vfio_dev dev;
	int eventfd;
};

/**
 * struct sequence - what is to survive a lack of memory
 * @prepare: everything up to there
 * @run: the sequence itself; 0 or -errno
 * @undone: whether it left nothing behind when it failed
 * @undo: back to before @prepare(), after @run() succeeded
 * @require: if set, only allocations made by this function of the kernel
 * @spare: none made by this one
 * @step: every so many-th of them
 */
struct sequence {
	void (*prepare)(struct site *site);
	int (*run)(struct site *site);
	bool (*undone)(struct site *site);
	void (*undo)(struct site *site);
	const char *require;
	const char *spare;
	int step;
};

/*
 * VFIO itself warns, and leaks the group, when it cannot make the device of the
 * group: vfio_create_group() drops the group as it was never meant to be dropped
 * while it still has its iommu_group. What it allocates is spared.
 */
#define SPARE_VFIO_GROUP "vfio_create_group"
/* Where each round takes long: kmemleak's notes, which it has a reserve for */
#define SPARE_KMEMLEAK "__alloc_object"

static void open_file(struct site *site, int flags, const char *path)
{
	site->file = open(path, flags | O_CLOEXEC);
	MDEV_ASSERT(site->file >= 0, "%s: %s", path, strerror(errno));
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int write_file(struct site *site, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = pwrite(site->file, text, len, 0);

	if (n < 0)
		return -errno;
	return n == len ? 0 : -EIO;
}

/* Whether a device works, which tells more than that it is there */
static bool opens(const char *uuid)
{
	struct vfio_dev dev;
	int ret;

	if (__vfio_dev_open(&dev, uuid))
		return false;
	ret = __vfio_dev_try(&dev);
	vfio_dev_close(&dev);
	return ret == 1;
}

/* Creating, of each kind of device */

static void prepare_create(struct site *site)
{
	open_file(site, O_WRONLY, MDEV_TYPES(TEST_PARENT) "/"
		  TEST_TYPE("plain") "/create");
}

static void prepare_create_mtty(struct site *site)
{
	open_file(site, O_WRONLY, MDEV_TYPES(MTTY_PARENT) "/" MTTY_TYPE2
		  "/create");
}

static void prepare_create_other_class(struct site *site)
{
	open_file(site, O_WRONLY, MDEV_TYPES(TEST_PARENT) "/"
		  TEST_TYPE("class-test") "/create");
}

static int run_write_uuid(struct site *site)
{
	return write_file(site, site->uuid);
}

static bool undone_create(struct site *site)
{
	return !mdev_exists(site->uuid);
}

static void undo_create_other_class(struct site *site)
{
	close_file(&site->file);
	mdev_remove(site->uuid);
}

static void undo_create(struct site *site)
{
	MDEV_ASSERT(opens(site->uuid), "%s cannot be opened", site->uuid);
	undo_create_other_class(site);
}

static const struct sequence create = {
	prepare_create, run_write_uuid, undone_create, undo_create, NULL,
	SPARE_VFIO_GROUP, 1
};

static const struct sequence create_mtty = {
	prepare_create_mtty, run_write_uuid, undone_create, undo_create, NULL,
	SPARE_VFIO_GROUP, 1
};

static const struct sequence create_other_class = {
	prepare_create_other_class, run_write_uuid, undone_create,
	undo_create_other_class, NULL, SPARE_VFIO_GROUP, 1
};

/* Removing; a device that was not removed can be opened. */

static void prepare_remove(struct site *site)
{
	char path[PATH_MAX];

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
	snprintf(path, sizeof(path), MDEV_DEVICES "/%s/remove", site->uuid);
	open_file(site, O_WRONLY, path);
}

static int run_write_1(struct site *site)
{
	return write_file(site, "1");
}

static bool undone_remove(struct site *site)
{
	return opens(site->uuid);
}

static void undo_remove(struct site *site)
{
	close_file(&site->file);
	MDEV_ASSERT(!mdev_exists(site->uuid), "%s is not removed", site->uuid);
}

static const struct sequence remove_device = {
	prepare_remove, run_write_1, undone_remove, undo_remove, NULL,
	SPARE_VFIO_GROUP, 1
};

/* Registering a parent, and withdrawing it with devices */

static void prepare_register(struct site *site)
{
	open_file(site, O_WRONLY, CONTROL);
}

static int run_register(struct site *site)
{
	return write_file(site, "register-small");
}

static bool undone_register(struct site *site)
{
	(void)site;
	return !mdev_parent_exists(TEST_PARENT2) &&
	       !file_exists(EXTRA_DIR "/mdev_supported_types") &&
	       !file_exists(EXTRA_DIR "/counters");
}

static void undo_register(struct site *site)
{
	close_file(&site->file);
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), site->uuid);
	MDEV_ASSERT(!__test_vendor_run("unregister-extra"), "unregister-extra");
}

static const struct sequence register_parent = {
	prepare_register, run_register, undone_register, undo_register, NULL,
	SPARE_VFIO_GROUP, 1
};

static void prepare_unregister(struct site *site)
{
	MDEV_ASSERT(!__test_vendor_run("register-small"), "register-small");
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), site->uuid);
	mdev_create(TEST_PARENT2, TEST_TYPE("request"), site->uuid2);
	open_file(site, O_WRONLY, CONTROL);
}

static int run_unregister(struct site *site)
{
	return write_file(site, "unregister-extra");
}

static bool undone_unregister(struct site *site)
{
	return mdev_parent_exists(TEST_PARENT2) && opens(site->uuid) &&
	       opens(site->uuid2);
}

static void undo_unregister(struct site *site)
{
	close_file(&site->file);
	MDEV_ASSERT(undone_register(site) && !mdev_exists(site->uuid) &&
		    !mdev_exists(site->uuid2), "the parent left something");
}

static const struct sequence unregister_parent = {
	prepare_unregister, run_unregister, undone_unregister, undo_unregister,
	NULL, SPARE_VFIO_GROUP, 1
};

/* Binding and unbinding by hand */

static bool is_bound(struct site *site)
{
	return file_exists(MDEV_DEVICES "/%s/driver", site->uuid);
}

static void prepare_bind(struct site *site)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
	file_puts(site->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	open_file(site, O_WRONLY, BIND_FILE);
}

static bool undone_bind(struct site *site)
{
	return !is_bound(site) && __mdev_iommu_group(site->uuid) == -ENOENT;
}

static const struct sequence bind_driver = {
	prepare_bind, run_write_uuid, undone_bind, undo_create, NULL,
	SPARE_VFIO_GROUP, 1
};

static void prepare_unbind(struct site *site)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
	open_file(site, O_WRONLY, MDEV_DRIVERS "/vfio_mdev/unbind");
}

static bool undone_unbind(struct site *site)
{
	return is_bound(site) && opens(site->uuid);
}

static void undo_unbind(struct site *site)
{
	MDEV_ASSERT(undone_bind(site), "%s is half bound", site->uuid);
	file_puts(site->uuid, BIND_FILE);
	undo_create(site);
}

static const struct sequence unbind_driver = {
	prepare_unbind, run_write_uuid, undone_unbind, undo_unbind, NULL,
	SPARE_VFIO_GROUP, 1
};

/* Opening, in each way */

static void prepare_open(struct site *site, const struct vfio_dev_way *way)
{
	int ret;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
	ret = __vfio_dev_attach(&site->dev, way, site->uuid);
	MDEV_ASSERT(!ret, "attaching %s by %s: %s", site->uuid, way->name,
		    strerror(-ret));
}

static void prepare_open_group(struct site *site)
{
	prepare_open(site, &vfio_dev_by_group);
}

static void prepare_open_group_iommufd(struct site *site)
{
	prepare_open(site, &vfio_dev_by_group_iommufd);
}

static void prepare_open_cdev(struct site *site)
{
	prepare_open(site, &vfio_dev_by_cdev);
}

static int run_open(struct site *site)
{
	int fd = __vfio_dev_get_fd(&site->dev);

	if (fd < 0)
		return fd;
	site->dev.fd = fd;
	return 0;
}

/* Nobody has it open who would keep it from being removed and made again. */
static bool undone_open(struct site *site)
{
	return module_refcnt(TEST_VENDOR) == 0 && mdev_exists(site->uuid);
}

static void undo_open(struct site *site)
{
	MDEV_ASSERT(__vfio_dev_try(&site->dev) == 1, "%s does not work",
		    site->uuid);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sequence open_group = {
	prepare_open_group, run_open, undone_open, undo_open, NULL,
	SPARE_VFIO_GROUP, 1
};

static const struct sequence open_group_iommufd = {
	prepare_open_group_iommufd, run_open, undone_open, undo_open, NULL,
	SPARE_VFIO_GROUP, 1
};

static const struct sequence open_cdev = {
	prepare_open_cdev, run_open, undone_open, undo_open, NULL,
	SPARE_VFIO_GROUP, 1
};

/* Connecting an interrupt of the serial card */

static void prepare_irq(struct site *site)
{
	mdev_create(MTTY_PARENT, MTTY_TYPE1, site->uuid);
	vfio_dev_open(&site->dev, site->uuid);
	site->eventfd = irq_eventfd();
}

static int run_irq(struct site *site)
{
	return __irq_connect(&site->dev, VFIO_PCI_INTX_IRQ_INDEX,
			     site->eventfd);
}

static bool undone_irq(struct site *site)
{
	__irq_trigger(&site->dev, VFIO_PCI_INTX_IRQ_INDEX);
	return irq_take(site->eventfd) == 0;
}

static void undo_irq(struct site *site)
{
	__irq_trigger(&site->dev, VFIO_PCI_INTX_IRQ_INDEX);
	MDEV_ASSERT(irq_wait(site->eventfd) == 1, "the interrupt is lost");
	close_file(&site->eventfd);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sequence connect_irq = {
	prepare_irq, run_irq, undone_irq, undo_irq, NULL,
	SPARE_VFIO_GROUP, 1
};

/*
 * Loading modules. What the kernel's loader does about a lack of memory is not
 * ours; do_one_initcall() is what calls the module. Where the release of objects
 * is delayed, unloading takes seconds, so not every allocation gets its turn.
 */

/* References on objects of mdev.ko may stay for seconds. */
static void unload(const char *name)
{
	if (module_loaded(name) && !WAIT_FOR(!__module_unload(name)))
		module_unload(name);
}

/* Where modprobe would find it, which takes long to find out */
static void open_module(struct site *site, const char *name)
{
	static char path[PATH_MAX];
	char command[64];
	FILE *pipe;

	if (!path[0]) {
		snprintf(command, sizeof(command), "modinfo -n %s", name);
		pipe = popen(command, "re");
		MDEV_ASSERT(pipe, "%s: %s", command, strerror(errno));
		if (!fgets(path, sizeof(path), pipe))
			MDEV_FAIL("there is no module %s", name);
		pclose(pipe);
		path[strcspn(path, "\n")] = '\0';
	}
	open_file(site, O_RDONLY, path);
}

static void prepare_load_mtty(struct site *site)
{
	unload("mtty");
	open_module(site, "mtty");
}

static void prepare_load_vfio_mdev(struct site *site)
{
	unload(TEST_VENDOR);
	unload("mtty");
	unload("vfio_mdev");
	open_module(site, "vfio_mdev");
}

static void prepare_load_mdev(struct site *site)
{
	unload(TEST_VENDOR);
	unload("mtty");
	unload("vfio_mdev");
	unload(TEST_BUS);
	unload("mdev");
	open_module(site, "mdev");
}

static int run_load(struct site *site)
{
	return syscall(SYS_finit_module, site->file, "", 0) ? -errno : 0;
}

static bool undone_load_mtty(struct site *site)
{
	(void)site;
	return !module_loaded("mtty") && !file_exists("/sys/class/mtty") &&
	       !mdev_parent_exists(MTTY_PARENT);
}

static bool undone_load_vfio_mdev(struct site *site)
{
	(void)site;
	return !module_loaded("vfio_mdev") &&
	       !file_exists(MDEV_DRIVERS "/vfio_mdev");
}

static bool undone_load_mdev(struct site *site)
{
	(void)site;
	return !module_loaded("mdev") && !file_exists("/sys/bus/mdev") &&
	       !file_exists(MDEV_PARENTS);
}

static void undo_load(struct site *site)
{
	close_file(&site->file);
	module_load("mtty");
	module_load(TEST_VENDOR);
	mdev_create(MTTY_PARENT, MTTY_TYPE1, site->uuid);
	mdev_remove(site->uuid);
}

static const struct sequence load_mtty = {
	prepare_load_mtty, run_load, undone_load_mtty, undo_load,
	"do_one_initcall", SPARE_KMEMLEAK, 7
};

static const struct sequence load_vfio_mdev = {
	prepare_load_vfio_mdev, run_load, undone_load_vfio_mdev, undo_load,
	"do_one_initcall", SPARE_KMEMLEAK, 2
};

static const struct sequence load_mdev = {
	prepare_load_mdev, run_load, undone_load_mdev, undo_load,
	"do_one_initcall", SPARE_KMEMLEAK, 3
};

/**
 * struct counts - what a sequence that failed, or was undone, leaves as it was
 * @devices: on the bus
 * @listed: VFIO's devices and groups, going by their classes
 * @ports: that mtty has left
 * @unremoved: devices of the test vendor
 * @users: references on the vendors' modules
 */
struct counts {
	long devices;
	long listed;
	long ports;
	long unremoved;
	long users;
};

static struct counts count(void)
{
	struct counts now = {
		.devices = __dir_count(MDEV_DEVICES),
		.listed = __dir_count("/sys/class/vfio") +
			  __dir_count("/sys/class/vfio-dev"),
		.ports = mdev_available(MTTY_PARENT, MTTY_TYPE1),
		.unremoved = test_vendor_unremoved(),
		.users = module_refcnt(TEST_VENDOR) + module_refcnt("mtty"),
	};

	return now;
}

FIXTURE(sweep) {
	struct site site;
	struct counts before;
	int groups;
	int core_users;
	int failed;
	int survived;
};

FIXTURE_VARIANT(sweep) {
	const char *name;
	const struct sequence *sequence;
};

FIXTURE_VARIANT_ADD(sweep, create) {
	.name = "create", .sequence = &create,
};

FIXTURE_VARIANT_ADD(sweep, create_mtty) {
	.name = "create_mtty", .sequence = &create_mtty,
};

FIXTURE_VARIANT_ADD(sweep, create_other_class) {
	.name = "create_other_class", .sequence = &create_other_class,
};

FIXTURE_VARIANT_ADD(sweep, remove_device) {
	.name = "remove_device", .sequence = &remove_device,
};

FIXTURE_VARIANT_ADD(sweep, register_parent) {
	.name = "register_parent", .sequence = &register_parent,
};

FIXTURE_VARIANT_ADD(sweep, unregister_parent) {
	.name = "unregister_parent", .sequence = &unregister_parent,
};

FIXTURE_VARIANT_ADD(sweep, bind_driver) {
	.name = "bind_driver", .sequence = &bind_driver,
};

FIXTURE_VARIANT_ADD(sweep, unbind_driver) {
	.name = "unbind_driver", .sequence = &unbind_driver,
};

FIXTURE_VARIANT_ADD(sweep, open_group) {
	.name = "open_group", .sequence = &open_group,
};

FIXTURE_VARIANT_ADD(sweep, open_group_iommufd) {
	.name = "open_group_iommufd", .sequence = &open_group_iommufd,
};

FIXTURE_VARIANT_ADD(sweep, open_cdev) {
	.name = "open_cdev", .sequence = &open_cdev,
};

FIXTURE_VARIANT_ADD(sweep, connect_irq) {
	.name = "connect_irq", .sequence = &connect_irq,
};

FIXTURE_VARIANT_ADD(sweep, load_mtty) {
	.name = "load_mtty", .sequence = &load_mtty,
};

FIXTURE_VARIANT_ADD(sweep, load_vfio_mdev) {
	.name = "load_vfio_mdev", .sequence = &load_vfio_mdev,
};

FIXTURE_VARIANT_ADD(sweep, load_mdev) {
	.name = "load_mdev", .sequence = &load_mdev,
};

FIXTURE_SETUP(sweep)
{
	if (!fault_setup())
		SKIP(return, "the kernel lets no allocation fail, CONFIG_FAILSLAB");

	mtty_setup();
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	module_load(TEST_BUS);
	self->site.file = -1;
	self->site.eventfd = -1;
	self->site.dev = VFIO_DEV_CLOSED;
	mdev_new_uuid(self->site.uuid);
	mdev_new_uuid(self->site.uuid2);
	self->groups = __dir_count("/sys/kernel/iommu_groups");
	self->core_users = module_refcnt("mdev");
	self->before = count();
	fault_limit(variant->sequence->require, variant->sequence->spare);
}

FIXTURE_TEARDOWN(sweep)
{
	fault_limit(NULL, NULL);
	vfio_dev_close(&self->site.dev);
	close_file(&self->site.file);
	close_file(&self->site.eventfd);
	__test_vendor_run("unregister-extra");
}

static bool same_as_before(const struct counts *before)
{
	struct counts now = count();

	if (!memcmp(before, &now, sizeof(now)))
		return true;
	printf("# now %ld devices, %ld of VFIO, %ld ports, %ld vendor's, %ld users\n",
	       now.devices, now.listed, now.ports, now.unremoved, now.users);
	printf("# was %ld devices, %ld of VFIO, %ld ports, %ld vendor's, %ld users\n",
	       before->devices, before->listed, before->ports,
	       before->unremoved, before->users);
	return false;
}

/* One round; true as long as there is an allocation to fail. */
static bool fail_one(struct __test_metadata *_metadata,
		     const struct sequence *sequence, struct site *site,
		     int nth, int *failed, int *survived)
{
	bool hit;
	int ret;

	sequence->prepare(site);
	fault_begin(nth);
	ret = sequence->run(site);
	hit = fault_end();
	if (ret) {
		EXPECT_EQ(-ENOMEM, ret);
		EXPECT_TRUE(hit);
		EXPECT_TRUE(sequence->undone(site));
		ret = sequence->run(site);
		EXPECT_EQ(0, ret);
		++*failed;
	} else if (hit) {
		++*survived;
	}
	if (!ret)
		sequence->undo(site);
	if (!_metadata->exit_code)
		return hit;
	TH_LOG("that was with allocation %d failing", nth);
	return false;
}

/* Whichever allocation fails, nothing is lost, left behind or called twice. */
TEST_F_TIMEOUT(sweep, every_allocation, 280)
{
	const struct sequence *sequence = variant->sequence;
	int nth = 1, spurious = 0;

	/* Some caches fill up, so that one more round may find more to fail. */
	for (; nth < MAX_SITES && spurious < 2; nth += sequence->step) {
		if (!fail_one(_metadata, sequence, &self->site, nth,
			      &self->failed, &self->survived))
			spurious++;
		ASSERT_TRUE(same_as_before(&self->before));
		ASSERT_EQ(0, _metadata->exit_code);
	}
	printf("# %s: %d failing sites, %d without effect\n", variant->name,
	       self->failed, self->survived);
	EXPECT_GT(self->failed, 0);
	EXPECT_LT(nth, MAX_SITES);
	EXPECT_EQ(0, test_vendor_count("misordered"));

	/* What is freed late is freed. */
	EXPECT_TRUE(WAIT_FOR(__dir_count("/sys/kernel/iommu_groups") <=
			     self->groups));
	EXPECT_TRUE(WAIT_FOR(module_refcnt("mdev") <= self->core_users));
}

TEST_HARNESS_MAIN
