// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of VFIO_DEVICE_SET_IRQS: what user space may ask for, and what comes of it
 *
 * No eventfds are needed for that, as -1 stands for none.
 */
#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio_mdev_lib.h>

#define VFIO_MDEV_IRQ_MSI	4
#define VFIO_MDEV_IRQ_MSIX	8

#define VFIO_MDEV_IRQ_TRIGGER	VFIO_IRQ_SET_ACTION_TRIGGER
#define VFIO_MDEV_IRQ_NONE \
	(VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_NONE)
#define VFIO_MDEV_IRQ_BOOL \
	(VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_BOOL)
#define VFIO_MDEV_IRQ_EVENTFD \
	(VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)

static int vfio_mdev_irq_set_kunit_init(struct kunit *test)
{
	const struct vfio_mdev_irq_desc desc = {
		.intx = true,
		.msi = VFIO_MDEV_IRQ_MSI,
		.msix = VFIO_MDEV_IRQ_MSIX,
		.request = true,
	};
	struct vfio_mdev_irqs *irqs;

	irqs = kunit_kzalloc(test, sizeof(*irqs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, irqs);
	KUNIT_ASSERT_EQ(test, 0, vfio_mdev_irq_init(irqs, &desc));
	test->priv = irqs;
	return 0;
}

static void vfio_mdev_irq_set_kunit_exit(struct kunit *test)
{
	struct vfio_mdev_irqs *irqs = test->priv;

	if (!irqs)
		return;
	vfio_mdev_irq_release(irqs);
	vfio_mdev_irq_destroy(irqs);
}

/* @data has 4 bytes for each interrupt, or is not looked at. */
static int vfio_mdev_irq_set_kunit(struct kunit *test, u32 index, u32 flags,
				   u32 start, u32 count, const void *data)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set) + 4 * count,
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};

	return vfio_mdev_irq_set(test->priv, &set, data);
}

/**
 * struct vfio_mdev_irq_ask - something asked for with VFIO_DEVICE_SET_IRQS
 * @index: of the interrupts
 * @flags: action and type of data
 * @start: first interrupt
 * @count: number of interrupts
 * @off: what comes of it while no index is enabled
 * @on: while @index is enabled
 * @other: while another one is enabled
 *
 * Eventfds are -1, booleans are true.
 */
struct vfio_mdev_irq_ask {
	u32 index;
	u32 flags;
	u32 start;
	u32 count;
	int off;
	int on;
	int other;
};

