// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents: registration and unregistration of what mediated devices hang off
 *
 * Registration publishes last, unregistration retracts first. In between, every
 * device is in the parent's gate, and from when the last one has left nothing of the
 * vendor's is touched.
 */
#include <kunit/visibility.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mdev_private.h"

/* How long devices that are not open may take to go before they are named */
#define MDEV_PARENT_PATIENCE	(10 * HZ)

static struct class_compat *mdev_bus_compat_class;

static LIST_HEAD(mdev_parents);
/* Protects mdev_parents, and mdev_parent_obj.link of all that are in it. */
static DEFINE_MUTEX(mdev_parents_lock);

static void mdev_parent_release(struct kobject *kobj)
{
	struct mdev_parent_obj *parent =
		container_of(kobj, struct mdev_parent_obj, kobj);

	kfree(parent->types);
	kfree(parent);
	module_put(THIS_MODULE);
}

static const struct kobj_type mdev_parent_ktype = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = mdev_parent_release,
};

static struct mdev_parent_obj *
mdev_parent_alloc(struct device *dev, const struct mdev_parent_ops *ops)
{
	struct mdev_parent_obj *parent;

	parent = kzalloc_obj(*parent);
	if (!parent)
		return NULL;

	parent->types = kzalloc_objs(*parent->types, mdev_types_count(ops));
	if (!parent->types) {
		kfree(parent);
		return NULL;
	}

	/* A reference on the parent may outlive everything but our code. */
	__module_get(THIS_MODULE);
	kobject_init(&parent->kobj, &mdev_parent_ktype);
	INIT_LIST_HEAD(&parent->node);
	parent->dev = dev;
	parent->ops = ops;
	parent->code = ops->driver ? (const void *)ops->driver : ops->create;
	parent->groups = ops->dev_attr_groups;
	mdev_capacity_init(parent);
	mdev_gate_init(&parent->gate);
	return parent;
}

static struct mdev_parent_obj *mdev_parent_find(struct device *dev)
{
	struct mdev_parent_obj *parent;

	lockdep_assert_held(&mdev_parents_lock);

	list_for_each_entry(parent, &mdev_parents, node)
		if (parent->dev == dev)
			return parent;
	return NULL;
}

/* From here to mdev_parent_disown() the device has no other parent object. */
static int mdev_parent_claim(struct mdev_parent_obj *parent)
{
	guard(mutex)(&mdev_parents_lock);

	if (mdev_parent_find(parent->dev))
		return -EEXIST;

	get_device(parent->dev);
	list_add_tail(&parent->node, &mdev_parents);
	lockdep_register_key(&parent->dep_key);
	lockdep_init_map(&parent->dep_map, "mdev_parent", &parent->dep_key, 0);
	return 0;
}

static void mdev_parent_disown(struct mdev_parent_obj *parent)
{
	mutex_lock(&mdev_parents_lock);
	list_del_init(&parent->node);
	mutex_unlock(&mdev_parents_lock);

	lockdep_unregister_key(&parent->dep_key);
	put_device(parent->dev);
	parent->dev = NULL;
	parent->ops = NULL;
}

static void mdev_parent_remove_types(struct mdev_parent_obj *parent)
{
	while (parent->nr_types)
		mdev_type_remove(parent->types[--parent->nr_types]);
}

static int mdev_parent_add_types(struct mdev_parent_obj *parent)
{
	unsigned int i, n = mdev_types_count(parent->ops);
	struct mdev_type_obj *type;

	for (i = 0; i < n; i++) {
		type = mdev_type_add(parent, i);
		if (IS_ERR(type)) {
			mdev_parent_remove_types(parent);
			return PTR_ERR(type);
		}
		parent->types[parent->nr_types++] = type;
	}
	return 0;
}

/* Another parent of that name, whose link is @link */
static struct mdev_parent_obj *
mdev_parent_namesake(struct mdev_parent_obj *parent, enum mdev_link link)
{
	struct mdev_parent_obj *other;

	lockdep_assert_held(&mdev_parents_lock);

	list_for_each_entry(other, &mdev_parents, node)
		if (other != parent && other->link == link &&
		    !strcmp(dev_name(other->dev), dev_name(parent->dev)))
			return other;
	return NULL;
}

static int mdev_parent_link(struct mdev_parent_obj *parent)
{
	int ret;

	lockdep_assert_held(&mdev_parents_lock);

	ret = class_compat_create_link(mdev_bus_compat_class, parent->dev);
	parent->link = ret ? MDEV_LINK_NONE : MDEV_LINK_MADE;
	return ret;
}

