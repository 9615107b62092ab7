// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way of opening that VFIO offers: a group in a container, a group in an
 * iommufd, the character device of the device itself
 */
#include <errno.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define REMOVE_FILE MDEV_DEVICES "/%s/remove"

/**
 * struct opening - what all tests here begin with
 * @uuid: a device that is to be created
 * @dev: the device as it is opened
 * @unreleased: of the test vendor, before
 */
struct opening {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	long unreleased;
};

static void opening_setup(struct opening *opening)
{
	test_vendor_setup();
	module_load("vfio_mdev");
	__test_vendor_run("unregister-extra");
	opening->unreleased = test_vendor_unreleased();
	opening->dev = VFIO_DEV_CLOSED;
	mdev_new_uuid(opening->uuid);
}

static void create_plain(struct opening *opening)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), opening->uuid);
}

static void create_request(struct opening *opening)
{
	mdev_create(TEST_PARENT, TEST_TYPE("request"), opening->uuid);
}

FIXTURE(ways) {
	struct opening opening;
};

FIXTURE_VARIANT(ways) {
	const struct vfio_dev_way *way;
	/* What somebody else gets who opens the device in the same way */
	int second_open;
};

FIXTURE_VARIANT_ADD(ways, group) {
	.way = &vfio_dev_by_group,
	.second_open = 0,
};

FIXTURE_VARIANT_ADD(ways, group_iommufd) {
	.way = &vfio_dev_by_group_iommufd,
	.second_open = 0,
};

/* VFIO lets one file only be bound, and looks at that first. */
FIXTURE_VARIANT_ADD(ways, cdev) {
	.way = &vfio_dev_by_cdev,
	.second_open = -EINVAL,
};

FIXTURE_SETUP(ways)
{
	opening_setup(&self->opening);
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
}

FIXTURE_TEARDOWN(ways)
{
	vfio_dev_close(&self->opening.dev);
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
}

/* Each open() is followed by one release(), and the device works in between. */
TEST_F(ways, open_and_close)
{
	struct opening *opening = &self->opening;
	int i;

	create_plain(opening);
	for (i = 0; i < 3; i++) {
		vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
		EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
		EXPECT_EQ(opening->unreleased + 1, test_vendor_unreleased());
		EXPECT_EQ(1, module_refcnt(TEST_VENDOR));
		vfio_dev_close(&opening->dev);
		EXPECT_EQ(opening->unreleased, test_vendor_unreleased());
		EXPECT_EQ(0, module_refcnt(TEST_VENDOR));
	}
}

/* The vendor's module stays for as long as the device is open. */
TEST_F(ways, open_device_keeps_the_module)
{
	struct opening *opening = &self->opening;

	create_plain(opening);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	EXPECT_EQ(-EAGAIN, __module_unload(TEST_VENDOR));
	EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
}

/* A region is described, and holds what is written to it. */
TEST_F(ways, region)
{
	struct opening *opening = &self->opening;
	struct vfio_region_info info;

	create_plain(opening);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	vfio_dev_region(&opening->dev, 0, &info);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), info.size);
	vfio_dev_store(&opening->dev, 0, 8, 4, 0x12345678);
	EXPECT_EQ(0x12345678, vfio_dev_load(&opening->dev, 0, 8, 4));
	EXPECT_EQ(-EINVAL, __vfio_dev_region(&opening->dev, 1, &info));
}

/* An interrupt arrives at its eventfd, until the device is closed. */
TEST_F(ways, interrupt)
{
	struct opening *opening = &self->opening;
	int eventfd = irq_eventfd();

	mtty_setup();
	mdev_create(MTTY_PARENT, MTTY_TYPE1, opening->uuid);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	irq_connect(&opening->dev, VFIO_PCI_INTX_IRQ_INDEX, eventfd);
	EXPECT_EQ(0, __irq_trigger(&opening->dev, VFIO_PCI_INTX_IRQ_INDEX));
	EXPECT_EQ(1, irq_wait(eventfd));
	vfio_dev_close(&opening->dev);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	__irq_trigger(&opening->dev, VFIO_PCI_INTX_IRQ_INDEX);
	EXPECT_EQ(0, irq_take(eventfd));
	vfio_dev_close(&opening->dev);
	close(eventfd);
	mdev_remove(opening->uuid);
}

