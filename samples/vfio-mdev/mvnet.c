// SPDX-License-Identifier: GPL-2.0-only
/*
 * mvnet: network cards of this machine that exist in software only
 *
 * Loading the module makes the parent device /sys/class/mvnet/mvnet with two types of
 * mediated devices. One is an end of a cable: the first and the second one created are
 * its two ends, and so on. The other one has a plug that loops back what it sends.
 *
 *   # cd /sys/class/mdev_bus/mvnet/mdev_supported_types
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 > mvnet-cable/create
 *   # echo 83b8f4f2-509f-382f-3c1e-e6bfe0fa1002 > mvnet-cable/create
 *   # cd /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001; ls virtio[0-9]
 *
 * Each is a network card that the kernel's own virtio_net drives. Put one of the two
 * into another network namespace, or they would not need the cable to talk to each
 * other; then remove them as ever:
 *
 *   # echo 1 > /sys/bus/mdev/devices/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/remove
 *
 * The lesson here: a virtio device. What is in a ring is checked by the library; that the
 * driver may reset the device, or vanish, at any time, is for us.
 */
#include <linux/bits.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mdev.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <linux/workqueue.h>

#define MVNET_RX	0
#define MVNET_TX	1
#define MVNET_QUEUES	2
#define MVNET_SIZE	256	/* of each queue */
#define MVNET_BUDGET	64	/* packets before others get a turn */

#define MVNET_HDR	sizeof(struct virtio_net_hdr_v1)

/* The longest packet there is, as it is in a ring */
#define MVNET_BUFFER	(MVNET_HDR + VLAN_ETH_HLEN + ETH_MAX_MTU)

static ushort mvnet_mtu = ETH_DATA_LEN;
module_param_named(mtu, mvnet_mtu, ushort, 0644);
MODULE_PARM_DESC(mtu,
		 "Longest packet, without Ethernet header, of cards created from now on (default: 1500)");

enum mvnet_stat {
	MVNET_PACKETS,		/* sent */
	MVNET_BYTES,		/* of these, with Ethernet headers */
	MVNET_DROPPED,		/* no link, or no room for one that long */
	MVNET_KICKS,		/* that the driver told of buffers */
	MVNET_INTERRUPTS,	/* that the driver was told of some */
	MVNET_STATS,
};

/**
 * struct mvnet_queue - a queue
 * @lock: protects all of it; that of a TX queue is taken before that of an RX queue
 * @ready: the driver wants it to be used
 * @taken: @chain is a buffer that waits for a packet
 * @ring: what the driver has there
 * @chain: a buffer of it
 */
struct mvnet_queue {
	struct mutex lock;	/* all that follows */
	bool ready;
	bool taken;
	struct virtio_mdev_ring ring;
	struct virtio_mdev_chain *chain;
};

/**
 * struct mvnet - a network card
 * @mdev: the device
 * @node: in the list of cable ends
 * @peer: card at the other end, or the card itself, or NULL. Changes under mvnet_lock and
 *	  the lock of @tx, and stays as long as either is held.
 * @plugged: whether the cable is in; under mvnet_lock
 * @config: what the driver reads; the link's status changes under mvnet_lock
 * @features: what the driver has accepted
 * @rx: queue in which the driver has room for packets
 * @tx: queue of packets that are to be sent
 * @work: sends them
 * @poked: whoever waits for @rx shall look again
 * @buffer: a packet on its way; under the lock of @tx
 * @stat: counters, by enum mvnet_stat
 */
struct mvnet {
	struct mdev_device *mdev;
	struct list_head node;
	struct mvnet *peer;
	bool plugged;
	struct virtio_net_config config;
	u64 features;
	struct mvnet_queue rx;
	struct mvnet_queue tx;
	struct work_struct work;
	bool poked;
	void *buffer;
	atomic64_t stat[MVNET_STATS];
};

/* Who is at which end of a cable, and which ends are free */
static DEFINE_MUTEX(mvnet_lock);
static LIST_HEAD(mvnet_ends);

