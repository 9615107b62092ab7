// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mediated PCI device made of all parts of the library
 *
 * Ready-made ops for a device whose driver data is a struct vfio_mdev_pci_dev. A
 * vendor takes the whole table, or puts single ones into a table of its own.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mdev.h>
#include <linux/string.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>

/* to_vfio_mdev_pci_dev(), without the call: each access goes here. */
static struct vfio_mdev_pci_dev *vfio_mdev_pci_dev_of(struct mdev_device *mdev)
{
	return mdev->driver_data;
}

/* In the command register, the interrupt disable bit may have changed. */
static void vfio_mdev_pci_dev_written(struct vfio_mdev_config *config,
				      unsigned int offset, unsigned int count)
{
	struct vfio_mdev_pci_dev *pdev =
		container_of(config, struct vfio_mdev_pci_dev, config);

	if (offset <= PCI_COMMAND + 1 && offset + count > PCI_COMMAND)
		vfio_mdev_irq_update(&pdev->irqs);
}

/* Memory that can be written reads as zeros already. */
static void vfio_mdev_pci_dev_power_on(struct vfio_mdev_pci_dev *pdev)
{
	might_sleep();
	if (pdev->reset)
		pdev->reset(pdev);
	vfio_mdev_config_reset(&pdev->config);
	vfio_mdev_irq_update(&pdev->irqs);
}

static int vfio_mdev_pci_dev_begin_reset(struct vfio_mdev_pci_dev *pdev)
{
	return pdev->mig_desc ? vfio_mdev_migration_begin_reset(&pdev->mig) : 0;
}

static void vfio_mdev_pci_dev_end_reset(struct vfio_mdev_pci_dev *pdev)
{
	if (pdev->mig_desc)
		vfio_mdev_migration_end_reset(&pdev->mig);
}

static int vfio_mdev_pci_dev_reset(struct mdev_device *mdev)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);
	int ret = vfio_mdev_pci_dev_begin_reset(pdev);

	if (ret)
		return ret;
	vfio_mdev_regions_clear(&pdev->regions);
	vfio_mdev_pci_dev_power_on(pdev);
	vfio_mdev_pci_dev_end_reset(pdev);
	return 0;
}

/**
 * vfio_mdev_pci_dev_init - begin to set up a device
 * @pdev: what to set up, in memory that was zeroed; what the vendor has filled in
 *	  since stays
 * @mdev: the device that it is the state of
 * @desc: identity and base address registers; not needed afterwards
 *
 * Before or after it, the vendor fills in the regions of the base address registers;
 * after it, the vendor adds capabilities if the device has some, and calls
 * vfio_mdev_pci_dev_finish().
 *
 * Context: the vendor's create() callback.
 * Return: 0; -EINVAL, with a message that names the field, for a description that
 * no PCI device can have; or -ENOMEM. After a failure there is nothing to destroy.
 * -EINVAL, too, for @pdev that was set up already, which stays as it is.
 */
int vfio_mdev_pci_dev_init(struct vfio_mdev_pci_dev *pdev,
			   struct mdev_device *mdev,
			   const struct vfio_mdev_pci_desc *desc)
{
	if (!pdev->nr_regions)
		pdev->nr_regions = VFIO_PCI_NUM_REGIONS;
	return vfio_mdev_config_init(&pdev->config, mdev_dev(mdev), desc);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_init);

/* Why a device cannot have these ops, or NULL. Some, it can do without. */
static const char *
vfio_mdev_pci_dev_ops_fault(const struct vfio_mdev_device_ops *ops)
{
	if (!ops)
		return "ops is NULL";
	if (!ops->open)
		return "ops has no open";
	if (!ops->read)
		return "ops has no read";
	if (!ops->write)
		return "ops has no write";
	if (!ops->ioctl)
		return "ops has no ioctl";
	if (!ops->get_region_info)
		return "ops has no get_region_info";
	return NULL;
}

static const char *
vfio_mdev_pci_dev_fault(const struct vfio_mdev_pci_dev *pdev,
			const struct vfio_mdev_device_ops *ops)
{
	const char *fault;
	bool migrates;

	if (pdev->regions.region)
		return "vfio_mdev_pci_dev_finish() was called already";
	fault = vfio_mdev_pci_dev_ops_fault(ops);
	if (fault)
		return fault;
	migrates = ops->migration == &vfio_mdev_pci_dev_migration;
	if (migrates != !!pdev->mig_desc)
		return "one of mig_desc and VFIO_MDEV_PCI_DEV_OPS_MIGRATION is missing";
	return NULL;
}

