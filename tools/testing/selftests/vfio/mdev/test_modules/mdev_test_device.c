// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver for the selftests, its devices: types that do one thing, right
 * or wrong
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mdev.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>

#include "mdev_test.h"
#include "mdev_test_calls.h"
#include "mdev_test_vendor.h"

/* An ioctl number that nobody uses; its argument is noted. */
#define MDEV_TEST_IOCTL		_IO(VFIO_TYPE, VFIO_BASE + 99)

/* The file offset of region n, as in vfio-pci */
#define MDEV_TEST_REGION(n)	((u64)(n) << 40)

static int create_errno = ENOSPC;
module_param(create_errno, int, 0644);
MODULE_PARM_DESC(create_errno, "what creating a device of type fail-create says");

static int open_errno = ENXIO;
module_param(open_errno, int, 0644);
MODULE_PARM_DESC(open_errno, "what opening a device of type fail-open says");

static int op_errno = EIO;
module_param(op_errno, int, 0644);
MODULE_PARM_DESC(op_errno, "what a device of type fail-ops says, once it is open");

static uint create_ms;
module_param(create_ms, uint, 0644);
MODULE_PARM_DESC(create_ms, "how long creating a device of type slow takes");

static uint open_ms;
module_param(open_ms, uint, 0644);
MODULE_PARM_DESC(open_ms, "how long opening a device of type slow takes");

static uint remove_ms;
module_param(remove_ms, uint, 0644);
MODULE_PARM_DESC(remove_ms, "how long removing a device of type slow takes");

/* Directory names are these behind "mdev_test-". */
static const char * const mdev_test_names[MDEV_TEST_NR_TYPES] = {
	[MDEV_TEST_PLAIN]	  = "plain",
	[MDEV_TEST_REQUEST]	  = "request",
	[MDEV_TEST_NO_OPEN]	  = "no-open",
	[MDEV_TEST_NO_RELEASE]	  = "no-release",
	[MDEV_TEST_NO_READ]	  = "no-read",
	[MDEV_TEST_NO_WRITE]	  = "no-write",
	[MDEV_TEST_NO_IOCTL]	  = "no-ioctl",
	[MDEV_TEST_NO_INFO]	  = "no-info",
	[MDEV_TEST_INFO_BY_IOCTL] = "info-by-ioctl",
	[MDEV_TEST_NO_MMAP]	  = "no-mmap",
	[MDEV_TEST_OPS_A]	  = "ops-a",
	[MDEV_TEST_OPS_B]	  = "ops-b",
	[MDEV_TEST_FAIL_CREATE]	  = "fail-create",
	[MDEV_TEST_FAIL_OPEN]	  = "fail-open",
	[MDEV_TEST_FAIL_OPS]	  = "fail-ops",
	[MDEV_TEST_NO_CLASS]	  = "no-class",
	[MDEV_TEST_NO_OPS]	  = "no-ops",
	[MDEV_TEST_CLASS_TEST]	  = "class-test",
	[MDEV_TEST_CLASS_NOBODY]  = "class-none",
	[MDEV_TEST_SLOW]	  = "slow",
	[MDEV_TEST_REFUSE_REMOVE] = "refuse-remove",
};

/* What an mdev's drvdata points to */
struct mdev_test_state {
	unsigned int type;
	bool open;
	bool kvm;		/* opened for a virtual machine */
	struct page *page;	/* region 0 */
};

struct mdev_test_counts mdev_test_counts;
static DEFINE_SPINLOCK(mdev_test_counts_lock);

/* See mdev_test_vendor.h */
DEFINE_MUTEX(mdev_test_vendor_lock);

static struct vfio_mdev_device_ops mdev_test_ops[MDEV_TEST_NR_TYPES];
static const struct mdev_test_class_ops mdev_test_class_ops = {
	.text = "served by class",
};

static void mdev_test_count(int *counter)
{
	spin_lock(&mdev_test_counts_lock);
	(*counter)++;
	spin_unlock(&mdev_test_counts_lock);
}

/* Counts a call that comes at a time when the contract rules it out. */
static void mdev_test_check(bool ok, const char *what)
{
	if (ok)
		return;
	mdev_test_count(&mdev_test_counts.misordered);
	pr_warn("mdev_test_vendor: %s\n", what);
}