static struct mvnet_queue *mvnet_queue(struct mvnet *mvnet, unsigned int idx)
{
	return idx == MVNET_RX ? &mvnet->rx : &mvnet->tx;
}

static void mvnet_count(struct mvnet *mvnet, enum mvnet_stat stat, u64 nr)
{
	atomic64_add(nr, &mvnet->stat[stat]);
}

static bool mvnet_link_is_up(const struct mvnet *mvnet)
{
	__virtio16 up = __cpu_to_virtio16(true, VIRTIO_NET_S_LINK_UP);

	return READ_ONCE(mvnet->config.status) & up;
}

/* ------------------------------------------------------------ moving packets */

/* Room for a packet: 1; 0 if there is none, and we shall be told; or a negative errno */
static int mvnet_take_room(struct mvnet_queue *rx)
{
	int ret;

	if (rx->taken)
		return 1;
	ret = virtio_mdev_ring_pop(&rx->ring, rx->chain);
	if (!ret && virtio_mdev_ring_kick_enable(&rx->ring))
		ret = virtio_mdev_ring_pop(&rx->ring, rx->chain);
	rx->taken = ret > 0;
	return ret;
}

/* The packet in @buffer, of @len bytes with its header, goes into the room for it. */
static int mvnet_deliver(struct mvnet_queue *rx, const void *buffer, size_t len)
{
	const struct virtio_net_hdr_v1 hdr = {
		.num_buffers = __cpu_to_virtio16(true, 1),
	};
	ssize_t ret;

	rx->taken = false;
	ret = virtio_mdev_chain_push(rx->chain, &hdr, MVNET_HDR);
	if (ret >= 0)
		ret = virtio_mdev_chain_push(rx->chain, buffer + MVNET_HDR,
					     len - MVNET_HDR);
	return ret < 0 ? ret : virtio_mdev_chain_complete(rx->chain, len);
}

/*
 * One packet: 1; 0 if there is none; -EAGAIN if it has to wait for room; another errno
 * if our ring is broken. That of the peer is the peer's to worry about.
 */
static int mvnet_send_one(struct mvnet *mvnet, struct mvnet_queue *rx)
{
	struct virtio_mdev_chain *chain = mvnet->tx.chain;
	int room = rx ? mvnet_take_room(rx) : -ENOLINK;
	ssize_t len;

	if (!room)
		return -EAGAIN;
	len = virtio_mdev_ring_pop(&mvnet->tx.ring, chain);
	if (len <= 0)
		return len;
	if (room < 0 || chain->readable <= MVNET_HDR || chain->readable > MVNET_BUFFER ||
	    chain->readable > rx->chain->writable) {
		mvnet_count(mvnet, MVNET_DROPPED, 1);
		return virtio_mdev_chain_complete(chain, 0) ?: 1;
	}
	len = virtio_mdev_chain_pull(chain, mvnet->buffer, MVNET_BUFFER);
	if (len < 0)
		return len;
	mvnet_deliver(rx, mvnet->buffer, len);
	mvnet_count(mvnet, MVNET_PACKETS, 1);
	mvnet_count(mvnet, MVNET_BYTES, len - MVNET_HDR);
	return virtio_mdev_chain_complete(chain, 0) ?: 1;
}

/* The driver is told of what was given back, or of the mistake that it has made. */
static void mvnet_tell(struct mvnet *mvnet, unsigned int idx)
{
	int ret = virtio_mdev_ring_interrupt_needed(&mvnet_queue(mvnet, idx)->ring);

	if (ret < 0)
		virtio_mdev_vq_broken(mvnet->mdev, idx, ret);
	if (ret <= 0)
		return;
	mvnet_count(mvnet, MVNET_INTERRUPTS, 1);
	virtio_mdev_vq_interrupt(mvnet->mdev, idx);
}

/* Packets, as long as there are any and the budget lasts: whether to go on later */
static bool mvnet_send(struct mvnet *mvnet, struct mvnet_queue *rx)
{
	int nr, ret = 1;

	virtio_mdev_ring_kick_disable(&mvnet->tx.ring);
	if (rx)
		virtio_mdev_ring_kick_disable(&rx->ring);
	for (nr = 0; nr < MVNET_BUDGET && ret > 0; nr++)
		ret = mvnet_send_one(mvnet, rx);
	if (!ret)
		ret = virtio_mdev_ring_kick_enable(&mvnet->tx.ring);
	mvnet_tell(mvnet, MVNET_TX);
	return ret > 0;
}

