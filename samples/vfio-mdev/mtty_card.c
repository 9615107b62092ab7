// SPDX-License-Identifier: GPL-2.0-only
/*
 * A serial card of mtty: between its UARTs and VFIO
 *
 * The card is described as data: config space, a table of regions, interrupts.
 * The library does the rest, so the ops of VFIO are a line each. What is left to
 * do here is to lock, to run the UARTs' timers, and to pass their interrupts on.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/mdev.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>

#include "mtty_card.h"
#include "mtty_uart.h"

#define MTTY_VENDOR_ID		0x4348
#define MTTY_DEVICE_ID		0x3253
#define MTTY_REVISION		0x10
#define MTTY_CLASS		0x070002 /* serial controller, 16550 */
#define MTTY_INTA		1

#define MTTY_CARD_PORTS		2	/* at most */

/**
 * struct mtty_port - a serial port
 * @card: the card that it is on
 * @uart: its UART
 * @timer: runs while characters wait in the FIFO for more to come
 */
struct mtty_port {
	struct mtty_card *card;
	struct mtty_uart uart;
	struct timer_list timer;
};

/**
 * struct mtty_card - a serial card, the state of one mediated device
 * @lock: protects UARTs and timers of @port
 * @config: its config space
 * @region: what @regions looks up
 * @regions: I/O ports of the UARTs and config space
 * @irqs: its interrupts
 * @pci: the above, for the ioctls
 * @nr_ports: number of ports on the card
 * @port: the ports
 */
struct mtty_card {
	/* Taken by the timers too. Outside of the locks of the library. */
	spinlock_t lock;
	struct vfio_mdev_config config;
	struct vfio_mdev_region region[VFIO_PCI_NUM_REGIONS];
	struct vfio_mdev_regions regions;
	struct vfio_mdev_irqs irqs;
	struct vfio_mdev_pci pci;
	unsigned int nr_ports;
	struct mtty_port port[MTTY_CARD_PORTS];
};

/*
 * UARTs
 */

/* The card has one interrupt for all of its ports. */
static void mtty_card_update_irq(struct mtty_card *card)
{
	bool level = false;
	unsigned int i;

	lockdep_assert_held(&card->lock);

	for (i = 0; i < card->nr_ports; i++)
		level |= mtty_uart_irq(&card->port[i].uart);
	vfio_mdev_irq_set_line(&card->irqs, level);
}

/* To be called after whatever may have changed a UART. */
static void mtty_port_update(struct mtty_port *port)
{
	u32 timeout;

	lockdep_assert_held(&port->card->lock);

	if (mtty_uart_rx_active(&port->uart)) {
		timeout = mtty_uart_timeout_us(&port->uart);
		if (timeout)
			mod_timer(&port->timer,
				  jiffies + usecs_to_jiffies(timeout));
		else
			timer_delete(&port->timer);
	}
	mtty_card_update_irq(port->card);
}

static void mtty_port_timeout(struct timer_list *timer)
{
	struct mtty_port *port = timer_container_of(port, timer, timer);
	struct mtty_card *card = port->card;

	spin_lock(&card->lock);
	/* Not if it was started anew while this waited for the lock. */
	if (!timer_pending(timer)) {
		mtty_uart_rx_timeout(&port->uart);
		mtty_card_update_irq(card);
	}
	spin_unlock(&card->lock);
}

static u64 mtty_port_read(void *priv, u64 offset, unsigned int width)
{
	struct mtty_port *port = priv;
	u8 value;

	spin_lock_bh(&port->card->lock);
	value = mtty_uart_read(&port->uart, offset);
	mtty_port_update(port);
	spin_unlock_bh(&port->card->lock);
	return value;
}

static void mtty_port_write(void *priv, u64 offset, unsigned int width,
			    u64 value)
{
	struct mtty_port *port = priv;

	spin_lock_bh(&port->card->lock);
	mtty_uart_write(&port->uart, offset, value);
	mtty_port_update(port);
	spin_unlock_bh(&port->card->lock);
}

static const struct vfio_mdev_region_ops mtty_port_ops = {
	.read = mtty_port_read,
	.write = mtty_port_write,
};

/*
 * What VFIO asks of a card
 */

/* The interrupt disable bit may have changed. */
static void mtty_card_config_written(struct vfio_mdev_config *config,
				     unsigned int offset,
				     unsigned int count)
{
	struct mtty_card *card = container_of(config, struct mtty_card, config);

	vfio_mdev_irq_update(&card->irqs);
}

static int mtty_card_reset(struct mdev_device *mdev)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);
	unsigned int i;

	spin_lock_bh(&card->lock);
	for (i = 0; i < card->nr_ports; i++) {
		mtty_uart_reset(&card->port[i].uart);
		mtty_port_update(&card->port[i]);
	}
	spin_unlock_bh(&card->lock);

	vfio_mdev_config_reset(&card->config);
	vfio_mdev_irq_update(&card->irqs);
	return 0;
}

/* A user finds the card as after power on, not as the last one left it. */
static int mtty_card_open(struct mdev_device *mdev)
{
	return mtty_card_reset(mdev);
}

