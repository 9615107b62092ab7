// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices: creation, removal and the state that decides between them
 *
 * mdev_device.state is one word: the state in the low bits, above it the number
 * of users that have the device open. It changes by compare-and-exchange only:
 *
 *	NEW -> ADDED -> LIVE <-> REMOVING -> GONE
 *
 * NEW: the vendor's create() runs, class and ops may be set. ADDED: in sysfs,
 * being bound; nobody can open it. LIVE: users come and go. REMOVING: whoever
 * made this transition owns the removal; users only go. When none is left, the
 * removal cannot fail any more; until then its owner may give it up, back to
 * LIVE. A creation that fails goes to GONE right away.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mdev_private.h"

enum mdev_state {
	MDEV_STATE_NEW,
	MDEV_STATE_ADDED,
	MDEV_STATE_LIVE,
	MDEV_STATE_REMOVING,
	MDEV_STATE_GONE,
};

#define MDEV_STATE_MASK		7
#define MDEV_STATE_USER		(MDEV_STATE_MASK + 1)

/* How often the user of a device is asked to let go of it */
#define MDEV_REQUEST_INTERVAL	(10 * HZ)
/* How often to look at what only the bus driver knows, who does not wake us */
#define MDEV_POLL_INTERVAL	(HZ / 10)

static const struct rhashtable_params mdev_uuid_params = {
	.key_len = sizeof(guid_t),
	.key_offset = offsetof(struct mdev_device, uuid),
	.head_offset = offsetof(struct mdev_device, uuid_node),
	.automatic_shrinking = true,
};

/* Every UUID in use, from before create() until after remove() */
static struct rhashtable mdev_uuids;

static enum mdev_state mdev_state(struct mdev_device *mdev)
{
	return atomic_read_acquire(&mdev->state) & MDEV_STATE_MASK;
}

static unsigned int mdev_users(struct mdev_device *mdev)
{
	return (unsigned int)atomic_read_acquire(&mdev->state) / MDEV_STATE_USER;
}

/* Changes the state, keeps the users; false if it was not @from. */
static bool mdev_change_state(struct mdev_device *mdev, enum mdev_state from,
			      enum mdev_state to)
{
	int old = atomic_read(&mdev->state);

	do {
		if ((old & MDEV_STATE_MASK) != from)
			return false;
	} while (!atomic_try_cmpxchg(&mdev->state, &old,
				     (old & ~MDEV_STATE_MASK) | to));

	wake_up_all(&mdev_parent_of(mdev)->wait);
	return true;
}

/* Whether the vendor may still say what it is */
bool mdev_is_new(struct mdev_device *mdev)
{
	return mdev_state(mdev) == MDEV_STATE_NEW;
}

/**
 * mdev_is_live - whether a device can be opened
 * @mdev: the device
 *
 * For a bus driver whose users can open a device that is open already without
 * another mdev_get_user().
 *
 * Context: any.
 *
 * Return: true from when the device is complete until its removal begins.
 */
bool mdev_is_live(struct mdev_device *mdev)
{
	return mdev_state(mdev) == MDEV_STATE_LIVE;
}
EXPORT_SYMBOL_GPL(mdev_is_live);

/* The device must stay bound until this returns; nothing else holds it then. */
static void mdev_drop_user(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);

	if (atomic_sub_return(MDEV_STATE_USER, &mdev->state) >= MDEV_STATE_USER)
		return;
	atomic_inc(&parent->closed);
	wake_up_all(&parent->wait);
}

/**
 * mdev_get_user - let somebody open a device
 * @mdev: device that the calling bus driver is bound to
 *
 * Keeps the device from being removed and the vendor's module from being
 * unloaded until mdev_put_user().
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 *
 * Return: 0, or -ENODEV if the device is not there yet, is being removed, or
 * belongs to a module that is being unloaded.
 */
