// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the UART, by what its data sheet says of its registers
 *
 * A UART of mtty is a plain struct whose functions know neither VFIO nor time, so
 * the tests drive it as a driver would.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/serial_reg.h>

#include "mtty_uart.h"

#define MTTY_UART_IDLE	(UART_LSR_TEMT | UART_LSR_THRE)
#define MTTY_UART_FIFOS	0xc0	/* in IIR, while FIFOs are enabled */
#define MTTY_UART_NO_FIFOS	0

static int mtty_uart_kunit_init(struct kunit *test)
{
	struct mtty_uart *uart;

	uart = kunit_kzalloc(test, sizeof(*uart), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, uart);
	mtty_uart_reset(uart);
	test->priv = uart;
	return 0;
}

/* Sends @count characters, @first and up. */
static void mtty_uart_kunit_send(struct mtty_uart *uart, u8 first,
				 unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		mtty_uart_write(uart, UART_TX, first + i);
}

/* Reads what mtty_uart_kunit_send() sent, and finds nothing after it. */
static void mtty_uart_kunit_receive(struct kunit *test, u8 first,
				    unsigned int count)
{
	struct mtty_uart *uart = test->priv;
	unsigned int i;

	for (i = 0; i < count; i++) {
		KUNIT_EXPECT_TRUE(test, mtty_uart_read(uart, UART_LSR) &
				  UART_LSR_DR);
		KUNIT_EXPECT_EQ(test, first + i, mtty_uart_read(uart, UART_RX));
	}
	KUNIT_EXPECT_FALSE(test, mtty_uart_read(uart, UART_LSR) & UART_LSR_DR);
}

/* The interrupt is @iir, and the output says so, too. */
static void mtty_uart_kunit_irq(struct kunit *test, u8 iir)
{
	struct mtty_uart *uart = test->priv;

	KUNIT_EXPECT_EQ(test, !(iir & UART_IIR_NO_INT), mtty_uart_irq(uart));
	KUNIT_EXPECT_EQ(test, iir, mtty_uart_read(uart, UART_IIR));
}

/* After power on, nothing is enabled, pending or received. */
static void mtty_uart_after_reset(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	unsigned int reg;

	for (reg = 0; reg < MTTY_UART_REGS; reg++) {
		mtty_uart_write(uart, reg, 0xff);
		mtty_uart_write(uart, UART_LCR, 0x7f);
	}
	mtty_uart_reset(uart);

	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_IER));
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_LCR));
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_MCR));
	KUNIT_EXPECT_EQ(test, MTTY_UART_IDLE, mtty_uart_read(uart, UART_LSR));
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_MSR));
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_timeout_us(uart));
	/* Whatever timer runs is to be stopped. */
	KUNIT_EXPECT_TRUE(test, mtty_uart_rx_active(uart));
}

/* Registers keep the bits that they have; status cannot be written. */
static void mtty_uart_register_bits(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	unsigned int value;

	for (value = 0; value <= 0xff; value++) {
		mtty_uart_write(uart, UART_SCR, value);
		mtty_uart_write(uart, UART_LCR, value);
		KUNIT_EXPECT_EQ(test, value, mtty_uart_read(uart, UART_SCR));
		KUNIT_EXPECT_EQ(test, value, mtty_uart_read(uart, UART_LCR));
		mtty_uart_write(uart, UART_LCR, 0);
		mtty_uart_write(uart, UART_IER, value);
		mtty_uart_write(uart, UART_MCR, value);
		KUNIT_EXPECT_EQ(test, value & 0x0f,
				mtty_uart_read(uart, UART_IER));
		KUNIT_EXPECT_EQ(test, value & 0x1f,
				mtty_uart_read(uart, UART_MCR));
	}

	mtty_uart_reset(uart);
	mtty_uart_write(uart, UART_LSR, 0xff);
	mtty_uart_write(uart, UART_MSR, 0xff);
	KUNIT_EXPECT_EQ(test, MTTY_UART_IDLE, mtty_uart_read(uart, UART_LSR));
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_MSR));
}

