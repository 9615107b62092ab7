// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a mediated device: whether it can be opened, and who decides about
 * it
 *
 * mdev_device.state is one word: the state in the low bits, two flags, a turn, and
 * above them the number of users that have the device open. It changes by
 * compare-and-exchange only, and whoever waits for a change waits on the word.
 *
 *	NEW -> ADDED -> LIVE -> CLOSING -> CLAIMED -> GONE
 *
 * NEW: the vendor's create() runs, class and ops may be set. ADDED: in sysfs,
 * being bound; nobody can open it. LIVE: users come and go. CLOSING: users are
 * asked to let go; they only go. CLAIMED: there is none and none can come, so that
 * nothing keeps the device from being removed, or unbound from its driver.
 *
 * A device that nobody uses goes from LIVE to CLAIMED at once. Whoever waits for a
 * user may give up, which leads from CLOSING by way of GIVING_UP, in which the work
 * item comes to rest, back to LIVE. A device that was unbound goes from CLAIMED back
 * to LIVE. A creation that fails goes to GONE right away.
 *
 * OWNED: somebody decides about the device, and nobody else. It is owned by its
 * creator until it is announced; then by a writer of "remove" or "unbind", by who
 * binds it, or by its parent or driver that goes away, and through CLOSING and
 * CLAIMED by its work item. Only the owner calls the driver's claim(), request()
 * and withdraw(), binds and unbinds. In LIVE it is owned for a moment only, and
 * users do not notice.
 *
 * CHECK: the owner has to look at the gates of parent and driver once more before
 * he lets go of the device, as one of them was closed meanwhile.
 *
 * TURN: a number that changes when a device comes back from CLAIMED. Without it, a
 * writer of "unbind" who is slow to notice that he got what he wanted could take the
 * next one's turn for his own.
 */
#include <linux/module.h>

#include "mdev_private.h"

#define MDEV_STATE_MASK		7
#define MDEV_STATE_OWNED	8
#define MDEV_STATE_CHECK	16
#define MDEV_STATE_TURN		32
#define MDEV_STATE_TURN_MASK	(255 * MDEV_STATE_TURN)
#define MDEV_STATE_USER		(256 * MDEV_STATE_TURN)

/* Runs the work items of devices, each of which may sleep for as long as it likes */
static struct workqueue_struct *mdev_wq;

static enum mdev_state mdev_state_of(int word)
{
	return word & MDEV_STATE_MASK;
}

enum mdev_state mdev_state(struct mdev_device *mdev)
{
	return mdev_state_of(atomic_read_acquire(&mdev->state));
}

bool mdev_is_owned(struct mdev_device *mdev)
{
	return atomic_read_acquire(&mdev->state) & MDEV_STATE_OWNED;
}

unsigned int mdev_users(struct mdev_device *mdev)
{
	return (unsigned int)atomic_read_acquire(&mdev->state) / MDEV_STATE_USER;
}

unsigned int mdev_turn(struct mdev_device *mdev)
{
	return atomic_read_acquire(&mdev->state) & MDEV_STATE_TURN_MASK;
}

/* A device begins as its creator's. */
void mdev_state_init(struct mdev_device *mdev)
{
	atomic_set(&mdev->state, MDEV_STATE_NEW | MDEV_STATE_OWNED);
}

/* Changes the state, keeps the rest; false if it was not @from. */
bool mdev_change_state(struct mdev_device *mdev, enum mdev_state from,
		       enum mdev_state to)
{
	int old = atomic_read(&mdev->state);

	do {
		if (mdev_state_of(old) != from)
			return false;
	} while (!atomic_try_cmpxchg(&mdev->state, &old,
				     (old & ~MDEV_STATE_MASK) | to));

	wake_up_var(&mdev->state);
	return true;
}

/* The same to CLAIMED; false if there is a user, too */
bool mdev_claim_unused(struct mdev_device *mdev, enum mdev_state from)
{
	int old = atomic_read(&mdev->state);

	do {
		if (mdev_state_of(old) != from || old >= MDEV_STATE_USER)
			return false;
	} while (!atomic_try_cmpxchg(&mdev->state, &old,
				     (old & ~MDEV_STATE_MASK) |
				     MDEV_STATE_CLAIMED));

	wake_up_var(&mdev->state);
	return true;
}

/* From CLOSING to GIVING_UP, if that is still the caller's turn */
bool mdev_give_up_turn(struct mdev_device *mdev, unsigned int turn)
{
	int old = atomic_read(&mdev->state);

	do {
		if (mdev_state_of(old) != MDEV_STATE_CLOSING ||
		    (old & MDEV_STATE_TURN_MASK) != turn)
			return false;
	} while (!atomic_try_cmpxchg(&mdev->state, &old,
				     (old & ~MDEV_STATE_MASK) |
				     MDEV_STATE_GIVING_UP));
	return true;
}

/*
 * From CLAIMED back to LIVE, with no owner and for the next turn; false if the owner
 * has to look at the parent's gate first.
 */
bool mdev_unclaim(struct mdev_device *mdev)
{
	int old = atomic_read(&mdev->state);
	int new;

	do {
		new = old & ~MDEV_STATE_CHECK;
		if (!(old & MDEV_STATE_CHECK)) {
			new += MDEV_STATE_TURN;
			new &= MDEV_STATE_TURN_MASK;
			new |= MDEV_STATE_LIVE;
		}
	} while (!atomic_try_cmpxchg(&mdev->state, &old, new));

	wake_up_var(&mdev->state);
	return !(old & MDEV_STATE_CHECK);
}

