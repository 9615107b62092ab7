// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma: a PCI device that copies memory of its user, fills it, and sums it up
 *
 * Loading the module makes the parent device /sys/class/mdma/mdma with two types of
 * mediated devices, which differ in how much memory they keep pinned:
 *
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > \
 *     /sys/class/mdev_bus/mdma/mdev_supported_types/mdma-small/create
 *
 * mdma.h says how a driver uses one. The lessons here:
 *
 * DMA. All addresses that the user gives are looked up by the library, in
 * pins that it keeps and drops by itself when the user unmaps their memory. So this
 * driver has nothing to unpin, and nothing to do when memory goes but to tell its
 * user of an address that is not there.
 *
 * Speed. A command costs the user no exit as long as there are more of them: the thread
 * of the device finds it by looking at the doorbell, which is memory that both have
 * mapped. When there is nothing, it does not look for long, but sleeps until it is kicked.
 *
 * Ending. Whatever the user does, reset and release stop the thread between two pages,
 * also if it waits for a page that the user has not provided.
 *
 * Migration. A device that is to be moved stands still between two commands: one that was
 * begun is finished, one that was not is done elsewhere. So there is no more to store
 * than a few numbers; the library stores the page of the doorbell. What was written
 * to memory of the user the library tells user space, which moves that.
 */
#include <linux/atomic.h>
#include <linux/crc32.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/mdev.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci_ids.h>
#include <linux/processor.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vfio_mdev_migration.h>
#include <linux/wait.h>

#include "mdma.h"

#define MDMA_POOL	65536	/* pages that all devices may keep pinned */
#define MDMA_LOOKS	50000	/* at the doorbell, in vain, before the thread sleeps */

/* The first page of BAR 0 has the registers and, in the middle, what MSI-X needs. */
#define MDMA_BAR_PAGES	4
#define MDMA_MSIX_TABLE	0x800
#define MDMA_MSIX_PBA	0x880

/* In the stream that a device is migrated by */
#define MDMA_RECORD_STATE	VFIO_MDEV_MIG_VENDOR

static const struct vfio_region_sparse_mmap_area mdma_areas[] = {
	{ .offset = PAGE_SIZE, .size = PAGE_SIZE },
};

/**
 * struct mdma - a device
 * @pdev: what makes it a PCI device
 * @mdev: the device itself
 * @thread: runs the commands while the device is open, or NULL
 * @wait: where it sleeps
 * @kicked: it has to look at the doorbell
 * @running: it is to look for commands; changes with @lock held
 * @seizing: how many want @lock, for whom the thread stops between two pages
 * @paused: set to stop it between two commands, while the device is being migrated
 * @lock: held by the thread while it looks for commands and runs them, and by whoever
 *	  writes control registers, after having stopped it. Protects @stopped, @ring,
 *	  @size and @head.
 * @stopped: until a reset
 * @ring: address of the ring
 * @size: commands in it
 * @head: how many commands the device has taken
 * @done: how many it has done
 * @errors: how many of those failed
 * @kicks: how often it was told to look
 * @page: for what passes through
 */
struct mdma {
	struct vfio_mdev_pci_dev pdev;
	struct mdev_device *mdev;
	struct task_struct *thread;
	wait_queue_head_t wait;
	bool kicked;
	bool running;
	atomic_t seizing;
	bool paused;
	struct mutex lock;		/* see above */
	bool stopped;
	u64 ring;
	u32 size;
	u32 head;
	u32 done;
	u32 errors;
	atomic_t kicks;
	u8 page[MDMA_PAGE_SIZE];
};

/*
 * Memory of the user. Addresses are what the user says they are, and each access
 * may find that there is nothing.
 */

