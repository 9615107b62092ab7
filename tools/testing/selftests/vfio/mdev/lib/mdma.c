// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <libmdev/assert.h>
#include <libmdev/mdma.h>
#include <libmdev/memory.h>
#include <libmdev/module.h>
#include <libmdev/vfio_dma.h>
#include <libmdev/wait.h>

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define RW	(PROT_READ | PROT_WRITE)

void engine_init(struct engine *engine)
{
	int i;

	memset(engine, 0, sizeof(*engine));
	engine->dev = VFIO_DEV_CLOSED;
	engine->ring = map_memory(ENGINE_PAGE);
	engine->list = map_memory(2 * ENGINE_PAGES * sizeof(*engine->list));
	for (i = 0; i < ENGINE_BUFFERS; i++)
		engine->buffer[i] = map_memory(ENGINE_SIZE);
	module_load(MDMA);
	vfio_dma_load_modules();
}

__u32 engine_get(struct engine *engine, unsigned int reg)
{
	return vfio_dev_load(&engine->dev, BAR0, reg, 4);
}

void engine_set(struct engine *engine, unsigned int reg, __u32 value)
{
	vfio_dev_store(&engine->dev, BAR0, reg, 4, value);
}

void engine_enable(struct engine *engine)
{
	memset(engine->ring, 0, ENGINE_RING * sizeof(*engine->ring));
	engine->tail = 0;
	engine_set(engine, MDMA_RING_LOW, (__u32)ENGINE_RING_IOVA);
	engine_set(engine, MDMA_RING_HIGH, ENGINE_RING_IOVA >> 32);
	engine_set(engine, MDMA_RING_SIZE, ENGINE_RING);
	engine_set(engine, MDMA_CONTROL, MDMA_CONTROL_ENABLE);
}

void engine_connect(struct engine *engine)
{
	struct vfio_region_info info;
	int i;

	vfio_dma_map(&engine->dev, ENGINE_RING_IOVA, engine->ring, ENGINE_PAGE,
		     true);
	vfio_dma_map(&engine->dev, ENGINE_LISTS_IOVA, engine->list,
		     2 * ENGINE_PAGES * sizeof(*engine->list), true);
	for (i = 0; i < ENGINE_BUFFERS; i++)
		vfio_dma_map(&engine->dev, ENGINE_IOVA(i), engine->buffer[i],
			     ENGINE_SIZE, true);
	vfio_dev_region(&engine->dev, BAR0, &info);
	engine->doorbell = mmap(NULL, ENGINE_PAGE, RW, MAP_SHARED,
				engine->dev.fd, info.offset +
				engine_get(engine, MDMA_DOORBELL));
	MDEV_ASSERT(engine->doorbell != MAP_FAILED, "doorbell: %s",
		    strerror(errno));
}

void engine_attach(struct engine *engine)
{
	engine_connect(engine);
	engine_enable(engine);
}

void engine_detach(struct engine *engine)
{
	munmap((void *)engine->doorbell, ENGINE_PAGE);
	vfio_dev_close(&engine->dev);
}

void engine_ring(struct engine *engine)
{
	__atomic_store_n(&engine->doorbell[MDMA_TAIL / 4], engine->tail,
			 __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!engine->doorbell[MDMA_ASLEEP / 4])
		return;
	engine_set(engine, MDMA_KICK, 1);
	engine->kicks++;
}

__u32 engine_done(struct engine *engine)
{
	return __atomic_load_n(&engine->doorbell[MDMA_HEAD / 4],
			       __ATOMIC_ACQUIRE);
}

struct mdma_command *engine_put(struct engine *engine, struct mdma_command cmd)
{
	struct mdma_command *slot = &engine->ring[engine->tail++ % ENGINE_RING];

	*slot = cmd;
	return slot;
}

static bool engine_drained(struct engine *engine, __u32 left)
{
	return engine->tail - engine_done(engine) <= left;
}

void engine_drain(struct engine *engine, __u32 left)
{
	int spins;

	for (spins = 0; spins < 100 && !engine_drained(engine, left); spins++)
		sched_yield();
	MDEV_ASSERT(WAIT_FOR(engine_drained(engine, left)),
		    "%u of %u commands done", engine_done(engine),
		    engine->tail);
}

__u32 engine_run(struct engine *engine, struct mdma_command cmd, __u32 *value)
{
	struct mdma_command *slot = engine_put(engine, cmd);

	engine_ring(engine);
	engine_drain(engine, 0);
	if (value)
		*value = slot->value;
	return slot->status;
}

__u32 engine_copy(struct engine *engine, __u64 target, __u64 source, __u32 len)
{
	return engine_run(engine, MDMA_CMD(MDMA_COPY, .len = len,
					   .source = source, .target = target),
			  NULL);
}

__u32 engine_fill(struct engine *engine, __u64 target, __u32 len, __u32 value)
{
	return engine_run(engine, MDMA_CMD(MDMA_FILL, .len = len,
					   .target = target, .value = value),
			  NULL);
}
