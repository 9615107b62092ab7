// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtio driver for the selftests: adds buffers in the shapes by which the kernel's own
 * test of a ring does, and compares every byte that comes back
 *
 * Attributes of a device that is bound to it: "transfers" takes a number of buffers, and
 * the write returns when all of them are through. "corrupt" takes a number, by which it
 * raises the index of the ring; 0 adds a buffer that is nowhere. "config_changes" shows how
 * often the device told of one.
 */
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "mdev_test_virtio.h"

#define SLOTS		100	/* buffers on their way */
#define SMALL		4
#define LARGE		6000	/* more than a page, for every 16th of them */
#define PATIENCE	200	/* tenths of a second */

/**
 * struct mdev_test_virtio_slot - a buffer
 * @out: what is sent
 * @in: what comes back
 * @len: of each
 * @busy: on its way
 */
struct mdev_test_virtio_slot {
	u8 *out;
	u8 *in;
	unsigned int len;
	bool busy;
};

/**
 * struct mdev_test_virtio_driver_dev - a device that the driver is bound to
 * @vq: its queue
 * @lock: protects @slot and the use of @vq
 * @slot: buffers
 * @got: there is something to be looked at
 * @config_changes: how often the device told of one
 */
struct mdev_test_virtio_driver_dev {
	struct virtqueue *vq;
	struct mutex lock;	/* @slot, @vq */
	struct mdev_test_virtio_slot slot[SLOTS];
	struct completion got;
	unsigned int config_changes;
};

/* The shapes of R pieces each way: 1+2+1, 1+3, 4, 1+1+1+1, and pages that are cut. */
static unsigned int mdev_test_virtio_shape(struct scatterlist *sg, u8 *buf,
					   unsigned int len, unsigned int shape)
{
	static const unsigned int parts[4][4] = {
		{ 1, 2, 1 }, { 1, 3 }, { 4 }, { 1, 1, 1, 1 },
	};
	unsigned int i, nr, at = 0;

	for (nr = 0; nr < 4 && parts[shape][nr]; nr++)
		;
	sg_init_table(sg, nr);
	for (i = 0; i < nr; i++) {
		unsigned int part = parts[shape][i] * (len / SMALL);

		sg_set_buf(&sg[i], buf + at, part);
		at += part;
	}
	return nr;
}

static int mdev_test_virtio_add(struct mdev_test_virtio_driver_dev *tdev, u32 nr)
{
	struct mdev_test_virtio_slot *slot = &tdev->slot[nr % SLOTS];
	struct scatterlist out[4], in[4], *sgs[] = { out, in };
	unsigned int i;
	int ret;

	if (slot->busy)
		return -ENOSPC;
	for (i = 0; i < slot->len; i++)
		slot->out[i] = (nr >> (8 * (i % 4))) + i / 4;
	memset(slot->in, 0, slot->len);
	mdev_test_virtio_shape(out, slot->out, slot->len, nr / 4 % 4);
	mdev_test_virtio_shape(in, slot->in, slot->len, nr % 4);
	ret = virtqueue_add_sgs(tdev->vq, sgs, 1, 1, slot, GFP_KERNEL);
	slot->busy = !ret;
	return ret;
}

/* How many came back, or -EBADMSG for a byte that is not what it should be */
static int mdev_test_virtio_get(struct mdev_test_virtio_driver_dev *tdev)
{
	struct mdev_test_virtio_slot *slot;
	unsigned int i, len;
	int nr = 0;

	while ((slot = virtqueue_get_buf(tdev->vq, &len))) {
		slot->busy = false;
		nr++;
		for (i = 0; i < slot->len; i++)
			if (slot->in[i] != (slot->out[i] ^ MDEV_TEST_VIRTIO_FLIP))
				return -EBADMSG;
	}
	return nr;
}

/* Until there is something. A device that goes tells nobody, but breaks the queue. */
static int mdev_test_virtio_wait(struct mdev_test_virtio_driver_dev *tdev)
{
	unsigned int i;
	long left = 0;

	/* A broken queue may have buffers that nobody gets any more. */
	if (virtqueue_is_broken(tdev->vq))
		return -ENODEV;
	if (!virtqueue_enable_cb_delayed(tdev->vq))
		return 0;
	for (i = 0; i < PATIENCE && !left; i++) {
		if (virtqueue_is_broken(tdev->vq))
			return -ENODEV;
		left = wait_for_completion_killable_timeout(&tdev->got, HZ / 10);
	}
	virtqueue_disable_cb(tdev->vq);
	if (left > 0)
		return 0;
	return left ? left : -ETIMEDOUT;
}

