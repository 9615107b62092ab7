// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins, and users who unmap their memory in ways that would hang or stop the kernel,
 * were it left to drivers to unpin
 *
 * MDEV_STORM_MS is for how long each storm lasts.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE		4096UL
#define RANGES		2		/* each unmapped by a thread of its own */
#define RANGE_PAGES	16UL
#define RANGE_SIZE	(RANGE_PAGES * PAGE)
#define RANGE_IOVA(n)	(((n) + 1ULL) << 32)
#define PINNERS		6
#define SLOW_PAGES	4096UL
#define SLOW_IOVA	(64ULL << 32)
#define SLOW_MS		40
#define STORM_MS	1000
#define STORM_ROUNDS	300		/* where waiting takes no time */
#define UNTOUCHED	0x5a5a5a5a5a5a5a5aULL

/* Most calls that type1 may make for a range: at the next one it stops the kernel. */
#define MOST_CALLS	11

static void start_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	int ret = pthread_create(thread, NULL, fn, arg);

	MDEV_ASSERT(!ret, "thread: %s", strerror(ret));
}

/*
 * A storm: threads that unmap and map, and others that pin all the time
 */

/**
 * struct storm - what the threads share
 * @dev: the device
 * @mem: memory of the ranges, one after another
 * @end: when to stop, or 0 if it is by rounds
 * @stop: time to stop
 * @kept: uses kept pins
 * @rounds: how often was unmapped
 * @pins: how often was pinned
 * @refused: how often not, because that memory was being unmapped
 * @overwritten: how often memory changed that was unmapped
 * @odd: an errno that should not be
 */
struct storm {
	struct vfio_dev *dev;
	char *mem;
	long end;
	volatile bool stop;
	bool kept;
	long rounds;
	long pins;
	long refused;
	long overwritten;
	int odd;
};

/**
 * struct storm_thread - one of them
 * @storm: the storm
 * @index: of a range, or of a slot
 * @thread: the thread
 */
struct storm_thread {
	struct storm *storm;
	unsigned int index;
	pthread_t thread;
};

static bool storm_over(struct storm *storm, long round)
{
	if (storm->stop)
		return true;
	return storm->end ? !goes_on(storm->end, round && storm->pins) :
			    round >= STORM_ROUNDS;
}

/* The user's own again, and nobody else's. Whether it stays as it was written */
static bool is_left_alone(char *mem)
{
	__u64 *word;
	size_t i;
	int turn;

	for (i = 0; i < RANGE_SIZE; i += PAGE)
		*(__u64 *)(mem + i) = UNTOUCHED;
	for (turn = 0; turn < 3; turn++) {
		sched_yield();
		for (i = 0; i < RANGE_SIZE; i += PAGE) {
			word = (__u64 *)(mem + i);
			if (*(volatile __u64 *)word != UNTOUCHED)
				return false;
		}
	}
	return true;
}

