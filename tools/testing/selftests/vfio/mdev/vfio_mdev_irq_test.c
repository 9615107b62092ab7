// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: what user space is told of them against what it may ask for, and
 * whether they arrive as often as they should
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define INTX	VFIO_PCI_INTX_IRQ_INDEX
#define MSI	VFIO_PCI_MSI_IRQ_INDEX
#define MSIX	VFIO_PCI_MSIX_IRQ_INDEX
#define ERR	VFIO_PCI_ERR_IRQ_INDEX
#define REQ	VFIO_PCI_REQ_IRQ_INDEX

#define NONE	VFIO_IRQ_SET_DATA_NONE
#define BOOL	VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD	VFIO_IRQ_SET_DATA_EVENTFD
#define MASK	VFIO_IRQ_SET_ACTION_MASK
#define UNMASK	VFIO_IRQ_SET_ACTION_UNMASK
#define TRIGGER	VFIO_IRQ_SET_ACTION_TRIGGER

FIXTURE(irqs) {
	struct vfio_dev dev;
	int fd;
};

FIXTURE_SETUP(irqs)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&self->dev, uuid);
	self->fd = irq_eventfd();
}

FIXTURE_TEARDOWN(irqs)
{
	vfio_dev_close(&self->dev);
	close(self->fd);
	mdev_remove_all(MTTY_PARENT);
}

/*
 * The UART asks for an interrupt as long as modem status interrupts are enabled
 * and the status has changed; reading it ends that.
 */
static void raise_line(struct vfio_dev *dev)
{
	vfio_dev_write8(dev, 0, UART_IER, UART_IER_MSI);
	vfio_dev_write8(dev, 0, UART_MCR,
			vfio_dev_read8(dev, 0, UART_MCR) ^ UART_MCR_RTS);
}

static void lower_line(struct vfio_dev *dev)
{
	vfio_dev_read8(dev, 0, UART_MSR);
}

/* The card has a line, one message, and a way to ask its user to go. */
TEST_F(irqs, info)
{
	struct vfio_irq_info info;

	irq_info(&self->dev, INTX, &info);
	EXPECT_EQ(1, info.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		  VFIO_IRQ_INFO_AUTOMASKED, info.flags);
	irq_info(&self->dev, MSI, &info);
	EXPECT_EQ(1, info.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
	irq_info(&self->dev, REQ, &info);
	EXPECT_EQ(1, info.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
}

/* Absent interrupts are none; but for errors, where QEMU wants a refusal. */
TEST_F(irqs, info_of_absent_irqs)
{
	struct vfio_irq_info info;

	EXPECT_EQ(0, __irq_info(&self->dev, MSIX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(-EINVAL, __irq_info(&self->dev, ERR, &info));
}

/* What is no index has no information. */
TEST_F(irqs, info_index)
{
	static const unsigned int bad[] = {
		VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_IRQS + 1, 0x10000, 0x80000000,
		0xffffffff,
	};
	struct vfio_irq_info info;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, __irq_info(&self->dev, bad[i], &info));
}

/* A structure that is too small for the answer is refused. */
TEST_F(irqs, info_argsz)
{
	struct vfio_irq_info info = {
		.argsz = sizeof(info) - 1, .count = 0x55
	};

	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0x55, info.count);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_IRQ_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* Flags of the caller are no answer. */
TEST_F(irqs, info_ignores_flags)
{
	struct vfio_irq_info info = {
		.argsz = sizeof(info), .flags = 0xabcd, .index = MSIX,
	};

	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &info));
	EXPECT_EQ(0, info.flags);
}

/* It does not need another ioctl before it. */
TEST_F(irqs, need_no_order)
{
	EXPECT_EQ(0, __irq_connect(&self->dev, INTX, self->fd));
}

/* Only an action, and only a kind of data, on something that there is. */
TEST_F(irqs, set_refuses)
{
	static const struct {
		char what[24];
		unsigned int index, flags, start, count;
	} bad[] = {
		{ "no flags", INTX, 0, 0, 1 },
		{ "no action", INTX, NONE, 0, 1 },
		{ "no data", INTX, TRIGGER, 0, 1 },
		{ "two actions", INTX, NONE | TRIGGER | MASK, 0, 1 },
		{ "two kinds of data", INTX, NONE | BOOL | TRIGGER, 0, 1 },
		{ "unknown flag", INTX, NONE | TRIGGER | 1 << 6, 0, 1 },
		{ "all flags", INTX, 0xffffffff, 0, 1 },
		{ "index", VFIO_PCI_NUM_IRQS, EVENTFD | TRIGGER, 0, 1 },
		{ "huge index", 0xffffffff, EVENTFD | TRIGGER, 0, 1 },
		{ "start", INTX, EVENTFD | TRIGGER, 1, 1 },
		{ "huge start", INTX, EVENTFD | TRIGGER, 0xffffffff, 1 },
		{ "count", INTX, EVENTFD | TRIGGER, 0, 2 },
		{ "huge count", INTX, EVENTFD | TRIGGER, 0, 0xffffffff },
		{ "sum that wraps", INTX, NONE | TRIGGER, 0xffffffff, 2 },
		{ "count of MSI", MSI, EVENTFD | TRIGGER, 0, 2 },
		{ "MSI-X", MSIX, EVENTFD | TRIGGER, 0, 1 },
		{ "errors", ERR, EVENTFD | TRIGGER, 0, 1 },
		{ "no eventfds", INTX, EVENTFD | TRIGGER, 0, 0 },
		{ "no booleans", INTX, BOOL | TRIGGER, 0, 0 },
		{ "disable what is off", INTX, NONE | TRIGGER, 0, 0 },
		{ "disable what is off", MSI, NONE | TRIGGER, 0, 0 },
		{ "trigger what is off", INTX, NONE | TRIGGER, 0, 1 },
		{ "trigger what is off", MSI, NONE | TRIGGER, 0, 1 },
		{ "mask what is off", INTX, NONE | MASK, 0, 1 },
		{ "unmask what is off", INTX, NONE | UNMASK, 0, 1 },
	};
	int fds[2] = { self->fd, self->fd };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL,
			  __irq_set(&self->dev, bad[i].index, bad[i].flags,
				    bad[i].start, bad[i].count, fds,
				    sizeof(fds)))
			TH_LOG("%s", bad[i].what);
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_connect(&self->dev, INTX, self->fd));
}

