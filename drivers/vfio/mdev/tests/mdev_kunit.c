// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the mediated device core: refusals, states and above all lifetimes
 *
 * Each test has a parent of its own, whose vendor description lies in memory that
 * is freed as soon as the parent is unregistered. Under KASAN, a core that reads
 * it later is caught.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vfio_mdev.h>
#include <linux/virtio_mdev.h>

#include "../mdev_private.h"

/* Of which nobody has a module */
#define MDEV_KUNIT_CLASS	0xfe00
#define MDEV_KUNIT_NO_CLASS	0xfdff

/**
 * struct mdev_kunit_vendor - description that a test registers, as one allocation
 * @ops: points to @groups
 * @groups: two types
 * @type: of which the second is a copy of the first but for its name
 * @attrs: attributes of both
 */
struct mdev_kunit_vendor {
	struct mdev_parent_ops ops;
	struct attribute_group *groups[3];
	struct attribute_group type[2];
	struct attribute *attrs[2];
};

/**
 * struct mdev_kunit - state of a test, found by way of the parent device
 * @dev: the parent
 * @vendor: description of it; NULL once it is unregistered
 * @mdev: what create() saw last
 * @created: number of calls of create() that returned 0
 * @removed: number of calls of remove()
 * @probed: number of calls of probe() that returned 0
 * @create_error: what create() returns
 * @probe_error: what probe() returns
 * @remove_error: what remove() returns
 * @open_in_probe: what mdev_get_user() said in probe()
 * @class_id: class that create() sets
 * @ops: ops that create() sets
 * @can_request: the user of a device can be asked
 * @requested: number of times he was
 */
struct mdev_kunit {
	struct device *dev;
	struct mdev_kunit_vendor *vendor;
	struct mdev_device *mdev;
	unsigned int created;
	unsigned int removed;
	unsigned int probed;
	int create_error;
	int probe_error;
	int remove_error;
	int open_in_probe;
	u16 class_id;
	const void *ops;
	bool can_request;
	unsigned int requested;
};

static const char mdev_kunit_ops[] = "ops";

/* Any UUID will do; tests clean up after themselves. */
static const guid_t mdev_kunit_uuid =
	GUID_INIT(0x83b8f4f2, 0x509f, 0x382f, 0x3c, 0x1e, 0xe6, 0xbf, 0xe0,
		  0xfa, 0x10, 0x01);
static const guid_t mdev_kunit_uuid2 =
	GUID_INIT(0x83b8f4f2, 0x509f, 0x382f, 0x3c, 0x1e, 0xe6, 0xbf, 0xe0,
		  0xfa, 0x10, 0x02);

static struct mdev_kunit *mdev_kunit_of(struct mdev_device *mdev)
{
	return dev_get_drvdata(mdev_parent_dev(mdev));
}

static int mdev_kunit_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mdev_kunit *ctx = mdev_kunit_of(mdev);

	ctx->mdev = mdev;
	if (ctx->create_error)
		return ctx->create_error;
	if (ctx->class_id)
		mdev_set_class_id(mdev, ctx->class_id);
	if (ctx->ops)
		mdev_set_dev_ops(mdev, ctx->ops);
	ctx->created++;
	return 0;
}

static int mdev_kunit_remove(struct mdev_device *mdev)
{
	struct mdev_kunit *ctx = mdev_kunit_of(mdev);

	ctx->removed++;
	return ctx->remove_error;
}

static int mdev_kunit_probe(struct mdev_device *mdev)
{
	struct mdev_kunit *ctx = mdev_kunit_of(mdev);

	/* Refused while the device is made, not when it is bound again. */
	ctx->open_in_probe = mdev_get_user(mdev);
	if (!ctx->open_in_probe)
		mdev_put_user(mdev);
	if (ctx->probe_error)
		return ctx->probe_error;
	ctx->probed++;
	return 0;
}

static int mdev_kunit_request(struct mdev_device *mdev, unsigned int count)
{
	struct mdev_kunit *ctx = mdev_kunit_of(mdev);

	if (!ctx->can_request)
		return -EOPNOTSUPP;
	ctx->requested++;
	return 0;
}

