// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many devices there can be: the pool of a parent and the limits of its types
 *
 * A device takes its part before create() and gives it back when remove() has
 * returned. Parents whose types are attribute groups count by themselves.
 */
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "mdev_private.h"

/* As far as it can be counted; as an int, as tools take it for one */
static unsigned int mdev_capacity_counted(struct mdev_type_obj *type)
{
	const struct mdev_type *desc = type->desc;
	unsigned int left = INT_MAX;

	lockdep_assert_held(&type->parent->capacity_lock);

	if (desc->cost)
		left = min(left, type->parent->pool / desc->cost);
	if (desc->max_instances)
		left = min(left, desc->max_instances - type->instances);
	return left;
}

/* What user space is told that there can be more of a type with a description */
unsigned int mdev_capacity_left(struct mdev_type_obj *type)
{
	const struct mdev_parent_ops *ops = type->parent->ops;
	unsigned int left;

	spin_lock(&type->parent->capacity_lock);
	left = mdev_capacity_counted(type);
	spin_unlock(&type->parent->capacity_lock);

	if (ops->get_available)
		left = min(left, ops->get_available(type->desc));
	return left;
}

/* Wakes who polls the number, where it is another one; a callback may tell any. */
static void mdev_capacity_notify(struct mdev_parent_obj *parent)
{
	struct mdev_type_obj *type;
	unsigned int i, left;

	lockdep_assert_held(&parent->capacity_lock);

	for (i = 0; i < parent->nr_types; i++) {
		type = parent->types[i];
		left = mdev_capacity_counted(type);
		if (left == type->last_left && !parent->ops->get_available)
			continue;
		type->last_left = left;
		sysfs_notify_dirent(type->available);
	}
}

/* For a device that is about to be created: 0, or -EUSERS if there is no room */
int mdev_capacity_take(struct mdev_type_obj *type)
{
	struct mdev_parent_obj *parent = type->parent;
	int ret = -EUSERS;

	if (!type->desc)
		return 0;

	spin_lock(&parent->capacity_lock);
	if (mdev_capacity_counted(type)) {
		parent->pool -= type->desc->cost;
		type->instances++;
		mdev_capacity_notify(parent);
		ret = 0;
	}
	spin_unlock(&parent->capacity_lock);
	return ret;
}

void mdev_capacity_give(struct mdev_type_obj *type)
{
	struct mdev_parent_obj *parent = type->parent;

	if (!type->desc || mdev_parent_is_orphan(parent))
		return;

	spin_lock(&parent->capacity_lock);
	parent->pool += type->desc->cost;
	type->instances--;
	mdev_capacity_notify(parent);
	spin_unlock(&parent->capacity_lock);
}

/* Before the first device of a type is created, and after the last one is gone */
void mdev_capacity_init(struct mdev_parent_obj *parent)
{
	spin_lock_init(&parent->capacity_lock);
	parent->pool = parent->ops->pool;
}

void mdev_capacity_init_type(struct mdev_type_obj *type)
{
	type->available = sysfs_get_dirent(type->kobj.sd, "available_instances");
	spin_lock(&type->parent->capacity_lock);
	type->last_left = mdev_capacity_counted(type);
	spin_unlock(&type->parent->capacity_lock);
}

void mdev_capacity_exit_type(struct mdev_type_obj *type)
{
	sysfs_put(type->available);
}
