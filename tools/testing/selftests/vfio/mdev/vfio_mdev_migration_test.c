// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of a device: its states, what goes with it, and streams that no device
 * has written
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#include "mdma_stream.h"
#include "mtty_stream.h"

#define STOP		VFIO_DEVICE_STATE_STOP
#define RUNNING		VFIO_DEVICE_STATE_RUNNING
#define STOP_COPY	VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING	VFIO_DEVICE_STATE_RESUMING
#define RUNNING_P2P	VFIO_DEVICE_STATE_RUNNING_P2P

#define INTX		VFIO_PCI_INTX_IRQ_INDEX

static bool saves(unsigned int state)
{
	return state == STOP_COPY || state == MIG_PRE_COPY ||
	       state == MIG_PRE_COPY_P2P;
}

/*
 * A card with two ports, and one that it can move to
 */

FIXTURE(cards) {
	struct vfio_dev from;
	struct vfio_dev to;
	struct mig_stream *stream;
};

FIXTURE_SETUP(cards)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE2, uuid);
	vfio_dev_open(&self->from, uuid);
	mdev_create_new(MTTY_PARENT, MTTY_TYPE2, uuid);
	vfio_dev_open(&self->to, uuid);
	self->stream = calloc(1, sizeof(*self->stream));
	MDEV_ASSERT(self->stream, "out of memory");
}

FIXTURE_TEARDOWN(cards)
{
	free(self->stream);
	vfio_dev_close(&self->from);
	vfio_dev_close(&self->to);
	mdev_remove_all(MTTY_PARENT);
}

