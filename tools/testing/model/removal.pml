/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How mediated devices are removed and unbound. See README.md for what is checked.
 *
 * Each inline stands for the kernel's function of that name; where that has another
 * one, a comment says so. What changes mdev_device.state by one compare-and-exchange is
 * one atomic step. FAULT_* are mistakes that have to be found.
 */

mtype = { NEW, ADDED, LIVE, CLOSING, GIVING_UP, CLAIMED, GONE };
mtype = { REMOVE, UNBIND };

#ifndef DEVICES
#define DEVICES 1
#endif

/* mdev_device.state, which is one word */
mtype state[DEVICES] = GONE;
bool owned[DEVICES];
bool check[DEVICES];
byte turn[DEVICES];
byte users[DEVICES];

mtype goal[DEVICES] = REMOVE;	/* mdev_device.goal, the owner's */

#define MATCHES(d)	(state[d] == LIVE)	/* vfio_mdev_match() */
#define TORN_DOWN(d)	(state[d] == CLAIMED || state[d] == GONE)

#include "common.pml"

/* ------------------------------------------------------------ mdev_gate.c */

#define PARENT 0
#define DRIVER 1
byte gate[2] = 1;
bool closed[2];

inline mdev_gate_enter(g, ok) {
	ok = !closed[g];
	if
	:: ok -> atomic { ok = gate[g] > 0; gate[g] = gate[g] + ok }
	:: else
	fi
}

inline mdev_gate_exit(g) {
	atomic { PROPERTY(P_references_are_balanced, gate[g] > 0); gate[g]-- }
}

inline mdev_gate_wait(g) {
	gate[g] == 0
}

/* ---------------------------------------- mdev_state.c: work of a device */

mtype = { NO, NOW, SOON, LATER };
mtype pending[DEVICES] = NO;	/* LATER, in ten seconds, never comes: nobody may need it */
bool running[DEVICES];
byte flushed[DEVICES];	/* the instance waited for is 2: pending, 1: running */
#ifdef FAULT_cancel
bool disabled[DEVICES];	/* being cancelled: cannot be queued */
#define DISABLED(d)	disabled[d]
#else
#define DISABLED(d)	false
#endif

/*
 * The caller's reference becomes that of the instance: mod_delayed_work() says whether
 * there was one that had its own.
 */
inline mdev_kick_held(d) {
	atomic {
		refs[d] = refs[d] - (pending[d] != NO);
		if
		:: DISABLED(d)
		:: else -> pending[d] = NOW
		fi
	}
}

inline get_device(d) {
	PROPERTY(P_references_are_balanced, refs[d] > 0);
	refs[d]++
}

inline mdev_kick(d) {
	atomic {
#ifdef FAULT_kick_without_reference
		refs[d] = refs[d] + (pending[d] != NO);
#else
		get_device(d);
#endif
		mdev_kick_held(d)
	}
}

/* queue_delayed_work() does nothing where the work is pending. */
inline mdev_kick_later(d, when) {
	atomic {
		if
		:: pending[d] == NO && !DISABLED(d) ->
			get_device(d);
			pending[d] = when
		:: else
		fi
	}
}

#ifdef FAULT_cancel
inline flush_delayed_work(d) {
	atomic {	/* cancel_delayed_work_sync(), in its place */
		refs[d] = refs[d] - (pending[d] != NO);
		pending[d] = NO;
		disabled[d] = true
	}
	!running[d];
	disabled[d] = false
}
#else
inline flush_delayed_work(d) {
	atomic {
		PROPERTY(P_one_owner_decides, flushed[d] == 0);
		if
		:: pending[d] != NO -> pending[d] = NOW; flushed[d] = 2
		:: pending[d] == NO && running[d] -> flushed[d] = 1
		:: else
		fi
	}
	flushed[d] == 0
}
#endif

/* ---------------------------------------------------------- mdev_state.c */

inline mdev_drop_user(d) {
	bool last;

	atomic {
		PROPERTY(P_references_are_balanced, users[d] > 0);
		users[d]--;
		last = users[d] == 0 && state[d] == CLOSING
	}
	if
#ifndef FAULT_no_kick
	:: last -> last = false; mdev_kick(d)
#endif
	:: else -> last = false
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
		atomic {	/* try_module_get() of what the vendor's ops say */
			PROPERTY(P_vendor_is_left_alone, !unregistered);
#ifndef FAULT_no_module
			ok = !going;
			modref = modref + ok
#endif
		}
		if
		:: !ok ->
#ifndef FAULT_user_left
			mdev_drop_user(d)
#endif
		:: else
		fi
	:: else
	fi
}

