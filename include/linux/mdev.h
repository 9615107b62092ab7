/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices: what vendor drivers and bus drivers see of the core
 *
 * A vendor driver registers a parent; user space creates devices below it by
 * UUID; each device names its own class and its own callbacks, and the bus
 * driver of that class serves it.
 */
#ifndef MDEV_H
#define MDEV_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

struct mdev_driver;
struct mdev_parent_obj;
struct mdev_type_obj;
struct module;

/**
 * DOC: lifetimes
 *
 * The core allocates, counts and frees every object of its own: the parent,
 * its types and the mediated devices. What a vendor driver passes in, &struct
 * mdev_parent_ops and all that it points to, is a description. The core reads
 * it from mdev_register_device() until mdev_unregister_device() returns and
 * never after, so a reference on a mediated device that somebody keeps for
 * longer touches neither memory nor code of the vendor driver.
 *
 * A device goes through these steps:
 *
 * 1. The UUID is claimed; a second device of that UUID is refused.
 * 2. &mdev_parent_ops.create allocates what the vendor needs and sets class
 *    and ops of the device. Neither changes afterwards.
 * 3. The device is added, linked with its type and bound to the bus driver of
 *    its class. Nobody can open it yet.
 * 4. The device is live: it can be opened, and user space is told of it.
 * 5. Removal begins: no further open succeeds. Only once nobody has it open it
 *    is unbound and taken out of sysfs, by a work item of the core. Whoever asked
 *    for that waits, and holds no lock meanwhile.
 * 6. &mdev_parent_ops.remove frees what create() allocated, and the UUID can be
 *    used again. Memory of the core goes with the last reference.
 *
 * After mdev_unregister_device() no callback runs or will run, no device of
 * the parent exists in sysfs, and the vendor driver may be unloaded.
 */

/**
 * enum mdev_class - what kind of ops a mediated device carries
 * @MDEV_ID_NONE: not set yet; not valid for a device
 * @MDEV_ID_VFIO: &struct vfio_mdev_device_ops, served by vfio_mdev.ko
 * @MDEV_ID_VIRTIO: for a bus driver that offers a virtio transport
 *
 * Other numbers are free for bus drivers outside of the tree.
 */
enum mdev_class {
	MDEV_ID_NONE = 0,
	MDEV_ID_VFIO = 1,
	MDEV_ID_VIRTIO = 2,
};

/**
 * struct mdev_class_id - an entry of a bus driver's table of classes
 * @id: class id that the driver serves; 0 ends the table
 */
struct mdev_class_id {
	u16 id;
};

/* private: what a device's work item is to do, see mdev_removal.c */
enum mdev_goal {
	MDEV_GOAL_REMOVE,
	MDEV_GOAL_UNBIND,
};

/* private: counts who is still there, see mdev_gate.c */
struct mdev_gate {
	refcount_t count;	/* of these, plus one until it is waited for */
	bool closed;		/* nobody comes in any more */
};

/* public: */

/**
 * struct mdev_device - a mediated device
 * @dev: the device on the bus "mdev"; its name is the UUID in lower case and
 *	 its parent the device that was registered
 * @uuid: what the device was created as
 *
 * Allocated by the core. Vendor and bus drivers get at the rest through the
 * functions below.
 */
struct mdev_device {
	struct device dev;
	guid_t uuid;
	/* private: */
	struct mdev_type_obj *type_obj;	/* counted */
	/*
	 * State, number of users and whether there is an owner in one word, see
	 * mdev_state.c. Decides whether the device can be opened and who may
	 * remove or unbind it.
	 */
	atomic_t state;
	/* Of the owner, who alone changes them */
	enum mdev_goal goal;		/* of @work */
	struct mdev_driver *driver;	/* in whose gate it is, while bound */
	bool withdrawn;			/* from its users, for being unbound */
	unsigned int asked;		/* how often its user was, by @work */
	unsigned int lingers;		/* looks of @work at one we do not know */
	unsigned long ask_again;	/* when, in jiffies */
	struct delayed_work work;	/* ends it; has a reference when queued */
	/* Written by the vendor in create() only, constant from then on. */
	u16 class_id;
	const void *device_ops;
	void *driver_data;		/* the vendor's, for it to lock */
	struct rhash_head uuid_node;	/* while the UUID is claimed */
	struct rcu_head rcu;
};

