// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the stream that a device is migrated by, on the side that writes it
 *
 * What the other side refuses is in the selftest of migration, where it comes from
 * user space.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vfio_mdev_migration.h>

#include "../vfio_mdev_stream.h"

#define TAG_FIXED	VFIO_MDEV_MIG_VENDOR
#define TAG_OPTIONAL	(VFIO_MDEV_MIG_VENDOR + 1)
#define TAG_LONG	(VFIO_MDEV_MIG_VENDOR + 2)

static const struct vfio_mdev_mig_record vfio_mdev_stream_kunit_records[] = {
	{ .tag = TAG_FIXED, .min_size = 4, .max_size = 4 },
	{ .tag = TAG_OPTIONAL, .optional = true, .max_size = 16 },
	{ .tag = TAG_LONG, .min_size = 1, .max_size = 100 },
};

static int vfio_mdev_stream_kunit_init(struct kunit *test)
{
	const unsigned int nr = ARRAY_SIZE(vfio_mdev_stream_kunit_records);
	struct vfio_mdev_stream *stream;

	stream = kunit_kzalloc(test, sizeof(*stream), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stream);
	stream->records = vfio_mdev_stream_kunit_records;
	stream->nr_records = nr;
	stream->room = vfio_mdev_stream_max_size(stream->records, nr);
	stream->buf = kunit_kzalloc(test, stream->room, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stream->buf);
	strscpy(stream->type, "kunit-1", sizeof(stream->type));
	vfio_mdev_stream_begin(stream);
	test->priv = stream;
	return 0;
}

static int vfio_mdev_stream_kunit_put(struct kunit *test, u16 tag, size_t size)
{
	static const u8 data[101] = { [0 ... 100] = 0xa5 };

	return vfio_mdev_stream_put(test->priv, tag, data, size);
}

/* Each record at its largest fits, and all of them are found again. */
static void vfio_mdev_stream_kunit_full(struct kunit *test)
{
	struct vfio_mdev_stream *stream = test->priv;
	const u8 *data;
	size_t size;

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_FIXED, 4));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_OPTIONAL, 16));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_LONG, 100));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_end(stream));
	KUNIT_EXPECT_EQ(test, stream->room, stream->size);

	data = vfio_mdev_stream_get(stream, TAG_LONG, &size);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_EQ(test, 100, size);
	KUNIT_EXPECT_EQ(test, 0xa5, data[99]);
	KUNIT_EXPECT_EQ(test, 0, data[100]);
	KUNIT_EXPECT_EQ(test, 0, (data - stream->buf) % 8);
	KUNIT_EXPECT_NOT_NULL(test, vfio_mdev_stream_get(stream, TAG_FIXED, NULL));
	KUNIT_EXPECT_NULL(test, vfio_mdev_stream_get(stream, 0x1234, NULL));
}

static void vfio_mdev_stream_kunit_optional(struct kunit *test)
{
	struct vfio_mdev_stream *stream = test->priv;
	size_t size = 99;

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_FIXED, 4));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_LONG, 1));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_end(stream));
	KUNIT_EXPECT_NULL(test, vfio_mdev_stream_get(stream, TAG_OPTIONAL, &size));
	KUNIT_EXPECT_EQ(test, 99, size);
}

/* What is not in the table, and more than what it allows */
static void vfio_mdev_stream_kunit_wrong(struct kunit *test)
{
	struct vfio_mdev_stream *stream = test->priv;
	size_t before = stream->size;

	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_kunit_put(test, TAG_FIXED, 3));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_kunit_put(test, TAG_FIXED, 5));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_kunit_put(test, TAG_LONG, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_kunit_put(test, TAG_LONG, 101));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_kunit_put(test, 0x1234, 4));
	KUNIT_EXPECT_EQ(test, before, stream->size);
}

/* Each mistake of a vendor that the target would refuse is seen at the source. */
static void vfio_mdev_stream_kunit_missing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_FIXED, 4));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_end(test->priv));
}

static void vfio_mdev_stream_kunit_disorder(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_LONG, 1));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_FIXED, 4));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_end(test->priv));
}

static void vfio_mdev_stream_kunit_too_much(struct kunit *test)
{
	struct vfio_mdev_stream *stream = test->priv;
	size_t before;

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_put(test, TAG_LONG, 100));
	before = stream->size;
	KUNIT_EXPECT_EQ(test, -EFBIG, vfio_mdev_stream_kunit_put(test, TAG_LONG, 100));
	KUNIT_EXPECT_EQ(test, before, stream->size);
}

/*
 * Descriptions
 */