inline mdev_put_user(d) {
#ifndef FAULT_no_module
	atomic { PROPERTY(P_references_are_balanced, modref > 0); modref-- }
#endif
	mdev_drop_user(d)
}

inline mdev_start(d, what) {
	atomic {
		PROPERTY(P_one_owner_decides, owned[d] && state[d] == LIVE);
#ifndef FAULT_start_without_reference
		get_device(d);
#endif
		goal[d] = what;
		state[d] = CLOSING
	}
#ifdef FAULT_start_without_reference
	mdev_kick(d)
#else
	mdev_kick_held(d)
#endif
}

/*
 * mdev_device.driver, as others see it. It is written before the gates are looked at;
 * without a barrier in between, only mdev_try_disown() is sure to tell them.
 */
#ifdef FAULT_driver_late
bool seen[DEVICES];
#define SEEN(d)	seen[d]
#define SEE(d)	seen[d] = bound[d]
#else
#define SEEN(d)	bound[d]
#define SEE(d)	skip
#endif

inline mdev_disown(d) {
	do
	:: closed[PARENT] -> mdev_start(d, REMOVE); break
	:: else ->
		if
		:: bound[d] && closed[DRIVER] -> mdev_start(d, UNBIND); break
		:: else ->
			atomic {	/* mdev_try_disown() */
				PROPERTY(P_one_owner_decides, owned[d] && state[d] == LIVE);
				SEE(d);
				if
#ifdef FAULT_disown_blind
				:: true -> check[d] = false; owned[d] = false; break
#else
				:: !check[d] -> owned[d] = false; break
				:: else -> check[d] = false
#endif
				fi
			}
		fi
	od
}

#if defined(UNREG) || defined(UNDRV)
/* A device that goes meanwhile is marked for nothing. */
inline mdev_check(d, ok) {
	atomic {
		ok = !owned[d];
		if
		:: ok -> owned[d] = true
#ifdef FAULT_sweep_no_check
		:: else
#else
		:: else -> check[d] = true
#endif
		fi
	}
	if
	:: ok -> mdev_disown(d)
	:: else
	fi
}

/* An iterator of the driver core holds the device that it is at. */
inline next_device(d, ok) {
	atomic { ok = listed[d]; refs[d] = refs[d] + ok }
}
#endif

/* ------------------------------------------------------------ mdev_bus.c */

/* With compat_vfio_claim_registration() it is the same. */
inline mdev_bus_claim(d, ok) {
	ok = true;
#ifndef NOCLAIM
	if
	:: bound[d] ->
		atomic {
#ifdef FAULT_claim_blind
			reg[d] = 0
#else
			ok = reg[d] <= 1;
			reg[d] = reg[d] - (reg[d] == 1)
#endif
		}
	:: else
	fi
#endif
}

inline mdev_bus_withdraw(d) {
	if
	:: bound[d] ->
#ifdef FAULT_withdraw_locked
		device_lock(d);
#endif
#if defined(COMPAT) && !defined(NOCLAIM)
		reg[d] = reg[d] + 1;
#endif
#if defined(COMPAT) || defined(NOCLAIM)
		vfio_unregister_group_dev(d);
#else
		registered[d] = false;
		PROPERTY(P_one_owner_decides, reg[d] == 0);
#endif
#ifdef FAULT_withdraw_locked
		device_unlock(d);
#endif
	:: else
	fi
}

inline device_release_driver(d) {
	device_lock(d);
	if
	:: bound[d] ->		/* mdev_remove() */
		PROPERTY(P_no_user_after_teardown_begins, reg[d] == 0 && !registered[d]);
		bound[d] = false;
		SEE(d);
		mdev_gate_exit(DRIVER)
	:: else
	fi;
	device_unlock(d)
}

inline mdev_call_probe(d, ok) {
	mdev_gate_enter(DRIVER, ok);
	if
	:: ok ->
		if
		:: vfio_register(d); bound[d] = true
		:: mdev_gate_exit(DRIVER); ok = false	/* the driver's probe() fails */
		fi
	:: else
	fi
}

/* -------------------------------------------------------- mdev_removal.c */

inline mdev_try_claim(d, from, ok) {
	ok = users[d] == 0;
	if
	:: ok -> mdev_bus_claim(d, ok)
	:: else
	fi;
	if
	:: ok ->
		atomic {	/* mdev_claim_unused() */
			PROPERTY(P_one_owner_decides, owned[d]);
			ok = users[d] == 0 && state[d] == from;
			if
			:: ok -> state[d] = CLAIMED
			:: else
			fi
		}
	:: else
	fi
}

