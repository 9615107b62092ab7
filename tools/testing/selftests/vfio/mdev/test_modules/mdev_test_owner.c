// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver for the selftests that forgets to unregister its parents
 *
 * There are three: mdev_test_owner is a virtual one, mdev_test_owned is a device in a
 * class of the vendor's, and mdev_test_devm one with a driver, which has nothing to
 * forget. By default, all of them are withdrawn as they should be.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "mdev_test.h"

#define MDEV_TEST_OWNER_DEVM	"mdev_test_devm"

static bool forget;
module_param(forget, bool, 0644);
MODULE_PARM_DESC(forget, "do not unregister parents (default: false)");

static bool fail;
module_param(fail, bool, 0444);
MODULE_PARM_DESC(fail, "init() fails when all is registered (default: false)");

static int removed;
module_param(removed, int, 0444);
MODULE_PARM_DESC(removed, "how often remove() was called");

static ssize_t mark_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "mark\n");
}
static DEVICE_ATTR_RO(mark);

static struct attribute *mdev_test_owner_attrs[] = {
	&dev_attr_mark.attr,
	NULL
};

static const struct attribute_group mdev_test_owner_group = {
	.name = "owner",
	.attrs = mdev_test_owner_attrs,
};
__ATTRIBUTE_GROUPS(mdev_test_owner);

static ssize_t extra_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return sysfs_emit(buf, "extra\n");
}
static MDEV_TYPE_ATTR_RO(extra);

static struct attribute *mdev_test_extra_attrs[] = {
	&mdev_type_attr_extra.attr,
	NULL
};
ATTRIBUTE_GROUPS(mdev_test_extra);

static struct mdev_type mdev_test_owner_type = {
	.sysfs_name = "1",
	.description = "Of a vendor who forgets",
	.device_api = "test-api",
	.groups = mdev_test_extra_groups,
	.cost = 1,
};

static const struct mdev_test_class_ops mdev_test_owner_ops = {
	.text = "owner",
};

static int mdev_test_owner_create(struct kobject *kobj,
				  struct mdev_device *mdev)
{
	mdev_set_class_id(mdev, MDEV_TEST_CLASS);
	mdev_set_dev_ops(mdev, &mdev_test_owner_ops);
	return 0;
}

static int mdev_test_owner_remove(struct mdev_device *mdev)
{
	removed++;
	pr_info("mdev_test_owner: remove() was called\n");
	return 0;
}

static const struct mdev_parent_ops mdev_test_owner_parent_ops = {
	.owner = THIS_MODULE,
	.dev_attr_groups = mdev_test_owner_groups,
	.mdev_attr_groups = mdev_test_owner_groups,
	MDEV_TYPES(&mdev_test_owner_type),
	.pool = 4,
	.create = mdev_test_owner_create,
	.remove = mdev_test_owner_remove,
};

static struct device *mdev_test_virtual;
static struct class *mdev_test_class;
static struct device *mdev_test_owned;
static struct platform_device *mdev_test_pdev;
/* That of @mdev_test_owned, in memory that goes before the module does */
static struct mdev_parent_ops *mdev_test_owned_ops;

static int mdev_test_devm_probe(struct platform_device *pdev)
{
	return devm_mdev_register_device(&pdev->dev,
					 &mdev_test_owner_parent_ops);
}

static struct platform_driver mdev_test_devm_driver = {
	.driver.name = MDEV_TEST_OWNER_DEVM,
	.probe = mdev_test_devm_probe,
};

/* Everything but what is forgotten */
static void mdev_test_owner_free(bool forgotten)
{
	if (!IS_ERR_OR_NULL(mdev_test_pdev))
		platform_device_unregister(mdev_test_pdev);
	platform_driver_unregister(&mdev_test_devm_driver);
	if (!forgotten) {
		mdev_unregister_virtual_parent(mdev_test_virtual);
		mdev_unregister_device(mdev_test_owned);
	}
	device_unregister(mdev_test_owned);
	class_destroy(mdev_test_class);
	kfree(mdev_test_owned_ops);
}

static int mdev_test_owner_add_owned(void)
{
	mdev_test_owned_ops = kmemdup(&mdev_test_owner_parent_ops,
				      sizeof(*mdev_test_owned_ops), GFP_KERNEL);
	if (!mdev_test_owned_ops)
		return -ENOMEM;
	mdev_test_class = class_create("mdev_test_owned");
	if (IS_ERR(mdev_test_class))
		return PTR_ERR(mdev_test_class);
	mdev_test_owned = device_create(mdev_test_class, NULL, MKDEV(0, 0),
					NULL, "mdev_test_owned");
	if (IS_ERR(mdev_test_owned))
		return PTR_ERR(mdev_test_owned);
	return mdev_register_device(mdev_test_owned, mdev_test_owned_ops);
}

static int mdev_test_owner_add_virtual(void)
{
	mdev_test_virtual =
		mdev_register_virtual_parent("mdev_test_owner",
					     &mdev_test_owner_parent_ops);
	return PTR_ERR_OR_ZERO(mdev_test_virtual);
}

/* What fails here but for that parameter is not what is tested. */
static int __init mdev_test_owner_init(void)
{
	int ret;

	ret = mdev_test_owner_add_owned() ?: mdev_test_owner_add_virtual() ?:
	      platform_driver_register(&mdev_test_devm_driver);
	if (ret)
		return ret;
	mdev_test_pdev =
		platform_device_register_simple(MDEV_TEST_OWNER_DEVM,
						PLATFORM_DEVID_NONE, NULL, 0);
	if (!fail)
		return PTR_ERR_OR_ZERO(mdev_test_pdev);
	mdev_test_owner_free(true);
	return -ENOTUNIQ;
}
module_init(mdev_test_owner_init);

static void __exit mdev_test_owner_exit(void)
{
	mdev_test_owner_free(forget);
}
module_exit(mdev_test_owner_exit);

MODULE_DESCRIPTION("Selftests: mdev vendor that forgets to unregister");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
