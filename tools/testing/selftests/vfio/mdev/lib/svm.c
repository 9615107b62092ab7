// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/module.h>
#include <libmdev/svm.h>

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define DATA	VFIO_PCI_BAR2_REGION_INDEX

bool svm_setup(void)
{
	vfio_setup();
	if (__module_load(MSVM))
		return false;
	mdev_remove_all(MSVM);
	return true;
}

void svm_open(struct vfio_dev *dev)
{
	char uuid[MDEV_UUID_SIZE];

	mdev_create_new(MSVM, MSVM_TYPE, uuid);
	vfio_dev_open(dev, uuid);
}

void svm_close(struct vfio_dev *dev)
{
	vfio_dev_close(dev);
	mdev_remove(dev->uuid);
}

int __svm_bind(struct vfio_dev *dev, pid_t pid, __u32 *pasid)
{
	struct vfio_device_svm arg = {
		.argsz = sizeof(arg),
		.flags = pid ? VFIO_SVM_PID : 0,
		.pid = pid,
	};

	if (ioctl(dev->fd, VFIO_DEVICE_SVM_BIND, &arg))
		return -errno;
	*pasid = arg.pasid;
	return 0;
}

__u32 svm_bind(struct vfio_dev *dev, pid_t pid)
{
	__u32 pasid = 0;
	int ret = __svm_bind(dev, pid, &pasid);

	MDEV_ASSERT(!ret, "binding %d: %s", pid, strerror(-ret));
	return pasid;
}

int __svm_unbind(struct vfio_dev *dev, __u32 pasid)
{
	struct vfio_device_svm arg = { .argsz = sizeof(arg), .pasid = pasid };

	return ioctl(dev->fd, VFIO_DEVICE_SVM_UNBIND, &arg) ? -errno : 0;
}

void svm_unbind(struct vfio_dev *dev, __u32 pasid)
{
	int ret = __svm_unbind(dev, pasid);

	MDEV_ASSERT(!ret, "unbinding %u: %s", pasid, strerror(-ret));
}

__u64 svm_reg(struct vfio_dev *dev, unsigned int offset)
{
	return vfio_dev_load(dev, BAR0, offset, 8);
}

void svm_set_reg(struct vfio_dev *dev, unsigned int offset, __u64 value)
{
	vfio_dev_store(dev, BAR0, offset, 8, value);
}

unsigned int svm_run(struct vfio_dev *dev, const struct svm_command *command)
{
	svm_set_reg(dev, MSVM_PASID, command->pasid);
	svm_set_reg(dev, MSVM_ADDR, command->addr);
	svm_set_reg(dev, MSVM_TARGET, command->target);
	svm_set_reg(dev, MSVM_LEN, command->len);
	svm_set_reg(dev, MSVM_VALUE, command->value);
	svm_set_reg(dev, MSVM_COMMAND, command->command);
	return svm_reg(dev, MSVM_STATUS);
}

unsigned int svm_load(struct vfio_dev *dev, __u32 pasid, const void *addr,
		      __u64 *value)
{
	const struct svm_command command = {
		.command = MSVM_READ, .pasid = pasid, .len = sizeof(*value),
		.addr = (unsigned long)addr,
	};
	unsigned int status = svm_run(dev, &command);

	*value = 0;
	if (status == MSVM_OK)
		*value = vfio_dev_load(dev, DATA, 0, sizeof(*value));
	return status;
}

unsigned int svm_store(struct vfio_dev *dev, __u32 pasid, const void *addr,
		       __u64 value)
{
	const struct svm_command command = {
		.command = MSVM_WRITE, .pasid = pasid, .len = sizeof(value),
		.addr = (unsigned long)addr,
	};

	vfio_dev_store(dev, DATA, 0, sizeof(value), value);
	return svm_run(dev, &command);
}

static void be_target(int ready, int go, void (*fn)(void *arg), void *arg)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fn)
		fn(arg);
	if (write(ready, &byte, 1) == 1)
		while (read(go, &byte, 1) > 0)
			;
	_exit(0);
}

void svm_target_start(struct svm_target *target, void (*fn)(void *arg),
		      void *arg)
{
	int ready[2], go[2];
	char byte;

	MDEV_ASSERT(!pipe2(ready, O_CLOEXEC) && !pipe2(go, O_CLOEXEC),
		    "pipe: %s", strerror(errno));
	target->pid = fork();
	MDEV_ASSERT(target->pid >= 0, "fork: %s", strerror(errno));
	if (!target->pid) {
		close(ready[0]);
		close(go[1]);
		be_target(ready[1], go[0], fn, arg);
	}
	close(ready[1]);
	close(go[0]);
	target->pipe = go[1];
	MDEV_ASSERT(read(ready[0], &byte, 1) == 1, "the target has ended");
	close(ready[0]);
}

void svm_target_end(struct svm_target *target)
{
	if (!target->pid)
		return;
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
	close(target->pipe);
	target->pid = 0;
}

struct answer {
	int ret;
	__u32 pasid;
};

int __svm_bind_as(struct vfio_dev *dev, void (*become)(void *arg), void *arg,
		  pid_t pid, __u32 *pasid)
{
	struct answer answer = { 0 };
	int fds[2];
	pid_t child;

	MDEV_ASSERT(!pipe(fds), "pipe: %s", strerror(errno));
	child = fork();
	MDEV_ASSERT(child >= 0, "fork: %s", strerror(errno));
	if (!child) {
		if (become)
			become(arg);
		answer.ret = __svm_bind(dev, pid, &answer.pasid);
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	MDEV_ASSERT(read(fds[0], &answer, sizeof(answer)) == sizeof(answer),
		    "the caller has ended");
	close(fds[0]);
	waitpid(child, NULL, 0);
	*pasid = answer.pasid;
	return answer.ret;
}

void svm_become_user(uid_t uid)
{
	MDEV_ASSERT(!setgroups(0, NULL) && !setresgid(uid, uid, uid) &&
		    !setresuid(uid, uid, uid), "becoming %u: %s", uid,
		    strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}
