// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_mdev_svm.ko: mediated devices that work in the address spaces of processes
 *
 * User space binds a process to a device, and gets a number that the device knows its
 * address space by, a PASID. The kernel asks whether the caller may do to the process
 * what a debugger does, once, when it is bound.
 *
 * What is bound is an address space, not a process: when the process executes
 * another program or ends, the address space is dead, and with it the bond. A bond does
 * not keep memory: it holds on to the mm_struct only. Who copies holds on to the memory,
 * for 1 MiB at a time, and pins 16 pages of it at once, for as long as it copies them. So
 * there is nothing to do when memory is unmapped, and an end is held up for a moment.
 *
 * This is a module of its own because of mm_access(), which no other module may call.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vfio_mdev_svm.h>
#include <linux/wait_bit.h>
#include <linux/xarray.h>

#define VFIO_MDEV_SVM_PASID_MAX	((1 << 20) - 1)
#define VFIO_MDEV_SVM_PAGES	16	/* pinned at once */
#define VFIO_MDEV_SVM_CHUNK	0x100000

/**
 * struct vfio_mdev_svm_bond - an address space that a device may work in
 * @mm: the address space, by mmgrab(): not its memory, which may be gone
 * @pasid: what the device knows it by
 * @gone: it is no longer in the table, for good; set under the mutex of the device
 * @count: how often it was bound; protected by the mutex of the device
 * @refs: one of the table, which whoever takes it from there takes over, and one of each
 *	  vfio_mdev_svm_get(). The last one frees it.
 * @entry: in the list of whoever took it from the table
 */
struct vfio_mdev_svm_bond {
	struct mm_struct *mm;
	u32 pasid;
	bool gone;
	u64 count;
	refcount_t refs;
	struct list_head entry;
};

/*
 * Bonds
 */

/**
 * vfio_mdev_svm_init - set up the address spaces of a device, of which there are none
 * @svm: what to set up
 *
 * Context: any, before anybody can open the device.
 */
void vfio_mdev_svm_init(struct vfio_mdev_svm *svm)
{
	mutex_init(&svm->lock);
	xa_init_flags(&svm->bonds, XA_FLAGS_ALLOC1);
	svm->next = 0;
	svm->nr = 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_init);

/**
 * vfio_mdev_svm_get - an address space to work in
 * @svm: address spaces of the device
 * @pasid: which one
 *
 * For one command of the device. Unbinding ends what is done there, with -ENOENT, and
 * waits for vfio_mdev_svm_put().
 *
 * Context: process context, may sleep. Takes the mutex of @svm.
 * Return: what the functions below want, with a reference; %NULL if @pasid is not bound.
 */
struct vfio_mdev_svm_bond *vfio_mdev_svm_get(struct vfio_mdev_svm *svm,
					     u32 pasid)
{
	struct vfio_mdev_svm_bond *bond;

	guard(mutex)(&svm->lock);
	bond = xa_load(&svm->bonds, pasid);
	if (bond)
		refcount_inc(&bond->refs);
	return bond;
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_get);

/**
 * vfio_mdev_svm_put - be done with an address space
 * @bond: from vfio_mdev_svm_get(); may be gone afterwards
 *
 * Context: process context, may sleep. No locks.
 */
void vfio_mdev_svm_put(struct vfio_mdev_svm_bond *bond)
{
	if (refcount_dec_and_test(&bond->refs)) {
		mmdrop(bond->mm);
		kfree(bond);
		return;
	}
	/* The count is seen by who begins to wait, or the waiter here. */
	smp_mb();
	/* Only the address is looked at: it may be freed by now. */
	wake_up_var(&bond->refs);
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_put);

/* The caller has the reference of the table now. */
static void vfio_mdev_svm_take(struct vfio_mdev_svm *svm,
			       struct vfio_mdev_svm_bond *bond)
{
	lockdep_assert_held(&svm->lock);

	xa_erase(&svm->bonds, bond->pasid);
	svm->nr--;
	WRITE_ONCE(bond->gone, true);
}

/* Waits until nobody works with a bond that the caller took from the table; puts it. */
static int vfio_mdev_svm_wait(struct vfio_mdev_svm_bond *bond)
{
	int ret;

	ret = wait_var_event_killable(&bond->refs,
				      refcount_read(&bond->refs) == 1);
	vfio_mdev_svm_put(bond);
	return ret ? -EINTR : 0;
}

/*
 * An mm_struct of a dead process is not accounted to anybody, so they must not pile up.
 */
static void vfio_mdev_svm_sweep(struct vfio_mdev_svm *svm)
{
	struct vfio_mdev_svm_bond *bond;
	unsigned long pasid;

	xa_for_each(&svm->bonds, pasid, bond) {
		if (atomic_read(&bond->mm->mm_users))
			continue;
		vfio_mdev_svm_take(svm, bond);
		vfio_mdev_svm_put(bond);
	}
}

