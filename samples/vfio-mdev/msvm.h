/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * msvm: what the device and its drivers agree on
 *
 * A driver binds address spaces, see <linux/vfio_mdev_svm.h>, writes the registers of a
 * command, and then MSVM_COMMAND. By the time that this has returned, the command is done;
 * the interrupt, MSI, is for who waits in another thread. Numbers are little-endian.
 */
#ifndef MSVM_H
#define MSVM_H

#define MSVM_PCI_VENDOR_ID	0x1af4
#define MSVM_PCI_DEVICE_ID	0x10f3

/* Registers in BAR 0, of 64 bits each, to be accessed as such */
#define MSVM_ID			0x00	/* reads as MSVM_ID_VALUE */
#define MSVM_COMMAND		0x08	/* what to do, and do it */
#define MSVM_STATUS		0x10	/* how that went; can be read only, as all below VALUE */
#define MSVM_PASID		0x18	/* in which address space */
#define MSVM_ADDR		0x20	/* at which address of it */
#define MSVM_TARGET		0x28	/* MSVM_COPY: to which one */
#define MSVM_LEN		0x30	/* how many bytes */
#define MSVM_VALUE		0x38	/* MSVM_FILL: with which byte */
#define MSVM_RESULT		0x40	/* MSVM_SUM: the sum of the bytes */
#define MSVM_FAULT_ADDR		0x48	/* the first byte that could not be accessed */
#define MSVM_FAULT_ACCESS	0x50	/* in which way */
#define MSVM_FAULTS		0x58	/* commands that ended in a fault since a reset */
#define MSVM_REGISTERS		0x60

#define MSVM_ID_VALUE		0x6d76736d

/* Data is in BAR 2, which can be mapped. */
#define MSVM_DATA_SIZE		0x10000

/* MSVM_COMMAND. One is done at a time; a further one is lost. */
#define MSVM_READ		1	/* memory to data, at most MSVM_DATA_SIZE bytes */
#define MSVM_WRITE		2	/* data to memory, the same */
#define MSVM_FILL		3	/* memory with a byte */
#define MSVM_COPY		4	/* memory to memory, which must not overlap */
#define MSVM_SUM		5	/* memory, to a number */

/* MSVM_STATUS. Nothing can be written while it is MSVM_BUSY. */
#define MSVM_IDLE		0	/* there was no command since a reset */
#define MSVM_BUSY		1
#define MSVM_OK			2
#define MSVM_BAD_COMMAND	3	/* no such command, or too long */
#define MSVM_FAULT		4	/* see MSVM_FAULT_ADDR */
#define MSVM_NO_BOND		5	/* not bound, or not any more; a fault, too */
#define MSVM_ABORTED		6	/* by the end of who gave the command */

/* MSVM_FAULT_ACCESS */
#define MSVM_FAULT_READ		1
#define MSVM_FAULT_WRITE	2

#endif /* MSVM_H */
