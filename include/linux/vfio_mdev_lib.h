/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Library for vendor drivers whose mediated devices look like PCI devices
 *
 * Functions for a vendor to put into its struct vfio_mdev_device_ops or to call
 * from there: config space, regions, interrupts, and the ioctls that tell user
 * space of them. Each part works without the others and is told where its state
 * is. What puts all of it together comes last: ready-made ops, which are the only
 * functions to look at the driver data of a device.
 */
#ifndef VFIO_MDEV_LIB_H
#define VFIO_MDEV_LIB_H

#include <linux/bits.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci_regs.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev_migration.h>

struct device;
struct eventfd_ctx;
struct vfio_mdev_device_ops;
struct vfio_mdev_migration_ops;
struct vfio_mdev_irqfd;
struct vm_area_struct;

/**
 * DOC: vfio_mdev library
 *
 * A vendor embeds up to three objects in the state of a device and sets them up
 * in its create() callback, before anybody can open the device:
 *
 * &struct vfio_mdev_config
 *	PCI config space as data: an image of what it reads as, and masks that
 *	say which bits a write changes.
 *
 * &struct vfio_mdev_regions
 *	A table of what read(), write() and mmap() on the device's file reach:
 *	registers behind callbacks, plain memory, config space. Memory is there
 *	from open to release, each user's own.
 *
 * &struct vfio_mdev_irqs
 *	The eventfds of user space, and the level of the interrupt line.
 *
 * &struct vfio_mdev_pci_dev is all of them, with the ops that go with them, for a
 * device that is nothing out of the ordinary.
 *
 * What user space is told of a device comes from the tables that decide how the
 * device behaves, so the two agree.
 *
 * Locks: a vendor may call the library with locks of its own held, spinlocks
 * too, wherever process context is not asked for. The library never calls back
 * with a lock held, and copies from and to user space without any.
 *
 * Contexts: "any context" takes no lock. "Any that may take a spinlock_t" takes
 * some with interrupts off, signals eventfds, which does so too, or frees memory.
 * That includes hard interrupts, but not on PREEMPT_RT, where a spinlock_t
 * sleeps: what signals an interrupt there is a threaded handler, as all are
 * unless they ask for something else, or a timer that is not HRTIMER_MODE_HARD,
 * and holds no raw_spinlock_t.
 */

/*
 * PCI config space
 */

/**
 * struct vfio_mdev_pci_bar - a base address register
 * @size: number of bytes, a power of two; 0 if there is no such register
 * @flags: %PCI_BASE_ADDRESS_SPACE_IO, or %PCI_BASE_ADDRESS_MEM_TYPE_64 and
 *	   %PCI_BASE_ADDRESS_MEM_PREFETCH as they apply; the register after a
 *	   64-bit one holds its upper half and has to be left empty
 */
struct vfio_mdev_pci_bar {
	u64 size;
	u32 flags;
};

/**
 * struct vfio_mdev_pci_desc - identity of a PCI device
 * @vendor: vendor id
 * @device: device id
 * @subsystem_vendor: vendor id of the card
 * @subsystem_device: device id of the card
 * @class: base class, sub-class and programming interface, 24 bits
 * @config_size: bytes of config space, %PCI_CFG_SPACE_SIZE, which 0 stands for,
 *		 or %PCI_CFG_SPACE_EXP_SIZE
 * @revision: revision id
 * @irq_pin: 1 to 4 for INTA to INTD, 0 if the device has no interrupt pin
 * @bar: base address registers
 */
struct vfio_mdev_pci_desc {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem_device;
	u32 class;
	u16 config_size;
	u8 revision;
	u8 irq_pin;
	struct vfio_mdev_pci_bar bar[PCI_STD_NUM_BARS];
};

/**
 * struct vfio_mdev_pci_cap - a capability for the list in config space
 * @id: capability id
 * @offset: where to put it, a multiple of 4; 0 to leave that to the library
 * @size: its bytes, those of id and link, which come first, included
 * @image: @size bytes that it reads as after reset; NULL for zeros
 * @rw: @size bytes, a bit is set where a write changes the bit; NULL for nowhere
 * @w1c: @size bytes, a bit is set where writing 1 clears it; NULL for nowhere
 *
 * Id and link are filled in by the library and are read-only, whatever the
 * arrays say of them. The arrays are copied.
 */
struct vfio_mdev_pci_cap {
	u8 id;
	u8 offset;
	u8 size;
	const u8 *image;
	const u8 *rw;
	const u8 *w1c;
};

