// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vendor driver for tests: devices with memory that can be mapped in part, and
 * with memory that can only be read. Of those of type 1, the vendor keeps it; of
 * those of type 2, the library provides it, and of type 3 too, which lacks all that
 * a device can do without.
 *
 * The parameter min_width is that of the registers. The parameter mistake makes
 * create() describe what no device can be; each number is another mistake, in the order
 * of enum mdev_test_memory_mistake.
 */
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vfio_mdev.h>
#include <linux/vfio_mdev_lib.h>
#include <linux/vmalloc.h>

#define MDEV_TEST_PAGES		8
#define MDEV_TEST_ROM_PAGES	2
#define MDEV_TEST_ROM_REGION	VFIO_PCI_NUM_REGIONS
#define MDEV_TEST_WINDOW_REGION	(MDEV_TEST_ROM_REGION + 1)

static unsigned int mistake;
module_param(mistake, uint, 0644);
MODULE_PARM_DESC(mistake, "What create() does wrong (default: 0, nothing)");

static unsigned int min_width;
module_param(min_width, uint, 0644);
MODULE_PARM_DESC(min_width, "Narrowest access to registers (default: 0, any)");

/**
 * struct mdev_test_memory - state of a device
 * @pdev: what makes it a PCI device
 * @mem: memory of BAR 0, in two areas of it, or NULL
 * @rom: memory of a region that has a type, and can only be read, or NULL
 * @accesses: number of accesses to the registers around the areas
 * @line_lock: who changes the interrupt line
 */
struct mdev_test_memory {
	struct vfio_mdev_pci_dev pdev;
	u8 *mem;
	u8 *rom;
	atomic_t accesses;
	struct mutex line_lock;		/* who changes the interrupt line */
};

static const struct vfio_region_sparse_mmap_area mdev_test_memory_areas[] = {
	{ .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE },
	{ .offset = 5 * PAGE_SIZE, .size = PAGE_SIZE },
};

/* Of memory that is nothing else */
static const struct vfio_region_sparse_mmap_area mdev_test_window_areas[] = {
	{ .offset = 0, .size = PAGE_SIZE },
	{ .offset = 2 * PAGE_SIZE, .size = PAGE_SIZE },
};

/*
 * The registers count how often they were accessed. Writing an odd value raises the
 * interrupt line, an even one lowers it; a reset does not.
 */
static u64 mdev_test_memory_read(void *priv, u64 offset, unsigned int width)
{
	struct mdev_test_memory *test = priv;

	return atomic_inc_return(&test->accesses);
}

static void mdev_test_memory_write(void *priv, u64 offset, unsigned int width,
				   u64 value)
{
	struct mdev_test_memory *test = priv;

	atomic_inc(&test->accesses);
	mutex_lock(&test->line_lock);
	vfio_mdev_irq_set_line(&test->pdev.irqs, value & 1);
	mutex_unlock(&test->line_lock);
}

static const struct vfio_mdev_region_ops mdev_test_memory_ops = {
	.read = mdev_test_memory_read,
	.write = mdev_test_memory_write,
};

static void mdev_test_memory_set_regions(struct mdev_test_memory *test)
{
	struct vfio_mdev_region *region = test->pdev.region;

	region[0].flags = VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP;
	region[0].min_width = min_width;
	region[0].ops = &mdev_test_memory_ops;
	region[0].priv = test;
	region[0].mem = test->mem;
	region[0].areas = mdev_test_memory_areas;
	region[0].nr_areas = ARRAY_SIZE(mdev_test_memory_areas);

	test->pdev.nr_regions = MDEV_TEST_WINDOW_REGION + 1;
	region[MDEV_TEST_ROM_REGION] = (struct vfio_mdev_region) {
		.size = MDEV_TEST_ROM_PAGES * PAGE_SIZE,
		.flags = VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_MMAP,
		.mem = test->rom,
		.type = VFIO_REGION_TYPE_GFX,
		.subtype = 0x77,
	};
	/* Of the library, as it has both kinds of capabilities */
	region[MDEV_TEST_WINDOW_REGION] = (struct vfio_mdev_region) {
		.size = 4 * PAGE_SIZE,
		.flags = VFIO_MDEV_REGION_RW | VFIO_REGION_INFO_FLAG_MMAP,
		.areas = mdev_test_window_areas,
		.nr_areas = ARRAY_SIZE(mdev_test_window_areas),
		.type = VFIO_REGION_TYPE_GFX,
		.subtype = 0x78,
	};
}

