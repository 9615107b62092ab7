// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendors with a driver of their own: mdev_register_parent()
 *
 * A front only: it makes a description as for mdev_register_device() of what such a
 * vendor says in other words. The driver's probe() and remove() do what create() and
 * remove() do elsewhere.
 */
#include <linux/module.h>

#include "mdev_private.h"

static int mdev_front_create(struct kobject *kobj, struct mdev_device *mdev)
{
	return 0;
}

static int mdev_front_remove(struct mdev_device *mdev)
{
	return 0;
}

/* Only names are the vendor's; whatever else is in there may not be initialised. */
static void mdev_front_init_type(struct mdev_type *type,
				 struct mdev_parent *parent,
				 const struct mdev_driver *drv)
{
	*type = (struct mdev_type) {
		.sysfs_name = type->sysfs_name,
		.pretty_name = type->pretty_name,
		.parent = parent,
		.device_api = drv->device_api,
		.cost = drv->get_available ? 0 : 1,
	};
}

static int mdev_front_check(const struct mdev_parent *parent, struct device *dev,
			    const struct mdev_driver *drv,
			    struct mdev_type **types, unsigned int nr_types)
{
	const char *what = NULL;

	if (!parent)
		what = "parent";
	else if (!drv)
		what = "mdev_driver";
	else if (!drv->device_api)
		what = "device_api of the driver";
	else if (nr_types && !types)
		what = "types";
	if (!what)
		return 0;
	pr_err("mdev: mdev_register_parent() for %s lacks the %s\n",
	       dev ? dev_name(dev) : "no device", what);
	return -EINVAL;
}

/**
 * mdev_register_parent - offer a device as parent of devices of one driver
 * @parent: memory that is the caller's, to stay until mdev_unregister_parent()
 *	    returns; need not be initialised
 * @dev: as for mdev_register_device()
 * @mdev_driver: the driver, without &mdev_driver.id_table, of all devices of this
 *		 parent. May be registered later; until then nothing can be created.
 * @types: @nr_types descriptions with &mdev_type.sysfs_name and, perhaps,
 *	   &mdev_type.pretty_name; to stay like @parent
 * @nr_types: how many
 *
 * The driver's &mdev_driver.max_instances is the limit for all types together, unless
 * it has &mdev_driver.get_available and refuses by its probe().
 *
 * Context: that of mdev_register_device().
 *
 * Return: 0; -EINVAL without one of the arguments or the driver's device_api; or what
 * mdev_register_device() returns.
 */
int mdev_register_parent(struct mdev_parent *parent, struct device *dev,
			 struct mdev_driver *mdev_driver,
			 struct mdev_type **types, unsigned int nr_types)
{
	unsigned int i;

	if (mdev_front_check(parent, dev, mdev_driver, types, nr_types))
		return -EINVAL;

	for (i = 0; i < nr_types; i++)
		mdev_front_init_type(types[i], parent, mdev_driver);
	*parent = (struct mdev_parent) {
		.dev = dev,
		.ops = {
			.owner = mdev_driver->driver.owner,
			.create = mdev_front_create,
			.remove = mdev_front_remove,
			.types = types,
			.nr_types = nr_types,
			.pool = mdev_driver->max_instances,
			.get_available = mdev_driver->get_available,
			.show_description = mdev_driver->show_description,
			.driver = mdev_driver,
		},
	};
	return mdev_register_device(dev, &parent->ops);
}
EXPORT_SYMBOL(mdev_register_parent);

/**
 * mdev_unregister_parent - withdraw a parent
 * @parent: what was registered; may be freed when this returns, and its types
 *
 * Context: that of mdev_unregister_device().
 */
void mdev_unregister_parent(struct mdev_parent *parent)
{
	mdev_unregister_device(parent->dev);
}
EXPORT_SYMBOL(mdev_unregister_parent);
