// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of mdma in user space, for a machine whose PCI function it is:
 *
 *	demo-engine MIB
 *
 * has it copy so many MiB, between pages that lie scattered in memory, and compares what
 * both sides make of that. Prints one line of what came of it. The addresses that the
 * device gets are those of the machine's memory, so this is for root alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "mdma.h"

#define FUNCTIONS	"/sys/bus/pci/devices"
#define PAGE		MDMA_PAGE_SIZE
#define SIZE		MDMA_LEN_MAX
#define PAGES		(SIZE / PAGE)
#define RING		32U
#define PATIENCE	60	/* s */

#define ENSURE(cond, ...)						\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "demo-engine: " __VA_ARGS__);	\
			fputc('\n', stderr);				\
			exit(1);					\
		}							\
	} while (0)

/**
 * struct engine - the driver's state
 * @reg: registers
 * @doorbell: the page of the doorbell
 * @ring: commands
 * @source: what is copied, and where to
 * @target: that
 * @list: addresses of a list of the pages of each
 * @tail: commands written
 * @kicks: how often the device had to be told of one
 */
struct engine {
	volatile uint32_t *reg;
	volatile uint32_t *doorbell;
	struct mdma_command *ring;
	unsigned char *source;
	unsigned char *target;
	uint64_t list[2];
	uint32_t tail;
	unsigned int kicks;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static unsigned long read_id(const char *function, const char *file)
{
	char path[512], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), FUNCTIONS "/%s/%s", function, file);
	f = fopen(path, "re");
	ENSURE(f && fgets(text, sizeof(text), f), "%s: %s", path, strerror(errno));
	fclose(f);
	return strtoul(text, NULL, 0);
}

static const char *find_function(void)
{
	static char name[64];
	struct dirent *entry;
	DIR *dir = opendir(FUNCTIONS);

	ENSURE(dir, "there is no PCI bus");
	while ((entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%.60s", entry->d_name);
		if (name[0] != '.' && read_id(name, "vendor") == MDMA_PCI_VENDOR_ID &&
		    read_id(name, "device") == MDMA_PCI_DEVICE_ID)
			break;
	}
	closedir(dir);
	ENSURE(entry, "there is no DMA engine");
	return name;
}

/* It decodes its memory, and may access that of the machine. */
static void enable_function(const char *function)
{
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), FUNCTIONS "/%s/config", function);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ENSURE(fd >= 0 && pwrite(fd, &command, sizeof(command), PCI_COMMAND) ==
	       sizeof(command), "%s: %s", path, strerror(errno));
	close(fd);
}

static void map_function(struct engine *engine, const char *function)
{
	char path[256];
	char *bar;
	int fd;

	snprintf(path, sizeof(path), FUNCTIONS "/%s/resource0", function);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ENSURE(fd >= 0, "%s: %s", path, strerror(errno));
	bar = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ENSURE(bar != MAP_FAILED, "%s: %s", path, strerror(errno));
	close(fd);
	engine->reg = (void *)bar;
	ENSURE(engine->reg[MDMA_ID / 4] == MDMA_ID_VALUE, "this is another device");
	engine->doorbell = (void *)(bar + engine->reg[MDMA_DOORBELL / 4]);
}

/* Memory that stays where it is */
static void *get_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ENSURE(mem != MAP_FAILED && !mlock(mem, size), "no memory");
	memset(mem, 0, size);
	return mem;
}

/* Where a page is in the memory of the machine */
static uint64_t address_of(const void *mem)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	ENSURE(fd >= 0 && pread(fd, &entry, sizeof(entry), (uintptr_t)mem / PAGE *
				sizeof(entry)) == sizeof(entry) && entry >> 63 &&
	       entry << 9, "it is not known where memory is");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

static uint64_t make_list(unsigned char *mem)
{
	uint64_t *list = get_memory(PAGE);
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		list[i] = address_of(mem + i * PAGE);
	return address_of(list);
}