/* Messages have no mask of their own. */
TEST_F(irqs, messages_cannot_be_masked)
{
	struct vfio_irq_info info;

	irq_connect(&self->dev, MSI, self->fd);
	irq_info(&self->dev, MSI, &info);
	EXPECT_EQ(0, info.flags & VFIO_IRQ_INFO_MASKABLE);
	EXPECT_EQ(-ENOTTY, __irq_mask(&self->dev, MSI));
	EXPECT_EQ(-ENOTTY, __irq_unmask(&self->dev, MSI));
	EXPECT_EQ(-ENOTTY, __irq_mask(&self->dev, REQ));
}

/* The structure has to hold the data that it is said to hold. */
TEST_F(irqs, set_argsz)
{
	struct {
		struct vfio_irq_set set;
		int fd;
	} req = {
		.set = {
			.flags = EVENTFD | TRIGGER, .index = INTX, .count = 1,
		},
		.fd = self->fd,
	};
	unsigned int argsz;

	for (argsz = 0; argsz < sizeof(req.set) + 4; argsz++) {
		req.set.argsz = argsz;
		EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, &req));
		EXPECT_EQ(EINVAL, errno) TH_LOG("argsz %u", argsz);
	}
	req.set.argsz = sizeof(req.set) + 4;
	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, &req));
}

/* Memory that is not there is -EFAULT, for header and data. */
TEST_F(irqs, set_bad_pointer)
{
	const struct vfio_irq_set set = {
		.argsz = sizeof(set) + 4, .flags = EVENTFD | TRIGGER,
		.index = INTX, .count = 1,
	};
	long size = sysconf(_SC_PAGESIZE);
	char *mem;

	mem = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	mprotect(mem + size, size, PROT_NONE);
	memcpy(mem + size - sizeof(set), &set, sizeof(set));
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS, mem + size));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SET_IRQS,
			    mem + size - sizeof(set)));
	EXPECT_EQ(EFAULT, errno);
}

