// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA windows of user space: a file that stands for one, and the ioctls of a device
 *
 * The file and the window are two things. The window is found, used, and waited for until
 * nobody uses it. The file, and each device that the window is attached to, hold no more
 * than its memory: user space may keep them for as long as it likes.
 */
#include <linux/anon_inodes.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_window.h>
#include <kunit/visibility.h>
#include <uapi/linux/vfio_mdev_window.h>

#include "vfio_mdev_windows.h"

/**
 * struct vfio_mdev_window_fd - a window that user space has made
 * @window: the window
 * @kref: one for the file, one while @window is linked or somebody ends it, one for
 *	  each device that it is attached to. The last one to go frees all this.
 * @rcu: frees it, after those who may be about to find out that it is gone
 */
struct vfio_mdev_window_fd {
	struct vfio_mdev_window window;
	struct kref kref;
	struct rcu_head rcu;
};

static struct vfio_mdev_window_fd *
to_vfio_mdev_window_fd(struct vfio_mdev_window *window)
{
	return container_of(window, struct vfio_mdev_window_fd, window);
}

static void vfio_mdev_window_fd_free(struct kref *kref)
{
	struct vfio_mdev_window_fd *wfd =
		container_of(kref, struct vfio_mdev_window_fd, kref);

	kfree_rcu(wfd, rcu);
}

static void vfio_mdev_window_fd_let_go(struct vfio_mdev_window *window)
{
	kref_put(&to_vfio_mdev_window_fd(window)->kref,
		 vfio_mdev_window_fd_free);
}

static int vfio_mdev_window_fd_release(struct inode *inode, struct file *filp)
{
	struct vfio_mdev_window_fd *wfd = filp->private_data;

	vfio_mdev_window_end(&wfd->window);
	vfio_mdev_window_fd_let_go(&wfd->window);
	return 0;
}

static const struct file_operations vfio_mdev_window_fops = {
	.owner = THIS_MODULE,
	.release = vfio_mdev_window_fd_release,
};

static struct vfio_mdev_window_fd *
vfio_mdev_window_fd_alloc(const struct vfio_device_window_create *create)
{
	struct vfio_mdev_window_fd *wfd = kzalloc_obj(*wfd, GFP_KERNEL_ACCOUNT);

	if (!wfd)
		return NULL;
	kref_init(&wfd->kref);
	wfd->window.liobn = create->liobn;
	wfd->window.start = create->start;
	wfd->window.size = create->size;
	wfd->window.page_shift = create->page_shift;
	wfd->window.let_go = vfio_mdev_window_fd_let_go;
	return wfd;
}

/* From here on closing the file frees it. */
static struct file *
vfio_mdev_window_fd_open(const struct vfio_device_window_create *create)
{
	struct vfio_mdev_window_fd *wfd = vfio_mdev_window_fd_alloc(create);
	struct file *filp;

	if (!wfd)
		return ERR_PTR(-ENOMEM);
	filp = anon_inode_getfile("[vfio-mdev-window]", &vfio_mdev_window_fops,
				  wfd, O_RDWR);
	if (IS_ERR(filp))
		vfio_mdev_window_fd_let_go(&wfd->window);
	return filp;
}

static int vfio_mdev_window_fd_add(struct mdev_device *mdev, struct file *filp)
{
	struct vfio_mdev_window_fd *wfd = filp->private_data;
	int ret;

	kref_get(&wfd->kref);
	ret = vfio_mdev_windows_add(vfio_mdev_windows_of(mdev),
				    vfio_mdev_kvm(mdev), &wfd->window);
	if (ret)
		vfio_mdev_window_fd_let_go(&wfd->window);
	return ret;
}

/* User space sees the file last, as it may close it at once. */
static long vfio_mdev_window_create_fd(struct mdev_device *mdev,
				       const struct vfio_device_window_create *create)
{
	struct file *filp;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	filp = vfio_mdev_window_fd_open(create);
	if (IS_ERR(filp)) {
		put_unused_fd(fd);
		return PTR_ERR(filp);
	}
	ret = vfio_mdev_window_fd_add(mdev, filp);
	if (ret) {
		fput(filp);
		put_unused_fd(fd);
		return ret;
	}
	fd_install(fd, filp);
	return fd;
}

