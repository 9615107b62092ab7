// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of a device: what user space is told of them, and access at every edge
 * and of every width
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define CONFIG_SIZE	256
#define UART_SIZE	8
#define UART_SCR	7

/* Distance of two regions in the device's file */
#define REGION_STEP	(1ULL << 40)

FIXTURE(regions) {
	struct vfio_dev dev;
};

FIXTURE_VARIANT(regions) {
	const char *type;
	unsigned int bars;
};

FIXTURE_VARIANT_ADD(regions, mtty_1) {
	.type = MTTY_TYPE1, .bars = 1,
};

FIXTURE_VARIANT_ADD(regions, mtty_2) {
	.type = MTTY_TYPE2, .bars = 2,
};

FIXTURE_SETUP(regions)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, variant->type, uuid);
	vfio_dev_open(&self->dev, uuid);
}

FIXTURE_TEARDOWN(regions)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MTTY_PARENT);
}

#define get(pos, buf, len)	__vfio_dev_pread(&self->dev, pos, buf, len)
#define put(pos, buf, len)	__vfio_dev_pwrite(&self->dev, pos, buf, len)
#define get_config(offset, buf, len) \
	__vfio_dev_read(&self->dev, CONFIG, offset, buf, len)

/* A page behind which there is no memory; @room bytes before its end */
static void *buffer_with_room(size_t room)
{
	long size = sysconf(_SC_PAGESIZE);
	char *mem;

	mem = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MDEV_ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	mprotect(mem + size, size, PROT_NONE);
	return mem + size - room;
}

/* The device says that it is a PCI device that can be reset. */
TEST_F(regions, device_info)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
	EXPECT_EQ(0, __vfio_dev_reset(&self->dev));
}

/* A structure that is too small for the answer is refused, and left alone. */
TEST_F(regions, device_info_argsz)
{
	struct vfio_device_info info = { .flags = 0x55 };

	info.argsz = offsetof(struct vfio_device_info, num_irqs) + 3;
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0x55, info.flags);
	info.argsz = 0;
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* Only what fits into the smallest structure is written. */
TEST_F(regions, device_info_writes_no_more_than_it_knows)
{
	const size_t size = offsetof(struct vfio_device_info, num_irqs) + 4;
	unsigned char buf[256];
	struct vfio_device_info *info = (void *)buf;
	size_t i;

	memset(buf, 0xa5, sizeof(buf));
	info->argsz = size;
	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_INFO, info));
	for (i = size; i < sizeof(buf); i++)
		ASSERT_EQ(0xa5, buf[i]);
}

static __u64 expected_size(unsigned int index, unsigned int bars)
{
	if (index < bars)
		return UART_SIZE;
	return index == CONFIG ? CONFIG_SIZE : 0;
}

/* Each region that there is has its size; the others succeed with size 0. */
TEST_F(regions, region_info)
{
	const __u32 rw = VFIO_REGION_INFO_FLAG_READ |
			    VFIO_REGION_INFO_FLAG_WRITE;
	struct vfio_region_info info;
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		ASSERT_EQ(0, __vfio_dev_region(&self->dev, i, &info));
		EXPECT_EQ(i, info.index);
		EXPECT_EQ(i * REGION_STEP, info.offset);
		EXPECT_EQ(expected_size(i, variant->bars), info.size);
		EXPECT_EQ(info.size ? rw : 0, info.flags);
		EXPECT_EQ(0, info.cap_offset);
	}
}

/* What is no region has no information. */
TEST_F(regions, region_info_index)
{
	static const unsigned int bad[] = {
		VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_REGIONS + 1, 0x100,
		0x80000000, 0xffffffff,
	};
	struct vfio_region_info info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, __vfio_dev_region(&self->dev, bad[i],
						     &info));
}

/* A structure that is too small for the answer is refused. */
TEST_F(regions, region_info_argsz)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info) - 1,
		.index = CONFIG,
		.size = 0x55,
	};

	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	info.argsz = 0;
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0x55, info.size);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	info.argsz = 4096;
	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(CONFIG_SIZE, info.size);
}

/* Flags of the caller are no answer. */
TEST_F(regions, region_info_ignores_flags)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.flags = 0xabcd,
		.index = VFIO_PCI_BAR5_REGION_INDEX,
		.cap_offset = 0xabcd,
	};

	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &info));
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(0, info.cap_offset);
}

/* The first and the last byte of a region are there, the next one is not. */
TEST_F(regions, edges)
{
	struct vfio_region_info info;
	unsigned int i;
	char byte;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		vfio_dev_region(&self->dev, i, &info);
		if (!info.size)
			continue;
		EXPECT_EQ(1, get(info.offset, &byte, 1));
		EXPECT_EQ(1, get(info.offset + info.size - 1, &byte, 1));
		EXPECT_EQ(1, put(info.offset + info.size - 1, &byte, 1));
		EXPECT_EQ(-EINVAL, get(info.offset + info.size, &byte, 1));
		EXPECT_EQ(-EINVAL, put(info.offset + info.size, &byte, 1));
		EXPECT_EQ(-EINVAL, get(info.offset + REGION_STEP - 1, &byte,
				       1));
	}
}

