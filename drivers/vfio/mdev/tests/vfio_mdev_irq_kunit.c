// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of interrupts: what user space is told of them, and what it hears
 *
 * Hearing takes eventfds, which only a system call makes. Code that is linked into
 * a kernel whose system calls are plain functions, as those of User-mode Linux
 * are, can call it; elsewhere the tests that need it are skipped.
 */
#include <kunit/test.h>
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/syscalls.h>
#include <linux/vfio_mdev_lib.h>

#define VFIO_MDEV_IRQ_MSI	4
#define VFIO_MDEV_IRQ_MSIX	8
#define VFIO_MDEV_IRQ_MOST	2048	/* vectors of MSI-X */

#define VFIO_MDEV_IRQ_TRIGGER	VFIO_IRQ_SET_ACTION_TRIGGER
#define VFIO_MDEV_IRQ_NONE \
	(VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_NONE)
#define VFIO_MDEV_IRQ_BOOL \
	(VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_BOOL)
#define VFIO_MDEV_IRQ_EVENTFD \
	(VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)

/**
 * struct vfio_mdev_irq_kunit - state of a test
 * @dev: names messages; never registered
 * @config: config space, where a test wants one
 * @irqs: what is tested
 */
struct vfio_mdev_irq_kunit {
	struct device dev;
	struct vfio_mdev_config config;
	struct vfio_mdev_irqs irqs;
};

static int vfio_mdev_irq_kunit_init(struct kunit *test)
{
	const struct vfio_mdev_irq_desc desc = {
		.intx = true,
		.msi = VFIO_MDEV_IRQ_MSI,
		.msix = VFIO_MDEV_IRQ_MSIX,
		.request = true,
	};
	struct vfio_mdev_irq_kunit *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->dev.init_name = "vfio_mdev_irq";
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_irq_init(&ctx->irqs, &desc));
	test->priv = ctx;
	return 0;
}

static void vfio_mdev_irq_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;

	if (!ctx)
		return;
	vfio_mdev_irq_release(&ctx->irqs);
	vfio_mdev_irq_destroy(&ctx->irqs);
	vfio_mdev_config_destroy(&ctx->config);
}

/* @data has 4 bytes for each interrupt, or is not looked at. */
static int vfio_mdev_irq_kunit_set(struct kunit *test, u32 index, u32 flags,
				   u32 start, u32 count, const void *data)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	struct vfio_irq_set set = {
		.argsz = sizeof(set) + 4 * count,
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};

	return vfio_mdev_irq_set(&ctx->irqs, &set, data);
}

/*
 * What there is
 */

/* What user space is told of @index: a count and flags, or an error */
static void vfio_mdev_irq_kunit_info(struct kunit *test, u32 index, int ret,
				     u32 count, u32 flags)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	struct vfio_irq_info info = {
		.index = index,
		.count = ~0,
		.flags = ~0,
	};

	KUNIT_EXPECT_EQ(test, ret, vfio_mdev_irq_get_info(&ctx->irqs, &info));
	if (!ret) {
		KUNIT_EXPECT_EQ(test, count, info.count);
		KUNIT_EXPECT_EQ(test, flags, info.flags);
	}
}

/* User space is told of each index what it can do. */
static void vfio_mdev_irq_info(struct kunit *test)
{
	const u32 eventfd = VFIO_IRQ_INFO_EVENTFD;

	vfio_mdev_irq_kunit_info(test, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, eventfd |
				 VFIO_IRQ_INFO_MASKABLE |
				 VFIO_IRQ_INFO_AUTOMASKED);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_MSI_IRQ_INDEX, 0, 4,
				 eventfd | VFIO_IRQ_INFO_NORESIZE);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_MSIX_IRQ_INDEX, 0, 8, eventfd);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_REQ_IRQ_INDEX, 0, 1,
				 eventfd | VFIO_IRQ_INFO_NORESIZE);
	/* Not even count 0, which would be a promise */
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_ERR_IRQ_INDEX, -EINVAL, 0, 0);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_NUM_IRQS, -EINVAL, 0, 0);
	vfio_mdev_irq_kunit_info(test, U32_MAX, -EINVAL, 0, 0);
}

