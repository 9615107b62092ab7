// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <libmdev/file.h>
#include <libmdev/module.h>
#include <libmdev/vm.h>

static int vm_open(struct vm *vm)
{
	struct kvm_create_device vfio = { .type = KVM_DEV_TYPE_VFIO };

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -errno;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0 || ioctl(vm->fd, KVM_CREATE_DEVICE, &vfio))
		return -errno;
	vm->vfio = vfio.fd;
	return 0;
}

int __vm_create(struct vm *vm)
{
	int ret;

	*vm = VM_CLOSED;
	ret = vm_open(vm);
	if (ret == -ENOENT || ret == -ENODEV) {
		if (__module_load("kvm_intel"))
			__module_load("kvm_amd");
		ret = vm_open(vm);
	}
	if (ret)
		vm_close(vm);
	return ret;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void vm_close(struct vm *vm)
{
	close_fd(&vm->vfio);
	close_fd(&vm->fd);
	close_fd(&vm->kvm);
}

/* Each of this process has a directory until it is freed, named by its fd too. */
bool vm_is_alive(int fd)
{
	return file_exists("/sys/kernel/debug/kvm/%d-%d", getpid(), fd);
}

static int set_file(struct vm *vm, struct vfio_dev *dev, int attr)
{
	int fd = dev->group >= 0 ? dev->group :
		 dev->cdev >= 0 ? dev->cdev : dev->fd;
	struct kvm_device_attr set = {
		.group = KVM_DEV_VFIO_GROUP,
		.attr = attr,
		.addr = (unsigned long)&fd,
	};

	return ioctl(vm->vfio, KVM_SET_DEVICE_ATTR, &set) ? -errno : 0;
}

int __vm_add(struct vm *vm, struct vfio_dev *dev)
{
	return set_file(vm, dev, KVM_DEV_VFIO_GROUP_ADD);
}

int __vm_take_out(struct vm *vm, struct vfio_dev *dev)
{
	return set_file(vm, dev, KVM_DEV_VFIO_GROUP_DEL);
}