inline device_del(d) {
	device_release_driver(d);
	listed[d] = false;
	attrs[d] == 0		/* kernfs waits for those in the device's files */
}

inline mdev_retire(d) {
	PROPERTY(P_uuid_is_unique, UUID(d) == d);
#ifdef FAULT_uuid_late
	state[d] = GONE;
	UUID(d) = NONE;
#else
	UUID(d) = NONE;
	state[d] = GONE;
#endif
#ifndef FAULT_gate_early
	mdev_gate_exit(PARENT);
#endif
	put_device(d)
}

/* False in ok if the device has to be removed as well */
inline mdev_finish_unbind(d, ok) {
	device_release_driver(d);
	do
#ifndef FAULT_unbind_blind
	:: closed[PARENT] -> ok = false; break
#endif
	:: else ->
		atomic {	/* mdev_unclaim() */
			PROPERTY(P_one_owner_decides, owned[d] && state[d] == CLAIMED);
			if
			:: !check[d] ->
				state[d] = LIVE;
				owned[d] = false;
				turn[d]++;
				ok = true;
				break
			:: else -> check[d] = false
			fi
		}
	od
}

inline mdev_tear_down(d, ok) {
	mdev_bus_withdraw(d);
	ok = false;
	if
	:: goal[d] == UNBIND -> mdev_finish_unbind(d, ok)
	:: else
	fi;
	if
	:: !ok ->
		PROPERTY(P_events_are_in_order, announced[d]);
		device_del(d);
#ifdef FAULT_gate_early
		mdev_gate_exit(PARENT);
#endif
		vendor_remove(d);	/* mdev_call_remove() */
		mdev_retire(d)
	:: else
	fi
}

/*
 * The timer of SOON is a poll. Looks that would find nothing new are left out, so that
 * a run that goes on has an end.
 */
#define DUE(d)	(pending[d] == NOW || pending[d] == SOON && (reg[d] <= 1 || state[d] != CLOSING))

#define ASKS_LATER(d)	(pending[d] == LATER && state[d] == CLOSING && !holds[d])
#define TEN_SECONDS	(ASKS_LATER(0) || ASKS_LATER(DEVICES - 1))

/* mdev_removal_work(), of which there is never more than one instance */
proctype mdev_removal_work(byte d) {
	bool ok;
end:
	do
	:: atomic {
		DUE(d) ->
		PROPERTY(P_references_are_balanced, refs[d] > 0);
		pending[d] = NO;
		running[d] = true;
		if
		:: flushed[d] == 2 -> flushed[d] = 1
		:: else
		fi
	   }
	   if
	   :: state[d] == CLOSING ->
		mdev_try_claim(d, CLOSING, ok);
		if
		:: !ok ->	/* mdev_ask() */
			if
			:: users[d] > 0 -> mdev_kick_later(d, LATER)
			:: else -> mdev_kick_later(d, SOON)
			fi
		:: else
		fi
	   :: else
	   fi;
	   if
	   :: state[d] == CLAIMED -> mdev_tear_down(d, ok)
	   :: else		/* a kick that came late */
	   fi;
	   atomic {
		ok = false;
		running[d] = false;
		if
		:: flushed[d] == 1 -> flushed[d] = 0
		:: else
		fi;
		put_device(d)
	   }
	od
}

/* ---------------------------------------- writers of "remove" and "unbind" */

#if WRITERS
#define MINE(d)		(turn[d] == my_turn)
#define DRIVER_GOES	(what == UNBIND && closed[DRIVER])

/* mdev_is_lost() */
#define LOST(d)		(DRIVER_GOES || what == UNBIND && !SEEN(d) || \
			 (state[d] == CLOSING || state[d] == CLAIMED) && goal[d] == REMOVE || \
			 state[d] == GONE)

/* To where mdev_end() returns, or goes on to mdev_wait_ended() */
inline mdev_give_up(d, ok) {
	atomic {		/* mdev_give_up_turn() */
#ifdef FAULT_no_turn
		ok = state[d] == CLOSING;
#else
		ok = state[d] == CLOSING && MINE(d);
#endif
		if
		:: ok -> state[d] = GIVING_UP
		:: else
		fi
	}
	if
	:: ok ->
#ifndef FAULT_give_up_no_flush
		flush_delayed_work(d);
#endif
#ifdef FAULT_give_up_no_claim
		ok = false;
#else
		mdev_try_claim(d, GIVING_UP, ok);
#endif
		if
		:: ok -> mdev_kick(d); ok = false
		:: else ->
			atomic {	/* mdev_change_state() */
				PROPERTY(P_one_owner_decides, owned[d] && state[d] == GIVING_UP);
				state[d] = LIVE
			}
			mdev_disown(d);
			goto out	/* -ERESTARTNOHAND, -ENODEV */
		fi
	:: else
	fi
}

