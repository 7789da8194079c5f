/* SPDX-License-Identifier: MIT */
/* uprobe_multi links, or a perf event for each site. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "tracer/attach.h"

/* union bpf_attr as BPF_LINK_CREATE reads it for uprobe_multi (include/uapi/linux/bpf.h of
 * Linux 6.6); older headers do not have it. */
struct multi_attr {
	uint32_t program, target, type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, padding;
};

struct attachment {
	int *fds; /* of multi links */
	size_t nfds, fds_cap;
	struct bpf_link **links;
	size_t nlinks, links_cap;
};

static int link_create(const struct multi_attr *attr)
{
	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, attr, sizeof(*attr));
}

/* A program that may be attached so, at a place that cannot be: other kernels say EINVAL
 * already when the program is loaded, or for the type of link. */
bool attach_has_multi(void)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = ATTACH_UPROBE_MULTI);
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", insns, 2, &opts);
	uint64_t offset = 0;
	struct multi_attr attr = {
		.program = (uint32_t)program, .type = ATTACH_UPROBE_MULTI, .count = 1,
		.path = (uint64_t)"/", .offsets = (uint64_t)&offset,
	};

	if (program < 0)
		return false;
	int fd = link_create(&attr);
	int error = errno;

	if (fd >= 0)
		close(fd);
	close(program);
	return fd >= 0 || error == EBADF; /* "/" is no regular file */
}

/* Before Linux 6.12 a link for one process saw only one of its threads. */
static bool filters_processes(void)
{
	unsigned major = 0, minor = 0;
	struct utsname name;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 12));
}

static struct err *attach_multi(const struct selection *sel, size_t file,
				struct bpf_program *program, int pid, struct attachment *to)
{
	uint64_t *offsets = mem_zalloc((sel->nsites + 1) * 3 * sizeof(*offsets));
	uint64_t *semaphores = offsets + sel->nsites, *cookies = semaphores + sel->nsites;
	struct multi_attr attr = {
		.program = (uint32_t)bpf_program__fd(program), .type = ATTACH_UPROBE_MULTI,
		.path = (uint64_t)sel->paths[file], .offsets = (uint64_t)offsets,
		.ref_ctr_offsets = (uint64_t)semaphores, .cookies = (uint64_t)cookies,
		.pid = pid && filters_processes() ? (uint32_t)pid : 0,
	};

	for (size_t i = 0; i < sel->nsites; i++) {
		if (sel->sites[i].file != file)
			continue;
		offsets[attr.count] = sel->sites[i].offset;
		semaphores[attr.count] = sel->sites[i].semaphore;
		cookies[attr.count++] = i;
	}
	int fd = attr.count ? link_create(&attr) : -1;
	int error = errno;

	free(offsets);
	if (!attr.count)
		return NULL;
	if (fd < 0)
		return err_sys(error, "%s: cannot attach to its %u sites (see `probes doctor`)",
			       sel->listings[file]->path, attr.count);
	mem_grow(&to->fds, to->nfds, &to->fds_cap, sizeof(fd));
	to->fds[to->nfds++] = fd;
	return NULL;
}

static struct err *attach_one(const struct selection *sel, size_t index,
			      struct bpf_program *program, int pid, struct attachment *to)
{
	const struct sel_site *site = &sel->sites[index];
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = index,
		    .ref_ctr_offset = site->semaphore);
	/* A name without a slash is looked for in $PATH by libbpf. */
	const char *path = sel->paths[site->file];
	char *with_slash = mem_printf("%s%s", strchr(path, '/') ? "" : "./", path);
	struct bpf_link *link = bpf_program__attach_uprobe_opts(program, pid ? pid : -1, with_slash,
								site->offset, &opts);
	int error = errno;

	free(with_slash);
	if (!link)
		return err_sys(error, "%s: cannot attach to %s:%s at 0x%llx (see `probes "
			       "doctor`)", sel->listings[site->file]->path,
			       site->listed->provider, site->listed->name,
			       (unsigned long long)site->listed->pc);
	mem_grow(&to->links, to->nlinks, &to->links_cap, sizeof(struct bpf_link *));
	to->links[to->nlinks++] = link;
	return NULL;
}

struct err *attach_sites(const struct selection *sel, struct bpf_program *program, bool multi,
			 int pid, struct attachment **attachment_ret)
{
	struct attachment *to = mem_zalloc(sizeof(*to));
	struct err *err = NULL;

	if (multi)
		for (size_t i = 0; i < sel->nfiles && !err; i++)
			err = attach_multi(sel, i, program, pid, to);
	else
		for (size_t i = 0; i < sel->nsites && !err; i++)
			err = attach_one(sel, i, program, pid, to);
	if (err) {
		attach_free(to);
		return err;
	}
	*attachment_ret = to;
	return NULL;
}

void attach_free(struct attachment *attachment)
{
	if (!attachment)
		return;
	for (size_t i = 0; i < attachment->nfds; i++)
		close(attachment->fds[i]);
	for (size_t i = 0; i < attachment->nlinks; i++)
		bpf_link__destroy(attachment->links[i]);
	free(attachment->fds);
	free(attachment->links);
	free(attachment);
}
