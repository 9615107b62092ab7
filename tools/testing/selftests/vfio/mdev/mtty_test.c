// SPDX-License-Identifier: GPL-2.0-only
/*
 * mtty's ports as a driver sees them: a 16550A whose plug connects it to itself
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/serial_reg.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define FIFO_SIZE 16

/* So slow that no time-out interrupt comes during a test: 2 bytes a second */
#define SLOW_DIVISOR	0xffff
/* 115200 bauds */
#define FAST_DIVISOR	1

#define LSR_EMPTY	(UART_LSR_TEMT | UART_LSR_THRE)

FIXTURE(uart) {
	struct vfio_dev dev;
	unsigned int port;
};

FIXTURE_VARIANT(uart) {
	const char *type;
	unsigned int port;
};

FIXTURE_VARIANT_ADD(uart, single) { .type = MTTY_TYPE1, .port = 0 };
FIXTURE_VARIANT_ADD(uart, first) { .type = MTTY_TYPE2, .port = 0 };
FIXTURE_VARIANT_ADD(uart, second) { .type = MTTY_TYPE2, .port = 1 };

static void set_divisor(struct vfio_dev *dev, unsigned int port,
			unsigned int divisor)
{
	vfio_dev_write8(dev, port, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	vfio_dev_write8(dev, port, UART_DLL, divisor & 0xff);
	vfio_dev_write8(dev, port, UART_DLM, divisor >> 8);
	vfio_dev_write8(dev, port, UART_LCR, UART_LCR_WLEN8);
}

FIXTURE_SETUP(uart)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, variant->type, uuid);
	vfio_dev_open(&self->dev, uuid);
	self->port = variant->port;
	set_divisor(&self->dev, self->port, SLOW_DIVISOR);
}

FIXTURE_TEARDOWN(uart)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MTTY_PARENT);
}

#define in(reg)		vfio_dev_read8(&self->dev, self->port, reg)
#define out(reg, value)	vfio_dev_write8(&self->dev, self->port, reg, value)

/* Power-on state: nothing enabled, nothing received, transmitter empty. */
TEST_F(uart, reset_state)
{
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, in(UART_IER));
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	EXPECT_EQ(0, in(UART_LCR));
	EXPECT_EQ(0, in(UART_MCR));
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
	EXPECT_EQ(0, in(UART_MSR) & UART_MSR_ANY_DELTA);
	EXPECT_EQ(0, in(UART_SCR));
}

/* A reset brings it back, whatever was done. */
TEST_F(uart, reset_clears_everything)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_TX, 'x');
	out(UART_IER, UART_IER_RDI | UART_IER_THRI);
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
	out(UART_SCR, 0x5a);
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, in(UART_IER));
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	EXPECT_EQ(0, in(UART_MCR));
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
	EXPECT_EQ(0, in(UART_SCR));
}

/* The scratch register keeps any value. */
TEST_F(uart, scratch)
{
	unsigned int value;

	for (value = 0; value < 256; value++) {
		out(UART_SCR, value);
		ASSERT_EQ(value, in(UART_SCR));
	}
}

/* The line control register reads as written. */
TEST_F(uart, line_control)
{
	out(UART_LCR, UART_LCR_WLEN7 | UART_LCR_PARITY | UART_LCR_STOP);
	EXPECT_EQ(UART_LCR_WLEN7 | UART_LCR_PARITY | UART_LCR_STOP,
		  in(UART_LCR));
}

/* Bits that a 16550A does not have read as zero. */
TEST_F(uart, reserved_bits)
{
	out(UART_IER, 0xff);
	EXPECT_EQ(0x0f, in(UART_IER));
	out(UART_IER, 0);
	out(UART_MCR, 0xff);
	EXPECT_EQ(0x1f, in(UART_MCR));
}

