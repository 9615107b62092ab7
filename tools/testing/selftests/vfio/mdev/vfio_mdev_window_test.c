// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA windows of a virtual machine, by mtce: who may have one, who finds it, what is
 * copied through it, and what is left of it when files are closed in whatever order
 *
 * MDEV_WINDOW_SECONDS sets how long the storm takes (3).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#include "../../../../../include/uapi/linux/vfio_mdev_window.h"
#include "../../../../../samples/vfio-mdev/mtce.h"

#define MTCE		"mtce"
#define MTCE_TYPE	"mtce-1"
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define PAGE		4096UL
#define PAGES		16
#define SIZE		(PAGES * PAGE)

/* Where a window is, and where memory is in the guest */
#define START		0x800000000ULL
#define MEM		0x40000000ULL

/*
 * A device in a virtual machine, or in none
 */

static void dev_open(struct vfio_dev *dev, const struct vfio_dev_way *way,
		     struct vm *vm, const char *uuid)
{
	int ret = __vfio_dev_attach(dev, way, uuid);

	if (!ret && vm)
		ret = __vm_add(vm, dev);
	MDEV_ASSERT(!ret, "attaching %s: %s", uuid, strerror(-ret));
	dev->fd = __vfio_dev_get_fd(dev);
	MDEV_ASSERT(dev->fd >= 0, "opening %s: %s", uuid, strerror(-dev->fd));
}

/* The machine has a file of it, which may be all that keeps it open. */
static void dev_close(struct vfio_dev *dev, struct vm *vm)
{
	if (dev->fd >= 0 && vm && vm->vfio >= 0)
		__vm_take_out(vm, dev);
	vfio_dev_close(dev);
}

static int __create_by(struct vfio_dev *dev,
		       const struct vfio_device_window_create *create)
{
	int fd = ioctl(dev->fd, VFIO_DEVICE_WINDOW_CREATE, create);

	return fd < 0 ? -errno : fd;
}

#define CREATE(_liobn, _start, _size, _page_shift)			\
	((struct vfio_device_window_create){				\
		.argsz = sizeof(struct vfio_device_window_create),	\
		.liobn = _liobn,					\
		.start = _start,					\
		.size = _size,						\
		.page_shift = _page_shift,				\
	})

/* Without what the compiler puts behind it */
#define CREATE_SIZE \
	(offsetof(struct vfio_device_window_create, page_shift) + sizeof(__u32))

static int __create(struct vfio_dev *dev, __u64 liobn)
{
	struct vfio_device_window_create create = CREATE(liobn, START, SIZE, 12);

	return __create_by(dev, &create);
}

static int create(struct vfio_dev *dev, __u64 liobn)
{
	int fd = __create(dev, liobn);

	MDEV_ASSERT(fd >= 0, "window %llu: %s", liobn, strerror(-fd));
	return fd;
}

static int __attach_by(struct vfio_dev *dev,
		       const struct vfio_device_window_attach *attach)
{
	return ioctl(dev->fd, VFIO_DEVICE_WINDOW_ATTACH, attach) ? -errno : 0;
}

static int __attach(struct vfio_dev *dev, int fd)
{
	struct vfio_device_window_attach attach = {
		.argsz = sizeof(attach),
		.fd = fd,
	};

	return __attach_by(dev, &attach);
}

static void set_reg(struct vfio_dev *dev, size_t offset, __u64 value)
{
	vfio_dev_store(dev, BAR0, offset, 8, value);
}

static __u64 get_reg(struct vfio_dev *dev, size_t offset)
{
	return vfio_dev_load(dev, BAR0, offset, 8);
}

#define SET(dev, name, value) \
	set_reg(dev, offsetof(struct mtce_registers, name), value)
#define GET(dev, name) get_reg(dev, offsetof(struct mtce_registers, name))

/* All of these return 0 or what the device says, -errno. */

static int __command(struct vfio_dev *dev, unsigned int command, __u64 liobn,
		     __u64 ioba)
{
	SET(dev, liobn, liobn);
	SET(dev, ioba, ioba);
	SET(dev, command, command);
	return -(int)GET(dev, status);
}

static int __put(struct vfio_dev *dev, __u64 liobn, __u64 ioba, __u64 tce)
{
	SET(dev, tce, tce);
	return __command(dev, MTCE_PUT, liobn, ioba);
}

static int __stuff(struct vfio_dev *dev, __u64 liobn, __u64 ioba, __u64 tce,
		   __u64 count)
{
	SET(dev, tce, tce);
	SET(dev, count, count);
	return __command(dev, MTCE_STUFF, liobn, ioba);
}

static int __get(struct vfio_dev *dev, __u64 liobn, __u64 ioba, __u64 *tce)
{
	int ret;

	SET(dev, tce, 0xbad);
	ret = __command(dev, MTCE_GET, liobn, ioba);
	*tce = GET(dev, tce);
	return ret;
}

static int __look(struct vfio_dev *dev, __u64 liobn)
{
	__u64 tce;

	return __get(dev, liobn, START, &tce);
}

static int __copy(struct vfio_dev *dev, __u64 liobn, __u64 to, __u64 from,
		  __u64 count)
{
	SET(dev, target, to);
	SET(dev, count, count);
	return __command(dev, MTCE_COPY, liobn, from);
}

FIXTURE(window) {
	struct vm vm[2];
	char uuid[3][MDEV_UUID_SIZE];
	struct vfio_dev dev[3];		/* two of the first machine, one of the other */
	char *mem;			/* of the first device */
};

