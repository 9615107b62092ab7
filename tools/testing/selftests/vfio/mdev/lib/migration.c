// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/migration.h>

#define FEATURE_MIGRATION	1
#define FEATURE_DEVICE_STATE	2
#define FEATURE_DATA_SIZE	9

#define MIG_GET_PRECOPY_INFO	_IO(VFIO_TYPE, VFIO_BASE + 21)

struct precopy_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 initial_bytes;
	__aligned_u64 dirty_bytes;
};

struct mig_state {
	__u32 state;
	__s32 fd;
};

int __mig_flags(struct vfio_dev *dev, __u64 *flags)
{
	return __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_GET |
				  FEATURE_MIGRATION, flags, sizeof(*flags));
}

bool mig_offers(struct vfio_dev *dev, unsigned int state)
{
	__u64 flags = 0;

	__mig_flags(dev, &flags);
	if (!state || state >= MIG_STATES)
		return false;
	return state < MIG_PRE_COPY || flags & MIG_FLAG_PRE_COPY;
}

int __mig_get(struct vfio_dev *dev)
{
	struct mig_state state = { };
	int ret;

	ret = __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_GET |
				 FEATURE_DEVICE_STATE, &state, sizeof(state));
	return ret ? ret : (int)state.state;
}

int __mig_set(struct vfio_dev *dev, unsigned int state, int *fd)
{
	struct mig_state arg = { .state = state, .fd = -1 };
	int ret;

	ret = __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_SET |
				 FEATURE_DEVICE_STATE, &arg, sizeof(arg));
	*fd = ret ? -1 : arg.fd;
	return ret;
}

int __mig_go(struct vfio_dev *dev, unsigned int state)
{
	int fd, ret;

	ret = __mig_set(dev, state, &fd);
	if (fd >= 0)
		close(fd);
	return ret;
}

void mig_go(struct vfio_dev *dev, unsigned int state)
{
	int ret = __mig_go(dev, state);

	MDEV_ASSERT(!ret, "state %u: %s", state, strerror(-ret));
}

int __mig_data_size(struct vfio_dev *dev, __u64 *size)
{
	return __vfio_dev_feature(dev, VFIO_DEVICE_FEATURE_GET |
				  FEATURE_DATA_SIZE, size, sizeof(*size));
}

int __mig_precopy_info(int fd, __u64 *initial, __u64 *dirty)
{
	struct precopy_info info = { .argsz = sizeof(info) };
	int ret;

	ret = ioctl(fd, MIG_GET_PRECOPY_INFO, &info) ? -errno : 0;
	*initial = info.initial_bytes;
	*dirty = info.dirty_bytes;
	return ret;
}

int __mig_read(int fd, struct mig_stream *stream)
{
	ssize_t done;

	do {
		done = read(fd, stream->data + stream->size,
			    sizeof(stream->data) - stream->size);
		if (done > 0)
			stream->size += done;
	} while (done > 0);
	return done ? -errno : 0;
}

void mig_save(struct vfio_dev *dev, struct mig_stream *stream)
{
	int fd, ret;

	ret = __mig_set(dev, VFIO_DEVICE_STATE_STOP_COPY, &fd);
	MDEV_ASSERT(!ret && fd >= 0, "STOP_COPY: %s", strerror(-ret));
	stream->size = 0;
	ret = __mig_read(fd, stream);
	MDEV_ASSERT(!ret, "reading a stream: %s", strerror(-ret));
	close(fd);
}

int __mig_load(struct vfio_dev *dev, const void *data, size_t size)
{
	ssize_t done;
	int fd, ret;

	ret = __mig_set(dev, VFIO_DEVICE_STATE_RESUMING, &fd);
	if (ret)
		return ret;
	while (size) {
		done = write(fd, data, size);
		if (done < 0) {
			ret = -errno;
			close(fd);
			return ret;
		}
		data += done;
		size -= done;
	}
	close(fd);
	return __mig_go(dev, VFIO_DEVICE_STATE_STOP);
}

/*
 * Streams, changed
 */

static __u32 get_le(const __u8 *data, unsigned int bytes)
{
	__u32 value = 0;

	while (bytes--)
		value = value << 8 | data[bytes];
	return value;
}

static void put_le(__u8 *data, unsigned int bytes, __u32 value)
{
	for (; bytes--; value >>= 8)
		*data++ = value;
}

/* CRC-32 of Ethernet, without the inversion at its end */
static __u32 crc32(const __u8 *data, size_t size)
{
	__u32 crc = ~0U;
	unsigned int i;

	while (size--) {
		crc ^= *data++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

size_t mig_record_size(const struct mig_stream *stream, size_t pos)
{
	size_t size = get_le(stream->data + pos + 4, 4);

	return MIG_RECORD_SIZE + (size + 7) / 8 * 8;
}

size_t mig_find(const struct mig_stream *stream, unsigned int tag)
{
	size_t pos = MIG_HEADER_SIZE;
	unsigned int seen;

	for (;; pos += mig_record_size(stream, pos)) {
		MDEV_ASSERT(pos < stream->size, "a stream without an end");
		seen = get_le(stream->data + pos, 2);
		if (seen == tag || seen == MIG_TAG_END)
			return pos;
	}
}

void mig_seal(struct mig_stream *stream)
{
	size_t pos = mig_find(stream, MIG_TAG_END);

	put_le(stream->data + pos + MIG_RECORD_SIZE, 4,
	       crc32(stream->data, pos));
}

void mig_insert(struct mig_stream *stream, size_t pos, unsigned int tag,
		unsigned int flags, unsigned int size)
{
	size_t room = MIG_RECORD_SIZE + (size + 7) / 8 * 8;

	MDEV_ASSERT(room <= sizeof(stream->data) - stream->size,
		    "no room in a stream");
	memmove(stream->data + pos + room, stream->data + pos,
		stream->size - pos);
	memset(stream->data + pos, 0, room);
	put_le(stream->data + pos, 2, tag);
	put_le(stream->data + pos + 2, 2, flags);
	put_le(stream->data + pos + 4, 4, size);
	stream->size += room;
	mig_seal(stream);
}
