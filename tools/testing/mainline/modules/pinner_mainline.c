// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdev_pinner.ko on the interface of the kernel's own mediated devices: it does as kvmgt
 * does, with one lock around all, and unpins in dma_unmap().
 */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "pinner.h"

/**
 * struct pinner - state of a device
 * @vdev: what VFIO knows of it
 * @lock: protects what is in @iova, and what is pinned
 * @iova: where %PINNER_PAGES pages are pinned, or 0; while the device is open
 */
struct pinner {
	struct vfio_device vdev;
	struct mutex lock;		/* see above */
	u64 *iova;
};

static struct pinner *to_pinner(struct vfio_device *vdev)
{
	return container_of(vdev, struct pinner, vdev);
}

/* The place of a page, or one that is free if it has none, or NULL */
static u64 *pinner_place(struct pinner *pinner, u64 iova)
{
	u64 *free = NULL;
	int i;

	for (i = 0; i < PINNER_PAGES; i++) {
		if (pinner->iova[i] == iova)
			return &pinner->iova[i];
		if (!pinner->iova[i])
			free = &pinner->iova[i];
	}
	return free;
}

static int pinner_pin(struct pinner *pinner, u64 iova)
{
	u64 *place = pinner_place(pinner, iova);
	struct page *page;
	int ret;

	if (!place)
		return -ENOSPC;
	if (*place)
		return 0;
	ret = vfio_pin_pages(&pinner->vdev, iova, 1, IOMMU_READ | IOMMU_WRITE, &page);
	if (ret != 1)
		return ret ?: -EFAULT;
	*place = iova;
	return 0;
}

static ssize_t pinner_read(struct vfio_device *vdev, char __user *buf,
			   size_t count, loff_t *ppos)
{
	struct pinner *pinner = to_pinner(vdev);
	int ret;

	mutex_lock(&pinner->lock);
	ret = pinner_pin(pinner, *ppos & PAGE_MASK);
	mutex_unlock(&pinner->lock);
	return ret ?: count;
}

/* Does nothing, to tell what getting here takes. */
static ssize_t pinner_write(struct vfio_device *vdev, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	return count;
}

static void pinner_dma_unmap(struct vfio_device *vdev, u64 iova, u64 len)
{
	struct pinner *pinner = to_pinner(vdev);
	int i;

	mutex_lock(&pinner->lock);
	for (i = 0; i < PINNER_PAGES; i++) {
		if (!pinner->iova[i] || pinner->iova[i] - iova >= len)
			continue;
		vfio_unpin_pages(vdev, pinner->iova[i], 1);
		pinner->iova[i] = 0;
	}
	mutex_unlock(&pinner->lock);
}

static int pinner_open(struct vfio_device *vdev)
{
	struct pinner *pinner = to_pinner(vdev);

	pinner->iova = kcalloc(PINNER_PAGES, sizeof(*pinner->iova), GFP_KERNEL);
	return pinner->iova ? 0 : -ENOMEM;
}

static void pinner_close(struct vfio_device *vdev)
{
	pinner_dma_unmap(vdev, 0, U64_MAX);
	kfree(to_pinner(vdev)->iova);
}

static int pinner_init_dev(struct vfio_device *vdev)
{
	mutex_init(&to_pinner(vdev)->lock);
	return 0;
}

#ifdef PINNER_FREES
/* Up to 6.1, the driver has to free the device. */
static void pinner_release(struct vfio_device *vdev)
{
	vfio_free_device(vdev);
}
#define PINNER_KERNEL_OPS .release = pinner_release
#else
/* Later, VFIO does, and a driver has to say how a device gets an iommufd. */
#define PINNER_KERNEL_OPS						\
	.bind_iommufd = vfio_iommufd_emulated_bind,			\
	.unbind_iommufd = vfio_iommufd_emulated_unbind,			\
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,		\
	.detach_ioas = vfio_iommufd_emulated_detach_ioas
#endif

static const struct vfio_device_ops pinner_ops = {
	.name = "mdev_pinner",
	.init = pinner_init_dev,
	PINNER_KERNEL_OPS,
	.open_device = pinner_open,
	.close_device = pinner_close,
	.read = pinner_read,
	.write = pinner_write,
	.dma_unmap = pinner_dma_unmap,
};

static int pinner_probe(struct mdev_device *mdev)
{
	struct pinner *pinner;
	int ret;

	pinner = vfio_alloc_device(pinner, vdev, &mdev->dev, &pinner_ops);
	if (IS_ERR(pinner))
		return PTR_ERR(pinner);
	ret = vfio_register_emulated_iommu_dev(&pinner->vdev);
	if (ret) {
		vfio_put_device(&pinner->vdev);
		return ret;
	}
	dev_set_drvdata(&mdev->dev, pinner);
	return 0;
}

static void pinner_remove(struct mdev_device *mdev)
{
	struct pinner *pinner = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&pinner->vdev);
	vfio_put_device(&pinner->vdev);
}

static struct mdev_driver pinner_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = PINNER_DEVICES,
	.probe = pinner_probe,
	.remove = pinner_remove,
	.driver = {
		.name = "mdev_pinner",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
};

static struct mdev_type pinner_type = {
	.sysfs_name = PINNER_TYPE, .pretty_name = PINNER_TYPE,
};

static struct mdev_type *pinner_types[] = { &pinner_type };
static struct mdev_parent pinner_parent;

int pinner_register(struct device *dev)
{
	int ret = mdev_register_driver(&pinner_driver);

	if (ret)
		return ret;
	ret = mdev_register_parent(&pinner_parent, dev, &pinner_driver, pinner_types, 1);
	if (ret)
		mdev_unregister_driver(&pinner_driver);
	return ret;
}

void pinner_unregister(struct device *dev)
{
	mdev_unregister_parent(&pinner_parent);
	mdev_unregister_driver(&pinner_driver);
}