/**
 * struct mdev_parent_ops - description of a parent, filled in by its vendor
 * @owner: module of the vendor driver; it cannot be unloaded while one of the
 *	   parent's devices is open
 * @dev_attr_groups: attributes added to the parent device itself, or NULL
 * @mdev_attr_groups: attributes of each mediated device, or NULL; they are
 *		      there before user space is told of the device
 * @supported_type_groups: one group for each type, ended by NULL; at least one.
 *			   A group's name, prefixed by the name of the parent's
 *			   driver, is that of the type. Its attributes,
 *			   MDEV_TYPE_ATTR_RO() and the like, are the type's.
 * @create: allocate the resources of @mdev, whose type is @kobj; must call
 *	    mdev_set_class_id() and mdev_set_dev_ops(), or a typed function that
 *	    does both. Returns 0 or a negative errno, which reaches the writer of
 *	    the type's "create" as it is.
 * @remove: free what create() allocated. Called once for each create() that
 *	    returned 0, when nobody uses the device any more and it is gone from
 *	    sysfs. It cannot refuse: a value other than 0 is logged and ignored.
 *
 * Both callbacks run in process context, may sleep, and may run at the same
 * time for different devices, of one type too. The core holds no lock across
 * them. They are waited for by mdev_unregister_device(), so a lock that they
 * take must not be held around that call, and neither may call it.
 */
struct mdev_parent_ops {
	struct module *owner;
	const struct attribute_group **dev_attr_groups;
	const struct attribute_group **mdev_attr_groups;
	struct attribute_group **supported_type_groups;
	int (*create)(struct kobject *kobj, struct mdev_device *mdev);
	int (*remove)(struct mdev_device *mdev);
};

/**
 * struct mdev_type_attribute - attribute of a type, written by the vendor
 * @attr: name and mode
 * @show: print to @buf, a page; @kobj is the type, @dev the parent
 * @store: take @count bytes of @buf; @kobj is the type, @dev the parent
 */
struct mdev_type_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct device *dev, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct device *dev,
			 const char *buf, size_t count);
};

#define MDEV_TYPE_ATTR(_name, _mode, _show, _store)			\
	struct mdev_type_attribute mdev_type_attr_##_name =		\
		__ATTR(_name, _mode, _show, _store)
#define MDEV_TYPE_ATTR_RW(_name)					\
	struct mdev_type_attribute mdev_type_attr_##_name = __ATTR_RW(_name)
#define MDEV_TYPE_ATTR_RO(_name)					\
	struct mdev_type_attribute mdev_type_attr_##_name = __ATTR_RO(_name)
#define MDEV_TYPE_ATTR_WO(_name)					\
	struct mdev_type_attribute mdev_type_attr_##_name = __ATTR_WO(_name)
/* One that always reads as @_text; defines it, static, with its show() */
#define MDEV_TYPE_STRING_ATTR_RO(_name, _text)				\
	static ssize_t _name##_show(struct kobject *kobj,		\
				    struct device *dev, char *buf)	\
	{								\
		return sysfs_emit(buf, "%s\n", _text);			\
	}								\
	static MDEV_TYPE_ATTR_RO(_name)

