// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ours and the kernel's own sample devices do differently
 *
 * One program for both. Each test is named after a defect of the samples that come
 * with the kernel. All but the last leave the machine no worse than it was, so that
 * they can run in one; see check-mainline.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define MDPY_PARENT	"mdpy"
#define MDPY_TYPE	"mdpy-vga"
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define BAR2		VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define CONFIG_SIZE	256
#define PAGE		4096

/* One device of each sample */
enum { MTTY, MDPY, MBOCHS_DEV, NR_SAMPLES };

static const char * const sample_names[] = { "mtty", "mdpy", "mbochs" };

FIXTURE(samples) {
	struct vfio_dev dev[NR_SAMPLES];
};

FIXTURE_SETUP(samples)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&self->dev[MTTY], uuid);
	module_load(MDPY_PARENT);
	mdev_remove_all(MDPY_PARENT);
	mdev_create_new(MDPY_PARENT, MDPY_TYPE, uuid);
	vfio_dev_open(&self->dev[MDPY], uuid);
	mbochs_setup();
	mbochs_open_new(&self->dev[MBOCHS_DEV], MBOCHS_SMALL);
}

FIXTURE_TEARDOWN(samples)
{
	unsigned int i;

	for (i = 0; i < NR_SAMPLES; i++)
		vfio_dev_close(&self->dev[i]);
	mdev_remove_all(MTTY_PARENT);
	mdev_remove_all(MDPY_PARENT);
	mdev_remove_all(MBOCHS_PARENT);
}

#define mtty	(&self->dev[MTTY])
#define mdpy	(&self->dev[MDPY])
#define mbochs	(&self->dev[MBOCHS_DEV])

/* Config space ends where it does: what is behind it is the kernel's memory. */
TEST_F(samples, s1_config_space_ends)
{
	char buf[16];

	EXPECT_EQ(-EINVAL, __vfio_dev_read(mtty, CONFIG, CONFIG_SIZE, buf, 4));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(mtty, CONFIG, CONFIG_SIZE + 64, buf,
					   4));
	EXPECT_EQ(4, __vfio_dev_read(mtty, CONFIG, CONFIG_SIZE - 4, buf,
				     sizeof(buf)));
}

/* Its last four bytes belong to it. */
TEST_F(samples, s2_end_of_config_space)
{
	struct vfio_region_info info;
	unsigned int i;
	__u32 value;

	for (i = 0; i < NR_SAMPLES; i++) {
		vfio_dev_region(&self->dev[i], CONFIG, &info);
		EXPECT_EQ(CONFIG_SIZE, info.size) TH_LOG("%s", sample_names[i]);
		EXPECT_EQ(4, __vfio_dev_read(&self->dev[i], CONFIG,
					     CONFIG_SIZE - 4, &value, 4))
			TH_LOG("%s", sample_names[i]);
	}
}

/* A BAR that the device does not have cannot be read or written. */
TEST_F(samples, s3_absent_bar)
{
	struct vfio_region_info info;
	unsigned int index;
	char byte = 0;

	for (index = BAR2; index <= VFIO_PCI_BAR5_REGION_INDEX; index++) {
		vfio_dev_region(mtty, index, &info);
		EXPECT_EQ(0, info.size);
		EXPECT_EQ(-EINVAL, __vfio_dev_read(mtty, index, UART_LCR, &byte,
						   1));
		/* Without effect in whatever memory it may reach */
		EXPECT_EQ(-EINVAL, __vfio_dev_write(mtty, index, UART_LSR,
						    &byte, 1));
	}
}

/* An offset beyond 16 bits is not cut to one of a register. */
TEST_F(samples, s4_offset_beyond_16_bits)
{
	__u8 value = 0xa5;

	vfio_dev_write8(mtty, BAR0, UART_SCR, 0x5a);
	EXPECT_EQ(-EINVAL, __vfio_dev_write(mtty, BAR0, 0x10000 + UART_SCR,
					    &value, 1));
	EXPECT_EQ(0x5a, vfio_dev_read8(mtty, BAR0, UART_SCR));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(mtty, BAR0, 0x10000 + UART_SCR,
					   &value, 1));
}

