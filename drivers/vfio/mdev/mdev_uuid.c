// SPDX-License-Identifier: GPL-2.0-only
/*
 * UUIDs of mediated devices: each of them is in use once, over all parents
 */
#include <linux/module.h>
#include <linux/rhashtable.h>

#include "mdev_private.h"

static const struct rhashtable_params mdev_uuid_params = {
	.key_len = sizeof(guid_t),
	.key_offset = offsetof(struct mdev_device, uuid),
	.head_offset = offsetof(struct mdev_device, uuid_node),
	.automatic_shrinking = true,
};

/*
 * Every UUID in use, from before create() until after remove(). Whoever looks for one
 * compares it with those of others, so a device is freed after an RCU grace period.
 */
static struct rhashtable mdev_uuids;

/* 0; -EEXIST if another device has it; -ENOMEM */
int mdev_uuid_claim(struct mdev_device *mdev)
{
	int ret;

	ret = rhashtable_lookup_insert_fast(&mdev_uuids, &mdev->uuid_node,
					    mdev_uuid_params);
	/* The table has other errors for a lack of memory. */
	return !ret || ret == -EEXIST ? ret : -ENOMEM;
}

void mdev_uuid_release(struct mdev_device *mdev)
{
	rhashtable_remove_fast(&mdev_uuids, &mdev->uuid_node, mdev_uuid_params);
}

int mdev_uuids_init(void)
{
	return rhashtable_init(&mdev_uuids, &mdev_uuid_params);
}

void mdev_uuids_exit(void)
{
	rhashtable_destroy(&mdev_uuids);
}
