/* SPDX-License-Identifier: MIT */
/* Numbers and times in options and output. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "live/numbers.h"
#include "live/tracing.h"

struct err *numbers_interval(const char *option, const char *text, uint64_t *ns_ret)
{
	uint64_t ns;

	if (!tracing_time(text, &ns) || ns < 10000000)
		return err_code(EXIT_USAGE, "%s: '%s' is no time from 10ms on; write 500ms, 10s "
				"or 5m", option, text);
	*ns_ret = ns;
	return NULL;
}

int numbers_tick(uint64_t interval)
{
	uint64_t ms = interval / 1000000;

	return ms == 0 || ms > 50 ? 50 : (int)ms;
}

struct err *numbers_count(const char *option, const char *text, long least, long *count_ret)
{
	char *end;
	long count;

	errno = 0;
	count = strtol(text, &end, 10);
	if (errno || end == text || *end || count < least || count > 1000000000)
		return err_code(EXIT_USAGE, "%s: '%s' is no whole number from %ld on", option, text,
				least);
	*count_ret = count;
	return NULL;
}

void numbers_put_now(struct buf *out)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
	buf_printf(out, "%s.%03uZ", text, (unsigned)(now.tv_nsec / 1000000));
}