/* A piece of a command's memory that is in one page, whichever way it is given */
static int mdma_piece(struct mdma *mdma, u64 address, bool list, u32 at,
		      u64 *piece, u32 *len)
{
	__le64 entry;
	int ret;

	*piece = address + at;
	if (list) {
		ret = vfio_mdev_kept_rw(mdma->mdev, address +
					at / MDMA_PAGE_SIZE * sizeof(entry),
					&entry, sizeof(entry), false);
		if (ret)
			return ret;
		*piece = le64_to_cpu(entry) + at % MDMA_PAGE_SIZE;
		*len = min(*len, MDMA_PAGE_SIZE - at % MDMA_PAGE_SIZE);
	}
	*len = min3(*len, MDMA_PAGE_SIZE, PAGE_SIZE - offset_in_page(*piece));
	return 0;
}

/* In one go if both pages are kept; they can be used as long as this does not sleep. */
static bool mdma_copy_kept(struct mdma *mdma, u64 to, u64 from, u32 len)
{
	struct page *target, *source;

	rcu_read_lock();
	target = vfio_mdev_kept_page(mdma->mdev, to, IOMMU_WRITE);
	source = vfio_mdev_kept_page(mdma->mdev, from, IOMMU_READ);
	if (target && source)
		memcpy_page(target, offset_in_page(to), source,
			    offset_in_page(from), len);
	rcu_read_unlock();
	return target && source;
}

static int mdma_copy_piece(struct mdma *mdma, u64 to, u64 from, u32 len)
{
	int ret;

	if (mdma_copy_kept(mdma, to, from, len))
		return 0;
	/* From here on both are kept, unless there is no room. */
	ret = vfio_mdev_kept_rw(mdma->mdev, from, mdma->page, len, false);
	if (ret)
		return ret;
	return vfio_mdev_kept_rw(mdma->mdev, to, mdma->page, len, true);
}

/*
 * Commands
 */

static int mdma_source(struct mdma *mdma, const struct mdma_command *cmd,
		       u32 at, u64 *piece, u32 *len)
{
	return mdma_piece(mdma, le64_to_cpu(cmd->source),
			  le32_to_cpu(cmd->flags) & MDMA_SOURCE_LIST, at,
			  piece, len);
}

static int mdma_target(struct mdma *mdma, const struct mdma_command *cmd,
		       u32 at, u64 *piece, u32 *len)
{
	return mdma_piece(mdma, le64_to_cpu(cmd->target),
			  le32_to_cpu(cmd->flags) & MDMA_TARGET_LIST, at,
			  piece, len);
}

/* Each of these does what it can at once from @at on, and says how much that was. */

static int mdma_copy(struct mdma *mdma, struct mdma_command *cmd, u32 at,
		     u32 *len)
{
	u64 from, to;
	int ret;

	ret = mdma_source(mdma, cmd, at, &from, len);
	if (!ret)
		ret = mdma_target(mdma, cmd, at, &to, len);
	return ret ?: mdma_copy_piece(mdma, to, from, *len);
}

static int mdma_fill(struct mdma *mdma, struct mdma_command *cmd, u32 at,
		     u32 *len)
{
	u64 to;
	int ret;

	ret = mdma_target(mdma, cmd, at, &to, len);
	if (ret)
		return ret;
	memset(mdma->page, le32_to_cpu(cmd->value), *len);
	return vfio_mdev_kept_rw(mdma->mdev, to, mdma->page, *len, true);
}

static int mdma_crc32(struct mdma *mdma, struct mdma_command *cmd, u32 at,
		      u32 *len)
{
	u64 from;
	int ret;

	ret = mdma_source(mdma, cmd, at, &from, len);
	if (!ret)
		ret = vfio_mdev_kept_rw(mdma->mdev, from, mdma->page, *len,
					false);
	if (!ret)
		cmd->value = cpu_to_le32(crc32_le(le32_to_cpu(cmd->value),
						  mdma->page, *len));
	return ret;
}

static int mdma_nop(struct mdma *mdma, struct mdma_command *cmd, u32 at,
		    u32 *len)
{
	return 0;
}

