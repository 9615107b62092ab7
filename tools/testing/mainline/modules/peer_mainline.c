// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdev_peer.ko on the interface of the kernel's own mediated devices
 */
#include <linux/mdev.h>
#include <linux/module.h>

#include "peer.h"

/*
 * Parent and types are part of the vendor's memory, which the core may go on
 * using after it gave them back: each registration has its own.
 */
struct peer_parent {
	struct mdev_parent parent;
	struct mdev_type type[2];
	struct mdev_type *types[2];
};

static struct peer_parent peer_parents[8];
static unsigned int peer_nr_parents;

static int peer_probe(struct mdev_device *mdev)
{
	struct peer *peer = peer_of(mdev->type->parent->dev);

	if (peer->lock_create) {
		mutex_lock(&peer_lock);
		mutex_unlock(&peer_lock);
	}
	return 0;
}

static struct mdev_driver peer_driver = {
	.device_api = "none",
	.max_instances = PEER_INSTANCES,
	.probe = peer_probe,
	.driver = {
		.name = "mdev_peer",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
};

static const unsigned int peer_nr_types[] = {
	[PEER_ONE_TYPE] = 1,
	[PEER_NO_TYPES] = 0,
	[PEER_TYPES_OF_ONE_NAME] = 2,
};

int peer_register(struct peer *peer, enum peer_types types)
{
	struct peer_parent *p;
	unsigned int i;
	int ret;

	if (peer_nr_parents == ARRAY_SIZE(peer_parents))
		return -ENOMEM;
	p = &peer_parents[peer_nr_parents++];
	for (i = 0; i < ARRAY_SIZE(p->types); i++) {
		p->type[i].sysfs_name = "one";
		p->type[i].pretty_name = "one";
		p->types[i] = &p->type[i];
	}
	ret = mdev_register_parent(&p->parent, peer->dev, &peer_driver,
				   p->types, peer_nr_types[types]);
	if (!ret)
		peer->api = p;
	return ret;
}

void peer_unregister(struct peer *peer)
{
	struct peer_parent *p = peer->api;

	if (!p)
		return;
	peer->api = NULL;
	mdev_unregister_parent(&p->parent);
}

int peer_api_init(void)
{
	return mdev_register_driver(&peer_driver);
}

void peer_api_exit(void)
{
	mdev_unregister_driver(&peer_driver);
}
