// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast frames go from one network card to another, or back to the same one:
 *
 *	net_bench NAME FROM TO SECONDS
 *
 * prints "NAME frames-a-second lost", where lost is in thousandths of what was sent.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmdev.h>

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

/* With room for much, and not waiting for long */
static int open_card(const char *name)
{
	struct timeval patience = { .tv_usec = 200000 };
	int size = 4 << 20;
	int fd = card_open(name);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
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
	unsigned char frame[FRAME_LEN] = { }, to[ETH_ALEN], from[ETH_ALEN];
	struct end end = { };
	unsigned long sent;
	pthread_t thread;
	long ms;
	int fd;

	MDEV_ASSERT(argc == 5, "usage: net_bench NAME FROM TO SECONDS");
	ms = atoi(argv[4]) * 1000L;
	fd = open_card(argv[2]);
	end.fd = open_card(argv[3]);
	card_address(end.fd, argv[3], to);
	card_address(fd, argv[2], from);
	card_header(frame, to, from);
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
