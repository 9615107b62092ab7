// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture of mbochs as a VMM gets it: planes, dma-bufs, a region
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE		4096UL
#define WIDTH		640
#define HEIGHT		480
#define STRIDE		(4 * WIDTH)
#define SIZE		(STRIDE * HEIGHT)

#define PROBE		VFIO_GFX_PLANE_TYPE_PROBE
#define DMABUF		VFIO_GFX_PLANE_TYPE_DMABUF
#define REGION		VFIO_GFX_PLANE_TYPE_REGION

#define FOURCC(a, b, c, d)	((a) | (b) << 8 | (c) << 16 | (d) << 24)
#define XRGB8888	FOURCC('X', 'R', '2', '4')
#define BGRX8888	FOURCC('B', 'X', '2', '4')

/* Plane ids that a display remembers */
#define IDS		16
#define KEPT		4	/* dma-bufs of former users */

FIXTURE(plane) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_device_gfx_plane_info info;
};

FIXTURE_SETUP(plane)
{
	mbochs_setup();
	module_set_param(MBOCHS, "region_display", 0);
	mbochs_open_new(&self->dev, MBOCHS_SMALL);
	strcpy(self->uuid, self->dev.uuid);
}

FIXTURE_TEARDOWN(plane)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MBOCHS_PARENT);
}

#define set_vbe(reg, value)	mbochs_set_vbe(&self->dev, reg, value)
#define set_mode(w, h)		mbochs_set_mode(&self->dev, w, h)
#define query(flags, type)	\
	__mbochs_query(&self->dev, flags, type, &self->info)
#define reopen()							\
	({								\
		vfio_dev_close(&self->dev);				\
		__vfio_dev_open(&self->dev, self->uuid);		\
	})

static bool is_off(const struct vfio_device_gfx_plane_info *info)
{
	return !info->drm_format && !info->drm_format_mod && !info->width &&
	       !info->height && !info->stride && !info->size &&
	       !info->dmabuf_id && info->x_hot == ~0U && info->y_hot == ~0U;
}

static bool primary_is_off(struct vfio_dev *dev)
{
	struct vfio_device_gfx_plane_info info;

	mbochs_query(dev, &info);
	return is_off(&info);
}

static void *map(int fd, size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	MDEV_ASSERT(mem != MAP_FAILED, "mapping a dma-buf: %s",
		    strerror(errno));
	return mem;
}

static void draw(unsigned int *picture, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < SIZE / sizeof(*picture); i++)
		picture[i] = i * 0x9e3779b1 + seed;
}

static bool is_drawn(const unsigned int *picture, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < SIZE / sizeof(*picture); i++)
		if (picture[i] != i * 0x9e3779b1 + seed)
			return false;
	return true;
}

/*
 * Queries
 */

/* It offers dma-bufs, and nothing else. */
TEST_F(plane, probe)
{
	EXPECT_EQ(0, query(PROBE | DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(-EINVAL, query(PROBE | REGION, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(-EINVAL, query(REGION, DRM_PLANE_TYPE_PRIMARY));
}

/* Flags that are not of the interface, or not in this combination */
TEST_F(plane, bad_flags)
{
	static const __u32 bad[] = {
		0, PROBE, DMABUF | REGION, PROBE | DMABUF | REGION,
		1 << 3, PROBE | DMABUF | 1 << 3, DMABUF | 1U << 31, ~0,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, query(bad[i], DRM_PLANE_TYPE_PRIMARY))
			TH_LOG("flags %#x", bad[i]);
}

/* A structure that is too small is refused; one that is larger is left alone. */
TEST_F(plane, argsz)
{
	const size_t size = offsetof(struct vfio_device_gfx_plane_info,
				     dmabuf_id) + 4;
	unsigned char buf[128];
	struct vfio_device_gfx_plane_info *info = (void *)buf;
	size_t i;

	set_mode(WIDTH, HEIGHT);
	memset(buf, 0xa5, sizeof(buf));
	info->argsz = size - 1;
	info->flags = DMABUF;
	info->drm_plane_type = DRM_PLANE_TYPE_PRIMARY;
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, info));
	EXPECT_EQ(EINVAL, errno);
	info->argsz = size;
	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, info));
	EXPECT_EQ(WIDTH, info->width);
	for (i = size; i < sizeof(buf); i++)
		ASSERT_EQ(0xa5, buf[i]);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* Before a mode is set, the plane is off. That is no error. */
TEST_F(plane, off)
{
	EXPECT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_TRUE(is_off(&self->info));
}

/* The first query tells the mode, as bochs-drm sets it. */
TEST_F(plane, first_query)
{
	set_mode(WIDTH, HEIGHT);
	ASSERT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(XRGB8888, self->info.drm_format);
	EXPECT_EQ(0, self->info.drm_format_mod);
	EXPECT_EQ(WIDTH, self->info.width);
	EXPECT_EQ(HEIGHT, self->info.height);
	EXPECT_EQ(STRIDE, self->info.stride);
	EXPECT_EQ(SIZE, self->info.size);
	EXPECT_EQ(0, self->info.x_pos);
	EXPECT_EQ(0, self->info.y_pos);
	EXPECT_EQ(~0U, self->info.x_hot);
	EXPECT_NE(0, self->info.dmabuf_id);
	EXPECT_EQ(DMABUF, self->info.flags);
}

/* There is no cursor and no overlay; other planes are unknown. */
TEST_F(plane, other_planes)
{
	set_mode(WIDTH, HEIGHT);
	EXPECT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_CURSOR));
	EXPECT_TRUE(is_off(&self->info));
	EXPECT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_OVERLAY));
	EXPECT_TRUE(is_off(&self->info));
	EXPECT_EQ(-EINVAL, query(DMABUF, DRM_PLANE_TYPE_CURSOR + 1));
	EXPECT_EQ(-EINVAL, query(DMABUF, ~0));
}