/* With DLAB, the first two registers are the divisor, each byte on its own. */
TEST_F(uart, divisor_latch)
{
	out(UART_IER, UART_IER_RLSI);
	out(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	EXPECT_EQ(0xff, in(UART_DLL));
	EXPECT_EQ(0xff, in(UART_DLM));
	out(UART_DLL, 0x12);
	out(UART_DLM, 0x34);
	out(UART_DLL, 0x0c);
	EXPECT_EQ(0x0c, in(UART_DLL));
	EXPECT_EQ(0x34, in(UART_DLM));
	out(UART_LCR, UART_LCR_WLEN8);
	EXPECT_EQ(UART_IER_RLSI, in(UART_IER));
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
	out(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	EXPECT_EQ(0x0c, in(UART_DLL));
	EXPECT_EQ(0x34, in(UART_DLM));
}

/* What is sent is received, and the line status tells of it. */
TEST_F(uart, loopback_by_the_plug)
{
	unsigned int value;

	for (value = 0; value < 256; value += 5) {
		ASSERT_EQ(LSR_EMPTY, in(UART_LSR));
		out(UART_TX, value);
		ASSERT_EQ(LSR_EMPTY | UART_LSR_DR, in(UART_LSR));
		ASSERT_EQ(value, in(UART_RX));
	}
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
}

/* In loop mode, it is received without a plug. */
TEST_F(uart, loopback_by_loop_mode)
{
	out(UART_MCR, UART_MCR_LOOP);
	out(UART_TX, 0xc3);
	EXPECT_EQ(LSR_EMPTY | UART_LSR_DR, in(UART_LSR));
	EXPECT_EQ(0xc3, in(UART_RX));
}

/* A short word does not carry the upper bits. */
TEST_F(uart, word_length)
{
	static const unsigned char mask[] = { 0x1f, 0x3f, 0x7f, 0xff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mask); i++) {
		out(UART_LCR, i);
		out(UART_TX, 0xff);
		EXPECT_EQ(mask[i], in(UART_RX));
	}
}

/* The FIFO holds sixteen characters and gives them back in order. */
TEST_F(uart, fifo_order)
{
	int i, round;

	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < FIFO_SIZE; i++)
			out(UART_TX, 'a' + i + round);
		EXPECT_EQ(LSR_EMPTY | UART_LSR_DR, in(UART_LSR));
		for (i = 0; i < FIFO_SIZE; i++)
			EXPECT_EQ('a' + i + round, in(UART_RX));
		EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
	}
}

/* The seventeenth is lost; that is told once, and the others are kept. */
TEST_F(uart, fifo_overrun)
{
	int i;

	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	for (i = 0; i < FIFO_SIZE + 1; i++)
		out(UART_TX, 'a' + i);
	EXPECT_EQ(LSR_EMPTY | UART_LSR_DR | UART_LSR_OE, in(UART_LSR));
	EXPECT_EQ(LSR_EMPTY | UART_LSR_DR, in(UART_LSR));
	for (i = 0; i < FIFO_SIZE; i++)
		EXPECT_EQ('a' + i, in(UART_RX));
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
}

/* Without FIFO there is room for one, and the last one is kept. */
TEST_F(uart, overrun_without_fifo)
{
	out(UART_TX, 'a');
	out(UART_TX, 'b');
	EXPECT_EQ(LSR_EMPTY | UART_LSR_DR | UART_LSR_OE, in(UART_LSR));
	EXPECT_EQ('b', in(UART_RX));
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
}

/* The upper bits of IIR tell whether the FIFO is on: how drivers find a 16550A. */
TEST_F(uart, fifo_is_shown_in_iir)
{
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	EXPECT_EQ(0xc0 | UART_IIR_NO_INT, in(UART_IIR));
	out(UART_FCR, 0);
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
}

/* Clearing and switching the FIFO drop what is in it. */
TEST_F(uart, fifo_clear)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_TX, 'a');
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
	out(UART_TX, 'b');
	out(UART_FCR, 0);
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
	out(UART_TX, 'c');
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
}

/* Clearing the transmitter leaves the receiver alone. */
TEST_F(uart, fifo_clear_of_the_transmitter)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_TX, 'a');
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_XMIT);
	EXPECT_EQ(LSR_EMPTY | UART_LSR_DR, in(UART_LSR));
	EXPECT_EQ('a', in(UART_RX));
}

/* A receive interrupt is pending from the trigger level on, and not below. */
TEST_F(uart, trigger_levels)
{
	static const unsigned char levels[] = { 1, 4, 8, 14 };
	unsigned int i, n;

	out(UART_IER, UART_IER_RDI);
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR |
		    i << 6);
		for (n = 1; n <= FIFO_SIZE; n++) {
			out(UART_TX, n);
			EXPECT_EQ(0xc0 | (n < levels[i] ? UART_IIR_NO_INT :
							  UART_IIR_RDI),
				  in(UART_IIR))
				TH_LOG("%u of %u", n, levels[i]);
		}
		for (n = FIFO_SIZE; n-- > 0;) {
			in(UART_RX);
			EXPECT_EQ(0xc0 | (n < levels[i] ? UART_IIR_NO_INT :
							  UART_IIR_RDI),
				  in(UART_IIR))
				TH_LOG("back to %u of %u", n, levels[i]);
		}
	}
}

