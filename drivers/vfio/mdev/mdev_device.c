// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices: how one is created, and what it has in sysfs
 *
 * A device is its creator's until user space is told of it: nobody removes it or
 * unbinds it before, so that REMOVE does not overtake ADD. How it ends is in
 * mdev_removal.c.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mdev_private.h"

/* There may be many, and they are not of a size that kmalloc() has. */
static struct kmem_cache *mdev_device_cache;

/* One line for whoever sees nothing but an errno in a tool. */
static void mdev_log_refusal(struct mdev_device *mdev, const char *reason,
			     int err)
{
	dev_warn_ratelimited(mdev_parent_of(mdev)->dev,
			     "cannot create %s of type %s: %s: %pe\n",
			     dev_name(&mdev->dev),
			     kobject_name(&mdev->type_obj->kobj), reason,
			     ERR_PTR(err));
}

static void mdev_device_free(struct rcu_head *rcu)
{
	kmem_cache_free(mdev_device_cache,
			container_of(rcu, struct mdev_device, rcu));
}

static void mdev_device_release(struct device *dev)
{
	struct mdev_device *mdev = to_mdev_device(dev);

	/* Balances kobject_get() in mdev_device_alloc() */
	kobject_put(&mdev->type_obj->kobj);
	/* Somebody may be comparing his UUID with this one. */
	call_rcu(&mdev->rcu, mdev_device_free);
	module_put(THIS_MODULE);
}

/*
 * A writer may wait for long, and in the end the file goes with the device. So it
 * gives up its hold on the file first: then nobody who deletes the device has to
 * wait for the writer. The file stays for as long as the device does.
 */
static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct kernfs_node *kn;
	unsigned long val;
	int ret;

	ret = kstrtoul(buf, 0, &val);
	if (ret)
		return ret;
	if (!val)
		return count;

	get_device(dev);
	kn = sysfs_break_active_protection(&dev->kobj, &attr->attr);
	if (kn) {
		ret = mdev_device_remove(to_mdev_device(dev));
		sysfs_unbreak_active_protection(kn);
	} else {
		ret = -ENODEV;
	}
	put_device(dev);
	return ret ?: count;
}
static DEVICE_ATTR_WO(remove);

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, MDEV_MODALIAS_FMT "\n",
			  mdev_get_class_id(to_mdev_device(dev)));
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *mdev_device_attrs[] = {
	&dev_attr_remove.attr,
	&dev_attr_modalias.attr,
	NULL
};

/* What no driver is looked for by has no modalias. */
static umode_t mdev_device_is_visible(struct kobject *kobj,
				      struct attribute *attr, int n)
{
	struct mdev_device *mdev = to_mdev_device(kobj_to_dev(kobj));

	if (attr == &dev_attr_modalias.attr && mdev->class_id == MDEV_ID_NONE)
		return 0;
	return attr->mode;
}

static const struct attribute_group mdev_device_group = {
	.is_visible = mdev_device_is_visible,
	.attrs = mdev_device_attrs,
};
__ATTRIBUTE_GROUPS(mdev_device);

static const struct device_type mdev_device_type = {
	.groups = mdev_device_groups,
	.release = mdev_device_release,
};

/* In the gate of its parent, with its UUID; mdev_retire() undoes all of it. */
static struct mdev_device *mdev_device_alloc(struct mdev_type_obj *type,
					     const guid_t *uuid)
{
	struct mdev_parent_obj *parent = type->parent;
	struct mdev_device *mdev;
	int ret = -ENOMEM;

	if (!mdev_gate_enter(&parent->gate))
		return ERR_PTR(-ENODEV);

	mdev = kmem_cache_zalloc(mdev_device_cache, GFP_KERNEL);
	if (!mdev)
		goto err_exit_gate;

	guid_copy(&mdev->uuid, uuid);
	ret = mdev_uuid_claim(mdev);
	if (ret)
		goto err_free;

	/* A reference on the device may outlive everything but our code. */
	__module_get(THIS_MODULE);
	kobject_get(&type->kobj);
	mdev->type_obj = type;
	mdev->type = type->desc;
	mdev->only_driver = parent->ops->driver;
	mdev_state_init(mdev);
	mdev_removal_init(mdev);
	device_initialize(&mdev->dev);
	/* There is no power to manage, and no need for half a dozen files about it. */
	device_set_pm_not_required(&mdev->dev);
	mdev->dev.parent = parent->dev;
	mdev->dev.type = &mdev_device_type;
	mdev_bus_init_device(mdev);
	return mdev;

err_free:
	kmem_cache_free(mdev_device_cache, mdev);
err_exit_gate:
	mdev_gate_exit(&parent->gate);
	return ERR_PTR(ret);
}

