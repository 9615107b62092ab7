// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver whose devices pin what they are told to, for comparing VFIO's interface
 * for that with ours: its parent
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/module.h>

#include "pinner.h"

static struct class pinner_class = { .name = "mdev_pinner" };
static struct device *pinner_dev;

static int __init pinner_init(void)
{
	int ret = class_register(&pinner_class);

	if (ret)
		return ret;
	pinner_dev = device_create(&pinner_class, NULL, MKDEV(0, 0), NULL, "pinner");
	ret = PTR_ERR_OR_ZERO(pinner_dev);
	if (ret)
		goto err_class;
	ret = pinner_register(pinner_dev);
	if (ret)
		goto err_device;
	return 0;

err_device:
	device_unregister(pinner_dev);
err_class:
	class_unregister(&pinner_class);
	return ret;
}
module_init(pinner_init);

static void __exit pinner_exit(void)
{
	pinner_unregister(pinner_dev);
	device_unregister(pinner_dev);
	class_unregister(&pinner_class);
}
module_exit(pinner_exit);

MODULE_DESCRIPTION("Vendor driver for comparing how memory is pinned");
MODULE_LICENSE("GPL");