static const struct mdev_class_id mdev_kunit_ids[] = {
	{ MDEV_KUNIT_CLASS },
	{ }
};

static struct mdev_driver mdev_kunit_driver = {
	.name = "mdev_kunit",
	.id_table = mdev_kunit_ids,
	.probe = mdev_kunit_probe,
	.request = mdev_kunit_request,
};

static ssize_t available_instances_show(struct kobject *kobj,
					struct device *dev, char *buf)
{
	return sysfs_emit(buf, "1\n");
}
static MDEV_TYPE_ATTR_RO(available_instances);

static struct mdev_kunit_vendor *mdev_kunit_vendor(struct kunit *test)
{
	struct mdev_kunit_vendor *vendor;
	unsigned int i;

	vendor = kzalloc_obj(*vendor);
	KUNIT_ASSERT_NOT_NULL(test, vendor);
	for (i = 0; i < ARRAY_SIZE(vendor->type); i++) {
		vendor->type[i].attrs = vendor->attrs;
		vendor->groups[i] = &vendor->type[i];
	}
	vendor->attrs[0] = &mdev_type_attr_available_instances.attr;
	vendor->type[0].name = "1";
	vendor->type[1].name = "2";
	vendor->ops.owner = THIS_MODULE;
	vendor->ops.supported_type_groups = vendor->groups;
	vendor->ops.create = mdev_kunit_create;
	vendor->ops.remove = mdev_kunit_remove;
	return vendor;
}

static void mdev_kunit_unregister(struct mdev_kunit *ctx)
{
	mdev_unregister_device(ctx->dev);
	kfree(ctx->vendor);
	ctx->vendor = NULL;
}

static int mdev_kunit_init(struct kunit *test)
{
	struct mdev_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->class_id = MDEV_KUNIT_CLASS;
	ctx->ops = mdev_kunit_ops;
	/* A device of KUnit's own has a driver, which is slow to let go its name. */
	ctx->dev = root_device_register("mdev_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx->dev);
	test->priv = ctx;
	dev_set_drvdata(ctx->dev, ctx);
	ctx->vendor = mdev_kunit_vendor(test);
	return 0;
}

static void mdev_kunit_exit(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;

	if (!ctx)
		return;
	mdev_kunit_unregister(ctx);
	root_device_unregister(ctx->dev);
}

static int mdev_kunit_suite_init(struct kunit_suite *suite)
{
	return mdev_register_driver(&mdev_kunit_driver);
}

static void mdev_kunit_suite_exit(struct kunit_suite *suite)
{
	mdev_unregister_driver(&mdev_kunit_driver);
}

static void mdev_kunit_register(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
}

static int mdev_kunit_make(struct kunit *test, const guid_t *uuid)
{
	struct mdev_kunit *ctx = test->priv;
	struct mdev_type_obj *type;
	int ret;

	type = mdev_parent_get_type(ctx->dev, 1);
	KUNIT_ASSERT_NOT_NULL(test, type);
	ret = mdev_device_create(type, uuid);
	kobject_put(&type->kobj);
	return ret;
}

/* Registers the parent and makes one device that is to succeed. */
static struct mdev_device *mdev_kunit_device(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;

	mdev_kunit_register(test);
	KUNIT_ASSERT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_ASSERT_NOT_NULL(test, ctx->mdev);
	return ctx->mdev;
}

/* Removal as through sysfs, whose writer holds a reference. */
static int mdev_kunit_remove_device(struct mdev_device *mdev)
{
	int ret;

	get_device(mdev_dev(mdev));
	ret = mdev_device_remove(mdev);
	put_device(mdev_dev(mdev));
	return ret;
}

/* Whatever is missing in a description is refused, and nothing stays behind. */
static void mdev_register_refuses(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;
	struct attribute_group *none[] = { NULL };
	struct module *owner = THIS_MODULE;
	struct mdev_parent_ops ops;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_device(NULL, &ctx->vendor->ops));
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_device(ctx->dev, NULL));

	ops = ctx->vendor->ops;
	ops.create = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_device(ctx->dev, &ops));
	ops = ctx->vendor->ops;
	ops.remove = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_device(ctx->dev, &ops));
	ops = ctx->vendor->ops;
	ops.supported_type_groups = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_device(ctx->dev, &ops));
	ops.supported_type_groups = none;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_device(ctx->dev, &ops));
	/* What is built in has none, and is none. */
	ops = ctx->vendor->ops;
	ops.owner = NULL;
	KUNIT_EXPECT_EQ(test, owner ? -EINVAL : 0,
			mdev_register_device(ctx->dev, &ops));
	mdev_unregister_device(ctx->dev);

	ctx->vendor->type[1].name = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
	ctx->vendor->type[1].name = "";
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
	ctx->vendor->type[1].name = "1";
	KUNIT_EXPECT_EQ(test, -EEXIST,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));

	ctx->vendor->type[1].name = "2";
	ctx->vendor->type[1].attrs = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
	ctx->vendor->type[1].attrs = ctx->vendor->attrs + 1;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
	ctx->vendor->type[1].attrs = ctx->vendor->attrs;
	KUNIT_EXPECT_EQ(test, 0,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
}

