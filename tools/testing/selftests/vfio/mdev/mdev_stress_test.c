// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that administrators and users can do, by several threads at once and in
 * random order: create, remove, open, bind, unbind, register, withdraw, unload
 *
 * What is checked is the end: everything can be removed, and every count is back
 * where it was. The rest is for the kernel's own checks to find.
 *
 * MDEV_STRESS_SECONDS sets how long (6), MDEV_STRESS_SEED the order, which is
 * that of the run that printed the seed as far as threads can be ordered.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define NR_DEVICES	10
#define NR_THREADS	6

/* Where devices are created; one parent comes and goes, so do both modules. */
static const struct {
	const char *parent;
	const char *type;
} places[] = {
	{ TEST_PARENT, TEST_TYPE("plain") },
	{ TEST_PARENT, TEST_TYPE("request") },
	{ TEST_PARENT, TEST_TYPE("refuse-remove") },
	{ TEST_PARENT, TEST_TYPE("class-test") },
	{ TEST_PARENT2, TEST_TYPE("plain") },
	{ TEST_PARENT2, TEST_TYPE("ops-a") },
	{ MTTY_PARENT, MTTY_TYPE1 },
	{ MTTY_PARENT, MTTY_TYPE2 },
};

static const struct vfio_dev_way *const ways[] = {
	&vfio_dev_by_group, &vfio_dev_by_group_iommufd, &vfio_dev_by_cdev,
};

enum action {
	ACTION_CREATE,
	ACTION_REMOVE,
	ACTION_OPEN,
	ACTION_UNBIND,
	ACTION_BIND,
	ACTION_REGISTER,
	ACTION_UNREGISTER,
	ACTION_RELOAD,
	ACTION_READ,
	NR_ACTIONS
};

/* Of 1000, how many are which; loading a module takes longest by far */
static const struct {
	const char *name;
	int weight;
} actions[NR_ACTIONS] = {
	[ACTION_CREATE] = { "create", 270 },
	[ACTION_REMOVE] = { "remove", 150 },
	[ACTION_OPEN] = { "open", 250 },
	[ACTION_UNBIND] = { "unbind", 60 },
	[ACTION_BIND] = { "bind", 80 },
	[ACTION_REGISTER] = { "register", 45 },
	[ACTION_UNREGISTER] = { "unregister", 22 },
	[ACTION_RELOAD] = { "reload", 4 },
	[ACTION_READ] = { "read", 119 },
};

/**
 * struct stress - what the threads share
 * @uuid: the devices that they fight for
 * @end: when they stop
 * @done: how many actions of each kind succeeded
 * @tried: how many there were
 * @unexpected: a result that no action may have
 */
struct stress {
	char uuid[NR_DEVICES][MDEV_UUID_SIZE];
	long end;
	long done[NR_ACTIONS];
	long tried[NR_ACTIONS];
	int unexpected;
};

struct worker {
	struct stress *stress;
	unsigned int seed;
	pthread_t thread;
};

static unsigned int pick(struct worker *worker, unsigned int n)
{
	return rand_r(&worker->seed) % n;
}

static int act_create(struct worker *worker, const char *uuid)
{
	unsigned int i = pick(worker, ARRAY_SIZE(places));

	return __mdev_create(places[i].parent, places[i].type, uuid);
}

static int act_open(struct worker *worker, const char *uuid)
{
	const struct vfio_dev_way *way = ways[pick(worker, ARRAY_SIZE(ways))];
	struct vfio_dev dev;
	int ret;

	if (!way->available())
		return -ENOENT;
	ret = __vfio_dev_attach(&dev, way, uuid);
	if (ret)
		return ret;
	dev.fd = __vfio_dev_get_fd(&dev);
	ret = dev.fd < 0 ? dev.fd : 0;
	if (!ret)
		__vfio_dev_try(&dev);
	usleep(pick(worker, 3000));
	vfio_dev_close(&dev);
	return ret;
}

static int act_driver(const char *action, const char *uuid)
{
	return __file_puts(uuid, MDEV_DRIVERS "/vfio_mdev/%s", action);
}

static pthread_mutex_t reloading = PTHREAD_MUTEX_INITIALIZER;

static int act_reload(struct worker *worker)
{
	const char *name = pick(worker, 2) ? TEST_VENDOR : "mtty";
	int ret;

	/* It takes long, so others go on with the modules that are there. */
	if (pthread_mutex_trylock(&reloading))
		return -EBUSY;
	ret = __module_unload(name);
	__module_load(name);
	pthread_mutex_unlock(&reloading);
	return ret;
}

static int act_read(struct worker *worker)
{
	unsigned int i = pick(worker, ARRAY_SIZE(places));
	char text[64];
	int n;

	n = __file_gets(text, sizeof(text),
			MDEV_TYPES("%s") "/%s/available_instances",
			places[i].parent, places[i].type);
	return n < 0 ? n : 0;
}

static int act(struct worker *worker, enum action action)
{
	const char *uuid = worker->stress->uuid[pick(worker, NR_DEVICES)];

	switch (action) {
	case ACTION_CREATE:
		return act_create(worker, uuid);
	case ACTION_REMOVE:
		return __mdev_remove(uuid);
	case ACTION_OPEN:
		return act_open(worker, uuid);
	case ACTION_UNBIND:
		return act_driver("unbind", uuid);
	case ACTION_BIND:
		return act_driver("bind", uuid);
	case ACTION_REGISTER:
		return __test_vendor_run("register-small");
	case ACTION_UNREGISTER:
		return __test_vendor_run("unregister-extra");
	case ACTION_RELOAD:
		return act_reload(worker);
	default:
		return act_read(worker);
	}
}

