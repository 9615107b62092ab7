// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts: opens a mediated device, says so, and holds it until killed. With
 * --cdev it opens the character device and goes no further, so that VFIO alone knows.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libmdev.h>

static int hold(struct vfio_dev *dev, const char *uuid, bool cdev)
{
	if (cdev)
		return __vfio_dev_attach(dev, &vfio_dev_by_cdev, uuid);
	return __vfio_dev_open(dev, uuid);
}

int main(int argc, char **argv)
{
	bool cdev = argc > 1 && !strcmp(argv[1], "--cdev");
	const char *uuid = argv[1 + cdev];
	struct vfio_dev dev;
	int ret;

	if (argc != 2 + cdev) {
		fprintf(stderr, "usage: %s [--cdev] UUID\n", argv[0]);
		return 2;
	}

	ret = hold(&dev, uuid, cdev);
	if (ret) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], uuid, strerror(-ret));
		return 1;
	}

	printf("%s is open\n", uuid);
	fflush(stdout);
	for (;;)
		pause();
}