/* The size is in whole pages. */
TEST_F(plane, size_is_whole_pages)
{
	set_mode(10, 10);
	ASSERT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(40, self->info.stride);
	EXPECT_EQ(PAGE, self->info.size);
}

/* The driver chooses the order of a pixel's bytes. */
TEST_F(plane, byte_order)
{
	__u32 id;

	set_mode(WIDTH, HEIGHT);
	id = mbochs_plane_id(&self->dev);
	vfio_dev_store(&self->dev, MBOCHS_MMIO, MBOCHS_QEXT_ENDIAN, 4,
		       0xbebebebe);
	ASSERT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(BGRX8888, self->info.drm_format);
	EXPECT_NE(id, self->info.dmabuf_id);
	vfio_dev_store(&self->dev, MBOCHS_MMIO, MBOCHS_QEXT_ENDIAN, 4,
		       0x1e1e1e1e);
	ASSERT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(XRGB8888, self->info.drm_format);
	EXPECT_EQ(id, self->info.dmabuf_id);
}

/* A driver with two pictures in memory flips between them by the offset. */
TEST_F(plane, offset_and_stride)
{
	set_mode(WIDTH, HEIGHT);
	set_vbe(VBE_VIRT_WIDTH, 1024);
	ASSERT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(WIDTH, self->info.width);
	EXPECT_EQ(4096, self->info.stride);
	EXPECT_EQ(4096 * HEIGHT, self->info.size);
	set_vbe(VBE_Y_OFFSET, HEIGHT);
	EXPECT_NE(self->info.dmabuf_id, mbochs_plane_id(&self->dev));
	/* A line cannot be shorter than what is shown of it. */
	set_vbe(VBE_Y_OFFSET, 0);
	set_vbe(VBE_VIRT_WIDTH, 8);
	ASSERT_EQ(0, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(STRIDE, self->info.stride);
}

/* What is shown has to be in memory, down to the last byte. */
TEST_F(plane, bounds)
{
	set_mode(1024, 1024);
	EXPECT_FALSE(primary_is_off(&self->dev));
	set_vbe(VBE_YRES, 1025);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_vbe(VBE_YRES, 1024);
	set_vbe(VBE_Y_OFFSET, 1);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_vbe(VBE_YRES, 1023);
	EXPECT_FALSE(primary_is_off(&self->dev));
	set_vbe(VBE_Y_OFFSET, 0xffff);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_vbe(VBE_VIRT_WIDTH, 0xffff);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_mode(0xffff, 0xffff);
	EXPECT_TRUE(primary_is_off(&self->dev));
}

/* Modes that are none, or that user space could not be told of */
TEST_F(plane, unusable_modes)
{
	set_mode(0, HEIGHT);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_mode(WIDTH, 0);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_mode(WIDTH, HEIGHT);
	set_vbe(VBE_BPP, 24);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_vbe(VBE_BPP, 32);
	EXPECT_FALSE(primary_is_off(&self->dev));
	set_vbe(VBE_X_OFFSET, 1);
	EXPECT_TRUE(primary_is_off(&self->dev));
	set_vbe(VBE_X_OFFSET, 1024);
	EXPECT_FALSE(primary_is_off(&self->dev));
	set_vbe(VBE_ENABLE, 0x40);
	EXPECT_TRUE(primary_is_off(&self->dev));
}

/* One id for one mode, also after another one; an unknown id is refused. */
TEST_F(plane, ids)
{
	__u32 first, second;

	set_mode(WIDTH, HEIGHT);
	first = mbochs_plane_id(&self->dev);
	EXPECT_EQ(first, mbochs_plane_id(&self->dev));
	set_mode(800, 600);
	second = mbochs_plane_id(&self->dev);
	EXPECT_NE(first, second);
	set_mode(WIDTH, HEIGHT);
	EXPECT_EQ(first, mbochs_plane_id(&self->dev));

	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, 0));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, second + 1));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, second + IDS));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, ~0));
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_GFX_DMABUF, NULL));
	EXPECT_EQ(EFAULT, errno);
}

