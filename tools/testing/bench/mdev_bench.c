// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long things take: one line for each, "name median low high", in nanoseconds
 *
 * Works with ours and with the kernel's own. See README.md for what is measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmdev.h>

#include "bench.h"

#define ROUNDS	9	/* of which the median counts */

uint64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print(const char *name, uint64_t value, uint64_t low, uint64_t high)
{
	printf("%s %llu %llu %llu\n", name, (unsigned long long)value,
	       (unsigned long long)low, (unsigned long long)high);
	fflush(stdout);
}

void bench_value(const char *name, uint64_t value)
{
	print(name, value, value, value);
}

void bench_report(const char *name, uint64_t *ns, int n)
{
	qsort(ns, n, sizeof(ns[0]), compare);
	print(name, ns[n / 2], ns[n / 10], ns[n - 1 - n / 10]);
}

void bench_report_p99(const char *name, uint64_t *ns, int n)
{
	char p99[64];

	snprintf(p99, sizeof(p99), "%s_p99", name);
	qsort(ns, n, sizeof(ns[0]), compare);
	bench_value(p99, ns[n - 1 - n / 100]);
}

/* The first round, which finds cold caches and missing pages, is not counted. */
static void take(uint64_t *ns, void (*work)(void *arg), void *arg, int calls)
{
	uint64_t start;
	int round, i;

	for (round = -1; round < ROUNDS; round++) {
		start = bench_now();
		for (i = 0; i < calls; i++)
			work(arg);
		if (round >= 0)
			ns[round] = bench_now() - start;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
}

static void nothing(void *arg)
{
	/* The compiler must not find out that it does nothing. */
	asm volatile("" : : "r"(arg) : "memory");
}

void bench_measure(const char *name, void (*work)(void *arg), void *arg, int calls)
{
	uint64_t ns[ROUNDS], none[ROUNDS], less;
	int i;

	take(none, nothing, NULL, calls);
	take(ns, work, arg, calls);
	less = none[ROUNDS / 2];
	for (i = 0; i < ROUNDS; i++)
		ns[i] = ns[i] > less ? (ns[i] - less) / calls : 0;
	bench_report(name, ns, ROUNDS);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 2 && !strcmp(what, "memory"))
		bench_memory();
	else if (argc == 2 && !strcmp(what, "registers"))
		bench_registers();
	else if (argc == 2 && !strcmp(what, "copy"))
		bench_dma_copy();
	else if (argc == 2 && !strcmp(what, "command"))
		bench_dma_command();
	else if (argc == 2 && !strcmp(what, "pins"))
		bench_pins();
	else if (argc == 2 && !strcmp(what, "svm"))
		bench_svm();
	else if (argc == 2 && !strcmp(what, "floors"))
		bench_floors();
	else if (argc == 4 && !strcmp(what, "ready"))
		bench_ready(argv[2], argv[3]);
	else if (argc == 2 && !strcmp(what, "threads"))
		bench_threads();
	else if (argc > 4 && !strcmp(what, "ladder"))
		bench_ladder(argv[2], argv[3], argv + 4);
	else if (argc == 3 && !strcmp(what, "load"))
		bench_load(argv[2]);
	else
		MDEV_FAIL("usage: mdev_bench memory | registers | floors | threads | copy | "
			  "command | pins | svm | "
			  "ready PARENT TYPE | ladder KIND MODULE N... | load FILE");
	return 0;
}
