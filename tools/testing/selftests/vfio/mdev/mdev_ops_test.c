// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks of a device: which ones are called, what a missing or failing one
 * answers, and whose modules are pinned meanwhile
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

/* An ioctl number of VFIO's that nobody uses */
#define UNKNOWN_IOCTL _IO(VFIO_TYPE, VFIO_BASE + 99)

#define TEST_PAGE 4096

/* Where the test vendor would have a second region, which it has not */
#define NO_REGION (1ULL << 40)

FIXTURE(ops) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	long misordered;
	int vendor_refs;
	int vfio_mdev_refs;
};

FIXTURE_SETUP(ops)
{
	module_load("vfio_mdev");
	test_vendor_setup();
	mdev_new_uuid(self->uuid);
	self->dev = VFIO_DEV_CLOSED;
	self->misordered = test_vendor_count("misordered");
	self->vendor_refs = module_refcnt(TEST_VENDOR);
	self->vfio_mdev_refs = module_refcnt("vfio_mdev");
}

FIXTURE_TEARDOWN(ops)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(self->misordered, test_vendor_count("misordered"));
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(self->vfio_mdev_refs, module_refcnt("vfio_mdev"));
}

static void create_and_open(struct vfio_dev *dev, const char *type,
			    const char *uuid)
{
	mdev_create(TEST_PARENT, type, uuid);
	vfio_dev_open(dev, uuid);
}

static int __write_at(struct vfio_dev *dev, __u64 pos)
{
	return __vfio_dev_pwrite(dev, pos, "x", 1);
}

static int __read_at(struct vfio_dev *dev, __u64 pos)
{
	char byte;

	return __vfio_dev_pread(dev, pos, &byte, 1);
}

static int __ioctl(struct vfio_dev *dev, unsigned long cmd)
{
	return ioctl(dev->fd, cmd, NULL) < 0 ? -errno : 0;
}

static int __map(struct vfio_dev *dev, void **mem)
{
	*mem = mmap(NULL, TEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    dev->fd, 0);
	return *mem == MAP_FAILED ? -errno : 0;
}

/* Without open(), nobody can open the device, and no module is pinned. */
TEST_F(ops, missing_open)
{
	mdev_create(TEST_PARENT, TEST_TYPE("no-open"), self->uuid);
	EXPECT_EQ(-EINVAL, __vfio_dev_open(&self->dev, self->uuid));
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(self->vfio_mdev_refs, module_refcnt("vfio_mdev"));
	EXPECT_EQ(-EINVAL, __vfio_dev_open(&self->dev, self->uuid));
}

/* release() may be missing: the device opens and closes all the same. */
TEST_F(ops, missing_release)
{
	int i;

	mdev_create(TEST_PARENT, TEST_TYPE("no-release"), self->uuid);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, __vfio_dev_open(&self->dev, self->uuid));
		EXPECT_EQ(1, __vfio_dev_try(&self->dev));
		vfio_dev_close(&self->dev);
		EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
		EXPECT_EQ(self->vfio_mdev_refs, module_refcnt("vfio_mdev"));
	}
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

/* Without read(), reading is -EINVAL and the rest works. */
TEST_F(ops, missing_read)
{
	create_and_open(&self->dev, TEST_TYPE("no-read"), self->uuid);
	EXPECT_EQ(-EINVAL, __vfio_dev_try(&self->dev));
	EXPECT_EQ(-EINVAL, __vfio_dev_try(&self->dev));
	EXPECT_EQ(1, __write_at(&self->dev, 0));
}

