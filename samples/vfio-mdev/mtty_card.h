/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A serial card, as the parent driver of mtty sees it
 */
#ifndef MTTY_CARD_H
#define MTTY_CARD_H

#include <linux/types.h>

struct device;
struct mtty_card;
struct vfio_mdev_device_ops;

/* For a device whose driver data is a card; the second if it was made for that */
extern const struct vfio_mdev_device_ops mtty_card_ops;
extern const struct vfio_mdev_device_ops mtty_card_request_ops;

struct mtty_card *mtty_card_alloc(struct device *dev, unsigned int nr_ports,
				  bool request);
void mtty_card_free(struct mtty_card *card);

#endif /* MTTY_CARD_H */
