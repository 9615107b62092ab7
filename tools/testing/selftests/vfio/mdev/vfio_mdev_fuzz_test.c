// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device in the hands of a process that knows no rules: several threads do at
 * random what can be done to a file that is a device, with arguments that are right,
 * half right or wrong, and fork meanwhile
 *
 * What is checked is that it ends, that the next user finds the device as it was, and
 * that it can be removed. The rest is for the kernel's own checks to find.
 *
 * MDEV_FUZZ_SECONDS sets how long (3), 1000 at most. MDEV_FUZZ_SEED does again what the
 * run did that printed it, as far as threads allow; MDEV_FUZZ_THREADS=1 has but one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#include "../../../../../samples/vfio-mdev/mdma.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR1	VFIO_PCI_BAR1_REGION_INDEX

#define MAX_REGIONS 16

/* Of both ports: what raises interrupts, and lets them fall */
static const struct fuzz_register mtty_registers[] = {
	{ BAR0, UART_TX, 1, { 'a', 'b', 'c', 0 } },
	{ BAR0, UART_IER, 1, { 0, UART_IER_MSI, UART_IER_THRI, 15 } },
	{ BAR0, UART_FCR, 1, { 0, 1, 7, 0xc1 } },
	{ BAR0, UART_LCR, 1, { 3, 3, UART_LCR_DLAB, 0 } },
	{ BAR0, UART_MCR, 1, { 0, UART_MCR_LOOP, UART_MCR_RTS, 15 } },
	{ BAR1, UART_TX, 1, { 'a', 'b', 'c', 0 } },
	{ BAR1, UART_IER, 1, { 0, UART_IER_MSI, UART_IER_THRI, 15 } },
	{ BAR1, UART_MCR, 1, { 0, UART_MCR_LOOP, UART_MCR_RTS, 15 } },
};

/* A ring of commands that are what memory has, which is not mapped for DMA */
static const struct fuzz_register mdma_registers[] = {
	{ VFIO_PCI_BAR0_REGION_INDEX, MDMA_CONTROL, 4,
	  { MDMA_CONTROL_ENABLE, MDMA_CONTROL_ENABLE, MDMA_CONTROL_RESET, 0 } },
	{ VFIO_PCI_BAR0_REGION_INDEX, MDMA_RING_LOW, 4, { 0, 4096, 8192, ~0U } },
	{ VFIO_PCI_BAR0_REGION_INDEX, MDMA_RING_SIZE, 4, { 64, 64, 1, 3 } },
	{ VFIO_PCI_BAR0_REGION_INDEX, MDMA_KICK, 4, { 1, 1, 1, 1 } },
	{ VFIO_PCI_BAR0_REGION_INDEX, 4096 + MDMA_TAIL, 4, { 1, 2, 64, 65 } },
	{ VFIO_PCI_BAR0_REGION_INDEX, 4096 + MDMA_HEAD, 4, { 0, 1, 2, ~0U } },
};

/* What makes a picture, so that there is a dma-buf of it; and the monitor */
static const struct fuzz_register mbochs_registers[] = {
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_ENABLE), 2, { 0x41, 0x41, 0x41, 0 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_BPP), 2, { 32, 32, 32, 32 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_XRES), 2, { 640, 640, 320, 1024 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_YRES), 2, { 480, 480, 200, 768 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_VIRT_WIDTH), 2, { 640, 640, 1024, 0 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_VIRT_HEIGHT), 2, { 480, 768, 1024, 0 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_X_OFFSET), 2, { 0, 0, 0, 1 } },
	{ MBOCHS_MMIO, MBOCHS_VBE(VBE_Y_OFFSET), 2, { 0, 0, 480, 1 } },
	{ MBOCHS_MMIO, MBOCHS_QEXT_ENDIAN, 4,
	  { 0x1e1e1e1e, 0xbebebebe, 0, 1 } },
	{ MBOCHS_MONITOR, 4, 4, { 0, 128, 256, MBOCHS_EDID_MAX } },
	{ MBOCHS_MONITOR, 16, 4, { 0, 1, 2, 3 } },
};

static const struct vfio_dev_way *const ways[] = {
	&vfio_dev_by_group, &vfio_dev_by_group_iommufd, &vfio_dev_by_cdev,
};

/**
 * struct seen - what the next user is to find as the last one did
 * @info: the device
 * @region: its regions
 * @id: vendor and device
 */
