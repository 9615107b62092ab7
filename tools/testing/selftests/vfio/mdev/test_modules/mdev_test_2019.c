// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vendor driver of 2019 calls, with the prototypes that it had then: part of
 * the test vendor so that it is compiled. A prototype that no longer fits is an error
 * here.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/vfio_mdev.h>

#include "mdev_test_vendor.h"

static ssize_t old_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return -EIO;
}

static ssize_t old_rw_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return -EIO;
}

static ssize_t old_rw_store(struct kobject *kobj, struct device *dev,
			    const char *buf, size_t count)
{
	return count;
}

static ssize_t old_wo_store(struct kobject *kobj, struct device *dev,
			    const char *buf, size_t count)
{
	return count;
}

static MDEV_TYPE_ATTR(old, 0444, old_show, NULL);
static MDEV_TYPE_ATTR_RW(old_rw);
static MDEV_TYPE_ATTR_WO(old_wo);

static struct attribute *old_attrs[] = {
	&mdev_type_attr_old.attr,
	&mdev_type_attr_old_rw.attr,
	&mdev_type_attr_old_wo.attr,
	NULL
};

static struct attribute_group old_type = { .name = "old", .attrs = old_attrs };
static struct attribute_group *old_types[] = { &old_type, NULL };
static const struct attribute_group *no_groups[] = { NULL };

static int old_open(struct mdev_device *mdev)
{
	return 0;
}

static void old_release(struct mdev_device *mdev)
{
}

static ssize_t old_read(struct mdev_device *mdev, char __user *buf,
			size_t count, loff_t *ppos)
{
	return -EIO;
}

static ssize_t old_write(struct mdev_device *mdev, const char __user *buf,
			 size_t count, loff_t *ppos)
{
	return -EIO;
}

static long old_ioctl(struct mdev_device *mdev, unsigned int cmd,
		      unsigned long arg)
{
	return -ENOTTY;
}

static int old_mmap(struct mdev_device *mdev, struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vfio_mdev_device_ops old_ops = {
	.open = old_open,
	.release = old_release,
	.read = old_read,
	.write = old_write,
	.ioctl = old_ioctl,
	.mmap = old_mmap,
};

static int old_create(struct kobject *kobj, struct mdev_device *mdev)
{
	mdev_set_class_id(mdev, MDEV_ID_VFIO);
	mdev_set_dev_ops(mdev, &old_ops);
	return 0;
}

static int old_remove(struct mdev_device *mdev)
{
	return 0;
}

/* A table that is not const, as some had it */
static struct mdev_parent_ops old_parent_ops = {
	.owner = THIS_MODULE,
	.dev_attr_groups = no_groups,
	.mdev_attr_groups = no_groups,
	.supported_type_groups = old_types,
	.create = old_create,
	.remove = old_remove,
};

/* All that is declared for vendors, as it was declared */
const struct mdev_test_2019 {
	int (*register_device)(struct device *dev,
			       const struct mdev_parent_ops *ops);
	void (*unregister_device)(struct device *dev);
	void (*set_class_id)(struct mdev_device *mdev, u16 id);
	void (*set_dev_ops)(struct mdev_device *mdev, const void *ops);
	const void *(*get_dev_ops)(struct mdev_device *mdev);
	void *(*get_drvdata)(struct mdev_device *mdev);
	void (*set_drvdata)(struct mdev_device *mdev, void *data);
	const guid_t *(*uuid)(struct mdev_device *mdev);
	struct device *(*parent_dev)(struct mdev_device *mdev);
	struct device *(*dev)(struct mdev_device *mdev);
	struct mdev_device *(*from_dev)(struct device *dev);
	const struct mdev_parent_ops *ops;
} mdev_test_2019 = {
	.register_device = mdev_register_device,
	.unregister_device = mdev_unregister_device,
	.set_class_id = mdev_set_class_id,
	.set_dev_ops = mdev_set_dev_ops,
	.get_dev_ops = mdev_get_dev_ops,
	.get_drvdata = mdev_get_drvdata,
	.set_drvdata = mdev_set_drvdata,
	.uuid = mdev_uuid,
	.parent_dev = mdev_parent_dev,
	.dev = mdev_dev,
	.from_dev = mdev_from_dev,
	.ops = &old_parent_ops,
};
