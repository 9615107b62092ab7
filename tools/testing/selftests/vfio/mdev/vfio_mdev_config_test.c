// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI config space of a device: who it is, what can be written, and that access
 * is the same for every width
 */
#include <errno.h>
#include <string.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define CONFIG_SIZE	256
#define UART_SIZE	8

#define MTTY_VENDOR	0x4348
#define MTTY_DEVICE	0x3253
#define MTTY_CLASS	0x070002	/* serial controller, 16550 */

#define IO_BAR_MASK	0xfffffffcU

FIXTURE(config) {
	struct vfio_dev dev;
};

FIXTURE_VARIANT(config) {
	const char *type;
};

FIXTURE_VARIANT_ADD(config, mtty_1) {
	.type = MTTY_TYPE1,
};

FIXTURE_VARIANT_ADD(config, mtty_2) {
	.type = MTTY_TYPE2,
};

FIXTURE_SETUP(config)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, variant->type, uuid);
	vfio_dev_open(&self->dev, uuid);
}

FIXTURE_TEARDOWN(config)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MTTY_PARENT);
}

static ssize_t __read_config(struct vfio_dev *dev, __u64 offset, void *buf,
			     size_t len)
{
	return __vfio_dev_read(dev, VFIO_PCI_CONFIG_REGION_INDEX, offset, buf,
			       len);
}

static ssize_t __write_config(struct vfio_dev *dev, __u64 offset,
			      const void *buf, size_t len)
{
	return __vfio_dev_write(dev, VFIO_PCI_CONFIG_REGION_INDEX, offset, buf,
				len);
}

/* Every width at every offset of config space reads the same bytes. */
TEST_F(config, reads_agree)
{
	unsigned char image[CONFIG_SIZE], buf[CONFIG_SIZE];
	unsigned int offset, width;

	for (offset = 0; offset < CONFIG_SIZE; offset++)
		image[offset] = vfio_dev_config(&self->dev, offset, 1);

	for (width = 2; width <= 8; width++) {
		for (offset = 0; offset + width <= CONFIG_SIZE; offset++) {
			ASSERT_EQ(width, __read_config(&self->dev, offset, buf,
						       width));
			ASSERT_EQ(0, memcmp(buf, image + offset, width))
				TH_LOG("%u bytes at %#x", width, offset);
		}
	}
	EXPECT_EQ(CONFIG_SIZE, __read_config(&self->dev, 0, buf, CONFIG_SIZE));
	EXPECT_EQ(0, memcmp(buf, image, CONFIG_SIZE));
}

/* Every width at every offset of the first BAR writes the same bytes. */
TEST_F(config, writes_agree)
{
	static const unsigned char ones[8] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	unsigned int offset, width;
	__u64 expected, after;

	for (width = 1; width <= 4; width++) {
		for (offset = 0; offset + width <= 4; offset++) {
			vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0, 4,
					    0);
			ASSERT_EQ(width, __write_config(&self->dev,
							PCI_BASE_ADDRESS_0 +
							offset, ones, width));
			expected = ((1ULL << 8 * width) - 1) << 8 * offset;
			expected &= ~(__u64)(UART_SIZE - 1);
			after = vfio_dev_config(&self->dev, PCI_BASE_ADDRESS_0,
						4);
			ASSERT_EQ(expected | PCI_BASE_ADDRESS_SPACE_IO, after)
				TH_LOG("%u bytes at %u", width, offset);
		}
	}
}

/* The device is what a driver for PCI serial cards looks for. */
TEST_F(config, identity)
{
	struct vfio_dev *dev = &self->dev;

	EXPECT_EQ(MTTY_VENDOR, vfio_dev_config(dev, PCI_VENDOR_ID, 2));
	EXPECT_EQ(MTTY_DEVICE, vfio_dev_config(dev, PCI_DEVICE_ID, 2));
	EXPECT_EQ(MTTY_CLASS, vfio_dev_config(dev, PCI_CLASS_PROG, 2) |
			      vfio_dev_config(dev, PCI_CLASS_DEVICE + 1, 1)
			      << 16);
	EXPECT_EQ(MTTY_VENDOR, vfio_dev_config(dev, PCI_SUBSYSTEM_VENDOR_ID,
					       2));
	EXPECT_EQ(PCI_HEADER_TYPE_NORMAL,
		  vfio_dev_config(dev, PCI_HEADER_TYPE, 1));
	EXPECT_EQ(1, vfio_dev_config(dev, PCI_INTERRUPT_PIN, 1));
}

