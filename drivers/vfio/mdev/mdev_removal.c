// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a mediated device: removing it, or unbinding it from its driver
 *
 * Whoever wants either becomes the owner of the device, see mdev_state.c, and claims
 * it. If nobody uses it, that succeeds at once; if somebody does who can be asked, the
 * device's work item asks, over and over, and claims it when he has let go. What
 * comes then, tearing down, is up to the work item, too. Others wait for what comes of
 * it, and hold no lock meanwhile: writers until a signal comes, or a fatal one when it
 * is too late to give up; unregistration, in mdev_parent.c and mdev_driver.c, for all
 * of its devices at once.
 */
#include <kunit/visibility.h>
#include <linux/module.h>

#include "mdev_private.h"

/* How often the user of a device is asked to let go of it */
#define MDEV_REQUEST_INTERVAL	(10 * HZ)
/*
 * How often to look when no user is left that we know of, and the bus driver still
 * knows of one. That is over in no time, unless he holds the device without using it.
 */
#define MDEV_LINGER_INTERVAL	(HZ / 100 + 1)
#define MDEV_LINGER_LONG	(HZ / 10)
#define MDEV_LINGER_LOOKS	100

void mdev_call_remove(struct mdev_device *mdev)
{
	struct mdev_parent_obj *parent = mdev_parent_of(mdev);
	int ret;

	if (mdev_parent_is_orphan(parent))
		return;

	lock_map_acquire(&parent->dep_map);
	ret = parent->ops->remove(mdev);
	lock_map_release(&parent->dep_map);

	if (ret)
		dev_warn_ratelimited(parent->dev,
				     "removed %s, although its remove() returned %pe\n",
				     dev_name(&mdev->dev), ERR_PTR(ret));
}

/* Type and device lead to each other. */
int mdev_link(struct mdev_device *mdev)
{
	struct mdev_type_obj *type = mdev->type_obj;
	struct kobject *kobj = &mdev->dev.kobj;
	int ret;

	ret = sysfs_create_link(kobj, &type->kobj, "mdev_type");
	if (ret)
		return ret;
	return sysfs_create_link(type->devices, kobj, dev_name(&mdev->dev));
}

/* The link in the device's own directory goes with that. */
void mdev_unlink(struct mdev_device *mdev)
{
	sysfs_remove_link(mdev->type_obj->devices, dev_name(&mdev->dev));
}

/* Nothing but references on it are left; balances mdev_device_alloc(). */
void mdev_retire(struct mdev_device *mdev)
{
	mdev->dev.parent = NULL;
	mdev->type = NULL;
	mdev_uuid_release(mdev);
	mdev_state_gone(mdev);
	mdev_gate_exit(&mdev_parent_of(mdev)->gate);
	put_device(&mdev->dev);
}

/* For the owner, as long as the state is @from */
static bool mdev_try_claim(struct mdev_device *mdev, enum mdev_state from)
{
	return !mdev_users(mdev) && mdev_bus_claim(mdev) &&
	       mdev_claim_unused(mdev, from);
}

/* Ask the user if it is time to, and look again later. */
static void mdev_ask(struct mdev_device *mdev)
{
	unsigned long delay;

	if (!mdev->asked || time_after_eq(jiffies, mdev->ask_again)) {
		mdev_bus_request(mdev, mdev->asked++);
		mdev->ask_again = jiffies + MDEV_REQUEST_INTERVAL;
	}

	if (mdev_users(mdev)) {
		mdev->lingers = 0;
		delay = MDEV_REQUEST_INTERVAL;
	} else if (mdev->lingers < MDEV_LINGER_LOOKS) {
		mdev->lingers++;
		delay = MDEV_LINGER_INTERVAL;
	} else {
		delay = MDEV_LINGER_LONG;
	}
	mdev_kick_later(mdev, delay);
}

/* False if the device's parent goes away, so that it has to be removed as well. */
static bool mdev_finish_unbind(struct mdev_device *mdev)
{
	device_release_driver(&mdev->dev);
	do {
		if (mdev_gate_closed(&mdev_parent_of(mdev)->gate))
			return false;
	} while (!mdev_unclaim(mdev));
	return true;
}

static void mdev_tear_down(struct mdev_device *mdev)
{
	mdev_bus_withdraw(mdev);
	if (mdev->goal == MDEV_GOAL_UNBIND && mdev_finish_unbind(mdev))
		return;

	mdev_unlink(mdev);
	/* The vendor's files go with the directory. */
	if (mdev_parent_is_orphan(mdev_parent_of(mdev)))
		mdev->dev.groups = NULL;
	device_del(&mdev->dev);
	mdev_call_remove(mdev);
	mdev_capacity_give(mdev->type_obj);
	mdev_retire(mdev);
}

/* May run once too often, in any state. */
static void mdev_removal_work(struct work_struct *work)
{
	struct mdev_device *mdev = container_of(work, struct mdev_device,
						work.work);

	if (mdev_state(mdev) == MDEV_STATE_CLOSING &&
	    !mdev_try_claim(mdev, MDEV_STATE_CLOSING))
		mdev_ask(mdev);
	if (mdev_state(mdev) == MDEV_STATE_CLAIMED)
		mdev_tear_down(mdev);
	put_device(&mdev->dev);
}

void mdev_removal_init(struct mdev_device *mdev)
{
	INIT_DELAYED_WORK(&mdev->work, mdev_removal_work);
}

