// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every device answers: structures of each size, memory that is not there, and
 * the list of a region's capabilities
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define MEMORY		"mdev_test_memory"
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define WINDOW		(VFIO_PCI_NUM_REGIONS + 1)	/* of areas, with a type */
#define ROOM		64	/* more than any structure is long */
#define FILL		0xa5

/* Up to where each structure has to be there, as the interface has it */
#define DEVICE_SIZE	16
#define REGION_SIZE	32
#define IRQ_SIZE	16
#define PLANE_SIZE	60

/**
 * struct question - an ioctl that fills in a structure
 * @name: for messages
 * @cmd: the ioctl
 * @size: of what it knows of the structure
 * @flags: first word after argsz
 * @index: the one after that, which says what it is about
 * @writes: it stores something
 */
struct question {
	const char *name;
	unsigned long cmd;
	size_t size;
	__u32 flags;
	__u32 index;
	bool writes;
};

static const struct question device = {
	.name = "device", .cmd = VFIO_DEVICE_GET_INFO, .writes = true,
	.size = DEVICE_SIZE,
};

static const struct question region = {
	.name = "region", .cmd = VFIO_DEVICE_GET_REGION_INFO, .writes = true,
	.size = REGION_SIZE,
	.index = VFIO_PCI_CONFIG_REGION_INDEX,
};

static const struct question irq = {
	.name = "irq", .cmd = VFIO_DEVICE_GET_IRQ_INFO, .writes = true,
	.size = IRQ_SIZE,
	.index = VFIO_PCI_INTX_IRQ_INDEX,
};

static const struct question plane = {
	.name = "plane", .cmd = VFIO_DEVICE_QUERY_GFX_PLANE, .writes = true,
	.size = PLANE_SIZE,
	.flags = VFIO_GFX_PLANE_TYPE_REGION,
	.index = DRM_PLANE_TYPE_PRIMARY,
};

static const struct question plane_as_dmabuf = {
	.name = "plane", .cmd = VFIO_DEVICE_QUERY_GFX_PLANE, .writes = true,
	.size = PLANE_SIZE,
	.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
	.index = DRM_PLANE_TYPE_PRIMARY,
};

static const struct question probe = {
	.name = "probe", .cmd = VFIO_DEVICE_QUERY_GFX_PLANE,
	.size = PLANE_SIZE,
	.flags = VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_REGION,
};

FIXTURE(question) {
	struct vfio_dev dev;
	__u32 arg[2 * ROOM / 4];
};

FIXTURE_VARIANT(question) {
	const char *module;
	const char *type;
	const struct question *of;
};

FIXTURE_VARIANT_ADD(question, mtty_device) {
	.module = "mtty", .type = MTTY_TYPE2, .of = &device,
};

FIXTURE_VARIANT_ADD(question, mtty_region) {
	.module = "mtty", .type = MTTY_TYPE2, .of = &region,
};

FIXTURE_VARIANT_ADD(question, mtty_irq) {
	.module = "mtty", .type = MTTY_TYPE2, .of = &irq,
};

FIXTURE_VARIANT_ADD(question, mnull_region) {
	.module = "mnull", .type = "mnull-1", .of = &region,
};

FIXTURE_VARIANT_ADD(question, mdpy_plane) {
	.module = "mdpy", .type = "mdpy-vga", .of = &plane,
};

FIXTURE_VARIANT_ADD(question, mdpy_probe) {
	.module = "mdpy", .type = "mdpy-vga", .of = &probe,
};

FIXTURE_VARIANT_ADD(question, mbochs_device) {
	.module = MBOCHS, .type = MBOCHS_SMALL, .of = &device,
};

FIXTURE_VARIANT_ADD(question, mbochs_plane) {
	.module = MBOCHS, .type = MBOCHS_SMALL, .of = &plane_as_dmabuf,
};

static void open_new(struct vfio_dev *dev, const char *module, const char *type)
{
	char uuid[MDEV_UUID_SIZE];

	module_load(module);
	vfio_setup();
	mdev_remove_all(module);
	mdev_create_new(module, type, uuid);
	vfio_dev_open(dev, uuid);
}

FIXTURE_SETUP(question)
{
	open_new(&self->dev, variant->module, variant->type);
	memset(self->arg, FILL, sizeof(self->arg));
	self->arg[1] = variant->of->flags;
	self->arg[2] = variant->of->index;
}

FIXTURE_TEARDOWN(question)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(variant->module);
}

