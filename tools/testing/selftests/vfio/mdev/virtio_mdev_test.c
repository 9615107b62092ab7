// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mediated devices that are virtio devices: what is there after create, what is refused
 * and why, what the driver sees of features and config space, binding and unbinding,
 * removal with buffers on their way, and rings that are broken
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define DEVICE	VIRTIO_BUS "/devices/%s"
#define DRIVER	VIRTIO_BUS "/drivers/" ECHO_MODULE

/* From the header of virtio's config space, which user space has from other kernels */
#define NEEDS_RESET	0x40
#define DRIVER_OK	0x04
#define FAILED		0x80

FIXTURE(virtio) {
	char uuid[MDEV_UUID_SIZE];
	struct klog log;
};

FIXTURE_SETUP(virtio)
{
	if (!echo_setup())
		SKIP(return, "this kernel has no mediated devices of the virtio class");
	mdev_new_uuid(self->uuid);
	klog_begin(&self->log);
}

FIXTURE_TEARDOWN(virtio)
{
	if (module_loaded(ECHO_MODULE))
		__module_load("virtio_mdev");
	echo_teardown();
}

static long status_of(const char *uuid)
{
	char text[32];

	file_gets(text, sizeof(text), DEVICE "/status", virtio_device_of(uuid));
	return strtol(text, NULL, 16);
}

static long changes_told(const char *uuid)
{
	return file_long(DEVICE "/config_changes", virtio_device_of(uuid));
}

/* When create returns, there is a virtio device that its driver has taken. */
TEST_F(virtio, create)
{
	char text[128], name[64];

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	EXPECT_STREQ("virtio_mdev", mdev_driver_of(self->uuid));
	snprintf(name, sizeof(name), "%s", virtio_device_of(self->uuid));
	ASSERT_STRNE("", name);
	EXPECT_TRUE(virtio_is_driven(self->uuid));
	file_gets(text, sizeof(text), DEVICE "/device", name);
	EXPECT_STREQ("0x007f", text);
	file_gets(text, sizeof(text), DEVICE "/vendor", name);
	EXPECT_STREQ("0x1af4", text);
	file_gets(text, sizeof(text), MDEV_DEVICES "/%s/modalias", self->uuid);
	EXPECT_STREQ("mdev:c02", text);
	EXPECT_EQ(0xf, status_of(self->uuid));

	mdev_remove(self->uuid);
	EXPECT_FALSE(file_exists(DEVICE, name));
	klog_end(&self->log);
	EXPECT_EQ(0, klog_lines(&self->log, NULL)) {
		TH_LOG("%s", self->log.text);
	}
}

/* The class's driver is loaded with the first device. */
TEST_F(virtio, is_loaded_on_demand)
{
	mdev_driver_unload("virtio_mdev");
	ASSERT_FALSE(module_loaded("virtio_mdev"));
	ASSERT_TRUE(echo_setup());
	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	EXPECT_STREQ("virtio_mdev", mdev_driver_of(self->uuid));
	EXPECT_EQ(0, __echo_transfer(self->uuid, 100));
}

/* A description that no device can have: -EINVAL, and a line that names what is wrong */
TEST_F(virtio, mistakes)
{
	static const char * const names[] = {
		"no device_id", "a vq_num_max that is no power of 2",
		"no set_vq_address()", "no kick_vq()", "no set_status()",
		"no get_config()", "no get_features()",
		"features without VIRTIO_F_VERSION_1",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		module_set_param(ECHO_MODULE, "mistake", i + 1);
		EXPECT_EQ(-EINVAL, __mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid)) {
			TH_LOG("mistake %u", i + 1);
		}
		EXPECT_FALSE(mdev_exists(self->uuid));
	}
	klog_end(&self->log);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_TRUE(klog_has(&self->log, self->uuid, names[i], ECHO_MODULE)) {
			TH_LOG("mistake %u: %s", i + 1, self->log.text);
		}
}

/* Of the bits for ring and transport, three; of the device's own, all that are asked for */
TEST_F(virtio, features)
{
	char text[256];
	int i;

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	file_gets(text, sizeof(text), DEVICE "/features", virtio_device_of(self->uuid));
	ASSERT_GE(strlen(text), 64);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(i == 28 || i == 29 || i == 32 ? '1' : '0', text[i]) {
			TH_LOG("feature %d", i);
		}
}

/* What the vendor answers ends the virtio driver's probe; the device is there. */
TEST_F(virtio, vendor_refuses)
{
	static const char * const params[] = { "features_ret", "address_ret" };
	static const int answers[] = { -ENOSPC, 1 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		for (j = 0; j < ARRAY_SIZE(answers); j++) {
			module_set_param(ECHO_MODULE, params[i], answers[j]);
			mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
			EXPECT_FALSE(virtio_is_driven(self->uuid));
			EXPECT_EQ(FAILED, status_of(self->uuid) & (FAILED | DRIVER_OK));
			module_set_param(ECHO_MODULE, params[i], 0);
			file_puts(virtio_device_of(self->uuid), DRIVER "/bind");
			EXPECT_EQ(0, __echo_transfer(self->uuid, 10));
			mdev_remove(self->uuid);
		}
	}
	klog_end(&self->log);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, "set_features() of " ECHO_MODULE,
			     "returned 1"));
	EXPECT_TRUE(klog_has(&self->log, self->uuid, "set_vq_address() of " ECHO_MODULE,
			     "returned 1"));
}

