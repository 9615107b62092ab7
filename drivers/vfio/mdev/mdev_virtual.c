// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents without hardware: a device in a class of its own, for vendor drivers
 * whose mediated devices exist in software alone
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/module.h>

#include "mdev_private.h"

/**
 * mdev_register_virtual_parent - make a device and offer it as parent
 * @name: what device and class are called, and what the names of the types begin
 *	  with; stays until mdev_unregister_virtual_parent() returned
 * @ops: as for mdev_register_device()
 *
 * Makes /sys/class/@name/@name, which sends uevents as it has a class. Device and
 * class are allocated here, so that somebody may hold on to either for longer than
 * the vendor's module is there.
 *
 * Context: process context, may sleep. The vendor has to be ready for
 * &mdev_parent_ops.create.
 *
 * Return: the parent, for mdev_unregister_virtual_parent(), or an ERR_PTR():
 * -EINVAL for no @name, -EEXIST if there is a class of that name already, or what
 * mdev_register_device() returned. Nothing is left behind then.
 */
struct device *
mdev_register_virtual_parent(const char *name, const struct mdev_parent_ops *ops)
{
	struct class *class;
	struct device *dev;
	int ret;

	if (!name || !*name)
		return ERR_PTR(-EINVAL);

	class = class_create(name);
	if (IS_ERR(class))
		return ERR_CAST(class);

	dev = device_create(class, NULL, MKDEV(0, 0), NULL, "%s", name);
	if (IS_ERR(dev)) {
		ret = PTR_ERR(dev);
		goto err_destroy_class;
	}

	ret = mdev_register_device(dev, ops);
	if (ret)
		goto err_unregister_device;
	return dev;

err_unregister_device:
	device_unregister(dev);
err_destroy_class:
	class_destroy(class);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(mdev_register_virtual_parent);

/**
 * mdev_unregister_virtual_parent - withdraw a parent and unmake its device
 * @dev: what mdev_register_virtual_parent() returned
 *
 * Context: that of mdev_unregister_device(), which this calls first.
 */
void mdev_unregister_virtual_parent(struct device *dev)
{
	const struct class *class = dev->class;

	mdev_unregister_device(dev);
	device_unregister(dev);
	class_destroy(class);
}
EXPORT_SYMBOL_GPL(mdev_unregister_virtual_parent);
