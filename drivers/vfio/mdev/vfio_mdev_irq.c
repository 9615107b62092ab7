// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a mediated device: from the device to the eventfds of user space
 *
 * INTx is a level. The device says whether it asks for an interrupt; signalling
 * that masks the interrupt, and unmasking it looks at the level again. MSI and
 * MSI-X are messages. One table of counts decides on what user space is told and,
 * in vfio_mdev_irq_set.c, on what it may ask for.
 */
#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
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

/* Why a device cannot have these interrupts, or NULL. */
static const char *vfio_mdev_irq_fault(const struct vfio_mdev_irq_desc *desc)
{
	if (desc->config)
		return desc->config->image ?
		       NULL : "config comes before vfio_mdev_config_init()";
	if (desc->msi && (!is_power_of_2(desc->msi) ||
			  desc->msi > VFIO_MDEV_MSI_MAX))
		return "msi is not a power of two up to 32";
	if (desc->msix > VFIO_MDEV_MSIX_MAX)
		return "msix is above 2048";
	return NULL;
}

/**
 * vfio_mdev_irq_init - set up the interrupts of a device
 * @irqs: what to set up
 * @desc: which interrupts the device has; not needed afterwards, but the config
 *	  space that it points to has to stay, and gets no further capabilities
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL, with a message that names the field, for what no PCI device
 * can have; or -ENOMEM.
 */
int vfio_mdev_irq_init(struct vfio_mdev_irqs *irqs,
		       const struct vfio_mdev_irq_desc *desc)
{
	const char *fault = vfio_mdev_irq_fault(desc);
	u16 *count = irqs->count;
	unsigned int vectors;

	memset(irqs, 0, sizeof(*irqs));
	mutex_init(&irqs->set_lock);
	spin_lock_init(&irqs->lock);
	irqs->index = VFIO_PCI_NUM_IRQS;
	irqs->nr = desc->fault ? VFIO_MDEV_NUM_IRQS : VFIO_PCI_NUM_IRQS;
	irqs->config = desc->config;
	if (fault) {
		dev_err(desc->dev, "%s\n", fault);
		return -EINVAL;
	}

	count[VFIO_PCI_REQ_IRQ_INDEX] = desc->request;
	count[VFIO_MDEV_FAULT_IRQ_INDEX] = desc->fault;
	if (irqs->config) {
		irqs->config->complete = true;
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
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
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

void vfio_mdev_irq_signal_locked(struct vfio_mdev_irqs *irqs,
				 unsigned int vector)
{
	lockdep_assert_held(&irqs->lock);

	if (irqs->trigger[vector])
		eventfd_signal(irqs->trigger[vector]);
}

bool vfio_mdev_intx_disabled(struct vfio_mdev_irqs *irqs)
{
	return irqs->config && (vfio_mdev_config_command(irqs->config) &
				PCI_COMMAND_INTX_DISABLE);
}

/* Whatever the line is at */
static void vfio_mdev_intx_signal(struct vfio_mdev_irqs *irqs)
{
	lockdep_assert_held(&irqs->lock);

	if (irqs->index != VFIO_PCI_INTX_IRQ_INDEX || !irqs->trigger[0] ||
	    irqs->masked || vfio_mdev_intx_disabled(irqs))
		return;

	/* First, as the user may unmask it at once. */
	irqs->masked = true;
	vfio_mdev_irq_signal_locked(irqs, 0);
}

/* Signal INTx if the device asks for it and nothing holds it back. */
void vfio_mdev_intx_update(struct vfio_mdev_irqs *irqs)
{
	lockdep_assert_held(&irqs->lock);

	if (irqs->line)
		vfio_mdev_intx_signal(irqs);
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
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 * Calls for one device have to be serialised by the caller, or a late one leaves a
 * level that is out of date.
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

/* For a device that is migrated: what there is beside the eventfds */
void vfio_mdev_intx_save(struct vfio_mdev_irqs *irqs, u8 *line, u8 *masked)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	*line = irqs->line;
	*masked = irqs->masked;
	spin_unlock_irqrestore(&irqs->lock, flags);
}

/* Nothing is signalled before vfio_mdev_intx_resume(). */
void vfio_mdev_intx_load(struct vfio_mdev_irqs *irqs, bool line, bool masked)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	irqs->line = line;
	irqs->owed = line || masked;
	if (irqs->config)
		vfio_mdev_config_set_intx_status(irqs->config, line);
	spin_unlock_irqrestore(&irqs->lock, flags);
}

/*
 * A device that has moved runs. What was signalled until now may be lost, as the
 * interrupt controller of a guest that moved is loaded by then. And whoever had INTx
 * masked was on the way to unmask it, but that was another user, of which this one
 * may not know. So this one is told: an interrupt too many does no harm, one that
 * nobody unmasks ends them all. One that has only stood still owes nothing.
 */
void vfio_mdev_intx_resume(struct vfio_mdev_irqs *irqs)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->owed) {
		irqs->owed = false;
		irqs->masked = false;
		vfio_mdev_intx_signal(irqs);
	}
	spin_unlock_irqrestore(&irqs->lock, flags);
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

/**
 * vfio_mdev_irq_update - look at the interrupt disable bit again
 * @irqs: interrupts of the device
 *
 * To be called after the command register in config space was written or reset.
 * Brings the interrupt bit of the status register up to date, too.
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
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
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
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
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
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

/**
 * vfio_mdev_irq_signal_fault - tell the user that the device has met a fault
 * @irqs: interrupts of the device, set up with &vfio_mdev_irq_desc.fault
 *
 * Whatever else is enabled. What the fault was is to be found in the device before.
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 */
void vfio_mdev_irq_signal_fault(struct vfio_mdev_irqs *irqs)
{
	unsigned long flags;

	spin_lock_irqsave(&irqs->lock, flags);
	if (irqs->fault)
		eventfd_signal(irqs->fault);
	spin_unlock_irqrestore(&irqs->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_irq_signal_fault);

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

	if (index >= irqs->nr || index == VFIO_PCI_ERR_IRQ_INDEX)
		return -EINVAL;

	info->count = irqs->count[array_index_nospec(index, VFIO_MDEV_NUM_IRQS)];
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