/* A few characters that wait for more to come are told of after a time. */
TEST_F(uart, receive_timeout)
{
	int fd = irq_eventfd();

	set_divisor(&self->dev, self->port, FAST_DIVISOR);
	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	out(UART_IER, UART_IER_RDI);
	out(UART_TX, 'a');
	EXPECT_EQ(1, irq_wait(fd));
	EXPECT_EQ(0xc0 | UART_IIR_RX_TIMEOUT, in(UART_IIR));
	EXPECT_EQ(0xc0 | UART_IIR_RX_TIMEOUT, in(UART_IIR));
	EXPECT_EQ('a', in(UART_RX));
	EXPECT_EQ(0xc0 | UART_IIR_NO_INT, in(UART_IIR));
	EXPECT_EQ(0, __irq_unmask(&self->dev, VFIO_PCI_INTX_IRQ_INDEX));
	EXPECT_EQ(0, irq_take(fd));

	out(UART_TX, 'b');
	EXPECT_EQ(1, irq_wait(fd));
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR |
	    UART_FCR_TRIGGER_14);
	EXPECT_EQ(0xc0 | UART_IIR_NO_INT, in(UART_IIR));
	close(fd);
}

/* There is none without FIFO, and none at a slow rate. */
TEST_F(uart, no_receive_timeout)
{
	int fd = irq_eventfd();

	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	out(UART_IER, UART_IER_RDI);
	out(UART_TX, 'a');
	usleep(WAIT_SHORT_MS * 1000);
	EXPECT_EQ(0xc0 | UART_IIR_NO_INT, in(UART_IIR));
	EXPECT_EQ(0, irq_take(fd));

	out(UART_FCR, 0);
	set_divisor(&self->dev, self->port, FAST_DIVISOR);
	out(UART_TX, 'b');
	EXPECT_EQ(1, irq_take(fd));
	usleep(WAIT_SHORT_MS * 1000);
	EXPECT_EQ(UART_IIR_RDI, in(UART_IIR));
	close(fd);
}

/* Lets a character wait for others, for half a second that has just begun. */
static void let_wait(struct vfio_dev *dev, unsigned int port)
{
	set_divisor(dev, port, 1440);
	vfio_dev_write8(dev, port, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_14);
	vfio_dev_write8(dev, port, UART_IER, UART_IER_RDI);
	vfio_dev_write8(dev, port, UART_TX, 'a');
}

/* A card is closed and removed while characters wait; nothing comes later. */
TEST_F(uart, closed_while_characters_wait)
{
	char uuid[MDEV_UUID_SIZE];
	int fd = irq_eventfd();

	memcpy(uuid, self->dev.uuid, sizeof(uuid));
	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	let_wait(&self->dev, self->port);
	vfio_dev_close(&self->dev);
	/* A timer that goes on is freed with the card. */
	mdev_remove(uuid);
	EXPECT_EQ(0, irq_take(fd));
	close(fd);
}

/* Neither has the next user, nor who resets the card, anything to wait for. */
TEST_F(uart, nobody_waits_after_a_reset)
{
	char uuid[MDEV_UUID_SIZE];
	int fd = irq_eventfd();

	memcpy(uuid, self->dev.uuid, sizeof(uuid));
	let_wait(&self->dev, self->port);
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, uuid);
	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	let_wait(&self->dev, self->port);
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_IER, UART_IER_RDI);
	usleep(WAIT_SHORT_MS * 1000);
	EXPECT_EQ(0xc0 | UART_IIR_NO_INT, in(UART_IIR));
	EXPECT_EQ(0, irq_take(fd));
	close(fd);
}

