// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver for the selftests, its parents
 *
 * The parent /sys/class/mdev_bus/mdev_test0 has a type for each behaviour of a
 * device. Its directory "counters" shows which callbacks were called, and how
 * often one was called when the contract says that it must not be. A second
 * parent, mdev_test1, is registered and withdrawn by writing a command to
 * /sys/class/mdev_test/mdev_test_control/run, which also makes the mistakes that
 * registration has to refuse; what the core answers is the result of the write.
 */

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/string.h>

#include "mdev_test_vendor.h"

static uint exit_ms;
module_param(exit_ms, uint, 0644);
MODULE_PARM_DESC(exit_ms, "how long unloading takes before devices begin to go");

static uint register_ms;
module_param(register_ms, uint, 0644);
MODULE_PARM_DESC(register_ms, "how long registering a parent takes when its types are there");

/* dev_attr_groups: each parent shows the counters. */
static DEVICE_INT_ATTR(create, 0444, mdev_test_counts.create);
static DEVICE_INT_ATTR(remove, 0444, mdev_test_counts.remove);
static DEVICE_INT_ATTR(open, 0444, mdev_test_counts.open);
static DEVICE_INT_ATTR(release, 0444, mdev_test_counts.release);
static DEVICE_INT_ATTR(request, 0444, mdev_test_counts.request);
static DEVICE_INT_ATTR(misordered, 0444, mdev_test_counts.misordered);
static DEVICE_INT_ATTR(count, 0444, mdev_test_counts.count);

static ssize_t pos_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%lld\n", READ_ONCE(mdev_test_counts.pos));
}
static DEVICE_ATTR_RO(pos);

static struct attribute *mdev_test_parent_attrs[] = {
	&dev_attr_create.attr.attr,
	&dev_attr_remove.attr.attr,
	&dev_attr_open.attr.attr,
	&dev_attr_release.attr.attr,
	&dev_attr_request.attr.attr,
	&dev_attr_misordered.attr.attr,
	&dev_attr_count.attr.attr,
	&dev_attr_pos.attr,
	NULL,
};

/* The core asks when it makes the group, which it does after the types. */
static umode_t mdev_test_parent_is_visible(struct kobject *kobj,
					   struct attribute *attr, int n)
{
	if (!n && register_ms)
		msleep(register_ms);
	return attr->mode;
}

static const struct attribute_group mdev_test_parent_group = {
	.name = "counters",
	.is_visible = mdev_test_parent_is_visible,
	.attrs = mdev_test_parent_attrs,
};

static const struct attribute_group *mdev_test_parent_groups[] = {
	&mdev_test_parent_group,
	NULL,
};

static const struct mdev_parent_ops mdev_test_parent_ops = {
	.owner = THIS_MODULE,
	.dev_attr_groups = mdev_test_parent_groups,
	.mdev_attr_groups = mdev_test_mdev_groups,
	.supported_type_groups = mdev_test_types,
	.create = mdev_test_create,
	.remove = mdev_test_remove,
};

/* Allocated by the driver core, so that they may outlive this module. */
static struct class *mdev_test_class;
static struct class *mdev_test_twin_class;

static struct device *mdev_test_main;		/* mdev_test0, always there */
static struct device *mdev_test_extra;		/* mdev_test1, by command */
static struct device *mdev_test_twin;		/* another mdev_test0 */
static struct device *mdev_test_control;

static int mdev_test_register_main(void)
{
	return mdev_register_device(mdev_test_main, &mdev_test_parent_ops);
}

static int mdev_test_unregister_main(void)
{
	mdev_unregister_device(mdev_test_main);
	return 0;
}

static int mdev_test_register_extra(void)
{
	guard(mutex)(&mdev_test_vendor_lock);
	return mdev_register_device(mdev_test_extra, &mdev_test_parent_ops);
}