/*
 * Tools find parents by their name in /sys/class/mdev_bus, in which names of two
 * buses can clash. The first keeps the link for as long as it is there; the later
 * parent works, but has to be addressed by its own directory until then.
 */
static int mdev_parent_add_link(struct mdev_parent_obj *parent)
{
	guard(mutex)(&mdev_parents_lock);

	if (!mdev_parent_namesake(parent, MDEV_LINK_MADE))
		return mdev_parent_link(parent);

	parent->link = MDEV_LINK_WANTED;
	dev_warn(parent->dev,
		 "name is taken in /sys/class/mdev_bus, not listed there\n");
	return 0;
}

static void mdev_parent_remove_link(struct mdev_parent_obj *parent)
{
	enum mdev_link link;
	struct mdev_parent_obj *heir;

	guard(mutex)(&mdev_parents_lock);

	link = parent->link;
	parent->link = MDEV_LINK_NONE;
	if (link != MDEV_LINK_MADE)
		return;
	class_compat_remove_link(mdev_bus_compat_class, parent->dev);

	heir = mdev_parent_namesake(parent, MDEV_LINK_WANTED);
	if (heir && mdev_parent_link(heir))
		dev_warn(heir->dev, "cannot be listed in /sys/class/mdev_bus\n");
}

static int mdev_parent_add_files(struct mdev_parent_obj *parent)
{
	struct device *dev = parent->dev;
	int ret;

	ret = kobject_add(&parent->kobj, &dev->kobj, "mdev_supported_types");
	if (ret)
		return ret;

	ret = mdev_parent_add_types(parent);
	if (ret)
		goto err_del;

	ret = sysfs_create_groups(&dev->kobj, parent->groups);
	if (ret)
		goto err_remove_types;

	ret = mdev_parent_add_link(parent);
	if (ret)
		goto err_remove_groups;
	return 0;

err_remove_groups:
	sysfs_remove_groups(&dev->kobj, parent->groups);
err_remove_types:
	mdev_parent_remove_types(parent);
err_del:
	kobject_del(&parent->kobj);
	return ret;
}

/* Whether its directory is there, and what was put into it can still be named */
static bool mdev_parent_has_groups(struct mdev_parent_obj *parent)
{
	const struct module *mod = parent->orphaned_by;

	return !mod || (device_is_registered(parent->dev) &&
			within_module((unsigned long)parent->groups, mod));
}

static void mdev_parent_remove_files(struct mdev_parent_obj *parent)
{
	if (mdev_parent_has_groups(parent))
		sysfs_remove_groups(&parent->dev->kobj, parent->groups);
	mdev_parent_remove_types(parent);
	kobject_del(&parent->kobj);
}

static void mdev_parent_uevent(struct device *dev, char *state)
{
	char *envp[2];

	/* If it is gone, its class may be, too. */
	if (!device_is_registered(dev))
		return;
	envp[0] = state;
	envp[1] = NULL;
	kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, envp);
}

/*
 * Nothing keeps a module in memory whose devices are open if it is not known. What is
 * built in has none, but calls nobody who is not built in as well. A parent with a
 * driver of its own may be registered before that, which says who the owner is.
 */
static bool mdev_parent_lacks_owner(const struct mdev_parent_ops *ops)
{
	if (ops->owner || ops->driver)
		return false;
#ifdef MODULE
	return true;
#else
	return is_vmalloc_or_module_addr(ops->create);
#endif
}

/* What a parent lacks but for types, or NULL */
static const char *mdev_parent_lacks(const struct mdev_parent_ops *ops)
{
	if (!ops)
		return "ops";
	if (!ops->create)
		return "create()";
	if (!ops->remove)
		return "remove()";
	if (mdev_parent_lacks_owner(ops))
		return "owner, the module of their driver,";
	return NULL;
}

static int mdev_parent_check(struct device *dev,
			     const struct mdev_parent_ops *ops)
{
	const char *what;

	if (!dev) {
		pr_err("mdev: a parent of mediated devices has no device\n");
		return -EINVAL;
	}
	what = mdev_parent_lacks(ops);
	if (what) {
		dev_err(dev, "has no %s for mediated devices\n", what);
		return -EINVAL;
	}
	return mdev_types_check(dev, ops);
}