struct seen {
	struct vfio_device_info info;
	struct vfio_region_info region[MAX_REGIONS];
	unsigned int id;
};

FIXTURE(fuzz) {
	char uuid[MDEV_UUID_SIZE];
	struct seen before;
	long available;
	int refcnt;
	int devices;
};

FIXTURE_VARIANT(fuzz) {
	const char *name;
	const char *type;
	const struct fuzz_register *registers;
	unsigned int nr_registers;
};

FIXTURE_VARIANT_ADD(fuzz, mtty) {
	.name = "mtty",
	.type = MTTY_TYPE2,
	.registers = mtty_registers,
	.nr_registers = ARRAY_SIZE(mtty_registers),
};

FIXTURE_VARIANT_ADD(fuzz, mdma) {
	.name = "mdma",
	.type = "mdma-small",
	.registers = mdma_registers,
	.nr_registers = ARRAY_SIZE(mdma_registers),
};

FIXTURE_VARIANT_ADD(fuzz, mdpy) {
	.name = "mdpy",
	.type = "mdpy-vga",
};

FIXTURE_VARIANT_ADD(fuzz, mbochs) {
	.name = MBOCHS,
	.type = MBOCHS_SMALL,
	.registers = mbochs_registers,
	.nr_registers = ARRAY_SIZE(mbochs_registers),
};

static int look(const char *uuid, struct seen *seen)
{
	struct vfio_dev dev;
	unsigned int i;
	int ret;

	memset(seen, 0, sizeof(*seen));
	ret = __vfio_dev_open(&dev, uuid);
	if (ret)
		return ret;
	ret = __vfio_dev_info(&dev, &seen->info);
	for (i = 0; !ret && i < seen->info.num_regions && i < MAX_REGIONS; i++)
		ret = __vfio_dev_region(&dev, i, &seen->region[i]);
	if (!ret)
		seen->id = vfio_dev_config(&dev, PCI_VENDOR_ID, 4);
	vfio_dev_close(&dev);
	return ret;
}

FIXTURE_SETUP(fuzz)
{
	module_load(variant->name);
	vfio_setup();
	mdev_remove_all(variant->name);
	self->available = mdev_available(variant->name, variant->type);
	self->refcnt = module_refcnt(variant->name);
	self->devices = __dir_count(MDEV_DEVICES);
	mdev_create_new(variant->name, variant->type, self->uuid);
	ASSERT_EQ(0, look(self->uuid, &self->before));
}

/* It is not open any more, so nobody has to wait for it. */
FIXTURE_TEARDOWN(fuzz)
{
	struct writer writer;

	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS))
		EXPECT_TRUE(writer_kill(&writer));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(self->devices, __dir_count(MDEV_DEVICES));
	EXPECT_TRUE(WAIT_FOR(mdev_available(variant->name, variant->type) ==
			     self->available));
	EXPECT_TRUE(WAIT_FOR(module_refcnt(variant->name) == self->refcnt));
}

static unsigned long env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned long new_seed(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (ts.tv_sec * 1000000 + ts.tv_nsec / 1000) % 1000000000;
}

static const struct vfio_dev_way *pick_way(unsigned long seed)
{
	const struct vfio_dev_way *way = ways[seed % ARRAY_SIZE(ways)];

	return way->available() ? way : &vfio_dev_by_group;
}

TEST_F_TIMEOUT(fuzz, one_device, 3000)
{
	unsigned long seed = env("MDEV_FUZZ_SEED", new_seed());
	struct fuzz_run run = {
		.uuid = self->uuid,
		.way = pick_way(seed),
		.registers = variant->registers,
		.nr_registers = variant->nr_registers,
		.seed = seed,
		.threads = env("MDEV_FUZZ_THREADS", 2 + seed / 3 % 3),
		.ms = 1000 * env("MDEV_FUZZ_SECONDS", 3),
	};
	struct seen after;

	printf("# %s: MDEV_FUZZ_SEED=%lu, %u threads, opened by %s\n",
	       variant->type, seed, run.threads, run.way->name);
	ASSERT_LE(run.threads, FUZZ_MAX_THREADS);
	EXPECT_TRUE(fuzz_device(&run));

	EXPECT_EQ(0, look(self->uuid, &after));
	EXPECT_EQ(0, memcmp(&self->before, &after, sizeof(after)));
}

TEST_HARNESS_MAIN
