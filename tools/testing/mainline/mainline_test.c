// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ours and the kernel's own mediated devices do differently
 *
 * One program for both: what is tested is what user space sees of mtty, and what
 * the vendor mdev_peer is told. Where a race decides, mdev_stumble.ko decides the
 * race. Each test is named after the weakness and wants a machine of its own, as
 * some leave it stuck where they fail; tools/testing/mainline/check-mainline runs
 * them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PEER_TYPE	"mdev_peer_a-one"
#define PEER_TYPES(class) "/sys/class/" class "/peer_a/mdev_supported_types"
#define CREATE		MDEV_TYPES(MTTY_PARENT) "/" MTTY_TYPE1 "/create"
#define REMOVE		MDEV_DEVICES "/%s/remove"

/* How long one call stumbles, and how long others have meanwhile */
#define STUMBLE_MS	2000
#define STUCK_MS	8000

FIXTURE(weakness) {
	bool ours;
};

FIXTURE_SETUP(weakness)
{
	module_load("mdev");
	self->ours = kernel_has_symbol("mdev_register_device");
}

FIXTURE_TEARDOWN(weakness)
{
}

static void stumble(const char *function, int before_ms, int after_ms,
		    int result)
{
	module_set_param("mdev_stumble", "before_ms", before_ms);
	module_set_param("mdev_stumble", "after_ms", after_ms);
	module_set_param("mdev_stumble", "result", result);
	file_puts(function, "/sys/module/mdev_stumble/parameters/at");
}

static bool stumbles(void)
{
	return WAIT_FOR(module_param("mdev_stumble", "hits"));
}

static int peer_run(const char *command)
{
	return __file_puts(command, "/sys/module/mdev_peer/parameters/run");
}

/* A create that fails for lack of memory costs no instance. */
TEST_F_TIMEOUT(weakness, w1_failed_create_costs_no_instance, 120)
{
	char uuid[MDEV_UUID_SIZE];
	int nth, ret, failed = 0;
	bool used = true;
	long before;

	ASSERT_TRUE(fault_setup());
	module_load("mdev_peer");
	ASSERT_EQ(0, peer_run("register-a"));
	before = mdev_available("peer_a", PEER_TYPE);
	for (nth = 1; used; nth++) {
		mdev_new_uuid(uuid);
		fault_begin(nth);
		ret = __mdev_create("peer_a", PEER_TYPE, uuid);
		used = fault_end();
		if (ret)
			failed++;
		else
			mdev_remove(uuid);
	}
	EXPECT_GT(failed, 3);
	/* What was created may be released late. */
	WAIT_FOR(mdev_available("peer_a", PEER_TYPE) == before);
	EXPECT_EQ(before, mdev_available("peer_a", PEER_TYPE))
		TH_LOG("%d creates failed", failed);
}

/* A device that somebody removes while it is created can be removed later. */
TEST_F_TIMEOUT(weakness, w2_early_remove, 120)
{
	struct writer creator, remover;
	char uuid[MDEV_UUID_SIZE];
	int early;

	mtty_setup();
	mdev_new_uuid(uuid);
	stumble(self->ours ? "mdev_bus_bind" : "mdev_create_sysfs_files",
		STUMBLE_MS, 0, 0);
	writer_start(&creator, uuid, CREATE);
	ASSERT_TRUE(stumbles());
	writer_start(&remover, "1", REMOVE, uuid);
	EXPECT_EQ(0, writer_result(&creator, STUCK_MS));
	early = writer_result(&remover, STUCK_MS);
	if (early)
		EXPECT_EQ(0, __mdev_remove(uuid));
	EXPECT_FALSE(mdev_exists(uuid)) TH_LOG("early remover: %d", early);
}

/* Whoever removes a device while its parent goes is told that it is gone. */
TEST_F_TIMEOUT(weakness, w3_remove_while_the_parent_goes, 120)
{
	char uuid[MDEV_UUID_SIZE];
	struct writer remover;

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	if (self->ours)
		stumble("sysfs_break_active_protection", 0, STUMBLE_MS, 0);
	else
		stumble("mdev_device_remove", STUMBLE_MS, 0, 0);
	writer_start(&remover, "1", REMOVE, uuid);
	ASSERT_TRUE(stumbles());
	module_unload("mtty");
	EXPECT_EQ(-ENODEV, writer_result(&remover, STUCK_MS));
	EXPECT_FALSE(mdev_exists(uuid));
}

static void create_and_remove(const char *parent)
{
	char uuid[MDEV_UUID_SIZE];

	mdev_create_new(parent, PEER_TYPE, uuid);
	mdev_remove(uuid);
}