/* A device can be a parent once at a time. */
static void mdev_register_once(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;

	mdev_kunit_register(test);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			mdev_register_device(ctx->dev, &ctx->vendor->ops));
	mdev_unregister_device(ctx->dev);
	mdev_unregister_device(ctx->dev);
	mdev_kunit_register(test);
}

static void mdev_kunit_free_device(struct device *dev)
{
	kfree(dev);
}

/* A second parent of one name works, and leaves the link of the first alone. */
static void mdev_register_same_name(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;
	struct device *child;

	/* Below the first, where its name is free */
	child = kzalloc_obj(*child);
	KUNIT_ASSERT_NOT_NULL(test, child);
	child->parent = ctx->dev;
	child->release = mdev_kunit_free_device;
	dev_set_name(child, "%s", dev_name(ctx->dev));
	KUNIT_ASSERT_EQ(test, 0, device_register(child));

	mdev_kunit_register(test);
	KUNIT_EXPECT_EQ(test, 0, mdev_register_device(child, &ctx->vendor->ops));
	mdev_unregister_device(child);
	/* Warns if its link is gone; the child is no device of a parent's. */
	mdev_kunit_unregister(ctx);
	device_unregister(child);
}

/* Bus drivers without a name, a class or a probe() are refused. */
static void mdev_register_driver_refuses(struct kunit *test)
{
	static const struct mdev_class_id none[] = { { } };
	struct mdev_driver good = {
		.name = "mdev_kunit2",
		.id_table = mdev_kunit_ids,
		.probe = mdev_kunit_probe,
	};
	struct mdev_driver drv;

	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(NULL));
	drv = good;
	drv.name = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(&drv));
	drv = good;
	drv.probe = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(&drv));
	drv = good;
	drv.id_table = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(&drv));
	drv.id_table = none;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(&drv));
}

/**
 * struct mdev_uuid_case - something written to "create"
 * @text: what
 * @len: how much of it
 * @ret: what comes of it
 */
struct mdev_uuid_case {
	const char *text;
	size_t len;
	int ret;
};

static const struct mdev_uuid_case mdev_uuid_cases[] = {
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", 36, 0 },
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\n", 37, 0 },
	{ "83B8F4F2-509F-382F-3C1E-E6BFE0FA1001", 36, 0 },
	{ "00000000-0000-0000-0000-000000000000", 36, 0 },
	{ "ffffffff-ffff-ffff-ffff-ffffffffffff", 36, 0 },
	{ "", 0, -EINVAL },				/* nothing */
	{ "\n", 1, -EINVAL },				/* a newline */
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa100", 35, -EINVAL }, /* short */
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa100\n", 36, -EINVAL },
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa10012", 37, -EINVAL }, /* long */
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 ", 37, -EINVAL }, /* blank */
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\0", 37, -EINVAL }, /* NUL */
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\r\n", 38, -EINVAL },
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\n\n", 38, -EINVAL },
	{ " 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", 37, -EINVAL },
	{ "83b8f4f2-509f-382f-3c1e_e6bfe0fa1001", 36, -EINVAL }, /* no dash */
	{ "83b8f4f2-509f-382f-3c1e-e6bfe0fa100g", 36, -EINVAL }, /* no digit */
	{ "83b8f4f2509f382f3c1ee6bfe0fa10010000", 36, -EINVAL }, /* no dashes */
};

