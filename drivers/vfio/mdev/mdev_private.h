/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mdev.ko share
 *
 * Objects: a parent holds its types, a type its devices, each by a counted
 * reference of the lower on the upper one. All three are the core's own; of the
 * vendor they hold pointers that are followed only while the parent is
 * registered.
 *
 * Locks: mdev_parents_lock (mdev_parent.c) covers the list of parents and is
 * innermost. Nothing else is locked; callbacks run under no lock of the core.
 * Who may remove a device is decided by its state word (mdev_device.c), and
 * whether a parent's vendor may still be called by &mdev_parent_obj.active.
 */
#ifndef MDEV_PRIVATE_H
#define MDEV_PRIVATE_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/lockdep.h>
#include <linux/mdev.h>
#include <linux/refcount.h>
#include <linux/wait.h>

/* How a class is spelt for user space, which loads its bus driver by it */
#define MDEV_MODALIAS_FMT "mdev:c%02X"

/**
 * struct mdev_parent_obj - the core's side of a registered parent
 * @kobj: directory "mdev_supported_types"; counts references on this object
 * @node: entry in the list of parents, under mdev_parents_lock
 * @dev: the parent device, counted; valid until unregistration ends
 * @ops: the vendor's description; valid until unregistration ends
 * @types: @nr_types pointers, each counted
 * @nr_types: number of types
 * @linked: /sys/class/mdev_bus has a link to this parent
 * @dying: set once, when unregistration begins
 * @active: users of the vendor's callbacks, plus one until unregistration
 * @idle: completed when @active drops to zero
 * @wait: woken when the state of a device changes, a device loses its last user,
 *	  or @dying is set
 * @closed: counts the times that one of the devices lost its last user
 * @dep_key: makes each parent a lockdep class of its own
 * @dep_map: held around callbacks and acquired by unregistration, which waits
 *	     for them
 */
struct mdev_parent_obj {
	struct kobject kobj;
	struct list_head node;
	struct device *dev;
	const struct mdev_parent_ops *ops;
	struct mdev_type_obj **types;
	unsigned int nr_types;
	bool linked;
	bool dying;
	refcount_t active;
	struct completion idle;
	wait_queue_head_t wait;
	atomic_t closed;
	struct lock_class_key dep_key;
	struct lockdep_map dep_map;
};

/**
 * struct mdev_type_obj - the core's side of a type
 * @kobj: directory of the type; counts references on this object
 * @parent: what the type belongs to, counted
 * @devices: directory "devices" with a link to each device of the type
 * @group: the vendor's attributes
 * @id: index in the vendor's supported_type_groups
 */
struct mdev_type_obj {
	struct kobject kobj;
	struct mdev_parent_obj *parent;
	struct kobject *devices;
	struct attribute_group group;
	unsigned int id;
};

/* mdev_parent.c */
bool mdev_parent_enter(struct mdev_parent_obj *parent);
void mdev_parent_exit(struct mdev_parent_obj *parent);
int mdev_parents_init(void);
void mdev_parents_exit(void);

/* mdev_type.c */
struct mdev_type_obj *to_mdev_type_obj(struct kobject *kobj);
struct mdev_type_obj *mdev_type_add(struct mdev_parent_obj *parent,
				    unsigned int id);
void mdev_type_remove(struct mdev_type_obj *type);
int mdev_type_link(struct mdev_device *mdev);
void mdev_type_unlink(struct mdev_device *mdev);

/* mdev_device.c */
bool mdev_is_new(struct mdev_device *mdev);
int mdev_device_create(struct mdev_type_obj *type, const guid_t *uuid);
void mdev_devices_remove(struct mdev_parent_obj *parent);
int mdev_devices_init(void);
void mdev_devices_exit(void);

extern const struct attribute_group *mdev_device_groups[];

/* mdev_bus.c */
void mdev_bus_init_device(struct mdev_device *mdev);
bool mdev_bus_has_device(const struct device *dev);
int mdev_bus_bind(struct mdev_device *mdev);
bool mdev_bus_busy(struct mdev_device *mdev);
int mdev_bus_request(struct mdev_device *mdev, unsigned int count);
int mdev_bus_init(void);
void mdev_bus_exit(void);

/* For tests/mdev_kunit.c */
#if IS_ENABLED(CONFIG_KUNIT)
int mdev_parse_uuid(const char *buf, size_t count, guid_t *uuid);
int mdev_device_remove(struct mdev_device *mdev);
#endif
struct mdev_type_obj *mdev_parent_get_type(struct device *dev, unsigned int id);

static inline struct mdev_parent_obj *mdev_parent_of(struct mdev_device *mdev)
{
	return mdev->type_obj->parent;
}

#endif /* MDEV_PRIVATE_H */
