// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types by description: the attributes that the core makes of a struct mdev_type
 */
#include <linux/sysfs.h>

#include "mdev_private.h"

static ssize_t name_show(struct kobject *kobj, struct device *dev, char *buf)
{
	const struct mdev_type *desc = to_mdev_type_obj(kobj)->desc;

	return sysfs_emit(buf, "%s\n", desc->pretty_name ?: desc->sysfs_name);
}
static MDEV_TYPE_ATTR_RO(name);

static ssize_t device_api_show(struct kobject *kobj, struct device *dev,
			       char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  to_mdev_type_obj(kobj)->desc->device_api);
}
static MDEV_TYPE_ATTR_RO(device_api);

static ssize_t available_instances_show(struct kobject *kobj,
					struct device *dev, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  mdev_capacity_left(to_mdev_type_obj(kobj)));
}
static MDEV_TYPE_ATTR_RO(available_instances);

static ssize_t description_show(struct kobject *kobj, struct device *dev,
				char *buf)
{
	const struct mdev_type_obj *type = to_mdev_type_obj(kobj);
	const struct mdev_parent_ops *ops = type->parent->ops;

	if (ops->show_description)
		return ops->show_description(type->desc, buf);
	return sysfs_emit(buf, "%s\n", type->desc->description);
}
static MDEV_TYPE_ATTR_RO(description);

static umode_t mdev_typed_is_visible(struct kobject *kobj,
				     struct attribute *attr, int n)
{
	const struct mdev_type_obj *type = to_mdev_type_obj(kobj);

	if (attr == &mdev_type_attr_description.attr &&
	    !type->parent->ops->show_description && !type->desc->description)
		return 0;
	return attr->mode;
}

static struct attribute *mdev_typed_attrs[] = {
	&mdev_type_attr_name.attr,
	&mdev_type_attr_device_api.attr,
	&mdev_type_attr_available_instances.attr,
	&mdev_type_attr_description.attr,
	NULL
};

static const struct attribute_group mdev_typed_group = {
	.is_visible = mdev_typed_is_visible,
	.attrs = mdev_typed_attrs,
};

int mdev_typed_add_files(struct mdev_type_obj *type)
{
	int ret;

	ret = sysfs_create_group(&type->kobj, &mdev_typed_group);
	if (ret)
		return ret;

	mdev_capacity_init_type(type);
	ret = sysfs_create_groups(&type->kobj, type->desc->groups);
	if (ret) {
		mdev_capacity_exit_type(type);
		sysfs_remove_group(&type->kobj, &mdev_typed_group);
	}
	return ret;
}

void mdev_typed_remove_files(struct mdev_type_obj *type)
{
	sysfs_remove_groups(&type->kobj, type->desc->groups);
	mdev_capacity_exit_type(type);
	sysfs_remove_group(&type->kobj, &mdev_typed_group);
}