/**
 * struct vfio_mdev_pci_msix - MSI-X of a device
 * @vectors: number of vectors, 1 to 2048
 * @table_bar: index of the base address register of their table, which is in
 *	       memory space
 * @pba_bar: the same for the pending bits
 * @table_offset: where the table of 16 bytes for each vector begins in it, a
 *		  multiple of 8
 * @pba_offset: the same for the pending bits, 8 bytes for each 64 vectors
 */
struct vfio_mdev_pci_msix {
	u16 vectors;
	u8 table_bar;
	u8 pba_bar;
	u32 table_offset;
	u32 pba_offset;
};

/**
 * struct vfio_mdev_config - PCI config space of a device
 * @written: called after a write of @count bytes at @offset, or NULL. In the context
 *	     of vfio_mdev_config_write(), process context for writes of user space. No
 *	     lock is held, it may run beside itself and a reset, and another write may
 *	     have followed: look at what the registers hold now, not for what changed.
 *	     May be set after vfio_mdev_config_init() and until the device is published.
 */
struct vfio_mdev_config {
	void (*written)(struct vfio_mdev_config *config, unsigned int offset,
			unsigned int count);
	/* private: */
	struct device *dev;		/* names the device in messages */
	spinlock_t lock;		/* @image; innermost, taken irqsave */
	unsigned int size;
	u8 *image;			/* what it reads as */
	u8 *reset;			/* the same, after a reset */
	u8 *rw;
	u8 *w1c;
	u64 bar_size[PCI_STD_NUM_BARS];
	u64 dwords;			/* of the first 256 bytes, those in use */
	u8 last_cap;
	bool complete;			/* it has all of its capabilities */
};

int __must_check vfio_mdev_config_init(struct vfio_mdev_config *config,
				       struct device *dev,
				       const struct vfio_mdev_pci_desc *desc);
void vfio_mdev_config_destroy(struct vfio_mdev_config *config);
int __must_check vfio_mdev_config_add_cap(struct vfio_mdev_config *config,
					  const struct vfio_mdev_pci_cap *cap,
					  u8 *offset);
int __must_check vfio_mdev_config_add_msi(struct vfio_mdev_config *config,
					  unsigned int vectors);
int __must_check vfio_mdev_config_add_msix(struct vfio_mdev_config *config,
					   const struct vfio_mdev_pci_msix *msix);
void vfio_mdev_config_reset(struct vfio_mdev_config *config);
int vfio_mdev_config_read(struct vfio_mdev_config *config, u64 offset,
			  void *buf, size_t count);
int vfio_mdev_config_write(struct vfio_mdev_config *config, u64 offset,
			   const void *buf, size_t count);
u8 vfio_mdev_config_find_cap(struct vfio_mdev_config *config, u8 id);
u16 vfio_mdev_config_command(struct vfio_mdev_config *config);
void vfio_mdev_config_set_intx_status(struct vfio_mdev_config *config,
				      bool pending);

/*
 * Regions
 */

/* A region's part of the offset in the device's file, as vfio-pci has it */
#define VFIO_MDEV_REGION_SHIFT		40
#define VFIO_MDEV_REGION_MAX_SIZE	BIT_ULL(VFIO_MDEV_REGION_SHIFT)

#define VFIO_MDEV_REGION_RW \
	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)

/**
 * struct vfio_mdev_region_ops - registers of a region
 * @read: return the value of the @width bytes at @offset
 * @write: set them to @value
 *
 * @width is 1, 2, 4 or 8, at least &vfio_mdev_region.min_width and at most
 * &vfio_mdev_region.max_width, @offset is a multiple of it, and all of the bytes are
 * in the region. Values are in the order of the CPU and are what a little-endian bus
 * transfers.
 *
 * Calls come in process context without a lock and may sleep, several at a time: of
 * user space, whose threads may access one register at once, beside @reset of the
 * device and beside what the vendor does in interrupts, timers and work. They come
 * from the end of the op open to the beginning of release.
 */
struct vfio_mdev_region_ops {
	u64 (*read)(void *priv, u64 offset, unsigned int width);
	void (*write)(void *priv, u64 offset, unsigned int width, u64 value);
};