FIXTURE_VARIANT(window) {
	const struct vfio_dev_way *way;
};

FIXTURE_VARIANT_ADD(window, group) {
	.way = &vfio_dev_by_group,
};

FIXTURE_VARIANT_ADD(window, cdev) {
	.way = &vfio_dev_by_cdev,
};

FIXTURE_SETUP(window)
{
	int i;

	module_load("vfio_mdev");
	module_load(MTCE);
	module_load("mnull");
	vfio_dma_load_modules();
	for (i = 0; i < 3; i++)
		self->dev[i] = VFIO_DEV_CLOSED;
	for (i = 0; i < 2; i++)
		self->vm[i] = VM_CLOSED;
	for (i = 0; i < 2; i++)
		if (__vm_create(&self->vm[i]))
			SKIP(return, "this machine has no KVM");
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
	for (i = 0; i < 3; i++) {
		mdev_create_new(MTCE, MTCE_TYPE, self->uuid[i]);
		dev_open(&self->dev[i], variant->way, &self->vm[i / 2],
			 self->uuid[i]);
	}
	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	vfio_dma_map(&self->dev[0], MEM, self->mem, SIZE, true);
}

FIXTURE_TEARDOWN(window)
{
	int i;

	for (i = 0; i < 3; i++)
		dev_close(&self->dev[i], &self->vm[i / 2]);
	for (i = 0; i < 2; i++)
		vm_close(&self->vm[i]);
	mdev_remove_all(MTCE);
}

/*
 * Making one
 */

/* Each mistake that there can be, in what is otherwise right */
TEST_F(window, create_refuses)
{
	const struct vfio_device_window_create wrong[] = {
		CREATE(0, START, SIZE, 0),
		CREATE(0, START, SIZE, 11),
		CREATE(0, 0, 1ULL << 31, 31),
		CREATE(0, START, SIZE, 256 + 12),
		CREATE(0, START + 512, SIZE, 12),
		CREATE(0, START, SIZE + 512, 12),
		CREATE(0, START + PAGE, SIZE, 16),
		CREATE(0, START, 0, 12),
		CREATE(0, -PAGE, 2 * PAGE, 12),
		CREATE(0, 2 * PAGE, -PAGE, 12),
	};
	struct vfio_device_window_create create = CREATE(0, START, SIZE, 12);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT_EQ(-EINVAL, __create_by(&self->dev[0], &wrong[i]))
			TH_LOG("row %zu", i);
	create.argsz = 0;
	EXPECT_EQ(-EINVAL, __create_by(&self->dev[0], &create));
	create.argsz = CREATE_SIZE - 1;
	EXPECT_EQ(-EINVAL, __create_by(&self->dev[0], &create));
	for (i = 0; i < 32; i++) {
		create = CREATE(0, START, SIZE, 12);
		create.flags = 1U << i;
		EXPECT_EQ(-EINVAL, __create_by(&self->dev[0], &create));
	}
	EXPECT_EQ(-EFAULT, __create_by(&self->dev[0], NULL));
	EXPECT_EQ(-ENOENT, __look(&self->dev[0], 0));
}

/* It is read as far as it has to be, and may be longer. */
TEST_F(window, create_size)
{
	struct vfio_device_window_create right = CREATE(0, START, SIZE, 12);
	struct vfio_device_window_create *cut;
	int fd;

	right.argsz = CREATE_SIZE;
	cut = buffer_cut(&right, CREATE_SIZE);
	fd = __create_by(&self->dev[0], cut);
	EXPECT_GE(fd, 0);
	close(fd);
	buffer_free(cut);
	cut = buffer_cut(&right, CREATE_SIZE - 1);
	EXPECT_EQ(-EFAULT, __create_by(&self->dev[0], cut));
	buffer_free(cut);
	right.argsz = 1000;
	fd = __create_by(&self->dev[0], &right);
	EXPECT_GE(fd, 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
}

/* At both ends of what there can be */
TEST_F(window, create_extremes)
{
	const struct vfio_device_window_create right[] = {
		CREATE(0, 0, PAGE, 12),
		CREATE(~0ULL, -PAGE, PAGE, 12),
		CREATE(1, 0, -PAGE, 12),
		CREATE(2, 1 << 30, 1 << 30, 30),
	};
	int fd[ARRAY_SIZE(right)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(right); i++) {
		fd[i] = __create_by(&self->dev[0], &right[i]);
		EXPECT_GE(fd[i], 0) TH_LOG("row %zu", i);
	}
	EXPECT_EQ(0, __put(&self->dev[0], ~0ULL, -1ULL, MEM | MTCE_READ));
	EXPECT_EQ(-EINVAL, __put(&self->dev[0], 1, -PAGE, MEM | MTCE_READ));
	EXPECT_EQ(0, __put(&self->dev[0], 1, -PAGE - 1, MEM | MTCE_READ));
	for (i = 0; i < ARRAY_SIZE(right); i++)
		close(fd[i]);
}

/* Set twice, and by another device of the machine, as one number is one window */
TEST_F(window, create_twice)
{
	int fd = create(&self->dev[0], 0);

	EXPECT_EQ(-EEXIST, __create(&self->dev[0], 0));
	EXPECT_EQ(-EEXIST, __create(&self->dev[1], 0));
	EXPECT_EQ(0, __look(&self->dev[1], 0));
	close(fd);
	EXPECT_EQ(-ENOENT, __look(&self->dev[1], 0));
	fd = create(&self->dev[1], 0);
	EXPECT_EQ(0, __look(&self->dev[0], 0));
	close(fd);
}

/* Nothing is left in the table when there is no file for it. */
TEST_F(window, create_without_a_file)
{
	struct rlimit limit, low;
	int ret;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = 3;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
	ret = __create(&self->dev[0], 7);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, ret);
	EXPECT_EQ(-ENOENT, __look(&self->dev[0], 7));
}