/* A reset reaches the port, and the interrupt that it asked for is gone. */
TEST_F(uart, reset_ends_the_interrupt)
{
	int fd = irq_eventfd();

	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	out(UART_SCR, 0x5a);
	out(UART_IER, UART_IER_RDI);
	out(UART_TX, 'a');
	EXPECT_EQ(1, irq_take(fd));
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	/* Before the port is accessed, which makes it look at its interrupt */
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) &
		     PCI_STATUS_INTERRUPT);
	EXPECT_EQ(0, __irq_unmask(&self->dev, VFIO_PCI_INTX_IRQ_INDEX));
	EXPECT_EQ(0, irq_take(fd));
	EXPECT_EQ(0, in(UART_SCR));
	close(fd);
}

/* An interrupt is over when its reason has been read, at once. */
TEST_F(uart, reading_ends_the_interrupt)
{
	static const struct {
		int enable;
		int cause;
		int reg;
	} ways[] = {
		{ UART_IER_RLSI, UART_TX, UART_LSR },
		{ UART_IER_RDI, UART_TX, UART_RX },
		{ UART_IER_THRI, UART_TX, UART_IIR },
		{ UART_IER_MSI, UART_MCR, UART_MSR },
	};
	int fd = irq_eventfd();
	unsigned int i;

	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		out(UART_IER, ways[i].enable);
		out(ways[i].cause, UART_MCR_RTS);
		out(ways[i].cause, UART_MCR_RTS);
		EXPECT_EQ(1, irq_take(fd))
			TH_LOG("register %d", ways[i].reg);
		if (ways[i].reg != UART_RX)
			in(UART_RX);
		in(ways[i].reg);
		EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) &
			     PCI_STATUS_INTERRUPT)
			TH_LOG("register %d", ways[i].reg);
		EXPECT_EQ(0, __irq_unmask(&self->dev, VFIO_PCI_INTX_IRQ_INDEX));
		EXPECT_EQ(0, irq_take(fd));
	}
	close(fd);
}

/* Of several interrupts, the most urgent is shown, until it is dealt with. */
TEST_F(uart, interrupt_priorities)
{
	out(UART_MCR, UART_MCR_RTS);
	out(UART_TX, 'a');
	out(UART_TX, 'b');
	out(UART_IER, UART_IER_RLSI | UART_IER_RDI | UART_IER_THRI |
	    UART_IER_MSI);
	EXPECT_EQ(UART_IIR_RLSI, in(UART_IIR));
	EXPECT_NE(0, in(UART_LSR) & UART_LSR_OE);
	EXPECT_EQ(UART_IIR_RDI, in(UART_IIR));
	EXPECT_EQ('b', in(UART_RX));
	EXPECT_EQ(UART_IIR_THRI, in(UART_IIR));
	EXPECT_EQ(UART_IIR_MSI, in(UART_IIR));
	EXPECT_NE(0, in(UART_MSR) & UART_MSR_DCTS);
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
}

/* An interrupt that is not enabled is not shown. */
TEST_F(uart, interrupt_enable)
{
	out(UART_MCR, UART_MCR_RTS);
	out(UART_TX, 'a');
	out(UART_TX, 'b');
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	out(UART_IER, UART_IER_MSI);
	EXPECT_EQ(UART_IIR_MSI, in(UART_IIR));
	out(UART_IER, UART_IER_RDI);
	EXPECT_EQ(UART_IIR_RDI, in(UART_IIR));
	out(UART_IER, 0);
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
}

/* An empty transmitter is told of once, when it becomes so or is asked for. */
TEST_F(uart, transmitter_interrupt)
{
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	out(UART_IER, UART_IER_THRI);
	EXPECT_EQ(UART_IIR_THRI, in(UART_IIR));
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	out(UART_TX, 'a');
	EXPECT_EQ(UART_IIR_THRI, in(UART_IIR));
	EXPECT_EQ(UART_IIR_NO_INT, in(UART_IIR));
	out(UART_IER, 0);
	out(UART_IER, UART_IER_THRI);
	EXPECT_EQ(UART_IIR_THRI, in(UART_IIR));
}

/* The plug connects RTS with CTS, and DTR with DSR and DCD. */
TEST_F(uart, modem_lines_of_the_plug)
{
	in(UART_MSR);
	EXPECT_EQ(0, in(UART_MSR));
	out(UART_MCR, UART_MCR_RTS);
	EXPECT_EQ(UART_MSR_CTS | UART_MSR_DCTS, in(UART_MSR));
	EXPECT_EQ(UART_MSR_CTS, in(UART_MSR));
	out(UART_MCR, UART_MCR_RTS | UART_MCR_DTR);
	EXPECT_EQ(UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD | UART_MSR_DDSR |
		  UART_MSR_DDCD, in(UART_MSR));
	out(UART_MCR, 0);
	EXPECT_EQ(UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD, in(UART_MSR));
	EXPECT_EQ(0, in(UART_MSR));
}

