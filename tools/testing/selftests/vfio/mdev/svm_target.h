/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What svm_target and the tests that use it agree on
 */
#ifndef SVM_TARGET_H
#define SVM_TARGET_H

#include <linux/types.h>

/* Where it has its number */
#define SVM_TARGET_NUMBER	((__u64 *)0x100000000UL)

#endif /* SVM_TARGET_H */