static void set_divisor(struct vfio_dev *dev, unsigned int port,
			unsigned int divisor)
{
	vfio_dev_write8(dev, port, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	vfio_dev_write8(dev, port, UART_DLL, divisor & 0xff);
	vfio_dev_write8(dev, port, UART_DLM, divisor >> 8);
	vfio_dev_write8(dev, port, UART_LCR, UART_LCR_WLEN8);
}

static unsigned int get_divisor(struct vfio_dev *dev, unsigned int port)
{
	unsigned int divisor;

	vfio_dev_write8(dev, port, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	divisor = vfio_dev_read8(dev, port, UART_DLL);
	divisor |= vfio_dev_read8(dev, port, UART_DLM) << 8;
	vfio_dev_write8(dev, port, UART_LCR, UART_LCR_WLEN8);
	return divisor;
}

/* Something to know a port by again: @text is waiting on it */
static void mark(struct vfio_dev *dev, unsigned int port, const char *text)
{
	set_divisor(dev, port, 0xff00 + port);
	vfio_dev_write8(dev, port, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_14);
	vfio_dev_write8(dev, port, UART_MCR, UART_MCR_RTS);
	vfio_dev_write8(dev, port, UART_SCR, 0x50 + port);
	while (*text)
		vfio_dev_write8(dev, port, UART_TX, *text++);
}

static bool is_marked(struct vfio_dev *dev, unsigned int port, const char *text)
{
	bool ok = get_divisor(dev, port) == 0xff00 + port &&
		  vfio_dev_read8(dev, port, UART_SCR) == 0x50 + port &&
		  vfio_dev_read8(dev, port, UART_MCR) == UART_MCR_RTS;

	while (*text)
		if (vfio_dev_read8(dev, port, UART_RX) != *text++)
			ok = false;
	return ok && !(vfio_dev_read8(dev, port, UART_LSR) & UART_LSR_DR);
}

TEST_F(cards, offer_states)
{
	__u64 flags, size;

	ASSERT_EQ(0, __mig_flags(&self->from, &flags));
	EXPECT_EQ(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
		  flags & ~MIG_FLAG_PRE_COPY);
	EXPECT_EQ(RUNNING, __mig_get(&self->from));
	ASSERT_EQ(0, __mig_data_size(&self->from, &size));
	mig_save(&self->from, self->stream);
	EXPECT_EQ(self->stream->size, size);
}

/* From each state to each other, with a file where data begins to be transferred */
TEST_F(cards, go_everywhere)
{
	unsigned int from, to;
	bool can;
	int fd;

	for (from = 1; from < MIG_STATES; from++) {
		for (to = 1; to < MIG_STATES; to++) {
			if (!mig_offers(&self->from, from))
				continue;
			ASSERT_EQ(0, __vfio_dev_reset(&self->from));
			mig_go(&self->from, from);
			can = mig_offers(&self->from, to) &&
			      from != RESUMING &&
			      !(from == STOP_COPY && saves(to));
			if (from == to)
				can = true;
			EXPECT_EQ(can ? 0 : to == RESUMING && from == RESUMING ? 0 : -EINVAL,
				  __mig_set(&self->from, to, &fd))
				TH_LOG("%u to %u", from, to);
			EXPECT_EQ(can ? to : from, __mig_get(&self->from))
				TH_LOG("%u to %u", from, to);
			EXPECT_EQ(can && from != to &&
				  (to == RESUMING || (saves(to) && !saves(from))),
				  fd >= 0)
				TH_LOG("%u to %u", from, to);
			if (fd >= 0)
				close(fd);
		}
	}
}

TEST_F(cards, refuse_states_that_are_none)
{
	EXPECT_EQ(-EINVAL, __mig_go(&self->from, 0));
	EXPECT_EQ(-EINVAL, __mig_go(&self->from, MIG_STATES));
	EXPECT_EQ(-EINVAL, __mig_go(&self->from, ~0U));
	EXPECT_EQ(RUNNING, __mig_get(&self->from));
}

TEST_F(cards, move)
{
	mark(&self->from, 0, "first");
	mark(&self->from, 1, "the other");
	vfio_dev_set_config(&self->from, PCI_COMMAND, 2, PCI_COMMAND_IO);
	vfio_dev_set_config(&self->from, PCI_INTERRUPT_LINE, 1, 11);
	mig_save(&self->from, self->stream);

	ASSERT_EQ(0, __mig_load(&self->to, self->stream->data,
				self->stream->size));
	EXPECT_EQ(STOP, __mig_get(&self->to));
	mig_go(&self->to, RUNNING);
	EXPECT_TRUE(is_marked(&self->to, 0, "first"));
	EXPECT_TRUE(is_marked(&self->to, 1, "the other"));
	EXPECT_EQ(PCI_COMMAND_IO, vfio_dev_config(&self->to, PCI_COMMAND, 2));
	EXPECT_EQ(11, vfio_dev_config(&self->to, PCI_INTERRUPT_LINE, 1));

	/* The source is as it was, should the target have failed. */
	mig_go(&self->from, RUNNING);
	EXPECT_TRUE(is_marked(&self->from, 0, "first"));
}

/* What was told and not yet seen to is told again, to who is there now. */
TEST_F(cards, move_with_their_interrupt)
{
	int from = irq_eventfd(), to = irq_eventfd();

	irq_connect(&self->from, INTX, from);
	irq_connect(&self->to, INTX, to);
	vfio_dev_write8(&self->from, 0, UART_IER, UART_IER_THRI);
	EXPECT_EQ(1, irq_take(from));

	mig_save(&self->from, self->stream);
	ASSERT_EQ(0, __mig_load(&self->to, self->stream->data,
				self->stream->size));
	/* Not yet: a guest's interrupt controller may not be there. */
	EXPECT_EQ(0, irq_take(to));
	/* What the user asks for until then may be lost, so it does not count. */
	EXPECT_EQ(0, __irq_unmask(&self->to, INTX));
	EXPECT_EQ(1, irq_take(to));
	mig_go(&self->to, RUNNING);
	EXPECT_EQ(1, irq_take(to));
	/* Once */
	mig_go(&self->to, STOP);
	mig_go(&self->to, RUNNING);
	EXPECT_EQ(0, irq_take(to));
	EXPECT_TRUE(vfio_dev_config(&self->to, PCI_STATUS, 2) &
		    PCI_STATUS_INTERRUPT);
	EXPECT_EQ(UART_IIR_THRI, vfio_dev_read8(&self->to, 0, UART_IIR));
	EXPECT_FALSE(vfio_dev_config(&self->to, PCI_STATUS, 2) &
		     PCI_STATUS_INTERRUPT);
	EXPECT_EQ(0, __irq_unmask(&self->to, INTX));
	EXPECT_EQ(0, irq_take(to));
	close(from);
	close(to);
}

/* The line is low, but nobody has unmasked the interrupt: who shall do so must know. */
TEST_F(cards, move_with_a_masked_interrupt)
{
	int from = irq_eventfd(), to = irq_eventfd();

	irq_connect(&self->from, INTX, from);
	irq_connect(&self->to, INTX, to);
	vfio_dev_write8(&self->from, 0, UART_IER, UART_IER_THRI);
	vfio_dev_read8(&self->from, 0, UART_IIR);

	mig_save(&self->from, self->stream);
	ASSERT_EQ(0, __mig_load(&self->to, self->stream->data,
				self->stream->size));
	/* Not yet: a guest's interrupt controller may not be there. */
	EXPECT_EQ(0, irq_take(to));
	mig_go(&self->to, RUNNING);
	EXPECT_EQ(1, irq_take(to));
	EXPECT_EQ(0, __irq_unmask(&self->to, INTX));
	EXPECT_EQ(0, irq_take(to));
	close(from);
	close(to);
}

/* What this user has masked stays so, if it stands still and goes on. */
TEST_F(cards, keep_a_mask)
{
	int fd = irq_eventfd();

	irq_connect(&self->from, INTX, fd);
	EXPECT_EQ(0, __irq_mask(&self->from, INTX));
	mig_go(&self->from, STOP);
	mig_go(&self->from, RUNNING);
	vfio_dev_write8(&self->from, 0, UART_IER, UART_IER_THRI);
	EXPECT_EQ(0, irq_take(fd));
	EXPECT_EQ(0, __irq_unmask(&self->from, INTX));
	EXPECT_EQ(1, irq_take(fd));
	close(fd);
}

/* Four characters' time at the lowest speed is long, so take one that is not. */
TEST_F(cards, stand_still)
{
	int fd = irq_eventfd();

	irq_connect(&self->from, INTX, fd);
	set_divisor(&self->from, 0, 100);
	vfio_dev_write8(&self->from, 0, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_14);
	mig_go(&self->from, STOP);
	vfio_dev_write8(&self->from, 0, UART_IER, UART_IER_RDI);
	vfio_dev_write8(&self->from, 0, UART_TX, 'x');
	usleep(200000);
	EXPECT_EQ(0, irq_take(fd));
	mig_go(&self->from, RUNNING);
	EXPECT_EQ(1, irq_wait(fd));
	EXPECT_EQ(UART_IIR_RX_TIMEOUT | 0xc0,
		  vfio_dev_read8(&self->from, 0, UART_IIR));
	close(fd);
}

/* A reset is that of a device that runs, whatever it did. */
TEST_F(cards, run_after_a_reset)
{
	int fd = irq_eventfd();

	mig_go(&self->from, STOP);
	ASSERT_EQ(0, __vfio_dev_reset(&self->from));
	EXPECT_EQ(RUNNING, __mig_get(&self->from));
	irq_connect(&self->from, INTX, fd);
	set_divisor(&self->from, 0, 1);
	vfio_dev_write8(&self->from, 0, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_14);
	vfio_dev_write8(&self->from, 0, UART_IER, UART_IER_RDI);
	vfio_dev_write8(&self->from, 0, UART_TX, 'x');
	EXPECT_EQ(1, irq_wait(fd));
	close(fd);
}

TEST_F(cards, send_what_they_are_first)
{
	struct pollfd poll_fd = { .events = POLLIN };
	__u64 initial, dirty;
	int fd;

	if (!mig_offers(&self->from, MIG_PRE_COPY))
		SKIP(return, "a kernel without PRE_COPY");
	mark(&self->from, 0, "early");
	ASSERT_EQ(0, __mig_set(&self->from, MIG_PRE_COPY, &fd));
	poll_fd.fd = fd;
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, __mig_precopy_info(fd, &initial, &dirty));
	EXPECT_EQ(MIG_HEADER_SIZE, initial);
	EXPECT_EQ(0, dirty);
	EXPECT_EQ(-ENOMSG, __mig_read(fd, self->stream));
	EXPECT_EQ(MIG_HEADER_SIZE, self->stream->size);
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	EXPECT_EQ(0, __mig_precopy_info(fd, &initial, &dirty));
	EXPECT_EQ(0, initial);

	/* It still runs. */
	vfio_dev_write8(&self->from, 0, UART_TX, '!');
	EXPECT_EQ(0, __mig_go(&self->from, STOP_COPY));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(-EINVAL, __mig_precopy_info(fd, &initial, &dirty));
	EXPECT_EQ(0, __mig_read(fd, self->stream));
	close(fd);

	ASSERT_EQ(0, __mig_load(&self->to, self->stream->data,
				self->stream->size));
	mig_go(&self->to, RUNNING);
	EXPECT_TRUE(is_marked(&self->to, 0, "early!"));
}

/* A file of a transfer that is over tells so; what was not yet read is gone. */
TEST_F(cards, end_a_transfer)
{
	struct pollfd poll_fd = { .events = POLLIN };
	char uuid[MDEV_UUID_SIZE];
	char byte = 0;
	int fd, i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, __mig_set(&self->from, i ? RESUMING : STOP_COPY,
				       &fd));
		poll_fd.fd = fd;
		EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
		EXPECT_EQ(ESPIPE, errno);
		EXPECT_EQ(-1, i ? read(fd, &byte, 1) : write(fd, &byte, 1));
		EXPECT_EQ(EBADF, errno);
		ASSERT_EQ(0, __vfio_dev_reset(&self->from));
		EXPECT_EQ(RUNNING, __mig_get(&self->from));
		EXPECT_EQ(1, poll(&poll_fd, 1, 0));
		EXPECT_TRUE(poll_fd.revents & POLLHUP);
		EXPECT_EQ(-1, i ? write(fd, &byte, 1) : read(fd, &byte, 1));
		EXPECT_EQ(ENODEV, errno);
		close(fd);
	}

	ASSERT_EQ(0, __mig_set(&self->from, STOP_COPY, &fd));
	mig_go(&self->from, STOP);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	ASSERT_EQ(0, __mig_set(&self->from, STOP_COPY, &fd));
	strcpy(uuid, self->from.uuid);
	vfio_dev_close(&self->from);
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	/* Whoever opens it next finds it running. */
	vfio_dev_open(&self->from, uuid);
	EXPECT_EQ(RUNNING, __mig_get(&self->from));
	close(fd);
}

