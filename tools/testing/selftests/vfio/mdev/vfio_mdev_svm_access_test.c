// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that work in address spaces of processes: whose they may be, and that no
 * program is got at by what was allowed for another one
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#include "svm_target.h"

#define USER		1000
#define OTHER		1001
#define YAMA		"/proc/sys/kernel/yama/ptrace_scope"
#define PROGRAM		"./svm_target"
#define STORM_MS	2000
#define VIRTUAL_MS	300	/* where time goes by calls */
#define MOST_LOOKS	5000		/* at what is not there yet */
#define ENOUGH		300
#define CAP(name)	(1ULL << CAP_##name)

/**
 * struct person - whom a process is of
 * @root: nothing is changed
 * @uid: real, effective, saved, and file system's; groups are the same
 * @caps: what it may do all the same
 * @undumpable: it is none that others may debug
 * @debugged: it lets anybody debug it whom Yama would not let
 */
struct person {
	bool root;
	uid_t uid[4];
	__u64 caps;
	bool undumpable;
	bool debugged;
};

#define PLAIN(id) .uid = { id, id, id, id }

static const struct person root = { .root = true };
static const struct person hidden_root = { .root = true, .undumpable = true };
static const struct person user = { PLAIN(USER) };
static const struct person other = { PLAIN(OTHER) };
static const struct person hidden = { PLAIN(USER), .undumpable = true };
static const struct person mighty = { PLAIN(USER), .caps = CAP(NET_ADMIN) };
static const struct person willing = { PLAIN(USER), .debugged = true };
static const struct person debugger = { PLAIN(USER), .caps = CAP(SYS_PTRACE) };
/* Who may look at processes in some ways, but not change them */
static const struct person watcher = { PLAIN(USER), .caps = CAP(PERFMON) };
static const struct person reader = {
	PLAIN(USER), .caps = CAP(SYS_PTRACE) | CAP(DAC_OVERRIDE),
};
/* Programs that are root's by their mode, the first without its rights */
static const struct person meek = { .uid = { USER, 0, 0, 0 } };
static const struct person saved = { .uid = { USER, USER, 0, USER } };
/* Somebody who is another one for files only */
static const struct person filer = { .uid = { USER, USER, OTHER, OTHER } };

static void set_caps(__u64 caps)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = caps, .permitted = caps },
		{ .effective = caps >> 32, .permitted = caps >> 32 },
	};

	MDEV_ASSERT(!syscall(SYS_capset, &header, data), "capset: %s",
		    strerror(errno));
}

static void become(void *arg)
{
	const struct person *person = arg;
	const uid_t *uid = person->uid;

	if (!person->root) {
		prctl(PR_SET_KEEPCAPS, 1);
		MDEV_ASSERT(!setgroups(0, NULL) &&
			    !setresgid(uid[0], uid[1], uid[2]) &&
			    !setresuid(uid[0], uid[1], uid[2]),
			    "becoming %u: %s", uid[0], strerror(errno));
		setfsgid(uid[3]);
		setfsuid(uid[3]);
		set_caps(person->caps);
	}
	prctl(PR_SET_DUMPABLE, !person->undumpable);
	if (person->debugged)
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

/* A child of the caller, not one of the test */
struct parent {
	const struct person *person;
	struct svm_target *child;
};

static void become_parent(void *arg)
{
	struct parent *parent = arg;

	become((void *)parent->person);
	svm_target_start(parent->child, NULL, NULL);
}

FIXTURE(access) {
	struct vfio_dev dev;
	int scope;		/* of Yama before */
};

FIXTURE_VARIANT(access) {
	int scope;
};

FIXTURE_VARIANT_ADD(access, everywhere) {
	.scope = 0,
};

FIXTURE_VARIANT_ADD(access, yama_1) {
	.scope = 1,
};

FIXTURE_VARIANT_ADD(access, yama_2) {
	.scope = 2,
};

static void set_scope(int scope)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", scope);
	file_puts(text, YAMA);
}