/* A device that was given to no machine has no windows, and finds none. */
TEST_F(window, no_machine)
{
	struct vfio_dev *dev = &self->dev[2];
	int fd = create(&self->dev[0], 5);

	dev_close(dev, &self->vm[1]);
	vm_close(&self->vm[1]);
	dev_open(dev, variant->way, NULL, self->uuid[2]);
	EXPECT_EQ(-ENXIO, __create(dev, 5));
	EXPECT_EQ(-ENXIO, __attach(dev, fd));
	EXPECT_EQ(-ENXIO, __attach(dev, -1));
	EXPECT_EQ(-ENOENT, __look(dev, 5));
	EXPECT_EQ(-ENOENT, __copy(dev, 5, START, START, 1));
	close(fd);
}

/* Nor does one whose driver does not know of windows. */
TEST_F(window, no_windows)
{
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;

	mdev_create_new("mnull", "mnull-1", uuid);
	dev_open(&dev, variant->way, &self->vm[0], uuid);
	EXPECT_EQ(-ENOTTY, __create(&dev, 0));
	EXPECT_EQ(-ENOTTY, __attach(&dev, -1));
	dev_close(&dev, &self->vm[0]);
	mdev_remove(uuid);
}

/*
 * Attaching
 */

TEST_F(window, attach_refuses)
{
	struct vfio_device_window_attach attach = { .argsz = sizeof(attach) };
	int fd = create(&self->dev[0], 1), null = open("/dev/null", O_RDWR);
	struct vfio_device_window_attach *cut;

	attach.fd = fd;
	EXPECT_EQ(-EFAULT, __attach_by(&self->dev[1], NULL));
	cut = buffer_cut(&attach, sizeof(attach) - 1);
	EXPECT_EQ(-EFAULT, __attach_by(&self->dev[1], cut));
	buffer_free(cut);
	attach.argsz = sizeof(attach) - 1;
	EXPECT_EQ(-EINVAL, __attach_by(&self->dev[1], &attach));
	attach.argsz = sizeof(attach);
	attach.flags = 1;
	EXPECT_EQ(-EINVAL, __attach_by(&self->dev[1], &attach));

	EXPECT_EQ(-EBADF, __attach(&self->dev[1], 999));
	EXPECT_EQ(-EBADF, __attach(&self->dev[1], -2));
	EXPECT_EQ(-EINVAL, __attach(&self->dev[1], null));
	EXPECT_EQ(-EINVAL, __attach(&self->dev[1], self->vm[0].fd));
	EXPECT_EQ(-EINVAL, __attach(&self->dev[1], self->dev[0].fd));
	/* Of another machine, which may have its own of that number */
	EXPECT_EQ(-EINVAL, __attach(&self->dev[2], fd));
	EXPECT_EQ(-ENOENT, __look(&self->dev[2], 1));
	close(null);
	close(fd);
}

/* One at a time; the same twice is no fault, nor is none. */
TEST_F(window, attach_one)
{
	int a = create(&self->dev[0], 1), b = create(&self->dev[0], 2);

	EXPECT_EQ(0, __attach(&self->dev[1], -1));
	EXPECT_EQ(0, __attach(&self->dev[1], a));
	EXPECT_EQ(0, __attach(&self->dev[1], a));
	EXPECT_EQ(-EBUSY, __attach(&self->dev[1], b));
	EXPECT_EQ(0, __attach(&self->dev[1], -1));
	EXPECT_EQ(0, __attach(&self->dev[1], b));
	EXPECT_EQ(-EBUSY, __attach(&self->dev[1], a));
	/* One that is gone is none. */
	close(b);
	EXPECT_EQ(0, __attach(&self->dev[1], a));
	/* The device that it was made on may do so as well. */
	EXPECT_EQ(0, __attach(&self->dev[0], a));
	close(a);
}

/* Closing the device detaches; and it may still be attached when all is closed. */
TEST_F(window, attach_is_forgotten)
{
	int a = create(&self->dev[0], 1), b = create(&self->dev[0], 2);

	EXPECT_EQ(0, __attach(&self->dev[1], a));
	dev_close(&self->dev[1], &self->vm[0]);
	dev_open(&self->dev[1], variant->way, &self->vm[0], self->uuid[1]);
	EXPECT_EQ(0, __attach(&self->dev[1], b));
	close(a);
	close(b);
}

/* Of a device that was closed: the file is there, the window is not. */
TEST_F(window, attach_what_is_gone)
{
	int old = create(&self->dev[0], 1), new;

	dev_close(&self->dev[0], &self->vm[0]);
	EXPECT_EQ(-ENOENT, __attach(&self->dev[1], old));
	EXPECT_EQ(-ENOENT, __look(&self->dev[1], 1));
	dev_open(&self->dev[0], variant->way, &self->vm[0], self->uuid[0]);
	EXPECT_EQ(-ENOENT, __attach(&self->dev[0], old));
	EXPECT_EQ(-ENOENT, __attach(&self->dev[2], old));
	/* Its number is free, and its file has nothing to do with the next one. */
	new = create(&self->dev[0], 1);
	EXPECT_EQ(-ENOENT, __attach(&self->dev[1], old));
	close(old);
	EXPECT_EQ(0, __look(&self->dev[1], 1));
	close(new);
}