static void mdev_uuid_desc(const struct mdev_uuid_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%*pE", (int)c->len, c->text);
}

KUNIT_ARRAY_PARAM(mdev_uuid, mdev_uuid_cases, mdev_uuid_desc);

/* A UUID and at most one newline is taken, nothing else. */
static void mdev_parse_uuid_test(struct kunit *test)
{
	const struct mdev_uuid_case *c = test->param_value;
	guid_t uuid;

	KUNIT_EXPECT_EQ(test, c->ret, mdev_parse_uuid(c->text, c->len, &uuid));
}

/* A device is bound when its creation returns, and knows what it was made as. */
static void mdev_create_works(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, 1, ctx->created);
	KUNIT_EXPECT_EQ(test, 1, ctx->probed);
	KUNIT_EXPECT_PTR_EQ(test, &mdev_kunit_driver.driver,
			    mdev_dev(mdev)->driver);
	KUNIT_EXPECT_TRUE(test, guid_equal(mdev_uuid(mdev), &mdev_kunit_uuid));
	KUNIT_EXPECT_STREQ(test, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
			   dev_name(mdev_dev(mdev)));
	KUNIT_EXPECT_EQ(test, 1, mdev_get_type_group_id(mdev));
	KUNIT_EXPECT_EQ(test, MDEV_KUNIT_CLASS, mdev_get_class_id(mdev));
	KUNIT_EXPECT_PTR_EQ(test, (const void *)mdev_kunit_ops,
			    mdev_get_dev_ops(mdev));
	KUNIT_EXPECT_PTR_EQ(test, ctx->dev, mdev_parent_dev(mdev));
	KUNIT_EXPECT_PTR_EQ(test, mdev, mdev_from_dev(mdev_dev(mdev)));
	KUNIT_EXPECT_PTR_EQ(test, NULL, mdev_from_dev(ctx->dev));
}

/* A UUID is taken until its device is gone, and free right after. */
static void mdev_uuid_is_claimed(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, -EEXIST, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 1, ctx->created);
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid2));
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_remove_device(mdev));
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 3, ctx->created);
}

/* create() fails: its error comes back, remove() is not called. */
static void mdev_create_vendor_error(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;

	mdev_kunit_register(test);
	ctx->create_error = -EUSERS;
	KUNIT_EXPECT_EQ(test, -EUSERS, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 0, ctx->removed);
	ctx->create_error = 0;
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid));
}

/* probe() fails: its error comes back, remove() is called once. */
static void mdev_create_probe_error(struct kunit *test)
{
	static const int errors[] = { -ENODEV, -ENXIO, -EIO, -ENOMEM };
	struct mdev_kunit *ctx = test->priv;
	unsigned int i;

	mdev_kunit_register(test);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		ctx->probe_error = errors[i];
		KUNIT_EXPECT_EQ(test, errors[i],
				mdev_kunit_make(test, &mdev_kunit_uuid));
		KUNIT_EXPECT_EQ(test, i + 1, ctx->created);
		KUNIT_EXPECT_EQ(test, i + 1, ctx->removed);
	}
	ctx->probe_error = -EPROBE_DEFER;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mdev_kunit_make(test, &mdev_kunit_uuid));
	ctx->probe_error = 0;
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid));
}

/* Without class, ops or a driver for the class there is no device. */
static void mdev_create_incomplete(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;

	mdev_kunit_register(test);
	ctx->class_id = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
	ctx->class_id = MDEV_KUNIT_CLASS;
	ctx->ops = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 2, ctx->removed);
	ctx->ops = mdev_kunit_ops;
	ctx->class_id = MDEV_KUNIT_NO_CLASS;
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_kunit_make(test, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 3, ctx->removed);
	KUNIT_EXPECT_EQ(test, 0, ctx->probed);
	ctx->class_id = MDEV_KUNIT_CLASS;
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid));
}

