// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the table of DMA windows, with KVMs that are numbers only
 *
 * What user space does with windows is in the selftest, which needs a KVM.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio_mdev_window.h>

#include "../vfio_mdev_windows.h"

#define NR_DEVICES	2
#define NR_MANY		1000
#define NR_THREADS	4
#define NR_ROUNDS	300

/* Never followed */
#define KVM(n)	((struct kvm *)(uintptr_t)(((n) + 1) * SZ_4K))

/**
 * struct windows_test - what a test has
 * @device: windows of devices that are open
 * @window: some windows, all right but for their numbers
 */
struct windows_test {
	struct vfio_mdev_windows device[NR_DEVICES];
	struct vfio_mdev_window window[3];
};

static atomic_t let_go;

static void count_let_go(struct vfio_mdev_window *window)
{
	atomic_inc(&let_go);
}

static void window_setup(struct vfio_mdev_window *window, u64 liobn)
{
	window->liobn = liobn;
	window->start = SZ_1M;
	window->size = SZ_64K;
	window->page_shift = 12;
	window->let_go = count_let_go;
}

static int vfio_mdev_window_kunit_init(struct kunit *test)
{
	struct windows_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (i = 0; i < NR_DEVICES; i++) {
		vfio_mdev_windows_setup(&t->device[i]);
		vfio_mdev_windows_open(&t->device[i]);
	}
	for (i = 0; i < ARRAY_SIZE(t->window); i++)
		window_setup(&t->window[i], i);
	atomic_set(&let_go, 0);
	test->priv = t;
	return 0;
}

static void vfio_mdev_window_kunit_exit(struct kunit *test)
{
	struct windows_test *t = test->priv;
	int i;

	for (i = 0; i < NR_DEVICES; i++)
		vfio_mdev_windows_close(&t->device[i]);
}

/* Whether that window is found, without keeping it */
static bool finds(struct kvm *kvm, u64 liobn, struct vfio_mdev_window *window)
{
	struct vfio_mdev_window *found = vfio_mdev_window_get(kvm, liobn);

	if (found)
		vfio_mdev_window_put(found);
	return found == window;
}

static void vfio_mdev_window_kunit_found(struct kunit *test)
{
	struct windows_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, NULL));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_windows_add(&t->device[0], KVM(0),
						       &t->window[0]));
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, &t->window[0]));
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 1, NULL));
	KUNIT_EXPECT_TRUE(test, finds(KVM(1), 0, NULL));
	KUNIT_EXPECT_TRUE(test, finds(NULL, 0, NULL));
	vfio_mdev_window_del(&t->window[0]);
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, NULL));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&let_go));
}

/* Numbers are those of a virtual machine, whichever of its devices has the window. */
static void vfio_mdev_window_kunit_numbers(struct kunit *test)
{
	struct windows_test *t = test->priv;

	t->window[1].liobn = 0;
	t->window[2].liobn = U64_MAX;
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_windows_add(&t->device[0], KVM(0),
						       &t->window[0]));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			vfio_mdev_windows_add(&t->device[0], KVM(0),
					      &t->window[1]));
	KUNIT_EXPECT_EQ(test, -EEXIST,
			vfio_mdev_windows_add(&t->device[1], KVM(0),
					      &t->window[1]));
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, &t->window[0]));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_windows_add(&t->device[1], KVM(1),
						       &t->window[1]));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_windows_add(&t->device[1], KVM(1),
						       &t->window[2]));
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, &t->window[0]));
	KUNIT_EXPECT_TRUE(test, finds(KVM(1), 0, &t->window[1]));
	KUNIT_EXPECT_TRUE(test, finds(KVM(1), U64_MAX, &t->window[2]));

	vfio_mdev_windows_close(&t->device[0]);
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, NULL));
	KUNIT_EXPECT_TRUE(test, finds(KVM(1), 0, &t->window[1]));
}

