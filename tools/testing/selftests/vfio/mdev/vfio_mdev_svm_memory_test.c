// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that work in address spaces of processes: all kinds of memory that a process
 * can have, whether it is there at the moment or not
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define RW		(PROT_READ | PROT_WRITE)
#define PAGE		4096UL
#define PAGES		8UL
#define HUGE		0x200000UL
#define ZRAM		"/sys/block/zram0"
#define PATTERN(i)	(0x0123456789abcdefULL * ((i) + 1))

/**
 * struct area - memory of a process, as it says itself; shared with the test
 * @mem: where it is
 * @size: how much
 * @missing: why there is no such memory here, or ""
 * @fd: the file that it is of, which the test has at the same number, or -1
 */
struct area {
	char *mem;
	size_t size;
	char missing[80];
	int fd;
};

static void fill_pattern(struct area *area)
{
	unsigned long i;

	for (i = 0; i < area->size / 8; i++)
		((__u64 *)area->mem)[i] = PATTERN(i);
}

static bool map(struct area *area, int prot, int flags, int fd)
{
	area->mem = mmap(NULL, area->size, prot, flags, fd, 0);
	if (area->mem != MAP_FAILED)
		return true;
	snprintf(area->missing, sizeof(area->missing), "mmap: %s",
		 strerror(errno));
	return false;
}

static void map_private(struct area *area)
{
	if (map(area, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1))
		fill_pattern(area);
}

/* A file of that contents, which nobody else knows */
static void map_file(struct area *area, int prot, int flags)
{
	if (!map(area, RW, MAP_SHARED, area->fd))
		return;
	fill_pattern(area);
	munmap(area->mem, area->size);
	map(area, prot, flags, area->fd);
}

/*
 * What makes each kind, in the process
 */

static void untouched(struct area *area)
{
	map(area, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void read_only(struct area *area)
{
	map_private(area);
	mprotect(area->mem, area->size, PROT_READ);
}

static void inaccessible(struct area *area)
{
	map_private(area);
	mprotect(area->mem, area->size, PROT_NONE);
}

static void unmapped(struct area *area)
{
	map_private(area);
	munmap(area->mem, area->size);
}

static void shared(struct area *area)
{
	if (map(area, RW, MAP_SHARED | MAP_ANONYMOUS, -1))
		fill_pattern(area);
}

static void of_file(struct area *area)
{
	map_file(area, RW, MAP_PRIVATE);
}

static void of_shared_file(struct area *area)
{
	map_file(area, RW, MAP_SHARED);
}

static void of_read_only_file(struct area *area)
{
	map_file(area, PROT_READ, MAP_SHARED);
}

static void behind_file(struct area *area)
{
	map_file(area, RW, MAP_SHARED);
	if (ftruncate(area->fd, 0))
		snprintf(area->missing, sizeof(area->missing), "ftruncate");
}

/* Whether or not there are huge pages, as that depends on what is free */
static void huge(struct area *area)
{
	area->size = 2 * HUGE;
	if (!map(area, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1))
		return;
	if (madvise(area->mem, area->size, MADV_HUGEPAGE))
		snprintf(area->missing, sizeof(area->missing),
			 "madvise(MADV_HUGEPAGE): not here");
	area->mem = (char *)(((unsigned long)area->mem + HUGE - 1) & -HUGE);
	area->size = HUGE;
	fill_pattern(area);
}

static void hugetlb(struct area *area)
{
	__file_puts("4", "/proc/sys/vm/nr_hugepages");
	area->size = HUGE;
	if (map(area, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1))
		fill_pattern(area);
}

/* That even the kernel has no mapping of */
static void secret(struct area *area)
{
	int fd = syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0 || ftruncate(fd, area->size)) {
		snprintf(area->missing, sizeof(area->missing),
			 "memfd_secret: %s", strerror(errno));
		return;
	}
	if (map(area, RW, MAP_SHARED, fd))
		fill_pattern(area);
}

static bool is_swapped_out(const void *mem)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;
	ssize_t n;

	n = pread(fd, &entry, 8, (unsigned long)mem / PAGE * 8);
	close(fd);
	return n == 8 && entry >> 62 & 1;
}

