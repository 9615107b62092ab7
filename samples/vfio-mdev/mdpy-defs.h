/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mdpy as a guest sees it: a framebuffer, which is the memory of BAR 0, and a
 * capability of the vendor's in config space that says what the picture is
 */
#ifndef MDPY_DEFS_H
#define MDPY_DEFS_H

#include <linux/pci_ids.h>

#define MDPY_PCI_VENDOR_ID	PCI_VENDOR_ID_REDHAT
#define MDPY_PCI_DEVICE_ID	0x000f
#define MDPY_PCI_SUBVENDOR_ID	PCI_SUBVENDOR_ID_REDHAT_QUMRANET
#define MDPY_PCI_SUBDEVICE_ID	PCI_SUBDEVICE_ID_QEMU

/* The capability, and 32-bit registers in it, all of them read-only */
#define MDPY_VENDORCAP_OFFSET	0x40
#define MDPY_VENDORCAP_SIZE	0x10
#define MDPY_FORMAT_OFFSET	0x44	/* of a pixel, a fourcc code of DRM */
#define MDPY_WIDTH_OFFSET	0x48	/* in pixels; a line has no gap after it */
#define MDPY_HEIGHT_OFFSET	0x4c

#endif /* MDPY_DEFS_H */
