/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of mdev_bench have in common: taking times, and saying them
 */
#ifndef MDEV_BENCH_H
#define MDEV_BENCH_H

#include <stdbool.h>
#include <stdint.h>

/* Where the clock counts instructions (mdev-vm --icount), so do these. */
uint64_t bench_now(void);

/* A figure: "NAME VALUE VALUE VALUE" */
void bench_value(const char *name, uint64_t value);
/* The median of @n times, which it sorts, and the tenth from below and from above */
void bench_report(const char *name, uint64_t *ns, int n);
/* The same of "NAME_p99", the slowest but for one in a hundred */
void bench_report_p99(const char *name, uint64_t *ns, int n);

/*
 * Reports what one call of @work takes: it is called @calls times in each of nine rounds,
 * after one that does not count, less what calling nothing takes.
 */
void bench_measure(const char *name, void (*work)(void *arg), void *arg, int calls);

void bench_registers(void);
void bench_memory(void);
void bench_floors(void);
/* A device that copies: a MiB beside memcpy(), by one and by two; what a command takes */
void bench_dma_copy(void);
void bench_dma_command(void);
/* Pages of the user's that are pinned; memory of another process */
void bench_pins(void);
void bench_svm(void);
void bench_ready(const char *parent, const char *type);
void bench_threads(void);
/* Counts who waits for whose locks, if the kernel can, while @n devices are made */
bool bench_waits_begin(void);
void bench_waits_end(unsigned int n);
/* Of the core alone, or with VFIO, whose vendor's module is a file; @to ends by 0 */
void bench_ladder(const char *kind, const char *module, char **to);
void bench_load(const char *file);

#endif /* MDEV_BENCH_H */
