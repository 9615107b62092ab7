/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine without a processor, for devices to be given to
 */
#ifndef LIBMDEV_VM_H
#define LIBMDEV_VM_H

#include <stdbool.h>

#include <libmdev/vfio_dev.h>

/**
 * struct vm - a virtual machine
 * @kvm: KVM, or -1
 * @fd: the machine, or -1
 * @vfio: what VFIO's devices are added to it by, or -1
 */
struct vm {
	int kvm;
	int fd;
	int vfio;
};

/* One of which nothing is open */
#define VM_CLOSED ((struct vm){ .kvm = -1, .fd = -1, .vfio = -1 })

/* On a processor that has virtualisation, or is emulated with it; 0 or -errno */
int __vm_create(struct vm *vm);
void vm_close(struct vm *vm);
/* Whether the kernel still has the machine that had this file descriptor */
bool vm_is_alive(int fd);

/*
 * A device that is attached and not open yet, or its group: 0 or -errno. The machine has
 * its file then, which is not closed before it is taken out or the machine is closed.
 */
int __vm_add(struct vm *vm, struct vfio_dev *dev);
int __vm_take_out(struct vm *vm, struct vfio_dev *dev);

#endif /* LIBMDEV_VM_H */
