// SPDX-License-Identifier: GPL-2.0-only
/*
 * mdma, driven by a small driver in user space: what it copies, what it says of
 * commands that it cannot do, and what becomes of them when it is reset, closed or
 * loses its memory
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE		ENGINE_PAGE
#define RING		ENGINE_RING
#define SIZE		ENGINE_SIZE
#define PAGES		ENGINE_PAGES

static __u32 engine_crc32(struct engine *engine, __u64 source, __u32 len,
			  __u32 *crc)
{
	return engine_run(engine, MDMA_CMD(MDMA_CRC32, .len = len,
					   .source = source, .value = *crc),
			  crc);
}

static __u32 engine_nop(struct engine *engine, __u32 flags)
{
	return engine_run(engine, MDMA_CMD(MDMA_NOP, .flags = flags), NULL);
}

/* The other side's, bit by bit */
static __u32 crc32(__u32 crc, const char *mem, size_t len)
{
	int bit;

	while (len--) {
		crc ^= (unsigned char)*mem++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

static void fill_randomly(char *mem, unsigned int seed)
{
	size_t i;

	for (i = 0; i < SIZE; i++) {
		seed = seed * 1103515245 + 12345;
		mem[i] = seed >> 16;
	}
}

/* Pages of a buffer in an order of its own */
static void make_list(struct engine *engine, int list, int buffer,
		      unsigned int step)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		engine->list[list * PAGES + i] =
			ENGINE_IOVA(buffer) + i * step % PAGES * PAGE;
}

FIXTURE(mdma) {
	struct engine engine;
	char uuid[MDEV_UUID_SIZE];
};

FIXTURE_VARIANT(mdma) {
	const struct vfio_dev_way *way;
};

FIXTURE_VARIANT_ADD(mdma, group) {
	.way = &vfio_dev_by_group,
};

FIXTURE_VARIANT_ADD(mdma, cdev) {
	.way = &vfio_dev_by_cdev,
};

FIXTURE_SETUP(mdma)
{
	struct engine *engine = &self->engine;
	int i;

	engine_init(engine);
	for (i = 0; i < ENGINE_BUFFERS; i++)
		fill_randomly(engine->buffer[i], i + 1);
	if (!variant->way->available())
		SKIP(return, "this kernel does not open devices by %s",
		     variant->way->name);
	mdev_create_new(MDMA, MDMA_SMALL, self->uuid);
	vfio_dev_open_by(&engine->dev, variant->way, self->uuid);
	engine_attach(engine);
}

FIXTURE_TEARDOWN(mdma)
{
	if (self->engine.doorbell)
		engine_detach(&self->engine);
	mdev_remove_all(MDMA);
}

/* What a driver and an administrator see of it */
TEST_F(mdma, is_what_it_says)
{
	struct vfio_irq_info irq;

	EXPECT_EQ(MDMA_PCI_DEVICE_ID << 16 | MDMA_PCI_VENDOR_ID,
		  vfio_dev_config(&self->engine.dev, 0, 4));
	EXPECT_EQ(0x0801, vfio_dev_config(&self->engine.dev, 10, 2));
	EXPECT_EQ(MDMA_ID_VALUE, engine_get(&self->engine, MDMA_ID));
	EXPECT_EQ(MDMA_CONTROL_ENABLE, engine_get(&self->engine, MDMA_CONTROL));
	EXPECT_EQ(0, engine_get(&self->engine, MDMA_STATUS));
	EXPECT_EQ(ENGINE_RING_IOVA, engine_get(&self->engine, MDMA_RING_LOW));
	EXPECT_EQ(RING, engine_get(&self->engine, MDMA_RING_SIZE));
	irq_info(&self->engine.dev, VFIO_PCI_MSIX_IRQ_INDEX, &irq);
	EXPECT_EQ(2, irq.count);
	EXPECT_EQ(31, mdev_available(MDMA, MDMA_SMALL));
	EXPECT_EQ(3, mdev_available(MDMA, MDMA_LARGE));
}

/* While it takes commands, its ring stays where it is. */
TEST_F(mdma, ring_is_fixed)
{
	engine_set(&self->engine, MDMA_RING_LOW, 0);
	engine_set(&self->engine, MDMA_RING_SIZE, 8);
	EXPECT_EQ(ENGINE_RING_IOVA, engine_get(&self->engine, MDMA_RING_LOW));
	EXPECT_EQ(RING, engine_get(&self->engine, MDMA_RING_SIZE));
	engine_set(&self->engine, MDMA_CONTROL, 0);
	engine_set(&self->engine, MDMA_RING_SIZE, 48);
	engine_set(&self->engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	EXPECT_EQ(0, engine_get(&self->engine, MDMA_CONTROL));
	engine_set(&self->engine, MDMA_RING_SIZE, 2 * MDMA_RING_MAX);
	engine_set(&self->engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	EXPECT_EQ(0, engine_get(&self->engine, MDMA_CONTROL));
	engine_set(&self->engine, MDMA_RING_SIZE, RING);
	engine_set(&self->engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	EXPECT_EQ(MDMA_OK, engine_nop(&self->engine, 0));
}

static void write_only(struct engine *engine, unsigned int reg, __u32 value)
{
	MDEV_ASSERT(__vfio_dev_pwrite(&engine->dev, reg, &value, 4) == 4,
		    "writing to %#x", reg);
}

/* Who has done nothing but write has used the device: it reads the ring. BAR 0 is at 0. */
TEST_F(mdma, works_for_who_writes_only)
{
	struct engine *engine = &self->engine;

	engine_detach(engine);
	engine->doorbell = NULL;
	memset(engine->ring, 0, sizeof(*engine->ring));
	vfio_dev_open_by(&engine->dev, variant->way, self->uuid);
	vfio_dma_map(&engine->dev, ENGINE_RING_IOVA, engine->ring, PAGE, true);
	write_only(engine, MDMA_RING_LOW, (__u32)ENGINE_RING_IOVA);
	write_only(engine, MDMA_RING_HIGH, ENGINE_RING_IOVA >> 32);
	write_only(engine, MDMA_RING_SIZE, RING);
	write_only(engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	write_only(engine, PAGE + MDMA_TAIL, 1);
	write_only(engine, MDMA_KICK, 1);
	EXPECT_TRUE(WAIT_FOR(((volatile struct mdma_command *)
			      engine->ring)->status == MDMA_OK));
	vfio_dev_close(&engine->dev);
}

/* A whole buffer, from pages and to pages that lie here and there */
TEST_F(mdma, copies_pages)
{
	struct engine *engine = &self->engine;
	const struct mdma_command copy = MDMA_CMD(MDMA_COPY,
		.flags = MDMA_SOURCE_LIST | MDMA_TARGET_LIST, .len = SIZE,
		.source = ENGINE_LISTS_IOVA, .target = ENGINE_LISTS_IOVA + PAGES * 8);
	size_t i;

	make_list(engine, 0, 0, 7);
	make_list(engine, 1, 1, 31);
	ASSERT_EQ(MDMA_OK, engine_run(engine, copy, NULL));
	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(0, memcmp(engine->buffer[0] + i * 7 % PAGES * PAGE,
				    engine->buffer[1] + i * 31 % PAGES * PAGE,
				    PAGE));
}

/* From any address to any other, without a byte more */
TEST_F(mdma, copies_bytes)
{
	struct engine *engine = &self->engine;
	static const struct { __u32 source, target, len; } table[] = {
		{ 0, 0, 1 }, { 5, 9, 1 }, { 1, 2, 4096 }, { 4095, 1, 2 },
		{ 4095, 4094, 8193 }, { 100, 5000, 300000 }, { 7, 7, 0 },
	};
	char *model = map_memory(SIZE);
	size_t i;

	memcpy(model, engine->buffer[1], SIZE);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		memcpy(model + table[i].target,
		       engine->buffer[0] + table[i].source, table[i].len);
		ASSERT_EQ(MDMA_OK,
			  engine_copy(engine, ENGINE_IOVA(1) + table[i].target,
				      ENGINE_IOVA(0) + table[i].source,
				      table[i].len));
		ASSERT_EQ(0, memcmp(model, engine->buffer[1], SIZE));
	}
	munmap(model, SIZE);
}

TEST_F(mdma, fills)
{
	struct engine *engine = &self->engine;
	size_t i;

	ASSERT_EQ(MDMA_OK, engine_fill(engine, ENGINE_IOVA(0) + 3, 10000,
				       0x1a5));
	fill_randomly(engine->buffer[1], 1);
	for (i = 0; i < SIZE; i++)
		ASSERT_EQ((char)(i >= 3 && i < 10003 ? 0xa5 :
				 engine->buffer[1][i]), engine->buffer[0][i]);
}

/* The same on both sides, also if it is continued */
TEST_F(mdma, sums_up)
{
	struct engine *engine = &self->engine;
	__u32 crc = ~0U, half = ~0U;

	ASSERT_EQ(MDMA_OK, engine_crc32(engine, ENGINE_IOVA(0), SIZE, &crc));
	EXPECT_EQ(crc32(~0U, engine->buffer[0], SIZE), crc);
	ASSERT_EQ(MDMA_OK, engine_crc32(engine, ENGINE_IOVA(0), 9999, &half));
	ASSERT_EQ(MDMA_OK, engine_crc32(engine, ENGINE_IOVA(0) + 9999,
					SIZE - 9999, &half));
	EXPECT_EQ(crc, half);
}

/* As long as there is something in the ring, nobody has to tell the device that was woken. */
TEST_F(mdma, costs_no_exit)
{
	struct engine *engine = &self->engine;
	__u32 before, i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "this machine has one processor for both");
	engine_nop(engine, 0);
	EXPECT_TRUE(WAIT_FOR(engine->doorbell[MDMA_ASLEEP / 4]));
	before = engine->kicks;
	for (i = 0; i < 50; i++)
		engine_put(engine, MDMA_CMD(MDMA_COPY, .len = 65536,
					    .source = ENGINE_IOVA(0),
					    .target = ENGINE_IOVA(1)));
	engine_ring(engine);
	for (i = 0; i < 2000; i++) {
		engine_drain(engine, RING - 2);
		engine_put(engine, MDMA_CMD(MDMA_COPY, .len = 65536,
					    .source = ENGINE_IOVA(0),
					    .target = ENGINE_IOVA(1)));
		engine_ring(engine);
	}
	engine_drain(engine, 0);
	TH_LOG("%u commands, %u kicks", engine_get(engine, MDMA_DONE),
	       engine->kicks);
	EXPECT_EQ(2051, engine_get(engine, MDMA_DONE));
	EXPECT_EQ(engine->kicks, engine_get(engine, MDMA_KICK));
	EXPECT_GE(2050 / 16, engine->kicks - before);
	EXPECT_EQ(0, memcmp(engine->buffer[0], engine->buffer[1], 65536));
}

/* When there is nothing to do for a while, the device sleeps, and wakes up again. */
TEST_F(mdma, sleeps)
{
	struct engine *engine = &self->engine;
	int i;

	for (i = 0; i < 5; i++) {
		EXPECT_TRUE(WAIT_FOR(engine->doorbell[MDMA_ASLEEP / 4]));
		EXPECT_EQ(MDMA_OK, engine_nop(engine, 0));
	}
	EXPECT_LE(5, engine_get(engine, MDMA_KICK));
}

/*
 * Errors
 */

TEST_F(mdma, errors)
{
	const __u64 good = ENGINE_IOVA(0), end = ENGINE_IOVA(0) + SIZE;
	const struct {
		struct mdma_command cmd;
		__u32 status;
	} table[] = {
		{ MDMA_CMD(MDMA_CRC32 + 1), MDMA_BAD_COMMAND },
		{ MDMA_CMD(~0U), MDMA_BAD_COMMAND },
		{ MDMA_CMD(MDMA_NOP, .flags = 8), MDMA_BAD_COMMAND },
		{ MDMA_CMD(MDMA_NOP, .flags = ~0U), MDMA_BAD_COMMAND },
		{ MDMA_CMD(MDMA_NOP, .len = SIZE + 1), MDMA_BAD_COMMAND },
		{ MDMA_CMD(MDMA_FILL, .len = ~0U, .target = good),
		  MDMA_BAD_COMMAND },
		{ MDMA_CMD(MDMA_FILL, .len = 1), MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_FILL, .len = 1, .target = end), MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_FILL, .len = 2, .target = end - 1),
		  MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_FILL, .len = 9, .target = -4), MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_CRC32, .len = 9, .source = good - 1),
		  MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_CRC32, .len = SIZE, .source = end),
		  MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_COPY, .len = 1, .source = good),
		  MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_COPY, .len = 1, .target = good),
		  MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_COPY, .len = 1, .source = end - 8,
			  .target = good, .flags = MDMA_SOURCE_LIST),
		  MDMA_BAD_ADDRESS },
		{ MDMA_CMD(MDMA_COPY, .len = 1, .source = good,
			  .target = end - 4, .flags = MDMA_TARGET_LIST),
		  MDMA_BAD_ADDRESS },
	};
	struct engine *engine = &self->engine;
	size_t i;

	memset(engine->buffer[0] + SIZE - 8, 0xff, 8);
	for (i = 0; i < ARRAY_SIZE(table); i++)
		EXPECT_EQ(table[i].status,
			  engine_run(engine, table[i].cmd, NULL))
			TH_LOG("row %zu", i);
	EXPECT_EQ(ARRAY_SIZE(table), engine_get(engine, MDMA_ERRORS));
	EXPECT_EQ(MDMA_OK, engine_nop(engine, 0));
}

