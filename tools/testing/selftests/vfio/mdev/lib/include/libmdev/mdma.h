/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small driver for mdma, the device that copies memory of its user
 */
#ifndef LIBMDEV_MDMA_H
#define LIBMDEV_MDMA_H

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

#include "../../../../../../../../samples/vfio-mdev/mdma.h"

#define MDMA			"mdma"
#define MDMA_SMALL		"mdma-small"
#define MDMA_LARGE		"mdma-large"

#define ENGINE_RING		64U		/* commands */
#define ENGINE_PAGE		4096UL

/* What the device sees: the ring, lists of pages, and three buffers of 1 MiB */
#define ENGINE_SIZE		0x100000UL
#define ENGINE_PAGES		(ENGINE_SIZE / ENGINE_PAGE)
#define ENGINE_RING_IOVA	0x10000000ULL
#define ENGINE_LISTS_IOVA	0x20000000ULL
#define ENGINE_IOVA(n)		(0x100000000ULL * ((n) + 1))
#define ENGINE_BUFFERS		3

/**
 * struct engine - the driver's state
 * @dev: the device
 * @doorbell: the page of the doorbell
 * @ring: the ring
 * @list: lists of pages, of which there is room for two
 * @buffer: memory for the device
 * @tail: commands written
 * @kicks: how often the device had to be told of that
 */
struct engine {
	struct vfio_dev dev;
	volatile __u32 *doorbell;
	struct mdma_command *ring;
	__u64 *list;
	char *buffer[ENGINE_BUFFERS];
	__u32 tail;
	unsigned int kicks;
};

/* Loads modules, and memory that stays until the program ends; no device yet */
void engine_init(struct engine *engine);
/* Memory and doorbell, of a device that was opened, and not more */
void engine_connect(struct engine *engine);
/* And lets it take commands */
void engine_attach(struct engine *engine);
void engine_enable(struct engine *engine);
void engine_detach(struct engine *engine);

__u32 engine_get(struct engine *engine, unsigned int reg);
void engine_set(struct engine *engine, unsigned int reg, __u32 value);

#define MDMA_CMD(_op, ...) \
	((struct mdma_command){ .op = _op, __VA_ARGS__ })

/* Writes a command without telling the device */
struct mdma_command *engine_put(struct engine *engine, struct mdma_command cmd);
/* Tells the device of what is in the ring, which costs an exit only if it sleeps */
void engine_ring(struct engine *engine);
/* How many commands it has done; and until no more than @left are not */
__u32 engine_done(struct engine *engine);
void engine_drain(struct engine *engine, __u32 left);
/* All of that for one command: its status, and @value if that is not NULL */
__u32 engine_run(struct engine *engine, struct mdma_command cmd, __u32 *value);
__u32 engine_copy(struct engine *engine, __u64 target, __u64 source, __u32 len);
__u32 engine_fill(struct engine *engine, __u64 target, __u32 len, __u32 value);

#endif /* LIBMDEV_MDMA_H */
