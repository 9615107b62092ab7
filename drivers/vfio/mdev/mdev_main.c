// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdev.ko: bus core of mediated devices
 *
 * The parts: mdev_parent.c what vendors register, mdev_type.c the types it
 * offers, mdev_device.c the devices that are made of these, mdev_bus.c the
 * drivers that serve them.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "mdev_private.h"

static int __init mdev_init(void)
{
	int ret;

	ret = mdev_devices_init();
	if (ret)
		return ret;

	ret = mdev_bus_init();
	if (ret)
		goto err_devices;

	ret = mdev_parents_init();
	if (ret)
		goto err_bus;
	return 0;

err_bus:
	mdev_bus_exit();
err_devices:
	mdev_devices_exit();
	return ret;
}

static void __exit mdev_exit(void)
{
	mdev_parents_exit();
	mdev_bus_exit();
	mdev_devices_exit();
	/* Devices that were freed by kfree_rcu() need no code of ours. */
}

/* Before the vendors, where all are built in */
subsys_initcall(mdev_init);
module_exit(mdev_exit);

MODULE_DESCRIPTION("Mediated device bus core");
MODULE_LICENSE("GPL");