/* What it may only read */
TEST_F(mdma, writes_only_where_it_may)
{
	struct engine *engine = &self->engine;

	vfio_dma_unmap(&engine->dev, ENGINE_IOVA(0), SIZE);
	vfio_dma_map(&engine->dev, ENGINE_IOVA(0), engine->buffer[0], SIZE,
		     false);
	EXPECT_EQ(MDMA_BAD_ADDRESS,
		  engine_fill(engine, ENGINE_IOVA(0), 1, 0));
	EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(1), ENGINE_IOVA(0), SIZE));
	EXPECT_EQ(MDMA_BAD_ADDRESS,
		  engine_copy(engine, ENGINE_IOVA(0), ENGINE_IOVA(1), 1));
	EXPECT_EQ(0, memcmp(engine->buffer[0], engine->buffer[1], SIZE));
}

static bool is_stopped(struct engine *engine)
{
	return engine_get(engine, MDMA_STATUS) == MDMA_STATUS_STOPPED;
}

/* A ring that is not there, or a doorbell that cannot be, stops it until a reset. */
TEST_F(mdma, stops)
{
	struct engine *engine = &self->engine;

	engine->tail = RING + 1;
	engine_ring(engine);
	EXPECT_TRUE(WAIT_FOR(is_stopped(engine)));
	engine->tail = 0;
	engine_ring(engine);
	engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	EXPECT_EQ(0, engine_get(engine, MDMA_CONTROL));
	engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_RESET);
	EXPECT_EQ(0, engine_get(engine, MDMA_STATUS));
	engine_enable(engine);
	EXPECT_EQ(MDMA_OK, engine_nop(engine, 0));

	vfio_dma_unmap(&engine->dev, ENGINE_RING_IOVA, PAGE);
	engine_put(engine, MDMA_CMD(MDMA_NOP));
	engine_ring(engine);
	EXPECT_TRUE(WAIT_FOR(is_stopped(engine)));
}

