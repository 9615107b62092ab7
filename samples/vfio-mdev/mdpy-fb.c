// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdpy-fb: the guest's driver for the displays of mdpy
 *
 * To be loaded in a virtual machine that was given such a display. It finds size
 * and format in config space and the picture in BAR 0, and makes a framebuffer of
 * that, /dev/fb0 for example, with a text console on it:
 *
 *   # modprobe mdpy-fb
 *   # head -c 100000 /dev/urandom > /dev/fb0
 */
#include <drm/drm_fourcc.h>
#include <linux/fb.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "mdpy-defs.h"

#define MDPY_FB_NAME		"mdpy-fb"
#define MDPY_FB_PIXEL		4	/* bytes */
#define MDPY_FB_COLORS		16	/* that a text console uses */
#define MDPY_FB_MAX		16384	/* pixels, in either direction */

/* Behind info->par: the colors of a text console, as pixels */
struct mdpy_fb_par {
	u32 palette[MDPY_FB_COLORS];
};

static int mdpy_fb_setcolreg(unsigned int regno, unsigned int red,
			     unsigned int green, unsigned int blue,
			     unsigned int transp, struct fb_info *info)
{
	struct mdpy_fb_par *par = info->par;

	if (regno >= MDPY_FB_COLORS)
		return -EINVAL;

	/* Of each color's 16 bits, the upper 8 */
	par->palette[regno] = (red & 0xff00) << 8 | (green & 0xff00) |
			      blue >> 8;
	return 0;
}

/* The last user is gone, which may be long after the device. */
static void mdpy_fb_destroy(struct fb_info *info)
{
	iounmap(info->screen_base);
	framebuffer_release(info);
}

static const struct fb_ops mdpy_fb_ops = {
	.owner = THIS_MODULE,
	FB_DEFAULT_IOMEM_OPS,
	.fb_setcolreg = mdpy_fb_setcolreg,
	.fb_destroy = mdpy_fb_destroy,
};

static void mdpy_fb_describe(struct fb_info *info, struct pci_dev *pdev,
			     u32 width, u32 height)
{
	struct mdpy_fb_par *par = info->par;

	strscpy(info->fix.id, MDPY_FB_NAME, sizeof(info->fix.id));
	info->fix.type = FB_TYPE_PACKED_PIXELS;
	info->fix.visual = FB_VISUAL_TRUECOLOR;
	info->fix.accel = FB_ACCEL_NONE;
	info->fix.line_length = width * MDPY_FB_PIXEL;
	info->fix.smem_start = pci_resource_start(pdev, 0);
	info->fix.smem_len = width * height * MDPY_FB_PIXEL;

	info->var.xres = width;
	info->var.yres = height;
	info->var.xres_virtual = width;
	info->var.yres_virtual = height;
	info->var.bits_per_pixel = 8 * MDPY_FB_PIXEL;
	info->var.red = (struct fb_bitfield){ .offset = 16, .length = 8 };
	info->var.green = (struct fb_bitfield){ .offset = 8, .length = 8 };
	info->var.blue = (struct fb_bitfield){ .offset = 0, .length = 8 };
	info->var.activate = FB_ACTIVATE_NOW;
	info->var.vmode = FB_VMODE_NONINTERLACED;

	info->fbops = &mdpy_fb_ops;
	info->pseudo_palette = par->palette;
	info->screen_size = info->fix.smem_len;
}

/* Reads what the display shows; -EINVAL if BAR 0 is not large enough for it. */
static int mdpy_fb_read_mode(struct pci_dev *pdev, u32 *width, u32 *height)
{
	u32 format;
	int ret;

	ret = pci_read_config_dword(pdev, MDPY_FORMAT_OFFSET, &format);
	if (!ret)
		ret = pci_read_config_dword(pdev, MDPY_WIDTH_OFFSET, width);
	if (!ret)
		ret = pci_read_config_dword(pdev, MDPY_HEIGHT_OFFSET, height);
	if (ret)
		return pcibios_err_to_errno(ret);

	if (format != DRM_FORMAT_XRGB8888) {
		dev_err(&pdev->dev, "unknown pixel format %#x\n", format);
		return -EINVAL;
	}
	if (!*width || *width > MDPY_FB_MAX || !*height ||
	    *height > MDPY_FB_MAX || (u64)*width * *height * MDPY_FB_PIXEL >
	    pci_resource_len(pdev, 0)) {
		dev_err(&pdev->dev, "%ux%u pixels cannot be\n", *width,
			*height);
		return -EINVAL;
	}
	return 0;
}

/* Map the picture, and show it to user space. */
static int mdpy_fb_register(struct pci_dev *pdev, u32 width, u32 height)
{
	struct fb_info *info;
	int ret;

	info = framebuffer_alloc(sizeof(struct mdpy_fb_par), &pdev->dev);
	if (!info)
		return -ENOMEM;

	mdpy_fb_describe(info, pdev, width, height);
	info->screen_base = ioremap_wc(info->fix.smem_start,
				       info->fix.smem_len);
	if (!info->screen_base) {
		ret = -ENOMEM;
		goto err_release;
	}

	ret = register_framebuffer(info);
	if (ret)
		goto err_unmap;

	pci_set_drvdata(pdev, info);
	return 0;

err_unmap:
	iounmap(info->screen_base);
err_release:
	framebuffer_release(info);
	return ret;
}

static int mdpy_fb_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	u32 width, height;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;

	ret = pci_request_region(pdev, 0, MDPY_FB_NAME);
	if (ret)
		goto err_disable;

	ret = mdpy_fb_read_mode(pdev, &width, &height);
	if (!ret)
		ret = mdpy_fb_register(pdev, width, height);
	if (ret)
		goto err_release_region;
	return 0;

err_release_region:
	pci_release_region(pdev, 0);
err_disable:
	pci_disable_device(pdev);
	return ret;
}

static void mdpy_fb_remove(struct pci_dev *pdev)
{
	unregister_framebuffer(pci_get_drvdata(pdev));
	pci_release_region(pdev, 0);
	pci_disable_device(pdev);
}

static const struct pci_device_id mdpy_fb_ids[] = {
	{ PCI_DEVICE_SUB(MDPY_PCI_VENDOR_ID, MDPY_PCI_DEVICE_ID,
			 MDPY_PCI_SUBVENDOR_ID, MDPY_PCI_SUBDEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, mdpy_fb_ids);

static struct pci_driver mdpy_fb_driver = {
	.name = MDPY_FB_NAME,
	.id_table = mdpy_fb_ids,
	.probe = mdpy_fb_probe,
	.remove = mdpy_fb_remove,
};
module_pci_driver(mdpy_fb_driver);

MODULE_DESCRIPTION("Framebuffer on a mediated display, a sample");
MODULE_LICENSE("GPL");
