// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of a mediated device: the states, and what the library stores itself
 *
 * VFIO says which way leads from one state to another. Each step of it is told by
 * two questions: does the device run in the new state and did it in the old one, and
 * is data transferred. No step leaves a device in between: what can fail comes
 * before what changes the device. So no device ever is in state ERROR.
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/mdev.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vfio_mdev_migration.h>

#include "vfio_mdev_mig_file.h"
#include "vfio_mdev_private.h"

#define VFIO_MDEV_MIG_MAX_SIZE	SZ_256M
/* For records of a later version, which this one skips */
#define VFIO_MDEV_MIG_SLACK	SZ_64K

/* The library's own records, in this order */
#define VFIO_MDEV_MIG_CONFIG	0x01
#define VFIO_MDEV_MIG_INTX	0x02
#define VFIO_MDEV_MIG_REGION	0x10	/* and its index */

/**
 * struct vfio_mdev_mig_intx - the interrupt line
 * @line: 1 if the device asks for an interrupt
 * @masked: 1 if user space was told of that and has not unmasked it since
 * @zero: nothing yet
 */
struct vfio_mdev_mig_intx {
	u8 line;
	u8 masked;
	u8 zero[6];
};

/*
 * Records
 */

static bool vfio_mdev_mig_has_region(const struct vfio_mdev_mig_parts *parts,
				     unsigned int index)
{
	const struct vfio_mdev_region *region = &parts->regions->region[index];

	return region->migrate && vfio_mdev_region_has_mem(region);
}

static void vfio_mdev_mig_add(struct vfio_mdev_migration *mig, u16 tag,
			      u32 size)
{
	mig->records[mig->nr_records++] = (struct vfio_mdev_mig_record){
		.tag = tag,
		.min_size = size,
		.max_size = size,
	};
}

static void vfio_mdev_mig_add_parts(struct vfio_mdev_migration *mig)
{
	const struct vfio_mdev_mig_parts *parts = &mig->parts;
	unsigned int i;

	if (parts->config)
		vfio_mdev_mig_add(mig, VFIO_MDEV_MIG_CONFIG,
				  parts->config->size);
	if (parts->irqs)
		vfio_mdev_mig_add(mig, VFIO_MDEV_MIG_INTX,
				  sizeof(struct vfio_mdev_mig_intx));
	for (i = 0; parts->regions && i < parts->regions->nr; i++)
		if (vfio_mdev_mig_has_region(parts, i))
			vfio_mdev_mig_add(mig, VFIO_MDEV_MIG_REGION + i,
					  vfio_mdev_region_mem_size(&parts->regions->region[i]));
}

/* Why a device cannot be migrated in this way, or NULL. */
static const char *vfio_mdev_mig_fault(const struct vfio_mdev_mig_desc *desc,
				       const struct vfio_mdev_mig_parts *parts)
{
	unsigned int i, last = VFIO_MDEV_MIG_VENDOR - 1;

	if (!desc->save != !desc->load)
		return "has one of save and load";
	if (!desc->save != !desc->nr_records)
		return "has records without save, or save without records";
	for (i = 0; i < desc->nr_records; i++) {
		if (desc->records[i].tag <= last)
			return "has records whose tags do not ascend from VFIO_MDEV_MIG_VENDOR on";
		if (desc->records[i].min_size > desc->records[i].max_size)
			return "has a record with min_size above max_size";
		last = desc->records[i].tag;
	}
	if (last == VFIO_MDEV_STREAM_END)
		return "has a record with the tag of the stream's end";
	if (parts->regions &&
	    parts->regions->nr > VFIO_MDEV_MIG_VENDOR - VFIO_MDEV_MIG_REGION)
		return "has too many regions";
	return NULL;
}

static int vfio_mdev_mig_list_records(struct vfio_mdev_migration *mig)
{
	const struct vfio_mdev_mig_desc *desc = mig->desc;
	unsigned int nr_regions = mig->parts.regions ? mig->parts.regions->nr : 0;
	u64 size;

	mig->records = kzalloc_objs(*mig->records,
				    2 + nr_regions + desc->nr_records);
	if (!mig->records)
		return -ENOMEM;
	vfio_mdev_mig_add_parts(mig);
	memcpy(mig->records + mig->nr_records, desc->records,
	       desc->nr_records * sizeof(*desc->records));
	mig->nr_records += desc->nr_records;

	size = vfio_mdev_stream_max_size(mig->records, mig->nr_records);
	if (size > VFIO_MDEV_MIG_MAX_SIZE) {
		dev_err(mdev_dev(mig->mdev), "%llu bytes are too many to migrate\n",
			size);
		return -EINVAL;
	}
	mig->max_size = size;
	return 0;
}

