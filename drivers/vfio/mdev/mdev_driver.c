// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus drivers: registration, and binding and unbinding by hand
 *
 * "bind" and "unbind" are ours, as the driver core's would wait for the user of a
 * device under the lock of the device.
 */
#include <linux/module.h>

#include "mdev_private.h"

/* Before who waits for a device is told what for */
#define MDEV_DRIVER_PATIENCE	HZ

/* The driver core takes a device's name with or without a newline, too. */
static struct mdev_device *mdev_driver_find(const char *buf, size_t count)
{
	char name[UUID_STRING_LEN + 1];

	if (count && buf[count - 1] == '\n')
		count--;
	if (count != UUID_STRING_LEN)
		return NULL;
	memcpy(name, buf, count);
	name[count] = '\0';
	return mdev_bus_find(name);
}

static ssize_t unbind_store(struct device_driver *driver, const char *buf,
			    size_t count)
{
	struct mdev_device *mdev = mdev_driver_find(buf, count);
	int ret;

	if (!mdev)
		return -ENODEV;
	ret = mdev_device_unbind(mdev, to_mdev_driver(driver));
	put_device(&mdev->dev);
	return ret ?: count;
}

static ssize_t bind_store(struct device_driver *driver, const char *buf,
			  size_t count)
{
	struct mdev_device *mdev = mdev_driver_find(buf, count);
	int ret = -ENODEV;

	if (!mdev)
		return -ENODEV;
	if (mdev_is_live(mdev) && mdev_bus_serves(driver, mdev))
		ret = device_driver_attach(driver, &mdev->dev);
	put_device(&mdev->dev);
	return ret ?: count;
}

/*
 * Both lead to a driver's callbacks, and unregistering the driver waits for writers.
 * The map of the files is one for all drivers and would mix them up.
 */
static struct driver_attribute mdev_driver_attr_bind =
	__ATTR_IGNORE_LOCKDEP(bind, 0200, NULL, bind_store);
static struct driver_attribute mdev_driver_attr_unbind =
	__ATTR_IGNORE_LOCKDEP(unbind, 0200, NULL, unbind_store);

static int mdev_driver_add_files(struct mdev_driver *drv)
{
	int ret;

	ret = driver_create_file(&drv->driver, &mdev_driver_attr_unbind);
	if (ret)
		return ret;
	ret = driver_create_file(&drv->driver, &mdev_driver_attr_bind);
	if (ret)
		driver_remove_file(&drv->driver, &mdev_driver_attr_unbind);
	return ret;
}

/* Writers who wait for a user give up, as the gate is closed. */
static void mdev_driver_remove_files(struct mdev_driver *drv)
{
	driver_remove_file(&drv->driver, &mdev_driver_attr_bind);
	driver_remove_file(&drv->driver, &mdev_driver_attr_unbind);
}

/* It gets no more devices, and each that it has is unbound when it has no user. */
static void mdev_driver_close(struct mdev_driver *drv)
{
	mdev_gate_close(&drv->gate);
	mdev_bus_check(drv);
}

/* Once it has let go of them, the driver core finds none to unbind. */
static void mdev_driver_unregister(struct mdev_driver *drv)
{
	mdev_gate_exit(&drv->gate);
	if (!mdev_gate_wait(&drv->gate, MDEV_DRIVER_PATIENCE)) {
		pr_warn("mdev: driver %s waits for devices that are in use\n",
			drv->driver.name);
		mdev_gate_wait(&drv->gate, MAX_SCHEDULE_TIMEOUT);
	}
	driver_unregister(&drv->driver);
}

/* With a table, it serves classes; without, parents that name it. */
static bool mdev_driver_is_complete(const struct mdev_driver *drv)
{
	if (!drv->name && !drv->driver.name)
		return false;
	if (drv->id_table)
		return drv->id_table->id && drv->probe;
	return drv->device_api;
}

/**
 * __mdev_register_driver - register a bus driver
 * @drv: the driver; must stay until mdev_unregister_driver() returns
 * @owner: its module
 * @mod_name: name of that module
 *
 * Use mdev_register_driver(), which knows the module.
 *
 * Devices that it serves, that are live and not bound, are bound to it.
 *
 * Context: process context, may sleep.
 *
 * Return: 0 on success; -EINVAL without a name, or a class to serve and probe(), or
 * else device_api; -EBUSY if there is a driver of that name; another negative errno.
 */
int __mdev_register_driver(struct mdev_driver *drv, struct module *owner,
			   const char *mod_name)
{
	int ret;

	if (!drv || !mdev_driver_is_complete(drv))
		return -EINVAL;

	mdev_gate_init(&drv->gate);
	mdev_gate_open(&drv->gate);
	mdev_bus_init_driver(drv);
	if (drv->name)
		drv->driver.name = drv->name;
	drv->driver.owner = owner;
	drv->driver.mod_name = mod_name;
	drv->driver.suppress_bind_attrs = true;
	ret = driver_register(&drv->driver);
	if (ret)
		return ret;

	ret = mdev_driver_add_files(drv);
	if (ret) {
		mdev_driver_close(drv);
		mdev_driver_unregister(drv);
	}
	return ret;
}
EXPORT_SYMBOL(__mdev_register_driver);

/**
 * mdev_unregister_driver - withdraw a bus driver
 * @drv: the driver
 *
 * Unbinds it from all devices. These live on, and are bound again when a driver
 * of their class is registered. Where one is open this asks its user, over and over,
 * and waits until it is closed; other devices do not wait for that one.
 *
 * Context: process context, sleeps.
 */
void mdev_unregister_driver(struct mdev_driver *drv)
{
	mdev_driver_close(drv);
	mdev_driver_remove_files(drv);
	mdev_driver_unregister(drv);
}
EXPORT_SYMBOL(mdev_unregister_driver);
