// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that work in address spaces of processes: what is bound and what is not, what
 * a device does there, and what user space is told of it
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE		4096UL
#define SIZE		(MSVM_DATA_SIZE + 4 * PAGE)
#define BONDS		64
#define DATA		VFIO_PCI_BAR2_REGION_INDEX

/* At one address in a process and in its children */
static __u64 number;

static void set_number(void *arg)
{
	number = *(__u64 *)arg;
}

FIXTURE(device) {
	struct vfio_dev dev;
	struct svm_target target;
	__u32 pasid;		/* of the target */
	__u32 own;
};

FIXTURE_SETUP(device)
{
	__u64 value = 2;

	memset(self, 0, sizeof(*self));
	self->dev = VFIO_DEV_CLOSED;
	if (!svm_setup())
		SKIP(return, "this kernel has no msvm");
	number = 1;
	svm_open(&self->dev);
	svm_target_start(&self->target, set_number, &value);
	self->pasid = svm_bind(&self->dev, self->target.pid);
	self->own = svm_bind(&self->dev, 0);
}

FIXTURE_TEARDOWN(device)
{
	svm_target_end(&self->target);
	if (self->dev.fd >= 0)
		svm_close(&self->dev);
}

/*
 * What there is
 */

TEST_F(device, is_what_it_says)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_irq_info irq;

	EXPECT_EQ(MSVM_PCI_DEVICE_ID << 16 | MSVM_PCI_VENDOR_ID,
		  vfio_dev_config(&self->dev, 0, 4));
	EXPECT_EQ(MSVM_ID_VALUE, svm_reg(&self->dev, MSVM_ID));
	EXPECT_EQ(MSVM_IDLE, svm_reg(&self->dev, MSVM_STATUS));
	EXPECT_EQ(0, svm_reg(&self->dev, MSVM_REGISTERS));
	ASSERT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(VFIO_SVM_FAULT_IRQ_INDEX + 1, info.num_irqs);
	irq_info(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX, &irq);
	EXPECT_EQ(1, irq.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, irq.flags);
	EXPECT_EQ(-EINVAL,
		  __irq_info(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX + 1, &irq));
	irq_info(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, &irq);
	EXPECT_EQ(1, irq.count);
}

/* What is compiled into programs */
TEST(uapi)
{
	EXPECT_EQ(24, sizeof(struct vfio_device_svm));
	EXPECT_EQ(4, offsetof(struct vfio_device_svm, flags));
	EXPECT_EQ(8, offsetof(struct vfio_device_svm, pasid));
	EXPECT_EQ(12, offsetof(struct vfio_device_svm, pid));
	EXPECT_EQ(16, offsetof(struct vfio_device_svm, op));
	EXPECT_EQ(20, offsetof(struct vfio_device_svm, reserved));
	EXPECT_EQ(0x3b7a, VFIO_DEVICE_SVM_BIND);
	EXPECT_EQ(0x3b7b, VFIO_DEVICE_SVM_UNBIND);
	EXPECT_EQ(1, VFIO_SVM_PASID_RELEASE_FLUSHED);
	EXPECT_EQ(2, VFIO_SVM_PASID_RELEASE_CLEAN);
	EXPECT_EQ(4, VFIO_SVM_PID);
	EXPECT_EQ(5, VFIO_SVM_FAULT_IRQ_INDEX);
}

/*
 * Bonds
 */

/* A process and its child have different memory at one address, and so has the device. */
TEST_F(device, sees_memory_of_each)
{
	__u64 value;

	EXPECT_NE(0, self->pasid);
	EXPECT_NE(self->own, self->pasid);
	ASSERT_EQ(MSVM_OK, svm_load(&self->dev, self->own, &number, &value));
	EXPECT_EQ(1, value);
	ASSERT_EQ(MSVM_OK, svm_load(&self->dev, self->pasid, &number, &value));
	EXPECT_EQ(2, value);
	ASSERT_EQ(MSVM_OK, svm_store(&self->dev, self->pasid, &number, 3));
	EXPECT_EQ(1, number);
	ASSERT_EQ(MSVM_OK, svm_load(&self->dev, self->pasid, &number, &value));
	EXPECT_EQ(3, value);
	ASSERT_EQ(MSVM_OK, svm_store(&self->dev, self->own, &number, 4));
	EXPECT_EQ(4, number);
}