/*
 * Commands
 */

TEST_F(window, is_what_it_says)
{
	EXPECT_EQ(MTCE_PCI_DEVICE_ID << 16 | MTCE_PCI_VENDOR_ID,
		  vfio_dev_config(&self->dev[0], 0, 4));
	EXPECT_EQ(MTCE_ID_VALUE, GET(&self->dev[0], id));
	SET(&self->dev[0], id, 0);
	EXPECT_EQ(MTCE_ID_VALUE, GET(&self->dev[0], id));
	SET(&self->dev[0], liobn, 1234);
	EXPECT_EQ(1234, GET(&self->dev[0], liobn));
	SET(&self->dev[0], command, 0);
	EXPECT_EQ(EINVAL, GET(&self->dev[0], status));
	SET(&self->dev[0], command, MTCE_COPY + 1);
	EXPECT_EQ(EINVAL, GET(&self->dev[0], status));
	EXPECT_EQ(0, __vfio_dev_reset(&self->dev[0]));
	EXPECT_EQ(MTCE_ID_VALUE, GET(&self->dev[0], id));
	EXPECT_EQ(0, GET(&self->dev[0], liobn));
	EXPECT_EQ(0, GET(&self->dev[0], status));
}

TEST_F(window, entries)
{
	const __u64 last = START + SIZE - PAGE, most = -PAGE | MTCE_READ | MTCE_WRITE;
	struct vfio_dev *dev = &self->dev[0];
	int fd = create(dev, 1), i;
	__u64 tce;

	EXPECT_EQ(0, __get(dev, 1, START, &tce));
	EXPECT_EQ(0, tce);
	EXPECT_EQ(0, __put(dev, 1, START + 5, MEM | MTCE_READ));
	EXPECT_EQ(0, __put(dev, 1, last, most));
	EXPECT_EQ(0, __get(dev, 1, START + PAGE - 1, &tce));
	EXPECT_EQ(MEM | MTCE_READ, tce);
	EXPECT_EQ(0, __get(dev, 1, last, &tce));
	EXPECT_EQ(most, tce);
	EXPECT_EQ(0, __get(dev, 1, last - PAGE, &tce));
	EXPECT_EQ(0, tce);

	EXPECT_EQ(0, __stuff(dev, 1, START, PAGE | MTCE_WRITE, PAGES));
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(0, __get(dev, 1, START + i * PAGE, &tce));
		EXPECT_EQ(PAGE | MTCE_WRITE, tce);
	}
	EXPECT_EQ(0, __stuff(dev, 1, START, 0, PAGES));
	EXPECT_EQ(0, __get(dev, 1, last, &tce));
	EXPECT_EQ(0, tce);
	/* Another device of the machine sees the same. */
	EXPECT_EQ(0, __put(&self->dev[1], 1, START, 7 * PAGE | MTCE_READ));
	EXPECT_EQ(0, __get(dev, 1, START, &tce));
	EXPECT_EQ(7 * PAGE | MTCE_READ, tce);
	close(fd);
}

TEST_F(window, entries_refused)
{
	struct vfio_device_window_create large =
		CREATE(2, START, 1ULL << 40, 16);
	struct vfio_dev *dev = &self->dev[0];
	int a = create(dev, 1), b = __create_by(dev, &large);
	__u64 tce;

	ASSERT_GE(b, 0);
	EXPECT_EQ(-ENOENT, __put(dev, 3, START, 0));
	EXPECT_EQ(-ENOENT, __stuff(dev, 3, START, 0, 1));
	EXPECT_EQ(-ENOENT, __get(dev, 3, START, &tce));
	EXPECT_EQ(0xbad, tce);
	EXPECT_EQ(-EINVAL, __put(dev, 1, START - 1, 0));
	EXPECT_EQ(-EINVAL, __put(dev, 1, START + SIZE, 0));
	EXPECT_EQ(-EINVAL, __get(dev, 1, START + SIZE, &tce));
	EXPECT_EQ(0xbad, tce);
	EXPECT_EQ(-EINVAL, __put(dev, 1, START, MEM | 4));
	EXPECT_EQ(-EINVAL, __put(dev, 1, START, MEM | 0x800));
	EXPECT_EQ(0, __put(dev, 1, START, MEM + PAGE));
	EXPECT_EQ(-EINVAL, __put(dev, 2, START, MEM + PAGE));

	/* What is out of bounds in part is not done in part. */
	EXPECT_EQ(-EINVAL, __stuff(dev, 1, START + PAGE, MTCE_READ, PAGES));
	EXPECT_EQ(-EINVAL, __stuff(dev, 1, START + PAGE, MTCE_READ, ~0ULL));
	EXPECT_EQ(-EINVAL, __stuff(dev, 2, START, MTCE_READ, MTCE_STUFF_MAX + 1));
	EXPECT_EQ(0, __get(dev, 1, START + PAGE, &tce));
	EXPECT_EQ(0, tce);
	EXPECT_EQ(0, __stuff(dev, 2, START, MTCE_READ, MTCE_STUFF_MAX));
	EXPECT_EQ(0, __stuff(dev, 2, START, MTCE_READ, 0));
	close(a);
	close(b);
}