static void swapped_out(struct area *area)
{
	map_private(area);
	if (!WAIT_FOR_MS((madvise(area->mem, area->size, MADV_PAGEOUT),
			  is_swapped_out(area->mem)), 5000))
		snprintf(area->missing, sizeof(area->missing),
			 "nothing is swapped out here");
}

struct provider {
	struct area *area;
	int fd;
};

static void *provide(void *arg)
{
	struct provider *provider = arg;
	struct uffdio_copy copy;
	struct uffd_msg msg;
	__u64 page[PAGE / 8];
	unsigned long i, at;

	while (read(provider->fd, &msg, sizeof(msg)) == sizeof(msg)) {
		at = (msg.arg.pagefault.address - (unsigned long)
		      provider->area->mem) & -PAGE;
		for (i = 0; i < PAGE / 8; i++)
			page[i] = PATTERN(at / 8 + i);
		copy = (struct uffdio_copy){
			.dst = (unsigned long)provider->area->mem + at,
			.src = (unsigned long)page, .len = PAGE,
		};
		ioctl(provider->fd, UFFDIO_COPY, &copy);
	}
	return NULL;
}

/* A thread of the process provides each page when it is wanted. */
static void user_faults(struct area *area)
{
	static struct provider provider;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	provider.area = area;
	provider.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (provider.fd < 0) {
		snprintf(area->missing, sizeof(area->missing),
			 "userfaultfd: %s", strerror(errno));
		return;
	}
	untouched(area);
	range.range.start = (unsigned long)area->mem;
	range.range.len = area->size;
	if (ioctl(provider.fd, UFFDIO_API, &api) ||
	    ioctl(provider.fd, UFFDIO_REGISTER, &range) ||
	    pthread_create(&thread, NULL, provide, &provider))
		snprintf(area->missing, sizeof(area->missing),
			 "UFFDIO_REGISTER: %s", strerror(errno));
}

FIXTURE(memory) {
	struct vfio_dev dev;
	struct svm_target target;
	struct area *area;
	__u32 pasid;
};

FIXTURE_VARIANT(memory) {
	void (*make)(struct area *area);
	unsigned int reads, writes;
	bool zeros;
};

FIXTURE_VARIANT_ADD(memory, map_private) {
	.make = map_private, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, untouched) {
	.make = untouched, .reads = MSVM_OK, .writes = MSVM_OK, .zeros = true,
};

FIXTURE_VARIANT_ADD(memory, read_only) {
	.make = read_only, .reads = MSVM_OK, .writes = MSVM_FAULT,
};

FIXTURE_VARIANT_ADD(memory, inaccessible) {
	.make = inaccessible, .reads = MSVM_FAULT, .writes = MSVM_FAULT,
};

FIXTURE_VARIANT_ADD(memory, unmapped) {
	.make = unmapped, .reads = MSVM_FAULT, .writes = MSVM_FAULT,
};

FIXTURE_VARIANT_ADD(memory, shared) {
	.make = shared, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, of_file) {
	.make = of_file, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, of_shared_file) {
	.make = of_shared_file, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, of_read_only_file) {
	.make = of_read_only_file, .reads = MSVM_OK, .writes = MSVM_FAULT,
};

FIXTURE_VARIANT_ADD(memory, behind_file) {
	.make = behind_file, .reads = MSVM_FAULT, .writes = MSVM_FAULT,
};

FIXTURE_VARIANT_ADD(memory, huge) {
	.make = huge, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, hugetlb) {
	.make = hugetlb, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, secret) {
	.make = secret, .reads = MSVM_FAULT, .writes = MSVM_FAULT,
};

FIXTURE_VARIANT_ADD(memory, swapped_out) {
	.make = swapped_out, .reads = MSVM_OK, .writes = MSVM_OK,
};

FIXTURE_VARIANT_ADD(memory, user_faults) {
	.make = user_faults, .reads = MSVM_OK, .writes = MSVM_OK,
};


/* Memory that is swapped to: there is no disk. */
static void swap_on(void)
{
	__module_load("zram");
	if (!file_exists(ZRAM))
		return;
	__file_puts("16M", ZRAM "/disksize");
	if (!system("mkswap /dev/zram0 >/dev/null 2>&1"))
		swapon("/dev/zram0", 0);
}

static void swap_off(void)
{
	swapoff("/dev/zram0");
	if (file_exists(ZRAM))
		__file_puts("1", ZRAM "/reset");
}

