/* SPDX-License-Identifier: MIT */
/* Which container and pod a process is in, by the name of its control group. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/container.h"

enum { ID = 64, UID = 36 };

static const char *find_id(const char *line)
{
	size_t n;

	for (const char *at = line; *at; at += n ? n : 1) {
		n = strspn(at, "0123456789abcdef");
		if (n == ID)
			return at;
	}
	return NULL;
}

bool container_parse(const char *line, struct container *container_ret)
{
	const char *id = find_id(line);

	if (!id)
		return false;
	*container_ret = (struct container){ 0 };
	memcpy(container_ret->id, id, ID);
	for (const char *at = strstr(line, "pod"); at; at = strstr(at + 3, "pod")) {
		if (strspn(at + 3, "0123456789abcdef-_") != UID)
			continue;
		memcpy(container_ret->pod, at + 3, UID);
		for (char *c = container_ret->pod; *c; c++)
			*c = *c == '_' ? '-' : *c; /* systemd's names have no dashes to spare */
		break;
	}
	return true;
}

struct container container_of(int pid)
{
	struct container container = { 0 };
	char *path = mem_printf("/proc/%d/cgroup", pid), line[4096];
	FILE *file = fopen(path, "re");

	free(path);
	while (file && fgets(line, sizeof(line), file) && !container_parse(line, &container))
		;
	if (file)
		fclose(file);
	return container;
}
