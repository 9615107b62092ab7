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
struct mdev_parent;
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
 *
 * A module that goes without that, be it that its init() fails, makes a mistake. The core
 * notices when the module's exit() has run, says so in the log, and withdraws the parent
 * by itself, but calls nothing of the vendor's any more: remove() might look at what
 * exit() has freed. What create() allocated is lost then.
 */

/**
 * enum mdev_class - what kind of ops a mediated device carries
 * @MDEV_ID_NONE: not set yet; not valid for a device
 * @MDEV_ID_VFIO: &struct vfio_mdev_device_ops, served by vfio_mdev.ko
 * @MDEV_ID_VIRTIO: &struct virtio_mdev_device_ops, served by virtio_mdev.ko
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
 * @type: what its parent described its type by, from create() until remove() has
 *	  returned; NULL if that has attribute groups instead
 *
 * Allocated by the core. Vendor and bus drivers get at the rest through the
 * functions below.
 */
struct mdev_device {
	struct device dev;
	guid_t uuid;
	struct mdev_type *type;
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
	const struct mdev_driver *only_driver; /* of its parent, to compare with */
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
 * struct mdev_type - description of a type, of which the core makes the attributes
 * @sysfs_name: name of the type's directory, behind that of the parent's driver
 * @pretty_name: attribute "name"; if NULL, that is @sysfs_name
 * @parent: the parent that was registered by mdev_register_parent(), or NULL
 * @description: attribute "description", for people to read; if NULL, there is none
 *		 without &mdev_parent_ops.show_description
 * @device_api: attribute "device_api", VFIO_DEVICE_API_PCI_STRING for instance
 * @groups: further attributes of the type, such as MDEV_TYPE_ATTR_RO(), or NULL
 * @cost: units of &mdev_parent_ops.pool that a device of this type takes, if any
 * @max_instances: how many devices of this type a parent may have; 0 if only the
 *		   pool or &mdev_parent_ops.get_available set a limit
 *
 * A vendor may embed this in something larger, and find that by &mdev_device.type.
 * Parents may share it.
 */
struct mdev_type {
	const char *sysfs_name;
	const char *pretty_name;
	struct mdev_parent *parent;
	const char *description;
	const char *device_api;
	const struct attribute_group **groups;
	unsigned int cost;
	unsigned int max_instances;
};

/**
 * struct mdev_parent_ops - description of a parent, filled in by its vendor
 * @owner: module of the vendor driver; it cannot be unloaded while one of the
 *	   parent's devices is open
 * @dev_attr_groups: attributes added to the parent device itself, or NULL
 * @mdev_attr_groups: attributes of each mediated device, or NULL; they are
 *		      there before user space is told of the device
 * @supported_type_groups: one group for each type, ended by NULL; at least one, or
 *			   else @types. A group's name, prefixed by the name of the
 *			   parent's driver, is that of the type. Its attributes,
 *			   MDEV_TYPE_ATTR_RO() and the like, are the type's; the
 *			   vendor counts its instances itself.
 * @create: allocate the resources of @mdev, whose type is @kobj; must call
 *	    mdev_set_class_id() and mdev_set_dev_ops(), or a typed function that
 *	    does both, unless there is a @driver. Returns 0 or a negative errno, which
 *	    reaches the writer of the type's "create" as it is.
 * @remove: free what create() allocated. Called once for each create() that
 *	    returned 0, when nobody uses the device any more and it is gone from
 *	    sysfs. It cannot refuse: a value other than 0 is logged and ignored.
 * @types: the types by description, @nr_types of them, in place of
 *	   @supported_type_groups; see MDEV_TYPES()
 * @nr_types: how many; may be 0 only if there is a @driver
 * @pool: units of something that all devices of the parent share, for instance ports
 *	  or megabytes; a type's &mdev_type.cost is in these units
 * @get_available: how many more devices of type @mtype there can be, where no count can
 *		   say; may be NULL. It tells user space only: to refuse a device is up to
 *		   create(). May be called at any time, by several at once.
 * @show_description: print description of @mtype to @buf, a page, in place of
 *		      &mdev_type.description; may be NULL. May be called at any time.
 * @driver: the only driver that all devices of this parent are ever bound to, whatever
 *	    their class; they need no class and no ops then. NULL for devices that are
 *	    bound by class. It may be registered before or after the parent.
 *
 * All run in process context, may sleep, and no lock of the core is held. They are waited
 * for by mdev_unregister_device(), so a lock that they take must not be held around that
 * call, and none may call it. The same is true of what shows and stores attributes.
 *
 * @create
 *	Beside all other callbacks, of other devices of the same type too. Nobody else
 *	knows of @mdev yet. From a task of user space that writes to "create", which
 *	may be killed meanwhile: the core does not look at that.
 *
 * @remove
 *	The same. For @mdev itself nothing runs any more: no op, no attribute. From a
 *	work item, or from the task that created it when something later fails.
 *
 * @get_available, @show_description
 *	Beside everything, for any type, as often as somebody reads an attribute. They
 *	look and change nothing.
 *
 * With @types, the core counts: what a device takes of the pool and of the limit of
 * its type is taken before create() and given back when remove() has returned.
 */
struct mdev_parent_ops {
	struct module *owner;
	const struct attribute_group **dev_attr_groups;
	const struct attribute_group **mdev_attr_groups;
	struct attribute_group **supported_type_groups;
	int (*create)(struct kobject *kobj, struct mdev_device *mdev);
	int (*remove)(struct mdev_device *mdev);
	struct mdev_type **types;
	unsigned int nr_types;
	unsigned int pool;
	unsigned int (*get_available)(struct mdev_type *mtype);
	ssize_t (*show_description)(struct mdev_type *mtype, char *buf);
	struct mdev_driver *driver;
};

/**
 * MDEV_TYPES - types, for an initializer of a static &struct mdev_parent_ops
 *
 * The arguments are pointers to the types, each a &struct mdev_type.
 */
#define MDEV_TYPES(...)							\
	.types = (struct mdev_type *[]){ __VA_ARGS__ },			\
	.nr_types = sizeof((struct mdev_type *[]){ __VA_ARGS__ }) /	\
		    sizeof(struct mdev_type *)

/**
 * struct mdev_type_attribute - attribute of a type, written by the vendor
 * @attr: name and mode
 * @show: print to @buf, a page; @kobj is the type, @dev the parent
 * @store: take @count bytes of @buf; @kobj is the type, @dev the parent
 *
 * Both run in process context without a lock, may sleep, and run beside everything else
 * of the parent. mdev_unregister_device() waits for them, so they must not call it, nor
 * take a lock that is held around it.
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

/**
 * struct mdev_driver - a bus driver: serves the devices of some classes
 * @name: name of the driver below /sys/bus/mdev/drivers
 * @id_table: classes that it serves, ended by an entry of 0. For the core to
 *	      load the module on demand it carries MODULE_ALIAS("mdev:cXX") for
 *	      each of them, XX being the id in upper case hex digits. NULL for a driver
 *	      that serves no class, but parents that name it in &mdev_parent_ops.driver.
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
 * @driver: for the driver core; the driver may set groups and the like, and its name
 *	    if @name is NULL
 * @device_api: of a driver for mdev_register_parent(): that of all types
 * @max_instances: the same: how many devices a parent may have, of all types together
 * @get_available: the same: how many more there can be of a type, in place of counting
 * @show_description: the same: prints a type's description
 *
 * A driver without @id_table needs no callbacks. The core sees to it by itself that
 * nobody uses a VFIO device that such a driver has registered below the mediated one,
 * when it is unbound.
 *
 * All run in process context, for different devices beside each other, and are waited
 * for by mdev_unregister_driver(). For one device, @probe, @claim, @withdraw and
 * @remove come one at a time; @request may run beside @claim. The lock of the device is
 * held around @probe and @remove, and no lock around the others; all but @claim may
 * sleep. @get_available and @show_description are as those of &struct mdev_parent_ops.
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
	const char *device_api;
	unsigned int max_instances;
	unsigned int (*get_available)(struct mdev_type *mtype);
	ssize_t (*show_description)(struct mdev_type *mtype, char *buf);
	/* private: */
	struct mdev_gate gate;		/* devices that are bound to it */
};

