/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mdev.ko share
 *
 * Calls between them go down only:
 *
 *	mdev_owner.c				vendors who forget to unregister,
 *	mdev_front.c, mdev_virtual.c		what they may register,
 *	mdev_parent.c				and what becomes of it
 *	mdev_type.c, mdev_driver.c		its types; bus drivers
 *	mdev_device.c, mdev_typed.c		creating a device; types' attributes
 *	mdev_removal.c				removing and unbinding it
 *	mdev_bus.c, mdev_access.c, mdev_uuid.c	its driver, data and UUID
 *	mdev_capacity.c, mdev_vfio.c		how many there can be; VFIO's view
 *	mdev_state.c, mdev_gate.c		who decides, and who is still there
 *
 * Objects: a parent holds its types, a type its devices, each by a counted
 * reference of the lower on the upper one. All three are the core's own; of the
 * vendor they hold pointers that are followed only while the parent's gate has
 * somebody in it, and each device is in it from before create() until remove() has
 * returned. In the same way a device is in the gate of the driver that it is bound
 * to.
 *
 * Locks: mdev_parents_lock (mdev_parent.c) covers the list of parents, and a
 * parent's capacity_lock what there is left for more devices. Both are innermost.
 * Nothing else is locked; callbacks run under no lock of the core.
 * What mdev_device.state says of a device's owner is in mdev_state.c.
 */
#ifndef MDEV_PRIVATE_H
#define MDEV_PRIVATE_H

#include <linux/kobject.h>
#include <linux/lockdep.h>
#include <linux/mdev.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

/* How a class is spelt for user space, which loads its bus driver by it */
#define MDEV_MODALIAS_FMT "mdev:c%02X"

/* See mdev_state.c */
enum mdev_state {
	MDEV_STATE_NEW,
	MDEV_STATE_ADDED,
	MDEV_STATE_LIVE,
	MDEV_STATE_CLOSING,
	MDEV_STATE_GIVING_UP,
	MDEV_STATE_CLAIMED,
	MDEV_STATE_GONE,
};

/* In /sys/class/mdev_bus: one that is wanted is made when its namesake goes. */
enum mdev_link {
	MDEV_LINK_NONE,
	MDEV_LINK_WANTED,
	MDEV_LINK_MADE,
};

/**
 * struct mdev_parent_obj - the core's side of a registered parent
 * @kobj: directory "mdev_supported_types"; counts references on this object
 * @node: entry in the list of parents, under mdev_parents_lock
 * @dev: the parent device, counted; valid until unregistration ends
 * @ops: the vendor's description; valid until unregistration ends
 * @code: something of the vendor's that is in its module, to tell whose parent it is
 * @groups: &mdev_parent_ops.dev_attr_groups
 * @orphaned_by: the vendor's module, if it goes and has not unregistered the parent;
 *		 then nothing that @ops leads to is called or looked at any more
 * @types: @nr_types pointers, each counted
 * @nr_types: number of types
 * @link: whether /sys/class/mdev_bus has a link to this parent; under
 *	  mdev_parents_lock
 * @capacity_lock: protects @pool, and mdev_type_obj.instances and last_left of @types
 * @pool: units that are left of the vendor's pool
 * @gate: its devices, from before create() until remove() has returned
 * @dep_key: makes each parent a lockdep class of its own
 * @dep_map: held around callbacks and acquired by unregistration, which waits
 *	     for them
 */
struct mdev_parent_obj {
	struct kobject kobj;
	struct list_head node;
	struct device *dev;
	const struct mdev_parent_ops *ops;
	const void *code;
	const struct attribute_group **groups;
	const struct module *orphaned_by;
	struct mdev_type_obj **types;
	unsigned int nr_types;
	enum mdev_link link;
	spinlock_t capacity_lock;	/* see above */
	unsigned int pool;
	struct mdev_gate gate;
	struct lock_class_key dep_key;
	struct lockdep_map dep_map;
};

/**
 * struct mdev_type_obj - the core's side of a type
 * @kobj: directory of the type; counts references on this object
 * @parent: what the type belongs to, counted
 * @devices: directory "devices" with a link to each device of the type
 * @desc: the vendor's description, valid as long as that of the parent; or NULL
 * @group: without one, the vendor's attributes
 * @id: index in the vendor's supported_type_groups or types
 * @available: with one, the file "available_instances", counted
 * @instances: with one, how many devices there are
 * @last_left: with one, for how many more there was room when last looked at
 */
struct mdev_type_obj {
	struct kobject kobj;
	struct mdev_parent_obj *parent;
	struct kobject *devices;
	struct mdev_type *desc;
	struct attribute_group group;
	unsigned int id;
	struct kernfs_node *available;
	unsigned int instances;
	unsigned int last_left;
};

static inline struct mdev_type_obj *to_mdev_type_obj(struct kobject *kobj)
{
	return container_of(kobj, struct mdev_type_obj, kobj);
}

static inline struct mdev_parent_obj *mdev_parent_of(struct mdev_device *mdev)
{
	return mdev->type_obj->parent;
}

/* Set before the first device of the parent is removed for that reason */
static inline bool mdev_parent_is_orphan(const struct mdev_parent_obj *parent)
{
	return READ_ONCE(parent->orphaned_by);
}

/* mdev_gate.c */
void mdev_gate_init(struct mdev_gate *gate);
void mdev_gate_open(struct mdev_gate *gate);
bool mdev_gate_enter(struct mdev_gate *gate);
void mdev_gate_exit(struct mdev_gate *gate);
void mdev_gate_close(struct mdev_gate *gate);
bool mdev_gate_wait(struct mdev_gate *gate, long timeout);

