// SPDX-License-Identifier: GPL-2.0-only
/*
 * mbochs: a display adapter that exists in software only
 *
 * Loading the module makes the parent device /sys/class/mbochs/mbochs with three
 * types of mediated devices, which differ in their video memory, as long as the
 * 256 MiB last that all may have in use (parameter "mem"):
 *
 *   # cd /sys/class/mdev_bus/mbochs/mdev_supported_types
 *   # grep -s . mbochs-medium/[and]*
 *   # echo 0c9f4a2c-6b9e-44a5-8a38-0dd4a7b0c4d8 > mbochs-medium/create
 *
 * It is the display that QEMU has as bochs-display, so guests have a driver:
 * bochs-drm of Linux. QEMU shows the picture in its window, if that uses OpenGL:
 *
 *   # qemu-system-x86_64 ... -display gtk,gl=on -device vfio-pci,display=on,\
 *     sysfsdev=/sys/bus/mdev/devices/0c9f4a2c-6b9e-44a5-8a38-0dd4a7b0c4d8
 *
 * For a QEMU without OpenGL, write 1 to /sys/module/mbochs/parameters/
 * region_display before creating the device.
 *
 * The lesson here: a picture for user space, as a dma-buf or as a region, and a
 * region of a kind of its own, through which user space plugs in a monitor. This
 * file has the parent and what makes a PCI device of a display, mbochs_display.c
 * the display, mbochs_dmabuf.c its memory.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci_ids.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vfio_mdev.h>

#include "mbochs.h"

#define MBOCHS_VENDOR_ID	0x1234
#define MBOCHS_DEVICE_ID	0x1111
#define MBOCHS_SUBVENDOR_ID	0x1af4	/* as of all that QEMU emulates */
#define MBOCHS_SUBDEVICE_ID	0x1100
#define MBOCHS_REVISION		2	/* has the registers that QEMU added */
#define MBOCHS_MMIO_SIZE	SZ_4K

static bool mbochs_region_display;
module_param_named(region_display, mbochs_region_display, bool, 0644);
MODULE_PARM_DESC(region_display,
		 "Offer the picture as a region, not as a dma-buf; for devices created from now on (default: false)");

/*
 * Types. They cost megabytes of video memory, which a display takes its part of as long
 * as it exists, whether somebody uses it and whatever its users keep: who has dma-bufs
 * of it cannot keep others from having displays.
 */

static struct mbochs_type mbochs_small = {
	.type = {
		.sysfs_name = "small",
		.pretty_name = "mbochs-small",
		.description = "Bochs display, 4 MiB of video memory, up to 800x600",
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.cost = 4,
	},
	.max_xres = 800,
	.max_yres = 600,
};

static struct mbochs_type mbochs_medium = {
	.type = {
		.sysfs_name = "medium",
		.pretty_name = "mbochs-medium",
		.description = "Bochs display, 16 MiB of video memory, up to 1920x1080",
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.cost = 16,
	},
	.max_xres = 1920,
	.max_yres = 1080,
};

static struct mbochs_type mbochs_large = {
	.type = {
		.sysfs_name = "large",
		.pretty_name = "mbochs-large",
		.description = "Bochs display, 64 MiB of video memory, up to 3840x2160",
		.device_api = VFIO_DEVICE_API_PCI_STRING,
		.cost = 64,
	},
	.max_xres = 3840,
	.max_yres = 2160,
};

static struct mbochs *to_mbochs(struct mdev_device *mdev)
{
	return vfio_mdev_pci_dev_container(mdev, struct mbochs, pdev);
}

/*
 * What VFIO asks of a device, as far as the library does not know the answer
 */

static int mbochs_reset(struct mdev_device *mdev)
{
	struct mbochs *mbochs = to_mbochs(mdev);

	mbochs_reset_registers(mbochs);
	vfio_mdev_config_reset(&mbochs->pdev.config);
	return 0;
}

/*
 * A user finds the device as after power on, with memory that nobody had before.
 * It is not the library's, as dma-bufs share it.
 */
static int mbochs_open(struct mdev_device *mdev)
{
	struct mbochs *mbochs = to_mbochs(mdev);
	struct mbochs_vram *vram;
	int ret;

	vram = mbochs_vram_alloc(mbochs->vram_size);
	if (!vram)
		return -ENOMEM;

	mbochs->pdev.region[VFIO_PCI_BAR0_REGION_INDEX].mem = vram->mem;
	ret = vfio_mdev_regions_open(&mbochs->pdev.regions);
	if (ret) {
		mbochs_vram_put(vram);
		return ret;
	}

	mbochs->vram = vram;
	mbochs_power_on(mbochs);
	return mbochs_reset(mdev);
}

/* Dma-bufs may keep the memory. */
static void mbochs_release(struct mdev_device *mdev)
{
	struct mbochs *mbochs = to_mbochs(mdev);

	vfio_mdev_pci_dev_release(mdev);
	mbochs_vram_put(mbochs->vram);
	mbochs->vram = NULL;
}

