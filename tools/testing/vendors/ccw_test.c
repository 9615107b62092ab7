// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_ccw, the kernel's driver that gives channels of a mainframe away, on our core
 *
 * It gets the channel of a disk of QEMU's, which is virtio behind channel commands. Of
 * these, everything up to the disk's configuration is carried out here through a
 * mediated device. Blocks themselves cannot be read that way: that the driver has
 * filled a queue, it tells the machine by an instruction that only a kernel may use.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio_ccw.h>

#include <libmdev.h>
#include <libmdev/harness.h>

/* What mdev-vm gives the machine */
#define DISK		"0.0.00d1"
#define DISK_BLOCKS	2412

#define CSS		"/sys/bus/css"
#define CCW_DRIVER	CSS "/drivers/vfio_ccw"
#define TYPE		"vfio_ccw-io"
#define PAGE		4096
#define IOVA		0x10000

/* The operation request block, in words */
#define ORB_FORMAT1	0x00800000
#define ORB_PREFETCH	0x00400000
#define ORB_ALL_PATHS	0x0000ff00

/* What a channel and a device tell of how it ended, and why, in the IRB */
#define IRB_DEVICE	8
#define IRB_SENSE	32
#define SENSE_REJECT	0x80
#define DEVICE_CHECK	0x02
#define DEVICE_DONE	0x0c	/* the channel's and the device's end */

#define CCW_CHAIN	0x40
#define CCW_SHORT	0x20	/* less data than asked for is no error */

enum {
	CMD_WRITE_FEAT = 0x11,
	CMD_READ_FEAT = 0x12,
	CMD_READ_CONF = 0x22,
	CMD_WRITE_STATUS = 0x31,
	CMD_READ_VQ_CONF = 0x32,
	CMD_RESET = 0x33,
	CMD_READ_STATUS = 0x72,
	CMD_SET_REV = 0x83,
	CMD_SENSE_ID = 0xe4,
	CMD_UNKNOWN = 0xfb,
};

struct ccw {
	__u8 cmd, flags;
	__be16 count;
	__be32 data;
};

/* What the device is given: a program, and data for each of its commands */
struct memory {
	struct ccw ccw[16];
	__u8 data[16][64];
};

static char sch[NAME_MAX + 1];

static void set_subchannel(const char *name)
{
	snprintf(sch, sizeof(sch), "%s", name);
}

/* The channel that vfio_ccw has already, of an earlier run */
static void find_taken_over(void)
{
	struct dirent *entry;
	DIR *dir;

	dir = opendir(CCW_DRIVER);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "0.", 2))
			set_subchannel(entry->d_name);
	if (dir)
		closedir(dir);
}

/* Before any test: when another driver has the channel, the disk has no name. */
__attribute__((constructor)) static void find_subchannel(void)
{
	char path[PATH_MAX];
	ssize_t n;

	n = readlink("/sys/bus/ccw/devices/" DISK, path, sizeof(path) - 1);
	if (n < 0) {
		find_taken_over();
		return;
	}
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	set_subchannel(strrchr(path, '/') + 1);
}

static void take_over(void)
{
	char driver[64];

	MDEV_ASSERT(sch[0], "there is no " DISK);
	module_load("vfio_iommu_type1");
	module_load("vfio_ccw");
	if (__link_name(driver, sizeof(driver), CSS "/devices/%s/driver", sch))
		driver[0] = '\0';
	if (!strcmp(driver, "vfio_ccw"))
		return;
	file_puts("vfio_ccw", CSS "/devices/%s/driver_override", sch);
	if (driver[0])
		file_puts(sch, CSS "/drivers/%s/unbind", driver);
	if (!file_exists(CCW_DRIVER "/%s", sch))
		file_puts(sch, CCW_DRIVER "/bind");
}

/* See vendors_test.c: its devices are freed late, and its module does not wait. */
static bool freed_late(void)
{
	return kernel_has_symbol("kobject_delayed_cleanup");
}

/* A mediated device, open or not, and commands for it */
struct channel {
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	struct memory *mem;
	unsigned int n;		/* commands of the program */
	int irq, request;
	__u8 sense;		/* why the last one was refused */
};

FIXTURE(ccw) {
	struct channel ch;
};

