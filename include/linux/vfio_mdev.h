/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices that user space drives through VFIO
 *
 * The vendor gives each device a table of callbacks; vfio_mdev.ko calls them for
 * whoever opened the device through its VFIO group.
 */
#ifndef VFIO_MDEV_H
#define VFIO_MDEV_H

#include <linux/mdev.h>
#include <linux/vfio.h>

struct file;
struct kvm;
struct page;
struct vfio_info_cap;
struct vfio_mdev_pin;
struct vm_area_struct;

/**
 * struct vfio_mdev_migration_ops - how a device is migrated
 * @flags: %VFIO_MIGRATION_STOP_COPY, and more if there are more states
 * @set_state: take the device to @state. Returns a file to transfer data by if there is
 *	       one, %NULL or an error pointer.
 * @get_state: store the state that the device is in
 * @get_data_size: store about how many bytes there are to transfer once the device is
 *		   stopped
 *
 * All are mandatory, or binding fails. They are called from open to release, in process
 * context, several at a time; @get_state by VFIO's debugfs too, at any time while the
 * device is bound. As the library has them all, see vfio_mdev_migration_set_state(),
 * only a vendor whose device does not fit there writes them.
 */
struct vfio_mdev_migration_ops {
	u64 flags;
	struct file *(*set_state)(struct mdev_device *mdev,
				  enum vfio_device_mig_state state);
	int (*get_state)(struct mdev_device *mdev,
			 enum vfio_device_mig_state *state);
	int (*get_data_size)(struct mdev_device *mdev, unsigned long *size);
};

/**
 * struct vfio_mdev_device_ops - what a mediated device of class MDEV_ID_VFIO does
 * @open: somebody opens the device, which nobody had open; mandatory for a
 *	  device that is to be opened at all
 * @release: the last user closed it
 * @read: read @count bytes at *@ppos of the device's file into @buf. The offset
 *	  says which region is meant in the way that @get_region_info answered.
 *	  Returns the number of bytes read or a negative errno.
 * @write: the same for writing
 * @ioctl: an ioctl on the device's file, VFIO_DEVICE_GET_INFO and the like; an
 *	   unknown one is answered with -ENOTTY
 * @mmap: map a region
 * @get_region_info: describe region @info->index: fill in size, flags and
 *		     offset, and add capabilities to @caps. @info is a kernel
 *		     copy that was checked for its size. Without this callback,
 *		     VFIO_DEVICE_GET_REGION_INFO goes to @ioctl on kernels whose
 *		     VFIO core still hands it out.
 * @request: ask the user to release the device; @count says how often that was
 *	     asked already. With it, removing an open device waits for the user;
 *	     without it, that is refused with -EBUSY.
 * @device_feature: VFIO_DEVICE_FEATURE for what VFIO does not know; an unknown one is
 *		    answered with -ENOTTY, as all are without this callback
 * @migration: how the device is migrated; without it, it cannot be
 * @dma_unmap: the user unmaps memory in which the device has pins: stop using
 *	       all pages in this range before it returns. They are unpinned then,
 *	       but vfio_mdev_unpin() has to be called for each pin all the same, here
 *	       or later. It may wait for whoever uses them, unless that is in
 *	       vfio_mdev_pin() or vfio_mdev_dma_rw(). Called several times for
 *	       a range if need be, never for one without a pin. Without this
 *	       callback, a device cannot pin.
 * @log_dma: all memory of the user that the device writes, it writes by
 *	     vfio_mdev_dma_rw() or through pins of vfio_mdev_pin() or
 *	     vfio_mdev_keep_page(), if it writes any. Then user space is offered a log
 *	     of what was written, where the kernel can: from Linux 6.7 on, one with
 *	     CONFIG_IOMMUFD_DRIVER.
 *
 * Each may be NULL. A missing @open, @read, @write, @ioctl or @mmap answers
 * -EINVAL. Calls come in this order for a device: create, (open, release)*,
 * remove; everything but @request only between open and release.
 *
 * All run in process context and may sleep, without a lock of the mdev core. What else
 * there is to know of each, for one device; different devices have nothing to do with
 * each other:
 *
 * @open, @release
 *	One at a time, and beside nothing but @request. Under the mutex of VFIO's device
 *	set, which is of this device alone, and on most kernels that of its group or
 *	iommufd. @release is not called after an @open that failed. It may come from any
 *	task, as the file that is closed may have been passed on, and after a signal.
 *
 * @read, @write, @ioctl, @get_region_info
 *	Beside each other and themselves, in as many threads as the user has. No lock
 *	is held. User memory that they access may be a mapping of this very device, so
 *	a lock that is held meanwhile must not be taken in @mmap or its faults.
 *
 * @mmap
 *	The same, under the mmap_lock of the caller: no lock that is held while user
 *	memory is accessed.
 *
 * @request
 *	Beside everything, and also after @release has begun or before @open has ended,
 *	as its caller cannot know; never after remove() was called. By whoever removes
 *	the device, or by a work item later. It asks and does not wait: no lock that is
 *	held until the user reacts.
 */
