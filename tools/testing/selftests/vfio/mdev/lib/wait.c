// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libmdev/file.h>
#include <libmdev/wait.h>

bool releases_late(void)
{
	return kernel_has_symbol("kobject_delayed_cleanup");
}

void wait_for_late_releases(void)
{
	if (releases_late())
		usleep(1000 * WAIT_LATE_MS);
}

bool virtual_time(void)
{
	char text[256];

	return __file_gets(text, sizeof(text), "/proc/cpuinfo") > 0 &&
	       strstr(text, "User Mode Linux");
}

long prompt_ms(void)
{
	return virtual_time() ? 50 : 2000;
}

long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

bool goes_on(long end, bool enough)
{
	return now_ms() < (enough ? end : end + WAIT_LONG_MS);
}

void wait_pause(long ms)
{
	long pause = ms / 8;

	usleep(1000 * (pause < 2 ? 2 : pause > 100 ? 100 : pause));
}