/* Regions that the device does not have cannot be read or written anywhere. */
TEST_F(regions, absent_regions)
{
	static const __u64 offsets[] = {
		0, 1, 4, 7, 8, 255, 256, 4096, REGION_STEP - 1
	};
	struct vfio_region_info info;
	unsigned int i, j;
	char byte = 0;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		vfio_dev_region(&self->dev, i, &info);
		for (j = 0; !info.size && j < ARRAY_SIZE(offsets); j++) {
			EXPECT_EQ(-EINVAL, get(info.offset + offsets[j], &byte,
					       1));
			EXPECT_EQ(-EINVAL, put(info.offset + offsets[j], &byte,
					       1));
		}
	}
}

/* Neither can any multiple of the step beyond the last region. */
TEST_F(regions, beyond_the_last_region)
{
	char buf[8] = { };
	__u64 pos;
	int shift;

	for (shift = 44; shift < 63; shift++) {
		pos = 1ULL << shift;
		EXPECT_EQ(-EINVAL, get(pos, buf, 8));
		EXPECT_EQ(-EINVAL, put(pos, buf, 8));
	}
	pos = VFIO_PCI_NUM_REGIONS * REGION_STEP;
	EXPECT_EQ(-EINVAL, get(pos, buf, 1));
	EXPECT_EQ(-EINVAL, put(pos, buf, 1));
}

/* An offset at the end of all numbers does not wrap around, nor one below 0. */
TEST_F(regions, extreme_offsets)
{
	static const __u64 offsets[] = {
		INT64_MAX, INT64_MAX - 7, (__u64)INT64_MIN, UINT64_MAX,
		UINT64_MAX - 255,
	};
	char buf[256] = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		EXPECT_EQ(-EINVAL, get(offsets[i], buf, sizeof(buf)));
		EXPECT_EQ(-EINVAL, put(offsets[i], buf, sizeof(buf)));
	}
}

/* Nothing is what one gets who asks for nothing. */
TEST_F(regions, zero_bytes)
{
	char byte;

	EXPECT_EQ(0, get(0, &byte, 0));
	EXPECT_EQ(0, put(0, &byte, 0));
}

/* An access that goes beyond the end is cut there and touches no more memory. */
TEST_F(regions, access_across_the_end)
{
	unsigned char buf[4096];
	size_t i;

	memset(buf, 0xa5, sizeof(buf));
	EXPECT_EQ(CONFIG_SIZE, get_config(0, buf, sizeof(buf)));
	for (i = CONFIG_SIZE; i < sizeof(buf); i++)
		ASSERT_EQ(0xa5, buf[i]);
	EXPECT_EQ(4, get_config(CONFIG_SIZE - 4, buf, 8));
	EXPECT_EQ(1, get_config(CONFIG_SIZE - 1, buf, sizeof(buf)));
	EXPECT_EQ(UART_SIZE, __vfio_dev_read(&self->dev, 0, 0, buf,
					     sizeof(buf)));
	EXPECT_EQ(1, __vfio_dev_write(&self->dev, 0, UART_SCR, buf, 2));
}

/* Beyond config space there was other memory of the kernel once. */
TEST_F(regions, nothing_behind_config_space)
{
	unsigned char buf[4];
	__u64 offset;

	for (offset = CONFIG_SIZE; offset < 0x2000; offset += 4)
		ASSERT_EQ(-EINVAL, get_config(offset, buf, 4));
	for (offset = 1ULL << 13; offset < REGION_STEP; offset <<= 1)
		ASSERT_EQ(-EINVAL, get_config(offset, buf, 4));
}

/* A register is a byte wide, so a wide access is one to each of several. */
TEST_F(regions, wide_access_to_registers)
{
	static const unsigned char two[2] = { 0x03, 0x02 };
	unsigned char all[UART_SIZE];

	EXPECT_EQ(2, __vfio_dev_write(&self->dev, 0, 3, two, 2));
	vfio_dev_write8(&self->dev, 0, UART_SCR, 0x77);
	memset(all, 0xa5, sizeof(all));
	EXPECT_EQ(UART_SIZE, __vfio_dev_read(&self->dev, 0, 0, all,
					     sizeof(all)));
	EXPECT_EQ(0x03, all[3]);
	EXPECT_EQ(0x02, all[4]);
	EXPECT_EQ(0x77, all[UART_SCR]);
	EXPECT_EQ(0x0203, vfio_dev_load(&self->dev, 0, 3, 2));
	EXPECT_EQ(0x77000002,
		  vfio_dev_load(&self->dev, 0, 4, 4) & 0xff0000ff);
}

