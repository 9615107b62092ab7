/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a VFIO device
 */
#ifndef LIBMDEV_IRQ_H
#define LIBMDEV_IRQ_H

#include <libmdev/vfio_dev.h>

int __irq_info(struct vfio_dev *dev, unsigned int index,
	       struct vfio_irq_info *info);
void irq_info(struct vfio_dev *dev, unsigned int index,
	      struct vfio_irq_info *info);

/* VFIO_DEVICE_SET_IRQS with @size bytes of @data behind the header */
int __irq_set(struct vfio_dev *dev, unsigned int index, unsigned int flags,
	      unsigned int start, unsigned int count, const void *data,
	      size_t size);

/* Vector 0 of an index: connect to an eventfd (-1 disconnects), and the rest */
int __irq_connect(struct vfio_dev *dev, unsigned int index, int eventfd);
void irq_connect(struct vfio_dev *dev, unsigned int index, int eventfd);
int __irq_disable(struct vfio_dev *dev, unsigned int index);
int __irq_mask(struct vfio_dev *dev, unsigned int index);
int __irq_unmask(struct vfio_dev *dev, unsigned int index);
int __irq_trigger(struct vfio_dev *dev, unsigned int index);

/* An eventfd that counts interrupts */
int irq_eventfd(void);
/* How many came since the last call; does not wait */
unsigned int irq_take(int eventfd);
/* The same, but waits a while for the first one */
unsigned int irq_wait(int eventfd);

#endif /* LIBMDEV_IRQ_H */