/* Replaces the interrupts by those of @desc, which is to succeed. */
static void vfio_mdev_irq_kunit_again(struct kunit *test,
				      const struct vfio_mdev_irq_desc *desc)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;

	vfio_mdev_irq_destroy(&ctx->irqs);
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_irq_init(&ctx->irqs, desc));
}

/* A device may have no interrupts at all. */
static void vfio_mdev_irq_info_nothing(struct kunit *test)
{
	const struct vfio_mdev_irq_desc desc = { };
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = -1;
	u32 i;

	vfio_mdev_irq_kunit_again(test, &desc);
	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		if (i != VFIO_PCI_ERR_IRQ_INDEX)
			vfio_mdev_irq_kunit_info(test, i, 0, 0, 0);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_irq_kunit_set(test, i,
							VFIO_MDEV_IRQ_EVENTFD,
							0, 1, &fd));
	}
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	vfio_mdev_irq_request(&ctx->irqs);
}

/* Numbers of vectors that no PCI device has are refused. */
static void vfio_mdev_irq_init_refuses(struct kunit *test)
{
	static const u16 msi[] = { 3, 31, 33, 64, U16_MAX };
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	struct vfio_mdev_irq_desc desc = { .dev = &ctx->dev };
	unsigned int i;

	vfio_mdev_irq_destroy(&ctx->irqs);
	for (i = 0; i < ARRAY_SIZE(msi); i++) {
		desc.msi = msi[i];
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vfio_mdev_irq_init(&ctx->irqs, &desc));
	}
	desc.msi = 0;
	desc.msix = 2049;
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_irq_init(&ctx->irqs, &desc));

	/* The most that there can be */
	desc.msi = 32;
	desc.msix = 2048;
	vfio_mdev_irq_kunit_again(test, &desc);

	/* Config space that was not set up */
	desc.config = &ctx->config;
	vfio_mdev_irq_destroy(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_irq_init(&ctx->irqs, &desc));
}

/* Interrupts that come with config space: a pin, MSI, and MSI-X of 16 vectors */
static void vfio_mdev_irq_kunit_config(struct kunit *test)
{
	static const u8 image[PCI_CAP_MSIX_SIZEOF] = { [PCI_MSIX_FLAGS] = 15 };
	const struct vfio_mdev_pci_desc desc = { .irq_pin = 2 };
	const struct vfio_mdev_pci_cap cap = {
		.id = PCI_CAP_ID_MSIX,
		.size = sizeof(image),
		.image = image,
	};
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	const struct vfio_mdev_irq_desc irq_desc = {
		.config = &ctx->config,
		.msi = 1,
	};

	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_init(&ctx->config, &ctx->dev,
						       &desc));
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_add_msi(&ctx->config, 32));
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_config_add_cap(&ctx->config, &cap, NULL));
	vfio_mdev_irq_kunit_again(test, &irq_desc);
}

/* With config space, that decides. */
static void vfio_mdev_irq_info_config(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	const struct vfio_mdev_pci_desc bare = { };
	const struct vfio_mdev_irq_desc all = {
		.config = &ctx->config,
		.intx = true,
		.msi = 1,
		.msix = 1,
	};
	const u32 eventfd = VFIO_IRQ_INFO_EVENTFD;
	u32 i;

	vfio_mdev_irq_kunit_config(test);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, eventfd |
				 VFIO_IRQ_INFO_MASKABLE |
				 VFIO_IRQ_INFO_AUTOMASKED);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_MSI_IRQ_INDEX, 0, 32,
				 eventfd | VFIO_IRQ_INFO_NORESIZE);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_MSIX_IRQ_INDEX, 0, 16, eventfd);
	vfio_mdev_irq_kunit_info(test, VFIO_PCI_REQ_IRQ_INDEX, 0, 0, 0);

	vfio_mdev_config_destroy(&ctx->config);
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_config_init(&ctx->config, &ctx->dev,
						       &bare));
	vfio_mdev_irq_kunit_again(test, &all);
	for (i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++)
		vfio_mdev_irq_kunit_info(test, i, 0, 0, 0);
}

