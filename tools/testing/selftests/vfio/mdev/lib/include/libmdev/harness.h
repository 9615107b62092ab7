/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's test harness, for tests that run in an emulated machine beside
 * others: a test that hangs is found out later
 */
#ifndef LIBMDEV_HARNESS_H
#define LIBMDEV_HARNESS_H

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#endif /* LIBMDEV_HARNESS_H */
