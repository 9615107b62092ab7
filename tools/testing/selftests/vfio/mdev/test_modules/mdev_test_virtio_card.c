// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device of the virtio class for the selftests: sends back what it is sent
 *
 * Each buffer has a part to be read and one to be written, which gets the same bytes with
 * some bits flipped. The next device is one with a mistake if a parameter says so.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mdev.h>
#include <linux/virtio_ring.h>
#include <linux/workqueue.h>

#include "mdev_test_virtio.h"

enum mdev_test_virtio_mistake {
	NO_MISTAKE,
	NO_DEVICE_ID,
	NO_VQ_NUM_MAX,
	NO_SET_VQ_ADDRESS,
	NO_KICK_VQ,
	NO_SET_STATUS,
	NO_GET_CONFIG,
	NO_GET_FEATURES,
	NO_VERSION_1,
};

static int mistake;
module_param(mistake, int, 0644);
MODULE_PARM_DESC(mistake, "what the next device lacks, see the source; 0 for nothing");

static int features_ret;
module_param(features_ret, int, 0644);
MODULE_PARM_DESC(features_ret, "what setting features answers");

static int address_ret;
module_param(address_ret, int, 0644);
MODULE_PARM_DESC(address_ret, "what setting up a queue answers");

static int lazy;
module_param(lazy, int, 0644);
MODULE_PARM_DESC(lazy, "whether devices leave buffers alone");

static int resets;
module_param(resets, int, 0644);
MODULE_PARM_DESC(resets, "times that a driver reset a device");

static int kicks;
module_param(kicks, int, 0644);
MODULE_PARM_DESC(kicks, "times that a driver told of buffers");

static int interrupts;
module_param(interrupts, int, 0644);
MODULE_PARM_DESC(interrupts, "times that a driver was told of buffers");

/**
 * struct mdev_test_virtio_card - a device
 * @mdev: the same for the core
 * @ops: its own, as one may be missing
 * @lock: protects what follows
 * @ready: whether the driver wants the queue to be used
 * @features: what was agreed upon
 * @ring: the queue
 * @chain: a buffer of it
 * @work: handles buffers
 * @buf: what is in one
 */
struct mdev_test_virtio_card {
	struct mdev_device *mdev;
	struct virtio_mdev_device_ops ops;
	struct mutex lock;	/* all that follows */
	bool ready;
	u64 features;
	struct virtio_mdev_ring ring;
	struct virtio_mdev_chain *chain;
	struct work_struct work;
	u8 buf[MDEV_TEST_VIRTIO_MAX];
};

/* One buffer: 1; 0 if there is none; a negative errno if the ring is broken */
static int mdev_test_virtio_one(struct mdev_test_virtio_card *card)
{
	ssize_t len, i;

	len = virtio_mdev_ring_pop(&card->ring, card->chain);
	if (len <= 0)
		return len;
	len = virtio_mdev_chain_pull(card->chain, card->buf, sizeof(card->buf));
	for (i = 0; i < len; i++)
		card->buf[i] ^= MDEV_TEST_VIRTIO_FLIP;
	if (len >= 0)
		len = virtio_mdev_chain_push(card->chain, card->buf, len);
	if (len >= 0)
		len = virtio_mdev_chain_complete(card->chain, len);
	return len < 0 ? len : 1;
}

static void mdev_test_virtio_work(struct work_struct *work)
{
	struct mdev_test_virtio_card *card =
		container_of(work, struct mdev_test_virtio_card, work);
	int nr, ret = 1;

	guard(mutex)(&card->lock);
	if (!card->ready || lazy)
		return;
	virtio_mdev_ring_kick_disable(&card->ring);
	for (nr = 0; nr < 64 && ret > 0; nr++)
		ret = mdev_test_virtio_one(card);
	if (!ret)
		ret = virtio_mdev_ring_kick_enable(&card->ring);
	if (virtio_mdev_ring_interrupt_needed(&card->ring) > 0) {
		interrupts++;
		virtio_mdev_vq_interrupt(card->mdev, 0);
	}
	if (ret < 0)
		virtio_mdev_vq_broken(card->mdev, 0, ret);
	if (ret > 0)
		schedule_work(&card->work);
}

/* All there are, so that what the transport lets through is seen. */
static u64 mdev_test_virtio_get_features(struct mdev_device *mdev)
{
	return mistake == NO_VERSION_1 ? ~BIT_ULL(VIRTIO_F_VERSION_1) : ~0ULL;
}

static int mdev_test_virtio_set_features(struct mdev_device *mdev, u64 features)
{
	struct mdev_test_virtio_card *card = mdev_get_drvdata(mdev);

	card->features = features;
	return features_ret;
}

