// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory, at every allocation in turn: loading the modules
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

/*
 * When bus_register() runs out of memory before it has registered its lockdep key,
 * releasing the bus warns that there is no such key.
 */
#define SPARE_BUS_REGISTER "bus_register"
/* Where each round takes long: kmemleak's notes, which it has a reserve for */
#define SPARE_KMEMLEAK "__alloc_object"

/*
 * Loading modules. What the kernel's loader does about a lack of memory is not
 * ours; do_one_initcall() is what calls the module. Where the release of objects
 * is delayed, unloading takes seconds, so not every allocation gets its turn unless
 * MDEV_FAULT_EACH is set.
 */

/* Where modprobe would find it, which takes long to find out */
static void open_module(struct sweep_site *site, const char *name)
{
	static char path[PATH_MAX];
	char command[64];
	FILE *pipe;

	if (!path[0]) {
		snprintf(command, sizeof(command), "modinfo -n %s", name);
		pipe = popen(command, "re");
		MDEV_ASSERT(pipe, "%s: %s", command, strerror(errno));
		if (!fgets(path, sizeof(path), pipe))
			MDEV_FAIL("there is no module %s", name);
		pclose(pipe);
		path[strcspn(path, "\n")] = '\0';
	}
	sweep_open_file(site, O_RDONLY, path);
}

static void prepare_load_mtty(struct sweep_site *site)
{
	module_unload_users("mtty");
	open_module(site, "mtty");
}

/* Its class is there until that is freed, which can be seconds later. */
static bool core_is_gone(void)
{
	return WAIT_FOR(!file_exists("/sys/bus/mdev") &&
			!file_exists(MDEV_PARENTS) &&
			!file_exists("/sys/kernel/slab/mdev_device"));
}

static void unload_vfio_mdev(void)
{
	module_unload_users(TEST_VENDOR);
	mdev_driver_unload("vfio_mdev");
}

static void prepare_load_vfio_mdev(struct sweep_site *site)
{
	unload_vfio_mdev();
	open_module(site, "vfio_mdev");
}

static void prepare_load_mdev(struct sweep_site *site)
{
	unload_vfio_mdev();
	module_unload_users("mdev");
	MDEV_ASSERT(core_is_gone(), "bus mdev, class mdev_bus or a slab cache is still there");
	open_module(site, "mdev");
}

static int run_load(struct sweep_site *site)
{
	return syscall(SYS_finit_module, site->file, "", 0) ? -errno : 0;
}

static bool undone_load_mtty(struct sweep_site *site)
{
	(void)site;
	return !module_loaded("mtty") && !file_exists("/sys/class/mtty") &&
	       !mdev_parent_exists(MTTY_PARENT);
}

static bool undone_load_vfio_mdev(struct sweep_site *site)
{
	(void)site;
	return !module_loaded("vfio_mdev") &&
	       mdev_driver_is_gone("vfio_mdev");
}

static bool undone_load_mdev(struct sweep_site *site)
{
	(void)site;
	return !module_loaded("mdev") && core_is_gone();
}

static void undo_load(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	module_load("mtty");
	module_load(TEST_VENDOR);
	mdev_create(MTTY_PARENT, MTTY_TYPE1, site->uuid);
	mdev_remove(site->uuid);
}

static const struct sweep load_mtty = {
	.prepare = prepare_load_mtty,
	.run = run_load,
	.undone = undone_load_mtty,
	.undo = undo_load,
	.require = "do_one_initcall",
	.spare = SPARE_KMEMLEAK,
	.step = 7,
};

/* EINVAL is what module_add_driver() makes of no memory for "drivers". */
static const struct sweep load_vfio_mdev = {
	.prepare = prepare_load_vfio_mdev,
	.run = run_load,
	.undone = undone_load_vfio_mdev,
	.undo = undo_load,
	.require = "do_one_initcall",
	.spare = SPARE_KMEMLEAK,
	.step = 3,
	.other = EINVAL,
};

static const struct sweep load_mdev = {
	.prepare = prepare_load_mdev,
	.run = run_load,
	.undone = undone_load_mdev,
	.undo = undo_load,
	.require = "do_one_initcall",
	.spare = SPARE_BUS_REGISTER,
	.step = 4,
};

FIXTURE(sweep) {
	struct sweep_site site;
};

FIXTURE_VARIANT(sweep) {
	const char *name;
	const struct sweep *sweep;
};

FIXTURE_VARIANT_ADD(sweep, load_mtty) {
	.name = "load_mtty", .sweep = &load_mtty,
};

FIXTURE_VARIANT_ADD(sweep, load_vfio_mdev) {
	.name = "load_vfio_mdev", .sweep = &load_vfio_mdev,
};

FIXTURE_VARIANT_ADD(sweep, load_mdev) {
	.name = "load_mdev", .sweep = &load_mdev,
};

/* Their instances would be missed when they go with what is unloaded. */
FIXTURE_SETUP(sweep)
{
	module_unload_users("mdpy");
	module_unload_users(MBOCHS);
	if (!sweep_begin(&self->site))
		SKIP(return, "the kernel lets no allocation fail, CONFIG_FAILSLAB");
	module_load(TEST_BUS);
}

FIXTURE_TEARDOWN(sweep)
{
	sweep_end(&self->site);
}

/* Whichever allocation fails, nothing is lost, left behind or called twice. */
TEST_F_TIMEOUT(sweep, every_allocation, 3000)
{
	sweep_run(variant->name, variant->sweep, &self->site);
}

TEST_HARNESS_MAIN