static const struct {
	u64 start;
	u64 size;
	u8 page_shift;
	int ret;
} windows[] = {
	{ 0, SZ_4K, 12, 0 },
	{ 0, SZ_4K, 11, -EINVAL },
	{ 0, SZ_1G, 30, 0 },
	{ 0, SZ_2G, 31, -EINVAL },
	{ SZ_4K, SZ_64K, 16, -EINVAL },
	{ 0, SZ_64K - SZ_4K, 16, -EINVAL },
	{ 0, 0, 12, -EINVAL },
	{ 0, 0 - (u64)SZ_4K, 12, 0 },
	{ 0 - (u64)SZ_4K, SZ_4K, 12, 0 },
	{ 0 - (u64)SZ_4K, SZ_8K, 12, -EINVAL },
};

static void vfio_mdev_window_kunit_check(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vfio_mdev_window *window = t->window;
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		window->start = windows[i].start;
		window->size = windows[i].size;
		window->page_shift = windows[i].page_shift;
		KUNIT_EXPECT_EQ_MSG(test, windows[i].ret,
				    vfio_mdev_windows_add(t->device, KVM(0),
							  window), "row %d", i);
		vfio_mdev_window_end(window);
	}
}

static void vfio_mdev_window_kunit_no_kvm(struct kunit *test)
{
	struct windows_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, -ENXIO, vfio_mdev_windows_add(t->device, NULL,
							    t->window));
	vfio_mdev_windows_close(t->device);
	KUNIT_EXPECT_EQ(test, -ENODEV, vfio_mdev_windows_add(t->device, KVM(0),
							     t->window));
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, NULL));
}

static void vfio_mdev_window_kunit_index(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vfio_mdev_window *window = t->window;
	unsigned long index = 99;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_window_index(window, SZ_1M - 1, &index));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_window_index(window, SZ_1M + SZ_64K, &index));
	KUNIT_EXPECT_EQ(test, 99, index);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_window_index(window, SZ_1M, &index));
	KUNIT_EXPECT_EQ(test, 0, index);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_window_index(window,
							SZ_1M + SZ_64K - 1,
							&index));
	KUNIT_EXPECT_EQ(test, 15, index);
}

/* With interrupts off: the checks of the kernel tell who sleeps or takes a lock. */
static void vfio_mdev_window_kunit_atomic(struct kunit *test)
{
	struct windows_test *t = test->priv;
	unsigned long flags;
	bool found;

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_windows_add(&t->device[0], KVM(0),
						       &t->window[0]));
	local_irq_save(flags);
	found = finds(KVM(0), 0, &t->window[0]);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, found);
}

/* One that runs when it is woken, and has to be ended */
static struct task_struct *window_thread(struct kunit *test,
					 int (*thread)(void *arg), void *arg)
{
	struct task_struct *task = kthread_create(thread, arg, "window_kunit");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	return get_task_struct(task);
}

static void window_thread_end(struct task_struct *task)
{
	kthread_stop(task);
	put_task_struct(task);
}

static int del_thread(void *window)
{
	vfio_mdev_window_del(window);
	return 0;
}

static int close_thread(void *device)
{
	vfio_mdev_windows_close(device);
	return 0;
}

/* Somebody who ends the first window waits for us, who has a reference. */
static void wait_for_put(struct kunit *test, int (*end)(void *arg), void *arg)
{
	struct windows_test *t = test->priv;
	struct task_struct *task;

	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_windows_add(&t->device[0], KVM(0),
						       &t->window[0]));
	task = window_thread(test, end, arg);
	KUNIT_EXPECT_PTR_EQ(test, &t->window[0],
			    vfio_mdev_window_get(KVM(0), 0));
	wake_up_process(task);
	msleep(100);
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 0, NULL));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&let_go));
	KUNIT_EXPECT_EQ(test, 0, READ_ONCE(task->exit_state));
	vfio_mdev_window_put(&t->window[0]);
	window_thread_end(task);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&let_go));
}

static void vfio_mdev_window_kunit_del_waits(struct kunit *test)
{
	struct windows_test *t = test->priv;

	wait_for_put(test, del_thread, &t->window[0]);
}