/* As it is held on to, no other address space can have its address. */
static struct vfio_mdev_svm_bond *vfio_mdev_svm_find(struct vfio_mdev_svm *svm,
						     struct mm_struct *mm)
{
	struct vfio_mdev_svm_bond *bond;
	unsigned long pasid;

	xa_for_each(&svm->bonds, pasid, bond) {
		if (bond->mm == mm)
			return bond;
	}
	return NULL;
}

/* A number that was in use is not soon used again: who still has it must not be misled. */
static struct vfio_mdev_svm_bond *vfio_mdev_svm_add(struct vfio_mdev_svm *svm,
						    struct mm_struct *mm)
{
	struct vfio_mdev_svm_bond *bond;
	int ret;

	lockdep_assert_held(&svm->lock);

	if (svm->nr >= VFIO_MDEV_SVM_MAX)
		return ERR_PTR(-ENOSPC);
	bond = kzalloc_obj(*bond, GFP_KERNEL_ACCOUNT);
	if (!bond)
		return ERR_PTR(-ENOMEM);
	bond->mm = mm;
	refcount_set(&bond->refs, 1);
	ret = xa_alloc_cyclic(&svm->bonds, &bond->pasid, bond,
			      XA_LIMIT(1, VFIO_MDEV_SVM_PASID_MAX), &svm->next,
			      GFP_KERNEL_ACCOUNT);
	if (ret < 0) {
		kfree(bond);
		return ERR_PTR(ret);
	}
	mmgrab(mm);
	svm->nr++;
	return bond;
}

static int vfio_mdev_svm_bind_mm(struct vfio_mdev_svm *svm,
				 struct mm_struct *mm, u32 *pasid)
{
	struct vfio_mdev_svm_bond *bond;

	guard(mutex)(&svm->lock);
	vfio_mdev_svm_sweep(svm);
	bond = vfio_mdev_svm_find(svm, mm);
	if (!bond)
		bond = vfio_mdev_svm_add(svm, mm);
	if (IS_ERR(bond))
		return PTR_ERR(bond);
	bond->count++;
	*pasid = bond->pasid;
	return 0;
}

/* The bond, for the caller to put, if that was the last time; NULL if it was not. */
static struct vfio_mdev_svm_bond *
vfio_mdev_svm_unbind_pasid(struct vfio_mdev_svm *svm, u32 pasid)
{
	struct vfio_mdev_svm_bond *bond;

	guard(mutex)(&svm->lock);
	bond = xa_load(&svm->bonds, pasid);
	if (!bond)
		return ERR_PTR(-ENOENT);
	if (--bond->count)
		return NULL;
	vfio_mdev_svm_take(svm, bond);
	return bond;
}

/**
 * vfio_mdev_svm_drop - unbind all address spaces of a device, for release() and reset
 * @svm: address spaces of the device
 *
 * What is done there ends with -ENOENT, and is waited for. In release(), nobody does
 * anything there unless the vendor has threads of its own.
 *
 * Context: process context, may sleep, and may wait for user space until the caller is
 * killed. Takes the mutex of @svm; no locks are held while it waits.
 * Return: 0; -EINTR if the caller was killed: then nothing is bound, but what was done
 * there may not have ended.
 */
int vfio_mdev_svm_drop(struct vfio_mdev_svm *svm)
{
	struct vfio_mdev_svm_bond *bond, *next;
	unsigned long pasid;
	LIST_HEAD(taken);
	int ret = 0;

	mutex_lock(&svm->lock);
	xa_for_each(&svm->bonds, pasid, bond) {
		vfio_mdev_svm_take(svm, bond);
		list_add(&bond->entry, &taken);
	}
	mutex_unlock(&svm->lock);

	/* Who is killed does not wait any more, but takes care of the rest. */
	list_for_each_entry_safe(bond, next, &taken, entry)
		ret = vfio_mdev_svm_wait(bond) ?: ret;
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_drop);

/*
 * Ioctls
 */

