// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include <libmdev/file.h>
#include <libmdev/mdev.h>
#include <libmdev/module.h>
#include <libmdev/test_vendor.h>

void test_vendor_setup(void)
{
	module_load(TEST_VENDOR);
	mdev_remove_all(TEST_PARENT);
}

void mtty_setup(void)
{
	module_load("mtty");
	mdev_remove_all(MTTY_PARENT);
}

long test_vendor_count(const char *counter)
{
	return file_long(MDEV_PARENTS "/" TEST_PARENT "/counters/%s", counter);
}

long test_vendor_unremoved(void)
{
	return test_vendor_count("create") - test_vendor_count("remove");
}

long test_vendor_unreleased(void)
{
	return test_vendor_count("open") - test_vendor_count("release");
}

int __test_vendor_run(const char *command)
{
	return __file_puts(command, "/sys/class/mdev_test/mdev_test_control/run");
}

void test_calls_begin(const char *module)
{
	file_puts("1", "/sys/module/%s/parameters/calls", module);
}

/* Cuts "UUID " out of each line. */
const char *test_calls(const char *module, const char *uuid)
{
	static char text[4096];
	char *s;

	file_gets(text, sizeof(text), "/sys/module/%s/parameters/calls",
		  module);
	for (s = text; (s = strstr(s, uuid)); )
		memmove(s, s + MDEV_UUID_SIZE, strlen(s + MDEV_UUID_SIZE) + 1);
	return text;
}
