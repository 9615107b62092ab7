// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest without an operating system, which reads a byte from a port over and over, and
 * says what one read takes: a port of a mediated serial card, one of a serial card that
 * QEMU pretends, and one of an interrupt controller that KVM pretends. A multiboot kernel;
 * the firmware has given the card its ports.
 */
#include <stdint.h>

#define COM1		0x3f8	/* of QEMU: what is said goes there */
#define SCR		7	/* scratch register of a serial port */
#define PIC_MASK	0x21	/* of KVM */
#define DEBUG_EXIT	0xf4	/* ends QEMU */
#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define MTTY		0x32534348
#define ROUNDS		9
#define READS		100

asm(".section .multiboot, \"a\"\n\t"
	".balign 4\n\t"
	".long 0x1badb002, 0, -0x1badb002\n\t"
	".section .text.start, \"ax\"\n\t"
	".globl _start\n"
	"_start:\n\t"
	"mov $stack + 4096, %esp\n\t"
	"cld\n\t"
	"call run\n"
	"1:\n\t"
	"hlt\n\t"
	"jmp 1b\n\t"
	".local stack\n\t"
	".comm stack, 4096, 16\n");

static void port_write(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static uint8_t port_read(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static uint32_t pci(unsigned int device, unsigned int offset)
{
	uint32_t value;

	asm volatile("outl %0, %1" : : "a"(1U << 31 | device << 11 | offset),
		     "d"((uint16_t)PCI_ADDRESS));
	asm volatile("inl %1, %0" : "=a"(value) : "d"((uint16_t)PCI_DATA));
	return value;
}

/* Where BAR 0 of the mediated card is, or 0 */
static uint16_t mtty_port(void)
{
	unsigned int device;

	for (device = 0; device < 32; device++)
		if (pci(device, 0) == MTTY)
			return pci(device, 0x10) & ~3;
	return 0;
}

static void say(const char *text)
{
	while (*text)
		port_write(COM1, *text++);
}

static void say_number(uint32_t n)
{
	char text[12];
	int i = sizeof(text) - 1;

	text[i] = 0;
	do
		text[--i] = '0' + n % 10;
	while (n /= 10);
	say(text + i);
}

static uint32_t now(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return low;
}

/* What READS reads take, divided by READS; the floor is a loop around nothing. */
static uint32_t measure(uint16_t port)
{
	uint32_t start = now();
	int i;

	for (i = 0; i < READS; i++) {
		if (port)
			port_read(port);
		else
			asm volatile("");
	}
	return (now() - start) / READS;
}

/* "NAME MEDIAN LOW HIGH", as mdev_bench says it */
static void report(const char *name, uint16_t port)
{
	uint32_t took[ROUNDS], last;
	int i, j;

	measure(port);
	for (i = 0; i < ROUNDS; i++) {
		last = measure(port);
		for (j = i; j && took[j - 1] > last; j--)
			took[j] = took[j - 1];
		took[j] = last;
	}
	say(name);
	say(" ");
	say_number(took[ROUNDS / 2]);
	say(" ");
	say_number(took[0]);
	say(" ");
	say_number(took[ROUNDS - 1]);
	say("\n");
}

void run(void)
{
	uint16_t port = mtty_port();

	if (port) {
		report("inb_nothing", 0);
		report("inb_kvm", PIC_MASK);
		report("inb_qemu", COM1 + SCR);
		report("inb_mtty", port + SCR);
	} else {
		say("there is no mediated card\n");
	}
	port_write(DEBUG_EXIT, 0);
}
