// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a mediated device: from the device to the eventfds of user space
 *
 * INTx is a level. The device says whether it asks for an interrupt; signalling
 * that masks the interrupt, and unmasking it looks at the level again. MSI and
 * MSI-X are messages. One table of counts decides on what user space is told and
 * on what it may ask for.
 */
#include <linux/bitfield.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/vfio_mdev_lib.h>

#include "vfio_mdev_private.h"

#define VFIO_MDEV_MSI_VECTORS(flags) \
	(1U << FIELD_GET(PCI_MSI_FLAGS_QMASK, flags))
#define VFIO_MDEV_MSIX_VECTORS(flags) \
	(FIELD_GET(PCI_MSIX_FLAGS_QSIZE, flags) + 1)

/* Value of a 16-bit register of a capability; false if there is none */
static bool vfio_mdev_irq_cap(struct vfio_mdev_config *config, u8 id,
			      unsigned int reg, u16 *value)
{
	unsigned int offset = vfio_mdev_config_find_cap(config, id);
	__le16 raw;

	if (!offset || vfio_mdev_config_read(config, offset + reg, &raw, 2))
		return false;

	*value = le16_to_cpu(raw);
	return true;
}

/* What config space promises a driver is what there is. */
static void vfio_mdev_irq_counts(struct vfio_mdev_irqs *irqs)
{
	u16 flags;
	u8 pin = 0;

	vfio_mdev_config_read(irqs->config, PCI_INTERRUPT_PIN, &pin, 1);
	irqs->count[VFIO_PCI_INTX_IRQ_INDEX] = pin ? 1 : 0;
	if (vfio_mdev_irq_cap(irqs->config, PCI_CAP_ID_MSI, PCI_MSI_FLAGS,
			      &flags))
		irqs->count[VFIO_PCI_MSI_IRQ_INDEX] =
			VFIO_MDEV_MSI_VECTORS(flags);
	if (vfio_mdev_irq_cap(irqs->config, PCI_CAP_ID_MSIX, PCI_MSIX_FLAGS,
			      &flags))
		irqs->count[VFIO_PCI_MSIX_IRQ_INDEX] =
			VFIO_MDEV_MSIX_VECTORS(flags);
}

/**
 * vfio_mdev_irq_init - set up the interrupts of a device
 * @irqs: what to set up
 * @desc: which interrupts the device has; not needed afterwards, but the config
 *	  space that it points to has to stay
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int vfio_mdev_irq_init(struct vfio_mdev_irqs *irqs,
		       const struct vfio_mdev_irq_desc *desc)
{
	u16 *count = irqs->count;
	unsigned int vectors;

	memset(irqs, 0, sizeof(*irqs));
	spin_lock_init(&irqs->lock);
	irqs->index = VFIO_PCI_NUM_IRQS;
	irqs->config = desc->config;

	count[VFIO_PCI_REQ_IRQ_INDEX] = desc->request;
	if (irqs->config) {
		vfio_mdev_irq_counts(irqs);
	} else {
		count[VFIO_PCI_INTX_IRQ_INDEX] = desc->intx;
		count[VFIO_PCI_MSI_IRQ_INDEX] = desc->msi;
		count[VFIO_PCI_MSIX_IRQ_INDEX] = desc->msix;
	}

	vectors = max3(count[VFIO_PCI_INTX_IRQ_INDEX],
		       count[VFIO_PCI_MSI_IRQ_INDEX],
		       count[VFIO_PCI_MSIX_IRQ_INDEX]);
	irqs->trigger = kzalloc_objs(*irqs->trigger, vectors);
	return irqs->trigger ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_init);

/**
 * vfio_mdev_irq_destroy - free what vfio_mdev_irq_init() allocated
 * @irqs: interrupts of a device that nobody has open; one whose memory was zeroed
 *	  and not set up since is fine too
 *
 * Context: any context.
 */
void vfio_mdev_irq_destroy(struct vfio_mdev_irqs *irqs)
{
	kfree(irqs->trigger);
	irqs->trigger = NULL;
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_destroy);

/*
 * Signalling. The eventfd cannot go away because the lock is held.
 */

static void vfio_mdev_irq_signal_locked(struct vfio_mdev_irqs *irqs,
					unsigned int vector)
{
	lockdep_assert_held(&irqs->lock);

	if (irqs->trigger[vector])
		eventfd_signal(irqs->trigger[vector]);
}

static bool vfio_mdev_intx_disabled(struct vfio_mdev_irqs *irqs)
{
	return irqs->config && (vfio_mdev_config_command(irqs->config) &
				PCI_COMMAND_INTX_DISABLE);
}

