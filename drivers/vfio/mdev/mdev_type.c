// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types of mediated devices: their directories, attributes and links
 *
 * A type's directory holds the core's "create" and "devices/" and whatever
 * attributes the vendor gives it, or the core by the vendor's description.
 */
#include <kunit/visibility.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mdev_private.h"

static const struct kobj_type mdev_type_ktype;

static struct mdev_type_attribute *to_mdev_type_attr(struct attribute *attr)
{
	return container_of(attr, struct mdev_type_attribute, attr);
}

/*
 * Exactly a UUID, then at most one newline. guid_parse() looks at the first 36
 * characters only, so what follows them is for us to check.
 */
VISIBLE_IF_KUNIT int mdev_parse_uuid(const char *buf, size_t count,
				     guid_t *uuid)
{
	if (count == UUID_STRING_LEN + 1 && buf[UUID_STRING_LEN] == '\n')
		count--;
	if (count != UUID_STRING_LEN)
		return -EINVAL;
	return guid_parse(buf, uuid);
}
EXPORT_SYMBOL_IF_KUNIT(mdev_parse_uuid);

static ssize_t create_store(struct kobject *kobj, struct device *dev,
			    const char *buf, size_t count)
{
	guid_t uuid;
	int ret;

	ret = mdev_parse_uuid(buf, count, &uuid);
	if (ret)
		return ret;

	ret = mdev_device_create(to_mdev_type_obj(kobj), &uuid);
	if (ret)
		return ret;

	return count;
}

/*
 * A writer of "create" calls into the vendor, and unregistration waits for
 * writers when it removes the file. mdev_parent_obj.dep_map tells lockdep about
 * that for each parent by itself; the file's own map is one for all parents and
 * would report inversions between locks of unrelated vendors.
 */
static struct mdev_type_attribute mdev_type_attr_create =
	__ATTR_IGNORE_LOCKDEP(create, 0200, NULL, create_store);

static struct attribute *mdev_type_attrs[] = {
	&mdev_type_attr_create.attr,
	NULL
};
ATTRIBUTE_GROUPS(mdev_type);

static ssize_t mdev_type_attr_show(struct kobject *kobj, struct attribute *attr,
				   char *buf)
{
	struct mdev_type_attribute *type_attr = to_mdev_type_attr(attr);

	if (!type_attr->show)
		return -EIO;
	return type_attr->show(kobj, to_mdev_type_obj(kobj)->parent->dev, buf);
}

static ssize_t mdev_type_attr_store(struct kobject *kobj,
				    struct attribute *attr, const char *buf,
				    size_t count)
{
	struct mdev_type_attribute *type_attr = to_mdev_type_attr(attr);

	if (!type_attr->store)
		return -EIO;
	return type_attr->store(kobj, to_mdev_type_obj(kobj)->parent->dev, buf,
				count);
}

static const struct sysfs_ops mdev_type_sysfs_ops = {
	.show = mdev_type_attr_show,
	.store = mdev_type_attr_store,
};

static void mdev_type_release(struct kobject *kobj)
{
	struct mdev_type_obj *type = to_mdev_type_obj(kobj);

	/* Balances kobject_get() in mdev_type_alloc() */
	kobject_put(&type->parent->kobj);
	kfree(type);
	module_put(THIS_MODULE);
}

static const struct kobj_type mdev_type_ktype = {
	.sysfs_ops = &mdev_type_sysfs_ops,
	.release = mdev_type_release,
	.default_groups = mdev_type_groups,
};

unsigned int mdev_types_count(const struct mdev_parent_ops *ops)
{
	unsigned int n = 0;

	if (!ops->supported_type_groups)
		return ops->nr_types;
	while (ops->supported_type_groups[n])
		n++;
	return n;
}

static const char *mdev_type_name(const struct mdev_parent_ops *ops,
				  unsigned int id)
{
	return ops->supported_type_groups ?
	       ops->supported_type_groups[id]->name : ops->types[id]->sysfs_name;
}

static bool mdev_type_has_attr(const struct attribute_group *group,
			       const char *name)
{
	struct attribute **attr;

	for (attr = group->attrs; attr && *attr; attr++)
		if (!strcmp((*attr)->name, name))
			return true;
	return false;
}

/* What is wrong with a type, in words, or NULL */
static const char *mdev_type_fault(const struct mdev_parent_ops *ops,
				   unsigned int id)
{
	const char *name = mdev_type_name(ops, id);
	const struct mdev_type *desc;

	if (!name || !*name)
		return "has no name";
	/* Which tools ask for before they create a device */
	if (ops->supported_type_groups)
		return mdev_type_has_attr(ops->supported_type_groups[id],
					  "available_instances") ?
		       NULL : "has no attribute available_instances";

	desc = ops->types[id];
	if (!desc->device_api)
		return "has no device_api";
	if (!desc->cost && !desc->max_instances && !ops->get_available)
		return "has no limit: neither cost nor max_instances nor get_available";
	return NULL;
}