/**
 * struct vfio_mdev_region - one region of a device
 * @size: number of bytes; 0 if the device does not have this region. For a base
 *	  address register, 0 also stands for the size that config space gives.
 * @flags: what user space may do with it, %VFIO_MDEV_REGION_RW or a part of that,
 *	   and %VFIO_REGION_INFO_FLAG_MMAP if its memory can be mapped
 * @max_width: widest access to @ops, a power of two up to 8, which 0 stands for;
 *	       a wider one is split into several, in ascending order
 * @min_width: narrowest access to @ops, a power of two up to @max_width; 0 stands for
 *	       1. @size is a multiple of it. An access of user space whose offset or
 *	       number of bytes is not is answered with -EINVAL, and no register sees it.
 *	       A PCI device that is accessed too narrowly may do as it likes; QEMU makes
 *	       of the error what a bus makes of no answer, all ones.
 * @ops: registers, or NULL if the region is memory
 * @priv: first argument of @ops
 * @mem: memory of @size bytes, or up to the end of the last of @areas if there are
 *	 @ops too; see below. To be mapped, it has to come from vzalloc() or its
 *	 like, and @size has to be a multiple of the page size.
 * @areas: the parts that can be mapped, if not all of it: whole pages, in
 *	   ascending order. With them, a region may have both @ops and memory: the
 *	   areas are memory, and the rest is registers. Constant, and kept by the
 *	   vendor like the table.
 * @nr_areas: number of @areas; 0 if the whole region can be mapped, or nothing
 * @type: type of a region that has no fixed index, which is how user space finds
 *	  out what it is: VFIO_REGION_TYPE_GFX, for example. Only from
 *	  VFIO_PCI_NUM_REGIONS on, where each region of a PCI device needs one.
 * @subtype: what it is among those of @type
 * @migrate: its memory goes with the device when that is migrated
 *
 * A region without @ops is memory, and so are the @areas of one with @ops. Who
 * allocates and frees it is up to @mem:
 *
 * - NULL: the library, each time that the device is opened and released. That is
 *   what most devices want: a user finds zeros, the memory is accounted to that
 *   user, and pages that are still pinned when the device is released, by
 *   whatever means, are never given to another user. Until the device is open,
 *   @flags are 0.
 * - NULL in vfio_mdev_regions_init(), and set in the vendor's open op before it
 *   calls vfio_mdev_regions_open(): the vendor, for each user anew. The vendor
 *   frees it after vfio_mdev_regions_release(), which sets this to NULL again.
 *   For memory that is shared by other means too, as by dma-bufs.
 * - set from vfio_mdev_regions_init() on: the vendor, who keeps it over a release
 *   and frees it when the device is removed. For what is to be kept, and for what
 *   users cannot write. Beware: a user may keep pages of it pinned after closing
 *   the device, and then sees, and changes, what later users have there. The
 *   ready-made open and reset clear it if it can be written, nothing more.
 */
struct vfio_mdev_region {
	u64 size;
	u32 flags;
	unsigned int max_width;
	unsigned int min_width;
	const struct vfio_mdev_region_ops *ops;
	void *priv;
	void *mem;
	const struct vfio_region_sparse_mmap_area *areas;
	u32 nr_areas;
	u32 type;
	u32 subtype;
	bool migrate;
	/* private: */
	u16 open_flags;			/* 0 if @mem is the vendor's for good */
	bool allocated;			/* by vfio_mdev_regions_open() */
};

/**
 * struct vfio_mdev_regions - table of the regions of a device
 * @region: the table, indexed by VFIO_PCI_BAR0_REGION_INDEX and so on; constant
 *	    while the device is open
 * @nr: its length
 */
struct vfio_mdev_regions {
	struct vfio_mdev_region *region;
	unsigned int nr;
};

int __must_check vfio_mdev_regions_init(struct vfio_mdev_regions *regions,
					struct device *dev,
					struct vfio_mdev_region *region,
					unsigned int nr,
					struct vfio_mdev_config *config);
int __must_check vfio_mdev_regions_open(struct vfio_mdev_regions *regions);
void vfio_mdev_regions_release(struct vfio_mdev_regions *regions);
void vfio_mdev_regions_clear(const struct vfio_mdev_regions *regions);
const struct vfio_mdev_region *
vfio_mdev_region_find(const struct vfio_mdev_regions *regions, loff_t pos,
		      size_t *count, u64 *offset);
ssize_t vfio_mdev_region_read(const struct vfio_mdev_regions *regions,
			      char __user *buf, size_t count, loff_t *ppos);
ssize_t vfio_mdev_region_write(const struct vfio_mdev_regions *regions,
			       const char __user *buf, size_t count,
			       loff_t *ppos);
