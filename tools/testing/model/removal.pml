/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How mediated devices are removed. See README for what is checked and how.
 */

mtype = { NEW, ADDED, LIVE, CLOSING, GIVING_UP, CLAIMED, GONE };
mtype = { REMOVE, UNBIND };

/* mdev_device.state is one word; what changes it at once is one atomic step */
#ifndef ND
#define ND 1
#endif
mtype state[ND] = GONE;
bool owned[ND];
bool check[ND];
byte users[ND];
byte turn[ND];
mtype goal[ND] = REMOVE;	/* the owner's */

#define MATCHES(d)	(state[d] == LIVE)
#define TORN_DOWN(d)	(state[d] == CLAIMED || state[d] == GONE)

#include "common.pml"

/* ------------------------------------------------------------ mdev_gate.c */

#define PARENT 0
#define DRIVER 1
byte gate[2] = 1;
bool closed[2];

/* The look at @closed after the count is left out: see README. */
inline mdev_gate_enter(g, ok) {
	ok = !closed[g];
	if
	:: ok -> atomic { ok = gate[g] > 0; gate[g] = gate[g] + ok }
	:: else
	fi
}

inline mdev_gate_exit(g) {
	atomic { assert(gate[g] > 0); gate[g]-- }
}

/* ------------------------------------------------------- work of a device */

mtype = { NO, NOW, SOON, LATER };
mtype pending[ND] = NO;	/* LATER, in ten seconds, is too late for everybody */
bool running[ND];
bool disabled[ND];	/* cannot be queued */
byte flushed[ND];	/* 2, 1: instance waited for is pending, is running */

/* mod_delayed_work(); each queued instance has a reference */
inline mdev_kick(d) {
	atomic {
		assert(refs[d] > 0);
#ifndef FAULT_no_reference
		refs[d] = refs[d] + (pending[d] == NO);
#endif
		if
		:: !disabled[d] -> pending[d] = NOW
		:: else
		fi
	}
}

/* queue_delayed_work(), which does nothing where the work is pending */
inline mdev_look_again(d, when) {
	atomic {
		if
#ifdef FAULT_requeue_overrides
		:: true ->
#else
		:: pending[d] == NO && !disabled[d] ->
#endif
#ifndef FAULT_no_reference
			refs[d] = refs[d] + (pending[d] == NO);
#endif
			pending[d] = when
		:: else
		fi
	}
}

#ifdef FAULT_cancel
/* cancel_delayed_work_sync(): meanwhile the work cannot be queued. */
inline mdev_settle(d) {
	atomic {
		refs[d] = refs[d] - (pending[d] != NO);
		pending[d] = NO;
		disabled[d] = true
	}
	!running[d];
	disabled[d] = false
}
#else
/* flush_delayed_work() */
inline mdev_settle(d) {
	atomic {
		assert(flushed[d] == 0);
		if
		:: pending[d] != NO -> pending[d] = NOW; flushed[d] = 2
		:: pending[d] == NO && running[d] -> flushed[d] = 1
		:: else
		fi
	}
	flushed[d] == 0
}
#endif

/* ----------------------------------------------------------- mdev_state.c */

inline mdev_drop_user(d) {
	bool last;

	atomic {
		assert(users[d] > 0);
		users[d]--;
		last = users[d] == 0 && state[d] == CLOSING
	}
	if
#ifndef FAULT_no_kick
	:: last -> mdev_kick(d)
#endif
	:: else
	fi;
	last = false
}