/* What identifies the device cannot be written, whatever the width. */
TEST_F(config, identity_is_read_only)
{
	unsigned char before[CONFIG_SIZE], after[CONFIG_SIZE];
	static const unsigned int read_only[] = {
		PCI_VENDOR_ID, PCI_DEVICE_ID, PCI_CLASS_REVISION,
		PCI_CLASS_PROG, PCI_CLASS_DEVICE, PCI_HEADER_TYPE,
		PCI_BASE_ADDRESS_5, PCI_SUBSYSTEM_VENDOR_ID, PCI_SUBSYSTEM_ID,
		PCI_ROM_ADDRESS, PCI_CAPABILITY_LIST, PCI_INTERRUPT_PIN,
	};
	unsigned int i;

	__read_config(&self->dev, 0, before, CONFIG_SIZE);
	for (i = 0; i < ARRAY_SIZE(read_only); i++) {
		vfio_dev_set_config(&self->dev, read_only[i], 1, 0xff);
		vfio_dev_set_config(&self->dev, read_only[i], 1, 0);
	}
	vfio_dev_set_config(&self->dev, PCI_VENDOR_ID, 4, 0xffffffff);
	vfio_dev_set_config(&self->dev, PCI_SUBSYSTEM_VENDOR_ID, 8, ~0ULL);
	__read_config(&self->dev, 0, after, CONFIG_SIZE);
	EXPECT_EQ(0, memcmp(before, after, CONFIG_SIZE));
}

/* A BAR tells the size that its region has; one without region is zero. */
TEST_F(config, bar_sizing)
{
	struct vfio_region_info info;
	__u32 value, flags;
	unsigned int i, reg;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		vfio_dev_region(&self->dev, i, &info);
		reg = PCI_BASE_ADDRESS_0 + 4 * i;
		flags = vfio_dev_config(&self->dev, reg, 4) & ~IO_BAR_MASK;
		vfio_dev_set_config(&self->dev, reg, 4, 0xffffffff);
		value = vfio_dev_config(&self->dev, reg, 4);
		if (info.size) {
			EXPECT_EQ(PCI_BASE_ADDRESS_SPACE_IO, flags);
			EXPECT_EQ(info.size, ~(value & IO_BAR_MASK) + 1);
			EXPECT_EQ(flags, value & ~IO_BAR_MASK);
		} else {
			EXPECT_EQ(0, value);
		}
	}
	vfio_dev_set_config(&self->dev, PCI_ROM_ADDRESS, 4, 0xfffff800);
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_ROM_ADDRESS, 4));
}

/* A BAR keeps the address that it is given, as far as its size allows. */
TEST_F(config, bar_keeps_its_address)
{
	vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0, 4, 0x0000c0de);
	EXPECT_EQ(0xc0d9, vfio_dev_config(&self->dev, PCI_BASE_ADDRESS_0, 4));
	vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0 + 2, 2, 0x1234);
	EXPECT_EQ(0x1234c0d9, vfio_dev_config(&self->dev, PCI_BASE_ADDRESS_0,
					      4));
}

/* The command register can be written, and the interrupt line is the guest's. */
TEST_F(config, registers_that_can_be_written)
{
	struct vfio_dev *dev = &self->dev;

	EXPECT_EQ(0, vfio_dev_config(dev, PCI_COMMAND, 2) & PCI_COMMAND_IO);
	vfio_dev_set_config(dev, PCI_COMMAND, 2, PCI_COMMAND_IO |
			    PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	EXPECT_EQ(PCI_COMMAND_IO | PCI_COMMAND_MASTER |
		  PCI_COMMAND_INTX_DISABLE,
		  vfio_dev_config(dev, PCI_COMMAND, 2));
	vfio_dev_set_config(dev, PCI_COMMAND, 2, 0xffff);
	EXPECT_EQ(0, vfio_dev_config(dev, PCI_COMMAND, 2) & 0xf800);
	vfio_dev_set_config(dev, PCI_INTERRUPT_LINE, 1, 0x0b);
	EXPECT_EQ(0x0b, vfio_dev_config(dev, PCI_INTERRUPT_LINE, 1));
}

/* The list of capabilities ends, stays in config space, and has MSI in it. */
TEST_F(config, capability_list)
{
	unsigned int offset, found = 0, steps = 0;

	ASSERT_NE(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) &
		     PCI_STATUS_CAP_LIST);
	offset = vfio_dev_config(&self->dev, PCI_CAPABILITY_LIST, 1);
	while (offset) {
		ASSERT_GE(offset, PCI_STD_HEADER_SIZEOF);
		ASSERT_EQ(0, offset % 4);
		ASSERT_LT(steps++, 48);
		if (vfio_dev_config(&self->dev, offset, 1) == PCI_CAP_ID_MSI)
			found++;
		offset = vfio_dev_config(&self->dev, offset +
					 PCI_CAP_LIST_NEXT, 1);
	}
	EXPECT_EQ(1, found);
}

/* A reset brings config space back to what it was at first. */
TEST_F(config, reset_restores_config_space)
{
	unsigned char before[CONFIG_SIZE], after[CONFIG_SIZE];
	unsigned int i;

	__read_config(&self->dev, 0, before, CONFIG_SIZE);
	for (i = 0; i < CONFIG_SIZE; i++)
		vfio_dev_set_config(&self->dev, i, 1, 0x5a);
	__read_config(&self->dev, 0, after, CONFIG_SIZE);
	EXPECT_NE(0, memcmp(before, after, CONFIG_SIZE));
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	__read_config(&self->dev, 0, after, CONFIG_SIZE);
	EXPECT_EQ(0, memcmp(before, after, CONFIG_SIZE));
}

TEST_HARNESS_MAIN
