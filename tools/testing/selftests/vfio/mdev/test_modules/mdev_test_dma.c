// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vendor driver for tests: devices that pin memory of their user when told to
 *
 * Type 1 does as vendors should. Type 2 has no dma_unmap(), so it cannot pin. Type 3
 * needs a virtual machine to be opened. Type 4 tries to pin in open().
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>

#include "mdev_test_dma.h"

/**
 * struct mdev_test_slot - a pin
 * @pin: the pin, or NULL
 * @pages: its pages, or NULL when they must not be used any more
 * @iova: where they are
 * @npage: how many
 * @busy: somebody is pinning or unpinning here
 */
struct mdev_test_slot {
	struct vfio_mdev_pin *pin;
	struct page **pages;
	u64 iova;
	unsigned int npage;
	bool busy;
};

/**
 * struct mdev_test_dma - state of a device
 * @mdev: the device
 * @lock: protects all that follows; not held while pinning or unpinning
 * @slot: pins
 * @unmaps: calls of dma_unmap()
 * @iova: range of the last one
 * @len: the same
 * @opened: what pinning in open() returned
 * @within: what dma_unmap() does
 * @within_iova: where
 * @tried_pin: what it got from pinning
 * @tried_rw: what it got from reading
 */
struct mdev_test_dma {
	struct mdev_device *mdev;
	struct mutex lock;		/* see above */
	struct mdev_test_slot slot[MDEV_TEST_DMA_SLOTS];
	unsigned int unmaps;
	u64 iova;
	u64 len;
	int opened;
	unsigned int within;
	u64 within_iova;
	int tried_pin;
	int tried_rw;
};

/* The slot in the state that is asked for, and of the caller alone */
static struct mdev_test_slot *
mdev_test_slot_get(struct mdev_test_dma *test, unsigned int index, bool pinned)
{
	struct mdev_test_slot *slot;

	if (index >= MDEV_TEST_DMA_SLOTS)
		return ERR_PTR(-ERANGE);
	slot = &test->slot[index];
	mutex_lock(&test->lock);
	if (slot->busy)
		slot = ERR_PTR(-EBUSY);
	else if (!slot->pin == pinned)
		slot = ERR_PTR(-ENXIO);
	else
		slot->busy = true;
	mutex_unlock(&test->lock);
	return slot;
}

static void mdev_test_slot_put(struct mdev_test_dma *test,
			       struct mdev_test_slot *slot)
{
	mutex_lock(&test->lock);
	slot->busy = false;
	mutex_unlock(&test->lock);
}

/* Unless it is being unmapped already */
static bool mdev_test_slot_fill(struct mdev_test_dma *test,
				struct mdev_test_slot *slot,
				struct vfio_mdev_pin *pin, struct page **pages,
				const struct mdev_test_dma_args *args)
{
	bool valid;

	mutex_lock(&test->lock);
	valid = vfio_mdev_pin_is_valid(pin);
	if (valid) {
		slot->pin = pin;
		slot->pages = pages;
		slot->iova = args->iova;
		slot->npage = args->npage;
	}
	mutex_unlock(&test->lock);
	return valid;
}

