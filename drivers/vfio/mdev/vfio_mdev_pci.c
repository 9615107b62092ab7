// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI config space of a mediated device, as data
 *
 * Config space is an image of what it reads as and two masks of the same size:
 * where a write changes a bit, and where writing 1 clears one. A base address
 * register, for one, tells its size by the address bits that cannot be written.
 * All of the header's and the capabilities' rules are in the masks, so access is
 * the same for every byte, whatever its width and alignment. Capabilities are in
 * vfio_mdev_pci_cap.c.
 *
 * Nothing here knows of VFIO or of user space.
 */
#include <linux/bitops.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vfio_mdev_lib.h>

#include "vfio_mdev_private.h"

/* Limits of the PCI specification */
#define VFIO_MDEV_IO_BAR_MIN	4
#define VFIO_MDEV_IO_BAR_MAX	256
#define VFIO_MDEV_MEM_BAR_MIN	16

#define VFIO_MDEV_COMMAND_RW \
	(PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR)
#define VFIO_MDEV_STATUS_W1C						\
	(PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |		\
	 PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |	\
	 PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY)

/* Set the bits that a register holds after reset and that can be written. */
void vfio_mdev_config_define(struct vfio_mdev_config *config,
			     unsigned int offset, unsigned int width,
			     u32 value, u32 rw)
{
	__le32 value_le = cpu_to_le32(value);
	__le32 rw_le = cpu_to_le32(rw);

	memcpy(config->reset + offset, &value_le, width);
	memcpy(config->image + offset, &value_le, width);
	memcpy(config->rw + offset, &rw_le, width);
}

bool vfio_mdev_config_bar_is_io(struct vfio_mdev_config *config,
				unsigned int index)
{
	return config->reset[PCI_BASE_ADDRESS_0 + 4 * index] &
	       PCI_BASE_ADDRESS_SPACE_IO;
}

/* Is there a base address register for memory, and @size bytes in it at @offset? */
bool vfio_mdev_config_in_bar(struct vfio_mdev_config *config,
			     unsigned int index, u64 offset, u64 size)
{
	return index < PCI_STD_NUM_BARS &&
	       !vfio_mdev_config_bar_is_io(config, index) &&
	       offset <= config->bar_size[index] &&
	       size <= config->bar_size[index] - offset;
}