/* To whom nothing matters any more, be it owned or not */
void mdev_state_gone(struct mdev_device *mdev)
{
	atomic_set_release(&mdev->state, MDEV_STATE_GONE | MDEV_STATE_OWNED);
	smp_mb(); /* as wake_up_var() wants it */
	wake_up_var(&mdev->state);
}

/* Become the owner of a device that is live and has none. */
bool mdev_own(struct mdev_device *mdev)
{
	int old = atomic_read(&mdev->state);

	do {
		if (mdev_state_of(old) != MDEV_STATE_LIVE ||
		    old & MDEV_STATE_OWNED)
			return false;
	} while (!atomic_try_cmpxchg(&mdev->state, &old,
				     old | MDEV_STATE_OWNED));
	return true;
}

/* False if the owner has to look at the gates first. */
static bool mdev_try_disown(struct mdev_device *mdev)
{
	int old = atomic_read(&mdev->state);
	int flag;

	do {
		flag = old & MDEV_STATE_CHECK ?: MDEV_STATE_OWNED;
	} while (!atomic_try_cmpxchg(&mdev->state, &old, old & ~flag));

	/* The device may be gone by now; this needs its address only. */
	wake_up_var(&mdev->state);
	return flag == MDEV_STATE_OWNED;
}

/*
 * Have the work item run now. Each time that it is queued it has a reference on the
 * device, which is the caller's if it was not queued before.
 */
static void mdev_kick_held(struct mdev_device *mdev)
{
	if (mod_delayed_work(mdev_wq, &mdev->work, 0))
		put_device(&mdev->dev);
}

void mdev_kick(struct mdev_device *mdev)
{
	get_device(&mdev->dev);
	mdev_kick_held(mdev);
}

/* The same after @delay jiffies, unless it is to run earlier anyway */
void mdev_kick_later(struct mdev_device *mdev, unsigned long delay)
{
	get_device(&mdev->dev);
	if (!queue_delayed_work(mdev_wq, &mdev->work, delay))
		put_device(&mdev->dev);
}

/*
 * Leave a live device, whose owner the caller is, to its work item. Its user was asked
 * to let go @asked times. The caller may have no other reference: the device can be
 * gone as soon as the state has changed.
 */
void mdev_start(struct mdev_device *mdev, enum mdev_goal goal,
		unsigned int asked)
{
	WRITE_ONCE(mdev->goal, goal);
	mdev->asked = asked;
	mdev->lingers = 0;
	get_device(&mdev->dev);
	mdev_change_state(mdev, MDEV_STATE_LIVE, MDEV_STATE_CLOSING);
	mdev_kick_held(mdev);
}

/*
 * Stop being the owner of a live device. If its parent or its driver has to let go
 * of it meanwhile, its work item becomes the next owner.
 */
void mdev_disown(struct mdev_device *mdev)
{
	do {
		if (mdev_gate_closed(&mdev_parent_of(mdev)->gate)) {
			mdev_start(mdev, MDEV_GOAL_REMOVE, 0);
			return;
		}
		if (mdev->driver && mdev_gate_closed(&mdev->driver->gate)) {
			mdev_start(mdev, MDEV_GOAL_UNBIND, 0);
			return;
		}
	} while (!mdev_try_disown(mdev));
}

/*
 * For whoever closed the gate of a device's parent or driver: have it looked at, by
 * its owner or, if it has none, here and now.
 */
void mdev_check(struct mdev_device *mdev)
{
	int old = atomic_read(&mdev->state);
	int flag;

	do {
		flag = old & MDEV_STATE_OWNED ? MDEV_STATE_CHECK :
						MDEV_STATE_OWNED;
	} while (!atomic_try_cmpxchg(&mdev->state, &old, old | flag));

	wake_up_var(&mdev->state);
	if (flag == MDEV_STATE_OWNED)
		mdev_disown(mdev);
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
	int word = atomic_sub_return(MDEV_STATE_USER, &mdev->state);

	if (word < MDEV_STATE_USER &&
	    mdev_state_of(word) == MDEV_STATE_CLOSING)
		mdev_kick(mdev);
}

/**
 * mdev_get_user - let somebody open a device
 * @mdev: device that the calling bus driver is bound to
 *
 * Keeps the device from being removed and the vendor's module from being
 * unloaded until mdev_put_user().
 *
 * Context: any.
 *
 * Return: 0, or -ENODEV if the device is not there yet, is being removed, or
 * belongs to a module that is being unloaded.
 */
int mdev_get_user(struct mdev_device *mdev)
{
	int old = atomic_read(&mdev->state);

	do {
		if (mdev_state_of(old) != MDEV_STATE_LIVE)
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
 * Context: any; the bus driver stays bound to the device until this returns.
 */
void mdev_put_user(struct mdev_device *mdev)
{
	module_put(mdev_parent_of(mdev)->ops->owner);
	mdev_drop_user(mdev);
}
EXPORT_SYMBOL_GPL(mdev_put_user);

int mdev_states_init(void)
{
	mdev_wq = alloc_workqueue("mdev", WQ_UNBOUND, 0);
	return mdev_wq ? 0 : -ENOMEM;
}

void mdev_states_exit(void)
{
	destroy_workqueue(mdev_wq);
}
