// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/file.h>
#include <libmdev/wait.h>

#include "fuzz_private.h"

/* A thread gets so much done at least, however slow the machine is. */
#define MIN_ACTIONS	400

/*
 * For so many actions all threads have a favourite one in common, and another after
 * that: what only fails when two do it at once would be rare otherwise.
 */
#define PHASE_ACTIONS	100

static const struct {
	const char *name;
	int (*fn)(struct fuzzer *f);
	unsigned int weight;
} actions[] = {
	{ "read", fuzz_read, 120 },
	{ "write", fuzz_write, 120 },
	{ "poke", fuzz_poke, 100 },
	{ "info", fuzz_info, 20 },
	{ "region info", fuzz_region_info, 40 },
	{ "irq info", fuzz_irq_info, 30 },
	{ "set irqs", fuzz_set_irqs, 150 },
	{ "query plane", fuzz_query_plane, 30 },
	{ "get dmabuf", fuzz_get_dmabuf, 20 },
	{ "map dmabuf", fuzz_map_dmabuf, 30 },
	{ "use dmabuf", fuzz_use_dmabuf, 20 },
	{ "reset", fuzz_reset, 4 },
	{ "feature", fuzz_feature, 15 },
	{ "odd ioctl", fuzz_odd_ioctl, 30 },
	{ "mmap", fuzz_mmap, 70 },
	{ "touch", fuzz_touch, 90 },
	{ "mprotect", fuzz_mprotect, 20 },
	{ "munmap", fuzz_munmap, 8 },
	{ "mremap", fuzz_mremap, 15 },
	{ "madvise", fuzz_madvise, 30 },
	{ "dup", fuzz_dup, 20 },
	{ "close", fuzz_close, 20 },
	{ "open", fuzz_open, 8 },
	{ "poll", fuzz_poll, 15 },
	{ "eventfd", fuzz_eventfd, 50 },
	{ "signal", fuzz_signal, 10 },
	{ "fork", fuzz_fork, 3 },
};

static_assert(ARRAY_SIZE(actions) <= FUZZ_ACTIONS, "too many actions");

/* xorshift64*, which is the same everywhere */
__u64 fuzz_random(struct fuzzer *f)
{
	f->random ^= f->random >> 12;
	f->random ^= f->random << 25;
	f->random ^= f->random >> 27;
	return f->random * 0x2545f4914f6cdd1d;
}

__u64 fuzz_pick(struct fuzzer *f, __u64 n)
{
	return (fuzz_random(f) >> 8) % n;
}

bool fuzz_one_in(struct fuzzer *f, unsigned int n)
{
	return !fuzz_pick(f, n);
}

__u64 fuzz_number(struct fuzzer *f)
{
	__u64 bit = 1ULL << fuzz_pick(f, 64);

	switch (fuzz_pick(f, 5)) {
	case 0:
		return bit;
	case 1:
		return bit - 1;
	case 2:
		return -bit;
	case 3:
		return fuzz_random(f) & (bit - 1);
	default:
		return fuzz_random(f);
	}
}

unsigned int fuzz_index(struct fuzzer *f, unsigned int nr)
{
	return fuzz_one_in(f, 8) ? fuzz_number(f) : fuzz_pick(f, nr + 1);
}

/* The first one is told. */
void fuzz_wrong(struct fuzz *fuzz, const char *fmt, ...)
{
	char text[sizeof(fuzz->wrong)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!fuzz->wrong[0])
		memcpy(fuzz->wrong, text, sizeof(text));
}

/* Of all actions, by their weight: @n is a random number. */
static unsigned int action_of(__u64 n)
{
	unsigned int sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(actions); i++)
		sum += actions[i].weight;
	n %= sum;
	for (i = 0; n >= actions[i].weight; i++)
		n -= actions[i].weight;
	return i;
}

/* The @n-th action of a thread */
static unsigned int pick_action(struct fuzzer *f, unsigned int n)
{
	struct fuzzer phase = {
		.random = f->fuzz->run->seed + n / PHASE_ACTIONS + 1,
	};

	fuzz_random(&phase);
	return action_of(fuzz_random(fuzz_one_in(f, 2) ? &phase : f) >> 8);
}

static void *work(void *arg)
{
	struct fuzzer *f = arg;
	struct fuzz *fuzz = f->fuzz;
	unsigned int n;

	f->tid = gettid();
	pthread_barrier_wait(&fuzz->ready);
	for (n = 0; n < MIN_ACTIONS || now_ms() < fuzz->end; n++) {
		f->action = pick_action(f, n);
		if (actions[f->action].fn(f) >= 0)
			f->done[f->action]++;
		f->tried[f->action]++;
	}
	fuzz_reap(f);
	return NULL;
}

static void interrupt(int sig)
{
	(void)sig;
}

/*
 * Nobody else is to make mappings where those of the device come and go; so what
 * threads allocate is all in the heap.
 */
static void limit_process(void)
{
	struct sigaction sa = { .sa_handler = interrupt };
	struct rlimit none = { 0, 0 }, files = { FUZZ_MAX_FDS, FUZZ_MAX_FDS };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_MAX, 0);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	sigaction(SIGUSR1, &sa, NULL);
}

