// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that things can take, and a device in user space: without mediated devices
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <libmdev.h>

#include "bench.h"

#define CALLS	2000

static void do_no_pread(void *arg)
{
	if (pread(-1, arg, 1, 0) != -1)
		MDEV_FAIL("read from a file that is not open");
}

static void do_no_ioctl(void *arg)
{
	if (ioctl(-1, VFIO_DEVICE_GET_INFO, arg) != -1)
		MDEV_FAIL("asked a file that is not open");
}

/* As an interrupt is told: by an eventfd, to who waits for it */
static void do_eventfd(void *arg)
{
	int fd = *(int *)arg;
	uint64_t n = 1;

	if (write(fd, &n, 8) != 8 || !irq_take(fd))
		MDEV_FAIL("an eventfd does not count");
}

static void do_open_null(void *arg)
{
	(void)arg;
	close(open("/dev/null", O_RDWR | O_CLOEXEC));
}

/*
 * A register of a device that is a process, as with vfio-user: a message of that size and
 * its answer by a socket, both without looking at them
 */

struct vfio_user_message {
	char header[16];	/* id, command, size, flags, error */
	char access[16];	/* offset, region, count */
	char value[4];		/* in the answer only */
};

#define ASK_SIZE	offsetof(struct vfio_user_message, value)

static void answer(int fd)
{
	struct vfio_user_message msg = { };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (recv(fd, &msg, ASK_SIZE, 0) == ASK_SIZE)
		if (send(fd, &msg, sizeof(msg), 0) != sizeof(msg))
			break;
	_exit(0);
}

static void do_ask(void *arg)
{
	struct vfio_user_message msg = { };
	int fd = *(int *)arg;

	if (send(fd, &msg, ASK_SIZE, 0) != ASK_SIZE ||
	    recv(fd, &msg, sizeof(msg), 0) != sizeof(msg))
		MDEV_FAIL("no answer by the socket");
}

static void bench_process(void)
{
	int fds[2];
	pid_t pid;

	MDEV_ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "no socket");
	pid = fork();
	MDEV_ASSERT(pid >= 0, "no process");
	if (!pid) {
		close(fds[0]);
		answer(fds[1]);
	}
	close(fds[1]);
	bench_measure("process_read", do_ask, &fds[0], CALLS);
	close(fds[0]);
	waitpid(pid, NULL, 0);
}

void bench_floors(void)
{
	int fd = irq_eventfd();
	char buf[64];

	bench_measure("no_pread", do_no_pread, buf, CALLS);
	bench_measure("no_ioctl", do_no_ioctl, buf, CALLS);
	bench_measure("eventfd", do_eventfd, &fd, CALLS);
	bench_measure("open_null", do_open_null, NULL, CALLS / 10);
	close(fd);
	bench_process();
}

/* Reads it in before, as it may be on a slow disk. */
void bench_load(const char *file)
{
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint64_t ns[2][9];
	char name[64];
	int i;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	MDEV_ASSERT(fd >= 0, "no %s", file);
	for (i = 0; i < 9; i++) {
		uint64_t start = bench_now();

		MDEV_ASSERT(!syscall(SYS_finit_module, fd, "", 0), "%s does not load",
			    file);
		ns[0][i] = bench_now() - start;
		start = bench_now();
		module_unload(name);
		ns[1][i] = bench_now() - start;
	}
	bench_report("load", ns[0], 9);
	bench_report("unload", ns[1], 9);
	close(fd);
}