static long vfio_mdev_window_create(struct mdev_device *mdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_window_create,
					 page_shift);
	struct vfio_device_window_create create;

	if (copy_from_user(&create, arg, minsz))
		return -EFAULT;
	/* The window's own is narrower. */
	if (create.argsz < minsz || create.flags ||
	    create.page_shift > VFIO_MDEV_WINDOW_SHIFT_MAX)
		return -EINVAL;
	return vfio_mdev_window_create_fd(mdev, &create);
}

/*
 * The user may know a window that is gone, and whose KVM may be, too: its key is not
 * looked at before it is known to be linked.
 */
static int vfio_mdev_windows_may_attach(struct vfio_mdev_windows *windows,
					struct kvm *kvm,
					struct vfio_mdev_window *window)
{
	struct vfio_mdev_window *attached = windows->attached;

	lockdep_assert_held(&vfio_mdev_windows_lock);
	if (!window)
		return 0;
	if (!window->linked)
		return -ENOENT;
	if (window->key.kvm != (uintptr_t)kvm)
		return -EINVAL;
	return attached && attached != window && attached->linked ? -EBUSY : 0;
}

int vfio_mdev_windows_attach(struct vfio_mdev_windows *windows, struct kvm *kvm,
			     struct vfio_mdev_window **window)
{
	struct vfio_mdev_window *attached;
	int ret;

	spin_lock(&vfio_mdev_windows_lock);
	ret = vfio_mdev_windows_may_attach(windows, kvm, *window);
	if (!ret) {
		attached = windows->attached;
		WRITE_ONCE(windows->attached, *window);
		*window = attached;
	}
	spin_unlock(&vfio_mdev_windows_lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_windows_attach);

static int vfio_mdev_window_attach_to(struct mdev_device *mdev,
				      struct vfio_mdev_window *window)
{
	int ret;

	if (!vfio_mdev_kvm(mdev))
		ret = -ENXIO;
	else
		ret = vfio_mdev_windows_attach(vfio_mdev_windows_of(mdev),
					       vfio_mdev_kvm(mdev), &window);
	if (window)
		vfio_mdev_window_fd_let_go(window);
	return ret;
}

static int vfio_mdev_window_attach_file(struct mdev_device *mdev,
					struct file *filp)
{
	struct vfio_mdev_window_fd *wfd = filp->private_data;

	if (filp->f_op != &vfio_mdev_window_fops)
		return -EINVAL;
	kref_get(&wfd->kref);
	return vfio_mdev_window_attach_to(mdev, &wfd->window);
}

static long vfio_mdev_window_attach(struct mdev_device *mdev, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_window_attach, fd);
	struct vfio_device_window_attach attach;
	struct file *filp;
	int ret;

	if (copy_from_user(&attach, arg, minsz))
		return -EFAULT;
	if (attach.argsz < minsz || attach.flags)
		return -EINVAL;
	if (attach.fd == -1)
		return vfio_mdev_window_attach_to(mdev, NULL);
	filp = fget(attach.fd);
	if (!filp)
		return -EBADF;
	ret = vfio_mdev_window_attach_file(mdev, filp);
	fput(filp);
	return ret;
}

/**
 * vfio_mdev_window_is_attached - whether a device may use a window
 * @mdev: a device that is open
 * @window: a window that the caller has a reference on
 *
 * Context: any. The answer may be out of date when it arrives.
 * Return: %true for windows that were made on the device, and the one that its user
 * has attached.
 */
bool vfio_mdev_window_is_attached(struct mdev_device *mdev,
				  const struct vfio_mdev_window *window)
{
	struct vfio_mdev_windows *windows = vfio_mdev_windows_of(mdev);

	return window->owner == windows ||
	       READ_ONCE(windows->attached) == window;
}
EXPORT_SYMBOL_GPL(vfio_mdev_window_is_attached);

/**
 * vfio_mdev_window_ioctl - answer the ioctls that concern windows, for an ioctl op
 * @mdev: the device
 * @cmd: the ioctl
 * @arg: its argument
 *
 * include/uapi/linux/vfio_mdev_window.h says what they are. A vendor that calls this
 * has windows that its user makes, and finds them by vfio_mdev_window_get().
 *
 * Context: process context, from the op ioctl, no locks held.
 * Return: what the ioctl returns; -ENOTTY for an ioctl that is not known here.
 */
long vfio_mdev_window_ioctl(struct mdev_device *mdev, unsigned int cmd,
			    unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_WINDOW_CREATE:
		return vfio_mdev_window_create(mdev, uarg);
	case VFIO_DEVICE_WINDOW_ATTACH:
		return vfio_mdev_window_attach(mdev, uarg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_mdev_window_ioctl);
