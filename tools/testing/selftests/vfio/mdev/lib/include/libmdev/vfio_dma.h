/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a device reads and writes by itself, and its address space
 */
#ifndef LIBMDEV_VFIO_DMA_H
#define LIBMDEV_VFIO_DMA_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

/* Of all ways to open a device that the kernel has */
void vfio_dma_load_modules(void);

/* In the way that the device was opened in; 0 or -errno */
int __vfio_dma_map(struct vfio_dev *dev, __u64 iova, void *mem, size_t size,
		   bool write);
void vfio_dma_map(struct vfio_dev *dev, __u64 iova, void *mem, size_t size,
		  bool write);
int __vfio_dma_unmap(struct vfio_dev *dev, __u64 iova, size_t size);
void vfio_dma_unmap(struct vfio_dev *dev, __u64 iova, size_t size);

/* What the process has locked or pinned, in KiB */
long vfio_dma_locked(void);

/*
 * Of a character device: gives it another, empty, address space, or none. 0 or -errno
 */
int __vfio_dma_replace(struct vfio_dev *dev);
int __vfio_dma_detach(struct vfio_dev *dev);

#endif /* LIBMDEV_VFIO_DMA_H */