static void *unmap_all_the_time(void *arg)
{
	struct storm_thread *thread = arg;
	struct storm *storm = thread->storm;
	char *mem = storm->mem + thread->index * RANGE_SIZE;
	__u64 iova = RANGE_IOVA(thread->index);
	long round;

	for (round = 0; !storm_over(storm, round); round++) {
		vfio_dma_map(storm->dev, iova, mem, RANGE_SIZE, true);
		usleep(round % 4 * 300);
		vfio_dma_unmap(storm->dev, iova, RANGE_SIZE);
		if (!is_left_alone(mem))
			__atomic_add_fetch(&storm->overwritten, 1,
					   __ATOMIC_RELAXED);
		__atomic_add_fetch(&storm->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void note_pin(struct storm *storm, int ret)
{
	if (!ret)
		__atomic_add_fetch(&storm->pins, 1, __ATOMIC_RELAXED);
	else if (ret == -EAGAIN)
		__atomic_add_fetch(&storm->refused, 1, __ATOMIC_RELAXED);
	else if (ret != -EINVAL)
		storm->odd = -ret;
}

static void pin_once(struct storm *storm, unsigned int slot, __u64 iova)
{
	__u64 value;
	int ret;

	if (storm->kept) {
		ret = test_dma_kept_write(storm->dev, iova, slot);
		note_pin(storm, ret);
		test_dma_kept(storm->dev, iova, IOMMU_READ, &value);
		return;
	}
	ret = test_dma_pin(storm->dev, slot, iova, 1 + slot % 3, IOMMU_RW);
	note_pin(storm, ret);
	if (ret)
		return;
	test_dma_store(storm->dev, slot, 0, slot);
	test_dma_load(storm->dev, slot, 0, &value);
	sched_yield();
	test_dma_store(storm->dev, slot, 0, slot);
	test_dma_unpin(storm->dev, slot);
}

static void *pin_all_the_time(void *arg)
{
	struct storm_thread *thread = arg;
	struct storm *storm = thread->storm;
	unsigned int i = thread->index;

	while (!storm->stop) {
		i = i * 1103515245 + 12345;
		pin_once(storm, thread->index, RANGE_IOVA(i >> 16 & 1) +
			 (i >> 18) % (RANGE_PAGES - 2) * PAGE);
		sched_yield();
	}
	return NULL;
}

static void storm_start(struct storm *storm, struct vfio_dev *dev, char *mem)
{
	const char *ms = getenv("MDEV_STORM_MS");

	memset(storm, 0, sizeof(*storm));
	storm->dev = dev;
	storm->mem = mem;
	if (!virtual_time())
		storm->end = now_ms() + (ms ? atol(ms) : STORM_MS);
	test_dma_calls_begin();
}

static void storm_run(struct storm *storm)
{
	struct storm_thread unmapper[RANGES], pinner[PINNERS];
	unsigned int i;

	for (i = 0; i < PINNERS; i++) {
		pinner[i] = (struct storm_thread){ storm, i, 0 };
		start_thread(&pinner[i].thread, pin_all_the_time, &pinner[i]);
	}
	for (i = 0; i < RANGES; i++) {
		unmapper[i] = (struct storm_thread){ storm, i, 0 };
		start_thread(&unmapper[i].thread, unmap_all_the_time,
			     &unmapper[i]);
	}
	for (i = 0; i < RANGES; i++)
		pthread_join(unmapper[i].thread, NULL);
	storm->stop = true;
	for (i = 0; i < PINNERS; i++)
		pthread_join(pinner[i].thread, NULL);
	printf("# %ld times unmapped, %ld pins, %ld refused; at most %ld calls\n",
	       storm->rounds, storm->pins, storm->refused, test_dma_calls());
	fflush(stdout);
}

FIXTURE(storm) {
	struct storm storm;
	struct vfio_dev dev, second;
	char uuid[MDEV_UUID_SIZE], second_uuid[MDEV_UUID_SIZE];
	char *mem;
};

FIXTURE_VARIANT(storm) {
	const struct vfio_dev_way *way;
};

FIXTURE_VARIANT_ADD(storm, group) {
	.way = &vfio_dev_by_group,
};

FIXTURE_VARIANT_ADD(storm, group_iommufd) {
	.way = &vfio_dev_by_group_iommufd,
};

FIXTURE_VARIANT_ADD(storm, cdev) {
	.way = &vfio_dev_by_cdev,
};

FIXTURE_SETUP(storm)
{
	self->dev = VFIO_DEV_CLOSED;
	self->second = VFIO_DEV_CLOSED;
	self->mem = map_memory(RANGES * RANGE_SIZE);
	memset(self->mem, 1, RANGES * RANGE_SIZE);
	module_load(TEST_DMA);
	vfio_dma_load_modules();
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
	mdev_create_new(TEST_DMA, TEST_DMA_TYPE, self->uuid);
	mdev_create_new(TEST_DMA, TEST_DMA_TYPE, self->second_uuid);
	vfio_dev_open_by(&self->dev, variant->way, self->uuid);
	test_dma_budget(&self->dev, RANGE_PAGES);
	storm_start(&self->storm, &self->dev, self->mem);
}

FIXTURE_TEARDOWN(storm)
{
	vfio_dev_close(&self->second);
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_DMA);
	munmap(self->mem, RANGES * RANGE_SIZE);
}

/* Two threads unmap what six pin again and again. */
TEST_F(storm, of_pins)
{
	storm_run(&self->storm);
	EXPECT_LT(0, self->storm.pins);
	EXPECT_EQ(0, self->storm.overwritten);
	EXPECT_EQ(0, self->storm.odd);
	EXPECT_GE(MOST_CALLS, test_dma_calls());
	EXPECT_EQ(0, test_dma_unpin(&self->dev, 0) == 0);
}

/* The same with pins that are kept, of which there are too many for the budget. */
TEST_F(storm, of_kept_pins)
{
	self->storm.kept = true;
	storm_run(&self->storm);
	EXPECT_LT(0, self->storm.pins);
	EXPECT_EQ(0, self->storm.overwritten);
	EXPECT_EQ(0, self->storm.odd);
	EXPECT_GE(MOST_CALLS, test_dma_calls());
}

/* A vendor that gives its pins back while it is told of them */
TEST_F(storm, unpinned_within)
{
	test_dma_within(&self->dev, TEST_DMA_UNPINS, 0);
	storm_run(&self->storm);
	EXPECT_EQ(0, self->storm.overwritten);
	EXPECT_EQ(0, self->storm.odd);
	EXPECT_GE(MOST_CALLS, test_dma_calls());
}

static void *open_and_close_all_the_time(void *arg)
{
	struct storm_thread *thread = arg;
	struct storm *storm = thread->storm;
	struct vfio_dev second;
	const char *uuid = thread[1].storm->mem;

	while (!storm->stop) {
		vfio_dev_open_beside(&second, storm->dev, uuid);
		note_pin(storm, test_dma_pin(&second, 0, RANGE_IOVA(0), 1,
					     IOMMU_READ));
		vfio_dev_close(&second);
		usleep(1000);
	}
	return NULL;
}

/* Meanwhile another device comes and goes in the same address space, pinning too. */
TEST_F(storm, beside_another_device)
{
	struct storm uuid = { .mem = self->second_uuid };
	struct storm_thread opener[2] = { { &self->storm, 0, 0 },
					  { &uuid, 0, 0 } };

	start_thread(&opener->thread, open_and_close_all_the_time, opener);
	storm_run(&self->storm);
	pthread_join(opener->thread, NULL);
	EXPECT_EQ(0, self->storm.overwritten);
	EXPECT_EQ(0, self->storm.odd);
	EXPECT_GE(MOST_CALLS, test_dma_calls());
}

/* Of two devices in an address space, each is told of its own pins. */
TEST_F(storm, two_devices)
{
	__u64 value;

	vfio_dev_open_beside(&self->second, &self->dev, self->second_uuid);
	vfio_dma_map(&self->dev, RANGE_IOVA(0), self->mem, RANGE_SIZE, true);
	vfio_dma_map(&self->dev, RANGE_IOVA(1), self->mem, RANGE_SIZE, true);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, RANGE_IOVA(0), 2, IOMMU_RW));
	ASSERT_EQ(0, test_dma_pin(&self->second, 0, RANGE_IOVA(0), 1, IOMMU_RW));
	ASSERT_EQ(0, test_dma_pin(&self->second, 1, RANGE_IOVA(1), 1, IOMMU_RW));
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, RANGE_IOVA(1), RANGE_SIZE));
	EXPECT_EQ(0, test_dma_unmaps(&self->dev, NULL, NULL));
	EXPECT_EQ(1, test_dma_unmaps(&self->second, NULL, NULL));
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, RANGE_IOVA(0), RANGE_SIZE));
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, NULL, NULL));
	EXPECT_EQ(2, test_dma_unmaps(&self->second, NULL, NULL));
	EXPECT_EQ(-ESTALE, test_dma_load(&self->dev, 0, 0, &value));
	EXPECT_EQ(-ESTALE, test_dma_load(&self->second, 0, 0, &value));
}

