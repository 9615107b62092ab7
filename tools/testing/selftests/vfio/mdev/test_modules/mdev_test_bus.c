// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus driver for the selftests: serves the class that VFIO does not
 *
 * A device bound to it has two attributes: "text" shows what the vendor put
 * into the ops, and "use" takes (1) and drops (0) a use of the device the way
 * opening and closing it does for VFIO.
 */

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mdev_test.h"
#include "mdev_test_calls.h"

static int probe_errno;
module_param(probe_errno, int, 0644);
MODULE_PARM_DESC(probe_errno, "let probe fail with this errno, 0 = succeed");

static uint probe_ms;
module_param(probe_ms, uint, 0644);
MODULE_PARM_DESC(probe_ms, "how long taking over a device takes");

static uint request_ms;
module_param(request_ms, uint, 0644);
MODULE_PARM_DESC(request_ms, "how long asking a user takes");

static uint claim_ms;
module_param(claim_ms, uint, 0644);
MODULE_PARM_DESC(claim_ms, "how long claiming a device takes");

static uint withdraw_ms;
module_param(withdraw_ms, uint, 0644);
MODULE_PARM_DESC(withdraw_ms, "how long withdrawing a device takes");

static bool held;
module_param(held, bool, 0644);
MODULE_PARM_DESC(held, "whether devices cannot be claimed for now");

static int looks;
module_param(looks, int, 0644);
MODULE_PARM_DESC(looks, "times that a device could not be claimed");

static bool askable = true;
module_param(askable, bool, 0644);
MODULE_PARM_DESC(askable, "whether users can be asked to release a device");

static int probes;
module_param(probes, int, 0444);
MODULE_PARM_DESC(probes, "devices taken over so far");

static int removes;
module_param(removes, int, 0444);
MODULE_PARM_DESC(removes, "devices let go so far");

static int requests;
module_param(requests, int, 0644);
MODULE_PARM_DESC(requests, "times that a user was asked to release a device");

static int misordered;
module_param(misordered, int, 0444);
MODULE_PARM_DESC(misordered, "devices let go that were not withdrawn, once, before");

struct mdev_test_bus_dev {
	struct mdev_device *mdev;
	struct mutex lock;	/* users */
	unsigned int users;
	unsigned int withdrawals;
};

/* The counters of the module; probe and remove of several devices overlap. */
static DEFINE_MUTEX(mdev_test_bus_lock);

static ssize_t text_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct mdev_test_bus_dev *tdev = dev_get_drvdata(dev);
	const struct mdev_test_class_ops *ops = mdev_get_dev_ops(tdev->mdev);

	return sysfs_emit(buf, "%s\n", ops->text);
}
static DEVICE_ATTR_RO(text);

static int mdev_test_bus_use(struct mdev_test_bus_dev *tdev, bool use)
{
	int ret = 0;

	guard(mutex)(&tdev->lock);
	if (use) {
		ret = mdev_get_user(tdev->mdev);
		if (!ret)
			tdev->users++;
	} else if (tdev->users) {
		tdev->users--;
		mdev_put_user(tdev->mdev);
	} else {
		ret = -EINVAL;
	}
	return ret;
}

static ssize_t use_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	bool use;
	int ret;

	ret = kstrtobool(buf, &use);
	if (!ret)
		ret = mdev_test_bus_use(dev_get_drvdata(dev), use);
	return ret ?: count;
}
static DEVICE_ATTR_WO(use);

static struct attribute *mdev_test_bus_attrs[] = {
	&dev_attr_text.attr,
	&dev_attr_use.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mdev_test_bus);

static int mdev_test_bus_probe(struct mdev_device *mdev)
{
	struct mdev_test_bus_dev *tdev;

	mdev_test_called(mdev, "probe");
	msleep(probe_ms);
	if (probe_errno)
		return -probe_errno;

	tdev = kzalloc_obj(*tdev);
	if (!tdev)
		return -ENOMEM;
	tdev->mdev = mdev;
	mutex_init(&tdev->lock);
	dev_set_drvdata(mdev_dev(mdev), tdev);

	guard(mutex)(&mdev_test_bus_lock);
	probes++;
	return 0;
}

static void mdev_test_bus_remove(struct mdev_device *mdev)
{
	struct mdev_test_bus_dev *tdev = dev_get_drvdata(mdev_dev(mdev));

	mdev_test_called(mdev, "remove");
	/* Unbinding takes the attribute away that a user would let go by. */
	while (!mdev_test_bus_use(tdev, false))
		;
	scoped_guard(mutex, &mdev_test_bus_lock) {
		removes++;
		if (tdev->withdrawals != 1)
			misordered++;
	}
	mutex_destroy(&tdev->lock);
	kfree(tdev);
}

static int mdev_test_bus_request(struct mdev_device *mdev, unsigned int count)
{
	mdev_test_called(mdev, "request %u", count);
	msleep(request_ms);
	if (!askable)
		return -EOPNOTSUPP;

	guard(mutex)(&mdev_test_bus_lock);
	requests++;
	return 0;
}

static bool mdev_test_bus_claim(struct mdev_device *mdev)
{
	if (held) {
		guard(mutex)(&mdev_test_bus_lock);
		looks++;
		return false;
	}
	mdev_test_called(mdev, "claim");
	msleep(claim_ms);
	return true;
}

static void mdev_test_bus_withdraw(struct mdev_device *mdev)
{
	struct mdev_test_bus_dev *tdev = dev_get_drvdata(mdev_dev(mdev));

	mdev_test_called(mdev, "withdraw");
	tdev->withdrawals++;
	msleep(withdraw_ms);
}

static const struct mdev_class_id mdev_test_bus_ids[] = {
	{ .id = MDEV_TEST_CLASS },
	{ }
};

static struct mdev_driver mdev_test_bus_driver = {
	.name = "mdev_test_bus",
	.id_table = mdev_test_bus_ids,
	.probe = mdev_test_bus_probe,
	.remove = mdev_test_bus_remove,
	.request = mdev_test_bus_request,
	.claim = mdev_test_bus_claim,
	.withdraw = mdev_test_bus_withdraw,
	.driver = {
		.dev_groups = mdev_test_bus_groups,
	},
};

static int __init mdev_test_bus_init(void)
{
	return mdev_register_driver(&mdev_test_bus_driver);
}
module_init(mdev_test_bus_init);

static void __exit mdev_test_bus_exit(void)
{
	mdev_unregister_driver(&mdev_test_bus_driver);
}
module_exit(mdev_test_bus_exit);

MODULE_DESCRIPTION("Selftests: mdev bus driver of a class of its own");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
MODULE_ALIAS("mdev:c7F");
