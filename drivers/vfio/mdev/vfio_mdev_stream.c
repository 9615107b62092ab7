// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes that a device is migrated by: writing, checking and finding them
 *
 * The format is in the header beside this file. A stream is checked as a whole
 * before anything of it is looked at, so finding a record need not check again.
 */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/vfio_mdev_migration.h>

#include "vfio_mdev_stream.h"

#define VFIO_MDEV_STREAM_MAGIC	0x31304d5645444dULL	/* "MDEVM01", zero at its end */
#define VFIO_MDEV_STREAM_MAJOR	1
#define VFIO_MDEV_STREAM_MINOR	0
#define VFIO_MDEV_STREAM_ALIGN	8

static_assert(sizeof(struct vfio_mdev_stream_header) == 80);
static_assert(sizeof(struct vfio_mdev_stream_record) == 8);

static u64 vfio_mdev_stream_record_size(u32 size)
{
	return sizeof(struct vfio_mdev_stream_record) +
	       ALIGN((u64)size, VFIO_MDEV_STREAM_ALIGN);
}

u64 vfio_mdev_stream_max_size(const struct vfio_mdev_mig_record *records,
			      unsigned int nr_records)
{
	u64 size = sizeof(struct vfio_mdev_stream_header) +
		   vfio_mdev_stream_record_size(sizeof(__le32));
	unsigned int i;

	for (i = 0; i < nr_records; i++)
		size += vfio_mdev_stream_record_size(records[i].max_size);
	return size;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_stream_max_size);

static const struct vfio_mdev_mig_record *
vfio_mdev_stream_find_kind(const struct vfio_mdev_stream *stream, u16 tag)
{
	unsigned int i;

	for (i = 0; i < stream->nr_records; i++)
		if (stream->records[i].tag == tag)
			return &stream->records[i];
	return NULL;
}

/*
 * Writing
 */

/* @stream has an empty buffer, of zeros */
void vfio_mdev_stream_begin(struct vfio_mdev_stream *stream)
{
	struct vfio_mdev_stream_header header = {
		.magic = cpu_to_le64(VFIO_MDEV_STREAM_MAGIC),
		.major = cpu_to_le16(VFIO_MDEV_STREAM_MAJOR),
		.minor = cpu_to_le16(VFIO_MDEV_STREAM_MINOR),
		.size = cpu_to_le32(sizeof(header)),
	};

	memcpy(header.type, stream->type, sizeof(header.type));
	memcpy(stream->buf, &header, sizeof(header));
	stream->size = sizeof(header);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_stream_begin);

static int vfio_mdev_stream_append(struct vfio_mdev_stream *stream, u16 tag,
				   u16 flags, const void *data, u32 size)
{
	const struct vfio_mdev_stream_record record = {
		.tag = cpu_to_le16(tag),
		.flags = cpu_to_le16(flags),
		.size = cpu_to_le32(size),
	};
	u64 total = vfio_mdev_stream_record_size(size);
	u8 *to = stream->buf + stream->size;

	if (total > stream->room - stream->size)
		return -EFBIG;
	memcpy(to, &record, sizeof(record));
	memcpy(to + sizeof(record), data, size);
	memset(to + sizeof(record) + size, 0, total - sizeof(record) - size);
	stream->size += total;
	return 0;
}

/**
 * vfio_mdev_stream_put - add a record to the stream of a device
 * @stream: what the vendor's save() was called with
 * @tag: one of &vfio_mdev_mig_desc.records; tags ascend from call to call
 * @data: its contents, little-endian
 * @size: how many bytes, in the bounds that the table states
 *
 * Context: the vendor's save(); any locks may be held.
 * Return: 0; -EINVAL for a tag that the table does not have or a size that it does
 * not allow; -EFBIG if what was added before leaves no room.
 */
int vfio_mdev_stream_put(struct vfio_mdev_stream *stream, u16 tag,
			 const void *data, size_t size)
{
	const struct vfio_mdev_mig_record *kind =
		vfio_mdev_stream_find_kind(stream, tag);

	if (!kind || size < kind->min_size || size > kind->max_size)
		return -EINVAL;
	return vfio_mdev_stream_append(stream, tag, kind->optional ?
				       0 : VFIO_MDEV_STREAM_MUST, data, size);
}
EXPORT_SYMBOL_GPL(vfio_mdev_stream_put);

/* -EINVAL if it is none that a device would take, which is its vendor's mistake */
int vfio_mdev_stream_end(struct vfio_mdev_stream *stream)
{
	__le32 crc = cpu_to_le32(crc32_le(~0, stream->buf, stream->size));
	int ret;

	ret = vfio_mdev_stream_append(stream, VFIO_MDEV_STREAM_END,
				      VFIO_MDEV_STREAM_MUST, &crc, sizeof(crc));
	return ret ? ret : vfio_mdev_stream_check(stream);
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_stream_end);

/*
 * Checking
 */

