// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast frames go from one network card to another, or back to the same one:
 *
 *	net_bench NAME FROM TO SECONDS
 *
 * prints "NAME frames-a-second lost", where lost is in thousandths of what was sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
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
#define FRAME_LEN	1514

static volatile bool stop;

/**
 * struct end - where frames come out
 * @fd: a socket
 * @frames: how many came
 */
struct end {
	int fd;
	unsigned long frames;
};

static int open_card(const char *name)
{
	struct timeval patience = { .tv_usec = 200000 };
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(PROTOCOL),
		.sll_ifindex = if_nametoindex(name),
	};
	int size = 4 << 20, one = 1;
	int fd;

	MDEV_ASSERT(addr.sll_ifindex, "there is no %s", name);
	fd = socket(AF_PACKET, SOCK_RAW, htons(PROTOCOL));
	MDEV_ASSERT(fd >= 0, "socket: %s", strerror(errno));
	MDEV_ASSERT(!bind(fd, (void *)&addr, sizeof(addr)), "%s: %s", name, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	return fd;
}

static void find_address(int fd, const char *name, unsigned char *address)
{
	struct ifreq request = { };

	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	MDEV_ASSERT(!ioctl(fd, SIOCGIFHWADDR, &request), "%s: %s", name, strerror(errno));
	memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

static void *receive(void *arg)
{
	char frame[FRAME_LEN];
	struct end *end = arg;

	while (!stop)
		if (recv(end->fd, frame, sizeof(frame), 0) == sizeof(frame))
			end->frames++;
	return NULL;
}

/* A full queue is no error: it is when the sender waits. */
static unsigned long send_for(int fd, const unsigned char *frame, long ms)
{
	unsigned long sent = 0;
	long until = now_ms() + ms;

	while (now_ms() < until) {
		if (send(fd, frame, FRAME_LEN, 0) == FRAME_LEN)
			sent++;
		else
			MDEV_ASSERT(errno == ENOBUFS, "send: %s", strerror(errno));
	}
	return sent;
}

int main(int argc, char **argv)
{
	unsigned char frame[FRAME_LEN] = { };
	struct end end = { };
	unsigned long sent;
	pthread_t thread;
	long ms;
	int fd;

	MDEV_ASSERT(argc == 5, "usage: net_bench NAME FROM TO SECONDS");
	ms = atoi(argv[4]) * 1000L;
	fd = open_card(argv[2]);
	end.fd = open_card(argv[3]);
	find_address(end.fd, argv[3], frame);
	find_address(fd, argv[2], frame + ETH_ALEN);
	frame[12] = PROTOCOL >> 8;
	frame[13] = PROTOCOL & 0xff;
	MDEV_ASSERT(!pthread_create(&thread, NULL, receive, &end), "no thread");
	sent = send_for(fd, frame, ms);
	sleep(1);
	stop = true;
	pthread_join(thread, NULL);
	MDEV_ASSERT(sent && end.frames, "%s: no frame came of %lu", argv[1], sent);
	printf("%s %lu %lu\n", argv[1], end.frames * 1000 / ms,
	       sent > end.frames ? (sent - end.frames) * 1000 / sent : 0);
	return 0;
}