static int vfio_mdev_pci_dev_init_regions(struct vfio_mdev_pci_dev *pdev,
					  struct device *dev)
{
	if (pdev->nr_regions > ARRAY_SIZE(pdev->region)) {
		dev_err(dev, "nr_regions is above %zu\n",
			ARRAY_SIZE(pdev->region));
		return -EINVAL;
	}
	return vfio_mdev_regions_init(&pdev->regions, dev, pdev->region,
				      pdev->nr_regions, &pdev->config);
}

static int vfio_mdev_pci_dev_init_migration(struct vfio_mdev_pci_dev *pdev,
					    struct mdev_device *mdev)
{
	const struct vfio_mdev_mig_parts parts = {
		.config = &pdev->config,
		.irqs = &pdev->irqs,
		.regions = &pdev->regions,
	};

	if (!pdev->mig_desc)
		return 0;
	return vfio_mdev_migration_init(&pdev->mig, mdev, pdev->mig_desc,
					&parts);
}

static int vfio_mdev_pci_dev_complete(struct vfio_mdev_pci_dev *pdev,
				      struct mdev_device *mdev,
				      const struct vfio_mdev_device_ops *ops)
{
	const char *fault = vfio_mdev_pci_dev_fault(pdev, ops);
	struct vfio_mdev_irq_desc irq_desc = {
		.dev = mdev_dev(mdev),
		.config = &pdev->config,
	};
	int ret;

	if (fault) {
		dev_err(mdev_dev(mdev), "%s\n", fault);
		return -EINVAL;
	}
	ret = vfio_mdev_pci_dev_init_regions(pdev, mdev_dev(mdev));
	if (ret)
		return ret;
	irq_desc.request = ops->request;
	irq_desc.fault = pdev->fault_irq;
	ret = vfio_mdev_irq_init(&pdev->irqs, &irq_desc);
	if (ret)
		return ret;
	return vfio_mdev_pci_dev_init_migration(pdev, mdev);
}

/**
 * vfio_mdev_pci_dev_finish - complete a device, which can be opened afterwards
 * @pdev: the device, after vfio_mdev_pci_dev_init(); becomes the driver data
 * @mdev: the device that it is the state of
 * @ops: &vfio_mdev_pci_dev_ops, or a table of the vendor's own, which may lack release,
 *	 mmap and request. Whether it has a request op decides whether user space is
 *	 offered that interrupt.
 *
 * Context: the vendor's create() callback, as its last step that can fail.
 * Return: 0, or -EINVAL, with a message that names the field, or -ENOMEM. After a
 * failure there is nothing to destroy.
 */
int vfio_mdev_pci_dev_finish(struct vfio_mdev_pci_dev *pdev,
			     struct mdev_device *mdev,
			     const struct vfio_mdev_device_ops *ops)
{
	int ret = vfio_mdev_pci_dev_complete(pdev, mdev, ops);

	if (ret) {
		vfio_mdev_pci_dev_destroy(pdev);
		return ret;
	}

	pdev->config.written = vfio_mdev_pci_dev_written;
	pdev->pci.regions = &pdev->regions;
	pdev->pci.irqs = &pdev->irqs;
	pdev->pci.reset = vfio_mdev_pci_dev_reset;
	mdev_set_drvdata(mdev, pdev);
	mdev_set_vfio_ops(mdev, ops);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_finish);

/**
 * vfio_mdev_pci_dev_destroy - free what the functions above allocated
 * @pdev: a device that nobody has open; one whose memory was zeroed and not set up
 *	  since is fine too
 *
 * Context: process context, may sleep.
 */
void vfio_mdev_pci_dev_destroy(struct vfio_mdev_pci_dev *pdev)
{
	might_sleep();
	vfio_mdev_migration_destroy(&pdev->mig);
	/* There is something only if the vendor has no release op. */
	vfio_mdev_regions_release(&pdev->regions);
	vfio_mdev_irq_destroy(&pdev->irqs);
	vfio_mdev_config_destroy(&pdev->config);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_destroy);

/**
 * vfio_mdev_pci_dev_open - the op open
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 *
 * A user finds the device as after power on, not as the last one left it. See
 * vfio_mdev_regions_open() for the memory of its regions.
 *
 * Context: as that of the op.
 * Return: 0, or -ENOMEM.
 */
int vfio_mdev_pci_dev_open(struct mdev_device *mdev)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);
	int ret;

	/* What the vendor keeps; of the library there is nothing yet to clear. */
	vfio_mdev_regions_clear(&pdev->regions);
	ret = vfio_mdev_regions_open(&pdev->regions);
	if (ret)
		return ret;

	ret = vfio_mdev_pci_dev_begin_reset(pdev);
	if (ret) {
		vfio_mdev_regions_release(&pdev->regions);
		return ret;
	}
	vfio_mdev_pci_dev_power_on(pdev);
	vfio_mdev_pci_dev_end_reset(pdev);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_open);