/* The latch bit brings up the divisor, and leaves what it hides alone. */
static void mtty_uart_divisor_latch(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_kunit_send(uart, 0x41, 1);
	mtty_uart_write(uart, UART_IER, UART_IER_RDI);

	mtty_uart_write(uart, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	mtty_uart_write(uart, UART_DLL, 0x34);
	mtty_uart_write(uart, UART_DLM, 0x12);
	KUNIT_EXPECT_EQ(test, 0x34, mtty_uart_read(uart, UART_DLL));
	KUNIT_EXPECT_EQ(test, 0x12, mtty_uart_read(uart, UART_DLM));
	mtty_uart_write(uart, UART_DLL, 0xff);
	KUNIT_EXPECT_EQ(test, 0x12, mtty_uart_read(uart, UART_DLM));
	mtty_uart_write(uart, UART_DLM, 0x00);
	KUNIT_EXPECT_EQ(test, 0xff, mtty_uart_read(uart, UART_DLL));
	/* Other registers stay where they are. */
	mtty_uart_kunit_irq(test, UART_IIR_RDI);

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	KUNIT_EXPECT_EQ(test, UART_IER_RDI, mtty_uart_read(uart, UART_IER));
	mtty_uart_kunit_receive(test, 0x41, 1);
}

/* A character has as many bits as the line carries. */
static void mtty_uart_word_length(struct kunit *test)
{
	static const u8 masks[] = { 0x1f, 0x3f, 0x7f, 0xff };
	struct mtty_uart *uart = test->priv;
	unsigned int lcr;

	for (lcr = UART_LCR_WLEN5; lcr <= UART_LCR_WLEN8; lcr++) {
		mtty_uart_write(uart, UART_LCR, lcr);
		mtty_uart_kunit_send(uart, 0xff, 1);
		mtty_uart_kunit_receive(test, masks[lcr], 1);
		mtty_uart_kunit_send(uart, 0xa5, 1);
		mtty_uart_kunit_receive(test, 0xa5 & masks[lcr], 1);
	}
}

/*
 * Receiver
 */

/* The FIFO gives back what was sent in that order, however full it is. */
static void mtty_uart_fifo_order(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	unsigned int count, i;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	for (count = 0; count <= MTTY_UART_FIFO_SIZE; count++) {
		for (i = 0; i < 5; i++) {
			mtty_uart_kunit_send(uart, 16 * i, count);
			mtty_uart_kunit_receive(test, 16 * i, count);
		}
	}
	/* Nothing is left to read, which does no harm. */
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_RX));
	mtty_uart_kunit_send(uart, 0x77, 1);
	mtty_uart_kunit_receive(test, 0x77, 1);
}