/* Loop mode connects all four; of the ring indicator, only its end counts. */
TEST_F(uart, modem_lines_of_loop_mode)
{
	out(UART_MCR, UART_MCR_LOOP);
	in(UART_MSR);
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	EXPECT_EQ(UART_MSR_CTS | UART_MSR_DCTS, in(UART_MSR));
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_DTR);
	EXPECT_EQ(UART_MSR_DSR | UART_MSR_DDSR | UART_MSR_DCTS, in(UART_MSR));
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
	EXPECT_EQ(UART_MSR_DCD | UART_MSR_DDCD | UART_MSR_DDSR, in(UART_MSR));
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	EXPECT_EQ(UART_MSR_RI | UART_MSR_DDCD, in(UART_MSR));
	out(UART_MCR, UART_MCR_LOOP);
	EXPECT_EQ(UART_MSR_TERI, in(UART_MSR));
}

/* Line and modem status cannot be written. */
TEST_F(uart, status_is_read_only)
{
	in(UART_MSR);
	out(UART_MSR, 0xff);
	EXPECT_EQ(0, in(UART_MSR));
	out(UART_LSR, 0xff);
	EXPECT_EQ(LSR_EMPTY, in(UART_LSR));
}

/* A break is received as one zero that lacks its stop bit. */
TEST_F(uart, line_break)
{
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_IER, UART_IER_RLSI);
	out(UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	EXPECT_EQ(0xc0 | UART_IIR_RLSI, in(UART_IIR));
	EXPECT_EQ(UART_LSR_BI | UART_LSR_FE | UART_LSR_DR,
		  in(UART_LSR) & (UART_LSR_BI | UART_LSR_FE | UART_LSR_DR));
	EXPECT_EQ(LSR_EMPTY | UART_LSR_DR, in(UART_LSR));
	EXPECT_EQ(0, in(UART_RX));
	out(UART_LCR, UART_LCR_WLEN8);
	out(UART_TX, 'a');
	EXPECT_EQ('a', in(UART_RX));
}

#define STREAM_SIZE 4096

/*
 * What a driver's interrupt handler does: takes what there is, refills the
 * transmitter, until there is no reason left.
 */
static void serve_interrupt(struct vfio_dev *dev, unsigned int port,
			    const unsigned char *tx, size_t *sent,
			    unsigned char *rx, size_t *received)
{
	int i;

	while (!(vfio_dev_read8(dev, port, UART_IIR) & UART_IIR_NO_INT)) {
		while (vfio_dev_read8(dev, port, UART_LSR) & UART_LSR_DR &&
		       *received < STREAM_SIZE)
			rx[(*received)++] = vfio_dev_read8(dev, port, UART_RX);
		for (i = 0; i < 14 && *sent < STREAM_SIZE; i++)
			vfio_dev_write8(dev, port, UART_TX, tx[(*sent)++]);
	}
}

/* Returns how many bytes came back before no interrupt came any more. */
static size_t stream(struct vfio_dev *dev, unsigned int port,
		     unsigned int index, const unsigned char *tx,
		     unsigned char *rx)
{
	size_t sent = 0, received = 0;
	int fd = irq_eventfd();

	irq_connect(dev, index, fd);
	vfio_dev_write8(dev, port, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_8);
	vfio_dev_write8(dev, port, UART_IER, UART_IER_RDI | UART_IER_THRI);
	while (received < STREAM_SIZE && irq_wait(fd)) {
		serve_interrupt(dev, port, tx, &sent, rx, &received);
		if (index == VFIO_PCI_INTX_IRQ_INDEX)
			__irq_unmask(dev, index);
	}
	__irq_disable(dev, index);
	close(fd);
	return received;
}