static int mdev_test_virtio_set_vq_address(struct mdev_device *mdev, unsigned int idx,
					   u16 num,
					   const struct virtio_mdev_ring_addr *addr)
{
	struct mdev_test_virtio_card *card = mdev_get_drvdata(mdev);

	if (address_ret)
		return address_ret;
	guard(mutex)(&card->lock);
	return virtio_mdev_ring_init(&card->ring, num, card->features, addr,
				     &virtio_mdev_ring_phys, NULL);
}

static void mdev_test_virtio_kick_vq(struct mdev_device *mdev, unsigned int idx)
{
	struct mdev_test_virtio_card *card = mdev_get_drvdata(mdev);

	kicks++;
	schedule_work(&card->work);
}

static void mdev_test_virtio_set_status(struct mdev_device *mdev, u8 status)
{
	struct mdev_test_virtio_card *card = mdev_get_drvdata(mdev);

	guard(mutex)(&card->lock);
	card->ready = status & VIRTIO_CONFIG_S_DRIVER_OK;
	if (!status) {
		memset(&card->ring, 0, sizeof(card->ring));
		resets++;
	}
	/* Nobody has a queue then: who is told of it all the same hears nothing. */
	if (status == VIRTIO_CONFIG_S_ACKNOWLEDGE)
		virtio_mdev_vq_interrupt(mdev, 0);
}

static void mdev_test_virtio_get_config(struct mdev_device *mdev, unsigned int offset,
					void *buf, unsigned int len)
{
	memset(buf, 0xc0 + offset, len);
}

static const struct virtio_mdev_device_ops mdev_test_virtio_ops = {
	.device_id = MDEV_TEST_VIRTIO_ID,
	.vendor_id = 0x1af4,
	.nvqs = 1,
	.vq_num_max = 256,
	.config_size = 8,
	.get_features = mdev_test_virtio_get_features,
	.set_features = mdev_test_virtio_set_features,
	.set_vq_address = mdev_test_virtio_set_vq_address,
	.kick_vq = mdev_test_virtio_kick_vq,
	.set_status = mdev_test_virtio_set_status,
	.get_config = mdev_test_virtio_get_config,
};

static void mdev_test_virtio_make_mistake(struct virtio_mdev_device_ops *ops)
{
	switch (mistake) {
	case NO_DEVICE_ID:
		ops->device_id = 0;
		break;
	case NO_VQ_NUM_MAX:
		ops->vq_num_max = 100;
		break;
	case NO_SET_VQ_ADDRESS:
		ops->set_vq_address = NULL;
		break;
	case NO_KICK_VQ:
		ops->kick_vq = NULL;
		break;
	case NO_SET_STATUS:
		ops->set_status = NULL;
		break;
	case NO_GET_CONFIG:
		ops->get_config = NULL;
		break;
	case NO_GET_FEATURES:
		ops->get_features = NULL;
		break;
	}
}

static int mdev_test_virtio_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mdev_test_virtio_card *card = kzalloc_obj(*card);

	if (!card)
		return -ENOMEM;
	card->chain = virtio_mdev_chain_alloc(mdev_test_virtio_ops.vq_num_max);
	if (!card->chain) {
		kfree(card);
		return -ENOMEM;
	}
	card->mdev = mdev;
	card->ops = mdev_test_virtio_ops;
	mdev_test_virtio_make_mistake(&card->ops);
	mutex_init(&card->lock);
	INIT_WORK(&card->work, mdev_test_virtio_work);
	mdev_set_drvdata(mdev, card);
	mdev_set_virtio_ops(mdev, &card->ops);
	return 0;
}

static int mdev_test_virtio_remove(struct mdev_device *mdev)
{
	struct mdev_test_virtio_card *card = mdev_get_drvdata(mdev);

	cancel_work_sync(&card->work);
	virtio_mdev_chain_free(card->chain);
	mutex_destroy(&card->lock);
	kfree(card);
	return 0;
}

static struct mdev_type mdev_test_virtio_type = {
	.sysfs_name = "echo",
	.device_api = "virtio",
	.max_instances = 16,
};

static const struct mdev_parent_ops mdev_test_virtio_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mdev_test_virtio_type),
	.create = mdev_test_virtio_create,
	.remove = mdev_test_virtio_remove,
};

static struct device *mdev_test_virtio_parent;

static int __init mdev_test_virtio_init(void)
{
	int ret;

	ret = mdev_test_virtio_register();
	if (ret)
		return ret;
	mdev_test_virtio_parent =
		mdev_register_virtual_parent(KBUILD_MODNAME,
					     &mdev_test_virtio_parent_ops);
	if (IS_ERR(mdev_test_virtio_parent))
		mdev_test_virtio_unregister();
	return PTR_ERR_OR_ZERO(mdev_test_virtio_parent);
}
module_init(mdev_test_virtio_init);

static void __exit mdev_test_virtio_exit(void)
{
	mdev_unregister_virtual_parent(mdev_test_virtio_parent);
	mdev_test_virtio_unregister();
}
module_exit(mdev_test_virtio_exit);

MODULE_DESCRIPTION("Selftests: virtio device that sends back, and its driver");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