static int vfio_mdev_config_alloc(struct vfio_mdev_config *config,
				  unsigned int size)
{
	u8 *buf;

	if (!size)
		size = PCI_CFG_SPACE_SIZE;
	if (size != PCI_CFG_SPACE_SIZE && size != PCI_CFG_SPACE_EXP_SIZE) {
		dev_err(config->dev, "config_size %u is not 256 or 4096\n", size);
		return -EINVAL;
	}

	buf = kcalloc(4, size, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	config->size = size;
	config->image = buf;
	config->reset = buf + size;
	config->rw = buf + 2 * size;
	config->w1c = buf + 3 * size;
	return 0;
}

/* Why a base address register cannot be as described, or NULL. */
static const char *vfio_mdev_bar_fault(const struct vfio_mdev_pci_bar *bar,
				       const struct vfio_mdev_pci_bar *next)
{
	const u32 mem_flags = PCI_BASE_ADDRESS_MEM_TYPE_64 |
			      PCI_BASE_ADDRESS_MEM_PREFETCH;
	bool io = bar->flags & PCI_BASE_ADDRESS_SPACE_IO;
	bool wide = bar->flags & PCI_BASE_ADDRESS_MEM_TYPE_64;

	if (bar->flags & ~(io ? PCI_BASE_ADDRESS_SPACE_IO : mem_flags))
		return "has flags that do not go together";
	if (!is_power_of_2(bar->size))
		return "has a size that is not a power of two";
	if (io && (bar->size < VFIO_MDEV_IO_BAR_MIN ||
		   bar->size > VFIO_MDEV_IO_BAR_MAX))
		return "has a size that I/O space does not allow";
	if (!io && bar->size < VFIO_MDEV_MEM_BAR_MIN)
		return "is too small for memory space";
	if (!wide && bar->size > BIT_ULL(31))
		return "is too large for 32 bits";
	if (wide && (!next || next->size || next->flags))
		return "is 64 bits wide and the register after it is not free";
	return NULL;
}

static void vfio_mdev_config_define_bar(struct vfio_mdev_config *config,
					unsigned int index,
					const struct vfio_mdev_pci_bar *bar)
{
	unsigned int offset = PCI_BASE_ADDRESS_0 + 4 * index;
	u64 address = ~(bar->size - 1);

	config->bar_size[index] = bar->size;
	vfio_mdev_config_define(config, offset, 4, bar->flags,
				lower_32_bits(address));
	if (bar->flags & PCI_BASE_ADDRESS_MEM_TYPE_64)
		vfio_mdev_config_define(config, offset + 4, 4, 0,
					upper_32_bits(address));
}

/* Returns the bits of the command register that the BARs need, or an errno. */
static int vfio_mdev_config_define_bars(struct vfio_mdev_config *config,
					const struct vfio_mdev_pci_bar *bar)
{
	const struct vfio_mdev_pci_bar *next;
	const char *fault;
	int command = 0;
	unsigned int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++, bar++) {
		if (!bar->size && !bar->flags)
			continue;

		next = i + 1 < PCI_STD_NUM_BARS ? bar + 1 : NULL;
		fault = vfio_mdev_bar_fault(bar, next);
		if (fault) {
			dev_err(config->dev, "BAR %u %s (%#llx bytes)\n",
				i, fault, bar->size);
			return -EINVAL;
		}
		vfio_mdev_config_define_bar(config, i, bar);
		command |= bar->flags & PCI_BASE_ADDRESS_SPACE_IO ?
			   PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	return command;
}

static int vfio_mdev_config_define_header(struct vfio_mdev_config *config,
					  const struct vfio_mdev_pci_desc *desc)
{
	int command = vfio_mdev_config_define_bars(config, desc->bar);

	if (command < 0)
		return command;
	if (desc->irq_pin)
		command |= PCI_COMMAND_INTX_DISABLE;

	vfio_mdev_config_define(config, PCI_VENDOR_ID, 2, desc->vendor, 0);
	vfio_mdev_config_define(config, PCI_DEVICE_ID, 2, desc->device, 0);
	vfio_mdev_config_define(config, PCI_COMMAND, 2, 0,
				VFIO_MDEV_COMMAND_RW | command);
	vfio_mdev_config_define(config, PCI_STATUS, 2,
				PCI_STATUS_DEVSEL_MEDIUM, 0);
	config->w1c[PCI_STATUS + 1] = VFIO_MDEV_STATUS_W1C >> 8;
	vfio_mdev_config_define(config, PCI_CLASS_REVISION, 4,
				desc->class << 8 | desc->revision, 0);
	vfio_mdev_config_define(config, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
	vfio_mdev_config_define(config, PCI_LATENCY_TIMER, 1, 0, 0xff);
	vfio_mdev_config_define(config, PCI_SUBSYSTEM_VENDOR_ID, 2,
				desc->subsystem_vendor, 0);
	vfio_mdev_config_define(config, PCI_SUBSYSTEM_ID, 2,
				desc->subsystem_device, 0);
	vfio_mdev_config_define(config, PCI_INTERRUPT_LINE, 1, 0, 0xff);
	vfio_mdev_config_define(config, PCI_INTERRUPT_PIN, 1, desc->irq_pin, 0);
	return 0;
}

/* Why a device cannot be as described, or NULL. */
static const char *vfio_mdev_config_fault(const struct vfio_mdev_pci_desc *desc)
{
	if (desc->vendor == 0xffff)
		return "vendor 0xffff stands for no device";
	if (desc->class > 0xffffff)
		return "class has more than 24 bits";
	if (desc->irq_pin > 4)
		return "irq_pin is above 4, INTD";
	return NULL;
}

/**
 * vfio_mdev_config_init - build the config space of a device
 * @config: what to set up, in memory that was zeroed
 * @dev: names the device in messages
 * @desc: identity and base address registers; not needed afterwards
 *
 * The result is as after a reset. Capabilities can be added until
 * vfio_mdev_irq_init(), which counts vectors.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL, with a message that names the field, for a description
 * that no PCI device can have, and for @config that was set up already, which stays as
 * it is; or -ENOMEM.
 */
int vfio_mdev_config_init(struct vfio_mdev_config *config, struct device *dev,
			  const struct vfio_mdev_pci_desc *desc)
{
	const char *fault = vfio_mdev_config_fault(desc);
	int ret;

	if (config->image) {
		dev_err(dev, "config space was set up already, or is in memory that was not zeroed\n");
		return -EINVAL;
	}
	memset(config, 0, sizeof(*config));
	spin_lock_init(&config->lock);
	config->dev = dev;
	config->dwords = GENMASK_ULL(PCI_STD_HEADER_SIZEOF / 4 - 1, 0);

	if (fault) {
		dev_err(dev, "%s\n", fault);
		return -EINVAL;
	}
	ret = vfio_mdev_config_alloc(config, desc->config_size);
	if (ret)
		return ret;

	ret = vfio_mdev_config_define_header(config, desc);
	if (ret)
		vfio_mdev_config_destroy(config);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_init);

/**
 * vfio_mdev_config_destroy - free what vfio_mdev_config_init() allocated
 * @config: config space that nobody uses any more; one whose memory was zeroed
 *	    and not set up since is fine too
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 */
void vfio_mdev_config_destroy(struct vfio_mdev_config *config)
{
	kfree(config->image);
	config->image = NULL;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_destroy);

/**
 * vfio_mdev_config_reset - bring config space back to its state after power on
 * @config: config space of a device
 *
 * Does not call &vfio_mdev_config.written.
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 */
void vfio_mdev_config_reset(struct vfio_mdev_config *config)
{
	unsigned long flags;

	spin_lock_irqsave(&config->lock, flags);
	memcpy(config->image, config->reset, config->size);
	spin_unlock_irqrestore(&config->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_reset);

static bool vfio_mdev_config_within(struct vfio_mdev_config *config, u64 offset,
				    size_t count)
{
	return offset <= config->size && count <= config->size - offset;
}

/**
 * vfio_mdev_config_read - read config space
 * @config: config space of a device
 * @offset: first byte
 * @buf: where to put the bytes, in the order in which they are on the bus
 * @count: how many, at any alignment
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 * Return: 0, or -EINVAL and @buf untouched if not all of it is in config space.
 */
int vfio_mdev_config_read(struct vfio_mdev_config *config, u64 offset,
			  void *buf, size_t count)
{
	unsigned long flags;

	if (!vfio_mdev_config_within(config, offset, count))
		return -EINVAL;

	spin_lock_irqsave(&config->lock, flags);
	memcpy(buf, config->image + offset, count);
	spin_unlock_irqrestore(&config->lock, flags);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_read);

/* The same for 1, 2, 4 or 8 bytes, aligned, that are known to be there */
u64 vfio_mdev_config_load(struct vfio_mdev_config *config, u64 offset,
			  unsigned int width)
{
	const void *image = config->image + offset;
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&config->lock, flags);
	switch (width) {
	case 1:
		value = *(const u8 *)image;
		break;
	case 2:
		value = le16_to_cpup(image);
		break;
	case 4:
		value = le32_to_cpup(image);
		break;
	default:
		value = le64_to_cpup(image);
	}
	spin_unlock_irqrestore(&config->lock, flags);
	return value;
}

/* 1, 2, 4 or 8 bytes, aligned, as far as they can be written. They are in one word. */
static void vfio_mdev_config_set(struct vfio_mdev_config *config, u64 offset,
				 unsigned int width, u64 value)
{
	const unsigned int word = offset / 8, shift = offset % 8 * 8;
	const u64 mask = GENMASK_ULL(width * 8 - 1, 0) << shift;
	const u64 rw = le64_to_cpu(((__le64 *)config->rw)[word]) & mask;
	const u64 w1c = le64_to_cpu(((__le64 *)config->w1c)[word]) & mask;
	__le64 *image = (__le64 *)config->image + word;

	lockdep_assert_held(&config->lock);
	value <<= shift;
	*image = cpu_to_le64(((le64_to_cpu(*image) & ~rw) | (value & rw)) &
			     ~(value & w1c));
}

static void vfio_mdev_config_tell(struct vfio_mdev_config *config,
				  unsigned int offset, unsigned int count)
{
	if (config->written)
		config->written(config, offset, count);
}

/* vfio_mdev_config_write() for 1, 2, 4 or 8 bytes, aligned, that are known to be there */
void vfio_mdev_config_store(struct vfio_mdev_config *config, u64 offset,
			    unsigned int width, u64 value)
{
	unsigned long flags;

	spin_lock_irqsave(&config->lock, flags);
	vfio_mdev_config_set(config, offset, width, value);
	spin_unlock_irqrestore(&config->lock, flags);
	vfio_mdev_config_tell(config, offset, width);
}

/**
 * vfio_mdev_config_write - write config space, as far as it can be written
 * @config: config space of a device
 * @offset: first byte
 * @buf: the bytes, in the order in which they are on the bus
 * @count: how many, at any alignment
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 * &vfio_mdev_config.written, which is called afterwards, may want more.
 * Return: 0, or -EINVAL and nothing done if not all of it is in config space.
 */
int vfio_mdev_config_write(struct vfio_mdev_config *config, u64 offset,
			   const void *buf, size_t count)
{
	const u8 *in = buf;
	unsigned long flags;
	size_t i;

	if (!vfio_mdev_config_within(config, offset, count))
		return -EINVAL;

	spin_lock_irqsave(&config->lock, flags);
	for (i = 0; i < count; i++)
		vfio_mdev_config_set(config, offset + i, 1, in[i]);
	spin_unlock_irqrestore(&config->lock, flags);
	vfio_mdev_config_tell(config, offset, count);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_write);

/* All but what can be written, and the bit that follows the interrupt line */
int vfio_mdev_config_check_image(const struct vfio_mdev_config *config,
				 const u8 *image)
{
	unsigned int i;
	u8 free;

	for (i = 0; i < config->size; i++) {
		free = config->rw[i] | config->w1c[i];
		if (i == PCI_STATUS)
			free |= PCI_STATUS_INTERRUPT;
		if ((image[i] ^ config->reset[i]) & ~free)
			return -EINVAL;
	}
	return 0;
}

void vfio_mdev_config_load_image(struct vfio_mdev_config *config,
				 const u8 *image)
{
	unsigned long flags;

	spin_lock_irqsave(&config->lock, flags);
	memcpy(config->image, image, config->size);
	spin_unlock_irqrestore(&config->lock, flags);
	vfio_mdev_config_tell(config, 0, config->size);
}

/**
 * vfio_mdev_config_command - what the command register holds
 * @config: config space of a device
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 * Return: PCI_COMMAND_* bits.
 */
u16 vfio_mdev_config_command(struct vfio_mdev_config *config)
{
	__le16 command;

	vfio_mdev_config_read(config, PCI_COMMAND, &command, sizeof(command));
	return le16_to_cpu(command);
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_command);

/**
 * vfio_mdev_config_set_intx_status - set or clear the interrupt bit of the status
 * @config: config space of a device
 * @pending: whether the device asks for an interrupt
 *
 * A struct vfio_mdev_irqs that knows @config does this by itself.
 *
 * Context: any that may take a spinlock_t: on PREEMPT_RT, no hard interrupts.
 */
void vfio_mdev_config_set_intx_status(struct vfio_mdev_config *config,
				      bool pending)
{
	u8 *status = config->image + PCI_STATUS;
	unsigned long flags;

	spin_lock_irqsave(&config->lock, flags);
	*status = (*status & ~PCI_STATUS_INTERRUPT) |
		  (pending ? PCI_STATUS_INTERRUPT : 0);
	spin_unlock_irqrestore(&config->lock, flags);
}
EXPORT_SYMBOL_GPL(vfio_mdev_config_set_intx_status);
