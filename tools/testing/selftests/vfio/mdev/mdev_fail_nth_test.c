// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory, at every allocation in turn: devices and parents
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define CONTROL		"/sys/class/mdev_test/mdev_test_control/run"
#define EXTRA_DIR	"/sys/class/mdev_test/mdev_test1"
#define BIND_FILE	MDEV_DRIVERS "/vfio_mdev/bind"

/*
 * VFIO itself warns, and leaks the group, when it cannot make the device of the
 * group: vfio_create_group() drops the group as it was never meant to be dropped
 * while it still has its iommu_group. What it allocates is spared.
 */
#define SPARE_VFIO_GROUP "vfio_create_group"
/*
 * devtmpfs leaves the file of a group in place if it lacks the memory for its name,
 * and the next group of that number would be opened by it: ENXIO.
 */
#define SPARE_DEVTMPFS "devtmpfs_delete_node"

static int write_file(struct sweep_site *site, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = pwrite(site->file, text, len, 0);

	if (n < 0)
		return -errno;
	return n == len ? 0 : -EIO;
}

/* Whether a device works, which tells more than that it is there: 0 or -errno */
static int try_open(const char *uuid)
{
	struct vfio_dev dev;
	int ret;

	ret = __vfio_dev_open(&dev, uuid);
	if (ret)
		return ret;
	ret = __vfio_dev_try(&dev);
	vfio_dev_close(&dev);
	return ret == 1 ? 0 : ret;
}

static bool opens(const char *uuid)
{
	int ret = try_open(uuid);

	if (ret)
		printf("# opening %s: %s\n", uuid, strerror(-ret));
	return !ret;
}

/* Creating, of each kind of device */

static int run_write_uuid(struct sweep_site *site)
{
	return write_file(site, site->uuid);
}

static bool undone_create(struct sweep_site *site)
{
	return !mdev_exists(site->uuid);
}

static void undo_create_other_class(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	mdev_remove(site->uuid);
}

static void undo_create(struct sweep_site *site)
{
	MDEV_ASSERT(opens(site->uuid), "%s cannot be opened", site->uuid);
	undo_create_other_class(site);
}

static const struct sweep create = {
	.file = MDEV_TYPES(TEST_PARENT) "/" TEST_TYPE("plain") "/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create,
	.spare = SPARE_VFIO_GROUP,
};

static const struct sweep create_mtty = {
	.file = MDEV_TYPES(MTTY_PARENT) "/" MTTY_TYPE2 "/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create,
	.spare = SPARE_VFIO_GROUP,
};

/* What they have of their own; the rest is as for the others. */
static const struct sweep create_mnull = {
	.file = MDEV_TYPES("mnull") "/mnull-1/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create,
	.require = "mnull_create",
};

static const struct sweep create_mdpy = {
	.file = MDEV_TYPES("mdpy") "/mdpy-vga/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create,
	.require = "mdpy_create",
};

static const struct sweep create_mbochs = {
	.file = MDEV_TYPES("mbochs") "/mbochs-small/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create,
	.require = "mbochs_create",
};

static const struct sweep create_other_class = {
	.file = MDEV_TYPES(TEST_PARENT) "/" TEST_TYPE("class-test") "/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create_other_class,
	.spare = SPARE_VFIO_GROUP,
};

/* Removing; a device that was not removed can be opened. */

static void prepare_remove(struct sweep_site *site)
{
	char path[PATH_MAX];

	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
	snprintf(path, sizeof(path), MDEV_DEVICES "/%s/remove", site->uuid);
	sweep_open_file(site, O_WRONLY, path);
}

static int run_write_1(struct sweep_site *site)
{
	return write_file(site, "1");
}

static bool undone_remove(struct sweep_site *site)
{
	return opens(site->uuid);
}

static void undo_remove(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	MDEV_ASSERT(!mdev_exists(site->uuid), "%s is not removed", site->uuid);
}

static const struct sweep remove_device = {
	.prepare = prepare_remove,
	.run = run_write_1,
	.undone = undone_remove,
	.undo = undo_remove,
	.spare = SPARE_DEVTMPFS,
};

/* Registering a parent, and withdrawing it with devices */

static int run_register(struct sweep_site *site)
{
	return write_file(site, "register-small");
}