/**
 * mdev_register_device - offer a device as parent of mediated devices
 * @dev: the device; it must be registered with the driver core and belong to a
 *	 bus or a class, or user space is not told of it
 * @ops: the vendor's description; must stay as it is until
 *	 mdev_unregister_device() returns
 *
 * Makes the types appear below @dev and in /sys/class/mdev_bus. The vendor has
 * to be ready for &mdev_parent_ops.create before calling this: user space may
 * create the first device before it returns.
 *
 * Context: process context, may sleep. The caller may hold any lock that its
 * create() and remove() take.
 *
 * Return: 0 on success; -EINVAL if an argument or a mandatory part of @ops is missing or
 * a type has no name, device_api, limit or attribute available_instances; -EEXIST if
 * @dev is registered already or two types have one name: the log has a line that says
 * which. Another negative errno from sysfs. Nothing is left behind on failure.
 */
int mdev_register_device(struct device *dev, const struct mdev_parent_ops *ops)
{
	struct mdev_parent_obj *parent;
	int ret;

	ret = mdev_parent_check(dev, ops);
	if (ret)
		return ret;

	parent = mdev_parent_alloc(dev, ops);
	if (!parent)
		return -ENOMEM;

	ret = mdev_parent_claim(parent);
	if (ret) {
		dev_err(dev, "is a parent of mediated devices already\n");
		goto err_put;
	}

	ret = mdev_parent_add_files(parent);
	if (ret)
		goto err_disown;

	/* Until now, writers of "create" were told -ENODEV. */
	mdev_gate_open(&parent->gate);
	mdev_parent_uevent(dev, "MDEV_STATE=registered");
	return 0;

err_disown:
	mdev_parent_disown(parent);
err_put:
	kobject_put(&parent->kobj);
	return ret;
}
EXPORT_SYMBOL(mdev_register_device);

#if IS_ENABLED(CONFIG_MDEV_KUNIT_TEST)
/* A type of a registered parent, counted. Tests have no path to go by. */
struct mdev_type_obj *mdev_parent_get_type(struct device *dev, unsigned int id)
{
	struct mdev_parent_obj *parent;

	guard(mutex)(&mdev_parents_lock);

	parent = mdev_parent_find(dev);
	if (!parent || id >= parent->nr_types)
		return NULL;
	kobject_get(&parent->types[id]->kobj);
	return parent->types[id];
}
EXPORT_SYMBOL_IF_KUNIT(mdev_parent_get_type);
#endif

/* Only the first of several callers gets the parent. */
static struct mdev_parent_obj *mdev_parent_kill(struct device *dev)
{
	struct mdev_parent_obj *parent;

	guard(mutex)(&mdev_parents_lock);

	parent = mdev_parent_find(dev);
	if (!parent || mdev_gate_closed(&parent->gate))
		return NULL;
	mdev_gate_close(&parent->gate);
	return parent;
}

static bool mdev_parent_has(struct mdev_parent_obj *parent, struct device *dev)
{
	return mdev_bus_has_device(dev) &&
	       mdev_parent_of(to_mdev_device(dev)) == parent;
}

static int mdev_parent_check_device(struct device *dev, void *data)
{
	if (mdev_parent_has(data, dev))
		mdev_check(to_mdev_device(dev));
	return 0;
}

/* Of a driver that is its parent's own, VFIO counts the users. */
static bool mdev_parent_is_open(struct device *dev)
{
	struct mdev_device *mdev = to_mdev_device(dev);

	return mdev_users(mdev) || (mdev->only_driver && mdev_vfio_in_use(mdev));
}

/* Says whom it waits for, each once: here those who are open, below what else is left */
static int mdev_parent_name_open(struct device *dev, void *data)
{
	struct mdev_parent_obj *parent = data;

	if (mdev_parent_has(parent, dev) && mdev_parent_is_open(dev))
		dev_warn_ratelimited(parent->dev,
				     "waiting for mediated device %s to be closed\n",
				     dev_name(dev));
	return 0;
}

static int mdev_parent_name_left(struct device *dev, void *data)
{
	struct mdev_parent_obj *parent = data;

	if (mdev_parent_has(parent, dev) && !mdev_parent_is_open(dev))
		dev_warn_ratelimited(parent->dev,
				     "waiting for mediated device %s to go\n",
				     dev_name(dev));
	return 0;
}

/*
 * Each device is removed as soon as it has no user. They do so by themselves, and are
 * waited for all at once.
 */
