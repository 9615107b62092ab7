// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long things take: one line for each, "name nanoseconds"
 *
 *	mdev_bench memory		a framebuffer of mdpy, all of it at once
 *	mdev_bench registers		one register of mtty
 *	mdev_bench devices PARENT TYPE N	N devices made, and unmade
 *
 * Works with ours and with the kernel's own. Where the clock counts instructions
 * (mdev-vm --icount), so do the figures.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>

#define PARENT_MDPY	"mdpy"
#define TYPE_MDPY	"mdpy-hd"
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX

#define ROUNDS		9	/* of which the median counts */
#define CALLS		2000	/* of a short call, in each round */

/* What is measured: once, that is, @calls times */
typedef void (*work_fn)(void *arg);

static uint64_t now_ns(void)
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

static void report(const char *name, uint64_t ns)
{
	printf("%s %llu\n", name, (unsigned long long)ns);
	fflush(stdout);
}

/* The first round, which finds cold caches and missing pages, is not counted. */
static void measure(const char *name, work_fn work, void *arg, unsigned int calls)
{
	uint64_t ns[ROUNDS];
	int i;

	work(arg);
	for (i = 0; i < ROUNDS; i++) {
		uint64_t start = now_ns();

		work(arg);
		ns[i] = (now_ns() - start) / calls;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
	report(name, ns[ROUNDS / 2]);
}

/*
 * Memory
 */

struct memory {
	int fd;
	uint64_t pos;
	size_t size;
	void *map;
	void *buf;
};

static void read_memory(void *arg)
{
	struct memory *mem = arg;
	ssize_t n = pread(mem->fd, mem->buf, mem->size, mem->pos);

	MDEV_ASSERT(n == mem->size, "read %zd bytes of %zu", n, mem->size);
}

static void write_memory(void *arg)
{
	struct memory *mem = arg;
	ssize_t n = pwrite(mem->fd, mem->buf, mem->size, mem->pos);

	MDEV_ASSERT(n == mem->size, "wrote %zd bytes of %zu", n, mem->size);
}

static void copy_from_map(void *arg)
{
	struct memory *mem = arg;

	memcpy(mem->buf, mem->map, mem->size);
	/* The compiler must not find out that nobody looks at it. */
	asm volatile("" : : "r"(mem->buf) : "memory");
}

/* What the kernel's copying comes down to, word by word */
static void copy_words(void *arg)
{
#ifdef __x86_64__
	struct memory *mem = arg;
	void *from = mem->map, *to = mem->buf;
	size_t words = mem->size / 8;

	asm volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(words) : : "memory");
#else
	copy_from_map(arg);
#endif
}

static void bench_memory(void)
{
	struct vfio_region_info info;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct memory mem;

	mdev_create_new(PARENT_MDPY, TYPE_MDPY, uuid);
	vfio_dev_open(&dev, uuid);
	vfio_dev_region(&dev, BAR0, &info);
	mem.fd = dev.fd;
	mem.pos = info.offset;
	mem.size = info.size;
	mem.map = mmap(NULL, mem.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       mem.fd, mem.pos);
	MDEV_ASSERT(mem.map != MAP_FAILED, "cannot map %zu bytes", mem.size);
	mem.buf = aligned_alloc(4096, mem.size);
	MDEV_ASSERT(mem.buf, "no memory");
	memset(mem.buf, 1, mem.size);

	report("memory_size", mem.size);
	measure("memory_read", read_memory, &mem, 1);
	measure("memory_write", write_memory, &mem, 1);
	measure("memory_copy", copy_from_map, &mem, 1);
	measure("memory_words", copy_words, &mem, 1);

	/* As long as it is mapped, the device is in use. */
	munmap(mem.map, mem.size);
	vfio_dev_close(&dev);
	mdev_remove(uuid);
}

/*
 * Registers
 */

struct reg {
	int fd;
	uint64_t pos;
	unsigned int width;
};

static void read_reg(void *arg)
{
	struct reg *reg = arg;
	uint32_t value;
	int i;

	for (i = 0; i < CALLS; i++)
		if (pread(reg->fd, &value, reg->width, reg->pos) != reg->width)
			MDEV_FAIL("cannot read a register");
}

static void write_reg(void *arg)
{
	struct reg *reg = arg;
	uint32_t value = 0x5a;
	int i;

	for (i = 0; i < CALLS; i++)
		if (pwrite(reg->fd, &value, reg->width, reg->pos) != reg->width)
			MDEV_FAIL("cannot write a register");
}

/* No system call does less. */
static void read_nothing(void *arg)
{
	uint32_t value;
	int i;

	(void)arg;
	for (i = 0; i < CALLS; i++)
		if (pread(-1, &value, 1, 0) != -1)
			MDEV_FAIL("read from a file that is not open");
}

static void bench_registers(void)
{
	struct vfio_region_info bar0, config;
	struct reg scratch, status, id;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;

	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&dev, uuid);
	vfio_dev_region(&dev, BAR0, &bar0);
	vfio_dev_region(&dev, VFIO_PCI_CONFIG_REGION_INDEX, &config);
	scratch = (struct reg) { dev.fd, bar0.offset + UART_SCR, 1 };
	status = (struct reg) { dev.fd, bar0.offset + UART_LSR, 1 };
	id = (struct reg) { dev.fd, config.offset + PCI_VENDOR_ID, 4 };

	measure("register_read", read_reg, &scratch, CALLS);
	measure("register_write", write_reg, &scratch, CALLS);
	measure("status_read", read_reg, &status, CALLS);
	measure("config_read", read_reg, &id, CALLS);
	measure("failing_pread", read_nothing, NULL, CALLS);

	vfio_dev_close(&dev);
	mdev_remove(uuid);
}

/*
 * Devices
 */

static void bench_devices(const char *parent, const char *type, int n)
{
	char (*uuid)[MDEV_UUID_SIZE] = calloc(n, sizeof(*uuid));
	char name[64];
	uint64_t start;
	int i;

	MDEV_ASSERT(uuid, "no memory");
	for (i = 0; i < n; i++)
		mdev_new_uuid(uuid[i]);

	start = now_ns();
	for (i = 0; i < n; i++)
		mdev_create(parent, type, uuid[i]);
	snprintf(name, sizeof(name), "create_%s_%d", parent, n);
	report(name, (now_ns() - start) / n);

	start = now_ns();
	for (i = 0; i < n; i++)
		mdev_remove(uuid[i]);
	snprintf(name, sizeof(name), "remove_%s_%d", parent, n);
	report(name, (now_ns() - start) / n);
	free(uuid);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "memory"))
		bench_memory();
	else if (argc == 2 && !strcmp(argv[1], "registers"))
		bench_registers();
	else if (argc == 5 && !strcmp(argv[1], "devices"))
		bench_devices(argv[2], argv[3], atoi(argv[4]));
	else
		MDEV_FAIL("usage: mdev_bench memory | registers | devices PARENT TYPE N");
	return 0;
}