/**
 * struct mdev_parent - what mdev_register_parent() is called with
 * @dev: the device that was registered
 *
 * It is the caller's, who may free it after mdev_unregister_parent().
 */
struct mdev_parent {
	struct device *dev;
	/* private: */
	struct mdev_parent_ops ops;
};

int __must_check mdev_register_device(struct device *dev,
				      const struct mdev_parent_ops *ops);
int __must_check devm_mdev_register_device(struct device *dev,
					   const struct mdev_parent_ops *ops);
void mdev_unregister_device(struct device *dev);
int __must_check mdev_register_parent(struct mdev_parent *parent,
				      struct device *dev,
				      struct mdev_driver *mdev_driver,
				      struct mdev_type **types,
				      unsigned int nr_types);
void mdev_unregister_parent(struct mdev_parent *parent);
struct device * __must_check
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

int __must_check __mdev_register_driver(struct mdev_driver *drv,
					struct module *owner,
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
const guid_t *mdev_uuid(struct mdev_device *mdev);
const char *mdev_get_type_name(struct mdev_device *mdev);
unsigned int mdev_get_type_group_id(struct mdev_device *mdev);
unsigned int mdev_type_kobj_group_id(struct kobject *kobj);

int __must_check mdev_get_user(struct mdev_device *mdev);
void mdev_put_user(struct mdev_device *mdev);
bool mdev_is_live(struct mdev_device *mdev);

static inline struct mdev_device *to_mdev_device(struct device *dev)
{
	return container_of(dev, struct mdev_device, dev);
}

#endif /* MDEV_H */
