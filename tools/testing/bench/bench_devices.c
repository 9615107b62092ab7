// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many devices: what each takes when there are many already, and by two threads
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libmdev.h>

#include "bench.h"

#define SAMPLES	200	/* devices made beside those that are there */
#define PEER	"/sys/module/mdev_peer/parameters/run"
#define BARE	"/sys/class/mdev_%1$s/%1$s/bare"

/**
 * struct ladder - a vendor whose devices get more and more
 * @kind: for the names of figures
 * @parent: its parent device
 * @type: the one type
 * @module: file of its module, for one that is loaded and unloaded each time
 * @begin: makes the parent a parent
 * @end: ends that, with all devices
 */
struct ladder {
	const char *kind;
	const char *parent;
	const char *type;
	const char *module;
	void (*begin)(const struct ladder *ladder);
	void (*end)(const struct ladder *ladder);
};

static void core_begin(const struct ladder *ladder)
{
	(void)ladder;
	file_puts("register-a", PEER);
}

static void core_end(const struct ladder *ladder)
{
	(void)ladder;
	file_puts("unregister-a", PEER);
}

static void vfio_begin(const struct ladder *ladder)
{
	int fd = open(ladder->module, O_RDONLY | O_CLOEXEC);

	MDEV_ASSERT(!syscall(SYS_finit_module, fd, "", 0), "%s does not load: %s",
		    ladder->module, strerror(errno));
	close(fd);
}

static void vfio_end(const struct ladder *ladder)
{
	(void)ladder;
	module_unload("mdev_pinner");
}

static struct ladder ladders[] = {
	{ "core", "peer_a", "mdev_peer_a-one", .begin = core_begin, .end = core_end },
	{ "vfio", "pinner", "mdev_pinner-one", .begin = vfio_begin, .end = vfio_end },
	/* The same on other kernels */
	{ "cdev", "pinner", "mdev_pinner-one", .begin = vfio_begin, .end = vfio_end },
	{ "many", "pinner", "mdev_pinner-one", .begin = vfio_begin, .end = vfio_end },
	{ }
};

static void rung_report(const struct ladder *ladder, const char *what, int n,
			uint64_t *ns)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s_%d", what, ladder->kind, n);
	bench_report(name, ns, SAMPLES);
	bench_report_p99(name, ns, SAMPLES);
}

/* Creates, removes, and creates of a UUID that is taken, beside @n devices */
static void rung_sample(const struct ladder *ladder, int n, const char *taken)
{
	uint64_t create[SAMPLES], again[SAMPLES], remove[SAMPLES], start;
	char uuid[SAMPLES][MDEV_UUID_SIZE];
	int i;

	for (i = 0; i < SAMPLES; i++) {
		mdev_new_uuid(uuid[i]);
		start = bench_now();
		mdev_create(ladder->parent, ladder->type, uuid[i]);
		create[i] = bench_now() - start;
	}
	for (i = 0; i < SAMPLES; i++) {
		start = bench_now();
		if (__mdev_create(ladder->parent, ladder->type, taken) != -EEXIST)
			MDEV_FAIL("a UUID that is taken was not refused");
		again[i] = bench_now() - start;
	}
	for (i = 0; i < SAMPLES; i++) {
		start = bench_now();
		mdev_remove(uuid[i]);
		remove[i] = bench_now() - start;
	}
	rung_report(ladder, "create", n, create);
	rung_report(ladder, "taken", n, again);
	rung_report(ladder, "remove", n, remove);
}

/* A line of /proc/meminfo, in bytes */
static long long memory(const char *name)
{
	char text[8192], *line;

	file_gets(text, sizeof(text), "/proc/meminfo");
	line = strstr(text, name);
	MDEV_ASSERT(line, "no %s in /proc/meminfo", name);
	return strtoll(line + strlen(name) + 1, NULL, 10) << 10;
}

static void rung_value(const struct ladder *ladder, const char *what, int n,
		       uint64_t value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s_%d", what, ladder->kind, n);
	bench_value(name, value);
}

