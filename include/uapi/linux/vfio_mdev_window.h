/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * DMA windows of mediated devices: what user space asks for, by ioctls on a device
 *
 * A window is a part of a virtual machine's I/O bus that the guest fills with entries, one
 * for each page, and knows by a number, its LIOBN. User space makes one on a device
 * that it has open, and gets a file descriptor that stands for it. The window is there
 * for as long as both are open, that device and that file.
 */
#ifndef _UAPI_LINUX_VFIO_MDEV_WINDOW_H
#define _UAPI_LINUX_VFIO_MDEV_WINDOW_H

#include <linux/types.h>
#include <linux/vfio.h>

/**
 * struct vfio_device_window_create - argument of VFIO_DEVICE_WINDOW_CREATE
 * @argsz: size of this
 * @flags: 0
 * @liobn: number of the window, any that is, 0 too
 * @start: where it begins on the guest's I/O bus, a multiple of the page size
 * @size: how long it is, a multiple of the page size
 * @page_shift: its pages are of 1 << @page_shift bytes; 12 to 30
 *
 * Makes a window, which is empty, in the virtual machine that the device was given to.
 *
 * The ioctl returns a file descriptor, which is closed on exec, or -1 with errno:
 * EFAULT, this cannot be read; EINVAL, @argsz is too small, @flags is not 0, or there
 * cannot be such a window; ENXIO, the device was opened without a virtual machine; EEXIST,
 * there is a window of that number; ENOTTY, the device has no windows; EMFILE, ENFILE
 * and ENOMEM as they come.
 */
struct vfio_device_window_create {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 liobn;
	__aligned_u64 start;
	__aligned_u64 size;
	__u32 page_shift;
};

#define VFIO_DEVICE_WINDOW_CREATE	_IO(VFIO_TYPE, VFIO_BASE + 24)

/**
 * struct vfio_device_window_attach - argument of VFIO_DEVICE_WINDOW_ATTACH
 * @argsz: size of this
 * @flags: 0
 * @fd: what VFIO_DEVICE_WINDOW_CREATE returned, or -1 for none any more
 *
 * Lets the device use a window that was made on another one of the same virtual
 * machine. What is attached already may be so again.
 *
 * The ioctl returns 0, or -1 with errno: EFAULT, this cannot be read; EINVAL, @argsz is
 * too small, @flags is not 0, @fd is no window's, or that of a window of another virtual
 * machine; ENXIO, the device was opened without a virtual machine; EBADF, @fd is not
 * open; ENOENT, the window is gone, as the device that it was made on was closed;
 * EBUSY, another window is attached; ENOTTY, the device has no windows.
 */
struct vfio_device_window_attach {
	__u32 argsz;
	__u32 flags;
	__s32 fd;
};

#define VFIO_DEVICE_WINDOW_ATTACH	_IO(VFIO_TYPE, VFIO_BASE + 25)

#endif /* _UAPI_LINUX_VFIO_MDEV_WINDOW_H */
