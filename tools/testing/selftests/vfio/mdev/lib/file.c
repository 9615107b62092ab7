// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>

#define FORMAT_PATH(path, fmt)						\
	char path[PATH_MAX];						\
	va_list args;							\
									\
	va_start(args, fmt);						\
	vsnprintf(path, sizeof(path), fmt, args);			\
	va_end(args)

static int write_once(const char *path, const void *buf, size_t len)
{
	ssize_t n;
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, buf, len);
	if (n < 0)
		ret = -errno;
	else if ((size_t)n != len)
		ret = -EIO;
	close(fd);
	return ret;
}

static int read_once(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	else
		buf[n] = '\0';
	close(fd);
	return n;
}

int __file_write(const void *buf, size_t len, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);

	return write_once(path, buf, len);
}

int __file_puts(const char *text, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);

	return write_once(path, text, strlen(text));
}

void file_puts(const char *text, const char *fmt, ...)
{
	int ret;

	FORMAT_PATH(path, fmt);

	ret = write_once(path, text, strlen(text));
	MDEV_ASSERT(!ret, "writing '%s' to %s: %s", text, path, strerror(-ret));
}

int __file_gets(char *buf, size_t size, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);

	return read_once(path, buf, size);
}

static void gets_assert(const char *path, char *buf, size_t size)
{
	int n = read_once(path, buf, size);

	MDEV_ASSERT(n >= 0, "reading %s: %s", path, strerror(-n));
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
}

void file_gets(char *buf, size_t size, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);

	gets_assert(path, buf, size);
}

long file_long(const char *fmt, ...)
{
	char text[64], *end;
	long value;

	FORMAT_PATH(path, fmt);

	gets_assert(path, text, sizeof(text));
	value = strtol(text, &end, 0);
	MDEV_ASSERT(end != text && !*end, "%s is no number: '%s'", path, text);
	return value;
}

bool file_exists(const char *fmt, ...)
{
	struct stat st;

	FORMAT_PATH(path, fmt);

	return !lstat(path, &st);
}

int file_mode(const char *fmt, ...)
{
	struct stat st;

	FORMAT_PATH(path, fmt);

	MDEV_ASSERT(!lstat(path, &st), "%s: %s", path, strerror(errno));
	return st.st_mode;
}

int __dir_count(const char *fmt, ...)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	FORMAT_PATH(path, fmt);

	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			n++;
	closedir(dir);
	return n;
}

static int read_link(const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	const char *name;
	ssize_t n;

	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(buf, size, "%s", name ? name + 1 : target);
	return 0;
}

int __link_name(char *buf, size_t size, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);

	return read_link(path, buf, size);
}

void link_name(char *buf, size_t size, const char *fmt, ...)
{
	int ret;

	FORMAT_PATH(path, fmt);

	ret = read_link(path, buf, size);
	MDEV_ASSERT(!ret, "link %s: %s", path, strerror(-ret));
}

bool kernel_has_symbol(const char *name)
{
	char line[512], symbol[256];
	bool found = false;
	FILE *file;

	file = fopen("/proc/kallsyms", "r");
	MDEV_ASSERT(file, "/proc/kallsyms: %s", strerror(errno));
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %255s", symbol) == 1 &&
			!strcmp(symbol, name);
	fclose(file);
	return found;
}

long slab_objects(const char *prefix)
{
	char line[512], name[64];
	long active, sum = 0;
	FILE *file;

	file = fopen("/proc/slabinfo", "r");
	MDEV_ASSERT(file, "/proc/slabinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %ld", name, &active) == 2 &&
		    !strncmp(name, prefix, strlen(prefix)))
			sum += active;
	fclose(file);
	return sum;
}

void slab_shrink(const char *prefix)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir("/sys/kernel/slab");
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, prefix, strlen(prefix)))
			__file_puts("1", "/sys/kernel/slab/%s/shrink",
				    entry->d_name);
	closedir(dir);
}

long slab_objects_in_use(long (*now)(void))
{
	long least = now(), seen;
	int i;

	for (i = 0; i < 4; i++) {
		usleep(30000);
		seen = now();
		if (seen < least - 20)
			i = -1;
		if (seen < least)
			least = seen;
	}
	return least;
}
