/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mdev_pinner.ko has in common on both interfaces: reading a byte of a device's file
 * pins the page that its user has at that address, unless it is pinned already, for as
 * long as the user has it.
 */
#ifndef MDEV_PINNER_H
#define MDEV_PINNER_H

struct device;

#define PINNER_TYPE	"one"
#define PINNER_DEVICES	100000
#define PINNER_PAGES	64		/* pinned at a time */

int pinner_register(struct device *dev);
void pinner_unregister(struct device *dev);

#endif /* MDEV_PINNER_H */