static void rung(const struct ladder *ladder, int n)
{
	long long before;
	uint64_t start;
	char taken[MDEV_UUID_SIZE];
	int i;

	ladder->begin(ladder);
	before = memory("Slab");
	for (i = 0; i < n; i++)
		mdev_create_new(ladder->parent, ladder->type, taken);
	if (n >= 1000)
		rung_value(ladder, "slab", n, (memory("Slab") - before) / n);
	rung_sample(ladder, n, taken);
	start = bench_now();
	ladder->end(ladder);
	rung_value(ladder, "unregister", n, (bench_now() - start) / n);
}

/* A device of the kernel's own below @arg, made and unmade, by a write as "create" is */
static void do_bare(void *arg)
{
	file_puts("1", BARE, (const char *)arg);
}

void bench_ladder(const char *kind, const char *module, char **to)
{
	struct ladder *ladder = ladders;

	while (ladder->kind && strcmp(ladder->kind, kind))
		ladder++;
	MDEV_ASSERT(ladder->kind, "there is no ladder '%s'", kind);
	ladder->module = module;
	if (!strcmp(kind, "core"))
		bench_measure("bare_device", do_bare, "peer_a", SAMPLES);
	while (*to)
		rung(ladder, atoi(*to++));
}

/*
 * Threads
 */

#define MADE	1000	/* by each thread */

/**
 * struct maker - a thread that makes devices
 * @thread: its number
 * @start: where it waits for the others
 * @parent: its parent device, or NULL: it makes UUIDs only
 * @type: the type, or NULL: the devices are bare ones, and are unmade at once
 */
struct maker {
	pthread_t thread;
	pthread_barrier_t *start;
	const char *parent;
	const char *type;
};

static void *make(void *arg)
{
	struct maker *maker = arg;
	char uuid[MDEV_UUID_SIZE];
	int i;

	pthread_barrier_wait(maker->start);
	for (i = 0; i < MADE; i++)
		if (maker->type)
			mdev_create_new(maker->parent, maker->type, uuid);
		else if (maker->parent)
			do_bare((void *)maker->parent);
		else
			mdev_new_uuid(uuid);
	return NULL;
}

static uint64_t make_once(struct maker *makers, int n)
{
	pthread_barrier_t barrier;
	uint64_t start;
	int i;

	pthread_barrier_init(&barrier, NULL, n + 1);
	for (i = 0; i < n; i++) {
		makers[i].start = &barrier;
		pthread_create(&makers[i].thread, NULL, make, &makers[i]);
	}
	pthread_barrier_wait(&barrier);
	start = bench_now();
	for (i = 0; i < n; i++)
		pthread_join(makers[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
	return (bench_now() - start) / (n * MADE);
}

#define MAKE_ROUNDS	5

/* What one device takes of the time that passes, by so many threads */
static void make_all(const char *name, struct maker *makers, int n)
{
	uint64_t ns[MAKE_ROUNDS];
	int i, j;

	for (i = 0; i < MAKE_ROUNDS; i++) {
		ns[i] = make_once(makers, n);
		for (j = 0; j < n; j++)
			if (makers[j].type)
				mdev_remove_all(makers[j].parent);
	}
	bench_report(name, ns, MAKE_ROUNDS);
}

void bench_threads(void)
{
	struct maker on_a = { .parent = "peer_a", .type = "mdev_peer_a-one" };
	struct maker on_b = { .parent = "peer_b", .type = "mdev_peer_b-one" };
	struct maker bare[2] = { { .parent = "peer_a" }, { .parent = "peer_b" } };
	struct maker none[2] = { };

	file_puts("register-a", PEER);
	file_puts("register-b", PEER);
	make_all("threads_none_1", none, 1);
	make_all("threads_none_2", none, 2);
	make_all("threads_bare_1", bare, 1);
	make_all("threads_bare_2", bare, 2);
	make_all("threads_1", &on_a, 1);
	make_all("threads_2_one_parent", (struct maker[]) { on_a, on_a }, 2);
	make_all("threads_2_parents", (struct maker[]) { on_a, on_b }, 2);
	if (bench_waits_begin()) {
		make_once((struct maker[]) { on_a, on_b }, 2);
		bench_waits_end(2 * MADE);
	}
	file_puts("unregister-a", PEER);
	file_puts("unregister-b-locked", PEER);
}
