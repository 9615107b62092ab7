// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver for the selftests, whose types are descriptions
 *
 * The parent /sys/class/mdev_bus/mdev_test_types has a pool of six units. A second one
 * without a pool, mdev_test_asked, asks the vendor how many devices there can be. What
 * a device of either says of its type is in its attribute "type".
 */
#include <linux/err.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "mdev_test.h"

static int create_errno;
module_param(create_errno, int, 0644);
MODULE_PARM_DESC(create_errno, "let create() fail with this errno, 0 = succeed");

static int available = 5;
module_param(available, int, 0644);
MODULE_PARM_DESC(available, "what mdev_test_asked tells that there can be");

static int late;
module_param(late, int, 0444);
MODULE_PARM_DESC(late, "devices that had no type in remove()");

static ssize_t extra_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return sysfs_emit(buf, "%u\n", mdev_type_kobj_group_id(kobj));
}
static MDEV_TYPE_ATTR_RO(extra);

static struct attribute *mdev_test_extra_attrs[] = {
	&mdev_type_attr_extra.attr,
	NULL
};
ATTRIBUTE_GROUPS(mdev_test_extra);

static struct mdev_type mdev_test_one = {
	.sysfs_name = "one",
	.pretty_name = "One unit",
	.description = "Takes a unit of the pool",
	.device_api = "test-api",
	.groups = mdev_test_extra_groups,
	.cost = 1,
};

static struct mdev_type mdev_test_three = {
	.sysfs_name = "three",
	.device_api = "test-api",
	.cost = 3,
};

static struct mdev_type mdev_test_pair = {
	.sysfs_name = "pair",
	.device_api = "test-api",
	.max_instances = 2,
};

static struct mdev_type mdev_test_both = {
	.sysfs_name = "both",
	.device_api = "test-api",
	.cost = 2,
	.max_instances = 2,
};

/* Of the parent that asks, and as many as that says */
static struct mdev_type mdev_test_any = {
	.sysfs_name = "any",
	.device_api = "test-api",
};

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  to_mdev_device(dev)->type->sysfs_name);
}
static DEVICE_ATTR_RO(type);

static struct attribute *mdev_test_device_attrs[] = {
	&dev_attr_type.attr,
	NULL
};
ATTRIBUTE_GROUPS(mdev_test_device);

static const struct mdev_test_class_ops mdev_test_ops = {
	.text = "typed",
};

static int mdev_test_create(struct kobject *kobj, struct mdev_device *mdev)
{
	if (create_errno)
		return -create_errno;
	mdev_set_class_id(mdev, MDEV_TEST_CLASS);
	mdev_set_dev_ops(mdev, &mdev_test_ops);
	return 0;
}

static int mdev_test_remove(struct mdev_device *mdev)
{
	if (!mdev->type)
		late++;
	return 0;
}

static unsigned int mdev_test_available(struct mdev_type *mtype)
{
	return READ_ONCE(available);
}

static ssize_t mdev_test_describe(struct mdev_type *mtype, char *buf)
{
	return sysfs_emit(buf, "Asked about %s\n", mtype->sysfs_name);
}

static const struct mdev_parent_ops mdev_test_types_ops = {
	.owner = THIS_MODULE,
	.mdev_attr_groups = mdev_test_device_groups,
	.create = mdev_test_create,
	.remove = mdev_test_remove,
	MDEV_TYPES(&mdev_test_one, &mdev_test_three, &mdev_test_pair,
		   &mdev_test_both),
	.pool = 6,
};

/* Nothing keeps parents from sharing a type. */
static const struct mdev_parent_ops mdev_test_asked_ops = {
	.owner = THIS_MODULE,
	.mdev_attr_groups = mdev_test_device_groups,
	.create = mdev_test_create,
	.remove = mdev_test_remove,
	MDEV_TYPES(&mdev_test_pair, &mdev_test_any),
	.get_available = mdev_test_available,
	.show_description = mdev_test_describe,
};

static struct device *mdev_test_types;
static struct device *mdev_test_asked;

static int __init mdev_test_types_init(void)
{
	mdev_test_types = mdev_register_virtual_parent("mdev_test_types",
						       &mdev_test_types_ops);
	if (IS_ERR(mdev_test_types))
		return PTR_ERR(mdev_test_types);

	mdev_test_asked = mdev_register_virtual_parent("mdev_test_asked",
						       &mdev_test_asked_ops);
	if (!IS_ERR(mdev_test_asked))
		return 0;
	mdev_unregister_virtual_parent(mdev_test_types);
	return PTR_ERR(mdev_test_asked);
}
module_init(mdev_test_types_init);

static void __exit mdev_test_types_exit(void)
{
	mdev_unregister_virtual_parent(mdev_test_asked);
	mdev_unregister_virtual_parent(mdev_test_types);
}
module_exit(mdev_test_types_exit);

MODULE_DESCRIPTION("Selftests: mdev vendor with types by description");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