/* A full FIFO keeps what it has, and tells once that something was lost. */
static void mtty_uart_fifo_overrun(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	u8 lsr = MTTY_UART_IDLE | UART_LSR_DR;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	mtty_uart_write(uart, UART_IER, UART_IER_RLSI);
	mtty_uart_kunit_send(uart, 0, 16);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
	mtty_uart_kunit_send(uart, 16, 3);
	mtty_uart_kunit_irq(test, UART_IIR_RLSI | MTTY_UART_FIFOS);
	KUNIT_EXPECT_EQ(test, lsr | UART_LSR_OE,
			mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
	KUNIT_EXPECT_EQ(test, lsr, mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_receive(test, 0, 16);
}

/* Without FIFOs, the last character is the one that stays. */
static void mtty_uart_16450_overrun(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	u8 lsr = MTTY_UART_IDLE | UART_LSR_DR;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_kunit_send(uart, 1, 1);
	KUNIT_EXPECT_EQ(test, lsr, mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_send(uart, 2, 2);
	KUNIT_EXPECT_EQ(test, lsr | UART_LSR_OE,
			mtty_uart_read(uart, UART_LSR));
	KUNIT_EXPECT_EQ(test, lsr, mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_receive(test, 3, 1);
}

/**
 * struct mtty_uart_fcr - a write of the FIFO control register
 * @name: in words
 * @before: what was written before four characters came
 * @value: what is written then
 * @left: how many of them are still there
 * @iir: upper bits of IIR afterwards
 */
struct mtty_uart_fcr {
	const char *name;
	u8 before;
	u8 value;
	unsigned int left;
	u8 iir;
};

static const struct mtty_uart_fcr mtty_uart_fcrs[] = {
	{ "another level", 0x01, 0xc1, 4, MTTY_UART_FIFOS },
	{ "clear the transmitter", 0x01, 0x05, 4, MTTY_UART_FIFOS },
	{ "clear the receiver", 0x01, 0x03, 0, MTTY_UART_FIFOS },
	{ "clear both", 0xc1, 0x07, 0, MTTY_UART_FIFOS },
	{ "clear by the last write", 0x07, 0x01, 4, MTTY_UART_FIFOS },
	{ "disable", 0x01, 0x00, 0, MTTY_UART_NO_FIFOS },
	{ "disable, with other bits", 0x01, 0xc8, 0, MTTY_UART_NO_FIFOS },
	{ "enable", 0x00, 0x01, 0, MTTY_UART_FIFOS },
	{ "leave disabled", 0x00, 0x00, 1, MTTY_UART_NO_FIFOS },
	{ "clear while disabled", 0x00, 0x06, 1, MTTY_UART_NO_FIFOS },
};

KUNIT_ARRAY_PARAM_DESC(mtty_uart_fcr, mtty_uart_fcrs, name);

/* The FIFO is cleared when asked to and when it is enabled or disabled. */
static void mtty_uart_fifo_clear(struct kunit *test)
{
	const struct mtty_uart_fcr *c = test->param_value;
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_write(uart, UART_FCR, c->before);
	mtty_uart_kunit_send(uart, 0, 4);
	mtty_uart_write(uart, UART_FCR, c->value);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | c->iir);
	mtty_uart_kunit_receive(test, c->left == 1 ? 3 : 0, c->left);
}

/* With enough characters in the FIFO there is an interrupt, with fewer none. */
static void mtty_uart_trigger_levels(struct kunit *test)
{
	static const u8 fcr[] = {
		UART_FCR_R_TRIG_00, UART_FCR_R_TRIG_01,
		UART_FCR_R_TRIG_10, UART_FCR_R_TRIG_11
	};
	static const unsigned int level[] = { 1, 4, 8, 14 };
	struct mtty_uart *uart = test->priv;
	unsigned int i, j;
	u8 iir;

	mtty_uart_write(uart, UART_IER, UART_IER_RDI);
	for (i = 0; i < ARRAY_SIZE(level); i++) {
		mtty_uart_write(uart, UART_FCR, fcr[i] | UART_FCR_ENABLE_FIFO |
				UART_FCR_CLEAR_RCVR);
		for (j = 0; j <= MTTY_UART_FIFO_SIZE; j++) {
			iir = j < level[i] ? UART_IIR_NO_INT : UART_IIR_RDI;
			mtty_uart_kunit_irq(test, iir | MTTY_UART_FIFOS);
			mtty_uart_kunit_send(uart, 0, 1);
		}
		for (j = MTTY_UART_FIFO_SIZE; j; j--) {
			iir = j < level[i] ? UART_IIR_NO_INT : UART_IIR_RDI;
			mtty_uart_kunit_irq(test, iir | MTTY_UART_FIFOS);
			mtty_uart_read(uart, UART_RX);
		}
	}

	/* Without FIFOs the level does not matter. */
	mtty_uart_write(uart, UART_FCR, UART_FCR_TRIGGER_14);
	mtty_uart_kunit_send(uart, 0, 1);
	mtty_uart_kunit_irq(test, UART_IIR_RDI);
}

/* Characters below the level interrupt after a while, until one is read. */
static void mtty_uart_times_out(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_IER, UART_IER_RDI);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_8);
	mtty_uart_kunit_send(uart, 0, 5);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
	mtty_uart_rx_timeout(uart);
	mtty_uart_kunit_irq(test, UART_IIR_RX_TIMEOUT | MTTY_UART_FIFOS);
	mtty_uart_kunit_irq(test, UART_IIR_RX_TIMEOUT | MTTY_UART_FIFOS);
	mtty_uart_read(uart, UART_LSR);
	mtty_uart_kunit_irq(test, UART_IIR_RX_TIMEOUT | MTTY_UART_FIFOS);

	/* One more does not mean that the others were taken. */
	mtty_uart_kunit_send(uart, 5, 1);
	mtty_uart_kunit_irq(test, UART_IIR_RX_TIMEOUT | MTTY_UART_FIFOS);
	mtty_uart_read(uart, UART_RX);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);

	/* At the level, that is the reason. */
	mtty_uart_rx_timeout(uart);
	mtty_uart_kunit_send(uart, 0, 3);
	mtty_uart_kunit_irq(test, UART_IIR_RDI | MTTY_UART_FIFOS);

	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_8 | UART_FCR_CLEAR_RCVR);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
}