int vfio_mdev_region_mmap(const struct vfio_mdev_regions *regions,
			  struct vm_area_struct *vma);
int vfio_mdev_region_get_info(const struct vfio_mdev_regions *regions,
			      struct vfio_region_info *info,
			      struct vfio_info_cap *caps);

/*
 * Interrupts
 */

/* After those of PCI, one that says that the device has met a fault */
#define VFIO_MDEV_FAULT_IRQ_INDEX	VFIO_PCI_NUM_IRQS
#define VFIO_MDEV_NUM_IRQS		(VFIO_MDEV_FAULT_IRQ_INDEX + 1)

/**
 * struct vfio_mdev_irq_desc - which interrupts a device has
 * @dev: names the device in messages
 * @config: config space of the device, or NULL. With it, pin and capabilities
 *	    there decide on @intx, @msi and @msix, which are ignored; the interrupt
 *	    disable bit of its command register is honoured and the interrupt bit
 *	    of its status register follows the line.
 * @intx: the device has an interrupt line
 * @msi: number of its MSI vectors, 0 or a power of two up to 32
 * @msix: number of its MSI-X vectors, up to 2048
 * @request: the device has a request op and signals VFIO_PCI_REQ_IRQ_INDEX in it
 * @fault: the device has %VFIO_MDEV_FAULT_IRQ_INDEX, see vfio_mdev_irq_signal_fault()
 */
struct vfio_mdev_irq_desc {
	struct device *dev;
	struct vfio_mdev_config *config;
	u16 msi;
	u16 msix;
	bool intx;
	bool request;
	bool fault;
};

/**
 * struct vfio_mdev_irqs - interrupts of a device, as user space wants them
 *
 * At most one of INTx, MSI and MSI-X is enabled at a time.
 */
struct vfio_mdev_irqs {
	/* private: */
	struct vfio_mdev_config *config;
	u16 count[VFIO_MDEV_NUM_IRQS];
	unsigned int nr;		/* indexes that there are, as user space is told */
	/*
	 * What the device looks at, which is all below but @unmask. Eventfds are
	 * signalled under it, which keeps them from being replaced and freed
	 * meanwhile. Taken irqsave, inside of the vendor's locks, outside of the
	 * lock of @config; for one eventfd at a time, as there can be 2048.
	 */
	spinlock_t lock;
	unsigned int index;		/* enabled; VFIO_PCI_NUM_IRQS for none */
	unsigned int enabled;		/* vectors that it was enabled with */
	bool line;			/* level that the device drives */
	bool masked;			/* INTx, by user space or by signalling */
	bool owed;			/* INTx, to who gets a device that moved */
	struct eventfd_ctx **trigger;	/* of @index */
	struct eventfd_ctx *request;
	struct eventfd_ctx *fault;
	struct vfio_mdev_irqfd *unmask;	/* of INTx, by eventfd */
	/*
	 * What user space sets, one call at a time. @index, @enabled, @trigger,
	 * @request, @fault and @unmask change only under it, so it is enough for
	 * looking at them, and for signalling. They change under @lock too, but for
	 * @unmask, and for @trigger while no @index is enabled. Outside of @lock:
	 * the work of @unmask, which is waited for under this one, takes that.
	 */
	struct mutex set_lock;
};

int __must_check vfio_mdev_irq_init(struct vfio_mdev_irqs *irqs,
				    const struct vfio_mdev_irq_desc *desc);
void vfio_mdev_irq_destroy(struct vfio_mdev_irqs *irqs);
void vfio_mdev_irq_release(struct vfio_mdev_irqs *irqs);
int vfio_mdev_irq_get_info(const struct vfio_mdev_irqs *irqs,
			   struct vfio_irq_info *info);
int vfio_mdev_irq_check(const struct vfio_mdev_irqs *irqs,
			const struct vfio_irq_set *set, size_t *data_size);
int vfio_mdev_irq_set(struct vfio_mdev_irqs *irqs,
		      const struct vfio_irq_set *set, const void *data);
void vfio_mdev_irq_set_line(struct vfio_mdev_irqs *irqs, bool level);
void vfio_mdev_irq_update(struct vfio_mdev_irqs *irqs);
void vfio_mdev_irq_signal(struct vfio_mdev_irqs *irqs, unsigned int vector);
void vfio_mdev_irq_request(struct vfio_mdev_irqs *irqs);
void vfio_mdev_irq_signal_fault(struct vfio_mdev_irqs *irqs);

