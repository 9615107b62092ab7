// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a mediated device: what user space may do to them
 *
 * VFIO_DEVICE_SET_IRQS in all of its forms. Whatever comes from user space is
 * checked against the counts of struct vfio_mdev_irqs in one place, so that below
 * it a range of interrupts is always one that the device has.
 */
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/vfio_mdev_lib.h>

#include "vfio_mdev_private.h"

static int vfio_mdev_irq_eventfd(int fd, struct eventfd_ctx **ctx)
{
	if (fd < -1)
		return -EINVAL;

	*ctx = fd == -1 ? NULL : eventfd_ctx_fdget(fd);
	return PTR_ERR_OR_ZERO(*ctx);
}

static void vfio_mdev_irq_put_eventfd(struct eventfd_ctx *ctx)
{
	if (ctx)
		eventfd_ctx_put(ctx);
}

/* Whether INTx, MSI or MSI-X can get eventfds now */
static bool vfio_mdev_irq_can_assign(struct vfio_mdev_irqs *irqs,
				     const struct vfio_irq_set *set)
{
	lockdep_assert_held(&irqs->lock);

	if (irqs->index == VFIO_PCI_NUM_IRQS)
		return true;
	if (irqs->index != set->index)
		return false;
	/* MSI is announced as NORESIZE. */
	return set->index != VFIO_PCI_MSI_IRQ_INDEX ||
	       set->start + set->count <= irqs->enabled;
}

/* Put new eventfds in place, and the old ones into @ctx. */
static void vfio_mdev_irq_swap(struct vfio_mdev_irqs *irqs,
			       const struct vfio_irq_set *set,
			       struct eventfd_ctx **ctx)
{
	bool enable = irqs->index == VFIO_PCI_NUM_IRQS;
	u32 i;

	lockdep_assert_held(&irqs->lock);

	if (enable) {
		irqs->index = set->index;
		irqs->enabled = set->start + set->count;
		irqs->masked = false;
	}

	for (i = 0; i < set->count; i++)
		swap(irqs->trigger[set->start + i], ctx[i]);

	/* The device may have asked before anybody was listening. */
	if (set->index == VFIO_PCI_INTX_IRQ_INDEX)
		vfio_mdev_intx_update(irqs);
	else if (enable && irqs->line)
		vfio_mdev_irq_signal_locked(irqs, 0);
}

/* All of the eventfds or none are set. */
static int vfio_mdev_irq_assign(struct vfio_mdev_irqs *irqs,
				const struct vfio_irq_set *set, const s32 *fd)
{
	struct eventfd_ctx **ctx;
	unsigned long flags;
	int ret = 0;
	u32 i, nr;

	ctx = kzalloc_objs(*ctx, set->count);
	if (!ctx)
		return -ENOMEM;

	for (nr = 0; nr < set->count; nr++) {
		ret = vfio_mdev_irq_eventfd(fd[nr], &ctx[nr]);
		if (ret)
			break;
	}

	spin_lock_irqsave(&irqs->lock, flags);
	if (!ret && !vfio_mdev_irq_can_assign(irqs, set))
		ret = -EINVAL;
	if (!ret)
		vfio_mdev_irq_swap(irqs, set, ctx);
	spin_unlock_irqrestore(&irqs->lock, flags);

	/* Now the old ones, or the new ones if they were refused */
	for (i = 0; i < nr; i++)
		vfio_mdev_irq_put_eventfd(ctx[i]);
	kfree(ctx);
	return ret;
}