/* There is no time-out without characters or without FIFOs. */
static void mtty_uart_no_time_out(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_IER, UART_IER_RDI);
	mtty_uart_kunit_send(uart, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_timeout_us(uart));
	mtty_uart_rx_timeout(uart);
	mtty_uart_kunit_irq(test, UART_IIR_RDI);

	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_8);
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_timeout_us(uart));
	mtty_uart_rx_timeout(uart);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
	mtty_uart_kunit_send(uart, 0, 1);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
}

/* The wait starts anew with what is received, read or cleared, and only then. */
static void mtty_uart_wait_starts(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	unsigned int reg;

	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	KUNIT_EXPECT_TRUE(test, mtty_uart_rx_active(uart));
	KUNIT_EXPECT_FALSE(test, mtty_uart_rx_active(uart));
	mtty_uart_kunit_send(uart, 0, 2);
	KUNIT_EXPECT_TRUE(test, mtty_uart_rx_active(uart));
	for (reg = UART_IER; reg < MTTY_UART_REGS; reg++)
		mtty_uart_read(uart, reg);
	mtty_uart_write(uart, UART_IER, 0x0f);
	mtty_uart_write(uart, UART_MCR, 0x03);
	KUNIT_EXPECT_FALSE(test, mtty_uart_rx_active(uart));
	mtty_uart_read(uart, UART_RX);
	KUNIT_EXPECT_TRUE(test, mtty_uart_rx_active(uart));
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_CLEAR_RCVR);
	KUNIT_EXPECT_TRUE(test, mtty_uart_rx_active(uart));
}

/**
 * struct mtty_uart_format - how characters go over the line
 * @name: in words
 * @divisor: of the baud rate
 * @lcr: bits of a character
 * @us: time of four characters, in microseconds
 */
struct mtty_uart_format {
	const char *name;
	u16 divisor;
	u8 lcr;
	u32 us;
};

static const struct mtty_uart_format mtty_uart_formats[] = {
	{ "115200 8N1", 1, 0x03, 347 },
	{ "115200 7N1", 1, 0x02, 312 },
	{ "115200 6N1", 1, 0x01, 277 },
	{ "115200 5N1", 1, 0x00, 243 },
	{ "115200 8E1", 1, 0x1b, 381 },
	{ "115200 7O1", 1, 0x0a, 347 },
	{ "115200 8N2", 1, 0x07, 381 },
	{ "115200 8O2", 1, 0x0f, 416 },
	{ "9600 8N1", 12, 0x03, 4166 },
	{ "300 7E1", 384, 0x1a, 133333 },
	{ "divisor of 16 bits, 8E2", 0xffff, 0x1f, 27306250 },
	{ "divisor of 0 is taken for 1", 0, 0x03, 347 },
};

KUNIT_ARRAY_PARAM_DESC(mtty_uart_format, mtty_uart_formats, name);

/* The time-out is that of four characters, by rate and format. */
static void mtty_uart_timeout_formats(struct kunit *test)
{
	const struct mtty_uart_format *format = test->param_value;
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_LCR, UART_LCR_DLAB);
	mtty_uart_write(uart, UART_DLL, format->divisor & 0xff);
	mtty_uart_write(uart, UART_DLM, format->divisor >> 8);
	mtty_uart_write(uart, UART_LCR, format->lcr);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	mtty_uart_kunit_send(uart, 0, 1);
	KUNIT_EXPECT_EQ(test, format->us, mtty_uart_timeout_us(uart));
}

/*
 * Interrupts
 */

/* Of several interrupts the most urgent shows, and the next one after it. */
static void mtty_uart_priorities(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	mtty_uart_kunit_send(uart, 0, 17);
	mtty_uart_write(uart, UART_MCR, UART_MCR_RTS);
	KUNIT_EXPECT_FALSE(test, mtty_uart_irq(uart));

	mtty_uart_write(uart, UART_IER, 0x0f);
	mtty_uart_kunit_irq(test, UART_IIR_RLSI | MTTY_UART_FIFOS);
	mtty_uart_kunit_irq(test, UART_IIR_RLSI | MTTY_UART_FIFOS);
	mtty_uart_read(uart, UART_LSR);
	mtty_uart_kunit_irq(test, UART_IIR_RDI | MTTY_UART_FIFOS);
	mtty_uart_kunit_irq(test, UART_IIR_RDI | MTTY_UART_FIFOS);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO |
			UART_FCR_TRIGGER_14 | UART_FCR_CLEAR_RCVR);
	mtty_uart_kunit_send(uart, 0, 1);
	mtty_uart_rx_timeout(uart);
	mtty_uart_kunit_irq(test, UART_IIR_RX_TIMEOUT | MTTY_UART_FIFOS);
	mtty_uart_read(uart, UART_RX);
	mtty_uart_kunit_irq(test, UART_IIR_THRI | MTTY_UART_FIFOS);
	/* Which was to be told of once */
	mtty_uart_kunit_irq(test, UART_IIR_MSI | MTTY_UART_FIFOS);
	mtty_uart_kunit_irq(test, UART_IIR_MSI | MTTY_UART_FIFOS);
	mtty_uart_read(uart, UART_MSR);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
}