/* One vector for what is done and wants to be known, one for what failed */
TEST_F(mdma, interrupts)
{
	struct engine *engine = &self->engine;
	int fds[2] = { irq_eventfd(), irq_eventfd() };

	ASSERT_EQ(0, __irq_set(&engine->dev, VFIO_PCI_MSIX_IRQ_INDEX,
			       VFIO_IRQ_SET_DATA_EVENTFD |
			       VFIO_IRQ_SET_ACTION_TRIGGER, 0, 2, fds,
			       sizeof(fds)));
	EXPECT_EQ(MDMA_OK, engine_nop(engine, 0));
	EXPECT_EQ(MDMA_OK, engine_nop(engine, MDMA_INTERRUPT));
	EXPECT_EQ(1, irq_wait(fds[0]));
	EXPECT_EQ(0, irq_take(fds[1]));
	EXPECT_EQ(MDMA_BAD_COMMAND, engine_run(engine, MDMA_CMD(9), NULL));
	EXPECT_EQ(1, irq_wait(fds[1]));
	EXPECT_EQ(0, irq_take(fds[0]));
	close(fds[0]);
	close(fds[1]);
}

/*
 * In the middle of a command
 */

static void keep_busy(struct engine *engine)
{
	int i;

	for (i = 0; i < RING; i++)
		engine_put(engine, MDMA_CMD(MDMA_COPY, .len = SIZE,
					    .source = ENGINE_IOVA(0),
					    .target = ENGINE_IOVA(1)));
	engine_ring(engine);
}

