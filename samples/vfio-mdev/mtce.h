/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mtce: what the device and its drivers agree on
 *
 * A driver sets up to five registers and writes the sixth, the command, which is done when
 * the write is. All are of 64 bits, to be accessed as such, and little-endian. Where
 * several processors do that at a time, each should have a device of its own.
 */
#ifndef MTCE_H
#define MTCE_H

#include <linux/types.h>

#define MTCE_PCI_VENDOR_ID	0x1af4
#define MTCE_PCI_DEVICE_ID	0x10f4

/**
 * struct mtce_registers - BAR 0
 * @id: reads as %MTCE_ID_VALUE
 * @status: of the last command: 0, or an errno, see below
 * @liobn: number of a window of the virtual machine
 * @ioba: an address in it
 * @tce: an entry: the address of a page, and %MTCE_READ and %MTCE_WRITE; %MTCE_GET
 *	 leaves it here
 * @target: another address in the window
 * @count: of entries or bytes
 * @command: to be written last, one of &enum mtce_command; reads as 0
 *
 * What a command may fail with: ENOENT, there is no such window, or to copy by it is not
 * for this device; EINVAL, an address is not in the window, an entry is none, a count is
 * too high, or no memory is where an entry points; EPERM, an entry does not let the device
 * do that; ENOMEM; EINTR, who wrote the command was killed. Then a part of it may have
 * been done.
 */
struct mtce_registers {
	__u64 id;
	__u64 status;
	__u64 liobn;
	__u64 ioba;
	__u64 tce;
	__u64 target;
	__u64 count;
	__u64 command;
};

#define MTCE_ID_VALUE	0x6563746d

/* What an entry lets a device do; 0 is the entry of a page that has none. */
#define MTCE_READ	1ULL
#define MTCE_WRITE	2ULL

enum mtce_command {
	MTCE_PUT = 1,		/* tce is the entry of the page at ioba */
	MTCE_STUFF,		/* and of the next ones, count in all, up to MTCE_STUFF_MAX */
	MTCE_GET,		/* entry of the page at ioba */
	MTCE_COPY,		/* count bytes from ioba to target, up to MTCE_COPY_MAX */
};

#define MTCE_STUFF_MAX	512
#define MTCE_COPY_MAX	0x100000

#endif /* MTCE_H */
