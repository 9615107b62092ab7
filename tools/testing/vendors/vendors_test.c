// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own sample devices, written for the kernel's own interface, on our core
 *
 * They are loaded from the directory $VENDORS, as the modules that are installed are
 * ours. What is wrong with the samples themselves is left alone; see
 * tools/testing/mainline/samples_test.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define CONFIG		VFIO_PCI_CONFIG_REGION_INDEX
#define MAX_DEVICES	64
#define DRIVER(file)	MDEV_DRIVERS "/%s/" file

static const char * const vendors[] = { "mtty", "mdpy", "mbochs" };

static int __vendor_load(const char *name)
{
	const char *dir = getenv("VENDORS");
	char path[PATH_MAX];
	int fd, ret;

	MDEV_ASSERT(dir, "VENDORS is not set");
	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MDEV_ASSERT(fd >= 0, "%s: %s", path, strerror(errno));
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* A class or driver of the last time may be there for seconds, if freed late. */
static void vendor_load(const char *name)
{
	int ret = 0;

	if (module_loaded(name))
		return;
	MDEV_ASSERT(WAIT_FOR(!(ret = __vendor_load(name))), "loading %s: %s",
		    name, strerror(-ret));
}

/*
 * With DEBUG_KOBJECT_RELEASE, the last of a device, and of a class, runs seconds after
 * it was put. Both are in the vendors' modules, which do not wait for that, whoever's
 * core they are on.
 */
static bool freed_late(void)
{
	return kernel_has_symbol("kobject_delayed_cleanup");
}

static void vendor_unload(const char *name)
{
	if (module_loaded(name))
		module_unload(name);
}

/* Of another driver than the parent's there is no device. */
static void expect_driver(struct __test_metadata *_metadata, const char *uuid,
			  const char *name)
{
	char driver[64];

	mdev_driver(uuid, driver, sizeof(driver));
	EXPECT_STREQ(name, driver);
}

/* An attribute of a device that its driver gave it */
static void expect_attribute(struct __test_metadata *_metadata,
			     const char *uuid, const char *file,
			     const char *begin)
{
	char text[128];
	int len;

	len = __file_gets(text, sizeof(text), MDEV_DEVICES "/%s/vendor/%s", uuid,
			  file);
	ASSERT_LT(0, len) TH_LOG("%s", strerror(-len));
	EXPECT_EQ(0, strncmp(begin, text, strlen(begin))) TH_LOG("%s", text);
}

FIXTURE(vendor) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
};

/*
 * @full is what create() fails with when @available devices are there; @file is an
 * attribute of a device that begins by @text, and @bar0 what BAR 0 has of memory that
 * can be mapped.
 */
FIXTURE_VARIANT(vendor) {
	const char *name, *type, *pretty_name, *description;
	long available;
	int full;
	const char *file, *text;
	__u16 pci_vendor;
	size_t bar0;
};

FIXTURE_VARIANT_ADD(vendor, mtty) {
	.name = "mtty",
	.type = "mtty-2",
	.pretty_name = "Dual port serial",
	.available = 12,
	.full = -ENOSPC,
	.file = "sample_mdev_dev",
	.text = "This is MDEV ",
	.pci_vendor = 0x4348,
};

FIXTURE_VARIANT_ADD(vendor, mdpy) {
	.name = "mdpy",
	.type = "mdpy-vga",
	.pretty_name = "mdpy-vga",
	.description = "virtual display, 640x480 framebuffer",
	.available = 4,
	.full = -EUSERS,
	.file = "resolution",
	.text = "640x480",
	.pci_vendor = 0x1b36,
	.bar0 = 2 << 20,
};

FIXTURE_VARIANT_ADD(vendor, mbochs) {
	.name = "mbochs",
	.type = "mbochs-large",
	.pretty_name = "mbochs-large",
	.description = "virtual display, 64 MB video memory",
	.available = 4,
	.full = -ENOSPC,
	.file = "memory",
	.text = "64 MB",
	.pci_vendor = 0x1234,
	.bar0 = 64 << 20,
};

/* The samples give back what a device takes when VFIO frees it, which may be later. */
static bool is_empty(const char *name, const char *type, long available)
{
	return WAIT_FOR(mdev_available(name, type) == available);
}

FIXTURE_SETUP(vendor)
{
	self->dev = VFIO_DEV_CLOSED;
	module_load("vfio_iommu_type1");
	vendor_load(variant->name);
	mdev_remove_all(variant->name);
	MDEV_ASSERT(is_empty(variant->name, variant->type, variant->available),
		    "%ld of %s left", mdev_available(variant->name, variant->type),
		    variant->type);
	mdev_new_uuid(self->uuid);
}