#define VFIO_MDEV_IRQ_ASK(index, action, data, ...)			\
	{ VFIO_PCI_##index##_IRQ_INDEX, VFIO_IRQ_SET_ACTION_##action |	\
	  VFIO_IRQ_SET_DATA_##data, __VA_ARGS__ }

static const struct vfio_mdev_irq_ask vfio_mdev_irq_asks[] = {
	VFIO_MDEV_IRQ_ASK(INTX, MASK, NONE, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, MASK, BOOL, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, MASK, EVENTFD, 0, 1, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(INTX, UNMASK, NONE, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, UNMASK, BOOL, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, UNMASK, EVENTFD, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, NONE, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, BOOL, 0, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, EVENTFD, 0, 1, 0, 0, -EINVAL),
	/* Of no interrupts, only disabling makes sense. */
	VFIO_MDEV_IRQ_ASK(INTX, MASK, NONE, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, MASK, BOOL, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, MASK, EVENTFD, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, UNMASK, NONE, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, UNMASK, BOOL, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, UNMASK, EVENTFD, 0, 0,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, NONE, 0, 0, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, BOOL, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, EVENTFD, 0, 0,
			  -EINVAL, -EINVAL, -EINVAL),
	/* There is one. */
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, NONE, 1, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, NONE, 1, 1, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, TRIGGER, EVENTFD, 0, 2,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(INTX, MASK, NONE, 0, 2, -EINVAL, -EINVAL, -EINVAL),

	/* Messages cannot be masked. */
	VFIO_MDEV_IRQ_ASK(MSI, MASK, NONE, 0, 1, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSI, MASK, BOOL, 0, 1, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSI, MASK, EVENTFD, 0, 1, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSI, UNMASK, NONE, 0, 4, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSI, UNMASK, BOOL, 3, 1, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSI, UNMASK, EVENTFD, 0, 0,
			  -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSI, MASK, NONE, 0, 5, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, NONE, 0, 4, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, BOOL, 0, 4, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, BOOL, 3, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, EVENTFD, 0, 4, 0, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, EVENTFD, 0, 1, 0, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, EVENTFD, 3, 1, 0, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, NONE, 0, 0, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, NONE, 3, 0, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, BOOL, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, EVENTFD, 0, 0,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, NONE, 4, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, NONE, 0, 5, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, BOOL, 3, 2, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSI, TRIGGER, EVENTFD, 4, 1,
			  -EINVAL, -EINVAL, -EINVAL),

	VFIO_MDEV_IRQ_ASK(MSIX, MASK, NONE, 0, 8, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSIX, UNMASK, EVENTFD, 0, 1,
			  -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(MSIX, TRIGGER, NONE, 7, 1, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSIX, TRIGGER, BOOL, 0, 8, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSIX, TRIGGER, EVENTFD, 0, 8, 0, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSIX, TRIGGER, NONE, 0, 0, -EINVAL, 0, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSIX, TRIGGER, EVENTFD, 0, 9,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(MSIX, TRIGGER, EVENTFD, 8, 1,
			  -EINVAL, -EINVAL, -EINVAL),

	/* Errors of the device are not reported. */
	VFIO_MDEV_IRQ_ASK(ERR, TRIGGER, EVENTFD, 0, 1,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(ERR, TRIGGER, NONE, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(ERR, MASK, NONE, 0, 1, -EINVAL, -EINVAL, -EINVAL),

	/* This one does not care which of the others is enabled. */
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, EVENTFD, 0, 1, 0, 0, 0),
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, BOOL, 0, 1, 0, 0, 0),
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, NONE, 0, 1, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, NONE, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, BOOL, 0, 0, -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, EVENTFD, 0, 0,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(REQ, TRIGGER, EVENTFD, 0, 2,
			  -EINVAL, -EINVAL, -EINVAL),
	VFIO_MDEV_IRQ_ASK(REQ, MASK, NONE, 0, 1, -ENOTTY, -ENOTTY, -ENOTTY),
	VFIO_MDEV_IRQ_ASK(REQ, UNMASK, EVENTFD, 0, 1,
			  -ENOTTY, -ENOTTY, -ENOTTY),
};

static void vfio_mdev_irq_ask_desc(const struct vfio_mdev_irq_ask *ask,
				   char *desc)
{
	static const char * const index[] = {
		"INTx", "MSI", "MSI-X", "error", "request"
	};
	u32 data = ask->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	u32 action = ask->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s %s %s %u+%u",
		 index[ask->index],
		 action == VFIO_IRQ_SET_ACTION_MASK ? "mask" :
		 action == VFIO_IRQ_SET_ACTION_UNMASK ? "unmask" : "trigger",
		 data == VFIO_IRQ_SET_DATA_NONE ? "none" :
		 data == VFIO_IRQ_SET_DATA_BOOL ? "bool" : "eventfd",
		 ask->start, ask->count);
}

KUNIT_ARRAY_PARAM(vfio_mdev_irq_ask, vfio_mdev_irq_asks,
		  vfio_mdev_irq_ask_desc);

/* What is done to an index depends on which one is enabled, and nothing else. */
static void vfio_mdev_irq_answers(struct kunit *test)
{
	const struct vfio_mdev_irq_ask *ask = test->param_value;
	struct vfio_mdev_irqs *irqs = test->priv;
	const u32 enable = VFIO_IRQ_SET_ACTION_TRIGGER |
			   VFIO_IRQ_SET_DATA_EVENTFD;
	u32 index;
	u8 data[64];
	int ret;

	memset(data, 0xff, sizeof(data));
	KUNIT_EXPECT_EQ(test, ask->off,
			vfio_mdev_irq_set_kunit(test, ask->index, ask->flags,
						ask->start, ask->count, data));
	vfio_mdev_irq_release(irqs);

	for (index = 0; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		KUNIT_ASSERT_EQ(test, 0,
				vfio_mdev_irq_set_kunit(test, index, enable, 0,
							irqs->count[index],
							data));
		ret = index == ask->index ? ask->on : ask->other;
		KUNIT_EXPECT_EQ(test, ret,
				vfio_mdev_irq_set_kunit(test, ask->index,
							ask->flags, ask->start,
							ask->count, data));
		vfio_mdev_irq_release(irqs);
	}
}

/**
 * struct vfio_mdev_irq_check_case - something that may be malformed
 * @why: what is wrong with it
 * @set: what is asked for
 * @ret: what the check says
 * @data_size: bytes of data that it has to have
 */
struct vfio_mdev_irq_check_case {
	const char *why;
	struct vfio_irq_set set;
	int ret;
	size_t data_size;
};

/* argsz, flags, index, start, count; MSI-X has 8 vectors */
static const struct vfio_mdev_irq_check_case vfio_mdev_irq_checks[] = {
	{ "good without data", { 20, VFIO_MDEV_IRQ_NONE, 2, 0, 8 }, 0, 0 },
	{ "good with booleans", { 28, VFIO_MDEV_IRQ_BOOL, 2, 0, 8 }, 0, 8 },
	{ "good with eventfds", { 52, VFIO_MDEV_IRQ_EVENTFD, 2, 0, 8 }, 0, 32 },
	{ "more than needed", { 4096, VFIO_MDEV_IRQ_BOOL, 2, 7, 1 }, 0, 1 },
	{ "no room for itself", { 19, VFIO_MDEV_IRQ_NONE, 2, 0, 8 }, -EINVAL },
	{ "no size", { 0, VFIO_MDEV_IRQ_NONE, 2, 0, 8 }, -EINVAL },
	{ "a boolean short", { 27, VFIO_MDEV_IRQ_BOOL, 2, 0, 8 }, -EINVAL },
	{ "an eventfd short", { 51, VFIO_MDEV_IRQ_EVENTFD, 2, 0, 8 }, -EINVAL },
	{ "the next index", { 24, VFIO_MDEV_IRQ_NONE, 5, 0, 1 }, -EINVAL },
	{ "the last index", { 24, VFIO_MDEV_IRQ_NONE, U32_MAX, 0, 1 },
	  -EINVAL },
	{ "start at the count", { 24, VFIO_MDEV_IRQ_NONE, 2, 8, 1 }, -EINVAL },
	{ "start beyond", { 24, VFIO_MDEV_IRQ_NONE, 2, U32_MAX, 1 }, -EINVAL },
	{ "one too many", { 60, VFIO_MDEV_IRQ_NONE, 2, 0, 9 }, -EINVAL },
	{ "the most", { 60, VFIO_MDEV_IRQ_NONE, 2, 0, U32_MAX }, -EINVAL },
	{ "a sum of 2", { 60, VFIO_MDEV_IRQ_NONE, 2, 3, U32_MAX }, -EINVAL },
	{ "data of 4 bytes in 32 bits",
	  { 24, VFIO_MDEV_IRQ_EVENTFD, 2, 0, 0x40000001 }, -EINVAL },
	{ "no type of data", { 20, VFIO_MDEV_IRQ_TRIGGER, 2, 0, 8 }, -EINVAL },
	{ "two types of data",
	  { 52, VFIO_MDEV_IRQ_BOOL | VFIO_MDEV_IRQ_EVENTFD, 2, 0, 8 },
	  -EINVAL },
	{ "all types of data",
	  { 52, VFIO_MDEV_IRQ_TRIGGER | VFIO_IRQ_SET_DATA_TYPE_MASK, 2, 0, 8 },
	  -EINVAL },
	{ "an unknown flag", { 20, VFIO_MDEV_IRQ_NONE | BIT(6), 2, 0, 8 },
	  -EINVAL },
	{ "the last flag", { 20, VFIO_MDEV_IRQ_NONE | BIT(31), 2, 0, 8 },
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(vfio_mdev_irq_check, vfio_mdev_irq_checks, why);

/* What is malformed is refused before anything is done. */
static void vfio_mdev_irq_checks_set(struct kunit *test)
{
	const struct vfio_mdev_irq_check_case *c = test->param_value;
	struct vfio_mdev_irqs *irqs = test->priv;
	size_t data_size = 0;

	KUNIT_EXPECT_EQ(test, c->ret,
			vfio_mdev_irq_check(irqs, &c->set, &data_size));
	if (c->ret)
		KUNIT_EXPECT_EQ(test, c->ret,
				vfio_mdev_irq_set(irqs, &c->set, NULL));
	else
		KUNIT_EXPECT_EQ(test, c->data_size, data_size);
}

/* An action has to be one, not none and not several. */
static void vfio_mdev_irq_one_action(struct kunit *test)
{
	const u32 first = VFIO_IRQ_SET_ACTION_MASK;
	const u32 all = VFIO_IRQ_SET_ACTION_TYPE_MASK;
	u32 flags;

	for (flags = VFIO_IRQ_SET_DATA_NONE; flags < all + first; flags += first)
		if (hweight32(flags & all) != 1)
			KUNIT_EXPECT_EQ(test, -EINVAL,
					vfio_mdev_irq_set_kunit(test, 0, flags,
								0, 1, NULL));
}

/* Asks, with data of exactly the size that the check wants. */
static void vfio_mdev_irq_set_kunit_try(struct kunit *test,
					const struct vfio_irq_set *set)
{
	struct vfio_mdev_irqs *irqs = test->priv;
	size_t data_size = 0;
	u8 *data = NULL;
	int check, ret;

	check = vfio_mdev_irq_check(irqs, set, &data_size);
	if (!check && data_size) {
		data = kmalloc(data_size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, data);
		memset(data, 0xff, data_size);
	}
	ret = vfio_mdev_irq_set(irqs, set, data);
	if ((check && ret != check) || ret > 0 ||
	    (ret && ret != -EINVAL && ret != -ENOTTY))
		KUNIT_FAIL(test, "%u %#x %u+%u: check %d, set %d\n", set->index,
			   set->flags, set->start, set->count, check, ret);
	kfree(data);
}

/* Whatever is asked for, no more data is looked at than was checked for. */
static void vfio_mdev_irq_sweep(struct kunit *test)
{
	static const u32 numbers[] = {
		0, 1, 3, 4, 5, 7, 8, 9, INT_MAX, BIT(31), U32_MAX - 1, U32_MAX
	};
	const unsigned int nr = ARRAY_SIZE(numbers);
	struct vfio_irq_set set = { .argsz = 64 };
	unsigned int i;

	for (set.index = 0; set.index <= VFIO_PCI_NUM_IRQS; set.index++) {
		for (set.flags = 0; set.flags < BIT(7); set.flags++) {
			for (i = 0; i < nr * nr; i++) {
				set.start = numbers[i / nr];
				set.count = numbers[i % nr];
				vfio_mdev_irq_set_kunit_try(test, &set);
			}
		}
		vfio_mdev_irq_release(test->priv);
	}
}

/* MSI keeps the number of vectors that it was enabled with, MSI-X grows. */
static void vfio_mdev_irq_msi_resize(struct kunit *test)
{
	const u32 flags = VFIO_MDEV_IRQ_EVENTFD;
	const s32 fds[] = { -1, -1 };
	u32 index;
	int ret;

	for (index = 1; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		ret = index == VFIO_PCI_MSIX_IRQ_INDEX ? 0 : -EINVAL;
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_irq_set_kunit(test, index, flags, 0,
							2, fds));
		KUNIT_EXPECT_EQ(test, 0,
				vfio_mdev_irq_set_kunit(test, index, flags, 1,
							1, fds));
		KUNIT_EXPECT_EQ(test, ret,
				vfio_mdev_irq_set_kunit(test, index, flags, 2,
							1, fds));
		KUNIT_EXPECT_EQ(test, ret,
				vfio_mdev_irq_set_kunit(test, index, flags, 1,
							2, fds));
		vfio_mdev_irq_release(test->priv);
	}
}

static struct kunit_case vfio_mdev_irq_set_kunit_cases[] = {
	KUNIT_CASE_PARAM(vfio_mdev_irq_answers, vfio_mdev_irq_ask_gen_params),
	KUNIT_CASE_PARAM(vfio_mdev_irq_checks_set, vfio_mdev_irq_check_gen_params),
	KUNIT_CASE(vfio_mdev_irq_one_action),
	KUNIT_CASE(vfio_mdev_irq_sweep),
	KUNIT_CASE(vfio_mdev_irq_msi_resize),
	{ }
};

static struct kunit_suite vfio_mdev_irq_set_kunit_suite = {
	.name = "vfio_mdev_irq_set",
	.init = vfio_mdev_irq_set_kunit_init,
	.exit = vfio_mdev_irq_set_kunit_exit,
	.test_cases = vfio_mdev_irq_set_kunit_cases,
};

kunit_test_suite(vfio_mdev_irq_set_kunit_suite);

MODULE_DESCRIPTION("Tests of what may be asked of interrupts of mediated devices");
MODULE_LICENSE("GPL");