/* Disable @index with all of its eventfds. */
static int vfio_mdev_irq_disable(struct vfio_mdev_irqs *irqs,
				 unsigned int index)
{
	struct vfio_mdev_irqfd *unmask;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->index != index || index == VFIO_PCI_NUM_IRQS) {
		spin_unlock_irqrestore(&irqs->lock, flags);
		return -EINVAL;
	}
	for (i = 0; i < irqs->count[index]; i++) {
		vfio_mdev_irq_put_eventfd(irqs->trigger[i]);
		irqs->trigger[i] = NULL;
	}
	unmask = irqs->unmask;
	irqs->unmask = NULL;
	irqs->index = VFIO_PCI_NUM_IRQS;
	spin_unlock_irqrestore(&irqs->lock, flags);

	/* Sleeps, and waits for work that takes the lock. */
	vfio_mdev_irqfd_destroy(unmask);
	return 0;
}

/* Whether the user's data selects the @i-th interrupt of the range */
static bool vfio_mdev_irq_selected(const struct vfio_irq_set *set,
				   const u8 *data, u32 i)
{
	return set->flags & VFIO_IRQ_SET_DATA_NONE || data[i];
}

/* Signal as if the device had, for tests in user space. */
static void vfio_mdev_irq_loopback(struct vfio_mdev_irqs *irqs,
				   const struct vfio_irq_set *set,
				   const u8 *data)
{
	u32 i;

	lockdep_assert_held(&irqs->lock);

	if (irqs->index == VFIO_PCI_INTX_IRQ_INDEX &&
	    vfio_mdev_intx_disabled(irqs))
		return;

	for (i = 0; i < set->count; i++)
		if (vfio_mdev_irq_selected(set, data, i))
			vfio_mdev_irq_signal_locked(irqs, set->start + i);
}

static int vfio_mdev_irq_set_trigger(struct vfio_mdev_irqs *irqs,
				     const struct vfio_irq_set *set,
				     const void *data)
{
	unsigned long flags;
	int ret = 0;

	if (!set->count)
		return set->flags & VFIO_IRQ_SET_DATA_NONE ?
		       vfio_mdev_irq_disable(irqs, set->index) : -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return vfio_mdev_irq_assign(irqs, set, data);

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->index == set->index)
		vfio_mdev_irq_loopback(irqs, set, data);
	else
		ret = -EINVAL;
	spin_unlock_irqrestore(&irqs->lock, flags);
	return ret;
}

/* The request irq is a trigger that is enabled on its own. */
static int vfio_mdev_irq_set_request(struct vfio_mdev_irqs *irqs,
				     const struct vfio_irq_set *set,
				     const void *data)
{
	struct eventfd_ctx *ctx = NULL;
	unsigned long flags;
	bool none = set->flags & VFIO_IRQ_SET_DATA_NONE;
	bool replace = !set->count || set->flags & VFIO_IRQ_SET_DATA_EVENTFD;
	int ret = 0;

	if (!set->count && !none)
		return -EINVAL;
	if (set->count && replace)
		ret = vfio_mdev_irq_eventfd(*(const s32 *)data, &ctx);
	if (ret)
		return ret;

	spin_lock_irqsave(&irqs->lock, flags);
	if (none && !irqs->request)
		ret = -EINVAL;
	else if (replace)
		swap(irqs->request, ctx);
	else if (irqs->request && vfio_mdev_irq_selected(set, data, 0))
		eventfd_signal(irqs->request);
	spin_unlock_irqrestore(&irqs->lock, flags);

	vfio_mdev_irq_put_eventfd(ctx);
	return ret;
}

/* Unmask INTx whenever the eventfd @fd is signalled; -1 ends that. */
static int vfio_mdev_irq_set_unmask_fd(struct vfio_mdev_irqs *irqs, int fd)
{
	struct vfio_mdev_irqfd *irqfd = NULL;
	unsigned long flags;
	int ret = 0;

	if (fd < -1)
		return -EINVAL;
	if (fd >= 0)
		irqfd = vfio_mdev_irqfd_create(irqs, fd);
	if (IS_ERR(irqfd))
		return PTR_ERR(irqfd);

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->index == VFIO_PCI_INTX_IRQ_INDEX)
		swap(irqs->unmask, irqfd);
	else
		ret = -EINVAL;
	spin_unlock_irqrestore(&irqs->lock, flags);

	vfio_mdev_irqfd_destroy(irqfd);
	return ret;
}

