/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration of mediated devices, for vendors
 *
 * A vendor says what there is to store and how to stop the device; states, files
 * and the format of the stream are the library's.
 */
#ifndef VFIO_MDEV_MIGRATION_H
#define VFIO_MDEV_MIGRATION_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/vfio.h>

struct file;
struct mdev_device;
struct vfio_mdev_config;
struct vfio_mdev_irqs;
struct vfio_mdev_mig_file;
struct vfio_mdev_regions;
struct vfio_mdev_stream;

/**
 * DOC: vfio_mdev migration
 *
 * User space moves a device by taking it through the states of
 * VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE. In STOP_COPY it reads a stream of bytes
 * from a file, and in RESUMING it writes them to a file of another device, of the
 * same type and of any host. The library knows the states, and stores config space,
 * the interrupt line and the memory of regions that ask for it. The vendor stores
 * what it has beside that, in records of its own.
 *
 * Nothing of a stream is trusted. All of it is there and was checked, by the
 * library and then by the vendor's check(), before anything changes; a stream that
 * is not as it has to be is refused with -EINVAL, and the device is as it was.
 *
 * What there is once the device is stopped is copied then, at once, so a record has
 * the size that the device says, not one that user space may choose.
 */

/* The first of the vendor's tags; those before it are the library's. */
#define VFIO_MDEV_MIG_VENDOR	0x100

/**
 * struct vfio_mdev_mig_record - a kind of record in the stream of a device
 * @tag: what is in it; for a vendor from %VFIO_MDEV_MIG_VENDOR on
 * @optional: streams without it are taken, and devices that do not know it skip it
 * @min_size: fewest bytes that it may have
 * @max_size: most bytes; memory is set aside for as many
 *
 * Once there are streams that people keep, a tag has its meaning for good. What a
 * later version adds is an optional record if older ones can do without, and
 * another tag if not. Contents are little-endian, and begin at a multiple of 8.
 */
struct vfio_mdev_mig_record {
	u16 tag;
	bool optional;
	u32 min_size;
	u32 max_size;
};

/**
 * struct vfio_mdev_mig_desc - what there is to migrate of a device
 * @records: kinds of records that @save writes, with ascending tags, or NULL
 * @nr_records: how many
 * @stop: let the device do nothing on its own account any more: no timer, no work,
 *	  no DMA, no change of a register. Returns when that holds. Registers may
 *	  still be accessed by user space, which has only itself to blame for what
 *	  it then gets, but must not start anything.
 * @run: the opposite; also called after a reset of a device that was stopped
 * @save: add the records by vfio_mdev_stream_put(). The device is stopped.
 *	  Returns 0 or a negative errno.
 * @check: look at the records by vfio_mdev_stream_get(), whose tags and sizes are
 *	   those of @records, and change nothing. Returns 0, or -EINVAL if the
 *	   device cannot be in such a state.
 * @load: take over what @check approved of; config space, memory and interrupts
 *	  were taken over already. Cannot fail. The device is stopped.
 *
 * Each callback may be NULL, if there is nothing to do; @load and @save go
 * together. They are called in process context, one at a time for a device, and
 * may sleep; read, write, mmap and other ioctls of the device may run beside them,
 * and so may dma_unmap. open and release do not.
 */
struct vfio_mdev_mig_desc {
	const struct vfio_mdev_mig_record *records;
	unsigned int nr_records;
	void (*stop)(struct mdev_device *mdev);
	void (*run)(struct mdev_device *mdev);
	int (*save)(struct mdev_device *mdev, struct vfio_mdev_stream *stream);
	int (*check)(struct mdev_device *mdev,
		     const struct vfio_mdev_stream *stream);
	void (*load)(struct mdev_device *mdev,
		     const struct vfio_mdev_stream *stream);
};

/**
 * struct vfio_mdev_mig_parts - what the library stores of a device by itself
 * @config: config space, or NULL
 * @irqs: interrupts, or NULL
 * @regions: regions, of which those that have &vfio_mdev_region.migrate are stored;
 *	     or NULL
 */
struct vfio_mdev_mig_parts {
	struct vfio_mdev_config *config;
	struct vfio_mdev_irqs *irqs;
	const struct vfio_mdev_regions *regions;
};

/**
 * struct vfio_mdev_migration - migration of one device
 */
struct vfio_mdev_migration {
	/* private: */
	struct mdev_device *mdev;
	const struct vfio_mdev_mig_desc *desc;
	struct vfio_mdev_mig_parts parts;
	struct vfio_mdev_mig_record *records;	/* the library's, then @desc's */
	unsigned int nr_records;
	size_t max_size;			/* of a stream */
	/*
	 * @state and @file change only under it. Nobody waits for it: a second
	 * change of state is refused while one is under way, as the vendor may
	 * take its time.
	 */
	struct mutex lock;
	enum vfio_device_mig_state state;
	struct vfio_mdev_mig_file *file;	/* counted; while data is transferred */
};

int __must_check vfio_mdev_migration_init(struct vfio_mdev_migration *mig,
					  struct mdev_device *mdev,
					  const struct vfio_mdev_mig_desc *desc,
					  const struct vfio_mdev_mig_parts *parts);
void vfio_mdev_migration_destroy(struct vfio_mdev_migration *mig);
struct file *vfio_mdev_migration_set_state(struct vfio_mdev_migration *mig,
					   enum vfio_device_mig_state state);
int vfio_mdev_migration_get_state(struct vfio_mdev_migration *mig,
				  enum vfio_device_mig_state *state);
int vfio_mdev_migration_get_size(struct vfio_mdev_migration *mig,
				 unsigned long *size);
int __must_check vfio_mdev_migration_begin_reset(struct vfio_mdev_migration *mig);
void vfio_mdev_migration_end_reset(struct vfio_mdev_migration *mig);
void vfio_mdev_migration_release(struct vfio_mdev_migration *mig);

int vfio_mdev_stream_put(struct vfio_mdev_stream *stream, u16 tag,
			 const void *data, size_t size);
const void *vfio_mdev_stream_get(const struct vfio_mdev_stream *stream,
				 u16 tag, size_t *size);

#endif /* VFIO_MDEV_MIGRATION_H */