static int vfio_mdev_svm_get_arg(struct vfio_device_svm *arg,
				 const void __user *uarg, u32 flags)
{
	const size_t minsz = offsetofend(struct vfio_device_svm, reserved);

	if (copy_from_user(arg, uarg, minsz))
		return -EFAULT;
	if (arg->argsz < minsz || arg->flags & ~flags || arg->reserved)
		return -EINVAL;

	switch (arg->op) {
	case VFIO_SVM_HOST_PROCESS:
		return 0;
	case VFIO_SVM_GUEST_PROCESS:
	case VFIO_SVM_GUEST_TABLE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

/*
 * The check and what it is about are one step: by the time that somebody has looked at
 * a process, it may have become another program.
 */
static struct mm_struct *vfio_mdev_svm_mm(const struct vfio_device_svm *arg)
{
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;

	if (!(arg->flags & VFIO_SVM_PID))
		return get_task_mm(current) ?: ERR_PTR(-ESRCH);

	pid = find_get_pid(arg->pid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	mm = mm_access(task, PTRACE_MODE_ATTACH_REALCREDS);
	put_task_struct(task);
	return mm;
}

static long vfio_mdev_svm_bind(struct vfio_mdev_svm *svm, void __user *uarg)
{
	struct vfio_mdev_svm_bond *bond;
	struct vfio_device_svm arg;
	struct mm_struct *mm;
	int ret;

	ret = vfio_mdev_svm_get_arg(&arg, uarg, VFIO_SVM_PID);
	if (ret)
		return ret;
	mm = vfio_mdev_svm_mm(&arg);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = vfio_mdev_svm_bind_mm(svm, mm, &arg.pasid);
	mmput_async(mm);
	if (ret)
		return ret;
	if (!copy_to_user(uarg + offsetof(struct vfio_device_svm, pasid),
			  &arg.pasid, sizeof(arg.pasid)))
		return 0;

	bond = vfio_mdev_svm_unbind_pasid(svm, arg.pasid);
	if (!IS_ERR_OR_NULL(bond))
		vfio_mdev_svm_wait(bond);
	return -EFAULT;
}

static long vfio_mdev_svm_unbind(struct vfio_mdev_svm *svm,
				 const void __user *uarg)
{
	struct vfio_mdev_svm_bond *bond;
	struct vfio_device_svm arg;
	int ret;

	ret = vfio_mdev_svm_get_arg(&arg, uarg, VFIO_SVM_PASID_RELEASE_FLUSHED |
						VFIO_SVM_PASID_RELEASE_CLEAN);
	if (ret)
		return ret;
	bond = vfio_mdev_svm_unbind_pasid(svm, arg.pasid);
	if (IS_ERR(bond))
		return PTR_ERR(bond);
	return bond ? vfio_mdev_svm_wait(bond) : 0;
}

/**
 * vfio_mdev_svm_ioctl - answer the ioctls of <uapi/linux/vfio_mdev_svm.h>
 * @svm: address spaces of the device
 * @cmd: the ioctl
 * @arg: its argument
 *
 * For an ioctl op, of which it is one part: the rest is for vfio_mdev_pci_ioctl().
 *
 * Context: process context of the user, whose credentials matter. No locks held; takes
 * the mutex of @svm.
 * Return: 0 or a negative errno, as the header says; -ENOTTY for any other ioctl.
 */
long vfio_mdev_svm_ioctl(struct vfio_mdev_svm *svm, unsigned int cmd,
			 unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_SVM_BIND:
		return vfio_mdev_svm_bind(svm, (void __user *)arg);
	case VFIO_DEVICE_SVM_UNBIND:
		return vfio_mdev_svm_unbind(svm, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_ioctl);

/*
 * Copying
 */

/**
 * struct vfio_mdev_svm_copy - what is to be copied
 * @addr: where in the address space
 * @len: how much
 * @to: to here, or %NULL
 * @from: from here, or %NULL: memory is filled
 * @value: with this
 *
 * All but @value is of what is left.
 */
struct vfio_mdev_svm_copy {
	u64 addr;
	u64 len;
	void *to;
	const void *from;
	u8 value;
};

static void vfio_mdev_svm_copy_page(struct vfio_mdev_svm_copy *copy,
				    struct page *page)
{
	size_t offset = offset_in_page(copy->addr);
	size_t len = min_t(u64, copy->len, PAGE_SIZE - offset);

	if (copy->to) {
		memcpy_from_page(copy->to, page, offset, len);
		copy->to += len;
	} else if (copy->from) {
		memcpy_to_page(page, offset, copy->from, len);
		copy->from += len;
	} else {
		memset_page(page, offset, copy->value, len);
	}
	copy->addr += len;
	copy->len -= len;
}

/* Number of pages, at least one */
static long vfio_mdev_svm_pin(struct mm_struct *mm,
			      const struct vfio_mdev_svm_copy *copy,
			      struct page **pages)
{
	u64 span = min_t(u64, copy->len, VFIO_MDEV_SVM_PAGES * PAGE_SIZE);
	unsigned long nr = DIV_ROUND_UP(offset_in_page(copy->addr) + span,
					PAGE_SIZE);
	int locked = 1;
	long ret;

	/* Above are pages that are of no process. */
	if (copy->addr >= mm->task_size)
		return -EFAULT;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	ret = pin_user_pages_remote(mm, copy->addr & PAGE_MASK,
				    min_t(unsigned long, nr,
					  VFIO_MDEV_SVM_PAGES),
				    copy->to ? 0 : FOLL_WRITE, pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
	return ret ?: -EFAULT;
}

/* Up to as many pages as are pinned at once */
static int vfio_mdev_svm_copy_pages(struct mm_struct *mm,
				    struct vfio_mdev_svm_copy *copy)
{
	struct page *pages[VFIO_MDEV_SVM_PAGES];
	long nr, i;

	nr = vfio_mdev_svm_pin(mm, copy, pages);
	if (nr < 0)
		return nr;
	for (i = 0; i < nr; i++)
		vfio_mdev_svm_copy_page(copy, pages[i]);
	unpin_user_pages_dirty_lock(pages, nr, !copy->to);
	cond_resched();
	return 0;
}

/* Whoever ends waits for this. */
static int vfio_mdev_svm_copy_chunk(struct mm_struct *mm,
				    struct vfio_mdev_svm_copy *copy)
{
	u64 left = copy->len - min_t(u64, copy->len, VFIO_MDEV_SVM_CHUNK);
	int ret = 0;

	if (!mmget_not_zero(mm))
		return -ENOENT;
	while (!ret && copy->len > left)
		ret = vfio_mdev_svm_copy_pages(mm, copy);
	mmput_async(mm);
	return ret;
}

static int vfio_mdev_svm_run(struct vfio_mdev_svm_bond *bond,
			     struct vfio_mdev_svm_copy *copy,
			     struct vfio_mdev_svm_fault *fault)
{
	int ret = 0;

	while (!ret && copy->len) {
		if (READ_ONCE(bond->gone))
			ret = -ENOENT;
		else if (fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = vfio_mdev_svm_copy_chunk(bond->mm, copy);
	}
	if (!ret)
		return 0;

	fault->addr = copy->addr;
	fault->write = !copy->to;
	if (ret == -ENOENT)
		return ret;
	return fatal_signal_pending(current) ? -EINTR : -EFAULT;
}

/**
 * vfio_mdev_svm_read - copy from an address space
 * @bond: the address space
 * @addr: address there, without a tag in its upper bits
 * @buf: where to copy it to
 * @len: number of bytes
 * @fault: what could not be accessed; set unless all went well
 *
 * As if the process itself had done it, also in that pages are faulted in which are not
 * there.
 *
 * Context: process context, no locks held, those of the vendor for its op mmap least of
 * all. May wait for user space, where that handles faults. Only a fatal signal ends that,
 * so it should be a thread of the user that calls.
 * Return: 0; -EFAULT if there is no such memory; -ENOENT if the address space was
 * unbound or its process has ended or executed another program; -EINTR if the caller was
 * killed. What comes before the address in @fault was copied.
 */
int vfio_mdev_svm_read(struct vfio_mdev_svm_bond *bond, u64 addr, void *buf,
		       size_t len, struct vfio_mdev_svm_fault *fault)
{
	struct vfio_mdev_svm_copy copy = {
		.addr = addr, .len = len, .to = buf,
	};

	return vfio_mdev_svm_run(bond, &copy, fault);
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_read);

/**
 * vfio_mdev_svm_write - copy to an address space
 * @bond: the address space
 * @addr: address there
 * @buf: where to copy from
 * @len: number of bytes
 * @fault: what could not be accessed; set unless all went well
 *
 * Pages that are shared until somebody writes to them are copied.
 *
 * Context: as vfio_mdev_svm_read().
 * Return: as vfio_mdev_svm_read(); -EFAULT for memory that the process may not write, too.
 */
int vfio_mdev_svm_write(struct vfio_mdev_svm_bond *bond, u64 addr,
			const void *buf, size_t len,
			struct vfio_mdev_svm_fault *fault)
{
	struct vfio_mdev_svm_copy copy = {
		.addr = addr, .len = len, .from = buf,
	};

	return vfio_mdev_svm_run(bond, &copy, fault);
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_write);

/**
 * vfio_mdev_svm_fill - set memory of an address space to a value
 * @bond: the address space
 * @addr: address there
 * @value: value of each byte
 * @len: number of bytes
 * @fault: what could not be accessed; set unless all went well
 *
 * Context: as vfio_mdev_svm_read().
 * Return: as vfio_mdev_svm_write().
 */
int vfio_mdev_svm_fill(struct vfio_mdev_svm_bond *bond, u64 addr, u8 value,
		       u64 len, struct vfio_mdev_svm_fault *fault)
{
	struct vfio_mdev_svm_copy copy = {
		.addr = addr, .len = len, .value = value,
	};

	return vfio_mdev_svm_run(bond, &copy, fault);
}
EXPORT_SYMBOL_GPL(vfio_mdev_svm_fill);

static_assert(VFIO_SVM_FAULT_IRQ_INDEX == VFIO_MDEV_FAULT_IRQ_INDEX);

MODULE_DESCRIPTION("Address spaces of processes for mediated devices");
MODULE_LICENSE("GPL");
