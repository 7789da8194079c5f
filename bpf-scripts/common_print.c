/* SPDX-License-Identifier: MIT */
/* How the libbpf tools print heads of lines, texts of the program, and histograms. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bpf-scripts/common_run.h"

#define BAR 40

void print_head(struct run *run, const struct head *head)
{
	uint64_t ns = head->time + (uint64_t)run->clock_offset;
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	printf("%02d:%02d:%02d.%03u  %-7u %-8llu ", tm.tm_hour, tm.tm_min, tm.tm_sec,
	       (unsigned)(ns / 1000000 % 1000), head->pid, (unsigned long long)head->goid);
}

/* Prints one byte; returns how many columns it took. What could steer a terminal is spelled. */
static int put_byte(unsigned char byte)
{
	if (byte >= 0x20 && byte != 0x7f) {
		putchar(byte);
		return (byte & 0xc0) != 0x80; /* the rest of a UTF-8 character takes no column */
	}
	return printf("\\x%02x", byte);
}

static int put_text(const char *bytes, uint32_t len, size_t size)
{
	size_t here = len < size ? len : size;
	int width = 0;

	if (len == TEXT_UNREAD)
		return printf("?");
	for (size_t i = 0; i < here; i++)
		width += put_byte((unsigned char)bytes[i]);
	return len > size ? width + printf("...") : width;
}

void print_text(const char *bytes, uint32_t len, size_t size)
{
	put_text(bytes, len, size);
}

void print_padded(const char *bytes, uint32_t len, size_t size, int width)
{
	int used = len ? put_text(bytes, len, size) : printf("-");

	printf("%*s ", used < width ? width - used : 0, "");
}

void print_error(const char *bytes, uint32_t len, size_t size)
{
	printf("  error: ");
	if (len)
		put_text(bytes, len, size);
	else
		printf("(text not known)");
}

void print_histogram(const uint64_t *slots, size_t n, const char *unit)
{
	size_t first = n, last = 0;
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		if (!slots[i])
			continue;
		first = first == n ? i : first;
		last = i;
		most = slots[i] > most ? slots[i] : most;
	}
	if (first == n)
		return;
	printf("%18s : count    distribution\n", unit);
	for (size_t i = first; i <= last; i++) {
		int stars = (int)((slots[i] * BAR + most - 1) / most);

		printf("%8llu -> %-8llu : %-8llu |%-*.*s|\n",
		       i ? 1ull << i : 0, (1ull << (i + 1)) - 1, (unsigned long long)slots[i],
		       BAR, stars, "****************************************");
	}
}