/* Callbacks may sleep, for long, and take what locks they like. */
static void mdev_test_look_at_context(struct mdev_device *mdev)
{
	might_sleep();
	if (IS_ENABLED(CONFIG_LOCKDEP) && debug_locks)
		mdev_test_check(!lockdep_is_held(&mdev_dev(mdev)->mutex),
				"call under the lock of the device");
}

static struct mdev_test_state *mdev_test_open_state(struct mdev_device *mdev)
{
	struct mdev_test_state *state = mdev_get_drvdata(mdev);

	mdev_test_check(READ_ONCE(state->open), "call outside of open to release");
	return state;
}

/* Without release() a device looks open from its first open() on. */
static bool mdev_test_looks_open(const struct mdev_test_state *state)
{
	return state->open && state->type != MDEV_TEST_NO_RELEASE;
}

/* vfio_mdev has it open and so is there, but may be unloaded otherwise. */
static void mdev_test_look_at_vfio(struct mdev_device *mdev)
{
	struct mdev_test_state *state = mdev_get_drvdata(mdev);
	typeof(vfio_mdev_to_vfio) *to_vfio = symbol_get(vfio_mdev_to_vfio);
	typeof(vfio_mdev_kvm) *kvm = symbol_get(vfio_mdev_kvm);

	mdev_test_check(to_vfio && to_vfio(mdev)->dev == mdev_dev(mdev),
			"the VFIO device of another one");
	WRITE_ONCE(state->kvm, kvm && kvm(mdev));
	if (to_vfio)
		symbol_put(vfio_mdev_to_vfio);
	if (kvm)
		symbol_put(vfio_mdev_kvm);
}

static int mdev_test_open(struct mdev_device *mdev)
{
	struct mdev_test_state *state = mdev_get_drvdata(mdev);

	mdev_test_called(mdev, "open");
	mdev_test_look_at_context(mdev);
	mdev_test_count(&mdev_test_counts.open);
	mdev_test_check(!mdev_test_looks_open(state), "open of an open device");
	if (state->type == MDEV_TEST_FAIL_OPEN)
		return -open_errno;
	if (state->type == MDEV_TEST_SLOW)
		msleep(open_ms);
	mdev_test_look_at_vfio(mdev);
	WRITE_ONCE(state->open, true);
	return 0;
}

static void mdev_test_release(struct mdev_device *mdev)
{
	struct mdev_test_state *state = mdev_test_open_state(mdev);

	mdev_test_called(mdev, "release");
	mdev_test_look_at_context(mdev);
	mdev_test_check(module_refcount(THIS_MODULE) > 0,
			"release without a hold on its module");
	mdev_test_count(&mdev_test_counts.release);
	WRITE_ONCE(state->open, false);
}

static void mdev_test_note_access(size_t count, loff_t pos)
{
	spin_lock(&mdev_test_counts_lock);
	mdev_test_counts.count = count;
	WRITE_ONCE(mdev_test_counts.pos, pos);
	spin_unlock(&mdev_test_counts_lock);
}

/* Region 0 is one page; everything else does not exist. */
static bool mdev_test_in_region(size_t count, loff_t pos)
{
	return pos >= 0 && pos < PAGE_SIZE && count <= PAGE_SIZE - pos;
}

static ssize_t mdev_test_read(struct mdev_device *mdev, char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct mdev_test_state *state = mdev_test_open_state(mdev);

	mdev_test_called(mdev, "read %lld %zu", *ppos, count);
	mdev_test_note_access(count, *ppos);
	if (!mdev_test_in_region(count, *ppos))
		return -EINVAL;
	if (copy_to_user(buf, page_address(state->page) + *ppos, count))
		return -EFAULT;
	*ppos += count;
	return count;
}

static ssize_t mdev_test_fill(char __user *buf, size_t count, char c)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (put_user(c, buf + i))
			return -EFAULT;
	return count;
}

static ssize_t mdev_test_read_a(struct mdev_device *mdev, char __user *buf,
				size_t count, loff_t *ppos)
{
	return mdev_test_fill(buf, count, 'a');
}

