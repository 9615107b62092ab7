// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtce: a PCI device that copies memory of its user through DMA windows
 *
 * Loading the module makes the parent device /sys/class/mtce/mtce with one type of
 * mediated devices. mtce.h says how a driver uses one. The lessons here:
 *
 * Finding. A command finds a window by a number and the virtual machine of its device, so
 * the numbers of one guest mean nothing in another.
 *
 * References. A window is held while an entry is looked up, and not while memory is
 * accessed, which may take as long as the user likes.
 *
 * Entries are addresses, for which nothing is pinned: memory that the user unmaps is
 * not there for the next page of a copy, and an entry that changes takes effect there.
 */
#include <linux/mdev.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci_ids.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vfio_mdev_window.h>

#include "mtce.h"

#define MTCE_PERMISSIONS	(MTCE_READ | MTCE_WRITE)

/* A device. No lock is held while a command runs, which has a copy of the registers. */
struct mtce {
	struct vfio_mdev_pci_dev pdev;
	struct mdev_device *mdev;
	spinlock_t lock;		/* protects the registers */
	struct mtce_registers reg;
};

/* An entry is kept as the number of its page, with the permissions below. */
static int mtce_load(struct vfio_mdev_window *window, u64 ioba, u64 *tce)
{
	unsigned long index;
	void *entry;
	int ret;

	ret = vfio_mdev_window_index(window, ioba, &index);
	if (ret)
		return ret;
	entry = xa_load(&window->entries, index);
	*tce = entry ? xa_to_value(entry) : 0;
	*tce = *tce >> 2 << window->page_shift | (*tce & MTCE_PERMISSIONS);
	return 0;
}

static int mtce_store(struct vfio_mdev_window *window, u64 ioba, u64 tce,
		      u64 count)
{
	u64 value = tce >> window->page_shift << 2 | (tce & MTCE_PERMISSIONS);
	unsigned long index, i;
	int ret;

	ret = vfio_mdev_window_index(window, ioba, &index);
	if (ret)
		return ret;
	if (count > MTCE_STUFF_MAX ||
	    count > (window->size >> window->page_shift) - index ||
	    tce & (BIT_ULL(window->page_shift) - 1) & ~MTCE_PERMISSIONS)
		return -EINVAL;
	for (i = index; !ret && i < index + count; i++)
		ret = xa_err(xa_store(&window->entries, i,
				      tce ? xa_mk_value(value) : NULL,
				      GFP_KERNEL));
	return ret;
}

static int mtce_entries(struct mtce *mtce, struct mtce_registers *reg,
			u64 command)
{
	struct vfio_mdev_window *window;
	int ret;

	window = vfio_mdev_window_get(vfio_mdev_kvm(mtce->mdev), reg->liobn);
	if (!window)
		return -ENOENT;
	if (command == MTCE_GET)
		ret = mtce_load(window, reg->ioba, &reg->tce);
	else
		ret = mtce_store(window, reg->ioba, reg->tce,
				 command == MTCE_PUT ? 1 : reg->count);
	vfio_mdev_window_put(window);
	return ret;
}

/* Where an access goes, how much of it is in that page; by a window that the device has */
static int mtce_walk(struct mtce *mtce, u64 liobn, u64 ioba, u64 permission,
		     u64 *address, u64 *len)
{
	struct vfio_mdev_window *window;
	u64 mask, tce;
	int ret;

	window = vfio_mdev_window_get(vfio_mdev_kvm(mtce->mdev), liobn);
	if (!window)
		return -ENOENT;
	ret = vfio_mdev_window_is_attached(mtce->mdev, window) ?
	      mtce_load(window, ioba, &tce) : -ENOENT;
	if (!ret && !(tce & permission))
		ret = -EPERM;
	if (!ret) {
		mask = BIT_ULL(window->page_shift) - 1;
		*address = (tce & ~mask) | (ioba & mask);
		*len = min(*len, mask + 1 - (ioba & mask));
	}
	vfio_mdev_window_put(window);
	return ret;
}

/* What is in one page at both ends, and fits into the buffer */
static int mtce_copy_piece(struct mtce *mtce, const struct mtce_registers *reg,
			   u64 at, void *buf, u64 *len)
{
	u64 from, to;
	int ret;

	*len = min_t(u64, reg->count - at, PAGE_SIZE);
	ret = mtce_walk(mtce, reg->liobn, reg->ioba + at, MTCE_READ, &from,
			len);
	if (!ret)
		ret = mtce_walk(mtce, reg->liobn, reg->target + at, MTCE_WRITE,
				&to, len);
	if (!ret)
		ret = vfio_mdev_dma_rw(mtce->mdev, from, buf, *len, false);
	if (!ret)
		ret = vfio_mdev_dma_rw(mtce->mdev, to, buf, *len, true);
	return ret;
}