/*
 * Streams of all kinds; what no device wrote changes nothing
 */

#define STILL "still here"

/* Writes, and sees that the target neither took it nor went on. */
static bool is_refused(struct vfio_dev *dev, const void *data, size_t size)
{
	int ret = __mig_load(dev, data, size);
	int state = __mig_get(dev);

	if (ret != -EINVAL || state != RESUMING) {
		printf("# %s, state %d\n", strerror(-ret), state);
		return false;
	}
	return true;
}

/* After many streams that were refused. In RESUMING it can still be read. */
static bool is_unchanged(struct vfio_dev *dev)
{
	return vfio_dev_read8(dev, 0, UART_SCR) == 0x50 &&
	       vfio_dev_read8(dev, 1, UART_SCR) == 0x51 &&
	       is_marked(dev, 0, STILL);
}

/* In RESUMING, a new file comes from leaving it by a reset only: keep what is marked. */
static void again(struct vfio_dev *dev)
{
	MDEV_ASSERT(!__vfio_dev_reset(dev), "reset");
	mark(dev, 0, STILL);
	mark(dev, 1, "");
}

TEST_F(cards, refuse_streams_that_are_cut)
{
	size_t size;

	mark(&self->from, 0, "cut");
	mig_save(&self->from, self->stream);
	for (size = 0; size < self->stream->size; size++) {
		again(&self->to);
		ASSERT_TRUE(is_refused(&self->to, self->stream->data, size))
			TH_LOG("%zu of %zu bytes", size, self->stream->size);
		ASSERT_TRUE(is_unchanged(&self->to));
	}
}

TEST_F(cards, refuse_streams_with_a_flipped_bit)
{
	size_t bit;

	mark(&self->from, 0, "flip");
	mig_save(&self->from, self->stream);
	for (bit = 0; bit < self->stream->size * 8; bit++) {
		again(&self->to);
		self->stream->data[bit / 8] ^= 1 << bit % 8;
		ASSERT_TRUE(is_refused(&self->to, self->stream->data,
				       self->stream->size))
			TH_LOG("bit %zu", bit);
		self->stream->data[bit / 8] ^= 1 << bit % 8;
		if (bit % 64 == 0)
			ASSERT_TRUE(is_unchanged(&self->to));
	}
	again(&self->to);
	EXPECT_EQ(0, __mig_load(&self->to, self->stream->data,
				self->stream->size));
}

/* Changes a good stream in a way that the checksum does not tell of. */
static int load_changed(struct vfio_dev *dev, struct mig_stream *stream,
			size_t pos, unsigned int mask)
{
	int ret;

	stream->data[pos] ^= mask;
	mig_seal(stream);
	ret = __mig_load(dev, stream->data, stream->size);
	stream->data[pos] ^= mask;
	mig_seal(stream);
	return ret;
}