/*
 * ioctls
 */

/**
 * struct vfio_mdev_pci - what the ioctls of a PCI device need to know
 * @regions: its regions
 * @irqs: its interrupts
 * @reset: bring the device back to its state after power on, or NULL if it
 *	   cannot be reset. For VFIO_DEVICE_RESET, in process context without a lock,
 *	   beside all other ops but open and release, itself included; may sleep.
 *	   Returns 0, or an errno for user space.
 */
struct vfio_mdev_pci {
	const struct vfio_mdev_regions *regions;
	struct vfio_mdev_irqs *irqs;
	int (*reset)(struct mdev_device *mdev);
};

long vfio_mdev_pci_ioctl(struct mdev_device *mdev,
			 const struct vfio_mdev_pci *pci, unsigned int cmd,
			 unsigned long arg);
long vfio_mdev_ioctl_get_info(void __user *arg, u32 flags, u32 num_regions,
			      u32 num_irqs);
long vfio_mdev_ioctl_get_irq_info(const struct vfio_mdev_irqs *irqs,
				  void __user *arg);
long vfio_mdev_ioctl_set_irqs(struct vfio_mdev_irqs *irqs, void __user *arg);

/*
 * All of it together
 */

/* Room for three regions of the vendor's own types, after those of PCI */
#define VFIO_MDEV_PCI_DEV_REGIONS	(VFIO_PCI_NUM_REGIONS + 3)

/**
 * struct vfio_mdev_pci_dev - a PCI device that leaves all to the library
 * @config: its config space
 * @region: table of its regions, for the vendor to fill in before
 *	    vfio_mdev_pci_dev_finish()
 * @nr_regions: how many of the table's entries the device has; VFIO_PCI_NUM_REGIONS
 *		unless the vendor raises it
 * @regions: the same, checked
 * @fault_irq: it has the interrupt %VFIO_MDEV_FAULT_IRQ_INDEX. To be set before
 *	       vfio_mdev_pci_dev_finish().
 * @irqs: its interrupts
 * @pci: the above, for the ioctls
 * @mig_desc: what there is to migrate beside config space, interrupts and memory; only if
 *	      the device has &vfio_mdev_pci_dev_migration among its ops. To be set
 *	      before vfio_mdev_pci_dev_finish().
 * @mig: its migration
 * @reset: bring registers back to their state after power on, or NULL. May be set
 *	   until the device is published; see below.
 *
 * For a vendor who embeds it in the state of a device, with functions for
 * &struct vfio_mdev_device_ops that find it as the driver data of the device.
 * Those of them that do not suit are replaced by the vendor's own. Memory that it is
 * in has to be zeroed before vfio_mdev_pci_dev_init().
 *
 * @reset is called each time that somebody opens the device, by the op open, when the
 * regions have their memory, and for the ioctl VFIO_DEVICE_RESET. Both are process
 * context, without a lock, and it may sleep. Memory that can be written was cleared
 * before. Afterwards config space is reset, and the eventfd of the interrupt line is
 * signalled if the line is still high: to lower it, by vfio_mdev_irq_set_line(), is up
 * to @reset. Eventfds, and what user space enabled and masked, stay as they are.
 *
 * In open, nobody else has the device yet. In the ioctl, other threads of the user may
 * be in @read and @write of &struct vfio_mdev_region_ops, in another @reset, and in
 * what else they do to the device, and what the vendor does in interrupts, timers and
 * work goes on: the vendor's own lock is what makes a reset one step for them.
 */
struct vfio_mdev_pci_dev {
	struct vfio_mdev_config config;
	struct vfio_mdev_region region[VFIO_MDEV_PCI_DEV_REGIONS];
	unsigned int nr_regions;
	struct vfio_mdev_regions regions;
	bool fault_irq;
	struct vfio_mdev_irqs irqs;
	struct vfio_mdev_pci pci;
	const struct vfio_mdev_mig_desc *mig_desc;
	struct vfio_mdev_migration mig;
	void (*reset)(struct vfio_mdev_pci_dev *pdev);
};

int __must_check vfio_mdev_pci_dev_init(struct vfio_mdev_pci_dev *pdev,
					struct mdev_device *mdev,
					const struct vfio_mdev_pci_desc *desc);
int __must_check
vfio_mdev_pci_dev_finish(struct vfio_mdev_pci_dev *pdev,
			 struct mdev_device *mdev,
			 const struct vfio_mdev_device_ops *ops);
