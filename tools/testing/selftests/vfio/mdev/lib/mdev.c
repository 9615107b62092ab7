// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>
#include <libmdev/mdev.h>
#include <libmdev/module.h>
#include <libmdev/wait.h>

void mdev_new_uuid(char uuid[MDEV_UUID_SIZE])
{
	unsigned char b[16];

	MDEV_ASSERT(getrandom(b, sizeof(b), 0) == sizeof(b), "no random bytes");
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(uuid, MDEV_UUID_SIZE,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
}

int __mdev_create_bytes(const char *parent, const char *type, const void *buf,
			size_t len)
{
	return __file_write(buf, len, MDEV_TYPES("%s") "/%s/create", parent,
			    type);
}

int __mdev_create(const char *parent, const char *type, const char *uuid)
{
	return __mdev_create_bytes(parent, type, uuid, strlen(uuid));
}

void mdev_create(const char *parent, const char *type, const char *uuid)
{
	int ret = __mdev_create(parent, type, uuid);

	MDEV_ASSERT(!ret, "creating %s of %s/%s: %s", uuid, parent, type,
		    strerror(-ret));
}

void mdev_create_new(const char *parent, const char *type,
		     char uuid[MDEV_UUID_SIZE])
{
	mdev_new_uuid(uuid);
	mdev_create(parent, type, uuid);
}

int __mdev_remove(const char *uuid)
{
	return __file_puts("1", MDEV_DEVICES "/%s/remove", uuid);
}

void mdev_remove(const char *uuid)
{
	int ret = __mdev_remove(uuid);

	MDEV_ASSERT(!ret, "removing %s: %s", uuid, strerror(-ret));
}

static void remove_all_of_type(const char *parent, const char *type)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), MDEV_TYPES("%s") "/%s/devices", parent,
		 type);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			mdev_remove(entry->d_name);
	closedir(dir);
}

void mdev_remove_all(const char *parent)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), MDEV_TYPES("%s"), parent);
	dir = opendir(path);
	MDEV_ASSERT(dir, "parent %s is not there", parent);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			remove_all_of_type(parent, entry->d_name);
	closedir(dir);
}

bool mdev_exists(const char *uuid)
{
	return file_exists(MDEV_DEVICES "/%s", uuid);
}

bool mdev_parent_exists(const char *parent)
{
	return file_exists(MDEV_PARENTS "/%s", parent);
}

long mdev_available(const char *parent, const char *type)
{
	return file_long(MDEV_TYPES("%s") "/%s/available_instances", parent,
			 type);
}

int mdev_count(const char *parent, const char *type)
{
	int n = __dir_count(MDEV_TYPES("%s") "/%s/devices", parent, type);

	MDEV_ASSERT(n >= 0, "type %s of parent %s: %s", type, parent,
		    strerror(-n));
	return n;
}

int __mdev_iommu_group(const char *uuid)
{
	char name[NAME_MAX + 1], *end;
	long group;
	int ret;

	ret = __link_name(name, sizeof(name), MDEV_DEVICES "/%s/iommu_group",
			  uuid);
	if (ret)
		return ret;
	group = strtol(name, &end, 10);
	MDEV_ASSERT(end != name && !*end, "iommu group of %s is '%s'", uuid,
		    name);
	return group;
}

int mdev_iommu_group(const char *uuid)
{
	int group = __mdev_iommu_group(uuid);

	MDEV_ASSERT(group >= 0, "iommu group of %s: %s", uuid,
		    strerror(-group));
	return group;
}

void mdev_driver(const char *uuid, char *buf, size_t size)
{
	if (__link_name(buf, size, MDEV_DEVICES "/%s/driver", uuid))
		buf[0] = '\0';
}

const char *mdev_driver_of(const char *uuid)
{
	static char name[64];

	mdev_driver(uuid, name, sizeof(name));
	return name;
}

bool mdev_driver_is_gone(const char *name)
{
	return WAIT_FOR(!file_exists(MDEV_DRIVERS "/%s", name));
}

void mdev_driver_unload(const char *name)
{
	module_unload_users(name);
	MDEV_ASSERT(mdev_driver_is_gone(name), "driver %s is still there", name);
}
