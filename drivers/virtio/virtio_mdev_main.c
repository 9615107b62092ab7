// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio_mdev.ko: bus driver of the mediated devices that are virtio devices
 *
 * Makes a virtio device of each, and is its transport: what the virtio driver asks for
 * goes to the callbacks of the mediated device, which are constant while it is bound.
 * The rings are where the virtio core puts them, in memory; nothing is mapped for DMA.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/device.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mdev.h>
#include <linux/virtio_ring.h>
#include <linux/wait_bit.h>

/* Features of the ring and the transport that we and the ring's device side know */
#define VIRTIO_MDEV_TRANSPORT_FEATURES					\
	(BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |				\
	 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | BIT_ULL(VIRTIO_F_VERSION_1))

#define VIRTIO_MDEV_TRANSPORT_MASK					\
	GENMASK_ULL(VIRTIO_TRANSPORT_F_END - 1, VIRTIO_TRANSPORT_F_START)

/**
 * struct virtio_mdev_vq - what an interrupt of a queue leads to
 * @lock: protects @vq, and is held while its callback runs
 * @vq: the driver's queue, or NULL
 */
struct virtio_mdev_vq {
	spinlock_t lock;	/* @vq, and its callback */
	struct virtqueue *vq;
};

/**
 * struct virtio_mdev - a mediated device as a virtio device
 * @vdev: the virtio device, whose reference count is that of this structure
 * @mdev: what it stands for; valid while the driver is bound
 * @ops: callbacks of that
 * @status: what the driver has set
 * @needs_reset: a queue is broken; bit 0, which is added to the status
 * @rcu: frees it when no interrupt looks at it any more
 * @vqs: one for each queue
 */
struct virtio_mdev {
	struct virtio_device vdev;
	struct mdev_device *mdev;
	const struct virtio_mdev_device_ops *ops;
	u8 status;
	unsigned long needs_reset;
	struct rcu_head rcu;
	struct virtio_mdev_vq vqs[];
};

/* Virtio devices that are not released; somebody may hold on to one. */
static atomic_t virtio_mdev_count;

static struct virtio_mdev *to_virtio_mdev(struct virtio_device *vdev)
{
	return container_of(vdev, struct virtio_mdev, vdev);
}

/*
 * The vendor's device is there whether it is bound or not. In a section of RCU, in which
 * what this returns is not freed; NULL while it is not bound.
 */
static struct virtio_mdev *virtio_mdev_find(struct mdev_device *mdev)
{
	/* Pairs with virtio_mdev_publish(). */
	return smp_load_acquire(&mdev_dev(mdev)->driver_data);
}

static void virtio_mdev_publish(struct mdev_device *mdev, struct virtio_mdev *vm)
{
	/* Whoever finds it finds all of it. */
	smp_store_release(&mdev_dev(mdev)->driver_data, vm);
}

/**
 * virtio_mdev_vq_interrupt - tell the driver of buffers that were given back
 * @mdev: the device, from create() to remove()
 * @idx: the queue; nothing happens if the driver has none of that number
 *
 * Runs the driver's callback, and may run softirqs.
 *
 * Context: process context or softirq; no lock is held that @kick_vq takes.
 */