/**
 * struct mdev_driver - a bus driver: serves the devices of some classes
 * @name: name of the driver below /sys/bus/mdev/drivers
 * @id_table: classes that it serves, ended by an entry of 0. For the core to
 *	      load the module on demand it carries MODULE_ALIAS("mdev:cXX") for
 *	      each of them, XX being the id in upper case hex digits.
 * @probe: take over the device; what it returns reaches the writer of "create"
 * @remove: let go of the device, or NULL; must not return before all calls of
 *	    mdev_put_user() for it have returned
 * @request: ask whoever has the device open to release it, or NULL. @count says
 *	     how often that was asked already. Returns 0, or -EOPNOTSUPP if the user
 *	     of this device cannot be asked.
 * @claim: return true, and turn away who wants to open the device from then on, if
 *	   nobody has it open or is about to; return false, and change nothing, if
 *	   somebody has. Once true, always true. NULL for a driver none of whose users
 *	   is there without mdev_get_user(). Must not sleep.
 * @withdraw: make sure that nobody reaches the device any more, after @claim and
 *	      before @remove; may wait for those who still do. Or NULL
 * @driver: for the driver core; the driver may set groups and the like
 *
 * All run in process context, for one device one at a time, and for different ones
 * beside each other. The lock of the device is held around @probe and @remove, and
 * no lock around the others. They are waited for by mdev_unregister_driver().
 */
struct mdev_driver {
	const char *name;
	const struct mdev_class_id *id_table;
	int (*probe)(struct mdev_device *mdev);
	void (*remove)(struct mdev_device *mdev);
	int (*request)(struct mdev_device *mdev, unsigned int count);
	bool (*claim)(struct mdev_device *mdev);
	void (*withdraw)(struct mdev_device *mdev);
	struct device_driver driver;
	/* private: */
	struct mdev_gate gate;		/* devices that are bound to it */
};

int mdev_register_device(struct device *dev, const struct mdev_parent_ops *ops);
void mdev_unregister_device(struct device *dev);
struct device *
mdev_register_virtual_parent(const char *name,
			     const struct mdev_parent_ops *ops);
void mdev_unregister_virtual_parent(struct device *dev);

/**
 * module_mdev_virtual_parent - all that a module does that has a virtual parent
 * @__ops: the &struct mdev_parent_ops, a variable
 *
 * The parent is called what the module is. Each module may use this once, in place
 * of module_init() and module_exit().
 */
#define module_mdev_virtual_parent(__ops)				\
	static struct device *__ops##_parent;				\
									\
	static int __init __ops##_init(void)				\
	{								\
		__ops##_parent =					\
			mdev_register_virtual_parent(KBUILD_MODNAME,	\
						     &(__ops));		\
		return PTR_ERR_OR_ZERO(__ops##_parent);			\
	}								\
	module_init(__ops##_init);					\
									\
	static void __exit __ops##_exit(void)				\
	{								\
		mdev_unregister_virtual_parent(__ops##_parent);		\
	}								\
	module_exit(__ops##_exit)

int __mdev_register_driver(struct mdev_driver *drv, struct module *owner,
			   const char *mod_name);
void mdev_unregister_driver(struct mdev_driver *drv);

/**
 * mdev_register_driver - register a bus driver, owned by the calling module
 * @drv: the driver
 *
 * See __mdev_register_driver().
 */
#define mdev_register_driver(drv) \
	__mdev_register_driver(drv, THIS_MODULE, KBUILD_MODNAME)

void mdev_set_class_id(struct mdev_device *mdev, u16 id);
u16 mdev_get_class_id(struct mdev_device *mdev);
void mdev_set_dev_ops(struct mdev_device *mdev, const void *ops);
const void *mdev_get_dev_ops(struct mdev_device *mdev);
void *mdev_get_drvdata(struct mdev_device *mdev);
void mdev_set_drvdata(struct mdev_device *mdev, void *data);
struct device *mdev_dev(struct mdev_device *mdev);
struct mdev_device *mdev_from_dev(struct device *dev);
struct device *mdev_parent_dev(struct mdev_device *mdev);
guid_t mdev_uuid(struct mdev_device *mdev);
unsigned int mdev_get_type_group_id(struct mdev_device *mdev);
unsigned int mdev_type_kobj_group_id(struct kobject *kobj);

int mdev_get_user(struct mdev_device *mdev);
void mdev_put_user(struct mdev_device *mdev);
bool mdev_is_live(struct mdev_device *mdev);

static inline struct mdev_device *to_mdev_device(struct device *dev)
{
	return container_of(dev, struct mdev_device, dev);
}

#endif /* MDEV_H */