/* What is no eventfd is refused, and nothing is enabled by that. */
TEST_F(irqs, set_bad_eventfd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(-EBADF, __irq_connect(&self->dev, INTX, 9999));
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, null));
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, -2));
	EXPECT_EQ(-EINVAL, __irq_trigger(&self->dev, INTX));
	EXPECT_EQ(-EBADF, __irq_connect(&self->dev, MSI, 9999));
	EXPECT_EQ(-EBADF, __irq_connect(&self->dev, REQ, 9999));
	close(null);

	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(-EBADF, __irq_connect(&self->dev, INTX, 9999));
	EXPECT_EQ(0, __irq_trigger(&self->dev, INTX));
	EXPECT_EQ(1, irq_take(self->fd));
}

FIXTURE(loopback) {
	struct vfio_dev dev;
	int fd;
};

FIXTURE_VARIANT(loopback) {
	unsigned int index;
};

FIXTURE_VARIANT_ADD(loopback, intx) { .index = INTX };
FIXTURE_VARIANT_ADD(loopback, msi) { .index = MSI };
FIXTURE_VARIANT_ADD(loopback, request) { .index = REQ };

FIXTURE_SETUP(loopback)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&self->dev, uuid);
	self->fd = irq_eventfd();
}

FIXTURE_TEARDOWN(loopback)
{
	vfio_dev_close(&self->dev);
	close(self->fd);
	mdev_remove_all(MTTY_PARENT);
}

/* User space can trigger an interrupt itself, if it has an eventfd for it. */
TEST_F(loopback, none_and_bool)
{
	static const __u8 yes = 1, no;

	EXPECT_EQ(-EINVAL, __irq_trigger(&self->dev, variant->index));
	irq_connect(&self->dev, variant->index, self->fd);
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_trigger(&self->dev, variant->index));
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_EQ(0, __irq_set(&self->dev, variant->index, BOOL | TRIGGER, 0,
			       1, &no, 1));
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_set(&self->dev, variant->index, BOOL | TRIGGER, 0,
			       1, &yes, 1));
	EXPECT_EQ(1, irq_take(self->fd));
}

/* A new eventfd takes the place of the old one, which is let go. */
TEST_F(loopback, replaced_eventfd)
{
	int fd2 = irq_eventfd();

	irq_connect(&self->dev, variant->index, self->fd);
	irq_connect(&self->dev, variant->index, fd2);
	EXPECT_EQ(0, __irq_trigger(&self->dev, variant->index));
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(1, irq_take(fd2));
	irq_connect(&self->dev, variant->index, self->fd);
	EXPECT_EQ(0, __irq_trigger(&self->dev, variant->index));
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_EQ(0, irq_take(fd2));
	close(fd2);
}

/* The device keeps an eventfd that user space has closed. */
TEST_F(loopback, closed_eventfd)
{
	int copy = dup(self->fd), i;

	irq_connect(&self->dev, variant->index, copy);
	close(copy);
	EXPECT_EQ(0, __irq_trigger(&self->dev, variant->index));
	EXPECT_EQ(1, irq_take(self->fd));
	for (i = 0; i < 100; i++) {
		copy = irq_eventfd();
		irq_connect(&self->dev, variant->index, copy);
		close(copy);
		EXPECT_EQ(0, __irq_trigger(&self->dev, variant->index));
	}
	EXPECT_EQ(0, irq_take(self->fd));
}

/* Without eventfd, by -1 or by disabling it, nothing arrives. */
TEST_F(loopback, disconnected)
{
	irq_connect(&self->dev, variant->index, self->fd);
	irq_connect(&self->dev, variant->index, -1);
	__irq_trigger(&self->dev, variant->index);
	EXPECT_EQ(0, irq_take(self->fd));
	irq_connect(&self->dev, variant->index, self->fd);
	EXPECT_EQ(0, __irq_trigger(&self->dev, variant->index));
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_EQ(0, __irq_disable(&self->dev, variant->index));
	EXPECT_EQ(-EINVAL, __irq_trigger(&self->dev, variant->index));
	EXPECT_EQ(-EINVAL, __irq_disable(&self->dev, variant->index));
	EXPECT_EQ(0, irq_take(self->fd));
}

/* Who opens the device next inherits no eventfd. */
TEST_F(loopback, closing_the_device_disconnects)
{
	char uuid[MDEV_UUID_SIZE];

	memcpy(uuid, self->dev.uuid, sizeof(uuid));
	irq_connect(&self->dev, variant->index, self->fd);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, uuid);
	EXPECT_EQ(-EINVAL, __irq_trigger(&self->dev, variant->index));
	raise_line(&self->dev);
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_connect(&self->dev, variant->index, self->fd));
}

