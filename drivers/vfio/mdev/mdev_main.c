// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdev.ko: bus core of mediated devices
 *
 * What its parts are and how they build on each other is in mdev_private.h.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "mdev_private.h"

static int __init mdev_init(void)
{
	int ret;

	ret = mdev_devices_init();
	if (ret)
		return ret;

	ret = mdev_states_init();
	if (ret)
		goto err_devices;

	ret = mdev_uuids_init();
	if (ret)
		goto err_states;

	ret = mdev_bus_init();
	if (ret)
		goto err_uuids;

	ret = mdev_parents_init();
	if (ret)
		goto err_bus;

	ret = mdev_owners_init();
	if (ret)
		goto err_parents;
	return 0;

err_parents:
	mdev_parents_exit();
err_bus:
	mdev_bus_exit();
err_uuids:
	mdev_uuids_exit();
err_states:
	mdev_states_exit();
err_devices:
	mdev_devices_exit();
	return ret;
}

/*
 * Each object holds the module until it is released, and the last one lets go of it
 * in a function of ours. Whoever is in there yet, and was preempted, has left it after
 * synchronize_rcu_tasks(). By then each device is on its way to RCU.
 */
static void __exit mdev_exit(void)
{
	mdev_owners_exit();
	mdev_parents_exit();
	mdev_bus_exit();
	mdev_uuids_exit();
	mdev_states_exit();
	synchronize_rcu_tasks();
	mdev_devices_exit();
}

/* Before the vendors, where all are built in */
subsys_initcall(mdev_init);
module_exit(mdev_exit);

MODULE_DESCRIPTION("Mediated device bus core");
MODULE_LICENSE("GPL");