static bool mvnet_send_to_peer(struct mvnet *mvnet)
{
	struct mvnet *peer = mvnet->peer;
	bool again;

	if (!peer || !mvnet_link_is_up(mvnet))
		return mvnet_send(mvnet, NULL);
	mutex_lock(&peer->rx.lock);
	again = mvnet_send(mvnet, peer->rx.ready ? &peer->rx : NULL);
	if (peer->rx.ready)
		mvnet_tell(peer, MVNET_RX);
	mutex_unlock(&peer->rx.lock);
	return again;
}

static void mvnet_work(struct work_struct *work)
{
	struct mvnet *mvnet = container_of(work, struct mvnet, work);
	struct mvnet *peer;
	bool again = false;

	mutex_lock(&mvnet->tx.lock);
	peer = mvnet->peer;
	if (xchg(&mvnet->poked, false) && peer && peer != mvnet)
		schedule_work(&peer->work);
	if (mvnet->tx.ready)
		again = mvnet_send_to_peer(mvnet);
	mutex_unlock(&mvnet->tx.lock);
	if (again)
		schedule_work(&mvnet->work);
}

/* ------------------------------------------------- what the driver asks for */

static u64 mvnet_get_features(struct mdev_device *mdev)
{
	return BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |
	       BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | BIT_ULL(VIRTIO_NET_F_MAC) |
	       BIT_ULL(VIRTIO_NET_F_STATUS) | BIT_ULL(VIRTIO_NET_F_MTU);
}

static int mvnet_set_features(struct mdev_device *mdev, u64 features)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev);

	mvnet->features = features;
	return 0;
}

static int mvnet_set_vq_address(struct mdev_device *mdev, unsigned int idx, u16 num,
				const struct virtio_mdev_ring_addr *addr)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev);
	struct mvnet_queue *queue = mvnet_queue(mvnet, idx);
	int ret;

	mutex_lock(&queue->lock);
	ret = virtio_mdev_ring_init(&queue->ring, num, mvnet->features, addr,
				    &virtio_mdev_ring_phys, NULL);
	mutex_unlock(&queue->lock);
	return ret;
}

/* Packets are moved in process context, as what is called here may hold any lock. */
static void mvnet_kick_vq(struct mdev_device *mdev, unsigned int idx)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev);

	mvnet_count(mvnet, MVNET_KICKS, 1);
	if (idx == MVNET_RX)
		xchg(&mvnet->poked, true);
	schedule_work(&mvnet->work);
}

static void mvnet_set_queue(struct mvnet_queue *queue, u8 status)
{
	mutex_lock(&queue->lock);
	queue->ready = status & VIRTIO_CONFIG_S_DRIVER_OK;
	if (!status) {
		queue->taken = false;
		memset(&queue->ring, 0, sizeof(queue->ring));
	}
	mutex_unlock(&queue->lock);
}

/* Whoever uses a queue holds its lock, so after a reset nobody does. */
static void mvnet_set_status(struct mdev_device *mdev, u8 status)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev);

	mvnet_set_queue(&mvnet->rx, status);
	mvnet_set_queue(&mvnet->tx, status);
	/* The peer may wait for room that there is, or will never be. */
	xchg(&mvnet->poked, true);
	schedule_work(&mvnet->work);
}

static void mvnet_get_config(struct mdev_device *mdev, unsigned int offset, void *buf,
			     unsigned int len)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev);

	memcpy(buf, (u8 *)&mvnet->config + offset, len);
}