static ssize_t mdev_test_read_b(struct mdev_device *mdev, char __user *buf,
				size_t count, loff_t *ppos)
{
	return mdev_test_fill(buf, count, 'b');
}

static ssize_t mdev_test_write(struct mdev_device *mdev,
			       const char __user *buf, size_t count,
			       loff_t *ppos)
{
	struct mdev_test_state *state = mdev_test_open_state(mdev);

	mdev_test_called(mdev, "write %lld %zu", *ppos, count);
	mdev_test_note_access(count, *ppos);
	if (!mdev_test_in_region(count, *ppos))
		return -EINVAL;
	if (copy_from_user(page_address(state->page) + *ppos, buf, count))
		return -EFAULT;
	*ppos += count;
	return count;
}

static long mdev_test_get_info(unsigned long arg)
{
	unsigned long minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, (void __user *)arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = 1;
	info.num_irqs = 0;
	return copy_to_user((void __user *)arg, &info, minsz) ? -EFAULT : 0;
}

static long mdev_test_ioctl(struct mdev_device *mdev, unsigned int cmd,
			    unsigned long arg)
{
	struct mdev_test_state *state = mdev_test_open_state(mdev);

	mdev_test_called(mdev, "ioctl %u %#lx", _IOC_NR(cmd) - VFIO_BASE,
			 cmd == MDEV_TEST_IOCTL ? arg : 0);
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return mdev_test_get_info(arg);
	case VFIO_DEVICE_RESET:
		memset(page_address(state->page), 0, PAGE_SIZE);
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		/* What nobody else answers */
		return -EXDEV;
	default:
		return -ENOTTY;
	}
}

static int mdev_test_mmap(struct mdev_device *mdev, struct vm_area_struct *vma)
{
	struct mdev_test_state *state = mdev_test_open_state(mdev);

	mdev_test_called(mdev, "mmap %lu %lu", vma->vm_pgoff,
			 vma_pages(vma));
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	return vm_insert_page(vma, vma->vm_start, state->page);
}

static int mdev_test_get_region_info(struct mdev_device *mdev,
				     struct vfio_region_info *info,
				     struct vfio_info_cap *caps)
{
	mdev_test_called(mdev, "region %u", info->index);
	if (info->index)
		return -EINVAL;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP;
	info->size = PAGE_SIZE;
	info->offset = MDEV_TEST_REGION(info->index);
	return 0;
}

static void mdev_test_request(struct mdev_device *mdev, unsigned int count)
{
	mdev_test_called(mdev, "request %u", count);
	mdev_test_look_at_context(mdev);
	mdev_test_count(&mdev_test_counts.request);
}

static ssize_t mdev_test_fail_read(struct mdev_device *mdev, char __user *buf,
				   size_t count, loff_t *ppos)
{
	return -op_errno;
}

static ssize_t mdev_test_fail_write(struct mdev_device *mdev,
				    const char __user *buf, size_t count,
				    loff_t *ppos)
{
	return -op_errno;
}

static long mdev_test_fail_ioctl(struct mdev_device *mdev, unsigned int cmd,
				 unsigned long arg)
{
	return -op_errno;
}

static int mdev_test_fail_mmap(struct mdev_device *mdev,
			       struct vm_area_struct *vma)
{
	return -op_errno;
}

static int mdev_test_fail_region_info(struct mdev_device *mdev,
				      struct vfio_region_info *info,
				      struct vfio_info_cap *caps)
{
	return -op_errno;
}

