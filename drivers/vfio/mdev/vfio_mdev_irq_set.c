// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a mediated device: what user space may do to them
 *
 * VFIO_DEVICE_SET_IRQS in all of its forms. Whatever comes from user space is
 * checked against the counts of struct vfio_mdev_irqs in one place, so that below
 * it a range of interrupts is always one that the device has.
 *
 * A range can be that of 2048 eventfds, so no loop over it has interrupts off. The
 * mutex keeps everything here in order; the spinlock is for what the device may
 * look at meanwhile.
 */
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched.h>
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

/* The same for the @nr eventfds of a table, which is empty afterwards */
static void vfio_mdev_irq_put_eventfds(struct eventfd_ctx **ctx, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		vfio_mdev_irq_put_eventfd(ctx[i]);
		ctx[i] = NULL;
		cond_resched();
	}
}

/* Whether INTx, MSI or MSI-X can get the eventfds @ctx now */
static bool vfio_mdev_irq_can_assign(struct vfio_mdev_irqs *irqs,
				     const struct vfio_irq_set *set,
				     struct eventfd_ctx **ctx)
{
	if (irqs->index == VFIO_PCI_NUM_IRQS)
		return true;
	if (irqs->index != set->index)
		return false;
	/* While the line is high, its signals would unmask and so repeat it. */
	if (set->index == VFIO_PCI_INTX_IRQ_INDEX)
		return !vfio_mdev_irqfd_is(irqs->unmask, ctx[0]);
	/* MSI is announced as NORESIZE. */
	return set->index != VFIO_PCI_MSI_IRQ_INDEX ||
	       set->start + set->count <= irqs->enabled;
}

/* Put new eventfds in place, and the old ones into @ctx. */
static void vfio_mdev_irq_swap(struct vfio_mdev_irqs *irqs,
			       const struct vfio_irq_set *set,
			       struct eventfd_ctx **ctx)
{
	unsigned long flags;
	u32 i;

	for (i = 0; i < set->count; i++) {
		spin_lock_irqsave(&irqs->lock, flags);
		swap(irqs->trigger[set->start + i], ctx[i]);
		spin_unlock_irqrestore(&irqs->lock, flags);
		cond_resched();
	}
}

/* Let the device signal the eventfds that are in place. */
static void vfio_mdev_irq_enable(struct vfio_mdev_irqs *irqs,
				 const struct vfio_irq_set *set)
{
	bool enable = irqs->index == VFIO_PCI_NUM_IRQS;
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	if (enable) {
		irqs->index = set->index;
		irqs->enabled = set->start + set->count;
		irqs->masked = false;
	}

	/* The device may have asked before anybody was listening. */
	if (set->index == VFIO_PCI_INTX_IRQ_INDEX)
		vfio_mdev_intx_update(irqs);
	else if (enable && irqs->line)
		vfio_mdev_irq_signal_locked(irqs, 0);
	spin_unlock_irqrestore(&irqs->lock, flags);
}

/* All of the eventfds or none are set. */
static int vfio_mdev_irq_assign(struct vfio_mdev_irqs *irqs,
				const struct vfio_irq_set *set, const s32 *fd)
{
	struct eventfd_ctx **ctx;
	int ret = 0;
	u32 nr;

	ctx = kzalloc_objs(*ctx, set->count);
	if (!ctx)
		return -ENOMEM;

	for (nr = 0; nr < set->count; nr++) {
		ret = vfio_mdev_irq_eventfd(fd[nr], &ctx[nr]);
		if (ret)
			break;
		cond_resched();
	}

	if (!ret && !vfio_mdev_irq_can_assign(irqs, set, ctx))
		ret = -EINVAL;
	if (!ret) {
		vfio_mdev_irq_swap(irqs, set, ctx);
		vfio_mdev_irq_enable(irqs, set);
	}

	/* Now the old ones, or the new ones if they were refused */
	vfio_mdev_irq_put_eventfds(ctx, nr);
	kfree(ctx);
	return ret;
}

/* Disable @index with all of its eventfds. */
static int vfio_mdev_irq_disable(struct vfio_mdev_irqs *irqs,
				 unsigned int index)
{
	unsigned long flags;

	lockdep_assert_held(&irqs->set_lock);

	if (irqs->index != index || index == VFIO_PCI_NUM_IRQS)
		return -EINVAL;

	spin_lock_irqsave(&irqs->lock, flags);
	irqs->index = VFIO_PCI_NUM_IRQS;
	spin_unlock_irqrestore(&irqs->lock, flags);

	/* From here on the device looks at none of them. */
	vfio_mdev_irq_put_eventfds(irqs->trigger, irqs->count[index]);
	vfio_mdev_irqfd_destroy(irqs->unmask);
	irqs->unmask = NULL;
	return 0;
}

/* Whether the user's data selects the @i-th interrupt of the range */
static bool vfio_mdev_irq_selected(const struct vfio_irq_set *set,
				   const u8 *data, u32 i)
{
	return set->flags & VFIO_IRQ_SET_DATA_NONE || data[i];
}