/* Class and ops do not change after create(). */
static void mdev_ops_are_constant(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);

	mdev_set_class_id(mdev, MDEV_KUNIT_NO_CLASS);
	mdev_set_dev_ops(mdev, NULL);
	KUNIT_EXPECT_EQ(test, MDEV_KUNIT_CLASS, mdev_get_class_id(mdev));
	KUNIT_EXPECT_PTR_EQ(test, (const void *)mdev_kunit_ops,
			    mdev_get_dev_ops(mdev));
}

/* The vendor's data is his; binding and unbinding leaves it alone. */
static void mdev_drvdata(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;

	KUNIT_EXPECT_NULL(test, mdev_get_drvdata(mdev));
	mdev_set_drvdata(mdev, ctx);
	device_release_driver(mdev_dev(mdev));
	KUNIT_EXPECT_PTR_EQ(test, (void *)ctx, mdev_get_drvdata(mdev));
	KUNIT_EXPECT_EQ(test, 1, device_attach(mdev_dev(mdev)));
	KUNIT_EXPECT_PTR_EQ(test, (void *)ctx, mdev_get_drvdata(mdev));
	KUNIT_EXPECT_EQ(test, 2, ctx->probed);
}

/* A device can be opened from when it is live until its removal begins. */
static void mdev_user_states(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, -ENODEV, ctx->open_in_probe);
	KUNIT_EXPECT_EQ(test, 0, mdev_get_user(mdev));
	KUNIT_EXPECT_EQ(test, 0, mdev_get_user(mdev));
	mdev_put_user(mdev);
	mdev_put_user(mdev);

	get_device(mdev_dev(mdev));
	KUNIT_EXPECT_EQ(test, 0, mdev_device_remove(mdev));
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_get_user(mdev));
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_device_remove(mdev));
	put_device(mdev_dev(mdev));
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
}

/* A user who cannot be asked keeps his device, as often as one tries. */
static void mdev_remove_busy(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, mdev_get_user(mdev));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, -EBUSY, mdev_kunit_remove_device(mdev));
	KUNIT_EXPECT_EQ(test, 0, ctx->removed);
	KUNIT_EXPECT_EQ(test, 0, mdev_get_user(mdev));
	mdev_put_user(mdev);
	mdev_put_user(mdev);
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_remove_device(mdev));
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
}

static int mdev_kunit_remover(void *data)
{
	return mdev_kunit_remove_device(data);
}

/* Starts removal by another task, which is to be stopped, and waits until it asks. */
static struct task_struct *mdev_kunit_start_remover(struct kunit *test,
						    struct mdev_device *mdev)
{
	struct mdev_kunit *ctx = test->priv;
	struct task_struct *task;
	unsigned int i;

	task = kthread_create(mdev_kunit_remover, mdev, "mdev_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	for (i = 0; i < 500 && !READ_ONCE(ctx->requested); i++)
		schedule_timeout_idle(HZ / 100 + 1);
	KUNIT_EXPECT_EQ(test, 1, ctx->requested);
	return task;
}

static int mdev_kunit_join(struct task_struct *task)
{
	int ret = kthread_stop(task);

	put_task_struct(task);
	return ret;
}

/* A user who can be asked is, and the device goes when he lets go. */
static void mdev_remove_waits(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;
	struct task_struct *task;

	ctx->can_request = true;
	KUNIT_ASSERT_EQ(test, 0, mdev_get_user(mdev));
	task = mdev_kunit_start_remover(test, mdev);

	/* Nobody else removes it, nobody else opens it. */
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_kunit_remove_device(mdev));
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_get_user(mdev));
	KUNIT_EXPECT_EQ(test, 0, ctx->removed);

	mdev_put_user(mdev);
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_join(task));
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
}

static int mdev_kunit_closer(void *data)
{
	schedule_timeout_idle(HZ / 10);
	mdev_put_user(data);
	return 0;
}