/* Without write(), writing is -EINVAL and the rest works. */
TEST_F(ops, missing_write)
{
	create_and_open(&self->dev, TEST_TYPE("no-write"), self->uuid);
	EXPECT_EQ(-EINVAL, __write_at(&self->dev, 0));
	EXPECT_EQ(-EINVAL, __write_at(&self->dev, 0));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* Without ioctl(), every ioctl is -EINVAL, also one that nobody knows. */
TEST_F(ops, missing_ioctl)
{
	struct vfio_device_info info;

	create_and_open(&self->dev, TEST_TYPE("no-ioctl"), self->uuid);
	EXPECT_EQ(-EINVAL, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(-EINVAL, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(-EINVAL, __ioctl(&self->dev, UNKNOWN_IOCTL));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* get_region_info() is a callback of its own, which works without ioctl(). */
TEST_F(ops, region_info_without_ioctl)
{
	struct vfio_region_info info;

	create_and_open(&self->dev, TEST_TYPE("no-ioctl"), self->uuid);
	EXPECT_EQ(0, __vfio_dev_region(&self->dev, 0, &info));
	EXPECT_EQ(TEST_PAGE, info.size);
	EXPECT_EQ(-EINVAL, __vfio_dev_region(&self->dev, 1, &info));
}

/* Without either, asking for a region is as any other ioctl. */
TEST_F(ops, missing_region_info)
{
	struct vfio_region_info info;

	create_and_open(&self->dev, TEST_TYPE("no-info"), self->uuid);
	EXPECT_EQ(-EINVAL, __vfio_dev_region(&self->dev, 0, &info));
}

/* Without get_region_info(), it is for ioctl() to answer, where VFIO leaves it to that. */
TEST_F(ops, region_info_by_ioctl)
{
	int expected = kernel_has_symbol("compat_vfio_ioctl") ? -EXDEV : -ENOTTY;
	struct vfio_region_info info;

	create_and_open(&self->dev, TEST_TYPE("info-by-ioctl"), self->uuid);
	EXPECT_EQ(expected, __vfio_dev_region(&self->dev, 0, &info));
}

/* Without mmap(), mapping is -EINVAL and the rest works. */
TEST_F(ops, missing_mmap)
{
	void *mem;

	create_and_open(&self->dev, TEST_TYPE("no-mmap"), self->uuid);
	EXPECT_EQ(-EINVAL, __map(&self->dev, &mem));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* What a callback answers is what the user gets. */
TEST_F(ops, answers_pass_through)
{
	struct vfio_device_info info;

	create_and_open(&self->dev, TEST_TYPE("plain"), self->uuid);
	EXPECT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(1, info.num_regions);
	EXPECT_EQ(-ENOTTY, __ioctl(&self->dev, UNKNOWN_IOCTL));
	EXPECT_EQ(-EINVAL, __read_at(&self->dev, TEST_PAGE));
	EXPECT_EQ(-EINVAL, __write_at(&self->dev, TEST_PAGE));
}

/* Offset and count arrive as they were given, whatever region they mean. */
TEST_F(ops, offset_and_count_pass_through)
{
	char buf[77] = { };

	create_and_open(&self->dev, TEST_TYPE("plain"), self->uuid);
	EXPECT_EQ(sizeof(buf), pread(self->dev.fd, buf, sizeof(buf), 1234));
	EXPECT_EQ(1234, test_vendor_count("pos"));
	EXPECT_EQ(sizeof(buf), test_vendor_count("count"));
	EXPECT_EQ(3, pwrite(self->dev.fd, buf, 3, 4093));
	EXPECT_EQ(4093, test_vendor_count("pos"));
	EXPECT_EQ(3, test_vendor_count("count"));
	EXPECT_EQ(-EINVAL, __read_at(&self->dev, NO_REGION + 5));
	EXPECT_EQ((long)NO_REGION + 5, test_vendor_count("pos"));
}

/* Reading gives what was written, and so does a mapping; a reset clears both. */
TEST_F(ops, read_write_mmap_and_reset)
{
	char buf[8] = { };
	void *mem;

	create_and_open(&self->dev, TEST_TYPE("plain"), self->uuid);
	EXPECT_EQ(5, pwrite(self->dev.fd, "hello", 5, 100));
	EXPECT_EQ(5, pread(self->dev.fd, buf, 5, 100));
	EXPECT_STREQ("hello", buf);
	ASSERT_EQ(0, __map(&self->dev, &mem));
	EXPECT_EQ(0, memcmp(mem + 100, "hello", 5));
	EXPECT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, memcmp(mem + 100, "\0\0\0\0\0", 5));
	munmap(mem, TEST_PAGE);
}

/* open() and release() are called in turns, once for each opening. */
TEST_F(ops, open_and_release_are_called_once)
{
	long opens = test_vendor_count("open");
	long releases = test_vendor_count("release");
	int i;

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	for (i = 1; i <= 3; i++) {
		vfio_dev_open(&self->dev, self->uuid);
		EXPECT_EQ(opens + i, test_vendor_count("open"));
		EXPECT_EQ(releases + i - 1, test_vendor_count("release"));
		vfio_dev_close(&self->dev);
		EXPECT_EQ(releases + i, test_vendor_count("release"));
	}
}

/* A second file descriptor is no second open(); the last close releases. */
TEST_F(ops, two_file_descriptors)
{
	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");

	long opens = test_vendor_count("open");
	long releases = test_vendor_count("release");
	int fd;

	create_and_open(&self->dev, TEST_TYPE("plain"), self->uuid);
	fd = __vfio_dev_get_fd(&self->dev);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(opens + 1, test_vendor_count("open"));
	close(self->dev.fd);
	self->dev.fd = fd;
	EXPECT_EQ(releases, test_vendor_count("release"));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(releases + 1, test_vendor_count("release"));
}

/* Two devices of one parent, each with ops of its own. */
TEST_F(ops, two_tables_under_one_parent)
{
	char uuid_b[MDEV_UUID_SIZE], a = 0, b = 0;
	struct vfio_dev dev_b;

	mdev_new_uuid(uuid_b);
	create_and_open(&self->dev, TEST_TYPE("ops-a"), self->uuid);
	create_and_open(&dev_b, TEST_TYPE("ops-b"), uuid_b);
	EXPECT_EQ(1, pread(self->dev.fd, &a, 1, 0));
	EXPECT_EQ(1, pread(dev_b.fd, &b, 1, 0));
	EXPECT_EQ('a', a);
	EXPECT_EQ('b', b);
	vfio_dev_close(&dev_b);
}

/* A missing open() of one device is nothing to another of the same parent. */
TEST_F(ops, ops_are_those_of_the_device)
{
	char uuid2[MDEV_UUID_SIZE];

	mdev_create_new(TEST_PARENT, TEST_TYPE("no-open"), uuid2);
	create_and_open(&self->dev, TEST_TYPE("plain"), self->uuid);
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* While a device is open, its bus driver and its vendor cannot be unloaded. */
TEST_F(ops, open_pins_both_modules)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
	vfio_dev_open(&self->dev, self->uuid);
	EXPECT_EQ(self->vendor_refs + 1, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(self->vfio_mdev_refs + 1, module_refcnt("vfio_mdev"));
	EXPECT_EQ(-EWOULDBLOCK, __module_unload(TEST_VENDOR));
	EXPECT_EQ(-EWOULDBLOCK, __module_unload("vfio_mdev"));
	EXPECT_EQ(-EWOULDBLOCK, __module_unload("mdev"));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(self->vfio_mdev_refs, module_refcnt("vfio_mdev"));
}

/* A vendor whose devices are all closed can be unloaded, and they go with it. */
TEST_F(ops, unload_removes_closed_devices)
{
	char uuid2[MDEV_UUID_SIZE];

	mdev_create_new(TEST_PARENT, TEST_TYPE("ops-a"), uuid2);
	create_and_open(&self->dev, TEST_TYPE("plain"), self->uuid);
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __module_unload(TEST_VENDOR));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_exists(uuid2));
	EXPECT_FALSE(mdev_parent_exists(TEST_PARENT));
	module_load(TEST_VENDOR);
	self->misordered = 0;
}

/* A vendor's remove() cannot refuse: the device is gone, and its UUID is free. */
TEST_F(ops, remove_cannot_refuse)
{
	long removes = test_vendor_count("remove");

	mdev_create(TEST_PARENT, TEST_TYPE("refuse-remove"), self->uuid);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_EQ(removes + 1, test_vendor_count("remove"));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("refuse-remove"),
				   self->uuid));
}

FIXTURE(errnos) {
	char uuid[MDEV_UUID_SIZE];
	long creates;
	long removes;
	int vendor_refs;
	int vfio_mdev_refs;
};

FIXTURE_VARIANT(errnos) {
	int err;
};

FIXTURE_VARIANT_ADD(errnos, eperm) { .err = EPERM };
FIXTURE_VARIANT_ADD(errnos, eio) { .err = EIO };
FIXTURE_VARIANT_ADD(errnos, ebusy) { .err = EBUSY };
FIXTURE_VARIANT_ADD(errnos, eexist) { .err = EEXIST };
FIXTURE_VARIANT_ADD(errnos, enodev) { .err = ENODEV };
FIXTURE_VARIANT_ADD(errnos, enxio) { .err = ENXIO };
FIXTURE_VARIANT_ADD(errnos, enospc) { .err = ENOSPC };
FIXTURE_VARIANT_ADD(errnos, eusers) { .err = EUSERS };

FIXTURE_SETUP(errnos)
{
	module_load("vfio_mdev");
	module_load(TEST_BUS);
	test_vendor_setup();
	mdev_new_uuid(self->uuid);
	self->creates = test_vendor_count("create");
	self->removes = test_vendor_count("remove");
	self->vendor_refs = module_refcnt(TEST_VENDOR);
	self->vfio_mdev_refs = module_refcnt("vfio_mdev");
}

FIXTURE_TEARDOWN(errnos)
{
	module_set_param(TEST_BUS, "probe_errno", 0);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(self->vfio_mdev_refs, module_refcnt("vfio_mdev"));
}

/* What create() returns reaches the writer unchanged; remove() is not called. */
TEST_F(errnos, of_create)
{
	module_set_param(TEST_VENDOR, "create_errno", variant->err);
	EXPECT_EQ(-variant->err, __mdev_create(TEST_PARENT,
					       TEST_TYPE("fail-create"),
					       self->uuid));
	EXPECT_EQ(self->removes, test_vendor_count("remove"));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
				   self->uuid));
}

