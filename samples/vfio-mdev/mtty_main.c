// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty: a PCI serial card that exists in software only
 *
 * Loading the module makes the parent device /sys/class/mtty/mtty with two types
 * of mediated devices, a card with one serial port and a card with two, as long
 * as its 24 ports last:
 *
 *   # cd /sys/class/mdev_bus/mtty/mdev_supported_types; grep -s . mtty-2/[and]*
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > mtty-2/create
 *   # ls -l /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/
 *
 * Give it to a guest, whose own driver for PCI serial cards finds ttyS ports on
 * it; each one is looped back to itself by a plug. Then remove it:
 *
 *   # qemu-system-x86_64 ... -device vfio-pci,\
 *     sysfsdev=/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
 *   # echo 1 > /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/remove
 *
 * The lesson here: registers and interrupts. What a 16550A does is in
 * mtty_uart.c; the rest of being a PCI device is left to the library.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/vfio.h>

#include "mtty_card.h"

#define MTTY_PORTS	24	/* that all cards share */

static bool mtty_ask = true;
module_param_named(request, mtty_ask, bool, 0644);
MODULE_PARM_DESC(request,
		 "Removing an open device asks its user to release it, instead of failing; for devices created from now on (default: true)");

/* The cost of each in ports, which all cards share, is how many it has. */
static struct mdev_type mtty_single = {
	.sysfs_name = "1",
	.pretty_name = "Single port serial",
	.description = "PCI serial card, one 16550A port",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.cost = 1,
};

static struct mdev_type mtty_dual = {
	.sysfs_name = "2",
	.pretty_name = "Dual port serial",
	.description = "PCI serial card, two 16550A ports",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.cost = 2,
};

static int mtty_create(struct kobject *kobj, struct mdev_device *mdev)
{
	return mtty_card_create(mdev, mdev->type->cost, READ_ONCE(mtty_ask));
}

static int mtty_remove(struct mdev_device *mdev)
{
	mtty_card_destroy(mdev);
	return 0;
}

static const struct mdev_parent_ops mtty_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mtty_single, &mtty_dual),
	.pool = MTTY_PORTS,
	.create = mtty_create,
	.remove = mtty_remove,
};

module_mdev_virtual_parent(mtty_parent_ops);

MODULE_DESCRIPTION("Mediated PCI serial card, a sample");
MODULE_LICENSE("GPL");
