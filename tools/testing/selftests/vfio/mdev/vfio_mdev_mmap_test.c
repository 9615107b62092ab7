// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a device that can be mapped in part or only be read, what user space
 * is told of it, and mistakes of a vendor in describing a device
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define MODULE		"mdev_test_memory"
#define TYPE		MODULE "-1"	/* the vendor keeps the memory */
#define LENT		MODULE "-2"	/* the library provides it */
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define ROM		VFIO_PCI_NUM_REGIONS	/* a region with a type */
#define PAGES		8
#define ROM_PAGES	2
#define RW		(PROT_READ | PROT_WRITE)

FIXTURE(memory) {
	struct vfio_dev dev;
	size_t page;
};

FIXTURE_SETUP(memory)
{
	char uuid[MDEV_UUID_SIZE];

	self->page = sysconf(_SC_PAGESIZE);
	module_load(MODULE);
	vfio_setup();
	module_set_param(MODULE, "mistake", 0);
	mdev_create_new(MODULE, TYPE, uuid);
	vfio_dev_open(&self->dev, uuid);
}

FIXTURE_TEARDOWN(memory)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MODULE);
}

/* Page @page of a region, and on; MAP_FAILED and errno if it cannot be */
static void *map(struct vfio_dev *dev, unsigned int index, size_t page,
		 size_t pages, int prot)
{
	const size_t size = sysconf(_SC_PAGESIZE);
	struct vfio_region_info info;

	vfio_dev_region(dev, index, &info);
	return mmap(NULL, pages * size, prot, MAP_SHARED, dev->fd,
		    info.offset + page * size);
}

static int map_error(struct vfio_dev *dev, unsigned int index, size_t page,
		     size_t pages, int prot)
{
	void *mem = map(dev, index, page, pages, prot);

	if (mem == MAP_FAILED)
		return -errno;
	munmap(mem, pages * sysconf(_SC_PAGESIZE));
	return 0;
}

static int region_info(struct vfio_dev *dev, void *buf, __u32 index,
		       __u32 argsz)
{
	struct vfio_region_info *info = buf;

	info->index = index;
	info->argsz = argsz;
	return ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

/* Without room for capabilities, user space is told how much they take. */
TEST_F(memory, caps_without_room)
{
	const size_t caps = sizeof(struct vfio_region_info_cap_sparse_mmap) +
			    2 * sizeof(struct vfio_region_sparse_mmap_area);
	struct vfio_region_info info = { .cap_offset = 5 };
	__u32 argsz;

	for (argsz = sizeof(info); argsz < sizeof(info) + caps; argsz++) {
		ASSERT_EQ(0, region_info(&self->dev, &info, BAR0, argsz));
		ASSERT_EQ(sizeof(info) + caps, info.argsz);
		ASSERT_EQ(0, info.cap_offset);
		ASSERT_EQ(VFIO_REGION_INFO_FLAG_READ |
			  VFIO_REGION_INFO_FLAG_WRITE |
			  VFIO_REGION_INFO_FLAG_MMAP |
			  VFIO_REGION_INFO_FLAG_CAPS, info.flags);
		ASSERT_EQ(PAGES * self->page, info.size);
	}
	EXPECT_EQ(-EINVAL, region_info(&self->dev, &info, BAR0,
				       sizeof(info) - 1));
}

/* With it, the areas that can be mapped are behind the structure. */
TEST_F(memory, areas)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_sparse_mmap cap;
		struct vfio_region_sparse_mmap_area areas[2];
		__u32 after;
	} arg = { .after = 0x55 };

	ASSERT_EQ(0, region_info(&self->dev, &arg, BAR0, sizeof(arg)));
	EXPECT_EQ(sizeof(arg), arg.info.argsz);
	EXPECT_EQ(sizeof(arg.info), arg.info.cap_offset);
	EXPECT_EQ(VFIO_REGION_INFO_CAP_SPARSE_MMAP, arg.cap.header.id);
	EXPECT_EQ(1, arg.cap.header.version);
	EXPECT_EQ(0, arg.cap.header.next);
	ASSERT_EQ(2, arg.cap.nr_areas);
	EXPECT_EQ(self->page, arg.areas[0].offset);
	EXPECT_EQ(2 * self->page, arg.areas[0].size);
	EXPECT_EQ(5 * self->page, arg.areas[1].offset);
	EXPECT_EQ(self->page, arg.areas[1].size);
	EXPECT_EQ(0x55, arg.after);
}

