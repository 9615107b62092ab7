// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include <libmdev/assert.h>
#include <libmdev/memory.h>

void *map_memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	MDEV_ASSERT(mem != MAP_FAILED, "%zu bytes: %s", size, strerror(errno));
	return mem;
}

int memory_hold_back(void *mem, size_t size)
{
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)mem, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	MDEV_ASSERT(!ioctl(fd, UFFDIO_API, &api) && !ioctl(fd, UFFDIO_REGISTER, &reg),
		    "userfaultfd: %s", strerror(errno));
	return fd;
}

void memory_provide(int fd, void *mem, size_t size)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)mem, .len = size },
	};

	MDEV_ASSERT(!ioctl(fd, UFFDIO_ZEROPAGE, &zero), "zero page: %s", strerror(errno));
}
