/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parent device of a sample, which is what a driver of hardware has anyway
 *
 * It has a class, as without one it would send no uevents. Class and device have
 * the name of the module; libvirt knows that of mtty. Both are allocated by the
 * driver core, so that somebody who holds on to them does not hold on to memory
 * of the module.
 */
#ifndef SAMPLE_PARENT_H
#define SAMPLE_PARENT_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/mdev.h>
#include <linux/module.h>

/* Devices may be created before this returns. Returns an error pointer, too. */
static inline struct device *
sample_parent_create(const struct mdev_parent_ops *ops)
{
	struct device *parent;
	struct class *class;
	int ret;

	class = class_create(KBUILD_MODNAME);
	if (IS_ERR(class))
		return ERR_CAST(class);

	parent = device_create(class, NULL, MKDEV(0, 0), NULL, KBUILD_MODNAME);
	if (IS_ERR(parent)) {
		ret = PTR_ERR(parent);
		goto err_destroy_class;
	}

	ret = mdev_register_device(parent, ops);
	if (ret)
		goto err_unregister_device;
	return parent;

err_unregister_device:
	device_unregister(parent);
err_destroy_class:
	class_destroy(class);
	return ERR_PTR(ret);
}

/* Waits for devices that are in use. */
static inline void sample_parent_destroy(struct device *parent)
{
	const struct class *class = parent->class;

	mdev_unregister_device(parent);
	device_unregister(parent);
	class_destroy((struct class *)class);
}

/* All that a module does whose parent has the ops _name_parent_ops */
#define module_sample_parent(_name)					\
	static struct device *_name##_parent;				\
									\
	static int __init _name##_init(void)				\
	{								\
		_name##_parent = sample_parent_create(&_name##_parent_ops); \
		return PTR_ERR_OR_ZERO(_name##_parent);			\
	}								\
	module_init(_name##_init);					\
									\
	static void __exit _name##_exit(void)				\
	{								\
		sample_parent_destroy(_name##_parent);			\
	}								\
	module_exit(_name##_exit)

#endif /* SAMPLE_PARENT_H */