/* It is the process that is asked for, not the one that asks; a thread is its process. */
TEST_F(device, binds_who_is_asked_for)
{
	__u32 pasid = 0;

	EXPECT_EQ(self->own, svm_bind(&self->dev, getpid()));
	EXPECT_EQ(0, __svm_bind_as(&self->dev, NULL, NULL, getpid(), &pasid));
	EXPECT_EQ(self->own, pasid);
	EXPECT_EQ(0, __svm_bind_as(&self->dev, NULL, NULL, self->target.pid,
				   &pasid));
	EXPECT_EQ(self->pasid, pasid);
	EXPECT_EQ(0, __svm_bind_as(&self->dev, NULL, NULL, 0, &pasid));
	EXPECT_NE(self->own, pasid);
	EXPECT_NE(self->pasid, pasid);
}

/* What is not looked at may be anything. */
TEST_F(device, ignores_what_is_not_for_it)
{
	struct vfio_device_svm arg = {
		.argsz = sizeof(arg) + 8, .pasid = 0xdead, .pid = 0xdead,
	};

	ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_SVM_BIND, &arg));
	EXPECT_EQ(self->own, arg.pasid);
	arg.flags = VFIO_SVM_PASID_RELEASE_FLUSHED | VFIO_SVM_PASID_RELEASE_CLEAN;
	EXPECT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_SVM_UNBIND, &arg));
}

/* An address space that is bound twice is unbound twice. */
TEST_F(device, counts)
{
	__u64 value;

	EXPECT_EQ(self->pasid, svm_bind(&self->dev, self->target.pid));
	svm_unbind(&self->dev, self->pasid);
	EXPECT_EQ(MSVM_OK, svm_load(&self->dev, self->pasid, &number, &value));
	svm_unbind(&self->dev, self->pasid);
	EXPECT_EQ(MSVM_NO_BOND,
		  svm_load(&self->dev, self->pasid, &number, &value));
	EXPECT_EQ(-ENOENT, __svm_unbind(&self->dev, self->pasid));
	EXPECT_EQ(MSVM_OK, svm_load(&self->dev, self->own, &number, &value));
}

/* Who still has the number of what is gone does not get at something else by it. */
TEST_F(device, numbers_are_not_used_again)
{
	__u32 old = self->pasid;

	svm_unbind(&self->dev, old);
	self->pasid = svm_bind(&self->dev, self->target.pid);
	EXPECT_NE(old, self->pasid);
}

TEST_F(device, is_of_one_device)
{
	struct vfio_dev other;
	__u64 value;

	svm_open(&other);
	EXPECT_EQ(MSVM_NO_BOND, svm_load(&other, self->own, &number, &value));
	EXPECT_EQ(-ENOENT, __svm_unbind(&other, self->own));
	self->own = svm_bind(&other, 0);
	EXPECT_EQ(MSVM_OK, svm_load(&other, self->own, &number, &value));
	svm_close(&other);
	EXPECT_EQ(MSVM_OK,
		  svm_load(&self->dev, self->pasid, &number, &value));
}

/* A child shares the file, and what is bound to the device. */
TEST_F(device, is_shared_with_children)
{
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		__u64 value;

		_exit(svm_load(&self->dev, self->pasid, &number, &value) !=
		      MSVM_OK || value != 2 ||
		      __svm_unbind(&self->dev, self->pasid));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-ENOENT, __svm_unbind(&self->dev, self->pasid));
}

TEST_F(device, is_forgotten_by_reset)
{
	__u64 value;

	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(MSVM_IDLE, svm_reg(&self->dev, MSVM_STATUS));
	EXPECT_EQ(MSVM_NO_BOND, svm_load(&self->dev, self->own, &number, &value));
	EXPECT_EQ(-ENOENT, __svm_unbind(&self->dev, self->pasid));
	self->own = svm_bind(&self->dev, 0);
	EXPECT_EQ(MSVM_OK, svm_load(&self->dev, self->own, &number, &value));
}

