/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that the kernel cannot read or write as it would like to
 */
#ifndef LIBMDEV_BUFFER_H
#define LIBMDEV_BUFFER_H

#include <stddef.h>

/* A copy of @size bytes, behind which there is no memory; up to a page */
void *buffer_cut(const void *data, size_t size);
/* A copy that cannot be written, the same otherwise */
void *buffer_read_only(const void *data, size_t size);
void buffer_free(void *buffer);

#endif /* LIBMDEV_BUFFER_H */
