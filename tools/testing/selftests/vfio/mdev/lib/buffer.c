// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/buffer.h>

/* Two pages, the second one with what @prot allows */
static char *two_pages(int prot, long *page)
{
	char *mem;

	*page = sysconf(_SC_PAGESIZE);
	mem = mmap(NULL, 2 * *page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MDEV_ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	MDEV_ASSERT(!mprotect(mem + *page, *page, prot), "mprotect: %s",
		    strerror(errno));
	return mem;
}

void *buffer_cut(const void *data, size_t size)
{
	long page;
	char *mem = two_pages(PROT_NONE, &page);

	return memcpy(mem + page - size, data, size);
}

void *buffer_read_only(const void *data, size_t size)
{
	long page;
	char *mem = two_pages(PROT_READ | PROT_WRITE, &page);

	memcpy(mem + page, data, size);
	MDEV_ASSERT(!mprotect(mem + page, page, PROT_READ), "mprotect: %s",
		    strerror(errno));
	return mem + page;
}

void buffer_free(void *buffer)
{
	const long page = sysconf(_SC_PAGESIZE);
	char *second = (char *)(((unsigned long)buffer + page - 1) & -page);

	munmap(second - page, 2 * page);
}