/* A line that rises is signalled once, and not again until it is unmasked. */
TEST_F(irqs, intx_is_masked_by_signalling)
{
	int i;

	irq_connect(&self->dev, INTX, self->fd);
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
	for (i = 0; i < 5; i++) {
		lower_line(&self->dev);
		raise_line(&self->dev);
	}
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(1, irq_take(self->fd));
}

/* Unmasked while the line is high, it comes again; while it is low, it waits. */
TEST_F(irqs, intx_is_a_level)
{
	irq_connect(&self->dev, INTX, self->fd);
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(1, irq_take(self->fd));
	lower_line(&self->dev);
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(0, irq_take(self->fd));
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
}

/* Masked by user space, the line has no effect until it is unmasked. */
TEST_F(irqs, intx_mask)
{
	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(0, __irq_mask(&self->dev, INTX));
	raise_line(&self->dev);
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(1, irq_take(self->fd));
	lower_line(&self->dev);
	EXPECT_EQ(0, __irq_mask(&self->dev, INTX));
	raise_line(&self->dev);
	lower_line(&self->dev);
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(0, irq_take(self->fd));
}

/* Mask and unmask take booleans too: a 0 leaves things as they are. */
TEST_F(irqs, intx_mask_by_bool)
{
	static const __u8 yes = 1, no;

	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(0, __irq_set(&self->dev, INTX, BOOL | MASK, 0, 1, &yes, 1));
	raise_line(&self->dev);
	EXPECT_EQ(0, __irq_set(&self->dev, INTX, BOOL | UNMASK, 0, 1, &no, 1));
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, __irq_set(&self->dev, INTX, BOOL | UNMASK, 0, 1, &yes,
			       1));
	EXPECT_EQ(1, irq_take(self->fd));
}

/* With KVM, a guest's end of interrupt comes by eventfd. */
TEST_F(irqs, intx_unmask_by_eventfd)
{
	int unmask = irq_eventfd();
	__u64 one = 1;

	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(0, __irq_set(&self->dev, INTX, EVENTFD | UNMASK, 0, 1,
			       &unmask, sizeof(unmask)));
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_EQ(sizeof(one), write(unmask, &one, sizeof(one)));
	EXPECT_EQ(1, irq_wait(self->fd));
	lower_line(&self->dev);
	EXPECT_EQ(sizeof(one), write(unmask, &one, sizeof(one)));
	close(unmask);
	EXPECT_EQ(0, __irq_disable(&self->dev, INTX));
}

static int set_unmask(struct vfio_dev *dev, int fd)
{
	return __irq_set(dev, INTX, EVENTFD | UNMASK, 0, 1, &fd, sizeof(fd));
}

static void write_one(int fd)
{
	__u64 one = 1;

	MDEV_ASSERT(write(fd, &one, sizeof(one)) == sizeof(one),
		    "writing an eventfd: %s", strerror(errno));
}

/*
 * An eventfd that both is signalled by INTx and unmasks it would go round for as
 * long as the line is high. A copy of a file descriptor is the same eventfd.
 */
TEST_F(irqs, intx_does_not_unmask_itself)
{
	int unmask = irq_eventfd(), copy = dup(self->fd);

	irq_connect(&self->dev, INTX, self->fd);
	raise_line(&self->dev);
	EXPECT_EQ(-EINVAL, set_unmask(&self->dev, self->fd));
	EXPECT_EQ(-EINVAL, set_unmask(&self->dev, copy));
	EXPECT_EQ(1, irq_take(self->fd));

	/* What is set stays. */
	EXPECT_EQ(0, set_unmask(&self->dev, unmask));
	EXPECT_EQ(-EINVAL, set_unmask(&self->dev, self->fd));
	EXPECT_EQ(-EINVAL, set_unmask(&self->dev, copy));
	EXPECT_EQ(0, irq_take(self->fd));
	write_one(unmask);
	EXPECT_EQ(1, irq_wait(self->fd));
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(1, irq_take(self->fd));
	close(copy);
	close(unmask);
}