TEST_F(cards, judge_the_header)
{
	/* Magic, version of the format, size of the header, type */
	static const unsigned int refused[] = { 0, 7, 8, 9, 12, 16, 20, 79 };
	unsigned int i;

	mig_save(&self->from, self->stream);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		again(&self->to);
		EXPECT_EQ(-EINVAL, load_changed(&self->to, self->stream,
						refused[i], 1))
			TH_LOG("byte %u", refused[i]);
		EXPECT_EQ(RESUMING, __mig_get(&self->to));
		EXPECT_TRUE(is_unchanged(&self->to));
	}

	/* A later minor version has nothing that this one has to know. */
	again(&self->to);
	EXPECT_EQ(0, load_changed(&self->to, self->stream, 10, 1));
}

/* Found out at the first byte that differs, while the source is still running */
TEST_F(cards, refuse_another_type_at_once)
{
	struct mig_stream *own = calloc(1, sizeof(*own));
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev small;
	int fd;

	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&small, uuid);
	mig_save(&small, own);
	mig_save(&self->from, self->stream);
	ASSERT_EQ(0, __mig_set(&small, RESUMING, &fd));
	EXPECT_EQ(16, write(fd, self->stream->data, 16));
	EXPECT_EQ(-1, write(fd, self->stream->data + 16, 64));
	EXPECT_EQ(EINVAL, errno);
	/* That was not taken, so one of its own goes on from there. */
	EXPECT_EQ(own->size - 16, write(fd, own->data + 16, own->size - 16));
	EXPECT_EQ(0, __mig_go(&small, STOP));
	vfio_dev_close(&small);
	close(fd);
	free(own);
}

/* Bytes of a record's contents, by what is wrong with it */
TEST_F(cards, judge_contents)
{
	const size_t head = MIG_RECORD_SIZE;
	static const struct {
		unsigned int tag;
		unsigned int offset;
		unsigned int mask;
	} refused[] = {
		{ MIG_TAG_CONFIG, PCI_VENDOR_ID, 1 },
		{ MIG_TAG_CONFIG, PCI_BASE_ADDRESS_0, 2 },
		{ MIG_TAG_CONFIG, PCI_INTERRUPT_PIN, 3 },
		{ MIG_TAG_CONFIG, 0xff, 1 },
		{ MIG_TAG_INTX, 0, 2 },
		{ MIG_TAG_INTX, 1, 2 },
		{ MIG_TAG_INTX, 2, 1 },
		{ MIG_TAG_INTX, 7, 1 },
		{ MIG_TAG_VENDOR, 2, 0x10 },	/* ier */
		{ MIG_TAG_VENDOR, 3, 0x08 },	/* fcr */
		{ MIG_TAG_VENDOR, 3, 0x01 },	/* a trigger without FIFO */
		{ MIG_TAG_VENDOR, 5, 0x20 },	/* mcr */
		{ MIG_TAG_VENDOR, 8, 0x08 },	/* flags */
		{ MIG_TAG_VENDOR, 8, 0x04 },	/* a time-out of nothing */
		{ MIG_TAG_VENDOR, 9, 0x11 },	/* 17 characters */
		{ MIG_TAG_VENDOR, 10, 0x01 },	/* one that is not there */
		{ MIG_TAG_VENDOR + 1, 41, 0x01 },
	};
	unsigned int i;
	size_t pos;

	mark(&self->from, 0, "");
	mark(&self->from, 1, "");
	mig_save(&self->from, self->stream);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		again(&self->to);
		pos = mig_find(self->stream, refused[i].tag);
		EXPECT_EQ(-EINVAL, load_changed(&self->to, self->stream,
						pos + head + refused[i].offset,
						refused[i].mask))
			TH_LOG("row %u", i);
		EXPECT_EQ(RESUMING, __mig_get(&self->to));
		EXPECT_TRUE(is_unchanged(&self->to));
	}
	/* What a driver may write is taken as it is. */
	again(&self->to);
	pos = mig_find(self->stream, MIG_TAG_CONFIG);
	EXPECT_EQ(0, load_changed(&self->to, self->stream,
				  pos + head + PCI_INTERRUPT_LINE, 5));
	EXPECT_EQ(5, vfio_dev_config(&self->to, PCI_INTERRUPT_LINE, 1));
}

static void drop_record(struct mig_stream *stream, unsigned int tag)
{
	size_t pos = mig_find(stream, tag);
	size_t size = mig_record_size(stream, pos);

	memmove(stream->data + pos, stream->data + pos + size,
		stream->size - pos - size);
	stream->size -= size;
	mig_seal(stream);
}

static void add_unknown(struct mig_stream *stream, unsigned int tag,
			unsigned int flags)
{
	mig_insert(stream, mig_find(stream, MIG_TAG_END), tag, flags, 3);
}

static void lacks_config(struct mig_stream *stream)
{
	drop_record(stream, MIG_TAG_CONFIG);
}

static void lacks_port(struct mig_stream *stream)
{
	drop_record(stream, MIG_TAG_VENDOR + 1);
}

static void swaps_ports(struct mig_stream *stream)
{
	size_t a = mig_find(stream, MIG_TAG_VENDOR);
	size_t size = mig_record_size(stream, a);
	__u8 copy[256];

	memcpy(copy, stream->data + a, size);
	memmove(stream->data + a, stream->data + a + size, size);
	memcpy(stream->data + a + size, copy, size);
	mig_seal(stream);
}

static void has_intx_twice(struct mig_stream *stream)
{
	mig_insert(stream, mig_find(stream, MIG_TAG_INTX), MIG_TAG_INTX,
		   MIG_MUST, 8);
}

static void has_to_be_understood(struct mig_stream *stream)
{
	add_unknown(stream, 0x1234, MIG_MUST);
}

static void has_unknown_flag(struct mig_stream *stream)
{
	add_unknown(stream, 0x1234, 2);
}

static void has_something_for_padding(struct mig_stream *stream)
{
	add_unknown(stream, 0x1234, 0);
	stream->data[mig_find(stream, 0x1234) + 15] = 1;
	mig_seal(stream);
}

/* In as much room */
static void is_one_byte_short(struct mig_stream *stream)
{
	stream->data[mig_find(stream, MIG_TAG_VENDOR) + 4]--;
	mig_seal(stream);
}