inline mdev_wait_own(d, what) {
	atomic {
		if
		:: state[d] == LIVE && !owned[d] ->	/* mdev_own() */
			owned[d] = true;
			my_turn = turn[d];
			refused[d] = false
		:: LOST(d) -> goto out		/* -ENODEV */
		:: signalled[me] -> goto out	/* -ERESTARTNOHAND */
		fi
	}
}

inline mdev_wait_claimed(d, what) {
#ifdef FAULT_busy_closes
	state[d] = CLOSING;
#endif
	if
	:: true ->		/* mdev_bus_request(): the user cannot be asked */
		PROPERTY(P_busy_refuses_nobody, !refused[d]);
#ifdef FAULT_busy_closes
		state[d] = LIVE;
#endif
		mdev_disown(d);
		goto out	/* -EBUSY */
	:: true
	fi;
#ifdef FAULT_busy_closes
	mdev_kick(d);
#else
	mdev_start(d, what);
#endif
	if
	:: state[d] != CLOSING || !MINE(d)
	:: what == REMOVE && closed[PARENT] ->
		if
		:: state[d] == CLOSING -> goto out	/* -ENODEV */
		:: else
		fi
	:: signalled[me] || DRIVER_GOES -> mdev_give_up(d, ok)
	fi
}

inline mdev_wait_ended(d, what) {
	if
	:: state[d] == GONE || !MINE(d) ->	/* what was asked for is done */
		PROPERTY(P_one_owner_decides, what == UNBIND || state[d] == GONE);
		PROPERTY(P_uuid_is_unique, what == UNBIND || UUID(d) != d)
	:: signalled[me]
#ifndef FAULT_unbinder_stays
	:: DRIVER_GOES
#endif
	fi
}

inline mdev_end(d, what) {
	mdev_wait_own(d, what);
	if
	:: what == UNBIND && !bound[d] -> mdev_disown(d); goto out
	:: else
	fi;
	goal[d] = what;
	mdev_try_claim(d, LIVE, ok);
	if
	:: ok -> mdev_kick(d)
	:: else -> mdev_wait_claimed(d, what)
	fi;
	mdev_wait_ended(d, what)
}

inline may_be_signalled(me) {
	if
	:: signalled[me] = true
	:: true
	fi
}
#endif

#if NR
proctype remover(byte me; byte d) {	/* remove_store() */
	byte my_turn;
	bool ok;

	atomic {		/* kernfs_get_active() */
		listed[d] -> attrs[d]++; get_device(d);
		wants[me] = d;
		writer[me] = WAITS;
		may_be_signalled(me)
	}
#ifndef FAULT_file_held
	attrs[d]--;		/* sysfs_break_active_protection() */
#endif
	mdev_end(d, REMOVE);
out:
#ifdef FAULT_file_held
	attrs[d]--;
#endif
	put_device(d);
	atomic { my_turn = 0; ok = false; writer[me] = DONE }
}
#endif

/* ----------------------------------------------------------- mdev_driver.c */

#if NU + NB
byte files;		/* writers in "unbind" and "bind" of the driver */
bool no_files;
#endif

#if NU
proctype unbinder(byte me; byte d) {	/* unbind_store() */
	byte my_turn;
	bool ok;

	atomic {		/* mdev_driver_find() */
		listed[d] && !no_files -> files++; get_device(d);
		wants[me] = d;
		writer[me] = WAITS;
		may_be_signalled(me)
	}
	mdev_end(d, UNBIND);
out:
	put_device(d);
	atomic { my_turn = 0; ok = false; files--; writer[me] = DONE }
}
#endif

#if NB
proctype binder(byte me; byte d) {	/* bind_store() */
	bool ok;

	atomic {
		listed[d] && !bound[d] && state[d] == LIVE && !no_files ->
		files++; get_device(d);
		wants[me] = d;
		writer[me] = WAITS
	}
	device_lock(d);		/* device_driver_attach() */
	atomic {		/* mdev_probe(): mdev_own() */
		ok = state[d] == LIVE && !owned[d] && !bound[d];
		owned[d] = owned[d] | ok
	}
	if
	:: ok ->
		mdev_call_probe(d, ok);
		mdev_disown(d)
	:: else			/* -EBUSY, -ENODEV */
	fi;
	device_unlock(d);
	put_device(d);
	atomic { ok = false; files--; writer[me] = DONE }
}
#endif

