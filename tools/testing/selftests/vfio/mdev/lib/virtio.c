// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <libmdev/file.h>
#include <libmdev/mdev.h>
#include <libmdev/module.h>
#include <libmdev/virtio.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

static const char * const params[] = {
	"mistake", "features_ret", "address_ret", "lazy",
};

bool echo_setup(void)
{
	if (!module_loaded(ECHO_MODULE) && __module_load(ECHO_MODULE))
		return false;
	echo_teardown();
	return true;
}

void echo_teardown(void)
{
	size_t i;

	if (!module_loaded(ECHO_MODULE))
		return;
	for (i = 0; i < ARRAY_SIZE(params); i++)
		module_set_param(ECHO_MODULE, params[i], 0);
	mdev_remove_all(ECHO_PARENT);
}

const char *virtio_device_of(const char *uuid)
{
	static char name[64];
	struct dirent *entry;
	char path[128];
	DIR *dir;

	name[0] = '\0';
	snprintf(path, sizeof(path), MDEV_DEVICES "/%s", uuid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "virtio", strlen("virtio")))
			snprintf(name, sizeof(name), "%.60s", entry->d_name);
	if (dir)
		closedir(dir);
	return name;
}

bool virtio_is_driven(const char *uuid)
{
	const char *name = virtio_device_of(uuid);

	return name[0] && file_exists(VIRTIO_BUS "/devices/%s/driver", name);
}

int __echo_transfer(const char *uuid, unsigned long count)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", count);
	return __file_puts(text, VIRTIO_BUS "/devices/%s/transfers",
			   virtio_device_of(uuid));
}