/* Without open(), opening says -EINVAL, and leaves the device removable. */
TEST_F(ways, missing_open)
{
	struct opening *opening = &self->opening;

	mdev_create(TEST_PARENT, TEST_TYPE("no-open"), opening->uuid);
	EXPECT_EQ(-EINVAL, __vfio_dev_open_by(&opening->dev, variant->way,
					      opening->uuid));
	EXPECT_EQ(0, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(0, __mdev_remove(opening->uuid));
}

/* What the vendor's open() says reaches the user, and nobody is a user then. */
TEST_F(ways, failing_open)
{
	struct opening *opening = &self->opening;

	module_set_param(TEST_VENDOR, "open_errno", ENXIO);
	mdev_create(TEST_PARENT, TEST_TYPE("fail-open"), opening->uuid);
	EXPECT_EQ(-ENXIO, __vfio_dev_open_by(&opening->dev, variant->way,
					     opening->uuid));
	EXPECT_EQ(0, module_refcnt(TEST_VENDOR));
	EXPECT_EQ(0, __mdev_remove(opening->uuid));
}

/* A device whose user cannot be asked is busy while it is open. */
TEST_F(ways, open_device_is_busy)
{
	struct opening *opening = &self->opening;

	create_plain(opening);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	EXPECT_EQ(-EBUSY, __mdev_remove(opening->uuid));
	EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, __mdev_remove(opening->uuid));
}

/* A user who can be asked is asked, and waited for. */
TEST_F(ways, remover_waits)
{
	struct opening *opening = &self->opening;
	long requests = test_vendor_count("request");
	struct writer writer;

	create_request(opening);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	writer_start(&writer, "1", REMOVE_FILE, opening->uuid);
	EXPECT_TRUE(WAIT_FOR(test_vendor_count("request") > requests));
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(opening->uuid));
}

/* Opens it once more: by the same group, or by another file of its own. */
static int open_again(struct vfio_dev *dev)
{
	struct vfio_dev other;
	int ret;

	if (dev->group >= 0)
		ret = __vfio_dev_get_fd(dev);
	else
		ret = __vfio_dev_open_by(&other, dev->way, dev->uuid);
	if (ret < 0)
		return ret;
	if (dev->group >= 0)
		close(ret);
	else
		vfio_dev_close(&other);
	return 0;
}