static int (*const mdma_op[])(struct mdma *mdma, struct mdma_command *cmd,
			      u32 at, u32 *len) = {
	[MDMA_NOP] = mdma_nop,
	[MDMA_COPY] = mdma_copy,
	[MDMA_FILL] = mdma_fill,
	[MDMA_CRC32] = mdma_crc32,
};

static bool mdma_runs(struct mdma *mdma)
{
	return READ_ONCE(mdma->running) && !atomic_read(&mdma->seizing);
}

static u32 mdma_run(struct mdma *mdma, struct mdma_command *cmd)
{
	const u32 flags = MDMA_INTERRUPT | MDMA_SOURCE_LIST | MDMA_TARGET_LIST;
	u32 op = le32_to_cpu(cmd->op), len = le32_to_cpu(cmd->len);
	u32 at, n;

	if (op >= ARRAY_SIZE(mdma_op) || len > MDMA_LEN_MAX ||
	    le32_to_cpu(cmd->flags) & ~flags)
		return MDMA_BAD_COMMAND;
	for (at = 0; at < len; at += n) {
		if (!mdma_runs(mdma))
			return MDMA_ABORTED;
		n = len - at;
		if (mdma_op[op](mdma, cmd, at, &n))
			return mdma_runs(mdma) ? MDMA_BAD_ADDRESS : MDMA_ABORTED;
		cond_resched();
	}
	return MDMA_OK;
}

/*
 * The ring. What is in the page of the doorbell can be written by the user at any
 * time, so the device only reads the doorbell itself there, and checks it.
 */

static __le32 *mdma_doorbell(struct mdma *mdma, unsigned int offset)
{
	return mdma->pdev.region[0].mem + PAGE_SIZE + offset;
}

static u32 mdma_pending(struct mdma *mdma)
{
	__le32 tail = READ_ONCE(*mdma_doorbell(mdma, MDMA_TAIL));

	return mdma_runs(mdma) && !READ_ONCE(mdma->paused) ?
	       le32_to_cpu(tail) - mdma->head : 0;
}

static void mdma_stop(struct mdma *mdma)
{
	mdma->stopped = true;
	mdma->running = false;
	vfio_mdev_irq_signal(&mdma->pdev.irqs, MDMA_VECTOR_ERROR);
}

/* Its status and value, then how many there are, then the interrupt */
static int mdma_complete(struct mdma *mdma, u64 address,
			 const struct mdma_command *cmd)
{
	int ret;

	ret = vfio_mdev_kept_rw(mdma->mdev,
				address + offsetof(struct mdma_command, value),
				(void *)&cmd->value, sizeof(cmd->value), true);
	if (!ret)
		ret = vfio_mdev_kept_rw(mdma->mdev, address +
					offsetof(struct mdma_command, status),
					(void *)&cmd->status,
					sizeof(cmd->status), true);
	if (ret)
		return ret;
	WRITE_ONCE(mdma->done, mdma->done + 1);
	if (cmd->status != cpu_to_le32(MDMA_OK))
		WRITE_ONCE(mdma->errors, mdma->errors + 1);
	/* Who sees this sees what the command has done. */
	smp_store_release(mdma_doorbell(mdma, MDMA_HEAD),
			  cpu_to_le32(mdma->head));
	if (cmd->status != cpu_to_le32(MDMA_OK))
		vfio_mdev_irq_signal(&mdma->pdev.irqs, MDMA_VECTOR_ERROR);
	if (cmd->flags & cpu_to_le32(MDMA_INTERRUPT))
		vfio_mdev_irq_signal(&mdma->pdev.irqs, MDMA_VECTOR_DONE);
	return 0;
}