/* A lock held around unregistering one parent may be taken in create() of another. */
TEST_F_TIMEOUT(weakness, w4_locks_of_two_vendors, 120)
{
	module_load("mdev_peer");
	ASSERT_EQ(0, peer_run("register-a-locking"));
	create_and_remove("peer_a");
	ASSERT_EQ(0, peer_run("register-b"));
	EXPECT_EQ(0, peer_run("unregister-b-locked"));
}

/* A lock taken in create() and held around unregistering: lockdep tells. */
TEST_F_TIMEOUT(weakness, w4_lock_inversion, 120)
{
	module_load("mdev_peer");
	ASSERT_EQ(0, peer_run("register-a-locking"));
	create_and_remove("peer_a");
	EXPECT_EQ(0, peer_run("unregister-a-locked"));
}

/* What outlives a vendor's module does not touch what was its memory. */
TEST_F_TIMEOUT(weakness, w5_vendor_goes_first, 120)
{
	char uuid[MDEV_UUID_SIZE];

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	mdev_remove(uuid);
	ASSERT_TRUE(WAIT_FOR(!__module_unload("mtty")));
	/* Releases are put off by at most four seconds, each in its turn. */
	sleep(15);
}

/* Of two parents of one name, the first stays listed when the other goes. */
TEST_F_TIMEOUT(weakness, w8_parents_of_one_name, 120)
{
	module_load("mdev_peer");
	ASSERT_EQ(0, peer_run("register-a"));
	ASSERT_EQ(0, peer_run("register-twin"));
	EXPECT_TRUE(file_exists(PEER_TYPES("mdev_peer_twin")));
	EXPECT_TRUE(mdev_parent_exists("peer_a"));
	EXPECT_EQ(0, peer_run("unregister-twin"));
	EXPECT_TRUE(mdev_parent_exists("peer_a"));
}

/* A parent without types, twice the same type, or registered twice is refused. */
TEST_F_TIMEOUT(weakness, w9_wrong_registration, 120)
{
	module_load("mdev_peer");
	EXPECT_EQ(-EINVAL, peer_run("no-types"));
	EXPECT_EQ(-EEXIST, peer_run("types-of-one-name"));
	ASSERT_EQ(0, peer_run("register-a"));
	EXPECT_EQ(-EEXIST, peer_run("register-a-again"));
	EXPECT_TRUE(file_exists(PEER_TYPES("mdev_peer_a") "/" PEER_TYPE));
	EXPECT_TRUE(mdev_parent_exists("peer_a"));
}

/* A device that was unbound from its driver can be bound again. */
TEST_F_TIMEOUT(weakness, w10_bind_after_unbind, 120)
{
	char uuid[MDEV_UUID_SIZE], driver[64];
	struct vfio_dev dev;

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	mdev_driver(uuid, driver, sizeof(driver));
	ASSERT_EQ(0, __file_puts(uuid, MDEV_DRIVERS "/%s/unbind", driver));
	EXPECT_EQ(0, __file_puts(uuid, MDEV_DRIVERS "/%s/bind", driver));
	ASSERT_EQ(0, __vfio_dev_open(&dev, uuid));
	EXPECT_EQ(1, __vfio_dev_try(&dev));
	vfio_dev_close(&dev);
}

/* When a device is announced, it is linked with its type. */
TEST_F_TIMEOUT(weakness, w11_links_come_before_the_event, 120)
{
	struct writer creator;
	char uuid[MDEV_UUID_SIZE];
	struct uevent event;
	bool seen;
	int fd;

	mtty_setup();
	mdev_new_uuid(uuid);
	fd = uevent_open();
	stumble(self->ours ? "mdev_link" : "mdev_create_sysfs_files",
		STUMBLE_MS, 0, 0);
	writer_start(&creator, uuid, CREATE);
	do {
		seen = uevent_next(fd, STUCK_MS, &event);
	} while (seen && !uevent_is(&event, "add", uuid));
	ASSERT_TRUE(seen);
	EXPECT_TRUE(file_exists(MDEV_DEVICES "/%s/mdev_type", uuid));
	EXPECT_TRUE(file_exists(MDEV_TYPES(MTTY_PARENT) "/" MTTY_TYPE1
				"/devices/%s", uuid));
	EXPECT_EQ(0, writer_result(&creator, STUCK_MS));
	close(fd);
}

/* A create that fails in the end is not held up by who opens the device early. */
TEST_F_TIMEOUT(weakness, w12_early_opener_holds_up_nobody, 120)
{
	struct writer creator;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	bool opened;

	mtty_setup();
	mdev_new_uuid(uuid);
	stumble(self->ours ? "mdev_link" : "mdev_create_sysfs_files",
		STUMBLE_MS, 0, -ENOMEM);
	writer_start(&creator, uuid, CREATE);
	ASSERT_TRUE(stumbles());
	opened = WAIT_FOR_MS(!__vfio_dev_open(&dev, uuid), STUMBLE_MS / 2);
	EXPECT_EQ(-ENOMEM, writer_result(&creator, STUCK_MS))
		TH_LOG("the device could %sbe opened before it was complete",
		       opened ? "" : "not ");
	if (opened)
		vfio_dev_close(&dev);
	EXPECT_EQ(-ENOMEM, writer_result(&creator, STUCK_MS));
}