/* A region after those of PCI says what it is. */
TEST_F(memory, type)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type cap;
	} arg = { };
	struct vfio_device_info info;

	ASSERT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(ROM + 2, info.num_regions);
	ASSERT_EQ(0, region_info(&self->dev, &arg, ROM, sizeof(arg)));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP |
		  VFIO_REGION_INFO_FLAG_CAPS, arg.info.flags);
	EXPECT_EQ(sizeof(arg.info), arg.info.cap_offset);
	EXPECT_EQ(VFIO_REGION_INFO_CAP_TYPE, arg.cap.header.id);
	EXPECT_EQ(VFIO_REGION_TYPE_GFX, arg.cap.type);
	EXPECT_EQ(0x77, arg.cap.subtype);
	EXPECT_EQ(-EINVAL, region_info(&self->dev, &arg, ROM + 2, sizeof(arg)));
}

/* Areas can be mapped, and nothing that is not all in one of them. */
TEST_F(memory, mapping_areas)
{
	struct vfio_dev *dev = &self->dev;

	EXPECT_EQ(0, map_error(dev, BAR0, 1, 2, RW));
	EXPECT_EQ(0, map_error(dev, BAR0, 2, 1, RW));
	EXPECT_EQ(0, map_error(dev, BAR0, 5, 1, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 0, 1, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 0, 2, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 2, 2, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 3, 1, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 4, 3, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 1, 5, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 0, PAGES, RW));
}

/* Read-only memory is never mapped for writing, not even later. */
TEST_F(memory, read_only)
{
	struct vfio_dev *dev = &self->dev;
	unsigned char *mem, byte = 0;

	EXPECT_EQ(-EPERM, map_error(dev, ROM, 0, 1, RW));
	EXPECT_EQ(-EPERM, map_error(dev, ROM, 0, 1, PROT_WRITE));
	EXPECT_EQ(-EINVAL, map_error(dev, ROM, 0, ROM_PAGES + 1, PROT_READ));
	mem = map(dev, ROM, 0, ROM_PAGES, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_EQ(0xa5, mem[0]);
	EXPECT_EQ(0xa5, mem[ROM_PAGES * self->page - 1]);
	EXPECT_EQ(-1, mprotect(mem, self->page, RW));
	EXPECT_EQ(EACCES, errno);
	munmap(mem, ROM_PAGES * self->page);

	EXPECT_EQ(-EINVAL, __vfio_dev_write(dev, ROM, 0, &byte, 1));
	/* It is what it is, also after a reset. */
	ASSERT_EQ(0, __vfio_dev_reset(dev));
	EXPECT_EQ(1, __vfio_dev_read(dev, ROM, 0, &byte, 1));
	EXPECT_EQ(0xa5, byte);
}

/* One access goes from registers to memory and on to registers. */
TEST_F(memory, mixed)
{
	const size_t size = 2 * self->page;
	unsigned char *mem = map(&self->dev, BAR0, 1, 2, RW);
	unsigned char *buf = malloc(size + 16);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	ASSERT_NE(NULL, buf);
	memset(mem, 0x3c, size);
	ASSERT_EQ(size + 16, __vfio_dev_read(&self->dev, BAR0, self->page - 8,
					     buf, size + 16));
	/* Registers count accesses, of which each was one. */
	EXPECT_EQ(1, buf[0]);
	EXPECT_EQ(0, memcmp(mem, buf + 8, size));
	EXPECT_EQ(2, buf[size + 8]);
	ASSERT_EQ(1, __vfio_dev_write(&self->dev, BAR0, self->page, "!", 1));
	EXPECT_EQ('!', mem[0]);
	munmap(mem, size);
	free(buf);
}

/* Pages can be pinned, and whoever did that keeps them, also from the device. */
TEST_F(memory, pinned)
{
	char *mem = map(&self->dev, BAR0, 5, 1, RW);
	struct iovec iov = { .iov_base = mem, .iov_len = self->page };
	char byte = 0;
	int fds[2];

	ASSERT_NE(MAP_FAILED, (void *)mem);
	ASSERT_EQ(0, pipe(fds));
	mem[0] = 'x';
	ASSERT_EQ(self->page, vmsplice(fds[1], &iov, 1, 0));
	munmap(mem, self->page);
	vfio_dev_close(&self->dev);
	mdev_remove_all(MODULE);
	ASSERT_EQ(1, read(fds[0], &byte, 1));
	EXPECT_EQ('x', byte);
	close(fds[0]);
	close(fds[1]);
}

/*
 * Memory of the library, of each user anew
 */

FIXTURE(lent) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
	size_t page;
};

