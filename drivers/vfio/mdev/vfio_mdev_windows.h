/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA windows that a mediated device has to do with, see vfio_mdev_window.c
 */
#ifndef VFIO_MDEV_WINDOWS_H
#define VFIO_MDEV_WINDOWS_H

#include <linux/list.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct kvm;
struct mdev_device;
struct vfio_mdev_window;

/**
 * struct vfio_mdev_windows - windows of a device
 * @list: those that were made on it, and can be found
 * @attached: one of user space's that it may use beside these, or %NULL. It may be
 *	      gone. It is kept from being freed, until it is let go.
 * @open: from before the vendor's open() until after its release(); only then does
 *	  the device have a KVM
 *
 * All are protected by vfio_mdev_windows_lock.
 */
struct vfio_mdev_windows {
	struct list_head list;
	struct vfio_mdev_window *attached;
	bool open;
};

/*
 * Protects the above, and which windows are linked. Of all devices, as a window has to do
 * with several. Nothing is called inside that sleeps or takes another lock of ours.
 */
extern spinlock_t vfio_mdev_windows_lock;

/* That of a device that is bound */
struct vfio_mdev_windows *vfio_mdev_windows_of(struct mdev_device *mdev);

void vfio_mdev_windows_setup(struct vfio_mdev_windows *windows);
void vfio_mdev_windows_open(struct vfio_mdev_windows *windows);
/* After the vendor's release() or a failed open(), and before the KVM may go */
void vfio_mdev_windows_close(struct vfio_mdev_windows *windows);

/* As vfio_mdev_window_add(), to the windows of a device that has this KVM, or NULL */
int vfio_mdev_windows_add(struct vfio_mdev_windows *windows, struct kvm *kvm,
			  struct vfio_mdev_window *window);
/* Ends one of user space's, unless somebody else does or has. */
void vfio_mdev_window_end(struct vfio_mdev_window *window);
/*
 * Attaches a window that was not let go, or NULL. After success the caller has let go of
 * *@window, and gets what was attached before to let go of, or NULL.
 */
int vfio_mdev_windows_attach(struct vfio_mdev_windows *windows, struct kvm *kvm,
			     struct vfio_mdev_window **window);

int vfio_mdev_windows_init(void);
void vfio_mdev_windows_exit(void);

#endif /* VFIO_MDEV_WINDOWS_H */
