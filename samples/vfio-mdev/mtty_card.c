// SPDX-License-Identifier: GPL-2.0-only
/*
 * A serial card of mtty: between its UARTs and VFIO
 *
 * The card is described as data: config space, a table of regions, interrupts.
 * The library does the rest. What is left to do here is to lock, to run the UARTs'
 * timers, and to pass their interrupts on.
 */
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

/* In the stream that a card is migrated by: a port's UART, and the port's number */
#define MTTY_RECORD_PORT	VFIO_MDEV_MIG_VENDOR

/**
 * struct mtty_port - a serial port
 * @card: the card that it is on
 * @uart: its UART
 * @timer: runs while characters wait in the FIFO for more to come
 * @irq: whether it asks for an interrupt; never, if the card lacks the port
 */
struct mtty_port {
	struct mtty_card *card;
	struct mtty_uart uart;
	struct timer_list timer;
	bool irq;
};

/**
 * struct mtty_card - a serial card, the state of one mediated device
 * @pdev: what makes it a PCI device; is the driver data
 * @lock: protects UARTs and timers of @port, and @stopped
 * @stopped: no timer may be started, as the card is being migrated
 * @nr_ports: number of ports on the card
 * @port: the ports
 */
struct mtty_card {
	struct vfio_mdev_pci_dev pdev;
	/* Taken by the timers too. Outside of the locks of the library. */
	spinlock_t lock;
	bool stopped;
	unsigned int nr_ports;
	struct mtty_port port[MTTY_CARD_PORTS];
};

static struct mtty_card *to_mtty_card(struct mdev_device *mdev)
{
	return vfio_mdev_pci_dev_container(mdev, struct mtty_card, pdev);
}

/*
 * UARTs
 */

/* The card has one interrupt for all of its ports. */
static void mtty_port_update_irq(struct mtty_port *port)
{
	struct mtty_card *card = port->card;
	bool irq = mtty_uart_irq(&port->uart);

	lockdep_assert_held(&card->lock);

	if (irq == port->irq)
		return;
	port->irq = irq;
	vfio_mdev_irq_set_line(&card->pdev.irqs,
			       card->port[0].irq || card->port[1].irq);
}

/* To be called after whatever may have changed a UART. */
static void mtty_port_update(struct mtty_port *port)
{
	u32 timeout;

	lockdep_assert_held(&port->card->lock);

	if (!port->card->stopped && mtty_uart_rx_active(&port->uart)) {
		timeout = mtty_uart_timeout_us(&port->uart);
		if (timeout)
			mod_timer(&port->timer,
				  jiffies + usecs_to_jiffies(timeout));
		else
			timer_delete(&port->timer);
	}
	mtty_port_update_irq(port);
}

static void mtty_port_timeout(struct timer_list *timer)
{
	struct mtty_port *port = timer_container_of(port, timer, timer);
	struct mtty_card *card = port->card;

	spin_lock(&card->lock);
	/* Not if it was started anew while this waited for the lock. */
	if (!timer_pending(timer)) {
		mtty_uart_rx_timeout(&port->uart);
		mtty_port_update_irq(port);
	}
	spin_unlock(&card->lock);
}

static u64 mtty_port_read(void *priv, u64 offset, unsigned int width)
{
	struct mtty_port *port = priv;
	u8 value;

	spin_lock_irq(&port->card->lock);
	value = mtty_uart_read(&port->uart, offset);
	if (mtty_uart_read_acts(offset))
		mtty_port_update(port);
	spin_unlock_irq(&port->card->lock);
	return value;
}

static void mtty_port_write(void *priv, u64 offset, unsigned int width,
			    u64 value)
{
	struct mtty_port *port = priv;

	spin_lock_irq(&port->card->lock);
	mtty_uart_write(&port->uart, offset, value);
	if (mtty_uart_write_acts(offset))
		mtty_port_update(port);
	spin_unlock_irq(&port->card->lock);
}

static const struct vfio_mdev_region_ops mtty_port_ops = {
	.read = mtty_port_read,
	.write = mtty_port_write,
};

/*
 * What the library leaves to the card
 */

/* The state after power on, in which each user finds it too */
static void mtty_card_reset(struct vfio_mdev_pci_dev *pdev)
{
	struct mtty_card *card = container_of(pdev, struct mtty_card, pdev);
	unsigned int i;

	spin_lock_irq(&card->lock);
	for (i = 0; i < card->nr_ports; i++) {
		mtty_uart_reset(&card->port[i].uart);
		mtty_port_update(&card->port[i]);
	}
	spin_unlock_irq(&card->lock);
}

static void mtty_card_release(struct mdev_device *mdev)
{
	struct mtty_card *card = to_mtty_card(mdev);
	unsigned int i;

	/* Nobody is left to start them again. */
	for (i = 0; i < card->nr_ports; i++)
		timer_delete_sync(&card->port[i].timer);
	vfio_mdev_pci_dev_release(mdev);
}

/*
 * Migration: what is stored of a card are its ports
 */

/* Characters that wait go on waiting once the card runs again. */
static void mtty_card_stop(struct mdev_device *mdev)
{
	struct mtty_card *card = to_mtty_card(mdev);
	unsigned int i;

	spin_lock_irq(&card->lock);
	card->stopped = true;
	spin_unlock_irq(&card->lock);
	for (i = 0; i < card->nr_ports; i++)
		timer_delete_sync(&card->port[i].timer);
}

