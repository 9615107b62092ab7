# SPDX-License-Identifier: GPL-2.0-only
#
# How a directory beside this file builds PROGS, its programs of the kselftest harness and
# the selftests' library, into OUTPUT. KSRC is a kernel source for kselftest_harness.h; for
# another architecture, there are CC and LDFLAGS.
OUTPUT ?= $(CURDIR)
LIBMDEV_DIR := $(CURDIR)/../selftests/vfio/mdev/lib
Q := $(if $(V),,@)

CFLAGS += -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -MD
CFLAGS += -D_GNU_SOURCE= -isystem $(KSRC)/tools/testing/selftests

BUILT := $(addprefix $(OUTPUT)/,$(PROGS))

all: $(BUILT)

include $(LIBMDEV_DIR)/libmdev.mk

$(BUILT): %: %.o $(LIBMDEV_O)
	@echo "  LD      $(@F)"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -lpthread -o $@

$(BUILT:=.o): $(OUTPUT)/%.o: %.c
	@echo "  CC      $(@F)"
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) -c $< -o $@

DEP_FILES := $(BUILT:=.d) $(LIBMDEV_O:.o=.d)
# Not made by any rule, but with what they are about
$(DEP_FILES): ;
-include $(DEP_FILES)

.PHONY: all