/**
 * vfio_mdev_migration_init - let a device be migrated
 * @mig: what to set up
 * @mdev: the device
 * @desc: what there is of the vendor's; stays until vfio_mdev_migration_destroy()
 * @parts: what the library stores by itself, set up already; not needed afterwards,
 *	   but what it points to has to stay
 *
 * Context: the vendor's create() callback.
 * Return: 0; -EINVAL, with a message that names the fault, for a description that
 * does not make sense; or -ENOMEM. After a failure there is nothing to destroy.
 */
int vfio_mdev_migration_init(struct vfio_mdev_migration *mig,
			     struct mdev_device *mdev,
			     const struct vfio_mdev_mig_desc *desc,
			     const struct vfio_mdev_mig_parts *parts)
{
	const char *fault = vfio_mdev_mig_fault(desc, parts);
	int ret;

	memset(mig, 0, sizeof(*mig));
	mutex_init(&mig->lock);
	mig->mdev = mdev;
	mig->desc = desc;
	mig->parts = *parts;
	mig->state = VFIO_DEVICE_STATE_RUNNING;
	if (fault) {
		dev_err(mdev_dev(mdev), "what is to be migrated %s\n", fault);
		return -EINVAL;
	}
	ret = vfio_mdev_mig_list_records(mig);
	if (ret)
		vfio_mdev_migration_destroy(mig);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_init);

/**
 * vfio_mdev_migration_destroy - free what vfio_mdev_migration_init() allocated
 * @mig: migration of a device that nobody has open; one whose memory was zeroed and
 *	 not set up since is fine too
 *
 * Context: process context, may sleep.
 */
void vfio_mdev_migration_destroy(struct vfio_mdev_migration *mig)
{
	/* There is a file only if the vendor has no release op. */
	vfio_mdev_migration_release(mig);
	kfree(mig->records);
	mig->records = NULL;
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_destroy);

/*
 * Saving
 */

static int vfio_mdev_mig_save_config(struct vfio_mdev_config *config,
				     struct vfio_mdev_stream *stream)
{
	u8 *image = kmalloc(config->size, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!image)
		return -ENOMEM;
	vfio_mdev_config_read(config, 0, image, config->size);
	ret = vfio_mdev_stream_put(stream, VFIO_MDEV_MIG_CONFIG, image,
				   config->size);
	kfree(image);
	return ret;
}

static int vfio_mdev_mig_save_intx(struct vfio_mdev_irqs *irqs,
				   struct vfio_mdev_stream *stream)
{
	struct vfio_mdev_mig_intx intx = { };

	vfio_mdev_intx_save(irqs, &intx.line, &intx.masked);
	return vfio_mdev_stream_put(stream, VFIO_MDEV_MIG_INTX, &intx,
				    sizeof(intx));
}

static int vfio_mdev_mig_save_regions(const struct vfio_mdev_mig_parts *parts,
				      struct vfio_mdev_stream *stream)
{
	const struct vfio_mdev_region *region;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && parts->regions && i < parts->regions->nr; i++) {
		region = &parts->regions->region[i];
		if (vfio_mdev_mig_has_region(parts, i))
			ret = vfio_mdev_stream_put(stream,
						   VFIO_MDEV_MIG_REGION + i,
						   region->mem,
						   vfio_mdev_region_mem_size(region));
	}
	return ret;
}

static int vfio_mdev_mig_save_all(struct vfio_mdev_migration *mig,
				  struct vfio_mdev_stream *stream)
{
	const struct vfio_mdev_mig_parts *parts = &mig->parts;
	int ret = 0;

