// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/uevent.h>
#include <libmdev/wait.h>

int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int size = 8 << 20;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_KOBJECT_UEVENT);
	MDEV_ASSERT(fd >= 0, "uevent socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	MDEV_ASSERT(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)),
		    "binding the uevent socket: %s", strerror(errno));
	return fd;
}

bool uevent_next(int fd, int ms, struct uevent *event)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&pfd, 1, ms) <= 0)
		return false;
	n = recv(fd, event->buf, sizeof(event->buf) - 1, 0);
	MDEV_ASSERT(n > 0, "receiving a uevent: %s", strerror(errno));
	event->buf[n] = '\0';
	event->len = n;
	return true;
}

const char *uevent_get(const struct uevent *event, const char *key)
{
	const char *end = event->buf + event->len;
	size_t len = strlen(key);
	const char *s;

	for (s = event->buf; s < end; s += strlen(s) + 1)
		if (!strncmp(s, key, len) && s[len] == '=')
			return s + len + 1;
	return "";
}

unsigned int uevent_keys(const struct uevent *event)
{
	const char *end = event->buf + event->len;
	unsigned int n = 0;
	const char *s;

	/* The first string has the action and the path once more. */
	for (s = event->buf; s < end; s += strlen(s) + 1)
		n++;
	return n - 1;
}

bool uevent_is(const struct uevent *event, const char *action,
	       const char *name)
{
	const char *last = strrchr(uevent_get(event, "DEVPATH"), '/');

	return !strcmp(uevent_get(event, "ACTION"), action) && last &&
	       !strcmp(last + 1, name);
}
