/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mdev_peer.ko has in common on both interfaces
 */
#ifndef MDEV_PEER_H
#define MDEV_PEER_H

#include <linux/device.h>
#include <linux/mutex.h>

/* Ways to register a parent, correct and not */
enum peer_types {
	PEER_ONE_TYPE,
	PEER_NO_TYPES,
	PEER_TYPES_OF_ONE_NAME,
};

/**
 * struct peer - a parent of mediated devices
 * @dev: the parent device
 * @lock_create: take the vendor's lock when a device is created
 * @api: what the interface needs
 */
struct peer {
	struct device *dev;
	bool lock_create;
	void *api;
};

/* The one lock of this vendor */
extern struct mutex peer_lock;

/* Instances of one type; the kernel's own core counts them, on ours the vendor. */
#define PEER_INSTANCES	100000

/* Another struct peer of the same device stands for a second registration. */
int peer_register(struct peer *peer, enum peer_types types);
void peer_unregister(struct peer *peer);
struct peer *peer_of(struct device *dev);

int peer_api_init(void);
void peer_api_exit(void);

#endif /* MDEV_PEER_H */