int mdev_get_user(struct mdev_device *mdev)
{
	int old = atomic_read(&mdev->state);

	do {
		if ((old & MDEV_STATE_MASK) != MDEV_STATE_LIVE)
			return -ENODEV;
	} while (!atomic_try_cmpxchg(&mdev->state, &old,
				     old + MDEV_STATE_USER));

	/* A device with a user keeps its parent registered, so ops are valid. */
	if (try_module_get(mdev_parent_of(mdev)->ops->owner))
		return 0;

	mdev_drop_user(mdev);
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(mdev_get_user);

/**
 * mdev_put_user - balance mdev_get_user()
 * @mdev: the device
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 * The bus driver stays bound to the device until this returns.
 */
void mdev_put_user(struct mdev_device *mdev)
{
	module_put(mdev_parent_of(mdev)->ops->owner);
	mdev_drop_user(mdev);
}
EXPORT_SYMBOL_GPL(mdev_put_user);

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

static void mdev_device_release(struct device *dev)
{
	struct mdev_device *mdev = to_mdev_device(dev);

	/* Balances kobject_get() in mdev_device_alloc() */
	kobject_put(&mdev->type_obj->kobj);
	/* Somebody may be comparing his UUID with this one. */
	kfree_rcu(mdev, rcu);
	module_put(THIS_MODULE);
}

/* Claims the UUID. The device is freed by mdev_device_retire(). */
static struct mdev_device *mdev_device_alloc(struct mdev_type_obj *type,
					     const guid_t *uuid)
{
	struct mdev_device *mdev;
	int ret;

	mdev = kzalloc_obj(*mdev);
	if (!mdev)
		return ERR_PTR(-ENOMEM);

	guid_copy(&mdev->uuid, uuid);
	atomic_set(&mdev->state, MDEV_STATE_NEW);
	ret = rhashtable_lookup_insert_fast(&mdev_uuids, &mdev->uuid_node,
					    mdev_uuid_params);
	if (ret) {
		kfree(mdev);
		return ERR_PTR(ret == -EEXIST ? -EEXIST : -ENOMEM);
	}

	/* A reference on the device may outlive everything but our code. */
	__module_get(THIS_MODULE);
	kobject_get(&type->kobj);
	mdev->type_obj = type;
	device_initialize(&mdev->dev);
	mdev->dev.parent = type->parent->dev;
	mdev->dev.release = mdev_device_release;
	mdev_bus_init_device(mdev);
	return mdev;
}

/* The end of a device: nothing but references on it are left. */
static void mdev_device_retire(struct mdev_device *mdev)
{
	mdev->dev.parent = NULL;
	atomic_set_release(&mdev->state, MDEV_STATE_GONE);
	wake_up_all(&mdev_parent_of(mdev)->wait);
	rhashtable_remove_fast(&mdev_uuids, &mdev->uuid_node, mdev_uuid_params);
	put_device(&mdev->dev);
}

static void mdev_call_remove(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);
	int ret;

	lock_map_acquire(&parent->dep_map);
	ret = parent->ops->remove(mdev);
	lock_map_release(&parent->dep_map);

	if (ret)
		dev_warn_ratelimited(parent->dev,
				     "removed %s, although its remove() returned %pe\n",
				     dev_name(&mdev->dev), ERR_PTR(ret));
}

static int mdev_call_create(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);
	int ret;

	lock_map_acquire(&parent->dep_map);
	ret = parent->ops->create(&mdev->type_obj->kobj, mdev);
	lock_map_release(&parent->dep_map);

	if (ret) {
		mdev_log_refusal(mdev, "vendor driver refused", ret);
		return ret;
	}

	if (mdev->class_id != MDEV_ID_NONE && mdev->device_ops)
		return 0;

	mdev_log_refusal(mdev, mdev->class_id == MDEV_ID_NONE ?
			 "vendor driver set no class" :
			 "vendor driver set no ops", -EINVAL);
	mdev_call_remove(mdev);
	return -EINVAL;
}

/*
 * Device deletion takes the device lock first, so a removal that begins as soon
 * as the device is live cannot overtake the event that announces it.
 */
static void mdev_device_announce(struct mdev_device *mdev)
{
	struct device *dev = &mdev->dev;

	device_lock(dev);
	mdev_change_state(mdev, MDEV_STATE_ADDED, MDEV_STATE_LIVE);
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
	if (dev->driver)
		kobject_uevent(&dev->kobj, KOBJ_BIND);
	device_unlock(dev);
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
	ret = mdev_type_link(mdev);
	if (ret)
		goto err_del;

	step = "binding the driver of its class";
	ret = mdev_bus_bind(mdev);
	if (ret)
		goto err_unlink;

	mdev_device_announce(mdev);
	return 0;

err_unlink:
	mdev_type_unlink(mdev);
err_del:
	device_del(dev);
err_log:
	mdev_log_refusal(mdev, step, ret);
	return ret;
}

static int mdev_device_make(struct mdev_type_obj *type, const guid_t *uuid)
{
	struct mdev_device *mdev;
	int ret;

	mdev = mdev_device_alloc(type, uuid);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);

	ret = dev_set_name(&mdev->dev, "%pUl", uuid);
	if (ret)
		goto err_retire;

	ret = mdev_call_create(mdev);
	if (ret)
		goto err_retire;

	ret = mdev_device_publish(mdev);
	if (ret)
		goto err_call_remove;
	return 0;

err_call_remove:
	mdev_call_remove(mdev);
err_retire:
	mdev_device_retire(mdev);
	return ret;
}

