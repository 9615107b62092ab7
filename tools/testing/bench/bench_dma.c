// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast a device copies memory of its user, beside the processor, and what a command
 * of a device takes. While a device works, its driver sleeps: it is to leave the processor
 * to the device.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev.h>

#include "bench.h"

#define ROUNDS		5	/* of which the median counts */
#define BATCH		48	/* commands, less than a ring has room for */

/**
 * struct bench_dma - a device, and how its interrupt comes
 * @engine: the device
 * @uuid: its name
 * @eventfd: its interrupt of commands that fail; nobody waits for the other one
 */
struct bench_dma {
	struct engine engine;
	char uuid[MDEV_UUID_SIZE];
	int eventfd;
};

static void dma_open(struct bench_dma *dma)
{
	int fds[2] = { irq_eventfd(), irq_eventfd() };

	engine_init(&dma->engine);
	mdev_create_new(MDMA, MDMA_LARGE, dma->uuid);
	vfio_dev_open(&dma->engine.dev, dma->uuid);
	engine_attach(&dma->engine);
	dma->eventfd = fds[1];
	MDEV_ASSERT(!__irq_set(&dma->engine.dev, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 2,
			       fds, sizeof(fds)), "no interrupt");
}

static void dma_close(struct bench_dma *dma)
{
	engine_detach(&dma->engine);
	mdev_remove(dma->uuid);
}

/* Waits until the last command is done, asleep. */
static void dma_wait(struct bench_dma *dma)
{
	struct pollfd fd = { .fd = dma->eventfd, .events = POLLIN };

	while (engine_done(&dma->engine) != dma->engine.tail) {
		MDEV_ASSERT(poll(&fd, 1, 60000) == 1, "no interrupt");
		irq_take(dma->eventfd);
	}
}

/* Then one that there is not, whose interrupt says that all are done */
static uint64_t run_batch(struct bench_dma *dma, struct mdma_command cmd, __u32 flags)
{
	uint64_t start = bench_now();
	unsigned int i;

	cmd.flags = flags;
	for (i = 0; i < BATCH; i++)
		engine_put(&dma->engine, cmd);
	engine_put(&dma->engine, MDMA_CMD(~0U));
	engine_ring(&dma->engine);
	dma_wait(dma);
	return (bench_now() - start) / BATCH;
}

static void run_batches(const char *name, struct bench_dma *dma, struct mdma_command cmd,
			__u32 flags)
{
	uint64_t ns[ROUNDS];
	int i;

	/* The first one finds that nothing is pinned yet. */
	run_batch(dma, cmd, flags);
	for (i = 0; i < ROUNDS; i++)
		ns[i] = run_batch(dma, cmd, flags);
	MDEV_ASSERT(engine_get(&dma->engine, MDMA_ERRORS) * (BATCH + 1) ==
		    engine_get(&dma->engine, MDMA_DONE), "commands failed");
	bench_report(name, ns, ROUNDS);
}

static const struct mdma_command copy_mib = {
	.op = MDMA_COPY, .len = ENGINE_SIZE,
	.source = ENGINE_IOVA(0), .target = ENGINE_IOVA(1),
};

static void memcpy_mib(struct engine *engine)
{
	uint64_t ns[ROUNDS], start;
	int i, n;

	for (i = 0; i < ROUNDS; i++) {
		start = bench_now();
		for (n = 0; n < BATCH; n++) {
			memcpy(engine->buffer[1], engine->buffer[0], ENGINE_SIZE);
			asm volatile("" : : "r"(engine->buffer[1]) : "memory");
		}
		ns[i] = (bench_now() - start) / BATCH;
	}
	bench_report("memcpy_mib", ns, ROUNDS);
}

#define BATCHES	20	/* of each of two devices that work at once */

/* In a process of its own: from when @go is closed at its other end, to a byte in @done */
static pid_t start_copying(const int *go, int done)
{
	struct bench_dma dma;
	pid_t pid = fork();
	char byte = 0;
	int i;

	if (pid)
		return pid;
	close(go[1]);
	dma_open(&dma);
	run_batch(&dma, copy_mib, 0);
	MDEV_ASSERT(!read(go[0], &byte, 1), "nobody starts it");
	for (i = 0; i < BATCHES; i++)
		run_batch(&dma, copy_mib, 0);
	MDEV_ASSERT(write(done, &byte, 1) == 1, "nobody waits for it");
	dma_close(&dma);
	exit(0);
}

/* Time of @n together for each MiB that one of them copied */
static uint64_t copy_by(int n)
{
	int go[2], done[2], i;
	uint64_t start, end;
	char byte;

	MDEV_ASSERT(!pipe(go) && !pipe(done), "no pipe");
	for (i = 0; i < n; i++)
		start_copying(go, done[1]);
	sleep(5);	/* until all are there */
	start = bench_now();
	close(go[1]);
	for (i = 0; i < n; i++)
		MDEV_ASSERT(read(done[0], &byte, 1) == 1, "nobody is done");
	end = bench_now();
	close(go[0]);
	close(done[0]);
	close(done[1]);
	while (wait(NULL) > 0)
		;
	return (end - start) / (n * BATCHES * BATCH);
}

void bench_dma_copy(void)
{
	struct bench_dma dma;

	dma_open(&dma);
	memset(dma.engine.buffer[0], 1, ENGINE_SIZE);
	memcpy_mib(&dma.engine);
	run_batches("dma_copy_mib", &dma, copy_mib, 0);
	bench_value("dma_copy_kicks", dma.engine.kicks);
	dma_close(&dma);
	bench_value("dma_copy_mib_one", copy_by(1));
	bench_value("dma_copy_mib_two", copy_by(2));
}

void bench_dma_command(void)
{
	const struct mdma_command nop = { .op = MDMA_NOP };
	struct bench_dma dma;

	dma_open(&dma);
	run_batches("dma_command", &dma, nop, 0);
	run_batches("dma_command_irq", &dma, nop, MDMA_INTERRUPT);
	dma_close(&dma);
}
