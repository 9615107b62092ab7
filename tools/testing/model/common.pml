/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What removal.pml and removal_before.pml share: the vendor, VFIO, the driver
 * core, those who open devices, and the judge.
 *
 * A run is put together by macros of spin's command line:
 *	ND		devices (1 or 2)
 *	NC, NR		creators, writers of "remove"
 *	NG, NV		openers by group, by character device
 *	NU, NB		writers of "unbind", of "bind"
 *	UNREG		the parent is unregistered
 *	UNDRV		the bus driver is unregistered
 *	SHUT		the machine is shut down
 *	HOLD		who has a device open may keep it for ever
 *	COMPAT		VFIO of 6.1 and 6.12, which cannot be claimed for good
 *	NOCLAIM		a bus driver that counts nobody itself
 *	ONE_UUID	all creators want the same UUID
 *	CREATED		devices are there from the start
 */
#ifndef ND
#define ND 1
#endif
#ifndef NC
#define NC 0
#endif
#ifndef NR
#define NR 0
#endif
#ifndef NG
#define NG 0
#endif
#ifndef NV
#define NV 0
#endif
#ifndef NU
#define NU 0
#endif
#ifndef NB
#define NB 0
#endif

#define WRITERS	(NR + NU + NB)
#define OPENERS	(NG + NV)
#define NONE	255

/* ------------------------------------------------------------- the vendor */

bool created[ND];	/* create() has succeeded, remove() was not called */
bool was_created[ND];
bool unregistered;	/* mdev_unregister_device() has returned */
bool going;		/* the vendor's module is being unloaded */
byte modref;		/* references on it */

inline vendor_create(d) {
	atomic {
		assert(!unregistered);
		created[d] = true;
		was_created[d] = true
	}
}

inline vendor_remove(d) {
	atomic {
		assert(!unregistered);
		/* exactly once for each create(), and after the last user */
		assert(created[d]);
		assert(users[d] == 0);
		created[d] = false
	}
}

/* ------------------------------------------------- driver core and sysfs */

bool lock[ND];		/* the device lock is held */
bool listed[ND];	/* between device_add() and device_del() */
bool bound[ND];
bool announced[ND];	/* the ADD event is out */
byte attrs[ND];		/* users of the device's files who hold up device_del() */
byte refs[ND];		/* references on the device */
#ifdef ONE_UUID
byte uuid[1] = NONE;	/* who has it, in the table of UUIDs */
#define UUID(d)	uuid[0]
#else
byte uuid[ND] = NONE;
#define UUID(d)	uuid[d]
#endif

inline device_lock(d) {
	atomic { !lock[d] -> lock[d] = true }
}

inline device_unlock(d) {
	lock[d] = false
}

/* Must not be called in an atomic sequence that others rely on. */
inline put_device(d) {
	atomic { assert(refs[d] > 0); refs[d]-- }
}

/* ------------------------------------------------------------------- VFIO */

bool registered[ND];	/* can be found by those who open */
byte reg[ND];		/* vfio_device.refcount: 1, and one for each open file */

inline vfio_register(d) {
	atomic { assert(!registered[d] && reg[d] == 0); registered[d] = true; reg[d] = 1 }
}

/* vfio_unregister_group_dev(), with none of its requests */
inline vfio_unregister(d) {
	registered[d] = false;
	atomic { assert(reg[d] > 0); reg[d]-- }
	reg[d] == 0
}

/* ------------------------------------------------ who is judged in the end */

mtype = { IDLE, WAITS, DONE };
mtype writer[WRITERS + 1] = IDLE;
bool signalled[WRITERS + 1];	/* will not wait for ever */
byte wants[WRITERS + 1];
bool creator_done[NC + 1];
bool drains;		/* somebody waits for writers, and cannot be killed */
bool driver_gone;	/* mdev_unregister_driver() has returned */
bool holds[ND];		/* somebody keeps it open for ever */
bool refused[ND];	/* an open of the live device failed since this was cleared */
