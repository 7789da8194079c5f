/* SPDX-License-Identifier: MIT */
/*
 * Loads and attaches a BPF object as ebpf_exporter does, prints "ready", waits for a line,
 * then prints the maps it is asked for: ebpf_exporter OBJECT MAP...
 * Each element is a line "MAP KEY VALUE", the key in hexadecimal digits.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int print_map(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	unsigned char key[256], next[256];
	unsigned long long value;
	size_t size;
	void *last = NULL;

	if (!map || bpf_map__key_size(map) > sizeof(key) ||
	    bpf_map__value_size(map) != sizeof(value))
		return fail(name);
	size = bpf_map__key_size(map);
	while (!bpf_map_get_next_key(bpf_map__fd(map), last, next)) {
		memcpy(key, next, size);
		last = key;
		if (bpf_map_lookup_elem(bpf_map__fd(map), key, &value))
			return fail("bpf_map_lookup_elem");
		printf("%s ", name);
		for (size_t i = 0; i < size; i++)
			printf("%02x", key[i]);
		printf(" %llu\n", value);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = bpf_object__open(argv[1]);
	struct bpf_program *program;

	if (!object || bpf_object__load(object))
		return fail(argv[1]);
	/* A probe that the program has not is left out: it has no such code. */
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program) && errno != ENOENT)
			return fail(bpf_program__section_name(program));
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF)
		return fail("standard input");
	for (int i = 2; i < argc; i++)
		if (print_map(object, argv[i]))
			return 1;
	return 0;
}