/* The status register follows the line, whether anybody listens or not. */
static void vfio_mdev_irq_status(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	u8 status;

	vfio_mdev_irq_kunit_config(test);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	vfio_mdev_config_read(&ctx->config, PCI_STATUS, &status, 1);
	KUNIT_EXPECT_TRUE(test, status & PCI_STATUS_INTERRUPT);

	/* A reset of config space does not change the line. */
	vfio_mdev_config_reset(&ctx->config);
	vfio_mdev_irq_update(&ctx->irqs);
	vfio_mdev_config_read(&ctx->config, PCI_STATUS, &status, 1);
	KUNIT_EXPECT_TRUE(test, status & PCI_STATUS_INTERRUPT);

	vfio_mdev_irq_set_line(&ctx->irqs, false);
	vfio_mdev_config_read(&ctx->config, PCI_STATUS, &status, 1);
	KUNIT_EXPECT_FALSE(test, status & PCI_STATUS_INTERRUPT);
}

/*
 * What user space hears
 */

/* Only where a system call is an ordinary function, and can be had */
#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
static int vfio_mdev_irq_kunit_new_eventfd(void)
{
	return -EOPNOTSUPP;
}
#else
static int vfio_mdev_irq_kunit_new_eventfd(void)
{
	typeof(sys_eventfd2) *new_eventfd = symbol_get(sys_eventfd2);
	int fd;

	if (!new_eventfd)
		return -EOPNOTSUPP;
	fd = new_eventfd(0, EFD_NONBLOCK);
	symbol_put(sys_eventfd2);
	return fd;
}
#endif

static void vfio_mdev_irq_kunit_close(void *fd)
{
	close_fd((unsigned long)fd);
}

/* Returns an eventfd of the task that tests run in. */
static s32 vfio_mdev_irq_kunit_eventfd(struct kunit *test)
{
	int fd = vfio_mdev_irq_kunit_new_eventfd();

	if (fd == -EOPNOTSUPP)
		kunit_skip(test, "eventfds cannot be made here");
	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test,
						  vfio_mdev_irq_kunit_close,
						  (void *)(unsigned long)fd));
	return fd;
}

static void vfio_mdev_irq_kunit_signal(struct kunit *test, s32 fd)
{
	struct eventfd_ctx *eventfd = eventfd_ctx_fdget(fd);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, eventfd);
	eventfd_signal(eventfd);
	eventfd_ctx_put(eventfd);
}

/* Returns how often it was signalled since the last call. */
static u64 vfio_mdev_irq_kunit_heard(struct kunit *test, s32 fd)
{
	struct file *file = fget(fd);
	loff_t pos = 0;
	u64 count = 0;
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, file);
	ret = kernel_read(file, &count, sizeof(count), &pos);
	fput(file);
	KUNIT_EXPECT_EQ(test, count ? sizeof(count) : -EAGAIN, ret);
	return count;
}

/* The same for what is signalled by a work item, after some time */
static u64 vfio_mdev_irq_kunit_hear(struct kunit *test, s32 fd)
{
	unsigned int i;
	u64 count;

	for (i = 0; i < 500; i++) {
		count = vfio_mdev_irq_kunit_heard(test, fd);
		if (count)
			return count;
		schedule_timeout_idle(1);
	}
	return 0;
}

/* Enables vector 0 of @index, or replaces its eventfd. */
static void vfio_mdev_irq_kunit_enable(struct kunit *test, u32 index, s32 fd)
{
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, index,
						VFIO_MDEV_IRQ_EVENTFD, 0, 1,
						&fd));
}

static void vfio_mdev_irq_kunit_disable(struct kunit *test, u32 index)
{
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, index, VFIO_MDEV_IRQ_NONE,
						0, 0, NULL));
}

static void vfio_mdev_irq_kunit_mask(struct kunit *test, bool mask)
{
	u32 action = mask ? VFIO_IRQ_SET_ACTION_MASK :
			    VFIO_IRQ_SET_ACTION_UNMASK;

	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, 0, action |
						VFIO_IRQ_SET_DATA_NONE, 0, 1,
						NULL));
}

/* A line that is high is heard once, and again when it is still so at unmasking. */
static void vfio_mdev_irq_intx_level(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));

	/* Masked by that, whatever the line does */
	vfio_mdev_irq_set_line(&ctx->irqs, false);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_mask(test, false);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_mask(test, false);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));

	vfio_mdev_irq_set_line(&ctx->irqs, false);
	vfio_mdev_irq_kunit_mask(test, false);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
}

