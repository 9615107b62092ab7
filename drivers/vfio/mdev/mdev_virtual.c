// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents without hardware: a device in a class of its own, for vendor drivers
 * whose mediated devices exist in software alone
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mdev_private.h"

/* Has a name of its own, as it may be held for longer than the vendor's is there. */
struct mdev_virtual_class {
	struct class class;
	char name[];
};

static void mdev_virtual_class_release(const struct class *class)
{
	kfree(container_of(class, struct mdev_virtual_class, class));
	module_put(THIS_MODULE);
}

static struct class *mdev_virtual_class_create(const char *name)
{
	struct mdev_virtual_class *vclass;
	size_t size = strlen(name) + 1;
	int ret;

	vclass = kzalloc(struct_size(vclass, name, size), GFP_KERNEL);
	if (!vclass)
		return ERR_PTR(-ENOMEM);

	memcpy(vclass->name, name, size);
	vclass->class.name = vclass->name;
	vclass->class.class_release = mdev_virtual_class_release;
	/* A reference on the class may outlive everything but our code. */
	__module_get(THIS_MODULE);
	ret = class_register(&vclass->class);
	if (ret) {
		kfree(vclass);
		module_put(THIS_MODULE);
		return ERR_PTR(ret);
	}
	return &vclass->class;
}

/**
 * mdev_register_virtual_parent - make a device and offer it as parent
 * @name: what device and class are called, and what the names of the types begin
 *	  with; copied
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

	if (!name || !*name) {
		pr_err("mdev: a virtual parent has no name\n");
		return ERR_PTR(-EINVAL);
	}

	class = mdev_virtual_class_create(name);
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
	class_unregister(class);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(mdev_register_virtual_parent);

/* If it is a device at all, which its class can be asked about */
bool mdev_is_virtual_parent(const struct device *dev)
{
	return dev->class &&
	       dev->class->class_release == mdev_virtual_class_release;
}

/* Device and class, when it is no parent any more */
void mdev_virtual_parent_del(struct device *dev)
{
	const struct class *class = dev->class;

	device_unregister(dev);
	class_unregister(class);
}

/**
 * mdev_unregister_virtual_parent - withdraw a parent and unmake its device
 * @dev: what mdev_register_virtual_parent() returned
 *
 * Context: that of mdev_unregister_device(), which this calls first.
 */
void mdev_unregister_virtual_parent(struct device *dev)
{
	mdev_unregister_device(dev);
	mdev_virtual_parent_del(dev);
}
EXPORT_SYMBOL_GPL(mdev_unregister_virtual_parent);