/* Unregistration takes over from a remover who waits, and waits itself. */
static void mdev_unregister_waits(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;
	struct task_struct *remover, *closer;

	KUNIT_ASSERT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid2));
	ctx->can_request = true;
	KUNIT_ASSERT_EQ(test, 0, mdev_get_user(mdev));
	remover = mdev_kunit_start_remover(test, mdev);
	closer = kthread_create(mdev_kunit_closer, mdev, "mdev_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, closer);
	get_task_struct(closer);
	wake_up_process(closer);

	mdev_kunit_unregister(ctx);
	KUNIT_EXPECT_EQ(test, 2, ctx->removed);
	KUNIT_EXPECT_EQ(test, 1, ctx->requested);
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_kunit_join(remover));
	mdev_kunit_join(closer);
}

/* What remove() returns changes nothing. */
static void mdev_remove_cannot_refuse(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;

	ctx->remove_error = -EBUSY;
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_remove_device(mdev));
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
	KUNIT_EXPECT_EQ(test, 0, mdev_kunit_make(test, &mdev_kunit_uuid));
}

/* A device that somebody holds on to touches nothing of its vendor's. */
static void mdev_outlives_vendor(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	struct mdev_kunit *ctx = test->priv;

	get_device(mdev_dev(mdev));
	mdev_kunit_unregister(ctx);
	KUNIT_EXPECT_EQ(test, 1, ctx->removed);
	KUNIT_EXPECT_FALSE(test, device_is_registered(mdev_dev(mdev)));
	KUNIT_EXPECT_NULL(test, mdev_parent_dev(mdev));
	KUNIT_EXPECT_NULL(test, mdev_dev(mdev)->parent);
	KUNIT_EXPECT_EQ(test, 1, mdev_get_type_group_id(mdev));
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_get_user(mdev));
	KUNIT_EXPECT_EQ(test, -ENODEV, mdev_device_remove(mdev));
	put_device(mdev_dev(mdev));
}

/* A type that somebody holds on to creates no more devices. */
static void mdev_type_outlives_vendor(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;
	struct mdev_type_obj *type;

	mdev_kunit_register(test);
	type = mdev_parent_get_type(ctx->dev, 0);
	KUNIT_ASSERT_NOT_NULL(test, type);
	mdev_kunit_unregister(ctx);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			mdev_device_create(type, &mdev_kunit_uuid));
	KUNIT_EXPECT_EQ(test, 0, mdev_type_kobj_group_id(&type->kobj));
	KUNIT_EXPECT_EQ(test, 0, ctx->created);
	kobject_put(&type->kobj);
}

/* The parent device is not held once it is unregistered. */
static void mdev_parent_is_let_go(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;
	unsigned int before = kref_read(&ctx->dev->kobj.kref);
	struct mdev_device *mdev = mdev_kunit_device(test);

	get_device(mdev_dev(mdev));
	KUNIT_EXPECT_GT(test, kref_read(&ctx->dev->kobj.kref), before);
	mdev_kunit_unregister(ctx);
	KUNIT_EXPECT_EQ(test, before, kref_read(&ctx->dev->kobj.kref));
	put_device(mdev_dev(mdev));
}

/* A device whose driver comes back is bound to it again. */
static void mdev_driver_comes_back(struct kunit *test)
{
	static const struct mdev_class_id ids[] = {
		{ MDEV_KUNIT_NO_CLASS },
		{ MDEV_KUNIT_CLASS + 1 },
		{ }
	};
	struct mdev_driver drv = {
		.name = "mdev_kunit3",
		.id_table = ids,
		.probe = mdev_kunit_probe,
	};
	struct mdev_kunit *ctx = test->priv;
	struct mdev_device *mdev;

	ctx->class_id = MDEV_KUNIT_CLASS + 1;
	KUNIT_ASSERT_EQ(test, 0, mdev_register_driver(&drv));
	mdev = mdev_kunit_device(test);
	KUNIT_EXPECT_PTR_EQ(test, &drv.driver, mdev_dev(mdev)->driver);

	mdev_unregister_driver(&drv);
	KUNIT_EXPECT_NULL(test, mdev_dev(mdev)->driver);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			mdev_kunit_make(test, &mdev_kunit_uuid2));

	drv.name = "mdev_kunit4";
	KUNIT_ASSERT_EQ(test, 0, mdev_register_driver(&drv));
	KUNIT_EXPECT_EQ(test, 2, ctx->probed);
	KUNIT_EXPECT_NOT_NULL(test, mdev_dev(mdev)->driver);
	mdev_unregister_driver(&drv);
}