/* What a writer of "create" gets; the errors are those of the ABI document. */
int mdev_device_create(struct mdev_type_obj *type, const guid_t *uuid)
{
	int ret;

	if (!mdev_parent_enter(type->parent))
		return -ENODEV;
	ret = mdev_device_make(type, uuid);
	mdev_parent_exit(type->parent);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(mdev_device_create);

/* For the owner of a removal, once the device has no user left */
static void mdev_device_teardown(struct mdev_device *mdev)
{
	mdev_type_unlink(mdev);
	device_del(&mdev->dev);
	mdev_call_remove(mdev);
	mdev_device_retire(mdev);
}

static bool mdev_in_use(struct mdev_device *mdev)
{
	return mdev_users(mdev) || mdev_bus_busy(mdev);
}

/* Asks the users to let go until they have; 0 when there is none left. */
static int mdev_wait_unused(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);
	unsigned int count = 0;
	long timeout;
	int ret;

	while (mdev_in_use(mdev)) {
		ret = mdev_bus_request(mdev, count);
		if (ret && ret != -EAGAIN)
			return mdev_in_use(mdev) ? ret : 0;

		count += !ret;
		timeout = ret || !mdev_users(mdev) ? MDEV_POLL_INTERVAL :
						     MDEV_REQUEST_INTERVAL;
		if (wait_event_interruptible_timeout(parent->wait,
						     !mdev_in_use(mdev) ||
						     READ_ONCE(parent->dying),
						     timeout) < 0)
			return -EINTR;
		/* Leave the device to whoever unregisters its parent. */
		if (READ_ONCE(parent->dying) && mdev_in_use(mdev))
			return -ENODEV;
	}
	return 0;
}

static int mdev_claim_removal(struct mdev_device *mdev)
{
	int ret;

	if (wait_event_interruptible(mdev_parent_of(mdev)->wait,
				     mdev_state(mdev) >= MDEV_STATE_LIVE))
		return -EINTR;

	if (!mdev_change_state(mdev, MDEV_STATE_LIVE, MDEV_STATE_REMOVING))
		return -ENODEV;

	ret = mdev_wait_unused(mdev);
	if (ret)
		mdev_change_state(mdev, MDEV_STATE_REMOVING, MDEV_STATE_LIVE);
	return ret;
}

/* What a writer of "remove" gets */
VISIBLE_IF_KUNIT int mdev_device_remove(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);
	int ret;

	if (!mdev_parent_enter(parent))
		return -ENODEV;
	ret = mdev_claim_removal(mdev);
	if (!ret)
		mdev_device_teardown(mdev);
	mdev_parent_exit(parent);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(mdev_device_remove);

/*
 * A writer may wait for long, and in the end the file goes with the device. So it
 * gives up its hold on the file first: then nobody who deletes the device has to
 * wait for the writer, be it another one or the writer himself. The file stays
 * for as long as the device does.
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

static const struct attribute_group mdev_device_group = {
	.attrs = mdev_device_attrs,
};

const struct attribute_group *mdev_device_groups[] = {
	&mdev_device_group,
	NULL
};

/**
 * struct mdev_sweep - one round of removing all devices of a parent
 * @parent: whose devices
 * @round: number of this round
 * @open: devices that still have a user
 * @poll: some of these have one whose leaving wakes nobody
 * @name: of one of these
 */
struct mdev_sweep {
	struct mdev_parent_obj *parent;
	unsigned int round;
	unsigned int open;
	bool poll;
	char name[UUID_STRING_LEN + 1];
};

static int mdev_sweep_device(struct device *dev, void *data)
{
	struct mdev_device *mdev = to_mdev_device(dev);
	struct mdev_sweep *sweep = data;

	if (!mdev_bus_has_device(dev) || mdev_parent_of(mdev) != sweep->parent)
		return 0;

	/* Nobody else removes by now, so a device in REMOVING is ours. */
	mdev_change_state(mdev, MDEV_STATE_LIVE, MDEV_STATE_REMOVING);
	if (!mdev_in_use(mdev)) {
		mdev_device_teardown(mdev);
		return 0;
	}

	sweep->open++;
	sweep->poll |= !mdev_users(mdev);
	strscpy(sweep->name, dev_name(dev), sizeof(sweep->name));
	mdev_bus_request(mdev, sweep->round);
	return 0;
}

/*
 * Removes all devices of a parent that is being unregistered, each as soon as it
 * has no user. Sleeps idle: a user that does not let go is no hung task of ours.
 */
void mdev_devices_remove(struct mdev_parent_obj *parent)
{
	struct mdev_sweep sweep = { .parent = parent };
	int closed;

	for (;; sweep.round++) {
		closed = atomic_read(&parent->closed);
		sweep.open = 0;
		sweep.poll = false;
		device_for_each_child(parent->dev, &sweep, mdev_sweep_device);
		if (!sweep.open)
			return;
		if (!sweep.round)
			dev_warn(parent->dev,
				 "waiting for %u open mediated device(s) to be closed, among them %s\n",
				 sweep.open, sweep.name);
		wait_event_idle_timeout(parent->wait,
					atomic_read(&parent->closed) != closed,
					sweep.poll ? MDEV_POLL_INTERVAL :
						     MDEV_REQUEST_INTERVAL);
	}
}

int mdev_devices_init(void)
{
	return rhashtable_init(&mdev_uuids, &mdev_uuid_params);
}

void mdev_devices_exit(void)
{
	rhashtable_destroy(&mdev_uuids);
}
