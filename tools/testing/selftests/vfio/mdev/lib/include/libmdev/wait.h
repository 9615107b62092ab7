/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for something that ought to happen, with a bound that is not felt
 */
#ifndef LIBMDEV_WAIT_H
#define LIBMDEV_WAIT_H

#include <unistd.h>

/* How long anything that does happen may take on a slow machine */
#define WAIT_LONG_MS	15000
/* How long to watch for something that must not happen */
#define WAIT_SHORT_MS	200

long now_ms(void);

/* Polls @cond until it is true, and tells whether it became so in @ms. */
#define WAIT_FOR_MS(cond, ms)						\
	({								\
		long __end = now_ms() + (ms);				\
		bool __ok;						\
									\
		while (!(__ok = !!(cond)) && now_ms() < __end)		\
			usleep(2000);					\
		__ok;							\
	})

#define WAIT_FOR(cond) WAIT_FOR_MS(cond, WAIT_LONG_MS)

#endif /* LIBMDEV_WAIT_H */