static int mdev_type_check(struct device *dev, const struct mdev_parent_ops *ops,
			   unsigned int id)
{
	const char *fault = mdev_type_fault(ops, id);
	unsigned int i;

	if (fault) {
		dev_err(dev, "type %u of mediated devices %s\n", id, fault);
		return -EINVAL;
	}
	for (i = 0; i < id; i++) {
		if (strcmp(mdev_type_name(ops, i), mdev_type_name(ops, id)))
			continue;
		dev_err(dev, "two types of mediated devices are called %s\n",
			mdev_type_name(ops, id));
		return -EEXIST;
	}
	return 0;
}

/* Whether the types are described in one of both ways, and well */
int mdev_types_check(struct device *dev, const struct mdev_parent_ops *ops)
{
	unsigned int i, n = mdev_types_count(ops);
	int ret;

	if ((ops->supported_type_groups && ops->types) || (!n && !ops->driver)) {
		dev_err(dev, "has %s types of mediated devices\n",
			n ? "two kinds of" : "no");
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		ret = mdev_type_check(dev, ops, i);
		if (ret)
			return ret;
	}
	return 0;
}

static struct mdev_type_obj *mdev_type_alloc(struct mdev_parent_obj *parent,
					     unsigned int id)
{
	struct mdev_type_obj *type;

	type = kzalloc_obj(*type);
	if (!type)
		return NULL;

	/* A reference on the type may outlive everything but our code. */
	__module_get(THIS_MODULE);
	kobject_init(&type->kobj, &mdev_type_ktype);
	kobject_get(&parent->kobj);
	type->parent = parent;
	type->id = id;
	if (parent->ops->types) {
		type->desc = parent->ops->types[id];
		return type;
	}
	/* The group's name is that of the type, not of a directory below it. */
	type->group = *parent->ops->supported_type_groups[id];
	type->group.name = NULL;
	return type;
}

static int mdev_type_add_attrs(struct mdev_type_obj *type)
{
	if (type->desc)
		return mdev_typed_add_files(type);
	return sysfs_create_group(&type->kobj, &type->group);
}

/* What the vendor has described may be gone; the files go with their directory. */
static void mdev_type_remove_attrs(struct mdev_type_obj *type)
{
	if (mdev_parent_is_orphan(type->parent))
		mdev_capacity_exit_type(type);
	else if (type->desc)
		mdev_typed_remove_files(type);
	else
		sysfs_remove_group(&type->kobj, &type->group);
}

/* The directory of the type and all that is in it */
static int mdev_type_add_files(struct mdev_type_obj *type)
{
	struct mdev_parent_obj *parent = type->parent;
	int ret;

	ret = kobject_add(&type->kobj, &parent->kobj, "%s-%s",
			  dev_driver_string(parent->dev),
			  mdev_type_name(parent->ops, type->id));
	if (ret)
		return ret;

	type->devices = kobject_create_and_add("devices", &type->kobj);
	if (!type->devices) {
		ret = -ENOMEM;
		goto err_del;
	}

	ret = mdev_type_add_attrs(type);
	if (ret)
		goto err_put_devices;
	return 0;

err_put_devices:
	kobject_put(type->devices);
err_del:
	kobject_del(&type->kobj);
	return ret;
}

/* Returns the type, counted, or an ERR_PTR(). */
struct mdev_type_obj *mdev_type_add(struct mdev_parent_obj *parent,
				    unsigned int id)
{
	struct mdev_type_obj *type;
	int ret;

	type = mdev_type_alloc(parent, id);
	if (!type)
		return ERR_PTR(-ENOMEM);

	ret = mdev_type_add_files(type);
	if (ret) {
		kobject_put(&type->kobj);
		return ERR_PTR(ret);
	}
	return type;
}

/* Once this returns, none of the vendor's attributes is running or will run. */
void mdev_type_remove(struct mdev_type_obj *type)
{
	mdev_type_remove_attrs(type);
	kobject_put(type->devices);
	kobject_del(&type->kobj);
	kobject_put(&type->kobj);
}

/**
 * mdev_get_type_group_id - which type a device is of
 * @mdev: the device
 *
 * Return: index in the parent's &mdev_parent_ops.supported_type_groups or
 * &mdev_parent_ops.types.
 */
unsigned int mdev_get_type_group_id(struct mdev_device *mdev)
{
	return mdev->type_obj->id;
}
EXPORT_SYMBOL(mdev_get_type_group_id);

/**
 * mdev_type_kobj_group_id - which type a kobject stands for
 * @kobj: what the vendor's create() or a type attribute was called with
 *
 * Return: index in the parent's &mdev_parent_ops.supported_type_groups or
 * &mdev_parent_ops.types.
 */
unsigned int mdev_type_kobj_group_id(struct kobject *kobj)
{
	return to_mdev_type_obj(kobj)->id;
}
EXPORT_SYMBOL_GPL(mdev_type_kobj_group_id);
