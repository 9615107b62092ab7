/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of vfio_mdev.ko share
 */
#ifndef VFIO_MDEV_PRIVATE_H
#define VFIO_MDEV_PRIVATE_H

#include <linux/types.h>

/* Limits of the PCI specification */
#define VFIO_MDEV_MSI_MAX	32
#define VFIO_MDEV_MSIX_MAX	2048

struct eventfd_ctx;
struct vfio_mdev_config;
struct vfio_mdev_irqfd;
struct vfio_mdev_irqs;
struct vfio_mdev_region;

/* With the spinlock of @irqs held */
void vfio_mdev_irq_signal_locked(struct vfio_mdev_irqs *irqs,
				 unsigned int vector);
bool vfio_mdev_intx_disabled(struct vfio_mdev_irqs *irqs);
void vfio_mdev_intx_update(struct vfio_mdev_irqs *irqs);

/* Without it */
void vfio_mdev_intx_save(struct vfio_mdev_irqs *irqs, u8 *line, u8 *masked);
void vfio_mdev_intx_load(struct vfio_mdev_irqs *irqs, bool line, bool masked);
void vfio_mdev_intx_resume(struct vfio_mdev_irqs *irqs);
void vfio_mdev_irq_unmask(struct vfio_mdev_irqs *irqs);

/* Without it, and with the mutex of the interrupts held */
struct vfio_mdev_irqfd *vfio_mdev_irqfd_create(struct vfio_mdev_irqs *irqs,
					       int fd);
bool vfio_mdev_irqfd_is(const struct vfio_mdev_irqfd *irqfd,
			const struct eventfd_ctx *ctx);
void vfio_mdev_irqfd_destroy(struct vfio_mdev_irqfd *irqfd);

u64 vfio_mdev_config_load(struct vfio_mdev_config *config, u64 offset,
			  unsigned int width);
void vfio_mdev_config_store(struct vfio_mdev_config *config, u64 offset,
			    unsigned int width, u64 value);

/*
 * Of as many bytes as config space has: whether it can be in this state, 0 or -EINVAL;
 * and bring it there, as far as it can be written
 */
int vfio_mdev_config_check_image(const struct vfio_mdev_config *config,
				 const u8 *image);
void vfio_mdev_config_load_image(struct vfio_mdev_config *config,
				 const u8 *image);

/* While config space is set up */
void vfio_mdev_config_define(struct vfio_mdev_config *config,
			     unsigned int offset, unsigned int width,
			     u32 value, u32 rw);
bool vfio_mdev_config_bar_is_io(struct vfio_mdev_config *config,
				unsigned int index);
bool vfio_mdev_config_in_bar(struct vfio_mdev_config *config,
			     unsigned int index, u64 offset, u64 size);

/* Why a region cannot be mapped in the way that it says, or NULL */
const char *vfio_mdev_region_mmap_fault(const struct vfio_mdev_region *region);

/* Whether a region consists of memory, all of it or its areas */
bool vfio_mdev_region_has_mem(const struct vfio_mdev_region *region);
/* How much memory a region has */
u64 vfio_mdev_region_mem_size(const struct vfio_mdev_region *region);
/* Why memory that a vendor has set cannot be that of the region, or NULL */
const char *vfio_mdev_region_mem_fault(const struct vfio_mdev_region *region);
/* Nothing can be done with a region until vfio_mdev_regions_open() */
void vfio_mdev_region_close(struct vfio_mdev_region *region);

#endif /* VFIO_MDEV_PRIVATE_H */