static enum action pick_action(struct worker *worker)
{
	int n = pick(worker, 1000);
	enum action action = 0;

	while (n >= actions[action].weight)
		n -= actions[action++].weight;
	return action;
}

/* Most actions fail, as the others' leave nothing to act on; not like these. */
static bool is_unexpected(int ret)
{
	switch (ret) {
	case -ENOMEM:
	case -EFAULT:
	case -EIO:
	case -EPERM:
	case -EPROTO:
	case -EINTR:
		return true;
	default:
		return false;
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct stress *stress = worker->stress;
	enum action action;
	int ret, n;

	/* One of each kind, and then at random */
	for (n = 0; n < NR_ACTIONS || now_ms() < stress->end; n++) {
		action = n < NR_ACTIONS ? n : pick_action(worker);
		ret = act(worker, action);
		__atomic_fetch_add(&stress->tried[action], 1,
				   __ATOMIC_RELAXED);
		if (!ret)
			__atomic_fetch_add(&stress->done[action], 1,
					   __ATOMIC_RELAXED);
		if (is_unexpected(ret))
			__atomic_store_n(&stress->unexpected, ret,
					 __ATOMIC_RELAXED);
	}
	return NULL;
}

static long env_long(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtol(text, NULL, 0) : otherwise;
}

static void run_workers(struct stress *stress, unsigned int seed)
{
	struct worker worker[NR_THREADS];
	int i, ret;

	for (i = 0; i < NR_THREADS; i++) {
		worker[i] = (struct worker){ stress, seed + i, 0 };
		ret = pthread_create(&worker[i].thread, NULL, work,
				     &worker[i]);
		MDEV_ASSERT(!ret, "thread: %s", strerror(ret));
	}
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(worker[i].thread, NULL);
}

/**
 * struct counts - what is to be as it was
 * @devices: on the bus
 * @vfio: devices of VFIO
 * @groups: of devices that share an IOMMU, or would
 * @vendors: references on the vendors' modules
 * @core: references on mdev.ko
 */
struct counts {
	long devices;
	long vfio;
	long groups;
	long vendors;
	long core;
};

static struct counts count(void)
{
	struct counts now = {
		.devices = __dir_count(MDEV_DEVICES),
		.vfio = __dir_count("/sys/class/vfio-dev"),
		.groups = __dir_count("/sys/kernel/iommu_groups"),
		.vendors = module_refcnt(TEST_VENDOR) + module_refcnt("mtty"),
		.core = module_refcnt("mdev"),
	};

	return now;
}

/* An earlier test may have left what is freed late; that is gone by now, too. */
static bool is_back(const struct counts *before, struct counts *now)
{
	*now = count();
	return now->devices == before->devices && now->vfio == before->vfio &&
	       now->groups <= before->groups &&
	       now->vendors == before->vendors && now->core <= before->core;
}

static bool same_as_before(const struct counts *before)
{
	struct counts now;

	if (WAIT_FOR(is_back(before, &now)))
		return true;
	printf("# %ld devices, %ld of VFIO, %ld groups, %ld and %ld users\n",
	       now.devices, now.vfio, now.groups, now.vendors, now.core);
	return false;
}

FIXTURE(stress) {
	struct stress stress;
	unsigned int seed;
	long seconds;
	struct counts before;
};

FIXTURE_SETUP(stress)
{
	int i;

	mtty_setup();
	test_vendor_setup();
	module_load(TEST_BUS);
	__test_vendor_run("unregister-extra");
	for (i = 0; i < NR_DEVICES; i++)
		mdev_new_uuid(self->stress.uuid[i]);
	self->before = count();
	self->seconds = env_long("MDEV_STRESS_SECONDS", 6);
	self->seed = env_long("MDEV_STRESS_SEED", time(NULL));
}

FIXTURE_TEARDOWN(stress)
{
}

static void print_result(const struct stress *stress)
{
	int i;

	for (i = 0; i < NR_ACTIONS; i++)
		printf("# %s: %ld of %ld succeeded\n", actions[i].name,
		       stress->done[i], stress->tried[i]);
}

/* Whatever happened, all of it can be removed and nothing is left behind. */
TEST_F_TIMEOUT(stress, everything_at_once, 280)
{
	struct stress *stress = &self->stress;
	int i;

	printf("# MDEV_STRESS_SEED=%u MDEV_STRESS_SECONDS=%ld\n", self->seed,
	       self->seconds);
	fflush(stdout);
	stress->end = now_ms() + self->seconds * 1000;
	run_workers(stress, self->seed);
	print_result(stress);
	EXPECT_EQ(0, stress->unexpected);
	for (i = 0; i < NR_ACTIONS; i++)
		EXPECT_GT(stress->tried[i], 0);
	EXPECT_GT(stress->done[ACTION_CREATE], 0);

	module_load("mtty");
	module_load(TEST_VENDOR);
	for (i = 0; i < NR_DEVICES; i++)
		if (mdev_exists(stress->uuid[i]))
			EXPECT_EQ(0, __mdev_remove(stress->uuid[i]));
	__test_vendor_run("unregister-extra");
	EXPECT_EQ(MTTY_PORTS, mdev_available(MTTY_PARENT, MTTY_TYPE1));
	EXPECT_EQ(0, test_vendor_unremoved());
	EXPECT_EQ(0, test_vendor_count("misordered"));
	EXPECT_TRUE(same_as_before(&self->before));
}

TEST_HARNESS_MAIN
