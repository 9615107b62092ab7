// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of types by description and of vendors with a driver of their own: what
 * is refused at registration
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/module.h>

/**
 * struct mdev_types_kunit - a description that is good, for tests to spoil
 * @dev: what is registered
 * @ops: its description
 * @type: of two types
 * @types: these
 * @group: an attribute group, for those who have one
 * @groups: that
 * @drv: driver of a vendor who has one
 * @parent: and the parent of that vendor
 */
struct mdev_types_kunit {
	struct device *dev;
	struct mdev_parent_ops ops;
	struct mdev_type type[2];
	struct mdev_type *types[2];
	struct attribute_group group;
	struct attribute_group *groups[2];
	struct mdev_driver drv;
	struct mdev_parent parent;
};

static int mdev_types_create(struct kobject *kobj, struct mdev_device *mdev)
{
	return -ENODEV;
}

static int mdev_types_remove(struct mdev_device *mdev)
{
	return 0;
}

static unsigned int mdev_types_available(struct mdev_type *mtype)
{
	return 1;
}

static ssize_t available_instances_show(struct kobject *kobj, struct device *dev,
					char *buf)
{
	return sysfs_emit(buf, "1\n");
}
static MDEV_TYPE_ATTR_RO(available_instances);

static struct attribute *mdev_types_attrs[] = {
	&mdev_type_attr_available_instances.attr,
	NULL
};

static int mdev_types_init(struct kunit *test)
{
	struct mdev_types_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->dev = root_device_register("mdev_types_kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx->dev);
	test->priv = ctx;

	ctx->type[0] = (struct mdev_type) {
		.sysfs_name = "1", .device_api = "api", .cost = 1,
	};
	ctx->type[1] = (struct mdev_type) {
		.sysfs_name = "2", .device_api = "api", .max_instances = 1,
	};
	ctx->types[0] = &ctx->type[0];
	ctx->types[1] = &ctx->type[1];
	ctx->group.name = "3";
	ctx->group.attrs = mdev_types_attrs;
	ctx->groups[0] = &ctx->group;
	ctx->ops = (struct mdev_parent_ops) {
		.owner = THIS_MODULE,
		.create = mdev_types_create,
		.remove = mdev_types_remove,
		.types = ctx->types,
		.nr_types = 2,
		.pool = 1,
	};
	ctx->drv.device_api = "api";
	ctx->drv.driver.name = "mdev_types_kunit";
	return 0;
}

static void mdev_types_exit(struct kunit *test)
{
	struct mdev_types_kunit *ctx = test->priv;

	if (!ctx)
		return;
	mdev_unregister_device(ctx->dev);
	root_device_unregister(ctx->dev);
}

static int mdev_types_register(struct mdev_types_kunit *ctx)
{
	return mdev_register_device(ctx->dev, &ctx->ops);
}

static void mdev_types_are_good(struct kunit *test)
{
	struct mdev_types_kunit *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, 0, mdev_types_register(ctx));
}

/* A type needs a name that no other has, an API, and a limit. */
static void mdev_types_need_all(struct kunit *test)
{
	struct mdev_types_kunit *ctx = test->priv;
	struct mdev_type good = ctx->type[1];

	ctx->type[1].sysfs_name = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_types_register(ctx));
	ctx->type[1].sysfs_name = "";
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_types_register(ctx));
	ctx->type[1].sysfs_name = "1";
	KUNIT_EXPECT_EQ(test, -EEXIST, mdev_types_register(ctx));
	ctx->type[1] = good;
	ctx->type[1].device_api = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_types_register(ctx));
	ctx->type[1] = good;
	ctx->type[1].max_instances = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_types_register(ctx));
	ctx->ops.get_available = mdev_types_available;
	KUNIT_EXPECT_EQ(test, 0, mdev_types_register(ctx));
}

/* Descriptions or groups: one of both, and some of it */
static void mdev_types_need_one_kind(struct kunit *test)
{
	struct mdev_types_kunit *ctx = test->priv;

	ctx->ops.supported_type_groups = ctx->groups;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_types_register(ctx));
	ctx->ops.types = NULL;
	ctx->ops.nr_types = 0;
	KUNIT_EXPECT_EQ(test, 0, mdev_types_register(ctx));
	mdev_unregister_device(ctx->dev);
	ctx->ops.supported_type_groups = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_types_register(ctx));
	ctx->ops.driver = &ctx->drv;
	KUNIT_EXPECT_EQ(test, 0, mdev_types_register(ctx));
}

static void mdev_types_parent_refuses(struct kunit *test)
{
	struct mdev_types_kunit *ctx = test->priv;
	struct mdev_parent *parent = &ctx->parent;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_parent(NULL, ctx->dev, &ctx->drv,
					     ctx->types, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_parent(parent, NULL, &ctx->drv,
					     ctx->types, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_parent(parent, ctx->dev, NULL,
					     ctx->types, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_parent(parent, ctx->dev, &ctx->drv,
					     NULL, 2));
	ctx->drv.device_api = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mdev_register_parent(parent, ctx->dev, &ctx->drv,
					     ctx->types, 2));
	ctx->drv.device_api = "api";
	KUNIT_EXPECT_EQ(test, 0,
			mdev_register_parent(parent, ctx->dev, &ctx->drv,
					     ctx->types, 2));
	KUNIT_EXPECT_PTR_EQ(test, ctx->dev, parent->dev);
	KUNIT_EXPECT_PTR_EQ(test, parent, ctx->type[1].parent);
	KUNIT_EXPECT_EQ(test, -EEXIST, mdev_types_register(ctx));
	mdev_unregister_parent(parent);
}

/* A driver without classes needs a name of either kind, and its API. */
static void mdev_types_driver_refuses(struct kunit *test)
{
	struct mdev_types_kunit *ctx = test->priv;

	ctx->drv.device_api = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(&ctx->drv));
	ctx->drv.device_api = "api";
	ctx->drv.driver.name = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, mdev_register_driver(&ctx->drv));
}

static struct kunit_case mdev_types_cases[] = {
	KUNIT_CASE(mdev_types_are_good),
	KUNIT_CASE(mdev_types_need_all),
	KUNIT_CASE(mdev_types_need_one_kind),
	KUNIT_CASE(mdev_types_parent_refuses),
	KUNIT_CASE(mdev_types_driver_refuses),
	{ }
};

static struct kunit_suite mdev_types_suite = {
	.name = "mdev_types",
	.init = mdev_types_init,
	.exit = mdev_types_exit,
	.test_cases = mdev_types_cases,
};

kunit_test_suite(mdev_types_suite);

MODULE_DESCRIPTION("KUnit tests of descriptions of mediated devices");
MODULE_LICENSE("GPL");