static int mdev_test_pin_to(struct mdev_test_dma *test,
			    struct mdev_test_slot *slot,
			    const struct mdev_test_dma_args *args)
{
	struct vfio_mdev_pin *pin;
	struct page **pages;

	/* What is too many is for the library to say. */
	pages = kcalloc(min(args->npage, 1024u) ?: 1, sizeof(*pages),
			GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	pin = vfio_mdev_pin(test->mdev, args->iova, args->npage, args->prot,
			    pages);
	if (IS_ERR(pin)) {
		kfree(pages);
		return PTR_ERR(pin);
	}
	/* As long as one that is preempted may take */
	if (args->value)
		msleep(args->value);
	if (mdev_test_slot_fill(test, slot, pin, pages, args))
		return 0;
	vfio_mdev_unpin(pin);
	kfree(pages);
	return -EAGAIN;
}

static int mdev_test_pin(struct mdev_test_dma *test,
			 const struct mdev_test_dma_args *args)
{
	struct mdev_test_slot *slot;
	int ret;

	slot = mdev_test_slot_get(test, args->slot, false);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	ret = mdev_test_pin_to(test, slot, args);
	mdev_test_slot_put(test, slot);
	return ret;
}

static void mdev_test_slot_empty(struct mdev_test_dma *test,
				 struct mdev_test_slot *slot)
{
	struct vfio_mdev_pin *pin;

	mutex_lock(&test->lock);
	pin = slot->pin;
	slot->pin = NULL;
	kfree(slot->pages);
	slot->pages = NULL;
	mutex_unlock(&test->lock);
	if (pin)
		vfio_mdev_unpin(pin);
}

static int mdev_test_unpin(struct mdev_test_dma *test, unsigned int index)
{
	struct mdev_test_slot *slot = mdev_test_slot_get(test, index, true);

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	mdev_test_slot_empty(test, slot);
	mdev_test_slot_put(test, slot);
	return 0;
}

/* -ESTALE if they were unmapped */
static int mdev_test_access(struct mdev_test_dma *test,
			    struct mdev_test_dma_args *args)
{
	struct mdev_test_slot *slot;
	struct page *page;
	size_t offset = args->iova % PAGE_SIZE;
	int ret = -ESTALE;

	if (args->slot >= MDEV_TEST_DMA_SLOTS ||
	    offset > PAGE_SIZE - sizeof(args->value))
		return -ERANGE;
	slot = &test->slot[args->slot];
	mutex_lock(&test->lock);
	if (slot->pages && args->iova / PAGE_SIZE < slot->npage) {
		page = slot->pages[args->iova / PAGE_SIZE];
		if (args->op == MDEV_TEST_DMA_STORE)
			memcpy_to_page(page, offset, (char *)&args->value,
				       sizeof(args->value));
		else
			memcpy_from_page((char *)&args->value, page, offset,
					 sizeof(args->value));
		ret = 0;
	}
	mutex_unlock(&test->lock);
	return ret;
}

static int mdev_test_count(struct mdev_test_dma *test,
			   struct mdev_test_dma_args *args)
{
	mutex_lock(&test->lock);
	args->value = test->unmaps;
	args->iova = test->iova;
	args->npage = test->len >> PAGE_SHIFT;
	mutex_unlock(&test->lock);
	return 0;
}

static int mdev_test_within(struct mdev_test_dma *test,
			    struct mdev_test_dma_args *args)
{
	mutex_lock(&test->lock);
	if (args->op == MDEV_TEST_DMA_WITHIN) {
		test->within = args->value;
		test->within_iova = args->iova;
	}
	args->value = (s64)test->tried_pin;
	args->npage = test->tried_rw;
	mutex_unlock(&test->lock);
	return 0;
}

static int mdev_test_kept(struct mdev_device *mdev,
			  struct mdev_test_dma_args *args)
{
	size_t offset = args->iova % PAGE_SIZE;
	struct page *page;

	if (offset > PAGE_SIZE - sizeof(args->value))
		return -ERANGE;
	rcu_read_lock();
	page = vfio_mdev_kept_page(mdev, args->iova, args->prot);
	if (page)
		memcpy_from_page((char *)&args->value, page, offset,
				 sizeof(args->value));
	rcu_read_unlock();
	return page ? 0 : -ENOENT;
}

static int mdev_test_keep(struct mdev_device *mdev,
			  struct mdev_test_dma_args *args)
{
	switch (args->op) {
	case MDEV_TEST_DMA_BUDGET:
		vfio_mdev_keep_pins(mdev, args->npage);
		return 0;
	case MDEV_TEST_DMA_KEEP:
		return vfio_mdev_keep_page(mdev, args->iova, args->prot);
	case MDEV_TEST_DMA_KEPT:
		return mdev_test_kept(mdev, args);
	case MDEV_TEST_DMA_KREAD:
	case MDEV_TEST_DMA_KWRITE:
		return vfio_mdev_kept_rw(mdev, args->iova, &args->value,
					 sizeof(args->value),
					 args->op == MDEV_TEST_DMA_KWRITE);
	default:
		return -ENOTTY;
	}
}

static int mdev_test_do(struct mdev_test_dma *test,
			struct mdev_test_dma_args *args)
{
	switch (args->op) {
	case MDEV_TEST_DMA_PIN:
		return mdev_test_pin(test, args);
	case MDEV_TEST_DMA_UNPIN:
		return mdev_test_unpin(test, args->slot);
	case MDEV_TEST_DMA_LOAD:
	case MDEV_TEST_DMA_STORE:
		return mdev_test_access(test, args);
	case MDEV_TEST_DMA_READ:
	case MDEV_TEST_DMA_WRITE:
		return vfio_mdev_dma_rw(test->mdev, args->iova, &args->value,
					sizeof(args->value),
					args->op == MDEV_TEST_DMA_WRITE);
	case MDEV_TEST_DMA_COUNT:
		return mdev_test_count(test, args);
	case MDEV_TEST_DMA_OPENED:
		return test->opened;
	case MDEV_TEST_DMA_WITHIN:
	case MDEV_TEST_DMA_TRIED:
		return mdev_test_within(test, args);
	default:
		return mdev_test_keep(test->mdev, args);
	}
}

static long mdev_test_dma_ioctl(struct mdev_device *mdev, unsigned int cmd,
				unsigned long arg)
{
	struct mdev_test_dma_args args;
	void __user *user = (void __user *)arg;
	int ret;

	if (cmd != MDEV_TEST_DMA)
		return -ENOTTY;
	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	ret = mdev_test_do(mdev_get_drvdata(mdev), &args);
	if (!ret && copy_to_user(user, &args, sizeof(args)))
		return -EFAULT;
	return ret;
}

/* What no vendor should do */
static void mdev_test_try(struct mdev_test_dma *test, u64 iova)
{
	struct vfio_mdev_pin *pin;
	struct page *page;
	u64 value;

	pin = vfio_mdev_pin(test->mdev, iova, 1, IOMMU_READ, &page);
	test->tried_pin = PTR_ERR_OR_ZERO(pin);
	if (!IS_ERR(pin))
		vfio_mdev_unpin(pin);
	test->tried_rw = vfio_mdev_dma_rw(test->mdev, iova, &value,
					  sizeof(value), false);
}

static void mdev_test_stop(struct mdev_test_slot *slot, unsigned int within)
{
	kfree(slot->pages);
	slot->pages = NULL;
	if (within & MDEV_TEST_DMA_UNPINS && !slot->busy) {
		vfio_mdev_unpin(slot->pin);
		slot->pin = NULL;
	}
}

static void mdev_test_dma_unmap(struct mdev_device *mdev, u64 iova, u64 len)
{
	struct mdev_test_dma *test = mdev_get_drvdata(mdev);
	struct mdev_test_slot *slot;

	mutex_lock(&test->lock);
	test->unmaps++;
	test->iova = iova;
	test->len = len;
	for (slot = test->slot; slot < test->slot + MDEV_TEST_DMA_SLOTS; slot++)
		if (slot->pin && slot->iova < iova + len &&
		    slot->iova + (u64)slot->npage * PAGE_SIZE > iova)
			mdev_test_stop(slot, test->within);
	if (test->within & MDEV_TEST_DMA_TRIES)
		mdev_test_try(test, test->within_iova);
	mutex_unlock(&test->lock);
}

static struct mdev_type mdev_test_dma_pins = {
	.sysfs_name = "1",
	.pretty_name = "DMA for tests",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

static struct mdev_type mdev_test_dma_cannot = {
	.sysfs_name = "2",
	.pretty_name = "DMA for tests, without dma_unmap()",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

static struct mdev_type mdev_test_dma_kvm = {
	.sysfs_name = "3",
	.pretty_name = "DMA for tests, in a virtual machine only",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

static struct mdev_type mdev_test_dma_early = {
	.sysfs_name = "4",
	.pretty_name = "DMA for tests, and too early",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

static int mdev_test_dma_open(struct mdev_device *mdev)
{
	struct mdev_test_dma *test = mdev_get_drvdata(mdev);
	struct vfio_mdev_pin *pin;
	struct page *page;

	if (mdev->type == &mdev_test_dma_kvm && !vfio_mdev_kvm(mdev))
		return -ESRCH;
	if (mdev->type != &mdev_test_dma_early)
		return 0;
	pin = vfio_mdev_pin(mdev, 0, 1, IOMMU_READ, &page);
	test->opened = PTR_ERR_OR_ZERO(pin);
	if (!IS_ERR(pin))
		vfio_mdev_unpin(pin);
	return 0;
}

static bool forget;
module_param(forget, bool, 0644);
MODULE_PARM_DESC(forget, "Whether release() leaves pins behind");

static void mdev_test_dma_release(struct mdev_device *mdev)
{
	struct mdev_test_dma *test = mdev_get_drvdata(mdev);
	struct mdev_test_slot *slot;

	for (slot = test->slot; slot < test->slot + MDEV_TEST_DMA_SLOTS; slot++) {
		if (forget)
			slot->pin = NULL;
		mdev_test_slot_empty(test, slot);
	}
	test->within = 0;
	test->unmaps = 0;
}

static const struct vfio_mdev_device_ops mdev_test_dma_ops = {
	.open = mdev_test_dma_open,
	.release = mdev_test_dma_release,
	.ioctl = mdev_test_dma_ioctl,
	.dma_unmap = mdev_test_dma_unmap,
	.log_dma = true,
};

static const struct vfio_mdev_device_ops mdev_test_dma_cannot_ops = {
	.open = mdev_test_dma_open,
	.release = mdev_test_dma_release,
	.ioctl = mdev_test_dma_ioctl,
};

static int mdev_test_dma_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mdev_test_dma *test = kzalloc_obj(*test);

	if (!test)
		return -ENOMEM;
	test->mdev = mdev;
	mutex_init(&test->lock);
	mdev_set_drvdata(mdev, test);
	mdev_set_vfio_ops(mdev, mdev->type == &mdev_test_dma_cannot ?
			  &mdev_test_dma_cannot_ops : &mdev_test_dma_ops);
	return 0;
}

static int mdev_test_dma_remove(struct mdev_device *mdev)
{
	kfree(mdev_get_drvdata(mdev));
	return 0;
}

static const struct mdev_parent_ops mdev_test_dma_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mdev_test_dma_pins, &mdev_test_dma_cannot,
		   &mdev_test_dma_kvm, &mdev_test_dma_early),
	.create = mdev_test_dma_create,
	.remove = mdev_test_dma_remove,
};

module_mdev_virtual_parent(mdev_test_dma_parent_ops);

MODULE_DESCRIPTION("Vendor driver for tests of pinned memory");
MODULE_LICENSE("GPL");
