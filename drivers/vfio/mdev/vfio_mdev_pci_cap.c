// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities in the PCI config space of a mediated device
 *
 * They are added before the device is published, each with an image and masks of
 * its own, and linked in that order. From then on they are bytes of config space
 * like all others; see vfio_mdev_pci.c.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/string.h>
#include <linux/vfio_mdev_lib.h>

#include "vfio_mdev_private.h"

/* Which dwords of the first 256 bytes a capability takes */
static u64 vfio_mdev_cap_dwords(unsigned int offset, unsigned int size)
{
	return GENMASK_ULL((offset + size - 1) / 4, offset / 4);
}

/* Returns where a capability of @size bytes fits, 0 for nowhere. */
static unsigned int vfio_mdev_cap_place(struct vfio_mdev_config *config,
					unsigned int size)
{
	unsigned int offset;

	for (offset = PCI_STD_HEADER_SIZEOF;
	     offset + size <= PCI_CFG_SPACE_SIZE; offset += 4)
		if (!(config->dwords & vfio_mdev_cap_dwords(offset, size)))
			return offset;
	return 0;
}

/* Interrupts are made of one of each; others, such as PCI_CAP_ID_VNDR, may repeat. */
static bool vfio_mdev_cap_is_twice(struct vfio_mdev_config *config, u8 id)
{
	return (id == PCI_CAP_ID_MSI || id == PCI_CAP_ID_MSIX) &&
	       vfio_mdev_config_find_cap(config, id);
}

/* Why a capability cannot be as described, or NULL. */
static const char *vfio_mdev_cap_fault(struct vfio_mdev_config *config,
				       const struct vfio_mdev_pci_cap *cap,
				       unsigned int offset)
{
	unsigned int i;

	if (!config->image)
		return "comes before vfio_mdev_config_init()";
	if (config->complete)
		return "comes after vfio_mdev_pci_dev_finish() or vfio_mdev_irq_init()";
	if (vfio_mdev_cap_is_twice(config, cap->id))
		return "is there already";
	if (cap->size < PCI_CAP_FLAGS)
		return "is too small for its header";
	if (!offset)
		return "does not fit into config space";
	if (offset % 4 || offset < PCI_STD_HEADER_SIZEOF)
		return "is not at a multiple of 4 after the header";
	if (offset + cap->size > PCI_CFG_SPACE_SIZE)
		return "exceeds the first 256 bytes";
	if (config->dwords & vfio_mdev_cap_dwords(offset, cap->size))
		return "overlaps another one";
	for (i = 0; cap->rw && cap->w1c && i < cap->size; i++)
		if (cap->rw[i] & cap->w1c[i])
			return "has a bit in both rw and w1c";
	return NULL;
}

/**
 * vfio_mdev_config_add_cap - add a capability to the list in config space
 * @config: config space of a device that is not published yet
 * @cap: the capability; not needed afterwards
 * @offset: where to store at which offset it is, or NULL; untouched after a failure
 *
 * Capabilities are linked in the order in which they are added.
 *
 * Context: process context.
 * Return: 0, or -EINVAL, with a message, if the capability overlaps another one, does
 * not fit, comes too late, or makes no sense.
 */
int vfio_mdev_config_add_cap(struct vfio_mdev_config *config,
			     const struct vfio_mdev_pci_cap *cap, u8 *offset)
{
	unsigned int at = cap->offset ?: vfio_mdev_cap_place(config, cap->size);
	unsigned int link = config->last_cap + PCI_CAP_LIST_NEXT;
	const char *fault = vfio_mdev_cap_fault(config, cap, at);

	if (fault) {
		dev_err(config->dev, "capability %#x %s (%u bytes at %#x)\n",
			cap->id, fault, cap->size, at);
		return -EINVAL;
	}

	if (cap->image) {
		memcpy(config->reset + at, cap->image, cap->size);
		memcpy(config->image + at, cap->image, cap->size);
	}
	if (cap->rw)
		memcpy(config->rw + at, cap->rw, cap->size);
	if (cap->w1c)
		memcpy(config->w1c + at, cap->w1c, cap->size);

	vfio_mdev_config_define(config, at, 2, cap->id, 0);
	memset(config->w1c + at, 0, 2);
	if (!config->last_cap)
		link = PCI_CAPABILITY_LIST;
	vfio_mdev_config_define(config, link, 1, at, 0);
	vfio_mdev_config_define(config, PCI_STATUS, 2, PCI_STATUS_CAP_LIST |
				PCI_STATUS_DEVSEL_MEDIUM, 0);

	config->last_cap = at;
	config->dwords |= vfio_mdev_cap_dwords(at, cap->size);
	if (offset)
		*offset = at;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_add_cap);

/**
 * vfio_mdev_config_add_msi - add the capability for MSI
 * @config: config space of a device that is not published yet
 * @vectors: number of vectors, a power of two up to 32
 *
 * With 64-bit addresses and without masking for each vector. Where it is, should that
 * matter, vfio_mdev_config_find_cap() says: there is only one.
 *
 * Context: process context.
 * Return: 0, or -EINVAL with a message.
 */