void virtio_mdev_vq_interrupt(struct mdev_device *mdev, unsigned int idx)
{
	struct virtio_mdev *vm;

	rcu_read_lock();
	vm = virtio_mdev_find(mdev);
	if (vm && idx < vm->ops->nvqs) {
		/* What the callback raises is to run at once, not in ksoftirqd. */
		spin_lock_bh(&vm->vqs[idx].lock);
		if (vm->vqs[idx].vq)
			vring_interrupt(0, vm->vqs[idx].vq);
		spin_unlock_bh(&vm->vqs[idx].lock);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(virtio_mdev_vq_interrupt);

/* In reset, nobody has read the config space: there is nobody to tell. */
static void virtio_mdev_tell_config(struct virtio_mdev *vm)
{
	/* Pairs with virtio_mdev_set_status(): what the virtio core locks by is there. */
	if (smp_load_acquire(&vm->status))
		virtio_config_changed(&vm->vdev);
}

/**
 * virtio_mdev_config_changed - tell the driver that config space has changed
 * @mdev: the device, from create() to remove()
 *
 * Context: process context or softirq.
 */
void virtio_mdev_config_changed(struct mdev_device *mdev)
{
	struct virtio_mdev *vm;

	rcu_read_lock();
	vm = virtio_mdev_find(mdev);
	if (vm)
		virtio_mdev_tell_config(vm);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(virtio_mdev_config_changed);

/**
 * virtio_mdev_vq_broken - the driver has made a mistake in a queue
 * @mdev: the device, from create() to remove()
 * @idx: the queue
 * @err: what the ring answered, a negative errno
 *
 * Logs it, once until the driver resets the device, and tells the driver that it has to.
 *
 * Context: process context or softirq.
 */
void virtio_mdev_vq_broken(struct mdev_device *mdev, unsigned int idx, int err)
{
	struct virtio_mdev *vm;

	rcu_read_lock();
	vm = virtio_mdev_find(mdev);
	if (vm && READ_ONCE(vm->status) & VIRTIO_CONFIG_S_DRIVER_OK &&
	    !test_and_set_bit(0, &vm->needs_reset)) {
		dev_err_ratelimited(mdev_dev(mdev),
				    "queue %u is broken: the driver's ring is refused with error %d\n",
				    idx, err);
		virtio_mdev_tell_config(vm);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(virtio_mdev_vq_broken);

static bool virtio_mdev_in_config(struct virtio_mdev *vm, u32 offset, u32 len)
{
	return offset <= vm->ops->config_size && len <= vm->ops->config_size - offset;
}

/* What is not there reads as zeros. */
static void virtio_mdev_get(struct virtio_device *vdev, unsigned int offset, void *buf,
			    unsigned int len)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	memset(buf, 0, len);
	if (virtio_mdev_in_config(vm, offset, len))
		vm->ops->get_config(vm->mdev, offset, buf, len);
}

static void virtio_mdev_set(struct virtio_device *vdev, unsigned int offset,
			    const void *buf, unsigned int len)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	if (vm->ops->set_config && virtio_mdev_in_config(vm, offset, len))
		vm->ops->set_config(vm->mdev, offset, buf, len);
}

static u32 virtio_mdev_generation(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	return vm->ops->get_generation ? vm->ops->get_generation(vm->mdev) : 0;
}

/* Only a reset takes back that one is needed. */
static u8 virtio_mdev_get_status(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	return vm->status | (READ_ONCE(vm->needs_reset) ? VIRTIO_CONFIG_S_NEEDS_RESET : 0);
}

static void virtio_mdev_set_status(struct virtio_device *vdev, u8 status)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	/* Pairs with virtio_mdev_tell_config(). */
	smp_store_release(&vm->status, status);
	vm->ops->set_status(vm->mdev, status);
}

static void virtio_mdev_reset(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	virtio_mdev_set_status(vdev, 0);
	/* What the device found wrong until then is forgotten, too. */
	WRITE_ONCE(vm->needs_reset, 0);
}

/* A positive number would be taken for success. */
static int virtio_mdev_not_positive(struct virtio_mdev *vm, const char *op, int ret)
{
	if (ret <= 0)
		return ret;
	dev_err_ratelimited(mdev_dev(vm->mdev),
			    "%s() of %s returned %d, which is neither success nor an errno\n",
			    op, dev_driver_string(mdev_parent_dev(vm->mdev)), ret);
	return -EINVAL;
}

static bool virtio_mdev_notify(struct virtqueue *vq)
{
	struct virtio_mdev *vm = to_virtio_mdev(vq->vdev);

	vm->ops->kick_vq(vm->mdev, vq->index);
	return true;
}

static void virtio_mdev_set_vq(struct virtio_mdev *vm, unsigned int idx, struct virtqueue *vq)
{
	spin_lock_bh(&vm->vqs[idx].lock);
	vm->vqs[idx].vq = vq;
	spin_unlock_bh(&vm->vqs[idx].lock);
}

static struct virtqueue *virtio_mdev_setup_vq(struct virtio_mdev *vm, unsigned int idx,
					      const struct virtqueue_info *info)
{
	struct virtio_mdev_ring_addr addr;
	struct virtqueue *vq;
	int ret;

	if (idx >= vm->ops->nvqs)
		return ERR_PTR(-ENOENT);
	vq = vring_create_virtqueue(idx, vm->ops->vq_num_max, SMP_CACHE_BYTES,
				    &vm->vdev, true, true, info->ctx,
				    virtio_mdev_notify, info->callback, info->name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->num_max = vm->ops->vq_num_max;
	addr.desc = virtqueue_get_desc_addr(vq);
	addr.driver = virtqueue_get_avail_addr(vq);
	addr.device = virtqueue_get_used_addr(vq);
	ret = vm->ops->set_vq_address(vm->mdev, idx, virtqueue_get_vring_size(vq), &addr);
	ret = virtio_mdev_not_positive(vm, "set_vq_address", ret);
	if (ret) {
		vring_del_virtqueue(vq);
		return ERR_PTR(ret);
	}
	virtio_mdev_set_vq(vm, idx, vq);
	return vq;
}

/* No callback runs after that, as each runs under the lock. */
static void virtio_mdev_del_vqs(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);
	struct virtqueue *vq, *next;

	list_for_each_entry_safe(vq, next, &vdev->vqs, list) {
		virtio_mdev_set_vq(vm, vq->index, NULL);
		vring_del_virtqueue(vq);
	}
}

static int virtio_mdev_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
				struct virtqueue *vqs[], struct virtqueue_info vqs_info[],
				struct irq_affinity *desc)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);
	unsigned int i, idx = 0;

	for (i = 0; i < nvqs; i++) {
		vqs[i] = NULL;
		if (!vqs_info[i].name)
			continue;
		vqs[i] = virtio_mdev_setup_vq(vm, idx++, &vqs_info[i]);
		if (IS_ERR(vqs[i])) {
			/* The device has been told of queues that are going. */
			vm->ops->set_status(vm->mdev, 0);
			virtio_mdev_del_vqs(vdev);
			return PTR_ERR(vqs[i]);
		}
	}
	return 0;
}

