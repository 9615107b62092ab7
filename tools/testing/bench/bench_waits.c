// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose locks are waited for: the kernel counts waits by stack, on one that can
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmdev.h>

#include "bench.h"

#define EVENT	"/sys/kernel/tracing/events/lock/contention_begin"

/* Where a stack begins: what waits. Behind it is who wants the lock. */
static const char * const waiters[] = {
	"down_", "__down_", "rwsem_", "mutex_", "__mutex_", "_raw_", "queued_", "osq_",
	"native_queued_", "percpu_", "rt_", NULL
};

/**
 * struct owner - whose locks
 * @name: of the figure
 * @is: how functions of his that take locks begin, or what module they are in
 * @waits: how often somebody waited for one
 */
struct owner {
	const char *name;
	const char *is[4];
	unsigned long long waits;
};

static struct owner owners[] = {
	{ .name = "waits_sysfs", .is = { "kernfs_", "sysfs_" } },
	{ .name = "waits_events", .is = { "kobject_uevent", "netlink_", "uevent_" } },
	{ .name = "waits_mdev", .is = { "[mdev]", "[vfio_mdev]" } },
	{ .name = "waits_others", .is = { "" } },
	{ }
};

bool bench_waits_begin(void)
{
	if (!file_exists(EVENT "/trigger"))
		return false;
	file_puts("hist:keys=stacktrace", EVENT "/trigger");
	return true;
}

static bool waits(const char *function)
{
	const char * const *waiter = waiters;

	while (*waiter && strncmp(function, *waiter, strlen(*waiter)))
		waiter++;
	return *waiter;
}

/* The last one owns what nobody else does. */
static struct owner *owner_of(const char *function)
{
	struct owner *owner = owners;
	const char * const *is;

	for (;; owner++)
		for (is = owner->is; *is; is++)
			if (**is == '[' ? !!strstr(function, *is) :
					  !strncmp(function, *is, strlen(*is)))
				return owner;
}

/* Figures for one of a thousand devices, of @n that were made since the beginning */
void bench_waits_end(unsigned int n)
{
	FILE *hist = fopen(EVENT "/hist", "re");
	struct owner *owner = NULL;
	char line[512], *text;

	MDEV_ASSERT(hist, "there is no " EVENT "/hist");
	while (fgets(line, sizeof(line), hist)) {
		for (text = line; isspace(*text); text++)
			;
		if (*text == '{')
			owner = NULL;
		else if (*text == '}' && owner)
			owner->waits += strtoull(strchr(text, ':') + 1, NULL, 10);
		else if (*text != '#' && *text && !owner && !waits(text))
			owner = owner_of(text);
	}
	fclose(hist);
	file_puts("!hist:keys=stacktrace", EVENT "/trigger");
	for (owner = owners; owner->name; owner++)
		bench_value(owner->name, owner->waits * 1000 / n);
}
