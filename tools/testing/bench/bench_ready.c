// SPDX-License-Identifier: GPL-2.0-only
/*
 * From "create" to a device that can be used: it has been announced, its file is there,
 * and a first access to it succeeds. One alone, and 64 at once.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include <libmdev.h>

#include "bench.h"

#define AT_ONCE		64
#define ROUNDS_ONE	100
#define ROUNDS_MANY	8

struct user {
	pthread_t thread;
	pthread_barrier_t *start;
	const char *parent;
	const char *type;
	char uuid[MDEV_UUID_SIZE];
	struct vfio_dev dev;
	uint64_t begin, usable, announced;
};

static void *create_and_use(void *arg)
{
	struct user *user = arg;
	char bytes[4] = { };

	pthread_barrier_wait(user->start);
	user->begin = bench_now();
	mdev_create(user->parent, user->type, user->uuid);
	vfio_dev_open(&user->dev, user->uuid);
	if (__vfio_dev_pwrite(&user->dev, 0, bytes, 4) != 4)
		MDEV_FAIL("%s cannot be written", user->uuid);
	user->usable = bench_now();
	return NULL;
}

/* Notes when each was announced. */
static void hear(int fd, struct user *users, int n)
{
	int left = n, i;
	struct uevent event;

	while (left && uevent_next(fd, WAIT_LONG_MS, &event))
		for (i = 0; i < n; i++)
			if (uevent_is(&event, "add", users[i].uuid)) {
				users[i].announced = bench_now();
				left--;
			}
	MDEV_ASSERT(!left, "%d of %d devices were not announced", left, n);
}

static void make_ready(int fd, struct user *users, int n)
{
	pthread_barrier_t barrier;
	int i;

	pthread_barrier_init(&barrier, NULL, n + 1);
	for (i = 0; i < n; i++) {
		users[i].start = &barrier;
		mdev_new_uuid(users[i].uuid);
		pthread_create(&users[i].thread, NULL, create_and_use, &users[i]);
	}
	pthread_barrier_wait(&barrier);
	hear(fd, users, n);
	for (i = 0; i < n; i++)
		pthread_join(users[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
	for (i = 0; i < n; i++) {
		vfio_dev_close(&users[i].dev);
		mdev_remove(users[i].uuid);
	}
}

static void ready(const char *parent, const char *type, int n, int rounds)
{
	uint64_t ns[AT_ONCE * ROUNDS_MANY];
	struct user users[AT_ONCE];
	int fd = uevent_open();
	char name[64];
	int i, round;

	for (i = 0; i < n; i++)
		users[i] = (struct user) { .parent = parent, .type = type };
	for (round = 0; round < rounds; round++) {
		make_ready(fd, users, n);
		for (i = 0; i < n; i++) {
			uint64_t end = users[i].usable;

			if (end < users[i].announced)
				end = users[i].announced;
			ns[round * n + i] = end - users[i].begin;
		}
	}
	close(fd);
	snprintf(name, sizeof(name), "ready_%d", n);
	bench_report(name, ns, n * rounds);
	bench_report_p99(name, ns, n * rounds);
}

void bench_ready(const char *parent, const char *type)
{
	ready(parent, type, 1, ROUNDS_ONE);
	ready(parent, type, AT_ONCE, ROUNDS_MANY);
}
