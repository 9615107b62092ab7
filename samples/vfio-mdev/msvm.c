// SPDX-License-Identifier: GPL-2.0-only
/*
 * msvm: a PCI device that works in the address spaces of processes
 *
 * Loading the module makes the parent device /sys/class/msvm/msvm:
 *
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > \
 *     /sys/class/mdev_bus/msvm/mdev_supported_types/msvm-1/create
 *
 * msvm.h says how a driver uses one. The lessons here:
 *
 * Address spaces. Who may work in which is up to the library, and so is what becomes of
 * them when processes end. A command gets one for as long as it runs.
 *
 * Faults. What is not there is the user's business: registers say what it was, and an
 * interrupt of its own says that it was.
 *
 * Waiting. Memory of a process may be such that somebody in user space has to provide it.
 * So a command is run by the thread that gives it, which can be killed, and nobody
 * else waits for it: while it runs, registers can be read, and are not to be written.
 */
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/mdev.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci_ids.h>
#include <linux/slab.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vfio_mdev_svm.h>

#include "msvm.h"

#define MSVM_REG(offset)	((offset) / sizeof(u64))

/**
 * struct msvm - a device
 * @pdev: what makes it a PCI device
 * @svm: address spaces that it may work in
 * @lock: of all below but @page; not held while a command runs
 * @reg: registers
 * @busy: a command runs, and nobody else may begin one
 * @resets: how often the device was reset; a command from before is of no interest
 * @page: of the command that runs, for what passes through
 */
struct msvm {
	struct vfio_mdev_pci_dev pdev;
	struct vfio_mdev_svm svm;
	struct mutex lock;		/* see above */
	u64 reg[MSVM_REG(MSVM_REGISTERS)];
	bool busy;
	unsigned int resets;
	u8 page[PAGE_SIZE];
};

/**
 * struct msvm_command - a command that runs
 * @msvm: the device
 * @bond: address space to work in
 * @addr: where, as the registers said when it began
 * @target: where to
 * @len: how much
 * @value: what with
 * @result: to become a register
 * @fault: what ended it, if that is the case
 */
struct msvm_command {
	struct msvm *msvm;
	struct vfio_mdev_svm_bond *bond;
	u64 addr;
	u64 target;
	u64 len;
	u8 value;
	u64 result;
	struct vfio_mdev_svm_fault fault;
};

/*
 * Commands. Each returns 0 or an errno of the library.
 */

static int msvm_read_memory(struct msvm_command *cmd)
{
	if (cmd->len > MSVM_DATA_SIZE)
		return -EINVAL;
	return vfio_mdev_svm_read(cmd->bond, cmd->addr,
				  cmd->msvm->pdev.region[2].mem, cmd->len,
				  &cmd->fault);
}

static int msvm_write_memory(struct msvm_command *cmd)
{
	if (cmd->len > MSVM_DATA_SIZE)
		return -EINVAL;
	return vfio_mdev_svm_write(cmd->bond, cmd->addr,
				   cmd->msvm->pdev.region[2].mem, cmd->len,
				   &cmd->fault);
}

static int msvm_fill(struct msvm_command *cmd)
{
	return vfio_mdev_svm_fill(cmd->bond, cmd->addr, cmd->value, cmd->len,
				  &cmd->fault);
}

/* The next part of memory, up to the end of a page */
static int msvm_next(struct msvm_command *cmd, size_t *len)
{
	int ret;

	*len = min_t(u64, cmd->len, PAGE_SIZE - offset_in_page(cmd->addr));
	ret = vfio_mdev_svm_read(cmd->bond, cmd->addr, cmd->msvm->page, *len,
				 &cmd->fault);
	cmd->addr += *len;
	cmd->len -= *len;
	return ret;
}

static int msvm_copy(struct msvm_command *cmd)
{
	size_t len;
	int ret = 0;

	for (; !ret && cmd->len; cmd->target += len) {
		ret = msvm_next(cmd, &len);
		if (!ret)
			ret = vfio_mdev_svm_write(cmd->bond, cmd->target,
						  cmd->msvm->page, len,
						  &cmd->fault);
	}
	return ret;
}

static int msvm_sum(struct msvm_command *cmd)
{
	size_t len, i;
	int ret = 0;

	while (!ret && cmd->len) {
		ret = msvm_next(cmd, &len);
		for (i = 0; !ret && i < len; i++)
			cmd->result += cmd->msvm->page[i];
	}
	return ret;
}

