// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <libmdev/assert.h>

#include "fuzz_private.h"

#define PAGE		4096UL
#define ROOM		(16 * PAGE)
#define ARENA_SIZE	(FUZZ_SLOTS * FUZZ_SLOT_SIZE)
#define SLOT_PAGES	(FUZZ_SLOT_SIZE / PAGE)

/* Newer than the headers of some systems */
#define POPULATE_READ	22
#define POPULATE_WRITE	23
#define DONTUNMAP	4

static __thread sigjmp_buf fault_env;
static __thread volatile bool touching;

/* Whoever did not expect it runs into it again, and that is the end. */
static void on_fault(int sig)
{
	if (touching)
		siglongjmp(fault_env, 1);
	signal(sig, SIG_DFL);
}

bool fuzz_copy(void *to, const void *from, size_t size)
{
	if (sigsetjmp(fault_env, 1)) {
		touching = false;
		return false;
	}
	touching = true;
	asm volatile("" : : : "memory");
	memcpy(to, from, size);
	asm volatile("" : : : "memory");
	touching = false;
	return true;
}

static void *map_fixed(void *addr, size_t size, int prot, int fd)
{
	void *mem = mmap(addr, size, prot, MAP_SHARED | (addr ? MAP_FIXED : 0),
			 fd, 0);

	MDEV_ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

static void *reserve(size_t size)
{
	void *mem = mmap(NULL, size, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	MDEV_ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return mem;
}

/* Behind both views of the same memory there is a page that nobody may access. */
static void setup_room(struct fuzzer *f)
{
	unsigned char *mem = reserve(2 * (ROOM + PAGE));
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MDEV_ASSERT(fd >= 0 && !ftruncate(fd, ROOM), "memfd: %s",
		    strerror(errno));
	f->rw = map_fixed(mem, ROOM, PROT_READ | PROT_WRITE, fd);
	f->ro = map_fixed(mem + ROOM + PAGE, ROOM, PROT_READ, fd);
	close(fd);
}

/* Behind the last slot, too. */
void fuzz_memory_setup(struct fuzz *fuzz)
{
	struct sigaction sa = { .sa_handler = on_fault };
	unsigned int i;

	fuzz->arena = reserve(ARENA_SIZE + PAGE);
	for (i = 0; i < fuzz->run->threads; i++)
		setup_room(&fuzz->fuzzer[i]);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

static void *pick_slot(struct fuzzer *f)
{
	return f->fuzz->arena + fuzz_pick(f, FUZZ_SLOTS) * FUZZ_SLOT_SIZE;
}

/* Some pages of a slot, more often the first ones, which are in use */
static void *pick_pages(struct fuzzer *f, size_t *size)
{
	__u64 first = fuzz_pick(f, fuzz_one_in(f, 4) ? SLOT_PAGES : 4);
	__u64 left = SLOT_PAGES - first;

	if (!fuzz_one_in(f, 4) && left > 2)
		left = 2;
	*size = PAGE * (1 + fuzz_pick(f, left));
	return pick_slot(f) + first * PAGE;
}

/* Where no process of ours has memory */
static void *bad_pointer(struct fuzzer *f)
{
	static const __u64 bad[] = {
		0, 1, 8, -1UL, -8UL, -PAGE, 1UL << 63, 1UL << 47,
		(1UL << 47) - 8, 0xffff888000000000, 0xffffffff81000000,
	};

	return (void *)bad[fuzz_pick(f, ARRAY_SIZE(bad))];
}

void *fuzz_buffer(struct fuzzer *f, size_t len)
{
	size_t some = len < ROOM ? len : ROOM;

	switch (fuzz_pick(f, 20)) {
	case 0:
		return bad_pointer(f);
	case 1:
		return f->ro + fuzz_pick(f, PAGE);
	case 2:
		return f->ro + ROOM - fuzz_pick(f, some + 1);
	case 3:
		return f->rw + ROOM - some;
	case 4:
		return f->rw + ROOM - fuzz_pick(f, some + 1);
	case 5:
		return pick_slot(f);
	case 6:
		return pick_slot(f) + fuzz_pick(f, 4 * PAGE);
	case 7:
		return f->rw + fuzz_pick(f, PAGE);
	default:
		return f->rw;
	}
}

static bool is_in(const void *p, const void *mem, size_t size)
{
	return p >= mem && p < mem + size;
}

void *fuzz_place(struct fuzzer *f, const void *data, size_t size)
{
	unsigned char *p = fuzz_buffer(f, size), *to = p;

	if (is_in(p, f->ro, ROOM + 1))
		to = f->rw + (p - f->ro);
	if (is_in(to, f->rw, ROOM + 1) || is_in(to, f->fuzz->arena, ARENA_SIZE))
		fuzz_copy(to, data, size);
	return p;
}

/* MAP_FIXED comes from whoever knows that it fits. */
static int pick_map_flags(struct fuzzer *f)
{
	static const int flags[] = {
		MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_SHARED | MAP_POPULATE,
		MAP_SHARED | MAP_LOCKED, MAP_SHARED | MAP_NORESERVE,
		MAP_SHARED_VALIDATE | MAP_SYNC, 0,
	};

	return fuzz_one_in(f, 3) ?
	       flags[fuzz_pick(f, ARRAY_SIZE(flags))] :
	       MAP_SHARED;
}

static int pick_prot(struct fuzzer *f)
{
	return fuzz_one_in(f, 3) ? fuzz_pick(f, 8) : PROT_READ | PROT_WRITE;
}

/* As much as there is, less, or more */
static size_t pick_map_size(struct fuzzer *f, __u64 left)
{
	switch (fuzz_pick(f, 16)) {
	case 0:
		return left + PAGE;
	case 1:
		return left - fuzz_pick(f, 2 * PAGE);
	case 2:
		return fuzz_number(f);
	case 3:
	case 4:
	case 5:
		return PAGE * (1 + fuzz_pick(f, 4));
	default:
		return left;
	}
}

/* In a slot, unless it is too large for one: then it is not to stay. */
static int map(struct fuzzer *f, int fd, size_t size, __u64 pos)
{
	int flags = pick_map_flags(f), prot = pick_prot(f);
	void *mem;

	if (size <= FUZZ_SLOT_SIZE) {
		mem = mmap(pick_slot(f), size, prot, flags | MAP_FIXED, fd, pos);
		return mem == MAP_FAILED ? -errno : 0;
	}
	flags = (flags | MAP_NORESERVE) & ~(MAP_POPULATE | MAP_LOCKED);
	mem = mmap(NULL, size, prot, flags, fd, pos);
	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, size);
	return 0;
}

/* What is mapped is all in one region. */
int fuzz_mmap(struct fuzzer *f)
{
	__u64 left, pos = fuzz_pos(f, &left);
	size_t size;
	int ret;

	if (!fuzz_one_in(f, 16)) {
		left += pos % PAGE;
		pos -= pos % PAGE;
	}
	size = pick_map_size(f, left);
	ret = map(f, fuzz_device_fd(f), size, pos);
	if (!ret && size > left)
		fuzz_wrong(f->fuzz, "mapped %#zx bytes of %#llx at %#llx", size,
			   left, pos);
	return ret;
}

int fuzz_map_dmabuf(struct fuzzer *f)
{
	int fd = f->fuzz->dmabuf[fuzz_pick(f, FUZZ_DMABUFS)];
	off_t size = lseek(fd, 0, SEEK_END);
	__u64 pos = 0;

	if (size < 0)
		return -errno;
	if (fuzz_one_in(f, 3))
		pos = fuzz_one_in(f, 4) ? fuzz_number(f) & -PAGE :
		      PAGE * fuzz_pick(f, size / PAGE + 1);
	return map(f, fd, pick_map_size(f, size - pos), pos);
}

/* By the processor, which faults, or by the kernel, which also pins pages */
int fuzz_touch(struct fuzzer *f)
{
	size_t size = 1 + fuzz_pick(f, 64);
	struct iovec ours = { f->rw, size }, theirs;
	size_t range;
	unsigned char *mem = pick_pages(f, &range);

	mem += fuzz_one_in(f, 4) ? PAGE - size / 2 : fuzz_pick(f, PAGE - size);
	theirs = (struct iovec){ mem, size };
	switch (fuzz_pick(f, 4)) {
	case 0:
		return fuzz_copy(mem, f->rw, size) ? 0 : -EFAULT;
	case 1:
		return fuzz_copy(f->rw, mem, size) ? 0 : -EFAULT;
	case 2:
		return process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0) < 0 ?
		       -errno : 0;
	default:
		return process_vm_writev(getpid(), &ours, 1, &theirs, 1, 0) < 0 ?
		       -errno : 0;
	}
}

int fuzz_mprotect(struct fuzzer *f)
{
	size_t size;
	void *mem = pick_pages(f, &size);

	return mprotect(mem, size, fuzz_pick(f, 8)) ? -errno : 0;
}

int fuzz_munmap(struct fuzzer *f)
{
	size_t size;
	void *mem = pick_pages(f, &size);

	return munmap(mem, size) ? -errno : 0;
}

/* What the kernel chose a place for is not to stay. */
int fuzz_mremap(struct fuzzer *f)
{
	static const int flags[] = {
		0, MREMAP_MAYMOVE, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | DONTUNMAP,
	};
	int flag = flags[fuzz_pick(f, ARRAY_SIZE(flags))];
	size_t size, new_size;
	void *mem = pick_pages(f, &size), *to = pick_slot(f), *got;

	new_size = size;
	if (fuzz_one_in(f, 2))
		new_size = PAGE * fuzz_pick(f, SLOT_PAGES + 1);
	if (fuzz_one_in(f, 8))
		size = 0;
	got = mremap(mem, size, new_size, flag, to);
	if (got == MAP_FAILED)
		return -errno;
	if (got != mem && got != to)
		munmap(got, new_size);
	return 0;
}

/* Nothing that is said of the machine's memory, only of our own */
int fuzz_madvise(struct fuzzer *f)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_WILLNEED, MADV_REMOVE,
		MADV_DONTFORK, MADV_DOFORK, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_DONTDUMP, MADV_DODUMP, MADV_COLD, MADV_PAGEOUT,
		MADV_MERGEABLE, MADV_WIPEONFORK, POPULATE_READ, POPULATE_WRITE,
	};
	unsigned char vec[SLOT_PAGES];
	size_t size;
	void *mem = pick_pages(f, &size);
	int ret;

	switch (fuzz_pick(f, 8)) {
	case 0:
		ret = mlock(mem, size);
		break;
	case 1:
		ret = munlock(mem, size);
		break;
	case 2:
		ret = msync(mem, size, MS_SYNC | MS_INVALIDATE);
		break;
	case 3:
		ret = mincore(mem, size, vec);
		break;
	default:
		ret = madvise(mem, size,
			      advice[fuzz_pick(f, ARRAY_SIZE(advice))]);
	}
	return ret ? -errno : 0;
}