int vfio_mdev_stream_check_header(const struct vfio_mdev_stream *stream)
{
	struct vfio_mdev_stream_header want = {
		.magic = cpu_to_le64(VFIO_MDEV_STREAM_MAGIC),
		.major = cpu_to_le16(VFIO_MDEV_STREAM_MAJOR),
		.size = cpu_to_le32(sizeof(want)),
	};
	size_t size = min(stream->size, sizeof(want));
	struct vfio_mdev_stream_header seen;

	memcpy(want.type, stream->type, sizeof(want.type));
	seen = want;
	memcpy(&seen, stream->buf, size);
	/* Whatever a later minor version has, it can be skipped. */
	seen.minor = 0;
	return memcmp(&seen, &want, sizeof(seen)) ? -EINVAL : 0;
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_stream_check_header);

/* The record at @pos, if all of it is there, padding too; else NULL */
static const struct vfio_mdev_stream_record *
vfio_mdev_stream_at(const struct vfio_mdev_stream *stream, size_t pos)
{
	const struct vfio_mdev_stream_record *record =
		(const void *)(stream->buf + pos);
	size_t left = stream->size - pos;
	u64 total;
	u32 size;

	if (left < sizeof(*record))
		return NULL;
	size = le32_to_cpu(record->size);
	total = vfio_mdev_stream_record_size(size);
	if (left < total || memchr_inv((const u8 *)(record + 1) + size, 0,
				       total - sizeof(*record) - size))
		return NULL;
	return record;
}

/* @kind is the first one that was not there yet, and is moved to that after @tag. */
static int vfio_mdev_stream_check_record(const struct vfio_mdev_stream *stream,
					 u16 tag, u16 flags, u32 size,
					 const struct vfio_mdev_mig_record **kind)
{
	const struct vfio_mdev_mig_record *end =
		stream->records + stream->nr_records;

	for (; *kind < end && (*kind)->tag < tag; (*kind)++)
		if (!(*kind)->optional)
			return -EINVAL;
	if (*kind == end || (*kind)->tag != tag)
		return flags & VFIO_MDEV_STREAM_MUST &&
		       tag != VFIO_MDEV_STREAM_END ? -EINVAL : 0;
	if (size < (*kind)->min_size || size > (*kind)->max_size)
		return -EINVAL;
	(*kind)++;
	return 0;
}

static int vfio_mdev_stream_check_end(const struct vfio_mdev_stream *stream,
				      size_t pos)
{
	const struct vfio_mdev_stream_record *record =
		vfio_mdev_stream_at(stream, pos);
	__le32 crc;

	if (le16_to_cpu(record->flags) != VFIO_MDEV_STREAM_MUST ||
	    le32_to_cpu(record->size) != sizeof(crc) ||
	    stream->size != pos + vfio_mdev_stream_record_size(sizeof(crc)))
		return -EINVAL;
	memcpy(&crc, record + 1, sizeof(crc));
	return le32_to_cpu(crc) == crc32_le(~0, stream->buf, pos) ? 0 : -EINVAL;
}

int vfio_mdev_stream_check(const struct vfio_mdev_stream *stream)
{
	const struct vfio_mdev_mig_record *kind = stream->records;
	size_t pos = sizeof(struct vfio_mdev_stream_header);
	const struct vfio_mdev_stream_record *record;
	int last = -1;
	u16 tag, flags;

	if (stream->size < pos || vfio_mdev_stream_check_header(stream))
		return -EINVAL;
	for (;;) {
		record = vfio_mdev_stream_at(stream, pos);
		if (!record)
			return -EINVAL;
		tag = le16_to_cpu(record->tag);
		flags = le16_to_cpu(record->flags);
		if (tag <= last || flags & ~VFIO_MDEV_STREAM_MUST)
			return -EINVAL;
		last = tag;
		if (vfio_mdev_stream_check_record(stream, tag, flags,
						  le32_to_cpu(record->size),
						  &kind))
			return -EINVAL;
		if (tag == VFIO_MDEV_STREAM_END)
			return vfio_mdev_stream_check_end(stream, pos);
		pos += vfio_mdev_stream_record_size(le32_to_cpu(record->size));
	}
}
EXPORT_SYMBOL_IF_KUNIT(vfio_mdev_stream_check);

/**
 * vfio_mdev_stream_get - find a record in the stream of a device
 * @stream: what the vendor's check() or load() was called with
 * @tag: one of &vfio_mdev_mig_desc.records
 * @size: gets its size, which is in the bounds that the table states; may be NULL
 *
 * Context: the vendor's check() or load(); any locks may be held.
 * Return: its contents, at an address that is a multiple of 8; NULL if the record is
 * optional and not there.
 */
const void *vfio_mdev_stream_get(const struct vfio_mdev_stream *stream,
				 u16 tag, size_t *size)
{
	size_t pos = sizeof(struct vfio_mdev_stream_header);
	const struct vfio_mdev_stream_record *record;

	while (pos < stream->size) {
		record = (const void *)(stream->buf + pos);
		if (le16_to_cpu(record->tag) == tag) {
			if (size)
				*size = le32_to_cpu(record->size);
			return record + 1;
		}
		pos += vfio_mdev_stream_record_size(le32_to_cpu(record->size));
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(vfio_mdev_stream_get);