	if (parts->config)
		ret = vfio_mdev_mig_save_config(parts->config, stream);
	if (!ret && parts->irqs)
		ret = vfio_mdev_mig_save_intx(parts->irqs, stream);
	if (!ret)
		ret = vfio_mdev_mig_save_regions(parts, stream);
	if (!ret && mig->desc->save)
		ret = mig->desc->save(mig->mdev, stream);
	if (!ret)
		ret = vfio_mdev_stream_end(stream);
	return ret;
}

/* The stream is complete afterwards, or as it was before. */
static int vfio_mdev_mig_save(struct vfio_mdev_migration *mig,
			      struct vfio_mdev_mig_file *file)
{
	size_t size;
	int ret;

	if (mutex_lock_killable(&file->lock))
		return -EINTR;
	size = file->stream.size;
	ret = vfio_mdev_mig_save_all(mig, &file->stream);
	if (ret) {
		file->stream.size = size;
		dev_err_ratelimited(mdev_dev(mig->mdev),
				    "saving failed (%d)\n", ret);
	} else {
		file->more = false;
	}
	mutex_unlock(&file->lock);
	wake_up_interruptible_all(&file->wait);
	return ret;
}

/*
 * Loading
 */

static int vfio_mdev_mig_check_intx(const struct vfio_mdev_mig_intx *intx)
{
	return intx->line > 1 || intx->masked > 1 ||
	       memchr_inv(intx->zero, 0, sizeof(intx->zero)) ? -EINVAL : 0;
}

static int vfio_mdev_mig_check(struct vfio_mdev_migration *mig,
			       const struct vfio_mdev_stream *stream)
{
	const struct vfio_mdev_mig_parts *parts = &mig->parts;
	int ret = vfio_mdev_stream_check(stream);

	if (!ret && parts->config)
		ret = vfio_mdev_config_check_image(parts->config,
						   vfio_mdev_stream_get(stream,
									VFIO_MDEV_MIG_CONFIG,
									NULL));
	if (!ret && parts->irqs)
		ret = vfio_mdev_mig_check_intx(vfio_mdev_stream_get(stream,
								    VFIO_MDEV_MIG_INTX,
								    NULL));
	if (!ret && mig->desc->check)
		ret = mig->desc->check(mig->mdev, stream);
	return ret;
}

static void vfio_mdev_mig_apply_regions(const struct vfio_mdev_mig_parts *parts,
					const struct vfio_mdev_stream *stream)
{
	const void *data;
	unsigned int i;
	size_t size;

	for (i = 0; parts->regions && i < parts->regions->nr; i++) {
		if (!vfio_mdev_mig_has_region(parts, i))
			continue;
		data = vfio_mdev_stream_get(stream, VFIO_MDEV_MIG_REGION + i,
					    &size);
		memcpy(parts->regions->region[i].mem, data, size);
	}
}

static void vfio_mdev_mig_apply(struct vfio_mdev_migration *mig,
				const struct vfio_mdev_stream *stream)
{
	const struct vfio_mdev_mig_parts *parts = &mig->parts;
	const struct vfio_mdev_mig_intx *intx;

	if (parts->config)
		vfio_mdev_config_load_image(parts->config,
					    vfio_mdev_stream_get(stream,
								 VFIO_MDEV_MIG_CONFIG,
								 NULL));
	vfio_mdev_mig_apply_regions(parts, stream);
	if (parts->irqs) {
		intx = vfio_mdev_stream_get(stream, VFIO_MDEV_MIG_INTX, NULL);
		vfio_mdev_intx_load(parts->irqs, intx->line, intx->masked);
	}
	if (mig->desc->load)
		mig->desc->load(mig->mdev, stream);
}

static int vfio_mdev_mig_load(struct vfio_mdev_migration *mig)
{
	struct vfio_mdev_mig_file *file = mig->file;
	int ret;

	if (mutex_lock_killable(&file->lock))
		return -EINTR;
	ret = vfio_mdev_mig_check(mig, &file->stream);
	if (!ret)
		vfio_mdev_mig_apply(mig, &file->stream);
	mutex_unlock(&file->lock);
	return ret;
}

/*
 * States
 */

