/* SPDX-License-Identifier: MIT */
/* Addresses of the traced program as names of Go functions, from its pclntab. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/mem.h"
#include "bpf-scripts/common_run.h"
#include "elf/image.h"
#include "go/gobin.h"
#include "go/pcline.h"

struct symbols {
	struct image *image;
	struct gobin *gobin; /* NULL when the file cannot be read as a Go program */
	uint32_t pid;        /* whose `bias` it is; 0 = none yet */
	uint64_t bias;       /* address in the process - address in the file */
};

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	gobin_free(symbols->gobin);
	image_close(symbols->image);
	free(symbols);
}

static struct symbols *symbols_read(const char *file)
{
	struct symbols *symbols = mem_zalloc(sizeof(*symbols));
	struct err *err = image_open(file, &symbols->image);

	if (!err)
		err = gobin_read(symbols->image, &symbols->gobin);
	if (err)
		fprintf(stderr, "functions are shown as addresses: %s\n", err->message);
	err_free(err);
	return symbols;
}

/* The address that the beginning of the file has by its own headers. */
static uint64_t file_start(const struct image *image)
{
	for (size_t i = 0; i < image->phnum; i++)
		if (image->phdrs[i].p_type == PT_LOAD && !image->phdrs[i].p_offset)
			return image->phdrs[i].p_vaddr;
	return 0;
}

/* How far the process has the file from its own addresses; only position-independent ones move. */
static uint64_t find_bias(const struct symbols *symbols, uint32_t pid)
{
	unsigned long start, offset, inode;
	unsigned major_id, minor_id;
	char path[64], line[PATH_MAX];
	uint64_t bias = 0;
	struct stat st;
	FILE *maps;

	if (symbols->image->ehdr.e_type != ET_DYN || fstat(symbols->image->fd, &st))
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%*x %*s %lx %x:%x %lu", &start, &offset, &major_id,
			   &minor_id, &inode) != 5 || inode != st.st_ino || offset)
			continue;
		bias = start - file_start(symbols->image);
		break;
	}
	fclose(maps);
	return bias;
}

const char *run_function(struct run *run, uint32_t pid, uint64_t pc)
{
	const struct gofunc *func = NULL;
	struct symbols *symbols;

	if (!run->symbols)
		run->symbols = symbols_read(run->file);
	symbols = run->symbols;
	if (symbols->gobin && symbols->pid != pid) {
		symbols->bias = find_bias(symbols, pid);
		symbols->pid = pid;
	}
	if (symbols->gobin)
		func = pcline_func(symbols->gobin, pc - symbols->bias);
	if (func)
		snprintf(run->function, sizeof(run->function), "%s", func->name);
	else
		snprintf(run->function, sizeof(run->function), "0x%llx", (unsigned long long)pc);
	return run->function;
}