static void vfio_mdev_window_kunit_close_waits(struct kunit *test)
{
	struct windows_test *t = test->priv;

	wait_for_put(test, close_thread, &t->device[0]);
}

/* Ended by two, it ends once; and what the vendor has stored goes. */
static void vfio_mdev_window_kunit_once(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vfio_mdev_window *window = t->window;

	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_windows_add(t->device, KVM(0),
						       window));
	KUNIT_ASSERT_EQ(test, 0, xa_err(xa_store(&window->entries, 3,
						 xa_mk_value(7), GFP_KERNEL)));
	KUNIT_ASSERT_EQ(test, 0, xa_err(xa_store(&window->entries, 99999,
						 xa_mk_value(0), GFP_KERNEL)));
	vfio_mdev_windows_close(t->device);
	vfio_mdev_window_end(window);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&let_go));
	KUNIT_EXPECT_TRUE(test, xa_empty(&window->entries));
}

static int attach(struct vfio_mdev_windows *device, struct kvm *kvm,
		  struct vfio_mdev_window *window,
		  struct vfio_mdev_window **before)
{
	*before = window;
	return vfio_mdev_windows_attach(device, kvm, before);
}

static void vfio_mdev_window_kunit_attach(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vfio_mdev_windows *device = &t->device[1];
	struct vfio_mdev_window *a = &t->window[0], *b = &t->window[1], *before;

	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_windows_add(&t->device[0], KVM(0), a));
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_windows_add(&t->device[0], KVM(0), b));
	KUNIT_EXPECT_EQ(test, -EINVAL, attach(device, KVM(1), a, &before));
	KUNIT_EXPECT_PTR_EQ(test, a, before);
	KUNIT_EXPECT_EQ(test, 0, attach(device, KVM(0), a, &before));
	KUNIT_EXPECT_NULL(test, before);
	KUNIT_EXPECT_EQ(test, 0, attach(device, KVM(0), a, &before));
	KUNIT_EXPECT_PTR_EQ(test, a, before);
	KUNIT_EXPECT_EQ(test, -EBUSY, attach(device, KVM(0), b, &before));
	KUNIT_EXPECT_PTR_EQ(test, b, before);

	/* One that is gone makes room. */
	vfio_mdev_window_end(a);
	KUNIT_EXPECT_EQ(test, -ENOENT, attach(device, KVM(0), a, &before));
	KUNIT_EXPECT_EQ(test, 0, attach(device, KVM(0), b, &before));
	KUNIT_EXPECT_PTR_EQ(test, a, before);
	KUNIT_EXPECT_EQ(test, 0, attach(device, KVM(0), NULL, &before));
	KUNIT_EXPECT_PTR_EQ(test, b, before);

	/* Closing lets go of it. */
	KUNIT_EXPECT_EQ(test, 0, attach(device, KVM(0), b, &before));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&let_go));
	vfio_mdev_windows_close(device);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&let_go));
	KUNIT_EXPECT_TRUE(test, finds(KVM(0), 1, b));
}

/* So many that the table grows, and shrinks again */
static void vfio_mdev_window_kunit_many(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct vfio_mdev_window *many;
	int i, lost = 0;

	many = kunit_kcalloc(test, NR_MANY, sizeof(*many), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many);
	for (i = 0; i < NR_MANY; i++) {
		window_setup(&many[i], i);
		KUNIT_ASSERT_EQ(test, 0,
				vfio_mdev_windows_add(&t->device[i % 2], KVM(0),
						      &many[i]));
	}
	for (i = 0; i < NR_MANY; i++)
		lost += !finds(KVM(0), i, &many[i]);
	KUNIT_EXPECT_EQ(test, 0, lost);
	vfio_mdev_windows_close(&t->device[0]);
	for (i = 0; i < NR_MANY; i++)
		lost += !finds(KVM(0), i, i % 2 ? &many[i] : NULL);
	KUNIT_EXPECT_EQ(test, 0, lost);
	vfio_mdev_windows_close(&t->device[1]);
	KUNIT_EXPECT_EQ(test, NR_MANY, atomic_read(&let_go));
}