static void mdma_next(struct mdma *mdma)
{
	struct mdma_command cmd;
	u64 address = mdma->ring + mdma->head % mdma->size * sizeof(cmd);

	/* The driver has written the command before the doorbell. */
	smp_rmb();
	if (mdma_pending(mdma) > mdma->size ||
	    vfio_mdev_kept_rw(mdma->mdev, address, &cmd, sizeof(cmd), false)) {
		/* If it does not run, the wait for the command may have ended. */
		if (mdma_runs(mdma))
			mdma_stop(mdma);
		return;
	}
	mdma->head++;
	cmd.status = cpu_to_le32(mdma_run(mdma, &cmd));
	if (mdma_complete(mdma, address, &cmd))
		mdma_stop(mdma);
}

/* Until there is nothing to do for a while, or the thread is to stop */
static void mdma_work(struct mdma *mdma)
{
	unsigned int looks = 0;

	WRITE_ONCE(*mdma_doorbell(mdma, MDMA_ASLEEP), 0);
	while (mdma_runs(mdma) && !READ_ONCE(mdma->paused) &&
	       looks++ < MDMA_LOOKS) {
		if (mdma_pending(mdma)) {
			mdma_next(mdma);
			looks = 0;
		}
		cpu_relax();
		cond_resched();
	}
}

/* Either the driver sees that the device sleeps, or the device what the driver wrote. */
static bool mdma_sleep(struct mdma *mdma)
{
	WRITE_ONCE(*mdma_doorbell(mdma, MDMA_ASLEEP), cpu_to_le32(1));
	/* Pairs with the one that the driver has between the same two */
	smp_mb();
	return !mdma_pending(mdma);
}

static int mdma_thread(void *arg)
{
	struct mdma *mdma = arg;
	bool idle;

	allow_kernel_signal(SIGKILL);
	while (!kthread_should_stop()) {
		mutex_lock(&mdma->lock);
		/* Of who has seized the lock, or is about to */
		flush_signals(current);
		mdma_work(mdma);
		idle = mdma_sleep(mdma);
		mutex_unlock(&mdma->lock);
		if (!idle)
			continue;
		wait_event_idle(mdma->wait, READ_ONCE(mdma->kicked) ||
				kthread_should_stop());
		WRITE_ONCE(mdma->kicked, false);
	}
	return 0;
}

static void mdma_kick(struct mdma *mdma)
{
	WRITE_ONCE(mdma->kicked, true);
	wake_up(&mdma->wait);
}

/*
 * Takes the lock, for which the thread ends what it is at. A user can have it wait for
 * memory that he provides: a signal ends that, as it does in programs, and the command
 * fails.
 */
static void mdma_seize(struct mdma *mdma)
{
	atomic_inc(&mdma->seizing);
	if (mdma->thread)
		send_sig(SIGKILL, mdma->thread, 1);
	mutex_lock(&mdma->lock);
	atomic_dec(&mdma->seizing);
}

/*
 * Registers
 */

static void mdma_reset(struct vfio_mdev_pci_dev *pdev)
{
	struct mdma *mdma = container_of(pdev, struct mdma, pdev);

	mdma_seize(mdma);
	mdma->running = false;
	mdma->stopped = false;
	mdma->ring = 0;
	mdma->size = 0;
	mdma->head = 0;
	mdma->done = 0;
	mdma->errors = 0;
	atomic_set(&mdma->kicks, 0);
	if (pdev->region[0].mem)
		memset(mdma_doorbell(mdma, 0), 0, PAGE_SIZE);
	mutex_unlock(&mdma->lock);
}

static bool mdma_can_enable(u32 size)
{
	return is_power_of_2(size) && size <= MDMA_RING_MAX;
}

static void mdma_enable(struct mdma *mdma, bool enable)
{
	if (!enable)
		mdma_seize(mdma);
	else if (READ_ONCE(mdma->running) || mutex_lock_killable(&mdma->lock))
		return;
	mdma->running = enable && !mdma->stopped &&
			mdma_can_enable(mdma->size);
	mutex_unlock(&mdma->lock);
	mdma_kick(mdma);
}

