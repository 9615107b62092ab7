/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lets a tree that is written for the newest kernel build on older ones
 *
 * Force-included into every file by the top-level Kbuild, out of tree only. The
 * sources know nothing of it. Each block names the kernel that made it
 * unnecessary; delete it once no older kernel is supported. See README in this
 * directory for the table.
 */
#ifndef MDEV_COMPAT_H
#define MDEV_COMPAT_H

#include <linux/version.h>

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/wait_bit.h>

#define COMPAT_BEFORE(a, b) (LINUX_VERSION_CODE < KERNEL_VERSION(a, b, 0))

/* Taken without the always-NULL device_link since 6.17 */
#if COMPAT_BEFORE(6, 17)
#define class_compat_create_link(cls, dev) \
	class_compat_create_link(cls, dev, NULL)
#define class_compat_remove_link(cls, dev) \
	class_compat_remove_link(cls, dev, NULL)
#endif

/* Renamed in 6.16 */
#ifndef timer_container_of
#define timer_container_of from_timer
#endif

/* Since 7.0; the flags may be left out */
#ifndef kzalloc_obj
#define COMPAT_GFP(_1, gfp, ...) gfp
#define kzalloc_obj(obj, ...) \
	((typeof(obj) *)kzalloc(sizeof(obj), \
				COMPAT_GFP(, ##__VA_ARGS__, GFP_KERNEL)))
#define kzalloc_objs(obj, n, ...) \
	((typeof(obj) *)kcalloc(n, sizeof(obj), \
				COMPAT_GFP(, ##__VA_ARGS__, GFP_KERNEL)))
#endif

/* The namespace is a string since 6.13 */
#if COMPAT_BEFORE(6, 13)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

/* Counts by one only since 6.8 */
#if COMPAT_BEFORE(6, 8)
#define eventfd_signal(ctx) ((void)eventfd_signal(ctx, 1))
#endif

/* The owner of a class is no argument since 6.4 */
#if COMPAT_BEFORE(6, 4)
#undef class_create
#define class_create(name)						\
({									\
	static struct lock_class_key __key;				\
									\
	__class_create(THIS_MODULE, name, &__key);			\
})
#endif

/* Of a const class since 6.4, as that of a device is */
#if COMPAT_BEFORE(6, 4)
#define class_destroy(cls) class_destroy((struct class *)(cls))
#endif

/*
 * The release function of a class takes a const one since 6.4. This is expanded where
 * the function is defined, not where its address is taken, and puts one of the older
 * type around it.
 */
#if COMPAT_BEFORE(6, 4)
#define mdev_virtual_class_release(class_arg)				\
	compat_class_release(class_arg);				\
	static void mdev_virtual_class_release(struct class *class)	\
	{								\
		compat_class_release(class);				\
	}								\
	static void compat_class_release(class_arg)

#define class_unregister(cls) class_unregister((struct class *)(cls))
#endif

/* Operations of a framebuffer in I/O memory, since 6.6; NULL did for the others */
#if COMPAT_BEFORE(6, 6)
#define FB_DEFAULT_IOMEM_OPS		\
	.fb_fillrect = cfb_fillrect,	\
	.fb_copyarea = cfb_copyarea,	\
	.fb_imageblit = cfb_imageblit
#endif

/* Gives no VMAs any more since 6.5 */
#if COMPAT_BEFORE(6, 5)
#define pin_user_pages_remote(mm, start, nr, flags, pages, locked) \
	pin_user_pages_remote(mm, start, nr, flags, pages, NULL, locked)
#endif

/* vm_flags are changed through helpers since 6.3 */
#if COMPAT_BEFORE(6, 3)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/*
 * PRE_COPY and the size of what is to come, since 6.2. No device is asked for states
 * that it does not offer, so a flag of 0 is all there has to be. The operations have one
 * more member, behind those that VFIO knows.
 */
#if COMPAT_BEFORE(6, 2)
#define VFIO_MIGRATION_PRE_COPY		0
#define VFIO_DEVICE_STATE_PRE_COPY	6
#define VFIO_DEVICE_STATE_PRE_COPY_P2P	7
#define VFIO_MIG_GET_PRECOPY_INFO	_IO(VFIO_TYPE, VFIO_BASE + 21)

struct vfio_precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};

struct compat_vfio_migration_ops {
	struct file *(*migration_set_state)(struct vfio_device *vdev,
					    enum vfio_device_mig_state state);
	int (*migration_get_state)(struct vfio_device *vdev,
				   enum vfio_device_mig_state *state);
	int (*migration_get_data_size)(struct vfio_device *vdev,
				       unsigned long *size);
};

#define vfio_migration_ops compat_vfio_migration_ops
#endif

/*
 * Kernels since 6.2 look for ever for a way that is blocked, as that from STOP_COPY to
 * the states of PRE_COPY is; 7.3 does not.
 */
#if COMPAT_BEFORE(7, 3)
static inline int compat_vfio_mig_get_next_state(struct vfio_device *vdev,
						 enum vfio_device_mig_state cur,
						 enum vfio_device_mig_state new,
						 enum vfio_device_mig_state *next)
{
	if (cur == VFIO_DEVICE_STATE_STOP_COPY &&
	    ((int)new == VFIO_DEVICE_STATE_PRE_COPY ||
	     (int)new == VFIO_DEVICE_STATE_PRE_COPY_P2P))
		return -EINVAL;
	return vfio_mig_get_next_state(vdev, cur, new, next);
}

#define vfio_mig_get_next_state compat_vfio_mig_get_next_state
#endif

/*
 * What a dirty log is reported by belongs to VFIO before 6.7, and is always there; after
 * that it comes with this option.
 */
#if COMPAT_BEFORE(6, 7) && !defined(CONFIG_IOMMUFD_DRIVER)
#define CONFIG_IOMMUFD_DRIVER 1
#endif

/*
 * GET_REGION_INFO reaches the driver as an op with kernel structures since 6.19,
 * iommufd since 6.6; before 6.2 release() has to free the device. So the
 * driver's table has members that the kernel's does not have. Its vfio_device_ops
 * becomes one of ours, from which the kernel's own is made for each device.
 */
#if COMPAT_BEFORE(6, 19)
struct iommufd_ctx;

struct compat_vfio_device_ops {
	char *name;
	int (*bind_iommufd)(struct vfio_device *vdev, struct iommufd_ctx *ictx,
			    u32 *out_device_id);
	void (*unbind_iommufd)(struct vfio_device *vdev);
	int (*attach_ioas)(struct vfio_device *vdev, u32 *pt_id);
	void (*detach_ioas)(struct vfio_device *vdev);
	int (*open_device)(struct vfio_device *vdev);
	void (*close_device)(struct vfio_device *vdev);
	ssize_t (*read)(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos);
	ssize_t (*write)(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos);
	long (*ioctl)(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg);
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
	void (*request)(struct vfio_device *vdev, unsigned int count);
	int (*match)(struct vfio_device *vdev, char *buf);
	void (*dma_unmap)(struct vfio_device *vdev, u64 iova, u64 length);
	int (*device_feature)(struct vfio_device *vdev, u32 flags,
			      void __user *arg, size_t argsz);
};

#if COMPAT_BEFORE(6, 6)
#define vfio_iommufd_emulated_bind NULL
#define vfio_iommufd_emulated_unbind NULL
#define vfio_iommufd_emulated_attach_ioas NULL
#define vfio_iommufd_emulated_detach_ioas NULL
#endif

/* Behind each device, in the same allocation */
struct compat_vfio_ops {
	struct vfio_device_ops native;
	const struct compat_vfio_device_ops *ops;
#if COMPAT_BEFORE(6, 4)
	void (*put_kvm)(struct kvm *kvm);	/* while the device holds one */
#endif
};

static inline const struct compat_vfio_device_ops *
compat_vfio_ops(struct vfio_device *vdev)
{
	return container_of(vdev->ops, struct compat_vfio_ops, native)->ops;
}

static inline int compat_vfio_copy_caps(struct vfio_region_info *info,
					struct vfio_info_cap *caps,
					void __user *arg)
{
	if (!caps->size)
		return 0;

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < sizeof(*info) + caps->size) {
		info->argsz = sizeof(*info) + caps->size;
		info->cap_offset = 0;
		return 0;
	}

	vfio_info_cap_shift(caps, sizeof(*info));
	info->cap_offset = sizeof(*info);
	if (copy_to_user(arg + sizeof(*info), caps->buf, caps->size))
		return -EFAULT;
	return 0;
}

static inline long compat_vfio_region_info(struct vfio_device *vdev,
					   void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_info_cap caps = { };
	struct vfio_region_info info = { };
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	ret = compat_vfio_ops(vdev)->get_region_info_caps(vdev, &info, &caps);
	if (!ret)
		ret = compat_vfio_copy_caps(&info, &caps, arg);
	kfree(caps.buf);
	if (ret)
		return ret;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static inline long compat_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd,
				     unsigned long arg)
{
	long ret = -ENOIOCTLCMD;

	if (cmd == VFIO_DEVICE_GET_REGION_INFO)
		ret = compat_vfio_region_info(vdev, (void __user *)arg);
	if (ret == -ENOIOCTLCMD)
		ret = compat_vfio_ops(vdev)->ioctl(vdev, cmd, arg);
	return ret;
}

/*
 * Since 6.4 VFIO holds a reference on the KVM while the device is open. It shows
 * a KVM that may be gone otherwise, so without the reference there is none.
 */
#if COMPAT_BEFORE(6, 4)
#if IS_ENABLED(CONFIG_KVM)
bool kvm_get_kvm_safe(struct kvm *kvm);
void kvm_put_kvm(struct kvm *kvm);

static inline void compat_vfio_get_kvm(struct vfio_device *vdev)
{
	struct compat_vfio_ops *compat =
		container_of(vdev->ops, struct compat_vfio_ops, native);
	typeof(kvm_get_kvm_safe) *get = NULL;

	compat->put_kvm = vdev->kvm ? symbol_get(kvm_put_kvm) : NULL;
	if (compat->put_kvm)
		get = symbol_get(kvm_get_kvm_safe);
	if (get && !get(vdev->kvm)) {
		symbol_put(kvm_get_kvm_safe);
		get = NULL;
	}
	if (get) {
		symbol_put(kvm_get_kvm_safe);
		return;
	}
	if (compat->put_kvm)
		symbol_put(kvm_put_kvm);
	compat->put_kvm = NULL;
	vdev->kvm = NULL;
}

static inline void compat_vfio_put_kvm(struct vfio_device *vdev)
{
	struct compat_vfio_ops *compat =
		container_of(vdev->ops, struct compat_vfio_ops, native);

	if (!compat->put_kvm)
		return;
	compat->put_kvm(vdev->kvm);
	symbol_put(kvm_put_kvm);
	compat->put_kvm = NULL;
}
#else
static inline void compat_vfio_get_kvm(struct vfio_device *vdev)
{
	vdev->kvm = NULL;
}

static inline void compat_vfio_put_kvm(struct vfio_device *vdev)
{
}
#endif

static inline int compat_vfio_open(struct vfio_device *vdev)
{
	int ret;

	compat_vfio_get_kvm(vdev);
	ret = compat_vfio_ops(vdev)->open_device(vdev);
	if (ret)
		compat_vfio_put_kvm(vdev);
	return ret;
}

static inline void compat_vfio_close(struct vfio_device *vdev)
{
	compat_vfio_ops(vdev)->close_device(vdev);
	compat_vfio_put_kvm(vdev);
}
#endif

/* Without the size, QEMU takes a device for one of 100 GiB, and never moves it. */
#if COMPAT_BEFORE(6, 2)
#define COMPAT_FEATURE_MIG_DATA_SIZE 9

static inline int compat_vfio_mig_data_size(struct vfio_device *vdev, u32 flags,
					    void __user *arg, size_t argsz)
{
	const struct compat_vfio_migration_ops *ops = (const void *)vdev->mig_ops;
	unsigned long size;
	u64 size64;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(size64));
	if (ret != 1)
		return ret;
	ret = ops->migration_get_data_size(vdev, &size);
	if (ret)
		return ret;
	size64 = size;
	return copy_to_user(arg, &size64, sizeof(size64)) ? -EFAULT : 0;
}

static inline int compat_vfio_device_feature(struct vfio_device *vdev, u32 flags,
					     void __user *arg, size_t argsz)
{
	if (vdev->mig_ops && (flags & VFIO_DEVICE_FEATURE_MASK) ==
			     COMPAT_FEATURE_MIG_DATA_SIZE)
		return compat_vfio_mig_data_size(vdev, flags, arg, argsz);
	return compat_vfio_ops(vdev)->device_feature(vdev, flags, arg, argsz);
}
#endif

static inline struct vfio_device *
compat_vfio_alloc_device(size_t size, struct device *dev,
			 const struct compat_vfio_device_ops *ops)
{
	static const struct vfio_device_ops init;
	struct compat_vfio_ops *compat;
	struct vfio_device *vdev;

	size = ALIGN(size, __alignof__(*compat));
	vdev = _vfio_alloc_device(size + sizeof(*compat), dev, &init);
	if (IS_ERR(vdev))
		return vdev;

	compat = (void *)vdev + size;
	compat->ops = ops;
	compat->native = (struct vfio_device_ops) {
		.name = ops->name,
#if !COMPAT_BEFORE(6, 6)
		.bind_iommufd = ops->bind_iommufd,
		.unbind_iommufd = ops->unbind_iommufd,
		.attach_ioas = ops->attach_ioas,
		.detach_ioas = ops->detach_ioas,
#endif
#if COMPAT_BEFORE(6, 4)
		.open_device = compat_vfio_open,
		.close_device = compat_vfio_close,
#else
		.open_device = ops->open_device,
		.close_device = ops->close_device,
#endif
		.read = ops->read,
		.write = ops->write,
		.ioctl = compat_vfio_ioctl,
		.mmap = ops->mmap,
		.request = ops->request,
		.match = ops->match,
		.dma_unmap = ops->dma_unmap,
#if COMPAT_BEFORE(6, 2)
		.device_feature = compat_vfio_device_feature,
#else
		.device_feature = ops->device_feature,
#endif
	};

	vdev->ops = &compat->native;
	return vdev;
}

/*
 * In vfio_mdev_main.c alone, for which the Makefile sets COMPAT_VFIO_MDEV_MAIN. Before
 * 6.2 VFIO has to find a release() that frees the device, whatever other ops there are.
 * It is in our module, which has to stay until it is through.
 */
#if defined(COMPAT_VFIO_MDEV_MAIN) && COMPAT_BEFORE(6, 2)
#include <linux/mdev.h>

static atomic_t compat_vfio_unreleased;

static void compat_vfio_release(struct vfio_device *vdev)
{
	vfio_free_device(vdev);
	if (atomic_dec_and_test(&compat_vfio_unreleased))
		wake_up_var(&compat_vfio_unreleased);
}

static inline void compat_vfio_put_device(struct vfio_device *vdev)
{
	static const struct vfio_device_ops ops = {
		.release = compat_vfio_release,
	};

	atomic_inc(&compat_vfio_unreleased);
	vdev->ops = &ops;
	vfio_put_device(vdev);
}

#define vfio_put_device compat_vfio_put_device

/* Whoever is in release() yet, and was preempted, has left it afterwards. */
static inline void compat_vfio_unregister_driver(struct mdev_driver *drv)
{
	mdev_unregister_driver(drv);
	wait_var_event(&compat_vfio_unreleased,
		       !atomic_read(&compat_vfio_unreleased));
	synchronize_rcu_tasks();
}

#define mdev_unregister_driver compat_vfio_unregister_driver
#endif

#define vfio_device_ops compat_vfio_device_ops
#define _vfio_alloc_device compat_vfio_alloc_device
#endif

/*
 * VFIO has this in the tree that the sources are laid over, see patches/. Here we
 * take the registration's own count, and give it back to vfio_unregister_group_dev()
 * before that drops it. Whoever opens a character device in between is waited for.
 */
static inline bool compat_vfio_claim_registration(struct vfio_device *vdev)
{
	return refcount_dec_if_one(&vdev->refcount) ||
	       !refcount_read(&vdev->refcount);
}

/*
 * Drivers that register VFIO devices by themselves do not know that they would have to
 * give the count back. For those, mdev_vfio.c only looks, and whoever opens the device
 * after that is waited for by the driver.
 */
#ifdef COMPAT_MDEV_VFIO
#define vfio_device_claim_registration(vdev) \
	(refcount_read(&(vdev)->refcount) == 1)
#else
#define vfio_device_claim_registration compat_vfio_claim_registration
#endif

static inline void compat_vfio_unregister_group_dev(struct vfio_device *vdev)
{
	if (!refcount_read(&vdev->refcount))
		refcount_set(&vdev->refcount, 1);
	vfio_unregister_group_dev(vdev);
}

#define vfio_unregister_group_dev compat_vfio_unregister_group_dev

/*
 * In mdev_bus.c alone, for which the Makefile sets COMPAT_MDEV_BUS. Callbacks of
 * a bus take a const driver since 6.11 and a const device since 6.3, and the bus
 * may be const since 6.4. The first two macros are expanded where the functions
 * are defined, not where their address is taken, and put one of the older type
 * around each. The third turns "static const struct bus_type" into a writable one.
 */
#ifdef COMPAT_MDEV_BUS
#if COMPAT_BEFORE(6, 11)
#define mdev_match(dev_arg, drv_arg)					\
	compat_match(dev_arg, drv_arg);					\
	static int mdev_match(struct device *dev, struct device_driver *drv) \
	{								\
		return compat_match(dev, drv);				\
	}								\
	static int compat_match(dev_arg, drv_arg)
#endif
#if COMPAT_BEFORE(6, 3)
#define mdev_uevent(dev_arg, env_arg)					\
	compat_uevent(dev_arg, env_arg);				\
	static int mdev_uevent(struct device *dev,			\
			       struct kobj_uevent_env *env)		\
	{								\
		return compat_uevent(dev, env);				\
	}								\
	static int compat_uevent(dev_arg, env_arg)
#endif
#if COMPAT_BEFORE(6, 4)
#define bus_type compat_bus_tag { } compat_bus_tag __maybe_unused;	\
	static struct bus_type
#endif
#endif

/*
 * In virtio_mdev_main.c alone, for which the Makefile sets COMPAT_VIRTIO_MDEV. What a
 * driver says of its queues comes in one array since 6.11, and in three before. The macro
 * is expanded where the function is defined, not where its address is taken.
 */
#ifdef COMPAT_VIRTIO_MDEV
#include <linux/virtio_config.h>
#if COMPAT_BEFORE(6, 11)
struct virtqueue_info {
	const char *name;
	vq_callback_t *callback;
	bool ctx;
};

#define virtio_mdev_find_vqs(vdev_arg, nvqs_arg, vqs_arg, infos_arg, desc_arg) \
	compat_find_vqs(vdev_arg, nvqs_arg, vqs_arg, infos_arg, desc_arg); \
	static int virtio_mdev_find_vqs(struct virtio_device *vdev,	\
					unsigned int nvqs,		\
					struct virtqueue *vqs[],	\
					vq_callback_t *callbacks[],	\
					const char * const names[],	\
					const bool *ctx,		\
					struct irq_affinity *desc)	\
	{								\
		struct virtqueue_info *infos;				\
		unsigned int i;						\
		int ret;						\
									\
		infos = kcalloc(nvqs, sizeof(*infos), GFP_KERNEL);	\
		if (!infos)						\
			return -ENOMEM;					\
		for (i = 0; i < nvqs; i++)				\
			infos[i] = (struct virtqueue_info){		\
				names[i], callbacks[i], ctx && ctx[i],	\
			};						\
		ret = compat_find_vqs(vdev, nvqs, vqs, infos, desc);	\
		kfree(infos);						\
		return ret;						\
	}								\
	static int compat_find_vqs(vdev_arg, nvqs_arg, vqs_arg, infos_arg, \
				   desc_arg)
#endif
#endif

/*
 * In vfio_mdev_svm.c alone, for which the Makefile sets COMPAT_VFIO_MDEV_SVM. mm_access()
 * is for no module but that one, and only in the tree that the sources are laid over, see
 * tools/vm/patches. Opening the file mem of a process asks the same question, and this
 * opens it in a proc of our own, which user space can neither see nor cover.
 */
#ifdef COMPAT_VFIO_MDEV_SVM
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>

static struct vfsmount *compat_proc;

/*
 * The file is about the credentials that file systems look at, which differ from those
 * that matter here where a program has set them. With what it gets, the caller may do no
 * more than with what it has: the same user and group, and the same capabilities.
 */
static inline struct cred *compat_real_cred(void)
{
	struct cred *cred = prepare_creds();

	if (cred) {
		cred->fsuid = cred->uid;
		cred->fsgid = cred->gid;
	}
	return cred;
}

static inline int compat_open_mem(struct task_struct *task)
{
	pid_t pid = pid_nr_ns(task_pid(task), proc_pid_ns(compat_proc->mnt_sb));
	const struct cred *old;
	struct file *file;
	struct cred *cred;
	char name[32];

	if (!pid)
		return -ESRCH;
	cred = compat_real_cred();
	if (!cred)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%d/mem", pid);
	old = override_creds(cred);
	file = file_open_root_mnt(compat_proc, name, O_RDWR, 0);
	revert_creds(old);
	put_cred(cred);
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOENT ? -ESRCH : PTR_ERR(file);
	fput(file);
	return 0;
}

/*
 * A process gets another address space by executing a program, a new one, and loses it
 * by ending. As we hold on to the one, no new one has its address. So if the process has
 * it before and after, it had it when the file was opened, and that is what was asked
 * about. Always PTRACE_MODE_ATTACH_REALCREDS.
 */
static inline struct mm_struct *compat_mm_access(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task), *again;
	int ret;

	if (!mm)
		return ERR_PTR(-ESRCH);
	if (mm == current->mm)
		return mm;
	ret = compat_open_mem(task);
	if (!ret) {
		again = get_task_mm(task);
		if (again != mm)
			ret = -EACCES;
		if (again)
			mmput_async(again);
	}
	if (!ret)
		return mm;
	mmput_async(mm);
	return ERR_PTR(ret);
}

#define mm_access(task, mode) compat_mm_access(task)

static int __init compat_svm_init(void)
{
	struct file_system_type *proc = get_fs_type("proc");

	if (!proc)
		return -ENODEV;
	compat_proc = kern_mount(proc);
	module_put(proc->owner);
	return PTR_ERR_OR_ZERO(compat_proc);
}

static void __exit compat_svm_exit(void)
{
	kern_unmount(compat_proc);
}

module_init(compat_svm_init);
module_exit(compat_svm_exit);
#endif

#endif /* MDEV_COMPAT_H */