/* A parent without hardware has a device in a class, and leaves neither behind. */
static void mdev_virtual_parent(struct kunit *test)
{
	struct mdev_kunit *ctx = test->priv;
	struct device *dev;
	int i;

	for (i = 0; i < 2; i++) {
		dev = mdev_register_virtual_parent("mdev_kunit_virtual",
						   &ctx->vendor->ops);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
		KUNIT_EXPECT_STREQ(test, "mdev_kunit_virtual", dev_name(dev));
		KUNIT_EXPECT_STREQ(test, "mdev_kunit_virtual",
				   dev->class->name);
		KUNIT_EXPECT_EQ(test, -EEXIST,
				mdev_register_device(dev, &ctx->vendor->ops));
		mdev_unregister_virtual_parent(dev);
	}
}

/* What cannot be registered has no device either. */
static void mdev_virtual_parent_refuses(struct kunit *test)
{
	static const char name[] = "mdev_kunit_virtual";
	struct mdev_kunit *ctx = test->priv;
	struct device *dev;

	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    mdev_register_virtual_parent(NULL,
							 &ctx->vendor->ops));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    mdev_register_virtual_parent("",
							 &ctx->vendor->ops));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    mdev_register_virtual_parent(name, NULL));

	dev = mdev_register_virtual_parent(name, &ctx->vendor->ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	mdev_unregister_virtual_parent(dev);
}

/**
 * struct mdev_class_case - a class, and by what its driver is found
 * @id: the class
 * @modalias: what an event says, or NULL
 */
struct mdev_class_case {
	u16 id;
	const char *modalias;
};

static const struct mdev_class_case mdev_class_cases[] = {
	{ MDEV_ID_NONE, NULL },
	{ MDEV_ID_VFIO, "MODALIAS=mdev:c01" },
	{ MDEV_ID_VIRTIO, "MODALIAS=mdev:c02" },
	{ 0xab, "MODALIAS=mdev:cAB" },
	{ 0xfe00, "MODALIAS=mdev:cFE00" },
};

static void mdev_class_desc(const struct mdev_class_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "class %#x", c->id);
}

KUNIT_ARRAY_PARAM(mdev_class, mdev_class_cases, mdev_class_desc);

/* As a bus driver of these classes, or of none */
static bool mdev_kunit_serves(struct mdev_device *mdev,
			      const struct mdev_class_id *ids)
{
	struct mdev_driver drv = { .id_table = ids };

	return mdev_bus_serves(&drv.driver, mdev);
}

