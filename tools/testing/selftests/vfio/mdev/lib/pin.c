// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/io_uring.h>

#include <libmdev/assert.h>
#include <libmdev/pin.h>

static void pipe_read(struct pin *pin, void *buf)
{
	ssize_t n = read(pin->pipe[0], buf, PIN_SIZE);

	MDEV_ASSERT(n == PIN_SIZE, "reading a pipe: %zd, %s", n,
		    strerror(errno));
}

/*
 * By a pipe
 */

static int pipe_hold(struct pin *pin)
{
	struct iovec iov = { .iov_base = pin->page, .iov_len = PIN_SIZE };
	ssize_t n = vmsplice(pin->pipe[1], &iov, 1, 0);

	if (n < 0)
		return -errno;
	return n == PIN_SIZE ? 0 : -EIO;
}

const struct pin_way pin_by_pipe = {
	.name = "pipe",
	.hold = pipe_hold,
	.get = pipe_read,
};

/*
 * By io_uring, one request at a time
 */

static int uring_map(struct pin *pin)
{
	const struct io_uring_params *params = &pin->params;

	pin->rings_size = params->cq_off.cqes +
			  params->cq_entries * sizeof(struct io_uring_cqe);
	pin->rings = mmap(NULL, pin->rings_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, pin->ring, IORING_OFF_SQ_RING);
	if (pin->rings == MAP_FAILED)
		return -errno;
	pin->sqe = mmap(NULL, sizeof(*pin->sqe), PROT_READ | PROT_WRITE,
			MAP_SHARED, pin->ring, IORING_OFF_SQES);
	return pin->sqe == MAP_FAILED ? -errno : 0;
}

static int uring_hold(struct pin *pin)
{
	struct iovec iov = { .iov_base = pin->page, .iov_len = PIN_SIZE };
	int ret;

	pin->ring = syscall(SYS_io_uring_setup, 1, &pin->params);
	if (pin->ring < 0)
		return -errno;
	ret = uring_map(pin);
	if (ret)
		return ret;
	return syscall(SYS_io_uring_register, pin->ring,
		       IORING_REGISTER_BUFFERS, &iov, 1) ? -errno : 0;
}

static __u32 *ring_word(struct pin *pin, __u32 offset)
{
	return (__u32 *)(pin->rings + offset);
}

/* Moves the page's bytes into the pipe or out of it. */
static void uring_run(struct pin *pin, __u8 opcode, int fd)
{
	const struct io_uring_params *params = &pin->params;
	struct io_uring_cqe *cqe;
	__u32 head;

	*pin->sqe = (struct io_uring_sqe) {
		.opcode = opcode,
		.fd = fd,
		.off = -1,
		.addr = (unsigned long)pin->page,
		.len = PIN_SIZE,
	};
	*ring_word(pin, params->sq_off.array) = 0;
	__atomic_fetch_add(ring_word(pin, params->sq_off.tail), 1,
			   __ATOMIC_RELEASE);
	MDEV_ASSERT(syscall(SYS_io_uring_enter, pin->ring, 1, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) == 1,
		    "io_uring_enter: %s", strerror(errno));

	head = *ring_word(pin, params->cq_off.head);
	MDEV_ASSERT(head != __atomic_load_n(ring_word(pin, params->cq_off.tail),
					    __ATOMIC_ACQUIRE),
		    "io_uring did nothing");
	cqe = (void *)(pin->rings + params->cq_off.cqes);
	cqe += head & (params->cq_entries - 1);
	MDEV_ASSERT(cqe->res == PIN_SIZE, "io_uring: %s", strerror(-cqe->res));
	__atomic_fetch_add(ring_word(pin, params->cq_off.head), 1,
			   __ATOMIC_RELEASE);
}

static void uring_get(struct pin *pin, void *buf)
{
	uring_run(pin, IORING_OP_WRITE_FIXED, pin->pipe[1]);
	pipe_read(pin, buf);
}

static void uring_put(struct pin *pin, const void *buf)
{
	ssize_t n = write(pin->pipe[1], buf, PIN_SIZE);

	MDEV_ASSERT(n == PIN_SIZE, "writing a pipe: %s", strerror(errno));
	uring_run(pin, IORING_OP_READ_FIXED, pin->pipe[0]);
}

const struct pin_way pin_by_io_uring = {
	.name = "io_uring",
	.hold = uring_hold,
	.get = uring_get,
	.put = uring_put,
};

int __pin_hold(struct pin *pin, const struct pin_way *way, void *page)
{
	int ret;

	*pin = PIN_NONE;
	pin->way = way;
	pin->page = page;
	MDEV_ASSERT(!pipe(pin->pipe), "pipe: %s", strerror(errno));
	ret = way->hold(pin);
	if (ret)
		pin_drop(pin);
	return ret;
}

void pin_get(struct pin *pin, void *buf)
{
	pin->way->get(pin, buf);
}

void pin_put(struct pin *pin, const void *buf)
{
	pin->way->put(pin, buf);
}

static void unmap(void *mem, size_t size)
{
	if (mem && mem != MAP_FAILED)
		munmap(mem, size);
}

void pin_drop(struct pin *pin)
{
	unmap(pin->sqe, sizeof(*pin->sqe));
	unmap(pin->rings, pin->rings_size);
	if (pin->ring >= 0)
		close(pin->ring);
	if (pin->pipe[0] >= 0) {
		close(pin->pipe[0]);
		close(pin->pipe[1]);
	}
	*pin = PIN_NONE;
}