/*
 * Page faults that user space takes its time to serve
 */

/**
 * struct slow - memory that is slow to come
 * @mem: the memory
 * @uffd: by which its faults are served
 * @dev: the device
 * @stop: no more of it
 * @thread: who serves
 * @pinner: who pins it, page by page
 */
struct slow {
	char *mem;
	int uffd;
	struct vfio_dev *dev;
	volatile bool stop;
	pthread_t thread;
	pthread_t pinner;
};

static bool slow_begin(struct slow *slow, struct vfio_dev *dev)
{
	slow->dev = dev;
	slow->stop = false;
	slow->mem = map_memory(SLOW_PAGES * PAGE);
	slow->uffd = memory_hold_back(slow->mem, SLOW_PAGES * PAGE);
	if (slow->uffd < 0) {
		munmap(slow->mem, SLOW_PAGES * PAGE);
		return false;
	}
	vfio_dma_map(dev, SLOW_IOVA, slow->mem, SLOW_PAGES * PAGE, true);
	return true;
}

static void slow_serve(struct slow *slow, size_t page)
{
	struct uffdio_zeropage zero = {
		.range.start = (unsigned long)slow->mem + page * PAGE,
		.range.len = PAGE,
	};

	ioctl(slow->uffd, UFFDIO_ZEROPAGE, &zero);
}