/* An interrupt shows if it is enabled, and no other one does in its place. */
static void mtty_uart_enables(struct kunit *test)
{
	static const u8 iir[] = {
		UART_IIR_RDI, UART_IIR_THRI, UART_IIR_RLSI, UART_IIR_MSI
	};
	struct mtty_uart *uart = test->priv;
	unsigned int i;

	mtty_uart_kunit_send(uart, 0, 2);
	mtty_uart_write(uart, UART_MCR, UART_MCR_DTR);
	for (i = 0; i < ARRAY_SIZE(iir); i++) {
		mtty_uart_write(uart, UART_IER, 1 << i);
		mtty_uart_kunit_irq(test, iir[i]);
	}
	mtty_uart_write(uart, UART_IER, 0);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
}

/* The empty transmitter is told of once for each time it became so or is asked. */
static void mtty_uart_transmitter_empty(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_IER, UART_IER_THRI);
	mtty_uart_kunit_irq(test, UART_IIR_THRI);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
	mtty_uart_kunit_send(uart, 0, 1);
	mtty_uart_kunit_irq(test, UART_IIR_THRI);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);

	/* Enabled anew, not merely once more */
	mtty_uart_write(uart, UART_IER, UART_IER_THRI | UART_IER_MSI);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
	mtty_uart_write(uart, UART_IER, 0);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
	mtty_uart_write(uart, UART_IER, UART_IER_THRI);
	KUNIT_EXPECT_TRUE(test, mtty_uart_irq(uart));

	/* Reading about something else does not count. */
	mtty_uart_write(uart, UART_IER, UART_IER_THRI | UART_IER_RDI);
	mtty_uart_kunit_irq(test, UART_IIR_RDI);
	mtty_uart_read(uart, UART_RX);
	mtty_uart_kunit_irq(test, UART_IIR_THRI);
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
}

/*
 * Break
 */

/* A break is one bad zero, however long it lasts, and lets nothing else through. */
static void mtty_uart_break_once(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	u8 lsr = MTTY_UART_IDLE | UART_LSR_DR;

	mtty_uart_write(uart, UART_IER, UART_IER_RLSI);
	mtty_uart_write(uart, UART_LCR, UART_LCR_SBC);
	mtty_uart_write(uart, UART_LCR, UART_LCR_SBC | UART_LCR_WLEN8);
	mtty_uart_kunit_send(uart, 0x55, 1);
	mtty_uart_kunit_irq(test, UART_IIR_RLSI);
	KUNIT_EXPECT_EQ(test, lsr | UART_LSR_BI | UART_LSR_FE,
			mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT);
	mtty_uart_kunit_receive(test, 0, 1);

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_kunit_receive(test, 0, 0);
	mtty_uart_kunit_send(uart, 0x55, 1);
	mtty_uart_kunit_receive(test, 0x55, 1);
	mtty_uart_write(uart, UART_LCR, UART_LCR_SBC);
	mtty_uart_kunit_receive(test, 0, 1);
}