/* A guest that sets ever new modes uses up nothing. */
TEST_F(plane, old_ids_expire)
{
	__u32 id = 0, first;
	int i, fd;

	set_mode(WIDTH, HEIGHT);
	first = mbochs_plane_id(&self->dev);
	for (i = 1; i <= 4 * IDS; i++) {
		set_mode(WIDTH, HEIGHT + i);
		id = mbochs_plane_id(&self->dev);
		EXPECT_EQ(first + i, id);
		if (i < IDS) {
			fd = __mbochs_get_dmabuf(&self->dev, first);
			EXPECT_GE(fd, 0);
			close(fd);
		}
	}
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, first));
	fd = __mbochs_get_dmabuf(&self->dev, id);
	EXPECT_GE(fd, 0);
	close(fd);
	set_mode(WIDTH, HEIGHT);
	EXPECT_EQ(id + 1, mbochs_plane_id(&self->dev));
}

/* Ids of one user are nothing to the next one. */
TEST_F(plane, ids_end_with_their_user)
{
	__u32 id;

	set_mode(WIDTH, HEIGHT);
	id = mbochs_plane_id(&self->dev);
	ASSERT_EQ(0, reopen());
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, id));
	set_mode(WIDTH, HEIGHT);
	EXPECT_NE(id, mbochs_plane_id(&self->dev));
}

/*
 * dma-bufs
 */

/* It is the memory that the guest draws in, from the offset on. */
TEST_F(plane, dmabuf_is_video_memory)
{
	unsigned int *vram = mbochs_map_vram(&self->dev, MBOCHS_SMALL_SIZE);
	unsigned int *first, *second;
	int fd;

	set_mode(WIDTH, HEIGHT);
	draw(vram, 1);
	fd = mbochs_get_dmabuf(&self->dev);
	EXPECT_EQ(SIZE, lseek(fd, 0, SEEK_END));
	first = map(fd, SIZE);
	close(fd);
	EXPECT_TRUE(is_drawn(first, 1));

	set_vbe(VBE_Y_OFFSET, HEIGHT);
	draw(vram + SIZE / 4, 2);
	fd = mbochs_get_dmabuf(&self->dev);
	second = map(fd, SIZE);
	close(fd);
	EXPECT_TRUE(is_drawn(second, 2));

	draw(second, 3);
	EXPECT_TRUE(is_drawn(vram + SIZE / 4, 3));
	EXPECT_TRUE(is_drawn(first, 1));
	munmap(first, SIZE);
	munmap(second, SIZE);
	munmap(vram, MBOCHS_SMALL_SIZE);
}

/* A part of it can be mapped, and nothing beyond it. */
TEST_F(plane, dmabuf_bounds)
{
	unsigned int *vram = mbochs_map_vram(&self->dev, MBOCHS_SMALL_SIZE);
	unsigned int *last;
	int fd;

	set_mode(WIDTH, HEIGHT);
	draw(vram, 1);
	fd = mbochs_get_dmabuf(&self->dev);
	last = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, SIZE - PAGE);
	ASSERT_NE(MAP_FAILED, last);
	EXPECT_EQ(0, memcmp(last, (char *)vram + SIZE - PAGE, PAGE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd,
				   SIZE - PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, SIZE));
	EXPECT_EQ(EINVAL, errno);
	munmap(last, PAGE);
	munmap(vram, MBOCHS_SMALL_SIZE);
	close(fd);
}

