// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a ring whose driver is in this kernel: addresses are physical ones
 */
#include <linux/compiler.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/string.h>
#include <linux/virtio_mdev_ring.h>

/*
 * Holes, firmware and devices have reserved pages, where they have any. So is the page
 * of zeros, which may well be sent.
 */
static bool virtio_mdev_mem_is_ram(unsigned long pfn, bool write)
{
	return pfn_valid(pfn) && (!PageReserved(pfn_to_page(pfn)) ||
				  (is_zero_pfn(pfn) && !write));
}

static void *virtio_mdev_mem_find(u64 addr, size_t len, bool write)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(addr); pfn <= PHYS_PFN(addr + len - 1); pfn++)
		if (!virtio_mdev_mem_is_ram(pfn, write))
			return NULL;
	return phys_to_virt(addr);
}

static int virtio_mdev_mem_read(void *priv, u64 addr, void *to, size_t len)
{
	const void *from = virtio_mdev_mem_find(addr, len, false);

	if (!from)
		return -EFAULT;
	if (len == sizeof(u16) && IS_ALIGNED(addr, sizeof(u16)))
		*(u16 *)to = READ_ONCE(*(const u16 *)from);
	else
		memcpy(to, from, len);
	return 0;
}

static int virtio_mdev_mem_write(void *priv, u64 addr, const void *from, size_t len)
{
	void *to = virtio_mdev_mem_find(addr, len, true);

	if (!to)
		return -EFAULT;
	if (len == sizeof(u16) && IS_ALIGNED(addr, sizeof(u16)))
		WRITE_ONCE(*(u16 *)to, *(const u16 *)from);
	else
		memcpy(to, from, len);
	return 0;
}

/* Anything that is not RAM is answered by -EFAULT. */
const struct virtio_mdev_ring_mem virtio_mdev_ring_phys = {
	.read = virtio_mdev_mem_read,
	.write = virtio_mdev_mem_write,
};
EXPORT_SYMBOL_GPL(virtio_mdev_ring_phys);
