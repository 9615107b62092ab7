// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sysfs ABI of mediated devices: what is there, what "create" and "remove"
 * take, and what they refuse by which errno
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define TYPE_PATH(file) MDEV_TYPES("%s") "/%s/" file

static const char * const mtty_types[] = { MTTY_TYPE1, MTTY_TYPE2 };

/* What every attribute of a type has to look like: some text, one newline. */
static bool one_line(const char *text, int len)
{
	return len > 1 && strchr(text, '\n') == text + len - 1;
}

static bool lower_case(const char *s)
{
	for (; *s; s++)
		if (isupper((unsigned char)*s))
			return false;
	return true;
}

static void to_upper(char *s)
{
	for (; *s; s++)
		*s = toupper((unsigned char)*s);
}

static int nr_devices(void)
{
	return __dir_count(MDEV_DEVICES);
}

FIXTURE(types) {
};

FIXTURE_SETUP(types)
{
	mtty_setup();
	test_vendor_setup();
}

FIXTURE_TEARDOWN(types)
{
}

/* A parent is a link in the class directory, to where its types are. */
TEST_F(types, parent_is_listed_by_a_link)
{
	char name[NAME_MAX + 1];

	EXPECT_TRUE(S_ISLNK(file_mode(MDEV_PARENTS "/" MTTY_PARENT)));
	link_name(name, sizeof(name), MDEV_PARENTS "/" MTTY_PARENT);
	EXPECT_STREQ(MTTY_PARENT, name);
	EXPECT_TRUE(S_ISDIR(file_mode(MDEV_TYPES(MTTY_PARENT))));
}

/* Tools take every entry for a type, so there is nothing else. */
TEST_F(types, directory_holds_types_only)
{
	EXPECT_EQ(2, __dir_count(MDEV_TYPES(MTTY_PARENT)));
	EXPECT_TRUE(file_exists(MDEV_TYPES(MTTY_PARENT) "/" MTTY_TYPE1));
	EXPECT_TRUE(file_exists(MDEV_TYPES(MTTY_PARENT) "/" MTTY_TYPE2));
}

/* libvirt shows a parent only if its subsystem is called mtty. */
TEST_F(types, subsystem_of_mtty)
{
	char name[NAME_MAX + 1];

	link_name(name, sizeof(name), MDEV_PARENTS "/" MTTY_PARENT
		  "/subsystem");
	EXPECT_STREQ("mtty", name);
}

/* Every type has every attribute that tools read, and each reads as a line. */
TEST_F(types, attributes_read_as_one_line)
{
	static const char * const attrs[] = {
		"name", "device_api", "available_instances", "description",
	};
	char text[4096];
	unsigned int i, j;
	int len;

	for (i = 0; i < ARRAY_SIZE(mtty_types); i++) {
		for (j = 0; j < ARRAY_SIZE(attrs); j++) {
			len = __file_gets(text, sizeof(text), TYPE_PATH("%s"),
					  MTTY_PARENT, mtty_types[i], attrs[j]);
			ASSERT_GT(len, 0)
				TH_LOG("%s of %s", attrs[j], mtty_types[i]);
			EXPECT_TRUE(one_line(text, len))
				TH_LOG("%s of %s: '%s'", attrs[j],
				       mtty_types[i], text);
		}
	}
}

/* libvirt knows this device API and no other for a PCI device. */
TEST_F(types, device_api_is_vfio_pci)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mtty_types); i++) {
		file_gets(text, sizeof(text), TYPE_PATH("device_api"),
			  MTTY_PARENT, mtty_types[i]);
		EXPECT_STREQ("vfio-pci", text);
	}
}

/* Tools choose a type by its name. */
TEST_F(types, names_are_unique)
{
	char a[256], b[256];

	file_gets(a, sizeof(a), TYPE_PATH("name"), MTTY_PARENT, MTTY_TYPE1);
	file_gets(b, sizeof(b), TYPE_PATH("name"), MTTY_PARENT, MTTY_TYPE2);
	EXPECT_STRNE(a, b);
}

