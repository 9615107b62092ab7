// SPDX-License-Identifier: GPL-2.0-only
/*
 * mbochs as a guest's driver sees it, and the monitor that a VMM plugs in
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <libmdev.h>
#include <libmdev/harness.h>

#define PAGE		4096UL
#define VRAM_SIZE	MBOCHS_SMALL_SIZE
#define BLOB		sizeof(struct vfio_region_gfx_edid)
#define FIELD(name)	offsetof(struct vfio_region_gfx_edid, name)
#define LINK_UP		VFIO_DEVICE_GFX_LINK_STATE_UP
#define LINK_DOWN	VFIO_DEVICE_GFX_LINK_STATE_DOWN

FIXTURE(display) {
	struct vfio_dev dev;
};

FIXTURE_SETUP(display)
{
	mbochs_setup();
	mbochs_open_new(&self->dev, MBOCHS_SMALL);
}

FIXTURE_TEARDOWN(display)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MBOCHS_PARENT);
}

#define vbe(reg)		mbochs_vbe(&self->dev, reg)
#define set_vbe(reg, value)	mbochs_set_vbe(&self->dev, reg, value)
#define mmio(offset, width)	\
	vfio_dev_load(&self->dev, MBOCHS_MMIO, offset, width)
#define set_mmio(offset, width, value)	\
	vfio_dev_store(&self->dev, MBOCHS_MMIO, offset, width, value)
#define config(offset, width)	vfio_dev_config(&self->dev, offset, width)
#define get(index, offset, buf, len)	\
	__vfio_dev_read(&self->dev, index, offset, buf, len)
#define put(index, offset, buf, len)	\
	__vfio_dev_write(&self->dev, index, offset, buf, len)

/*
 * What the device is
 */

/* A guest finds what QEMU has as bochs-display. */
TEST_F(display, identity)
{
	EXPECT_EQ(0x1234, config(PCI_VENDOR_ID, 2));
	EXPECT_EQ(0x1111, config(PCI_DEVICE_ID, 2));
	EXPECT_EQ(0x1af4, config(PCI_SUBSYSTEM_VENDOR_ID, 2));
	EXPECT_EQ(0x1100, config(PCI_SUBSYSTEM_ID, 2));
	EXPECT_EQ(0x038000, config(PCI_CLASS_REVISION, 4) >> 8);
	EXPECT_EQ(2, config(PCI_REVISION_ID, 1));
	EXPECT_EQ(0, config(PCI_INTERRUPT_PIN, 1));
	EXPECT_EQ(PCI_BASE_ADDRESS_MEM_PREFETCH, config(PCI_BASE_ADDRESS_0, 4));
	EXPECT_EQ(0, config(PCI_BASE_ADDRESS_2, 4));
	EXPECT_EQ(0, config(0xfc, 4));
}

/* BARs tell their sizes, also if they are written a byte or two at a time. */
TEST_F(display, bar_size)
{
	unsigned int width, i;

	for (width = 1; width <= 4; width *= 2) {
		vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0, 4, 0);
		for (i = 0; i < 4; i += width)
			vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_0 + i,
					    width, 0xffffffff);
		EXPECT_EQ((__u32)-VRAM_SIZE | PCI_BASE_ADDRESS_MEM_PREFETCH,
			  config(PCI_BASE_ADDRESS_0, 4));
	}
	vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_2, 4, 0xffffffff);
	EXPECT_EQ((__u32)-MBOCHS_MMIO_SIZE, config(PCI_BASE_ADDRESS_2, 4));
	vfio_dev_set_config(&self->dev, PCI_BASE_ADDRESS_1, 4, 0xffffffff);
	EXPECT_EQ(0, config(PCI_BASE_ADDRESS_1, 4));
}

/* It can be reset, and has one region more than a PCI device has anyway. */
TEST_F(display, device_info)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, __vfio_dev_info(&self->dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, info.flags);
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS + 1, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
}