/* Every width, also odd ones, transfers as many bytes as it says. */
TEST_F(regions, every_width_of_registers)
{
	unsigned char buf[16];
	int width;

	for (width = 1; width <= UART_SIZE; width++) {
		memset(buf, 0xa5, sizeof(buf));
		EXPECT_EQ(width, __vfio_dev_read(&self->dev, 0,
						 UART_SIZE - width, buf,
						 width));
		EXPECT_EQ(vfio_dev_read8(&self->dev, 0, UART_SCR),
			  buf[width - 1]);
		EXPECT_EQ(0xa5, buf[width]);
	}
}

/* Memory that is not there is -EFAULT, in both directions. */
TEST_F(regions, bad_buffer)
{
	__u64 config = CONFIG * REGION_STEP;
	char *nowhere = buffer_with_room(0), *volatile null = NULL;

	vfio_dev_write8(&self->dev, 0, UART_SCR, 0x42);
	EXPECT_EQ(-EFAULT, get(0, nowhere, 1));
	EXPECT_EQ(-EFAULT, get(config, nowhere, 4));
	EXPECT_EQ(-EFAULT, get(config, null, 256));
	EXPECT_EQ(-EFAULT, put(UART_SCR, nowhere, 1));
	EXPECT_EQ(-EFAULT, put(config + PCI_COMMAND, nowhere, 2));
	EXPECT_EQ(-EFAULT, get(config, (void *)0xffff888000000000UL, 4));
	EXPECT_EQ(0x42, vfio_dev_read8(&self->dev, 0, UART_SCR));
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_COMMAND, 2));
}

/* Memory that ends early takes what it can, and the result says how much. */
TEST_F(regions, buffer_that_ends_early)
{
	unsigned char image[CONFIG_SIZE];
	unsigned char *buf = buffer_with_room(12);
	int n;

	get_config(0, image, CONFIG_SIZE);
	n = get_config(0, buf, CONFIG_SIZE);
	EXPECT_GE(n, 1);
	EXPECT_LE(n, 12);
	EXPECT_EQ(0, memcmp(buf, image, n));
}

/* What is asked for by the wrong region does not reach the right one. */
TEST_F(regions, ports_are_apart)
{
	static const char value = 0x22;

	vfio_dev_write8(&self->dev, 0, UART_SCR, 0x11);
	EXPECT_EQ(variant->bars > 1 ? 1 : -EINVAL, put(REGION_STEP + UART_SCR,
						       &value, 1));
	EXPECT_EQ(0x11, vfio_dev_read8(&self->dev, 0, UART_SCR));
}

/* No region says that it can be mapped, and none can. */
TEST_F(regions, nothing_to_map)
{
	struct vfio_region_info info;
	unsigned int i;
	void *mem;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		vfio_dev_region(&self->dev, i, &info);
		EXPECT_EQ(0, info.flags & VFIO_REGION_INFO_FLAG_MMAP);
		mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->dev.fd,
			   info.offset);
		EXPECT_EQ(MAP_FAILED, mem);
		EXPECT_EQ(EINVAL, errno);
	}
}

/* An ioctl that VFIO does not know is -ENOTTY, as is a hot reset of no slot. */
TEST_F(regions, unknown_ioctl)
{
	EXPECT_EQ(-1, ioctl(self->dev.fd, _IO(VFIO_TYPE, VFIO_BASE + 99),
			    NULL));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
			    NULL));
	EXPECT_EQ(ENOTTY, errno);
}

/* Two cards share nothing. */
TEST_F(regions, devices_are_apart)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev2;

	mdev_create_new(MTTY_PARENT, variant->type, uuid);
	vfio_dev_open(&dev2, uuid);
	vfio_dev_write8(&self->dev, 0, UART_SCR, 0x11);
	vfio_dev_write8(&dev2, 0, UART_SCR, 0x22);
	vfio_dev_set_config(&self->dev, PCI_INTERRUPT_LINE, 1, 5);
	EXPECT_EQ(0x11, vfio_dev_read8(&self->dev, 0, UART_SCR));
	EXPECT_EQ(0, vfio_dev_config(&dev2, PCI_INTERRUPT_LINE, 1));
	vfio_dev_close(&dev2);
}

/* Who opens the card finds it as after power on. */
TEST_F(regions, open_resets)
{
	char uuid[MDEV_UUID_SIZE];

	memcpy(uuid, self->dev.uuid, sizeof(uuid));
	vfio_dev_write8(&self->dev, 0, UART_SCR, 0x11);
	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2, PCI_COMMAND_IO);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, uuid);
	EXPECT_EQ(0, vfio_dev_read8(&self->dev, 0, UART_SCR));
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_COMMAND, 2));
}

TEST_HARNESS_MAIN
