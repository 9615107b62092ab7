// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts: opens a mediated device, says so, and holds it until killed
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>

int main(int argc, char **argv)
{
	struct vfio_dev dev;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: %s UUID\n", argv[0]);
		return 2;
	}

	ret = __vfio_dev_open(&dev, argv[1]);
	if (ret) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], argv[1],
			strerror(-ret));
		return 1;
	}

	printf("%s is open\n", argv[1]);
	fflush(stdout);
	for (;;)
		pause();
}