/* Who enables INTx while the line is high hears it, even if it was masked. */
static void vfio_mdev_irq_intx_late(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_set_line(&ctx->irqs, true);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));

	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_INTX_IRQ_INDEX);
	vfio_mdev_irq_set_line(&ctx->irqs, false);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
}

/* What is masked by the user is heard after unmasking. */
static void vfio_mdev_irq_intx_mask(struct kunit *test)
{
	const u32 unmask = VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_BOOL;
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	u8 yes = 1, no = 0;

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	vfio_mdev_irq_kunit_mask(test, true);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_set(test, 0, unmask, 0, 1,
							 &no));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_set(test, 0, unmask, 0, 1,
							 &yes));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
}

static void vfio_mdev_irq_kunit_command(struct kunit *test, u16 value)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	__le16 command = cpu_to_le16(value);

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_config_write(&ctx->config,
							PCI_COMMAND, &command,
							sizeof(command)));
	vfio_mdev_irq_update(&ctx->irqs);
}

/* The interrupt disable bit holds INTx back as long as it is set. */
static void vfio_mdev_irq_intx_disable(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	u8 yes = 1;

	vfio_mdev_irq_kunit_config(test);
	vfio_mdev_irq_kunit_command(test, PCI_COMMAND_INTX_DISABLE);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	vfio_mdev_irq_kunit_mask(test, false);
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, 0, VFIO_MDEV_IRQ_BOOL, 0,
						1, &yes));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));

	vfio_mdev_irq_kunit_command(test, PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_command(test, PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
}

/* An eventfd unmasks each time that it is signalled, from before too. */
static void vfio_mdev_irq_intx_unmask_fd(struct kunit *test)
{
	const u32 flags = VFIO_IRQ_SET_ACTION_UNMASK |
			  VFIO_IRQ_SET_DATA_EVENTFD;
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 unmask = vfio_mdev_irq_kunit_eventfd(test);
	s32 none = -1;

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));

	vfio_mdev_irq_kunit_signal(test, unmask);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_set(test, 0, flags, 0, 1,
							 &unmask));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_hear(test, fd));
	vfio_mdev_irq_kunit_signal(test, unmask);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_hear(test, fd));
	/* What was signalled has been taken. */
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, unmask));

	/* Nobody takes a signal from it any more. */
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_set(test, 0, flags, 0, 1,
							 &none));
	vfio_mdev_irq_kunit_heard(test, unmask);
	vfio_mdev_irq_kunit_signal(test, unmask);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, unmask));
}

/* Disabling INTx ends unmasking by eventfd. */
static void vfio_mdev_irq_intx_unmask_ends(struct kunit *test)
{
	const u32 flags = VFIO_IRQ_SET_ACTION_UNMASK |
			  VFIO_IRQ_SET_DATA_EVENTFD;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 bad[] = { -2, INT_MIN, INT_MAX };
	int ret[] = { -EINVAL, -EINVAL, -EBADF };
	unsigned int i;

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, ret[i],
				vfio_mdev_irq_kunit_set(test, 0, flags, 0, 1,
							&bad[i]));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_set(test, 0, flags, 0, 1,
							 &fd));
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_INTX_IRQ_INDEX);
	vfio_mdev_irq_kunit_signal(test, fd);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
}

static int vfio_mdev_irq_kunit_unmask_fd(struct kunit *test, s32 fd)
{
	return vfio_mdev_irq_kunit_set(test, VFIO_PCI_INTX_IRQ_INDEX,
				       VFIO_IRQ_SET_ACTION_UNMASK |
				       VFIO_IRQ_SET_DATA_EVENTFD, 0, 1, &fd);
}

/*
 * What unmasks is given up while its work is pending, which it stays until this task
 * sleeps.
 */
static void vfio_mdev_irq_intx_unmask_pending(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	unsigned int i;

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	sched_set_fifo_low(current);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_irq_kunit_unmask_fd(test, fd));
		vfio_mdev_irq_kunit_signal(test, fd);
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_irq_kunit_unmask_fd(test, -1));
	}
	/* The same by disabling it, and at the end of a user */
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, fd));
	vfio_mdev_irq_kunit_signal(test, fd);
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_INTX_IRQ_INDEX);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, fd));
	vfio_mdev_irq_kunit_signal(test, fd);
	vfio_mdev_irq_release(&ctx->irqs);
	sched_set_normal(current, 0);
}

