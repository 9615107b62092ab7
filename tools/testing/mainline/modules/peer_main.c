// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver for comparing mediated devices of two origins
 *
 * Parents come and go by commands written to the module parameter "run"; what
 * the core answered is the result of the write. Devices do nothing.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/string.h>

#include "peer.h"

enum { PEER_A, PEER_B, PEER_TWIN, NR_PEERS };

/* Protects nothing: what matters is where it is held. */
DEFINE_MUTEX(peer_lock);

/* Names are those of the device; the twins differ in their class. */
static const char * const peer_names[NR_PEERS] = {
	"peer_a", "peer_b", "peer_a",
};

/* Writing makes a device that is none of ours, and unmakes it: the least that one takes */
static ssize_t bare_store(struct device *parent, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct device *dev;

	dev = device_create(parent->class, parent, MKDEV(0, 0), NULL, "peer_bare");
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	device_unregister(dev);
	return count;
}
static DEVICE_ATTR_WO(bare);

static struct attribute *peer_attrs[] = {
	&dev_attr_bare.attr,
	NULL
};
ATTRIBUTE_GROUPS(peer);

static struct class peer_classes[NR_PEERS] = {
	{ .name = "mdev_peer_a", .dev_groups = peer_groups },
	{ .name = "mdev_peer_b", .dev_groups = peer_groups },
	{ .name = "mdev_peer_twin" },
};

static struct peer peers[NR_PEERS];
static struct peer peer_again;

struct peer *peer_of(struct device *dev)
{
	unsigned int i;

	for (i = 0; i < NR_PEERS; i++)
		if (peers[i].dev == dev)
			return &peers[i];
	return NULL;
}

/* Registers the first parent once more; 0 if nothing became of that. */
static int peer_register_again(void)
{
	int ret;

	peer_again.dev = peers[PEER_A].dev;
	ret = peer_register(&peer_again, PEER_ONE_TYPE);
	if (!ret)
		peer_unregister(&peer_again);
	return ret;
}

static int peer_try(enum peer_types types)
{
	int ret = peer_register(&peers[PEER_B], types);

	if (!ret)
		peer_unregister(&peers[PEER_B]);
	return ret;
}

static int peer_unregister_locked(struct peer *peer)
{
	mutex_lock(&peer_lock);
	peer_unregister(peer);
	mutex_unlock(&peer_lock);
	return 0;
}

static int peer_unregister_plain(struct peer *peer)
{
	peer_unregister(peer);
	return 0;
}

static int peer_register_locking(struct peer *peer)
{
	peer->lock_create = true;
	return peer_register(peer, PEER_ONE_TYPE);
}

static int peer_run(const char *command)
{
	if (sysfs_streq(command, "register-a"))
		return peer_register(&peers[PEER_A], PEER_ONE_TYPE);
	if (sysfs_streq(command, "register-a-locking"))
		return peer_register_locking(&peers[PEER_A]);
	if (sysfs_streq(command, "register-a-again"))
		return peer_register_again();
	if (sysfs_streq(command, "register-b"))
		return peer_register(&peers[PEER_B], PEER_ONE_TYPE);
	if (sysfs_streq(command, "register-twin"))
		return peer_register(&peers[PEER_TWIN], PEER_ONE_TYPE);
	if (sysfs_streq(command, "no-types"))
		return peer_try(PEER_NO_TYPES);
	if (sysfs_streq(command, "types-of-one-name"))
		return peer_try(PEER_TYPES_OF_ONE_NAME);
	if (sysfs_streq(command, "unregister-a"))
		return peer_unregister_plain(&peers[PEER_A]);
	if (sysfs_streq(command, "unregister-a-locked"))
		return peer_unregister_locked(&peers[PEER_A]);
	if (sysfs_streq(command, "unregister-b-locked"))
		return peer_unregister_locked(&peers[PEER_B]);
	if (sysfs_streq(command, "unregister-twin"))
		return peer_unregister_plain(&peers[PEER_TWIN]);
	return -ENOENT;
}

static int peer_run_set(const char *val, const struct kernel_param *kp)
{
	return peer_run(val);
}

static const struct kernel_param_ops peer_run_ops = { .set = peer_run_set };
module_param_cb(run, &peer_run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "command: what to register or unregister");

static int peer_add_device(unsigned int i)
{
	struct device *dev;
	int ret;

	ret = class_register(&peer_classes[i]);
	if (ret)
		return ret;
	dev = device_create(&peer_classes[i], NULL, MKDEV(0, 0), NULL, "%s",
			    peer_names[i]);
	if (IS_ERR(dev)) {
		class_unregister(&peer_classes[i]);
		return PTR_ERR(dev);
	}
	peers[i].dev = dev;
	return 0;
}

static void peer_remove_devices(unsigned int n)
{
	while (n--) {
		device_unregister(peers[n].dev);
		class_unregister(&peer_classes[n]);
	}
}

static int __init peer_init(void)
{
	unsigned int i;
	int ret;

	ret = peer_api_init();
	if (ret)
		return ret;
	for (i = 0; i < NR_PEERS; i++) {
		ret = peer_add_device(i);
		if (ret) {
			peer_remove_devices(i);
			peer_api_exit();
			return ret;
		}
	}
	return 0;
}
module_init(peer_init);

static void __exit peer_exit(void)
{
	unsigned int i;

	for (i = 0; i < NR_PEERS; i++)
		peer_unregister(&peers[i]);
	peer_remove_devices(NR_PEERS);
	peer_api_exit();
}
module_exit(peer_exit);

MODULE_DESCRIPTION("Vendor driver for comparing mediated devices");
MODULE_LICENSE("GPL");