static int mdev_test_virtio_transfer(struct mdev_test_virtio_driver_dev *tdev, u32 count)
{
	u32 added = 0, back = 0;
	int ret = 0;

	while (back < count) {
		while (added < count && !ret) {
			ret = mdev_test_virtio_add(tdev, added);
			added += !ret;
		}
		if (ret && ret != -ENOSPC)
			return ret;
		virtqueue_kick(tdev->vq);
		ret = mdev_test_virtio_get(tdev);
		if (ret < 0)
			return ret;
		back += ret;
		ret = ret ? 0 : mdev_test_virtio_wait(tdev);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static ssize_t transfers_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct mdev_test_virtio_driver_dev *tdev = dev_to_virtio(dev)->priv;
	u32 nr;
	int ret;

	ret = kstrtou32(buf, 0, &nr);
	if (ret)
		return ret;
	guard(mutex)(&tdev->lock);
	ret = mdev_test_virtio_transfer(tdev, nr);
	return ret ?: count;
}
static DEVICE_ATTR_WO(transfers);

static ssize_t corrupt_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct mdev_test_virtio_driver_dev *tdev = dev_to_virtio(dev)->priv;
	const struct vring *vring;
	u16 idx, nr;
	int ret;

	ret = kstrtou16(buf, 0, &nr);
	if (ret)
		return ret;
	guard(mutex)(&tdev->lock);
	vring = virtqueue_get_vring(tdev->vq);
	idx = virtio16_to_cpu(tdev->vq->vdev, vring->avail->idx) + nr;
	if (!nr) {
		vring->desc[0].addr = cpu_to_virtio64(tdev->vq->vdev, 1ULL << 60);
		vring->desc[0].len = cpu_to_virtio32(tdev->vq->vdev, 4);
		vring->desc[0].flags = 0;
		vring->avail->ring[idx++ % vring->num] = 0;
	}
	WRITE_ONCE(vring->avail->idx, cpu_to_virtio16(tdev->vq->vdev, idx));
	virtqueue_notify(tdev->vq);
	return count;
}
static DEVICE_ATTR_WO(corrupt);

static ssize_t config_changes_show(struct device *dev, struct device_attribute *attr,
				   char *buf)
{
	struct mdev_test_virtio_driver_dev *tdev = dev_to_virtio(dev)->priv;

	return sysfs_emit(buf, "%u\n", READ_ONCE(tdev->config_changes));
}
static DEVICE_ATTR_RO(config_changes);

static struct attribute *mdev_test_virtio_attrs[] = {
	&dev_attr_transfers.attr,
	&dev_attr_corrupt.attr,
	&dev_attr_config_changes.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mdev_test_virtio);

static void mdev_test_virtio_done(struct virtqueue *vq)
{
	struct mdev_test_virtio_driver_dev *tdev = vq->vdev->priv;

	complete(&tdev->got);
}

static void mdev_test_virtio_config_changed(struct virtio_device *vdev)
{
	struct mdev_test_virtio_driver_dev *tdev = vdev->priv;

	WRITE_ONCE(tdev->config_changes, tdev->config_changes + 1);
	complete(&tdev->got);
}

static void mdev_test_virtio_free(struct mdev_test_virtio_driver_dev *tdev)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		kfree(tdev->slot[i].out);
		kfree(tdev->slot[i].in);
	}
	kfree(tdev);
}

static struct mdev_test_virtio_driver_dev *mdev_test_virtio_alloc(void)
{
	struct mdev_test_virtio_driver_dev *tdev = kzalloc_obj(*tdev);
	struct mdev_test_virtio_slot *slot;

	if (!tdev)
		return NULL;
	mutex_init(&tdev->lock);
	init_completion(&tdev->got);
	for (slot = tdev->slot; slot < tdev->slot + SLOTS; slot++) {
		slot->len = (slot - tdev->slot) % 16 ? SMALL : LARGE;
		slot->out = kmalloc(slot->len, GFP_KERNEL);
		slot->in = kmalloc(slot->len, GFP_KERNEL);
		if (!slot->out || !slot->in) {
			mdev_test_virtio_free(tdev);
			return NULL;
		}
	}
	return tdev;
}

/* Config space as far as there is any, and zeros after that */
static int mdev_test_virtio_check_config(struct virtio_device *vdev)
{
	u8 config[12];

	vdev->config->get(vdev, 0, config, 8);
	if (config[0] != 0xc0)
		return -EIO;
	vdev->config->get(vdev, 4, config, 1);
	if (config[0] != 0xc4)
		return -EIO;
	vdev->config->get(vdev, 0, config, sizeof(config));
	return config[0] ? -EIO : 0;
}

static int mdev_test_virtio_probe(struct virtio_device *vdev)
{
	struct mdev_test_virtio_driver_dev *tdev;
	int ret;

	ret = mdev_test_virtio_check_config(vdev);
	if (ret)
		return ret;
	tdev = mdev_test_virtio_alloc();
	if (!tdev)
		return -ENOMEM;
	vdev->priv = tdev;
	tdev->vq = virtio_find_single_vq(vdev, mdev_test_virtio_done, "echo");
	if (IS_ERR(tdev->vq)) {
		ret = PTR_ERR(tdev->vq);
		mdev_test_virtio_free(tdev);
		return ret;
	}
	virtio_device_ready(vdev);
	return 0;
}

/* Nobody is in the attributes any more. */
static void mdev_test_virtio_driver_remove(struct virtio_device *vdev)
{
	struct mdev_test_virtio_driver_dev *tdev = vdev->priv;

	virtio_reset_device(vdev);
	while (virtqueue_detach_unused_buf(tdev->vq))
		;
	vdev->config->del_vqs(vdev);
	mutex_destroy(&tdev->lock);
	mdev_test_virtio_free(tdev);
}

static const struct virtio_device_id mdev_test_virtio_ids[] = {
	{ MDEV_TEST_VIRTIO_ID, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver mdev_test_virtio_driver = {
	.driver.name = "mdev_test_virtio",
	.driver.dev_groups = mdev_test_virtio_groups,
	.id_table = mdev_test_virtio_ids,
	.probe = mdev_test_virtio_probe,
	.remove = mdev_test_virtio_driver_remove,
	.config_changed = mdev_test_virtio_config_changed,
};

int mdev_test_virtio_register(void)
{
	return register_virtio_driver(&mdev_test_virtio_driver);
}

void mdev_test_virtio_unregister(void)
{
	unregister_virtio_driver(&mdev_test_virtio_driver);
}