/* A BAR can be written a byte or two at a time. */
TEST_F(samples, s5_narrow_bar_writes)
{
	unsigned int width, i, n;
	__u32 whole;

	for (i = 0; i < NR_SAMPLES; i++) {
		struct vfio_dev *dev = &self->dev[i];

		vfio_dev_set_config(dev, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
		whole = vfio_dev_config(dev, PCI_BASE_ADDRESS_0, 4);
		for (width = 1; width <= 2; width++) {
			vfio_dev_set_config(dev, PCI_BASE_ADDRESS_0, 4, 0);
			for (n = 0; n < 4; n += width)
				vfio_dev_set_config(dev, PCI_BASE_ADDRESS_0 + n,
						    width, 0xffff);
			EXPECT_EQ(whole,
				  vfio_dev_config(dev, PCI_BASE_ADDRESS_0, 4))
				TH_LOG("%s by %u", sample_names[i], width);
		}
	}
}

/* What is written to the command register stays there. */
TEST_F(samples, s6_command_register)
{
	const __u16 bits = PCI_COMMAND_MEMORY;
	unsigned int i;

	for (i = MDPY; i < NR_SAMPLES; i++) {
		vfio_dev_set_config(&self->dev[i], PCI_COMMAND, 2, 0);
		EXPECT_EQ(0, vfio_dev_config(&self->dev[i], PCI_COMMAND, 2) &
			  bits) TH_LOG("%s", sample_names[i]);
		vfio_dev_set_config(&self->dev[i], PCI_COMMAND, 2, bits);
		EXPECT_EQ(bits, vfio_dev_config(&self->dev[i], PCI_COMMAND, 2) &
			  bits) TH_LOG("%s", sample_names[i]);
	}
}

static void *map(struct vfio_dev *dev, size_t size)
{
	struct vfio_region_info info;
	void *mem;

	vfio_dev_region(dev, BAR0, &info);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   info.offset);
	MDEV_ASSERT(mem != MAP_FAILED, "mapping BAR 0: %s", strerror(errno));
	return mem;
}

/*
 * read() and write() reach what a mapping shows at that offset. Returns how many
 * of the accesses did not.
 */
static int misses(struct vfio_dev *dev)
{
	const size_t pages = 16;
	__u32 *mem = map(dev, pages * PAGE), value;
	int ret = 0;
	size_t i;

	for (i = 0; i < pages; i++)
		mem[i * PAGE / 4] = 0x1000 + i;
	for (i = 0; i < pages; i++) {
		value = 0;
		__vfio_dev_read(dev, BAR0, i * PAGE, &value, 4);
		ret += value != 0x1000 + i;
	}
	for (i = 0; i < pages; i++) {
		value = 0x2000 + i;
		__vfio_dev_write(dev, BAR0, i * PAGE, &value, 4);
	}
	for (i = 0; i < pages; i++)
		ret += mem[i * PAGE / 4] != 0x2000 + i;
	munmap(mem, pages * PAGE);
	return ret;
}

/* read() and write() of a framebuffer go where they are told to. */
TEST_F(samples, s7_mdpy_position)
{
	EXPECT_EQ(0, misses(mdpy)) TH_LOG("of 32 accesses");
}

TEST_F(samples, s8_mbochs_position)
{
	EXPECT_EQ(0, misses(mbochs)) TH_LOG("of 32 accesses");
}

/* A plane can be queried at the first attempt. */
TEST_F(samples, s9_mbochs_first_query)
{
	struct vfio_device_gfx_plane_info plane;

	mbochs_set_mode(mbochs, 640, 480);
	EXPECT_EQ(0, __mbochs_query(mbochs, VFIO_GFX_PLANE_TYPE_DMABUF,
				    DRM_PLANE_TYPE_PRIMARY, &plane));
	EXPECT_EQ(640, plane.width);
}

/* Interrupts can be asked for before anything else. */
TEST_F(samples, s10_irq_info_first)
{
	struct vfio_irq_info info;
	unsigned int i;

	for (i = 0; i < NR_SAMPLES; i++) {
		EXPECT_EQ(0, __irq_info(&self->dev[i], VFIO_PCI_INTX_IRQ_INDEX,
					&info))
			TH_LOG("%s", sample_names[i]);
	}
}

/* A device that can be reset says so. */
TEST_F(samples, s11_reset_flag)
{
	struct vfio_device_info info;
	unsigned int i;

	for (i = 0; i < NR_SAMPLES; i++) {
		ASSERT_EQ(0, __vfio_dev_info(&self->dev[i], &info));
		EXPECT_EQ(!__vfio_dev_reset(&self->dev[i]),
			  !!(info.flags & VFIO_DEVICE_FLAGS_RESET))
			TH_LOG("%s", sample_names[i]);
	}
}

/* A wide access to registers gives each of them, and nothing that was not read. */
TEST_F(samples, s12_wide_register_read)
{
	__u8 one[4], all[4];
	unsigned int i;

	vfio_dev_write8(mtty, BAR0, UART_SCR, 0x5a);
	vfio_dev_read8(mtty, BAR0, UART_MSR);
	for (i = 0; i < 4; i++)
		one[i] = vfio_dev_read8(mtty, BAR0, UART_MCR + i);
	memset(all, 0xee, sizeof(all));
	EXPECT_EQ(4, __vfio_dev_read(mtty, BAR0, UART_MCR, all, 4));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(one[i], all[i]);
}