TEST_F(device, is_forgotten_by_close)
{
	int eventfd = irq_eventfd();
	char uuid[MDEV_UUID_SIZE];
	__u64 value;

	irq_connect(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX, eventfd);
	/* Which has the file, too */
	svm_target_end(&self->target);
	memcpy(uuid, self->dev.uuid, sizeof(uuid));
	vfio_dev_close(&self->dev);
	vfio_dev_open(&self->dev, uuid);
	EXPECT_EQ(MSVM_NO_BOND, svm_load(&self->dev, self->own, &number, &value));
	EXPECT_EQ(0, irq_take(eventfd));
	EXPECT_EQ(-ENOENT, __svm_unbind(&self->dev, self->pasid));
	EXPECT_EQ(-ENOENT, __svm_unbind(&self->dev, self->own));
	close(eventfd);
}

/*
 * Errnos
 */

/* Of argsz, by how much it is too large */
struct row {
	const char *name;
	struct vfio_device_svm arg;
	int ret;
};

#define ROW(_ret, ...) { #__VA_ARGS__, { __VA_ARGS__ }, _ret }

static int errno_of(struct vfio_dev *dev, unsigned int cmd,
		    const struct row *row)
{
	struct vfio_device_svm arg = row->arg;

	arg.argsz += sizeof(arg);
	return ioctl(dev->fd, cmd, &arg) ? -errno : 0;
}

TEST_F(device, errnos_of_bind)
{
	const struct row table[] = {
		ROW(-EINVAL, .argsz = -1),
		ROW(-EINVAL, .argsz = -24),
		ROW(-EINVAL, .flags = VFIO_SVM_PASID_RELEASE_FLUSHED),
		ROW(-EINVAL, .flags = VFIO_SVM_PASID_RELEASE_CLEAN),
		ROW(-EINVAL, .flags = 8),
		ROW(-EINVAL, .flags = 0x80000000),
		ROW(-EINVAL, .reserved = 1),
		ROW(-EINVAL, .op = 3),
		ROW(-EINVAL, .op = ~0U),
		ROW(-EINVAL, .op = VFIO_SVM_GUEST_PROCESS, .reserved = 1),
		ROW(-EOPNOTSUPP, .op = VFIO_SVM_GUEST_PROCESS),
		ROW(-EOPNOTSUPP, .op = VFIO_SVM_GUEST_TABLE),
		ROW(-ESRCH, .flags = VFIO_SVM_PID, .pid = 0),
		ROW(-ESRCH, .flags = VFIO_SVM_PID, .pid = 0x7fffffff),
		ROW(-ESRCH, .flags = VFIO_SVM_PID, .pid = ~0U),
		/* kthreadd */
		ROW(-ESRCH, .flags = VFIO_SVM_PID, .pid = 2),
		ROW(0, .flags = 0),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		EXPECT_EQ(table[i].ret, errno_of(&self->dev, VFIO_DEVICE_SVM_BIND,
						 &table[i]))
			TH_LOG("%s", table[i].name);
	}
}

TEST_F(device, errnos_of_unbind)
{
	const struct row table[] = {
		ROW(-EINVAL, .argsz = -1),
		ROW(-EINVAL, .flags = VFIO_SVM_PID),
		ROW(-EINVAL, .flags = 8),
		ROW(-EINVAL, .reserved = 1),
		ROW(-EINVAL, .op = 3),
		ROW(-EOPNOTSUPP, .op = VFIO_SVM_GUEST_PROCESS),
		ROW(-EOPNOTSUPP, .op = VFIO_SVM_GUEST_TABLE),
		ROW(-ENOENT, .pasid = 0),
		ROW(-ENOENT, .pasid = 0xfffff),
		ROW(-ENOENT, .pasid = ~0U),
		ROW(-ENOENT, .pasid = 0x100000 + self->own),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		EXPECT_EQ(table[i].ret, errno_of(&self->dev,
						 VFIO_DEVICE_SVM_UNBIND,
						 &table[i]))
			TH_LOG("%s", table[i].name);
	}
	svm_unbind(&self->dev, self->own);
}

/* What cannot be told who bound is not bound. */
TEST_F(device, bad_pointers)
{
	const struct vfio_device_svm arg = {
		.argsz = sizeof(arg), .flags = VFIO_SVM_PID,
		.pid = self->target.pid,
	};
	void *read_only = buffer_read_only(&arg, sizeof(arg));
	void *cut = buffer_cut(&arg, sizeof(arg) - 1);
	int i;

	svm_unbind(&self->dev, self->pasid);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SVM_BIND, read_only));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SVM_BIND, cut));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SVM_UNBIND, cut));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, ioctl(self->dev.fd, VFIO_DEVICE_SVM_BIND, NULL));
		EXPECT_EQ(EFAULT, errno);
	}
	self->pasid = svm_bind(&self->dev, self->target.pid);
	svm_unbind(&self->dev, self->pasid);
	EXPECT_EQ(-ENOENT, __svm_unbind(&self->dev, self->pasid));
	buffer_free(read_only);
	buffer_free(cut);
}