FIXTURE_SETUP(ccw)
{
	struct channel *ch = &self->ch;

	ch->dev = VFIO_DEV_CLOSED;
	take_over();
	mdev_remove_all(sch);
	mdev_create_new(sch, TYPE, ch->uuid);
	ch->irq = irq_eventfd();
	ch->request = irq_eventfd();
	ch->mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	MDEV_ASSERT(ch->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void open_channel(struct channel *ch)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (__u64)ch->mem,
		.iova = IOVA,
		.size = PAGE,
	};

	vfio_dev_open(&ch->dev, ch->uuid);
	MDEV_ASSERT(!ioctl(ch->dev.iommu, VFIO_IOMMU_MAP_DMA, &map),
		    "mapping memory: %s", strerror(errno));
	irq_connect(&ch->dev, VFIO_CCW_IO_IRQ_INDEX, ch->irq);
	irq_connect(&ch->dev, VFIO_CCW_REQ_IRQ_INDEX, ch->request);
}

/* The driver keeps eventfds that are not taken from it for ever. */
static void close_channel(struct channel *ch)
{
	if (ch->dev.fd >= 0) {
		irq_connect(&ch->dev, VFIO_CCW_IO_IRQ_INDEX, -1);
		irq_connect(&ch->dev, VFIO_CCW_REQ_IRQ_INDEX, -1);
	}
	vfio_dev_close(&ch->dev);
}

FIXTURE_TEARDOWN(ccw)
{
	struct channel *ch = &self->ch;

	close_channel(ch);
	take_over();
	mdev_remove_all(sch);
}

/* One more command of the program; returns where its data are. */
static void *add(struct channel *ch, unsigned int cmd, unsigned int count)
{
	struct memory *mem = ch->mem;
	unsigned int i = ch->n++;

	if (i)
		mem->ccw[i - 1].flags |= CCW_CHAIN;
	memset(mem->data[i], 0, sizeof(mem->data[i]));
	mem->ccw[i] = (struct ccw){
		.cmd = cmd,
		.flags = CCW_SHORT,
		.count = htobe16(count),
		.data = htobe32(IOVA + offsetof(struct memory, data[i])),
	};
	return mem->data[i];
}

/* Runs what was added; the device's status at its end, or -errno */
static int run(struct channel *ch)
{
	struct ccw_io_region io = { };
	__be32 orb[3] = {
		0, htobe32(ORB_FORMAT1 | ORB_PREFETCH | ORB_ALL_PATHS),
		htobe32(IOVA)
	};
	ssize_t n;

	ch->n = 0;
	irq_take(ch->irq);
	memcpy(io.orb_area, orb, sizeof(orb));
	/* That the subchannel is to be started */
	io.scsw_area[2] = 0x40;
	n = __vfio_dev_pwrite(&ch->dev, 0, &io, sizeof(io));
	if (n < 0)
		return n;
	if (!irq_wait(ch->irq))
		return -ETIMEDOUT;
	n = __vfio_dev_pread(&ch->dev, 0, &io, sizeof(io));
	if (n < 0)
		return n;
	ch->sense = io.irb_area[IRB_SENSE];
	return io.ret_code ? -EIO : io.irb_area[IRB_DEVICE];
}

/* What it is: a disk of virtio */
static void try_sense_id(struct __test_metadata *_metadata,
			 struct channel *ch)
{
	static const __u8 want[4] = { 0xff, 0x38, 0x32, 2 };
	__u8 *id = add(ch, CMD_SENSE_ID, 7);

	EXPECT_EQ(DEVICE_DONE, run(ch));
	EXPECT_EQ(0, memcmp(id, want, sizeof(want)))
		TH_LOG("%02x %02x %02x %02x", id[0], id[1], id[2], id[3]);
}

TEST_F(ccw, type)
{
	struct channel *ch = &self->ch;
	char text[64];

	file_gets(text, sizeof(text), MDEV_TYPES("%s") "/" TYPE "/name", sch);
	EXPECT_STREQ("I/O subchannel (Non-QDIO)", text);
	file_gets(text, sizeof(text), MDEV_TYPES("%s") "/" TYPE "/device_api",
		  sch);
	EXPECT_STREQ(VFIO_DEVICE_API_CCW_STRING, text);
	EXPECT_FALSE(file_exists(MDEV_TYPES("%s") "/" TYPE "/description", sch));
	mdev_driver(ch->uuid, text, sizeof(text));
	EXPECT_STREQ("vfio_ccw_mdev", text);
}

/* One for each channel, and the next as soon as that is gone */
TEST_F(ccw, limit)
{
	struct channel *ch = &self->ch;
	char uuid[MDEV_UUID_SIZE];

	mdev_new_uuid(uuid);
	EXPECT_EQ(0, mdev_available(sch, TYPE));
	EXPECT_EQ(-EUSERS, __mdev_create(sch, TYPE, uuid));
	EXPECT_FALSE(mdev_exists(uuid));
	mdev_remove(ch->uuid);
	EXPECT_EQ(1, mdev_available(sch, TYPE));
	EXPECT_EQ(0, __mdev_create(sch, TYPE, uuid));
	EXPECT_EQ(0, mdev_available(sch, TYPE));
}