static void *serve_slowly(void *arg)
{
	struct slow *slow = arg;
	struct uffd_msg msg;

	while (!slow->stop) {
		if (read(slow->uffd, &msg, sizeof(msg)) == sizeof(msg)) {
			usleep(SLOW_MS * 1000);
			slow_serve(slow, (msg.arg.pagefault.address -
					  (unsigned long)slow->mem) / PAGE);
		} else {
			usleep(1000);
		}
	}
	return NULL;
}

static void *pin_slowly(void *arg)
{
	struct slow *slow = arg;
	unsigned int page;

	for (page = 0; !slow->stop && page < SLOW_PAGES; page++)
		if (!test_dma_pin(slow->dev, 60, SLOW_IOVA + page * PAGE, 1,
				  IOMMU_RW))
			test_dma_unpin(slow->dev, 60);
	return NULL;
}

/* Each pin of another page holds locks of the address space for long. */
TEST_F(storm, of_page_faults)
{
	struct slow slow;

	if (!slow_begin(&slow, &self->dev))
		SKIP(return, "this kernel has no userfaultfd");
	start_thread(&slow.thread, serve_slowly, &slow);
	start_thread(&slow.pinner, pin_slowly, &slow);
	storm_run(&self->storm);
	slow.stop = true;
	pthread_join(slow.pinner, NULL);
	pthread_join(slow.thread, NULL);
	EXPECT_EQ(0, self->storm.overwritten);
	EXPECT_EQ(0, self->storm.odd);
	EXPECT_GE(MOST_CALLS, test_dma_calls());
	close(slow.uffd);
	munmap(slow.mem, SLOW_PAGES * PAGE);
}

/* What a thread does once, and has done */
struct once {
	struct vfio_dev *dev;
	int ret;
	volatile bool done;
	pthread_t thread;
};

static void *pin_slow_page(void *arg)
{
	struct once *once = arg;

	once->ret = test_dma_pin(once->dev, 61, SLOW_IOVA, 1, IOMMU_RW);
	once->done = true;
	return NULL;
}

static void *unmap_slow_pages(void *arg)
{
	struct once *once = arg;

	once->ret = __vfio_dma_unmap(once->dev, SLOW_IOVA, SLOW_PAGES * PAGE);
	once->done = true;
	return NULL;
}

/* Who unmaps waits for a pin that is under way, for as long as it takes. */
TEST_F(storm, pin_is_held_up)
{
	struct once pin = { .dev = &self->dev }, unmap = pin;
	struct slow slow;
	__u64 value;

	if (!slow_begin(&slow, &self->dev))
		SKIP(return, "this kernel has no userfaultfd");
	start_thread(&pin.thread, pin_slow_page, &pin);
	usleep(WAIT_SHORT_MS * 1000);
	if (pin.done && pin.ret == -EFAULT)
		SKIP(return, "type1 does not wait for such a page fault");
	start_thread(&unmap.thread, unmap_slow_pages, &unmap);
	usleep(10 * WAIT_SHORT_MS * 1000);
	EXPECT_FALSE(pin.done);
	EXPECT_FALSE(unmap.done);
	slow_serve(&slow, 0);
	pthread_join(pin.thread, NULL);
	pthread_join(unmap.thread, NULL);
	EXPECT_EQ(0, unmap.ret);
	EXPECT_TRUE(!pin.ret || pin.ret == -EAGAIN || pin.ret == -EINVAL)
		TH_LOG("pin: %d", pin.ret);
	if (!pin.ret)
		EXPECT_EQ(-ESTALE, test_dma_load(&self->dev, 61, 0, &value));
	close(slow.uffd);
	munmap(slow.mem, SLOW_PAGES * PAGE);
}

