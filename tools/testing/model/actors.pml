/* SPDX-License-Identifier: GPL-2.0-only */
/* Those who open devices, shutdown, and the judge */

/* -------------------------------------------------------- who opens a device */

inline vendor_called(d) {
	atomic {
		assert(!unregistered && !going && created[d]);
		assert(!TORN_DOWN(d))
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
 * From open() to close(). Whoever comes by the group is counted by VFIO and
 * becomes a user in one call; whoever comes by the character device becomes a
 * user when he binds it, if he ever does.
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
		vendor_called(d);	/* open() */
		keep_open(d);
		vendor_called(d);	/* release() */
		mdev_put_user(d)	/* vfio_mdev_close() */
	:: else
	fi;
put:
	/* vfio_device_put_registration() */
	atomic { assert(reg[d] > 0); reg[d]-- }
out:
}

/* -------------------------------------------------------------- the judge */

bool shut;

/* device_shutdown() */
proctype shutdown() {
	byte d;

	do
	:: d < ND -> device_lock(d); device_unlock(d); d++
	:: else -> break
	od;
	shut = true
}

#define SOMEBODY_HOLDS	(holds[0] || holds[ND - 1])

/* Runs when nobody else can. */
proctype judge() {
	byte i;

	timeout ->
	atomic {
		/* nobody holds a lock that shutdown takes */
		i = 0;
		do
		:: i < ND ->
			assert(!lock[i]);
			/* all references on a device that is gone are, too */
			assert(state[i] != GONE || refs[i] == 0 && !created[i]);
			i++
		:: else -> break
		od;
		assert(!drains);
#ifdef SHUT
		assert(shut);
#endif
		/* writers wait for who holds their device, and can be killed */
		i = 0;
		do
		:: i < WRITERS ->
			assert(writer[i] != WAITS || holds[wants[i]] && !signalled[i]);
			i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < NC -> assert(creator_done[i]); i++
		:: else -> break
		od;
#ifdef UNREG
		assert(unregistered || SOMEBODY_HOLDS);
		i = 0;
		do
		:: i < ND ->	/* all devices but those that are held are gone */
			assert(state[i] == GONE || holds[i]);
			i++
		:: else -> break
		od;
#endif
#ifdef UNDRV
		assert(driver_gone || SOMEBODY_HOLDS);
#endif
		i = 0
	}
}
