/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What removal.pml and removal_before.pml share: the properties, the vendor, the
 * driver core and VFIO
 *
 * A run is put together by macros of spin's command line:
 *	DEVICES		devices (1 or 2)
 *	NC, NR		creators, writers of "remove"
 *	NG, NV		who opens by group, by character device
 *	NU, NB		writers of "unbind", of "bind"
 *	UNREG		the parent is unregistered
 *	UNDRV		the bus driver is unregistered
 *	SHUT		the machine is shut down
 *	HOLD		who has a device open may keep it for ever
 *	COMPAT		VFIO of 6.1 and 6.12, which cannot be claimed for good
 *	NOCLAIM		a bus driver that has no claim()
 *	ONE_UUID	all creators want the same UUID
 *	CREATED		devices are there from the start
 *	ONLY		number of the only property to check
 *	LTL		no judge: formulas, see actors.pml
 */
#ifndef DEVICES
#define DEVICES 1
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
#define NONE	255

/*
 * What is checked. The number ends up in what pan says of an assertion that fails,
 * by which check-model finds the name.
 */
#define P_one_owner_decides		101
#define P_no_user_after_teardown_begins	102
#define P_remove_once_for_each_create	103
#define P_nobody_waits_for_ever		104
#define P_nobody_waits_unkillably	105
#define P_shutdown_completes		106
#define P_vendor_is_left_alone		107
#define P_uuid_is_unique		108
#define P_references_are_balanced	109
#define P_busy_refuses_nobody		110
#define P_events_are_in_order		111
#define P_ten_seconds_are_not_needed	112
#define P_live_device_can_be_opened	113

#ifdef ONLY	/* the others are known to fail as well */
#define PROPERTY(number, cond)	assert((cond) || number == 0 || number != ONLY)
#else
#define PROPERTY(number, cond)	assert((cond) || number == 0)
#endif

/* ------------------------------------------------------------- the vendor */

bool created[DEVICES];	/* create() has succeeded, remove() was not called */
bool unregistered;	/* mdev_unregister_device() has returned */
bool going;		/* the vendor's module is being unloaded */
byte modref;		/* references on it */

inline vendor_create(d) {
	atomic {
		PROPERTY(P_vendor_is_left_alone, !unregistered);
		PROPERTY(P_remove_once_for_each_create, !created[d]);
		created[d] = true
	}
}

inline vendor_remove(d) {
	atomic {
		PROPERTY(P_vendor_is_left_alone, !unregistered);
		PROPERTY(P_remove_once_for_each_create, created[d]);
		PROPERTY(P_no_user_after_teardown_begins, users[d] == 0);
		created[d] = false
	}
}

/* ------------------------------------------------- driver core and sysfs */

bool lock[DEVICES];		/* the device lock is held */
bool listed[DEVICES];	/* between device_add() and device_del() */
bool bound[DEVICES];		/* to the only driver; mdev_device.driver, too */
bool announced[DEVICES];	/* the ADD event is out */
byte attrs[DEVICES];		/* who is in the device's files, and holds up device_del() */
byte refs[DEVICES];		/* references on the device */
#ifdef ONE_UUID
byte uuid[1] = NONE;	/* who has it, in the table of UUIDs */
#define UUID(d)	uuid[0]
#else
byte uuid[DEVICES] = NONE;
#define UUID(d)	uuid[d]
#endif

inline device_lock(d) {
	atomic { !lock[d] -> lock[d] = true }
}

inline device_unlock(d) {
	lock[d] = false
}

inline put_device(d) {
	atomic { PROPERTY(P_references_are_balanced, refs[d] > 0); refs[d]-- }
}

/* ------------------------------------------------------------------- VFIO */

bool registered[DEVICES];	/* can be found by those who open */
byte reg[DEVICES];		/* vfio_device.refcount: 1, and one for each open file */

inline vfio_register(d) {
	atomic {
		PROPERTY(P_one_owner_decides, !registered[d] && reg[d] == 0);
		registered[d] = true;
		reg[d] = 1
	}
}

/*
 * vfio_unregister_group_dev(), without its requests. Its vfio_device_del() comes
 * first, as a group or a file that is looked for is not found then.
 */
inline vfio_unregister_group_dev(d) {
	registered[d] = false;
	atomic { PROPERTY(P_references_are_balanced, reg[d] > 0); reg[d]-- }
	reg[d] == 0
}

/* ------------------------------------------------ who is judged in the end */

mtype = { IDLE, WAITS, DONE };
mtype writer[WRITERS + 1] = IDLE;
bool signalled[WRITERS + 1];	/* a fatal signal has come, or is about to */
byte wants[WRITERS + 1];	/* which device */
bool creator_done[NC + 1];
bool drains;		/* somebody waits for writers, and cannot be killed */
bool driver_gone;	/* mdev_unregister_driver() has returned */
bool holds[DEVICES];		/* somebody keeps it open for ever */
bool refused[DEVICES];	/* an open of the device failed since this was cleared */