enum mdev_test_memory_mistake {
	MDEV_TEST_NONE,
	MDEV_TEST_BAR_SIZE,
	MDEV_TEST_BAR_UPPER,
	MDEV_TEST_MSI_VECTORS,
	MDEV_TEST_CAP_SIZE,
	MDEV_TEST_REGION_SIZE,
	MDEV_TEST_REGION_NOTHING,
	MDEV_TEST_MMAP_MEM,
	MDEV_TEST_NR_REGIONS,
	MDEV_TEST_NULL_OPS,
	MDEV_TEST_MEM_SHORT,
	MDEV_TEST_NO_FLAGS,
	MDEV_TEST_NO_BAR,
	MDEV_TEST_MIN_WIDTH,
	MDEV_TEST_MSI_TWICE,
	MDEV_TEST_MSI_LATE,
	MDEV_TEST_INIT_TWICE,
	MDEV_TEST_FINISH_TWICE,
	MDEV_TEST_OPS_NULL,
	MDEV_TEST_NO_OPEN,
	MDEV_TEST_NO_READ,
	MDEV_TEST_NO_WRITE,
	MDEV_TEST_NO_IOCTL,
	MDEV_TEST_NO_REGION_INFO,
	MDEV_TEST_NO_MIG_DESC,
	MDEV_TEST_HALF_MIGRATION,
};

static int mdev_test_memory_msi_twice(struct mdev_test_memory *test)
{
	return vfio_mdev_config_add_msi(&test->pdev.config, 1) ?:
	       vfio_mdev_config_add_msi(&test->pdev.config, 1);
}

/* What a vendor may get wrong after the description. 0 or an errno */
static int mdev_test_memory_err(struct mdev_test_memory *test)
{
	const struct vfio_mdev_pci_cap cap = { .offset = 0xf8, .size = 16 };
	int ret = 0;

	if (mistake == MDEV_TEST_MSI_VECTORS)
		ret = vfio_mdev_config_add_msi(&test->pdev.config, 0);
	else if (mistake == MDEV_TEST_CAP_SIZE)
		ret = vfio_mdev_config_add_cap(&test->pdev.config, &cap, NULL);
	else if (mistake == MDEV_TEST_REGION_SIZE)
		test->pdev.region[0].size = 16 * PAGE_SIZE;
	else if (mistake == MDEV_TEST_REGION_NOTHING)
		memset(&test->pdev.region[0], 0, sizeof(test->pdev.region[0]));
	else if (mistake == MDEV_TEST_MMAP_MEM)
		test->pdev.region[0].mem = (u8 *)test;
	else if (mistake == MDEV_TEST_MEM_SHORT)
		test->pdev.region[0].mem = test->rom;
	else if (mistake == MDEV_TEST_NO_FLAGS)
		test->pdev.region[0] = (struct vfio_mdev_region) {
			.ops = &mdev_test_memory_ops,
		};
	else if (mistake == MDEV_TEST_NO_BAR)
		test->pdev.region[3].size = 4096;
	else if (mistake == MDEV_TEST_MIN_WIDTH)
		test->pdev.region[0].min_width = 3;
	else if (mistake == MDEV_TEST_MSI_TWICE)
		ret = mdev_test_memory_msi_twice(test);
	else if (mistake == MDEV_TEST_NR_REGIONS)
		test->pdev.nr_regions = VFIO_MDEV_PCI_DEV_REGIONS + 1;
	return ret;
}

/* Without release and request, and with nothing to map */
static const struct vfio_mdev_device_ops mdev_test_sparing_ops = {
	.open = vfio_mdev_pci_dev_open,
	.ioctl = vfio_mdev_pci_dev_ioctl,
	VFIO_MDEV_PCI_DEV_OPS_RDWR,
	.get_region_info = vfio_mdev_pci_dev_get_region_info,
};

static struct mdev_type mdev_test_memory_users = {
	.sysfs_name = "2",
	.pretty_name = "Memory for tests, of each user",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

static struct mdev_type mdev_test_memory_kept = {
	.sysfs_name = "1",
	.pretty_name = "Memory for tests",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

/* Without ops that may be left out */
static struct mdev_type mdev_test_memory_sparing = {
	.sysfs_name = "3",
	.pretty_name = "Memory for tests, of each user, and no more",
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 100,
};

/* Of how it is migrated only the beginning, which VFIO would take for all */
static const struct vfio_mdev_migration_ops mdev_test_half_migration = {
	.flags = VFIO_MIGRATION_STOP_COPY,
};

static const struct vfio_mdev_device_ops mdev_test_half_ops = {
	VFIO_MDEV_PCI_DEV_OPS,
	.migration = &mdev_test_half_migration,
};

/* With ops that lack one */
static int mdev_test_memory_finish_err(struct mdev_test_memory *test,
				       struct mdev_device *mdev)
{
	struct vfio_mdev_device_ops ops = { VFIO_MDEV_PCI_DEV_OPS };

	if (mistake == MDEV_TEST_NO_OPEN)
		ops.open = NULL;
	else if (mistake == MDEV_TEST_NO_READ)
		ops.read = NULL;
	else if (mistake == MDEV_TEST_NO_WRITE)
		ops.write = NULL;
	else if (mistake == MDEV_TEST_NO_IOCTL)
		ops.ioctl = NULL;
	else if (mistake == MDEV_TEST_NO_REGION_INFO)
		ops.get_region_info = NULL;
	else if (mistake == MDEV_TEST_NO_MIG_DESC)
		ops.migration = &vfio_mdev_pci_dev_migration;
	return vfio_mdev_pci_dev_finish(&test->pdev, mdev,
					mistake == MDEV_TEST_OPS_NULL ?
					NULL : &ops);
}

/* Something that comes after the device is complete; ends as create() does */
static int mdev_test_memory_late_err(struct mdev_test_memory *test,
				     struct mdev_device *mdev)
{
	int ret = 0;

