// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that user space reads or writes a device's stream by
 *
 * It has a buffer for all of the stream: what is read was complete when the device
 * stopped, and what is written is looked at when the device leaves RESUMING. Only
 * the header is checked at once, so that a device of another type is found out
 * while the source is still running.
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "vfio_mdev_mig_file.h"

static void vfio_mdev_mig_file_drop(struct vfio_mdev_mig_file *file)
{
	kvfree(file->stream.buf);
	file->stream.buf = NULL;
}

static void vfio_mdev_mig_file_free(struct kref *kref)
{
	struct vfio_mdev_mig_file *file =
		container_of(kref, struct vfio_mdev_mig_file, kref);

	vfio_mdev_mig_file_drop(file);
	mutex_destroy(&file->lock);
	kfree(file);
}

void vfio_mdev_mig_file_put(struct vfio_mdev_mig_file *file)
{
	kref_put(&file->kref, vfio_mdev_mig_file_free);
}

/* With the lock held, which protects the memory from vfio_mdev_mig_file_end() */
static bool vfio_mdev_mig_file_ended(struct vfio_mdev_mig_file *file)
{
	return READ_ONCE(file->ended) || !file->stream.buf;
}

/* Who uses the memory is not waited for; then it goes with the open file. */
void vfio_mdev_mig_file_end(struct vfio_mdev_mig_file *file)
{
	WRITE_ONCE(file->ended, true);
	wake_up_interruptible_all(&file->wait);
	if (mutex_trylock(&file->lock)) {
		vfio_mdev_mig_file_drop(file);
		mutex_unlock(&file->lock);
	}
	vfio_mdev_mig_file_put(file);
}

static int vfio_mdev_mig_file_lock(struct vfio_mdev_mig_file *file)
{
	if (mutex_lock_interruptible(&file->lock))
		return -ERESTARTSYS;
	if (!vfio_mdev_mig_file_ended(file))
		return 0;
	mutex_unlock(&file->lock);
	return -ENODEV;
}

static ssize_t vfio_mdev_mig_file_copy_out(struct vfio_mdev_mig_file *file,
					   char __user *buf, size_t count)
{
	struct vfio_mdev_stream *stream = &file->stream;

	count = min(count, stream->size - file->pos);
	if (!count)
		return file->more ? -ENOMSG : 0;
	if (copy_to_user(buf, stream->buf + file->pos, count))
		return -EFAULT;
	file->pos += count;
	return count;
}

/* At its end, -ENOMSG as long as the device is in PRE_COPY, and 0 after that */
static ssize_t vfio_mdev_mig_file_read(struct file *filp, char __user *buf,
				       size_t count, loff_t *ppos)
{
	struct vfio_mdev_mig_file *file = filp->private_data;
	ssize_t ret;

	ret = vfio_mdev_mig_file_lock(file);
	if (ret)
		return ret;
	ret = vfio_mdev_mig_file_copy_out(file, buf, count);
	mutex_unlock(&file->lock);
	return ret;
}

/* What is not taken leaves no trace. */
static ssize_t vfio_mdev_mig_file_copy_in(struct vfio_mdev_mig_file *file,
					  const char __user *buf, size_t count)
{
	struct vfio_mdev_stream *stream = &file->stream;

	if (count > stream->room - stream->size)
		return -EFBIG;
	if (copy_from_user(stream->buf + stream->size, buf, count))
		return -EFAULT;
	stream->size += count;
	if (!vfio_mdev_stream_check_header(stream))
		return count;
	stream->size -= count;
	return -EINVAL;
}

static ssize_t vfio_mdev_mig_file_write(struct file *filp,
					const char __user *buf, size_t count,
					loff_t *ppos)
{
	struct vfio_mdev_mig_file *file = filp->private_data;
	ssize_t ret;

	ret = vfio_mdev_mig_file_lock(file);
	if (ret)
		return ret;
	ret = vfio_mdev_mig_file_copy_in(file, buf, count);
	mutex_unlock(&file->lock);
	return ret;
}

static __poll_t vfio_mdev_mig_file_poll(struct file *filp,
					struct poll_table_struct *wait)
{
	struct vfio_mdev_mig_file *file = filp->private_data;

	poll_wait(filp, &file->wait, wait);
	if (READ_ONCE(file->ended))
		return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLHUP;
	if (filp->f_mode & FMODE_WRITE)
		return EPOLLOUT | EPOLLWRNORM;
	if (READ_ONCE(file->more) &&
	    READ_ONCE(file->pos) == READ_ONCE(file->stream.size))
		return 0;
	return EPOLLIN | EPOLLRDNORM;
}

/* Nothing of what was there at the beginning becomes out of date. */
static int vfio_mdev_mig_file_fill(struct vfio_mdev_mig_file *file,
				   struct vfio_precopy_info *info)
{
	int ret = vfio_mdev_mig_file_lock(file);

	if (ret)
		return ret;
	if (file->more) {
		info->initial_bytes = file->stream.size - file->pos;
		info->dirty_bytes = 0;
	} else {
		ret = -EINVAL;
	}
	mutex_unlock(&file->lock);
	return ret;
}

static long vfio_mdev_mig_file_precopy_info(struct vfio_mdev_mig_file *file,
					    void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfio_precopy_info info;
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = 0;
	ret = vfio_mdev_mig_file_fill(file, &info);
	if (ret)
		return ret;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long vfio_mdev_mig_file_ioctl(struct file *filp, unsigned int cmd,
				     unsigned long arg)
{
	if (cmd != VFIO_MIG_GET_PRECOPY_INFO || !(filp->f_mode & FMODE_READ))
		return -ENOTTY;
	return vfio_mdev_mig_file_precopy_info(filp->private_data,
					       (void __user *)arg);
}

static int vfio_mdev_mig_file_release(struct inode *inode, struct file *filp)
{
	vfio_mdev_mig_file_put(filp->private_data);
	return 0;
}

static const struct file_operations vfio_mdev_mig_file_fops = {
	.owner = THIS_MODULE,
	.read = vfio_mdev_mig_file_read,
	.write = vfio_mdev_mig_file_write,
	.poll = vfio_mdev_mig_file_poll,
	.unlocked_ioctl = vfio_mdev_mig_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = vfio_mdev_mig_file_release,
};

/*
 * A stream of @stream's records and room, which is empty. The caller has the
 * reference. Memory is accounted to the caller.
 */
struct vfio_mdev_mig_file *
vfio_mdev_mig_file_create(const struct vfio_mdev_stream *stream)
{
	struct vfio_mdev_mig_file *file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);

	if (!file)
		return NULL;
	kref_init(&file->kref);
	mutex_init(&file->lock);
	init_waitqueue_head(&file->wait);
	file->stream = *stream;
	file->stream.buf = kvzalloc(stream->room,
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!file->stream.buf) {
		vfio_mdev_mig_file_put(file);
		return NULL;
	}
	return file;
}

/* A file for user space, with a reference of its own; @flags as those of open() */
struct file *vfio_mdev_mig_file_open(struct vfio_mdev_mig_file *file, int flags)
{
	struct file *filp;

	filp = anon_inode_getfile("[vfio-mdev-migration]",
				  &vfio_mdev_mig_file_fops, file, flags);
	if (IS_ERR(filp))
		return filp;
	kref_get(&file->kref);
	stream_open(filp->f_inode, filp);
	return filp;
}
