// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls on an open device: what a VMM does when a guest does something, and
 * beside it the least that such a call can take
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>

#include "bench.h"

#define CALLS	2000	/* of a short call, in each round */
#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX
#define PAGE	4096

/* One access */
struct access {
	int fd;
	uint64_t pos;
	unsigned int len;
	char *buf;
};

static char page[PAGE];

static void do_read(void *arg)
{
	struct access *a = arg;

	if (pread(a->fd, a->buf, a->len, a->pos) != a->len)
		MDEV_FAIL("cannot read %u bytes at %#llx", a->len, (long long)a->pos);
}

static void do_write(void *arg)
{
	struct access *a = arg;

	if (pwrite(a->fd, a->buf, a->len, a->pos) != a->len)
		MDEV_FAIL("cannot write %u bytes at %#llx", a->len, (long long)a->pos);
}

/* Device, offset in a region, and length */
static struct access access_to(struct vfio_dev *dev, int index, uint64_t offset,
			       unsigned int len)
{
	struct vfio_region_info info;

	vfio_dev_region(dev, index, &info);
	return (struct access) { dev->fd, info.offset + offset, len, page };
}

static void bench_read(const char *name, struct vfio_dev *dev, int index,
		       uint64_t offset, unsigned int len)
{
	struct access a = access_to(dev, index, offset, len);

	bench_measure(name, do_read, &a, len < PAGE ? CALLS : CALLS / 20);
}

static void bench_write(const char *name, struct vfio_dev *dev, int index,
			uint64_t offset, unsigned int len)
{
	struct access a = access_to(dev, index, offset, len);

	memset(page, 0x5a, len);
	bench_measure(name, do_write, &a, len < PAGE ? CALLS : CALLS / 20);
}

/* A new device of the kind, opened; close_new() ends it. */
static void open_new(struct vfio_dev *dev, const char *parent, const char *type)
{
	struct vfio_device_info info;
	char uuid[MDEV_UUID_SIZE];

	mdev_create_new(parent, type, uuid);
	vfio_dev_open(dev, uuid);
	/* The kernel's own know nothing of interrupts before this. */
	MDEV_ASSERT(!__vfio_dev_info(dev, &info), "no information on the device");
}

static void close_new(struct vfio_dev *dev)
{
	vfio_dev_close(dev);
	mdev_remove(dev->uuid);
}

/*
 * Ioctls
 */

static void do_info(void *arg)
{
	struct vfio_device_info info;

	if (__vfio_dev_info(arg, &info))
		MDEV_FAIL("no information on the device");
}

static void do_region_info(void *arg)
{
	struct vfio_region_info info;

	if (__vfio_dev_region(arg, BAR0, &info))
		MDEV_FAIL("no information on a region");
}

static void do_open_close(void *arg)
{
	struct vfio_dev *dev = arg;

	close(__vfio_dev_get_fd(dev));
}

static void do_open_close_all(void *arg)
{
	struct vfio_dev *dev = arg, other;

	vfio_dev_open(&other, dev->uuid);
	vfio_dev_close(&other);
}

/*
 * Interrupts: of the serial port, which has one when its transmitter is empty and that is
 * asked for
 */

struct trip {
	struct vfio_dev *dev;
	struct access ier;
	unsigned int index;
	int eventfd;
};

static void do_trip(void *arg)
{
	struct trip *trip = arg;

	*trip->ier.buf = UART_IER_THRI;
	do_write(&trip->ier);
	if (!irq_take(trip->eventfd))
		MDEV_FAIL("no interrupt of index %u", trip->index);
	*trip->ier.buf = 0;
	do_write(&trip->ier);
	if (trip->index == VFIO_PCI_INTX_IRQ_INDEX)
		__irq_unmask(trip->dev, trip->index);
}

static void do_connect(void *arg)
{
	struct trip *trip = arg;

	irq_connect(trip->dev, trip->index, trip->eventfd);
}

static void bench_interrupt(const char *name, unsigned int index)
{
	struct vfio_dev dev;
	struct trip trip = { &dev, .index = index, .eventfd = irq_eventfd() };

	open_new(&dev, MTTY_PARENT, MTTY_TYPE1);
	trip.ier = access_to(&dev, BAR0, UART_IER, 1);
	do_connect(&trip);
	bench_measure(name, do_trip, &trip, CALLS / 4);
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		bench_measure("set_irqs", do_connect, &trip, CALLS / 4);
	close_new(&dev);
	close(trip.eventfd);
}

/* A vendor's own write(), which does nothing: what it takes to get there */
static void bench_forwarding(void)
{
	char uuid[MDEV_UUID_SIZE];
	struct access a = { .len = 4, .buf = page };
	struct vfio_dev dev;

	mdev_create_new("pinner", "mdev_pinner-one", uuid);
	vfio_dev_open(&dev, uuid);
	a.fd = dev.fd;
	bench_measure("forward_write", do_write, &a, CALLS);
	close_new(&dev);
}

void bench_registers(void)
{
	struct vfio_dev dev;

	open_new(&dev, MTTY_PARENT, MTTY_TYPE1);
	bench_read("register_read", &dev, BAR0, UART_SCR, 1);
	bench_write("register_write", &dev, BAR0, UART_SCR, 1);
	bench_read("status_read", &dev, BAR0, UART_LSR, 1);
	bench_read("config_read_4", &dev, CONFIG, PCI_VENDOR_ID, 4);
	bench_read("config_read_64", &dev, CONFIG, PCI_VENDOR_ID, 64);
	bench_write("config_write_4", &dev, CONFIG, PCI_INTERRUPT_LINE, 4);
	bench_measure("get_info", do_info, &dev, CALLS);
	bench_measure("get_region_info", do_region_info, &dev, CALLS);
	/* Nobody else has the device open. */
	close(dev.fd);
	dev.fd = -1;
	bench_measure("open_close", do_open_close, &dev, CALLS / 10);
	close(dev.group);
	close(dev.iommu);
	bench_measure("open_close_all", do_open_close_all, &dev, CALLS / 20);
	dev.group = -1;
	dev.iommu = -1;
	close_new(&dev);
	bench_forwarding();
	bench_interrupt("trip_line", VFIO_PCI_INTX_IRQ_INDEX);
	bench_interrupt("trip_message", VFIO_PCI_MSI_IRQ_INDEX);
}

