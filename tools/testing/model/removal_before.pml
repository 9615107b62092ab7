/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How mediated devices were removed before, with faults that are known and have to be
 * found here. Inlines have the names of the kernel's functions.
 */

mtype = { ADDED, LIVE, REMOVING, GONE };

#ifndef DEVICES
#define DEVICES 1
#endif

/* mdev_device.state, which is one word */
mtype state[DEVICES] = GONE;
byte users[DEVICES];

bool vfio_going[DEVICES];	/* vfio_mdev.going */

#define MATCHES(d)	(state[d] == LIVE && !vfio_going[d])	/* vfio_mdev_match() */
#define TORN_DOWN(d)	(state[d] == GONE)

#include "common.pml"

/* ---------------------------------------- struct mdev_parent_obj */

bool dying;
byte in_parent = 1;	/* .active */
byte closes;		/* .closed */

/*
 * Who sleeps on .wait looks at what he waits for when he is woken, and when his time is
 * over: SOON is a poll, LATER are ten seconds.
 */
mtype = { AWAKE, SOON, LATER };
mtype sleeps[WRITERS + 1] = AWAKE;
byte woken;		/* one bit for each of them */
#define UNREGISTERS	WRITERS
#define TEN_SECONDS	(sleeps[0] == LATER && !holds[0] || \
			 sleeps[WRITERS] == LATER && !holds[0])

inline wake_up_all() {
	woken = 255
}

inline sleep(who, how) {
	woken = woken & ~(1 << who);
	sleeps[who] = how
}

#define TIME_IS_OVER(who, d)	(sleeps[who] == SOON && reg[d] <= 1 && !lock[d])
#define IS_WOKEN(who)		(woken & (1 << who))

/* -------------------------------------------------------- mdev_device.c */

inline mdev_drop_user(d) {
	atomic { PROPERTY(P_references_are_balanced, users[d] > 0); users[d]-- }
	if
	:: users[d] == 0 -> closes++; wake_up_all()
	:: else
	fi
}

inline mdev_get_user(d, ok) {
	atomic {
		ok = state[d] == LIVE;
		users[d] = users[d] + ok;
		refused[d] = refused[d] | !ok
	}
	if
	:: ok ->
		atomic {	/* try_module_get() */
			PROPERTY(P_vendor_is_left_alone, !unregistered);
			ok = !going;
			modref = modref + ok
		}
		if
		:: !ok -> mdev_drop_user(d)
		:: else
		fi
	:: else
	fi
}

inline mdev_put_user(d) {
	atomic { PROPERTY(P_references_are_balanced, modref > 0); modref-- }
	mdev_drop_user(d)
}

/* mdev_bus_busy(), which cannot tell while somebody else has the lock */
#define IN_USE(d)	(users[d] || lock[d] || bound[d] && reg[d] > 1)

/* vfio_mdev_remove(), called by the driver core under the device lock */
inline device_release_driver(d) {
	device_lock(d);
	if
	:: bound[d] ->
		vfio_going[d] = true;
		vfio_unregister_group_dev(d);
		bound[d] = false
	:: else
	fi;
	device_unlock(d)
}

inline mdev_device_teardown(d) {
	device_release_driver(d);	/* device_del() */
	listed[d] = false;
	vendor_remove(d);		/* mdev_call_remove() */
	state[d] = GONE;		/* mdev_device_retire() */
	wake_up_all();
	UUID(d) = NONE;
	put_device(d)
}

inline mdev_parent_exit() {
	atomic { PROPERTY(P_references_are_balanced, in_parent > 0); in_parent-- }
}

#if NR
proctype remover(byte me; byte d) {	/* mdev_device_remove() */
	bool in_use;

	atomic {
		listed[d] -> refs[d]++;
		wants[me] = d;
		writer[me] = WAITS;
		if
		:: signalled[me] = true
		:: true
		fi
	}
	atomic {		/* mdev_parent_enter() */
		if
		:: dying -> goto put
		:: else -> in_parent++
		fi
	}
	atomic {		/* mdev_claim_removal() */
		if
		:: state[d] == LIVE -> refused[d] = false; state[d] = REMOVING
		:: else -> goto leave
		fi
	}
wait_unused:
	do
	:: atomic { !IN_USE(d) -> break }
	:: else ->
		if		/* mdev_bus_request() */
		:: !lock[d] ->	/* the user cannot be asked: -EBUSY */
			if
			:: atomic { !IN_USE(d) -> break }
			:: else -> goto back
			fi
		:: lock[d] -> sleep(me, SOON)
		:: !lock[d] && users[d] -> sleep(me, LATER)
		:: !lock[d] && !users[d] -> sleep(me, SOON)
		fi;
		do		/* wait_event_interruptible_timeout() */
		:: !IN_USE(d) || dying -> break
		:: signalled[me] -> refused[d] = false; goto back
		:: else ->
			if
			:: atomic { IS_WOKEN(me) -> woken = woken & ~(1 << me) }
			:: TIME_IS_OVER(me, d) -> break
			:: signalled[me] -> refused[d] = false; goto back
			fi
		od;
		sleeps[me] = AWAKE;
		if
		:: dying && IN_USE(d) -> refused[d] = false; goto back
		:: else
		fi
	od;
	mdev_device_teardown(d);
	goto leave;
back:
	PROPERTY(P_busy_refuses_nobody, !refused[d]);
	sleeps[me] = AWAKE;
	state[d] = LIVE;
	wake_up_all();
leave:
	mdev_parent_exit();
put:
	put_device(d);
	writer[me] = DONE
}
#endif

#if NU
proctype unbinder(byte me; byte d) {	/* the driver core's unbind_store() */
	atomic {
		listed[d] -> refs[d]++;
		wants[me] = d;
		writer[me] = WAITS;
		if
		:: signalled[me] = true
		:: true
		fi
	}
	device_release_driver(d);
	put_device(d);
	writer[me] = DONE
}
#endif

#ifdef UNREG
proctype unregister() {		/* mdev_unregister_device() */
	byte seen;

	dying = true;
	wake_up_all();
	mdev_parent_exit();	/* mdev_parent_drain() */
	in_parent == 0;
	do			/* mdev_devices_remove(), of a single device */
	:: listed[0] ->
		seen = closes;
		state[0] = REMOVING;
		if
		:: !IN_USE(0) -> mdev_device_teardown(0)
		:: else ->
			if
			:: users[0] -> sleep(UNREGISTERS, LATER)
			:: else -> sleep(UNREGISTERS, SOON)
			fi;
			if
			:: closes != seen
			:: TIME_IS_OVER(UNREGISTERS, 0)
			fi;
			sleeps[UNREGISTERS] = AWAKE
		fi
	:: else -> break
	od;
	unregistered = true
}
#endif

#include "actors.pml"

init {
	byte i;

	atomic {
		state[0] = LIVE;
		UUID(0) = 0;
		refs[0] = 1;
		created[0] = true;
		listed[0] = true;
		bound[0] = true;
		announced[0] = true;
		registered[0] = true;
		reg[0] = 1;
#if NU
		run unbinder(NR, 0);
#endif
		run_actors()
	}
}
