// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA windows that are found by the virtual machine they are in and a number
 *
 * One table of all windows, by KVM and number. What holds:
 *
 * A KVM in the table is that of a device that is open. It is a key, and never followed.
 * Windows of a device leave the table when it is closed, after the vendor's release() and
 * before VFIO drops its reference on the KVM; so another KVM at the same address does
 * not find them.
 *
 * Finding takes no lock. It is done under RCU, and a window whose last reference is gone
 * is not found. Memory of one is not freed before a grace period after that.
 *
 * Deleting waits for those who have a reference, uninterruptibly, and still ends.
 * References are for looking something up: between get and put, nobody waits for user
 * space. So it takes as long as the code of some vendor, and a device can be closed
 * whatever users do. The user's file of a window has no reference, but a hold on memory,
 * see vfio_mdev_window_fd.c, and so has a device that the window is attached to. They do
 * not keep it from being deleted, and find then that it is gone.
 *
 * A window ends once. Its file and its device may be closed at the same time; whoever
 * takes it out of the table does the rest, and keeps its memory meanwhile.
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/export.h>
#include <linux/mdev.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_window.h>
#include <kunit/visibility.h>

#include "vfio_mdev_windows.h"

static const struct rhashtable_params vfio_mdev_window_params = {
	.key_len = sizeof_field(struct vfio_mdev_window, key),
	.key_offset = offsetof(struct vfio_mdev_window, key),
	.head_offset = offsetof(struct vfio_mdev_window, node),
	.automatic_shrinking = true,
};

static struct rhashtable vfio_mdev_window_table;

DEFINE_SPINLOCK(vfio_mdev_windows_lock);

static struct vfio_mdev_window_key vfio_mdev_window_key(struct kvm *kvm,
							u64 liobn)
{
	return (struct vfio_mdev_window_key){ (uintptr_t)kvm, liobn };
}

static int vfio_mdev_window_check(const struct vfio_mdev_window *window)
{
	u64 last;

	if (window->page_shift < VFIO_MDEV_WINDOW_SHIFT_MIN ||
	    window->page_shift > VFIO_MDEV_WINDOW_SHIFT_MAX)
		return -EINVAL;
	if (!window->size || !IS_ALIGNED(window->start | window->size,
					 BIT_ULL(window->page_shift)))
		return -EINVAL;
	if (check_add_overflow(window->start, window->size - 1, &last) ||
	    (window->size - 1) >> window->page_shift > ULONG_MAX)
		return -EINVAL;
	return 0;
}

/* The table has errnos of its own when it has no memory to grow. */
static int vfio_mdev_window_link(struct vfio_mdev_windows *windows,
				 struct vfio_mdev_window *window)
{
	int ret;

	lockdep_assert_held(&vfio_mdev_windows_lock);
	if (!windows->open)
		return -ENODEV;
	ret = rhashtable_lookup_insert_fast(&vfio_mdev_window_table,
					    &window->node,
					    vfio_mdev_window_params);
	if (ret)
		return ret == -EEXIST ? ret : -ENOMEM;
	list_add(&window->of_owner, &windows->list);
	window->linked = true;
	return 0;
}

static void vfio_mdev_window_unlink(struct vfio_mdev_window *window)
{
	lockdep_assert_held(&vfio_mdev_windows_lock);
	rhashtable_remove_fast(&vfio_mdev_window_table, &window->node,
			       vfio_mdev_window_params);
	list_del(&window->of_owner);
	window->linked = false;
}

/* One by one: there may be a great many, and xa_destroy() has interrupts off for all. */
static void vfio_mdev_window_clear(struct vfio_mdev_window *window)
{
	unsigned long index;
	void *entry;

	xa_for_each(&window->entries, index, entry) {
		xa_erase(&window->entries, index);
		cond_resched();
	}
}

/* By who has unlinked it */
static void vfio_mdev_window_finish(struct vfio_mdev_window *window)
{
	vfio_mdev_window_put(window);
	wait_for_completion(&window->unused);
	vfio_mdev_window_clear(window);
	if (window->let_go)
		window->let_go(window);
}

void vfio_mdev_window_end(struct vfio_mdev_window *window)
{
	bool linked;

	spin_lock(&vfio_mdev_windows_lock);
	linked = window->linked;
	if (linked)
		vfio_mdev_window_unlink(window);
	spin_unlock(&vfio_mdev_windows_lock);
	if (linked)
		vfio_mdev_window_finish(window);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_window_end);

int vfio_mdev_windows_add(struct vfio_mdev_windows *windows, struct kvm *kvm,
			  struct vfio_mdev_window *window)
{
	int ret;

	window->linked = false;
	ret = vfio_mdev_window_check(window);
	if (ret)
		return ret;
	if (!kvm)
		return -ENXIO;
	window->owner = windows;
	window->key = vfio_mdev_window_key(kvm, window->liobn);
	refcount_set(&window->refs, 1);
	init_completion(&window->unused);
	xa_init_flags(&window->entries, XA_FLAGS_ACCOUNT);