static void mdev_test_init_ops(void)
{
	static const struct vfio_mdev_device_ops all = {
		.open = mdev_test_open,
		.release = mdev_test_release,
		.read = mdev_test_read,
		.write = mdev_test_write,
		.ioctl = mdev_test_ioctl,
		.mmap = mdev_test_mmap,
		.get_region_info = mdev_test_get_region_info,
	};
	static const struct vfio_mdev_device_ops fail = {
		.open = mdev_test_open,
		.release = mdev_test_release,
		.read = mdev_test_fail_read,
		.write = mdev_test_fail_write,
		.ioctl = mdev_test_fail_ioctl,
		.mmap = mdev_test_fail_mmap,
		.get_region_info = mdev_test_fail_region_info,
	};
	unsigned int i;

	for (i = 0; i < MDEV_TEST_NR_TYPES; i++)
		mdev_test_ops[i] = all;
	mdev_test_ops[MDEV_TEST_FAIL_OPS] = fail;

	mdev_test_ops[MDEV_TEST_REQUEST].request = mdev_test_request;
	mdev_test_ops[MDEV_TEST_NO_OPEN].open = NULL;
	mdev_test_ops[MDEV_TEST_NO_RELEASE].release = NULL;
	mdev_test_ops[MDEV_TEST_NO_READ].read = NULL;
	mdev_test_ops[MDEV_TEST_NO_WRITE].write = NULL;
	mdev_test_ops[MDEV_TEST_NO_IOCTL].ioctl = NULL;
	mdev_test_ops[MDEV_TEST_NO_INFO].ioctl = NULL;
	mdev_test_ops[MDEV_TEST_NO_INFO].get_region_info = NULL;
	mdev_test_ops[MDEV_TEST_INFO_BY_IOCTL].get_region_info = NULL;
	mdev_test_ops[MDEV_TEST_NO_MMAP].mmap = NULL;
	mdev_test_ops[MDEV_TEST_OPS_A].read = mdev_test_read_a;
	mdev_test_ops[MDEV_TEST_OPS_B].read = mdev_test_read_b;
}

static void mdev_test_set_class(struct mdev_device *mdev, unsigned int type)
{
	mdev_test_check(!mdev_get_dev_ops(mdev), "ops before they were set");

	switch (type) {
	case MDEV_TEST_NO_CLASS:
		mdev_set_dev_ops(mdev, &mdev_test_ops[type]);
		break;
	case MDEV_TEST_NO_OPS:
		mdev_set_class_id(mdev, MDEV_ID_VFIO);
		break;
	case MDEV_TEST_CLASS_TEST:
		mdev_set_class_id(mdev, MDEV_TEST_CLASS);
		mdev_set_dev_ops(mdev, &mdev_test_class_ops);
		break;
	case MDEV_TEST_CLASS_NOBODY:
		mdev_set_class_id(mdev, MDEV_TEST_CLASS_NONE);
		mdev_set_dev_ops(mdev, &mdev_test_class_ops);
		break;
	default:
		mdev_set_vfio_ops(mdev, &mdev_test_ops[type]);
		mdev_test_check(mdev_get_vfio_ops(mdev) == &mdev_test_ops[type],
				"other ops than were set");
	}
}

int mdev_test_create(struct kobject *kobj, struct mdev_device *mdev)
{
	unsigned int type = mdev_type_kobj_group_id(kobj);
	struct mdev_test_state *state;

	mdev_test_called(mdev, "create %s %s", mdev_test_names[type],
			 dev_name(mdev_parent_dev(mdev)));
	mdev_test_look_at_context(mdev);
	mdev_test_check(mdev_get_type_group_id(mdev) == type,
			"device of another type than asked for");
	if (type == MDEV_TEST_FAIL_CREATE)
		return -create_errno;
	if (type == MDEV_TEST_SLOW)
		msleep(create_ms);

	state = kzalloc_obj(*state);
	if (!state)
		return -ENOMEM;
	state->type = type;
	state->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!state->page) {
		kfree(state);
		return -ENOMEM;
	}

	mutex_lock(&mdev_test_vendor_lock);
	mdev_set_drvdata(mdev, state);
	mdev_test_set_class(mdev, type);
	mutex_unlock(&mdev_test_vendor_lock);

	mdev_test_count(&mdev_test_counts.create);
	return 0;
}

int mdev_test_remove(struct mdev_device *mdev)
{
	struct mdev_test_state *state = mdev_get_drvdata(mdev);
	unsigned int type = state->type;

	mdev_test_called(mdev, "remove");
	mdev_test_look_at_context(mdev);
	mdev_test_check(!mdev_test_looks_open(state),
			"removal of an open device");
	mdev_test_check(!device_is_registered(mdev_dev(mdev)),
			"removal of a device that is still in sysfs");
	if (type == MDEV_TEST_SLOW)
		msleep(remove_ms);

	mdev_set_drvdata(mdev, NULL);
	__free_page(state->page);
	kfree(state);
	mdev_test_count(&mdev_test_counts.remove);
	return type == MDEV_TEST_REFUSE_REMOVE ? -EBUSY : 0;
}

