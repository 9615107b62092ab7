/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA windows that are found by the virtual machine they are in and a number
 *
 * For vendors of devices whose guest names a part of its I/O bus by a number, as that
 * of a POWER machine does. Documentation/driver-api/vfio-mdev-windows.rst has the rules.
 */
#ifndef VFIO_MDEV_WINDOW_H
#define VFIO_MDEV_WINDOW_H

#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct kvm;
struct mdev_device;
struct vfio_mdev_windows;

#define VFIO_MDEV_WINDOW_SHIFT_MIN	12
#define VFIO_MDEV_WINDOW_SHIFT_MAX	30

/* private: how it is found; the KVM is a number here, which nobody follows */
struct vfio_mdev_window_key {
	u64 kvm;
	u64 liobn;
};

/**
 * struct vfio_mdev_window - a DMA window of a virtual machine
 * @liobn: its number, which the guest knows it by
 * @start: where it begins on the guest's I/O bus
 * @size: its size in bytes
 * @page_shift: its pages are of 1 << @page_shift bytes
 * @entries: what the vendor notes down for each page, by vfio_mdev_window_index();
 *	     values of xa_mk_value(), as the library frees the array and nothing in it.
 *	     It is empty at first, and charged to whoever stores.
 *
 * The first four are set before vfio_mdev_window_add() and constant afterwards. The
 * array has a lock of its own. Memory is that of who calls vfio_mdev_window_add(), and
 * freed by him once vfio_mdev_window_del() has returned.
 */
struct vfio_mdev_window {
	u64 liobn;
	u64 start;
	u64 size;
	u8 page_shift;
	struct xarray entries;
	/* private: see vfio_mdev_window.c */
	struct vfio_mdev_window_key key;	/* constant while it is linked */
	struct rhash_head node;			/* in the table while it is linked */
	struct vfio_mdev_windows *owner;	/* of the device that it was made on */
	struct list_head of_owner;		/* in the list of that */
	bool linked;				/* by vfio_mdev_windows_lock */
	refcount_t refs;			/* users, and one for being linked */
	struct completion unused;		/* nobody has a reference any more */
	void (*let_go)(struct vfio_mdev_window *window);	/* of user space's */
};

int __must_check vfio_mdev_window_add(struct mdev_device *mdev,
				      struct vfio_mdev_window *window);
void vfio_mdev_window_del(struct vfio_mdev_window *window);

struct vfio_mdev_window *vfio_mdev_window_get(struct kvm *kvm, u64 liobn);
void vfio_mdev_window_put(struct vfio_mdev_window *window);

bool vfio_mdev_window_is_attached(struct mdev_device *mdev,
				  const struct vfio_mdev_window *window);

long vfio_mdev_window_ioctl(struct mdev_device *mdev, unsigned int cmd,
			    unsigned long arg);

/**
 * vfio_mdev_window_index - which page of a window an address is in
 * @window: a window that the caller has a reference on
 * @ioba: address on the guest's I/O bus
 * @index: gets the number of the page, from 0 on
 *
 * Context: any.
 * Return: 0, or -EINVAL if the window has no such address.
 */
static inline int vfio_mdev_window_index(const struct vfio_mdev_window *window,
					 u64 ioba, unsigned long *index)
{
	if (ioba < window->start || ioba - window->start >= window->size)
		return -EINVAL;
	*index = (ioba - window->start) >> window->page_shift;
	return 0;
}

#endif /* VFIO_MDEV_WINDOW_H */
