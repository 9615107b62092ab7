/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mdma: what the device and its drivers agree on
 *
 * A driver writes commands to a ring in its memory, and how many it has written to
 * the doorbell, which is in a page of BAR 0 that is memory. As long as the device looks
 * there by itself, that is all. When it has found nothing for a while, it says so in
 * the same page, and a driver that reads this after it wrote the doorbell has to write
 * the register MDMA_KICK, too. All numbers are little-endian.
 */
#ifndef MDMA_H
#define MDMA_H

#include <linux/types.h>

#define MDMA_PCI_VENDOR_ID	0x1af4
#define MDMA_PCI_DEVICE_ID	0x10f2

/* Registers in BAR 0, of 32 bits each, to be accessed as such */
#define MDMA_ID			0x00	/* reads as MDMA_ID_VALUE */
#define MDMA_CONTROL		0x04	/* MDMA_CONTROL_... */
#define MDMA_STATUS		0x08	/* MDMA_STATUS_... */
#define MDMA_RING_LOW		0x0c	/* address of the ring */
#define MDMA_RING_HIGH		0x10
#define MDMA_RING_SIZE		0x14	/* in commands, a power of two, at most MDMA_RING_MAX */
#define MDMA_KICK		0x18	/* there are commands; reads as how often it was told */
#define MDMA_DONE		0x1c	/* commands that were done since a reset */
#define MDMA_ERRORS		0x20	/* those of them that failed */
#define MDMA_DOORBELL		0x24	/* where in BAR 0 the page of the doorbell is */
#define MDMA_REGISTERS		0x28

#define MDMA_ID_VALUE		0x616d646d

#define MDMA_CONTROL_ENABLE	1	/* takes commands; ring and size are fixed */
#define MDMA_CONTROL_RESET	2	/* forgets everything; reads as 0 */

#define MDMA_STATUS_STOPPED	1	/* the ring is wrong or unreadable; needs a reset */

#define MDMA_RING_MAX		4096

/* In the page of the doorbell */
#define MDMA_TAIL		0	/* commands that the driver has written to the ring */
#define MDMA_HEAD		4	/* commands that the device has done */
#define MDMA_ASLEEP		8	/* not 0 if the device wants to be kicked */

/* Interrupts, MSI-X vectors */
#define MDMA_VECTOR_DONE	0	/* a command with MDMA_INTERRUPT is done */
#define MDMA_VECTOR_ERROR	1	/* a command failed, or the device has stopped */

enum mdma_op {
	MDMA_NOP,
	MDMA_COPY,		/* len bytes from source to target */
	MDMA_FILL,		/* len bytes at target with the low byte of value */
	MDMA_CRC32,		/* of len bytes at source, into value; from value on */
};

/* Flags of a command */
#define MDMA_INTERRUPT		1
#define MDMA_SOURCE_LIST	2	/* source is the address of a list of pages */
#define MDMA_TARGET_LIST	4	/* the same for target */

#define MDMA_LEN_MAX		0x100000
#define MDMA_PAGE_SIZE		4096	/* of those in lists, whose entries are 64 bits */

/* Status of a command; the device writes it last. */
#define MDMA_PENDING		0
#define MDMA_OK			1
#define MDMA_BAD_COMMAND	2	/* no such op or flag, or too long */
#define MDMA_BAD_ADDRESS	3	/* some memory is not there, or not to be written */
#define MDMA_ABORTED		4	/* by a reset */

struct mdma_command {
	__le32 op;
	__le32 flags;
	__le32 len;
	__le32 value;
	__le64 source;
	__le64 target;
	__le32 status;
	__le32 reserved;
};

#endif /* MDMA_H */