	spin_lock(&vfio_mdev_windows_lock);
	ret = vfio_mdev_window_link(windows, window);
	spin_unlock(&vfio_mdev_windows_lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_windows_add);

/**
 * vfio_mdev_window_add - let a window be found
 * @mdev: a device that is open, whose virtual machine the window is in
 * @window: the window, in zeroed memory but for the members that are the vendor's
 *
 * It has no reference on the device, and does not keep it from being closed.
 *
 * Context: process, from the vendor's open() until its release() returns.
 * Return: 0; -EINVAL for a window that there cannot be; -ENXIO if the device was opened
 * without a virtual machine; -EEXIST if that has a window of this number; -ENODEV if the
 * device is not open; or -ENOMEM. After a failure there is nothing to delete.
 */
int vfio_mdev_window_add(struct mdev_device *mdev,
			 struct vfio_mdev_window *window)
{
	window->let_go = NULL;
	return vfio_mdev_windows_add(vfio_mdev_windows_of(mdev),
				     vfio_mdev_kvm(mdev), window);
}
EXPORT_SYMBOL_GPL(vfio_mdev_window_add);

/**
 * vfio_mdev_window_del - let a window not be found any more, and wait for its users
 * @window: one that was added
 *
 * To be called before the vendor's release() returns, or not at all: when the device is
 * closed, this is done for the windows that are left. The memory may be freed when this
 * has returned; or, if it was not called, in remove() and from the next open() on.
 *
 * Context: process, may sleep, without a reference on the window.
 */
void vfio_mdev_window_del(struct vfio_mdev_window *window)
{
	might_sleep();
	vfio_mdev_window_end(window);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(vfio_mdev_window_del);

/**
 * vfio_mdev_window_get - find a window
 * @kvm: the virtual machine, that of a device that is open; or %NULL, which has none
 * @liobn: the window's number
 *
 * Context: any. Takes no lock. Until the reference is given back, nothing waits for
 * user space: so no access to memory of a user, vfio_mdev_dma_rw() included, and no lock
 * that is held meanwhile.
 * Return: the window, with a reference to be given back by vfio_mdev_window_put(), or
 * %NULL if there is none.
 */
struct vfio_mdev_window *vfio_mdev_window_get(struct kvm *kvm, u64 liobn)
{
	struct vfio_mdev_window_key key = vfio_mdev_window_key(kvm, liobn);
	struct vfio_mdev_window *window;

	rcu_read_lock();
	window = rhashtable_lookup(&vfio_mdev_window_table, &key,
				   vfio_mdev_window_params);
	if (window && !refcount_inc_not_zero(&window->refs))
		window = NULL;
	rcu_read_unlock();
	return window;
}
EXPORT_SYMBOL_GPL(vfio_mdev_window_get);

/**
 * vfio_mdev_window_put - give a window back
 * @window: what vfio_mdev_window_get() returned
 *
 * Context: any that may take a raw spinlock.
 */
void vfio_mdev_window_put(struct vfio_mdev_window *window)
{
	if (refcount_dec_and_test(&window->refs))
		complete(&window->unused);
}
EXPORT_SYMBOL_GPL(vfio_mdev_window_put);

/*
 * From open to close
 */

void vfio_mdev_windows_setup(struct vfio_mdev_windows *windows)
{
	INIT_LIST_HEAD(&windows->list);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_windows_setup);

void vfio_mdev_windows_open(struct vfio_mdev_windows *windows)
{
	spin_lock(&vfio_mdev_windows_lock);
	windows->open = true;
	spin_unlock(&vfio_mdev_windows_lock);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_windows_open);

/* None is added any more. One that is left, or NULL; it cannot be found by now. */
static struct vfio_mdev_window *
vfio_mdev_windows_next(struct vfio_mdev_windows *windows)
{
	struct vfio_mdev_window *window;

	spin_lock(&vfio_mdev_windows_lock);
	windows->open = false;
	window = list_first_entry_or_null(&windows->list,
					  struct vfio_mdev_window, of_owner);
	if (window)
		vfio_mdev_window_unlink(window);
	spin_unlock(&vfio_mdev_windows_lock);
	return window;
}

/* Memory of the vendor's windows may be freed afterwards. */
void vfio_mdev_windows_close(struct vfio_mdev_windows *windows)
{
	struct vfio_mdev_window *window = NULL;
	bool any = false;

	vfio_mdev_windows_attach(windows, NULL, &window);
	if (window)
		window->let_go(window);
	while ((window = vfio_mdev_windows_next(windows))) {
		vfio_mdev_window_finish(window);
		any = true;
	}
	if (any)
		synchronize_rcu();
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_windows_close);

int vfio_mdev_windows_init(void)
{
	return rhashtable_init(&vfio_mdev_window_table, &vfio_mdev_window_params);
}

void vfio_mdev_windows_exit(void)
{
	rhashtable_destroy(&vfio_mdev_window_table);
}
