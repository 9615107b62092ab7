// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that work in address spaces of processes: what happens in the middle of a
 * command, and everything at once
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define RW		(PROT_READ | PROT_WRITE)
#define PAGE		4096UL
#define LONG		0x400000000UL	/* takes for ever */
#define FILLED		0x1000000UL	/* of which there are many */
#define MISSING		((void *)0x200000000UL)
#define PROMPT_MS	10000
#define STORM_MS	2000
#define STORM_ROUNDS	400		/* where waiting takes no time */

static void *map_sparse(size_t size, int prot)
{
	void *mem = mmap(NULL, size, prot,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	MDEV_ASSERT(mem != MAP_FAILED, "%zu bytes: %s", size, strerror(errno));
	return mem;
}

static void start_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	int ret = pthread_create(thread, NULL, fn, arg);

	MDEV_ASSERT(!ret, "pthread_create: %s", strerror(ret));
}

/*
 * In the middle of a command
 */

/**
 * struct midway - a command that runs
 * @dev: the device
 * @target: whose memory it is in, if there is one
 * @command: what the command is
 * @thread: who runs it here
 * @pid: who runs it elsewhere
 * @zeroes: memory that takes for ever
 */
struct midway {
	struct vfio_dev dev;
	struct svm_target target;
	struct svm_command command;
	pthread_t thread;
	pid_t pid;
	char *zeroes;
};

FIXTURE(midway) {
	struct midway it;
};

static void *command_thread(void *arg)
{
	struct midway *self = arg;

	svm_run(&self->dev, &self->command);
	return NULL;
}

static bool is_busy(struct vfio_dev *dev)
{
	return svm_reg(dev, MSVM_STATUS) == MSVM_BUSY;
}

/* Of the memory that takes for ever, at the same address in each process */
static void command_in(struct midway *self, pid_t pid)
{
	self->command = (struct svm_command){
		.command = MSVM_SUM, .pasid = svm_bind(&self->dev, pid),
		.addr = (unsigned long)self->zeroes, .len = LONG,
	};
}

static void begin(struct midway *self)
{
	start_thread(&self->thread, command_thread, self);
	MDEV_ASSERT(WAIT_FOR(is_busy(&self->dev)), "the command does not run");
}

/* In a process of its own, which can be killed */
static void begin_elsewhere(struct midway *self)
{
	self->pid = fork();
	MDEV_ASSERT(self->pid >= 0, "fork: %s", strerror(errno));
	if (!self->pid) {
		svm_run(&self->dev, &self->command);
		_exit(0);
	}
	MDEV_ASSERT(WAIT_FOR(is_busy(&self->dev)), "the command does not run");
}

static bool has_ended(pid_t pid)
{
	return WAIT_FOR_MS(waitpid(pid, NULL, WNOHANG) == pid, PROMPT_MS);
}

FIXTURE_SETUP(midway)
{
	memset(&self->it, 0, sizeof(self->it));
	self->it.dev = VFIO_DEV_CLOSED;
	if (!svm_setup())
		SKIP(return, "this kernel has no msvm");
	self->it.zeroes = map_sparse(LONG, PROT_READ);
	svm_open(&self->it.dev);
}

FIXTURE_TEARDOWN(midway)
{
	if (self->it.pid) {
		kill(self->it.pid, SIGKILL);
		waitpid(self->it.pid, NULL, 0);
	}
	svm_target_end(&self->it.target);
	if (self->it.dev.fd >= 0)
		svm_close(&self->it.dev);
}

/* The same memory one time after the other */
static char *map_often(void)
{
	char *mem = map_sparse(LONG, PROT_READ);
	int fd = memfd_create("svm", MFD_CLOEXEC);
	size_t i;

	MDEV_ASSERT(fd >= 0 && !ftruncate(fd, FILLED), "memfd: %s",
		    strerror(errno));
	for (i = 0; i < LONG; i += FILLED)
		MDEV_ASSERT(mmap(mem + i, FILLED, RW, MAP_SHARED | MAP_FIXED,
				 fd, 0) == mem + i, "mmap: %s", strerror(errno));
	close(fd);
	return mem;
}