/* Than the stream, and than any */
static void is_longer(struct mig_stream *stream)
{
	memset(stream->data + mig_find(stream, MIG_TAG_VENDOR + 1) + 4, 0xff, 4);
}

static void goes_on_after_the_end(struct mig_stream *stream)
{
	memset(stream->data + stream->size, 0, 8);
	stream->size += 8;
}

static void has_a_long_checksum(struct mig_stream *stream)
{
	stream->data[mig_find(stream, MIG_TAG_END) + 4] = 8;
}

static void has_unknown_twice(struct mig_stream *stream)
{
	add_unknown(stream, 0x1234, 0);
	add_unknown(stream, 0x1234, 0);
}

/* Though both may be skipped */
static void is_not_in_order(struct mig_stream *stream)
{
	add_unknown(stream, 0x1234, 0);
	add_unknown(stream, 0x1233, 0);
}

TEST_F(cards, judge_records)
{
	static void (*const change[])(struct mig_stream *stream) = {
		lacks_config, lacks_port, swaps_ports, has_intx_twice,
		has_to_be_understood, has_unknown_flag,
		has_something_for_padding, is_one_byte_short, is_longer,
		goes_on_after_the_end, has_a_long_checksum, has_unknown_twice,
		is_not_in_order,
	};
	struct mig_stream *stream = self->stream;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(change); i++) {
		ASSERT_EQ(0, __vfio_dev_reset(&self->from));
		mig_save(&self->from, stream);
		again(&self->to);
		change[i](stream);
		EXPECT_TRUE(is_refused(&self->to, stream->data, stream->size))
			TH_LOG("change %u", i);
		EXPECT_TRUE(is_unchanged(&self->to));
	}

	/* What may be skipped is. */
	mig_go(&self->from, RUNNING);
	mig_save(&self->from, stream);
	again(&self->to);
	add_unknown(stream, 0x1234, 0);
	EXPECT_EQ(0, __mig_load(&self->to, stream->data, stream->size));
}

/* There is room for what a later version may add, but not for anything. */
TEST_F(cards, refuse_streams_without_end)
{
	static char zeros[65536];
	int fd;

	mig_save(&self->from, self->stream);
	ASSERT_EQ(0, __mig_set(&self->to, RESUMING, &fd));
	ASSERT_EQ(self->stream->size,
		  write(fd, self->stream->data, self->stream->size));
	EXPECT_EQ(sizeof(zeros), write(fd, zeros, sizeof(zeros)));
	EXPECT_EQ(-1, write(fd, zeros, 1));
	EXPECT_EQ(EFBIG, errno);
	EXPECT_EQ(-EINVAL, __mig_go(&self->to, STOP));
	close(fd);
}

TEST_F(cards, need_memory_that_is_there)
{
	struct mig_stream *stream = self->stream;
	char *cut = buffer_cut("", 1);
	int fd;

	ASSERT_EQ(0, __mig_set(&self->from, STOP_COPY, &fd));
	EXPECT_EQ(-1, read(fd, cut, 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, __mig_read(fd, stream));
	close(fd);
	ASSERT_EQ(0, __mig_set(&self->to, RESUMING, &fd));
	EXPECT_EQ(-1, write(fd, cut, 64));
	EXPECT_EQ(EFAULT, errno);
	/* Neither lost nor added a byte. */
	EXPECT_EQ(stream->size, write(fd, stream->data, stream->size));
	EXPECT_EQ(0, __mig_go(&self->to, STOP));
	close(fd);
	buffer_free(cut);
}

TEST_F(cards, read_what_earlier_ones_wrote)
{
	ASSERT_EQ(0, __mig_load(&self->to, mtty_stream_1_0,
				sizeof(mtty_stream_1_0)));
	mig_go(&self->to, RUNNING);
	EXPECT_TRUE(is_marked(&self->to, 0, "recorded"));
	EXPECT_TRUE(is_marked(&self->to, 1, "and read"));
	EXPECT_EQ(11, vfio_dev_config(&self->to, PCI_INTERRUPT_LINE, 1));
}

/*
 * Everything at once
 */

struct storm {
	struct vfio_dev *dev;
	bool stop;
	unsigned long done[4];
};

static void *change_states(void *arg)
{
	struct storm *storm = arg;
	unsigned int state = 1;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_RELAXED)) {
		storm->done[0] += !__mig_go(storm->dev, state);
		state = state % (MIG_STATES - 1) + 1;
	}
	return NULL;
}

static void *transfer(void *arg)
{
	struct storm *storm = arg;
	struct mig_stream *stream = calloc(1, sizeof(*stream));
	int fd;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_RELAXED)) {
		stream->size = 0;
		if (!__mig_set(storm->dev, STOP_COPY, &fd) && fd >= 0) {
			__mig_read(fd, stream);
			close(fd);
			storm->done[1] += stream->size > 0;
		}
		__mig_load(storm->dev, stream->data, stream->size);
	}
	free(stream);
	return NULL;
}

static void *reset_it(void *arg)
{
	struct storm *storm = arg;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_RELAXED))
		storm->done[2] += !__vfio_dev_reset(storm->dev);
	return NULL;
}

static void *use_it(void *arg)
{
	struct storm *storm = arg;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_RELAXED)) {
		vfio_dev_write8(storm->dev, 0, UART_FCR, UART_FCR_ENABLE_FIFO);
		vfio_dev_write8(storm->dev, 0, UART_TX, 'x');
		storm->done[3]++;
	}
	return NULL;
}

TEST_F(cards, stand_a_storm)
{
	static void *(*const jobs[])(void *) = {
		change_states, transfer, reset_it, use_it,
	};
	struct storm storm = { .dev = &self->from };
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, jobs[i], &storm));
	sleep(3);
	WAIT_FOR(storm.done[0] && storm.done[1] && storm.done[2] && storm.done[3]);
	__atomic_store_n(&storm.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_GT(storm.done[i], 0) TH_LOG("job %d", i);
	}
	ASSERT_EQ(0, __vfio_dev_reset(&self->from));
	mark(&self->from, 0, "calm");
	mig_save(&self->from, self->stream);
	ASSERT_EQ(0, __mig_load(&self->to, self->stream->data,
				self->stream->size));
	mig_go(&self->to, RUNNING);
	EXPECT_TRUE(is_marked(&self->to, 0, "calm"));
}