static bool undone_register(struct sweep_site *site)
{
	(void)site;
	return !mdev_parent_exists(TEST_PARENT2) &&
	       !file_exists(EXTRA_DIR "/mdev_supported_types") &&
	       !file_exists(EXTRA_DIR "/counters");
}

static void undo_register(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), site->uuid);
	MDEV_ASSERT(!__test_vendor_run("unregister-extra"), "unregister-extra");
}

static const struct sweep register_parent = {
	.file = CONTROL,
	.run = run_register,
	.undone = undone_register,
	.undo = undo_register,
	.spare = SPARE_VFIO_GROUP,
};

static void prepare_unregister(struct sweep_site *site)
{
	MDEV_ASSERT(!__test_vendor_run("register-small"), "register-small");
	mdev_create(TEST_PARENT2, TEST_TYPE("plain"), site->uuid);
	mdev_create(TEST_PARENT2, TEST_TYPE("request"), site->uuid2);
}

static int run_unregister(struct sweep_site *site)
{
	return write_file(site, "unregister-extra");
}

static bool undone_unregister(struct sweep_site *site)
{
	return mdev_parent_exists(TEST_PARENT2) && opens(site->uuid) &&
	       opens(site->uuid2);
}

static void undo_unregister(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	MDEV_ASSERT(undone_register(site) && !mdev_exists(site->uuid) &&
		    !mdev_exists(site->uuid2), "the parent left something");
}

static const struct sweep unregister_parent = {
	.prepare = prepare_unregister,
	.file = CONTROL,
	.run = run_unregister,
	.undone = undone_unregister,
	.undo = undo_unregister,
	.spare = SPARE_DEVTMPFS,
};

/* Binding and unbinding by hand */

static bool is_bound(struct sweep_site *site)
{
	return file_exists(MDEV_DEVICES "/%s/driver", site->uuid);
}

static void prepare_bind(struct sweep_site *site)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
	file_puts(site->uuid, MDEV_DRIVERS "/vfio_mdev/unbind");
}

static bool undone_bind(struct sweep_site *site)
{
	return !is_bound(site) && __mdev_iommu_group(site->uuid) == -ENOENT;
}

static const struct sweep bind_driver = {
	.prepare = prepare_bind,
	.file = BIND_FILE,
	.run = run_write_uuid,
	.undone = undone_bind,
	.undo = undo_create,
	.spare = SPARE_VFIO_GROUP,
};

static void prepare_unbind(struct sweep_site *site)
{
	mdev_create(TEST_PARENT, TEST_TYPE("plain"), site->uuid);
}

static bool undone_unbind(struct sweep_site *site)
{
	return is_bound(site) && opens(site->uuid);
}

static void undo_unbind(struct sweep_site *site)
{
	MDEV_ASSERT(undone_bind(site), "%s is half bound", site->uuid);
	file_puts(site->uuid, BIND_FILE);
	undo_create(site);
}

static const struct sweep unbind_driver = {
	.prepare = prepare_unbind,
	.file = MDEV_DRIVERS "/vfio_mdev/unbind",
	.run = run_write_uuid,
	.undone = undone_unbind,
	.undo = undo_unbind,
	.spare = SPARE_DEVTMPFS,
};

/* Opening, in each way */

static void prepare_open_of(struct sweep_site *site, const char *parent,
			    const char *type, const struct vfio_dev_way *way)
{
	int ret;

	mdev_create(parent, type, site->uuid);
	ret = __vfio_dev_attach(&site->dev, way, site->uuid);
	MDEV_ASSERT(!ret, "attaching %s by %s: %s", site->uuid, way->name,
		    strerror(-ret));
}

static void prepare_open(struct sweep_site *site, const struct vfio_dev_way *way)
{
	prepare_open_of(site, TEST_PARENT, TEST_TYPE("plain"), way);
}

static void prepare_open_group(struct sweep_site *site)
{
	prepare_open(site, &vfio_dev_by_group);
}

static void prepare_open_group_iommufd(struct sweep_site *site)
{
	prepare_open(site, &vfio_dev_by_group_iommufd);
}

static void prepare_open_cdev(struct sweep_site *site)
{
	prepare_open(site, &vfio_dev_by_cdev);
}

static int run_open(struct sweep_site *site)
{
	int fd = __vfio_dev_get_fd(&site->dev);

	if (fd < 0)
		return fd;
	site->dev.fd = fd;
	return 0;
}

