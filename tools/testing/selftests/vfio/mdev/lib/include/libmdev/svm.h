/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that work in address spaces of processes, with msvm as the one there is
 */
#ifndef LIBMDEV_SVM_H
#define LIBMDEV_SVM_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

#include <libmdev/vfio_dev.h>

#include "../../../../../../../../include/uapi/linux/vfio_mdev_svm.h"
#include "../../../../../../../../samples/vfio-mdev/msvm.h"

#define MSVM		"msvm"
#define MSVM_TYPE	"msvm-1"

/* Loads the module; false if the kernel has no such devices. */
bool svm_setup(void);
/* A new device, open by group; and what svm_setup() found there is gone */
void svm_open(struct vfio_dev *dev);
void svm_close(struct vfio_dev *dev);

/* The caller if @pid is 0. 0 or -errno */
int __svm_bind(struct vfio_dev *dev, pid_t pid, __u32 *pasid);
__u32 svm_bind(struct vfio_dev *dev, pid_t pid);
int __svm_unbind(struct vfio_dev *dev, __u32 pasid);
void svm_unbind(struct vfio_dev *dev, __u32 pasid);

__u64 svm_reg(struct vfio_dev *dev, unsigned int offset);
void svm_set_reg(struct vfio_dev *dev, unsigned int offset, __u64 value);

/**
 * struct svm_command - a command of the device; its registers
 * @command: what to do
 * @pasid: in which address space
 * @addr: where
 * @target: where to
 * @len: how much
 * @value: what with
 */
struct svm_command {
	unsigned int command;
	__u32 pasid;
	__u64 addr;
	__u64 target;
	__u64 len;
	__u8 value;
};

/* Runs it to its end. MSVM_STATUS */
unsigned int svm_run(struct vfio_dev *dev, const struct svm_command *command);
/* A number at an address, which is MSVM_OK or what is wrong */
unsigned int svm_load(struct vfio_dev *dev, __u32 pasid, const void *addr,
		      __u64 *value);
unsigned int svm_store(struct vfio_dev *dev, __u32 pasid, const void *addr,
		       __u64 value);

/**
 * struct svm_target - a process to work in, a child
 * @pid: its number
 * @pipe: to end it by
 */
struct svm_target {
	pid_t pid;
	int pipe;
};

/* It has called @fn, which may be NULL, and does nothing until it is ended. */
void svm_target_start(struct svm_target *target, void (*fn)(void *arg),
		      void *arg);
/* By SIGKILL; it is gone, memory and all */
void svm_target_end(struct svm_target *target);

/* __svm_bind() by a child that calls @become, which may be NULL, before */
int __svm_bind_as(struct vfio_dev *dev, void (*become)(void *arg), void *arg,
		  pid_t pid, __u32 *pasid);
/* For it: all ids are those of a user who has no rights; other processes may debug it. */
void svm_become_user(uid_t uid);

#endif /* LIBMDEV_SVM_H */