static void mdma_set_ring(struct mdma *mdma, u64 offset, u32 value)
{
	/* While it is, the thread may have the lock for long. */
	if (READ_ONCE(mdma->running) || mutex_lock_killable(&mdma->lock))
		return;
	if (offset == MDMA_RING_LOW)
		mdma->ring = (mdma->ring & ~(u64)U32_MAX) | value;
	else if (offset == MDMA_RING_HIGH)
		mdma->ring = (u32)mdma->ring | (u64)value << 32;
	else
		mdma->size = value;
	mutex_unlock(&mdma->lock);
}

static void mdma_write(void *priv, u64 offset, unsigned int width, u64 value)
{
	struct mdma *mdma = priv;

	switch (offset) {
	case MDMA_CONTROL:
		if (value & MDMA_CONTROL_RESET)
			mdma_reset(&mdma->pdev);
		else
			mdma_enable(mdma, value & MDMA_CONTROL_ENABLE);
		break;
	case MDMA_RING_LOW:
	case MDMA_RING_HIGH:
	case MDMA_RING_SIZE:
		mdma_set_ring(mdma, offset, value);
		break;
	case MDMA_KICK:
		atomic_inc(&mdma->kicks);
		mdma_kick(mdma);
		break;
	}
}

static u64 mdma_read(void *priv, u64 offset, unsigned int width)
{
	struct mdma *mdma = priv;

	switch (offset) {
	case MDMA_ID:
		return MDMA_ID_VALUE;
	case MDMA_CONTROL:
		return READ_ONCE(mdma->running) ? MDMA_CONTROL_ENABLE : 0;
	case MDMA_STATUS:
		return READ_ONCE(mdma->stopped) ? MDMA_STATUS_STOPPED : 0;
	case MDMA_RING_LOW:
		return (u32)READ_ONCE(mdma->ring);
	case MDMA_RING_HIGH:
		return READ_ONCE(mdma->ring) >> 32;
	case MDMA_RING_SIZE:
		return READ_ONCE(mdma->size);
	case MDMA_KICK:
		return (u32)atomic_read(&mdma->kicks);
	case MDMA_DONE:
		return READ_ONCE(mdma->done);
	case MDMA_ERRORS:
		return READ_ONCE(mdma->errors);
	case MDMA_DOORBELL:
		return PAGE_SIZE;
	default:
		return 0;
	}
}

static const struct vfio_mdev_region_ops mdma_registers = {
	.read = mdma_read,
	.write = mdma_write,
};

static struct mdma *to_mdma(struct mdev_device *mdev)
{
	return vfio_mdev_pci_dev_container(mdev, struct mdma, pdev);
}

/*
 * Migration
 */

#define MDMA_STATE_ENABLED	1
#define MDMA_STATE_STOPPED	2

/**
 * struct mdma_state - what is stored of a device
 * @ring: as in &struct mdma, and so on
 * @size: commands in it
 * @head: how many commands were taken
 * @done: how many were done, one less only if the device stopped for lack of its ring
 * @errors: how many failed
 * @kicks: how often it was told to look
 * @flags: MDMA_STATE_..., at most one of them
 */
struct mdma_state {
	__le64 ring;
	__le32 size;
	__le32 head;
	__le32 done;
	__le32 errors;
	__le32 kicks;
	__le32 flags;
};

/*
 * Whoever has the lock afterwards finds that there is nothing to do. That may take as
 * long as a command does, whose length has a limit; who is killed does not wait for one
 * that waits for memory of his.
 */
static void mdma_pause(struct mdev_device *mdev)
{
	struct mdma *mdma = to_mdma(mdev);

	WRITE_ONCE(mdma->paused, true);
	if (mutex_lock_killable(&mdma->lock))
		mdma_seize(mdma);
	mutex_unlock(&mdma->lock);
	vfio_mdev_drop_kept(mdev);
}