/* Neither a process that has ended, though nobody has asked how, nor none */
TEST_F(device, zombies)
{
	__u32 pasid;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(0);
	EXPECT_TRUE(WAIT_FOR(__svm_bind(&self->dev, pid, &pasid) == -ESRCH));
	waitpid(pid, NULL, 0);
	EXPECT_EQ(-ESRCH, __svm_bind(&self->dev, pid, &pasid));
}

/* There can be 64. Those that are dead do not count, and leave nothing. */
TEST_F(device, sixty_four)
{
	struct svm_target targets[BONDS];
	__u32 pasid;
	int i;

	svm_unbind(&self->dev, self->pasid);
	svm_unbind(&self->dev, self->own);
	for (i = 0; i < BONDS; i++) {
		svm_target_start(&targets[i], NULL, NULL);
		EXPECT_GE(0xfffff, svm_bind(&self->dev, targets[i].pid));
	}
	EXPECT_EQ(-ENOSPC, __svm_bind(&self->dev, self->target.pid, &pasid));
	EXPECT_EQ(0, __svm_bind(&self->dev, targets[5].pid, &pasid));
	svm_target_end(&targets[5]);
	EXPECT_TRUE(WAIT_FOR(!__svm_bind(&self->dev, self->target.pid, &pasid)));
	svm_unbind(&self->dev, pasid);
	for (i = 0; i < BONDS; i++)
		if (i != 5)
			svm_target_end(&targets[i]);
	EXPECT_TRUE(WAIT_FOR(!__svm_bind(&self->dev, self->target.pid, &pasid)));
}

static long mms(void)
{
	slab_shrink("mm_struct");
	return slab_objects("mm_struct");
}

/* Processes that were bound and have ended leave at most what the next one sweeps. */
TEST_F(device, the_dead_leave_nothing)
{
	struct svm_target target;
	long before;
	int i;

	before = mms();
	for (i = 0; i < 3 * BONDS; i++) {
		svm_target_start(&target, NULL, NULL);
		svm_bind(&self->dev, target.pid);
		svm_target_end(&target);
	}
	svm_bind(&self->dev, 0);
	EXPECT_TRUE(WAIT_FOR(mms() <= before + 4))
		TH_LOG("%ld mm_structs, %ld before", mms(), before);
	svm_target_start(&target, NULL, NULL);
	svm_bind(&self->dev, target.pid);
	svm_target_end(&target);
	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_TRUE(WAIT_FOR(mms() <= before + 4));
}

/*
 * Commands
 */

static void fill_randomly(__u8 *mem, size_t size, unsigned int seed)
{
	while (size--) {
		seed = seed * 1103515245 + 12345;
		*mem++ = seed >> 16;
	}
}

static struct svm_command command_of(unsigned int command, __u32 pasid,
				     const void *addr, __u64 len)
{
	return (struct svm_command){
		.command = command, .pasid = pasid, .len = len,
		.addr = (unsigned long)addr,
	};
}

/* To and from any address, without a byte more */
TEST_F(device, reads_and_writes)
{
	static const struct { size_t at, len; } table[] = {
		{ 0, 1 }, { 1, 4096 }, { 4095, 2 }, { 5, MSVM_DATA_SIZE },
		{ 4096, MSVM_DATA_SIZE }, { 4000, 8193 }, { 7, 0 },
	};
	__u8 *mem = map_memory(SIZE), *model = map_memory(SIZE);
	__u8 *data = map_memory(MSVM_DATA_SIZE);
	struct svm_command cmd;
	size_t i;

	fill_randomly(mem, SIZE, 1);
	memcpy(model, mem, SIZE);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		cmd = command_of(MSVM_READ, self->own, mem + table[i].at,
				 table[i].len);
		ASSERT_EQ(MSVM_OK, svm_run(&self->dev, &cmd));
		ASSERT_EQ(MSVM_DATA_SIZE,
			  __vfio_dev_read(&self->dev, DATA, 0, data,
					  MSVM_DATA_SIZE));
		ASSERT_EQ(0, memcmp(data, mem + table[i].at, table[i].len));
		fill_randomly(data, MSVM_DATA_SIZE, 2 + i);
		ASSERT_EQ(MSVM_DATA_SIZE,
			  __vfio_dev_write(&self->dev, DATA, 0, data,
					   MSVM_DATA_SIZE));
		cmd.command = MSVM_WRITE;
		ASSERT_EQ(MSVM_OK, svm_run(&self->dev, &cmd));
		memcpy(model + table[i].at, data, table[i].len);
		ASSERT_EQ(0, memcmp(model, mem, SIZE));
	}
}

