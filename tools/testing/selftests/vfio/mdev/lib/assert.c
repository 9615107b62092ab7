// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include <libmdev/assert.h>

/* KSFT_FAIL; kselftest.h is for the test programs alone. */
#define EXIT_KSFT_FAIL 1

void mdev_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "# %s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_KSFT_FAIL);
}
