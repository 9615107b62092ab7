// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>
#include <libmdev/module.h>
#include <libmdev/wait.h>

int __module_load(const char *name)
{
	int status;
	pid_t pid;

	if (module_loaded(name))
		return 0;
	pid = fork();
	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		execlp("modprobe", "modprobe", "-q", name, NULL);
		_exit(1);
	}
	MDEV_ASSERT(waitpid(pid, &status, 0) == pid, "waitpid: %s",
		    strerror(errno));
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ENOENT;
}

void module_load(const char *name)
{
	MDEV_ASSERT(!__module_load(name), "module %s cannot be loaded", name);
}

int __module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

void module_unload(const char *name)
{
	int ret = __module_unload(name);

	MDEV_ASSERT(!ret, "unloading %s: %s", name, strerror(-ret));
}

void module_unload_users(const char *name)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *holders;

	snprintf(path, sizeof(path), "/sys/module/%s/holders", name);
	holders = opendir(path);
	while (holders && (entry = readdir(holders)))
		if (entry->d_name[0] != '.')
			module_unload_users(entry->d_name);
	if (holders)
		closedir(holders);
	if (module_loaded(name) && !WAIT_FOR(!__module_unload(name)))
		module_unload(name);
}

bool module_loaded(const char *name)
{
	return file_exists("/sys/module/%s/refcnt", name);
}

int module_refcnt(const char *name)
{
	return file_long("/sys/module/%s/refcnt", name);
}

void module_set_param(const char *name, const char *param, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	file_puts(text, "/sys/module/%s/parameters/%s", name, param);
}

int module_param(const char *name, const char *param)
{
	return file_long("/sys/module/%s/parameters/%s", name, param);
}