#ifdef UNDRV
proctype unregister_driver() {	/* mdev_unregister_driver() */
	byte d;
	bool ok;

#ifdef FAULT_files_first
	atomic { no_files = true; drains = true }
	files == 0;
	drains = false;
#endif
	closed[DRIVER] = true;	/* mdev_driver_close() */
	do
	:: d < DEVICES ->		/* mdev_bus_check_device() */
		next_device(d, ok);
		if
		:: ok ->
			if
			:: SEEN(d) -> mdev_check(d, ok)
			:: else
			fi;
			put_device(d)
		:: else
		fi;
		d++
	:: else -> d = 0; break
	od;
#if NU + NB
	/* mdev_driver_remove_files() */
	atomic { no_files = true; drains = true }
	files == 0;
	drains = false;
#endif
	mdev_gate_exit(DRIVER);
	mdev_gate_wait(DRIVER);
	driver_gone = true
}
#endif

/* ---------------------------------------------------------- mdev_device.c */

#if NC
proctype creator(byte d) {	/* mdev_device_create() */
	bool ok;

	mdev_gate_enter(PARENT, ok);	/* mdev_device_alloc() */
	if
	:: !ok -> goto out
	:: else
	fi;
	atomic {
		if
		:: UUID(d) == NONE -> UUID(d) = d;
			state[d] = NEW;
			owned[d] = true;
			refs[d] = 1
		:: else -> mdev_gate_exit(PARENT); goto out	/* -EEXIST */
		fi
	}
	if
	:: goto retire		/* create() fails */
#ifdef ONE_UUID
	:: PROPERTY(P_uuid_is_unique, !created[DEVICES - 1 - d]); vendor_create(d)
#else
	:: vendor_create(d)
#endif
	fi;
	state[d] = ADDED;	/* mdev_device_publish() */
	listed[d] = true;	/* device_add() */
	device_lock(d);		/* mdev_bus_bind() */
	mdev_call_probe(d, ok);
	device_unlock(d);
	if
	:: !ok ->
		device_del(d);
		vendor_remove(d);
		goto retire
	:: else
	fi;
	atomic { SEE(d); state[d] = LIVE }	/* mdev_device_announce() */
#ifdef FAULT_disown_early
	mdev_disown(d);
	announced[d] = true;
#else
	announced[d] = true;
	mdev_disown(d);
#endif
	goto out;
retire:
	mdev_retire(d);
out:
	creator_done[d] = true
}
#endif

/* ---------------------------------------------------------- mdev_parent.c */

#ifdef UNREG
/* mdev_unregister_device(), called by whatever or by the module's exit() */
proctype unregister() {
	byte d;
	bool ok;

	if
	:: atomic { modref == 0 -> going = true }
	:: true
	fi;
	closed[PARENT] = true;	/* mdev_parent_kill() */
	do
	:: d < DEVICES ->		/* mdev_parent_check_device() */
		next_device(d, ok);
		if
		:: ok -> mdev_check(d, ok); put_device(d)
		:: else
		fi;
		d++
	:: else -> d = 0; break
	od;
	mdev_gate_exit(PARENT);	/* mdev_parent_remove_devices() */
	mdev_gate_wait(PARENT);
	unregistered = true
}
#endif

#include "actors.pml"

init {
	byte i;

	atomic {
		do
		:: i < DEVICES ->
#ifdef CREATED
			state[i] = LIVE;
			UUID(i) = i;
			refs[i] = 1;
			created[i] = true;
			listed[i] = true;
			bound[i] = true;
			SEE(i);
			announced[i] = true;
			registered[i] = true;
			reg[i] = 1;
			gate[PARENT]++;
			gate[DRIVER]++;
#endif
			run mdev_removal_work(i);
			i++
		:: else -> break
		od;
#if NC
		i = 0;
		do
		:: i < NC -> run creator(i); i++
		:: else -> break
		od;
#endif
#if NU
		i = 0;
		do
		:: i < NU -> run unbinder(NR + i, 0); i++
		:: else -> break
		od;
#endif
#if NB
		i = 0;
		do
		:: i < NB -> run binder(NR + NU + i, 0); i++
		:: else -> break
		od;
#endif
#ifdef UNDRV
		run unregister_driver();
#endif
		run_actors()
	}
}