static void engine_start(struct engine *engine)
{
	uint64_t ring;

	engine->ring = get_memory(PAGE);
	engine->source = get_memory(SIZE);
	engine->target = get_memory(SIZE);
	engine->list[0] = make_list(engine->source);
	engine->list[1] = make_list(engine->target);
	ring = address_of(engine->ring);
	engine->reg[MDMA_CONTROL / 4] = MDMA_CONTROL_RESET;
	engine->reg[MDMA_RING_LOW / 4] = ring;
	engine->reg[MDMA_RING_HIGH / 4] = ring >> 32;
	engine->reg[MDMA_RING_SIZE / 4] = RING;
	engine->reg[MDMA_CONTROL / 4] = MDMA_CONTROL_ENABLE;
}

/* Telling the device costs an exit, but only when it sleeps. */
static void ring_doorbell(struct engine *engine)
{
	__atomic_store_n(&engine->doorbell[MDMA_TAIL / 4], engine->tail, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!engine->doorbell[MDMA_ASLEEP / 4])
		return;
	engine->reg[MDMA_KICK / 4] = 1;
	engine->kicks++;
}

static void drain(struct engine *engine, uint32_t left)
{
	double until = now() + PATIENCE;

	while (engine->tail - __atomic_load_n(&engine->doorbell[MDMA_HEAD / 4],
					      __ATOMIC_ACQUIRE) > left) {
		ENSURE(now() < until, "the device does nothing");
		sched_yield();
	}
}

static struct mdma_command *put(struct engine *engine, uint32_t op, uint32_t flags)
{
	struct mdma_command *cmd = &engine->ring[engine->tail++ % RING];

	*cmd = (struct mdma_command) {
		.op = op, .flags = flags, .len = SIZE,
		.source = engine->list[op == MDMA_CRC32], .target = engine->list[1],
	};
	ring_doorbell(engine);
	return cmd;
}

static uint32_t crc32(const unsigned char *mem, size_t len)
{
	uint32_t crc = 0;
	int bit;

	while (len--)
		for (crc ^= *mem++, bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	return crc;
}

static void fill(unsigned char *mem)
{
	unsigned int i, seed = 1;

	for (i = 0; i < SIZE; i++)
		mem[i] = (seed = seed * 1103515245 + 12345) >> 16;
}

static double copy_by_engine(struct engine *engine, unsigned int mib)
{
	double start = now();
	unsigned int i;

	for (i = 0; i < mib; i++) {
		put(engine, MDMA_COPY, MDMA_SOURCE_LIST | MDMA_TARGET_LIST);
		drain(engine, RING - 1);
	}
	drain(engine, 0);
	return now() - start;
}

static double copy_by_processor(struct engine *engine, unsigned int mib)
{
	double start = now();
	unsigned int i;

	for (i = 0; i < mib; i++) {
		memcpy(engine->target, engine->source, SIZE);
		__asm__ volatile("" : : "r"(engine->target) : "memory");
	}
	return now() - start;
}

/* What the device says that the copies are, and what they are made of */
static void compare(struct engine *engine)
{
	struct mdma_command *cmd = put(engine, MDMA_CRC32, MDMA_SOURCE_LIST);
	uint32_t expected = crc32(engine->source, SIZE);

	drain(engine, 0);
	ENSURE(cmd->status == MDMA_OK && cmd->value == expected,
	       "the copy's checksum is %#x, not %#x", cmd->value, expected);
	ENSURE(!memcmp(engine->source, engine->target, SIZE), "the copy is another");
	ENSURE(!engine->reg[MDMA_ERRORS / 4], "%u commands failed",
	       engine->reg[MDMA_ERRORS / 4]);
}

int main(int argc, char **argv)
{
	unsigned int mib = argc == 2 ? strtoul(argv[1], NULL, 0) : 0, kicks;
	const char *function = find_function();
	struct engine engine = { };
	double seconds;

	ENSURE(mib, "usage: demo-engine MIB");
	enable_function(function);
	map_function(&engine, function);
	engine_start(&engine);
	fill(engine.source);
	copy_by_engine(&engine, 1);
	memset(engine.target, 0, SIZE);
	kicks = engine.kicks;
	seconds = copy_by_engine(&engine, mib);
	kicks = engine.kicks - kicks;
	compare(&engine);
	printf("%u MiB copied, checksums agree, %.0f MiB/s, %u kicks for %u commands",
	       mib, mib / seconds, kicks, mib);
	printf("; memcpy() %.0f MiB/s\n", mib / copy_by_processor(&engine, mib));
	engine.reg[MDMA_CONTROL / 4] = MDMA_CONTROL_RESET;
	return 0;
}