static int vfio_mdev_irq_set_mask(struct vfio_mdev_irqs *irqs,
				  const struct vfio_irq_set *set,
				  const void *data)
{
	bool mask = set->flags & VFIO_IRQ_SET_ACTION_MASK;
	unsigned long flags;
	int ret = 0;

	if (set->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENOTTY;
	if (!set->count)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return mask ? -ENOTTY :
		       vfio_mdev_irq_set_unmask_fd(irqs, *(const s32 *)data);

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->index != VFIO_PCI_INTX_IRQ_INDEX) {
		ret = -EINVAL;
	} else if (vfio_mdev_irq_selected(set, data, 0)) {
		irqs->masked = mask;
		vfio_mdev_intx_update(irqs);
	}
	spin_unlock_irqrestore(&irqs->lock, flags);
	return ret;
}

/**
 * vfio_mdev_irq_check - check what user space asks for with VFIO_DEVICE_SET_IRQS
 * @irqs: interrupts of the device
 * @set: what is asked for, a kernel copy; may be anything
 * @data_size: bytes of data that have to follow @set
 *
 * Context: any context.
 * Return: 0, or -EINVAL for a range that the device does not have, for flags that
 * make no sense, or if @set is too small for its data.
 */
int vfio_mdev_irq_check(const struct vfio_mdev_irqs *irqs,
			const struct vfio_irq_set *set, size_t *data_size)
{
	struct vfio_irq_set copy = *set;
	u16 count;

	if (set->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	count = irqs->count[array_index_nospec(set->index, VFIO_PCI_NUM_IRQS)];
	return vfio_set_irqs_validate_and_prepare(&copy, count,
						  VFIO_PCI_NUM_IRQS, data_size);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_check);

/**
 * vfio_mdev_irq_set - do what user space asks for with VFIO_DEVICE_SET_IRQS
 * @irqs: interrupts of the device
 * @set: what is asked for, a kernel copy; may be anything
 * @data: kernel copy of the data that follows, of the size that
 *	  vfio_mdev_irq_check() finds
 *
 * Eventfds that trigger interrupts are set all or, if one is refused, not at all.
 * INTx, MSI and MSI-X exclude each other: one is disabled before the next one is
 * enabled.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL if the device has no such interrupts or they are not in a
 * state for this; -ENOTTY for an action that the index does not have; -EBADF or
 * -EINVAL if a file descriptor is not that of an eventfd; -ENOMEM.
 */
int vfio_mdev_irq_set(struct vfio_mdev_irqs *irqs,
		      const struct vfio_irq_set *set, const void *data)
{
	size_t data_size;
	int ret;

	ret = vfio_mdev_irq_check(irqs, set, &data_size);
	if (ret)
		return ret;

	switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_MASK:
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return vfio_mdev_irq_set_mask(irqs, set, data);
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		if (set->index == VFIO_PCI_REQ_IRQ_INDEX)
			return vfio_mdev_irq_set_request(irqs, set, data);
		return vfio_mdev_irq_set_trigger(irqs, set, data);
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_set);

/**
 * vfio_mdev_irq_release - forget all eventfds, for a vendor's release op
 * @irqs: interrupts of the device
 *
 * Afterwards interrupts are as vfio_mdev_irq_init() left them, but for the line,
 * which is the device's.
 *
 * Context: process context, may sleep.
 */
void vfio_mdev_irq_release(struct vfio_mdev_irqs *irqs)
{
	struct eventfd_ctx *ctx;
	unsigned long flags;

	vfio_mdev_irq_disable(irqs, irqs->index);

	spin_lock_irqsave(&irqs->lock, flags);
	ctx = irqs->request;
	irqs->request = NULL;
	spin_unlock_irqrestore(&irqs->lock, flags);
	vfio_mdev_irq_put_eventfd(ctx);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_release);