static void mdev_parent_remove_devices(struct mdev_parent_obj *parent)
{
	lock_map_acquire(&parent->dep_map);
	lock_map_release(&parent->dep_map);

	device_for_each_child(parent->dev, parent, mdev_parent_check_device);
	device_for_each_child(parent->dev, parent, mdev_parent_name_open);
	mdev_gate_exit(&parent->gate);
	if (mdev_gate_wait(&parent->gate, MDEV_PARENT_PATIENCE))
		return;
	device_for_each_child(parent->dev, parent, mdev_parent_name_left);
	mdev_gate_wait(&parent->gate, MAX_SCHEDULE_TIMEOUT);
}

/* For who has closed the gate */
static void mdev_parent_retract(struct mdev_parent_obj *parent)
{
	mdev_parent_remove_link(parent);
	mdev_parent_remove_devices(parent);
	mdev_parent_remove_files(parent);
	mdev_parent_uevent(parent->dev, "MDEV_STATE=unregistered");
	mdev_parent_disown(parent);
	kobject_put(&parent->kobj);
}

/**
 * mdev_unregister_device - withdraw a parent
 * @dev: what was registered
 *
 * When this begins, no further device is created: writers of "create" get
 * -ENODEV. Callbacks under way are waited for. Then every device of the parent
 * is removed. Nobody can refuse that, so where a device is open this asks its
 * user, over and over, and waits until it is closed; other devices do not wait
 * for that one.
 *
 * On return no callback or attribute of the vendor runs or will run, all devices
 * and types are gone from sysfs, and the core holds no reference on @dev.
 * Whoever still has one of their files open gets -ENODEV from it.
 *
 * Does nothing for a device that is not registered.
 *
 * Context: process context, sleeps. Not from the vendor's create() or remove(),
 * and not under a lock that these take; lockdep reports either.
 */
void mdev_unregister_device(struct device *dev)
{
	struct mdev_parent_obj *parent = mdev_parent_kill(dev);

	if (parent)
		mdev_parent_retract(parent);
}
EXPORT_SYMBOL(mdev_unregister_device);

static void mdev_parent_devm_unregister(void *dev)
{
	mdev_unregister_device(dev);
}

/**
 * devm_mdev_register_device - the same as mdev_register_device(), with an end
 * @dev: a device that has a driver
 * @ops: as for mdev_register_device()
 *
 * The parent is withdrawn when the driver is unbound from @dev, or its probe() fails,
 * before what was allocated by devm functions earlier is freed. Unbinding waits for open
 * devices then, with the lock of @dev held, which create() and remove() must not take.
 *
 * Context: that of mdev_register_device(); meant for probe().
 *
 * Return: what mdev_register_device() returns, or -ENOMEM.
 */
int devm_mdev_register_device(struct device *dev,
			      const struct mdev_parent_ops *ops)
{
	int ret = mdev_register_device(dev, ops);

	if (ret)
		return ret;
	return devm_add_action_or_reset(dev, mdev_parent_devm_unregister, dev);
}
EXPORT_SYMBOL_GPL(devm_mdev_register_device);

static bool mdev_parent_is_of(const struct mdev_parent_obj *parent,
			      const struct module *mod)
{
	return within_module((unsigned long)parent->code, mod);
}

/* The first parent of a module that goes, whose gate it closes */
static struct mdev_parent_obj *mdev_parent_orphan(const struct module *mod)
{
	struct mdev_parent_obj *parent;

	guard(mutex)(&mdev_parents_lock);

	list_for_each_entry(parent, &mdev_parents, node) {
		if (!mdev_parent_is_of(parent, mod) ||
		    mdev_gate_closed(&parent->gate))
			continue;
		WRITE_ONCE(parent->orphaned_by, mod);
		mdev_gate_close(&parent->gate);
		return parent;
	}
	return NULL;
}

/*
 * Withdraws a parent of a module that goes and did not do so itself. Returns the device,
 * counted, or NULL if there is no such parent. The name of the device is its own; those
 * of its driver, bus and class may be gone.
 */
struct device *mdev_parent_bury(const struct module *mod)
{
	struct mdev_parent_obj *parent = mdev_parent_orphan(mod);
	struct device *dev;

	if (!parent)
		return NULL;

	dev = get_device(parent->dev);
	pr_err("mdev: module %s goes and did not call mdev_unregister_device() for %s: what its mediated devices have allocated is lost\n",
	       mod->name, dev_name(dev));
	mdev_parent_retract(parent);
	return dev;
}

int mdev_parents_init(void)
{
	mdev_bus_compat_class = class_compat_register("mdev_bus");
	return mdev_bus_compat_class ? 0 : -ENOMEM;
}

void mdev_parents_exit(void)
{
	class_compat_unregister(mdev_bus_compat_class);
}