static int mtce_copy(struct mtce *mtce, const struct mtce_registers *reg)
{
	u64 at, end, len;
	void *buf;
	int ret = 0;

	if (reg->count > MTCE_COPY_MAX ||
	    check_add_overflow(reg->ioba, reg->count, &end) ||
	    check_add_overflow(reg->target, reg->count, &end))
		return -EINVAL;
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	for (at = 0; !ret && at < reg->count; at += len) {
		ret = mtce_copy_piece(mtce, reg, at, buf, &len);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	kfree(buf);
	return ret;
}

static void mtce_command(struct mtce *mtce, u64 command)
{
	struct mtce_registers reg;
	int ret;

	spin_lock(&mtce->lock);
	reg = mtce->reg;
	spin_unlock(&mtce->lock);
	if (command >= MTCE_PUT && command <= MTCE_GET)
		ret = mtce_entries(mtce, &reg, command);
	else
		ret = command == MTCE_COPY ? mtce_copy(mtce, &reg) : -EINVAL;
	spin_lock(&mtce->lock);
	mtce->reg.status = -ret;
	if (command == MTCE_GET && !ret)
		mtce->reg.tce = reg.tce;
	spin_unlock(&mtce->lock);
}

static u64 *mtce_register(struct mtce *mtce, u64 offset)
{
	return (u64 *)((u8 *)&mtce->reg + offset);
}

static u64 mtce_read(void *priv, u64 offset, unsigned int width)
{
	struct mtce *mtce = priv;
	u64 value;

	spin_lock(&mtce->lock);
	value = *mtce_register(mtce, offset);
	spin_unlock(&mtce->lock);
	return value;
}

static void mtce_write(void *priv, u64 offset, unsigned int width, u64 value)
{
	struct mtce *mtce = priv;

	if (offset == offsetof(struct mtce_registers, command)) {
		mtce_command(mtce, value);
	} else if (offset >= offsetof(struct mtce_registers, liobn)) {
		spin_lock(&mtce->lock);
		*mtce_register(mtce, offset) = value;
		spin_unlock(&mtce->lock);
	}
}

static const struct vfio_mdev_region_ops mtce_registers = {
	.read = mtce_read,
	.write = mtce_write,
};

/* Windows are its user's, and stay. */
static void mtce_reset(struct vfio_mdev_pci_dev *pdev)
{
	struct mtce *mtce = container_of(pdev, struct mtce, pdev);

	spin_lock(&mtce->lock);
	mtce->reg = (struct mtce_registers){ .id = MTCE_ID_VALUE };
	spin_unlock(&mtce->lock);
}

static const struct vfio_mdev_pci_desc mtce_desc = {
	.vendor = MTCE_PCI_VENDOR_ID,
	.device = MTCE_PCI_DEVICE_ID,
	.class = PCI_CLASS_SYSTEM_DMA << 8,
	.bar[0].size = sizeof(struct mtce_registers),
};

static long mtce_ioctl(struct mdev_device *mdev, unsigned int cmd,
		       unsigned long arg)
{
	long ret = vfio_mdev_window_ioctl(mdev, cmd, arg);

	return ret == -ENOTTY ? vfio_mdev_pci_dev_ioctl(mdev, cmd, arg) : ret;
}

static const struct vfio_mdev_device_ops mtce_ops = {
	.ioctl = mtce_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_OPEN,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_REQUEST,
};

static int mtce_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mtce *mtce = kzalloc_obj(*mtce);
	int ret;

	if (!mtce)
		return -ENOMEM;
	mtce->mdev = mdev;
	spin_lock_init(&mtce->lock);
	mtce->pdev.region[0].flags = VFIO_MDEV_REGION_RW;
	mtce->pdev.region[0].ops = &mtce_registers;
	mtce->pdev.region[0].priv = mtce;
	mtce->pdev.region[0].min_width = sizeof(u64);
	mtce->pdev.reset = mtce_reset;
	ret = vfio_mdev_pci_dev_init(&mtce->pdev, mdev, &mtce_desc);
	if (!ret)
		ret = vfio_mdev_pci_dev_finish(&mtce->pdev, mdev, &mtce_ops);
	if (ret)
		kfree(mtce);
	return ret;
}

static int mtce_remove(struct mdev_device *mdev)
{
	struct mtce *mtce = vfio_mdev_pci_dev_container(mdev, struct mtce, pdev);

	vfio_mdev_pci_dev_destroy(&mtce->pdev);
	kfree(mtce);
	return 0;
}

static struct mdev_type mtce_type = {
	.sysfs_name = "1",
	.pretty_name = "DMA windows",
	.description = "PCI device that copies memory through windows of its virtual machine",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 64,
};

static const struct mdev_parent_ops mtce_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mtce_type),
	.create = mtce_create,
	.remove = mtce_remove,
};

module_mdev_virtual_parent(mtce_parent_ops);

MODULE_DESCRIPTION("Mediated PCI device with DMA windows, a sample");
MODULE_LICENSE("GPL");