FIXTURE_SETUP(lent)
{
	self->page = sysconf(_SC_PAGESIZE);
	module_load(MODULE);
	vfio_setup();
	module_set_param(MODULE, "mistake", 0);
	mdev_create_new(MODULE, LENT, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
}

FIXTURE_TEARDOWN(lent)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MODULE);
}

/* User space sees no difference to memory of the vendor's. */
TEST_F(lent, is_mapped_in_areas)
{
	struct vfio_dev *dev = &self->dev;
	struct vfio_region_info info;
	unsigned char *mem, byte = 1;

	vfio_dev_region(dev, BAR0, &info);
	EXPECT_EQ(PAGES * self->page, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
		  info.flags);
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 0, 1, RW));
	EXPECT_EQ(-EINVAL, map_error(dev, BAR0, 6, 1, RW));
	EXPECT_EQ(-EPERM, map_error(dev, ROM, 0, 1, RW));
	EXPECT_EQ(1, __vfio_dev_read(dev, ROM, 0, &byte, 1));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(-EINVAL, __vfio_dev_write(dev, ROM, 0, &byte, 1));

	mem = map(dev, BAR0, 5, 1, RW);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	mem[1] = 0x3c;
	EXPECT_EQ(1, __vfio_dev_read(dev, BAR0, 5 * self->page + 1, &byte, 1));
	EXPECT_EQ(0x3c, byte);
	munmap(mem, self->page);
	/* Around it are registers, which count. */
	EXPECT_EQ(1, vfio_dev_read8(dev, BAR0, 0));
	EXPECT_EQ(2, vfio_dev_read8(dev, BAR0, 6 * self->page));
}

/* A reset leaves the user the same memory, and it reads as zeros. */
TEST_F(lent, is_cleared_by_a_reset)
{
	unsigned char *mem = map(&self->dev, BAR0, 1, 2, RW);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	memset(mem, 0xa5, 2 * self->page);
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, mem[0]);
	EXPECT_EQ(0, mem[2 * self->page - 1]);
	mem[0] = 0x5a;
	EXPECT_EQ(0x5a, vfio_dev_read8(&self->dev, BAR0, self->page));
	munmap(mem, 2 * self->page);
}

/* A mapping keeps the device open, and its memory. */
TEST_F(lent, outlives_the_file)
{
	unsigned char *mem = map(&self->dev, BAR0, 1, 2, RW);

	ASSERT_NE(MAP_FAILED, (void *)mem);
	mem[0] = 0xa5;
	vfio_dev_close(&self->dev);
	EXPECT_EQ(0xa5, mem[0]);
	EXPECT_EQ(0, mem[self->page]);
	munmap(mem, 2 * self->page);
}