/* After that, nothing is done there any more. */
TEST_F(midway, is_unbound)
{
	char *mem = map_often();
	long start;
	size_t i;

	self->it.command = (struct svm_command){
		.command = MSVM_FILL, .pasid = svm_bind(&self->it.dev, 0),
		.addr = (unsigned long)mem, .len = LONG, .value = 2,
	};
	begin(&self->it);
	start = now_ms();
	svm_unbind(&self->it.dev, self->it.command.pasid);
	memset(mem, 3, FILLED);
	pthread_join(self->it.thread, NULL);
	EXPECT_GT(PROMPT_MS, now_ms() - start);
	EXPECT_EQ(MSVM_NO_BOND, svm_reg(&self->it.dev, MSVM_STATUS));
	EXPECT_EQ(1, svm_reg(&self->it.dev, MSVM_FAULTS));
	for (i = 0; i < FILLED; i++)
		ASSERT_EQ(3, mem[i]);
}

TEST_F(midway, is_reset)
{
	command_in(&self->it, 0);
	begin(&self->it);
	EXPECT_EQ(0, __vfio_dev_reset(&self->it.dev));
	pthread_join(self->it.thread, NULL);
	EXPECT_EQ(MSVM_IDLE, svm_reg(&self->it.dev, MSVM_STATUS));
	EXPECT_EQ(0, svm_reg(&self->it.dev, MSVM_FAULTS));
	EXPECT_EQ(0, svm_reg(&self->it.dev, MSVM_RESULT));
}

/* It is not held up for long, and the command ends. */
TEST_F(midway, target_ends)
{
	svm_target_start(&self->it.target, NULL, NULL);
	command_in(&self->it, self->it.target.pid);
	begin(&self->it);
	kill(self->it.target.pid, SIGKILL);
	EXPECT_TRUE(has_ended(self->it.target.pid));
	self->it.target.pid = 0;
	pthread_join(self->it.thread, NULL);
	EXPECT_EQ(MSVM_NO_BOND, svm_reg(&self->it.dev, MSVM_STATUS));
}

TEST_F(midway, caller_ends)
{
	command_in(&self->it, 0);
	begin_elsewhere(&self->it);
	kill(self->it.pid, SIGKILL);
	EXPECT_TRUE(has_ended(self->it.pid));
	self->it.pid = 0;
	EXPECT_EQ(MSVM_ABORTED, svm_reg(&self->it.dev, MSVM_STATUS));
}

/* Registers can be read, and neither they nor the command can be changed. */
TEST_F(midway, is_busy)
{
	command_in(&self->it, 0);
	begin(&self->it);
	svm_set_reg(&self->it.dev, MSVM_ADDR, 1);
	svm_set_reg(&self->it.dev, MSVM_VALUE, 1);
	svm_set_reg(&self->it.dev, MSVM_COMMAND, MSVM_FILL);
	EXPECT_EQ(MSVM_BUSY, svm_reg(&self->it.dev, MSVM_STATUS));
	EXPECT_EQ((unsigned long)self->it.zeroes, svm_reg(&self->it.dev, MSVM_ADDR));
	EXPECT_EQ(0, svm_reg(&self->it.dev, MSVM_VALUE));
	svm_unbind(&self->it.dev, self->it.command.pasid);
	pthread_join(self->it.thread, NULL);
	EXPECT_EQ(MSVM_NO_BOND, svm_reg(&self->it.dev, MSVM_STATUS));
}

/* Memory that nobody provides; the file descriptor that this is by, or -errno */
static int map_missing(void)
{
	void *mem = mmap(MISSING, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0);

	MDEV_ASSERT(mem == MISSING, "mmap: %s", strerror(errno));
	return memory_hold_back(mem, PAGE);
}

static void map_missing_there(void *arg)
{
	(void)arg;
	map_missing();
}

static void read_missing(struct midway *self, pid_t pid)
{
	self->command = (struct svm_command){
		.command = MSVM_READ, .pasid = svm_bind(&self->dev, pid),
		.addr = (unsigned long)MISSING, .len = 8,
	};
	begin_elsewhere(self);
}

static pid_t start_unbind(struct midway *self, bool reset)
{
	pid_t pid = fork();

	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (pid)
		return pid;
	if (reset)
		__vfio_dev_reset(&self->dev);
	else
		__svm_unbind(&self->dev, self->command.pasid);
	_exit(0);
}