static void virtio_mdev_synchronize_cbs(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);
	unsigned int i;

	for (i = 0; i < vm->ops->nvqs; i++) {
		spin_lock_bh(&vm->vqs[i].lock);
		spin_unlock_bh(&vm->vqs[i].lock);
	}
}

/*
 * Of what the ring and the transport can have, only what we know. Without
 * ACCESS_PLATFORM, addresses are physical ones, and where memory is encrypted for a
 * device's sake the virtio core refuses the device.
 */
static u64 virtio_mdev_get_features(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);

	return vm->ops->get_features(vm->mdev) &
	       (~VIRTIO_MDEV_TRANSPORT_MASK | VIRTIO_MDEV_TRANSPORT_FEATURES);
}

static int virtio_mdev_finalize_features(struct virtio_device *vdev)
{
	struct virtio_mdev *vm = to_virtio_mdev(vdev);
	int ret;

	vring_transport_features(vdev);
	ret = vm->ops->set_features ? vm->ops->set_features(vm->mdev, vdev->features) : 0;
	return virtio_mdev_not_positive(vm, "set_features", ret);
}

static const char *virtio_mdev_bus_name(struct virtio_device *vdev)
{
	return dev_name(mdev_dev(to_virtio_mdev(vdev)->mdev));
}

static const struct virtio_config_ops virtio_mdev_config_ops = {
	.get = virtio_mdev_get,
	.set = virtio_mdev_set,
	.generation = virtio_mdev_generation,
	.get_status = virtio_mdev_get_status,
	.set_status = virtio_mdev_set_status,
	.reset = virtio_mdev_reset,
	.find_vqs = virtio_mdev_find_vqs,
	.del_vqs = virtio_mdev_del_vqs,
	.synchronize_cbs = virtio_mdev_synchronize_cbs,
	.get_features = virtio_mdev_get_features,
	.finalize_features = virtio_mdev_finalize_features,
	.bus_name = virtio_mdev_bus_name,
};

static void virtio_mdev_release(struct device *dev)
{
	struct virtio_mdev *vm = to_virtio_mdev(dev_to_virtio(dev));

	kfree_rcu(vm, rcu);
	if (atomic_dec_and_test(&virtio_mdev_count))
		wake_up_var(&virtio_mdev_count);
}