static int ask(struct vfio_dev *dev, unsigned long cmd, void *arg)
{
	int ret = ioctl(dev->fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* A size that is too small by whatever is refused, and nothing is stored. */
TEST_F(question, too_small)
{
	const struct question *of = variant->of;
	__u32 before[ARRAY_SIZE(self->arg)];
	__u32 size;

	for (size = 0; size < of->size; size++) {
		self->arg[0] = size;
		memcpy(before, self->arg, sizeof(before));
		ASSERT_EQ(-EINVAL, ask(&self->dev, of->cmd, self->arg))
			TH_LOG("%s of %u bytes", of->name, size);
		ASSERT_EQ(0, memcmp(before, self->arg, sizeof(before)));
	}
}

/* One that is just right or larger is fine; more than that is not touched. */
TEST_F(question, large_enough)
{
	const struct question *of = variant->of;
	const unsigned char *bytes = (void *)self->arg;
	__u32 size, i;

	for (size = of->size; size < sizeof(self->arg); size++) {
		self->arg[0] = size;
		self->arg[1] = of->flags;
		self->arg[2] = of->index;
		ASSERT_EQ(0, ask(&self->dev, of->cmd, self->arg))
			TH_LOG("%s of %u bytes", of->name, size);
		ASSERT_EQ(size, self->arg[0]);
		for (i = of->size; i < sizeof(self->arg); i++)
			ASSERT_EQ(FILL, bytes[i]);
	}
}

/* Memory that is not there, all or its end, or cannot be written is -EFAULT. */
TEST_F(question, bad_memory)
{
	const struct question *of = variant->of;
	void *arg;

	self->arg[0] = of->size;
	EXPECT_EQ(-EFAULT, ask(&self->dev, of->cmd, NULL));
	arg = buffer_cut(self->arg, of->size - 1);
	EXPECT_EQ(-EFAULT, ask(&self->dev, of->cmd, arg));
	buffer_free(arg);
	arg = buffer_read_only(self->arg, of->size);
	EXPECT_EQ(of->writes ? -EFAULT : 0, ask(&self->dev, of->cmd, arg));
	buffer_free(arg);
	arg = buffer_cut(self->arg, of->size);
	EXPECT_EQ(0, ask(&self->dev, of->cmd, arg));
	buffer_free(arg);
}

/*
 * A region with two capabilities
 */

struct two_caps {
	struct vfio_region_info info;
	struct vfio_region_info_cap_sparse_mmap sparse;
	struct vfio_region_sparse_mmap_area areas[2];
	struct vfio_region_info_cap_type type;
	__u32 after[8];
};

#define CAPS_END	offsetof(struct two_caps, after)

FIXTURE(caps) {
	struct vfio_dev dev;
	struct two_caps arg;
};

FIXTURE_SETUP(caps)
{
	open_new(&self->dev, MEMORY, MEMORY "-1");
	memset(&self->arg, FILL, sizeof(self->arg));
	self->arg.info.index = WINDOW;
}

FIXTURE_TEARDOWN(caps)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MEMORY);
}

static int ask_window(struct vfio_dev *dev, struct two_caps *arg, __u32 argsz)
{
	arg->info.argsz = argsz;
	return ask(dev, VFIO_DEVICE_GET_REGION_INFO, arg);
}

/* Following the links leads to each of them, and to nothing else. */
TEST_F(caps, links)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct two_caps *arg = &self->arg;

	ASSERT_EQ(0, ask_window(&self->dev, arg, CAPS_END));
	EXPECT_EQ(CAPS_END, arg->info.argsz);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
		  arg->info.flags);
	EXPECT_EQ(4 * page, arg->info.size);
	ASSERT_EQ(offsetof(struct two_caps, sparse), arg->info.cap_offset);
	EXPECT_EQ(VFIO_REGION_INFO_CAP_SPARSE_MMAP, arg->sparse.header.id);
	ASSERT_EQ(offsetof(struct two_caps, type), arg->sparse.header.next);
	EXPECT_EQ(2, arg->sparse.nr_areas);
	EXPECT_EQ(page, arg->areas[0].size);
	EXPECT_EQ(2 * page, arg->areas[1].offset);
	EXPECT_EQ(VFIO_REGION_INFO_CAP_TYPE, arg->type.header.id);
	EXPECT_EQ(0, arg->type.header.next);
	EXPECT_EQ(VFIO_REGION_TYPE_GFX, arg->type.type);
	EXPECT_EQ(0x78, arg->type.subtype);
}

static bool is_untouched(const struct two_caps *arg, size_t from)
{
	const unsigned char *bytes = (const void *)arg;
	size_t i;

	for (i = from; i < sizeof(*arg); i++)
		if (bytes[i] != FILL)
			return false;
	return true;
}

