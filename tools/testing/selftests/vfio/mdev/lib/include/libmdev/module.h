/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel modules
 */
#ifndef LIBMDEV_MODULE_H
#define LIBMDEV_MODULE_H

#include <stdbool.h>

/* By modprobe, with what it depends on; 0 or -ENOENT */
int __module_load(const char *name);
void module_load(const char *name);
/* By the system call, without waiting; 0 or -errno, -EAGAIN if it is in use */
int __module_unload(const char *name);
void module_unload(const char *name);
/*
 * If it is loaded: modules that use it first, and after references on objects of its,
 * which may stay for seconds
 */
void module_unload_users(const char *name);
bool module_loaded(const char *name);
int module_refcnt(const char *name);
void module_set_param(const char *name, const char *param, int value);
int module_param(const char *name, const char *param);

#endif /* LIBMDEV_MODULE_H */
