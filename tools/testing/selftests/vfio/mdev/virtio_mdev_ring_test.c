// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers through a mediated virtio device, each of whose bytes is compared
 *
 * MDEV_BUFFERS is how many; "make check-vringh" has ten million. They have the shapes of
 * the kernel's own test of the device side of a ring.
 */
#include <stdlib.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define BUFFERS	200000

FIXTURE(ring) {
	char uuid[MDEV_UUID_SIZE];
	unsigned long buffers;
};

FIXTURE_SETUP(ring)
{
	const char *buffers = getenv("MDEV_BUFFERS");

	if (!echo_setup())
		SKIP(return, "this kernel has no mediated devices of the virtio class");
	self->buffers = buffers ? strtoul(buffers, NULL, 10) : BUFFERS;
	mdev_create_new(ECHO_PARENT, ECHO_TYPE, self->uuid);
	module_set_param(ECHO_MODULE, "kicks", 0);
	module_set_param(ECHO_MODULE, "interrupts", 0);
}

FIXTURE_TEARDOWN(ring)
{
	echo_teardown();
}

/* All of them come back, and neither side is told of each. */
TEST_F_TIMEOUT(ring, every_byte, 1800)
{
	long start = now_ms();

	EXPECT_EQ(0, __echo_transfer(self->uuid, self->buffers));
	TH_LOG("%lu buffers each way, %ld ms, %d kicks, %d interrupts", self->buffers,
	       now_ms() - start, module_param(ECHO_MODULE, "kicks"),
	       module_param(ECHO_MODULE, "interrupts"));
	EXPECT_LT(module_param(ECHO_MODULE, "kicks"), self->buffers / 4 + 100);
	EXPECT_LT(module_param(ECHO_MODULE, "interrupts"), self->buffers / 4 + 100);
}

TEST_HARNESS_MAIN
