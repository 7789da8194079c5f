/* SPDX-License-Identifier: MIT */
/* The kernel's hash maps as sorted rows. */
#include <bpf/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bpf-scripts/common_run.h"

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

size_t run_table(const struct run *run, const char *map, size_t key_size, size_t value_size,
		 int (*order)(const void *, const void *), void **rows_ret)
{
	size_t row_size = key_size + value_size, n = 0, cap = 0;
	uint8_t *rows = NULL, *key = mem_zalloc(key_size), *row;
	int fd = run_map(run, map);
	bool first = true;

	while (!bpf_map_get_next_key(fd, first ? NULL : key, key)) {
		first = false;
		mem_grow(&rows, n, &cap, row_size);
		row = rows + n * row_size;
		memcpy(row, key, key_size);
		if (!bpf_map_lookup_elem(fd, key, row + key_size) &&
		    !all_zero(row + key_size, value_size))
			n++;
	}
	free(key);
	if (n)
		qsort(rows, n, row_size, order);
	*rows_ret = rows;
	return run->rows && run->rows < n ? run->rows : n;
}
