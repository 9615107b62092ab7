# SPDX-License-Identifier: GPL-2.0-only
#
# Beside the Makefile of tools/virtio, in a copy of that: the program that tests vringh,
# with vringh and with our ring, and one that shows rings to both that are bad. OURS is our
# tree.
include Makefile

vpath %.c $(OURS)/drivers/virtio $(OURS)/tools/testing/vringh
# What the kernel does for processors that leak, and undoes on others
CFLAGS := $(filter-out -mfunction-return=thunk -mindirect-branch-register,$(CFLAGS))
CFLAGS += -I$(OURS)/include -I$(OURS)/drivers/virtio/tests

.PHONY: ours
ours: vringh_test vringh_test_ours bad
vringh_test_ours: vringh_test.o ours.o virtio_mdev_ring.o virtio_ring.o
	$(CC) $(LDFLAGS) $^ -o $@
bad: bad.o vringh.o virtio_mdev_ring.o
	$(CC) $(LDFLAGS) $^ -o $@
virtio_mdev_ring.o ours.o bad.o: CFLAGS += -include $(OURS)/tools/testing/vringh/shim.h
