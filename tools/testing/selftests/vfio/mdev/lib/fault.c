// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/fault.h>
#include <libmdev/file.h>

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define FAILSLAB	"/sys/kernel/debug/failslab"

/* Opened ahead, as opening would be the first to run out of memory */
static int fail_nth = -1;

bool fault_setup(void)
{
	if (!file_exists(FAIL_NTH) || !file_exists(FAILSLAB "/verbose"))
		return false;

	file_puts("0", FAILSLAB "/probability");
	file_puts("N", FAILSLAB "/ignore-gfp-wait");
	file_puts("N", FAILSLAB "/task-filter");
	file_puts("-1", FAILSLAB "/times");
	/* The stack trace of a failure is no fault of the kernel, unless asked for. */
	file_puts(getenv("MDEV_FAULT_VERBOSE") ?: "0", FAILSLAB "/verbose");
	fault_limit(NULL, NULL);

	if (fail_nth < 0)
		fail_nth = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	MDEV_ASSERT(fail_nth >= 0, FAIL_NTH ": %s", strerror(errno));
	return true;
}

struct range {
	unsigned long start;
	unsigned long end;
};

static unsigned long symbol_address(const char *line, char name[128])
{
	unsigned long address;
	char type;

	if (sscanf(line, "%lx %c %127s", &address, &type, name) != 3 ||
	    !strchr("tTwW", type))
		return 0;
	return address;
}

/* It ends where the next one begins; symbols come in no order. Or 0 to 0. */
static struct range find_function(const char *function)
{
	struct range range = { 0, ~0UL };
	unsigned long address;
	char line[512], name[128];
	FILE *file;
	int pass;

	file = fopen("/proc/kallsyms", "r");
	MDEV_ASSERT(file, "/proc/kallsyms: %s", strerror(errno));
	for (pass = 0; pass < 2; pass++, rewind(file))
		while (fgets(line, sizeof(line), file)) {
			address = symbol_address(line, name);
			if (!pass && !strcmp(name, function))
				range.start = address;
			if (pass && address > range.start &&
			    address < range.end)
				range.end = address;
		}
	fclose(file);
	return range.start ? range : (struct range){ 0, 0 };
}

static void put_range(const char *what, struct range range)
{
	char text[24];

	snprintf(text, sizeof(text), "%#lx", range.start);
	file_puts(text, FAILSLAB "/%s-start", what);
	snprintf(text, sizeof(text), "%#lx", range.end);
	file_puts(text, FAILSLAB "/%s-end", what);
}

void fault_limit(const char *require, const char *reject)
{
	struct range all = { 0, ~0UL }, none = { 0, 0 };

	if (require)
		all = find_function(require);
	MDEV_ASSERT(all.end, "the kernel has no function %s", require);
	put_range("require", all);
	put_range("reject", reject ? find_function(reject) : none);
}

void fault_begin(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	MDEV_ASSERT(pwrite(fail_nth, text, len, 0) == len, FAIL_NTH ": %s",
		    strerror(errno));
}

bool fault_end(void)
{
	char text[16] = "";

	/* What is left to count is read as a number; at the failure it is 0. */
	MDEV_ASSERT(pread(fail_nth, text, sizeof(text) - 1, 0) > 0,
		    FAIL_NTH ": %s", strerror(errno));
	fault_begin(0);
	return !strtol(text, NULL, 10);
}
