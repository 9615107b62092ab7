// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_mdev.ko: bus driver of the mediated devices that VFIO serves
 *
 * Offers each of them as a VFIO device and forwards what its user does to the
 * device's own callbacks, which are constant while it is bound. A callback that is
 * missing answers -EINVAL.
 */
#include <linux/container_of.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>

#include "vfio_mdev_dma.h"
#include "vfio_mdev_windows.h"

/**
 * struct vfio_mdev - a mediated device as VFIO sees it
 * @vdev: the VFIO device, whose reference count is that of this structure
 * @mdev: what it stands for; this and all but the last while the driver is bound
 * @ops: callbacks of that
 * @read: what read() of the file goes to; the device's own callback, or what stands in
 *	  for it before the first use and if there is none. Changes while others look at
 *	  it, and either will do for them.
 * @write: the same for write()
 * @ioctl: and for ioctl()
 * @dma: what it has to do with memory of its user, from the first open() on
 * @windows: its DMA windows
 * @no_ops: what VFIO finds in place of ours once the driver is unbound, as the device
 *	    may be released when our module is gone; all zeros
 *
 * With many devices, most are not open, and what they take counts.
 */
struct vfio_mdev {
	struct vfio_device vdev;
	union {
		struct {
			struct mdev_device *mdev;
			const struct vfio_mdev_device_ops *ops;

			typeof_member(struct vfio_mdev_device_ops, read) read;
			typeof_member(struct vfio_mdev_device_ops, write) write;
			typeof_member(struct vfio_mdev_device_ops, ioctl) ioctl;

			struct vfio_mdev_dma *dma;
			struct vfio_mdev_windows windows;
		};
		struct vfio_device_ops no_ops;
	};
};

static struct vfio_mdev *to_vfio_mdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfio_mdev, vdev);
}

static struct mdev_device *vfio_mdev_device(struct vfio_device *vdev)
{
	return to_vfio_mdev(vdev)->mdev;
}

/**
 * vfio_mdev_to_vfio - VFIO device of a mediated device
 * @mdev: a device that is bound to vfio_mdev, as it is from open() to release()
 *
 * For what VFIO offers to its drivers, such as vfio_dma_rw().
 *
 * Context: any.
 * Return: the VFIO device, without a reference; valid until release() returns.
 */
struct vfio_device *vfio_mdev_to_vfio(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev = dev_get_drvdata(mdev_dev(mdev));

	return &vfio_mdev->vdev;
}
EXPORT_SYMBOL_GPL(vfio_mdev_to_vfio);

struct vfio_mdev_dma *vfio_mdev_dma_of(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev = dev_get_drvdata(mdev_dev(mdev));

	return READ_ONCE(vfio_mdev->dma);
}

struct vfio_mdev_windows *vfio_mdev_windows_of(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev = dev_get_drvdata(mdev_dev(mdev));

	return &vfio_mdev->windows;
}

/**
 * vfio_mdev_kvm - virtual machine that a mediated device was given to
 * @mdev: a device that is open
 *
 * Context: any, from the vendor's open() until its release() returns.
 * Return: the KVM, which lives for as long as the device is open even if its
 * user closes it; %NULL if user space did not tell VFIO of one before it opened
 * the device.
 */
struct kvm *vfio_mdev_kvm(struct mdev_device *mdev)
{
	return vfio_mdev_to_vfio(mdev)->kvm;
}
EXPORT_SYMBOL_GPL(vfio_mdev_kvm);

/*
 * Called for each open through the group, where open_device() is only for the
 * first: a device that is going must not be kept by opening it over and over.
 */
static int vfio_mdev_match(struct vfio_device *vdev, char *buf)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);

	if (strcmp(buf, dev_name(mdev_dev(vfio_mdev->mdev))))
		return 0;
	return mdev_is_live(vfio_mdev->mdev) ? 1 : -ENODEV;
}

