// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus "mdev": bus drivers, and how a device finds the one of its class
 *
 * A driver is matched by class id. A new device is bound by its creator, who has
 * to know what probe() said; a device that is live, by the driver core.
 */
#include <linux/kmod.h>
#include <linux/module.h>

#include "mdev_private.h"

static struct mdev_driver *to_mdev_driver(const struct device_driver *drv)
{
	return container_of(drv, struct mdev_driver, driver);
}

static bool mdev_driver_serves(const struct device_driver *drv,
			       struct mdev_device *mdev)
{
	const struct mdev_class_id *entry;

	for (entry = to_mdev_driver(drv)->id_table; entry->id; entry++)
		if (entry->id == mdev->class_id)
			return true;
	return false;
}

/* Until a device is live, nobody but mdev_bus_bind() may bind it. */
static int mdev_match(struct device *dev, const struct device_driver *drv)
{
	struct mdev_device *mdev = to_mdev_device(dev);

	return mdev_is_live(mdev) && mdev_driver_serves(drv, mdev);
}

static int mdev_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct mdev_device *mdev =
		container_of(dev, struct mdev_device, dev);

	return add_uevent_var(env, "MODALIAS=" MDEV_MODALIAS_FMT,
			      mdev->class_id);
}

static int mdev_probe(struct device *dev)
{
	return to_mdev_driver(dev->driver)->probe(to_mdev_device(dev));
}

static void mdev_remove(struct device *dev)
{
	struct mdev_driver *drv = to_mdev_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_mdev_device(dev));
}

static const struct bus_type mdev_bus_type = {
	.name = "mdev",
	.dev_groups = mdev_device_groups,
	.match = mdev_match,
	.uevent = mdev_uevent,
	.probe = mdev_probe,
	.remove = mdev_remove,
};

void mdev_bus_init_device(struct mdev_device *mdev)
{
	mdev->dev.bus = &mdev_bus_type;
}

bool mdev_bus_has_device(const struct device *dev)
{
	return dev->bus == &mdev_bus_type;
}

/**
 * struct mdev_bind - search for the driver of a device
 * @mdev: the device
 * @found: there is a driver
 * @ret: what came of binding it
 */
struct mdev_bind {
	struct mdev_device *mdev;
	bool found;
	int ret;
};

static int mdev_bind_driver(struct device_driver *drv, void *data)
{
	struct mdev_bind *bind = data;

	if (!mdev_driver_serves(drv, bind->mdev))
		return 0;

	bind->found = true;
	bind->ret = device_driver_attach(drv, &bind->mdev->dev);
	return 1;
}

/*
 * Bind a new device to the driver of its class, loading that first if it is not
 * there. Returns what probe() returned, or -ENODEV if no driver has the class.
 */
int mdev_bus_bind(struct mdev_device *mdev)
{
	struct mdev_bind bind = { .mdev = mdev };

	bus_for_each_drv(&mdev_bus_type, NULL, &bind, mdev_bind_driver);
	if (!bind.found) {
		request_module(MDEV_MODALIAS_FMT, mdev->class_id);
		bus_for_each_drv(&mdev_bus_type, NULL, &bind, mdev_bind_driver);
	}
	return bind.found ? bind.ret : -ENODEV;
}

/* Whether the bus driver knows of a user; if it cannot be asked now, it may. */
bool mdev_bus_busy(struct mdev_device *mdev)
{
	struct device *dev = &mdev->dev;
	bool busy;

	if (!device_trylock(dev))
		return true;
	busy = dev->driver && to_mdev_driver(dev->driver)->busy &&
	       to_mdev_driver(dev->driver)->busy(mdev);
	device_unlock(dev);
	return busy;
}

/*
 * Ask the user of a device to let go. Returns -EBUSY if he cannot be asked, and
 * -EAGAIN while somebody else holds the device lock: he may hold it for as long
 * as the device is open, if he is unbinding it, and is then asking himself.
 */
int mdev_bus_request(struct mdev_device *mdev, unsigned int count)
{
	struct device *dev = &mdev->dev;
	int ret = -EBUSY;

	if (!device_trylock(dev))
		return -EAGAIN;
	if (dev->driver && to_mdev_driver(dev->driver)->request &&
	    !to_mdev_driver(dev->driver)->request(mdev, count))
		ret = 0;
	device_unlock(dev);
	return ret;
}

/**
 * __mdev_register_driver - register a bus driver
 * @drv: the driver; must stay until mdev_unregister_driver() returns
 * @owner: its module
 * @mod_name: name of that module
 *
 * Use mdev_register_driver(), which knows the module.
 *
 * Devices of its classes that are live and not bound are bound to it.
 *
 * Context: process context, may sleep.
 *
 * Return: 0 on success; -EINVAL without a name, probe() or a class to serve;
 * -EBUSY if there is a driver of that name; another negative errno.
 */
int __mdev_register_driver(struct mdev_driver *drv, struct module *owner,
			   const char *mod_name)
{
	if (!drv || !drv->name || !drv->probe || !drv->id_table ||
	    !drv->id_table->id)
		return -EINVAL;

	drv->driver.name = drv->name;
	drv->driver.owner = owner;
	drv->driver.mod_name = mod_name;
	drv->driver.bus = &mdev_bus_type;
	return driver_register(&drv->driver);
}
EXPORT_SYMBOL(__mdev_register_driver);

/**
 * mdev_unregister_driver - withdraw a bus driver
 * @drv: the driver
 *
 * Unbinds it from all devices. These live on, and are bound again when a driver
 * of their class is registered.
 *
 * Context: process context, sleeps.
 */
void mdev_unregister_driver(struct mdev_driver *drv)
{
	driver_unregister(&drv->driver);
}
EXPORT_SYMBOL(mdev_unregister_driver);

int mdev_bus_init(void)
{
	return bus_register(&mdev_bus_type);
}

void mdev_bus_exit(void)
{
	bus_unregister(&mdev_bus_type);
}