/* The monitor's registers refuse values, which those of the library cannot. */
static ssize_t mbochs_write(struct mdev_device *mdev, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	struct mbochs *mbochs = to_mbochs(mdev);
	const struct vfio_mdev_region *region;
	size_t left = count;
	u64 offset;

	region = vfio_mdev_region_find(&mbochs->pdev.regions, *ppos, &left,
				       &offset);
	if (region == &mbochs->pdev.region[MBOCHS_EDID_REGION] &&
	    offset < offsetof(struct mbochs_monitor, blob))
		return mbochs_write_monitor(mbochs, offset, buf, count, ppos);
	return vfio_mdev_pci_dev_write(mdev, buf, count, ppos);
}

static long mbochs_ioctl(struct mdev_device *mdev, unsigned int cmd,
			 unsigned long arg)
{
	struct mbochs *mbochs = to_mbochs(mdev);

	switch (cmd) {
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return mbochs_query_plane(mbochs, (void __user *)arg);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return mbochs_get_dmabuf(mbochs, (u32 __user *)arg);
	default:
		return vfio_mdev_pci_dev_ioctl(mdev, cmd, arg);
	}
}

static const struct vfio_mdev_device_ops mbochs_ops = {
	.open = mbochs_open,
	.release = mbochs_release,
	.read = vfio_mdev_pci_dev_read,
	.write = mbochs_write,
	.ioctl = mbochs_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_REGIONS,
	VFIO_MDEV_PCI_DEV_OPS_REQUEST,
};

/*
 * Devices
 */

static void mbochs_init_regions(struct mbochs *mbochs)
{
	struct vfio_mdev_region *region = mbochs->pdev.region;

	region[VFIO_PCI_BAR0_REGION_INDEX] = (struct vfio_mdev_region) {
		.flags = VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP,
	};
	region[VFIO_PCI_BAR2_REGION_INDEX] = (struct vfio_mdev_region) {
		.flags = VFIO_MDEV_REGION_RW,
		.ops = &mbochs_mmio_ops,
		.priv = mbochs,
	};
	region[MBOCHS_EDID_REGION] = (struct vfio_mdev_region) {
		.size = sizeof(mbochs->monitor),
		.flags = VFIO_MDEV_REGION_RW,
		.mem = &mbochs->monitor,
		.type = VFIO_REGION_TYPE_GFX,
		.subtype = VFIO_REGION_SUBTYPE_GFX_EDID,
	};
	mbochs->pdev.nr_regions = MBOCHS_NUM_REGIONS;
}

static int mbochs_init_pci(struct mbochs *mbochs, struct mdev_device *mdev)
{
	const struct vfio_mdev_pci_desc desc = {
		.vendor = MBOCHS_VENDOR_ID,
		.device = MBOCHS_DEVICE_ID,
		.subsystem_vendor = MBOCHS_SUBVENDOR_ID,
		.subsystem_device = MBOCHS_SUBDEVICE_ID,
		.class = PCI_CLASS_DISPLAY_OTHER << 8,
		.revision = MBOCHS_REVISION,
		.bar[0] = { mbochs->vram_size, PCI_BASE_ADDRESS_MEM_PREFETCH },
		.bar[2] = { MBOCHS_MMIO_SIZE },
	};
	int ret;

	ret = vfio_mdev_pci_dev_init(&mbochs->pdev, mdev, &desc);
	if (ret)
		return ret;

	mbochs_init_regions(mbochs);
	ret = vfio_mdev_pci_dev_finish(&mbochs->pdev, mdev, &mbochs_ops);
	if (ret)
		return ret;

	/* A reset of the library's would clear all memory, the monitor too. */
	mbochs->pdev.pci.reset = mbochs_reset;
	return 0;
}

static int mbochs_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mbochs *mbochs = kzalloc_obj(*mbochs);
	int ret;

	if (!mbochs)
		return -ENOMEM;
	mutex_init(&mbochs->lock);
	mbochs->type = container_of(mdev->type, struct mbochs_type, type);
	mbochs->vram_size = mdev->type->cost * SZ_1M;
	mbochs->region_display = READ_ONCE(mbochs_region_display);
	ret = mbochs_init_pci(mbochs, mdev);
	if (ret)
		kfree(mbochs);
	return ret;
}

static int mbochs_remove(struct mdev_device *mdev)
{
	struct mbochs *mbochs = to_mbochs(mdev);

	vfio_mdev_pci_dev_destroy(&mbochs->pdev);
	kfree(mbochs);
	return 0;
}

static struct mdev_parent_ops mbochs_parent_ops = {
	.owner = THIS_MODULE,
	.create = mbochs_create,
	.remove = mbochs_remove,
	MDEV_TYPES(&mbochs_small.type, &mbochs_medium.type,
		   &mbochs_large.type),
	.pool = 256,
};

module_param_named(mem, mbochs_parent_ops.pool, uint, 0444);
MODULE_PARM_DESC(mem,
		 "Megabytes of video memory that all displays share (default: 256)");

module_mdev_virtual_parent(mbochs_parent_ops);

MODULE_DESCRIPTION("Mediated display adapter, a sample");
MODULE_LICENSE("GPL");