/* It has no interrupts, which can be asked before anything else. */
TEST_F(display, irq_info)
{
	struct vfio_irq_info info;

	EXPECT_EQ(0, __irq_info(&self->dev, VFIO_PCI_INTX_IRQ_INDEX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(0, __irq_info(&self->dev, VFIO_PCI_MSI_IRQ_INDEX, &info));
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(-EINVAL,
		  __irq_info(&self->dev, VFIO_PCI_ERR_IRQ_INDEX, &info));
	EXPECT_EQ(0, __irq_info(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, &info));
	EXPECT_EQ(1, info.count);
}

/* Video memory can be mapped, registers cannot. */
TEST_F(display, region_info)
{
	const __u32 rw = VFIO_REGION_INFO_FLAG_READ |
			 VFIO_REGION_INFO_FLAG_WRITE;
	struct vfio_region_info info;

	vfio_dev_region(&self->dev, MBOCHS_VRAM, &info);
	EXPECT_EQ(VRAM_SIZE, info.size);
	EXPECT_EQ(rw | VFIO_REGION_INFO_FLAG_MMAP, info.flags);
	vfio_dev_region(&self->dev, MBOCHS_MMIO, &info);
	EXPECT_EQ(MBOCHS_MMIO_SIZE, info.size);
	EXPECT_EQ(rw, info.flags);
	vfio_dev_region(&self->dev, VFIO_PCI_BAR1_REGION_INDEX, &info);
	EXPECT_EQ(0, info.size);
	EXPECT_EQ(-EINVAL,
		  __vfio_dev_region(&self->dev, MBOCHS_MONITOR + 1, &info));
	EXPECT_EQ(MAP_FAILED, __mbochs_map(&self->dev, MBOCHS_MMIO, PAGE));
	EXPECT_EQ(EINVAL, errno);
}

/* User space finds the region of EDID by its type. */
TEST_F(display, monitor_region_info)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type cap;
	} answer = { };

	answer.info.argsz = sizeof(answer);
	answer.info.index = MBOCHS_MONITOR;
	ASSERT_EQ(0, ioctl(self->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &answer));
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
		  VFIO_REGION_INFO_FLAG_CAPS, answer.info.flags);
	EXPECT_EQ(sizeof(answer.info), answer.info.cap_offset);
	EXPECT_EQ(VFIO_REGION_INFO_CAP_TYPE, answer.cap.header.id);
	EXPECT_EQ(0, answer.cap.header.next);
	EXPECT_EQ(VFIO_REGION_TYPE_GFX, answer.cap.type);
	EXPECT_EQ(VFIO_REGION_SUBTYPE_GFX_EDID, answer.cap.subtype);
}

/*
 * Types
 */

static long available(const char *type)
{
	return mdev_available(MBOCHS_PARENT, type);
}

/* Displays share the memory that there is, in whatever mixture. */
TEST(displays_share_memory)
{
	char uuid[MDEV_UUID_SIZE], large[MDEV_UUID_SIZE];
	int mbytes, i;

	mbochs_setup();
	mbytes = module_param(MBOCHS, "mem");
	EXPECT_EQ(mbytes / 4, available(MBOCHS_SMALL));
	EXPECT_EQ(mbytes / 16, available(MBOCHS_MEDIUM));
	EXPECT_EQ(mbytes / 64, available(MBOCHS_LARGE));

	mdev_create_new(MBOCHS_PARENT, MBOCHS_LARGE, large);
	mdev_create_new(MBOCHS_PARENT, MBOCHS_SMALL, uuid);
	mbytes -= 64 + 4;
	EXPECT_EQ(mbytes / 4, available(MBOCHS_SMALL));
	EXPECT_EQ(mbytes / 16, available(MBOCHS_MEDIUM));
	EXPECT_EQ(mbytes / 64, available(MBOCHS_LARGE));

	for (i = available(MBOCHS_LARGE); i > 0; i--)
		mdev_create_new(MBOCHS_PARENT, MBOCHS_LARGE, uuid);
	mdev_new_uuid(uuid);
	EXPECT_EQ(-EUSERS, __mdev_create(MBOCHS_PARENT, MBOCHS_LARGE, uuid));
	EXPECT_EQ(mbytes % 64 / 4, available(MBOCHS_SMALL));
	mdev_remove(large);
	EXPECT_EQ(0, __mdev_create(MBOCHS_PARENT, MBOCHS_LARGE, uuid));
	mdev_remove_all(MBOCHS_PARENT);
	EXPECT_EQ(module_param(MBOCHS, "mem") / 4, available(MBOCHS_SMALL));
}

/*
 * Registers
 */