static int vfio_mdev_stream_kunit_save(struct mdev_device *mdev,
				       struct vfio_mdev_stream *stream)
{
	return 0;
}

static void vfio_mdev_stream_kunit_load(struct mdev_device *mdev,
					const struct vfio_mdev_stream *stream)
{
}

/* As far as it goes for a device that is named in messages only */
static int vfio_mdev_stream_kunit_describe(struct kunit *test,
					   const struct vfio_mdev_mig_desc *desc)
{
	const struct vfio_mdev_mig_parts none = { };
	struct vfio_mdev_migration *mig;
	struct mdev_device *mdev;
	int ret;

	mig = kunit_kzalloc(test, sizeof(*mig), GFP_KERNEL);
	mdev = kunit_kzalloc(test, sizeof(*mdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mig);
	KUNIT_ASSERT_NOT_NULL(test, mdev);
	mdev->dev.init_name = "vfio_mdev_stream";
	ret = vfio_mdev_migration_init(mig, mdev, desc, &none);
	vfio_mdev_migration_destroy(mig);
	return ret;
}

static void vfio_mdev_stream_kunit_describe_right(struct kunit *test)
{
	const struct vfio_mdev_mig_desc nothing = { };
	const struct vfio_mdev_mig_desc all = {
		.records = vfio_mdev_stream_kunit_records,
		.nr_records = ARRAY_SIZE(vfio_mdev_stream_kunit_records),
		.save = vfio_mdev_stream_kunit_save,
		.load = vfio_mdev_stream_kunit_load,
	};

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_describe(test, &nothing));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_stream_kunit_describe(test, &all));
}

static void vfio_mdev_stream_kunit_describe_wrong(struct kunit *test)
{
	static const struct vfio_mdev_mig_record of_the_library[] = {
		{ .tag = VFIO_MDEV_MIG_VENDOR - 1, .max_size = 1 },
	};
	static const struct vfio_mdev_mig_record twice[] = {
		{ .tag = VFIO_MDEV_MIG_VENDOR, .max_size = 1 },
		{ .tag = VFIO_MDEV_MIG_VENDOR, .max_size = 1 },
	};
	static const struct vfio_mdev_mig_record end[] = {
		{ .tag = VFIO_MDEV_STREAM_END, .max_size = 1 },
	};
	static const struct vfio_mdev_mig_record sizes[] = {
		{ .tag = VFIO_MDEV_MIG_VENDOR, .min_size = 2, .max_size = 1 },
	};
	static const struct vfio_mdev_mig_record large[] = {
		{ .tag = VFIO_MDEV_MIG_VENDOR, .max_size = SZ_256M },
	};
	const struct vfio_mdev_mig_desc wrong[] = {
		{ .records = of_the_library, .nr_records = 1 },
		{ .records = twice, .nr_records = 2 },
		{ .records = end, .nr_records = 1 },
		{ .records = sizes, .nr_records = 1 },
		{ .records = large, .nr_records = 1 },
		{ },
	};
	struct vfio_mdev_mig_desc desc;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		desc = wrong[i];
		desc.save = vfio_mdev_stream_kunit_save;
		desc.load = vfio_mdev_stream_kunit_load;
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    vfio_mdev_stream_kunit_describe(test, &desc),
				    "row %u", i);
	}
	desc = (struct vfio_mdev_mig_desc){ .load = vfio_mdev_stream_kunit_load };
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_stream_kunit_describe(test, &desc));
}

static struct kunit_case vfio_mdev_stream_kunit_cases[] = {
	KUNIT_CASE(vfio_mdev_stream_kunit_full),
	KUNIT_CASE(vfio_mdev_stream_kunit_optional),
	KUNIT_CASE(vfio_mdev_stream_kunit_wrong),
	KUNIT_CASE(vfio_mdev_stream_kunit_missing),
	KUNIT_CASE(vfio_mdev_stream_kunit_disorder),
	KUNIT_CASE(vfio_mdev_stream_kunit_too_much),
	KUNIT_CASE(vfio_mdev_stream_kunit_describe_right),
	KUNIT_CASE(vfio_mdev_stream_kunit_describe_wrong),
	{ }
};

static struct kunit_suite vfio_mdev_stream_kunit_suite = {
	.name = "vfio_mdev_stream",
	.init = vfio_mdev_stream_kunit_init,
	.test_cases = vfio_mdev_stream_kunit_cases,
};

kunit_test_suite(vfio_mdev_stream_kunit_suite);

MODULE_DESCRIPTION("Tests of the stream that mediated devices are migrated by");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