/* What is missing or wrong in a vendor's description, or NULL */
static const char *virtio_mdev_mistake(struct mdev_device *mdev)
{
	const struct virtio_mdev_device_ops *ops = mdev_get_dev_ops(mdev);

	if (!ops->device_id)
		return "no device_id";
	if (ops->nvqs && !is_power_of_2(ops->vq_num_max))
		return "a vq_num_max that is no power of 2";
	if (!ops->set_vq_address)
		return "no set_vq_address()";
	if (!ops->kick_vq)
		return "no kick_vq()";
	if (!ops->set_status)
		return "no set_status()";
	if (!ops->get_config && ops->config_size)
		return "no get_config()";
	if (!ops->get_features)
		return "no get_features()";
	if (!(ops->get_features(mdev) & BIT_ULL(VIRTIO_F_VERSION_1)))
		return "features without VIRTIO_F_VERSION_1";
	return NULL;
}

static struct virtio_mdev *virtio_mdev_alloc(struct mdev_device *mdev)
{
	const struct virtio_mdev_device_ops *ops = mdev_get_dev_ops(mdev);
	struct virtio_mdev *vm;
	unsigned int i;

	vm = kzalloc(struct_size(vm, vqs, ops->nvqs), GFP_KERNEL);
	if (!vm)
		return NULL;
	vm->mdev = mdev;
	vm->ops = ops;
	for (i = 0; i < ops->nvqs; i++)
		spin_lock_init(&vm->vqs[i].lock);
	vm->vdev.dev.parent = mdev_dev(mdev);
	vm->vdev.dev.release = virtio_mdev_release;
	vm->vdev.id.device = ops->device_id;
	vm->vdev.id.vendor = ops->vendor_id;
	vm->vdev.config = &virtio_mdev_config_ops;
	return vm;
}

static int virtio_mdev_probe(struct mdev_device *mdev)
{
	const char *mistake = virtio_mdev_mistake(mdev);
	struct virtio_mdev *vm;
	int ret;

	if (mistake) {
		dev_err(mdev_dev(mdev), "the virtio ops of %s have %s\n",
			dev_driver_string(mdev_parent_dev(mdev)), mistake);
		return -EINVAL;
	}
	vm = virtio_mdev_alloc(mdev);
	if (!vm)
		return -ENOMEM;

	/* The virtio driver's probe may wait for an interrupt. */
	virtio_mdev_publish(mdev, vm);
	atomic_inc(&virtio_mdev_count);
	ret = register_virtio_device(&vm->vdev);
	if (ret) {
		virtio_mdev_publish(mdev, NULL);
		put_device(&vm->vdev.dev);
	}
	return ret;
}

/*
 * The virtio driver may wait for interrupts yet when it lets go, though no longer for
 * buffers that the device has.
 */
static void virtio_mdev_remove(struct mdev_device *mdev)
{
	struct virtio_mdev *vm = dev_get_drvdata(mdev_dev(mdev));

	get_device(&vm->vdev.dev);
	virtio_break_device(&vm->vdev);
	unregister_virtio_device(&vm->vdev);
	virtio_mdev_publish(mdev, NULL);
	put_device(&vm->vdev.dev);
}

static const struct mdev_class_id virtio_mdev_id_table[] = {
	{ MDEV_ID_VIRTIO },
	{ }
};

static struct mdev_driver virtio_mdev_driver = {
	.name = "virtio_mdev",
	.id_table = virtio_mdev_id_table,
	.probe = virtio_mdev_probe,
	.remove = virtio_mdev_remove,
};

static int __init virtio_mdev_init(void)
{
	return mdev_register_driver(&virtio_mdev_driver);
}

/* Whoever is in virtio_mdev_release() yet, and was preempted, has left it afterwards. */
static void __exit virtio_mdev_exit(void)
{
	mdev_unregister_driver(&virtio_mdev_driver);
	wait_var_event(&virtio_mdev_count, !atomic_read(&virtio_mdev_count));
	synchronize_rcu_tasks();
}

module_init(virtio_mdev_init);
module_exit(virtio_mdev_exit);

MODULE_DESCRIPTION("Virtio transport for mediated devices");
MODULE_LICENSE("GPL");
MODULE_ALIAS("mdev:c02");