/* After power on there is the newest interface, and no mode. */
TEST_F(display, reset_state)
{
	unsigned int reg;

	EXPECT_EQ(0xb0c5, vbe(VBE_ID));
	EXPECT_EQ(VRAM_SIZE >> 16, vbe(VBE_MEMORY_64K));
	for (reg = VBE_XRES; reg <= VBE_Y_OFFSET; reg++)
		EXPECT_EQ(0, vbe(reg));
	EXPECT_EQ(8, mmio(MBOCHS_QEXT_SIZE, 4));
	EXPECT_EQ(0x1e1e1e1e, mmio(MBOCHS_QEXT_ENDIAN, 4));
	EXPECT_EQ(0, mmio(0, 8));
}

/* Registers read as written, but for the two that describe the device. */
TEST_F(display, registers_read_back)
{
	unsigned int reg;

	for (reg = 0; reg < VBE_REGS; reg++)
		set_vbe(reg, 0x5a00 + reg);
	for (reg = VBE_XRES; reg <= VBE_Y_OFFSET; reg++)
		EXPECT_EQ(0x5a00 + reg, vbe(reg));
	EXPECT_EQ(0xb0c5, vbe(VBE_ID));
	EXPECT_EQ(VRAM_SIZE >> 16, vbe(VBE_MEMORY_64K));
	set_mmio(MBOCHS_QEXT_SIZE, 8, 0xbebebebe00001234);
	EXPECT_EQ(0xbebebebe00000008, mmio(MBOCHS_QEXT_SIZE, 8));
}

/* An access of any width reaches just the bytes that it is for. */
TEST_F(display, register_widths)
{
	const __u64 xres = MBOCHS_VBE(VBE_XRES);

	set_mmio(xres, 1, 0x34);
	EXPECT_EQ(0x0034, vbe(VBE_XRES));
	set_mmio(xres + 1, 1, 0x12);
	EXPECT_EQ(0x1234, vbe(VBE_XRES));
	EXPECT_EQ(0x34, mmio(xres, 1));
	EXPECT_EQ(0x12, mmio(xres + 1, 1));

	set_mmio(MBOCHS_VBE(VBE_ID), 4, 0x04000000);
	EXPECT_EQ(0x0400, vbe(VBE_XRES));
	EXPECT_EQ(0x0400b0c5, mmio(MBOCHS_VBE(VBE_ID), 4));
	set_mmio(MBOCHS_VBE(VBE_VIRT_HEIGHT), 8, 0x4444333322221111);
	EXPECT_EQ(0x1111, vbe(VBE_VIRT_HEIGHT));
	EXPECT_EQ(0x2222, vbe(VBE_X_OFFSET));
	EXPECT_EQ(0x3333, vbe(VBE_Y_OFFSET));
	EXPECT_EQ(VRAM_SIZE >> 16, vbe(VBE_MEMORY_64K));
}

/* What does not exist reads as all ones and takes no harm from writes. */
TEST_F(display, unassigned_registers)
{
	static const unsigned int offsets[] = {
		0x400, 0x418, 0x4f8, 0x518, 0x5f8, 0x608, 0x800, 0xff8,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		set_mmio(offsets[i], 8, 0);
		EXPECT_EQ(~0ULL, mmio(offsets[i], 8));
		EXPECT_EQ(0xff, mmio(offsets[i] + 7, 1));
	}
	EXPECT_EQ(0xffff, mmio(MBOCHS_VBE(VBE_REGS), 2));
}

/* Accesses end where the region does. */
TEST_F(display, register_bounds)
{
	__u64 value = 0;

	EXPECT_EQ(4, get(MBOCHS_MMIO, MBOCHS_MMIO_SIZE - 4, &value, 8));
	EXPECT_EQ(0xffffffff, value);
	EXPECT_EQ(4, put(MBOCHS_MMIO, MBOCHS_MMIO_SIZE - 4, &value, 8));
	EXPECT_EQ(-EINVAL, get(MBOCHS_MMIO, MBOCHS_MMIO_SIZE, &value, 1));
	EXPECT_EQ(-EINVAL, put(MBOCHS_MMIO, MBOCHS_MMIO_SIZE, &value, 1));
}