/*
 * Displays, whose memory goes with them
 */

TEST(display_moves_with_its_picture)
{
	struct vfio_region_info info;
	struct vfio_dev from, to;
	char uuid[MDEV_UUID_SIZE];
	__u32 *data, *mem;
	int in, out, ret;
	ssize_t done;
	size_t i;

	module_load("mdpy");
	mdev_create_new("mdpy", "mdpy-vga", uuid);
	vfio_dev_open(&from, uuid);
	mdev_create_new("mdpy", "mdpy-vga", uuid);
	vfio_dev_open(&to, uuid);
	vfio_dev_region(&from, 0, &info);
	mem = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   from.fd, info.offset);
	ASSERT_NE(MAP_FAILED, mem);
	for (i = 0; i < info.size / sizeof(*mem); i++)
		mem[i] = i * 2654435761u;

	ASSERT_EQ(0, __mig_set(&from, STOP_COPY, &out));
	ASSERT_EQ(0, __mig_set(&to, RESUMING, &in));
	data = malloc(1 << 20);
	while ((done = read(out, data, 1 << 20)) > 0)
		ASSERT_EQ(done, write(in, data, done));
	EXPECT_EQ(0, done);
	mig_go(&to, RUNNING);
	ASSERT_EQ(info.size, __vfio_dev_read(&to, 0, 0, mem, info.size));
	ret = 0;
	for (i = 0; i < info.size / sizeof(*mem); i++)
		ret |= mem[i] != (__u32)(i * 2654435761u);
	EXPECT_EQ(0, ret);
	free(data);
	munmap(mem, info.size);
	close(in);
	close(out);
	vfio_dev_close(&from);
	vfio_dev_close(&to);
	mdev_remove_all("mdpy");
}

/*
 * DMA engines, whose memory is the user's: here both see the same
 */

/* Of the vendor's record */
#define ENGINE_STATE_SIZE	8
#define ENGINE_STATE_HEAD	12
#define ENGINE_STATE_DONE	16
#define ENGINE_STATE_FLAGS	28

FIXTURE(engines) {
	struct engine from;
	struct engine to;
	struct mig_stream *stream;
};

FIXTURE_SETUP(engines)
{
	struct engine *from = &self->from, *to = &self->to;
	char uuid[MDEV_UUID_SIZE];

	engine_init(from);
	mdev_create_new(MDMA, MDMA_SMALL, uuid);
	vfio_dev_open(&from->dev, uuid);
	engine_attach(from);
	*to = *from;
	mdev_create_new(MDMA, MDMA_SMALL, uuid);
	vfio_dev_open(&to->dev, uuid);
	engine_connect(to);
	self->stream = calloc(1, sizeof(*self->stream));
	MDEV_ASSERT(self->stream, "out of memory");
}

FIXTURE_TEARDOWN(engines)
{
	free(self->stream);
	engine_detach(&self->from);
	engine_detach(&self->to);
	mdev_remove_all(MDMA);
}

/* What the driver knows moves with the guest that it is a part of. */
static void move_driver(struct engine *to, const struct engine *from)
{
	to->tail = from->tail;
	to->kicks = from->kicks;
}

static bool same_registers(struct engine *a, struct engine *b)
{
	unsigned int reg;
	bool same = true;

	for (reg = 0; reg < MDMA_REGISTERS; reg += 4) {
		if (engine_get(a, reg) == engine_get(b, reg))
			continue;
		printf("# register %#x: %#x and %#x\n", reg, engine_get(a, reg),
		       engine_get(b, reg));
		same = false;
	}
	return same;
}

TEST_F(engines, move)
{
	struct engine *from = &self->from, *to = &self->to;

	EXPECT_EQ(MDMA_OK, engine_fill(from, ENGINE_IOVA(0), ENGINE_SIZE, 7));
	EXPECT_EQ(MDMA_BAD_ADDRESS, engine_fill(from, 0, 1, 7));
	EXPECT_EQ(MDMA_OK, engine_copy(from, ENGINE_IOVA(1), ENGINE_IOVA(0), 99));
	EXPECT_TRUE(WAIT_FOR(from->doorbell[MDMA_ASLEEP / 4]));
	mig_save(&from->dev, self->stream);
	ASSERT_EQ(0, __mig_load(&to->dev, self->stream->data,
				self->stream->size));
	EXPECT_TRUE(same_registers(from, to));
	mig_go(&to->dev, RUNNING);
	EXPECT_TRUE(same_registers(from, to));
	EXPECT_EQ(3, engine_get(to, MDMA_DONE));
	EXPECT_EQ(1, engine_get(to, MDMA_ERRORS));
	EXPECT_EQ(3, engine_done(to));
	move_driver(to, from);
	EXPECT_EQ(MDMA_OK, engine_copy(to, ENGINE_IOVA(2), ENGINE_IOVA(0),
				       ENGINE_SIZE));
	EXPECT_EQ(0, memcmp(to->buffer[0], to->buffer[2], ENGINE_SIZE));
	EXPECT_EQ(4, engine_get(to, MDMA_DONE));
}

/* Commands of 16 KiB each, the @i-th of which fills its part with @i + 1 */
#define PART	(ENGINE_SIZE / ENGINE_RING)

static void put_many(struct engine *engine)
{
	unsigned int i;

	for (i = 0; i < ENGINE_RING; i++)
		engine_put(engine, MDMA_CMD(MDMA_FILL, .len = PART,
					    .target = ENGINE_IOVA(0) + i * PART,
					    .value = i + 1));
	engine_ring(engine);
}

