/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel log between two points of a test
 */
#ifndef LIBMDEV_KLOG_H
#define LIBMDEV_KLOG_H

#include <stdbool.h>
#include <stddef.h>

struct klog {
	int fd;
	char text[32768];	/* one message a line */
};

/* From here on; then read what came until now, as often as wanted */
void klog_begin(struct klog *log);
void klog_read(struct klog *log);
void klog_end(struct klog *log);

/* Lines that contain @needle; NULL counts all that concern mdev, VFIO or mtty */
int klog_lines(const struct klog *log, const char *needle);
/* Whether one line contains all three; NULL is contained in everything */
bool klog_has(const struct klog *log, const char *a, const char *b,
	      const char *c);

#endif /* LIBMDEV_KLOG_H */