/* A registers' access is of all of it. */
TEST_F(window, registers_are_wide)
{
	__u64 value = 0;

	EXPECT_EQ(-EINVAL, __vfio_dev_read(&self->dev[0], BAR0, 0, &value, 4));
	EXPECT_EQ(-EINVAL, __vfio_dev_write(&self->dev[0], BAR0, 56, &value, 4));
	EXPECT_EQ(8, __vfio_dev_read(&self->dev[0], BAR0, 0, &value, 8));
}

/* Pages in disorder, and what is at their edges */
TEST_F(window, copy)
{
	struct vfio_dev *dev = &self->dev[0];
	int fd = create(dev, 1);
	size_t i;

	for (i = 0; i < SIZE; i++)
		self->mem[i] = i < SIZE / 2 ? i * 7 / 3 : 0;
	/* The first half of the window is the first half of memory, pages swapped. */
	for (i = 0; i < PAGES / 2; i++) {
		EXPECT_EQ(0, __put(dev, 1, START + i * PAGE,
				   (MEM + (i ^ 1) * PAGE) | MTCE_READ));
		EXPECT_EQ(0, __put(dev, 1, START + (PAGES / 2 + i) * PAGE,
				   (MEM + (PAGES - 1 - i) * PAGE) | MTCE_WRITE));
	}
	EXPECT_EQ(0, __copy(dev, 1, START + SIZE / 2, START, SIZE / 2));
	for (i = 0; i < PAGES / 2; i++)
		EXPECT_EQ(0, memcmp(self->mem + (PAGES - 1 - i) * PAGE,
				    self->mem + (i ^ 1) * PAGE, PAGE));

	/* From the end of one page and the beginning of the next, to one place */
	memset(self->mem + SIZE / 2, 0, SIZE / 2);
	EXPECT_EQ(0, __copy(dev, 1, START + SIZE - PAGE + 100,
			    START + PAGE - 10, 30));
	EXPECT_EQ(0, memcmp(self->mem + SIZE / 2 + 100,
			    self->mem + 2 * PAGE - 10, 10));
	EXPECT_EQ(0, memcmp(self->mem + SIZE / 2 + 110, self->mem, 20));
	EXPECT_EQ(0, self->mem[SIZE / 2 + 99] | self->mem[SIZE / 2 + 130]);
	EXPECT_EQ(0, __copy(dev, 1, START + SIZE / 2, START, 0));
	close(fd);
}

/* Pages of the window that are larger than those of memory */
TEST_F(window, copy_large_pages)
{
	struct vfio_device_window_create large =
		CREATE(1, START, 4 * SIZE, 16);
	struct vfio_dev *dev = &self->dev[0];
	int fd = __create_by(dev, &large);
	size_t i;

	ASSERT_GE(fd, 0);
	for (i = 0; i < SIZE; i++)
		self->mem[i] = i < SIZE / 2 ? i / 11 : 0;
	EXPECT_EQ(0, __put(dev, 1, START + 2 * SIZE,
			   MEM | MTCE_READ | MTCE_WRITE));
	EXPECT_EQ(0, __copy(dev, 1, START + 2 * SIZE + SIZE / 2,
			    START + 2 * SIZE, SIZE / 2));
	EXPECT_EQ(0, memcmp(self->mem, self->mem + SIZE / 2, SIZE / 2));
	close(fd);
}

/* What entries do not permit, and what they point to that is not there */
TEST_F(window, copy_refused)
{
	const __u64 page[] = { START, START + PAGE, START + 2 * PAGE,
			       START + 3 * PAGE, START + 4 * PAGE };
	struct vfio_dev *dev = &self->dev[0];
	int fd = create(dev, 1);

	EXPECT_EQ(0, __put(dev, 1, page[0], MEM | MTCE_READ));
	EXPECT_EQ(0, __put(dev, 1, page[1], (MEM + PAGE) | MTCE_WRITE));
	EXPECT_EQ(0, __put(dev, 1, page[2], MEM + 2 * PAGE));
	EXPECT_EQ(0, __put(dev, 1, page[3],
			   (MEM + 2 * SIZE) | MTCE_READ | MTCE_WRITE));
	memset(self->mem, 1, SIZE);
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[0], page[0], 8));
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[1], page[1], 8));
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[2], page[0], 8));
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[1], page[2], 8));
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[4], page[0], 8));
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[1], page[4], 8));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, page[3], page[0], 8));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, page[1], page[3], 8));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, START - 1, page[0], 8));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, page[1], START + SIZE, 8));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, page[1], page[0], MTCE_COPY_MAX + 1));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, -4ULL, page[0], 8));
	EXPECT_EQ(-EINVAL, __copy(dev, 1, page[1], -4ULL, 8));
	EXPECT_EQ(-ENOENT, __copy(dev, 2, page[1], page[0], 8));
	EXPECT_EQ(0, __copy(dev, 1, page[1], page[0], 8));

	/* Memory that the user takes away, and what it may only be read from */
	vfio_dma_unmap(dev, MEM, SIZE);
	EXPECT_EQ(-EINVAL, __copy(dev, 1, page[1], page[0], 8));
	vfio_dma_map(dev, MEM, self->mem, SIZE, false);
	EXPECT_EQ(-EPERM, __copy(dev, 1, page[1], page[0], 8));
	close(fd);
}

