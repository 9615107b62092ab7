/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIBMDEV_ASSERT_H
#define LIBMDEV_ASSERT_H

#include <stdarg.h>

/* Prints "# file:line: message" and fails the test. */
__attribute__((noreturn, format(printf, 3, 4)))
void mdev_fail(const char *file, int line, const char *fmt, ...);

#define MDEV_FAIL(...) mdev_fail(__FILE__, __LINE__, __VA_ARGS__)

#define MDEV_ASSERT(cond, ...)						\
	do {								\
		if (!(cond))						\
			MDEV_FAIL(__VA_ARGS__);				\
	} while (0)

#endif /* LIBMDEV_ASSERT_H */