TEST_F(ccw, info)
{
	struct channel *ch = &self->ch;
	struct vfio_device_info info;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	unsigned int i;

	open_channel(ch);
	ASSERT_EQ(0, __vfio_dev_info(&ch->dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_CCW | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(VFIO_CCW_NUM_IRQS, info.num_irqs);
	for (i = 0; i < info.num_regions; i++) {
		EXPECT_EQ(0, __vfio_dev_region(&ch->dev, i, &region));
		EXPECT_LT(0, region.size);
	}
	EXPECT_EQ(-EINVAL, __vfio_dev_region(&ch->dev, i, &region));
	for (i = 0; i < VFIO_CCW_NUM_IRQS; i++) {
		EXPECT_EQ(0, __irq_info(&ch->dev, i, &irq));
		EXPECT_EQ(1, irq.count);
	}
	EXPECT_EQ(0, __vfio_dev_reset(&ch->dev));
	try_sense_id(_metadata, ch);
}

/* Pins memory of ours, translates the program, and starts the real channel. */
TEST_F(ccw, sense_id)
{
	struct channel *ch = &self->ch;

	open_channel(ch);
	try_sense_id(_metadata, ch);
	try_sense_id(_metadata, ch);
	close_channel(ch);

	open_channel(ch);
	try_sense_id(_metadata, ch);
}

/* Unmapping is told to the driver, and leaves nothing pinned. */
TEST_F(ccw, unmap)
{
	struct channel *ch = &self->ch;
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = IOVA, .size = PAGE
	};

	open_channel(ch);
	try_sense_id(_metadata, ch);
	EXPECT_EQ(0, ioctl(ch->dev.iommu, VFIO_IOMMU_UNMAP_DMA, &unmap));
	EXPECT_EQ(PAGE, unmap.size);
	add(ch, CMD_SENSE_ID, 7);
	EXPECT_GT(0, run(ch));
}

/* A device that refuses a command says so, and why. */
TEST_F(ccw, unknown_command)
{
	struct channel *ch = &self->ch;

	open_channel(ch);
	add(ch, CMD_UNKNOWN, 1);
	EXPECT_EQ(DEVICE_CHECK, run(ch));
	EXPECT_EQ(SENSE_REJECT, ch->sense);
	try_sense_id(_metadata, ch);
}

/* What an old driver reads first: how large the disk is */
TEST_F(ccw, disk)
{
	struct channel *ch = &self->ch;
	__be64 *blocks;

	open_channel(ch);
	add(ch, CMD_RESET, 0);
	blocks = add(ch, CMD_READ_CONF, 8);
	EXPECT_EQ(DEVICE_DONE, run(ch));
	EXPECT_EQ(DISK_BLOCKS, be64toh(*blocks));
}

/*
 * What a new one does before it makes queues, as one program for each step: revision,
 * features, the disk's size in the other byte order, and how long its queue may be
 */
TEST_F(ccw, disk_of_version_1)
{
	struct channel *ch = &self->ch;
	enum { ACK = 1, DRIVER = 2, FEATURES_OK = 8 };
	__u8 *features, *status;
	__be16 *revision, *queue;
	__le64 *blocks;

	open_channel(ch);
	/* The first command says which kind of driver this is. */
	revision = add(ch, CMD_SET_REV, 4);
	revision[0] = htobe16(1);
	add(ch, CMD_RESET, 0);
	status = add(ch, CMD_WRITE_STATUS, 1);
	*status = ACK | DRIVER;
	EXPECT_EQ(DEVICE_DONE, run(ch));

	features = add(ch, CMD_READ_FEAT, 5);
	features[4] = 1;
	EXPECT_EQ(DEVICE_DONE, run(ch));
	EXPECT_EQ(1, features[0] & 1);

	features = add(ch, CMD_WRITE_FEAT, 5);
	features[4] = 0;
	features = add(ch, CMD_WRITE_FEAT, 5);
	features[0] = 1;
	features[4] = 1;
	status = add(ch, CMD_WRITE_STATUS, 1);
	*status = ACK | DRIVER | FEATURES_OK;
	EXPECT_EQ(DEVICE_DONE, run(ch));

	blocks = add(ch, CMD_READ_CONF, 8);
	queue = add(ch, CMD_READ_VQ_CONF, 4);
	EXPECT_EQ(DEVICE_DONE, run(ch));
	EXPECT_EQ(DISK_BLOCKS, le64toh(*blocks));
	EXPECT_LT(0, be16toh(queue[1]));

	add(ch, CMD_RESET, 0);
	EXPECT_EQ(DEVICE_DONE, run(ch));
}

/* The user is asked, who waits can give up, and who uses the device notices nothing. */
TEST_F(ccw, remove_while_open)
{
	struct channel *ch = &self->ch;
	struct writer writer;

	open_channel(ch);
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", ch->uuid);
	ASSERT_TRUE(writer_blocks(&writer));
	EXPECT_LT(0, irq_wait(ch->request));
	EXPECT_TRUE(mdev_exists(ch->uuid));
	EXPECT_EQ(1, mdev_count(sch, TYPE));
	writer_interrupt(&writer);
	EXPECT_EQ(-EINTR, writer_result(&writer, WAIT_LONG_MS));
	try_sense_id(_metadata, ch);

	irq_take(ch->request);
	writer_start(&writer, "1", MDEV_DEVICES "/%s/remove", ch->uuid);
	EXPECT_LT(0, irq_wait(ch->request));
	try_sense_id(_metadata, ch);
	close_channel(ch);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(ch->uuid));
	EXPECT_EQ(1, mdev_available(sch, TYPE));
}