TEST_F(mdma, is_reset)
{
	struct engine *engine = &self->engine;

	keep_busy(engine);
	engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_RESET);
	EXPECT_GT(RING, engine_get(engine, MDMA_DONE));
	EXPECT_EQ(0, engine_get(engine, MDMA_RING_SIZE));
	EXPECT_EQ(0, engine_done(engine));
	engine_enable(engine);
	keep_busy(engine);
	EXPECT_EQ(0, __vfio_dev_reset(&engine->dev));
	EXPECT_EQ(0, engine_get(engine, MDMA_CONTROL));
	EXPECT_EQ(0, engine_done(engine));
	engine_enable(engine);
	EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(1), ENGINE_IOVA(0), SIZE));
	EXPECT_EQ(0, memcmp(engine->buffer[0], engine->buffer[1], SIZE));
}

#define SLOW_IOVA	ENGINE_IOVA(ENGINE_BUFFERS)

/* It takes a command that waits for memory of its user, who is to provide it. */
static int begin_to_wait(struct engine *engine, void *mem)
{
	int fd = memory_hold_back(mem, PAGE);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return fd;
	vfio_dma_map(&engine->dev, SLOW_IOVA, mem, PAGE, true);
	engine_put(engine, MDMA_CMD(MDMA_COPY, .len = PAGE, .source = SLOW_IOVA,
				    .target = ENGINE_IOVA(1)));
	engine_ring(engine);
	/* VFIO may not wait, and then the command fails at once. */
	while (engine_done(engine) != engine->tail && !poll(&pollfd, 1, 10))
		;
	return fd;
}