static ssize_t name_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return sysfs_emit(buf, "Test %s\n",
			  mdev_test_names[mdev_type_kobj_group_id(kobj)]);
}
static MDEV_TYPE_ATTR_RO(name);

static ssize_t device_api_show(struct kobject *kobj, struct device *dev,
			       char *buf)
{
	return sysfs_emit(buf, "vfio-pci\n");
}
static MDEV_TYPE_ATTR_RO(device_api);

static ssize_t available_instances_show(struct kobject *kobj,
					struct device *dev, char *buf)
{
	return sysfs_emit(buf, "1000\n");
}
static MDEV_TYPE_ATTR_RO(available_instances);

/* Takes a number and shows the sum, to see that store() gets what was written. */
static int mdev_test_sum;

static ssize_t sum_show(struct kobject *kobj, struct device *dev, char *buf)
{
	return sysfs_emit(buf, "%d %s\n", mdev_test_sum, dev_name(dev));
}

static ssize_t sum_store(struct kobject *kobj, struct device *dev,
			 const char *buf, size_t count)
{
	int n, ret;

	ret = kstrtoint(buf, 0, &n);
	if (ret)
		return ret;
	mdev_test_sum += n;
	return count;
}
static MDEV_TYPE_ATTR_RW(sum);

/* Its mode is the vendor's mistake. */
static MDEV_TYPE_ATTR(mute, 0600, NULL, NULL);

static struct attribute *mdev_test_type_attrs[] = {
	&mdev_type_attr_name.attr,
	&mdev_type_attr_device_api.attr,
	&mdev_type_attr_available_instances.attr,
	&mdev_type_attr_sum.attr,
	&mdev_type_attr_mute.attr,
	NULL,
};

static struct attribute_group mdev_test_type_groups[MDEV_TEST_NR_TYPES];
struct attribute_group *mdev_test_types[MDEV_TEST_NR_TYPES + 1];

static void mdev_test_init_types(void)
{
	unsigned int i;

	for (i = 0; i < MDEV_TEST_NR_TYPES; i++) {
		mdev_test_type_groups[i].name = mdev_test_names[i];
		mdev_test_type_groups[i].attrs = mdev_test_type_attrs;
		mdev_test_types[i] = &mdev_test_type_groups[i];
	}
}

/* mdev_attr_groups: each device shows in "vendor/behaviour" what it is. */
static ssize_t behaviour_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	struct mdev_device *mdev = mdev_from_dev(dev);

	return sysfs_emit(buf, "%s\n",
			  mdev_test_names[mdev_get_type_group_id(mdev)]);
}
static DEVICE_ATTR_RO(behaviour);

/* And whether it was opened for a virtual machine */
static ssize_t kvm_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct mdev_test_state *state = mdev_get_drvdata(mdev_from_dev(dev));

	return sysfs_emit(buf, "%d\n", READ_ONCE(state->kvm));
}
static DEVICE_ATTR_RO(kvm);

/* And whether somebody has its lock */
static ssize_t locked_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	bool locked = !device_trylock(dev);

	if (!locked)
		device_unlock(dev);
	return sysfs_emit(buf, "%d\n", locked);
}
static DEVICE_ATTR_RO(locked);

static struct attribute *mdev_test_mdev_attrs[] = {
	&dev_attr_behaviour.attr,
	&dev_attr_locked.attr,
	&dev_attr_kvm.attr,
	NULL,
};

static const struct attribute_group mdev_test_mdev_group = {
	.name = "vendor",
	.attrs = mdev_test_mdev_attrs,
};

const struct attribute_group *mdev_test_mdev_groups[] = {
	&mdev_test_mdev_group,
	NULL,
};

void mdev_test_init_devices(void)
{
	mdev_test_init_ops();
	mdev_test_init_types();
}