struct vfio_mdev_device_ops {
	int (*open)(struct mdev_device *mdev);
	void (*release)(struct mdev_device *mdev);
	ssize_t (*read)(struct mdev_device *mdev, char __user *buf,
			size_t count, loff_t *ppos);
	ssize_t (*write)(struct mdev_device *mdev, const char __user *buf,
			 size_t count, loff_t *ppos);
	long (*ioctl)(struct mdev_device *mdev, unsigned int cmd,
		      unsigned long arg);
	int (*mmap)(struct mdev_device *mdev, struct vm_area_struct *vma);
	/* Optional tail */
	int (*get_region_info)(struct mdev_device *mdev,
			       struct vfio_region_info *info,
			       struct vfio_info_cap *caps);
	void (*request)(struct mdev_device *mdev, unsigned int count);
	int (*device_feature)(struct mdev_device *mdev, u32 flags,
			      void __user *arg, size_t argsz);
	const struct vfio_mdev_migration_ops *migration;
	void (*dma_unmap)(struct mdev_device *mdev, u64 iova, u64 len);
	bool log_dma;
};

struct vfio_device *vfio_mdev_to_vfio(struct mdev_device *mdev);
struct kvm *vfio_mdev_kvm(struct mdev_device *mdev);

struct vfio_mdev_pin *vfio_mdev_pin(struct mdev_device *mdev, u64 iova,
				    unsigned int npage, int prot,
				    struct page **pages);
bool vfio_mdev_pin_is_valid(struct vfio_mdev_pin *pin);
void vfio_mdev_unpin(struct vfio_mdev_pin *pin);
int vfio_mdev_dma_rw(struct mdev_device *mdev, u64 iova, void *buf, size_t len,
		     bool write);

/* Pins that are kept, by the page */
void vfio_mdev_keep_pins(struct mdev_device *mdev, unsigned int budget);
int vfio_mdev_keep_page(struct mdev_device *mdev, u64 iova, int prot);
void vfio_mdev_drop_kept(struct mdev_device *mdev);
struct page *vfio_mdev_kept_page(struct mdev_device *mdev, u64 iova, int prot);
int vfio_mdev_kept_rw(struct mdev_device *mdev, u64 iova, void *buf, size_t len,
		      bool write);

/**
 * mdev_set_vfio_ops - make a device one that VFIO serves
 * @mdev: device that is being created
 * @ops: its callbacks; used until the vendor's remove() has returned
 *
 * Sets class and ops, which belong together, in one step.
 *
 * Context: the vendor's create() callback.
 */
static inline void mdev_set_vfio_ops(struct mdev_device *mdev,
				     const struct vfio_mdev_device_ops *ops)
{
	mdev_set_class_id(mdev, MDEV_ID_VFIO);
	mdev_set_dev_ops(mdev, ops);
}

/**
 * mdev_get_vfio_ops - VFIO callbacks of a device
 * @mdev: a device of class MDEV_ID_VFIO
 *
 * Return: the callbacks; NULL, with an error in the log, for a device of another class.
 */
static inline const struct vfio_mdev_device_ops *
mdev_get_vfio_ops(struct mdev_device *mdev)
{
	if (mdev_get_class_id(mdev) != MDEV_ID_VFIO) {
		dev_err(mdev_dev(mdev), "not of the VFIO class\n");
		return NULL;
	}
	return mdev_get_dev_ops(mdev);
}

#endif /* VFIO_MDEV_H */
