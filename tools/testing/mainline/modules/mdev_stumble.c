// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets one call of a kernel function stumble, to meet a race with certainty
 *
 * Writing the name of a function to "at" arms the trap: the next call of it is
 * held up for "before_ms" milliseconds when it begins and for "after_ms" when it
 * returns, and returns "result" if that is not 0. "hits" counts such calls. The
 * processor does nothing else meanwhile, so there have to be two.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>

static uint before_ms;
module_param(before_ms, uint, 0644);
MODULE_PARM_DESC(before_ms, "milliseconds between call and begin");

static uint after_ms;
module_param(after_ms, uint, 0644);
MODULE_PARM_DESC(after_ms, "milliseconds between end and return");

static int result;
module_param(result, int, 0644);
MODULE_PARM_DESC(result, "what the function returns instead, if not 0");

static int hits;
module_param(hits, int, 0644);
MODULE_PARM_DESC(hits, "calls that stumbled");

static char stumble_at[64];
static bool stumble_armed;

static int stumble_enter(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!xchg(&stumble_armed, false))
		return 1;
	WRITE_ONCE(hits, hits + 1);
	mdelay(before_ms);
	return 0;
}

static int stumble_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	mdelay(after_ms);
	if (result)
		regs_set_return_value(regs, result);
	return 0;
}

static struct kretprobe stumble_probe;

static void stumble_disarm(void)
{
	if (stumble_at[0])
		unregister_kretprobe(&stumble_probe);
	stumble_at[0] = '\0';
}

static int stumble_at_set(const char *val, const struct kernel_param *kp)
{
	int ret;

	stumble_disarm();
	strscpy(stumble_at, val, sizeof(stumble_at));
	stumble_probe = (struct kretprobe){
		.entry_handler = stumble_enter,
		.handler = stumble_return,
		.kp.symbol_name = strim(stumble_at),
	};
	stumble_armed = true;
	ret = register_kretprobe(&stumble_probe);
	if (ret)
		stumble_at[0] = '\0';
	return ret;
}

static const struct kernel_param_ops stumble_at_ops = { .set = stumble_at_set };
module_param_cb(at, &stumble_at_ops, NULL, 0200);
MODULE_PARM_DESC(at, "function whose next call stumbles");

static int __init stumble_init(void)
{
	return 0;
}
module_init(stumble_init);

static void __exit stumble_exit(void)
{
	stumble_disarm();
}
module_exit(stumble_exit);

MODULE_DESCRIPTION("Lets one call of a kernel function stumble");
MODULE_LICENSE("GPL");
