// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process that holds a secret, and one that has a device look at it
 *
 * usage: demo-svm hold UID TEXT
 *            prints its number and the address of the text, and the text at each SIGUSR1
 *        demo-svm use UUID UID PID ADDRESS
 *            opens the device, becomes UID, and works in the memory of PID; the status is
 *            that of the kernel's answer
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/vfio.h>
#include <linux/vfio_mdev_svm.h>

#include "../../samples/vfio-mdev/msvm.h"

#define TEXT_SIZE	32

static uint64_t bar0, bar2;

static void become(const char *uid)
{
	int id = atoi(uid);

	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
		err(1, "becoming user %d", id);
	/* A process that was another user's cannot be debugged unless it says so. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void hold(const char *uid, const char *what)
{
	char text[TEXT_SIZE] = "";
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	snprintf(text, sizeof(text), "%s", what);
	become(uid);
	printf("%d %p\n", getpid(), (void *)text);
	for (;;) {
		fflush(stdout);
		sigwait(&set, &signal);
		printf("%s\n", text);
	}
}

static uint64_t region(int device, unsigned int index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info))
		err(1, "VFIO_DEVICE_GET_REGION_INFO");
	return info.offset;
}

static int open_device(const char *uuid)
{
	int container = open("/dev/vfio/vfio", O_RDWR), group, device;
	char path[128], link[128] = "";

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/iommu_group", uuid);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		err(1, "%s", path);
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(link, '/'));
	group = open(path, O_RDWR);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		err(1, "%s", path);
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, uuid);
	if (device < 0)
		err(1, "%s", uuid);
	bar0 = region(device, VFIO_PCI_BAR0_REGION_INDEX);
	bar2 = region(device, VFIO_PCI_BAR2_REGION_INDEX);
	return device;
}

static void set_reg(int device, unsigned int reg, uint64_t value)
{
	if (pwrite(device, &value, 8, bar0 + reg) != 8)
		err(1, "register %#x", reg);
}

static uint64_t get_reg(int device, unsigned int reg)
{
	uint64_t value;

	if (pread(device, &value, 8, bar0 + reg) != 8)
		err(1, "register %#x", reg);
	return value;
}

static int fault_eventfd(int device)
{
	char buf[sizeof(struct vfio_irq_set) + sizeof(int)];
	struct vfio_irq_set *set = (struct vfio_irq_set *)buf;
	int fd = eventfd(0, EFD_NONBLOCK);

	*set = (struct vfio_irq_set){
		.argsz = sizeof(buf), .index = VFIO_SVM_FAULT_IRQ_INDEX,
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.count = 1,
	};
	memcpy(set->data, &fd, sizeof(fd));
	if (ioctl(device, VFIO_DEVICE_SET_IRQS, set))
		err(1, "the interrupt of faults");
	return fd;
}

static uint64_t command(int device, unsigned int what, uint64_t addr,
			uint64_t len)
{
	set_reg(device, MSVM_ADDR, addr);
	set_reg(device, MSVM_LEN, len);
	set_reg(device, MSVM_COMMAND, what);
	return get_reg(device, MSVM_STATUS);
}

static void show_text(int device, uint64_t addr)
{
	char text[TEXT_SIZE];

	if (command(device, MSVM_READ, addr, TEXT_SIZE) != MSVM_OK ||
	    pread(device, text, TEXT_SIZE, bar2) != TEXT_SIZE)
		errx(1, "the device cannot read there");
	printf("the device reads at 0x%llx: %.*s\n", (unsigned long long)addr,
	       TEXT_SIZE, text);
}

static void show_fault(int device, int eventfd, uint64_t addr)
{
	struct pollfd pfd = { .fd = eventfd, .events = POLLIN };

	if (command(device, MSVM_READ, addr, 8) != MSVM_FAULT)
		errx(1, "no fault at 0x%llx", (unsigned long long)addr);
	if (poll(&pfd, 1, 1000) != 1)
		errx(1, "no interrupt");
	printf("the device reads at 0x%llx: a fault, which the eventfd tells; at 0x%llx\n",
	       (unsigned long long)addr,
	       (unsigned long long)get_reg(device, MSVM_FAULT_ADDR));
}

static int use(char **argv)
{
	struct vfio_device_svm svm = {
		.argsz = sizeof(svm), .flags = VFIO_SVM_PID, .pid = atoi(argv[2]),
	};
	uint64_t addr = strtoull(argv[3], NULL, 0);
	int device = open_device(argv[0]);

	become(argv[1]);
	if (ioctl(device, VFIO_DEVICE_SVM_BIND, &svm)) {
		printf("user %s binds process %s: %s\n", argv[1], argv[2],
		       strerror(errno));
		return errno;
	}
	printf("user %s binds process %s: its memory is PASID %u of the device\n",
	       argv[1], argv[2], svm.pasid);
	set_reg(device, MSVM_PASID, svm.pasid);
	show_text(device, addr);
	set_reg(device, MSVM_VALUE, '*');
	if (command(device, MSVM_FILL, addr + 12, 5) != MSVM_OK)
		errx(1, "the device cannot write there");
	printf("the device writes five stars\n");
	show_fault(device, fault_eventfd(device), 0x1000);
	svm.flags = 0;
	return ioctl(device, VFIO_DEVICE_SVM_UNBIND, &svm) ? EINVAL : 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "hold"))
		hold(argv[2], argv[3]);
	if (argc == 6 && !strcmp(argv[1], "use"))
		return use(argv + 2);
	errx(1, "usage: demo-svm hold UID TEXT | use UUID UID PID ADDRESS");
}