/* Where there is no room for all of them there is none of them. */
TEST_F(caps, room)
{
	__u32 size;

	for (size = sizeof(self->arg.info); size < CAPS_END; size++) {
		ASSERT_EQ(0, ask_window(&self->dev, &self->arg, size));
		ASSERT_EQ(CAPS_END, self->arg.info.argsz);
		ASSERT_EQ(0, self->arg.info.cap_offset);
		ASSERT_NE(0, self->arg.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
		ASSERT_TRUE(is_untouched(&self->arg, sizeof(self->arg.info)));
	}
	for (; size <= sizeof(self->arg); size++) {
		ASSERT_EQ(0, ask_window(&self->dev, &self->arg, size));
		ASSERT_EQ(size, self->arg.info.argsz);
		ASSERT_EQ(sizeof(self->arg.info), self->arg.info.cap_offset);
		ASSERT_TRUE(is_untouched(&self->arg, CAPS_END));
	}
}

/* Where the memory for them is not there, that is told. */
TEST_F(caps, bad_memory)
{
	struct two_caps *arg;
	size_t left;

	self->arg.info.argsz = CAPS_END;
	for (left = sizeof(self->arg.info); left < CAPS_END; left += 8) {
		arg = buffer_cut(&self->arg, left);
		EXPECT_EQ(-EFAULT, ask(&self->dev, VFIO_DEVICE_GET_REGION_INFO,
				       arg));
		buffer_free(arg);
	}
	arg = buffer_cut(&self->arg, CAPS_END);
	EXPECT_EQ(0, ask(&self->dev, VFIO_DEVICE_GET_REGION_INFO, arg));
	buffer_free(arg);
}

/*
 * A vendor who leaves out what can be left out
 */

FIXTURE(sparing) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(sparing)
{
	open_new(&self->dev, MEMORY, MEMORY "-3");
	memcpy(self->uuid, self->dev.uuid, sizeof(self->uuid));
}

FIXTURE_TEARDOWN(sparing)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MEMORY);
}

/* A device that cannot be reset, and nobody to be asked, say so. */
TEST_F(sparing, says_what_it_lacks)
{
	struct vfio_device_info info;
	struct vfio_irq_info irqs;

	ASSERT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI, info.flags);
	EXPECT_EQ(-EINVAL, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, __irq_info(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, &irqs));
	EXPECT_EQ(0, irqs.count);
	EXPECT_EQ(-EBUSY, __mdev_remove(self->uuid));
}

/* How often the library has allocated memory that can be mapped, and not freed it */
static int count_memory(void)
{
	char line[256];
	FILE *file;
	int n = 0;

	file = fopen("/proc/vmallocinfo", "r");
	MDEV_ASSERT(file, "/proc/vmallocinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		n += !!strstr(line, " vfio_mdev_region");
	fclose(file);
	return n;
}

/*
 * Without a release op, the library frees memory when it is opened again or, in the end,
 * removed.
 */
TEST_F(sparing, memory_is_of_each_user)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	int i, n = count_memory();

	EXPECT_LT(0, n);

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, vfio_dev_read8(&self->dev, BAR0, page));
		vfio_dev_write8(&self->dev, BAR0, page, 0x5a);
		EXPECT_EQ(0x5a, vfio_dev_read8(&self->dev, BAR0, page));
		vfio_dev_close(&self->dev);
		vfio_dev_open(&self->dev, self->uuid);
	}
	EXPECT_EQ(n, count_memory());
	vfio_dev_close(&self->dev);
	EXPECT_EQ(n, count_memory());
	mdev_remove(self->uuid);
	EXPECT_EQ(0, count_memory());
}

/*
 * A device that asks for an interrupt whatever is reset: all of its registers do
 * so when a byte that is odd is written, and no more when it is even.
 */

FIXTURE(line) {
	struct vfio_dev dev;
	int fd;
};

FIXTURE_SETUP(line)
{
	open_new(&self->dev, MEMORY, MEMORY "-2");
	self->fd = irq_eventfd();
}

FIXTURE_TEARDOWN(line)
{
	close(self->fd);
	vfio_dev_close(&self->dev);
	mdev_remove_all(MEMORY);
}

/* A reset clears what holds the line back, so it is heard then. */
TEST_F(line, is_heard_after_a_reset)
{
	irq_connect(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, self->fd);
	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2,
			    PCI_COMMAND_INTX_DISABLE);
	vfio_dev_write8(&self->dev, BAR0, 0, 1);
	EXPECT_EQ(0, irq_take(self->fd));
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(1, irq_take(self->fd));
	EXPECT_NE(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) &
		     PCI_STATUS_INTERRUPT);
	vfio_dev_write8(&self->dev, BAR0, 0, 0);
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_STATUS, 2) &
		     PCI_STATUS_INTERRUPT);
}

TEST_HARNESS_MAIN