/* Whoever waits for a command that waits for user space can be killed, all of them. */
TEST_F(midway, waits_killably)
{
	int reset, uffd;
	pid_t waiter;

	for (reset = 0; reset < 2; reset++) {
		uffd = map_missing();
		if (uffd < 0)
			SKIP(return, "this kernel has no userfaultfd");
		read_missing(&self->it, 0);
		waiter = start_unbind(&self->it, reset);
		usleep(1000 * WAIT_SHORT_MS);
		EXPECT_EQ(0, waitpid(waiter, NULL, WNOHANG));
		kill(waiter, SIGKILL);
		EXPECT_TRUE(has_ended(waiter));
		EXPECT_EQ(-ENOENT,
			  __svm_unbind(&self->it.dev, self->it.command.pasid));
		EXPECT_EQ(0, waitpid(self->it.pid, NULL, WNOHANG));
		kill(self->it.pid, SIGKILL);
		EXPECT_TRUE(has_ended(self->it.pid));
		self->it.pid = 0;
		EXPECT_EQ(reset ? MSVM_IDLE : MSVM_ABORTED,
			  svm_reg(&self->it.dev, MSVM_STATUS));
		close(uffd);
	}
}

/* A process that ends does not wait for a command that waits for it. */
TEST_F(midway, target_ends_while_it_is_waited_for)
{
	int uffd = map_missing();

	if (uffd < 0)
		SKIP(return, "this kernel has no userfaultfd");
	close(uffd);
	svm_target_start(&self->it.target, map_missing_there, NULL);
	read_missing(&self->it, self->it.target.pid);
	usleep(1000 * WAIT_SHORT_MS);
	EXPECT_TRUE(is_busy(&self->it.dev));
	kill(self->it.target.pid, SIGKILL);
	EXPECT_TRUE(has_ended(self->it.target.pid));
	self->it.target.pid = 0;
	EXPECT_TRUE(has_ended(self->it.pid));
	self->it.pid = 0;
	EXPECT_FALSE(is_busy(&self->it.dev));
}

/*
 * Everything at once
 */

#define TARGETS		6
#define PASIDS		64

struct storm {
	struct vfio_dev *dev;
	volatile bool stop;
	char *mem;
	struct svm_target targets[TARGETS];
	pid_t looper;		/* executes itself all the time */
	__u32 pasids[PASIDS];
	long binds, refused, unbinds, commands, done, ends, odd;
	long end;
};

static unsigned int any(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % below;
}

static pid_t any_target(struct storm *storm, unsigned int *seed)
{
	unsigned int i = any(seed, TARGETS + 2);

	if (i == TARGETS)
		return 0;
	if (i > TARGETS)
		return storm->looper;
	return storm->targets[i].pid ?: -1;
}

static void *bind_all_the_time(void *arg)
{
	struct storm *storm = arg;
	unsigned int seed = 1;
	__u32 pasid;
	int ret;

	while (!storm->stop) {
		ret = __svm_bind(storm->dev, any_target(storm, &seed), &pasid);
		storm->binds += !ret;
		storm->refused += ret == -ESRCH || ret == -ENOSPC;
		storm->odd += ret && ret != -ESRCH && ret != -ENOSPC &&
			      ret != -EACCES;
		if (!ret)
			storm->pasids[any(&seed, PASIDS)] = pasid;
		sched_yield();
	}
	return NULL;
}

static void *unbind_all_the_time(void *arg)
{
	struct storm *storm = arg;
	unsigned int seed = 2, rounds = 0;
	int ret;

	while (!storm->stop) {
		ret = __svm_unbind(storm->dev, storm->pasids[any(&seed, PASIDS)]);
		storm->unbinds += !ret;
		storm->odd += ret && ret != -ENOENT;
		if (++rounds % 500 == 0)
			__vfio_dev_reset(storm->dev);
		sched_yield();
	}
	return NULL;
}

