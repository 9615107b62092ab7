/* SPDX-License-Identifier: GPL-2.0-only */
/* What virtio_mdev_ring.c needs beyond the kernel that tools/virtio makes up */
#ifndef VRINGH_SHIM_H
#define VRINGH_SHIM_H

#define _GNU_SOURCE
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#define GFP_KERNEL_ACCOUNT	0
#define U16_MAX			UINT16_MAX
#define U32_MAX			UINT32_MAX

#define kvzalloc(size, gfp)	calloc(1, size)
#define kvfree(ptr)		free(ptr)
#define __must_be_array(array)	0
#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))

#endif /* VRINGH_SHIM_H */