/* The same with fewer types, where each of its allocations is to fail in turn */
static int mdev_test_register_small(void)
{
	static struct attribute_group *types[3];
	static struct mdev_parent_ops ops;

	types[0] = mdev_test_types[MDEV_TEST_PLAIN];
	types[1] = mdev_test_types[MDEV_TEST_REQUEST];
	ops = mdev_test_parent_ops;
	ops.supported_type_groups = types;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_unregister_extra(void)
{
	mdev_unregister_device(mdev_test_extra);
	return 0;
}

static int mdev_test_register_twin(void)
{
	return mdev_register_device(mdev_test_twin, &mdev_test_parent_ops);
}

static int mdev_test_unregister_twin(void)
{
	mdev_unregister_device(mdev_test_twin);
	return 0;
}

static int mdev_test_register_null_dev(void)
{
	return mdev_register_device(NULL, &mdev_test_parent_ops);
}

static int mdev_test_register_null_ops(void)
{
	return mdev_register_device(mdev_test_extra, NULL);
}

static int mdev_test_register_null_create(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;

	ops.create = NULL;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_null_remove(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;

	ops.remove = NULL;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_null_types(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;

	ops.supported_type_groups = NULL;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_no_types(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;
	struct attribute_group *types[] = { NULL };

	ops.supported_type_groups = types;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_same_types(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;
	struct attribute_group *types[] = {
		mdev_test_types[0], mdev_test_types[1], mdev_test_types[0],
		NULL
	};

	ops.supported_type_groups = types;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_null_owner(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;

	ops.owner = NULL;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_no_available(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;
	struct attribute_group bare = *mdev_test_types[0];
	struct attribute *no_attrs = NULL;
	struct attribute_group *types[] = { &bare, NULL };

	bare.attrs = &no_attrs;
	ops.supported_type_groups = types;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_no_name(void)
{
	struct mdev_parent_ops ops = mdev_test_parent_ops;
	struct attribute_group nameless = *mdev_test_types[0];
	struct attribute_group *types[] = { &nameless, NULL };

	nameless.name = NULL;
	ops.supported_type_groups = types;
	return mdev_register_device(mdev_test_extra, &ops);
}

static int mdev_test_register_virtual_no_name(void)
{
	return PTR_ERR_OR_ZERO(mdev_register_virtual_parent(NULL,
							    &mdev_test_parent_ops));
}

/* A driver of the parent's own, which says nothing of its devices' API */
static int mdev_test_register_front_no_api(void)
{
	static struct mdev_parent parent;
	static struct mdev_driver drv;

	return mdev_register_parent(&parent, mdev_test_extra, &drv, NULL, 0);
}

static const struct {
	const char *name;
	int (*run)(void);
} mdev_test_commands[] = {
	{ "register-main", mdev_test_register_main },
	{ "unregister-main", mdev_test_unregister_main },
	{ "register-extra", mdev_test_register_extra },
	{ "register-small", mdev_test_register_small },
	{ "unregister-extra", mdev_test_unregister_extra },
	{ "register-twin", mdev_test_register_twin },
	{ "unregister-twin", mdev_test_unregister_twin },
	{ "register-null-dev", mdev_test_register_null_dev },
	{ "register-null-ops", mdev_test_register_null_ops },
	{ "register-null-create", mdev_test_register_null_create },
	{ "register-null-remove", mdev_test_register_null_remove },
	{ "register-null-types", mdev_test_register_null_types },
	{ "register-no-types", mdev_test_register_no_types },
	{ "register-same-types", mdev_test_register_same_types },
	{ "register-null-owner", mdev_test_register_null_owner },
	{ "register-no-available", mdev_test_register_no_available },
	{ "register-no-name", mdev_test_register_no_name },
	{ "register-virtual-no-name", mdev_test_register_virtual_no_name },
	{ "register-front-no-api", mdev_test_register_front_no_api },
};

static ssize_t run_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(mdev_test_commands); i++) {
		if (!sysfs_streq(buf, mdev_test_commands[i].name))
			continue;
		ret = mdev_test_commands[i].run();
		return ret ?: count;
	}
	/* Nothing that a command answers */
	return -EBADRQC;
}
static DEVICE_ATTR_WO(run);

static struct attribute *mdev_test_control_attrs[] = {
	&dev_attr_run.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mdev_test_control);

static struct device *mdev_test_add_device(struct class *class,
					   const char *name)
{
	return device_create(class, NULL, MKDEV(0, 0), NULL, "%s", name);
}

static void mdev_test_del_device(struct device *dev)
{
	if (!IS_ERR_OR_NULL(dev))
		device_unregister(dev);
}

static void mdev_test_del_devices(void)
{
	mdev_test_del_device(mdev_test_control);
	mdev_test_del_device(mdev_test_twin);
	mdev_test_del_device(mdev_test_extra);
	mdev_test_del_device(mdev_test_main);
}

static int mdev_test_add_devices(void)
{
	mdev_test_main = mdev_test_add_device(mdev_test_class, "mdev_test0");
	mdev_test_extra = mdev_test_add_device(mdev_test_class, "mdev_test1");
	mdev_test_twin = mdev_test_add_device(mdev_test_twin_class,
					      "mdev_test0");
	mdev_test_control =
		device_create_with_groups(mdev_test_class, NULL, MKDEV(0, 0),
					  NULL, mdev_test_control_groups,
					  "mdev_test_control");
	if (!IS_ERR(mdev_test_main) && !IS_ERR(mdev_test_extra) &&
	    !IS_ERR(mdev_test_twin) && !IS_ERR(mdev_test_control))
		return 0;

	mdev_test_del_devices();
	return -ENODEV;
}

static int __init mdev_test_vendor_init(void)
{
	int ret;

	mdev_test_init_devices();

	mdev_test_class = class_create("mdev_test");
	if (IS_ERR(mdev_test_class))
		return PTR_ERR(mdev_test_class);

	mdev_test_twin_class = class_create("mdev_test_twin");
	if (IS_ERR(mdev_test_twin_class)) {
		ret = PTR_ERR(mdev_test_twin_class);
		goto err_destroy_class;
	}

	ret = mdev_test_add_devices();
	if (ret)
		goto err_destroy_twin_class;

	ret = mdev_test_register_main();
	if (ret)
		goto err_del_devices;
	return 0;

err_del_devices:
	mdev_test_del_devices();
err_destroy_twin_class:
	class_destroy(mdev_test_twin_class);
err_destroy_class:
	class_destroy(mdev_test_class);
	return ret;
}
module_init(mdev_test_vendor_init);

static void __exit mdev_test_vendor_exit(void)
{
	msleep(exit_ms);
	/* No command registers a parent again once it is withdrawn. */
	mdev_test_del_device(mdev_test_control);
	mdev_test_control = NULL;
	/* A parent that is not registered is left alone by the core. */
	mdev_unregister_device(mdev_test_twin);
	mdev_unregister_device(mdev_test_extra);
	mdev_unregister_device(mdev_test_main);
	mdev_test_del_devices();
	class_destroy(mdev_test_twin_class);
	class_destroy(mdev_test_class);
}
module_exit(mdev_test_vendor_exit);

MODULE_DESCRIPTION("Selftests: mdev vendor with a type for each behaviour");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