/* In the FIFO, an error shows when its character is the next one to be read. */
static void mtty_uart_break_in_fifo(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	u8 lsr = MTTY_UART_IDLE | UART_LSR_DR;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	mtty_uart_write(uart, UART_IER, UART_IER_RLSI);
	mtty_uart_kunit_send(uart, 0x11, 1);
	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8 | UART_LCR_SBC);
	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_kunit_send(uart, 0x22, 1);

	KUNIT_EXPECT_EQ(test, lsr | UART_LSR_FIFOE,
			mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
	KUNIT_EXPECT_EQ(test, 0x11, mtty_uart_read(uart, UART_RX));
	mtty_uart_kunit_irq(test, UART_IIR_RLSI | MTTY_UART_FIFOS);
	KUNIT_EXPECT_EQ(test, lsr | UART_LSR_FIFOE | UART_LSR_BI | UART_LSR_FE,
			mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_irq(test, UART_IIR_NO_INT | MTTY_UART_FIFOS);
	KUNIT_EXPECT_EQ(test, lsr, mtty_uart_read(uart, UART_LSR));
	KUNIT_EXPECT_EQ(test, 0, mtty_uart_read(uart, UART_RX));
	mtty_uart_kunit_receive(test, 0x22, 1);
}

/* Loop mode is not reached by a break, which is received once that ends. */
static void mtty_uart_break_in_loop(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_MCR, UART_MCR_LOOP);
	mtty_uart_write(uart, UART_LCR, UART_LCR_SBC | UART_LCR_WLEN8);
	KUNIT_EXPECT_EQ(test, MTTY_UART_IDLE, mtty_uart_read(uart, UART_LSR));
	mtty_uart_kunit_send(uart, 0x33, 1);
	mtty_uart_kunit_receive(test, 0x33, 1);
	mtty_uart_write(uart, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, MTTY_UART_IDLE | UART_LSR_DR | UART_LSR_BI |
			UART_LSR_FE, mtty_uart_read(uart, UART_LSR));
}

/*
 * Modem lines
 */

/**
 * struct mtty_uart_lines - what the modem inputs are for some outputs
 * @mcr: outputs, and whether they are looped back inside
 * @msr: inputs
 */
struct mtty_uart_lines {
	u8 mcr;
	u8 msr;
};

static const struct mtty_uart_lines mtty_uart_lines[] = {
	{ 0, 0 },
	/* The plug */
	{ UART_MCR_RTS, UART_MSR_CTS },
	{ UART_MCR_DTR, UART_MSR_DSR | UART_MSR_DCD },
	{ UART_MCR_OUT1, 0 },
	{ UART_MCR_OUT2, 0 },
	{ 0x0f, UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD },
	/* Inside */
	{ UART_MCR_LOOP, 0 },
	{ UART_MCR_LOOP | UART_MCR_RTS, UART_MSR_CTS },
	{ UART_MCR_LOOP | UART_MCR_DTR, UART_MSR_DSR },
	{ UART_MCR_LOOP | UART_MCR_OUT1, UART_MSR_RI },
	{ UART_MCR_LOOP | UART_MCR_OUT2, UART_MSR_DCD },
	{ UART_MCR_LOOP | 0x0f, 0xf0 },
};

/* The change bits that go with a change of inputs; RI tells only of its end. */
static u8 mtty_uart_kunit_deltas(u8 before, u8 after)
{
	u8 deltas = 0;

	if ((before ^ after) & UART_MSR_CTS)
		deltas |= UART_MSR_DCTS;
	if ((before ^ after) & UART_MSR_DSR)
		deltas |= UART_MSR_DDSR;
	if ((before ^ after) & UART_MSR_DCD)
		deltas |= UART_MSR_DDCD;
	if (before & ~after & UART_MSR_RI)
		deltas |= UART_MSR_TERI;
	return deltas;
}

/* Inputs follow outputs, tell of changes until read, and interrupt for them. */
static void mtty_uart_modem_status(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	unsigned int i, j;
	u8 deltas;

	mtty_uart_write(uart, UART_IER, UART_IER_MSI);
	for (i = 0; i < ARRAY_SIZE(mtty_uart_lines); i++) {
		for (j = 0; j < ARRAY_SIZE(mtty_uart_lines); j++) {
			mtty_uart_write(uart, UART_MCR, mtty_uart_lines[i].mcr);
			mtty_uart_read(uart, UART_MSR);
			mtty_uart_kunit_irq(test, UART_IIR_NO_INT);

			deltas = mtty_uart_kunit_deltas(mtty_uart_lines[i].msr,
							mtty_uart_lines[j].msr);
			mtty_uart_write(uart, UART_MCR, mtty_uart_lines[j].mcr);
			mtty_uart_kunit_irq(test, deltas ? UART_IIR_MSI :
					    UART_IIR_NO_INT);
			KUNIT_EXPECT_EQ(test, mtty_uart_lines[j].msr | deltas,
					mtty_uart_read(uart, UART_MSR));
			KUNIT_EXPECT_EQ(test, mtty_uart_lines[j].msr,
					mtty_uart_read(uart, UART_MSR));
		}
	}
}

