// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include <libmdev/irq.h>

#include "fuzz_private.h"

/* Ioctls of VFIO are these, some of later kernels than the headers */
#define FIRST_IOCTL	(VFIO_BASE + 0)
#define NR_IOCTLS	40

/* At most so many interrupts are named in one call. */
#define MAX_IRQS	16

static __u32 pick_argsz(struct fuzzer *f, size_t size)
{
	switch (fuzz_pick(f, 24)) {
	case 0:
		return size - 1;
	case 1:
		return 0;
	case 2:
		return fuzz_pick(f, size);
	case 3:
		return size + fuzz_pick(f, 64);
	case 4:
		return fuzz_number(f);
	default:
		return size;
	}
}

static int call(struct fuzzer *f, unsigned long cmd, void *arg)
{
	int ret = ioctl(fuzz_device_fd(f), cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* @size bytes of @data go to wherever; where the rest of what is written goes */
static int place_and_call(struct fuzzer *f, unsigned long cmd,
			  const void *data, size_t size)
{
	return call(f, cmd, fuzz_place(f, data, size));
}

static void fill(struct fuzzer *f, void *data, size_t size)
{
	unsigned char *p = data;

	while (size--)
		*p++ = fuzz_one_in(f, 2) ? 0 : fuzz_random(f);
}

int fuzz_info(struct fuzzer *f)
{
	struct vfio_device_info info;

	fill(f, &info, sizeof(info));
	info.argsz = pick_argsz(f, offsetof(struct vfio_device_info, num_irqs) +
				sizeof(info.num_irqs));
	return place_and_call(f, VFIO_DEVICE_GET_INFO, &info, sizeof(info));
}

int fuzz_region_info(struct fuzzer *f)
{
	struct {
		struct vfio_region_info info;
		char caps[96];
	} arg;

	fill(f, &arg, sizeof(arg));
	arg.info.argsz = pick_argsz(f, fuzz_one_in(f, 2) ? sizeof(arg) :
							   sizeof(arg.info));
	arg.info.index = fuzz_index(f, f->fuzz->nr_regions);
	return place_and_call(f, VFIO_DEVICE_GET_REGION_INFO, &arg,
			      sizeof(arg));
}

int fuzz_irq_info(struct fuzzer *f)
{
	struct vfio_irq_info info;

	fill(f, &info, sizeof(info));
	info.argsz = pick_argsz(f, sizeof(info));
	info.index = fuzz_index(f, VFIO_PCI_NUM_IRQS);
	return place_and_call(f, VFIO_DEVICE_GET_IRQ_INFO, &info,
			      sizeof(info));
}

/* Most are what they should be; others are none, closed, or something else. */
static int pick_eventfd(struct fuzzer *f)
{
	static const int bad[] = { -1, -1, -2, INT_MIN, INT_MAX, FUZZ_NO_FD, 0 };

	switch (fuzz_pick(f, 8)) {
	case 0:
	case 1:
		return bad[fuzz_pick(f, ARRAY_SIZE(bad))];
	case 2:
		return fuzz_one_in(f, 2) ? fuzz_device_fd(f) :
		       f->fuzz->dmabuf[fuzz_pick(f, FUZZ_DMABUFS)];
	default:
		return f->fuzz->eventfd[fuzz_pick(f, FUZZ_EVENTFDS)];
	}
}

static __u32 pick_irq_flags(struct fuzzer *f)
{
	static const __u32 data[] = {
		VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL,
		VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_EVENTFD,
	};
	static const __u32 action[] = {
		VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK,
		VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_TRIGGER,
	};

	if (fuzz_one_in(f, 12))
		return fuzz_random(f);
	return data[fuzz_pick(f, ARRAY_SIZE(data))] |
	       action[fuzz_pick(f, ARRAY_SIZE(action))];
}

/* Few devices have more than one interrupt of a kind. */
static __u32 pick_few(struct fuzzer *f, __u32 usual)
{
	switch (fuzz_pick(f, 16)) {
	case 0:
		return fuzz_pick(f, MAX_IRQS);
	case 1:
		return fuzz_number(f);
	default:
		return usual;
	}
}

/* As whoever has read how it is done does it, only not in this order */
static int set_irqs_rightly(struct fuzzer *f)
{
	struct vfio_dev dev = { .fd = fuzz_device_fd(f) };
	unsigned int index = fuzz_one_in(f, 3) ? VFIO_PCI_MSI_IRQ_INDEX :
						 VFIO_PCI_INTX_IRQ_INDEX;
	int fd = f->fuzz->eventfd[fuzz_pick(f, FUZZ_EVENTFDS)];

	switch (fuzz_pick(f, 12)) {
	case 0:
		return __irq_disable(&dev, index);
	case 1:
		return __irq_mask(&dev, VFIO_PCI_INTX_IRQ_INDEX);
	case 2:
		return __irq_unmask(&dev, VFIO_PCI_INTX_IRQ_INDEX);
	case 3:
		return __irq_trigger(&dev, index);
	case 4:
		return __irq_set(&dev, VFIO_PCI_INTX_IRQ_INDEX,
				 VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_UNMASK, 0, 1, &fd,
				 sizeof(fd));
	case 5:
		return __irq_connect(&dev, VFIO_PCI_REQ_IRQ_INDEX, fd);
	default:
		return __irq_connect(&dev, index, fd);
	}
}

static int set_irqs_somehow(struct fuzzer *f)
{
	static const __u32 usual[] = {
		VFIO_PCI_INTX_IRQ_INDEX, VFIO_PCI_INTX_IRQ_INDEX,
		VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX,
	};
	struct {
		struct vfio_irq_set set;
		__s32 fd[MAX_IRQS];
	} arg;
	size_t size = sizeof(arg.set);
	unsigned int i;

	fill(f, &arg, sizeof(arg));
	arg.set.flags = pick_irq_flags(f);
	/* The line, the message and the request are what devices have. */
	arg.set.index = fuzz_one_in(f, 4) ? fuzz_index(f, VFIO_PCI_NUM_IRQS) :
			usual[fuzz_pick(f, ARRAY_SIZE(usual))];
	arg.set.start = pick_few(f, 0);
	arg.set.count = pick_few(f, !fuzz_one_in(f, 6));
	if (arg.set.flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		for (i = 0; i < MAX_IRQS; i++)
			arg.fd[i] = pick_eventfd(f);
		size += arg.set.count * sizeof(arg.fd[0]);
	} else if (arg.set.flags & VFIO_IRQ_SET_DATA_BOOL) {
		size += arg.set.count;
	}
	arg.set.argsz = pick_argsz(f, size);
	return place_and_call(f, VFIO_DEVICE_SET_IRQS, &arg,
			      fuzz_one_in(f, 4) && size < sizeof(arg) ?
			      size : sizeof(arg));
}

int fuzz_set_irqs(struct fuzzer *f)
{
	return fuzz_one_in(f, 2) ? set_irqs_rightly(f) : set_irqs_somehow(f);
}

static __u32 pick_plane_flags(struct fuzzer *f)
{
	static const __u32 flags[] = {
		VFIO_GFX_PLANE_TYPE_DMABUF, VFIO_GFX_PLANE_TYPE_DMABUF,
		VFIO_GFX_PLANE_TYPE_REGION,
		VFIO_GFX_PLANE_TYPE_DMABUF | VFIO_GFX_PLANE_TYPE_PROBE,
		VFIO_GFX_PLANE_TYPE_REGION | VFIO_GFX_PLANE_TYPE_PROBE,
	};

	return fuzz_one_in(f, 8) ? fuzz_random(f) :
				   flags[fuzz_pick(f, ARRAY_SIZE(flags))];
}

int fuzz_query_plane(struct fuzzer *f)
{
	struct vfio_device_gfx_plane_info info, *placed;
	int ret;

	fill(f, &info, sizeof(info));
	info.argsz = pick_argsz(f, sizeof(info));
	info.flags = pick_plane_flags(f);
	info.drm_plane_type = fuzz_one_in(f, 4) ? fuzz_number(f) : 1;
	placed = fuzz_place(f, &info, sizeof(info));
	ret = call(f, VFIO_DEVICE_QUERY_GFX_PLANE, placed);
	if (!ret && fuzz_copy(&info, placed, sizeof(info)) && info.size)
		f->fuzz->plane = info.dmabuf_id;
	return ret;
}

int fuzz_get_dmabuf(struct fuzzer *f)
{
	struct fuzz *fuzz = f->fuzz;
	__u32 id = fuzz->plane;
	int fd;

	if (fuzz_one_in(f, 4))
		id = fuzz_one_in(f, 2) ? fuzz_number(f) : id - fuzz_pick(f, 32);
	fd = place_and_call(f, VFIO_DEVICE_GET_GFX_DMABUF, &id, sizeof(id));
	if (fd < 0)
		return fd;
	fuzz_keep_fd(&fuzz->dmabuf[fuzz_pick(f, FUZZ_DMABUFS)], fd,
		     FUZZ_DMABUF_FD);
	close(fd);
	return 0;
}

/* What those who show a picture do with it, and that they stop */
int fuzz_use_dmabuf(struct fuzzer *f)
{
	int *slot = &f->fuzz->dmabuf[fuzz_pick(f, FUZZ_DMABUFS)];
	struct dma_buf_sync sync = { .flags = fuzz_pick(f, 8) };
	int fd;

	if (!fuzz_one_in(f, 3))
		return ioctl(*slot, DMA_BUF_IOCTL_SYNC, &sync) ? -errno : 0;
	fd = __atomic_exchange_n(slot, -1, __ATOMIC_RELAXED);
	return fd < 0 || close(fd) ? -EBADF : 0;
}

int fuzz_reset(struct fuzzer *f)
{
	return call(f, VFIO_DEVICE_RESET, NULL);
}

int fuzz_feature(struct fuzzer *f)
{
	struct {
		struct vfio_device_feature feature;
		__u8 data[64];
	} arg;

	fill(f, &arg, sizeof(arg));
	arg.feature.argsz = pick_argsz(f, sizeof(arg));
	arg.feature.flags = fuzz_pick(f, 16) |
			    (__u32)fuzz_pick(f, 8) << 16;
	if (fuzz_one_in(f, 8))
		arg.feature.flags = fuzz_random(f);
	return place_and_call(f, VFIO_DEVICE_FEATURE, &arg, sizeof(arg));
}

/* Of VFIO, if not for a device, or not at all */
int fuzz_odd_ioctl(struct fuzzer *f)
{
	unsigned int nr = FIRST_IOCTL + fuzz_pick(f, NR_IOCTLS);
	__u8 arg[64];
	int ret;

	/* This one may open a file, of which the right action takes care. */
	if (_IO(VFIO_TYPE, nr) == VFIO_DEVICE_GET_GFX_DMABUF)
		return -ENOTTY;
	fill(f, arg, sizeof(arg));
	ret = place_and_call(f, fuzz_one_in(f, 8) ?
			     _IOC(fuzz_pick(f, 4), VFIO_TYPE, nr,
				  fuzz_pick(f, 128)) :
			     _IO(VFIO_TYPE, nr), arg, sizeof(arg));
	return ret;
}
