// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO devices that a parent's own driver has registered below its mediated devices
 *
 * They are opened without us. So that unbinding the driver does not wait for whoever
 * has one open, they are looked at, asked and claimed from here.
 */
#include <linux/device.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "mdev_private.h"

static int mdev_vfio_is_one(struct device *dev, void *data)
{
	struct device **found = data;

	if (!dev->class || strcmp(dev->class->name, "vfio-dev"))
		return 0;
	*found = get_device(dev);
	return 1;
}

/* The VFIO device, counted; or NULL, if the driver has none */
static struct vfio_device *mdev_vfio_get(struct mdev_device *mdev)
{
	struct device *found = NULL;

	device_for_each_child(&mdev->dev, &found, mdev_vfio_is_one);
	return found ? container_of(found, struct vfio_device, device) : NULL;
}

static void mdev_vfio_put(struct vfio_device *vdev)
{
	put_device(&vdev->device);
}

/* For messages: whether somebody has it open, or is about to */
bool mdev_vfio_in_use(struct mdev_device *mdev)
{
	struct vfio_device *vdev = mdev_vfio_get(mdev);
	bool in_use;

	if (!vdev)
		return false;
	in_use = refcount_read(&vdev->refcount) > 1;
	mdev_vfio_put(vdev);
	return in_use;
}

bool mdev_vfio_claim(struct mdev_device *mdev)
{
	struct vfio_device *vdev = mdev_vfio_get(mdev);
	bool claimed;

	if (!vdev)
		return true;
	claimed = vfio_device_claim_registration(vdev);
	mdev_vfio_put(vdev);
	return claimed;
}

int mdev_vfio_request(struct mdev_device *mdev, unsigned int count)
{
	struct vfio_device *vdev = mdev_vfio_get(mdev);
	int ret = -EOPNOTSUPP;

	if (!vdev)
		return ret;
	if (vdev->ops->request) {
		vdev->ops->request(vdev, count);
		ret = 0;
	}
	mdev_vfio_put(vdev);
	return ret;
}
