/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network cards that mediated devices are, and single frames through them
 */
#ifndef LIBMDEV_CARD_H
#define LIBMDEV_CARD_H

#include <stddef.h>
#include <sys/types.h>

#include <net/if.h>

#include <linux/if_ether.h>

/* Finds the card of a device, by name. */
void card_of(const char *uuid, char name[IFNAMSIZ]);
/* Switches a card on, and waits until it has a link. */
void card_up(const char *name);
/* For whole frames of a protocol of our own, which come and go by one card; waits 20 s. */
int card_open(const char *name);
/* The address of a card */
void card_address(int fd, const char *name, unsigned char address[ETH_ALEN]);
/* Writes the header of a frame of ours. */
void card_header(unsigned char *frame, const unsigned char to[ETH_ALEN],
		 const unsigned char from[ETH_ALEN]);

#endif /* LIBMDEV_CARD_H */