FIXTURE_SETUP(access)
{
	self->dev = VFIO_DEV_CLOSED;
	self->scope = file_exists(YAMA) ? file_long(YAMA) : -1;
	if (!svm_setup())
		SKIP(return, "this kernel has no msvm");
	if (self->scope < 0 && variant->scope)
		SKIP(return, "this kernel has no Yama");
	svm_open(&self->dev);
	if (self->scope >= 0)
		set_scope(variant->scope);
}

FIXTURE_TEARDOWN(access)
{
	if (self->scope >= 0)
		set_scope(self->scope);
	if (self->dev.fd >= 0)
		svm_close(&self->dev);
}

/* Older kernels are asked by opening a file, for which there is one more condition. */
static bool asks_file(void)
{
	return kernel_has_symbol("compat_svm_exit");
}

/* By the errno that @caller gets for a process of @target, for each scope of Yama */
TEST_F(access, to_processes)
{
	const int file = asks_file() ? -EACCES : 0;
	const struct {
		const char *name;
		const struct person *caller, *target;
		int ret[3];
	} table[] = {
		{ "root, root's", &root, &root, { 0 } },
		{ "root, a user's", &root, &user, { 0 } },
		{ "root, hidden", &root, &hidden, { 0 } },
		{ "root, root's hidden", &root, &hidden_root, { 0 } },
		{ "user, own", &user, &user, { 0, -EACCES, -EACCES } },
		{ "user, own, willing", &user, &willing, { 0, 0, -EACCES } },
		{ "user, another's", &user, &other,
		  { -EACCES, -EACCES, -EACCES } },
		{ "user, root's", &user, &root, { -EACCES, -EACCES, -EACCES } },
		{ "user, own hidden", &user, &hidden,
		  { -EACCES, -EACCES, -EACCES } },
		{ "user, own that was root's", &user, &saved,
		  { -EACCES, -EACCES, -EACCES } },
		{ "user, own that is root's", &user, &meek,
		  { -EACCES, -EACCES, -EACCES } },
		{ "user, own with rights", &user, &mighty,
		  { -EACCES, -EACCES, -EACCES } },
		{ "with rights, own with others", &mighty, &debugger,
		  { -EACCES, -EACCES, -EACCES } },
		{ "debugger, own", &debugger, &user, { 0 } },
		{ "debugger, another's", &debugger, &other,
		  { file, file, file } },
		{ "debugger, hidden", &debugger, &hidden, { file, file, file } },
		{ "watcher, another's", &watcher, &other,
		  { -EACCES, -EACCES, -EACCES } },
		{ "reader, another's", &reader, &other, { 0 } },
		{ "reader, hidden", &reader, &hidden, { 0 } },
		{ "reader, with other rights", &reader, &mighty, { 0 } },
		{ "root by mode only, root's", &meek, &root,
		  { -EACCES, -EACCES, -EACCES } },
		{ "root by mode only, own", &meek, &user,
		  { 0, -EACCES, -EACCES } },
		{ "another for files, that one's", &filer, &other,
		  { -EACCES, -EACCES, -EACCES } },
		{ "another for files, own", &filer, &user,
		  { 0, -EACCES, -EACCES } },
	};
	struct svm_target target;
	__u32 pasid;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		svm_target_start(&target, become, (void *)table[i].target);
		EXPECT_EQ(table[i].ret[variant->scope],
			  __svm_bind_as(&self->dev, become,
					(void *)table[i].caller, target.pid,
					&pasid))
			TH_LOG("%s", table[i].name);
		svm_target_end(&target);
	}
}