/* A device copies through the windows that it has, in memory that is its own. */
TEST_F(window, copy_attached)
{
	struct vfio_dev *dev = &self->dev[1];
	int fd = create(&self->dev[0], 1);
	char *mem;

	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	vfio_dma_map(dev, MEM, mem, SIZE, true);
	strcpy(mem, "attached");
	EXPECT_EQ(0, __put(dev, 1, START, MEM | MTCE_READ));
	EXPECT_EQ(0, __put(dev, 1, START + PAGE, (MEM + PAGE) | MTCE_WRITE));

	EXPECT_EQ(-ENOENT, __copy(dev, 1, START + PAGE, START, 9));
	EXPECT_EQ(0, mem[PAGE]);
	EXPECT_EQ(0, __attach(dev, fd));
	EXPECT_EQ(0, __copy(dev, 1, START + PAGE, START, 9));
	EXPECT_STREQ("attached", mem + PAGE);
	EXPECT_EQ(0, self->mem[PAGE]);
	EXPECT_EQ(0, __attach(dev, -1));
	EXPECT_EQ(-ENOENT, __copy(dev, 1, START + PAGE, START, 9));
	EXPECT_EQ(0, __attach(dev, fd));
	close(fd);
	EXPECT_EQ(-ENOENT, __copy(dev, 1, START + PAGE, START, 9));
}

/* One number in two machines is two windows. */
TEST_F(window, two_machines)
{
	int a = create(&self->dev[0], 9), b = create(&self->dev[2], 9);
	__u64 tce;

	EXPECT_EQ(0, __put(&self->dev[1], 9, START, PAGE | MTCE_READ));
	EXPECT_EQ(0, __put(&self->dev[2], 9, START, 2 * PAGE | MTCE_READ));
	EXPECT_EQ(0, __get(&self->dev[0], 9, START, &tce));
	EXPECT_EQ(PAGE | MTCE_READ, tce);
	close(a);
	EXPECT_EQ(-ENOENT, __look(&self->dev[1], 9));
	EXPECT_EQ(0, __get(&self->dev[2], 9, START, &tce));
	EXPECT_EQ(2 * PAGE | MTCE_READ, tce);
	close(b);
}

/*
 * The end
 */

/* It is there until the last descriptor of its file is closed, whoever has that. */
TEST_F(window, file_is_passed_on)
{
	int fd = create(&self->dev[0], 1), copy = dup(fd);

	close(fd);
	EXPECT_EQ(0, __look(&self->dev[1], 1));
	EXPECT_EQ(0, __attach(&self->dev[1], copy));
	close(copy);
	EXPECT_TRUE(WAIT_FOR(__look(&self->dev[1], 1) == -ENOENT));
}

/*
 * The machine, the device that has the window, and its file, in each order. Closing the
 * machine takes nothing away, as the devices are still in it.
 */
TEST_F(window, every_order)
{
	static const char orders[][4] = { "mdf", "mfd", "dmf", "dfm", "fmd", "fdm" };
	int fd, expected;
	const char *what;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		fd = create(&self->dev[0], 1);
		ASSERT_EQ(0, __attach(&self->dev[1], fd));
		expected = 0;
		for (what = orders[i]; *what; what++) {
			if (*what == 'm')
				vm_close(&self->vm[0]);
			else if (*what == 'd')
				dev_close(&self->dev[0], &self->vm[0]);
			else
				close(fd);
			if (*what != 'm')
				expected = -ENOENT;
			EXPECT_EQ(expected, __look(&self->dev[1], 1))
				TH_LOG("%s: after %s", orders[i], what);
		}
		dev_close(&self->dev[1], &self->vm[0]);
		ASSERT_EQ(0, __vm_create(&self->vm[0]));
		dev_open(&self->dev[0], variant->way, &self->vm[0], self->uuid[0]);
		dev_open(&self->dev[1], variant->way, &self->vm[0], self->uuid[1]);
	}
}

/* Windows that are left do not keep the machine, nor their files the device. */
TEST_F(window, machine_goes)
{
	int fd = create(&self->dev[2], 1), vm = self->vm[1].fd;

	dev_close(&self->dev[2], &self->vm[1]);
	vm_close(&self->vm[1]);
	EXPECT_TRUE(WAIT_FOR(!vm_is_alive(vm)));
	mdev_remove(self->uuid[2]);
	EXPECT_EQ(-ENOENT, __attach(&self->dev[0], fd));
	close(fd);
}

/*
 * On 6.1, KVM itself waits for the memory when a group is taken out: it asks type1
 * about the others, which has a lock meanwhile. The machine has no file of this device.
 */
static void close_only(struct vfio_dev *dev, struct vm *vm)
{
	if (dev->group < 0) {
		dev_close(dev, vm);
		return;
	}
	close(dev->fd);
	dev->fd = -1;
}

struct copier {
	struct vfio_dev *dev;
	int ret;
};

static void *copier_run(void *arg)
{
	struct copier *copier = arg;

	copier->ret = __copy(copier->dev, 1, START + 2 * PAGE, START, PAGE + 8);
	return NULL;
}

/*
 * A device that copies waits for memory of its user, for as long as that takes. Whoever
 * closes the window meanwhile, or the device that it was made on, does not.
 */
