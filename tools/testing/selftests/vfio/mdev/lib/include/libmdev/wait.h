/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for something that ought to happen, with a bound that is not felt
 */
#ifndef LIBMDEV_WAIT_H
#define LIBMDEV_WAIT_H

#include <stdbool.h>

/* How long anything that does happen may take on a slow machine */
#define WAIT_LONG_MS	60000
/* How long to watch for something that must not happen */
#define WAIT_SHORT_MS	200

/* Longer than kernels take for it that free objects late, one after the other */
#define WAIT_LATE_MS	20000

/* Whether this is one of them, and waiting until it has freed what is gone already */
bool releases_late(void);
void wait_for_late_releases(void);

/* Whether waiting takes no time: in User-mode Linux */
bool virtual_time(void);
/*
 * How long something may take that has nothing to wait for: much less than the time
 * between two looks of whoever only looks now and then
 */
long prompt_ms(void);

long now_ms(void);
/*
 * Whether to go on until @end by that clock; and, as a busy machine may have let nothing
 * happen until then, up to a minute longer if that is not @enough
 */
bool goes_on(long end, bool enough);
/* Between two looks, after having waited for @ms */
void wait_pause(long ms);

/*
 * Polls @cond until it is true, and tells whether it became so in @ms. Less and
 * less often, as polling takes time from what it waits for.
 */
#define WAIT_FOR_MS(cond, ms)						\
	({								\
		long __start = now_ms();				\
		bool __ok;						\
									\
		while (!(__ok = !!(cond)) && now_ms() - __start < (ms))	\
			wait_pause(now_ms() - __start);			\
		__ok;							\
	})

#define WAIT_FOR(cond) WAIT_FOR_MS(cond, WAIT_LONG_MS)

#endif /* LIBMDEV_WAIT_H */