static void make_area(void *arg)
{
	struct {
		struct area *area;
		void (*make)(struct area *area);
	} *how = arg;

	how->make(how->area);
}

FIXTURE_SETUP(memory)
{
	struct {
		struct area *area;
		void (*make)(struct area *area);
	} how = { .make = variant->make };
	char path[] = "/tmp/svm-memory.XXXXXX";

	memset(self, 0, sizeof(*self));
	self->dev = VFIO_DEV_CLOSED;
	if (!svm_setup())
		SKIP(return, "this kernel has no msvm");
	self->area = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->area);
	self->area->size = PAGES * PAGE;
	self->area->fd = mkstemp(path);
	ASSERT_LE(0, self->area->fd);
	unlink(path);
	ASSERT_EQ(0, ftruncate(self->area->fd, PAGES * PAGE));
	if (variant->make == swapped_out)
		swap_on();
	how.area = self->area;
	svm_target_start(&self->target, make_area, &how);
	if (self->area->missing[0])
		SKIP(return, "%s", self->area->missing);
	svm_open(&self->dev);
	self->pasid = svm_bind(&self->dev, self->target.pid);
}

FIXTURE_TEARDOWN(memory)
{
	svm_target_end(&self->target);
	if (self->dev.fd >= 0)
		svm_close(&self->dev);
	if (variant->make == swapped_out)
		swap_off();
}

static __u64 *at(struct area *area, size_t offset)
{
	return (__u64 *)(area->mem + offset);
}

/* What the process finds there, as its debugger would tell */
static __u64 peek(pid_t pid, const void *addr)
{
	char path[64];
	__u64 value = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MDEV_ASSERT(fd >= 0 && pread(fd, &value, sizeof(value),
				     (unsigned long)addr) == sizeof(value),
		    "%s: %s", path, strerror(errno));
	close(fd);
	return value;
}

TEST_F(memory, is_read)
{
	__u64 value;
	size_t i;

	for (i = 0; i + 16 <= self->area->size; i += PAGE + 8) {
		ASSERT_EQ(variant->reads,
			  svm_load(&self->dev, self->pasid,
				   at(self->area, i), &value));
		if (variant->reads == MSVM_OK)
			ASSERT_EQ(variant->zeros ? 0 : PATTERN(i / 8), value);
	}
}

TEST_F(memory, is_written)
{
	size_t i;

	for (i = 0; i + 16 <= self->area->size; i += PAGE + 8) {
		ASSERT_EQ(variant->writes,
			  svm_store(&self->dev, self->pasid,
				    at(self->area, i), ~i));
		if (variant->writes == MSVM_OK)
			ASSERT_EQ(~i, peek(self->target.pid, at(self->area, i)));
		if (variant->writes == MSVM_OK && !variant->zeros)
			ASSERT_EQ(PATTERN(i / 8 + 1),
				  peek(self->target.pid,
				       at(self->area, i + 8)));
	}
}

/* What is written to shared memory of a file is in the file, and to other memory is not. */
TEST_F(memory, file_is_written)
{
	bool file = variant->make == of_shared_file;
	__u64 value;

	if (!file && variant->make != of_file)
		return;
	ASSERT_EQ(MSVM_OK, svm_store(&self->dev, self->pasid,
				     at(self->area, 8), 77));
	ASSERT_EQ(8, pread(self->area->fd, &value, 8, 8));
	EXPECT_EQ(file ? 77 : PATTERN(1), value);
}

/* The whole of it in one go */
TEST_F(memory, is_filled)
{
	const struct svm_command fill = {
		.command = MSVM_FILL, .pasid = self->pasid, .value = 0xaa,
		.addr = (unsigned long)self->area->mem + 3,
		.len = self->area->size - 3,
	};

	ASSERT_EQ(variant->writes, svm_run(&self->dev, &fill));
	if (variant->writes != MSVM_OK)
		return;
	EXPECT_EQ(0xaaaaaaaaaaaaaaaaULL,
		  peek(self->target.pid, at(self->area, 8)));
	EXPECT_EQ(0xaaaaaaaaaaaaaaaaULL,
		  peek(self->target.pid,
		       at(self->area, self->area->size - 8)));
}

TEST_HARNESS_MAIN