TEST_F(device, fills)
{
	__u8 *mem = map_memory(SIZE);
	struct svm_command cmd;
	size_t i;

	fill_randomly(mem, SIZE, 1);
	cmd = command_of(MSVM_FILL, self->own, mem + 3, SIZE - 10);
	cmd.value = 0xa5;
	ASSERT_EQ(MSVM_OK, svm_run(&self->dev, &cmd));
	for (i = 3; i < SIZE - 7; i++)
		ASSERT_EQ(0xa5, mem[i]);
	EXPECT_NE(0xa5a5a5, mem[0] | mem[1] << 8 | mem[2] << 16);
	EXPECT_NE(0xa5a5a5, mem[SIZE - 7] | mem[SIZE - 6] << 8 | mem[SIZE - 5] << 16);
}

TEST_F(device, copies_and_sums)
{
	__u8 *mem = map_memory(SIZE), *to = map_memory(SIZE);
	struct svm_command cmd;
	__u64 sum = 0;
	size_t i;

	fill_randomly(mem, SIZE, 1);
	cmd = command_of(MSVM_COPY, self->own, mem + 1, SIZE - 100);
	cmd.target = (unsigned long)to + 50;
	ASSERT_EQ(MSVM_OK, svm_run(&self->dev, &cmd));
	EXPECT_EQ(0, memcmp(mem + 1, to + 50, SIZE - 100));
	EXPECT_EQ(0, to[49]);
	EXPECT_EQ(0, to[SIZE - 50]);
	for (i = 1; i < SIZE - 99; i++)
		sum += mem[i];
	cmd.command = MSVM_SUM;
	ASSERT_EQ(MSVM_OK, svm_run(&self->dev, &cmd));
	EXPECT_EQ(sum, svm_reg(&self->dev, MSVM_RESULT));
}

TEST_F(device, bad_commands)
{
	const struct svm_command table[] = {
		{ .command = 0 },
		{ .command = MSVM_SUM + 1 },
		{ .command = ~0U },
		{ .command = MSVM_READ, .len = MSVM_DATA_SIZE + 1 },
		{ .command = MSVM_WRITE, .len = ~0ULL },
	};
	struct svm_command cmd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		cmd = table[i];
		cmd.pasid = self->own;
		EXPECT_EQ(MSVM_BAD_COMMAND, svm_run(&self->dev, &cmd))
			TH_LOG("row %zu", i);
	}
	EXPECT_EQ(0, svm_reg(&self->dev, MSVM_FAULTS));
}

/*
 * Faults
 */

/* Where it stopped, what for, and that what comes before is done */
TEST_F(device, says_where)
{
	const struct {
		unsigned int command, access;
		bool target;
	} table[] = {
		{ MSVM_READ, MSVM_FAULT_READ, false },
		{ MSVM_WRITE, MSVM_FAULT_WRITE, false },
		{ MSVM_FILL, MSVM_FAULT_WRITE, false },
		{ MSVM_SUM, MSVM_FAULT_READ, false },
		{ MSVM_COPY, MSVM_FAULT_READ, false },
		{ MSVM_COPY, MSVM_FAULT_WRITE, true },
	};
	__u8 *mem = map_memory(SIZE), *good = map_memory(SIZE);
	int eventfd = irq_eventfd();
	struct svm_command cmd;
	size_t i;

	munmap(mem + 20 * PAGE - PAGE, PAGE);
	mem += 20 * PAGE - 3 * PAGE;
	irq_connect(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX, eventfd);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		cmd = command_of(table[i].command, self->own, mem + 9, 3 * PAGE);
		cmd.target = (unsigned long)good;
		if (table[i].target) {
			cmd.addr = (unsigned long)good;
			cmd.target = (unsigned long)mem + 9;
		}
		cmd.value = 'v';
		EXPECT_EQ(MSVM_FAULT, svm_run(&self->dev, &cmd));
		EXPECT_EQ((unsigned long)mem + 2 * PAGE,
			  svm_reg(&self->dev, MSVM_FAULT_ADDR))
			TH_LOG("row %zu", i);
		EXPECT_EQ(table[i].access,
			  svm_reg(&self->dev, MSVM_FAULT_ACCESS));
		EXPECT_EQ(i + 1, svm_reg(&self->dev, MSVM_FAULTS));
		EXPECT_EQ(1, irq_wait(eventfd));
		if (table[i].command == MSVM_FILL)
			EXPECT_EQ('v', mem[2 * PAGE - 1]);
	}
	EXPECT_EQ(0, mem[0]);
	close(eventfd);
}