static void *command_all_the_time(void *arg)
{
	struct storm *storm = arg;
	struct svm_command command = { .addr = (unsigned long)storm->mem };
	unsigned int seed = 3, status;

	while (!storm->stop) {
		command.command = MSVM_READ + any(&seed, 5);
		command.pasid = storm->pasids[any(&seed, PASIDS)];
		command.len = any(&seed, 32 * PAGE);
		command.target = command.addr + 32 * PAGE;
		status = svm_run(storm->dev, &command);
		storm->commands++;
		storm->done += status == MSVM_OK;
	}
	return NULL;
}

/* The same addresses are there in all of them, but not always. */
static void *unmap_all_the_time(void *arg)
{
	struct storm *storm = arg;
	unsigned int seed = 4;

	while (!storm->stop) {
		madvise(storm->mem + any(&seed, 32) * PAGE, 8 * PAGE,
			MADV_DONTNEED);
		mprotect(storm->mem, 32 * PAGE, any(&seed, 2) ? RW : PROT_READ);
		sched_yield();
	}
	return NULL;
}

static pid_t start_looper(void)
{
	pid_t pid = fork();

	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("./svm_target", "svm_target", "loop", "1", NULL);
	_exit(1);
}

static bool storm_goes_on(struct storm *storm, long round)
{
	bool enough = storm->binds && storm->unbinds && storm->done;

	return storm->end ? goes_on(storm->end, enough) : round < STORM_ROUNDS;
}

static void end_all_the_time(struct storm *storm)
{
	unsigned int seed = 5, i;
	long round;

	for (round = 0; storm_goes_on(storm, round); round++) {
		i = any(&seed, TARGETS);
		svm_target_end(&storm->targets[i]);
		svm_target_start(&storm->targets[i], NULL, NULL);
		storm->ends++;
		usleep(1000);
	}
}

FIXTURE(storm) {
	struct vfio_dev dev;
	struct storm storm;
	long mms;
};

static long mms(void)
{
	slab_shrink("mm_struct");
	return slab_objects("mm_struct");
}

FIXTURE_SETUP(storm)
{
	const char *ms = getenv("MDEV_STORM_MS");

	memset(self, 0, sizeof(*self));
	self->dev = VFIO_DEV_CLOSED;
	if (!svm_setup())
		SKIP(return, "this kernel has no msvm");
	self->mms = mms();
	svm_open(&self->dev);
	self->storm.dev = &self->dev;
	self->storm.mem = map_sparse(64 * PAGE, RW);
	if (!virtual_time())
		self->storm.end = now_ms() + (ms ? atol(ms) : STORM_MS);
}

FIXTURE_TEARDOWN(storm)
{
	if (self->dev.fd >= 0)
		svm_close(&self->dev);
}

TEST_F(storm, of_everything)
{
	void *(*const fns[])(void *arg) = {
		bind_all_the_time, bind_all_the_time, unbind_all_the_time,
		command_all_the_time, command_all_the_time, unmap_all_the_time,
	};
	pthread_t threads[ARRAY_SIZE(fns)];
	struct storm *storm = &self->storm;
	size_t i;

	storm->looper = start_looper();
	for (i = 0; i < ARRAY_SIZE(fns); i++)
		start_thread(&threads[i], fns[i], storm);
	end_all_the_time(storm);
	storm->stop = true;
	for (i = 0; i < ARRAY_SIZE(fns); i++)
		pthread_join(threads[i], NULL);
	kill(storm->looper, SIGKILL);
	waitpid(storm->looper, NULL, 0);
	for (i = 0; i < TARGETS; i++)
		svm_target_end(&storm->targets[i]);
	printf("# %ld bound, %ld refused, %ld unbound, %ld of %ld commands done, %ld processes\n",
	       storm->binds, storm->refused, storm->unbinds, storm->done,
	       storm->commands, storm->ends);
	fflush(stdout);
	EXPECT_LT(0, storm->binds);
	EXPECT_LT(0, storm->unbinds);
	EXPECT_LT(0, storm->done);
	EXPECT_EQ(0, storm->odd);
	vfio_dev_close(&self->dev);
	EXPECT_TRUE(WAIT_FOR(mms() <= self->mms + 4))
		TH_LOG("%ld mm_structs, %ld before", mms(), self->mms);
	mdev_remove(self->dev.uuid);
}

TEST_HARNESS_MAIN
