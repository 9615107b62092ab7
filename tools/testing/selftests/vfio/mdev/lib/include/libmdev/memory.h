/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the test's own
 */
#ifndef LIBMDEV_MEMORY_H
#define LIBMDEV_MEMORY_H

#include <stddef.h>

/* Pages of zeroes, private, to be read and written */
void *map_memory(size_t size);

#endif /* LIBMDEV_MEMORY_H */
