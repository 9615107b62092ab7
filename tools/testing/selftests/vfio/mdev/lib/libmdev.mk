# SPDX-License-Identifier: GPL-2.0-only
#
# For the Makefile of tests that use the library; LIBMDEV_DIR is this folder.
LIBMDEV_C := assert.c
LIBMDEV_C += buffer.c
LIBMDEV_C += card.c
LIBMDEV_C += dirty_log.c
LIBMDEV_C += fault.c
LIBMDEV_C += file.c
LIBMDEV_C += fuzz.c
LIBMDEV_C += fuzz_file.c
LIBMDEV_C += fuzz_ioctl.c
LIBMDEV_C += fuzz_memory.c
LIBMDEV_C += irq.c
LIBMDEV_C += klog.c
LIBMDEV_C += mbochs.c
LIBMDEV_C += mdev.c
LIBMDEV_C += mdma.c
LIBMDEV_C += memory.c
LIBMDEV_C += migration.c
LIBMDEV_C += module.c
LIBMDEV_C += pin.c
LIBMDEV_C += svm.c
LIBMDEV_C += sweep.c
LIBMDEV_C += test_dma.c
LIBMDEV_C += test_vendor.c
LIBMDEV_C += uevent.c
LIBMDEV_C += vfio_dev.c
LIBMDEV_C += vfio_dma.c
LIBMDEV_C += virtio.c
LIBMDEV_C += vm.c
LIBMDEV_C += wait.c
LIBMDEV_C += writer.c

LIBMDEV_OUTPUT := $(OUTPUT)/libmdev
LIBMDEV_O := $(patsubst %.c, $(LIBMDEV_OUTPUT)/%.o, $(LIBMDEV_C))

CFLAGS += -I$(LIBMDEV_DIR)/include

$(LIBMDEV_OUTPUT):
	$(Q)mkdir -p $@

$(LIBMDEV_O): $(LIBMDEV_OUTPUT)/%.o: $(LIBMDEV_DIR)/%.c | $(LIBMDEV_OUTPUT)
	@echo "  CC      $(@F)"
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) $(TARGET_ARCH) -c $< -o $@

EXTRA_CLEAN += $(LIBMDEV_OUTPUT)

# A file that is named by what was built in another checkout, and is not there, is not missed:
# what depends on it is built anew.
%.c: ;
%.h: ;
