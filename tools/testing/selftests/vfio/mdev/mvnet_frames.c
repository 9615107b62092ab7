// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames through a loopback card of mvnet, for mvnet_test.sh: each comes back as it was
 * sent. Creates the card and removes it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmdev.h>

#define FRAMES		2000

static void send_one(int fd, unsigned int nr)
{
	static const unsigned char address[ETH_ALEN] = { 2, 2, 2, 2, 2, 2 };
	unsigned char frame[ETH_FRAME_LEN], back[ETH_FRAME_LEN + 1];
	size_t len = ETH_ZLEN + nr * 7 % (ETH_FRAME_LEN - ETH_ZLEN + 1), i;
	ssize_t got;

	for (i = 0; i < len; i++)
		frame[i] = i + nr;
	card_header(frame, address, address);
	MDEV_ASSERT(send(fd, frame, len, 0) == (ssize_t)len, "send: %s", strerror(errno));
	got = recv(fd, back, sizeof(back), 0);
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
	card_of(uuid, name);
	card_up(name);
	fd = card_open(name);
	for (nr = 0; nr < FRAMES; nr++)
		send_one(fd, nr);
	close(fd);
	mdev_remove(uuid);
	printf("%u frames\n", nr);
	return 0;
}
