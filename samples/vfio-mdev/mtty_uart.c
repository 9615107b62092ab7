// SPDX-License-Identifier: GPL-2.0-only
/*
 * A 16550A UART whose port is looped back to itself by an external plug
 *
 * As the PC16550D data sheet has it, with one liberty: the line takes no time.
 * What is written to the transmitter is in the receiver before the write returns,
 * so that the transmitter is always empty, and whoever writes more characters than
 * the receiver's FIFO holds without reading them has an overrun.
 *
 * The plug connects TX to RX, RTS to CTS, and DTR to DSR and DCD; RI is open.
 *
 * Nothing here knows of VFIO, locks or timers.
 */
#include <asm/byteorder.h>
#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/export.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/serial_reg.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "mtty_uart.h"

#define MTTY_UART_BAUD_BASE	115200	/* with a divisor of 1 */
#define MTTY_UART_TIMEOUT_CHARS	4

#define MTTY_UART_IIR_FIFO	0xc0	/* FIFOs are there and enabled */

#define MTTY_UART_IER_BITS \
	(UART_IER_MSI | UART_IER_RLSI | UART_IER_THRI | UART_IER_RDI)
#define MTTY_UART_MCR_BITS \
	(UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_OUT1 | UART_MCR_RTS | \
	 UART_MCR_DTR)
#define MTTY_UART_MSR_LINES \
	(UART_MSR_DCD | UART_MSR_RI | UART_MSR_DSR | UART_MSR_CTS)

static bool mtty_uart_fifo(const struct mtty_uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE_FIFO;
}

static bool mtty_uart_dlab(const struct mtty_uart *uart)
{
	return uart->lcr & UART_LCR_DLAB;
}

static unsigned int mtty_uart_word_bits(const struct mtty_uart *uart)
{
	return 5 + (uart->lcr & UART_LCR_WLEN8);
}

/*
 * Receiver
 */

static void mtty_uart_rx_clear(struct mtty_uart *uart)
{
	uart->rx_head = 0;
	uart->rx_count = 0;
	uart->timeout = false;
	uart->rx_active = true;
}

/*
 * Without room, the FIFO keeps what it has; the character is lost in the shift
 * register. A 16450, which this is without FIFOs, keeps the last one.
 */
static void mtty_uart_receive(struct mtty_uart *uart, u8 data, u8 error)
{
	unsigned int size = mtty_uart_fifo(uart) ? MTTY_UART_FIFO_SIZE : 1;

	if (uart->rx_count == size) {
		uart->overrun = true;
		if (mtty_uart_fifo(uart))
			return;
		uart->rx_count = 0;
	}

	uart->rx[(uart->rx_head + uart->rx_count) % MTTY_UART_FIFO_SIZE] =
		(struct mtty_uart_char){ .data = data, .error = error };
	uart->rx_count++;
	uart->rx_active = true;
}

static u8 mtty_uart_read_rx(struct mtty_uart *uart)
{
	u8 data;

	if (!uart->rx_count)
		return 0;

	data = uart->rx[uart->rx_head].data;
	uart->rx_head = (uart->rx_head + 1) % MTTY_UART_FIFO_SIZE;
	uart->rx_count--;
	uart->timeout = false;
	uart->rx_active = true;
	return data;
}

/* Whether there are enough characters for an interrupt */
static bool mtty_uart_rx_ready(const struct mtty_uart *uart)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	if (!mtty_uart_fifo(uart))
		return uart->rx_count;
	return uart->rx_count >= level[UART_FCR_R_TRIG_BITS(uart->fcr)];
}

/*
 * Line and modem status
 */

/* A character's errors show once it is the next one to be read. */
static u8 mtty_uart_lsr(const struct mtty_uart *uart)
{
	u8 lsr = UART_LSR_TEMT | UART_LSR_THRE;
	unsigned int i;

	if (uart->overrun)
		lsr |= UART_LSR_OE;
	if (uart->rx_count)
		lsr |= UART_LSR_DR | uart->rx[uart->rx_head].error;

	for (i = 0; mtty_uart_fifo(uart) && i < uart->rx_count; i++)
		if (uart->rx[(uart->rx_head + i) % MTTY_UART_FIFO_SIZE].error)
			lsr |= UART_LSR_FIFOE;
	return lsr;
}