static void *pin_and_wait(void *arg)
{
	struct once *once = arg;

	once->ret = test_dma_pin_slowly(once->dev, 0, RANGE_IOVA(0),
					5 * WAIT_SHORT_MS);
	once->done = true;
	return NULL;
}

/* A vendor that is told of a pin which it has not noted down yet does not use it. */
TEST_F(storm, told_too_early)
{
	struct once pin = { .dev = &self->dev };

	vfio_dma_map(&self->dev, RANGE_IOVA(0), self->mem, RANGE_SIZE, true);
	start_thread(&pin.thread, pin_and_wait, &pin);
	usleep(WAIT_SHORT_MS * 1000);
	EXPECT_EQ(0, __vfio_dma_unmap(&self->dev, RANGE_IOVA(0), RANGE_SIZE));
	EXPECT_FALSE(pin.done);
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, NULL, NULL));
	pthread_join(pin.thread, NULL);
	EXPECT_EQ(-EAGAIN, pin.ret);
	EXPECT_EQ(-ENXIO, test_dma_unpin(&self->dev, 0));
}

/*
 * Somebody who unmaps, and is stopped by a debugger when he is through with that, but
 * not back in user space: nobody waits for him.
 */

static pid_t start_traced(struct vfio_dev *dev)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = RANGE_IOVA(0),
		.size = RANGE_SIZE,
	};
	pid_t pid = fork();

	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (pid)
		return pid;
	close(dev->fd);
	close(dev->group);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(ioctl(dev->iommu, VFIO_IOMMU_UNMAP_DMA, &unmap) != 0);
}

static void wait_for_stop(pid_t pid)
{
	int status;

	MDEV_ASSERT(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status),
		    "the process did not stop");
}

/* To the end of its system call */
static void run_to_end(pid_t pid)
{
	int i;

	wait_for_stop(pid);
	for (i = 0; i < 2; i++) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		wait_for_stop(pid);
	}
}

static int let_go(pid_t pid)
{
	int status;

	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	MDEV_ASSERT(waitpid(pid, &status, 0) == pid, "the process is lost");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

FIXTURE(traced) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
	char *mem;
	pid_t pid;
};

FIXTURE_SETUP(traced)
{
	self->mem = map_memory(RANGE_SIZE);
	module_load(TEST_DMA);
	vfio_setup();
	mdev_create_new(TEST_DMA, TEST_DMA_TYPE, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
	vfio_dma_map(&self->dev, RANGE_IOVA(0), self->mem, RANGE_SIZE, true);
	ASSERT_EQ(0, test_dma_pin(&self->dev, 0, RANGE_IOVA(0), 2, IOMMU_RW));
	self->pid = start_traced(&self->dev);
	run_to_end(self->pid);
	EXPECT_EQ(1, test_dma_unmaps(&self->dev, NULL, NULL));
}

FIXTURE_TEARDOWN(traced)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(TEST_DMA);
	munmap(self->mem, RANGE_SIZE);
}

/* What he unmapped can be mapped and pinned anew. */
TEST_F(traced, can_pin)
{
	vfio_dma_map(&self->dev, RANGE_IOVA(0), self->mem, RANGE_SIZE, true);
	EXPECT_EQ(0, test_dma_pin(&self->dev, 1, RANGE_IOVA(0), 1, IOMMU_RW));
	EXPECT_EQ(0, let_go(self->pid));
}

/* The device is closed, opened anew and removed while he is stopped. */
TEST_F(traced, can_be_closed)
{
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, self->uuid);
	vfio_dma_map(&self->dev, RANGE_IOVA(0), self->mem, RANGE_SIZE, true);
	EXPECT_EQ(0, test_dma_pin(&self->dev, 0, RANGE_IOVA(0), 1, IOMMU_RW));
	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);
	EXPECT_EQ(0, let_go(self->pid));
}

/* The module that has a function to run in his name can go. */
TEST_F(traced, keeps_no_module)
{
	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);
	mdev_driver_unload("vfio_mdev");
	EXPECT_FALSE(module_loaded("vfio_mdev"));
	EXPECT_EQ(0, let_go(self->pid));
	module_load(TEST_DMA);
}

TEST_HARNESS_MAIN