int vfio_mdev_config_add_msi(struct vfio_mdev_config *config,
			     unsigned int vectors)
{
	const struct vfio_mdev_pci_cap cap = {
		.id = PCI_CAP_ID_MSI,
		.size = PCI_MSI_DATA_64 + 2,
	};
	u8 offset;
	int ret;

	if (!is_power_of_2(vectors) || vectors > VFIO_MDEV_MSI_MAX) {
		dev_err(config->dev, "MSI cannot have %u vectors\n", vectors);
		return -EINVAL;
	}
	ret = vfio_mdev_config_add_cap(config, &cap, &offset);
	if (ret)
		return ret;

	vfio_mdev_config_define(config, offset + PCI_MSI_FLAGS, 2,
				PCI_MSI_FLAGS_64BIT | ilog2(vectors) << 1,
				PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	vfio_mdev_config_define(config, offset + PCI_MSI_ADDRESS_LO, 4, 0, ~3U);
	vfio_mdev_config_define(config, offset + PCI_MSI_ADDRESS_HI, 4, 0, ~0U);
	vfio_mdev_config_define(config, offset + PCI_MSI_DATA_64, 2, 0, 0xffff);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_add_msi);

/* Why MSI-X cannot be as described, or NULL. */
static const char *
vfio_mdev_msix_fault(struct vfio_mdev_config *config,
		     const struct vfio_mdev_pci_msix *msix)
{
	u64 table_end = msix->table_offset +
			(u64)msix->vectors * PCI_MSIX_ENTRY_SIZE;
	u64 pba_size = DIV_ROUND_UP(msix->vectors, 64) * 8;

	if (!config->image)
		return "comes before vfio_mdev_config_init()";
	if (!msix->vectors || msix->vectors > VFIO_MDEV_MSIX_MAX)
		return "has vectors outside of 1 to 2048";
	if (msix->table_offset % 8)
		return "has a table_offset that is no multiple of 8";
	if (msix->pba_offset % 8)
		return "has a pba_offset that is no multiple of 8";
	if (!vfio_mdev_config_in_bar(config, msix->table_bar, 0, table_end))
		return "has a table outside of the memory of table_bar";
	if (!vfio_mdev_config_in_bar(config, msix->pba_bar, msix->pba_offset,
				     pba_size))
		return "has pending bits outside of the memory of pba_bar";
	if (msix->table_bar == msix->pba_bar && msix->pba_offset < table_end &&
	    msix->table_offset < msix->pba_offset + pba_size)
		return "has a table and pending bits that overlap";
	return NULL;
}

/**
 * vfio_mdev_config_add_msix - add the capability for MSI-X
 * @config: config space of a device that is not published yet
 * @msix: number of vectors and where their table is; not needed afterwards
 *
 * A user that runs a guest, QEMU for one, keeps the table for the guest and does
 * not ask the device for it. The vendor has to have the bytes all the same. Where the
 * capability is, vfio_mdev_config_find_cap() says: there is only one.
 *
 * Context: process context.
 * Return: 0, or -EINVAL with a message that names the field.
 */
int vfio_mdev_config_add_msix(struct vfio_mdev_config *config,
			      const struct vfio_mdev_pci_msix *msix)
{
	const char *fault = vfio_mdev_msix_fault(config, msix);
	const struct vfio_mdev_pci_cap cap = {
		.id = PCI_CAP_ID_MSIX,
		.size = PCI_CAP_MSIX_SIZEOF,
	};
	u8 offset;
	int ret;

	if (fault) {
		dev_err(config->dev, "MSI-X %s\n", fault);
		return -EINVAL;
	}
	ret = vfio_mdev_config_add_cap(config, &cap, &offset);
	if (ret)
		return ret;

	vfio_mdev_config_define(config, offset + PCI_MSIX_FLAGS, 2,
				msix->vectors - 1,
				PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	vfio_mdev_config_define(config, offset + PCI_MSIX_TABLE, 4,
				msix->table_offset | msix->table_bar, 0);
	vfio_mdev_config_define(config, offset + PCI_MSIX_PBA, 4,
				msix->pba_offset | msix->pba_bar, 0);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_add_msix);

/**
 * vfio_mdev_config_find_cap - find a capability in config space
 * @config: config space of a device
 * @id: capability id
 *
 * Context: any context.
 * Return: its offset, or 0 if there is none.
 */
u8 vfio_mdev_config_find_cap(struct vfio_mdev_config *config, u8 id)
{
	u8 offset = config->image ? config->reset[PCI_CAPABILITY_LIST] : 0;

	/* Links are ours and read-only, so they end. */
	while (offset && config->reset[offset + PCI_CAP_LIST_ID] != id)
		offset = config->reset[offset + PCI_CAP_LIST_NEXT];
	return offset;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_find_cap);