static void mtty_card_release(struct mdev_device *mdev)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);
	unsigned int i;

	/* Nobody is left to start them again. */
	for (i = 0; i < card->nr_ports; i++)
		timer_delete_sync(&card->port[i].timer);
	vfio_mdev_irq_release(&card->irqs);
}

static ssize_t mtty_card_read(struct mdev_device *mdev, char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);

	return vfio_mdev_region_read(&card->regions, buf, count, ppos);
}

static ssize_t mtty_card_write(struct mdev_device *mdev,
			       const char __user *buf, size_t count,
			       loff_t *ppos)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);

	return vfio_mdev_region_write(&card->regions, buf, count, ppos);
}

static long mtty_card_ioctl(struct mdev_device *mdev, unsigned int cmd,
			    unsigned long arg)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);

	return vfio_mdev_pci_ioctl(mdev, &card->pci, cmd, arg);
}

static int mtty_card_get_region_info(struct mdev_device *mdev,
				     struct vfio_region_info *info,
				     struct vfio_info_cap *caps)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);

	return vfio_mdev_region_get_info(&card->regions, info, caps);
}

static void mtty_card_request(struct mdev_device *mdev, unsigned int count)
{
	struct mtty_card *card = mdev_get_drvdata(mdev);

	vfio_mdev_irq_request(&card->irqs);
}

const struct vfio_mdev_device_ops mtty_card_ops = {
	.open = mtty_card_open,
	.release = mtty_card_release,
	.read = mtty_card_read,
	.write = mtty_card_write,
	.ioctl = mtty_card_ioctl,
	.get_region_info = mtty_card_get_region_info,
};

/* Ops belong to a device, so two of one type may differ. */
const struct vfio_mdev_device_ops mtty_card_request_ops = {
	.open = mtty_card_open,
	.release = mtty_card_release,
	.read = mtty_card_read,
	.write = mtty_card_write,
	.ioctl = mtty_card_ioctl,
	.get_region_info = mtty_card_get_region_info,
	.request = mtty_card_request,
};

/*
 * Setting up a card, before anybody can open it
 */

static int mtty_card_init_config(struct mtty_card *card, struct device *dev)
{
	struct vfio_mdev_pci_desc desc = {
		.vendor = MTTY_VENDOR_ID,
		.device = MTTY_DEVICE_ID,
		.subsystem_vendor = MTTY_VENDOR_ID,
		.subsystem_device = MTTY_DEVICE_ID,
		.class = MTTY_CLASS,
		.revision = MTTY_REVISION,
		.irq_pin = MTTY_INTA,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < card->nr_ports; i++)
		desc.bar[i] = (struct vfio_mdev_pci_bar) {
			.size = MTTY_UART_REGS,
			.flags = PCI_BASE_ADDRESS_SPACE_IO,
		};

	ret = vfio_mdev_config_init(&card->config, dev, &desc);
	if (ret)
		return ret;

	card->config.written = mtty_card_config_written;
	ret = vfio_mdev_config_add_msi(&card->config, 1);
	return ret < 0 ? ret : 0;
}

static int mtty_card_init_regions(struct mtty_card *card, struct device *dev)
{
	unsigned int i;

	for (i = 0; i < card->nr_ports; i++)
		card->region[i] = (struct vfio_mdev_region) {
			.flags = VFIO_MDEV_REGION_RW,
			.max_width = 1,
			.ops = &mtty_port_ops,
			.priv = &card->port[i],
		};

	return vfio_mdev_regions_init(&card->regions, dev, card->region,
				      ARRAY_SIZE(card->region), &card->config);
}

void mtty_card_free(struct mtty_card *card)
{
	vfio_mdev_irq_destroy(&card->irqs);
	vfio_mdev_config_destroy(&card->config);
	kfree(card);
}

/* Names the device as @dev in messages. @request: its ops have that. */
struct mtty_card *mtty_card_alloc(struct device *dev, unsigned int nr_ports,
				  bool request)
{
	struct vfio_mdev_irq_desc irq_desc = {
		.dev = dev,
		.request = request,
	};
	struct mtty_card *card;
	unsigned int i;
	int ret;

	card = kzalloc_obj(*card);
	if (!card)
		return ERR_PTR(-ENOMEM);

	spin_lock_init(&card->lock);
	card->nr_ports = nr_ports;
	for (i = 0; i < nr_ports; i++) {
		card->port[i].card = card;
		timer_setup(&card->port[i].timer, mtty_port_timeout, 0);
	}

	ret = mtty_card_init_config(card, dev);
	if (!ret)
		ret = mtty_card_init_regions(card, dev);
	irq_desc.config = &card->config;
	if (!ret)
		ret = vfio_mdev_irq_init(&card->irqs, &irq_desc);
	if (ret) {
		mtty_card_free(card);
		return ERR_PTR(ret);
	}

	card->pci.regions = &card->regions;
	card->pci.irqs = &card->irqs;
	card->pci.reset = mtty_card_reset;
	return card;
}