/* Interrupts that no device has get one answer from all of them. */
TEST_F(samples, s13_absent_irq)
{
	struct vfio_device_info device;
	struct vfio_irq_info info;
	unsigned int i;

	for (i = 0; i < NR_SAMPLES; i++) {
		ASSERT_EQ(0, __vfio_dev_info(&self->dev[i], &device));
		EXPECT_EQ(-EINVAL, __irq_info(&self->dev[i],
					      VFIO_PCI_ERR_IRQ_INDEX, &info))
			TH_LOG("%s", sample_names[i]);
		EXPECT_EQ(-EINVAL, __irq_info(&self->dev[i], device.num_irqs,
					      &info))
			TH_LOG("%s", sample_names[i]);
	}
}

static unsigned int uart_irq_id(struct vfio_dev *dev)
{
	return vfio_dev_read8(dev, BAR0, UART_IIR) & UART_IIR_ID;
}

/* An interrupt comes when the FIFO holds what it was told to wait for. */
TEST_F(samples, s14_fifo_trigger_level)
{
	struct vfio_device_info info;
	int eventfd = irq_eventfd();
	unsigned int i;

	ASSERT_EQ(0, __vfio_dev_info(mtty, &info));
	irq_connect(mtty, VFIO_PCI_INTX_IRQ_INDEX, eventfd);
	/* So slow that there is no time-out meanwhile */
	vfio_dev_write8(mtty, BAR0, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	vfio_dev_write8(mtty, BAR0, UART_DLL, 0xff);
	vfio_dev_write8(mtty, BAR0, UART_DLM, 0xff);
	vfio_dev_write8(mtty, BAR0, UART_LCR, UART_LCR_WLEN8);
	vfio_dev_write8(mtty, BAR0, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_CLEAR_RCVR | UART_FCR_TRIGGER_14);
	vfio_dev_write8(mtty, BAR0, UART_IER, UART_IER_RDI);
	for (i = 0; i < 13; i++)
		vfio_dev_write8(mtty, BAR0, UART_TX, 'x');
	EXPECT_NE(UART_IIR_RDI, uart_irq_id(mtty)) TH_LOG("13 characters");
	vfio_dev_write8(mtty, BAR0, UART_TX, 'x');
	EXPECT_EQ(UART_IIR_RDI, uart_irq_id(mtty)) TH_LOG("14 characters");
	close(eventfd);
}

/* What is not there is an invalid argument, not a bad address. */
TEST_F(samples, s15_errno_of_nothing)
{
	const __u64 pos = (__u64)VFIO_PCI_NUM_REGIONS << 50;
	unsigned int i;
	char byte = 0;

	for (i = 0; i < NR_SAMPLES; i++) {
		EXPECT_EQ(-EINVAL, __vfio_dev_pread(&self->dev[i], pos, &byte,
						    1))
			TH_LOG("%s", sample_names[i]);
		EXPECT_EQ(-EINVAL, __vfio_dev_pwrite(&self->dev[i], pos, &byte,
						     1))
			TH_LOG("%s", sample_names[i]);
	}
}

/* Whether a device's config space has a capability */
static bool has_cap(struct vfio_dev *dev, unsigned int id)
{
	unsigned int pos, n = 48;

	if (!(vfio_dev_config(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return false;
	pos = vfio_dev_config(dev, PCI_CAPABILITY_LIST, 1);
	while (pos && n--) {
		if (vfio_dev_config(dev, pos, 1) == id)
			return true;
		pos = vfio_dev_config(dev, pos + 1, 1);
	}
	return false;
}

/* A device offers messages if, and only if, its guest can find them. */
TEST_F(samples, s16_msi_capability)
{
	struct vfio_device_info device;
	struct vfio_irq_info info;
	unsigned int i;

	for (i = 0; i < NR_SAMPLES; i++) {
		ASSERT_EQ(0, __vfio_dev_info(&self->dev[i], &device));
		ASSERT_EQ(0, __irq_info(&self->dev[i], VFIO_PCI_MSI_IRQ_INDEX,
					&info));
		EXPECT_EQ(info.count > 0,
			  has_cap(&self->dev[i], PCI_CAP_ID_MSI))
			TH_LOG("%s", sample_names[i]);
	}
}

/* An interrupt that nobody connected is nothing to die of; the last, for those who do. */
TEST_F(samples, s17_unconnected_interrupt)
{
	vfio_dev_write8(mtty, BAR0, UART_LCR, UART_LCR_WLEN8);
	vfio_dev_write8(mtty, BAR0, UART_FCR, UART_FCR_ENABLE_FIFO);
	vfio_dev_write8(mtty, BAR0, UART_IER, UART_IER_RDI);
	vfio_dev_write8(mtty, BAR0, UART_TX, 'x');
	EXPECT_EQ('x', vfio_dev_read8(mtty, BAR0, UART_RX));
}

TEST_HARNESS_MAIN