void vfio_mdev_pci_dev_destroy(struct vfio_mdev_pci_dev *pdev);

/* Each is the op of its name. */
int vfio_mdev_pci_dev_open(struct mdev_device *mdev);
void vfio_mdev_pci_dev_release(struct mdev_device *mdev);
ssize_t vfio_mdev_pci_dev_read(struct mdev_device *mdev, char __user *buf,
			       size_t count, loff_t *ppos);
ssize_t vfio_mdev_pci_dev_write(struct mdev_device *mdev,
				const char __user *buf, size_t count,
				loff_t *ppos);
long vfio_mdev_pci_dev_ioctl(struct mdev_device *mdev, unsigned int cmd,
			     unsigned long arg);
int vfio_mdev_pci_dev_mmap(struct mdev_device *mdev,
			   struct vm_area_struct *vma);
int vfio_mdev_pci_dev_get_region_info(struct mdev_device *mdev,
				      struct vfio_region_info *info,
				      struct vfio_info_cap *caps);
void vfio_mdev_pci_dev_request(struct mdev_device *mdev, unsigned int count);

/*
 * What to initialise a struct vfio_mdev_device_ops with: all of them, or parts of that
 * with what the vendor has in place of the rest. An op that is added later is then not
 * forgotten.
 *
 *	static const struct vfio_mdev_device_ops my_ops = {
 *		VFIO_MDEV_PCI_DEV_OPS_OPEN,
 *		VFIO_MDEV_PCI_DEV_OPS_RDWR,
 *		VFIO_MDEV_PCI_DEV_OPS_REGIONS,
 *		VFIO_MDEV_PCI_DEV_OPS_REQUEST,
 *		.ioctl = my_ioctl,
 *	};
 */
#define VFIO_MDEV_PCI_DEV_OPS						\
	.ioctl = vfio_mdev_pci_dev_ioctl,				\
	VFIO_MDEV_PCI_DEV_OPS_OPEN,					\
	VFIO_MDEV_PCI_DEV_OPS_RDWR,					\
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,					\
	VFIO_MDEV_PCI_DEV_OPS_REQUEST
#define VFIO_MDEV_PCI_DEV_OPS_OPEN					\
	.open = vfio_mdev_pci_dev_open,					\
	.release = vfio_mdev_pci_dev_release
#define VFIO_MDEV_PCI_DEV_OPS_RDWR					\
	.read = vfio_mdev_pci_dev_read,					\
	.write = vfio_mdev_pci_dev_write
#define VFIO_MDEV_PCI_DEV_OPS_REGIONS					\
	.mmap = vfio_mdev_pci_dev_mmap,					\
	.get_region_info = vfio_mdev_pci_dev_get_region_info
#define VFIO_MDEV_PCI_DEV_OPS_REQUEST					\
	.request = vfio_mdev_pci_dev_request
/*
 * Only for a device with &vfio_mdev_pci_dev.mig_desc, so not among all of them; and only if
 * &vfio_mdev_device_ops.log_dma holds of it, which QEMU wants of what it moves
 */
#define VFIO_MDEV_PCI_DEV_OPS_MIGRATION					\
	.migration = &vfio_mdev_pci_dev_migration,			\
	.log_dma = true

extern const struct vfio_mdev_migration_ops vfio_mdev_pci_dev_migration;

extern const struct vfio_mdev_device_ops vfio_mdev_pci_dev_ops;

/**
 * to_vfio_mdev_pci_dev - what makes a PCI device of a mediated one
 * @mdev: a device for which vfio_mdev_pci_dev_finish() has returned 0
 *
 * Context: any, from then on until remove() frees it.
 * Return: what was passed to vfio_mdev_pci_dev_finish().
 */
static inline struct vfio_mdev_pci_dev *
to_vfio_mdev_pci_dev(struct mdev_device *mdev)
{
	return mdev_get_drvdata(mdev);
}

/**
 * vfio_mdev_pci_dev_container - state of a device that the vendor embeds one in
 * @mdev: see to_vfio_mdev_pci_dev()
 * @type: type of the state
 * @member: which of its members is the &struct vfio_mdev_pci_dev
 */
#define vfio_mdev_pci_dev_container(mdev, type, member) \
	container_of(to_vfio_mdev_pci_dev(mdev), type, member)

#endif /* VFIO_MDEV_LIB_H */
