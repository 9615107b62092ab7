// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty: a PCI serial card that exists in software only
 *
 * Loading the module makes the parent device /sys/class/mtty/mtty with two types
 * of mediated devices, a card with one serial port and a card with two, as long
 * as its 24 ports last:
 *
 *   # cd /sys/class/mdev_bus/mtty/mdev_supported_types; grep . mtty-2/[and]*
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
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>

#include "mtty_card.h"
#include "sample_parent.h"

#define MTTY_PORTS	24	/* that all cards share */

static bool mtty_ask = true;
module_param_named(request, mtty_ask, bool, 0644);
MODULE_PARM_DESC(request,
		 "Removing an open device asks its user to release it, instead of failing; for devices created from now on (default: true)");

/*
 * Ports, of which there are as many as the parent has
 */

static DEFINE_MUTEX(mtty_ports_lock);
static unsigned int mtty_ports_left = MTTY_PORTS; /* changed under the lock */

static int mtty_get_ports(unsigned int nr)
{
	guard(mutex)(&mtty_ports_lock);

	if (nr > mtty_ports_left)
		return -EUSERS;
	WRITE_ONCE(mtty_ports_left, mtty_ports_left - nr);
	return 0;
}

static void mtty_put_ports(unsigned int nr)
{
	guard(mutex)(&mtty_ports_lock);
	WRITE_ONCE(mtty_ports_left, mtty_ports_left + nr);
}

/*
 * Types
 */

static const struct mtty_type {
	const char *name;
	const char *description;
	unsigned int ports;
} mtty_types[] = {
	{ "Single port serial", "PCI serial card, one 16550A port", 1 },
	{ "Dual port serial", "PCI serial card, two 16550A ports", 2 },
};

static const struct mtty_type *mtty_type_of(struct kobject *kobj)
{
	return &mtty_types[mdev_type_kobj_group_id(kobj)];
}

static ssize_t name_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return sysfs_emit(buf, "%s\n", mtty_type_of(kobj)->name);
}
static MDEV_TYPE_ATTR_RO(name);

static ssize_t description_show(struct kobject *kobj, struct device *dev,
				char *buf)
{
	return sysfs_emit(buf, "%s\n", mtty_type_of(kobj)->description);
}
static MDEV_TYPE_ATTR_RO(description);

MDEV_TYPE_STRING_ATTR_RO(device_api, VFIO_DEVICE_API_PCI_STRING);

static ssize_t available_instances_show(struct kobject *kobj,
					struct device *dev, char *buf)
{
	unsigned int left = READ_ONCE(mtty_ports_left);

	return sysfs_emit(buf, "%u\n", left / mtty_type_of(kobj)->ports);
}
static MDEV_TYPE_ATTR_RO(available_instances);

static struct attribute *mtty_type_attrs[] = {
	&mdev_type_attr_name.attr,
	&mdev_type_attr_description.attr,
	&mdev_type_attr_device_api.attr,
	&mdev_type_attr_available_instances.attr,
	NULL
};

static struct attribute_group mtty_type_1 = {
	.name = "1",
	.attrs = mtty_type_attrs,
};

static struct attribute_group mtty_type_2 = {
	.name = "2",
	.attrs = mtty_type_attrs,
};

/* In the order of mtty_types */
static struct attribute_group *mtty_type_groups[] = {
	&mtty_type_1,
	&mtty_type_2,
	NULL
};

/*
 * Devices
 */

static int mtty_create(struct kobject *kobj, struct mdev_device *mdev)
{
	unsigned int nr_ports = mtty_type_of(kobj)->ports;
	bool ask = READ_ONCE(mtty_ask);
	struct mtty_card *card;
	int ret;

	ret = mtty_get_ports(nr_ports);
	if (ret)
		return ret;

	card = mtty_card_alloc(mdev_dev(mdev), nr_ports, ask);
	if (IS_ERR(card)) {
		mtty_put_ports(nr_ports);
		return PTR_ERR(card);
	}

	mdev_set_drvdata(mdev, card);
	mdev_set_vfio_ops(mdev, ask ? &mtty_card_request_ops : &mtty_card_ops);
	return 0;
}

static int mtty_remove(struct mdev_device *mdev)
{
	mtty_card_free(mdev_get_drvdata(mdev));
	mtty_put_ports(mtty_types[mdev_get_type_group_id(mdev)].ports);
	return 0;
}

static const struct mdev_parent_ops mtty_parent_ops = {
	.owner = THIS_MODULE,
	.supported_type_groups = mtty_type_groups,
	.create = mtty_create,
	.remove = mtty_remove,
};

module_sample_parent(mtty);

MODULE_DESCRIPTION("Mediated PCI serial card, a sample");
MODULE_LICENSE("GPL");