/* mdevctl parses it as a signed number of 32 bits. */
TEST_F(types, available_instances_is_decimal)
{
	char text[64], again[64];
	unsigned int i;
	long value;

	for (i = 0; i < ARRAY_SIZE(mtty_types); i++) {
		file_gets(text, sizeof(text), TYPE_PATH("available_instances"),
			  MTTY_PARENT, mtty_types[i]);
		value = strtol(text, NULL, 10);
		snprintf(again, sizeof(again), "%ld", value);
		EXPECT_STREQ(again, text);
		EXPECT_GE(value, 0);
		EXPECT_LE(value, INT_MAX);
	}
}

/* A device takes as many instances as it has ports, from both types. */
TEST_F(types, available_instances_counts)
{
	char uuid[MDEV_UUID_SIZE];

	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ(MTTY_PORTS / 2, mdev_available(MTTY_PARENT, MTTY_TYPE2));
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	EXPECT_EQ(MTTY_PORTS - 1, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ((MTTY_PORTS - 1) / 2, mdev_available(MTTY_PARENT, MTTY_TYPE2));
	mdev_remove(uuid);
	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ(MTTY_PORTS / 2, mdev_available(MTTY_PARENT, MTTY_TYPE2));
}

/* "create" is there to be written by root and by nobody else. */
TEST_F(types, create_is_write_only)
{
	char text[8];

	EXPECT_EQ(0200, file_mode(TYPE_PATH("create"), MTTY_PARENT,
				  MTTY_TYPE1) & 07777);
	EXPECT_EQ(-EACCES, __file_gets(text, sizeof(text), TYPE_PATH("create"),
				       MTTY_PARENT, MTTY_TYPE1));
}

/* Attributes that the vendor gives to its parent and its types are there. */
TEST_F(types, vendor_attributes)
{
	char text[64];
	int before;

	EXPECT_EQ(0, test_vendor_count("misordered"));
	file_gets(text, sizeof(text), TYPE_PATH("name"), TEST_PARENT,
		  TEST_TYPE("plain"));
	EXPECT_STREQ("Test plain", text);

	file_gets(text, sizeof(text), TYPE_PATH("sum"), TEST_PARENT,
		  TEST_TYPE("plain"));
	before = atoi(text);
	file_puts("5\n", TYPE_PATH("sum"), TEST_PARENT, TEST_TYPE("plain"));
	file_gets(text, sizeof(text), TYPE_PATH("sum"), TEST_PARENT,
		  TEST_TYPE("plain"));
	EXPECT_EQ(before + 5, atoi(text));
	EXPECT_STREQ(TEST_PARENT, strchr(text, ' ') + 1);
	EXPECT_EQ(-EINVAL, __file_puts("five", TYPE_PATH("sum"), TEST_PARENT,
				       TEST_TYPE("plain")));
	EXPECT_EQ(-EIO, __file_gets(text, sizeof(text), TYPE_PATH("mute"),
				    TEST_PARENT, TEST_TYPE("plain")));
	EXPECT_EQ(-EIO, __file_puts("5", TYPE_PATH("mute"), TEST_PARENT,
				    TEST_TYPE("plain")));
}

FIXTURE(device) {
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(device)
{
	mtty_setup();
	test_vendor_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, self->uuid);
}

FIXTURE_TEARDOWN(device)
{
	mdev_remove(self->uuid);
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* The device is a link on its bus, and a directory of its parent. */
TEST_F(device, is_below_its_parent)
{
	char path[PATH_MAX], end[PATH_MAX];

	EXPECT_TRUE(S_ISLNK(file_mode(MDEV_DEVICES "/%s", self->uuid)));
	snprintf(path, sizeof(path), MDEV_DEVICES "/%s", self->uuid);
	ASSERT_NE(NULL, realpath(path, end));
	snprintf(path, sizeof(path), "/" MTTY_PARENT "/%s", self->uuid);
	ASSERT_GT(strlen(end), strlen(path));
	EXPECT_STREQ(path, end + strlen(end) - strlen(path));
	EXPECT_TRUE(file_exists(MDEV_PARENTS "/" MTTY_PARENT "/%s",
				self->uuid));
}

/* Device and type link to each other. */
TEST_F(device, is_linked_with_its_type)
{
	char name[NAME_MAX + 1];

	link_name(name, sizeof(name), MDEV_DEVICES "/%s/mdev_type", self->uuid);
	EXPECT_STREQ(MTTY_TYPE1, name);
	link_name(name, sizeof(name), TYPE_PATH("devices/%s"), MTTY_PARENT,
		  MTTY_TYPE1, self->uuid);
	EXPECT_STREQ(self->uuid, name);
	EXPECT_EQ(1, mdev_count(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ(0, mdev_count(MTTY_PARENT, MTTY_TYPE2));
}

/* Subsystem and driver are those that tools look for. */
TEST_F(device, is_on_its_bus_and_bound)
{
	char name[NAME_MAX + 1];

	link_name(name, sizeof(name), MDEV_DEVICES "/%s/subsystem", self->uuid);
	EXPECT_STREQ("mdev", name);
	mdev_driver(self->uuid, name, sizeof(name));
	EXPECT_STREQ("vfio_mdev", name);
	EXPECT_TRUE(file_exists(MDEV_DRIVERS "/vfio_mdev/%s", self->uuid));
}

/* "remove" is there to be written by root and by nobody else. */
TEST_F(device, remove_is_write_only)
{
	EXPECT_EQ(0200, file_mode(MDEV_DEVICES "/%s/remove", self->uuid) &
			07777);
}

/* There is no power to manage. */
TEST_F(device, has_no_files_about_power)
{
	EXPECT_FALSE(file_exists(MDEV_DEVICES "/%s/power", self->uuid));
}

/* udev loads the class's driver by this. */
TEST_F(device, modalias_names_the_class)
{
	char text[64], uevent[512];

	file_gets(text, sizeof(text), MDEV_DEVICES "/%s/modalias", self->uuid);
	EXPECT_STREQ("mdev:c01", text);
	file_gets(uevent, sizeof(uevent), MDEV_DEVICES "/%s/uevent",
		  self->uuid);
	EXPECT_NE(NULL, strstr(uevent, "MODALIAS=mdev:c01"));
}

/* The number of the group is the name of its node, a character device. */
TEST_F(device, has_group_and_node)
{
	int group;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	group = mdev_iommu_group(self->uuid);
	EXPECT_TRUE(file_exists("/sys/kernel/iommu_groups/%d/devices/%s",
				group, self->uuid));
	EXPECT_TRUE(S_ISCHR(file_mode("/dev/vfio/%d", group)));
}

/* When the write to "create" returns, the node is there: no need to wait. */
TEST_F(device, node_is_there_when_create_returns)
{
	char uuid[MDEV_UUID_SIZE];
	int i;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	for (i = 0; i < 20; i++) {
		mdev_create_new(MTTY_PARENT, MTTY_TYPE2, uuid);
		EXPECT_TRUE(file_exists("/dev/vfio/%d",
					mdev_iommu_group(uuid)));
		mdev_remove(uuid);
	}
}

/* Groups that the vendor gives to its devices are there. */
TEST_F(device, vendor_attributes)
{
	char uuid[MDEV_UUID_SIZE], text[64];

	mdev_create_new(TEST_PARENT, TEST_TYPE("ops-b"), uuid);
	file_gets(text, sizeof(text), MDEV_DEVICES "/%s/vendor/behaviour",
		  uuid);
	EXPECT_STREQ("ops-b", text);
	mdev_remove(uuid);
}

/* Removal takes everything away that creation brought. */
TEST_F(device, removal_leaves_nothing)
{
	char uuid[MDEV_UUID_SIZE];
	int group;

	if (!vfio_has_groups())
		SKIP(return, "this kernel has no groups");
	mdev_create_new(MTTY_PARENT, MTTY_TYPE2, uuid);
	group = mdev_iommu_group(uuid);
	mdev_remove(uuid);
	EXPECT_FALSE(mdev_exists(uuid));
	EXPECT_FALSE(file_exists(MDEV_PARENTS "/" MTTY_PARENT "/%s", uuid));
	EXPECT_FALSE(file_exists(MDEV_DRIVERS "/vfio_mdev/%s", uuid));
	EXPECT_TRUE(WAIT_FOR(!file_exists("/sys/kernel/iommu_groups/%d",
					  group)));
	EXPECT_FALSE(file_exists("/dev/vfio/%d", group));
	EXPECT_EQ(0, mdev_count(MTTY_PARENT, MTTY_TYPE2));
}

/* "remove" takes a number, and zero means no. */
TEST_F(device, remove_takes_a_number)
{
	EXPECT_EQ(-EINVAL, __file_puts("yes", MDEV_DEVICES "/%s/remove",
				       self->uuid));
	EXPECT_EQ(-EINVAL, __file_puts("\n", MDEV_DEVICES "/%s/remove",
				       self->uuid));
	EXPECT_EQ(0, __file_puts("0\n", MDEV_DEVICES "/%s/remove",
				 self->uuid));
	EXPECT_TRUE(mdev_exists(self->uuid));
	EXPECT_TRUE(file_exists(MDEV_DEVICES "/%s/remove", self->uuid));
}

/* One UUID, one device: on this type, another type, another parent. */
TEST_F(device, duplicate_is_refused)
{
	char upper[MDEV_UUID_SIZE];

	EXPECT_EQ(-EEXIST, __mdev_create(MTTY_PARENT, MTTY_TYPE1, self->uuid));
	EXPECT_EQ(-EEXIST, __mdev_create(MTTY_PARENT, MTTY_TYPE2, self->uuid));
	EXPECT_EQ(-EEXIST, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					 self->uuid));
	memcpy(upper, self->uuid, sizeof(upper));
	to_upper(upper);
	EXPECT_EQ(-EEXIST, __mdev_create(MTTY_PARENT, MTTY_TYPE1, upper));
	EXPECT_EQ(1, nr_devices());
	EXPECT_EQ(MTTY_PORTS - 1, mdev_available(MTTY_PARENT, MTTY_TYPE1));
}

/* A UUID is free again as soon as the write to "remove" returned. */
TEST_F(device, uuid_can_be_used_again)
{
	int i;

	for (i = 0; i < 10; i++) {
		mdev_remove(self->uuid);
		ASSERT_EQ(0, __mdev_create(MTTY_PARENT, MTTY_TYPE2,
					   self->uuid));
		mdev_remove(self->uuid);
		ASSERT_EQ(0, __mdev_create(TEST_PARENT, TEST_TYPE("plain"),
					   self->uuid));
	}
}

/* All ports in use: the next device is refused, on both types, and is no loss. */
TEST_F(device, limit_is_refused)
{
	char uuid[MDEV_UUID_SIZE];
	int i;

	for (i = 1; i < MTTY_PORTS - 1; i++)
		mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);

	mdev_new_uuid(uuid);
	EXPECT_EQ(0, mdev_available(MTTY_PARENT, MTTY_TYPE2));
	EXPECT_EQ(-EUSERS, __mdev_create(MTTY_PARENT, MTTY_TYPE2, uuid));
	EXPECT_EQ(1, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	mdev_create(MTTY_PARENT, MTTY_TYPE1, uuid);

	mdev_new_uuid(uuid);
	EXPECT_EQ(0, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ(-EUSERS, __mdev_create(MTTY_PARENT, MTTY_TYPE1, uuid));
	EXPECT_FALSE(mdev_exists(uuid));

	mdev_remove_all(MTTY_PARENT);
	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	mdev_create(MTTY_PARENT, MTTY_TYPE1, self->uuid);
}

FIXTURE(accepted) {
};

FIXTURE_VARIANT(accepted) {
	const char *text;
	const char *directory;
};

FIXTURE_VARIANT_ADD(accepted, without_newline) {
	.text = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
	.directory = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
};

FIXTURE_VARIANT_ADD(accepted, with_newline) {
	.text = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002\n",
	.directory = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002",
};

FIXTURE_VARIANT_ADD(accepted, upper_case) {
	.text = "83B8F4F2-509F-382F-3C1E-E6BFE0FA1003",
	.directory = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1003",
};

FIXTURE_VARIANT_ADD(accepted, nil) {
	.text = "00000000-0000-0000-0000-000000000000\n",
	.directory = "00000000-0000-0000-0000-000000000000",
};

FIXTURE_VARIANT_ADD(accepted, no_rfc_4122_variant) {
	.text = "00000000-0000-0000-0000-000000000100",
	.directory = "00000000-0000-0000-0000-000000000100",
};

FIXTURE_VARIANT_ADD(accepted, all_ones) {
	.text = "ffffffff-ffff-ffff-ffff-ffffffffffff",
	.directory = "ffffffff-ffff-ffff-ffff-ffffffffffff",
};

FIXTURE_SETUP(accepted)
{
	mtty_setup();
}

FIXTURE_TEARDOWN(accepted)
{
	mdev_remove_all(MTTY_PARENT);
}

/* 36 characters of any hex digits, a newline at most: a lower case directory. */
TEST_F(accepted, creates_the_device)
{
	ASSERT_EQ(0, __mdev_create(MTTY_PARENT, MTTY_TYPE1, variant->text));
	EXPECT_TRUE(mdev_exists(variant->directory));
	EXPECT_TRUE(lower_case(variant->directory));
	EXPECT_EQ(1, nr_devices());
	EXPECT_EQ(0, __mdev_remove(variant->directory));
}

#define BYTES(s) .bytes = (s), .len = sizeof(s) - 1

FIXTURE(refused) {
	struct klog log;
};

FIXTURE_VARIANT(refused) {
	const char *bytes;
	size_t len;
};

FIXTURE_VARIANT_ADD(refused, nothing_but_newline) { BYTES("\n") };
FIXTURE_VARIANT_ADD(refused, one_short) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa100")
};
FIXTURE_VARIANT_ADD(refused, one_short_with_newline) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa100\n")
};
FIXTURE_VARIANT_ADD(refused, one_long) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa10011")
};
FIXTURE_VARIANT_ADD(refused, one_long_with_newline) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa10011\n")
};
FIXTURE_VARIANT_ADD(refused, space_behind) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 ")
};
FIXTURE_VARIANT_ADD(refused, junk_behind_newline) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\nx")
};
FIXTURE_VARIANT_ADD(refused, nul_behind) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\0")
};
FIXTURE_VARIANT_ADD(refused, newline_and_nul_behind) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\n\0")
};
FIXTURE_VARIANT_ADD(refused, two_newlines) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\n\n")
};
FIXTURE_VARIANT_ADD(refused, carriage_return) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001\r\n")
};
FIXTURE_VARIANT_ADD(refused, leading_space) {
	BYTES(" 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")
};
FIXTURE_VARIANT_ADD(refused, leading_newline) {
	BYTES("\n83b8f4f2-509f-382f-3c1e-e6bfe0fa1001")
};
FIXTURE_VARIANT_ADD(refused, braces) {
	BYTES("{83b8f4f2-509f-382f-3c1e-e6bfe0fa1001}")
};
FIXTURE_VARIANT_ADD(refused, no_dashes) {
	BYTES("83b8f4f2509f382f3c1ee6bfe0fa1001")
};
FIXTURE_VARIANT_ADD(refused, colons) {
	BYTES("83b8f4f2:509f:382f:3c1e:e6bfe0fa1001")
};
FIXTURE_VARIANT_ADD(refused, no_hex_digit) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa100g")
};
FIXTURE_VARIANT_ADD(refused, nul_inside) {
	BYTES("83b8f4f2-509f-382f\0-3c1e-e6bfe0fa100")
};
FIXTURE_VARIANT_ADD(refused, two_uuids) {
	BYTES("83b8f4f2-509f-382f-3c1e-e6bfe0fa100183b8f4f2-509f-382f-3c1e-e6bfe0fa1002")
};

FIXTURE_SETUP(refused)
{
	mtty_setup();
	klog_begin(&self->log);
}

FIXTURE_TEARDOWN(refused)
{
	mdev_remove_all(MTTY_PARENT);
}

/* What is no UUID is -EINVAL, creates nothing and is not worth a message. */
TEST_F(refused, creates_nothing)
{
	EXPECT_EQ(-EINVAL, __mdev_create_bytes(MTTY_PARENT, MTTY_TYPE1,
					       variant->bytes, variant->len));
	EXPECT_EQ(0, nr_devices());
	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	klog_end(&self->log);
	EXPECT_EQ(0, klog_lines(&self->log, NULL))
		TH_LOG("%s", self->log.text);
}

TEST_HARNESS_MAIN