/**
 * struct storm - what a thread of the storm has
 * @device: where it adds
 * @window: what its windows are made from, whose number the others know
 * @found: how often it has found one
 * @wrong: how often one of another number
 * @done: it is through
 */
struct storm {
	struct vfio_mdev_windows *device;
	struct vfio_mdev_window window;
	unsigned int found;
	unsigned int wrong;
	struct completion done;
};

static void storm_look(struct storm *storm)
{
	struct vfio_mdev_window *window;
	u64 liobn;

	for (liobn = 0; liobn < NR_THREADS; liobn++) {
		window = vfio_mdev_window_get(KVM(0), liobn);
		if (!window)
			continue;
		storm->found++;
		cond_resched();
		storm->wrong += window->liobn != liobn;
		vfio_mdev_window_put(window);
	}
}

/* Memory of each window is its own, so that KASAN sees who uses it too late. */
static int storm_thread(void *arg)
{
	struct storm *storm = arg;
	struct vfio_mdev_window *window;
	int i;

	for (i = 0; i < NR_ROUNDS; i++) {
		window = kmemdup(&storm->window, sizeof(*window), GFP_KERNEL);
		if (!window)
			break;
		storm->wrong += !!vfio_mdev_windows_add(storm->device, KVM(0),
							window);
		storm_look(storm);
		vfio_mdev_window_del(window);
		kfree(window);
	}
	complete(&storm->done);
	return 0;
}

static void vfio_mdev_window_kunit_storm(struct kunit *test)
{
	struct windows_test *t = test->priv;
	struct task_struct *task[NR_THREADS];
	struct storm *storm;
	int i;

	storm = kunit_kcalloc(test, NR_THREADS, sizeof(*storm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, storm);
	for (i = 0; i < NR_THREADS; i++) {
		window_setup(&storm[i].window, i);
		storm[i].device = &t->device[i % 2];
		init_completion(&storm[i].done);
		task[i] = window_thread(test, storm_thread, &storm[i]);
	}
	for (i = 0; i < NR_THREADS; i++)
		wake_up_process(task[i]);
	for (i = 0; i < NR_THREADS; i++) {
		wait_for_completion(&storm[i].done);
		window_thread_end(task[i]);
		KUNIT_EXPECT_EQ(test, 0, storm[i].wrong);
		KUNIT_EXPECT_LE(test, NR_ROUNDS, storm[i].found);
	}
	KUNIT_EXPECT_EQ(test, NR_THREADS * NR_ROUNDS, atomic_read(&let_go));
}

static struct kunit_case vfio_mdev_window_kunit_cases[] = {
	KUNIT_CASE(vfio_mdev_window_kunit_found),
	KUNIT_CASE(vfio_mdev_window_kunit_numbers),
	KUNIT_CASE(vfio_mdev_window_kunit_check),
	KUNIT_CASE(vfio_mdev_window_kunit_no_kvm),
	KUNIT_CASE(vfio_mdev_window_kunit_index),
	KUNIT_CASE(vfio_mdev_window_kunit_atomic),
	KUNIT_CASE(vfio_mdev_window_kunit_del_waits),
	KUNIT_CASE(vfio_mdev_window_kunit_close_waits),
	KUNIT_CASE(vfio_mdev_window_kunit_once),
	KUNIT_CASE(vfio_mdev_window_kunit_attach),
	KUNIT_CASE(vfio_mdev_window_kunit_many),
	KUNIT_CASE(vfio_mdev_window_kunit_storm),
	{ }
};

static struct kunit_suite vfio_mdev_window_kunit_suite = {
	.name = "vfio_mdev_window",
	.init = vfio_mdev_window_kunit_init,
	.exit = vfio_mdev_window_kunit_exit,
	.test_cases = vfio_mdev_window_kunit_cases,
};

kunit_test_suite(vfio_mdev_window_kunit_suite);

MODULE_DESCRIPTION("Tests of the table of DMA windows of mediated devices");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
