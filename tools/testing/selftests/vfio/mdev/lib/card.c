// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include <libmdev/assert.h>
#include <libmdev/card.h>
#include <libmdev/file.h>
#include <libmdev/mdev.h>
#include <libmdev/virtio.h>
#include <libmdev/wait.h>

#define PROTOCOL	0x88b5	/* for experiments */
#define PATIENCE	20	/* s */

/* The driver makes it after the device is there. */
static bool has_card(const char *uuid, char name[IFNAMSIZ])
{
	struct dirent *entry;
	char path[256];
	DIR *dir;

	name[0] = '\0';
	snprintf(path, sizeof(path), MDEV_DEVICES "/%s/%s/net", uuid,
		 virtio_device_of(uuid));
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(name, IFNAMSIZ, "%.*s", IFNAMSIZ - 1, entry->d_name);
	if (dir)
		closedir(dir);
	return name[0];
}

void card_of(const char *uuid, char name[IFNAMSIZ])
{
	MDEV_ASSERT(WAIT_FOR(has_card(uuid, name)), "%s is no network card", uuid);
}

static void name_request(struct ifreq *request, const char *name)
{
	memset(request, 0, sizeof(*request));
	memcpy(request->ifr_name, name, strnlen(name, IFNAMSIZ - 1));
}

static void set_flags(int fd, const char *name, short flags)
{
	struct ifreq request;

	name_request(&request, name);
	MDEV_ASSERT(!ioctl(fd, SIOCGIFFLAGS, &request), "%s: %s", name, strerror(errno));
	request.ifr_flags |= flags;
	MDEV_ASSERT(!ioctl(fd, SIOCSIFFLAGS, &request), "%s: %s", name, strerror(errno));
}

static bool has_link(const char *name)
{
	char state[32];

	file_gets(state, sizeof(state), "/sys/class/net/%s/operstate", name);
	return !strcmp(state, "up");
}

static int open_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(PROTOCOL));

	MDEV_ASSERT(fd >= 0, "socket: %s", strerror(errno));
	return fd;
}

/* Until the link is up, frames are dropped; the second change waits for who sees to it. */
void card_up(const char *name)
{
	int fd = open_socket();

	set_flags(fd, name, IFF_UP);
	MDEV_ASSERT(WAIT_FOR(has_link(name)), "%s has no link", name);
	set_flags(fd, name, IFF_PROMISC);
	close(fd);
}

int card_open(const char *name)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PROTOCOL),
		.sll_ifindex = if_nametoindex(name),
	};
	int fd = open_socket(), one = 1;

	MDEV_ASSERT(addr.sll_ifindex, "there is no %s", name);
	MDEV_ASSERT(!bind(fd, (void *)&addr, sizeof(addr)), "%s: %s", name, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* What was sent would be seen as well. */
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	return fd;
}

void card_address(int fd, const char *name, unsigned char address[ETH_ALEN])
{
	struct ifreq request;

	name_request(&request, name);
	MDEV_ASSERT(!ioctl(fd, SIOCGIFHWADDR, &request), "%s: %s", name, strerror(errno));
	memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

void card_header(unsigned char *frame, const unsigned char to[ETH_ALEN],
		 const unsigned char from[ETH_ALEN])
{
	memcpy(frame, to, ETH_ALEN);
	memcpy(frame + ETH_ALEN, from, ETH_ALEN);
	frame[2 * ETH_ALEN] = PROTOCOL >> 8;
	frame[2 * ETH_ALEN + 1] = PROTOCOL & 0xff;
}