/* Whether nothing is left to do for a writer; @drv as in mdev_end() */
static bool mdev_is_lost(struct mdev_device *mdev, struct mdev_driver *drv)
{
	if (drv && (mdev_gate_closed(&drv->gate) ||
		    READ_ONCE(mdev->driver) != drv))
		return true;

	switch (mdev_state(mdev)) {
	case MDEV_STATE_CLOSING:
	case MDEV_STATE_CLAIMED:
		return READ_ONCE(mdev->goal) == MDEV_GOAL_REMOVE;
	case MDEV_STATE_GONE:
		return true;
	default:
		return false;
	}
}

/* Whoever owns the device is waited for, unless somebody removes it. */
static int mdev_wait_own(struct mdev_device *mdev, struct mdev_driver *drv)
{
	while (!mdev_own(mdev)) {
		if (mdev_is_lost(mdev, drv))
			return -ENODEV;
		if (mdev_wait(mdev, !mdev_is_owned(mdev) ||
			      mdev_is_lost(mdev, drv), TASK_INTERRUPTIBLE))
			return -ERESTARTNOHAND;
	}
	return 0;
}

/* The user stays: so does the device, unless he has just gone, or it has. */
static bool mdev_give_up(struct mdev_device *mdev, unsigned int turn)
{
	if (!mdev_give_up_turn(mdev, turn))
		return false;

	/* What runs now may be about to ask; what starts later does nothing. */
	flush_delayed_work(&mdev->work);
	/* It may have got as far as the bus driver's claim. */
	if (mdev_try_claim(mdev, MDEV_STATE_GIVING_UP)) {
		mdev_kick(mdev);
		return false;
	}

	mdev_change_state(mdev, MDEV_STATE_GIVING_UP, MDEV_STATE_LIVE);
	mdev_disown(mdev);
	return true;
}

/* For who wonders what his write waits for; who the user is, nobody knows. */
static void mdev_say_waiting(struct mdev_device *mdev, enum mdev_goal goal)
{
	dev_notice_ratelimited(&mdev->dev,
			       "in use, \"%s\" waits for it to be closed\n",
			       goal == MDEV_GOAL_REMOVE ? "remove" : "unbind");
}

/* For the owner: until the device is claimed, or the caller is not to wait */
static int mdev_wait_claimed(struct mdev_device *mdev, enum mdev_goal goal,
			     struct mdev_driver *drv)
{
	struct mdev_gate *gate = drv ? &drv->gate : &mdev_parent_of(mdev)->gate;
	unsigned int turn = mdev_turn(mdev);
	int ret;

	if (mdev_bus_request(mdev, 0)) {
		mdev_disown(mdev);
		return -EBUSY;
	}

	mdev_say_waiting(mdev, goal);
	mdev->ask_again = jiffies + MDEV_REQUEST_INTERVAL;
	mdev_start(mdev, goal, 1);
	ret = mdev_wait(mdev, mdev_state(mdev) != MDEV_STATE_CLOSING ||
			mdev_turn(mdev) != turn || mdev_gate_closed(gate),
			TASK_INTERRUPTIBLE);
	/* When a parent goes, its work item goes on. A driver wants none that waits. */
	if (!ret && !drv)
		return mdev_state(mdev) == MDEV_STATE_CLOSING ? -ENODEV : 0;
	if (!ret && !mdev_gate_closed(gate))
		return 0;
	if (mdev_give_up(mdev, turn))
		return ret ? -ERESTARTNOHAND : -ENODEV;
	return 0;
}

/* Whether the caller's turn is over: the device is gone, or was unbound. */
static bool mdev_has_ended(struct mdev_device *mdev, unsigned int turn)
{
	return mdev_state(mdev) == MDEV_STATE_GONE || mdev_turn(mdev) != turn;
}

/*
 * Once there is no going back, only a fatal signal ends the wait, and not what is waited
 * for. Whoever unregisters the driver waits for its files' writers, so they leave.
 */
static int mdev_wait_ended(struct mdev_device *mdev, unsigned int turn,
			   struct mdev_driver *drv)
{
	if (mdev_wait(mdev, mdev_has_ended(mdev, turn) ||
		      (drv && mdev_gate_closed(&drv->gate)),
		      TASK_KILLABLE | TASK_FREEZABLE_UNSAFE))
		return -EINTR;
	return mdev_has_ended(mdev, turn) ? 0 : -ENODEV;
}

/*
 * What a writer of "remove" gets or, with the driver @drv, one of its "unbind". The
 * caller has a reference on the device.
 */
static int mdev_end(struct mdev_device *mdev, enum mdev_goal goal,
		    struct mdev_driver *drv)
{
	unsigned int turn;
	int ret;

	ret = mdev_wait_own(mdev, drv);
	if (ret)
		return ret;
	if (drv && mdev->driver != drv) {
		mdev_disown(mdev);
		return -ENODEV;
	}

	turn = mdev_turn(mdev);
	WRITE_ONCE(mdev->goal, goal);
	if (mdev_try_claim(mdev, MDEV_STATE_LIVE))
		mdev_kick(mdev);
	else
		ret = mdev_wait_claimed(mdev, goal, drv);
	return ret ?: mdev_wait_ended(mdev, turn, drv);
}

int mdev_device_remove(struct mdev_device *mdev)
{
	return mdev_end(mdev, MDEV_GOAL_REMOVE, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(mdev_device_remove);

int mdev_device_unbind(struct mdev_device *mdev, struct mdev_driver *drv)
{
	return mdev_end(mdev, MDEV_GOAL_UNBIND, drv);
}
