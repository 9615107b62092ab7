// SPDX-License-Identifier: GPL-2.0-only
/*
 * What vendors and bus drivers set on a mediated device and ask of it
 *
 * Class and ops are set by the vendor before the device is published and are
 * constant from then on, so that nobody needs a lock to read them.
 */
#include <linux/module.h>

#include "mdev_private.h"

/**
 * mdev_set_class_id - say what kind of ops a device carries
 * @mdev: device that is being created
 * @id: the class, an &enum mdev_class or one of a bus driver's own
 *
 * Context: the vendor's create() callback. Refused with an error in the log later.
 */
void mdev_set_class_id(struct mdev_device *mdev, u16 id)
{
	if (!mdev_is_new(mdev)) {
		dev_err(&mdev->dev, "class is set outside of create()\n");
		return;
	}
	mdev->class_id = id;
}
EXPORT_SYMBOL(mdev_set_class_id);

/**
 * mdev_get_class_id - class of a device
 * @mdev: the device
 *
 * Return: what was set in create(), or MDEV_ID_NONE.
 */
u16 mdev_get_class_id(struct mdev_device *mdev)
{
	return mdev->class_id;
}
EXPORT_SYMBOL_GPL(mdev_get_class_id);

/**
 * mdev_set_dev_ops - give a device its ops
 * @mdev: device that is being created
 * @ops: callbacks of the type that belongs to the device's class; used until
 *	 the vendor's remove() has returned
 *
 * Context: the vendor's create() callback. Refused with an error in the log later.
 */
void mdev_set_dev_ops(struct mdev_device *mdev, const void *ops)
{
	if (!mdev_is_new(mdev)) {
		dev_err(&mdev->dev, "ops are set outside of create()\n");
		return;
	}
	mdev->device_ops = ops;
}
EXPORT_SYMBOL(mdev_set_dev_ops);

/**
 * mdev_get_dev_ops - ops of a device
 * @mdev: the device
 *
 * Return: what was set in create(), or NULL before that.
 */
const void *mdev_get_dev_ops(struct mdev_device *mdev)
{
	return mdev->device_ops;
}
EXPORT_SYMBOL(mdev_get_dev_ops);

/**
 * mdev_get_drvdata - vendor's data of a device
 * @mdev: the device
 *
 * Return: what mdev_set_drvdata() stored last, or NULL.
 */
void *mdev_get_drvdata(struct mdev_device *mdev)
{
	return mdev->driver_data;
}
EXPORT_SYMBOL(mdev_get_drvdata);

/**
 * mdev_set_drvdata - store the vendor's data of a device
 * @mdev: the device
 * @data: anything. Unlike dev_set_drvdata(), it stays when the bus driver is
 *	  unbound and bound again.
 */
void mdev_set_drvdata(struct mdev_device *mdev, void *data)
{
	mdev->driver_data = data;
}
EXPORT_SYMBOL(mdev_set_drvdata);

/**
 * mdev_dev - the &struct device of a mediated device
 * @mdev: the mediated device
 *
 * Return: the device.
 */
struct device *mdev_dev(struct mdev_device *mdev)
{
	return &mdev->dev;
}
EXPORT_SYMBOL(mdev_dev);

/**
 * mdev_from_dev - the mediated device that a &struct device is
 * @dev: any device
 *
 * Return: the mediated device, or NULL if @dev is on another bus.
 */
struct mdev_device *mdev_from_dev(struct device *dev)
{
	return mdev_bus_has_device(dev) ? to_mdev_device(dev) : NULL;
}
EXPORT_SYMBOL(mdev_from_dev);

/**
 * mdev_parent_dev - the device that was registered as parent
 * @mdev: the mediated device
 *
 * Return: the parent; NULL after it has been unregistered.
 */
struct device *mdev_parent_dev(struct mdev_device *mdev)
{
	return mdev_parent_of(mdev)->dev;
}
EXPORT_SYMBOL(mdev_parent_dev);

/**
 * mdev_uuid - what a device was created as
 * @mdev: the device
 *
 * Return: the UUID, as long as the device is there.
 */
const guid_t *mdev_uuid(struct mdev_device *mdev)
{
	return &mdev->uuid;
}
EXPORT_SYMBOL(mdev_uuid);

/**
 * mdev_get_type_name - name of a device's type
 * @mdev: the device
 *
 * Return: the name of the type's directory in sysfs, which begins with the parent's
 * driver: "mtty-2". It is there for as long as the device.
 */
const char *mdev_get_type_name(struct mdev_device *mdev)
{
	return kobject_name(&mdev->type_obj->kobj);
}
EXPORT_SYMBOL_GPL(mdev_get_type_name);
