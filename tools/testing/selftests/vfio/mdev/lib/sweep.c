// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmdev/assert.h>
#include <libmdev/fault.h>
#include <libmdev/file.h>
#include <libmdev/mbochs.h>
#include <libmdev/module.h>
#include <libmdev/sweep.h>
#include <libmdev/test_vendor.h>
#include <libmdev/wait.h>

#define MAX_ALLOCATIONS 3000

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/**
 * struct counts - what a sequence that failed, or was undone, leaves as it was
 * @devices: on the bus
 * @listed: VFIO's devices and groups, going by their classes
 * @instances: that mtty, mdpy and mbochs have left, those of them that are loaded
 * @unremoved: devices of the test vendor
 * @users: references on the vendors' modules
 * @groups: of devices that share an IOMMU, or would; may be freed late
 * @core_users: references on mdev.ko; may be dropped late
 */
struct counts {
	long devices;
	long listed;
	long instances;
	long unremoved;
	long users;
	long groups;
	long core_users;
};

static long instances(void)
{
	static const struct {
		const char *parent;
		const char *type;
	} of[] = {
		{ MTTY_PARENT, MTTY_TYPE1 },
		{ "mdpy", "mdpy-vga" },
		{ MBOCHS_PARENT, MBOCHS_SMALL },
	};
	long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(of); i++)
		if (mdev_parent_exists(of[i].parent))
			sum += mdev_available(of[i].parent, of[i].type);
	return sum;
}

static struct counts count(void)
{
	struct counts now = {
		.devices = __dir_count(MDEV_DEVICES),
		.listed = __dir_count("/sys/class/vfio") +
			  __dir_count("/sys/class/vfio-dev"),
		.instances = instances(),
		.unremoved = test_vendor_unremoved(),
		.users = module_refcnt(TEST_VENDOR) + module_refcnt("mtty"),
		.groups = __dir_count("/sys/kernel/iommu_groups"),
		.core_users = module_refcnt("mdev"),
	};

	return now;
}

static void print_counts(const char *when, const struct counts *counts)
{
	printf("# %s: %ld devices, %ld of VFIO, %ld instances, %ld vendor's\n",
	       when, counts->devices, counts->listed, counts->instances,
	       counts->unremoved);
	printf("# %ld users, %ld on mdev, %ld groups\n", counts->users,
	       counts->core_users, counts->groups);
}

/* What goes at once has gone. */
static bool is_back(const struct counts *before, struct counts *now)
{
	*now = count();
	return !memcmp(before, now, offsetof(struct counts, groups));
}

/* And what goes late as well */
static bool is_all_back(const struct counts *before, struct counts *now)
{
	return is_back(before, now) && now->groups <= before->groups &&
	       now->core_users <= before->core_users;
}

static void fail_counts(const struct counts *before, const struct counts *now,
			const char *name, int nth)
{
	print_counts("before", before);
	print_counts("after", now);
	MDEV_FAIL("%s, %d: something is left behind", name, nth);
}

bool sweep_begin(struct sweep_site *site)
{
	if (!fault_setup())
		return false;

	mtty_setup();
	test_vendor_setup();
	__test_vendor_run("unregister-extra");
	site->file = -1;
	site->eventfd = -1;
	site->dev = VFIO_DEV_CLOSED;
	mdev_new_uuid(site->uuid);
	mdev_new_uuid(site->uuid2);
	return true;
}

void sweep_end(struct sweep_site *site)
{
	fault_limit(NULL, NULL);
	vfio_dev_close(&site->dev);
	sweep_close_file(&site->file);
	sweep_close_file(&site->eventfd);
	__test_vendor_run("unregister-extra");
}

void sweep_open_file(struct sweep_site *site, int flags, const char *path)
{
	site->file = open(path, flags | O_CLOEXEC);
	MDEV_ASSERT(site->file >= 0, "%s: %s", path, strerror(errno));
}

void sweep_close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What fails */
enum outcome {
	NOTHING,	/* there is no such allocation */
	NO_MATTER,	/* an allocation that the sequence can do without */
	SEQUENCE,
};

static enum outcome fail_one(const char *name, const struct sweep *sweep,
			     struct sweep_site *site, int nth)
{
	bool hit;
	int ret;

	if (sweep->prepare)
		sweep->prepare(site);
	if (sweep->file)
		sweep_open_file(site, O_WRONLY, sweep->file);
	fault_begin(nth);
	ret = sweep->run(site);
	hit = fault_end();
	if (!ret) {
		sweep->undo(site);
		return hit ? NO_MATTER : NOTHING;
	}

	MDEV_ASSERT(hit, "%s: %s although nothing failed", name, strerror(-ret));
	MDEV_ASSERT(ret == -ENOMEM || ret == -sweep->other,
		    "%s, %d: %s instead of ENOMEM", name, nth, strerror(-ret));
	MDEV_ASSERT(sweep->undone(site), "%s, %d: half done", name, nth);
	ret = sweep->run(site);
	MDEV_ASSERT(!ret, "%s, %d: %s when repeated", name, nth, strerror(-ret));
	sweep->undo(site);
	return SEQUENCE;
}

/* One after another, but where that takes too long to do it each time */
static int step_of(const struct sweep *sweep)
{
	if (!sweep->step || getenv("MDEV_FAULT_EACH"))
		return 1;
	return sweep->step;
}

void sweep_run(const char *name, const struct sweep *sweep,
	       struct sweep_site *site)
{
	struct counts before = count(), now;
	int found[SEQUENCE + 1] = { 0 };
	int step = step_of(sweep);
	int nth = 1;

	fault_limit(sweep->require, sweep->spare);
	/* Some caches fill up, so that one more round may find more to fail. */
	for (; nth < MAX_ALLOCATIONS && found[NOTHING] < 2; nth += step) {
		found[fail_one(name, sweep, site, nth)]++;
		if (!is_back(&before, &now))
			fail_counts(&before, &now, name, nth);
	}
	printf("# %s: %d failing sites, %d without effect\n", name,
	       found[SEQUENCE], found[NO_MATTER]);
	fflush(stdout);
	MDEV_ASSERT(nth < MAX_ALLOCATIONS, "%s: does not end", name);
	MDEV_ASSERT(found[SEQUENCE], "%s: no allocation matters", name);
	MDEV_ASSERT(!test_vendor_count("misordered"), "%s: misordered", name);
	if (!WAIT_FOR(is_all_back(&before, &now)))
		fail_counts(&before, &now, name, nth);
}
