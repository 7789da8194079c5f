/* SPDX-License-Identifier: MIT */
/*
 * Attaches to one USDT probe as any libbpf program does and prints its words.
 * Usage: usdt_attach OBJECT FILE PROVIDER NAME PID|- [WORD]...
 * Prints "attached", then one line a hit: each word in decimal, or quoted text for each
 * WORD, a pointer whose length is in the word behind it. Ends at end of standard input.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "usdt_attach.h"

static int print_event(void *arg, void *data, size_t size)
{
	const struct event *event = data;
	unsigned int text_words = *(unsigned int *)arg;

	(void)size;
	for (unsigned int i = 0; i < event->nwords; i++) {
		if (i)
			putchar(' ');
		if (text_words & 1u << i)
			printf("'%s'", event->texts[i++]);
		else
			printf("%llu", event->words[i]);
	}
	putchar('\n');
	fflush(stdout);
	return 0;
}

static int fail(const char *what)
{
	fprintf(stderr, "usdt_attach: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Prints events until standard input ends, then those that are still under way. */
static int follow(struct bpf_object *object, unsigned int *text_words)
{
	int fd = bpf_object__find_map_fd_by_name(object, "events");
	struct ring_buffer *ring = ring_buffer__new(fd, print_event, text_words, NULL);
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	if (!ring)
		return fail("ring buffer");
	puts("attached");
	fflush(stdout);
	while (!poll(&input, 1, 0))
		ring_buffer__poll(ring, 50);
	ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int text_words = 0;

	if (argc < 6) {
		fputs("usage: usdt_attach OBJECT FILE PROVIDER NAME PID|- [WORD]...\n", stderr);
		return 2;
	}
	for (int i = 6; i < argc; i++)
		text_words |= 1u << atoi(argv[i]);

	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	struct bpf_map *rodata = object ?
		bpf_object__find_map_by_name(object, ".rodata") : NULL;

	if (!rodata || bpf_map__set_initial_value(rodata, &text_words, sizeof(text_words)) ||
	    bpf_object__load(object))
		return fail(argv[1]);

	struct bpf_program *program = bpf_object__find_program_by_name(object, "on_hit");
	int pid = strcmp(argv[5], "-") ? atoi(argv[5]) : -1;
	struct bpf_link *link = bpf_program__attach_usdt(program, pid, argv[2], argv[3], argv[4],
							 NULL);

	if (!link)
		return fail("attach");

	int code = follow(object, &text_words);

	bpf_link__destroy(link);
	bpf_object__close(object);
	return code;
}
