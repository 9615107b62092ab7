// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who holds on to a page of a device after closing it, and the next user
 *
 * The page is the first one of video memory, which users reach by the region or by
 * a dma-buf.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define MEMORY		"mdev_test_memory"
#define BAR0		VFIO_PCI_BAR0_REGION_INDEX
#define RW		(PROT_READ | PROT_WRITE)

FIXTURE(pinned) {
	struct vfio_dev dev;
	struct pin pin;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_VARIANT(pinned) {
	const char *module;
	const char *type;
	size_t page;		/* of BAR 0 */
	bool dmabuf;
	const struct pin_way *way;
};

FIXTURE_VARIANT_ADD(pinned, mdpy_by_pipe) {
	.module = "mdpy", .type = "mdpy-vga", .way = &pin_by_pipe,
};

FIXTURE_VARIANT_ADD(pinned, mdpy_by_io_uring) {
	.module = "mdpy", .type = "mdpy-vga", .way = &pin_by_io_uring,
};

FIXTURE_VARIANT_ADD(pinned, mbochs_by_pipe) {
	.module = MBOCHS, .type = MBOCHS_SMALL, .way = &pin_by_pipe,
};

FIXTURE_VARIANT_ADD(pinned, mbochs_by_io_uring) {
	.module = MBOCHS, .type = MBOCHS_SMALL, .way = &pin_by_io_uring,
};

FIXTURE_VARIANT_ADD(pinned, dmabuf_by_pipe) {
	.module = MBOCHS, .type = MBOCHS_SMALL, .dmabuf = true,
	.way = &pin_by_pipe,
};

FIXTURE_VARIANT_ADD(pinned, dmabuf_by_io_uring) {
	.module = MBOCHS, .type = MBOCHS_SMALL, .dmabuf = true,
	.way = &pin_by_io_uring,
};

/* A page of an area, with registers before it */
FIXTURE_VARIANT_ADD(pinned, area_by_pipe) {
	.module = MEMORY, .type = MEMORY "-2", .page = 1, .way = &pin_by_pipe,
};

FIXTURE_VARIANT_ADD(pinned, area_by_io_uring) {
	.module = MEMORY, .type = MEMORY "-2", .page = 1,
	.way = &pin_by_io_uring,
};

FIXTURE_SETUP(pinned)
{
	self->pin = PIN_NONE;
	module_load(variant->module);
	vfio_setup();
	mdev_remove_all(variant->module);
	mdev_create_new(variant->module, variant->type, self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
}

FIXTURE_TEARDOWN(pinned)
{
	pin_drop(&self->pin);
	vfio_dev_close(&self->dev);
	mdev_remove_all(variant->module);
}

static char *map_page(struct vfio_dev *dev, size_t page)
{
	char *mem = mmap(NULL, PIN_SIZE, RW, MAP_SHARED, dev->fd,
			 page * PIN_SIZE);

	MDEV_ASSERT(mem != MAP_FAILED, "mapping BAR 0: %s", strerror(errno));
	return mem;
}

static char *map_dmabuf(struct vfio_dev *dev)
{
	char *mem;
	int fd;

	mbochs_set_mode(dev, 640, 480);
	fd = mbochs_get_dmabuf(dev);
	mem = mmap(NULL, PIN_SIZE, RW, MAP_SHARED, fd, 0);
	MDEV_ASSERT(mem != MAP_FAILED, "mapping a dma-buf: %s",
		    strerror(errno));
	close(fd);
	return mem;
}

/* Whether @buf is @byte and nothing else */
static bool is_all(const char *buf, char byte)
{
	size_t i;

	for (i = 0; i < PIN_SIZE; i++)
		if (buf[i] != byte)
			return false;
	return true;
}

/* What is in the page through read() */
static bool reads_as(struct vfio_dev *dev, size_t page, char byte)
{
	char buf[PIN_SIZE];
	ssize_t n = __vfio_dev_read(dev, BAR0, page * PIN_SIZE, buf, PIN_SIZE);

	return n == PIN_SIZE && is_all(buf, byte);
}

/* The two see nothing of each other, whoever writes. */
TEST_F(pinned, is_nothing_to_the_next_user)
{
	char buf[PIN_SIZE], *mem;
	int ret;

	mem = variant->dmabuf ? map_dmabuf(&self->dev) :
				map_page(&self->dev, variant->page);
	EXPECT_TRUE(is_all(mem, 0));
	memset(mem, 'a', PIN_SIZE);
	EXPECT_TRUE(reads_as(&self->dev, variant->page, 'a'));
	ret = __pin_hold(&self->pin, variant->way, mem);
	munmap(mem, PIN_SIZE);
	if (ret)
		SKIP(return, "this kernel has no %s for such a page: %s",
		     variant->way->name, strerror(-ret));
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, self->uuid);
	mem = map_page(&self->dev, variant->page);
	EXPECT_TRUE(is_all(mem, 0));
	EXPECT_TRUE(reads_as(&self->dev, variant->page, 0));
	memset(mem, 'b', PIN_SIZE);
	pin_get(&self->pin, buf);
	EXPECT_TRUE(is_all(buf, 'a'));
	if (variant->way->put) {
		memset(buf, 'c', PIN_SIZE);
		pin_put(&self->pin, buf);
		EXPECT_TRUE(is_all(mem, 'b'));
		EXPECT_TRUE(reads_as(&self->dev, variant->page, 'b'));
		pin_get(&self->pin, buf);
		EXPECT_TRUE(is_all(buf, 'c'));
	}
	munmap(mem, PIN_SIZE);
}

/* Of the memory that a vendor keeps, there is one, and who pinned it has it. */
FIXTURE(kept) {
	struct vfio_dev dev;
	struct pin pin;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_SETUP(kept)
{
	self->pin = PIN_NONE;
	module_load(MEMORY);
	vfio_setup();
	mdev_create_new(MEMORY, MEMORY "-1", self->uuid);
	vfio_dev_open(&self->dev, self->uuid);
}

FIXTURE_TEARDOWN(kept)
{
	pin_drop(&self->pin);
	vfio_dev_close(&self->dev);
	mdev_remove_all(MEMORY);
}

/* The next user finds zeros all the same. */
TEST_F(kept, is_shared)
{
	char buf[PIN_SIZE], *mem = map_page(&self->dev, 1);

	memset(mem, 'a', PIN_SIZE);
	ASSERT_EQ(0, __pin_hold(&self->pin, &pin_by_pipe, mem));
	munmap(mem, PIN_SIZE);
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, self->uuid);
	mem = map_page(&self->dev, 1);
	EXPECT_TRUE(is_all(mem, 0));
	memset(mem, 'b', PIN_SIZE);
	pin_get(&self->pin, buf);
	EXPECT_TRUE(is_all(buf, 'b'));
	munmap(mem, PIN_SIZE);
}

/*
 * Who pays
 */

#define CGROUPS	"/sys/fs/cgroup"
#define CGROUP	CGROUPS "/mdev_pinned_test"

FIXTURE(accounted) {
	struct vfio_dev dev;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_VARIANT(accounted) {
	const char *module;
	const char *type;
	long bytes;
};

FIXTURE_VARIANT_ADD(accounted, mdpy) {
	.module = "mdpy", .type = "mdpy-hd", .bytes = 8 << 20,
};

FIXTURE_VARIANT_ADD(accounted, mbochs) {
	.module = MBOCHS, .type = MBOCHS_MEDIUM, .bytes = 16 << 20,
};

FIXTURE_SETUP(accounted)
{
	self->dev = VFIO_DEV_CLOSED;
	if (__file_puts("+memory", CGROUPS "/cgroup.subtree_control") ||
	    (mkdir(CGROUP, 0755) && errno != EEXIST))
		SKIP(return, "there is no memory cgroup, CONFIG_MEMCG");
	file_puts("0", CGROUP "/cgroup.procs");
	module_load(variant->module);
	vfio_setup();
	mdev_remove_all(variant->module);
	mdev_create_new(variant->module, variant->type, self->uuid);
}

FIXTURE_TEARDOWN(accounted)
{
	vfio_dev_close(&self->dev);
	__file_puts("0", CGROUPS "/cgroup.procs");
	rmdir(CGROUP);
	mdev_remove_all(variant->module);
}

/* Memory is that of the cgroup of who opens the device, until it is closed. */
TEST_F(accounted, to_the_user)
{
	long before = file_long(CGROUP "/memory.current"), open;

	vfio_dev_open(&self->dev, self->uuid);
	open = file_long(CGROUP "/memory.current");
	ASSERT_GE(open, before + variant->bytes - (1 << 20));
	vfio_dev_close(&self->dev);
	EXPECT_TRUE(WAIT_FOR(file_long(CGROUP "/memory.current") <
			     open - variant->bytes + (1 << 20)));
}

TEST_HARNESS_MAIN
