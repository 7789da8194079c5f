/* SPDX-License-Identifier: MIT */
/* Who runs a file, and who an older one that had its name. */
#ifndef LIVE_RUNNERS_H
#define LIVE_RUNNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"

struct runners {
	struct stat file;
	char *path;              /* absolute */
	struct buf same, older;  /* process ids, "12, 345"; terminated */
	size_t nsame, nolder;
	size_t hidden;           /* processes that may not be looked at */
};

/* Looks at all processes; false when the path leads nowhere. The caller frees what is there. */
bool runners_read(const char *path, struct runners *runners_ret);
void runners_free(struct runners *runners);

/* Whether the process has this very file mapped as code; true when that is not known. */
bool runners_maps(int pid, const char *path);

#endif