/* A positive number would become an error pointer that is none. */
static int vfio_mdev_not_positive(struct mdev_device *mdev, const char *op,
				  int ret)
{
	if (ret <= 0)
		return ret;
	dev_err_ratelimited(mdev_dev(mdev),
			    "%s() of %s returned %d, which is neither success nor an errno\n",
			    op, dev_driver_string(mdev_parent_dev(mdev)), ret);
	return -EINVAL;
}

/*
 * Has the callbacks that there are called directly from now on: registers are read and
 * written far more often than anything else is done.
 */
static const struct vfio_mdev_device_ops *
vfio_mdev_first_use(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev = dev_get_drvdata(mdev_dev(mdev));
	const struct vfio_mdev_device_ops *ops = vfio_mdev->ops;

	vfio_mdev_dma_use(vfio_mdev->dma);
	if (ops->read)
		WRITE_ONCE(vfio_mdev->read, ops->read);
	if (ops->write)
		WRITE_ONCE(vfio_mdev->write, ops->write);
	if (ops->ioctl)
		WRITE_ONCE(vfio_mdev->ioctl, ops->ioctl);
	return ops;
}

static ssize_t vfio_mdev_first_read(struct mdev_device *mdev, char __user *buf,
				    size_t count, loff_t *ppos)
{
	const struct vfio_mdev_device_ops *ops = vfio_mdev_first_use(mdev);

	return ops->read ? ops->read(mdev, buf, count, ppos) : -EINVAL;
}

static ssize_t vfio_mdev_first_write(struct mdev_device *mdev,
				     const char __user *buf, size_t count,
				     loff_t *ppos)
{
	const struct vfio_mdev_device_ops *ops = vfio_mdev_first_use(mdev);

	return ops->write ? ops->write(mdev, buf, count, ppos) : -EINVAL;
}

static long vfio_mdev_first_ioctl(struct mdev_device *mdev, unsigned int cmd,
				  unsigned long arg)
{
	const struct vfio_mdev_device_ops *ops = vfio_mdev_first_use(mdev);

	return ops->ioctl ? ops->ioctl(mdev, cmd, arg) : -EINVAL;
}

/* Nobody uses the device yet. */
static void vfio_mdev_prepare_use(struct vfio_mdev *vfio_mdev)
{
	vfio_mdev->read = vfio_mdev_first_read;
	vfio_mdev->write = vfio_mdev_first_write;
	vfio_mdev->ioctl = vfio_mdev_first_ioctl;
}

/* By one open at a time; but the vendor may ask for it at any. */
static int vfio_mdev_prepare_dma(struct vfio_mdev *vfio_mdev)
{
	struct vfio_mdev_dma *dma;

	if (vfio_mdev->dma)
		return 0;
	dma = vfio_mdev_dma_new(vfio_mdev->mdev);
	if (!dma)
		return -ENOMEM;
	/* Pairs with READ_ONCE() in vfio_mdev_dma_of() */
	smp_store_release(&vfio_mdev->dma, dma);
	return 0;
}

static int vfio_mdev_open_user(struct vfio_mdev *vfio_mdev)
{
	struct mdev_device *mdev = vfio_mdev->mdev;
	int ret;

	ret = vfio_mdev_prepare_dma(vfio_mdev);
	if (ret)
		return ret;
	vfio_mdev_prepare_use(vfio_mdev);
	vfio_mdev_dma_open(vfio_mdev->dma);
	vfio_mdev_windows_open(&vfio_mdev->windows);
	ret = vfio_mdev_not_positive(mdev, "open", vfio_mdev->ops->open(mdev));
	if (ret) {
		vfio_mdev_windows_close(&vfio_mdev->windows);
		vfio_mdev_dma_closed(vfio_mdev->dma);
	}
	return ret;
}

static int vfio_mdev_open(struct vfio_device *vdev)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);
	int ret;

	if (!vfio_mdev->ops->open)
		return -EINVAL;
	ret = mdev_get_user(vfio_mdev->mdev);
	if (ret)
		return ret;
	ret = vfio_mdev_open_user(vfio_mdev);
	if (ret)
		mdev_put_user(vfio_mdev->mdev);
	return ret;
}