TEST_F(window, nobody_waits_for_a_user)
{
	struct copier copier = { .dev = &self->dev[1] };
	int fd = create(&self->dev[0], 1), fault;
	pthread_t thread;
	struct pollfd poll_fault;
	char *mem;
	long start;

	mem = map_memory(4 * PAGE);
	fault = memory_hold_back(mem, PAGE);
	if (fault < 0)
		SKIP(return, "this kernel has no userfaultfd");
	vfio_dma_map(copier.dev, MEM, mem, 4 * PAGE, true);
	EXPECT_EQ(0, __stuff(copier.dev, 1, START, MEM | MTCE_READ | MTCE_WRITE, 1));
	EXPECT_EQ(0, __stuff(copier.dev, 1, START + PAGE,
			     (MEM + 2 * PAGE) | MTCE_READ | MTCE_WRITE, 2));
	EXPECT_EQ(0, __attach(copier.dev, fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, copier_run, &copier));
	poll_fault = (struct pollfd){ .fd = fault, .events = POLLIN };
	EXPECT_EQ(1, poll(&poll_fault, 1, WAIT_LONG_MS));

	start = now_ms();
	close_only(&self->dev[0], &self->vm[0]);
	close(fd);
	EXPECT_LT(now_ms() - start, WAIT_LONG_MS / 2);
	memory_provide(fault, mem, PAGE);
	pthread_join(thread, NULL);
	/* The page that it had looked up, and no other one */
	EXPECT_EQ(-ENOENT, copier.ret);
	close(fault);
}

/* Objects in the caches that windows are made of, see mdev_leftover_test */
static long objects_now(void)
{
	slab_shrink("kmalloc");
	slab_shrink("radix_tree_node");
	return slab_objects("kmalloc") + slab_objects("radix_tree_node");
}

static void make_and_drop(struct vfio_dev *dev, int times)
{
	int fd;

	while (times--) {
		fd = create(dev, times);
		MDEV_ASSERT(__create(dev, times) == -EEXIST, "twice %d", times);
		MDEV_ASSERT(!__attach(dev, fd), "attaching window %d", times);
		MDEV_ASSERT(!__stuff(dev, times, START, MEM | 1, PAGES),
			    "entries of window %d", times);
		close(fd);
	}
}

static bool back_to(long before)
{
	return slab_objects_in_use(objects_now) <= before;
}

/* Half of them would be too much. */
TEST_F(window, leaves_no_memory)
{
	const int times = 500;
	long before;

	make_and_drop(&self->dev[0], 20);
	wait_for_late_releases();
	before = slab_objects_in_use(objects_now);
	make_and_drop(&self->dev[0], times);
	EXPECT_TRUE(WAIT_FOR_MS(back_to(before + times / 2), WAIT_LATE_MS))
		TH_LOG("%ld objects were %ld", objects_now(), before);
}

/*
 * A storm: threads make windows of few numbers, find and use those of each other, attach
 * what may just be closed, and close, each with a device of its own
 */

#define STORM_THREADS	4
#define STORM_LIOBNS	3
#define STORM_FDS	8

enum {
	STORM_CREATE,
	STORM_CLOSE,
	STORM_ATTACH,
	STORM_PUT,
	STORM_COPY,
	STORM_REOPEN,
	STORM_ACTIONS
};

static const char *const storm_names[] = {
	"create", "close", "attach", "put", "copy", "reopen"
};

/**
 * struct storm - what the threads share
 * @vm: the machine
 * @way: how devices are opened
 * @fd: files of windows, or -1; taken out by who closes one, used by all
 * @end: when to stop
 * @done: how often each succeeded
 * @bad: an answer that cannot be right
 */
struct storm {
	struct vm *vm;
	const struct vfio_dev_way *way;
	int fd[STORM_FDS];
	long end;
	long done[STORM_ACTIONS];
	int bad;
};

struct storm_thread {
	struct storm *storm;
	struct vfio_dev *dev;
	unsigned int seed;
	pthread_t thread;
};

static unsigned int pick(struct storm_thread *thread, unsigned int n)
{
	return rand_r(&thread->seed) % n;
}

static int storm_swap(struct storm_thread *thread, int fd)
{
	int *slot = &thread->storm->fd[pick(thread, STORM_FDS)];

	fd = __atomic_exchange_n(slot, fd, __ATOMIC_SEQ_CST);
	return fd >= 0 ? close(fd) : 0;
}

static int storm_create(struct storm_thread *thread)
{
	int fd = __create(thread->dev, pick(thread, STORM_LIOBNS));

	return fd < 0 ? fd : storm_swap(thread, fd);
}

static int storm_reopen(struct storm_thread *thread)
{
	char uuid[MDEV_UUID_SIZE];

	if (pick(thread, 8))
		return -EAGAIN;
	strcpy(uuid, thread->dev->uuid);
	dev_close(thread->dev, thread->storm->vm);
	dev_open(thread->dev, thread->storm->way, thread->storm->vm, uuid);
	return 0;
}

static int storm_act(struct storm_thread *thread, int action)
{
	__u64 liobn = pick(thread, STORM_LIOBNS);
	__u64 ioba = START + pick(thread, PAGES) * PAGE;

	switch (action) {
	case STORM_CREATE:
		return storm_create(thread);
	case STORM_CLOSE:
		return storm_swap(thread, -1);
	case STORM_ATTACH:
		return __attach(thread->dev,
				thread->storm->fd[pick(thread, STORM_FDS)]);
	case STORM_PUT:
		return __stuff(thread->dev, liobn, ioba, pick(thread, 4), 2);
	case STORM_COPY:
		return __copy(thread->dev, liobn, START, ioba, 2 * PAGE);
	default:
		return storm_reopen(thread);
	}
}

/* By a descriptor that is closed, or another file's by now, too */
static bool storm_may(int action, int ret)
{
	switch (ret) {
	case 0:
		return action != STORM_COPY;
	case -ENOENT:
		return action == STORM_ATTACH || action >= STORM_PUT;
	case -EEXIST:
		return action == STORM_CREATE;
	case -EBUSY:
	case -EBADF:
		return action == STORM_ATTACH;
	case -EINVAL:
		return action == STORM_ATTACH || action == STORM_PUT ||
		       action == STORM_COPY;
	case -EPERM:
		return action == STORM_COPY;
	case -EAGAIN:
		return action == STORM_REOPEN;
	default:
		return false;
	}
}