inline mdev_get_user(d, ok) {
	atomic {
		ok = state[d] == LIVE;
		users[d] = users[d] + ok;
		refused[d] = refused[d] | !ok
	}
	if
	:: ok ->
		/* try_module_get() of what the vendor's ops say */
		atomic {
			assert(!unregistered);
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
	atomic { assert(modref > 0); modref-- }
#endif
	mdev_drop_user(d)
}

/* Begins the removal or unbinding of a device in LIVE that nobody waits for */
inline mdev_start(d, what) {
	atomic { assert(owned[d] && state[d] == LIVE); goal[d] = what; state[d] = CLOSING }
	mdev_kick(d)
}

/* Ends the ownership of a device in LIVE, or uses it for what has to be done */
inline mdev_disown(d) {
	do
	:: closed[PARENT] -> mdev_start(d, REMOVE); break
	:: else ->
		if
		:: bound[d] && closed[DRIVER] -> mdev_start(d, UNBIND); break
		:: else ->
			atomic {
				assert(owned[d] && state[d] == LIVE);
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

/* ------------------------------------------------------------- mdev_bus.c */

/* The bus driver's claim(): nobody has it open, and nobody can open it */
inline mdev_bus_claim(d, ok) {
	ok = true;
#ifndef NOCLAIM
	if
	:: bound[d] ->
#ifdef FAULT_claim_blind
		reg[d] = 0
#else
		atomic { ok = reg[d] <= 1; reg[d] = reg[d] - (reg[d] == 1) }
#endif
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
		vfio_unregister(d);
#else
		registered[d] = false;
		assert(reg[d] == 0);
#endif
#ifdef FAULT_withdraw_locked
		device_unlock(d);
#endif
	:: else
	fi
}

/* The driver core's: device_release_driver() */
inline release_driver(d) {
	device_lock(d);
	if
	:: bound[d] ->
		assert(reg[d] == 0 && !registered[d]);
		bound[d] = false;
		mdev_gate_exit(DRIVER)
	:: else
	fi;
	device_unlock(d)
}

/* mdev_probe(): under the device lock, and by the owner */
inline mdev_probe(d, ok) {
	vfio_register(d);
#ifdef FAULT_bound_late
	/* The sweep goes by the driver's list, which comes after probe(). */
#else
	bound[d] = true
#endif
}

/* --------------------------------------------------------- mdev_removal.c */

inline mdev_try_claim(d, from, ok) {
	if
	:: users[d] == 0 -> mdev_bus_claim(d, ok)
	:: else -> ok = false
	fi;
	if
	:: ok ->
		/* mdev_claim_unused() */
		atomic {
			assert(owned[d]);
			ok = users[d] == 0 && state[d] == from;
			if
			:: ok -> state[d] = CLAIMED
			:: else
			fi
		}
	:: else
	fi
}

/* device_del(), which is also where the bus driver's remove() is called */
inline delete_device(d) {
	release_driver(d);
	listed[d] = false;
	attrs[d] == 0		/* kernfs waits for those in the device's files */
}

/* UUID and state, then the gate: mdev_retire() */
inline mdev_retire(d) {
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

inline mdev_tear_down_device(d) {
	assert(announced[d]);	/* no REMOVE event before ADD */
	delete_device(d);
#ifdef FAULT_gate_early
	mdev_gate_exit(PARENT);
#endif
	vendor_remove(d);
	mdev_retire(d)
}

inline mdev_tear_down(d) {
	mdev_bus_withdraw(d);
	if
	:: goal[d] == REMOVE -> mdev_tear_down_device(d)
	:: else ->
		release_driver(d);
		atomic { state[d] = LIVE; turn[d]++ }
		mdev_disown(d)
	fi
}

/*
 * The timer of SOON is a poll. Looks that would find nothing new are left out,
 * so that a run that goes on has an end.
 */
#define DUE(d)	(pending[d] == NOW || pending[d] == SOON && (reg[d] <= 1 || state[d] != CLOSING))

proctype mdev_work(byte d) {
	bool ok;
end:
	do
	:: atomic {
		DUE(d) ->
		assert(refs[d] > 0);
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
		:: ok -> mdev_tear_down(d)
		:: !ok && users[d] > 0 -> mdev_look_again(d, LATER)
		:: else -> mdev_look_again(d, SOON)
		fi
	   :: state[d] == CLAIMED -> mdev_tear_down(d)
	   :: else		/* a kick that came late */
	   fi;
	   atomic {
		ok = false;
		running[d] = false;
		if
		:: flushed[d] == 1 -> flushed[d] = 0
		:: else
		fi;
#ifndef FAULT_no_reference
		assert(refs[d] > 0);
		refs[d]--
#endif
	   }
	od
}

/* ---------------------------------------- writers of "remove" and "unbind" */

#ifdef FIX_turn
#define MINE(d)	(turn[d] == my_turn)
#else
#define MINE(d)	true
#endif

inline mdev_give_up(d, ok) {
	atomic {
		ok = state[d] == CLOSING && MINE(d);
		if
		:: ok -> state[d] = GIVING_UP
		:: else
		fi
	}
	if
	:: ok ->
		mdev_settle(d);
		/* The work may have got as far as the bus driver's claim(). */
		mdev_try_claim(d, GIVING_UP, ok);
		if
		:: ok -> mdev_kick(d); ok = false
		:: else -> state[d] = LIVE; mdev_disown(d); ok = true
		fi
	:: else
	fi
}

/* A writer to a file of the driver does not hold up the driver's end. */
#define LEAVE	(what == UNBIND && closed[DRIVER])

inline mdev_remove_or_unbind(d, what) {
	/* 1: become the owner */
	atomic {
		if
		:: state[d] == LIVE && !owned[d] ->
			owned[d] = true;
			my_turn = turn[d];
			refused[d] = false
		:: state[d] == CLOSING || state[d] == CLAIMED || state[d] == GONE ->
			goto out
		:: signalled[me] || LEAVE -> goto out
		fi
	}
	if
	:: what == UNBIND && !bound[d] -> mdev_disown(d); goto out
	:: else
	fi;
	/* 2 */
	goal[d] = what;
	mdev_try_claim(d, LIVE, ok);
	if
	:: ok -> mdev_kick(d); goto wait
	:: else
	fi;
	/* 3: request() says whether users can be asked */
	if
	:: assert(!refused[d]); mdev_disown(d); goto out	/* -EBUSY */
	:: true
	fi;
	state[d] = CLOSING;
	mdev_kick(d);
	if
	:: state[d] != CLOSING || !MINE(d) -> goto wait
	:: signalled[me] || LEAVE ->
		mdev_give_up(d, ok);
		if
		:: ok -> goto out
		:: else -> goto wait
		fi
	fi;
wait:	/* 4 */
	if
	:: state[d] == GONE || !owned[d] || !MINE(d) ->
		/* what was asked for is done */
		assert(what == UNBIND || state[d] == GONE);
		assert(what == UNBIND || UUID(d) != d)
	:: signalled[me]
#ifdef FIX_leave
	:: LEAVE
#endif
	fi
}

byte files;		/* writers in "unbind" and "bind" of the driver */

proctype remover(byte me; byte d) {
	byte my_turn;
	bool ok;

	atomic {		/* kernfs_get_active() */
		listed[d] -> attrs[d]++; refs[d]++;
		wants[me] = d;
		writer[me] = WAITS;
		if
		:: signalled[me] = true
		:: true
		fi
	}
#ifndef FAULT_file_held
	attrs[d]--;		/* sysfs_break_active_protection() */
#endif
	mdev_remove_or_unbind(d, REMOVE);
out:
#ifdef FAULT_file_held
	attrs[d]--;
#endif
	put_device(d);
	writer[me] = DONE
}

proctype unbinder(byte me; byte d) {
	byte my_turn;
	bool ok;

	atomic {
		listed[d] && !closed[DRIVER] -> files++; refs[d]++;
		wants[me] = d;
		writer[me] = WAITS;
		if
		:: signalled[me] = true
		:: true
		fi
	}
	mdev_remove_or_unbind(d, UNBIND);
out:
	put_device(d);
	atomic { files--; writer[me] = DONE }
}

/* bind_store(), or the driver core when a driver is registered */
proctype binder(byte me; byte d) {
	bool ok;

	atomic {
		listed[d] && !bound[d] && state[d] == LIVE && !closed[DRIVER] -> files++; refs[d]++;
		wants[me] = d;
		writer[me] = WAITS
	}
	device_lock(d);
	mdev_gate_enter(DRIVER, ok);
	if
	:: ok ->
		atomic {
			ok = state[d] == LIVE && !owned[d] && !bound[d];
			owned[d] = owned[d] | ok
		}
		if
		:: ok -> mdev_probe(d, ok); mdev_disown(d)
#ifdef FAULT_bound_late
			; bound[d] = true
#endif
		:: else -> mdev_gate_exit(DRIVER)
		fi
	:: else
	fi;
	device_unlock(d);
	put_device(d);
	atomic { files--; writer[me] = DONE }
}

/* ---------------------------------------------------------- mdev_device.c */

/* mdev_device_create() */
proctype creator(byte d) {
	bool ok;

	mdev_gate_enter(PARENT, ok);
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
	:: vendor_create(d)
	fi;
	state[d] = ADDED;
	listed[d] = true;	/* device_add() */
	device_lock(d);
	mdev_gate_enter(DRIVER, ok);
	if
	:: ok ->
		if
		:: mdev_probe(d, ok)
		:: mdev_gate_exit(DRIVER); ok = false	/* probe() fails */
		fi
	:: else
	fi;
	device_unlock(d);
	if
	:: !ok ->
		delete_device(d);
		vendor_remove(d);
		goto retire
	:: else
	fi;
#ifdef FAULT_announce_early
	announced[d] = true; assert(state[d] == LIVE);
#endif
#ifndef FAULT_creator_no_reference
	refs[d]++;
#endif
	state[d] = LIVE;
#ifdef FAULT_disown_early
	mdev_disown(d);
	announced[d] = true;
#else
	announced[d] = true;
	mdev_disown(d);
#endif
#ifdef FAULT_bound_late
	bound[d] = true;
#endif
#ifndef FAULT_creator_no_reference
	put_device(d);
#endif
	goto out;
retire:
	assert(!created[d]);
	mdev_retire(d);
out:
	creator_done[d] = true
}

/* ---------------------------------------------------------- mdev_parent.c */

inline get_listed_device(d, ok) {
	atomic { ok = listed[d]; refs[d] = refs[d] + ok }
}

/* A device that goes meanwhile is marked for nothing. */
inline mdev_sweep_device(d, took) {
	atomic {
		took = !owned[d];
		if
#ifdef FAULT_sweep_no_check
		:: !took
#else
		:: !took -> check[d] = true
#endif
		:: else -> owned[d] = true; assert(state[d] == LIVE)
		fi
	}
	if
	:: took -> mdev_disown(d)
	:: else
	fi;
	put_device(d)
}

/* mdev_unregister_device(), called by whatever or by the module's exit() */
proctype unregister() {
	byte d;
	bool took;

	if
	:: atomic { modref == 0 -> going = true }
	:: true
	fi;
	closed[PARENT] = true;
	do
	:: d < ND ->
		get_listed_device(d, took);
		if
		:: took -> mdev_sweep_device(d, took)
		:: else
		fi;
		d++
	:: else -> break
	od;
	mdev_gate_exit(PARENT);
	gate[PARENT] == 0;
	unregistered = true
}

/* mdev_unregister_driver() */
proctype unregister_driver() {
	byte d;
	bool took;

#ifdef FAULT_files_first
	drains = true;
	files == 0;
	drains = false;
	closed[DRIVER] = true;
#else
	closed[DRIVER] = true;
	drains = true;
	files == 0;
	drains = false;
#endif
	do
	:: d < ND ->
		get_listed_device(d, took);
		if
		:: took && bound[d] -> mdev_sweep_device(d, took)
		:: took && !bound[d] -> put_device(d)
		:: else
		fi;
		d++
	:: else -> break
	od;
	mdev_gate_exit(DRIVER);
	gate[DRIVER] == 0;
	driver_gone = true
}

#include "actors.pml"

init {
	byte i;

	atomic {
		i = 0;
		do
		:: i < ND ->
#ifdef CREATED
			state[i] = LIVE;
			UUID(i) = i;
			refs[i] = 1;
			created[i] = true;
			listed[i] = true;
			bound[i] = true;
			announced[i] = true;
			registered[i] = true;
			reg[i] = 1;
			gate[PARENT]++;
			gate[DRIVER]++;
#endif
			run mdev_work(i);
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NC -> run creator(i); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NR -> run remover(i, i % ND); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NU -> run unbinder(NR + i, 0); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NB -> run binder(NR + NU + i, 0); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NG -> run opener(0, false); i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NV -> run opener(0, true); i++
		:: else -> break
		od;
#ifdef UNREG
		run unregister();
#endif
#ifdef UNDRV
		run unregister_driver();
#endif
#ifdef SHUT
		run shutdown();
#endif
		run judge()
	}
}