/* The pid of a child, which the child that asks has, is in memory of both. */
static int bind_own_child(struct vfio_dev *dev, const struct person *person)
{
	struct parent parent = { .person = person };
	struct svm_target child = { 0 };
	int fds[2], ret, status;
	__u32 pasid;
	pid_t pid;

	parent.child = &child;
	MDEV_ASSERT(!pipe(fds), "pipe: %s", strerror(errno));
	pid = fork();
	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		become_parent(&parent);
		ret = -__svm_bind(dev, child.pid, &pasid);
		svm_target_end(&child);
		_exit(ret);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

TEST_F(access, to_children)
{
	const int ret = variant->scope == 2 ? -EACCES : 0;

	EXPECT_EQ(ret, bind_own_child(&self->dev, &user));
	EXPECT_EQ(0, bind_own_child(&self->dev, &root));
	EXPECT_EQ(0, bind_own_child(&self->dev, &reader));
}

static int bind_itself(struct vfio_dev *dev, const struct person *person,
		       bool by_number)
{
	__u32 pasid;
	int status;
	pid_t pid;

	pid = fork();
	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		become((void *)person);
		_exit(-__svm_bind(dev, by_number ? getpid() : 0, &pasid));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Whoever it is, it has what it is given. */
TEST_F(access, to_itself)
{
	const struct person *table[] = { &root, &user, &hidden, &meek, &filer };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		EXPECT_EQ(0, bind_itself(&self->dev, table[i], false));
		EXPECT_EQ(0, bind_itself(&self->dev, table[i], true))
			TH_LOG("row %zu", i);
	}
}

/*
 * Programs that are executed
 */

FIXTURE(exec) {
	struct vfio_dev dev;
	pid_t pid;
	long end;
	char setuid_program[64];
};

FIXTURE_SETUP(exec)
{
	const char *ms = getenv("MDEV_STORM_MS");

	memset(self, 0, sizeof(*self));
	self->dev = VFIO_DEV_CLOSED;
	if (!svm_setup())
		SKIP(return, "this kernel has no msvm");
	if (file_exists(YAMA))
		set_scope(0);
	svm_open(&self->dev);
	self->end = now_ms() + (ms ? atol(ms) : virtual_time() ? VIRTUAL_MS : STORM_MS);
}

FIXTURE_TEARDOWN(exec)
{
	if (self->pid) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, 0);
	}
	if (self->setuid_program[0])
		unlink(self->setuid_program);
	if (self->dev.fd >= 0)
		svm_close(&self->dev);
}

/* As a user, with what it says in *@out */
static pid_t run_program(const char *how, const char *number,
			 const char *program, int *out)
{
	int exe = open(PROGRAM, O_RDONLY);
	char path[32];
	int fds[2];
	pid_t pid;

	MDEV_ASSERT(exe >= 0 && !pipe2(fds, O_CLOEXEC), "%s: %s", PROGRAM,
		    strerror(errno));
	pid = fork();
	MDEV_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], 1);
		svm_become_user(USER);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", exe);
		execl(path, "svm_target", how, number, program, NULL);
		_exit(1);
	}
	close(exe);
	close(fds[1]);
	if (out)
		*out = fds[0];
	else
		close(fds[0]);
	return pid;
}

