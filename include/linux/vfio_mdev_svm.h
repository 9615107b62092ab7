/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices that work in the address spaces of processes
 *
 * vfio_mdev_svm.ko keeps which of them a device may work in, each by a number, its PASID,
 * and copies to and from them for the driver of the device.
 */
#ifndef VFIO_MDEV_SVM_H
#define VFIO_MDEV_SVM_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <uapi/linux/vfio_mdev_svm.h>

struct vfio_mdev_svm_bond;

/* Address spaces of one device */
#define VFIO_MDEV_SVM_MAX	64

/**
 * struct vfio_mdev_svm - the address spaces that a device may work in
 *
 * For a vendor to embed in the state of a device: vfio_mdev_svm_init() in create(),
 * vfio_mdev_svm_ioctl() in the op ioctl, vfio_mdev_svm_drop() in release() and reset.
 * There is nothing to destroy; but what the vendor got by vfio_mdev_svm_get() has to be
 * put before this is freed.
 */
struct vfio_mdev_svm {
	/* private: */
	/*
	 * Of all below, and of &vfio_mdev_svm_bond.count. Nobody waits for user space
	 * with it held, and nothing is taken inside of it but what allocates memory.
	 */
	struct mutex lock;
	struct xarray bonds;		/* by PASID; each has a reference */
	u32 next;			/* PASID to look for a free one from */
	unsigned int nr;		/* of @bonds */
};

/**
 * struct vfio_mdev_svm_fault - an access that was not possible
 * @addr: the first address that could not be accessed
 * @write: whether it was to be written
 */
struct vfio_mdev_svm_fault {
	u64 addr;
	bool write;
};

void vfio_mdev_svm_init(struct vfio_mdev_svm *svm);
long vfio_mdev_svm_ioctl(struct vfio_mdev_svm *svm, unsigned int cmd,
			 unsigned long arg);
int vfio_mdev_svm_drop(struct vfio_mdev_svm *svm);

struct vfio_mdev_svm_bond *vfio_mdev_svm_get(struct vfio_mdev_svm *svm,
					     u32 pasid);
void vfio_mdev_svm_put(struct vfio_mdev_svm_bond *bond);
int vfio_mdev_svm_read(struct vfio_mdev_svm_bond *bond, u64 addr, void *buf,
		       size_t len, struct vfio_mdev_svm_fault *fault);
int vfio_mdev_svm_write(struct vfio_mdev_svm_bond *bond, u64 addr,
			const void *buf, size_t len,
			struct vfio_mdev_svm_fault *fault);
int vfio_mdev_svm_fill(struct vfio_mdev_svm_bond *bond, u64 addr, u8 value,
		       u64 len, struct vfio_mdev_svm_fault *fault);

#endif /* VFIO_MDEV_SVM_H */
