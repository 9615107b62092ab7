/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices as administrators see them: parents, types and UUIDs in sysfs
 */
#ifndef LIBMDEV_MDEV_H
#define LIBMDEV_MDEV_H

#include <stdbool.h>
#include <stddef.h>

#define MDEV_UUID_SIZE	37	/* with the NUL */

#define MDEV_DEVICES	"/sys/bus/mdev/devices"
#define MDEV_DRIVERS	"/sys/bus/mdev/drivers"
#define MDEV_PARENTS	"/sys/class/mdev_bus"
#define MDEV_TYPES(parent_fmt) \
	MDEV_PARENTS "/" parent_fmt "/mdev_supported_types"

void mdev_new_uuid(char uuid[MDEV_UUID_SIZE]);

/* What is written to the type's "create": @len bytes, or a UUID as tools do */
int __mdev_create_bytes(const char *parent, const char *type, const void *buf,
			size_t len);
int __mdev_create(const char *parent, const char *type, const char *uuid);
void mdev_create(const char *parent, const char *type, const char *uuid);
/* Creates a device of a new UUID */
void mdev_create_new(const char *parent, const char *type,
		     char uuid[MDEV_UUID_SIZE]);

int __mdev_remove(const char *uuid);
void mdev_remove(const char *uuid);
/* Removes every device of a parent, for a test to begin with none. */
void mdev_remove_all(const char *parent);

bool mdev_exists(const char *uuid);
bool mdev_parent_exists(const char *parent);
long mdev_available(const char *parent, const char *type);
/* Number of devices of a type */
int mdev_count(const char *parent, const char *type);
int __mdev_iommu_group(const char *uuid);
int mdev_iommu_group(const char *uuid);
/* Name of the driver, or "" */
void mdev_driver(const char *uuid, char *buf, size_t size);
/* The same, until the next call */
const char *mdev_driver_of(const char *uuid);
/*
 * Unloads the module of that name with its users. A driver's directory is there until
 * it is freed, which can be seconds later; the module can be loaded again after that.
 */
void mdev_driver_unload(const char *name);
bool mdev_driver_is_gone(const char *name);

#endif /* LIBMDEV_MDEV_H */