/* A reset ends the mode; it is the guest's, so the monitor stays plugged in. */
TEST_F(display, reset)
{
	char edid[128] = "monitor";
	__u32 value = sizeof(edid);

	EXPECT_EQ(sizeof(edid), put(MBOCHS_MONITOR, BLOB, edid, sizeof(edid)));
	EXPECT_EQ(4, put(MBOCHS_MONITOR, FIELD(edid_size), &value, 4));
	value = LINK_UP;
	EXPECT_EQ(4, put(MBOCHS_MONITOR, FIELD(link_state), &value, 4));
	mbochs_set_mode(&self->dev, 640, 480);
	vfio_dev_set_config(&self->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);

	ASSERT_EQ(0, __vfio_dev_reset(&self->dev));
	EXPECT_EQ(0, vbe(VBE_XRES));
	EXPECT_EQ(0, vbe(VBE_ENABLE));
	EXPECT_EQ(0xb0c5, vbe(VBE_ID));
	EXPECT_EQ(0, config(PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	EXPECT_EQ('m', mmio(0, 1));
}

/*
 * Video memory
 */

/* A page of its own number, at each page */
static void fill(unsigned int *vram, size_t size)
{
	size_t i;

	for (i = 0; i < size / sizeof(*vram); i++)
		vram[i] = i * 0x9e3779b1;
}

/* read(), write() and a mapping see the same bytes at the same offsets. */
TEST_F(display, vram_is_where_it_is)
{
	static unsigned int page[PAGE / sizeof(unsigned int)];
	unsigned int *vram = mbochs_map_vram(&self->dev, VRAM_SIZE);
	size_t offset;

	fill(vram, VRAM_SIZE);
	for (offset = 0; offset < VRAM_SIZE; offset += PAGE) {
		ASSERT_EQ(PAGE, get(MBOCHS_VRAM, offset, page, PAGE));
		ASSERT_EQ(0, memcmp(page, (char *)vram + offset, PAGE));
	}
	for (offset = 0; offset < VRAM_SIZE; offset += 67 * PAGE + 4) {
		page[0] = ~offset;
		ASSERT_EQ(4, put(MBOCHS_VRAM, offset, page, 4));
		ASSERT_EQ(page[0], vram[offset / 4]);
		ASSERT_EQ((offset / 4 + 1) * 0x9e3779b1 & 0xffffffff,
			  vram[offset / 4 + 1]);
	}
	munmap(vram, VRAM_SIZE);
}

/* Accesses end where the memory does, and so do mappings. */
TEST_F(display, vram_bounds)
{
	struct vfio_region_info info;
	char buf[16] = "";

	EXPECT_EQ(1, get(MBOCHS_VRAM, VRAM_SIZE - 1, buf, sizeof(buf)));
	EXPECT_EQ(1, put(MBOCHS_VRAM, VRAM_SIZE - 1, buf, sizeof(buf)));
	EXPECT_EQ(-EINVAL, get(MBOCHS_VRAM, VRAM_SIZE, buf, 1));
	EXPECT_EQ(-EINVAL, put(MBOCHS_VRAM, VRAM_SIZE, buf, 1));
	EXPECT_EQ(MAP_FAILED,
		  __mbochs_map(&self->dev, MBOCHS_VRAM, VRAM_SIZE + PAGE));
	EXPECT_EQ(EINVAL, errno);
	vfio_dev_region(&self->dev, MBOCHS_VRAM, &info);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
				   self->dev.fd, info.offset + VRAM_SIZE));
	EXPECT_EQ(EINVAL, errno);
}

/* The next user finds zeros, and a device as after power on. */
TEST_F(display, next_user_sees_nothing)
{
	unsigned int *vram = mbochs_map_vram(&self->dev, VRAM_SIZE);
	char uuid[MDEV_UUID_SIZE];
	size_t i;

	fill(vram, VRAM_SIZE);
	mbochs_set_mode(&self->dev, 640, 480);
	munmap(vram, VRAM_SIZE);
	strcpy(uuid, self->dev.uuid);
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, uuid);
	EXPECT_EQ(0, vbe(VBE_XRES));
	vram = mbochs_map_vram(&self->dev, VRAM_SIZE);
	for (i = 0; i < VRAM_SIZE / sizeof(*vram); i++)
		ASSERT_EQ(0, vram[i]);
	munmap(vram, VRAM_SIZE);
}

/*
 * The monitor
 */

FIXTURE(monitor) {
	struct vfio_dev dev;
	unsigned char edid[MBOCHS_EDID_MAX];
};

FIXTURE_SETUP(monitor)
{
	unsigned int i;

	mbochs_setup();
	mbochs_open_new(&self->dev, MBOCHS_SMALL);
	for (i = 0; i < sizeof(self->edid); i++)
		self->edid[i] = 1 + i % 251;
}

FIXTURE_TEARDOWN(monitor)
{
	vfio_dev_close(&self->dev);
	mdev_remove_all(MBOCHS_PARENT);
}