/* A change is told of even if the line is back to what it was. */
static void mtty_uart_modem_pulse(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_MCR, UART_MCR_RTS);
	mtty_uart_write(uart, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, UART_MSR_DCTS, mtty_uart_read(uart, UART_MSR));
	mtty_uart_write(uart, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	KUNIT_EXPECT_EQ(test, UART_MSR_RI, mtty_uart_read(uart, UART_MSR));
	mtty_uart_write(uart, UART_MCR, 0);
	KUNIT_EXPECT_EQ(test, UART_MSR_TERI, mtty_uart_read(uart, UART_MSR));
}

/* Loop mode carries characters as the plug does. */
static void mtty_uart_loop_data(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;

	mtty_uart_write(uart, UART_LCR, UART_LCR_WLEN8);
	mtty_uart_write(uart, UART_FCR, UART_FCR_ENABLE_FIFO);
	mtty_uart_write(uart, UART_MCR, UART_MCR_LOOP);
	mtty_uart_kunit_send(uart, 0x80, 16);
	mtty_uart_kunit_receive(test, 0x80, 16);
}

/* Whatever a driver does, status and interrupts fit together. */
static void mtty_uart_any_driver(struct kunit *test)
{
	struct mtty_uart *uart = test->priv;
	unsigned int i, reg, value;
	struct rnd_state rnd;
	bool irq;
	u8 iir;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 50000; i++) {
		value = prandom_u32_state(&rnd);
		reg = value >> 8 & 7;
		if (value >> 11 & 1)
			mtty_uart_write(uart, reg, value);
		else
			mtty_uart_read(uart, reg);
		if (!(value >> 12 & 0xf))
			mtty_uart_rx_timeout(uart);

		irq = mtty_uart_irq(uart);
		iir = mtty_uart_read(uart, UART_IIR);
		KUNIT_ASSERT_EQ(test, irq, !(iir & UART_IIR_NO_INT));
		KUNIT_ASSERT_EQ(test, 0, iir & 0x30);
		KUNIT_ASSERT_LE(test, uart->rx_count, MTTY_UART_FIFO_SIZE);
		KUNIT_ASSERT_LT(test, uart->rx_head, MTTY_UART_FIFO_SIZE);
		if (!uart->rx_count)
			KUNIT_ASSERT_EQ(test, 0, mtty_uart_timeout_us(uart));
	}
}

static struct kunit_case mtty_uart_kunit_cases[] = {
	KUNIT_CASE(mtty_uart_after_reset),
	KUNIT_CASE(mtty_uart_register_bits),
	KUNIT_CASE(mtty_uart_divisor_latch),
	KUNIT_CASE(mtty_uart_word_length),
	KUNIT_CASE(mtty_uart_fifo_order),
	KUNIT_CASE(mtty_uart_fifo_overrun),
	KUNIT_CASE(mtty_uart_16450_overrun),
	KUNIT_CASE_PARAM(mtty_uart_fifo_clear, mtty_uart_fcr_gen_params),
	KUNIT_CASE(mtty_uart_trigger_levels),
	KUNIT_CASE(mtty_uart_times_out),
	KUNIT_CASE(mtty_uart_no_time_out),
	KUNIT_CASE(mtty_uart_wait_starts),
	KUNIT_CASE_PARAM(mtty_uart_timeout_formats, mtty_uart_format_gen_params),
	KUNIT_CASE(mtty_uart_priorities),
	KUNIT_CASE(mtty_uart_enables),
	KUNIT_CASE(mtty_uart_transmitter_empty),
	KUNIT_CASE(mtty_uart_break_once),
	KUNIT_CASE(mtty_uart_break_in_fifo),
	KUNIT_CASE(mtty_uart_break_in_loop),
	KUNIT_CASE(mtty_uart_modem_status),
	KUNIT_CASE(mtty_uart_modem_pulse),
	KUNIT_CASE(mtty_uart_loop_data),
	KUNIT_CASE(mtty_uart_any_driver),
	{ }
};

static struct kunit_suite mtty_uart_kunit_suite = {
	.name = "mtty_uart",
	.init = mtty_uart_kunit_init,
	.test_cases = mtty_uart_kunit_cases,
};

kunit_test_suite(mtty_uart_kunit_suite);

MODULE_DESCRIPTION("Tests of the UART of mtty");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