static const struct virtio_mdev_device_ops mvnet_ops = {
	.device_id = VIRTIO_ID_NET,
	.nvqs = MVNET_QUEUES,
	.vq_num_max = MVNET_SIZE,
	.config_size = offsetofend(struct virtio_net_config, mtu),
	.get_features = mvnet_get_features,
	.set_features = mvnet_set_features,
	.set_vq_address = mvnet_set_vq_address,
	.kick_vq = mvnet_kick_vq,
	.set_status = mvnet_set_status,
	.get_config = mvnet_get_config,
};

/* -------------------------------------------------------------------- cables */

/* There is a link if both ends are there, and the cable is plugged in at both. */
static void mvnet_update_link(struct mvnet *mvnet)
{
	struct mvnet *peer = mvnet->peer;
	bool up = peer && mvnet->plugged && peer->plugged;

	lockdep_assert_held(&mvnet_lock);
	if (up == mvnet_link_is_up(mvnet))
		return;
	WRITE_ONCE(mvnet->config.status,
		   __cpu_to_virtio16(true, up ? VIRTIO_NET_S_LINK_UP : 0));
	virtio_mdev_config_changed(mvnet->mdev);
	/* What waits for room would wait for ever. */
	schedule_work(&mvnet->work);
}

static void mvnet_set_peer(struct mvnet *mvnet, struct mvnet *peer)
{
	lockdep_assert_held(&mvnet_lock);
	mutex_lock(&mvnet->tx.lock);
	mvnet->peer = peer;
	mutex_unlock(&mvnet->tx.lock);
}

/* To the end of a cable that has been free for longest, if there is one */
static void mvnet_join(struct mvnet *mvnet)
{
	struct mvnet *peer;

	mutex_lock(&mvnet_lock);
	list_for_each_entry(peer, &mvnet_ends, node) {
		if (peer->peer)
			continue;
		mvnet_set_peer(mvnet, peer);
		mvnet_set_peer(peer, mvnet);
		mvnet_update_link(mvnet);
		mvnet_update_link(peer);
		break;
	}
	list_add_tail(&mvnet->node, &mvnet_ends);
	mutex_unlock(&mvnet_lock);
}

static void mvnet_part(struct mvnet *mvnet)
{
	struct mvnet *peer;

	mutex_lock(&mvnet_lock);
	list_del_init(&mvnet->node);
	peer = mvnet->peer;
	mvnet_set_peer(mvnet, NULL);
	if (peer && peer != mvnet) {
		mvnet_set_peer(peer, NULL);
		mvnet_update_link(peer);
		/* It is free from now on, and not from when it was created. */
		list_move_tail(&peer->node, &mvnet_ends);
	}
	mutex_unlock(&mvnet_lock);
}

/* ------------------------------------------------------ attributes of a card */

static ssize_t link_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev_from_dev(dev));

	if (!mvnet_link_is_up(mvnet))
		return sysfs_emit(buf, "down\n");
	return sysfs_emit(buf, "up\n");
}

/* 0 pulls the plug, 1 puts it in again */
static ssize_t link_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev_from_dev(dev));
	bool plugged;
	int ret;

	ret = kstrtobool(buf, &plugged);
	if (ret)
		return ret;
	mutex_lock(&mvnet_lock);
	mvnet->plugged = plugged;
	mvnet_update_link(mvnet);
	if (mvnet->peer)
		mvnet_update_link(mvnet->peer);
	mutex_unlock(&mvnet_lock);
	return count;
}
static DEVICE_ATTR_RW(link);

/* What the card has done since it was created, in one line for each */
static ssize_t statistics_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	static const char * const names[MVNET_STATS] = {
		"packets", "bytes", "dropped", "kicks", "interrupts",
	};
	struct mvnet *mvnet = mdev_get_drvdata(mdev_from_dev(dev));
	int i, len = 0;

	for (i = 0; i < MVNET_STATS; i++)
		len += sysfs_emit_at(buf, len, "%s %llu\n", names[i],
				     (u64)atomic64_read(&mvnet->stat[i]));
	return len;
}
static DEVICE_ATTR_RO(statistics);

static struct attribute *mvnet_attrs[] = {
	&dev_attr_link.attr,
	&dev_attr_statistics.attr,
	NULL,
};
ATTRIBUTE_GROUPS(mvnet);

