// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual machine that a device is given to: the vendor sees it from open()
 * to release(), and it is not freed before that.
 */
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

FIXTURE(kvm) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct vm vm;
};

FIXTURE_VARIANT(kvm) {
	const struct vfio_dev_way *way;
};

FIXTURE_VARIANT_ADD(kvm, group) {
	.way = &vfio_dev_by_group,
};

FIXTURE_VARIANT_ADD(kvm, group_iommufd) {
	.way = &vfio_dev_by_group_iommufd,
};

FIXTURE_VARIANT_ADD(kvm, cdev) {
	.way = &vfio_dev_by_cdev,
};

FIXTURE_SETUP(kvm)
{
	test_vendor_setup();
	module_load("vfio_mdev");
	self->dev = VFIO_DEV_CLOSED;
	if (__vm_create(&self->vm))
		SKIP(return, "this machine has no KVM");
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);

	mdev_create_new(TEST_PARENT, TEST_TYPE("plain"), self->uuid);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, variant->way, self->uuid));
}

FIXTURE_TEARDOWN(kvm)
{
	vfio_dev_close(&self->dev);
	vm_close(&self->vm);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
}

static void open_dev(struct vfio_dev *dev)
{
	dev->fd = __vfio_dev_get_fd(dev);
	MDEV_ASSERT(dev->fd >= 0, "the device cannot be opened");
}

static long vendor_sees_kvm(const char *uuid)
{
	return file_long(MDEV_DEVICES "/%s/vendor/kvm", uuid);
}

/* Who is not told of a virtual machine sees none. */
TEST_F(kvm, none)
{
	open_dev(&self->dev);
	EXPECT_EQ(0, vendor_sees_kvm(self->uuid));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* One that VFIO is told of is there when the device is opened. */
TEST_F(kvm, is_seen)
{
	ASSERT_EQ(0, __vm_add(&self->vm, &self->dev));
	open_dev(&self->dev);
	EXPECT_EQ(1, vendor_sees_kvm(self->uuid));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
}

/* It stays until the device is closed, whoever closes it, and then goes. */
TEST_F(kvm, lives_while_the_device_is_open)
{
	int vm = self->vm.fd;

	ASSERT_EQ(0, __vm_add(&self->vm, &self->dev));
	open_dev(&self->dev);
	vm_close(&self->vm);
	usleep(200000);
	EXPECT_TRUE(vm_is_alive(vm));
	EXPECT_EQ(1, __vfio_dev_try(&self->dev));
	vfio_dev_close(&self->dev);
	EXPECT_TRUE(WAIT_FOR(!vm_is_alive(vm)));
}

/* Opened again without one, the device has none. */
TEST_F(kvm, is_forgotten)
{
	ASSERT_EQ(0, __vm_add(&self->vm, &self->dev));
	open_dev(&self->dev);
	vfio_dev_close(&self->dev);
	vm_close(&self->vm);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, variant->way, self->uuid));
	open_dev(&self->dev);
	EXPECT_EQ(0, vendor_sees_kvm(self->uuid));
}

/*
 * Closing the device destroys the machine, as it does when QEMU exits, and takes its
 * time. Whoever waits to remove the device is through when that is over.
 */
TEST_F(kvm, is_destroyed_while_a_remover_waits)
{
	struct writer writer;
	long start;

	vfio_dev_close(&self->dev);
	mdev_create_new(TEST_PARENT, TEST_TYPE("request"), self->uuid);
	ASSERT_EQ(0, __vfio_dev_attach(&self->dev, variant->way, self->uuid));
	ASSERT_EQ(0, __vm_add(&self->vm, &self->dev));
	open_dev(&self->dev);
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	ASSERT_TRUE(writer_blocks(&writer));
	vm_close(&self->vm);
	vfio_dev_close(&self->dev);
	start = now_ms();
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_LT(now_ms() - start, 1000);
}

TEST_HARNESS_MAIN