/* What was bound is gone; the program that is there now has to be bound again. */
TEST_F(exec, takes_it_away)
{
	__u32 pasid, again;
	__u64 value;

	self->pid = run_program("become", "5", "/proc/self/exe", NULL);
	pasid = svm_bind(&self->dev, self->pid);
	EXPECT_TRUE(WAIT_FOR(svm_load(&self->dev, pasid, SVM_TARGET_NUMBER,
				      &value) == MSVM_NO_BOND));
	if (!__svm_bind(&self->dev, self->pid, &again))
		EXPECT_NE(pasid, again);
	kill(self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
	self->pid = 0;
}

struct seen {
	long bonds;
	long refusals;
	long looks;
	long changes;
	long forbidden;
};

/* Looks at it until it is gone, or has been seen often enough */
static void look(struct vfio_dev *dev, __u32 pasid, __u64 forbidden,
		 struct seen *seen)
{
	__u64 value, first = 0;
	unsigned int status;
	int i, looks = 0;

	seen->bonds++;
	for (i = 0; i < MOST_LOOKS && looks < ENOUGH; i++) {
		status = svm_load(dev, pasid, SVM_TARGET_NUMBER, &value);
		if (status == MSVM_NO_BOND)
			break;
		if (status != MSVM_OK || !value)
			continue;
		looks++;
		seen->changes += first && value != first;
		seen->forbidden += value == forbidden;
		first = value;
	}
	seen->looks += looks;
	__svm_unbind(dev, pasid);
}

/* By a user, whom @out tells whom to bind if it is not @pid */
static struct seen look_as_user(struct vfio_dev *dev, pid_t pid, int out,
				__u64 forbidden, long end)
{
	struct seen seen = { 0 };
	bool again = false, idle = virtual_time();
	int fds[2], ret;
	pid_t child;
	__u32 pasid;

	MDEV_ASSERT(!pipe(fds), "pipe: %s", strerror(errno));
	child = fork();
	MDEV_ASSERT(child >= 0, "fork: %s", strerror(errno));
	if (child) {
		close(fds[1]);
		MDEV_ASSERT(read(fds[0], &seen, sizeof(seen)) == sizeof(seen),
			    "who looked has ended");
		close(fds[0]);
		waitpid(child, NULL, 0);
		return seen;
	}
	svm_become_user(USER);
	while (goes_on(end, seen.looks && (out < 0 || seen.refusals))) {
		if (out >= 0 && !again &&
		    read(out, &pid, sizeof(pid)) != sizeof(pid))
			break;
		ret = __svm_bind(dev, pid, &pasid);
		if (ret == -ESRCH && out < 0)
			break;
		again = ret == -EACCES;
		seen.refusals += again;
		/* Time stands still for who only asks, and so does the process. */
		if (again && idle)
			usleep(20);
		if (!ret)
			look(dev, pasid, forbidden, &seen);
	}
	_exit(write(fds[1], &seen, sizeof(seen)) != sizeof(seen));
}

static void print_seen(const struct seen *seen)
{
	printf("# bound %ld times, refused %ld times, %ld looks\n", seen->bonds,
	       seen->refusals, seen->looks);
	fflush(stdout);
}

/* A process that becomes another program all the time is one of them in each bond. */
TEST_F(exec, in_a_loop)
{
	struct seen seen;

	self->pid = run_program("loop", "1", NULL, NULL);
	seen = look_as_user(&self->dev, self->pid, -1, 0, self->end);
	print_seen(&seen);
	EXPECT_LT(0, seen.looks);
	EXPECT_EQ(0, seen.changes);
}

static void copy_setuid(char *path, size_t size)
{
	char command[128];

	snprintf(path, size, "/tmp/svm-setuid-%d", getpid());
	snprintf(command, sizeof(command), "cp %s %s", PROGRAM, path);
	MDEV_ASSERT(!system(command) && !chmod(path, 04755), "%s: %s", path,
		    strerror(errno));
}

/* It becomes one of root's, of which nothing is seen. */
TEST_F(exec, of_a_setuid_program)
{
	struct seen seen, all = { 0 };

	copy_setuid(self->setuid_program, sizeof(self->setuid_program));
	while (goes_on(self->end, all.looks && all.refusals)) {
		self->pid = run_program("become", "1", self->setuid_program,
					NULL);
		seen = look_as_user(&self->dev, self->pid, -1, 2, self->end);
		waitpid(self->pid, NULL, 0);
		self->pid = 0;
		all.bonds += seen.bonds;
		all.refusals += seen.refusals;
		all.looks += seen.looks;
		all.changes += seen.changes;
		all.forbidden += seen.forbidden;
	}
	print_seen(&all);
	EXPECT_LT(0, all.looks);
	EXPECT_LT(0, all.refusals);
	EXPECT_EQ(0, all.changes);
	EXPECT_EQ(0, all.forbidden);
}

/*
 * A child that shares memory with its parent, which nobody may debug, becomes a program
 * that may be debugged. It must not lead to the parent.
 */
TEST_F(exec, of_who_shares_a_secret)
{
	struct seen seen;
	int out;

	self->pid = run_program("spawn", "1", NULL, &out);
	seen = look_as_user(&self->dev, 0, out, 1, self->end);
	close(out);
	print_seen(&seen);
	EXPECT_LT(0, seen.looks);
	EXPECT_LT(0, seen.refusals);
	EXPECT_EQ(0, seen.forbidden);
}

TEST_HARNESS_MAIN