/* Who does not provide it can have the device stopped, reset, and closed, all the same. */
TEST_F(mdma, does_not_wait_for_its_user)
{
	struct engine *engine = &self->engine;
	long start = now_ms(), pinned;
	char *mem;
	int fd, i;

	for (i = 0; i < 3; i++) {
		mem = map_memory(PAGE);
		fd = begin_to_wait(engine, mem);
		if (fd < 0)
			SKIP(return, "this kernel has no userfaultfd");
		TH_LOG("the device %s", engine_done(engine) == engine->tail ?
		       "fails" : "waits");
		if (i == 0)
			engine_set(engine, MDMA_CONTROL, 0);
		if (i == 1)
			EXPECT_EQ(0, __vfio_dev_reset(&engine->dev));
		if (i < 2) {
			vfio_dma_unmap(&engine->dev, SLOW_IOVA, PAGE);
			engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_RESET);
			engine_enable(engine);
			/* Pages that it has not seen yet are pinned, and kept. */
			pinned = vfio_dma_locked();
			EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(2 - i),
						       ENGINE_IOVA(0), SIZE));
			EXPECT_LT(pinned + SIZE / 1024 / 2, vfio_dma_locked());
		}
	}
	engine_detach(engine);
	engine->doorbell = NULL;
	EXPECT_GT(WAIT_LONG_MS, now_ms() - start);
}

/* The command itself waits: it has not begun, so the device can go on afterwards. */
TEST_F(mdma, is_disabled_before_a_command)
{
	struct engine *engine = &self->engine;
	char *mem = map_memory(PAGE);
	struct pollfd pollfd;
	int fd;

	engine_set(engine, MDMA_CONTROL, 0);
	vfio_dma_unmap(&engine->dev, ENGINE_RING_IOVA, PAGE);
	fd = memory_hold_back(mem, PAGE);
	if (fd < 0)
		SKIP(return, "this kernel has no userfaultfd");
	vfio_dma_map(&engine->dev, ENGINE_RING_IOVA, mem, PAGE, true);
	engine_enable(engine);
	engine->tail++;
	engine_ring(engine);
	pollfd = (struct pollfd){ .fd = fd, .events = POLLIN };
	while (!is_stopped(engine) && !poll(&pollfd, 1, 10))
		;
	if (is_stopped(engine))
		SKIP(return, "VFIO does not wait on this kernel");
	engine_set(engine, MDMA_CONTROL, 0);
	EXPECT_FALSE(is_stopped(engine));
	memory_provide(fd, mem, PAGE);
	engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
	engine_drain(engine, 0);
	EXPECT_EQ(MDMA_OK, ((struct mdma_command *)mem)->status);
	close(fd);
}

