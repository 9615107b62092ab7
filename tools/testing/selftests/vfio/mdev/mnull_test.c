// SPDX-License-Identifier: GPL-2.0-only
/*
 * mnull, the smallest vendor driver: all that a PCI device has to have, from the
 * library's ready-made ops
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PARENT	"mnull"
#define TYPE	"mnull-1"
#define BAR0	VFIO_PCI_BAR0_REGION_INDEX

FIXTURE(mnull) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
};

FIXTURE_SETUP(mnull)
{
	module_load("mnull");
	vfio_setup();
	mdev_create_new(PARENT, TYPE, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
}

FIXTURE_TEARDOWN(mnull)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(PARENT);
}

/* Tools find what they need to list the type and to make devices of it. */
TEST_F(mnull, type)
{
	char text[64];

	file_gets(text, sizeof(text), MDEV_TYPES(PARENT) "/" TYPE "/name");
	EXPECT_STREQ("Null device", text);
	file_gets(text, sizeof(text), MDEV_TYPES(PARENT) "/" TYPE "/device_api");
	EXPECT_STREQ("vfio-pci", text);
	EXPECT_EQ(63, mdev_available(PARENT, TYPE));
	EXPECT_EQ(1, mdev_count(PARENT, TYPE));
}

/* The device is what its description says. */
TEST_F(mnull, identity)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
	EXPECT_EQ(0x10f01af4, vfio_dev_config(&self->dev, PCI_VENDOR_ID, 4));
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_INTERRUPT_PIN, 1));
	vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0, 4, ~0U);
	EXPECT_EQ(0xfffffff0,
		  vfio_dev_config(&self->dev, PCI_BASE_ADDRESS_0, 4));
}

/* It has interrupts of no kind, except to be asked to let go. */
TEST_F(mnull, no_interrupts)
{
	struct vfio_irq_info info = { .argsz = sizeof(info) };

	for (; info.index < VFIO_PCI_NUM_IRQS; info.index++) {
		bool asked = info.index == VFIO_PCI_REQ_IRQ_INDEX;

		if (info.index == VFIO_PCI_ERR_IRQ_INDEX)
			continue;
		ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_IRQ_INFO,
				   &info));
		EXPECT_EQ(asked, info.count);
	}
}

/* The register reads as written, at any width, and a reset clears it. */
TEST_F(mnull, register)
{
	EXPECT_EQ(0, vfio_dev_load(&self->dev, BAR0, 0, 4));
	vfio_dev_store(&self->dev, BAR0, 0, 4, 0x12345678);
	EXPECT_EQ(0x12345678, vfio_dev_load(&self->dev, BAR0, 0, 4));
	vfio_dev_store(&self->dev, BAR0, 1, 1, 0xab);
	EXPECT_EQ(0x1234ab78, vfio_dev_load(&self->dev, BAR0, 0, 4));
	EXPECT_EQ(0x1234, vfio_dev_load(&self->dev, BAR0, 2, 2));
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, vfio_dev_load(&self->dev, BAR0, 0, 4));
}

/* Each device has a register of its own. */
TEST_F(mnull, separate)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev other;

	mdev_create_new(PARENT, TYPE, uuid);
	vfio_dev_open(&other, uuid);
	vfio_dev_store(&self->dev, BAR0, 0, 4, 1);
	vfio_dev_store(&other, BAR0, 0, 4, 2);
	EXPECT_EQ(1, vfio_dev_load(&self->dev, BAR0, 0, 4));
	EXPECT_EQ(2, vfio_dev_load(&other, BAR0, 0, 4));
	vfio_dev_close(&other);
}

/* There is nothing beyond the register, and it cannot be mapped. */
TEST_F(mnull, refuses)
{
	char buf[32] = { };

	EXPECT_EQ(16, __vfio_dev_read(&self->dev, BAR0, 0, buf, 32));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0, 16, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_write(&self->dev, BAR0, 16, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0 + 1, 0, buf, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				   self->dev.fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, buf));
	EXPECT_EQ(ENOTTY, errno);
}

/* The module stays while a device is open, and goes with all devices then. */
TEST_F(mnull, unload)
{
	EXPECT_EQ(-EAGAIN, __module_unload("mnull"));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __module_unload("mnull"));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_parent_exists(PARENT));
	module_load("mnull");
}

TEST_HARNESS_MAIN
