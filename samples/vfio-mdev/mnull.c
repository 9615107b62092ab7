// SPDX-License-Identifier: GPL-2.0-only
/*
 * mnull: a PCI device that does nothing, by the smallest driver that there can be
 *
 * Loading the module makes the parent device /sys/class/mnull/mnull with one type
 * of mediated devices. Each of them has a register that reads as what was last
 * written to it:
 *
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > \
 *     /sys/class/mdev_bus/mnull/mdev_supported_types/mnull-1/create
 *   # ls -l /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/
 *
 * Give it to a guest, where lspci shows it as 1af4:10f0, and remove it:
 *
 *   # qemu-system-x86_64 ... -device vfio-pci,\
 *     sysfsdev=/sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
 *   # echo 1 > /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/remove
 *
 * The lesson here: what every vendor driver has. Being a PCI device is left to the
 * library.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio_mdev_lib.h>

/* A device: all that makes it one for PCI. A real one has more to remember. */
struct mnull {
	struct vfio_mdev_pci_dev pdev;
};

static const struct vfio_mdev_pci_desc mnull_desc = {
	.vendor = 0x1af4,
	.device = 0x10f0,		/* given out for experiments */
	.bar[0].size = 16,		/* as small as it can be */
};

static int mnull_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mnull *mnull = kzalloc_obj(*mnull);
	int ret;

	if (!mnull)
		return -ENOMEM;
	mnull->pdev.region[0].flags = VFIO_MDEV_REGION_RW;
	ret = vfio_mdev_pci_dev_init(&mnull->pdev, mdev, &mnull_desc);
	if (!ret)
		ret = vfio_mdev_pci_dev_finish(&mnull->pdev, mdev,
					       &vfio_mdev_pci_dev_ops);
	if (ret)
		kfree(mnull);
	return ret;
}

static int mnull_remove(struct mdev_device *mdev)
{
	struct mnull *mnull = vfio_mdev_pci_dev_container(mdev, struct mnull, pdev);

	vfio_mdev_pci_dev_destroy(&mnull->pdev);
	kfree(mnull);
	return 0;
}

static struct mdev_type mnull_type = {
	.sysfs_name = "1",
	.pretty_name = "Null device",
	.description = "PCI device with a register that does nothing",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 64,
};

static const struct mdev_parent_ops mnull_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mnull_type),
	.create = mnull_create,
	.remove = mnull_remove,
};

module_mdev_virtual_parent(mnull_parent_ops);

MODULE_DESCRIPTION("Mediated PCI device that does nothing, a sample");
MODULE_LICENSE("GPL");