static int mdev_call_create(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);
	int ret;

	lock_map_acquire(&parent->dep_map);
	ret = parent->ops->create(&mdev->type_obj->kobj, mdev);
	lock_map_release(&parent->dep_map);

	if (ret > 0) {
		dev_err_ratelimited(parent->dev,
				    "create() of %s returned %d, which is neither success nor an errno\n",
				    dev_name(&mdev->dev), ret);
		return -EINVAL;
	}
	if (ret) {
		mdev_log_refusal(mdev, "vendor driver refused", ret);
		return ret;
	}

	if ((mdev->class_id != MDEV_ID_NONE && mdev->device_ops) ||
	    mdev->only_driver)
		return 0;

	mdev_log_refusal(mdev, mdev->class_id == MDEV_ID_NONE ?
			 "vendor driver set no class" :
			 "vendor driver set no ops", -EINVAL);
	mdev_call_remove(mdev);
	return -EINVAL;
}

/* It can be opened when it is told of, and be removed when that is done. */
static void mdev_device_announce(struct mdev_device *mdev)
{
	struct device *dev = &mdev->dev;

	mdev_change_state(mdev, MDEV_STATE_ADDED, MDEV_STATE_LIVE);
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
	kobject_uevent(&dev->kobj, KOBJ_BIND);
	mdev_disown(mdev);
}

/*
 * User space hears of the device when there is nothing left that could fail, and
 * finds its attributes, links and the files of its bus driver in place.
 */
static int mdev_device_publish(struct mdev_device *mdev)
{
	struct device *dev = &mdev->dev;
	const char *step;
	int ret;

	mdev_change_state(mdev, MDEV_STATE_NEW, MDEV_STATE_ADDED);
	dev_set_uevent_suppress(dev, true);
	dev->groups = mdev_parent_of(mdev)->ops->mdev_attr_groups;

	step = "adding the device";
	ret = device_add(dev);
	if (ret)
		goto err_log;

	step = "linking the device";
	ret = mdev_link(mdev);
	if (ret)
		goto err_del;

	step = mdev->only_driver ? "binding the driver of its parent" :
				   "binding the driver of its class";
	ret = mdev_bus_bind(mdev);
	if (ret)
		goto err_unlink;

	mdev_device_announce(mdev);
	return 0;

err_unlink:
	mdev_unlink(mdev);
err_del:
	device_del(dev);
err_log:
	mdev_log_refusal(mdev, step, ret);
	return ret;
}

/* What a writer of "create" gets; the errors are those of the ABI document. */
int mdev_device_create(struct mdev_type_obj *type, const guid_t *uuid)
{
	struct mdev_device *mdev;
	int ret;

	mdev = mdev_device_alloc(type, uuid);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);

	ret = dev_set_name(&mdev->dev, "%pUl", uuid);
	if (ret)
		goto err_retire;

	ret = mdev_capacity_take(type);
	if (ret) {
		mdev_log_refusal(mdev, "no instance is left", ret);
		goto err_retire;
	}

	ret = mdev_call_create(mdev);
	if (ret)
		goto err_give;

	ret = mdev_device_publish(mdev);
	if (ret)
		goto err_call_remove;
	return 0;

err_call_remove:
	mdev_call_remove(mdev);
err_give:
	mdev_capacity_give(type);
err_retire:
	mdev_retire(mdev);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(mdev_device_create);

int mdev_devices_init(void)
{
	mdev_device_cache = KMEM_CACHE(mdev_device, 0);
	return mdev_device_cache ? 0 : -ENOMEM;
}

/* All devices have been released. */
void mdev_devices_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(mdev_device_cache);
}
