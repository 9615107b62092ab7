// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gates: how many there are who use what a module gave us, and when the last of
 * them has gone
 *
 * A parent has one and a bus driver has one. Nothing else decides whether their
 * callbacks may still be called.
 */
#include <linux/sched.h>

#include "mdev_private.h"

/* Nobody comes in before mdev_gate_open(). */
void mdev_gate_init(struct mdev_gate *gate)
{
	refcount_set(&gate->count, 1);
	gate->closed = true;
}

void mdev_gate_open(struct mdev_gate *gate)
{
	WRITE_ONCE(gate->closed, false);
}

/* False once the gate is closed, but for who looked before and comes in a bit later. */
bool mdev_gate_enter(struct mdev_gate *gate)
{
	return !mdev_gate_closed(gate) && refcount_inc_not_zero(&gate->count);
}

/* Balances mdev_gate_enter() */
void mdev_gate_exit(struct mdev_gate *gate)
{
	if (!refcount_dec_and_test(&gate->count))
		return;
	smp_mb(); /* as wake_up_var() wants it */
	/* The gate may be gone by now; this needs its address only. */
	wake_up_var(&gate->count);
}

/* Whoever is in is not waited for yet. */
void mdev_gate_close(struct mdev_gate *gate)
{
	WRITE_ONCE(gate->closed, true);
	/* Before the caller looks for those who are in: they look at @closed. */
	smp_mb();
}

/*
 * Until all have left, and mdev_gate_exit() was called for the count that the gate
 * began with; false if that takes more than @timeout jiffies. Idle, as a user who does
 * not let go is no hung task of ours, and freezable, as he may be frozen.
 */
bool mdev_gate_wait(struct mdev_gate *gate, long timeout)
{
	long left;

	left = ___wait_var_event(&gate->count,
				 ___wait_cond_timeout(!refcount_read(&gate->count)),
				 (TASK_IDLE | TASK_FREEZABLE_UNSAFE), 0, timeout,
				 __ret = schedule_timeout(__ret));
	/* What they did is over, not just their count. */
	smp_mb();
	return left;
}