/**
 * vfio_mdev_pci_dev_release - the op release
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 *
 * See vfio_mdev_regions_release() for the memory of its regions.
 *
 * Context: as that of the op.
 */
void vfio_mdev_pci_dev_release(struct mdev_device *mdev)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	vfio_mdev_migration_release(&pdev->mig);
	vfio_mdev_irq_release(&pdev->irqs);
	vfio_mdev_regions_release(&pdev->regions);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_release);

/**
 * vfio_mdev_pci_dev_read - the op read
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 * @buf: buffer of user space
 * @count: its size
 * @ppos: offset in the device's file
 *
 * Context: as that of the op.
 * Return: see vfio_mdev_region_read().
 */
ssize_t vfio_mdev_pci_dev_read(struct mdev_device *mdev, char __user *buf,
			       size_t count, loff_t *ppos)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	return vfio_mdev_region_read(&pdev->regions, buf, count, ppos);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_read);

/**
 * vfio_mdev_pci_dev_write - the op write
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 * @buf: buffer of user space
 * @count: its size
 * @ppos: offset in the device's file
 *
 * Context: as that of the op.
 * Return: see vfio_mdev_region_write().
 */
ssize_t vfio_mdev_pci_dev_write(struct mdev_device *mdev,
				const char __user *buf, size_t count,
				loff_t *ppos)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	return vfio_mdev_region_write(&pdev->regions, buf, count, ppos);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_write);

/**
 * vfio_mdev_pci_dev_ioctl - the op ioctl
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 * @cmd: the ioctl
 * @arg: its argument
 *
 * Context: as that of the op.
 * Return: see vfio_mdev_pci_ioctl().
 */
long vfio_mdev_pci_dev_ioctl(struct mdev_device *mdev, unsigned int cmd,
			     unsigned long arg)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	return vfio_mdev_pci_ioctl(mdev, &pdev->pci, cmd, arg);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_ioctl);

/**
 * vfio_mdev_pci_dev_mmap - the op mmap
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 * @vma: the mapping
 *
 * Context: as that of the op.
 * Return: see vfio_mdev_region_mmap().
 */
int vfio_mdev_pci_dev_mmap(struct mdev_device *mdev, struct vm_area_struct *vma)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	return vfio_mdev_region_mmap(&pdev->regions, vma);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_mmap);

/**
 * vfio_mdev_pci_dev_get_region_info - the op get_region_info
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 * @info: the region
 * @caps: gets its capabilities
 *
 * Context: as that of the op.
 * Return: see vfio_mdev_region_get_info().
 */
int vfio_mdev_pci_dev_get_region_info(struct mdev_device *mdev,
				      struct vfio_region_info *info,
				      struct vfio_info_cap *caps)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	return vfio_mdev_region_get_info(&pdev->regions, info, caps);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_get_region_info);

/**
 * vfio_mdev_pci_dev_request - the op request
 * @mdev: a device whose driver data is a &struct vfio_mdev_pci_dev
 * @count: how often the user was asked already
 *
 * Context: as that of the op.
 */
void vfio_mdev_pci_dev_request(struct mdev_device *mdev, unsigned int count)
{
	struct vfio_mdev_pci_dev *pdev = vfio_mdev_pci_dev_of(mdev);

	vfio_mdev_irq_request(&pdev->irqs);
}
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_request);

static struct file *
vfio_mdev_pci_dev_set_state(struct mdev_device *mdev,
			    enum vfio_device_mig_state state)
{
	return vfio_mdev_migration_set_state(&vfio_mdev_pci_dev_of(mdev)->mig,
					     state);
}

static int vfio_mdev_pci_dev_get_state(struct mdev_device *mdev,
				       enum vfio_device_mig_state *state)
{
	return vfio_mdev_migration_get_state(&vfio_mdev_pci_dev_of(mdev)->mig,
					     state);
}

static int vfio_mdev_pci_dev_get_data_size(struct mdev_device *mdev,
					   unsigned long *size)
{
	return vfio_mdev_migration_get_size(&vfio_mdev_pci_dev_of(mdev)->mig,
					    size);
}

/* Nothing that such a device does by itself reaches other devices. */
const struct vfio_mdev_migration_ops vfio_mdev_pci_dev_migration = {
	.flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
		 VFIO_MIGRATION_PRE_COPY,
	.set_state = vfio_mdev_pci_dev_set_state,
	.get_state = vfio_mdev_pci_dev_get_state,
	.get_data_size = vfio_mdev_pci_dev_get_data_size,
};
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_migration);

/* All of them, for a device that needs nothing else */
const struct vfio_mdev_device_ops vfio_mdev_pci_dev_ops = {
	VFIO_MDEV_PCI_DEV_OPS
};
EXPORT_SYMBOL_GPL(vfio_mdev_pci_dev_ops);
