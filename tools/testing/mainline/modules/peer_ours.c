// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdev_peer.ko on our interface
 */
#include <linux/mdev.h>
#include <linux/module.h>

#include "peer.h"

/* A class that this module also serves, by doing nothing */
#define PEER_CLASS	0x7e

/* Of all parents together; there is one whenever this matters. */
static atomic_t peer_instances = ATOMIC_INIT(PEER_INSTANCES);

static int peer_create(struct kobject *kobj, struct mdev_device *mdev)
{
	if (atomic_dec_if_positive(&peer_instances) < 0)
		return -EUSERS;
	if (peer_of(mdev_parent_dev(mdev))->lock_create) {
		mutex_lock(&peer_lock);
		mutex_unlock(&peer_lock);
	}
	mdev_set_class_id(mdev, PEER_CLASS);
	mdev_set_dev_ops(mdev, &peer_lock);
	return 0;
}

static int peer_remove(struct mdev_device *mdev)
{
	atomic_inc(&peer_instances);
	return 0;
}

static ssize_t available_instances_show(struct kobject *kobj,
					struct device *dev, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&peer_instances));
}
static MDEV_TYPE_ATTR_RO(available_instances);

static struct attribute *peer_type_attrs[] = {
	&mdev_type_attr_available_instances.attr,
	NULL
};

static struct attribute_group peer_type = {
	.name = "one", .attrs = peer_type_attrs,
};

static struct attribute_group *peer_type_lists[][3] = {
	[PEER_ONE_TYPE] = { &peer_type },
	[PEER_NO_TYPES] = { },
	[PEER_TYPES_OF_ONE_NAME] = { &peer_type, &peer_type },
};

#define PEER_OPS(types) {						\
	.owner = THIS_MODULE,						\
	.supported_type_groups = peer_type_lists[types],		\
	.create = peer_create,						\
	.remove = peer_remove,						\
}

static const struct mdev_parent_ops peer_ops[] = {
	[PEER_ONE_TYPE] = PEER_OPS(PEER_ONE_TYPE),
	[PEER_NO_TYPES] = PEER_OPS(PEER_NO_TYPES),
	[PEER_TYPES_OF_ONE_NAME] = PEER_OPS(PEER_TYPES_OF_ONE_NAME),
};

int peer_register(struct peer *peer, enum peer_types types)
{
	return mdev_register_device(peer->dev, &peer_ops[types]);
}

void peer_unregister(struct peer *peer)
{
	mdev_unregister_device(peer->dev);
}

static int peer_probe(struct mdev_device *mdev)
{
	return 0;
}

static const struct mdev_class_id peer_ids[] = {
	{ .id = PEER_CLASS },
	{ }
};

static struct mdev_driver peer_driver = {
	.name = "mdev_peer",
	.id_table = peer_ids,
	.probe = peer_probe,
};

int peer_api_init(void)
{
	return mdev_register_driver(&peer_driver);
}

void peer_api_exit(void)
{
	mdev_unregister_driver(&peer_driver);
}
