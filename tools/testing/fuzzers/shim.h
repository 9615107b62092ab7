/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a kernel as our files that need little of one are made of
 *
 * Their headers other than ours are empty, see check-fuzz.
 */
#ifndef FUZZERS_SHIM_H
#define FUZZERS_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define U16_MAX			UINT16_MAX
#define U32_MAX			UINT32_MAX
#define BIT_ULL(nr)		(1ULL << (nr))
#define GFP_KERNEL_ACCOUNT	0
#define EXPORT_SYMBOL_GPL(name)

#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define is_power_of_2(n)	((n) && !((n) & ((n) - 1)))
#define struct_size(p, member, nr)	(sizeof(*(p)) + sizeof((p)->member[0]) * (nr))
#define kvzalloc(size, gfp)	calloc(1, size)
#define kvfree(ptr)		free(ptr)

#define virtio_mb(weak)		__sync_synchronize()
#define virtio_rmb(weak)	__sync_synchronize()
#define virtio_wmb(weak)	__sync_synchronize()

/* This computer is little-endian, or the seeds are of no use. */
#define __virtio16_to_cpu(little, val)	(val)
#define __virtio32_to_cpu(little, val)	(val)
#define __virtio64_to_cpu(little, val)	(val)
#define __cpu_to_virtio16(little, val)	(val)
#define __cpu_to_virtio32(little, val)	(val)

#endif /* FUZZERS_SHIM_H */