FIXTURE_TEARDOWN(vendor)
{
	vfio_dev_close(&self->dev);
	vendor_load(variant->name);
	mdev_remove_all(variant->name);
}

#define create()	mdev_create(variant->name, variant->type, self->uuid)
#define left()	mdev_available(variant->name, variant->type)
#define open_device()	vfio_dev_open(&self->dev, self->uuid)

/* What tools read of a type, where the vendor says how its types are called */
TEST_F(vendor, type)
{
	char text[256];

	file_gets(text, sizeof(text), MDEV_TYPES("%s") "/%s/name",
		  variant->name, variant->type);
	EXPECT_STREQ(variant->pretty_name, text);
	file_gets(text, sizeof(text), MDEV_TYPES("%s") "/%s/device_api",
		  variant->name, variant->type);
	EXPECT_STREQ(VFIO_DEVICE_API_PCI_STRING, text);
	EXPECT_EQ(variant->available, left());
	EXPECT_EQ(0, mdev_count(variant->name, variant->type));

	EXPECT_EQ(!variant->description,
		  !file_exists(MDEV_TYPES("%s") "/%s/description",
			       variant->name, variant->type));
	if (!variant->description)
		return;
	file_gets(text, sizeof(text), MDEV_TYPES("%s") "/%s/description",
		  variant->name, variant->type);
	EXPECT_STREQ(variant->description, text);
}

/* From "create" to "remove", with a second device of the same UUID refused */
TEST_F(vendor, create_and_remove)
{
	char type[64];

	create();
	expect_driver(_metadata, self->uuid, variant->name);
	expect_attribute(_metadata, self->uuid, variant->file, variant->text);
	link_name(type, sizeof(type), MDEV_DEVICES "/%s/mdev_type", self->uuid);
	EXPECT_STREQ(variant->type, type);
	EXPECT_EQ(1, mdev_count(variant->name, variant->type));
	EXPECT_EQ(variant->available - 1, left());
	EXPECT_EQ(-EEXIST, __mdev_create(variant->name, variant->type,
					 self->uuid));

	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(-ENOENT, __mdev_remove(self->uuid));
	EXPECT_TRUE(is_empty(variant->name, variant->type, variant->available));
}

/* It has no class, and is announced once all of it is there. */
TEST_F(vendor, uevent)
{
	int fd = uevent_open();
	struct uevent event;

	create();
	do {
		ASSERT_TRUE(uevent_next(fd, WAIT_LONG_MS, &event));
	} while (!uevent_is(&event, "add", self->uuid));
	EXPECT_STREQ("", uevent_get(&event, "MODALIAS"));
	EXPECT_FALSE(file_exists(MDEV_DEVICES "/%s/modalias", self->uuid));
	expect_driver(_metadata, self->uuid, variant->name);
	expect_attribute(_metadata, self->uuid, variant->file, variant->text);
	close(fd);
}

