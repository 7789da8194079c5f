/* SPDX-License-Identifier: MIT */
/*
 * Attaches a counting BPF program until its standard input ends, then prints the count.
 * Usage: hit BPF_OBJECT FILE PROVIDER:NAME | hit BPF_OBJECT FILE 0xFILE_OFFSET
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bpf_link *attach(struct bpf_object *object, const char *file, char *place)
{
	char *colon = strchr(place, ':');
	const char *name = colon ? "count_usdt" : "count_uprobe";
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!colon)
		return bpf_program__attach_uprobe(program, false, -1, file,
						  strtoul(place, NULL, 0));
	*colon = '\0';
	return bpf_program__attach_usdt(program, -1, file, place, colon + 1, NULL);
}

static int print_count(struct bpf_object *object)
{
	int ncpus = libbpf_num_possible_cpus();
	unsigned long long *counts, sum = 0;
	unsigned int key = 0;
	struct bpf_map *map = bpf_object__find_map_by_name(object, "hits");

	counts = calloc((size_t)(ncpus > 0 ? ncpus : 1), sizeof(*counts));
	if (!counts || !map || bpf_map_lookup_elem(bpf_map__fd(map), &key, counts)) {
		free(counts);
		return 1;
	}
	for (int i = 0; i < ncpus; i++)
		sum += counts[i];
	free(counts);
	printf("%llu\n", sum);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_link *link;
	char line[8];
	int code;

	if (argc != 4) {
		fputs("usage: hit BPF_OBJECT FILE PROVIDER:NAME|0xFILE_OFFSET\n", stderr);
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object))
		return 1;
	link = attach(object, argv[2], argv[3]);
	if (!link) {
		perror("hit: attach");
		bpf_object__close(object);
		return 1;
	}
	puts("attached");
	fflush(stdout);
	while (read(STDIN_FILENO, line, sizeof(line)) > 0)
		;
	code = print_count(object);
	bpf_link__destroy(link);
	bpf_object__close(object);
	return code;
}