/* The first @nr were done, all of each, and of the others nothing was begun. */
static bool has_done(struct engine *engine, unsigned int nr)
{
	const char *mem = engine->buffer[0];
	bool ok = true;
	size_t i;

	for (i = 0; i < ENGINE_RING; i++)
		ok &= engine->ring[i].status ==
		      (i < nr ? MDMA_OK : MDMA_PENDING);
	for (i = 0; i < ENGINE_SIZE; i++)
		ok &= mem[i] == (char)(i / PART < nr ? i / PART + 1 : 0);
	return ok && engine_done(engine) == nr &&
	       engine_get(engine, MDMA_DONE) == nr;
}

/* Between two commands, and there it goes on */
TEST_F(engines, move_in_the_middle)
{
	struct engine *from = &self->from, *to = &self->to;
	unsigned int done, between = 0;
	int i;

	for (i = 0; i < 10; i++) {
		memset(from->buffer[0], 0, ENGINE_SIZE);
		put_many(from);
		while (!engine_done(from))
			sched_yield();
		mig_save(&from->dev, self->stream);
		done = engine_done(from);
		between += done && done < ENGINE_RING;
		EXPECT_TRUE(has_done(from, done));
		usleep(10000);
		EXPECT_TRUE(has_done(from, done));
		ASSERT_EQ(0, __mig_load(&to->dev, self->stream->data,
					self->stream->size));
		move_driver(to, from);
		EXPECT_TRUE(has_done(to, done));
		mig_go(&to->dev, RUNNING);
		engine_drain(to, 0);
		EXPECT_TRUE(has_done(to, ENGINE_RING));
		ASSERT_EQ(0, __vfio_dev_reset(&from->dev));
		engine_enable(from);
	}
	TH_LOG("%u of 10 times in the middle", between);
}

/* Nor does it begin anything, whatever it is told meanwhile. */
TEST_F(engines, stand_still)
{
	struct engine *engine = &self->from;

	memset(engine->buffer[0], 0, ENGINE_SIZE);
	mig_go(&engine->dev, STOP);
	put_many(engine);
	engine_set(engine, MDMA_KICK, 1);
	engine_set(engine, MDMA_CONTROL, 0);
	engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	usleep(50000);
	EXPECT_TRUE(has_done(engine, 0));
	mig_go(&engine->dev, RUNNING);
	engine_drain(engine, 0);
	EXPECT_TRUE(has_done(engine, ENGINE_RING));
	/* A reset is that of a device that runs. */
	mig_go(&engine->dev, STOP);
	ASSERT_EQ(0, __vfio_dev_reset(&engine->dev));
	engine_enable(engine);
	EXPECT_EQ(MDMA_OK, engine_fill(engine, ENGINE_IOVA(0), 1, 0));
}

TEST_F(engines, keep_no_pins)
{
	struct engine *engine = &self->from;

	EXPECT_EQ(MDMA_OK, engine_fill(engine, ENGINE_IOVA(0), ENGINE_SIZE, 1));
	EXPECT_LT(0, vfio_dma_locked());
	mig_go(&engine->dev, STOP);
	EXPECT_EQ(0, vfio_dma_locked());
	mig_go(&engine->dev, RUNNING);
	EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(1), ENGINE_IOVA(0),
				       ENGINE_SIZE));
	EXPECT_EQ(0, memcmp(engine->buffer[0], engine->buffer[1], ENGINE_SIZE));
}

/* All that was written is told; when it stands still, once and for the last time. */
TEST_F(engines, tell_what_they_wrote)
{
	struct engine *engine = &self->from;
	__u64 dirty[ENGINE_PAGES / 64] = { };

	if (!dirty_log_available())
		SKIP(return, "this kernel has no log");
	dirty_start(&engine->dev, ENGINE_IOVA(0), ENGINE_SIZE);
	EXPECT_EQ(MDMA_OK, engine_fill(engine, ENGINE_IOVA(0) + 32 * PART,
				       2 * PART, 1));
	EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(0) + 5,
				       ENGINE_IOVA(1), 3 * ENGINE_PAGE));
	mig_go(&engine->dev, STOP);
	EXPECT_EQ(0, __dirty_report(&engine->dev, ENGINE_IOVA(0), ENGINE_SIZE,
				    ENGINE_PAGE, dirty));
	EXPECT_EQ(0xf, dirty[0]);
	EXPECT_EQ(0xff, dirty[2]);
	EXPECT_EQ(0, __dirty_report(&engine->dev, ENGINE_IOVA(0), ENGINE_SIZE,
				    ENGINE_PAGE, memset(dirty, 0, sizeof(dirty))));
	EXPECT_EQ(0, dirty[0]);
}

/* One that has lost its ring does not find it elsewhere. */
TEST_F(engines, move_when_stopped)
{
	struct engine *from = &self->from, *to = &self->to;

	vfio_dma_unmap(&from->dev, ENGINE_RING_IOVA, ENGINE_PAGE);
	engine_put(from, MDMA_CMD(MDMA_NOP));
	engine_ring(from);
	EXPECT_TRUE(WAIT_FOR(engine_get(from, MDMA_STATUS)));
	mig_save(&from->dev, self->stream);
	ASSERT_EQ(0, __mig_load(&to->dev, self->stream->data,
				self->stream->size));
	mig_go(&to->dev, RUNNING);
	EXPECT_TRUE(same_registers(from, to));
	EXPECT_EQ(MDMA_STATUS_STOPPED, engine_get(to, MDMA_STATUS));
	engine_set(to, MDMA_CONTROL, MDMA_CONTROL_RESET);
	engine_enable(to);
	EXPECT_EQ(MDMA_OK, engine_fill(to, ENGINE_IOVA(0), 1, 0));
}

/* In RESUMING registers can be read. One that was reset has a ring of no commands. */
static bool is_as_new(struct engine *engine)
{
	return !engine_get(engine, MDMA_RING_SIZE) &&
	       !engine_get(engine, MDMA_DONE) &&
	       !engine_get(engine, MDMA_CONTROL) && !engine_done(engine);
}

