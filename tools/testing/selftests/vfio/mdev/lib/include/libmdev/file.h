/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of sysfs and proc: one open, one system call, close
 *
 * Each takes its path last, as a printf format.
 */
#ifndef LIBMDEV_FILE_H
#define LIBMDEV_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define FILE_PATH(n) __attribute__((format(printf, n, n + 1)))

/* Writes exactly @len bytes by one write(). 0 or -errno; -EIO if it was short. */
FILE_PATH(3) int __file_write(const void *buf, size_t len, const char *path,
			      ...);
/* The same for a string, without its NUL */
FILE_PATH(2) int __file_puts(const char *text, const char *path, ...);
FILE_PATH(2) void file_puts(const char *text, const char *path, ...);

/*
 * Reads at most @size - 1 bytes and ends them by a NUL; number of bytes or
 * -errno. file_gets() also strips one newline.
 */
FILE_PATH(3) int __file_gets(char *buf, size_t size, const char *path, ...);
FILE_PATH(3) void file_gets(char *buf, size_t size, const char *path, ...);
FILE_PATH(1) long file_long(const char *path, ...);

/* Whether there is such a file, directory or link, dangling or not */
FILE_PATH(1) bool file_exists(const char *path, ...);
FILE_PATH(1) int file_mode(const char *path, ...);

/* Number of entries of a directory, . and .. apart; -errno if there is none */
FILE_PATH(1) int __dir_count(const char *path, ...);

/* Last component of what a link points to; 0 or -errno */
FILE_PATH(3) int __link_name(char *buf, size_t size, const char *path, ...);
FILE_PATH(3) void link_name(char *buf, size_t size, const char *path, ...);

/* Whether the kernel is built with something, going by a function of it */
bool kernel_has_symbol(const char *name);

/* Objects in use in all slab caches whose name begins by @prefix */
long slab_objects(const char *prefix);
/* Lets these caches give back what is free, which slab_objects() counts if not */
void slab_shrink(const char *prefix);
/*
 * Memory of what is gone is freed some time later, and then stays with a processor
 * for a while, where it counts as used, unless the caches are shrunk. What is in use
 * is what @now comes down to, which does the latter and counts.
 */
long slab_objects_in_use(long (*now)(void));

#endif /* LIBMDEV_FILE_H */
