/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the test's own
 */
#ifndef LIBMDEV_MEMORY_H
#define LIBMDEV_MEMORY_H

#include <stddef.h>

/* Pages of zeroes, private, to be read and written */
void *map_memory(size_t size);

/*
 * Such pages, which nobody has touched, are there when somebody says so. A file descriptor
 * that can be read once somebody waits for them, or -errno, as not all kernels have that.
 */
int memory_hold_back(void *mem, size_t size);
void memory_provide(int fd, void *mem, size_t size);

#endif /* LIBMDEV_MEMORY_H */