/* The same in the other order */
TEST_F(irqs, intx_is_not_what_unmasks_it)
{
	int unmask = irq_eventfd(), copy = dup(unmask);

	irq_connect(&self->dev, INTX, -1);
	raise_line(&self->dev);
	EXPECT_EQ(0, set_unmask(&self->dev, unmask));
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, unmask));
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, copy));
	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(1, irq_take(self->fd));

	/* What is set stays. */
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, unmask));
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, copy));
	write_one(unmask);
	EXPECT_EQ(1, irq_wait(self->fd));

	/* It is free for INTx when it does not unmask any more. */
	EXPECT_EQ(0, set_unmask(&self->dev, -1));
	irq_connect(&self->dev, INTX, unmask);
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(1, irq_take(unmask));
	close(copy);
	close(unmask);
}

/* A line that is high before anybody listens is heard when somebody does. */
TEST_F(irqs, intx_connected_late)
{
	raise_line(&self->dev);
	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(1, irq_take(self->fd));
}

/* The disable bit of the command register holds the line back, no longer. */
TEST_F(irqs, intx_disable_bit)
{
	irq_connect(&self->dev, INTX, self->fd);
	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2,
			    PCI_COMMAND_INTX_DISABLE);
	raise_line(&self->dev);
	EXPECT_EQ(0, irq_take(self->fd));
	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2, 0);
	EXPECT_EQ(1, irq_take(self->fd));
}

/* However the register is written: from the bytes before it, or the one with the bit alone */
TEST_F(irqs, intx_disable_bit_of_any_width)
{
	static const struct {
		unsigned int offset;
		unsigned int width;
		__u32 disable;
	} writes[] = {
		{ PCI_COMMAND + 1, 1, PCI_COMMAND_INTX_DISABLE >> 8 },
		{ PCI_COMMAND, 4, PCI_COMMAND_INTX_DISABLE },
		{ PCI_COMMAND - 2, 4, PCI_COMMAND_INTX_DISABLE << 16 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		irq_connect(&self->dev, INTX, self->fd);
		vfio_dev_set_config(&self->dev, writes[i].offset, writes[i].width,
				    writes[i].disable);
		raise_line(&self->dev);
		EXPECT_EQ(0, irq_take(self->fd));
		vfio_dev_set_config(&self->dev, writes[i].offset, writes[i].width, 0);
		EXPECT_EQ(1, irq_take(self->fd));
		lower_line(&self->dev);
		ASSERT_EQ(0, __irq_unmask(&self->dev, INTX));
	}
}

/* The status register shows the line, masked or not. */
TEST_F(irqs, intx_status_bit)
{
	const unsigned int bit = PCI_STATUS_INTERRUPT;

	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) & bit);
	raise_line(&self->dev);
	EXPECT_EQ(bit, vfio_dev_config(&self->dev, PCI_STATUS, 2) & bit);
	lower_line(&self->dev);
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) & bit);
}

/* A message is sent each time that there is news, and needs no unmasking. */
TEST_F(irqs, msi_is_an_edge)
{
	int i;

	irq_connect(&self->dev, MSI, self->fd);
	for (i = 0; i < 3; i++) {
		raise_line(&self->dev);
		EXPECT_EQ(1, irq_take(self->fd));
		lower_line(&self->dev);
	}
	raise_line(&self->dev);
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
}

/* Line and message exclude each other; the next is enabled after the first. */
TEST_F(irqs, intx_and_msi_exclude_each_other)
{
	int fd2 = irq_eventfd();

	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, MSI, fd2));
	EXPECT_EQ(-EINVAL, __irq_trigger(&self->dev, MSI));
	EXPECT_EQ(0, __irq_disable(&self->dev, INTX));
	EXPECT_EQ(0, __irq_connect(&self->dev, MSI, fd2));
	EXPECT_EQ(-EINVAL, __irq_connect(&self->dev, INTX, self->fd));
	EXPECT_EQ(-EINVAL, __irq_unmask(&self->dev, INTX));
	raise_line(&self->dev);
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(1, irq_take(fd2));
	close(fd2);
}

/* The request to go is another matter: it is connected beside either. */
TEST_F(irqs, request_beside_intx)
{
	int fd2 = irq_eventfd();

	irq_connect(&self->dev, INTX, self->fd);
	EXPECT_EQ(0, __irq_connect(&self->dev, REQ, fd2));
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_EQ(0, irq_take(fd2));
	EXPECT_EQ(0, __irq_disable(&self->dev, INTX));
	EXPECT_EQ(0, __irq_trigger(&self->dev, REQ));
	EXPECT_EQ(1, irq_take(fd2));
	close(fd2);
}