static int set_field(struct vfio_dev *dev, __u64 offset, __u32 value)
{
	return __vfio_dev_write(dev, MBOCHS_MONITOR, offset, &value, 4);
}

#define set(field, value)	set_field(&self->dev, FIELD(field), value)
#define field(name)	vfio_dev_load(&self->dev, MBOCHS_MONITOR, FIELD(name), 4)

/* How much of an EDID the guest sees; -1 if that is not followed by zeros */
static int seen(struct vfio_dev *dev, const unsigned char *edid)
{
	static const unsigned char zeros[MBOCHS_EDID_MAX];
	unsigned char buf[MBOCHS_EDID_MAX];
	int n = 0;

	if (__vfio_dev_read(dev, MBOCHS_MMIO, 0, buf, sizeof(buf)) !=
	    sizeof(buf))
		return -1;
	while (n < MBOCHS_EDID_MAX && buf[n] == edid[n])
		n++;
	return memcmp(buf + n, zeros, MBOCHS_EDID_MAX - n) ? -1 : n;
}

/* Before anything is plugged in */
TEST_F(monitor, initial_state)
{
	struct vfio_region_info info;

	vfio_dev_region(&self->dev, MBOCHS_MONITOR, &info);
	EXPECT_EQ(BLOB, field(edid_offset));
	EXPECT_EQ(MBOCHS_EDID_MAX, field(edid_max_size));
	EXPECT_EQ(info.size, field(edid_offset) + field(edid_max_size));
	EXPECT_EQ(0, field(edid_size));
	EXPECT_EQ(800, field(max_xres));
	EXPECT_EQ(600, field(max_yres));
	EXPECT_EQ(LINK_DOWN, field(link_state));
	EXPECT_EQ(0, seen(&self->dev, self->edid));
}

/* The guest sees the EDID while the link is up, and only then. */
TEST_F(monitor, protocol)
{
	static const unsigned int sizes[] = { 256, 128, MBOCHS_EDID_MAX, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(4, set(link_state, LINK_DOWN));
		EXPECT_EQ(0, seen(&self->dev, self->edid));
		EXPECT_EQ(4, set(edid_size, sizes[i]));
		if (sizes[i])
			EXPECT_EQ(sizes[i], put(MBOCHS_MONITOR, BLOB,
						self->edid, sizes[i]));
		EXPECT_EQ(0, seen(&self->dev, self->edid));
		EXPECT_EQ(4, set(link_state, LINK_UP));
		EXPECT_EQ(sizes[i], seen(&self->dev, self->edid));
		EXPECT_EQ(sizes[i], field(edid_size));
		EXPECT_EQ(LINK_UP, field(link_state));
	}
}

/* What is changed while the link is up, the guest sees when it is next up. */
TEST_F(monitor, guest_sees_no_half_made_edid)
{
	EXPECT_EQ(4, set(edid_size, 128));
	EXPECT_EQ(128, put(MBOCHS_MONITOR, BLOB, self->edid, 128));
	EXPECT_EQ(4, set(link_state, LINK_UP));
	EXPECT_EQ(4, set(edid_size, 256));
	EXPECT_EQ(1, put(MBOCHS_MONITOR, BLOB, "", 1));
	EXPECT_EQ(128, seen(&self->dev, self->edid));
	EXPECT_EQ(1, put(MBOCHS_MONITOR, BLOB, self->edid, 1));
	EXPECT_EQ(128, put(MBOCHS_MONITOR, BLOB + 128, self->edid + 128, 128));
	EXPECT_EQ(4, set(link_state, LINK_UP));
	EXPECT_EQ(256, seen(&self->dev, self->edid));
}

/* The guest cannot change it. */
TEST_F(monitor, guest_does_not_write_edid)
{
	EXPECT_EQ(4, set(edid_size, 128));
	EXPECT_EQ(128, put(MBOCHS_MONITOR, BLOB, self->edid, 128));
	EXPECT_EQ(4, set(link_state, LINK_UP));
	set_mmio(0, 8, 0);
	EXPECT_EQ(128, seen(&self->dev, self->edid));
}