static int vfio_mdev_irq_kunit_trigger_fd(struct kunit *test, s32 fd)
{
	return vfio_mdev_irq_kunit_set(test, VFIO_PCI_INTX_IRQ_INDEX,
				       VFIO_MDEV_IRQ_EVENTFD, 0, 1, &fd);
}

/* The eventfd of INTx cannot unmask it too. Refusing that takes nothing from it. */
static void vfio_mdev_irq_intx_loop_unmask(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 unmask = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_irq_kunit_unmask_fd(test, fd));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));

	/* Nor in the place of another one, which stays */
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, unmask));
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_irq_kunit_unmask_fd(test, fd));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_signal(test, unmask);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_hear(test, fd));

	/* It can when INTx has another one, and the same one again. */
	vfio_mdev_irq_set_line(&ctx->irqs, false);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, fd));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, fd));
}

/* The eventfd that unmasks INTx cannot be its own. */
static void vfio_mdev_irq_intx_loop_trigger(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 unmask = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, unmask));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_trigger_fd(test, unmask));

	/* Nor in the place of another one, which stays */
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_trigger_fd(test, unmask));
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_signal(test, unmask);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_hear(test, fd));

	/* It can when it does not unmask any more. */
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, -1));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_trigger_fd(test, unmask));
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_INTX_IRQ_INDEX);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_trigger_fd(test, fd));
}

/* Messages are not unmasked, so the eventfd of one may unmask INTx later. */
static void vfio_mdev_irq_intx_no_loop(struct kunit *test)
{
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_MSI_IRQ_INDEX, fd);
	KUNIT_EXPECT_EQ(test, -EINVAL, vfio_mdev_irq_kunit_unmask_fd(test, fd));
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_MSI_IRQ_INDEX);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_REQ_IRQ_INDEX, fd);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, -1);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_unmask_fd(test, fd));
}

/* A message is sent when the line rises, and is not masked by that. */
static void vfio_mdev_irq_msi_edge(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	u32 index;

	for (index = 1; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		vfio_mdev_irq_kunit_enable(test, index, fd);
		KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
		vfio_mdev_irq_set_line(&ctx->irqs, true);
		vfio_mdev_irq_set_line(&ctx->irqs, true);
		KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
		vfio_mdev_irq_set_line(&ctx->irqs, false);
		KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
		vfio_mdev_irq_set_line(&ctx->irqs, true);
		KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));

		/* Enabled while it is high, but not merely replaced */
		vfio_mdev_irq_kunit_disable(test, index);
		vfio_mdev_irq_kunit_enable(test, index, fd);
		KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
		vfio_mdev_irq_kunit_enable(test, index, fd);
		KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
		vfio_mdev_irq_set_line(&ctx->irqs, false);
		vfio_mdev_irq_kunit_disable(test, index);
	}
}

/* Each vector has its own eventfd; what has none is lost. */
static void vfio_mdev_irq_msi_vectors(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fds[VFIO_MDEV_IRQ_MSI];
	unsigned int i, j;

	for (i = 0; i < VFIO_MDEV_IRQ_MSI; i++)
		fds[i] = i == 2 ? -1 : vfio_mdev_irq_kunit_eventfd(test);
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSI_IRQ_INDEX,
						VFIO_MDEV_IRQ_EVENTFD, 0,
						VFIO_MDEV_IRQ_MSI, fds));
	for (i = 0; i < VFIO_MDEV_IRQ_MSI + 2; i++) {
		vfio_mdev_irq_signal(&ctx->irqs, i);
		vfio_mdev_irq_signal(&ctx->irqs, i);
		for (j = 0; j < VFIO_MDEV_IRQ_MSI; j++)
			if (fds[j] >= 0)
				KUNIT_EXPECT_EQ(test, i == j ? 2 : 0,
						vfio_mdev_irq_kunit_heard(test, fds[j]));
	}
	vfio_mdev_irq_signal(&ctx->irqs, UINT_MAX);

	/* Messages are none of INTx. */
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_MSI_IRQ_INDEX);
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fds[0]);
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fds[0]));
}