TEST_F(device, addresses_of_nobody)
{
	static const __u64 table[] = {
		0, 1ULL << 47, 1ULL << 56, 1ULL << 63, ~0ULL, ~0ULL - PAGE + 1,
		0xffffffffff600000, 0xffffffffff600008, 0xffff888000000000,
		0xffffffff81000000,
	};
	struct svm_command cmd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		cmd = command_of(MSVM_READ, self->own, NULL, 16);
		cmd.addr = table[i];
		EXPECT_EQ(MSVM_FAULT, svm_run(&self->dev, &cmd))
			TH_LOG("%llx", table[i]);
		EXPECT_EQ(table[i], svm_reg(&self->dev, MSVM_FAULT_ADDR));
		cmd.command = MSVM_FILL;
		cmd.len = ~0ULL;
		EXPECT_EQ(MSVM_FAULT, svm_run(&self->dev, &cmd))
			TH_LOG("%llx", table[i]);
	}
}

/* Nobody is there: a fault, too, but one that says so */
TEST_F(device, unbound_is_a_fault)
{
	int eventfd = irq_eventfd();
	__u64 value;

	irq_connect(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX, eventfd);
	EXPECT_EQ(MSVM_NO_BOND, svm_load(&self->dev, 0xfffff, &number, &value));
	EXPECT_EQ(1, irq_wait(eventfd));
	EXPECT_EQ((unsigned long)&number, svm_reg(&self->dev, MSVM_FAULT_ADDR));
	svm_target_end(&self->target);
	EXPECT_EQ(MSVM_NO_BOND,
		  svm_load(&self->dev, self->pasid, &number, &value));
	EXPECT_EQ(1, irq_wait(eventfd));
	EXPECT_EQ(MSVM_OK, svm_load(&self->dev, self->own, &number, &value));
	EXPECT_EQ(0, irq_take(eventfd));
	close(eventfd);
}

TEST_F(device, interrupts)
{
	int fds[2] = { irq_eventfd(), irq_eventfd() };
	__u64 value;

	irq_connect(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, fds[0]);
	irq_connect(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX, fds[1]);
	EXPECT_EQ(MSVM_OK, svm_load(&self->dev, self->own, &number, &value));
	EXPECT_EQ(1, irq_wait(fds[0]));
	EXPECT_EQ(0, irq_take(fds[1]));
	EXPECT_EQ(MSVM_FAULT, svm_load(&self->dev, self->own, NULL, &value));
	EXPECT_EQ(1, irq_wait(fds[0]));
	EXPECT_EQ(1, irq_wait(fds[1]));

	/* For tests of user space, and disabled */
	EXPECT_EQ(0, __irq_trigger(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX));
	EXPECT_EQ(1, irq_wait(fds[1]));
	EXPECT_EQ(-ENOTTY, __irq_mask(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX));
	EXPECT_EQ(0, __irq_disable(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX));
	EXPECT_EQ(-EINVAL, __irq_disable(&self->dev, VFIO_SVM_FAULT_IRQ_INDEX));
	EXPECT_EQ(MSVM_FAULT, svm_load(&self->dev, self->own, NULL, &value));
	EXPECT_EQ(0, irq_take(fds[1]));
	EXPECT_EQ(1, irq_take(fds[0]));
	close(fds[0]);
	close(fds[1]);
}

TEST_HARNESS_MAIN
