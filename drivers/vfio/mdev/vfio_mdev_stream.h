/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes that a device is migrated by
 *
 * All numbers are little-endian. A header, then records with ascending tags, each
 * padded with zeros to a multiple of 8 bytes, then a record that ends the stream:
 *
 *	header	u64 magic, u16 major, u16 minor, u32 bytes of the header,
 *		char type[64], padded with zeros
 *	record	u16 tag, u16 flags, u32 bytes, without padding; the bytes
 *	end	a record with tag 0xffff, whose 4 bytes are the CRC-32 of all before it
 *
 * A record with %VFIO_MDEV_STREAM_MUST is refused by who does not know its tag; one
 * without is skipped. A minor version has nothing that an older one could not skip.
 */
#ifndef VFIO_MDEV_STREAM_H
#define VFIO_MDEV_STREAM_H

#include <linux/types.h>

struct vfio_mdev_mig_record;

#define VFIO_MDEV_STREAM_TYPE_SIZE	64
#define VFIO_MDEV_STREAM_MUST		1
#define VFIO_MDEV_STREAM_END		0xffff

struct vfio_mdev_stream_header {
	__le64 magic;
	__le16 major;
	__le16 minor;
	__le32 size;
	char type[VFIO_MDEV_STREAM_TYPE_SIZE];
};

struct vfio_mdev_stream_record {
	__le16 tag;
	__le16 flags;
	__le32 size;
};

/**
 * struct vfio_mdev_stream - a stream, all of it or as much as there is yet
 * @buf: the bytes, from kvmalloc(); owned by the stream
 * @size: how many there are
 * @room: how many there is room for
 * @type: what the device is, padded with zeros
 * @records: which records there may be, with ascending tags; of the device, so not to be
 *	     looked at once that may be gone
 * @nr_records: how many
 *
 * Its functions do not lock.
 */
struct vfio_mdev_stream {
	u8 *buf;
	size_t size;
	size_t room;
	char type[VFIO_MDEV_STREAM_TYPE_SIZE];
	const struct vfio_mdev_mig_record *records;
	unsigned int nr_records;
};

/* Bytes that a stream of these records has at most */
u64 vfio_mdev_stream_max_size(const struct vfio_mdev_mig_record *records,
			      unsigned int nr_records);

void vfio_mdev_stream_begin(struct vfio_mdev_stream *stream);
int vfio_mdev_stream_end(struct vfio_mdev_stream *stream);

/* 0 if what there is of the header is as it has to be, -EINVAL if not */
int vfio_mdev_stream_check_header(const struct vfio_mdev_stream *stream);
/* The same for all of the stream */
int vfio_mdev_stream_check(const struct vfio_mdev_stream *stream);

#endif /* VFIO_MDEV_STREAM_H */
