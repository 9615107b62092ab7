// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/klog.h>

void klog_begin(struct klog *log)
{
	log->text[0] = '\0';
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	MDEV_ASSERT(log->fd >= 0, "/dev/kmsg: %s", strerror(errno));
	MDEV_ASSERT(!lseek(log->fd, 0, SEEK_END), "end of /dev/kmsg: %s",
		    strerror(errno));
}

/*
 * What others have to say about our devices: the IOMMU core of every group, and
 * a kernel with DEBUG_KOBJECT_RELEASE of every object that it frees
 */
static bool not_ours(const char *text)
{
	return strstr(text, "iommu group") || strstr(text, "kobject: '");
}

/* A record is "prefix;message\n KEY=value\n...": the message is what counts. */
static void add_record(struct klog *log, char *record)
{
	size_t len = strlen(log->text);
	char *text, *end;

	text = strchr(record, ';');
	if (!text || not_ours(text))
		return;
	text++;
	end = strchr(text, '\n');
	if (end)
		end[1] = '\0';
	MDEV_ASSERT(len + strlen(text) < sizeof(log->text),
		    "too many messages in the kernel log");
	memcpy(log->text + len, text, strlen(text) + 1);
}

void klog_read(struct klog *log)
{
	char record[8192];
	ssize_t n;

	for (;;) {
		n = read(log->fd, record, sizeof(record) - 1);
		if (n < 0 && errno == EAGAIN)
			return;
		MDEV_ASSERT(n > 0, "reading /dev/kmsg: %s", strerror(errno));
		record[n] = '\0';
		add_record(log, record);
	}
}

void klog_end(struct klog *log)
{
	klog_read(log);
	close(log->fd);
	log->fd = -1;
}

static bool contains(const char *line, size_t len, const char *needle)
{
	return !needle || memmem(line, len, needle, strlen(needle));
}

static bool concerns_us(const char *line, size_t len)
{
	return contains(line, len, "mdev") || contains(line, len, "vfio") ||
	       contains(line, len, "mtty");
}

int klog_lines(const struct klog *log, const char *needle)
{
	const char *line, *end;
	int n = 0;

	for (line = log->text; (end = strchr(line, '\n')); line = end + 1)
		if (needle ? contains(line, end - line, needle) :
			     concerns_us(line, end - line))
			n++;
	return n;
}

bool klog_has(const struct klog *log, const char *a, const char *b,
	      const char *c)
{
	const char *line, *end;

	for (line = log->text; (end = strchr(line, '\n')); line = end + 1)
		if (contains(line, end - line, a) &&
		    contains(line, end - line, b) &&
		    contains(line, end - line, c))
			return true;
	return false;
}