static bool vfio_mdev_mig_runs(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_RUNNING ||
	       state == VFIO_DEVICE_STATE_RUNNING_P2P ||
	       state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static bool vfio_mdev_mig_saves(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_STOP_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static void vfio_mdev_mig_stop(struct vfio_mdev_migration *mig)
{
	if (mig->desc->stop)
		mig->desc->stop(mig->mdev);
}

static void vfio_mdev_mig_run(struct vfio_mdev_migration *mig)
{
	if (mig->parts.irqs)
		vfio_mdev_intx_resume(mig->parts.irqs);
	if (mig->desc->run)
		mig->desc->run(mig->mdev);
}

static void vfio_mdev_mig_end_transfer(struct vfio_mdev_migration *mig)
{
	if (mig->file)
		vfio_mdev_mig_file_end(mig->file);
	mig->file = NULL;
}

static struct vfio_mdev_mig_file *
vfio_mdev_mig_create_file(struct vfio_mdev_migration *mig, size_t room)
{
	struct vfio_mdev_stream stream = {
		.room = room,
		.records = mig->records,
		.nr_records = mig->nr_records,
	};

	strscpy_pad(stream.type, mdev_get_type_name(mig->mdev), sizeof(stream.type));
	return vfio_mdev_mig_file_create(&stream);
}

/* Becomes the file of @mig, and is opened for user space. */
static struct file *vfio_mdev_mig_open_file(struct vfio_mdev_migration *mig,
					    struct vfio_mdev_mig_file *file,
					    int flags)
{
	struct file *filp = vfio_mdev_mig_file_open(file, flags);

	if (IS_ERR(filp))
		vfio_mdev_mig_file_put(file);
	else
		mig->file = file;
	return filp;
}

/* What there is before the device stops is only what it is. */
static struct file *vfio_mdev_mig_begin_save(struct vfio_mdev_migration *mig,
					     enum vfio_device_mig_state next)
{
	struct vfio_mdev_mig_file *file;
	int ret = 0;

	file = vfio_mdev_mig_create_file(mig, mig->max_size);
	if (!file)
		return ERR_PTR(-ENOMEM);
	vfio_mdev_stream_begin(&file->stream);
	file->more = true;
	if (next == VFIO_DEVICE_STATE_STOP_COPY)
		ret = vfio_mdev_mig_save(mig, file);
	if (ret) {
		vfio_mdev_mig_file_put(file);
		return ERR_PTR(ret);
	}
	return vfio_mdev_mig_open_file(mig, file, O_RDONLY);
}

static struct file *vfio_mdev_mig_begin_load(struct vfio_mdev_migration *mig)
{
	struct vfio_mdev_mig_file *file;

	file = vfio_mdev_mig_create_file(mig, mig->max_size +
					 VFIO_MDEV_MIG_SLACK);
	if (!file)
		return ERR_PTR(-ENOMEM);
	return vfio_mdev_mig_open_file(mig, file, O_WRONLY);
}

static struct file *vfio_mdev_mig_transfer(struct vfio_mdev_migration *mig,
					   enum vfio_device_mig_state next)
{
	bool saves = vfio_mdev_mig_saves(mig->state);
	int ret = 0;

	if (next == VFIO_DEVICE_STATE_RESUMING)
		return vfio_mdev_mig_begin_load(mig);
	if (vfio_mdev_mig_saves(next) && !saves)
		return vfio_mdev_mig_begin_save(mig, next);
	if (next == VFIO_DEVICE_STATE_STOP_COPY)
		return ERR_PTR(vfio_mdev_mig_save(mig, mig->file));
	if (mig->state == VFIO_DEVICE_STATE_RESUMING)
		ret = vfio_mdev_mig_load(mig);
	if (!ret && !vfio_mdev_mig_saves(next))
		vfio_mdev_mig_end_transfer(mig);
	return ERR_PTR(ret);
}

/* One step; a device whose step fails goes on as before. */
static struct file *vfio_mdev_mig_step(struct vfio_mdev_migration *mig,
				       enum vfio_device_mig_state next)
{
	bool ran = vfio_mdev_mig_runs(mig->state);
	bool runs = vfio_mdev_mig_runs(next);
	struct file *filp;

	if (ran && !runs)
		vfio_mdev_mig_stop(mig);
	filp = vfio_mdev_mig_transfer(mig, next);
	if (ran != runs && (IS_ERR(filp) ? ran : runs))
		vfio_mdev_mig_run(mig);
	if (!IS_ERR(filp))
		WRITE_ONCE(mig->state, next);
	return filp;
}

static struct file *vfio_mdev_mig_go(struct vfio_mdev_migration *mig,
				     enum vfio_device_mig_state state)
{
	struct vfio_device *vdev = vfio_mdev_to_vfio(mig->mdev);
	enum vfio_device_mig_state next;
	struct file *filp = NULL;
	int ret;

	while (mig->state != state) {
		/* No way leads through a state that opens a file. */
		if (filp) {
			fput(filp);
			return ERR_PTR(-EINVAL);
		}
		ret = vfio_mig_get_next_state(vdev, mig->state, state, &next);
		if (ret)
			return ERR_PTR(ret);
		filp = vfio_mdev_mig_step(mig, next);
		if (IS_ERR(filp))
			return filp;
	}
	return filp;
}

/**
 * vfio_mdev_migration_set_state - take a device to another state
 * @mig: migration of the device
 * @state: the state
 *
 * For &vfio_mdev_migration_ops.set_state.
 *
 * Context: process context, may sleep; the device is open.
 * Return: a file for user space, if data is transferred in the new state and was not
 * in the one before; %NULL; or an error pointer: -EINVAL if no way leads there, or the
 * stream that was written is not one of this device; -EBUSY if the device is on
 * its way to another state or being reset; -EINTR, -ENOMEM, -EMFILE, or what the
 * vendor's callbacks return. After an error the device is in one of the states on
 * the way.
 */
struct file *vfio_mdev_migration_set_state(struct vfio_mdev_migration *mig,
					   enum vfio_device_mig_state state)
{
	struct file *filp;

	if (!mutex_trylock(&mig->lock))
		return ERR_PTR(-EBUSY);
	filp = vfio_mdev_mig_go(mig, state);
	mutex_unlock(&mig->lock);
	return filp;
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_set_state);

/**
 * vfio_mdev_migration_get_state - which state a device is in
 * @mig: migration of the device
 * @state: gets the state
 *
 * For &vfio_mdev_migration_ops.get_state.
 *
 * Context: any context.
 * Return: 0.
 */
int vfio_mdev_migration_get_state(struct vfio_mdev_migration *mig,
				  enum vfio_device_mig_state *state)
{
	*state = READ_ONCE(mig->state);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_get_state);

/**
 * vfio_mdev_migration_get_size - how many bytes the stream of a device has
 * @mig: migration of the device
 * @size: gets the number, which is never less than there are
 *
 * For &vfio_mdev_migration_ops.get_data_size.
 *
 * Context: any context.
 * Return: 0.
 */
int vfio_mdev_migration_get_size(struct vfio_mdev_migration *mig,
				 unsigned long *size)
{
	*size = mig->max_size;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_get_size);

/**
 * vfio_mdev_migration_begin_reset - before a device is reset, or opened
 * @mig: migration of the device
 *
 * Keeps it from changing its state until vfio_mdev_migration_end_reset().
 *
 * Context: process context.
 * Return: 0, or -EBUSY if it is on its way to another state.
 */
int vfio_mdev_migration_begin_reset(struct vfio_mdev_migration *mig)
{
	return mutex_trylock(&mig->lock) ? 0 : -EBUSY;
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_begin_reset);

/**
 * vfio_mdev_migration_end_reset - after a device was reset: it runs, whatever it did
 * @mig: migration of the device, after vfio_mdev_migration_begin_reset()
 *
 * Context: process context, may sleep.
 */
void vfio_mdev_migration_end_reset(struct vfio_mdev_migration *mig)
{
	vfio_mdev_mig_end_transfer(mig);
	if (!vfio_mdev_mig_runs(mig->state))
		vfio_mdev_mig_run(mig);
	WRITE_ONCE(mig->state, VFIO_DEVICE_STATE_RUNNING);
	mutex_unlock(&mig->lock);
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_end_reset);

/**
 * vfio_mdev_migration_release - end a transfer, for a vendor's release op
 * @mig: migration of the device
 *
 * The state stays until the next user opens the device, which resets it.
 *
 * Context: process context, may sleep; nobody else uses @mig.
 */
void vfio_mdev_migration_release(struct vfio_mdev_migration *mig)
{
	vfio_mdev_mig_end_transfer(mig);
}
EXPORT_SYMBOL_GPL(vfio_mdev_migration_release);