/* Signal as if the device had, for tests in user space. */
static int vfio_mdev_irq_loopback(struct vfio_mdev_irqs *irqs,
				  const struct vfio_irq_set *set,
				  const u8 *data)
{
	struct eventfd_ctx *ctx;
	u32 i;

	if (irqs->index != set->index)
		return -EINVAL;
	if (irqs->index == VFIO_PCI_INTX_IRQ_INDEX &&
	    vfio_mdev_intx_disabled(irqs))
		return 0;

	for (i = 0; i < set->count; i++) {
		ctx = irqs->trigger[set->start + i];
		if (ctx && vfio_mdev_irq_selected(set, data, i))
			eventfd_signal(ctx);
		cond_resched();
	}
	return 0;
}

static int vfio_mdev_irq_set_trigger(struct vfio_mdev_irqs *irqs,
				     const struct vfio_irq_set *set,
				     const void *data)
{
	if (!set->count)
		return set->flags & VFIO_IRQ_SET_DATA_NONE ?
		       vfio_mdev_irq_disable(irqs, set->index) : -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return vfio_mdev_irq_assign(irqs, set, data);
	return vfio_mdev_irq_loopback(irqs, set, data);
}

/* Put @ctx, which may be NULL, in the place of an eventfd that is enabled on its own. */
static void vfio_mdev_irq_swap_lone(struct vfio_mdev_irqs *irqs,
				    struct eventfd_ctx **lone,
				    struct eventfd_ctx *ctx)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	swap(*lone, ctx);
	spin_unlock_irqrestore(&irqs->lock, flags);
	vfio_mdev_irq_put_eventfd(ctx);
}

/* Those of requests and of faults are triggers that are enabled on their own. */
static int vfio_mdev_irq_set_lone(struct vfio_mdev_irqs *irqs,
				  struct eventfd_ctx **lone,
				  const struct vfio_irq_set *set,
				  const void *data)
{
	bool none = set->flags & VFIO_IRQ_SET_DATA_NONE;
	struct eventfd_ctx *ctx = NULL;
	int ret;

	if (none ? !*lone : !set->count)
		return -EINVAL;

	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		ret = vfio_mdev_irq_eventfd(*(const s32 *)data, &ctx);
		if (ret)
			return ret;
		vfio_mdev_irq_swap_lone(irqs, lone, ctx);
	} else if (!set->count) {
		vfio_mdev_irq_swap_lone(irqs, lone, NULL);
	} else if (*lone && vfio_mdev_irq_selected(set, data, 0)) {
		eventfd_signal(*lone);
	}
	return 0;
}

/* Unmask INTx whenever the eventfd @fd is signalled; -1 ends that. */
static int vfio_mdev_irq_set_unmask_fd(struct vfio_mdev_irqs *irqs, int fd)
{
	struct vfio_mdev_irqfd *irqfd = NULL;

	if (fd < -1 || irqs->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -EINVAL;
	if (fd >= 0)
		irqfd = vfio_mdev_irqfd_create(irqs, fd);
	if (IS_ERR(irqfd))
		return PTR_ERR(irqfd);

	swap(irqs->unmask, irqfd);
	vfio_mdev_irqfd_destroy(irqfd);
	return 0;
}

static int vfio_mdev_irq_set_mask(struct vfio_mdev_irqs *irqs,
				  const struct vfio_irq_set *set,
				  const void *data)
{
	bool mask = set->flags & VFIO_IRQ_SET_ACTION_MASK;
	unsigned long flags;

	if (set->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENOTTY;
	if (!set->count)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return mask ? -ENOTTY :
		       vfio_mdev_irq_set_unmask_fd(irqs, *(const s32 *)data);
	if (irqs->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -EINVAL;
	if (!vfio_mdev_irq_selected(set, data, 0))
		return 0;

	spin_lock_irqsave(&irqs->lock, flags);
	irqs->masked = mask;
	vfio_mdev_intx_update(irqs);
	spin_unlock_irqrestore(&irqs->lock, flags);
	return 0;
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

	if (set->index >= irqs->nr)
		return -EINVAL;

	count = irqs->count[array_index_nospec(set->index, VFIO_MDEV_NUM_IRQS)];
	return vfio_set_irqs_validate_and_prepare(&copy, count, irqs->nr,
						  data_size);
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
 * enabled. INTx is not unmasked by the eventfd that it triggers, which would repeat
 * it for as long as the line is high.
 *
 * While many eventfds are replaced, the device may signal some of the old ones and
 * some of the new ones. Calls for one device wait for each other.
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

	guard(mutex)(&irqs->set_lock);
	switch (set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_MASK:
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return vfio_mdev_irq_set_mask(irqs, set, data);
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		if (set->index == VFIO_PCI_REQ_IRQ_INDEX)
			return vfio_mdev_irq_set_lone(irqs, &irqs->request, set,
						      data);
		if (set->index == VFIO_MDEV_FAULT_IRQ_INDEX)
			return vfio_mdev_irq_set_lone(irqs, &irqs->fault, set,
						      data);
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
	guard(mutex)(&irqs->set_lock);
	vfio_mdev_irq_disable(irqs, irqs->index);
	vfio_mdev_irq_swap_lone(irqs, &irqs->request, NULL);
	vfio_mdev_irq_swap_lone(irqs, &irqs->fault, NULL);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_release);