	if (mistake == MDEV_TEST_NULL_OPS)
		mdev_set_vfio_ops(mdev, NULL);
	if (mistake == MDEV_TEST_FINISH_TWICE)
		return vfio_mdev_pci_dev_finish(&test->pdev, mdev,
						&vfio_mdev_pci_dev_ops);
	if (mistake == MDEV_TEST_MSI_LATE)
		ret = vfio_mdev_config_add_msi(&test->pdev.config, 1);
	if (ret)
		vfio_mdev_pci_dev_destroy(&test->pdev);
	return ret;
}

static int mdev_test_memory_finish(struct mdev_test_memory *test,
				   struct mdev_device *mdev)
{
	int ret;

	if (mistake == MDEV_TEST_HALF_MIGRATION)
		return vfio_mdev_pci_dev_finish(&test->pdev, mdev,
						&mdev_test_half_ops);
	if (mistake >= MDEV_TEST_OPS_NULL)
		return mdev_test_memory_finish_err(test, mdev);
	if (mdev->type != &mdev_test_memory_sparing)
		return vfio_mdev_pci_dev_finish(&test->pdev, mdev,
						&vfio_mdev_pci_dev_ops);

	ret = vfio_mdev_pci_dev_finish(&test->pdev, mdev,
				       &mdev_test_sparing_ops);
	if (!ret)
		test->pdev.pci.reset = NULL;
	return ret;
}

static int mdev_test_memory_setup(struct mdev_test_memory *test,
				  struct mdev_device *mdev)
{
	struct vfio_mdev_pci_desc desc = {
		.vendor = 0x1af4,
		.device = 0x10f1,
		.irq_pin = 1,
		.bar[0].size = MDEV_TEST_PAGES * PAGE_SIZE,
		.bar[0].flags = PCI_BASE_ADDRESS_MEM_TYPE_64,
	};
	int ret;

	if (mistake == MDEV_TEST_BAR_SIZE)
		desc.bar[0].size--;
	if (mistake == MDEV_TEST_BAR_UPPER)
		desc.bar[1].size = 16;
	ret = vfio_mdev_pci_dev_init(&test->pdev, mdev, &desc);
	if (ret)
		return ret;

	mdev_test_memory_set_regions(test);
	ret = mdev_test_memory_err(test);
	if (mistake == MDEV_TEST_INIT_TWICE)
		ret = vfio_mdev_pci_dev_init(&test->pdev, mdev, &desc);
	if (ret) {
		vfio_mdev_pci_dev_destroy(&test->pdev);
		return ret;
	}
	ret = mdev_test_memory_finish(test, mdev);
	return ret ?: mdev_test_memory_late_err(test, mdev);
}

static void mdev_test_memory_free(struct mdev_test_memory *test)
{
	vfree(test->rom);
	vfree(test->mem);
	kfree(test);
}

static int mdev_test_memory_alloc(struct mdev_test_memory *test)
{
	test->mem = vzalloc(MDEV_TEST_PAGES * PAGE_SIZE);
	test->rom = vzalloc(MDEV_TEST_ROM_PAGES * PAGE_SIZE);
	if (!test->mem || !test->rom)
		return -ENOMEM;
	memset(test->rom, 0xa5, MDEV_TEST_ROM_PAGES * PAGE_SIZE);
	return 0;
}

static int mdev_test_memory_create(struct kobject *kobj,
				   struct mdev_device *mdev)
{
	struct mdev_test_memory *test = kzalloc_obj(*test);
	int ret = 0;

	if (!test)
		return -ENOMEM;
	mutex_init(&test->line_lock);
	if (mdev->type == &mdev_test_memory_kept)
		ret = mdev_test_memory_alloc(test);
	if (!ret)
		ret = mdev_test_memory_setup(test, mdev);
	if (ret)
		mdev_test_memory_free(test);
	return ret;
}

static int mdev_test_memory_remove(struct mdev_device *mdev)
{
	struct mdev_test_memory *test =
		vfio_mdev_pci_dev_container(mdev, struct mdev_test_memory, pdev);

	vfio_mdev_pci_dev_destroy(&test->pdev);
	mdev_test_memory_free(test);
	return 0;
}

static const struct mdev_parent_ops mdev_test_memory_parent_ops = {
	.owner = THIS_MODULE,
	MDEV_TYPES(&mdev_test_memory_kept, &mdev_test_memory_users,
		   &mdev_test_memory_sparing),
	.create = mdev_test_memory_create,
	.remove = mdev_test_memory_remove,
};

module_mdev_virtual_parent(mdev_test_memory_parent_ops);

MODULE_DESCRIPTION("Vendor driver for tests of mapped memory");
MODULE_LICENSE("GPL");