static void mdma_resume(struct mdev_device *mdev)
{
	struct mdma *mdma = to_mdma(mdev);

	WRITE_ONCE(mdma->paused, false);
	mdma_kick(mdma);
}

static int mdma_save(struct mdev_device *mdev, struct vfio_mdev_stream *stream)
{
	struct mdma *mdma = to_mdma(mdev);
	struct mdma_state state;

	mutex_lock(&mdma->lock);
	state = (struct mdma_state){
		.ring = cpu_to_le64(mdma->ring),
		.size = cpu_to_le32(mdma->size),
		.head = cpu_to_le32(mdma->head),
		.done = cpu_to_le32(mdma->done),
		.errors = cpu_to_le32(mdma->errors),
		.kicks = cpu_to_le32(atomic_read(&mdma->kicks)),
		.flags = cpu_to_le32((mdma->running ? MDMA_STATE_ENABLED : 0) |
				     (mdma->stopped ? MDMA_STATE_STOPPED : 0)),
	};
	mutex_unlock(&mdma->lock);
	return vfio_mdev_stream_put(stream, MDMA_RECORD_STATE, &state,
				    sizeof(state));
}

/* No device has another number of commands under way, as it is paused between two. */
static int mdma_check(struct mdev_device *mdev,
		      const struct vfio_mdev_stream *stream)
{
	const struct mdma_state *state =
		vfio_mdev_stream_get(stream, MDMA_RECORD_STATE, NULL);
	u32 flags = le32_to_cpu(state->flags);
	u32 under_way = le32_to_cpu(state->head) - le32_to_cpu(state->done);

	switch (flags) {
	case 0:
		return under_way ? -EINVAL : 0;
	case MDMA_STATE_ENABLED:
		return under_way || !mdma_can_enable(le32_to_cpu(state->size)) ?
		       -EINVAL : 0;
	case MDMA_STATE_STOPPED:
		return under_way > 1 ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static void mdma_load(struct mdev_device *mdev,
		      const struct vfio_mdev_stream *stream)
{
	const struct mdma_state *state =
		vfio_mdev_stream_get(stream, MDMA_RECORD_STATE, NULL);
	struct mdma *mdma = to_mdma(mdev);

	mutex_lock(&mdma->lock);
	mdma->ring = le64_to_cpu(state->ring);
	mdma->size = le32_to_cpu(state->size);
	mdma->head = le32_to_cpu(state->head);
	mdma->done = le32_to_cpu(state->done);
	mdma->errors = le32_to_cpu(state->errors);
	atomic_set(&mdma->kicks, le32_to_cpu(state->kicks));
	mdma->running = state->flags & cpu_to_le32(MDMA_STATE_ENABLED);
	mdma->stopped = state->flags & cpu_to_le32(MDMA_STATE_STOPPED);
	mutex_unlock(&mdma->lock);
}

static const struct vfio_mdev_mig_record mdma_records[] = {
	{
		.tag = MDMA_RECORD_STATE,
		.min_size = sizeof(struct mdma_state),
		.max_size = sizeof(struct mdma_state),
	},
};

static const struct vfio_mdev_mig_desc mdma_mig_desc = {
	.records = mdma_records,
	.nr_records = ARRAY_SIZE(mdma_records),
	.stop = mdma_pause,
	.run = mdma_resume,
	.save = mdma_save,
	.check = mdma_check,
	.load = mdma_load,
};

/*
 * From create to remove
 */

static int mdma_open(struct mdev_device *mdev)
{
	struct mdma *mdma = to_mdma(mdev);
	struct task_struct *thread;
	int ret;

	ret = vfio_mdev_pci_dev_open(mdev);
	if (ret)
		return ret;
	vfio_mdev_keep_pins(mdev, mdev->type->cost);
	thread = kthread_run(mdma_thread, mdma, "mdma");
	if (IS_ERR(thread)) {
		vfio_mdev_pci_dev_release(mdev);
		return PTR_ERR(thread);
	}
	mdma->thread = thread;
	return 0;
}

static void mdma_release(struct mdev_device *mdev)
{
	struct mdma *mdma = to_mdma(mdev);

	mdma_seize(mdma);
	mdma->running = false;
	mutex_unlock(&mdma->lock);
	kthread_stop(mdma->thread);
	mdma->thread = NULL;
	vfio_mdev_pci_dev_release(mdev);
}

static const struct vfio_mdev_device_ops mdma_ops = {
	.open = mdma_open,
	.release = mdma_release,
	.ioctl = vfio_mdev_pci_dev_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_REQUEST,
	VFIO_MDEV_PCI_DEV_OPS_MIGRATION,
};

static int mdma_setup(struct mdma *mdma)
{
	static const struct vfio_mdev_pci_desc desc = {
		.vendor = MDMA_PCI_VENDOR_ID,
		.device = MDMA_PCI_DEVICE_ID,
		.class = PCI_CLASS_SYSTEM_DMA << 8,
		.bar[0].size = MDMA_BAR_PAGES * PAGE_SIZE,
	};
	static const struct vfio_mdev_pci_msix msix = {
		.vectors = 2,
		.table_offset = MDMA_MSIX_TABLE,
		.pba_offset = MDMA_MSIX_PBA,
	};
	int ret;

	ret = vfio_mdev_pci_dev_init(&mdma->pdev, mdma->mdev, &desc);
	if (ret)
		return ret;
	mdma->pdev.region[0].flags = VFIO_MDEV_REGION_RW |
				     VFIO_REGION_INFO_FLAG_MMAP;
	mdma->pdev.region[0].ops = &mdma_registers;
	mdma->pdev.region[0].priv = mdma;
	mdma->pdev.region[0].min_width = 4;
	mdma->pdev.region[0].max_width = 4;
	mdma->pdev.region[0].areas = mdma_areas;
	mdma->pdev.region[0].nr_areas = ARRAY_SIZE(mdma_areas);
	mdma->pdev.region[0].migrate = true;
	mdma->pdev.reset = mdma_reset;
	mdma->pdev.mig_desc = &mdma_mig_desc;
	ret = vfio_mdev_config_add_msix(&mdma->pdev.config, &msix);
	if (ret) {
		vfio_mdev_pci_dev_destroy(&mdma->pdev);
		return ret;
	}
	return vfio_mdev_pci_dev_finish(&mdma->pdev, mdma->mdev, &mdma_ops);
}

static int mdma_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mdma *mdma = kzalloc_obj(*mdma);
	int ret;

	if (!mdma)
		return -ENOMEM;
	mdma->mdev = mdev;
	mutex_init(&mdma->lock);
	init_waitqueue_head(&mdma->wait);
	ret = mdma_setup(mdma);
	if (ret)
		kfree(mdma);
	return ret;
}

static int mdma_remove(struct mdev_device *mdev)
{
	struct mdma *mdma = to_mdma(mdev);

	vfio_mdev_pci_dev_destroy(&mdma->pdev);
	kfree(mdma);
	return 0;
}

/* The cost is the number of pages that a device may keep pinned. */
static struct mdev_type mdma_small = {
	.sysfs_name = "small",
	.pretty_name = "DMA engine, small",
	.description = "PCI device that copies memory, keeps 2048 pages of it pinned",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.cost = 2048,
};

static struct mdev_type mdma_large = {
	.sysfs_name = "large",
	.pretty_name = "DMA engine, large",
	.description = "PCI device that copies memory, keeps 16384 pages of it pinned",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.cost = 16384,
};

static const struct mdev_parent_ops mdma_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mdma_small, &mdma_large),
	.pool = MDMA_POOL,
	.create = mdma_create,
	.remove = mdma_remove,
};

module_mdev_virtual_parent(mdma_parent_ops);

MODULE_DESCRIPTION("Mediated PCI device that does DMA, a sample");
MODULE_LICENSE("GPL");