/* What probe() returns does too; then remove() is called, once. */
TEST_F(errnos, of_probe)
{
	module_set_param(TEST_BUS, "probe_errno", variant->err);
	EXPECT_EQ(-variant->err, __mdev_create(TEST_PARENT,
					       TEST_TYPE("class-test"),
					       self->uuid));
	EXPECT_EQ(self->creates + 1, test_vendor_count("create"));
	EXPECT_EQ(self->removes + 1, test_vendor_count("remove"));
	EXPECT_FALSE(mdev_exists(self->uuid));
	module_set_param(TEST_BUS, "probe_errno", 0);
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("class-test"),
				   self->uuid));
}

/* What open() returns reaches who opens the device; nothing stays pinned. */
TEST_F(errnos, of_open)
{
	struct vfio_dev dev;
	int i;

	module_set_param(TEST_VENDOR, "open_errno", variant->err);
	mdev_create(TEST_PARENT, TEST_TYPE("fail-open"), self->uuid);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-variant->err, __vfio_dev_open(&dev, self->uuid));
		EXPECT_EQ(self->vendor_refs, module_refcnt(TEST_VENDOR));
		EXPECT_EQ(self->vfio_mdev_refs, module_refcnt("vfio_mdev"));
	}
	EXPECT_EQ(0, __mdev_remove(self->uuid));
}

FIXTURE(forgotten) {
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_VARIANT(forgotten) {
	const char *type;
};

FIXTURE_VARIANT_ADD(forgotten, class) { .type = TEST_TYPE("no-class") };
FIXTURE_VARIANT_ADD(forgotten, ops) { .type = TEST_TYPE("no-ops") };

FIXTURE_SETUP(forgotten)
{
	test_vendor_setup();
	mdev_new_uuid(self->uuid);
}

FIXTURE_TEARDOWN(forgotten)
{
	mdev_remove_all(TEST_PARENT);
}

/* create() returned 0 without class or ops: -EINVAL, after remove(), once. */
TEST_F(forgotten, fails_the_create)
{
	long creates = test_vendor_count("create");
	long removes = test_vendor_count("remove");

	EXPECT_EQ(-EINVAL, __mdev_create(TEST_PARENT, variant->type,
					 self->uuid));
	EXPECT_EQ(creates + 1, test_vendor_count("create"));
	EXPECT_EQ(removes + 1, test_vendor_count("remove"));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
				   self->uuid));
}

TEST_HARNESS_MAIN
