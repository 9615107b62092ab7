// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdpy's displays: what is told of the picture, and its memory by read(), write()
 * and mmap()
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PARENT		"mdpy"
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define MIB		(1UL << 20)
#define MEMORY		(64 * MIB)	/* that all displays share */
#define XRGB8888	0x34325258	/* "XR24" */
#define CURSOR		2		/* DRM_PLANE_TYPE_CURSOR */
#define REGION_STEP	(1ULL << 40)

#define PROBE		VFIO_GFX_PLANE_TYPE_PROBE
#define DMABUF		VFIO_GFX_PLANE_TYPE_DMABUF
#define REGION		VFIO_GFX_PLANE_TYPE_REGION

FIXTURE(mdpy) {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	long page;
};

FIXTURE_VARIANT(mdpy) {
	const char *type;
	unsigned int width, height;
	unsigned long memory;
};

FIXTURE_VARIANT_ADD(mdpy, vga) {
	.type = "mdpy-vga", .width = 640, .height = 480, .memory = 2 * MIB,
};

FIXTURE_VARIANT_ADD(mdpy, xga) {
	.type = "mdpy-xga", .width = 1024, .height = 768, .memory = 4 * MIB,
};

FIXTURE_VARIANT_ADD(mdpy, hd) {
	.type = "mdpy-hd", .width = 1920, .height = 1080, .memory = 8 * MIB,
};

FIXTURE_SETUP(mdpy)
{
	self->page = sysconf(_SC_PAGESIZE);
	module_load("mdpy");
	vfio_setup();
	mdev_create_new(PARENT, variant->type, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
}

FIXTURE_TEARDOWN(mdpy)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(PARENT);
}

static int query(struct vfio_dev *dev, struct vfio_device_gfx_plane_info *plane)
{
	return ioctl(dev->fd, VFIO_DEVICE_QUERY_GFX_PLANE, plane) ? -errno : 0;
}

static int query_flags(struct vfio_dev *dev, __u32 flags)
{
	struct vfio_device_gfx_plane_info plane = {
		.argsz = sizeof(plane),
		.flags = flags,
	};

	return query(dev, &plane);
}

/* A mapping; NULL and errno if there is none */
static void *map(struct vfio_dev *dev, __u64 pos, size_t size, int prot,
		 int flags)
{
	void *mem = mmap(NULL, size, prot, flags, dev->fd, pos);

	return mem == MAP_FAILED ? NULL : mem;
}

/* How a mapping fails */
static int map_error(struct vfio_dev *dev, __u64 pos, size_t size, int prot,
		     int flags)
{
	void *mem = map(dev, pos, size, prot, flags);

	if (!mem)
		return -errno;
	munmap(mem, size);
	return 0;
}

/* Instances are as many as there is memory for, whatever their types. */
TEST_F(mdpy, instances)
{
	long left = (MEMORY - variant->memory) / variant->memory;
	char uuid[MDEV_UUID_SIZE];
	long i;

	EXPECT_EQ(left, mdev_available(PARENT, variant->type));
	EXPECT_EQ((MEMORY - variant->memory) / (2 * MIB),
		  mdev_available(PARENT, "mdpy-vga"));
	for (i = 0; i < left; i++)
		mdev_create_new(PARENT, variant->type, uuid);
	EXPECT_EQ(0, mdev_available(PARENT, variant->type));
	mdev_new_uuid(uuid);
	EXPECT_EQ(-EUSERS, __mdev_create(PARENT, variant->type, uuid));
	vfio_dev_close(&self->dev);
	mdev_remove_all(PARENT);
	EXPECT_EQ(MEMORY / variant->memory,
		  mdev_available(PARENT, variant->type));
}

/* A guest's driver finds the display by its id and the picture by a capability. */
TEST_F(mdpy, config)
{
	struct vfio_dev *dev = &self->dev;

	EXPECT_EQ(0x000f1b36, vfio_dev_config(dev, PCI_VENDOR_ID, 4));
	EXPECT_EQ(0x11001af4, vfio_dev_config(dev, PCI_SUBSYSTEM_VENDOR_ID, 4));
	EXPECT_EQ(0x0380, vfio_dev_config(dev, PCI_CLASS_DEVICE, 2));
	EXPECT_EQ(0x40, vfio_dev_config(dev, PCI_CAPABILITY_LIST, 1));
	EXPECT_EQ(0x00100009, vfio_dev_config(dev, 0x40, 4));
	EXPECT_EQ(XRGB8888, vfio_dev_config(dev, 0x44, 4));
	EXPECT_EQ(variant->width, vfio_dev_config(dev, 0x48, 4));
	EXPECT_EQ(variant->height, vfio_dev_config(dev, 0x4c, 4));
	vfio_dev_set_config(dev, 0x48, 4, 1);
	EXPECT_EQ(variant->width, vfio_dev_config(dev, 0x48, 4));

	vfio_dev_set_config(dev, PCI_BASE_ADDRESS_0, 4, ~0U);
	EXPECT_EQ((__u32)-variant->memory | PCI_BASE_ADDRESS_MEM_PREFETCH,
		  vfio_dev_config(dev, PCI_BASE_ADDRESS_0, 4));
}

