// SPDX-License-Identifier: GPL-2.0-only
/*
 * Video memory of mbochs, and the dma-bufs that share it
 *
 * A dma-buf is a window on the memory that a user of a display has. It holds a
 * reference on the memory and knows nothing of the display, so it may be kept when
 * the display is closed, reset or removed. Only the module has to stay for as long.
 * The next user of the display has other memory.
 */
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mbochs.h"

/*
 * Video memory. Whoever opens the display pays for it, also for what a dma-buf
 * keeps when the display is closed: it is accounted to the memory cgroup.
 */

/* Returns memory that is all zeros, or NULL if there is not as much. */
struct mbochs_vram *mbochs_vram_alloc(size_t size)
{
	struct mbochs_vram *vram;

	vram = kzalloc_obj(*vram, GFP_KERNEL_ACCOUNT);
	if (!vram)
		return NULL;

	kref_init(&vram->ref);
	/* Users may ask for what there is not; they are told. */
	vram->mem = __vmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO |
				    __GFP_NOWARN);
	if (!vram->mem) {
		kfree(vram);
		return NULL;
	}
	return vram;
}

static void mbochs_vram_release(struct kref *ref)
{
	struct mbochs_vram *vram = container_of(ref, struct mbochs_vram, ref);

	vfree(vram->mem);
	kfree(vram);
}

void mbochs_vram_put(struct mbochs_vram *vram)
{
	kref_put(&vram->ref, mbochs_vram_release);
}

/*
 * dma-bufs
 */

/* A window on video memory: where it begins, and a reference on the memory */
struct mbochs_dmabuf {
	struct mbochs_vram *vram;
	size_t offset;
};

static struct sg_table *mbochs_dmabuf_map(struct dma_buf_attachment *attach,
					  enum dma_data_direction dir)
{
	struct mbochs_dmabuf *buf = attach->dmabuf->priv;
	void *mem = buf->vram->mem + buf->offset;
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;
	int ret;

	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);

	ret = sg_alloc_table(sgt, attach->dmabuf->size >> PAGE_SHIFT,
			     GFP_KERNEL);
	if (ret)
		goto err_free;
	for_each_sgtable_sg(sgt, sg, i)
		sg_set_page(sg, vmalloc_to_page(mem + i * PAGE_SIZE),
			    PAGE_SIZE, 0);

	ret = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (ret)
		goto err_free_table;
	return sgt;

err_free_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void mbochs_dmabuf_unmap(struct dma_buf_attachment *attach,
				struct sg_table *sgt,
				enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

/* That the mapping is within the dma-buf was checked. */
static int mbochs_dmabuf_mmap(struct dma_buf *dmabuf,
			      struct vm_area_struct *vma)
{
	struct mbochs_dmabuf *buf = dmabuf->priv;
	void *mem = buf->vram->mem + buf->offset + vma->vm_pgoff * PAGE_SIZE;
	unsigned long addr;
	int ret;

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		ret = vm_insert_page(vma, addr, vmalloc_to_page(mem));
		if (ret)
			return ret;
		mem += PAGE_SIZE;
	}
	return 0;
}

static int mbochs_dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct mbochs_dmabuf *buf = dmabuf->priv;

	iosys_map_set_vaddr(map, buf->vram->mem + buf->offset);
	return 0;
}

static void mbochs_dmabuf_free(struct mbochs_dmabuf *buf)
{
	mbochs_vram_put(buf->vram);
	kfree(buf);
}

static void mbochs_dmabuf_release(struct dma_buf *dmabuf)
{
	mbochs_dmabuf_free(dmabuf->priv);
}

static const struct dma_buf_ops mbochs_dmabuf_ops = {
	.map_dma_buf = mbochs_dmabuf_map,
	.unmap_dma_buf = mbochs_dmabuf_unmap,
	.mmap = mbochs_dmabuf_mmap,
	.vmap = mbochs_dmabuf_vmap,
	.release = mbochs_dmabuf_release,
};

/* Returns a new dma-buf of whole pages of @vram, as a file descriptor. */
int mbochs_dmabuf_fd(struct mbochs_vram *vram, size_t offset, size_t size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct mbochs_dmabuf *buf;
	struct dma_buf *dmabuf;
	int fd;

	buf = kzalloc_obj(*buf);
	if (!buf)
		return -ENOMEM;
	kref_get(&vram->ref);
	buf->vram = vram;
	buf->offset = offset;

	info.ops = &mbochs_dmabuf_ops;
	info.size = size;
	info.flags = O_RDWR;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		mbochs_dmabuf_free(buf);
		return PTR_ERR(dmabuf);
	}

	/* From here on, releasing the dma-buf is what frees. */
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

MODULE_IMPORT_NS("DMA_BUF");