static bool storm_did_all(const struct storm *storm)
{
	int i;

	for (i = 0; i < STORM_ACTIONS; i++)
		if (!__atomic_load_n(&storm->done[i], __ATOMIC_SEQ_CST))
			return false;
	return true;
}

static void *storm_run(void *arg)
{
	struct storm_thread *thread = arg;
	struct storm *storm = thread->storm;
	int action, ret;

	while (goes_on(storm->end, storm_did_all(storm))) {
		action = pick(thread, STORM_ACTIONS);
		ret = storm_act(thread, action);
		if (!storm_may(action, ret)) {
			printf("# %s: %s\n", storm_names[action], strerror(-ret));
			storm->bad = ret ?: 1;
		}
		if (!ret || (action == STORM_COPY && ret == -EPERM))
			__atomic_add_fetch(&storm->done[action], 1,
					   __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void storm_wait(struct storm_thread *thread)
{
	int i;

	for (i = 0; i < STORM_THREADS; i++)
		pthread_join(thread[i].thread, NULL);
	for (i = 0; i < STORM_FDS; i++)
		if (thread->storm->fd[i] >= 0)
			close(thread->storm->fd[i]);
}

TEST_F(window, storm)
{
	const char *seconds = getenv("MDEV_WINDOW_SECONDS");
	struct storm_thread thread[STORM_THREADS];
	struct vfio_dev dev[STORM_THREADS];
	struct storm storm = { .vm = self->vm, .way = variant->way };
	char uuid[MDEV_UUID_SIZE];
	int i;

	storm.end = now_ms() + 1000 * (seconds ? atoi(seconds) : 3);
	memset(storm.fd, -1, sizeof(storm.fd));
	for (i = 0; i < STORM_THREADS; i++) {
		mdev_create_new(MTCE, MTCE_TYPE, uuid);
		dev_open(&dev[i], variant->way, storm.vm, uuid);
		thread[i] = (struct storm_thread){ &storm, &dev[i], i, 0 };
	}
	for (i = 0; i < STORM_THREADS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i].thread, NULL, storm_run,
					    &thread[i]));
	storm_wait(thread);
	EXPECT_EQ(0, storm.bad);
	for (i = 0; i < STORM_ACTIONS; i++) {
		printf("# %s: %ld\n", storm_names[i], storm.done[i]);
		EXPECT_LT(0, storm.done[i]) TH_LOG("%s", storm_names[i]);
	}
	for (i = 0; i < STORM_LIOBNS; i++)
		EXPECT_EQ(-ENOENT, __look(&self->dev[0], i));
	for (i = 0; i < STORM_THREADS; i++)
		dev_close(&dev[i], storm.vm);
}

/*
 * Out of memory, at every allocation in turn
 */

static struct vm sweep_vm;

static void prepare_create(struct sweep_site *site)
{
	mdev_create(MTCE, MTCE_TYPE, site->uuid);
	dev_open(&site->dev, &vfio_dev_by_group, &sweep_vm, site->uuid);
}

static int run_create(struct sweep_site *site)
{
	int fd = __create(&site->dev, 1);

	if (fd < 0)
		return fd;
	site->file = fd;
	return 0;
}

static bool undone_create(struct sweep_site *site)
{
	return __look(&site->dev, 1) == -ENOENT;
}

static void undo_create(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	dev_close(&site->dev, &sweep_vm);
	mdev_remove(site->uuid);
}

static const struct sweep sweep_create = {
	.prepare = prepare_create,
	.run = run_create,
	.undone = undone_create,
	.undo = undo_create,
};

/* Entries are tried twice, so one allocation that fails does not matter. */
static char sweep_mem[2 * PAGE] __attribute__((aligned(PAGE)));

static void prepare_copy(struct sweep_site *site)
{
	prepare_create(site);
	site->file = create(&site->dev, 1);
	vfio_dma_map(&site->dev, MEM, sweep_mem, sizeof(sweep_mem), true);
	MDEV_ASSERT(!__put(&site->dev, 1, START, MEM | MTCE_READ) &&
		    !__put(&site->dev, 1, START + PAGE,
			   (MEM + PAGE) | MTCE_WRITE), "entries");
	memset(sweep_mem, 1, PAGE);
	memset(sweep_mem + PAGE, 0, PAGE);
}

static int run_copy(struct sweep_site *site)
{
	return __copy(&site->dev, 1, START + PAGE, START, PAGE);
}

static bool undone_copy(struct sweep_site *site)
{
	return GET(&site->dev, status) == ENOMEM && !sweep_mem[PAGE];
}

static const struct sweep sweep_copy = {
	.prepare = prepare_copy,
	.run = run_copy,
	.undone = undone_copy,
	.undo = undo_create,
};

TEST(out_of_memory)
{
	struct sweep_site site;

	module_load("vfio_mdev");
	module_load(MTCE);
	vfio_setup();
	if (!sweep_begin(&site))
		SKIP(return, "this kernel has no fault injection");
	if (__vm_create(&sweep_vm))
		SKIP(return, "this machine has no KVM");
	sweep_run("create", &sweep_create, &site);
	sweep_run("copy", &sweep_copy, &site);
	vm_close(&sweep_vm);
	sweep_end(&site);
}

TEST_HARNESS_MAIN
