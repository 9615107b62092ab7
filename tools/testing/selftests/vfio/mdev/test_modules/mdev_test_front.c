// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vendor driver for the selftests, with a driver of its own: mdev_register_parent()
 *
 * Does what such vendors do: descriptions in memory that may hold anything before and
 * is freed at once after, a VFIO device of its own for each mediated one, attributes
 * by the driver. Parent and driver come and go by commands, in any order, written to
 * /sys/class/mdev_test_front/mdev_test_front/run.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio.h>

static int probe_errno;
module_param(probe_errno, int, 0644);
MODULE_PARM_DESC(probe_errno, "let probe fail with this errno, 0 = succeed");

static int available = 3;
module_param(available, int, 0644);
MODULE_PARM_DESC(available, "what get_available() tells");

static bool askable;
module_param(askable, bool, 0644);
MODULE_PARM_DESC(askable,
		 "whether users can be asked, for devices from now on");

static int removes;
module_param(removes, int, 0444);
MODULE_PARM_DESC(removes, "devices let go so far");

static int requests;
module_param(requests, int, 0444);
MODULE_PARM_DESC(requests, "times that a user was asked to release a device");

/* The vendor's memory of a parent: nothing of it is left when that has gone. */
struct front {
	struct mdev_parent parent;
	struct mdev_type type[2];
	struct mdev_type *types[2];
};

/* VFIO looks at ops of a device that is released late, when this module is gone. */
struct front_device {
	struct vfio_device vdev;
	struct vfio_device_ops no_ops;
};

static struct class *front_class;
static struct device *front_dev;
static struct front *front;
static struct mdev_driver front_driver;
static bool front_driver_there;

static int front_open(struct vfio_device *vdev)
{
	return 0;
}

static void front_close(struct vfio_device *vdev)
{
}

static void front_request(struct vfio_device *vdev, unsigned int count)
{
	requests++;
}

static long front_ioctl(struct vfio_device *vdev, unsigned int cmd,
			unsigned long arg)
{
	return -ENOTTY;
}

#define FRONT_OPS							\
	.name = "mdev_test_front",					\
	.bind_iommufd = vfio_iommufd_emulated_bind,			\
	.unbind_iommufd = vfio_iommufd_emulated_unbind,			\
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,		\
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,		\
	.open_device = front_open,					\
	.close_device = front_close,					\
	.ioctl = front_ioctl

static const struct vfio_device_ops front_ops = {
	FRONT_OPS,
};

static const struct vfio_device_ops front_askable_ops = {
	FRONT_OPS,
	.request = front_request,
};

static void front_put(struct front_device *fdev)
{
	const void *no_ops = &fdev->no_ops;

	fdev->vdev.ops = no_ops;
	vfio_put_device(&fdev->vdev);
}

static int front_probe(struct mdev_device *mdev)
{
	const struct vfio_device_ops *ops = &front_ops;
	struct front_device *fdev;
	int ret;

	if (probe_errno)
		return -probe_errno;
	if (mdev->type->parent->dev != mdev_dev(mdev)->parent)
		return -EXDEV;

	if (askable)
		ops = &front_askable_ops;
	fdev = vfio_alloc_device(front_device, vdev, mdev_dev(mdev), ops);
	if (IS_ERR(fdev))
		return PTR_ERR(fdev);
	/* What the driver core keeps for drivers of the device */
	dev_set_drvdata(mdev_dev(mdev), fdev);
	ret = vfio_register_emulated_iommu_dev(&fdev->vdev);
	if (ret)
		front_put(fdev);
	return ret;
}

static void front_remove(struct mdev_device *mdev)
{
	struct front_device *fdev = dev_get_drvdata(mdev_dev(mdev));

	vfio_unregister_group_dev(&fdev->vdev);
	front_put(fdev);
	removes++;
}

static ssize_t type_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  to_mdev_device(dev)->type->sysfs_name);
}
static DEVICE_ATTR_RO(type);