static void vfio_mdev_close(struct vfio_device *vdev)
{
	struct mdev_device *mdev = vfio_mdev_device(vdev);
	const struct vfio_mdev_device_ops *ops = to_vfio_mdev(vdev)->ops;

	vfio_mdev_dma_closing(to_vfio_mdev(vdev)->dma);
	if (ops->release)
		ops->release(mdev);
	vfio_mdev_windows_close(&to_vfio_mdev(vdev)->windows);
	vfio_mdev_dma_closed(to_vfio_mdev(vdev)->dma);
	mdev_put_user(mdev);
}

static ssize_t vfio_mdev_read(struct vfio_device *vdev, char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);
	typeof(vfio_mdev->read) read = READ_ONCE(vfio_mdev->read);

	return read(vfio_mdev->mdev, buf, count, ppos);
}

static ssize_t vfio_mdev_write(struct vfio_device *vdev, const char __user *buf,
			       size_t count, loff_t *ppos)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);
	typeof(vfio_mdev->write) write = READ_ONCE(vfio_mdev->write);

	return write(vfio_mdev->mdev, buf, count, ppos);
}

static long vfio_mdev_ioctl(struct vfio_device *vdev, unsigned int cmd,
			    unsigned long arg)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);
	typeof(vfio_mdev->ioctl) ioctl = READ_ONCE(vfio_mdev->ioctl);

	return ioctl(vfio_mdev->mdev, cmd, arg);
}

/* A vendor that answers the ioctl itself has no get_region_info. */
static int vfio_mdev_get_region_info(struct vfio_device *vdev,
				     struct vfio_region_info *info,
				     struct vfio_info_cap *caps)
{
	struct mdev_device *mdev = vfio_mdev_device(vdev);
	const struct vfio_mdev_device_ops *ops = to_vfio_mdev(vdev)->ops;

	vfio_mdev_dma_use(to_vfio_mdev(vdev)->dma);
	if (ops->get_region_info)
		return vfio_mdev_not_positive(mdev, "get_region_info",
					      ops->get_region_info(mdev, info,
								   caps));
	return ops->ioctl ? -ENOIOCTLCMD : -EINVAL;
}

static int vfio_mdev_device_feature(struct vfio_device *vdev, u32 flags,
				    void __user *arg, size_t argsz)
{
	struct mdev_device *mdev = vfio_mdev_device(vdev);
	const struct vfio_mdev_device_ops *ops = to_vfio_mdev(vdev)->ops;

	vfio_mdev_dma_use(to_vfio_mdev(vdev)->dma);
	if (!ops->device_feature)
		return -ENOTTY;
	return vfio_mdev_not_positive(mdev, "device_feature",
				      ops->device_feature(mdev, flags, arg,
							  argsz));
}

static int vfio_mdev_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct mdev_device *mdev = vfio_mdev_device(vdev);
	const struct vfio_mdev_device_ops *ops = to_vfio_mdev(vdev)->ops;

	vfio_mdev_dma_use(to_vfio_mdev(vdev)->dma);
	if (!ops->mmap)
		return -EINVAL;
	return vfio_mdev_not_positive(mdev, "mmap", ops->mmap(mdev, vma));
}

static void vfio_mdev_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	vfio_mdev_dma_unmap(to_vfio_mdev(vdev)->dma, iova, length);
}

static int vfio_mdev_ask(struct mdev_device *mdev, unsigned int count)
{
	const struct vfio_mdev_device_ops *ops = mdev_get_dev_ops(mdev);

	if (!ops->request)
		return -EOPNOTSUPP;
	ops->request(mdev, count);
	return 0;
}

/*
 * A character device that was opened but not bound to an iommufd, and an open that
 * is under way, are known to VFIO alone.
 */
static bool vfio_mdev_claim(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev = dev_get_drvdata(mdev_dev(mdev));

	return vfio_device_claim_registration(&vfio_mdev->vdev);
}

/* Nobody holds the device, so this has nobody to wait for. */
static void vfio_mdev_withdraw(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev = dev_get_drvdata(mdev_dev(mdev));

	vfio_unregister_group_dev(&vfio_mdev->vdev);
}

