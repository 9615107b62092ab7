/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration of a VFIO device, and streams that are not as they should be
 */
#ifndef LIBMDEV_MIGRATION_H
#define LIBMDEV_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

/* The system's headers may be older than these. */
#define MIG_PRE_COPY		6
#define MIG_PRE_COPY_P2P	7
#define MIG_STATES		8
#define MIG_FLAG_PRE_COPY	(1ULL << 2)

/* VFIO_DEVICE_FEATURE_MIGRATION: 0 or -errno */
int __mig_flags(struct vfio_dev *dev, __u64 *flags);
/* States of VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE that the device offers */
bool mig_offers(struct vfio_dev *dev, unsigned int state);
/* The state, or -errno */
int __mig_get(struct vfio_dev *dev);
/* Changes it: 0 or -errno; @fd gets the file that comes with it, or -1 */
int __mig_set(struct vfio_dev *dev, unsigned int state, int *fd);
/* The same, for a state that has no file, or one that is of no interest */
int __mig_go(struct vfio_dev *dev, unsigned int state);
void mig_go(struct vfio_dev *dev, unsigned int state);
/* How many bytes there will be: 0 or -errno */
int __mig_data_size(struct vfio_dev *dev, __u64 *size);
/* VFIO_MIG_GET_PRECOPY_INFO: 0 or -errno */
int __mig_precopy_info(int fd, __u64 *initial, __u64 *dirty);

/**
 * struct mig_stream - bytes that a device is migrated by
 * @data: the bytes
 * @size: how many
 */
struct mig_stream {
	__u8 data[16384];
	size_t size;
};

/* Adds what there is to read from @fd: 0, or -errno of the last read */
int __mig_read(int fd, struct mig_stream *stream);
/* Takes a device to STOP_COPY and reads all of it */
void mig_save(struct vfio_dev *dev, struct mig_stream *stream);
/* Takes a device to RESUMING, writes @size bytes, and on to STOP: 0 or -errno */
int __mig_load(struct vfio_dev *dev, const void *data, size_t size);

/* Corrects the checksum of a stream that was changed */
void mig_seal(struct mig_stream *stream);
/* Offset of the first record with @tag, or of the one that ends the stream */
size_t mig_find(const struct mig_stream *stream, unsigned int tag);
/* Puts a record of @size zeros at @pos */
void mig_insert(struct mig_stream *stream, size_t pos, unsigned int tag,
		unsigned int flags, unsigned int size);
/* How many bytes the record at @pos takes, padding included */
size_t mig_record_size(const struct mig_stream *stream, size_t pos);

#define MIG_HEADER_SIZE		80
#define MIG_RECORD_SIZE		8
#define MIG_TAG_CONFIG		0x01
#define MIG_TAG_INTX		0x02
#define MIG_TAG_REGION		0x10
#define MIG_TAG_VENDOR		0x100
#define MIG_TAG_END		0xffff
#define MIG_MUST		1

#endif /* LIBMDEV_MIGRATION_H */
