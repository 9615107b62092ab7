// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmasking INTx by eventfd
 *
 * With KVM a guest's end of interrupt arrives as a signal on an eventfd that user
 * space hands to us once. Waiting on it means to sit in its wait queue, and what
 * is called from there may not signal an eventfd, as unmasking does when the line
 * is still high. So a work item unmasks.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vfio_mdev_private.h"

/**
 * struct vfio_mdev_irqfd - an eventfd that we wait for
 * @irqs: interrupts whose INTx it unmasks
 * @file: the eventfd. Holding the file, not only the context, keeps it from going
 *	  away under us, so its closing needs no care.
 * @ctx: context of @file
 * @pt: how to get into the wait queue
 * @wait: our place there
 * @work: what a signal sets off
 */
struct vfio_mdev_irqfd {
	struct vfio_mdev_irqs *irqs;
	struct file *file;
	struct eventfd_ctx *ctx;
	poll_table pt;
	wait_queue_entry_t wait;
	struct work_struct work;
};

static void vfio_mdev_irqfd_work(struct work_struct *work)
{
	struct vfio_mdev_irqfd *irqfd =
		container_of(work, struct vfio_mdev_irqfd, work);

	vfio_mdev_irq_unmask(irqfd->irqs);
}

/* Called with the lock of the eventfd's wait queue held. */
static int vfio_mdev_irqfd_wake(wait_queue_entry_t *wait, unsigned int mode,
				int sync, void *key)
{
	struct vfio_mdev_irqfd *irqfd =
		container_of(wait, struct vfio_mdev_irqfd, wait);
	u64 count;

	if (key_to_poll(key) & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->ctx, &count);
		schedule_work(&irqfd->work);
	}
	return 0;
}

static void vfio_mdev_irqfd_queue(struct file *file, wait_queue_head_t *head,
				  poll_table *pt)
{
	struct vfio_mdev_irqfd *irqfd =
		container_of(pt, struct vfio_mdev_irqfd, pt);

	add_wait_queue(head, &irqfd->wait);
}

static void vfio_mdev_irqfd_free(struct vfio_mdev_irqfd *irqfd)
{
	if (irqfd->ctx)
		eventfd_ctx_put(irqfd->ctx);
	if (irqfd->file)
		fput(irqfd->file);
	kfree(irqfd);
}

/*
 * Take hold of the eventfd @fd. Refused if that is what INTx triggers: as long as
 * the line is high, each signal would unmask it, and so be followed by the next.
 */
static int vfio_mdev_irqfd_get(struct vfio_mdev_irqfd *irqfd, int fd)
{
	struct file *file = eventfd_fget(fd);
	struct eventfd_ctx *ctx;

	if (IS_ERR(file))
		return PTR_ERR(file);
	irqfd->file = file;

	ctx = eventfd_ctx_fileget(file);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	irqfd->ctx = ctx;
	return ctx == irqfd->irqs->trigger[0] ? -EINVAL : 0;
}

/*
 * Unmask INTx of @irqs, which is enabled, whenever @fd is signalled, until
 * vfio_mdev_irqfd_destroy(). Returns an errno in the pointer if @fd is not an
 * eventfd or the one that INTx triggers, or memory is short.
 */
struct vfio_mdev_irqfd *vfio_mdev_irqfd_create(struct vfio_mdev_irqs *irqs,
					       int fd)
{
	struct vfio_mdev_irqfd *irqfd;
	int ret;

	lockdep_assert_held(&irqs->set_lock);

	irqfd = kzalloc_obj(*irqfd, GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return ERR_PTR(-ENOMEM);

	irqfd->irqs = irqs;
	ret = vfio_mdev_irqfd_get(irqfd, fd);
	if (ret) {
		vfio_mdev_irqfd_free(irqfd);
		return ERR_PTR(ret);
	}

	INIT_WORK(&irqfd->work, vfio_mdev_irqfd_work);
	init_waitqueue_func_entry(&irqfd->wait, vfio_mdev_irqfd_wake);
	init_poll_funcptr(&irqfd->pt, vfio_mdev_irqfd_queue);

	/* Take note of a signal from before we were waiting. */
	if (vfs_poll(irqfd->file, &irqfd->pt) & EPOLLIN)
		schedule_work(&irqfd->work);
	return irqfd;
}

/* Whether it waits for @ctx; neither has to be there. */
bool vfio_mdev_irqfd_is(const struct vfio_mdev_irqfd *irqfd,
			const struct eventfd_ctx *ctx)
{
	return irqfd && irqfd->ctx == ctx;
}

/* Stop that, and wait for work that takes the spinlock. NULL is fine. */
void vfio_mdev_irqfd_destroy(struct vfio_mdev_irqfd *irqfd)
{
	u64 count;

	if (!irqfd)
		return;

	eventfd_ctx_remove_wait_queue(irqfd->ctx, &irqfd->wait, &count);
	cancel_work_sync(&irqfd->work);
	vfio_mdev_irqfd_free(irqfd);
}