/* Signal INTx if the device asks for it and nothing holds it back. */
static void vfio_mdev_intx_update(struct vfio_mdev_irqs *irqs)
{
	lockdep_assert_held(&irqs->lock);

	if (irqs->index != VFIO_PCI_INTX_IRQ_INDEX || !irqs->trigger[0] ||
	    !irqs->line || irqs->masked || vfio_mdev_intx_disabled(irqs))
		return;

	/* First, as the user may unmask it at once. */
	irqs->masked = true;
	vfio_mdev_irq_signal_locked(irqs, 0);
}

static void vfio_mdev_irq_change_line(struct vfio_mdev_irqs *irqs, bool level)
{
	lockdep_assert_held(&irqs->lock);

	irqs->line = level;
	if (irqs->config)
		vfio_mdev_config_set_intx_status(irqs->config, level);

	if (irqs->index == VFIO_PCI_INTX_IRQ_INDEX)
		vfio_mdev_intx_update(irqs);
	else if (irqs->index != VFIO_PCI_NUM_IRQS && level)
		vfio_mdev_irq_signal_locked(irqs, 0);
}

/**
 * vfio_mdev_irq_set_line - say whether the device asks for an interrupt
 * @irqs: interrupts of the device
 * @level: true as long as it does
 *
 * For a device with one source of interrupts. The level is that of INTx. If
 * messages are enabled instead, vector 0 is sent each time the level rises.
 *
 * Context: any context. Calls for one device have to be serialised by the caller,
 * or a late one leaves a level that is out of date.
 */
void vfio_mdev_irq_set_line(struct vfio_mdev_irqs *irqs, bool level)
{
	unsigned long flags;

	/* Only this function changes it, so this needs no lock. */
	if (level == irqs->line)
		return;

	spin_lock_irqsave(&irqs->lock, flags);
	vfio_mdev_irq_change_line(irqs, level);
	spin_unlock_irqrestore(&irqs->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_set_line);

/**
 * vfio_mdev_irq_update - look at the interrupt disable bit again
 * @irqs: interrupts of the device
 *
 * To be called after the command register in config space was written or reset.
 * Brings the interrupt bit of the status register up to date, too.
 *
 * Context: any context.
 */
void vfio_mdev_irq_update(struct vfio_mdev_irqs *irqs)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->config)
		vfio_mdev_config_set_intx_status(irqs->config, irqs->line);
	vfio_mdev_intx_update(irqs);
	spin_unlock_irqrestore(&irqs->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_update);

/**
 * vfio_mdev_irq_signal - send a message
 * @irqs: interrupts of the device
 * @vector: which one; those that user space did not enable are lost
 *
 * Does nothing unless MSI or MSI-X is enabled.
 *
 * Context: any context.
 */
void vfio_mdev_irq_signal(struct vfio_mdev_irqs *irqs, unsigned int vector)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	if ((irqs->index == VFIO_PCI_MSI_IRQ_INDEX ||
	     irqs->index == VFIO_PCI_MSIX_IRQ_INDEX) &&
	    vector < irqs->count[irqs->index])
		vfio_mdev_irq_signal_locked(irqs, vector);
	spin_unlock_irqrestore(&irqs->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_signal);

/**
 * vfio_mdev_irq_request - ask the user to release the device
 * @irqs: interrupts of the device, set up with &vfio_mdev_irq_desc.request
 *
 * For a vendor's request op.
 *
 * Context: any context.
 */
void vfio_mdev_irq_request(struct vfio_mdev_irqs *irqs)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->request)
		eventfd_signal(irqs->request);
	spin_unlock_irqrestore(&irqs->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_request);

/*
 * VFIO_DEVICE_SET_IRQS
 */

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

/* Unmask INTx and look at the line again. */
void vfio_mdev_irq_unmask(struct vfio_mdev_irqs *irqs)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	irqs->masked = false;
	vfio_mdev_intx_update(irqs);
	spin_unlock_irqrestore(&irqs->lock, flags);
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

/**
 * vfio_mdev_irq_get_info - describe the interrupts of an index
 * @irqs: interrupts of the device
 * @info: index is given, flags and count are filled in
 *
 * Context: any context.
 * Return: 0, with count 0 for an index that the device does not use; -EINVAL for
 * one that there is not, and for VFIO_PCI_ERR_IRQ_INDEX: QEMU takes any success
 * there for a promise to report errors.
 */
int vfio_mdev_irq_get_info(const struct vfio_mdev_irqs *irqs,
			   struct vfio_irq_info *info)
{
	unsigned int index = info->index;

	if (index >= VFIO_PCI_NUM_IRQS || index == VFIO_PCI_ERR_IRQ_INDEX)
		return -EINVAL;

	info->count = irqs->count[array_index_nospec(index, VFIO_PCI_NUM_IRQS)];
	info->flags = info->count ? VFIO_IRQ_INFO_EVENTFD : 0;
	if (!info->count)
		return 0;

	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE |
			       VFIO_IRQ_INFO_AUTOMASKED;
	else if (index != VFIO_PCI_MSIX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_get_info);