/* ------------------------------------------------------- creating and removing */

static struct mdev_type mvnet_cable = {
	.sysfs_name = "cable",
	.pretty_name = "End of a cable",
	.description = "virtio network card, wired to the next one of this type",
	.device_api = "virtio",
	.max_instances = 1024,
};

static struct mdev_type mvnet_loopback = {
	.sysfs_name = "loopback",
	.pretty_name = "Loopback",
	.description = "virtio network card that receives what it sends",
	.device_api = "virtio",
	.max_instances = 1024,
};

/* The address is the same each time that the UUID is, and one of a local network. */
static void mvnet_set_config(struct mvnet *mvnet)
{
	const guid_t *uuid = mdev_uuid(mvnet->mdev);
	u16 mtu = max_t(u16, READ_ONCE(mvnet_mtu), ETH_MIN_MTU);
	u8 *mac = mvnet->config.mac;
	u32 hash[2];

	hash[0] = jhash(uuid, sizeof(*uuid), 0);
	hash[1] = jhash(uuid, sizeof(*uuid), hash[0]);
	memcpy(mac, hash, ETH_ALEN);
	mac[0] = (mac[0] & ~BIT(0)) | BIT(1);
	mvnet->config.mtu = __cpu_to_virtio16(true, mtu);
	mvnet->config.max_virtqueue_pairs = __cpu_to_virtio16(true, 1);
}

static void mvnet_free(struct mvnet *mvnet)
{
	virtio_mdev_chain_free(mvnet->rx.chain);
	virtio_mdev_chain_free(mvnet->tx.chain);
	kvfree(mvnet->buffer);
	kfree(mvnet);
}

static struct mvnet *mvnet_alloc(struct mdev_device *mdev)
{
	struct mvnet *mvnet = kzalloc_obj(*mvnet);

	if (!mvnet)
		return NULL;
	mvnet->mdev = mdev;
	mvnet->plugged = true;
	mutex_init(&mvnet->rx.lock);
	mutex_init(&mvnet->tx.lock);
	INIT_LIST_HEAD(&mvnet->node);
	INIT_WORK(&mvnet->work, mvnet_work);
	mvnet->rx.chain = virtio_mdev_chain_alloc(MVNET_SIZE);
	mvnet->tx.chain = virtio_mdev_chain_alloc(MVNET_SIZE);
	mvnet->buffer = kvmalloc(MVNET_BUFFER, GFP_KERNEL);
	if (mvnet->rx.chain && mvnet->tx.chain && mvnet->buffer)
		return mvnet;
	mvnet_free(mvnet);
	return NULL;
}

static int mvnet_create(struct kobject *kobj, struct mdev_device *mdev)
{
	struct mvnet *mvnet = mvnet_alloc(mdev);

	if (!mvnet)
		return -ENOMEM;
	mvnet_set_config(mvnet);
	mdev_set_drvdata(mdev, mvnet);
	mdev_set_virtio_ops(mdev, &mvnet_ops);
	if (mdev->type == &mvnet_cable) {
		mvnet_join(mvnet);
		return 0;
	}
	mutex_lock(&mvnet_lock);
	mvnet_set_peer(mvnet, mvnet);
	mvnet_update_link(mvnet);
	mutex_unlock(&mvnet_lock);
	return 0;
}

/* The driver has reset the device, so all that is left is what runs by itself. */
static int mvnet_remove(struct mdev_device *mdev)
{
	struct mvnet *mvnet = mdev_get_drvdata(mdev);

	mvnet_part(mvnet);
	cancel_work_sync(&mvnet->work);
	mvnet_free(mvnet);
	return 0;
}

static const struct mdev_parent_ops mvnet_parent_ops = {
	.owner = THIS_MODULE,
	.mdev_attr_groups = mvnet_groups,
	MDEV_TYPES(&mvnet_cable, &mvnet_loopback),
	.create = mvnet_create,
	.remove = mvnet_remove,
};

module_mdev_virtual_parent(mvnet_parent_ops);

MODULE_DESCRIPTION("Mediated virtio network cards, a sample");
MODULE_LICENSE("GPL");