struct pauser {
	struct engine *engine;
	int ret;
	bool is_done;
};

static void *pause_engine(void *arg)
{
	struct pauser *pauser = arg;

	pauser->ret = __mig_go(&pauser->engine->dev, VFIO_DEVICE_STATE_STOP);
	pauser->is_done = true;
	return NULL;
}

/* It stands still once the command that it has begun is done, and not before. */
TEST_F(mdma, is_paused_after_a_command)
{
	struct pauser pauser = { .engine = &self->engine };
	struct engine *engine = &self->engine;
	char *mem = map_memory(PAGE);
	int fd = begin_to_wait(engine, mem);
	pthread_t thread;

	if (fd < 0 || engine_done(engine) == engine->tail)
		SKIP(return, "this kernel has no userfaultfd");
	ASSERT_EQ(0, pthread_create(&thread, NULL, pause_engine, &pauser));
	usleep(200000);
	EXPECT_FALSE(pauser.is_done);
	memory_provide(fd, mem, PAGE);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, pauser.ret);
	EXPECT_EQ(1, engine_done(engine));
	EXPECT_EQ(MDMA_OK, engine->ring[0].status);
	close(fd);
}

/* Between two commands: none is begun, and none is given up. */
TEST_F(mdma, does_nothing_while_paused)
{
	struct engine *engine = &self->engine;
	unsigned int i, nr, done, between = 0;

	for (i = 0; i < 20; i++) {
		keep_busy(engine);
		ASSERT_EQ(0, __mig_go(&engine->dev, VFIO_DEVICE_STATE_STOP));
		done = engine_done(engine);
		usleep(10000);
		ASSERT_EQ(done, engine_done(engine));
		between += done != engine->tail;
		ASSERT_EQ(0, __mig_go(&engine->dev, VFIO_DEVICE_STATE_RUNNING));
		engine_drain(engine, 0);
		for (nr = 0; nr < RING; nr++)
			ASSERT_EQ(MDMA_OK, engine->ring[nr].status);
	}
	/* It would be no test if all was done by then. */
	EXPECT_LT(0, between);
}

/* Nothing is written to memory afterwards. */
TEST_F(mdma, is_closed)
{
	struct engine *engine = &self->engine;

	keep_busy(engine);
	engine_detach(engine);
	memset(engine->buffer[1], 'x', SIZE);
	vfio_dev_open_by(&engine->dev, variant->way, self->uuid);
	engine_attach(engine);
	EXPECT_EQ(0, engine_get(engine, MDMA_DONE));
	EXPECT_EQ(0, engine_done(engine));
	EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(2), ENGINE_IOVA(1), SIZE));
	EXPECT_EQ('x', engine->buffer[1][0]);
	EXPECT_EQ(0, memcmp(engine->buffer[1], engine->buffer[2], SIZE));
}

/* Memory that is unmapped is left alone at once; commands that want it fail. */
TEST_F(mdma, is_unmapped)
{
	struct engine *engine = &self->engine;
	unsigned int i, tries = 0, failed = 0;
	size_t at;

	/* All may be done by then, if others have the processor. */
	while (!failed && tries++ < 20) {
		keep_busy(engine);
		vfio_dma_unmap(&engine->dev, ENGINE_IOVA(1), SIZE);
		memset(engine->buffer[1], 'x', SIZE);
		engine_drain(engine, 0);
		for (at = 0; at < SIZE; at++)
			ASSERT_EQ('x', engine->buffer[1][at]);
		for (i = 0; i < RING; i++)
			failed += engine->ring[i].status == MDMA_BAD_ADDRESS;
		vfio_dma_map(&engine->dev, ENGINE_IOVA(1), engine->buffer[1], SIZE,
			     true);
	}
	EXPECT_LT(0, failed);
	EXPECT_EQ(failed, engine_get(engine, MDMA_ERRORS));
	EXPECT_EQ(MDMA_BAD_ADDRESS, engine->ring[RING - 1].status);
	EXPECT_EQ(MDMA_OK, engine_copy(engine, ENGINE_IOVA(1), ENGINE_IOVA(0), SIZE));
}

TEST_HARNESS_MAIN