/* Who writes to "remove" of an open device can be killed, first or second. */
TEST_F_TIMEOUT(weakness, w13_removers_can_be_killed, 120)
{
	struct writer first, second;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;

	mtty_setup();
	mdev_create_new(MTTY_PARENT, MTTY_TYPE1, uuid);
	vfio_dev_open(&dev, uuid);
	writer_start(&first, "1", REMOVE, uuid);
	writer_result(&first, 1000);
	writer_start(&second, "1", REMOVE, uuid);
	writer_result(&second, 1000);
	kill(second.pid, SIGKILL);
	EXPECT_NE(WRITER_RUNNING, writer_result(&second, STUCK_MS));
	kill(first.pid, SIGKILL);
	EXPECT_NE(WRITER_RUNNING, writer_result(&first, STUCK_MS));
	vfio_dev_close(&dev);
}

/* A UUID that is followed by anything but a newline is refused. */
TEST_F_TIMEOUT(weakness, w15_junk_after_the_uuid, 120)
{
	char text[MDEV_UUID_SIZE + 1];

	mtty_setup();
	mdev_new_uuid(text);
	strcat(text, "x");
	EXPECT_EQ(-EINVAL, __mdev_create(MTTY_PARENT, MTTY_TYPE1, text));
	text[MDEV_UUID_SIZE - 1] = '\0';
	EXPECT_EQ(-EINVAL, __mdev_create_bytes(MTTY_PARENT, MTTY_TYPE1, text,
					       MDEV_UUID_SIZE));
	EXPECT_FALSE(mdev_exists(text));
}

/*
 * Memory that a device has pinned while its user unmaps it
 */

#define PINNER		"pinner"
#define PINNER_TYPE	"mdev_pinner-one"
#define RANGE_SIZE	(16 * 4096UL)
#define UNMAP_MS	10000

/**
 * struct unmapper - a thread that maps a range of its own, has the device pin a page of it,
 *		     and unmaps it, again and again
 * @dev: the device
 * @mem: memory of the range
 * @iova: where the device has it
 * @until: when to stop
 * @rounds: how often it did
 * @thread: the thread
 */
struct unmapper {
	struct vfio_dev *dev;
	void *mem;
	__u64 iova;
	long until;
	long rounds;
	pthread_t thread;
};

static void *unmap_all_the_time(void *arg)
{
	struct unmapper *self = arg;
	char byte;

	while (now_ms() < self->until) {
		vfio_dma_map(self->dev, self->iova, self->mem, RANGE_SIZE, true);
		MDEV_ASSERT(__vfio_dev_pread(self->dev, self->iova, &byte, 1) == 1,
			    "nothing is pinned");
		vfio_dma_unmap(self->dev, self->iova, RANGE_SIZE);
		self->rounds++;
	}
	return NULL;
}

static void unmapper_start(struct unmapper *self, struct vfio_dev *dev, __u64 iova)
{
	self->dev = dev;
	self->iova = iova;
	self->until = now_ms() + UNMAP_MS;
	self->mem = mmap(NULL, RANGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MDEV_ASSERT(self->mem != MAP_FAILED, "no memory");
	MDEV_ASSERT(!pthread_create(&self->thread, NULL, unmap_all_the_time, self),
		    "no thread");
}

/* Whether it came back. If it did not, this process cannot end either. */
static bool unmapper_ends(struct unmapper *self)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (UNMAP_MS + STUCK_MS) / 1000;
	return !pthread_timedjoin_np(self->thread, NULL, &until);
}

static void open_pinner(struct vfio_dev *dev)
{
	char uuid[MDEV_UUID_SIZE];

	mdev_create_new(PINNER, PINNER_TYPE, uuid);
	vfio_dev_open(dev, uuid);
}

/* Two threads that each unmap a page that is pinned both come back. */
TEST_F_TIMEOUT(weakness, d1_two_unmap_what_is_pinned, 120)
{
	struct unmapper unmappers[2] = { };
	struct vfio_dev dev;

	open_pinner(&dev);
	unmapper_start(&unmappers[0], &dev, 1ULL << 32);
	unmapper_start(&unmappers[1], &dev, 2ULL << 32);
	ASSERT_TRUE(unmapper_ends(&unmappers[0])) TH_LOG("hangs in the kernel");
	ASSERT_TRUE(unmapper_ends(&unmappers[1])) TH_LOG("hangs in the kernel");
	TH_LOG("%ld and %ld times", unmappers[0].rounds, unmappers[1].rounds);
	vfio_dev_close(&dev);
}

TEST_HARNESS_MAIN