/* The same when the driver is taken off the channel, which cannot be refused. */
TEST_F(ccw, unbind_parent_while_open)
{
	struct channel *ch = &self->ch;
	char uuid[MDEV_UUID_SIZE];
	struct writer writer;
	struct klog log;

	klog_begin(&log);
	open_channel(ch);
	writer_start(&writer, sch, CCW_DRIVER "/unbind");
	EXPECT_LT(0, irq_wait(ch->request));
	ASSERT_EQ(WRITER_RUNNING, writer_result(&writer, 1500));
	EXPECT_TRUE(mdev_exists(ch->uuid));
	mdev_new_uuid(uuid);
	EXPECT_NE(0, __mdev_create(sch, TYPE, uuid));
	try_sense_id(_metadata, ch);
	klog_read(&log);
	EXPECT_TRUE(klog_has(&log, sch, ch->uuid, "to be closed"));

	close_channel(ch);
	EXPECT_EQ(0, writer_result(&writer, WAIT_LONG_MS));
	EXPECT_FALSE(mdev_exists(ch->uuid));
	EXPECT_FALSE(mdev_parent_exists(sch));
	klog_end(&log);

	take_over();
	mdev_create(sch, TYPE, ch->uuid);
	open_channel(ch);
	try_sense_id(_metadata, ch);
}

/* With a device that nobody uses, it goes at once. */
TEST_F(ccw, unbind_parent)
{
	struct channel *ch = &self->ch;

	file_puts(sch, CCW_DRIVER "/unbind");
	EXPECT_FALSE(mdev_exists(ch->uuid));
	EXPECT_FALSE(mdev_parent_exists(sch));
}

/* The mediated device off its driver and back; only its parent's can have it. */
TEST_F(ccw, unbind_and_bind)
{
	struct channel *ch = &self->ch;

	module_load("vfio_mdev");
	file_puts(ch->uuid, MDEV_DRIVERS "/vfio_ccw_mdev/unbind");
	EXPECT_FALSE(file_exists(MDEV_DEVICES "/%s/iommu_group", ch->uuid));
	EXPECT_EQ(-ENODEV, __file_puts(ch->uuid,
				       MDEV_DRIVERS "/vfio_mdev/bind"));
	file_puts(ch->uuid, MDEV_DRIVERS "/vfio_ccw_mdev/bind");
	open_channel(ch);
	try_sense_id(_metadata, ch);
}

TEST_F(ccw, unload)
{
	struct channel *ch = &self->ch;

	open_channel(ch);
	EXPECT_LT(0, module_refcnt("vfio_ccw"));
	EXPECT_EQ(-EAGAIN, __module_unload("vfio_ccw"));
	try_sense_id(_metadata, ch);
	close_channel(ch);
	EXPECT_TRUE(WAIT_FOR(!module_refcnt("vfio_ccw")));

	/* Its character device is freed first, and then the device itself. */
	if (freed_late()) {
		file_puts(sch, CCW_DRIVER "/unbind");
		sleep(10);
	}
	module_unload("vfio_ccw");
	EXPECT_FALSE(mdev_exists(ch->uuid));
	EXPECT_FALSE(mdev_parent_exists(sch));
	/* Nothing of it is left that would hold the core. */
	module_unload_users("mdev");
	EXPECT_FALSE(module_loaded("mdev"));
	EXPECT_TRUE(WAIT_FOR(!file_exists(MDEV_PARENTS)));
}

TEST_HARNESS_MAIN
