/* SPDX-License-Identifier: GPL-2.0-only */
/* Those who open devices, shutdown, and what has to be true in the end */

/* -------------------------------------------------------- who opens a device */

#if NG + NV
inline vendor_called(d) {
	atomic {
		PROPERTY(P_vendor_is_left_alone, !unregistered && !going && created[d]);
		PROPERTY(P_no_user_after_teardown_begins, !TORN_DOWN(d))
	}
}

inline keep_open(d) {
	if
#ifdef HOLD
	:: holds[d] = true; false
#endif
	:: true
	fi
}

/*
 * From open() to close(). Whoever comes by the group is counted by VFIO and becomes
 * a user in one call, vfio_group_ioctl_get_device_fd(). Whoever comes by the character
 * device is counted in vfio_device_fops_cdev_open(), and becomes a user when he binds
 * it to an iommufd, if he ever does.
 */
proctype opener(byte d; bool cdev) {
	bool ok;

	atomic {		/* vfio_device_try_get_registration() */
		if
		:: registered[d] && reg[d] > 0 && (cdev || MATCHES(d)) -> reg[d]++
		:: registered[d] && !(reg[d] > 0 && (cdev || MATCHES(d))) ->
			refused[d] = true;
			goto out
		fi
	}
	if
	:: cdev ->
		keep_open(d);
		if
		:: goto put
		:: true
		fi
	:: else
	fi;
	mdev_get_user(d, ok);	/* vfio_mdev_open() */
	if
	:: ok ->
		vendor_called(d);	/* its open() */
		keep_open(d);
		vendor_called(d);	/* its release() */
		mdev_put_user(d)	/* vfio_mdev_close() */
	:: else
	fi;
put:
	/* vfio_device_put_registration() */
	atomic { PROPERTY(P_references_are_balanced, reg[d] > 0); reg[d]-- }
out:
}
#endif

/* ---------------------------------------------------------------- shutdown */

bool shut;

#ifdef SHUT
/* device_shutdown(), which lets go of each device lock at once */
proctype shutdown() {
	byte d;

	do
	:: atomic { d < DEVICES && !lock[d] -> d++ }
	:: atomic { d == DEVICES -> d = 0; shut = true; break }
	od
}
#endif

/* ------------------------------------------------- what is true in the end */

#define SOMEBODY_HOLDS	(holds[0] || holds[DEVICES - 1])
#define WAITS_IN_VAIN(i)	(writer[i] == WAITS && !holds[wants[i]])

#ifdef LTL
/* Writers are few here. Who is not in this run does not wait. */
#ifndef UNREG
#define UNREG_DONE true
#else
#define UNREG_DONE (unregistered || SOMEBODY_HOLDS)
#endif
#ifndef UNDRV
#define UNDRV_DONE true
#else
#define UNDRV_DONE (driver_gone || SOMEBODY_HOLDS)
#endif
#define NOBODY_WAITS \
	(!WAITS_IN_VAIN(0) && !WAITS_IN_VAIN(WRITERS / 2) && \
	 !WAITS_IN_VAIN(WRITERS) && UNREG_DONE && UNDRV_DONE)

ltl nobody_waits_for_ever { <> [] NOBODY_WAITS }
ltl shutdown_completes { <> shut }
#else
/* Runs when nobody else can, by spin's timeout. */
proctype judge() {
	byte i;

	timeout ->
	atomic {
		PROPERTY(P_ten_seconds_are_not_needed, !TEN_SECONDS);
		i = 0;
		do
		:: i < DEVICES ->
			PROPERTY(P_shutdown_completes, !lock[i]);
			/* all references on a device that is gone are, too */
			PROPERTY(P_references_are_balanced, state[i] != GONE || refs[i] == 0);
			PROPERTY(P_remove_once_for_each_create, state[i] != GONE || !created[i]);
			PROPERTY(P_live_device_can_be_opened, state[i] != LIVE || !bound[i] || reg[i] > 0);
			i++
		:: else -> break
		od;
#ifdef UNDRV
		PROPERTY(P_nobody_waits_unkillably, !drains);
#endif
#ifdef SHUT
		PROPERTY(P_shutdown_completes, shut);
#endif
#if WRITERS
		i = 0;
		do
		:: i < WRITERS ->
			PROPERTY(P_nobody_waits_for_ever, !WAITS_IN_VAIN(i));
			PROPERTY(P_nobody_waits_unkillably, writer[i] != WAITS || !signalled[i]);
			i++
		:: else -> break
		od;
#endif
#if NC
		i = 0;
		do
		:: i < NC -> PROPERTY(P_nobody_waits_for_ever, creator_done[i]); i++
		:: else -> break
		od;
#endif
#ifdef UNREG
		PROPERTY(P_nobody_waits_for_ever, unregistered || SOMEBODY_HOLDS);
		i = 0;
		do
		:: i < DEVICES ->	/* one that is held does not keep the others */
			PROPERTY(P_nobody_waits_for_ever, state[i] == GONE || holds[i]);
			i++
		:: else -> break
		od;
#endif
#ifdef UNDRV
		PROPERTY(P_nobody_waits_for_ever, driver_gone || SOMEBODY_HOLDS);
#endif
		i = 0
	}
}
#endif

inline run_actors() {
	atomic {
#if NR
		i = 0;
		do
		:: i < NR -> run remover(i, i % DEVICES); i++
		:: else -> break
		od;
#endif
#if NG
		i = 0;
		do
		:: i < NG -> run opener(0, false); i++
		:: else -> break
		od;
#endif
#if NV
		i = 0;
		do
		:: i < NV -> run opener(0, true); i++
		:: else -> break
		od;
#endif
#ifdef UNREG
		run unregister();
#endif
#ifdef SHUT
		run shutdown();
#endif
#ifndef LTL
		run judge();
#endif
		i = 0
	}
}
