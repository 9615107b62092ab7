// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>
#include <libmdev/wait.h>
#include <libmdev/writer.h>

static void ignore_signal(int sig)
{
	(void)sig;
}

/* The copies of the caller's files would keep devices open. */
static void close_all_but(int fd)
{
	if (fd > 3)
		close_range(3, fd - 1, 0);
	close_range(fd + 1, ~0U, 0);
}

static void writer_child(int pipe, const char *text, const char *path)
{
	struct sigaction sa = { .sa_handler = ignore_signal };
	int ret;

	close_all_but(pipe);
	sigaction(SIGUSR1, &sa, NULL);
	ret = __file_puts(text, "%s", path);
	if (write(pipe, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	_exit(0);
}

void writer_start(struct writer *writer, const char *text, const char *fmt,
		  ...)
{
	char path[PATH_MAX];
	va_list args;
	int fds[2];

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);

	MDEV_ASSERT(!pipe2(fds, O_CLOEXEC), "pipe: %s", strerror(errno));
	writer->result = WRITER_RUNNING;
	writer->pid = fork();
	MDEV_ASSERT(writer->pid >= 0, "fork: %s", strerror(errno));
	if (!writer->pid)
		writer_child(fds[1], text, path);
	close(fds[1]);
	writer->pipe = fds[0];
}

static bool sleeps_in_write(pid_t pid)
{
	char text[256];

	return __file_gets(text, sizeof(text), "/proc/%d/syscall", pid) > 0 &&
	       strtol(text, NULL, 10) == SYS_write &&
	       strncmp(text, "running", 7);
}

bool writer_blocks(struct writer *writer)
{
	long end = now_ms() + WAIT_LONG_MS;

	while (now_ms() < end) {
		if (writer_result(writer, 0) != WRITER_RUNNING)
			return false;
		/* Seen twice, so as not to take a mutex for the real wait */
		if (sleeps_in_write(writer->pid)) {
			usleep(50000);
			if (sleeps_in_write(writer->pid))
				return true;
		}
		usleep(2000);
	}
	return false;
}

int writer_result(struct writer *writer, int ms)
{
	struct pollfd pfd = { .fd = writer->pipe, .events = POLLIN };

	if (writer->result != WRITER_RUNNING)
		return writer->result;
	if (poll(&pfd, 1, ms) <= 0)
		return WRITER_RUNNING;
	if (read(writer->pipe, &writer->result, sizeof(writer->result)) !=
	    sizeof(writer->result))
		writer->result = -ESHUTDOWN;
	close(writer->pipe);
	waitpid(writer->pid, NULL, 0);
	return writer->result;
}

void writer_interrupt(struct writer *writer)
{
	kill(writer->pid, SIGUSR1);
}

bool writer_kill(struct writer *writer)
{
	kill(writer->pid, SIGKILL);
	return writer_result(writer, WAIT_LONG_MS) == -ESHUTDOWN;
}