static int (*const msvm_commands[])(struct msvm_command *cmd) = {
	[MSVM_READ] = msvm_read_memory,
	[MSVM_WRITE] = msvm_write_memory,
	[MSVM_FILL] = msvm_fill,
	[MSVM_COPY] = msvm_copy,
	[MSVM_SUM] = msvm_sum,
};

static int msvm_run(struct msvm_command *cmd, u64 number, u32 pasid)
{
	int ret;

	if (number >= ARRAY_SIZE(msvm_commands) || !msvm_commands[number])
		return -EINVAL;
	cmd->fault.addr = cmd->addr;
	cmd->bond = vfio_mdev_svm_get(&cmd->msvm->svm, pasid);
	if (!cmd->bond)
		return -ENOENT;
	ret = msvm_commands[number](cmd);
	vfio_mdev_svm_put(cmd->bond);
	return ret;
}

/*
 * Registers
 */

static u64 msvm_status(int ret)
{
	switch (ret) {
	case 0:
		return MSVM_OK;
	case -EINVAL:
		return MSVM_BAD_COMMAND;
	case -ENOENT:
		return MSVM_NO_BOND;
	case -EINTR:
		return MSVM_ABORTED;
	default:
		return MSVM_FAULT;
	}
}

/* Registers first, then whoever waits for an interrupt can look at them. */
static void msvm_complete(struct msvm *msvm, const struct msvm_command *cmd,
			  int ret)
{
	u64 status = msvm_status(ret);
	bool fault = status == MSVM_FAULT || status == MSVM_NO_BOND;

	lockdep_assert_held(&msvm->lock);

	msvm->reg[MSVM_REG(MSVM_RESULT)] = cmd->result;
	msvm->reg[MSVM_REG(MSVM_STATUS)] = status;
	if (fault) {
		msvm->reg[MSVM_REG(MSVM_FAULT_ADDR)] = cmd->fault.addr;
		msvm->reg[MSVM_REG(MSVM_FAULT_ACCESS)] =
			cmd->fault.write ? MSVM_FAULT_WRITE : MSVM_FAULT_READ;
		msvm->reg[MSVM_REG(MSVM_FAULTS)]++;
		vfio_mdev_irq_signal_fault(&msvm->pdev.irqs);
	}
	vfio_mdev_irq_signal(&msvm->pdev.irqs, 0);
}

static bool msvm_begin(struct msvm *msvm, struct msvm_command *cmd,
		       u32 *pasid, unsigned int *resets)
{
	guard(mutex)(&msvm->lock);
	if (msvm->busy)
		return false;
	msvm->busy = true;
	msvm->reg[MSVM_REG(MSVM_STATUS)] = MSVM_BUSY;
	cmd->addr = msvm->reg[MSVM_REG(MSVM_ADDR)];
	cmd->target = msvm->reg[MSVM_REG(MSVM_TARGET)];
	cmd->len = msvm->reg[MSVM_REG(MSVM_LEN)];
	cmd->value = msvm->reg[MSVM_REG(MSVM_VALUE)];
	*pasid = msvm->reg[MSVM_REG(MSVM_PASID)];
	*resets = msvm->resets;
	return true;
}

static void msvm_command(struct msvm *msvm, u64 number)
{
	struct msvm_command cmd = { .msvm = msvm };
	unsigned int resets;
	u32 pasid;
	int ret;

	if (!msvm_begin(msvm, &cmd, &pasid, &resets))
		return;
	ret = msvm_run(&cmd, number, pasid);

	guard(mutex)(&msvm->lock);
	msvm->busy = false;
	if (msvm->resets == resets)
		msvm_complete(msvm, &cmd, ret);
}

static void msvm_write(void *priv, u64 offset, unsigned int width, u64 value)
{
	struct msvm *msvm = priv;

	switch (offset) {
	case MSVM_COMMAND:
		msvm_command(msvm, value);
		break;
	case MSVM_PASID:
	case MSVM_ADDR:
	case MSVM_TARGET:
	case MSVM_LEN:
	case MSVM_VALUE:
		mutex_lock(&msvm->lock);
		if (!msvm->busy)
			msvm->reg[MSVM_REG(offset)] = value;
		mutex_unlock(&msvm->lock);
		break;
	}
}