/* Without a file descriptor for it there is none, and none keeps the module. */
TEST_F(plane, dmabuf_without_descriptor)
{
	struct rlimit limit, none;
	int users, fd;
	__u32 id;

	set_mode(WIDTH, HEIGHT);
	id = mbochs_plane_id(&self->dev);
	users = module_refcnt(MBOCHS);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	fd = __mbochs_get_dmabuf(&self->dev, id);
	setrlimit(RLIMIT_NOFILE, &limit);
	EXPECT_EQ(-EMFILE, fd);
	EXPECT_TRUE(WAIT_FOR(module_refcnt(MBOCHS) == users));
}

/* An id that cannot be read, or was never told of, is no dma-buf. */
TEST_F(plane, dmabuf_of_bad_ids)
{
	__u32 id;

	set_mode(WIDTH, HEIGHT);
	id = mbochs_plane_id(&self->dev);
	EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_GET_GFX_DMABUF, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, 0));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, id + 16));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, id + 1));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, ~0U));
}

/* It stays when its device is closed and removed, and the module with it. */
TEST_F(plane, dmabuf_outlives_the_device)
{
	unsigned int *vram = mbochs_map_vram(&self->dev, MBOCHS_SMALL_SIZE);
	unsigned int *picture;
	long before;
	int fd;

	before = mdev_available(MBOCHS_PARENT, MBOCHS_SMALL);
	set_mode(WIDTH, HEIGHT);
	draw(vram, 7);
	munmap(vram, MBOCHS_SMALL_SIZE);
	fd = mbochs_get_dmabuf(&self->dev);
	picture = map(fd, SIZE);
	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);

	EXPECT_TRUE(is_drawn(picture, 7));
	draw(picture, 8);
	EXPECT_TRUE(is_drawn(picture, 8));
	EXPECT_EQ(before + 1, mdev_available(MBOCHS_PARENT, MBOCHS_SMALL));
	EXPECT_EQ(-EAGAIN, __module_unload(MBOCHS));
	close(fd);
	EXPECT_EQ(-EAGAIN, __module_unload(MBOCHS));
	EXPECT_TRUE(is_drawn(picture, 8));
	munmap(picture, SIZE);
	EXPECT_EQ(0, __module_unload(MBOCHS));
	module_load(MBOCHS);
}

/* Who keeps one does not see what the next user draws, nor that one this. */
TEST_F(plane, dmabuf_is_no_window_on_the_next_user)
{
	unsigned int *picture, *vram;
	int fd;

	set_mode(WIDTH, HEIGHT);
	fd = mbochs_get_dmabuf(&self->dev);
	picture = map(fd, SIZE);
	close(fd);
	draw(picture, 1);

	ASSERT_EQ(0, reopen());
	vram = mbochs_map_vram(&self->dev, MBOCHS_SMALL_SIZE);
	EXPECT_EQ(0, vram[1]);
	draw(vram, 2);
	EXPECT_TRUE(is_drawn(picture, 1));
	munmap(vram, MBOCHS_SMALL_SIZE);
	munmap(picture, SIZE);
}

/* Who keeps them, of one use after another, takes nothing from others. */
TEST_F(plane, dmabufs_use_up_no_instances)
{
	long before = mdev_available(MBOCHS_PARENT, MBOCHS_SMALL);
	char uuid[MDEV_UUID_SIZE], other[MDEV_UUID_SIZE] = "";
	struct vfio_dev dev;
	int fds[KEPT], i;

	for (i = 0; i < KEPT; i++) {
		set_mode(WIDTH, HEIGHT);
		fds[i] = mbochs_get_dmabuf(&self->dev);
		ASSERT_EQ(0, reopen());
		EXPECT_EQ(before,
			  mdev_available(MBOCHS_PARENT, MBOCHS_SMALL));
	}

	/* All that there is to be had is had, and can be used. */
	while (mdev_available(MBOCHS_PARENT, MBOCHS_LARGE))
		mdev_create_new(MBOCHS_PARENT, MBOCHS_LARGE, uuid);
	while (mdev_available(MBOCHS_PARENT, MBOCHS_SMALL))
		mdev_create_new(MBOCHS_PARENT, MBOCHS_SMALL, other);
	mdev_new_uuid(uuid);
	EXPECT_EQ(-EUSERS, __mdev_create(MBOCHS_PARENT, MBOCHS_SMALL, uuid));
	ASSERT_EQ(0, __vfio_dev_open(&dev, other));
	vfio_dev_close(&dev);
	EXPECT_EQ(0, reopen());

	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);
	EXPECT_EQ(1, mdev_available(MBOCHS_PARENT, MBOCHS_SMALL));
	for (i = 0; i < KEPT; i++)
		close(fds[i]);
	EXPECT_EQ(1, mdev_available(MBOCHS_PARENT, MBOCHS_SMALL));
}

