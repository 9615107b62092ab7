// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests: a process with a number at an address that is always the same, which
 * executes other programs, or itself, with another number there
 *
 * usage: svm_target idle NUMBER             until it is killed
 *        svm_target brief NUMBER            for a moment
 *        svm_target loop NUMBER             executes itself with NUMBER + 1, and so on
 *        svm_target become NUMBER PROGRAM   after a moment, PROGRAM brief NUMBER + 1
 *        svm_target spawn NUMBER            nobody may debug it. Has children that share
 *                                           its memory, say their numbers, and become
 *                                           svm_target brief NUMBER + 1
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svm_target.h"

#define MOMENT_US	2000

static char next[24];

static void execute(const char *program, const char *how)
{
	execl(program, "svm_target", how, next, NULL);
	err(1, "%s", program);
}

/* Nothing but what a child that shares memory may do */
static void spawn(void)
{
	pid_t pid;

	prctl(PR_SET_DUMPABLE, 0);
	for (;;) {
		pid = vfork();
		if (pid < 0)
			err(1, "vfork");
		if (!pid) {
			pid = getpid();
			if (write(1, &pid, sizeof(pid)) != sizeof(pid))
				_exit(1);
			usleep(MOMENT_US / 2);
			execl("/proc/self/exe", "svm_target", "brief", next,
			      NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	__u64 number;

	if (argc < 3)
		errx(2, "usage: svm_target HOW NUMBER [PROGRAM]");
	number = strtoull(argv[2], NULL, 0);
	snprintf(next, sizeof(next), "%llu", number + 1);
	if (mmap(SVM_TARGET_NUMBER, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		err(1, "mmap");
	*SVM_TARGET_NUMBER = number;

	if (!strcmp(argv[1], "spawn"))
		spawn();
	if (!strcmp(argv[1], "idle"))
		for (;;)
			pause();
	usleep(MOMENT_US);
	if (!strcmp(argv[1], "loop"))
		execute("/proc/self/exe", "loop");
	if (!strcmp(argv[1], "become") && argc == 4)
		execute(argv[3], "brief");
	return 0;
}
