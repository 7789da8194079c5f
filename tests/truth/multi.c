/* SPDX-License-Identifier: MIT */
/* Attaches to many sites of one file at once. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "multi.h"

/* union bpf_attr as BPF_LINK_CREATE reads it for uprobe_multi. */
struct link_attr {
	uint32_t program, target, type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, padding;
};

struct reg_name {
	const char *names[4]; /* by size: 8, 4, 2, 1 bytes */
	size_t offset;
};

#define LEGACY(x, low) { { "r" #x, "e" #x, #x, low }, offsetof(struct pt_regs, r##x) }
#define NUMBERED(n) \
	{ { "r" #n, "r" #n "d", "r" #n "w", "r" #n "b" }, offsetof(struct pt_regs, r##n) }

static const struct reg_name regs[] = {
	LEGACY(ax, "al"), LEGACY(bx, "bl"), LEGACY(cx, "cl"), LEGACY(dx, "dl"),
	LEGACY(si, "sil"), LEGACY(di, "dil"), LEGACY(bp, "bpl"), LEGACY(sp, "spl"),
	NUMBERED(8), NUMBERED(9), NUMBERED(10), NUMBERED(11),
	NUMBERED(12), NUMBERED(13), NUMBERED(14), NUMBERED(15),
};

static bool find_reg(const char *name, short *reg_ret)
{
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		for (int j = 0; j < 4; j++) {
			if (strcmp(regs[i].names[j], name) == 0) {
				*reg_ret = (short)regs[i].offset;
				return true;
			}
		}
	}
	return false;
}

static bool parse_operand(const char *text, struct operand_spec *op)
{
	char place[32], reg[8];
	long long value = 0;
	int size;

	if (sscanf(text, "%d@%31s", &size, place) != 2)
		return false;
	op->is_signed = size < 0;
	size = abs(size);
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	op->shift = (char)(64 - size * 8);
	if (sscanf(place, "$%lli", &value) == 1)
		op->kind = 0;
	else if (sscanf(place, "%%%7[a-z0-9]", reg) == 1)
		op->kind = 1;
	else if (sscanf(place, "(%%%7[a-z0-9])", reg) == 1 ||
		 sscanf(place, "%lli(%%%7[a-z0-9])", &value, reg) == 2)
		op->kind = 2;
	else
		return false;
	op->value = (uint64_t)value;
	return op->kind == 0 || find_reg(reg, &op->reg);
}

bool sites_add(struct sites *sites, unsigned int probe, uint64_t offset, char *operands)
{
	struct site_spec *spec = &sites->specs[sites->n];
	char *rest = NULL;

	if (sites->n == MAX_SITES)
		return false;
	spec->cookie = probe;
	for (char *op = strtok_r(operands, " \n", &rest); op; op = strtok_r(NULL, " \n", &rest)) {
		if (spec->nargs == MAX_WORDS || !parse_operand(op, &spec->args[spec->nargs++]))
			return false;
	}
	sites->offsets[sites->n] = offset;
	sites->cookies[sites->n] = sites->n;
	sites->n++;
	return true;
}

int uprobes_attach(const uint64_t *offsets, const uint64_t *cookies, unsigned int n, int program,
		   const char *path)
{
	struct link_attr attr = {
		.program = (uint32_t)program,
		.type = ATTACH_UPROBE_MULTI,
		.path = (uint64_t)path,
		.offsets = (uint64_t)offsets,
		.cookies = (uint64_t)cookies,
		.count = n,
	};

	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

int sites_attach(const struct sites *sites, int map, int program, const char *path)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &len))
		return -1;
	if (info.value_size != sizeof(sites->specs[0])) {
		errno = EPROTO; /* another libbpf, with another layout */
		return -1;
	}
	for (uint32_t i = 0; i < sites->n; i++)
		if (bpf_map_update_elem(map, &i, &sites->specs[i], BPF_ANY))
			return -1;
	return uprobes_attach(sites->offsets, sites->cookies, sites->n, program, path);
}