/* Unless the driver core unbinds on its own account, or VFIO cannot be claimed */
static void vfio_mdev_request(struct vfio_device *vdev, unsigned int count)
{
	struct mdev_device *mdev = vfio_mdev_device(vdev);

	if (!count)
		dev_warn(mdev_dev(mdev),
			 "unbinding waits for the device to be closed\n");
	vfio_mdev_ask(mdev, count);
}

static const struct vfio_device_ops vfio_mdev_ops = {
	.name = "vfio-mdev",
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
	.open_device = vfio_mdev_open,
	.close_device = vfio_mdev_close,
	.read = vfio_mdev_read,
	.write = vfio_mdev_write,
	.ioctl = vfio_mdev_ioctl,
	.get_region_info_caps = vfio_mdev_get_region_info,
	.device_feature = vfio_mdev_device_feature,
	.mmap = vfio_mdev_mmap,
	.request = vfio_mdev_request,
	.match = vfio_mdev_match,
	.dma_unmap = vfio_mdev_unmap,
};

static struct file *vfio_mdev_set_state(struct vfio_device *vdev,
					enum vfio_device_mig_state state)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);

	vfio_mdev_dma_use(vfio_mdev->dma);
	return vfio_mdev->ops->migration->set_state(vfio_mdev->mdev, state);
}

static int vfio_mdev_get_state(struct vfio_device *vdev,
			       enum vfio_device_mig_state *state)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);

	return vfio_mdev->ops->migration->get_state(vfio_mdev->mdev, state);
}

static int vfio_mdev_get_data_size(struct vfio_device *vdev,
				   unsigned long *size)
{
	struct vfio_mdev *vfio_mdev = to_vfio_mdev(vdev);

	return vfio_mdev->ops->migration->get_data_size(vfio_mdev->mdev, size);
}

static const struct vfio_migration_ops vfio_mdev_migration_ops = {
	.migration_set_state = vfio_mdev_set_state,
	.migration_get_state = vfio_mdev_get_state,
	.migration_get_data_size = vfio_mdev_get_data_size,
};

/* As VFIO wants it before it knows the device, and in the way that it takes for granted */
static int vfio_mdev_offer_migration(struct vfio_mdev *vfio_mdev)
{
	const struct vfio_mdev_migration_ops *migration =
		vfio_mdev->ops->migration;
	const void *ops = &vfio_mdev_migration_ops;

	if (!migration)
		return 0;
	if (!(migration->flags & VFIO_MIGRATION_STOP_COPY) ||
	    !migration->set_state || !migration->get_state ||
	    !migration->get_data_size) {
		dev_err(mdev_dev(vfio_mdev->mdev),
			"the migration ops of %s lack a callback or VFIO_MIGRATION_STOP_COPY\n",
			dev_driver_string(mdev_parent_dev(vfio_mdev->mdev)));
		return -EINVAL;
	}
	vfio_mdev->vdev.migration_flags = migration->flags;
	vfio_mdev->vdev.mig_ops = ops;
	return 0;
}

static int vfio_mdev_start_log(struct vfio_device *vdev,
			       struct rb_root_cached *ranges, u32 nr_ranges,
			       u64 *page_size)
{
	struct vfio_mdev_dma *dma = to_vfio_mdev(vdev)->dma;

	vfio_mdev_dma_use(dma);
	return vfio_mdev_log_start(&dma->log, ranges, nr_ranges, page_size);
}

static int vfio_mdev_stop_log(struct vfio_device *vdev)
{
	struct vfio_mdev_dma *dma = to_vfio_mdev(vdev)->dma;

	vfio_mdev_dma_use(dma);
	vfio_mdev_log_stop(&dma->log);
	return 0;
}

static int vfio_mdev_report_log(struct vfio_device *vdev, unsigned long iova,
				unsigned long length,
				struct iova_bitmap *bitmap)
{
	struct vfio_mdev_dma *dma = to_vfio_mdev(vdev)->dma;

	vfio_mdev_dma_use(dma);
	return vfio_mdev_log_report(dma, iova, length, bitmap);
}