/* The next user finds none of it, neither in the region nor as a guest. */
TEST_F(monitor, is_unplugged_for_the_next_user)
{
	static const unsigned char zeros[MBOCHS_EDID_MAX];
	unsigned char buf[MBOCHS_EDID_MAX];
	char uuid[MDEV_UUID_SIZE];

	EXPECT_EQ(MBOCHS_EDID_MAX, put(MBOCHS_MONITOR, BLOB, self->edid,
				       MBOCHS_EDID_MAX));
	EXPECT_EQ(4, set(edid_size, MBOCHS_EDID_MAX));
	EXPECT_EQ(4, set(link_state, LINK_UP));
	strcpy(uuid, self->dev.uuid);
	vfio_dev_close(&self->dev);

	vfio_dev_open(&self->dev, uuid);
	EXPECT_EQ(0, field(edid_size));
	EXPECT_EQ(LINK_DOWN, field(link_state));
	EXPECT_EQ(0, seen(&self->dev, self->edid));
	EXPECT_EQ(sizeof(buf), get(MBOCHS_MONITOR, BLOB, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, zeros, sizeof(buf)));
	/* Not even if this one plugs in what is there */
	EXPECT_EQ(4, set(edid_size, MBOCHS_EDID_MAX));
	EXPECT_EQ(4, set(link_state, LINK_UP));
	EXPECT_EQ(0, seen(&self->dev, self->edid));
}

/* Values that make no sense are refused, and nothing changes. */
TEST_F(monitor, bad_values)
{
	EXPECT_EQ(4, set(edid_size, 128));
	EXPECT_EQ(128, put(MBOCHS_MONITOR, BLOB, self->edid, 128));
	EXPECT_EQ(4, set(link_state, LINK_UP));
	EXPECT_EQ(-EINVAL, set(edid_size, MBOCHS_EDID_MAX + 1));
	EXPECT_EQ(-EINVAL, set(edid_size, ~0));
	EXPECT_EQ(-EINVAL, set(link_state, 0));
	EXPECT_EQ(-EINVAL, set(link_state, LINK_DOWN + 1));
	EXPECT_EQ(-EINVAL, set(link_state, ~0));
	EXPECT_EQ(128, field(edid_size));
	EXPECT_EQ(LINK_UP, field(link_state));
	EXPECT_EQ(128, seen(&self->dev, self->edid));
}

/* Read-only registers refuse any value. */
TEST_F(monitor, read_only)
{
	EXPECT_EQ(-EINVAL, set(edid_offset, field(edid_offset)));
	EXPECT_EQ(-EINVAL, set(edid_max_size, MBOCHS_EDID_MAX));
	EXPECT_EQ(-EINVAL, set(max_xres, 0));
	EXPECT_EQ(-EINVAL, set(max_yres, 0));
	EXPECT_EQ(800, field(max_xres));
}

/* A register is written as a whole, and alone. */
TEST_F(monitor, bad_accesses)
{
	__u64 value = 0;

	EXPECT_EQ(-EINVAL, put(MBOCHS_MONITOR, FIELD(edid_size), &value, 1));
	EXPECT_EQ(-EINVAL, put(MBOCHS_MONITOR, FIELD(edid_size), &value, 2));
	EXPECT_EQ(-EINVAL, put(MBOCHS_MONITOR, FIELD(edid_size), &value, 8));
	EXPECT_EQ(-EINVAL,
		  put(MBOCHS_MONITOR, FIELD(edid_size) + 2, &value, 4));
	EXPECT_EQ(-EINVAL, put(MBOCHS_MONITOR, BLOB - 1, &value, 2));
	EXPECT_EQ(-EFAULT, put(MBOCHS_MONITOR, FIELD(edid_size), NULL, 4));
}

/* The EDID ends where the region does. */
TEST_F(monitor, bounds)
{
	const __u64 end = BLOB + MBOCHS_EDID_MAX;
	char buf[2048] = "";

	EXPECT_EQ(end, get(MBOCHS_MONITOR, 0, buf, sizeof(buf)));
	EXPECT_EQ(MBOCHS_EDID_MAX,
		  put(MBOCHS_MONITOR, BLOB, buf, sizeof(buf)));
	EXPECT_EQ(1, put(MBOCHS_MONITOR, end - 1, buf, 2));
	EXPECT_EQ(-EINVAL, put(MBOCHS_MONITOR, end, buf, 1));
	EXPECT_EQ(-EINVAL, get(MBOCHS_MONITOR, end, buf, 1));
	EXPECT_EQ(-EINVAL, put(MBOCHS_MONITOR, ~0U, buf, 4));
}

TEST_HARNESS_MAIN