/* Once a remover waits nobody else gets the device; when he gave up they do. */
TEST_F(ways, no_new_open_while_a_remover_waits)
{
	struct opening *opening = &self->opening;
	int refusal = variant->second_open ?: -ENODEV;
	struct writer writer;

	create_request(opening);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	EXPECT_EQ(variant->second_open, open_again(&opening->dev));
	writer_start(&writer, "1", REMOVE_FILE, opening->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(refusal, open_again(&opening->dev));
	writer_interrupt(&writer);
	EXPECT_EQ(-EINTR, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_EQ(variant->second_open, open_again(&opening->dev));
	vfio_dev_close(&opening->dev);
	vfio_dev_open_by(&opening->dev, variant->way, opening->uuid);
	EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
}

/*
 * A character device that is opened but not bound to an iommufd: the vendor
 * knows nothing of it, but VFIO counts its user.
 */
FIXTURE(unbound) {
	struct opening opening;
};

FIXTURE_SETUP(unbound)
{
	opening_setup(&self->opening);
	if (!vfio_dev_by_cdev.available())
		SKIP(return, "this kernel has no character devices of VFIO devices");
}

FIXTURE_TEARDOWN(unbound)
{
	vfio_dev_close(&self->opening.dev);
	__test_vendor_run("unregister-extra");
	mdev_remove_all(TEST_PARENT);
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_EQ(0, test_vendor_unremoved());
	EXPECT_EQ(self->opening.unreleased, test_vendor_unreleased());
}

static int attach_cdev(struct opening *opening)
{
	return __vfio_dev_attach(&opening->dev, &vfio_dev_by_cdev,
				 opening->uuid);
}

/* Its user cannot be asked: -EBUSY at once, until he closes it. */
TEST_F(unbound, is_busy)
{
	struct opening *opening = &self->opening;

	create_plain(opening);
	ASSERT_EQ(0, attach_cdev(opening));
	EXPECT_EQ(-EBUSY, __mdev_remove(opening->uuid));
	EXPECT_EQ(-EBUSY, __mdev_remove(opening->uuid));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, __mdev_remove(opening->uuid));
}

/* Its user can be asked: the remover waits until he closes it. */
TEST_F(unbound, remover_waits)
{
	struct opening *opening = &self->opening;
	struct writer writer;

	create_request(opening);
	ASSERT_EQ(0, attach_cdev(opening));
	writer_start(&writer, "1", REMOVE_FILE, opening->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_TRUE(mdev_exists(opening->uuid));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(opening->uuid));
}

/* A remover who waits can be killed; then the device can be opened after all. */
TEST_F(unbound, remover_can_be_killed)
{
	struct opening *opening = &self->opening;
	struct writer writer;

	create_request(opening);
	ASSERT_EQ(0, attach_cdev(opening));
	writer_start(&writer, "1", REMOVE_FILE, opening->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_TRUE(writer_kill(&writer));
	opening->dev.fd = __vfio_dev_get_fd(&opening->dev);
	ASSERT_GE(opening->dev.fd, 0);
	EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
}

/* Once a remover waits, it is too late to bind it. */
TEST_F(unbound, cannot_be_bound_while_a_remover_waits)
{
	struct opening *opening = &self->opening;
	struct writer writer;

	create_request(opening);
	ASSERT_EQ(0, attach_cdev(opening));
	writer_start(&writer, "1", REMOVE_FILE, opening->uuid);
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&opening->dev));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
}

/* A parent that is withdrawn waits for it, and for nothing else. */
TEST_F(unbound, withdrawal_waits)
{
	struct opening *opening = &self->opening;
	char uuid2[MDEV_UUID_SIZE];
	struct writer writer;

	ASSERT_EQ(0, __test_vendor_run("register-extra"));
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), opening->uuid);
	mdev_create_new(TEST_PARENT2, TEST_TYPE("plain"), uuid2);
	ASSERT_EQ(0, attach_cdev(opening));
	writer_start(&writer, "unregister-extra",
		     "/sys/class/mdev_test/mdev_test_control/run");
	EXPECT_TRUE(WAIT_FOR(!mdev_exists(uuid2)));
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&opening->dev));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(opening->uuid));
}

/* Unbinding the driver waits for it, and binding it again makes it work. */
TEST_F(unbound, driver_unbinding_waits)
{
	struct opening *opening = &self->opening;
	struct writer writer;

	create_request(opening);
	ASSERT_EQ(0, attach_cdev(opening));
	writer_start(&writer, opening->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
	EXPECT_TRUE(writer_blocks(&writer));
	EXPECT_EQ(-ENODEV, __vfio_dev_get_fd(&opening->dev));
	vfio_dev_close(&opening->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	file_puts(opening->uuid, MDEV_DRIVERS "/vfio_mdev/bind");
	vfio_dev_open_by(&opening->dev, &vfio_dev_by_cdev, opening->uuid);
	EXPECT_EQ(1, __vfio_dev_try(&opening->dev));
}

TEST_HARNESS_MAIN