/*
 * An importer
 */

/* A driver attaches to it and maps it for DMA; it keeps the memory that way. */
TEST_F(plane, dmabuf_is_imported)
{
	unsigned int *vram = mbochs_map_vram(&self->dev, MBOCHS_SMALL_SIZE);
	unsigned int *picture;
	int vgem, fd;
	__u32 handle;

	vgem = __mbochs_open_importer();
	if (vgem < 0)
		SKIP(return, "there is no vgem");
	set_mode(WIDTH, HEIGHT);
	set_vbe(VBE_Y_OFFSET, 8);
	draw(vram + 8 * WIDTH, 5);
	munmap(vram, MBOCHS_SMALL_SIZE);

	fd = mbochs_get_dmabuf(&self->dev);
	handle = mbochs_import(vgem, fd);
	close(fd);
	vfio_dev_close(&self->dev);
	mdev_remove(self->uuid);
	EXPECT_EQ(-EAGAIN, __module_unload(MBOCHS));

	fd = mbochs_export(vgem, handle);
	picture = map(fd, SIZE);
	EXPECT_TRUE(is_drawn(picture, 5));
	munmap(picture, SIZE);
	close(fd);
	EXPECT_EQ(-EAGAIN, __module_unload(MBOCHS));
	mbochs_forget(vgem, handle);
	EXPECT_TRUE(WAIT_FOR(!__module_unload(MBOCHS)));
	close(vgem);
	module_load(MBOCHS);
}

/*
 * The picture as a region
 */

FIXTURE(region_display) {
	struct vfio_dev dev;
	struct vfio_device_gfx_plane_info info;
};

FIXTURE_SETUP(region_display)
{
	mbochs_setup();
	module_set_param(MBOCHS, "region_display", 1);
	mbochs_open_new(&self->dev, MBOCHS_SMALL);
	module_set_param(MBOCHS, "region_display", 0);
}

FIXTURE_TEARDOWN(region_display)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MBOCHS_PARENT);
}

/* It offers a region, and nothing else, as long as the device lives. */
TEST_F(region_display, probe)
{
	EXPECT_EQ(0, query(PROBE | REGION, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(-EINVAL, query(PROBE | DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(-EINVAL, query(DMABUF, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(-EINVAL, query(PROBE | DMABUF | REGION,
				 DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, 0));
	EXPECT_EQ(-EINVAL, __mbochs_get_dmabuf(&self->dev, 1));
}

/* That is video memory, which can be mapped. */
TEST_F(region_display, query)
{
	set_mode(WIDTH, HEIGHT);
	ASSERT_EQ(0, query(REGION, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(XRGB8888, self->info.drm_format);
	EXPECT_EQ(WIDTH, self->info.width);
	EXPECT_EQ(HEIGHT, self->info.height);
	EXPECT_EQ(STRIDE, self->info.stride);
	EXPECT_EQ(SIZE, self->info.size);
	EXPECT_EQ(MBOCHS_VRAM, self->info.region_index);
	EXPECT_EQ(0, query(REGION, DRM_PLANE_TYPE_CURSOR));
	EXPECT_EQ(0, self->info.size);
}

/* QEMU leaves the type of the plane at 0, and means the primary one. */
TEST_F(region_display, query_as_qemu_does)
{
	set_mode(WIDTH, HEIGHT);
	ASSERT_EQ(0, query(REGION, DRM_PLANE_TYPE_OVERLAY));
	EXPECT_EQ(SIZE, self->info.size);
	EXPECT_EQ(-EINVAL, query(REGION, DRM_PLANE_TYPE_CURSOR + 1));
}

/* Only the beginning of the region can be told of. */
TEST_F(region_display, offset)
{
	set_mode(WIDTH, HEIGHT);
	set_vbe(VBE_Y_OFFSET, 8);
	ASSERT_EQ(0, query(REGION, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_TRUE(is_off(&self->info));
	set_vbe(VBE_Y_OFFSET, 0);
	ASSERT_EQ(0, query(REGION, DRM_PLANE_TYPE_PRIMARY));
	EXPECT_EQ(SIZE, self->info.size);
}

TEST_HARNESS_MAIN
