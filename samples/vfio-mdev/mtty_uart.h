/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A UART whose port is looped back to itself by an external plug
 */
#ifndef MTTY_UART_H
#define MTTY_UART_H

#include <linux/bits.h>
#include <linux/serial_reg.h>
#include <linux/types.h>

#define MTTY_UART_REGS		8	/* bytes of I/O space */
#define MTTY_UART_FIFO_SIZE	16

/**
 * struct mtty_uart_char - a received character
 * @data: its value
 * @error: UART_LSR_BI and the like, for this character
 */
struct mtty_uart_char {
	u8 data;
	u8 error;
};

/**
 * struct mtty_uart - state of a UART
 * @divisor: of the baud rate, both bytes
 * @ier: interrupt enable register
 * @fcr: FIFO control register, without the bits that clear themselves
 * @lcr: line control register
 * @mcr: modem control register
 * @msr: modem status register, with the bits that tell of changes
 * @scr: scratch register
 * @overrun: a character was lost, and nobody has read the line status since
 * @thre: the transmitter became empty, and nobody has been told since
 * @timeout: characters are waiting, and nothing has happened for a while
 * @rx_active: a character was received or read since the last call of
 *	       mtty_uart_rx_active()
 * @rx_head: where in @rx the oldest character is
 * @rx_count: number of characters that are waiting
 * @rx: the receiver's FIFO, a ring
 *
 * Its functions do not lock.
 */
struct mtty_uart {
	u16 divisor;
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 msr;
	u8 scr;
	bool overrun;
	bool thre;
	bool timeout;
	bool rx_active;
	u8 rx_head;
	u8 rx_count;
	struct mtty_uart_char rx[MTTY_UART_FIFO_SIZE];
};

/**
 * struct mtty_uart_state - state of a UART that is migrated, as &struct mtty_uart has it
 * @divisor: of the baud rate
 * @ier: interrupt enable register
 * @fcr: FIFO control register
 * @lcr: line control register
 * @mcr: modem control register
 * @msr: modem status register
 * @scr: scratch register
 * @flags: MTTY_UART_OVERRUN and so on
 * @rx_count: number of characters that are waiting
 * @rx: these, the oldest one first, and zeros
 */
struct mtty_uart_state {
	__le16 divisor;
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 msr;
	u8 scr;
	u8 flags;
	u8 rx_count;
	struct mtty_uart_char rx[MTTY_UART_FIFO_SIZE];
};

#define MTTY_UART_OVERRUN	1
#define MTTY_UART_THRE		2
#define MTTY_UART_TIMEOUT	4

void mtty_uart_save(const struct mtty_uart *uart, struct mtty_uart_state *state);
bool mtty_uart_can_load(const struct mtty_uart_state *state);
void mtty_uart_load(struct mtty_uart *uart, const struct mtty_uart_state *state);
void mtty_uart_reset(struct mtty_uart *uart);
/* Whether reading the register @reg may change more than what is read */
static inline bool mtty_uart_read_acts(unsigned int reg)
{
	return BIT(reg) & (BIT(UART_RX) | BIT(UART_IIR) | BIT(UART_LSR) |
			   BIT(UART_MSR));
}

/* The same for writing */
static inline bool mtty_uart_write_acts(unsigned int reg)
{
	return reg != UART_SCR;
}

u8 mtty_uart_read(struct mtty_uart *uart, unsigned int reg);
void mtty_uart_write(struct mtty_uart *uart, unsigned int reg, u8 value);
bool mtty_uart_irq(const struct mtty_uart *uart);
u32 mtty_uart_timeout_us(const struct mtty_uart *uart);
void mtty_uart_rx_timeout(struct mtty_uart *uart);

/**
 * mtty_uart_rx_active - find out whether the wait for a time-out starts anew
 * @uart: the UART
 *
 * Return: true if a character was received or read, or the FIFO cleared, since the
 * last call.
 */
static inline bool mtty_uart_rx_active(struct mtty_uart *uart)
{
	bool active = uart->rx_active;

	uart->rx_active = false;
	return active;
}

#endif /* MTTY_UART_H */
