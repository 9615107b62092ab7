// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendors whose module goes and leaves parents behind, which is a mistake
 *
 * When a module is unloaded, or its init() fails, whoever asked for that is told of it
 * after the module's own exit(), and before its memory is freed. No device of the
 * module is open then, as that would have kept it loaded. What is left of its parents is
 * withdrawn as by mdev_unregister_device(), but nothing of the vendor's is called: its
 * code is still there, but what that works with may not be. So what create() allocated
 * is lost. Attributes that are being read are waited for, and then there are none.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "mdev_private.h"

static int mdev_owner_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	const struct module *mod = data;
	struct device *dev;

	if (action != MODULE_STATE_GOING)
		return NOTIFY_DONE;

	while ((dev = mdev_parent_bury(mod))) {
		/* The vendor has nothing else to do for a device of ours. */
		if (device_is_registered(dev) && mdev_is_virtual_parent(dev))
			mdev_virtual_parent_del(dev);
		put_device(dev);
	}
	return NOTIFY_OK;
}

static struct notifier_block mdev_owner_nb = {
	.notifier_call = mdev_owner_notify,
};

int mdev_owners_init(void)
{
	return register_module_notifier(&mdev_owner_nb);
}

void mdev_owners_exit(void)
{
	unregister_module_notifier(&mdev_owner_nb);
}