/* Only a driver that has its class in its table serves a device. */
static void mdev_class_matches(struct kunit *test)
{
	static const struct mdev_class_id vfio[] = { { MDEV_ID_VFIO }, { } };
	static const struct mdev_class_id virtio[] = { { MDEV_ID_VIRTIO }, { } };
	static const struct mdev_class_id both[] = {
		{ MDEV_ID_VFIO }, { MDEV_ID_VIRTIO }, { }
	};
	const struct mdev_class_case *c = test->param_value;
	struct mdev_device *mdev;

	mdev = kunit_kzalloc(test, sizeof(*mdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mdev);
	mdev->class_id = c->id;
	KUNIT_EXPECT_EQ(test, c->id == MDEV_ID_VFIO, mdev_kunit_serves(mdev, vfio));
	KUNIT_EXPECT_EQ(test, c->id == MDEV_ID_VIRTIO, mdev_kunit_serves(mdev, virtio));
	KUNIT_EXPECT_EQ(test, c->id == MDEV_ID_VFIO || c->id == MDEV_ID_VIRTIO,
			mdev_kunit_serves(mdev, both));
	KUNIT_EXPECT_FALSE(test, mdev_kunit_serves(mdev, NULL));
}

/* A driver that serves all devices of a parent serves no others, whatever their class. */
static void mdev_class_only_driver(struct kunit *test)
{
	static const struct mdev_class_id vfio[] = { { MDEV_ID_VFIO }, { } };
	const struct mdev_class_case *c = test->param_value;
	struct mdev_driver only = { };
	struct mdev_device *mdev;

	mdev = kunit_kzalloc(test, sizeof(*mdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mdev);
	mdev->class_id = c->id;
	KUNIT_EXPECT_FALSE(test, mdev_bus_serves(&only.driver, mdev));
	mdev->only_driver = &only;
	KUNIT_EXPECT_TRUE(test, mdev_bus_serves(&only.driver, mdev));
	KUNIT_EXPECT_FALSE(test, mdev_kunit_serves(mdev, vfio));
}

/* What an event says is what a module's alias is matched with. */
static void mdev_class_modalias(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);
	const struct bus_type *bus = mdev_dev(mdev)->bus;
	const struct mdev_class_case *c = test->param_value;
	struct kobj_uevent_env *env;
	struct mdev_device *other;

	env = kunit_kzalloc(test, sizeof(*env), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, env);
	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, other);
	other->class_id = c->id;
	KUNIT_EXPECT_EQ(test, 0, bus->uevent(&other->dev, env));
	KUNIT_ASSERT_EQ(test, c->modalias ? 1 : 0, env->envp_idx);
	if (c->modalias)
		KUNIT_EXPECT_STREQ(test, c->modalias, env->envp[0]);
}

/* Nobody gets ops of another kind than he asks for. */
static void mdev_class_ops(struct kunit *test)
{
	struct mdev_device *mdev = mdev_kunit_device(test);

	KUNIT_EXPECT_NULL(test, mdev_get_vfio_ops(mdev));
	KUNIT_EXPECT_NULL(test, mdev_get_virtio_ops(mdev));
}

static struct kunit_case mdev_kunit_cases[] = {
	KUNIT_CASE(mdev_register_refuses),
	KUNIT_CASE(mdev_register_once),
	KUNIT_CASE(mdev_register_same_name),
	KUNIT_CASE(mdev_virtual_parent),
	KUNIT_CASE(mdev_virtual_parent_refuses),
	KUNIT_CASE(mdev_register_driver_refuses),
	KUNIT_CASE_PARAM(mdev_parse_uuid_test, mdev_uuid_gen_params),
	KUNIT_CASE(mdev_create_works),
	KUNIT_CASE(mdev_uuid_is_claimed),
	KUNIT_CASE(mdev_create_vendor_error),
	KUNIT_CASE(mdev_create_probe_error),
	KUNIT_CASE(mdev_create_incomplete),
	KUNIT_CASE(mdev_ops_are_constant),
	KUNIT_CASE(mdev_drvdata),
	KUNIT_CASE(mdev_user_states),
	KUNIT_CASE(mdev_remove_busy),
	KUNIT_CASE(mdev_remove_waits),
	KUNIT_CASE(mdev_unregister_waits),
	KUNIT_CASE(mdev_remove_cannot_refuse),
	KUNIT_CASE(mdev_outlives_vendor),
	KUNIT_CASE(mdev_type_outlives_vendor),
	KUNIT_CASE(mdev_parent_is_let_go),
	KUNIT_CASE(mdev_driver_comes_back),
	KUNIT_CASE_PARAM(mdev_class_matches, mdev_class_gen_params),
	KUNIT_CASE_PARAM(mdev_class_only_driver, mdev_class_gen_params),
	KUNIT_CASE_PARAM(mdev_class_modalias, mdev_class_gen_params),
	KUNIT_CASE(mdev_class_ops),
	{ }
};

static struct kunit_suite mdev_kunit_suite = {
	.name = "mdev",
	.suite_init = mdev_kunit_suite_init,
	.suite_exit = mdev_kunit_suite_exit,
	.init = mdev_kunit_init,
	.exit = mdev_kunit_exit,
	.test_cases = mdev_kunit_cases,
};

kunit_test_suite(mdev_kunit_suite);

MODULE_DESCRIPTION("Tests of the mediated device core");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