static u8 mtty_uart_read_lsr(struct mtty_uart *uart)
{
	u8 lsr = mtty_uart_lsr(uart);

	uart->overrun = false;
	if (uart->rx_count)
		uart->rx[uart->rx_head].error = 0;
	return lsr;
}

static u8 mtty_uart_read_msr(struct mtty_uart *uart)
{
	u8 msr = uart->msr;

	uart->msr &= ~UART_MSR_ANY_DELTA;
	return msr;
}

/* What the modem inputs are connected to: in loop mode inside, else the plug */
static u8 mtty_uart_modem_lines(const struct mtty_uart *uart)
{
	bool loop = uart->mcr & UART_MCR_LOOP;
	u8 lines = 0;

	if (uart->mcr & UART_MCR_RTS)
		lines |= UART_MSR_CTS;
	if (uart->mcr & UART_MCR_DTR)
		lines |= UART_MSR_DSR | (loop ? 0 : UART_MSR_DCD);
	if (loop && uart->mcr & UART_MCR_OUT1)
		lines |= UART_MSR_RI;
	if (loop && uart->mcr & UART_MCR_OUT2)
		lines |= UART_MSR_DCD;
	return lines;
}

static void mtty_uart_update_msr(struct mtty_uart *uart)
{
	u8 lines = mtty_uart_modem_lines(uart);
	u8 changed = (uart->msr ^ lines) & MTTY_UART_MSR_LINES;

	/* Of the ring indicator, only its end counts. */
	if (lines & UART_MSR_RI)
		changed &= ~UART_MSR_RI;

	/* Each delta bit is four below its line. */
	uart->msr = lines | (uart->msr & UART_MSR_ANY_DELTA) | changed >> 4;
}

/* A break goes out by the plug, so loop mode knows nothing of it. */
static bool mtty_uart_break(const struct mtty_uart *uart)
{
	return uart->lcr & UART_LCR_SBC && !(uart->mcr & UART_MCR_LOOP);
}

/*
 * A break is received once, however long it lasts, as a zero that lacks its stop
 * bit.
 */
static void mtty_uart_update_break(struct mtty_uart *uart, bool before)
{
	if (mtty_uart_break(uart) && !before)
		mtty_uart_receive(uart, 0, UART_LSR_BI | UART_LSR_FE);
}

/*
 * Interrupts
 */