static u64 msvm_read(void *priv, u64 offset, unsigned int width)
{
	struct msvm *msvm = priv;

	if (offset >= MSVM_REGISTERS)
		return 0;
	guard(mutex)(&msvm->lock);
	return offset == MSVM_ID ? MSVM_ID_VALUE : msvm->reg[MSVM_REG(offset)];
}

static const struct vfio_mdev_region_ops msvm_registers = {
	.read = msvm_read,
	.write = msvm_write,
};

/* A command ends with its address space. Who is killed while waiting for that is gone. */
static void msvm_reset(struct vfio_mdev_pci_dev *pdev)
{
	struct msvm *msvm = container_of(pdev, struct msvm, pdev);

	mutex_lock(&msvm->lock);
	memset(msvm->reg, 0, sizeof(msvm->reg));
	msvm->resets++;
	mutex_unlock(&msvm->lock);
	vfio_mdev_svm_drop(&msvm->svm);
}

/*
 * From create to remove
 */

static struct msvm *to_msvm(struct mdev_device *mdev)
{
	return vfio_mdev_pci_dev_container(mdev, struct msvm, pdev);
}

/* No thread of the user is in a command any more. */
static void msvm_release(struct mdev_device *mdev)
{
	vfio_mdev_svm_drop(&to_msvm(mdev)->svm);
	vfio_mdev_pci_dev_release(mdev);
}

static long msvm_ioctl(struct mdev_device *mdev, unsigned int cmd,
		       unsigned long arg)
{
	long ret = vfio_mdev_svm_ioctl(&to_msvm(mdev)->svm, cmd, arg);

	return ret == -ENOTTY ? vfio_mdev_pci_dev_ioctl(mdev, cmd, arg) : ret;
}

static const struct vfio_mdev_device_ops msvm_ops = {
	.open = vfio_mdev_pci_dev_open,
	.release = msvm_release,
	.ioctl = msvm_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_REQUEST,
};

static int msvm_setup(struct msvm *msvm, struct mdev_device *mdev)
{
	static const struct vfio_mdev_pci_desc desc = {
		.vendor = MSVM_PCI_VENDOR_ID,
		.device = MSVM_PCI_DEVICE_ID,
		.class = PCI_CLASS_SYSTEM_OTHER << 8,
		.bar[0].size = PAGE_SIZE,
		.bar[2].size = MSVM_DATA_SIZE,
	};
	struct vfio_mdev_region *region = msvm->pdev.region;
	int ret;

	ret = vfio_mdev_pci_dev_init(&msvm->pdev, mdev, &desc);
	if (ret)
		return ret;
	region[0].flags = VFIO_MDEV_REGION_RW;
	region[0].ops = &msvm_registers;
	region[0].priv = msvm;
	region[0].min_width = sizeof(u64);
	region[0].max_width = sizeof(u64);
	region[2].flags = VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP;
	msvm->pdev.fault_irq = true;
	msvm->pdev.reset = msvm_reset;
	ret = vfio_mdev_config_add_msi(&msvm->pdev.config, 1);
	if (ret) {
		vfio_mdev_pci_dev_destroy(&msvm->pdev);
		return ret;
	}
	return vfio_mdev_pci_dev_finish(&msvm->pdev, mdev, &msvm_ops);
}

static int msvm_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct msvm *msvm = kzalloc_obj(*msvm);
	int ret;

	if (!msvm)
		return -ENOMEM;
	mutex_init(&msvm->lock);
	vfio_mdev_svm_init(&msvm->svm);
	ret = msvm_setup(msvm, mdev);
	if (ret)
		kfree(msvm);
	return ret;
}

static int msvm_remove(struct mdev_device *mdev)
{
	struct msvm *msvm = to_msvm(mdev);

	vfio_mdev_pci_dev_destroy(&msvm->pdev);
	kfree(msvm);
	return 0;
}

static struct mdev_type msvm_type = {
	.sysfs_name = "1",
	.pretty_name = "Copier in address spaces",
	.description = "PCI device that works in up to 64 address spaces of processes",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 64,
};

static const struct mdev_parent_ops msvm_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&msvm_type),
	.create = msvm_create,
	.remove = msvm_remove,
};

module_mdev_virtual_parent(msvm_parent_ops);

MODULE_DESCRIPTION("Mediated PCI device for address spaces of processes, a sample");
MODULE_LICENSE("GPL");
