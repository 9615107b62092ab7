/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of vfio_mdev.ko share
 */
#ifndef VFIO_MDEV_PRIVATE_H
#define VFIO_MDEV_PRIVATE_H

struct vfio_mdev_irqfd;
struct vfio_mdev_irqs;

struct vfio_mdev_irqfd *vfio_mdev_irqfd_create(struct vfio_mdev_irqs *irqs,
					       int fd);
void vfio_mdev_irqfd_destroy(struct vfio_mdev_irqfd *irqfd);
void vfio_mdev_irq_unmask(struct vfio_mdev_irqs *irqs);

#endif /* VFIO_MDEV_PRIVATE_H */
