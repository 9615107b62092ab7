/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test module was told, in order: its parameter "calls", one call a line, from
 * when somebody last wrote to it. To be included once in a module.
 */
#ifndef MDEV_TEST_CALLS_H
#define MDEV_TEST_CALLS_H

#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/moduleparam.h>
#include <linux/spinlock.h>
#include <linux/stdarg.h>
#include <linux/string.h>

/* Nobody reads more of it; what does not fit is left out. */
#define MDEV_TEST_CALLS_SIZE	2048

static char mdev_test_calls[MDEV_TEST_CALLS_SIZE];
static size_t mdev_test_calls_len = MDEV_TEST_CALLS_SIZE;
static DEFINE_SPINLOCK(mdev_test_calls_lock);

/* Notes a callback of a device: its name, and its other arguments */
static __printf(2, 3) void mdev_test_called(struct mdev_device *mdev,
					    const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	spin_lock(&mdev_test_calls_lock);
	mdev_test_calls_len += scnprintf(mdev_test_calls + mdev_test_calls_len,
					 sizeof(mdev_test_calls) -
					 mdev_test_calls_len, "%s %pV\n",
					 dev_name(mdev_dev(mdev)), &vaf);
	spin_unlock(&mdev_test_calls_lock);
	va_end(args);
}

static int mdev_test_calls_get(char *buf, const struct kernel_param *kp)
{
	size_t len;

	spin_lock(&mdev_test_calls_lock);
	len = strnlen(mdev_test_calls, sizeof(mdev_test_calls));
	memcpy(buf, mdev_test_calls, len);
	spin_unlock(&mdev_test_calls_lock);
	return len;
}

static int mdev_test_calls_set(const char *val, const struct kernel_param *kp)
{
	spin_lock(&mdev_test_calls_lock);
	memset(mdev_test_calls, 0, sizeof(mdev_test_calls));
	mdev_test_calls_len = 0;
	spin_unlock(&mdev_test_calls_lock);
	return 0;
}

static const struct kernel_param_ops mdev_test_calls_ops = {
	.get = mdev_test_calls_get,
	.set = mdev_test_calls_set,
};
module_param_cb(calls, &mdev_test_calls_ops, NULL, 0644);
MODULE_PARM_DESC(calls, "calls since it was written to, one a line");

#endif /* MDEV_TEST_CALLS_H */
