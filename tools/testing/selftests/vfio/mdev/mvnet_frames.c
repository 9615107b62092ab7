// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through a loopback card of mvnet, for mvnet_test.sh: each comes back as it was
 * sent. Creates the card and removes it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <libmdev.h>

#define PROTOCOL	0x88b5	/* for experiments */
#define FRAMES		2000

/* Name of the card of a device */
static void find_card(const char *uuid, char *name, size_t size)
{
	char command[256];
	FILE *pipe;

	snprintf(command, sizeof(command), "ls " MDEV_DEVICES "/%s/virtio*/net", uuid);
	pipe = popen(command, "re");
	MDEV_ASSERT(pipe && fgets(name, size, pipe), "%s has no card", uuid);
	pclose(pipe);
	name[strcspn(name, "\n")] = '\0';
}

static bool has_link(const char *name)
{
	char state[32];

	file_gets(state, sizeof(state), "/sys/class/net/%s/operstate", name);
	return !strcmp(state, "up");
}

/* Until the link is up, frames are dropped; the second change waits for who sees to it. */
static void bring_up(int fd, const char *name)
{
	struct ifreq request = { };

	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	MDEV_ASSERT(!ioctl(fd, SIOCGIFFLAGS, &request), "%s: %s", name, strerror(errno));
	request.ifr_flags |= IFF_UP;
	MDEV_ASSERT(!ioctl(fd, SIOCSIFFLAGS, &request), "%s: %s", name, strerror(errno));
	MDEV_ASSERT(WAIT_FOR(has_link(name)), "%s has no link", name);
	request.ifr_flags |= IFF_PROMISC;
	MDEV_ASSERT(!ioctl(fd, SIOCSIFFLAGS, &request), "%s: %s", name, strerror(errno));
}

static int open_card(const char *name)
{
	struct timeval patience = { .tv_sec = 20 };
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PROTOCOL),
	};
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW, htons(PROTOCOL));
	MDEV_ASSERT(fd >= 0, "socket: %s", strerror(errno));
	bring_up(fd, name);
	addr.sll_ifindex = if_nametoindex(name);
	MDEV_ASSERT(!bind(fd, (void *)&addr, sizeof(addr)), "bind: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* What was sent is seen as well, as what it is. */
static ssize_t receive(int fd, void *buf, size_t size)
{
	struct sockaddr_ll from;
	socklen_t len;
	ssize_t ret;

	do {
		len = sizeof(from);
		ret = recvfrom(fd, buf, size, 0, (void *)&from, &len);
	} while (ret >= 0 && from.sll_pkttype == PACKET_OUTGOING);
	return ret;
}

static void send_one(int fd, unsigned int nr)
{
	unsigned char frame[ETH_FRAME_LEN], back[ETH_FRAME_LEN + 1];
	size_t len = ETH_ZLEN + nr * 7 % (ETH_FRAME_LEN - ETH_ZLEN + 1), i;
	ssize_t got;

	for (i = 0; i < len; i++)
		frame[i] = i + nr;
	memset(frame, 2, 2 * ETH_ALEN);
	frame[12] = PROTOCOL >> 8;
	frame[13] = PROTOCOL & 0xff;
	MDEV_ASSERT(send(fd, frame, len, 0) == (ssize_t)len, "send: %s", strerror(errno));
	got = receive(fd, back, sizeof(back));
	MDEV_ASSERT(got == (ssize_t)len, "frame %u of %zu bytes comes back as %zd", nr, len,
		    got);
	MDEV_ASSERT(!memcmp(frame, back, len), "frame %u comes back as another", nr);
}

int main(void)
{
	char uuid[MDEV_UUID_SIZE], name[IFNAMSIZ];
	unsigned int nr;
	int fd;

	mdev_create_new("mvnet", "mvnet-loopback", uuid);
	find_card(uuid, name, sizeof(name));
	fd = open_card(name);
	for (nr = 0; nr < FRAMES; nr++)
		send_one(fd, nr);
	close(fd);
	mdev_remove(uuid);
	printf("%u frames\n", nr);
	return 0;
}