/* Nobody has it open who would keep it from being removed and made again. */
static bool undone_open(struct sweep_site *site)
{
	return module_refcnt(TEST_VENDOR) == 0 && mdev_exists(site->uuid);
}

static void undo_open(struct sweep_site *site)
{
	MDEV_ASSERT(__vfio_dev_try(&site->dev) == 1, "%s does not work",
		    site->uuid);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep open_group = {
	.prepare = prepare_open_group,
	.run = run_open,
	.undone = undone_open,
	.undo = undo_open,
	.spare = SPARE_VFIO_GROUP,
};

static const struct sweep open_group_iommufd = {
	.prepare = prepare_open_group_iommufd,
	.run = run_open,
	.undone = undone_open,
	.undo = undo_open,
	.spare = SPARE_VFIO_GROUP,
};

static const struct sweep open_cdev = {
	.prepare = prepare_open_cdev,
	.run = run_open,
	.undone = undone_open,
	.undo = undo_open,
	.spare = SPARE_VFIO_GROUP,
};

/* Memory of a device, which its user gets when opening it */

static void prepare_open_mdpy(struct sweep_site *site)
{
	prepare_open_of(site, "mdpy", "mdpy-vga", &vfio_dev_by_group);
}

static bool undone_open_mdpy(struct sweep_site *site)
{
	return module_refcnt("mdpy") == 0 && mdev_exists(site->uuid);
}

static const struct sweep open_mdpy = {
	.prepare = prepare_open_mdpy,
	.run = run_open,
	.undone = undone_open_mdpy,
	.undo = undo_open,
	.require = "vfio_mdev_regions_open",
};

static void prepare_open_mbochs(struct sweep_site *site)
{
	prepare_open_of(site, MBOCHS_PARENT, MBOCHS_SMALL, &vfio_dev_by_group);
}

static bool undone_open_mbochs(struct sweep_site *site)
{
	return module_refcnt(MBOCHS) == 0 && mdev_exists(site->uuid);
}

static const struct sweep open_mbochs = {
	.prepare = prepare_open_mbochs,
	.run = run_open,
	.undone = undone_open_mbochs,
	.undo = undo_open,
	.require = "mbochs_open",
};

/* A dma-buf of a display; what dma-bufs are made of is not ours */

static void prepare_dmabuf(struct sweep_site *site)
{
	prepare_open_mbochs(site);
	MDEV_ASSERT(!run_open(site), "%s cannot be opened", site->uuid);
	mbochs_set_mode(&site->dev, 640, 480);
	site->number = mbochs_plane_id(&site->dev);
}

static int run_dmabuf(struct sweep_site *site)
{
	int fd = __mbochs_get_dmabuf(&site->dev, site->number);

	if (fd < 0)
		return fd;
	site->file = fd;
	return 0;
}

/* Only the device itself has the module, not a dma-buf that nobody got. */
static bool undone_dmabuf(struct sweep_site *site)
{
	return module_refcnt(MBOCHS) == 1 && mdev_exists(site->uuid);
}

static void undo_dmabuf(struct sweep_site *site)
{
	sweep_close_file(&site->file);
	MDEV_ASSERT(WAIT_FOR(undone_dmabuf(site)), "the dma-buf stays");
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep get_dmabuf = {
	.prepare = prepare_dmabuf,
	.run = run_dmabuf,
	.undone = undone_dmabuf,
	.undo = undo_dmabuf,
	.require = "mbochs_dmabuf_fd",
};

/* Both capabilities of a region, or an error */

#define MEMORY	"mdev_test_memory"

struct window {
	struct vfio_region_info info;
	struct vfio_region_info_cap_sparse_mmap sparse;
	struct vfio_region_sparse_mmap_area areas[2];
	struct vfio_region_info_cap_type type;
};

static void prepare_region_info(struct sweep_site *site)
{
	prepare_open_of(site, MEMORY, MEMORY "-1", &vfio_dev_by_group);
	MDEV_ASSERT(!run_open(site), "%s cannot be opened", site->uuid);
}

static int ask_window(struct sweep_site *site, struct window *window)
{
	memset(window, 0, sizeof(*window));
	window->info.argsz = sizeof(*window);
	window->info.index = VFIO_PCI_NUM_REGIONS + 1;
	return ioctl(site->dev.fd, VFIO_DEVICE_GET_REGION_INFO, window) ?
	       -errno : 0;
}

static int run_region_info(struct sweep_site *site)
{
	struct window window;
	int ret;

	ret = ask_window(site, &window);
	site->number = window.sparse.header.id | window.type.header.id << 8;
	return ret;
}

static bool undone_region_info(struct sweep_site *site)
{
	return __vfio_dev_try(&site->dev) == 1;
}

static void undo_region_info(struct sweep_site *site)
{
	MDEV_ASSERT(site->number == (VFIO_REGION_INFO_CAP_SPARSE_MMAP |
				     VFIO_REGION_INFO_CAP_TYPE << 8),
		    "a capability is missing, %#x", site->number);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep region_info = {
	.prepare = prepare_region_info,
	.run = run_region_info,
	.undone = undone_region_info,
	.undo = undo_region_info,
};

/* Connecting an interrupt of the serial card */

static void prepare_irq(struct sweep_site *site)
{
	mdev_create(MTTY_PARENT, MTTY_TYPE1, site->uuid);
	vfio_dev_open(&site->dev, site->uuid);
	site->eventfd = irq_eventfd();
}

static int run_irq(struct sweep_site *site)
{
	return __irq_connect(&site->dev, VFIO_PCI_INTX_IRQ_INDEX,
			     site->eventfd);
}

static bool undone_irq(struct sweep_site *site)
{
	__irq_trigger(&site->dev, VFIO_PCI_INTX_IRQ_INDEX);
	return irq_take(site->eventfd) == 0;
}

static void undo_irq(struct sweep_site *site)
{
	__irq_trigger(&site->dev, VFIO_PCI_INTX_IRQ_INDEX);
	MDEV_ASSERT(irq_wait(site->eventfd) == 1, "the interrupt is lost");
	sweep_close_file(&site->eventfd);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep connect_irq = {
	.prepare = prepare_irq,
	.run = run_irq,
	.undone = undone_irq,
	.undo = undo_irq,
	.spare = SPARE_VFIO_GROUP,
};

/* Pinning memory of the user, which was touched, and giving it back */

#define DMA_IOVA	0x10000
#define DMA_PAGES	4

static char dma_memory[DMA_PAGES * 4096] __attribute__((aligned(4096)));

static void prepare_pin(struct sweep_site *site,
			const struct vfio_dev_way *way)
{
	memset(dma_memory, 1, sizeof(dma_memory));
	mdev_create(TEST_DMA, TEST_DMA_TYPE, site->uuid);
	vfio_dev_open_by(&site->dev, way, site->uuid);
	vfio_dma_map(&site->dev, DMA_IOVA, dma_memory, sizeof(dma_memory), true);
	test_dma_budget(&site->dev, DMA_PAGES);
}

static void prepare_pin_group(struct sweep_site *site)
{
	prepare_pin(site, &vfio_dev_by_group);
}

static void prepare_pin_cdev(struct sweep_site *site)
{
	prepare_pin(site, &vfio_dev_by_cdev);
}

static int run_pin(struct sweep_site *site)
{
	return test_dma_pin(&site->dev, 0, DMA_IOVA, DMA_PAGES, IOMMU_RW);
}

static int run_keep(struct sweep_site *site)
{
	return test_dma_keep(&site->dev, DMA_IOVA, IOMMU_RW);
}

static bool undone_pin(struct sweep_site *site)
{
	return test_dma_unpin(&site->dev, 0) == -ENXIO;
}

static bool undone_keep(struct sweep_site *site)
{
	__u64 value;

	return test_dma_kept(&site->dev, DMA_IOVA, IOMMU_READ, &value) == -ENOENT;
}

/* What is pinned or kept goes when its memory is unmapped, and the device after it. */
static void undo_pin(struct sweep_site *site)
{
	vfio_dma_unmap(&site->dev, DMA_IOVA, sizeof(dma_memory));
	test_dma_unpin(&site->dev, 0);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep pin_group = {
	.prepare = prepare_pin_group,
	.run = run_pin,
	.undone = undone_pin,
	.undo = undo_pin,
};

static const struct sweep pin_cdev = {
	.prepare = prepare_pin_cdev,
	.run = run_pin,
	.undone = undone_pin,
	.undo = undo_pin,
};

static const struct sweep keep_group = {
	.prepare = prepare_pin_group,
	.run = run_keep,
	.undone = undone_keep,
	.undo = undo_pin,
};

static const struct sweep keep_cdev = {
	.prepare = prepare_pin_cdev,
	.run = run_keep,
	.undone = undone_keep,
	.undo = undo_pin,
};

/* Migration: from STOP on, as a step on the way there is not undone */

static struct mig_stream migrated;

static void prepare_save(struct sweep_site *site)
{
	mdev_create_new(MTTY_PARENT, MTTY_TYPE2, site->uuid);
	vfio_dev_open(&site->dev, site->uuid);
	mig_go(&site->dev, VFIO_DEVICE_STATE_STOP);
}

static int run_save(struct sweep_site *site)
{
	return __mig_set(&site->dev, VFIO_DEVICE_STATE_STOP_COPY, &site->file);
}

static bool undone_migration(struct sweep_site *site)
{
	return __mig_get(&site->dev) == VFIO_DEVICE_STATE_STOP;
}

static void undo_migration(struct sweep_site *site)
{
	if (site->file >= 0)
		close(site->file);
	site->file = -1;
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep save = {
	.prepare = prepare_save,
	.run = run_save,
	.undone = undone_migration,
	.undo = undo_migration,
};

static void prepare_load(struct sweep_site *site)
{
	prepare_save(site);
	mig_save(&site->dev, &migrated);
	mig_go(&site->dev, VFIO_DEVICE_STATE_STOP);
}

static int run_load(struct sweep_site *site)
{
	return __mig_load(&site->dev, migrated.data, migrated.size);
}

static const struct sweep load = {
	.prepare = prepare_load,
	.run = run_load,
	.undone = undone_migration,
	.undo = undo_migration,
};

/*
 * Virtio devices. That its driver has no memory is nothing that creating fails by: the
 * device is there without a driver, as any on a bus.
 */

static const struct sweep create_virtio = {
	.file = MDEV_TYPES(ECHO_PARENT) "/" ECHO_TYPE "/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create_other_class,
};

static const struct sweep create_mvnet = {
	.file = MDEV_TYPES("mvnet") "/mvnet-cable/create",
	.run = run_write_uuid,
	.undone = undone_create,
	.undo = undo_create_other_class,
	.require = "mvnet_create",
};

static void prepare_virtio(struct sweep_site *site)
{
	mdev_create(ECHO_PARENT, ECHO_TYPE, site->uuid);
}

/* Looking for it opens files, which is none of this. */
static char virtio_name[64];

static void prepare_bind_virtio(struct sweep_site *site)
{
	prepare_virtio(site);
	file_puts(virtio_device_of(site->uuid), VIRTIO_BUS "/drivers/" ECHO_MODULE
		  "/unbind");
	snprintf(virtio_name, sizeof(virtio_name), "%s", virtio_device_of(site->uuid));
}

static int run_write_virtio(struct sweep_site *site)
{
	return write_file(site, virtio_name);
}

static bool undone_bind_virtio(struct sweep_site *site)
{
	return !virtio_is_driven(site->uuid);
}

static void undo_virtio(struct sweep_site *site)
{
	int ret = __echo_transfer(site->uuid, 100);

	MDEV_ASSERT(!ret, "%s does not work: %s", site->uuid, strerror(-ret));
	undo_create_other_class(site);
}

static const struct sweep bind_virtio = {
	.prepare = prepare_bind_virtio,
	.file = VIRTIO_BUS "/drivers/" ECHO_MODULE "/bind",
	.run = run_write_virtio,
	.undone = undone_bind_virtio,
	.undo = undo_virtio,
};

static void prepare_transfers(struct sweep_site *site)
{
	char path[PATH_MAX];

	prepare_virtio(site);
	snprintf(path, sizeof(path), VIRTIO_BUS "/devices/%s/transfers",
		 virtio_device_of(site->uuid));
	sweep_open_file(site, O_WRONLY, path);
}

static int run_transfers(struct sweep_site *site)
{
	return write_file(site, "10");
}

static bool undone_transfers(struct sweep_site *site)
{
	return virtio_is_driven(site->uuid);
}

static const struct sweep virtio_transfers = {
	.prepare = prepare_transfers,
	.run = run_transfers,
	.undone = undone_transfers,
	.undo = undo_virtio,
};

/* One frame, by the kernel's own driver */

static unsigned char frame[ETH_FRAME_LEN];

static void prepare_xmit(struct sweep_site *site)
{
	unsigned char address[ETH_ALEN];
	char name[IFNAMSIZ];

	mdev_create("mvnet", "mvnet-loopback", site->uuid);
	card_of(site->uuid, name);
	card_up(name);
	site->file = card_open(name);
	card_address(site->file, name, address);
	card_header(frame, address, address);
}

static int run_xmit(struct sweep_site *site)
{
	return send(site->file, frame, sizeof(frame), 0) < 0 ? -errno : 0;
}

static bool undone_xmit(struct sweep_site *site)
{
	return recv(site->file, frame, sizeof(frame), MSG_DONTWAIT) < 0;
}

static void undo_xmit(struct sweep_site *site)
{
	ssize_t len = recv(site->file, frame, sizeof(frame), 0);

	MDEV_ASSERT(len == sizeof(frame), "of a frame, %zd bytes came", len);
	sweep_close_file(&site->file);
	undo_create_other_class(site);
}

static const struct sweep xmit_mvnet = {
	.prepare = prepare_xmit,
	.run = run_xmit,
	.undone = undone_xmit,
	.undo = undo_xmit,
	.other = ENOBUFS,
};

/* Binding a process to a device, and a command in memory that has to be faulted in */

static void prepare_svm(struct sweep_site *site)
{
	mdev_create(MSVM, MSVM_TYPE, site->uuid);
	vfio_dev_open(&site->dev, site->uuid);
}

static void prepare_svm_command(struct sweep_site *site)
{
	prepare_svm(site);
	site->number = svm_bind(&site->dev, 0);
}

static int run_svm_bind(struct sweep_site *site)
{
	return __svm_bind(&site->dev, getppid(), &site->number);
}

static int run_svm_command(struct sweep_site *site)
{
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int status;

	if (mem == MAP_FAILED)
		return -errno;
	status = svm_store(&site->dev, site->number, mem, 1);
	munmap(mem, 4096);
	return status == MSVM_OK ? 0 : -ENOMEM;
}

/* The first one is number 1. */
static bool undone_svm_bind(struct sweep_site *site)
{
	return __svm_unbind(&site->dev, 1) == -ENOENT;
}

static bool undone_svm_command(struct sweep_site *site)
{
	__u64 value;

	return svm_load(&site->dev, site->number, &site->number, &value) ==
	       MSVM_OK;
}

static void undo_svm(struct sweep_site *site)
{
	svm_unbind(&site->dev, site->number);
	vfio_dev_close(&site->dev);
	mdev_remove(site->uuid);
}

static const struct sweep svm_bind_process = {
	.prepare = prepare_svm,
	.run = run_svm_bind,
	.undone = undone_svm_bind,
	.undo = undo_svm,
	.spare = SPARE_VFIO_GROUP,
};

static const struct sweep svm_run_command = {
	.prepare = prepare_svm_command,
	.run = run_svm_command,
	.undone = undone_svm_command,
	.undo = undo_svm,
	.spare = SPARE_VFIO_GROUP,
};

FIXTURE(sweep) {
	struct sweep_site site;
};

FIXTURE_VARIANT(sweep) {
	const char *name;
	const struct sweep *sweep;
};

FIXTURE_VARIANT_ADD(sweep, create) {
	.name = "create", .sweep = &create,
};

FIXTURE_VARIANT_ADD(sweep, create_mtty) {
	.name = "create_mtty", .sweep = &create_mtty,
};

FIXTURE_VARIANT_ADD(sweep, create_mnull) {
	.name = "create_mnull", .sweep = &create_mnull,
};

FIXTURE_VARIANT_ADD(sweep, create_mdpy) {
	.name = "create_mdpy", .sweep = &create_mdpy,
};

FIXTURE_VARIANT_ADD(sweep, create_mbochs) {
	.name = "create_mbochs", .sweep = &create_mbochs,
};

FIXTURE_VARIANT_ADD(sweep, create_other_class) {
	.name = "create_other_class", .sweep = &create_other_class,
};

FIXTURE_VARIANT_ADD(sweep, remove_device) {
	.name = "remove_device", .sweep = &remove_device,
};

FIXTURE_VARIANT_ADD(sweep, register_parent) {
	.name = "register_parent", .sweep = &register_parent,
};

FIXTURE_VARIANT_ADD(sweep, unregister_parent) {
	.name = "unregister_parent", .sweep = &unregister_parent,
};

FIXTURE_VARIANT_ADD(sweep, bind_driver) {
	.name = "bind_driver", .sweep = &bind_driver,
};

FIXTURE_VARIANT_ADD(sweep, unbind_driver) {
	.name = "unbind_driver", .sweep = &unbind_driver,
};

FIXTURE_VARIANT_ADD(sweep, open_group) {
	.name = "open_group", .sweep = &open_group,
};

FIXTURE_VARIANT_ADD(sweep, open_group_iommufd) {
	.name = "open_group_iommufd", .sweep = &open_group_iommufd,
};

FIXTURE_VARIANT_ADD(sweep, open_cdev) {
	.name = "open_cdev", .sweep = &open_cdev,
};

FIXTURE_VARIANT_ADD(sweep, open_mdpy) {
	.name = "open_mdpy", .sweep = &open_mdpy,
};

FIXTURE_VARIANT_ADD(sweep, open_mbochs) {
	.name = "open_mbochs", .sweep = &open_mbochs,
};

FIXTURE_VARIANT_ADD(sweep, pin_group) {
	.name = "pin_group", .sweep = &pin_group,
};

FIXTURE_VARIANT_ADD(sweep, pin_cdev) {
	.name = "pin_cdev", .sweep = &pin_cdev,
};

FIXTURE_VARIANT_ADD(sweep, keep_group) {
	.name = "keep_group", .sweep = &keep_group,
};

FIXTURE_VARIANT_ADD(sweep, keep_cdev) {
	.name = "keep_cdev", .sweep = &keep_cdev,
};

FIXTURE_VARIANT_ADD(sweep, get_dmabuf) {
	.name = "get_dmabuf", .sweep = &get_dmabuf,
};

FIXTURE_VARIANT_ADD(sweep, region_info) {
	.name = "region_info", .sweep = &region_info,
};

FIXTURE_VARIANT_ADD(sweep, connect_irq) {
	.name = "connect_irq", .sweep = &connect_irq,
};

FIXTURE_VARIANT_ADD(sweep, save) {
	.name = "save", .sweep = &save,
};

FIXTURE_VARIANT_ADD(sweep, load) {
	.name = "load", .sweep = &load,
};

FIXTURE_VARIANT_ADD(sweep, create_virtio) {
	.name = "create_virtio", .sweep = &create_virtio,
};

FIXTURE_VARIANT_ADD(sweep, create_mvnet) {
	.name = "create_mvnet", .sweep = &create_mvnet,
};

FIXTURE_VARIANT_ADD(sweep, bind_virtio) {
	.name = "bind_virtio", .sweep = &bind_virtio,
};

FIXTURE_VARIANT_ADD(sweep, virtio_transfers) {
	.name = "virtio_transfers", .sweep = &virtio_transfers,
};

FIXTURE_VARIANT_ADD(sweep, xmit_mvnet) {
	.name = "xmit_mvnet", .sweep = &xmit_mvnet,
};

FIXTURE_VARIANT_ADD(sweep, svm_bind) {
	.name = "svm_bind", .sweep = &svm_bind_process,
};

FIXTURE_VARIANT_ADD(sweep, svm_command) {
	.name = "svm_command", .sweep = &svm_run_command,
};

FIXTURE_SETUP(sweep)
{
	if (!sweep_begin(&self->site))
		SKIP(return, "the kernel lets no allocation fail, CONFIG_FAILSLAB");
	module_load(TEST_BUS);
	module_load("mnull");
	module_load("mdpy");
	module_load("mbochs");
	module_load(MEMORY);
	module_set_param(MEMORY, "mistake", 0);
	module_load(TEST_DMA);
	if (strstr(variant->name, "svm") && !svm_setup())
		SKIP(return, "this kernel has no msvm");
	if (!strstr(variant->name, "virtio") && !strstr(variant->name, "mvnet"))
		return;
	if (!echo_setup() || __module_load("mvnet") || __module_load("virtio_net"))
		SKIP(return, "this kernel has no mediated devices of the virtio class");
}

FIXTURE_TEARDOWN(sweep)
{
	sweep_end(&self->site);
}

/* Whichever allocation fails, nothing is lost, left behind or called twice. */
TEST_F_TIMEOUT(sweep, every_allocation, 280)
{
	sweep_run(variant->name, variant->sweep, &self->site);
	EXPECT_EQ(0, module_param(TEST_BUS, "misordered"));
}

TEST_HARNESS_MAIN