/* Of several eventfds all are taken, or none if one is bad. */
static void vfio_mdev_irq_all_or_none(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 old = vfio_mdev_irq_kunit_eventfd(test);
	s32 fds[] = { vfio_mdev_irq_kunit_eventfd(test), INT_MAX };

	KUNIT_EXPECT_EQ(test, -EBADF,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSI_IRQ_INDEX,
						VFIO_MDEV_IRQ_EVENTFD, 0, 2,
						fds));
	/* Not enabled by that */
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_MSIX_IRQ_INDEX, old);
	KUNIT_EXPECT_EQ(test, -EBADF,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSIX_IRQ_INDEX,
						VFIO_MDEV_IRQ_EVENTFD, 0, 2,
						fds));
	fds[1] = -2;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSIX_IRQ_INDEX,
						VFIO_MDEV_IRQ_EVENTFD, 0, 2,
						fds));
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, old));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fds[0]));

	/* What is replaced is not signalled any more. */
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_MSIX_IRQ_INDEX, fds[0]);
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, old));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fds[0]));
}

/* User space can trigger interrupts by itself, all of a range or some. */
static void vfio_mdev_irq_loopback(struct kunit *test)
{
	static const u8 some[] = { 0, 1, 0 };
	s32 fds[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = vfio_mdev_irq_kunit_eventfd(test);
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSI_IRQ_INDEX,
						VFIO_MDEV_IRQ_EVENTFD, 1, 3,
						fds));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSI_IRQ_INDEX,
						VFIO_MDEV_IRQ_NONE, 0, 4,
						NULL));
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		KUNIT_EXPECT_EQ(test, 1,
				vfio_mdev_irq_kunit_heard(test, fds[i]));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSI_IRQ_INDEX,
						VFIO_MDEV_IRQ_BOOL, 1, 3,
						some));
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		KUNIT_EXPECT_EQ(test, some[i],
				vfio_mdev_irq_kunit_heard(test, fds[i]));
}

/* Gives the vectors from @start on the eventfd @fd, @count of them. */
static void vfio_mdev_irq_kunit_fill(struct kunit *test, u32 start, u32 count,
				     s32 fd)
{
	s32 *fds = kunit_kmalloc_array(test, count, sizeof(*fds), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, fds);
	for (i = 0; i < count; i++)
		fds[i] = fd;
	KUNIT_ASSERT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSIX_IRQ_INDEX,
						VFIO_MDEV_IRQ_EVENTFD, start,
						count, fds));
	kunit_kfree(test, fds);
}

/* User space triggers the vectors from @start on, @count of them. */
static int vfio_mdev_irq_kunit_trigger(struct kunit *test, u32 start, u32 count)
{
	return vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSIX_IRQ_INDEX,
				       VFIO_MDEV_IRQ_NONE, start, count, NULL);
}

/* A device with the largest table */
static void vfio_mdev_irq_kunit_most(struct kunit *test)
{
	const struct vfio_mdev_irq_desc desc = { .msix = VFIO_MDEV_IRQ_MOST };

	vfio_mdev_irq_kunit_again(test, &desc);
}

/* The last vector is heard, and what comes after it is not. */
static void vfio_mdev_irq_most_signal(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	u32 i;

	vfio_mdev_irq_kunit_most(test);
	vfio_mdev_irq_kunit_fill(test, 0, VFIO_MDEV_IRQ_MOST, fd);
	vfio_mdev_irq_signal(&ctx->irqs, VFIO_MDEV_IRQ_MOST - 1);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_signal(&ctx->irqs, VFIO_MDEV_IRQ_MOST);
	vfio_mdev_irq_signal(&ctx->irqs, VFIO_MDEV_IRQ_MOST + 1);
	vfio_mdev_irq_signal(&ctx->irqs, UINT_MAX);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	for (i = 0; i < VFIO_MDEV_IRQ_MOST; i++)
		vfio_mdev_irq_signal(&ctx->irqs, i);
	KUNIT_EXPECT_EQ(test, VFIO_MDEV_IRQ_MOST,
			vfio_mdev_irq_kunit_heard(test, fd));
}