static void open_device(struct fuzz *fuzz)
{
	struct vfio_device_info info;
	unsigned int i;

	vfio_dev_open_by(&fuzz->dev, fuzz->run->way, fuzz->run->uuid);
	MDEV_ASSERT(!__vfio_dev_info(&fuzz->dev, &info) &&
		    info.num_regions <= FUZZ_REGIONS, "no device info");
	fuzz->nr_regions = info.num_regions;
	for (i = 0; i < fuzz->nr_regions; i++)
		vfio_dev_region(&fuzz->dev, i, &fuzz->region[i]);

	memset(fuzz->device, -1, sizeof(fuzz->device));
	memset(fuzz->dmabuf, -1, sizeof(fuzz->dmabuf));
	fuzz_keep_fd(&fuzz->device[0], fuzz->dev.fd, FUZZ_DEVICE_FD);
	/* By its group it can be opened again. */
	if (fuzz->dev.group >= 0) {
		close(fuzz->dev.fd);
		fuzz->dev.fd = -1;
	}
	for (i = 0; i < FUZZ_EVENTFDS; i++)
		fuzz->eventfd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/* Ends by closing and unmapping all that there is. */
static void run_threads(struct fuzz *fuzz)
{
	const struct fuzz_run *run = fuzz->run;
	unsigned int i;
	int ret;

	limit_process();
	open_device(fuzz);
	fuzz_memory_setup(fuzz);
	pthread_barrier_init(&fuzz->ready, NULL, run->threads);
	fuzz->end = now_ms() + run->ms;
	for (i = 0; i < run->threads; i++) {
		fuzz->fuzzer[i].fuzz = fuzz;
		/* Not 0, from which only 0 comes */
		fuzz->fuzzer[i].random = (run->seed * FUZZ_MAX_THREADS + i) *
					 0x9e3779b97f4a7c15 | 1;
		ret = pthread_create(&fuzz->fuzzer[i].thread, NULL, work,
				     &fuzz->fuzzer[i]);
		MDEV_ASSERT(!ret, "thread: %s", strerror(ret));
	}
	for (i = 0; i < run->threads; i++)
		pthread_join(fuzz->fuzzer[i].thread, NULL);
	_exit(0);
}

static long count_actions(const struct fuzz *fuzz)
{
	long sum = 0;
	unsigned int i, j;

	for (i = 0; i < fuzz->run->threads; i++)
		for (j = 0; j < ARRAY_SIZE(actions); j++)
			sum += fuzz->fuzzer[i].tried[j];
	return sum;
}

static bool has_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Whether it ends; it goes on for as long as something gets done. */
static bool watch(const struct fuzz *fuzz, pid_t pid, int *status)
{
	long before, now = 0;

	do {
		before = now;
		if (WAIT_FOR_MS(has_ended(pid, status),
				fuzz->run->ms + WAIT_LONG_MS))
			return true;
		now = count_actions(fuzz);
	} while (now != before);
	return false;
}

static void print_file(pid_t pid, pid_t tid, const char *name)
{
	char text[2048];

	if (__file_gets(text, sizeof(text), "/proc/%d/task/%d/%s", pid, tid,
			name) > 0)
		printf("# %s: %s\n", name, text);
}

static void print_threads(const struct fuzz *fuzz, pid_t pid)
{
	const struct fuzzer *f;
	unsigned int i;

	for (i = 0; i < fuzz->run->threads; i++) {
		f = &fuzz->fuzzer[i];
		printf("# thread %u, last: %s, child %d\n", i,
		       actions[f->action].name, f->child);
		print_file(pid, f->tid, "syscall");
		print_file(pid, f->tid, "wchan");
		print_file(pid, f->tid, "stack");
		if (f->child)
			print_file(f->child, f->child, "stack");
	}
}

static void print_actions(const struct fuzz *fuzz)
{
	long done, tried;
	unsigned int i, j;

	printf("# %ld actions:", count_actions(fuzz));
	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		for (j = done = tried = 0; j < fuzz->run->threads; j++) {
			done += fuzz->fuzzer[j].done[i];
			tried += fuzz->fuzzer[j].tried[i];
		}
		printf("%s %s %ld/%ld", i ? "," : "", actions[i].name, done,
		       tried);
	}
	printf("\n");
}

/* Whatever is wrong with how it ended */
static bool judge(const struct fuzz *fuzz, pid_t pid)
{
	int status;

	if (!watch(fuzz, pid, &status)) {
		printf("# does not end:\n");
		print_threads(fuzz, pid);
		kill(pid, SIGKILL);
		if (!WAIT_FOR(has_ended(pid, &status)))
			printf("# cannot be killed\n");
		return false;
	}
	print_actions(fuzz);
	if (status) {
		printf("# ended with status %#x\n", status);
		print_threads(fuzz, pid);
		return false;
	}
	if (fuzz->wrong[0])
		printf("# wrong: %s\n", fuzz->wrong);
	return !fuzz->wrong[0];
}

/* Children that lost their parent become ours; there are not to be any. */
bool fuzz_device(const struct fuzz_run *run)
{
	struct fuzz *fuzz;
	pid_t pid;
	bool ok;

	fuzz = mmap(NULL, sizeof(*fuzz), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MDEV_ASSERT(fuzz != MAP_FAILED, "mmap: %s", strerror(errno));
	fuzz->run = run;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(stdout);
	pid = fork();
	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid)
		run_threads(fuzz);

	ok = judge(fuzz, pid);
	if (waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD) {
		printf("# left children behind\n");
		ok = false;
	}
	fflush(stdout);
	munmap(fuzz, sizeof(*fuzz));
	return ok;
}
