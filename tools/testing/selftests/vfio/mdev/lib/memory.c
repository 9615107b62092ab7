// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <libmdev/assert.h>
#include <libmdev/memory.h>

void *map_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	MDEV_ASSERT(mem != MAP_FAILED, "%zu bytes: %s", size, strerror(errno));
	return mem;
}