/* The command register keeps what is written, and a BAR takes any width. */
TEST_F(mdpy, config_writes)
{
	const __u32 whole = -variant->memory | PCI_BASE_ADDRESS_MEM_PREFETCH;
	unsigned int width, i;

	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	EXPECT_EQ(PCI_COMMAND_MEMORY, vfio_dev_config(&self->dev, PCI_COMMAND, 2));
	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2, 0);
	EXPECT_EQ(0, vfio_dev_config(&self->dev, PCI_COMMAND, 2));
	for (width = 1; width <= 4; width *= 2) {
		vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0, 4, 0);
		for (i = 0; i < 4; i += width)
			vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0 + i,
					    width, 0xffffffff);
		EXPECT_EQ(whole,
			  vfio_dev_config(&self->dev, PCI_BASE_ADDRESS_0, 4));
	}
}

/* It has no interrupts, which can be asked before anything else. */
TEST_F(mdpy, irq_info)
{
	struct vfio_irq_info info;

	EXPECT_EQ(0, __irq_info(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(0, __irq_info(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(-EINVAL,
		  __irq_info(&self->dev, VFIO_PCI_ERR_IRQ_INDEX, &info));
}

/* BAR 0 is memory that can be mapped, all of it. */
TEST_F(mdpy, region)
{
	struct vfio_region_info info;

	vfio_dev_region(&self->dev, BAR0, &info);
	EXPECT_EQ(variant->memory, info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_MMAP, info.flags);
	EXPECT_EQ(0, info.offset);
	EXPECT_EQ(0, info.cap_offset);
	EXPECT_EQ(sizeof(info), info.argsz);
}

/* The picture is offered as a region and in no other way. */
TEST_F(mdpy, plane_flags)
{
	__u32 flags, dmabuf = 0;

	for (flags = 0; flags < 16; flags++)
		EXPECT_EQ(flags == REGION || flags == (PROBE | REGION) ?
			  0 : -EINVAL, query_flags(&self->dev, flags));
	EXPECT_EQ(-EINVAL, query_flags(&self->dev, REGION | 1U << 31));
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_GFX_DMABUF, &dmabuf));
	EXPECT_EQ(ENOTTY, errno);
}

/* The answer says all that there is to know to show the picture. */
TEST_F(mdpy, plane)
{
	struct vfio_device_gfx_plane_info plane = {
		.argsz = sizeof(plane),
		.flags = REGION,
		.x_pos = 77,
	};

	ASSERT_EQ(0, query(&self->dev, &plane));
	EXPECT_EQ(sizeof(plane), plane.argsz);
	EXPECT_EQ(REGION, plane.flags);
	EXPECT_EQ(XRGB8888, plane.drm_format);
	EXPECT_EQ(0, plane.drm_format_mod);
	EXPECT_EQ(variant->width, plane.width);
	EXPECT_EQ(variant->height, plane.height);
	EXPECT_EQ(4 * variant->width, plane.stride);
	EXPECT_LE(plane.stride * plane.height, plane.size);
	EXPECT_EQ(0, plane.size % self->page);
	EXPECT_EQ(0, plane.x_pos);
	EXPECT_EQ(0xffffffff, plane.x_hot);
	EXPECT_EQ(BAR0, plane.region_index);
}

/* A cursor is answered for like one that is switched off. */
TEST_F(mdpy, no_cursor)
{
	struct vfio_device_gfx_plane_info plane = {
		.argsz = sizeof(plane),
		.flags = REGION,
		.drm_plane_type = CURSOR,
		.width = 64,
	};

	ASSERT_EQ(0, query(&self->dev, &plane));
	EXPECT_EQ(CURSOR, plane.drm_plane_type);
	EXPECT_EQ(0, plane.drm_format);
	EXPECT_EQ(0, plane.size);
	EXPECT_EQ(0, plane.width);
}

/* A structure that is too small or not there is refused. */
TEST_F(mdpy, plane_argsz)
{
	struct {
		struct vfio_device_gfx_plane_info plane;
		__u32 after;
	} arg = { .plane.flags = REGION, .after = 0x55 };
	const __u32 min =
		offsetof(struct vfio_device_gfx_plane_info, region_index) + 4;

	EXPECT_EQ(-EINVAL, query(&self->dev, &arg.plane));
	arg.plane.argsz = min - 1;
	EXPECT_EQ(-EINVAL, query(&self->dev, &arg.plane));
	EXPECT_EQ(0, arg.plane.width);
	arg.plane.argsz = min;
	EXPECT_EQ(0, query(&self->dev, &arg.plane));
	EXPECT_EQ(variant->width, arg.plane.width);
	EXPECT_EQ(0x55, arg.after);
	EXPECT_EQ(-EFAULT, query(&self->dev, NULL));
}

/* What is written through the file is in the mapping, and the other way round. */
TEST_F(mdpy, mapping_is_memory)
{
	const size_t size = variant->memory;
	unsigned char *mem, *buf = malloc(size);
	size_t i;

	ASSERT_NE(NULL, buf);
	mem = map(&self->dev, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(NULL, mem);

	for (i = 0; i < size; i++)
		buf[i] = i * 7 + (i >> 12);
	/* By a single call */
	ASSERT_EQ(size, __vfio_dev_write(&self->dev, BAR0, 0, buf, size));
	EXPECT_EQ(0, memcmp(mem, buf, size));

	memset(mem, 0xc3, size);
	ASSERT_EQ(size, __vfio_dev_read(&self->dev, BAR0, 0, buf, size));
	EXPECT_EQ(0, memcmp(mem, buf, size));
	/* Into itself */
	mem[0] = 1;
	EXPECT_EQ(3, __vfio_dev_read(&self->dev, BAR0, 0, mem + size - 3, 3));
	EXPECT_EQ(1, mem[size - 3]);
	munmap(mem, size);
	free(buf);
}

/* A part of it can be mapped, a fork() shares it, and it outlives the file. */
TEST_F(mdpy, mapping_of_a_part)
{
	const __u64 last = variant->memory - self->page;
	volatile unsigned char *mem;
	unsigned char byte = 0;

	mem = map(&self->dev, last, self->page, PROT_READ | PROT_WRITE,
		  MAP_SHARED);
	ASSERT_NE(NULL, mem);
	mem[self->page - 1] = 0x42;
	ASSERT_EQ(1, __vfio_dev_read(&self->dev, BAR0, variant->memory - 1,
				     &byte, 1));
	EXPECT_EQ(0x42, byte);

	vfio_dev_close(&self->dev);
	EXPECT_EQ(0x42, mem[self->page - 1]);
	mem[0] = 0x43;
	EXPECT_EQ(0x43, mem[0]);
	/* The device is in use as long as that. */
	EXPECT_EQ(-EAGAIN, __module_unload("mdpy"));
	munmap((void *)mem, self->page);
}

/* Whatever is not memory of this region cannot be mapped. */
TEST_F(mdpy, mapping_refused)
{
	const size_t size = variant->memory, page = self->page;
	const int rw = PROT_READ | PROT_WRITE;
	struct vfio_dev *dev = &self->dev;

	EXPECT_EQ(0, map_error(dev, 0, size, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, 0, size, PROT_READ, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, map_error(dev, 0, size, rw, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, map_error(dev, 0, size + page, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, page, size, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, size - page, 2 * page, rw,
				     MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, size, page, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, REGION_STEP - page, 2 * page, rw,
				     MAP_SHARED));
	/* A BAR that is not there, config space, regions that are not there */
	EXPECT_EQ(-EINVAL, map_error(dev, REGION_STEP, page, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, 7 * REGION_STEP, page, rw,
				     MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, 9 * REGION_STEP, page, rw,
				     MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, 1ULL << 62, page, rw, MAP_SHARED));
	EXPECT_EQ(-EINVAL, map_error(dev, 1ULL << 63, page, rw, MAP_SHARED));
}

/* A mapping does not grow beyond what it was. */
TEST_F(mdpy, mapping_stays)
{
	void *mem = map(&self->dev, 0, self->page, PROT_READ, MAP_SHARED);

	ASSERT_NE(NULL, mem);
	EXPECT_EQ(MAP_FAILED, mremap(mem, self->page, 2 * self->page,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	munmap(mem, self->page);
}

/* An access is cut at the end of memory, and one after it is refused. */
TEST_F(mdpy, bounds)
{
	const __u64 size = variant->memory;
	char buf[64] = { };

	EXPECT_EQ(1, __vfio_dev_read(&self->dev, BAR0, size - 1, buf, 64));
	EXPECT_EQ(1, __vfio_dev_write(&self->dev, BAR0, size - 1, buf, 64));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0, size, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_write(&self->dev, BAR0, size, buf, 1));
	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev, BAR0 + 1, 0, buf, 1));
}

/* A reset leaves a black picture, and so does the last user for the next one. */
TEST_F(mdpy, black)
{
	const __u32 white = 0xffffff;
	__u32 pixel = white;

	ASSERT_EQ(4, __vfio_dev_write(&self->dev, BAR0, 4096, &white, 4));
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	ASSERT_EQ(4, __vfio_dev_read(&self->dev, BAR0, 4096, &pixel, 4));
	EXPECT_EQ(0, pixel);

	ASSERT_EQ(4, __vfio_dev_write(&self->dev, BAR0, 4096, &white, 4));
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, self->uuid);
	ASSERT_EQ(4, __vfio_dev_read(&self->dev, BAR0, 4096, &pixel, 4));
	EXPECT_EQ(0, pixel);
}

TEST_HARNESS_MAIN
