// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of devices: by read() and write(), mapped, and page by page as it is touched
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev.h>

#include "bench.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX

/* A framebuffer, or a file in memory that stands in for one */
struct memory {
	int fd;
	uint64_t pos;
	size_t size;		/* of all of it */
	size_t len;		/* of one access */
	char *map;
	char *buf;
};

static void do_read(void *arg)
{
	struct memory *mem = arg;
	ssize_t n = pread(mem->fd, mem->buf, mem->len, mem->pos);

	MDEV_ASSERT(n == mem->len, "read %zd bytes of %zu", n, mem->len);
}

static void do_write(void *arg)
{
	struct memory *mem = arg;
	ssize_t n = pwrite(mem->fd, mem->buf, mem->len, mem->pos);

	MDEV_ASSERT(n == mem->len, "wrote %zd bytes of %zu", n, mem->len);
}

static void do_copy(void *arg)
{
	struct memory *mem = arg;

	memcpy(mem->buf, mem->map, mem->size);
	/* The compiler must not find out that nobody looks at it. */
	asm volatile("" : : "r"(mem->buf) : "memory");
}

/* What the kernel's copying comes down to, word by word */
static void do_copy_words(void *arg)
{
#ifdef __x86_64__
	struct memory *mem = arg;
	void *from = mem->map, *to = mem->buf;
	size_t words = mem->size / 8;

	asm volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(words) : : "memory");
#else
	do_copy(arg);
#endif
}

static void map_framebuffer(struct memory *mem)
{
	mem->map = mmap(NULL, mem->size, PROT_READ | PROT_WRITE, MAP_SHARED, mem->fd,
			mem->pos);
	MDEV_ASSERT(mem->map != MAP_FAILED, "cannot map %zu bytes", mem->size);
}

/* As the mapping is new each time, so is each page. */
static void do_touch(void *arg)
{
	struct memory *mem = arg;
	size_t at;

	map_framebuffer(mem);
	for (at = 0; at < mem->size; at += 4096)
		*(volatile char *)(mem->map + at);
	munmap(mem->map, mem->size);
}

static void memory_buffer(struct memory *mem)
{
	mem->buf = aligned_alloc(4096, mem->size);
	MDEV_ASSERT(mem->buf, "no memory");
	memset(mem->buf, 1, mem->size);
}

static void short_accesses(struct memory *mem, const char *what)
{
	static const size_t lens[] = { 4, 64, 4096 };
	char name[64];
	int i;

	for (i = 0; i < 3; i++) {
		mem->len = lens[i];
		snprintf(name, sizeof(name), "%s_read_%zu", what, lens[i]);
		bench_measure(name, do_read, mem, 500);
		snprintf(name, sizeof(name), "%s_write_%zu", what, lens[i]);
		bench_measure(name, do_write, mem, 500);
	}
}

static void open_memory(struct vfio_dev *dev, struct memory *mem, const char *parent,
			const char *type)
{
	struct vfio_region_info info;
	char uuid[MDEV_UUID_SIZE];

	mdev_create_new(parent, type, uuid);
	vfio_dev_open(dev, uuid);
	vfio_dev_region(dev, BAR0, &info);
	*mem = (struct memory) { .fd = dev->fd, .pos = info.offset, .size = info.size };
}

static void bench_framebuffer(void)
{
	struct vfio_dev dev;
	struct memory mem;

	open_memory(&dev, &mem, "mdpy", "mdpy-hd");
	map_framebuffer(&mem);
	memory_buffer(&mem);
	short_accesses(&mem, "memory");
	mem.len = mem.size;
	bench_value("memory_size", mem.size);
	bench_measure("memory_read", do_read, &mem, 1);
	bench_measure("memory_write", do_write, &mem, 1);
	bench_measure("memory_copy", do_copy, &mem, 1);
	bench_measure("memory_words", do_copy_words, &mem, 1);
	/* As long as it is mapped, the device is in use. */
	munmap(mem.map, mem.size);
	vfio_dev_close(&dev);
	mdev_remove(dev.uuid);
	free(mem.buf);
}

/* A file in memory: what the kernel's least roundabout read() takes */
static void bench_file(void)
{
	struct memory mem = { .fd = memfd_create("bench", 0), .size = 4 << 20 };

	MDEV_ASSERT(mem.fd >= 0 && !ftruncate(mem.fd, mem.size), "no file in memory");
	memory_buffer(&mem);
	short_accesses(&mem, "file");
	mem.len = mem.size;
	do_write(&mem);
	bench_measure("file_touch", do_touch, &mem, 1);
	close(mem.fd);
	free(mem.buf);
}

void bench_memory(void)
{
	struct vfio_dev dev;
	struct memory mem;

	bench_framebuffer();
	bench_file();
	open_memory(&dev, &mem, "mbochs", "mbochs-small");
	bench_measure("memory_touch", do_touch, &mem, 1);
	vfio_dev_close(&dev);
	mdev_remove(dev.uuid);
}