/* As many as are available and no more; the error is the vendor's or the limit's. */
TEST_F(vendor, full)
{
	char uuid[MAX_DEVICES][MDEV_UUID_SIZE];
	long i;

	for (i = 0; i < variant->available; i++)
		mdev_create_new(variant->name, variant->type, uuid[i]);
	EXPECT_EQ(0, left());
	EXPECT_EQ(variant->full, __mdev_create(variant->name, variant->type,
					       self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_EQ(variant->available, mdev_count(variant->name, variant->type));

	mdev_remove(uuid[0]);
	EXPECT_TRUE(WAIT_FOR(left() == 1));
	create();
	EXPECT_EQ(0, left());
}

/* Writers beside each other do not get more than there are. */
TEST_F(vendor, full_at_once)
{
	struct writer writer[MAX_DEVICES];
	char uuid[MDEV_UUID_SIZE];
	long n = 2 * variant->available, i, made = 0;
	int ret;

	for (i = 0; i < n; i++) {
		mdev_new_uuid(uuid);
		writer_start(&writer[i], uuid, MDEV_TYPES("%s") "/%s/create",
			     variant->name, variant->type);
	}
	for (i = 0; i < n; i++) {
		ret = writer_result(&writer[i], WAIT_LONG_MS);
		made += !ret;
		if (ret)
			EXPECT_EQ(variant->full, ret);
	}
	EXPECT_EQ(variant->available, made);
	EXPECT_EQ(0, left());
}

/* What a VMM asks for first */
static void try_info(struct __test_metadata *_metadata, struct vfio_dev *dev,
		     unsigned int intx, __u16 pci_vendor)
{
	struct vfio_device_info info;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	unsigned int i;
	__u16 vendor;

	ASSERT_EQ(0, __vfio_dev_info(dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI, info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_LE(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++)
		EXPECT_EQ(0, __vfio_dev_region(dev, i, &region));
	EXPECT_EQ(-EINVAL, __vfio_dev_region(dev, info.num_regions, &region));
	EXPECT_EQ(0, __irq_info(dev, VFIO_PCI_INTX_IRQ_INDEX, &irq));
	EXPECT_EQ(intx, irq.count);
	/* In the order of this processor, whatever that is: theirs, too */
	EXPECT_EQ(2, __vfio_dev_read(dev, CONFIG, PCI_VENDOR_ID, &vendor, 2));
	EXPECT_EQ(pci_vendor, vendor);
}

/* A scratch register, or memory that is mapped and keeps what is written to it */
static void try_access(struct __test_metadata *_metadata, struct vfio_dev *dev,
		       size_t size)
{
	struct vfio_region_info info;
	const unsigned int at = 7;
	__u32 *mem;

	vfio_dev_region(dev, BAR0, &info);
	if (!size) {
		vfio_dev_write8(dev, BAR0, at, 0x5a);
		EXPECT_EQ(0x5a, vfio_dev_read8(dev, BAR0, at));
		return;
	}

	EXPECT_EQ(size, info.size);
	ASSERT_TRUE(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd,
		   info.offset);
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 0x12345678;
	mem[1024] = 0x9abcdef0;
	EXPECT_EQ(0x12345678, mem[0]);
	EXPECT_EQ(0x9abcdef0, mem[1024]);
	/* Not always what is mapped, which is a fault of theirs */
	vfio_dev_store(dev, BAR0, 0, 4, 0x0badcafe);
	EXPECT_EQ(0x0badcafe, vfio_dev_load(dev, BAR0, 0, 4));
	munmap(mem, size);
}

/* Each way to open a device that the kernel has */
TEST_F(vendor, open)
{
	static const struct vfio_dev_way * const ways[] = {
		&vfio_dev_by_group,
		&vfio_dev_by_group_iommufd,
		&vfio_dev_by_cdev,
	};
	unsigned int i, tried = 0;

	__module_load("iommufd");
	create();
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (!ways[i]->available())
			continue;
		TH_LOG("by %s", ways[i]->name);
		vfio_dev_open_by(&self->dev, ways[i], self->uuid);
		try_info(_metadata, &self->dev, !variant->bar0,
			 variant->pci_vendor);
		try_access(_metadata, &self->dev, variant->bar0);
		vfio_dev_close(&self->dev);
		tried++;
	}
	EXPECT_LT(0, tried);
}

/* Nobody can be asked to let go: refused at once, and nothing has changed. */
TEST_F(vendor, remove_while_open)
{
	struct writer writer;

	create();
	open_device();
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", self->uuid);
	EXPECT_EQ(-EBUSY, writer_result(&writer, WAIT_LONG_MS));
	writer_start(&writer, self->uuid, DRIVER("unbind"), variant->name);
	EXPECT_EQ(-EBUSY, writer_result(&writer, WAIT_LONG_MS));
	expect_driver(_metadata, self->uuid, variant->name);
	try_info(_metadata, &self->dev, !variant->bar0,
		 variant->pci_vendor);
	try_access(_metadata, &self->dev, variant->bar0);

	vfio_dev_close(&self->dev);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* The module stays for as long as somebody has one of its devices open. */
TEST_F(vendor, unload_while_open)
{
	create();
	EXPECT_EQ(0, module_refcnt(variant->name));
	open_device();
	EXPECT_LT(0, module_refcnt(variant->name));
	EXPECT_EQ(-EAGAIN, __module_unload(variant->name));
	try_info(_metadata, &self->dev, !variant->bar0,
		 variant->pci_vendor);
	vfio_dev_close(&self->dev);
	EXPECT_TRUE(WAIT_FOR(!module_refcnt(variant->name)));
}

/* Devices that are left go with the module, bound or not. */
TEST_F(vendor, unload_with_devices)
{
	char unbound[MDEV_UUID_SIZE];

	if (freed_late())
		SKIP(return, "not to be unloaded on this kernel");
	create();
	mdev_create_new(variant->name, variant->type, unbound);
	file_puts(unbound, DRIVER("unbind"), variant->name);
	module_unload(variant->name);
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_exists(unbound));
	EXPECT_FALSE(mdev_parent_exists(variant->name));

	vendor_load(variant->name);
	EXPECT_EQ(variant->available, left());
	create();
	open_device();
}

/* By sysfs, both ways; nothing but the parent's own driver takes the device. */
TEST_F(vendor, unbind_and_bind)
{
	struct vfio_dev dev;
	int group;

	module_load("vfio_mdev");
	create();
	group = mdev_iommu_group(self->uuid);
	file_puts(self->uuid, DRIVER("unbind"), variant->name);
	expect_driver(_metadata, self->uuid, "");
	EXPECT_TRUE(mdev_exists(self->uuid));
	EXPECT_FALSE(file_exists("/dev/vfio/%d", group));
	EXPECT_FALSE(file_exists(MDEV_DEVICES "/%s/vendor", self->uuid));
	EXPECT_NE(0, __vfio_dev_open(&dev, self->uuid));
	EXPECT_EQ(-ENODEV, __file_puts(self->uuid, DRIVER("bind"),
				       "vfio_mdev"));

	file_puts(self->uuid, DRIVER("bind"), variant->name);
	expect_driver(_metadata, self->uuid, variant->name);
	expect_attribute(_metadata, self->uuid, variant->file, variant->text);
	open_device();
	try_info(_metadata, &self->dev, !variant->bar0,
		 variant->pci_vendor);
	vfio_dev_close(&self->dev);

	file_puts(self->uuid, DRIVER("unbind"), variant->name);
	EXPECT_EQ(0, __mdev_remove(self->uuid));
	EXPECT_FALSE(mdev_exists(self->uuid));
}

/* All of them, and the driver of our own devices, loaded and unloaded in any order */
TEST(order_of_modules)
{
	const unsigned int n = sizeof(vendors) / sizeof(*vendors);
	char uuid[MDEV_UUID_SIZE];
	unsigned int i, backwards;

	if (freed_late())
		SKIP(return, "not to be unloaded on this kernel");
	for (backwards = 0; backwards < 2; backwards++) {
		for (i = 0; i < n; i++)
			vendor_unload(vendors[backwards ? n - 1 - i : i]);
		mdev_driver_unload("vfio_mdev");
		if (backwards)
			module_load("vfio_mdev");
		for (i = 0; i < n; i++)
			vendor_load(vendors[backwards ? n - 1 - i : i]);
		module_load("vfio_mdev");
		EXPECT_EQ(-EAGAIN, __module_unload("mdev"));
		mdev_create_new("mdpy", "mdpy-xga", uuid);
		expect_driver(_metadata, uuid, "mdpy");
		mdev_create_new("mtty", "mtty-1", uuid);
		expect_driver(_metadata, uuid, "mtty");
		mdev_create_new("mbochs", "mbochs-small", uuid);
		expect_driver(_metadata, uuid, "mbochs");
	}
}

/* One limit for all types of a parent */
TEST(limit_of_all_types)
{
	static const char * const types[] = {
		"mdpy-vga", "mdpy-xga", "mdpy-hd", "mdpy-vga"
	};
	char uuid[MDEV_UUID_SIZE];
	unsigned int i;

	vendor_load("mdpy");
	mdev_remove_all("mdpy");
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(4 - i, mdev_available("mdpy", "mdpy-hd"));
		mdev_create_new("mdpy", types[i], uuid);
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, mdev_available("mdpy", types[i]));
		mdev_new_uuid(uuid);
		EXPECT_EQ(-EUSERS, __mdev_create("mdpy", types[i], uuid));
	}
	mdev_remove_all("mdpy");
	EXPECT_EQ(4, mdev_available("mdpy", "mdpy-vga"));
}

/* Nothing of them stays, so that the core can go, too. */
TEST(unload_everything)
{
	unsigned int i;

	if (freed_late())
		SKIP(return, "not to be unloaded on this kernel");
	for (i = 0; i < sizeof(vendors) / sizeof(*vendors); i++)
		vendor_unload(vendors[i]);
	EXPECT_EQ(0, __dir_count(MDEV_PARENTS));
	EXPECT_EQ(0, __dir_count(MDEV_DEVICES));
	module_unload_users("mdev");
	EXPECT_FALSE(module_loaded("mdev"));
	/* For whoever is next */
	module_load("mdev");
}

TEST_HARNESS_MAIN
