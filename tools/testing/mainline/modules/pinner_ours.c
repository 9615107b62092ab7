// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdev_pinner.ko on our interface
 */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>

#include "pinner.h"

/**
 * struct pinner_place - where a page may be noted
 * @pin: what is pinned, or NULL
 * @iova: where
 */
struct pinner_place {
	struct vfio_mdev_pin *pin;
	u64 iova;
};

/**
 * struct pinner - state of a device
 * @lock: protects what is in @places; not held while pinning
 * @places: %PINNER_PAGES of them, while the device is open
 */
struct pinner {
	struct mutex lock;		/* see above */
	struct pinner_place *places;
};

static struct pinner *to_pinner(struct mdev_device *mdev)
{
	return mdev_get_drvdata(mdev);
}

static bool pinner_has(struct pinner *pinner, u64 iova)
{
	bool has = false;
	int i;

	mutex_lock(&pinner->lock);
	for (i = 0; i < PINNER_PAGES && !has; i++)
		has = pinner->places[i].pin && pinner->places[i].iova == iova;
	mutex_unlock(&pinner->lock);
	return has;
}

/* Whether there was a place for it, and it may still be used */
static bool pinner_note(struct pinner *pinner, struct vfio_mdev_pin *pin, u64 iova)
{
	bool noted = false;
	int i;

	mutex_lock(&pinner->lock);
	for (i = 0; i < PINNER_PAGES && !noted; i++) {
		if (pinner->places[i].pin || !vfio_mdev_pin_is_valid(pin))
			continue;
		pinner->places[i] = (struct pinner_place) { pin, iova };
		noted = true;
	}
	mutex_unlock(&pinner->lock);
	return noted;
}

static ssize_t pinner_read(struct mdev_device *mdev, char __user *buf, size_t count,
			   loff_t *ppos)
{
	struct pinner *pinner = to_pinner(mdev);
	u64 iova = *ppos & PAGE_MASK;
	struct vfio_mdev_pin *pin;
	struct page *page;

	if (pinner_has(pinner, iova))
		return count;
	pin = vfio_mdev_pin(mdev, iova, 1, IOMMU_READ | IOMMU_WRITE, &page);
	if (IS_ERR(pin))
		return PTR_ERR(pin);
	if (pinner_note(pinner, pin, iova))
		return count;
	vfio_mdev_unpin(pin);
	return -ENOSPC;
}

/* Does nothing, to tell what getting here takes. */
static ssize_t pinner_write(struct mdev_device *mdev, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	return count;
}

static void pinner_dma_unmap(struct mdev_device *mdev, u64 iova, u64 len)
{
	struct pinner *pinner = to_pinner(mdev);
	struct pinner_place *place;

	mutex_lock(&pinner->lock);
	for (place = pinner->places; place < pinner->places + PINNER_PAGES; place++) {
		if (!place->pin || place->iova - iova >= len)
			continue;
		vfio_mdev_unpin(place->pin);
		place->pin = NULL;
	}
	mutex_unlock(&pinner->lock);
}

static int pinner_open(struct mdev_device *mdev)
{
	struct pinner *pinner = to_pinner(mdev);

	pinner->places = kcalloc(PINNER_PAGES, sizeof(*pinner->places), GFP_KERNEL);
	return pinner->places ? 0 : -ENOMEM;
}

static void pinner_release(struct mdev_device *mdev)
{
	pinner_dma_unmap(mdev, 0, U64_MAX);
	kfree(to_pinner(mdev)->places);
}

static const struct vfio_mdev_device_ops pinner_ops = {
	.open = pinner_open,
	.release = pinner_release,
	.read = pinner_read,
	.write = pinner_write,
	.dma_unmap = pinner_dma_unmap,
};

static int pinner_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct pinner *pinner = kzalloc(sizeof(*pinner), GFP_KERNEL);

	if (!pinner)
		return -ENOMEM;
	mutex_init(&pinner->lock);
	mdev_set_drvdata(mdev, pinner);
	mdev_set_vfio_ops(mdev, &pinner_ops);
	return 0;
}

static int pinner_remove(struct mdev_device *mdev)
{
	kfree(to_pinner(mdev));
	return 0;
}

static struct mdev_type pinner_type = {
	.sysfs_name = PINNER_TYPE,
	.pretty_name = PINNER_TYPE,
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = PINNER_DEVICES,
};

static const struct mdev_parent_ops pinner_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&pinner_type),
	.create = pinner_create,
	.remove = pinner_remove,
};

int pinner_register(struct device *dev)
{
	return mdev_register_device(dev, &pinner_parent_ops);
}

void pinner_unregister(struct device *dev)
{
	mdev_unregister_device(dev);
}
