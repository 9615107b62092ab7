/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Devices that work in the address spaces of processes, by PASID
 *
 * Ioctls on the file of a VFIO device whose driver offers them, and the interrupt by
 * which it tells of faults. Documentation/userspace-api/vfio-mdev-svm.rst has the rest.
 */
#ifndef _UAPI_LINUX_VFIO_MDEV_SVM_H
#define _UAPI_LINUX_VFIO_MDEV_SVM_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vfio.h>

/* What is bound to a PASID; what is not here yet is answered with EOPNOTSUPP */
#define VFIO_SVM_HOST_PROCESS	0	/* a process of this kernel */
#define VFIO_SVM_GUEST_PROCESS	1	/* reserved: one of a guest */
#define VFIO_SVM_GUEST_TABLE	2	/* reserved: the PASID table of a guest */

/* To unbind: the device has no requests for it any more. Not needed, as they are ended. */
#define VFIO_SVM_PASID_RELEASE_FLUSHED	(1 << 0)
/* To unbind: nor does it have memory of it in a cache. Not needed, as it has no cache. */
#define VFIO_SVM_PASID_RELEASE_CLEAN	(1 << 1)
/* To bind: the process @pid, and not the caller */
#define VFIO_SVM_PID			(1 << 2)

/**
 * struct vfio_device_svm - argument of both ioctls
 * @argsz: size of this structure
 * @flags: %VFIO_SVM_PASID_RELEASE_FLUSHED, %VFIO_SVM_PASID_RELEASE_CLEAN, %VFIO_SVM_PID
 * @pasid: the address space as the device knows it. Of VFIO_DEVICE_SVM_BIND, written by
 *	   the kernel and not looked at.
 * @pid: which process to bind, if @flags has %VFIO_SVM_PID; not looked at otherwise
 * @op: %VFIO_SVM_HOST_PROCESS
 * @reserved: 0
 */
struct vfio_device_svm {
	__u32 argsz;
	__u32 flags;
	__u32 pasid;
	__u32 pid;
	__u32 op;
	__u32 reserved;
};

/*
 * VFIO_DEVICE_SVM_BIND - _IOWR(VFIO_TYPE, VFIO_BASE + 22, struct vfio_device_svm)
 *
 * Let the device read and write all memory of the caller, or of the process @pid if
 * %VFIO_SVM_PID is set, and as much as that process may itself. The latter is subject to
 * a check of the ptrace access mode PTRACE_MODE_ATTACH_REALCREDS, see ptrace(2). On
 * success @pasid is what the device knows the address space by. An address space that is
 * bound already has the PASID that it had, and has to be unbound once more.
 *
 * Return: 0. EINVAL: @argsz, a flag, @op or @reserved. EOPNOTSUPP: an @op that is
 * reserved. EFAULT. ESRCH: no such process, or it has no memory. EACCES: see above.
 * ENOSPC: 64 address spaces are bound to this device. ENOMEM. EINTR: killed.
 */
#define VFIO_DEVICE_SVM_BIND	_IO(VFIO_TYPE, VFIO_BASE + 22)

/*
 * VFIO_DEVICE_SVM_UNBIND - _IOWR(VFIO_TYPE, VFIO_BASE + 23, struct vfio_device_svm)
 *
 * Take back what VFIO_DEVICE_SVM_BIND did for @pasid. When that was done as often as it
 * was bound, what the device does there is ended and waited for. Closing the device,
 * and VFIO_DEVICE_RESET, unbind everything. What is bound is forgotten, too, at some
 * time after its process has ended or executed another program; it does not become
 * that program.
 *
 * Return: 0. EINVAL, EOPNOTSUPP, EFAULT: as above, and %VFIO_SVM_PID. ENOENT: @pasid is
 * not bound. EINTR: killed while waiting.
 */
#define VFIO_DEVICE_SVM_UNBIND	_IO(VFIO_TYPE, VFIO_BASE + 23)

/*
 * Of a PCI device with these ioctls: this interrupt index has one eventfd, which is
 * signalled when the device has met an address that is not there, or that it may not
 * write. VFIO_DEVICE_GET_INFO counts it.
 */
#define VFIO_SVM_FAULT_IRQ_INDEX	VFIO_PCI_NUM_IRQS

#endif /* _UAPI_LINUX_VFIO_MDEV_SVM_H */