static const struct vfio_log_ops vfio_mdev_log_ops = {
	.log_start = vfio_mdev_start_log,
	.log_stop = vfio_mdev_stop_log,
	.log_read_and_clear = vfio_mdev_report_log,
};

/* Without that option, VFIO would start a log and then fail to report what is in it. */
static void vfio_mdev_offer_log(struct vfio_mdev *vfio_mdev)
{
	if (IS_ENABLED(CONFIG_IOMMUFD_DRIVER) && vfio_mdev->ops->log_dma)
		vfio_mdev->vdev.log_ops = &vfio_mdev_log_ops;
}

/* Once nobody can open it, VFIO looks at one op only, to see whether it is there. */
static void vfio_mdev_put(struct vfio_mdev *vfio_mdev)
{
	const void *no_ops = &vfio_mdev->no_ops;

	kfree(vfio_mdev->dma);
	memset(&vfio_mdev->no_ops, 0, sizeof(vfio_mdev->no_ops));
	vfio_mdev->vdev.ops = no_ops;
	vfio_put_device(&vfio_mdev->vdev);
}

static int vfio_mdev_probe(struct mdev_device *mdev)
{
	struct vfio_mdev *vfio_mdev;
	int ret;

	vfio_mdev = vfio_alloc_device(vfio_mdev, vdev, mdev_dev(mdev),
				      &vfio_mdev_ops);
	if (IS_ERR(vfio_mdev))
		return PTR_ERR(vfio_mdev);
	vfio_mdev->mdev = mdev;
	vfio_mdev->ops = mdev_get_dev_ops(mdev);
	vfio_mdev_windows_setup(&vfio_mdev->windows);
	ret = vfio_mdev_offer_migration(vfio_mdev);
	if (ret)
		goto err_put;
	vfio_mdev_offer_log(vfio_mdev);

	/*
	 * VFIO would do this itself, but go on without a set when there is no
	 * memory for one, and crash on the first open.
	 */
	ret = vfio_assign_device_set(&vfio_mdev->vdev, vfio_mdev);
	if (ret)
		goto err_put;

	/* Users may come as soon as this succeeds. */
	dev_set_drvdata(mdev_dev(mdev), vfio_mdev);
	ret = vfio_register_emulated_iommu_dev(&vfio_mdev->vdev);
	if (ret)
		goto err_put;
	return 0;

err_put:
	vfio_mdev_put(vfio_mdev);
	return ret;
}

static void vfio_mdev_remove(struct mdev_device *mdev)
{
	vfio_mdev_put(dev_get_drvdata(mdev_dev(mdev)));
}

static const struct mdev_class_id vfio_mdev_id_table[] = {
	{ MDEV_ID_VFIO },
	{ }
};

static struct mdev_driver vfio_mdev_driver = {
	.name = "vfio_mdev",
	.id_table = vfio_mdev_id_table,
	.probe = vfio_mdev_probe,
	.remove = vfio_mdev_remove,
	.request = vfio_mdev_ask,
	.claim = vfio_mdev_claim,
	.withdraw = vfio_mdev_withdraw,
};

static int __init vfio_mdev_init(void)
{
	int ret;

	ret = vfio_mdev_dma_init();
	if (ret)
		return ret;
	ret = vfio_mdev_windows_init();
	if (ret)
		goto err_dma;
	ret = mdev_register_driver(&vfio_mdev_driver);
	if (ret)
		goto err_windows;
	return 0;

err_windows:
	vfio_mdev_windows_exit();
err_dma:
	vfio_mdev_dma_exit();
	return ret;
}

static void __exit vfio_mdev_exit(void)
{
	mdev_unregister_driver(&vfio_mdev_driver);
	vfio_mdev_windows_exit();
	vfio_mdev_dma_exit();
}

module_init(vfio_mdev_init);
module_exit(vfio_mdev_exit);

MODULE_DESCRIPTION("VFIO bus driver for mediated devices");
MODULE_LICENSE("GPL");
MODULE_ALIAS("mdev:c01");