/* A driver that works by the interrupt line sends 4 KiB and gets them back. */
TEST_F(uart, stream_by_intx)
{
	static unsigned char tx[STREAM_SIZE], rx[STREAM_SIZE];
	int i;

	set_divisor(&self->dev, self->port, FAST_DIVISOR);
	for (i = 0; i < STREAM_SIZE; i++)
		tx[i] = random();
	EXPECT_EQ(STREAM_SIZE, stream(&self->dev, self->port,
				      VFIO_PCI_INTX_IRQ_INDEX, tx, rx));
	EXPECT_EQ(0, memcmp(tx, rx, STREAM_SIZE));
	EXPECT_EQ(0, in(UART_LSR) & UART_LSR_OE);
}

/* So does one that works by messages. */
TEST_F(uart, stream_by_msi)
{
	static unsigned char tx[STREAM_SIZE], rx[STREAM_SIZE];
	int i;

	set_divisor(&self->dev, self->port, FAST_DIVISOR);
	for (i = 0; i < STREAM_SIZE; i++)
		tx[i] = random();
	EXPECT_EQ(STREAM_SIZE, stream(&self->dev, self->port,
				      VFIO_PCI_MSI_IRQ_INDEX, tx, rx));
	EXPECT_EQ(0, memcmp(tx, rx, STREAM_SIZE));
	EXPECT_EQ(0, in(UART_LSR) & UART_LSR_OE);
}

FIXTURE(card) {
	struct vfio_dev dev;
};

FIXTURE_SETUP(card)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE2, uuid);
	vfio_dev_open(&self->dev, uuid);
	vfio_dev_write8(&self->dev, 0, UART_LCR, UART_LCR_WLEN8);
	vfio_dev_write8(&self->dev, 1, UART_LCR, UART_LCR_WLEN8);
}

FIXTURE_TEARDOWN(card)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MTTY_PARENT);
}

/* The two ports of a card have nothing in common but the interrupt. */
TEST_F(card, ports_are_apart)
{
	vfio_dev_write8(&self->dev, 0, UART_TX, 'a');
	EXPECT_EQ(LSR_EMPTY, vfio_dev_read8(&self->dev, 1, UART_LSR));
	vfio_dev_write8(&self->dev, 1, UART_TX, 'b');
	EXPECT_EQ('a', vfio_dev_read8(&self->dev, 0, UART_RX));
	EXPECT_EQ('b', vfio_dev_read8(&self->dev, 1, UART_RX));
	vfio_dev_write8(&self->dev, 0, UART_MCR, UART_MCR_RTS);
	EXPECT_EQ(0, vfio_dev_read8(&self->dev, 1, UART_MSR));
}

/* The interrupt is there as long as one of the two asks for it. */
TEST_F(card, ports_share_the_interrupt)
{
	int fd = irq_eventfd();

	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, fd);
	vfio_dev_write8(&self->dev, 0, UART_IER, UART_IER_RDI);
	vfio_dev_write8(&self->dev, 1, UART_IER, UART_IER_RDI);
	vfio_dev_write8(&self->dev, 0, UART_TX, 'a');
	EXPECT_EQ(1, irq_take(fd));
	vfio_dev_write8(&self->dev, 1, UART_TX, 'b');
	EXPECT_EQ(0, irq_take(fd));
	EXPECT_EQ('a', vfio_dev_read8(&self->dev, 0, UART_RX));
	EXPECT_EQ(0, __irq_unmask(&self->dev, VFIO_PCI_INTX_IRQ_INDEX));
	EXPECT_EQ(1, irq_take(fd));
	EXPECT_EQ('b', vfio_dev_read8(&self->dev, 1, UART_RX));
	EXPECT_EQ(0, __irq_unmask(&self->dev, VFIO_PCI_INTX_IRQ_INDEX));
	EXPECT_EQ(0, irq_take(fd));
	close(fd);
}

struct echo {
	struct vfio_dev *dev;
	unsigned int port;
	int wrong;
};

static void *echo_many(void *arg)
{
	struct echo *echo = arg;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		vfio_dev_write8(echo->dev, echo->port, UART_TX, i);
		if (vfio_dev_read8(echo->dev, echo->port, UART_RX) !=
		    (i & 0xff))
			echo->wrong++;
	}
	return NULL;
}

/* Two threads that use a port each do not disturb each other. */
TEST_F(card, ports_at_the_same_time)
{
	struct echo echo[2] = {
		{ .dev = &self->dev, .port = 0 },
		{ .dev = &self->dev, .port = 1 },
	};
	pthread_t thread[2];
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, echo_many,
					    &echo[i]));
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, echo[i].wrong);
	}
}

TEST_HARNESS_MAIN