/* User space triggers all of the table, and not one more. */
static void vfio_mdev_irq_most_loopback(struct kunit *test)
{
	const u32 most = VFIO_MDEV_IRQ_MOST;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	u8 *some = kunit_kzalloc(test, most, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, some);
	vfio_mdev_irq_kunit_most(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_trigger(test, 0, most));
	vfio_mdev_irq_kunit_fill(test, 0, most, fd);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_trigger(test, 0, most));
	KUNIT_EXPECT_EQ(test, most, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_trigger(test, 0, most + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_trigger(test, most, 1));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));

	some[0] = 1;
	some[most - 1] = 1;
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_MSIX_IRQ_INDEX,
						VFIO_MDEV_IRQ_BOOL, 0, most,
						some));
	KUNIT_EXPECT_EQ(test, 2, vfio_mdev_irq_kunit_heard(test, fd));
}

/* A part of the table is replaced, exactly that, and given up. */
static void vfio_mdev_irq_most_replace(struct kunit *test)
{
	const u32 most = VFIO_MDEV_IRQ_MOST, first = 1000, count = 777;
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 part = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_most(test);
	vfio_mdev_irq_kunit_fill(test, 0, most, fd);
	vfio_mdev_irq_kunit_fill(test, first, count, part);
	vfio_mdev_irq_signal(&ctx->irqs, first - 1);
	vfio_mdev_irq_signal(&ctx->irqs, first + count);
	KUNIT_EXPECT_EQ(test, 2, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_signal(&ctx->irqs, first);
	vfio_mdev_irq_signal(&ctx->irqs, first + count - 1);
	KUNIT_EXPECT_EQ(test, 2, vfio_mdev_irq_kunit_heard(test, part));

	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_trigger(test, 0, most));
	KUNIT_EXPECT_EQ(test, most - count, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, count, vfio_mdev_irq_kunit_heard(test, part));

	vfio_mdev_irq_kunit_fill(test, first, count, -1);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_trigger(test, 0, most));
	KUNIT_EXPECT_EQ(test, most - count, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, part));
}

/* Nothing of the table is left after it was disabled. */
static void vfio_mdev_irq_most_disable(struct kunit *test)
{
	const u32 most = VFIO_MDEV_IRQ_MOST;
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 last = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_most(test);
	/* Enabled with one, and grown */
	vfio_mdev_irq_kunit_fill(test, 0, 1, fd);
	vfio_mdev_irq_kunit_fill(test, 0, most, fd);
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_MSIX_IRQ_INDEX);
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	vfio_mdev_irq_signal(&ctx->irqs, most - 1);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_trigger(test, 0, most));

	vfio_mdev_irq_kunit_fill(test, most - 1, 1, last);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_trigger(test, 0, most));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, last));
}

/* The request is heard besides whatever else is enabled, until it is given up. */
static void vfio_mdev_irq_requests(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_request(&ctx->irqs);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_MSI_IRQ_INDEX, -1);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_REQ_IRQ_INDEX, fd);
	vfio_mdev_irq_request(&ctx->irqs);
	vfio_mdev_irq_request(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, 2, vfio_mdev_irq_kunit_heard(test, fd));

	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_MSI_IRQ_INDEX);
	vfio_mdev_irq_request(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_disable(test, VFIO_PCI_REQ_IRQ_INDEX);
	vfio_mdev_irq_request(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	/* There is nothing to give up any more. */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vfio_mdev_irq_kunit_set(test, VFIO_PCI_REQ_IRQ_INDEX,
						VFIO_MDEV_IRQ_NONE, 0, 0,
						NULL));
}

/* A fault is, too, if the device tells of faults; what comes after that there is not. */
static void vfio_mdev_irq_faults(struct kunit *test)
{
	const struct vfio_mdev_irq_desc desc = { .intx = true, .fault = true };
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_signal_fault(&ctx->irqs);
	vfio_mdev_irq_kunit_again(test, &desc);
	vfio_mdev_irq_kunit_info(test, VFIO_MDEV_FAULT_IRQ_INDEX, 0, 1,
				 VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE);
	vfio_mdev_irq_kunit_info(test, VFIO_MDEV_NUM_IRQS, -EINVAL, 0, 0);
	vfio_mdev_irq_signal_fault(&ctx->irqs);
	vfio_mdev_irq_kunit_enable(test, VFIO_MDEV_FAULT_IRQ_INDEX, fd);
	vfio_mdev_irq_signal_fault(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_request(&ctx->irqs);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_kunit_disable(test, VFIO_MDEV_FAULT_IRQ_INDEX);
	vfio_mdev_irq_signal_fault(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
}

/* User space can trigger the request by itself. */
static void vfio_mdev_irq_request_loopback(struct kunit *test)
{
	const u32 index = VFIO_PCI_REQ_IRQ_INDEX;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	u8 yes = 1, no = 0;

	vfio_mdev_irq_kunit_enable(test, index, fd);
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, index, VFIO_MDEV_IRQ_NONE,
						0, 1, NULL));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, index, VFIO_MDEV_IRQ_BOOL,
						0, 1, &yes));
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 0,
			vfio_mdev_irq_kunit_set(test, index, VFIO_MDEV_IRQ_BOOL,
						0, 1, &no));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
}

