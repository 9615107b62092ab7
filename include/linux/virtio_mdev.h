/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices that are virtio devices of this machine
 *
 * The vendor gives each device a description and a table of callbacks; virtio_mdev.ko
 * makes a virtio device of it, which the kernel's own drivers take: virtio_net for a
 * network card, and so on. No virtual machine and no VFIO is in between.
 */
#ifndef VIRTIO_MDEV_H
#define VIRTIO_MDEV_H

#include <linux/mdev.h>
#include <linux/virtio_mdev_ring.h>

/**
 * struct virtio_mdev_device_ops - what a mediated device of class MDEV_ID_VIRTIO is
 * @device_id: kind of virtio device, VIRTIO_ID_NET for instance; not 0
 * @vendor_id: for people to read
 * @nvqs: how many queues it has
 * @vq_num_max: size of each, at most; a power of 2, at most 32768
 * @config_size: bytes of config space
 * @get_features: what the device offers. VIRTIO_F_VERSION_1 has to be among it. Of the
 *		  bits from 28 to 41, only VIRTIO_RING_F_INDIRECT_DESC,
 *		  VIRTIO_RING_F_EVENT_IDX and that one reach the driver.
 * @set_features: the driver uses these; returns 0 or a negative errno, which the
 *		  driver's probe ends with. May be NULL.
 * @set_vq_address: the driver has made queue @idx, of size @num at @addr, which are
 *		    physical addresses; see virtio_mdev_ring_init() and
 *		    virtio_mdev_ring_phys. Returns 0 or a negative errno.
 * @kick_vq: there are buffers in queue @idx. Called by the driver under its locks, in
 *	     softirqs too: it has to queue work and return.
 * @set_status: the driver has changed the status. The device works on queues only while
 *		VIRTIO_CONFIG_S_DRIVER_OK is set in it. 0 is a reset: when this returns,
 *		the device has let go of all queues, and their memory may be freed.
 * @get_config: read @len bytes of config space at @offset; they are in it
 * @set_config: write them. May be NULL if the driver has nothing to write.
 * @get_generation: a number that changes when several fields of config space do. May be
 *		    NULL if no field has to go together with another.
 *
 * Without @get_features, @set_vq_address, @kick_vq or @set_status, and without
 * @get_config if there is config space, the device is refused with -EINVAL. All but
 * @kick_vq are called in process context, one at a time, but for @get_config and
 * @get_generation. Between create() and remove(), the driver may come and go; each time
 * it begins and ends with a reset.
 */
struct virtio_mdev_device_ops {
	u32 device_id;
	u32 vendor_id;
	unsigned int nvqs;
	u16 vq_num_max;
	unsigned int config_size;
	u64 (*get_features)(struct mdev_device *mdev);
	int (*set_features)(struct mdev_device *mdev, u64 features);
	int (*set_vq_address)(struct mdev_device *mdev, unsigned int idx, u16 num,
			      const struct virtio_mdev_ring_addr *addr);
	void (*kick_vq)(struct mdev_device *mdev, unsigned int idx);
	void (*set_status)(struct mdev_device *mdev, u8 status);
	void (*get_config)(struct mdev_device *mdev, unsigned int offset, void *buf,
			   unsigned int len);
	void (*set_config)(struct mdev_device *mdev, unsigned int offset,
			   const void *buf, unsigned int len);
	u32 (*get_generation)(struct mdev_device *mdev);
};

void virtio_mdev_vq_interrupt(struct mdev_device *mdev, unsigned int idx);
void virtio_mdev_config_changed(struct mdev_device *mdev);
void virtio_mdev_vq_broken(struct mdev_device *mdev, unsigned int idx, int err);

/**
 * mdev_set_virtio_ops - make a device one that is a virtio device
 * @mdev: device that is being created
 * @ops: what it is; used until the vendor's remove() has returned
 *
 * Sets class and ops, which belong together, in one step.
 *
 * Context: the vendor's create() callback.
 */
static inline void mdev_set_virtio_ops(struct mdev_device *mdev,
				       const struct virtio_mdev_device_ops *ops)
{
	mdev_set_class_id(mdev, MDEV_ID_VIRTIO);
	mdev_set_dev_ops(mdev, ops);
}

/**
 * mdev_get_virtio_ops - what a device was made by
 * @mdev: a device of class MDEV_ID_VIRTIO
 *
 * Return: the ops; NULL, with an error in the log, for a device of another class.
 */
static inline const struct virtio_mdev_device_ops *
mdev_get_virtio_ops(struct mdev_device *mdev)
{
	if (mdev_get_class_id(mdev) != MDEV_ID_VIRTIO) {
		dev_err(mdev_dev(mdev), "not of the virtio class\n");
		return NULL;
	}
	return mdev_get_dev_ops(mdev);
}

#endif /* VIRTIO_MDEV_H */