/* The most urgent of the interrupts that are pending and enabled */
static u8 mtty_uart_iir_id(const struct mtty_uart *uart)
{
	/* A driver that polls enables none. */
	if (!uart->ier)
		return UART_IIR_NO_INT;
	if (uart->ier & UART_IER_RLSI &&
	    mtty_uart_lsr(uart) & UART_LSR_BRK_ERROR_BITS)
		return UART_IIR_RLSI;
	if (uart->ier & UART_IER_RDI && mtty_uart_rx_ready(uart))
		return UART_IIR_RDI;
	if (uart->ier & UART_IER_RDI && uart->timeout)
		return UART_IIR_RX_TIMEOUT;
	if (uart->ier & UART_IER_THRI && uart->thre)
		return UART_IIR_THRI;
	if (uart->ier & UART_IER_MSI && uart->msr & UART_MSR_ANY_DELTA)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

/* Telling of the empty transmitter ends that interrupt. */
static u8 mtty_uart_read_iir(struct mtty_uart *uart)
{
	u8 iir = mtty_uart_iir_id(uart);

	if (iir == UART_IIR_THRI)
		uart->thre = false;
	if (mtty_uart_fifo(uart))
		iir |= MTTY_UART_IIR_FIFO;
	return iir;
}

/**
 * mtty_uart_irq - level of the interrupt output
 * @uart: the UART
 *
 * Return: true if an interrupt is pending and enabled.
 */
bool mtty_uart_irq(const struct mtty_uart *uart)
{
	return mtty_uart_iir_id(uart) != UART_IIR_NO_INT;
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_irq);

/**
 * mtty_uart_timeout_us - how long characters may wait for more to come
 * @uart: the UART
 *
 * A few characters that do not reach the FIFO's trigger level cause an interrupt
 * if nothing happens for the time of four characters.
 *
 * Return: that time in microseconds, 0 if nothing is waiting.
 */
u32 mtty_uart_timeout_us(const struct mtty_uart *uart)
{
	unsigned int bits = 1 + mtty_uart_word_bits(uart) + 1;

	if (!mtty_uart_fifo(uart) || !uart->rx_count)
		return 0;

	if (uart->lcr & UART_LCR_PARITY)
		bits++;
	if (uart->lcr & UART_LCR_STOP)
		bits++;
	/* 12 bits and a divisor of 2^16 - 1 give 28 seconds. */
	return div_u64((u64)USEC_PER_SEC * MTTY_UART_TIMEOUT_CHARS * bits *
		       max_t(u16, uart->divisor, 1), MTTY_UART_BAUD_BASE);
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_timeout_us);

/**
 * mtty_uart_rx_timeout - the time that mtty_uart_timeout_us() told has passed
 * @uart: the UART; nothing was received or read meanwhile
 */
void mtty_uart_rx_timeout(struct mtty_uart *uart)
{
	uart->timeout = mtty_uart_fifo(uart) && uart->rx_count;
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_rx_timeout);

/*
 * Registers
 */

/* On its way a character loses the bits that the line does not carry. */
static void mtty_uart_write_tx(struct mtty_uart *uart, u8 value)
{
	if (!mtty_uart_break(uart))
		mtty_uart_receive(uart, value &
				  GENMASK(mtty_uart_word_bits(uart) - 1, 0), 0);
	uart->thre = true;
}

/* Enabled while the transmitter is empty, which it is, that interrupts at once. */
static void mtty_uart_write_ier(struct mtty_uart *uart, u8 value)
{
	u8 before = uart->ier;

	uart->ier = value & MTTY_UART_IER_BITS;
	if (uart->ier & ~before & UART_IER_THRI)
		uart->thre = true;
}

/*
 * Without the enable bit, the others are not looked at. The transmitter's FIFO
 * is empty anyway.
 */
static void mtty_uart_write_fcr(struct mtty_uart *uart, u8 value)
{
	if (!(value & UART_FCR_ENABLE_FIFO))
		value = 0;
	if ((value ^ uart->fcr) & UART_FCR_ENABLE_FIFO ||
	    value & UART_FCR_CLEAR_RCVR)
		mtty_uart_rx_clear(uart);
	uart->fcr = value & (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK);
}

static void mtty_uart_write_lcr(struct mtty_uart *uart, u8 value)
{
	bool before = mtty_uart_break(uart);

	uart->lcr = value;
	mtty_uart_update_break(uart, before);
}

static void mtty_uart_write_mcr(struct mtty_uart *uart, u8 value)
{
	bool before = mtty_uart_break(uart);

	uart->mcr = value & MTTY_UART_MCR_BITS;
	mtty_uart_update_msr(uart);
	mtty_uart_update_break(uart, before);
}

/**
 * mtty_uart_reset - bring a UART to its state after power on
 * @uart: the UART
 */
void mtty_uart_reset(struct mtty_uart *uart)
{
	*uart = (struct mtty_uart){ .rx_active = true };
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_reset);

/**
 * mtty_uart_read - read a register
 * @uart: the UART
 * @reg: UART_RX and so on, below %MTTY_UART_REGS
 *
 * Return: its value.
 */
u8 mtty_uart_read(struct mtty_uart *uart, unsigned int reg)
{
	switch (reg) {
	case UART_RX:
		return mtty_uart_dlab(uart) ? uart->divisor & 0xff :
		       mtty_uart_read_rx(uart);
	case UART_IER:
		return mtty_uart_dlab(uart) ? uart->divisor >> 8 : uart->ier;
	case UART_IIR:
		return mtty_uart_read_iir(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return mtty_uart_read_lsr(uart);
	case UART_MSR:
		return mtty_uart_read_msr(uart);
	default:
		return uart->scr;
	}
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_read);

/**
 * mtty_uart_write - write a register
 * @uart: the UART
 * @reg: UART_TX and so on, below %MTTY_UART_REGS
 * @value: what to write
 */
void mtty_uart_write(struct mtty_uart *uart, unsigned int reg, u8 value)
{
	switch (reg) {
	case UART_TX:
		if (mtty_uart_dlab(uart))
			uart->divisor = (uart->divisor & 0xff00) | value;
		else
			mtty_uart_write_tx(uart, value);
		break;
	case UART_IER:
		if (mtty_uart_dlab(uart))
			uart->divisor = (uart->divisor & 0xff) | value << 8;
		else
			mtty_uart_write_ier(uart, value);
		break;
	case UART_FCR:
		mtty_uart_write_fcr(uart, value);
		break;
	case UART_LCR:
		mtty_uart_write_lcr(uart, value);
		break;
	case UART_MCR:
		mtty_uart_write_mcr(uart, value);
		break;
	case UART_SCR:
		uart->scr = value;
		break;
	default:
		/* Line and modem status are read-only. */
		break;
	}
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_write);

/*
 * Migration
 */

/**
 * mtty_uart_save - store the state of a UART
 * @uart: the UART
 * @state: gets its state
 */
void mtty_uart_save(const struct mtty_uart *uart, struct mtty_uart_state *state)
{
	unsigned int i;

	*state = (struct mtty_uart_state){
		.divisor = cpu_to_le16(uart->divisor),
		.ier = uart->ier,
		.fcr = uart->fcr,
		.lcr = uart->lcr,
		.mcr = uart->mcr,
		.msr = uart->msr,
		.scr = uart->scr,
		.flags = (uart->overrun ? MTTY_UART_OVERRUN : 0) |
			 (uart->thre ? MTTY_UART_THRE : 0) |
			 (uart->timeout ? MTTY_UART_TIMEOUT : 0),
		.rx_count = uart->rx_count,
	};
	for (i = 0; i < uart->rx_count; i++)
		state->rx[i] = uart->rx[(uart->rx_head + i) %
					MTTY_UART_FIFO_SIZE];
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_save);

/* What no UART receives is not there, nor is anything behind the last character. */
static bool mtty_uart_can_load_rx(const struct mtty_uart_state *state)
{
	unsigned int size = state->fcr & UART_FCR_ENABLE_FIFO ?
			    MTTY_UART_FIFO_SIZE : 1;
	unsigned int i;

	if (state->rx_count > size)
		return false;
	for (i = 0; i < state->rx_count; i++)
		if (state->rx[i].error & ~(UART_LSR_BI | UART_LSR_FE))
			return false;
	return !memchr_inv(state->rx + i, 0,
			   sizeof(state->rx) - i * sizeof(state->rx[0]));
}

/**
 * mtty_uart_can_load - find out whether a UART can be in a state
 * @state: the state, which may come from anywhere
 *
 * Return: true if it can.
 */
bool mtty_uart_can_load(const struct mtty_uart_state *state)
{
	bool fifo = state->fcr & UART_FCR_ENABLE_FIFO;

	if (state->ier & ~MTTY_UART_IER_BITS ||
	    state->mcr & ~MTTY_UART_MCR_BITS ||
	    state->fcr & ~(UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK) ||
	    (state->fcr && !fifo))
		return false;
	if (state->flags & ~(MTTY_UART_OVERRUN | MTTY_UART_THRE |
			     MTTY_UART_TIMEOUT))
		return false;
	if (state->flags & MTTY_UART_TIMEOUT && (!fifo || !state->rx_count))
		return false;
	return mtty_uart_can_load_rx(state);
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_can_load);

/**
 * mtty_uart_load - bring a UART to a state
 * @uart: the UART
 * @state: the state, of which mtty_uart_can_load() approved
 *
 * Characters that were waiting wait for a time-out anew.
 */
void mtty_uart_load(struct mtty_uart *uart, const struct mtty_uart_state *state)
{
	*uart = (struct mtty_uart){
		.divisor = le16_to_cpu(state->divisor),
		.ier = state->ier,
		.fcr = state->fcr,
		.lcr = state->lcr,
		.mcr = state->mcr,
		.msr = state->msr,
		.scr = state->scr,
		.overrun = state->flags & MTTY_UART_OVERRUN,
		.thre = state->flags & MTTY_UART_THRE,
		.timeout = state->flags & MTTY_UART_TIMEOUT,
		.rx_active = true,
		.rx_count = state->rx_count,
	};
	memcpy(uart->rx, state->rx, sizeof(uart->rx));
}
EXPORT_SYMBOL_IF_KUNIT(mtty_uart_load);
