/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mbochs share
 */
#ifndef MBOCHS_H
#define MBOCHS_H

#include <linux/kref.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/vfio_mdev_lib.h>

#define MBOCHS_EDID_MAX		0x400
#define MBOCHS_PLANES		16	/* whose ids stay valid */

enum {
	MBOCHS_EDID_REGION = VFIO_PCI_NUM_REGIONS,
	MBOCHS_NUM_REGIONS
};

enum mbochs_vbe_reg {
	MBOCHS_VBE_ID,
	MBOCHS_VBE_XRES,
	MBOCHS_VBE_YRES,
	MBOCHS_VBE_BPP,
	MBOCHS_VBE_ENABLE,
	MBOCHS_VBE_BANK,
	MBOCHS_VBE_VIRT_WIDTH,
	MBOCHS_VBE_VIRT_HEIGHT,
	MBOCHS_VBE_X_OFFSET,
	MBOCHS_VBE_Y_OFFSET,
	MBOCHS_VBE_MEMORY_64K,
	MBOCHS_VBE_REGS
};

/* BAR 2 from its beginning; the rest of it reads as all ones */
struct mbochs_mmio {
	u8 edid[MBOCHS_EDID_MAX];	/* of the monitor, or zeros */
	u8 vga[0x100];			/* not emulated, all ones */
	__le16 vbe[MBOCHS_VBE_REGS];
	u8 unused[0xea];		/* all ones */
	__le32 qext_size;		/* of this and the next one */
	__le32 qext_endian;		/* order of a pixel's bytes */
};

/* The region in which user space prepares a monitor and plugs it in */
struct mbochs_monitor {
	struct vfio_region_gfx_edid regs;
	u8 blob[MBOCHS_EDID_MAX];
};

/* What is shown. No padding: compared as a whole. */
struct mbochs_mode {
	u64 offset;
	u32 format;
	u32 width;
	u32 height;
	u32 stride;
};

/*
 * A type of display, which costs its video memory in megabytes, a power of two; and the
 * largest picture of which two fit into that
 */
struct mbochs_type {
	struct mdev_type type;
	unsigned int max_xres;
	unsigned int max_yres;
};

/* Video memory of a user, shared by the display and the dma-bufs made of it */
struct mbochs_vram {
	struct kref ref;
	void *mem;
};

/* A display, the state of one mediated device */
struct mbochs {
	struct vfio_mdev_pci_dev pdev;
	const struct mbochs_type *type;
	size_t vram_size;		/* in bytes */
	struct mbochs_vram *vram;	/* while the device is open */
	bool region_display;
	/*
	 * All below, but for the blob, which user space fills at any time.
	 * Not held while memory of user space is accessed.
	 */
	struct mutex lock;
	struct mbochs_mmio mmio;
	struct mbochs_monitor monitor;
	/* The last planes that user space was told of, by id % MBOCHS_PLANES */
	struct mbochs_mode mode[MBOCHS_PLANES];
	u32 mode_id[MBOCHS_PLANES];	/* 0: empty */
	u32 last_id;
};

/* mbochs_dmabuf.c */
struct mbochs_vram *mbochs_vram_alloc(size_t size);
void mbochs_vram_put(struct mbochs_vram *vram);
int mbochs_dmabuf_fd(struct mbochs_vram *vram, size_t offset, size_t size);

/* mbochs_display.c */
extern const struct vfio_mdev_region_ops mbochs_mmio_ops;

void mbochs_reset_registers(struct mbochs *mbochs);
void mbochs_power_on(struct mbochs *mbochs);
long mbochs_query_plane(struct mbochs *mbochs, void __user *arg);
long mbochs_get_dmabuf(struct mbochs *mbochs, u32 __user *arg);
ssize_t mbochs_write_monitor(struct mbochs *mbochs, u64 offset,
			     const char __user *buf, size_t count,
			     loff_t *ppos);

#endif /* MBOCHS_H */
