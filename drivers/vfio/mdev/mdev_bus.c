// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus "mdev": how a device finds the driver of its class, and what is asked of
 * that
 *
 * A driver is matched by class id, unless the device's parent has a driver that serves
 * all of its devices, and nobody else's. A new device is bound by its creator, who has
 * to know what probe() said; a device that is live, by the driver core or who wrote
 * to "bind". Whoever calls the driver owns the device, see mdev_state.c.
 */
#include <kunit/visibility.h>
#include <linux/kmod.h>
#include <linux/module.h>

#include "mdev_private.h"

struct mdev_driver *to_mdev_driver(const struct device_driver *drv)
{
	return container_of(drv, struct mdev_driver, driver);
}

bool mdev_bus_serves(const struct device_driver *drv, struct mdev_device *mdev)
{
	const struct mdev_driver *mdrv = to_mdev_driver(drv);
	const struct mdev_class_id *entry;

	if (mdev->only_driver || !mdrv->id_table)
		return mdev->only_driver == mdrv;
	for (entry = mdrv->id_table; entry->id; entry++)
		if (entry->id == mdev->class_id)
			return true;
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(mdev_bus_serves);

/* Until a device is live, nobody but mdev_bus_bind() may bind it. */
static int mdev_match(struct device *dev, const struct device_driver *drv)
{
	struct mdev_device *mdev = to_mdev_device(dev);

	return mdev_is_live(mdev) && mdev_bus_serves(drv, mdev);
}

static int mdev_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct mdev_device *mdev =
		container_of(dev, struct mdev_device, dev);

	if (mdev->class_id == MDEV_ID_NONE)
		return 0;
	return add_uevent_var(env, "MODALIAS=" MDEV_MODALIAS_FMT,
			      mdev->class_id);
}

/* The device is in the driver's gate for as long as it is bound. */
static int mdev_call_probe(struct mdev_driver *drv, struct mdev_device *mdev)
{
	int ret;

	if (!mdev_gate_enter(&drv->gate))
		return -ENODEV;

	ret = drv->probe ? drv->probe(mdev) : 0;
	if (ret > 0) {
		dev_err_ratelimited(&mdev->dev,
				    "probe() of %s returned %d, which is neither success nor an errno\n",
				    drv->driver.name, ret);
		ret = -EINVAL;
	}
	if (ret) {
		mdev_gate_exit(&drv->gate);
		return ret;
	}
	mdev->withdrawn = false;
	WRITE_ONCE(mdev->driver, drv);
	/* Before the owner looks at the gate: who closes it looks for us then. */
	smp_mb();
	return 0;
}

/* A device that is not live yet is its creator's, who is calling. */
static int mdev_probe(struct device *dev)
{
	struct mdev_driver *drv = to_mdev_driver(dev->driver);
	struct mdev_device *mdev = to_mdev_device(dev);
	int ret;

	if (mdev_state(mdev) == MDEV_STATE_ADDED)
		return mdev_call_probe(drv, mdev);

	if (!mdev_own(mdev))
		return mdev_is_live(mdev) ? -EBUSY : -ENODEV;
	ret = mdev_call_probe(drv, mdev);
	mdev_disown(mdev);
	return ret;
}

static void mdev_remove(struct device *dev)
{
	struct mdev_driver *drv = to_mdev_driver(dev->driver);
	struct mdev_device *mdev = to_mdev_device(dev);

	/* Unless the driver core unbinds on its own account, this was done. */
	mdev_bus_withdraw(mdev);
	if (drv->remove)
		drv->remove(mdev);
	WRITE_ONCE(mdev->driver, NULL);
	mdev_gate_exit(&drv->gate);
}

static const struct bus_type mdev_bus_type = {
	.name = "mdev",
	.match = mdev_match,
	.uevent = mdev_uevent,
	.probe = mdev_probe,
	.remove = mdev_remove,
};

void mdev_bus_init_device(struct mdev_device *mdev)
{
	mdev->dev.bus = &mdev_bus_type;
}

void mdev_bus_init_driver(struct mdev_driver *drv)
{
	drv->driver.bus = &mdev_bus_type;
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

	if (!mdev_bus_serves(drv, bind->mdev))
		return 0;

	bind->found = true;
	bind->ret = device_driver_attach(drv, &bind->mdev->dev);
	return 1;
}

/*
 * Bind a new device to the driver of its class, loading that first if it is not
 * there. Returns what probe() returned, or -ENODEV if there is no driver for it.
 */
int mdev_bus_bind(struct mdev_device *mdev)
{
	struct mdev_bind bind = { .mdev = mdev };

	bus_for_each_drv(&mdev_bus_type, NULL, &bind, mdev_bind_driver);
	if (!bind.found && !mdev->only_driver) {
		request_module(MDEV_MODALIAS_FMT, mdev->class_id);
		bus_for_each_drv(&mdev_bus_type, NULL, &bind, mdev_bind_driver);
	}
	return bind.found ? bind.ret : -ENODEV;
}

/* A device by its name, counted, or NULL */
struct mdev_device *mdev_bus_find(const char *name)
{
	struct device *dev;

	dev = bus_find_device_by_name(&mdev_bus_type, NULL, name);
	return dev ? to_mdev_device(dev) : NULL;
}

static int mdev_bus_check_device(struct device *dev, void *data)
{
	struct mdev_device *mdev = to_mdev_device(dev);

	if (READ_ONCE(mdev->driver) == data)
		mdev_check(mdev);
	return 0;
}

/* For all devices that are bound to a driver whose gate was closed */
void mdev_bus_check(struct mdev_driver *drv)
{
	bus_for_each_dev(&mdev_bus_type, NULL, drv, mdev_bus_check_device);
}

/*
 * What follows is for the owner of a device, who may find it bound or not.
 */

/* Whether nobody uses the device now and, if so, from now on; again, if it was */
bool mdev_bus_claim(struct mdev_device *mdev)
{
	struct mdev_driver *drv = mdev->driver;

	if (drv && !drv->id_table)
		return mdev_vfio_claim(mdev);
	return !drv || !drv->claim || drv->claim(mdev);
}

/* Ask the user of a device to let go: 0, or -EOPNOTSUPP if he cannot be asked */
int mdev_bus_request(struct mdev_device *mdev, unsigned int count)
{
	struct mdev_driver *drv = mdev->driver;

	if (drv && !drv->id_table)
		return mdev_vfio_request(mdev, count);
	return drv && drv->request ? drv->request(mdev, count) : -EOPNOTSUPP;
}

/* Once it is claimed, and before it is unbound: may take as long as it likes */
void mdev_bus_withdraw(struct mdev_device *mdev)
{
	struct mdev_driver *drv = mdev->driver;

	if (!drv || !drv->withdraw || mdev->withdrawn)
		return;
	drv->withdraw(mdev);
	mdev->withdrawn = true;
}

int mdev_bus_init(void)
{
	return bus_register(&mdev_bus_type);
}

void mdev_bus_exit(void)
{
	bus_unregister(&mdev_bus_type);
}