static inline bool mdev_gate_closed(struct mdev_gate *gate)
{
	return READ_ONCE(gate->closed);
}

/* mdev_state.c */
enum mdev_state mdev_state(struct mdev_device *mdev);
bool mdev_is_new(struct mdev_device *mdev);
bool mdev_is_owned(struct mdev_device *mdev);
unsigned int mdev_users(struct mdev_device *mdev);
void mdev_state_init(struct mdev_device *mdev);
bool mdev_change_state(struct mdev_device *mdev, enum mdev_state from,
		       enum mdev_state to);
bool mdev_claim_unused(struct mdev_device *mdev, enum mdev_state from);
unsigned int mdev_turn(struct mdev_device *mdev);
bool mdev_give_up_turn(struct mdev_device *mdev, unsigned int turn);
bool mdev_unclaim(struct mdev_device *mdev);
void mdev_state_gone(struct mdev_device *mdev);
bool mdev_own(struct mdev_device *mdev);
void mdev_disown(struct mdev_device *mdev);
void mdev_check(struct mdev_device *mdev);
void mdev_start(struct mdev_device *mdev, enum mdev_goal goal,
		unsigned int asked);
void mdev_kick(struct mdev_device *mdev);
void mdev_kick_later(struct mdev_device *mdev, unsigned long delay);
int mdev_states_init(void);
void mdev_states_exit(void);

/*
 * Sleep until @cond, which is about the state of @mdev, is true; @mode is that of
 * sleeping. 0, or -ERESTARTSYS for a signal that matters in that mode
 */
#define mdev_wait(mdev, cond, mode)					\
({									\
	might_sleep();							\
	___wait_var_event(&(mdev)->state, cond, (mode), 0, 0, schedule());\
})

/* mdev_capacity.c */
void mdev_capacity_init(struct mdev_parent_obj *parent);
void mdev_capacity_init_type(struct mdev_type_obj *type);
void mdev_capacity_exit_type(struct mdev_type_obj *type);
unsigned int mdev_capacity_left(struct mdev_type_obj *type);
int mdev_capacity_take(struct mdev_type_obj *type);
void mdev_capacity_give(struct mdev_type_obj *type);

/* mdev_vfio.c */
bool mdev_vfio_in_use(struct mdev_device *mdev);
bool mdev_vfio_claim(struct mdev_device *mdev);
int mdev_vfio_request(struct mdev_device *mdev, unsigned int count);

/* mdev_uuid.c */
int mdev_uuid_claim(struct mdev_device *mdev);
void mdev_uuid_release(struct mdev_device *mdev);
int mdev_uuids_init(void);
void mdev_uuids_exit(void);

/* mdev_bus.c */
struct mdev_driver *to_mdev_driver(const struct device_driver *drv);
void mdev_bus_init_device(struct mdev_device *mdev);
void mdev_bus_init_driver(struct mdev_driver *drv);
bool mdev_bus_has_device(const struct device *dev);
bool mdev_bus_serves(const struct device_driver *drv, struct mdev_device *mdev);
struct mdev_device *mdev_bus_find(const char *name);
void mdev_bus_check(struct mdev_driver *drv);
int mdev_bus_bind(struct mdev_device *mdev);
bool mdev_bus_claim(struct mdev_device *mdev);
int mdev_bus_request(struct mdev_device *mdev, unsigned int count);
void mdev_bus_withdraw(struct mdev_device *mdev);
int mdev_bus_init(void);
void mdev_bus_exit(void);

/* mdev_removal.c */
void mdev_removal_init(struct mdev_device *mdev);
void mdev_call_remove(struct mdev_device *mdev);
int mdev_link(struct mdev_device *mdev);
void mdev_unlink(struct mdev_device *mdev);
void mdev_retire(struct mdev_device *mdev);
int mdev_device_remove(struct mdev_device *mdev);
int mdev_device_unbind(struct mdev_device *mdev, struct mdev_driver *drv);

/* mdev_device.c */
int mdev_device_create(struct mdev_type_obj *type, const guid_t *uuid);
int mdev_devices_init(void);
void mdev_devices_exit(void);

/* mdev_typed.c */
int mdev_typed_add_files(struct mdev_type_obj *type);
void mdev_typed_remove_files(struct mdev_type_obj *type);

/* mdev_type.c */
int mdev_types_check(struct device *dev, const struct mdev_parent_ops *ops);
unsigned int mdev_types_count(const struct mdev_parent_ops *ops);
struct mdev_type_obj *mdev_type_add(struct mdev_parent_obj *parent,
				    unsigned int id);
void mdev_type_remove(struct mdev_type_obj *type);

/* mdev_parent.c */
struct device *mdev_parent_bury(const struct module *mod);
int mdev_parents_init(void);
void mdev_parents_exit(void);

/* mdev_virtual.c */
bool mdev_is_virtual_parent(const struct device *dev);
void mdev_virtual_parent_del(struct device *dev);

/* mdev_owner.c */
int mdev_owners_init(void);
void mdev_owners_exit(void);

/* For tests/mdev_kunit.c */
#if IS_ENABLED(CONFIG_KUNIT)
int mdev_parse_uuid(const char *buf, size_t count, guid_t *uuid);
#endif
struct mdev_type_obj *mdev_parent_get_type(struct device *dev, unsigned int id);

#endif /* MDEV_PRIVATE_H */