/* Of the page, which is most of it, not each byte is tried. */
static size_t next_byte(const struct mig_stream *stream, size_t pos)
{
	size_t page = mig_find(stream, MIG_TAG_REGION) + MIG_RECORD_SIZE;
	size_t end = mig_find(stream, MIG_TAG_VENDOR);

	return pos >= page && pos + 509 < end ? pos + 509 : pos + 1;
}

TEST_F(engines, refuse_streams_that_are_cut_or_flipped)
{
	struct mig_stream *stream = self->stream;
	struct vfio_dev *to = &self->to.dev;
	unsigned int bit;
	size_t pos;

	EXPECT_EQ(MDMA_OK, engine_fill(&self->from, ENGINE_IOVA(0), 1, 1));
	mig_save(&self->from.dev, stream);
	for (pos = 0; pos < stream->size; pos = next_byte(stream, pos)) {
		ASSERT_EQ(0, __vfio_dev_reset(to));
		ASSERT_TRUE(is_refused(to, stream->data, pos))
			TH_LOG("%zu of %zu bytes", pos, stream->size);
	}
	for (pos = 0; pos < stream->size; pos = next_byte(stream, pos)) {
		for (bit = 0; bit < 8; bit++) {
			ASSERT_EQ(0, __vfio_dev_reset(to));
			stream->data[pos] ^= 1 << bit;
			ASSERT_TRUE(is_refused(to, stream->data, stream->size))
				TH_LOG("byte %zu, bit %u", pos, bit);
			stream->data[pos] ^= 1 << bit;
		}
		ASSERT_TRUE(is_as_new(&self->to));
	}
}

TEST_F(engines, judge_contents)
{
	static const struct {
		unsigned int offset;
		unsigned int mask;
	} refused[] = {
		{ ENGINE_STATE_SIZE, 0x01 },		/* 65 commands */
		{ ENGINE_STATE_SIZE, 0x40 },		/* none */
		{ ENGINE_STATE_SIZE + 1, 0x20 },	/* 8256 */
		{ ENGINE_STATE_HEAD, 0x01 },
		{ ENGINE_STATE_DONE, 0x01 },
		{ ENGINE_STATE_DONE + 3, 0x80 },
		{ ENGINE_STATE_FLAGS, 0x02 },		/* enabled and stopped */
		{ ENGINE_STATE_FLAGS, 0x04 },
		{ ENGINE_STATE_FLAGS + 3, 0x80 },
	};
	struct vfio_dev *to = &self->to.dev;
	unsigned int i;
	size_t pos;

	EXPECT_EQ(MDMA_OK, engine_fill(&self->from, ENGINE_IOVA(0), 1, 1));
	EXPECT_EQ(MDMA_OK, engine_fill(&self->from, ENGINE_IOVA(0), 1, 1));
	mig_save(&self->from.dev, self->stream);
	pos = mig_find(self->stream, MIG_TAG_VENDOR) + MIG_RECORD_SIZE;
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		ASSERT_EQ(0, __vfio_dev_reset(to));
		EXPECT_EQ(-EINVAL, load_changed(to, self->stream,
						pos + refused[i].offset,
						refused[i].mask))
			TH_LOG("row %u", i);
		EXPECT_EQ(RESUMING, __mig_get(to));
		EXPECT_TRUE(is_as_new(&self->to));
	}
	/* One that is not enabled may have any size. */
	ASSERT_EQ(0, __vfio_dev_reset(to));
	self->stream->data[pos + ENGINE_STATE_FLAGS] = 0;
	EXPECT_EQ(0, load_changed(to, self->stream, pos + ENGINE_STATE_SIZE, 1));
	EXPECT_EQ(ENGINE_RING + 1, engine_get(&self->to, MDMA_RING_SIZE));
	EXPECT_EQ(0, engine_get(&self->to, MDMA_CONTROL));
	/* One that has stopped may have taken a command that it did not do, but one only. */
	ASSERT_EQ(0, __vfio_dev_reset(to));
	self->stream->data[pos + ENGINE_STATE_FLAGS] = 2;
	EXPECT_EQ(0, load_changed(to, self->stream, pos + ENGINE_STATE_HEAD, 1));
	ASSERT_EQ(0, __vfio_dev_reset(to));
	EXPECT_EQ(-EINVAL, load_changed(to, self->stream,
					pos + ENGINE_STATE_HEAD, 4));
}

TEST_F(engines, read_what_earlier_ones_wrote)
{
	struct engine *to = &self->to;

	mdma_stream_1_0(self->stream);
	ASSERT_EQ(0, __mig_load(&to->dev, self->stream->data,
				self->stream->size));
	EXPECT_EQ(MDMA_CONTROL_ENABLE, engine_get(to, MDMA_CONTROL));
	EXPECT_EQ((__u32)ENGINE_RING_IOVA, engine_get(to, MDMA_RING_LOW));
	EXPECT_EQ(0x76543210, engine_get(to, MDMA_RING_HIGH));
	EXPECT_EQ(16, engine_get(to, MDMA_RING_SIZE));
	EXPECT_EQ(5, engine_get(to, MDMA_DONE));
	EXPECT_EQ(2, engine_get(to, MDMA_ERRORS));
	EXPECT_EQ(9, engine_get(to, MDMA_KICK));
	EXPECT_EQ(5, engine_done(to));
	EXPECT_EQ(5, to->doorbell[MDMA_TAIL / 4]);
}

TEST(others_do_not_move)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	__u64 flags;

	module_load("mnull");
	mdev_create_new("mnull", "mnull-1", uuid);
	vfio_dev_open(&dev, uuid);
	EXPECT_EQ(-ENOTTY, __mig_flags(&dev, &flags));
	EXPECT_EQ(-ENOTTY, __mig_get(&dev));
	EXPECT_EQ(-ENOTTY, __mig_go(&dev, STOP));
	vfio_dev_close(&dev);
	mdev_remove_all("mnull");
}

TEST_HARNESS_MAIN
