/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mbochs, the display adapter: what a guest's driver and a VMM do with it
 */
#ifndef LIBMDEV_MBOCHS_H
#define LIBMDEV_MBOCHS_H

#include <stddef.h>

#include <libmdev/vfio_dev.h>

#define MBOCHS			"mbochs"
#define MBOCHS_PARENT		MBOCHS
#define MBOCHS_SMALL		"mbochs-small"
#define MBOCHS_MEDIUM		"mbochs-medium"
#define MBOCHS_LARGE		"mbochs-large"

#define MBOCHS_VRAM		VFIO_PCI_BAR0_REGION_INDEX
#define MBOCHS_MMIO		VFIO_PCI_BAR2_REGION_INDEX
#define MBOCHS_MONITOR		VFIO_PCI_NUM_REGIONS

#define MBOCHS_SMALL_SIZE	(4 << 20)	/* bytes of video memory */
#define MBOCHS_MMIO_SIZE	0x1000
#define MBOCHS_EDID_MAX		0x400
#define MBOCHS_VBE(reg)		(0x500 + 2 * (reg))
#define MBOCHS_QEXT_SIZE	0x600
#define MBOCHS_QEXT_ENDIAN	0x604

enum {
	VBE_ID,
	VBE_XRES,
	VBE_YRES,
	VBE_BPP,
	VBE_ENABLE,
	VBE_BANK,
	VBE_VIRT_WIDTH,
	VBE_VIRT_HEIGHT,
	VBE_X_OFFSET,
	VBE_Y_OFFSET,
	VBE_MEMORY_64K,
	VBE_REGS
};

/* Of the kernel, not in its UAPI */
#define DRM_PLANE_TYPE_OVERLAY	0
#define DRM_PLANE_TYPE_PRIMARY	1
#define DRM_PLANE_TYPE_CURSOR	2

/* Loads the module if it is not there, and removes the parent's devices. */
void mbochs_setup(void);
/* Creates a device, opens it and returns it through @dev. */
void mbochs_open_new(struct vfio_dev *dev, const char *type);

unsigned int mbochs_vbe(struct vfio_dev *dev, unsigned int reg);
void mbochs_set_vbe(struct vfio_dev *dev, unsigned int reg,
		    unsigned int value);
/* In the order in which bochs-drm does it, 32 bits per pixel */
void mbochs_set_mode(struct vfio_dev *dev, unsigned int width,
		     unsigned int height);

/* All of a region, shared; MAP_FAILED with errno set */
void *__mbochs_map(struct vfio_dev *dev, unsigned int index, size_t size);
void *mbochs_map_vram(struct vfio_dev *dev, size_t size);

/* Asks for a plane; 0 or -errno. @info is all ones where nothing is written. */
int __mbochs_query(struct vfio_dev *dev, __u32 flags, __u32 plane,
		   struct vfio_device_gfx_plane_info *info);
/* The primary plane as a dma-buf, or the id alone, which has to be there */
void mbochs_query(struct vfio_dev *dev,
		  struct vfio_device_gfx_plane_info *info);
__u32 mbochs_plane_id(struct vfio_dev *dev);
int __mbochs_get_dmabuf(struct vfio_dev *dev, __u32 id);
int mbochs_get_dmabuf(struct vfio_dev *dev);

/* Another driver, as a file, to which a dma-buf can be given; -ENODEV if there is none */
int __mbochs_open_importer(void);
/* Gives it one, as a handle; the same as a new dma-buf; and takes it away again */
__u32 mbochs_import(int importer, int dmabuf);
int mbochs_export(int importer, __u32 handle);
void mbochs_forget(int importer, __u32 handle);

#endif /* LIBMDEV_MBOCHS_H */
