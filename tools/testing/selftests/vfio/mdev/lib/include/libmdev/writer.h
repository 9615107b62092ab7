/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that writes to a file once, which may take long
 */
#ifndef LIBMDEV_WRITER_H
#define LIBMDEV_WRITER_H

#include <stdbool.h>
#include <sys/types.h>

#define WRITER_RUNNING	1	/* not an errno; see writer_result() */

struct writer {
	pid_t pid;
	int pipe;
	int result;
};

/* Starts it. It keeps none of the caller's files open. */
__attribute__((format(printf, 3, 4)))
void writer_start(struct writer *writer, const char *text, const char *path,
		  ...);
/* Waits until it sleeps in write(); false if it is through or never does. */
bool writer_blocks(struct writer *writer);
/* 0 or -errno of the write, or WRITER_RUNNING if there is no result in @ms */
int writer_result(struct writer *writer, int ms);
/* A signal that interrupts the write; the writer then returns its result. */
void writer_interrupt(struct writer *writer);
/* SIGKILL; whether the process was gone within reasonable time */
bool writer_kill(struct writer *writer);

#endif /* LIBMDEV_WRITER_H */