static struct attribute *front_attrs[] = {
	&dev_attr_type.attr,
	NULL
};
ATTRIBUTE_GROUPS(front);

static unsigned int front_available(struct mdev_type *mtype)
{
	return READ_ONCE(available);
}

static ssize_t front_describe(struct mdev_type *mtype, char *buf)
{
	return sysfs_emit(buf, "Made by %s\n",
			  dev_name(mtype->parent->dev));
}

static int front_register_driver(void)
{
	int ret;

	ret = mdev_register_driver(&front_driver);
	front_driver_there = !ret;
	return ret;
}

static int front_unregister_driver(void)
{
	mdev_unregister_driver(&front_driver);
	front_driver_there = false;
	return 0;
}

static int front_register_types(unsigned int nr_types)
{
	int ret;

	front = kzalloc_obj(*front);
	if (!front)
		return -ENOMEM;
	memset(front, 0x5a, sizeof(*front));
	front->type[0].sysfs_name = "a";
	front->type[0].pretty_name = "Type A";
	front->type[1].sysfs_name = "b";
	front->type[1].pretty_name = NULL;
	front->types[0] = &front->type[0];
	front->types[1] = &front->type[1];
	ret = mdev_register_parent(&front->parent, front_dev, &front_driver,
				   front->types, nr_types);
	if (ret) {
		kfree(front);
		front = NULL;
	}
	return ret;
}

static int front_register_parent(void)
{
	return front_register_types(2);
}

static int front_register_no_types(void)
{
	return front_register_types(0);
}

static int front_unregister_parent(void)
{
	mdev_unregister_parent(&front->parent);
	memset(front, 0x5a, sizeof(*front));
	kfree(front);
	front = NULL;
	return 0;
}

static void front_set_driver(bool counts)
{
	front_driver.max_instances = counts ? 2 : 0;
	front_driver.get_available = counts ? NULL : front_available;
	front_driver.show_description = counts ? NULL : front_describe;
}

static int front_count(void)
{
	front_set_driver(true);
	return 0;
}

static int front_ask(void)
{
	front_set_driver(false);
	return 0;
}

/* All but its names is set when it is registered first. */
static struct mdev_driver front_driver = {
	.device_api = "test-api",
	.max_instances = 2,
	.driver = {
		.name = "mdev_test_front",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = front_groups,
	},
	.probe = front_probe,
	.remove = front_remove,
};

static const struct {
	const char *name;
	int (*run)(void);
} front_commands[] = {
	{ "register-driver", front_register_driver },
	{ "unregister-driver", front_unregister_driver },
	{ "register-parent", front_register_parent },
	{ "register-no-types", front_register_no_types },
	{ "unregister-parent", front_unregister_parent },
	{ "count", front_count },
	{ "ask", front_ask },
};

static ssize_t run_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(front_commands); i++) {
		if (!sysfs_streq(buf, front_commands[i].name))
			continue;
		ret = front_commands[i].run();
		return ret ?: count;
	}
	return -EBADRQC;
}
static DEVICE_ATTR_WO(run);

static struct attribute *front_dev_attrs[] = {
	&dev_attr_run.attr,
	NULL
};
ATTRIBUTE_GROUPS(front_dev);

static int __init front_init(void)
{
	front_class = class_create("mdev_test_front");
	if (IS_ERR(front_class))
		return PTR_ERR(front_class);

	front_dev = device_create_with_groups(front_class, NULL, MKDEV(0, 0),
					      NULL, front_dev_groups,
					      "mdev_test_front");
	if (!IS_ERR(front_dev))
		return 0;
	class_destroy(front_class);
	return PTR_ERR(front_dev);
}
module_init(front_init);

static void __exit front_exit(void)
{
	if (front_driver_there)
		front_unregister_driver();
	if (front)
		front_unregister_parent();
	device_unregister(front_dev);
	class_destroy(front_class);
}
module_exit(front_exit);

MODULE_DESCRIPTION("Selftests: mdev vendor with a driver of its own");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
