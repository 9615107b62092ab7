/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of vfio_mdev.ko share
 */
#ifndef VFIO_MDEV_PRIVATE_H
#define VFIO_MDEV_PRIVATE_H

#include <linux/types.h>

struct vfio_mdev_irqfd;
struct vfio_mdev_irqs;
struct vfio_mdev_region;

/* With the lock of @irqs held */
void vfio_mdev_irq_signal_locked(struct vfio_mdev_irqs *irqs,
				 unsigned int vector);
bool vfio_mdev_intx_disabled(struct vfio_mdev_irqs *irqs);
void vfio_mdev_intx_update(struct vfio_mdev_irqs *irqs);

/* Without it */
void vfio_mdev_irq_unmask(struct vfio_mdev_irqs *irqs);
struct vfio_mdev_irqfd *vfio_mdev_irqfd_create(struct vfio_mdev_irqs *irqs,
					       int fd);
void vfio_mdev_irqfd_destroy(struct vfio_mdev_irqfd *irqfd);

/* Why a region cannot be mapped in the way that it says, or NULL */
const char *vfio_mdev_region_mmap_fault(const struct vfio_mdev_region *region);

#endif /* VFIO_MDEV_PRIVATE_H */
