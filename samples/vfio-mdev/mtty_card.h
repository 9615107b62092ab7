/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A serial card, as the parent driver of mtty sees it
 */
#ifndef MTTY_CARD_H
#define MTTY_CARD_H

#include <linux/types.h>

struct mdev_device;

/* Makes @mdev a card, and unmakes it. */
int mtty_card_create(struct mdev_device *mdev, unsigned int nr_ports,
		     bool request);
void mtty_card_destroy(struct mdev_device *mdev);

#endif /* MTTY_CARD_H */