/* Unbound, there is no virtio device; bound again, there is, and it works. */
TEST_F(virtio, unbind_and_bind)
{
	int i;

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, __echo_transfer(self->uuid, 1000));
		file_puts(self->uuid, MDEV_DRIVERS "/virtio_mdev/unbind");
		EXPECT_STREQ("", virtio_device_of(self->uuid));
		EXPECT_TRUE(mdev_exists(self->uuid));
		file_puts(self->uuid, MDEV_DRIVERS "/virtio_mdev/bind");
		EXPECT_TRUE(virtio_is_driven(self->uuid));
	}
	EXPECT_EQ(0, __echo_transfer(self->uuid, 1000));
}

/* The same for the virtio driver, which resets the device. */
TEST_F(virtio, virtio_driver_unbinds_and_binds)
{
	const char *name;
	int resets, i;

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	resets = module_param(ECHO_MODULE, "resets");
	name = virtio_device_of(self->uuid);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, __echo_transfer(self->uuid, 1000));
		file_puts(name, DRIVER "/unbind");
		EXPECT_FALSE(virtio_is_driven(self->uuid));
		EXPECT_EQ(1, status_of(self->uuid));
		EXPECT_LT(resets, module_param(ECHO_MODULE, "resets"));
		resets = module_param(ECHO_MODULE, "resets");
		file_puts(name, DRIVER "/bind");
	}
	EXPECT_EQ(0, __echo_transfer(self->uuid, 1000));
}

/* The module goes and takes its virtio devices along, and finds the others again. */
TEST_F(virtio, module_goes_and_comes)
{
	char uuid2[MDEV_UUID_SIZE];

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	mdev_create_new(ECHO_PARENT, ECHO_TYPE, uuid2);
	mdev_driver_unload("virtio_mdev");
	EXPECT_FALSE(mdev_exists(self->uuid));
	EXPECT_FALSE(mdev_exists(uuid2));
	ASSERT_TRUE(echo_setup());
	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	EXPECT_EQ(0, __echo_transfer(self->uuid, 100));
}

/* Buffers that the device has do not keep it. */
TEST_F(virtio, removed_with_buffers_on_their_way)
{
	static const int lazy[] = { 0, 1 };
	struct writer writer;
	unsigned int i;
	long start;

	for (i = 0; i < ARRAY_SIZE(lazy); i++) {
		module_set_param(ECHO_MODULE, "lazy", lazy[i]);
		mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
		writer_start(&writer, "1000000000", DEVICE "/transfers",
			     virtio_device_of(self->uuid));
		usleep(200000);
		EXPECT_EQ(WRITER_RUNNING, writer_result(&writer, 0));
		start = now_ms();
		EXPECT_EQ(0, __mdev_remove(self->uuid));
		EXPECT_GT(1000, now_ms() - start);
		EXPECT_FALSE(mdev_exists(self->uuid));
		EXPECT_GT(0, writer_result(&writer, WAIT_LONG_MS));
	}
}

/* The same when only the driver is taken away. */
TEST_F(virtio, unbound_with_buffers_on_their_way)
{
	struct writer writer;

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	writer_start(&writer, "1000000000", DEVICE "/transfers",
		     virtio_device_of(self->uuid));
	usleep(200000);
	file_puts(self->uuid, MDEV_DRIVERS "/virtio_mdev/unbind");
	EXPECT_GT(0, writer_result(&writer, WAIT_LONG_MS));
	file_puts(self->uuid, MDEV_DRIVERS "/virtio_mdev/bind");
	EXPECT_EQ(0, __echo_transfer(self->uuid, 1000));
}

/*
 * A ring that says what cannot be: one line, and the device says that it needs a reset
 * until it gets one.
 */
TEST_F(virtio, broken_ring)
{
	int i;

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	for (i = 0; i < 3; i++)
		file_puts("300", DEVICE "/corrupt", virtio_device_of(self->uuid));
	EXPECT_TRUE(WAIT_FOR(status_of(self->uuid) & NEEDS_RESET));
	EXPECT_EQ(DRIVER_OK, status_of(self->uuid) & DRIVER_OK);
	/* Which comes last, and once for all three */
	EXPECT_TRUE(WAIT_FOR(changes_told(self->uuid)));
	EXPECT_EQ(1, changes_told(self->uuid));
	klog_read(&self->log);
	EXPECT_EQ(1, klog_lines(&self->log, "queue 0 is broken"));
	EXPECT_TRUE(klog_has(&self->log, self->uuid, "error -71", NULL));

	file_puts(virtio_device_of(self->uuid), DRIVER "/unbind");
	EXPECT_EQ(1, status_of(self->uuid));
	file_puts(virtio_device_of(self->uuid), DRIVER "/bind");
	EXPECT_EQ(0, __echo_transfer(self->uuid, 1000));
}

/* The same for a buffer that is in no memory. */
TEST_F(virtio, buffer_that_is_nowhere)
{
	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	file_puts("0", DEVICE "/corrupt", virtio_device_of(self->uuid));
	EXPECT_TRUE(WAIT_FOR(status_of(self->uuid) & NEEDS_RESET));
	EXPECT_TRUE(WAIT_FOR(changes_told(self->uuid)));
	klog_read(&self->log);
	EXPECT_TRUE(klog_has(&self->log, self->uuid, "queue 0 is broken", "error -14"));
}

/* Somebody who holds on to an attribute of a device that is gone has nothing. */
TEST_F(virtio, held_attribute)
{
	char path[256], text[16];
	int fd;

	mdev_create(ECHO_PARENT, ECHO_TYPE, self->uuid);
	snprintf(path, sizeof(path), DEVICE "/status", virtio_device_of(self->uuid));
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	mdev_remove(self->uuid);
	EXPECT_EQ(-1, pread(fd, text, sizeof(text), 0));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
}

TEST_HARNESS_MAIN