/*
 * Registers of a least width, around memory that has none. They count accesses.
 */

FIXTURE(narrow) {
	struct vfio_dev dev;
	size_t page;
};

FIXTURE_SETUP(narrow)
{
	char uuid[MDEV_UUID_SIZE];

	self->page = sysconf(_SC_PAGESIZE);
	module_load(MODULE);
	vfio_setup();
	module_set_param(MODULE, "min_width", 4);
	mdev_create_new(MODULE, TYPE, uuid);
	vfio_dev_open(&self->dev, uuid);
}

FIXTURE_TEARDOWN(narrow)
{
	vfio_dev_close(&self->dev);
	module_set_param(MODULE, "min_width", 0);
	mdev_remove_all(MODULE);
}

/* What is too narrow is refused, by reading and writing, and counts as none. */
TEST_F(narrow, is_refused)
{
	char buf[16] = { };

	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0, 0, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0, 0, buf, 2));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0, 2, buf, 4));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0, 0, buf, 6));
	EXPECT_EQ(-EINVAL, __vfio_dev_write(&self->dev, BAR0, 0, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_write(&self->dev, BAR0, 3, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_write(&self->dev, BAR0, 0, buf, 10));
	EXPECT_EQ(1, vfio_dev_load(&self->dev, BAR0, 0, 4));
	EXPECT_EQ(12, __vfio_dev_write(&self->dev, BAR0, 4, buf, 12));
	EXPECT_EQ(4, vfio_dev_load(&self->dev, BAR0, 4, 4));
}

/* Memory in the same region takes any width; what leads out of it ends there. */
TEST_F(narrow, is_of_registers_only)
{
	char buf[4] = { };

	EXPECT_EQ(1, __vfio_dev_write(&self->dev, BAR0, self->page, buf, 1));
	EXPECT_EQ(3, __vfio_dev_read(&self->dev, BAR0, self->page + 1, buf, 3));
	EXPECT_EQ(2, __vfio_dev_read(&self->dev, BAR0, 3 * self->page - 2, buf,
				     4));
	EXPECT_EQ(1, vfio_dev_load(&self->dev, BAR0, 0, 4));
}

/* Config space keeps its own widths. */
TEST_F(narrow, is_not_of_config_space)
{
	EXPECT_EQ(0xf1, vfio_dev_config(&self->dev, PCI_DEVICE_ID, 1));
}

/*
 * Mistakes
 */

FIXTURE(mistake) {
	struct klog log;
};

FIXTURE_VARIANT(mistake) {
	int number;
	const char *field;
};

FIXTURE_VARIANT_ADD(mistake, bar_size) {
	.number = 1, .field = "BAR 0 has a size that is not a power of two",
};

FIXTURE_VARIANT_ADD(mistake, bar_upper_half) {
	.number = 2, .field = "BAR 0 is 64 bits wide",
};

FIXTURE_VARIANT_ADD(mistake, msi_vectors) {
	.number = 3, .field = "MSI cannot have 0 vectors",
};

FIXTURE_VARIANT_ADD(mistake, cap_size) {
	.number = 4, .field = "capability 0x0 exceeds the first 256 bytes",
};

FIXTURE_VARIANT_ADD(mistake, region_size) {
	.number = 5, .field = "region 0 has 0x10000 bytes, BAR 0 0x8000",
};

FIXTURE_VARIANT_ADD(mistake, region_nothing) {
	.number = 6, .field = "region 0 has neither ops nor mem nor flags",
};

FIXTURE_VARIANT_ADD(mistake, mmap_mem) {
	.number = 7, .field = "region 0 has flag MMAP and mem that is not from",
};

FIXTURE_VARIANT_ADD(mistake, nr_regions) {
	.number = 8, .field = "nr_regions is above 12",
};

FIXTURE_VARIANT_ADD(mistake, null_ops) {
	.number = 9, .field = "vendor driver set no ops",
};

FIXTURE_VARIANT_ADD(mistake, mem_short) {
	.number = 10, .field = "region 0 has mem that is shorter than its size",
};

FIXTURE_VARIANT_ADD(mistake, no_flags) {
	.number = 11, .field = "region 0 has ops and neither flag READ nor WRITE",
};

FIXTURE_VARIANT_ADD(mistake, no_bar) {
	.number = 12, .field = "there is no BAR 3 in the description",
};

FIXTURE_VARIANT_ADD(mistake, min_width) {
	.number = 13, .field = "region 0 has a min_width that is not a power of two",
};

FIXTURE_VARIANT_ADD(mistake, msi_twice) {
	.number = 14, .field = "capability 0x5 is there already",
};

FIXTURE_VARIANT_ADD(mistake, msi_late) {
	.number = 15, .field = "capability 0x5 comes after vfio_mdev_pci_dev_finish()",
};

FIXTURE_VARIANT_ADD(mistake, init_twice) {
	.number = 16, .field = "config space was set up already",
};

FIXTURE_VARIANT_ADD(mistake, finish_twice) {
	.number = 17, .field = "vfio_mdev_pci_dev_finish() was called already",
};

FIXTURE_VARIANT_ADD(mistake, ops_null) {
	.number = 18, .field = "ops is NULL",
};

FIXTURE_VARIANT_ADD(mistake, no_open) {
	.number = 19, .field = "ops has no open",
};

FIXTURE_VARIANT_ADD(mistake, no_read) {
	.number = 20, .field = "ops has no read",
};

FIXTURE_VARIANT_ADD(mistake, no_write) {
	.number = 21, .field = "ops has no write",
};

FIXTURE_VARIANT_ADD(mistake, no_ioctl) {
	.number = 22, .field = "ops has no ioctl",
};

FIXTURE_VARIANT_ADD(mistake, no_region_info) {
	.number = 23, .field = "ops has no get_region_info",
};

FIXTURE_VARIANT_ADD(mistake, no_mig_desc) {
	.number = 24, .field = "one of mig_desc and VFIO_MDEV_PCI_DEV_OPS_MIGRATION",
};

FIXTURE_VARIANT_ADD(mistake, half_migration) {
	.number = 25, .field = "lack a callback or VFIO_MIGRATION_STOP_COPY",
};

FIXTURE_SETUP(mistake)
{
	module_load(MODULE);
	module_set_param(MODULE, "mistake", variant->number);
	klog_begin(&self->log);
}

FIXTURE_TEARDOWN(mistake)
{
	module_set_param(MODULE, "mistake", 0);
	mdev_remove_all(MODULE);
}

/* What the core has to say of a parent, it says ten times in five seconds at most. */
static bool is_refused_by_name(struct klog *log, const char *uuid, const char *field)
{
	MDEV_ASSERT(__mdev_create(MODULE, TYPE, uuid) == -EINVAL, "it is not refused");
	MDEV_ASSERT(!mdev_exists(uuid), "it was made");
	klog_read(log);
	return klog_has(log, uuid, field, NULL);
}

/* It is refused, the log says what is wrong with which device, nothing stays. */
TEST_F(mistake, named)
{
	char uuid[MDEV_UUID_SIZE];

	mdev_new_uuid(uuid);
	EXPECT_TRUE(WAIT_FOR_MS(is_refused_by_name(&self->log, uuid, variant->field),
				10000));
	klog_end(&self->log);
	/* Again, the right way */
	module_set_param(MODULE, "mistake", 0);
	mdev_create(MODULE, TYPE, uuid);
	mdev_remove(uuid);
	EXPECT_EQ(0, module_refcnt(MODULE));
}

TEST_HARNESS_MAIN