/* Who removes an open card has its user asked by this interrupt. */
TEST_F(irqs, request_asks_the_user)
{
	struct writer writer;

	irq_connect(&self->dev, REQ, self->fd);
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", self->dev.uuid);
	EXPECT_EQ(1, irq_wait(self->fd));
	EXPECT_EQ(WRITER_RUNNING, writer_result(&writer, 0));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->dev.uuid));
}

/* If he has not asked to be told, the writer waits for him all the same. */
TEST_F(irqs, request_is_not_connected)
{
	struct writer writer;

	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", self->dev.uuid);
	ASSERT_TRUE(writer_blocks(&writer));
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(self->dev.uuid));
}

/* A card that was made without it is just busy, and has no such interrupt. */
TEST_F(irqs, without_request)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_irq_info info;
	struct vfio_dev dev2;

	file_puts("0", "/sys/module/mtty/parameters/request");
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	file_puts("1", "/sys/module/mtty/parameters/request");
	vfio_dev_open(&dev2, uuid);
	irq_info(&dev2, REQ, &info);
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(-EINVAL, __irq_connect(&dev2, REQ, self->fd));
	EXPECT_EQ(-EBUSY, __mdev_remove(uuid));
	vfio_dev_close(&dev2);
}

/* A reset takes the line down and leaves the eventfds where they are. */
TEST_F(irqs, reset_lowers_the_line)
{
	irq_connect(&self->dev, INTX, self->fd);
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, __irq_unmask(&self->dev, INTX));
	EXPECT_EQ(0, irq_take(self->fd));
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
}

#define RACE_ROUNDS	3000

/**
 * struct race - interrupts that several threads set at once
 * @dev: the device
 * @fd: eventfd of whatever is enabled
 * @unmask: eventfd that unmasks INTx
 */
struct race {
	struct vfio_dev *dev;
	int fd;
	int unmask;
};

static void *enable_and_disable(void *arg)
{
	struct race *race = arg;
	unsigned int i, index;

	for (i = 0; i < RACE_ROUNDS; i++) {
		index = i % 3 ? INTX : MSI;
		__irq_connect(race->dev, index, race->fd);
		__irq_connect(race->dev, REQ, i % 2 ? race->fd : -1);
		__irq_trigger(race->dev, index);
		__irq_disable(race->dev, index);
	}
	return NULL;
}

static void *set_unmask_again_and_again(void *arg)
{
	struct race *race = arg;
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		set_unmask(race->dev, i % 8 ? race->unmask : -1);
		write_one(race->unmask);
	}
	return NULL;
}

/* Whatever is set while the device signals, and by whom, it works afterwards. */
TEST_F(irqs, set_from_several_threads)
{
	struct race race = {
		.dev = &self->dev, .fd = self->fd, .unmask = irq_eventfd(),
	};
	pthread_t threads[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, i % 2 ?
					    set_unmask_again_and_again :
					    enable_and_disable, &race));
	for (i = 0; i < RACE_ROUNDS; i++) {
		raise_line(&self->dev);
		lower_line(&self->dev);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);

	__irq_disable(&self->dev, INTX);
	__irq_disable(&self->dev, MSI);
	irq_take(self->fd);
	irq_connect(&self->dev, INTX, self->fd);
	raise_line(&self->dev);
	EXPECT_EQ(1, irq_take(self->fd));
	close(race.unmask);
}

/* The device may be closed with everything connected and the line high. */
TEST_F(irqs, teardown_with_all_connected)
{
	int fd2 = irq_eventfd(), unmask = irq_eventfd(), i;
	char uuid[MDEV_UUID_SIZE];

	memcpy(uuid, self->dev.uuid, sizeof(uuid));
	for (i = 0; i < 10; i++) {
		irq_connect(&self->dev, INTX, self->fd);
		irq_connect(&self->dev, REQ, fd2);
		EXPECT_EQ(0, __irq_set(&self->dev, INTX, EVENTFD | UNMASK, 0,
				       1, &unmask, sizeof(unmask)));
		raise_line(&self->dev);
		EXPECT_EQ(1, irq_take(self->fd));
		vfio_dev_close(&self->dev);
		vfio_dev_open(&self->dev, uuid);
	}
	EXPECT_EQ(0, irq_take(self->fd));
	EXPECT_EQ(0, irq_take(fd2));
	close(fd2);
	close(unmask);
}

TEST_HARNESS_MAIN