/* Once released, nothing is heard; the next user hears the line as it is. */
static void vfio_mdev_irq_released(struct kunit *test)
{
	struct vfio_mdev_irq_kunit *ctx = test->priv;
	s32 fd = vfio_mdev_irq_kunit_eventfd(test);
	s32 request = vfio_mdev_irq_kunit_eventfd(test);

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_MSIX_IRQ_INDEX, fd);
	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_REQ_IRQ_INDEX, request);
	vfio_mdev_irq_release(&ctx->irqs);
	vfio_mdev_irq_set_line(&ctx->irqs, true);
	vfio_mdev_irq_signal(&ctx->irqs, 0);
	vfio_mdev_irq_request(&ctx->irqs);
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, fd));
	KUNIT_EXPECT_EQ(test, 0, vfio_mdev_irq_kunit_heard(test, request));

	vfio_mdev_irq_kunit_enable(test, VFIO_PCI_INTX_IRQ_INDEX, fd);
	KUNIT_EXPECT_EQ(test, 1, vfio_mdev_irq_kunit_heard(test, fd));
	vfio_mdev_irq_release(&ctx->irqs);
	vfio_mdev_irq_release(&ctx->irqs);
}

static struct kunit_case vfio_mdev_irq_kunit_cases[] = {
	KUNIT_CASE(vfio_mdev_irq_info),
	KUNIT_CASE(vfio_mdev_irq_info_nothing),
	KUNIT_CASE(vfio_mdev_irq_init_refuses),
	KUNIT_CASE(vfio_mdev_irq_info_config),
	KUNIT_CASE(vfio_mdev_irq_status),
	KUNIT_CASE(vfio_mdev_irq_intx_level),
	KUNIT_CASE(vfio_mdev_irq_intx_late),
	KUNIT_CASE(vfio_mdev_irq_intx_mask),
	KUNIT_CASE(vfio_mdev_irq_intx_disable),
	KUNIT_CASE(vfio_mdev_irq_intx_unmask_fd),
	KUNIT_CASE(vfio_mdev_irq_intx_unmask_ends),
	KUNIT_CASE(vfio_mdev_irq_intx_unmask_pending),
	KUNIT_CASE(vfio_mdev_irq_intx_loop_unmask),
	KUNIT_CASE(vfio_mdev_irq_intx_loop_trigger),
	KUNIT_CASE(vfio_mdev_irq_intx_no_loop),
	KUNIT_CASE(vfio_mdev_irq_msi_edge),
	KUNIT_CASE(vfio_mdev_irq_msi_vectors),
	KUNIT_CASE(vfio_mdev_irq_all_or_none),
	KUNIT_CASE(vfio_mdev_irq_loopback),
	KUNIT_CASE(vfio_mdev_irq_most_signal),
	KUNIT_CASE(vfio_mdev_irq_most_loopback),
	KUNIT_CASE(vfio_mdev_irq_most_replace),
	KUNIT_CASE(vfio_mdev_irq_most_disable),
	KUNIT_CASE(vfio_mdev_irq_requests),
	KUNIT_CASE(vfio_mdev_irq_faults),
	KUNIT_CASE(vfio_mdev_irq_request_loopback),
	KUNIT_CASE(vfio_mdev_irq_released),
	{ }
};

static struct kunit_suite vfio_mdev_irq_kunit_suite = {
	.name = "vfio_mdev_irq",
	.init = vfio_mdev_irq_kunit_init,
	.exit = vfio_mdev_irq_kunit_exit,
	.test_cases = vfio_mdev_irq_kunit_cases,
};

kunit_test_suite(vfio_mdev_irq_kunit_suite);

MODULE_DESCRIPTION("Tests of the interrupts of mediated devices");
MODULE_LICENSE("GPL");
