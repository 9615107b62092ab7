// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/irq.h>
#include <libmdev/wait.h>

int __irq_info(struct vfio_dev *dev, unsigned int index,
	       struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, info) ? -errno : 0;
}

void irq_info(struct vfio_dev *dev, unsigned int index,
	      struct vfio_irq_info *info)
{
	int ret = __irq_info(dev, index, info);

	MDEV_ASSERT(!ret, "info of irq %u of %s: %s", index, dev->uuid,
		    strerror(-ret));
}

int __irq_set(struct vfio_dev *dev, unsigned int index, unsigned int flags,
	      unsigned int start, unsigned int count, const void *data,
	      size_t size)
{
	struct vfio_irq_set *set;
	int ret;

	set = calloc(1, sizeof(*set) + size);
	MDEV_ASSERT(set, "no memory");
	set->argsz = sizeof(*set) + size;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	memcpy(set->data, data, size);
	ret = ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
	free(set);
	return ret;
}

int __irq_connect(struct vfio_dev *dev, unsigned int index, int eventfd)
{
	return __irq_set(dev, index, VFIO_IRQ_SET_DATA_EVENTFD |
			 VFIO_IRQ_SET_ACTION_TRIGGER, 0, 1, &eventfd,
			 sizeof(eventfd));
}

void irq_connect(struct vfio_dev *dev, unsigned int index, int eventfd)
{
	int ret = __irq_connect(dev, index, eventfd);

	MDEV_ASSERT(!ret, "eventfd for irq %u of %s: %s", index, dev->uuid,
		    strerror(-ret));
}

static int irq_none(struct vfio_dev *dev, unsigned int index,
		    unsigned int action, unsigned int count)
{
	return __irq_set(dev, index, VFIO_IRQ_SET_DATA_NONE | action, 0, count,
			 "", 0);
}

int __irq_disable(struct vfio_dev *dev, unsigned int index)
{
	return irq_none(dev, index, VFIO_IRQ_SET_ACTION_TRIGGER, 0);
}

int __irq_mask(struct vfio_dev *dev, unsigned int index)
{
	return irq_none(dev, index, VFIO_IRQ_SET_ACTION_MASK, 1);
}

int __irq_unmask(struct vfio_dev *dev, unsigned int index)
{
	return irq_none(dev, index, VFIO_IRQ_SET_ACTION_UNMASK, 1);
}

int __irq_trigger(struct vfio_dev *dev, unsigned int index)
{
	return irq_none(dev, index, VFIO_IRQ_SET_ACTION_TRIGGER, 1);
}

int irq_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	MDEV_ASSERT(fd >= 0, "eventfd: %s", strerror(errno));
	return fd;
}

unsigned int irq_take(int eventfd)
{
	__u64 count;

	if (read(eventfd, &count, sizeof(count)) == sizeof(count))
		return count;
	MDEV_ASSERT(errno == EAGAIN, "reading an eventfd: %s",
		    strerror(errno));
	return 0;
}

unsigned int irq_wait(int eventfd)
{
	struct pollfd pfd = { .fd = eventfd, .events = POLLIN };

	poll(&pfd, 1, WAIT_LONG_MS);
	return irq_take(eventfd);
}
