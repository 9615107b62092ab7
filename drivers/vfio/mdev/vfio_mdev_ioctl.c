// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls of a mediated device that looks like a PCI device
 *
 * Copies between user space and kernel structures, and checks of their sizes.
 * What the answers are is up to the tables of the device.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio_mdev_lib.h>

/**
 * vfio_mdev_ioctl_get_info - answer VFIO_DEVICE_GET_INFO
 * @arg: struct vfio_device_info of user space
 * @flags: VFIO_DEVICE_FLAGS_*
 * @num_regions: number of regions
 * @num_irqs: number of interrupt indexes
 *
 * Context: process context, no locks held.
 * Return: 0, -EFAULT, or -EINVAL if user space's structure is too small.
 */
long vfio_mdev_ioctl_get_info(void __user *arg, u32 flags, u32 num_regions,
			      u32 num_irqs)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info = {
		.flags = flags,
		.num_regions = num_regions,
		.num_irqs = num_irqs,
	};

	if (get_user(info.argsz, (__u32 __user *)arg))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_ioctl_get_info);

/**
 * vfio_mdev_ioctl_get_irq_info - answer VFIO_DEVICE_GET_IRQ_INFO
 * @irqs: interrupts of the device
 * @arg: struct vfio_irq_info of user space
 *
 * Context: process context, no locks held.
 * Return: 0; -EFAULT; -EINVAL if user space's structure is too small; or what
 * vfio_mdev_irq_get_info() returns.
 */
long vfio_mdev_ioctl_get_irq_info(const struct vfio_mdev_irqs *irqs,
				  void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info = { };
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	ret = vfio_mdev_irq_get_info(irqs, &info);
	if (ret)
		return ret;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_ioctl_get_irq_info);

/**
 * vfio_mdev_ioctl_set_irqs - answer VFIO_DEVICE_SET_IRQS
 * @irqs: interrupts of the device
 * @arg: struct vfio_irq_set of user space
 *
 * Context: process context, no locks held.
 * Return: 0, -EFAULT, -ENOMEM, or what vfio_mdev_irq_set() returns.
 */
long vfio_mdev_ioctl_set_irqs(struct vfio_mdev_irqs *irqs, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set set = { };
	void *data = NULL;
	size_t data_size;
	int ret;

	if (copy_from_user(&set, arg, minsz))
		return -EFAULT;

	ret = vfio_mdev_irq_check(irqs, &set, &data_size);
	if (ret)
		return ret;
	if (data_size) {
		data = memdup_user(arg + minsz, data_size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}

	ret = vfio_mdev_irq_set(irqs, &set, data);
	kfree(data);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_ioctl_set_irqs);

static long vfio_mdev_ioctl_get_pci_info(const struct vfio_mdev_pci *pci,
					 void __user *arg)
{
	u32 flags = VFIO_DEVICE_FLAGS_PCI;

	if (pci->reset)
		flags |= VFIO_DEVICE_FLAGS_RESET;
	return vfio_mdev_ioctl_get_info(arg, flags, pci->regions->nr,
					pci->irqs->nr);
}

/**
 * vfio_mdev_pci_ioctl - answer the ioctls of a PCI device, for an ioctl op
 * @mdev: the device
 * @pci: its tables
 * @cmd: the ioctl
 * @arg: its argument
 *
 * VFIO_DEVICE_GET_REGION_INFO is not among them: it arrives at the vendor's
 * get_region_info op.
 *
 * Context: process context, no locks held.
 * Return: 0 or a negative errno; -ENOTTY for an ioctl that is not known here,
 * -EINVAL for a reset of a device that cannot be reset.
 */
long vfio_mdev_pci_ioctl(struct mdev_device *mdev,
			 const struct vfio_mdev_pci *pci, unsigned int cmd,
			 unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return vfio_mdev_ioctl_get_pci_info(pci, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return vfio_mdev_ioctl_get_irq_info(pci->irqs, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return vfio_mdev_ioctl_set_irqs(pci->irqs, uarg);
	case VFIO_DEVICE_RESET:
		return pci->reset ? pci->reset(mdev) : -EINVAL;
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_ioctl);
