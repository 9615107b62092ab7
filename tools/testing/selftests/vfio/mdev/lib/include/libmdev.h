/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Library of the mdev selftests
 *
 * Functions come in two kinds: x() gives the result and ends the test program
 * with a message if there is none, __x() returns 0 (or a value) or a negative
 * errno for the test to judge.
 */
#ifndef LIBMDEV_H
#define LIBMDEV_H

#include <libmdev/assert.h>
#include <libmdev/buffer.h>
#include <libmdev/card.h>
#include <libmdev/dirty_log.h>
#include <libmdev/fault.h>
#include <libmdev/file.h>
#include <libmdev/fuzz.h>
#include <libmdev/irq.h>
#include <libmdev/klog.h>
#include <libmdev/mbochs.h>
#include <libmdev/mdev.h>
#include <libmdev/mdma.h>
#include <libmdev/memory.h>
#include <libmdev/migration.h>
#include <libmdev/module.h>
#include <libmdev/pin.h>
#include <libmdev/svm.h>
#include <libmdev/sweep.h>
#include <libmdev/test_dma.h>
#include <libmdev/test_vendor.h>
#include <libmdev/uevent.h>
#include <libmdev/vfio_dev.h>
#include <libmdev/vfio_dma.h>
#include <libmdev/virtio.h>
#include <libmdev/vm.h>
#include <libmdev/wait.h>
#include <libmdev/writer.h>

#endif /* LIBMDEV_H */
