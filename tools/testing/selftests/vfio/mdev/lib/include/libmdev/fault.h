/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Letting one allocation of the calling thread fail, the n-th from now on
 */
#ifndef LIBMDEV_FAULT_H
#define LIBMDEV_FAULT_H

#include <stdbool.h>

/* Whether the kernel can do that; if so, sets it up to do it silently. */
bool fault_setup(void);

/*
 * Spares allocations that @reject, a function of the kernel, makes itself or
 * through others, and those that @require does not; NULL is no condition. A kernel in
 * which @reject has no body of its own makes none of the former.
 */
void fault_limit(const char *require, const char *reject);

/* From now on; fault_end() tells whether an allocation did fail meanwhile. */
void fault_begin(int nth);
bool fault_end(void);

#endif /* LIBMDEV_FAULT_H */