static void mtty_card_run(struct mdev_device *mdev)
{
	struct mtty_card *card = to_mtty_card(mdev);
	unsigned int i;

	spin_lock_irq(&card->lock);
	card->stopped = false;
	for (i = 0; i < card->nr_ports; i++) {
		card->port[i].uart.rx_active = true;
		mtty_port_update(&card->port[i]);
	}
	spin_unlock_irq(&card->lock);
}

static int mtty_card_save(struct mdev_device *mdev,
			  struct vfio_mdev_stream *stream)
{
	struct mtty_card *card = to_mtty_card(mdev);
	struct mtty_uart_state state;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < card->nr_ports; i++) {
		spin_lock_irq(&card->lock);
		mtty_uart_save(&card->port[i].uart, &state);
		spin_unlock_irq(&card->lock);
		ret = vfio_mdev_stream_put(stream, MTTY_RECORD_PORT + i, &state,
					   sizeof(state));
	}
	return ret;
}

static int mtty_card_check(struct mdev_device *mdev,
			   const struct vfio_mdev_stream *stream)
{
	struct mtty_card *card = to_mtty_card(mdev);
	unsigned int i;

	for (i = 0; i < card->nr_ports; i++)
		if (!mtty_uart_can_load(vfio_mdev_stream_get(stream,
							     MTTY_RECORD_PORT + i,
							     NULL)))
			return -EINVAL;
	return 0;
}

static void mtty_card_load(struct mdev_device *mdev,
			   const struct vfio_mdev_stream *stream)
{
	struct mtty_card *card = to_mtty_card(mdev);
	unsigned int i;

	spin_lock_irq(&card->lock);
	for (i = 0; i < card->nr_ports; i++) {
		mtty_uart_load(&card->port[i].uart,
			       vfio_mdev_stream_get(stream,
						    MTTY_RECORD_PORT + i, NULL));
		mtty_port_update_irq(&card->port[i]);
	}
	spin_unlock_irq(&card->lock);
}

#define MTTY_RECORD(nr) {				\
	.tag = MTTY_RECORD_PORT + (nr),			\
	.min_size = sizeof(struct mtty_uart_state),	\
	.max_size = sizeof(struct mtty_uart_state),	\
}

static const struct vfio_mdev_mig_record mtty_card_records[] = {
	MTTY_RECORD(0),
	MTTY_RECORD(1),
};

#define MTTY_MIG_DESC(nr_ports) {	\
	.records = mtty_card_records,	\
	.nr_records = (nr_ports),	\
	.stop = mtty_card_stop,		\
	.run = mtty_card_run,		\
	.save = mtty_card_save,		\
	.check = mtty_card_check,	\
	.load = mtty_card_load,		\
}

/* By number of ports */
static const struct vfio_mdev_mig_desc mtty_card_mig_desc[] = {
	[1] = MTTY_MIG_DESC(1),
	[2] = MTTY_MIG_DESC(2),
};

static const struct vfio_mdev_device_ops mtty_card_ops = {
	.open = vfio_mdev_pci_dev_open,
	.release = mtty_card_release,
	.ioctl = vfio_mdev_pci_dev_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_MIGRATION,
};

/* Ops belong to a device, so two of one type may differ. */
static const struct vfio_mdev_device_ops mtty_card_request_ops = {
	.open = vfio_mdev_pci_dev_open,
	.release = mtty_card_release,
	.ioctl = vfio_mdev_pci_dev_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_REQUEST,
	VFIO_MDEV_PCI_DEV_OPS_MIGRATION,
};

/*
 * Setting up a card, before anybody can open it
 */

static void mtty_card_init_ports(struct mtty_card *card)
{
	unsigned int i;

	for (i = 0; i < card->nr_ports; i++) {
		card->port[i].card = card;
		timer_setup(&card->port[i].timer, mtty_port_timeout, 0);
		card->pdev.region[i] = (struct vfio_mdev_region) {
			.flags = VFIO_MDEV_REGION_RW,
			.max_width = 1,
			.ops = &mtty_port_ops,
			.priv = &card->port[i],
		};
	}
}

static int mtty_card_init(struct mtty_card *card, struct mdev_device *mdev,
			  const struct vfio_mdev_device_ops *ops)
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

	ret = vfio_mdev_pci_dev_init(&card->pdev, mdev, &desc);
	if (ret)
		return ret;

	ret = vfio_mdev_config_add_msi(&card->pdev.config, 1);
	if (ret) {
		vfio_mdev_pci_dev_destroy(&card->pdev);
		return ret;
	}

	card->pdev.reset = mtty_card_reset;
	card->pdev.mig_desc = &mtty_card_mig_desc[card->nr_ports];
	mtty_card_init_ports(card);
	return vfio_mdev_pci_dev_finish(&card->pdev, mdev, ops);
}

/* @request: the user of the card can be asked to release it */
int mtty_card_create(struct mdev_device *mdev, unsigned int nr_ports,
		     bool request)
{
	struct mtty_card *card;
	int ret;

	card = kzalloc_obj(*card);
	if (!card)
		return -ENOMEM;

	spin_lock_init(&card->lock);
	card->nr_ports = nr_ports;
	ret = mtty_card_init(card, mdev,
			     request ? &mtty_card_request_ops : &mtty_card_ops);
	if (ret)
		kfree(card);
	return ret;
}

void mtty_card_destroy(struct mdev_device *mdev)
{
	struct mtty_card *card = to_mtty_card(mdev);

	vfio_mdev_pci_dev_destroy(&card->pdev);
	kfree(card);
}
