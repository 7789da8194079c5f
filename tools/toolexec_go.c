/* SPDX-License-Identifier: MIT */
/* The go command that runs us: where it runs, and what belongs to its build. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/source.h"
#include "toolexec.h"
#include "tracer/mapped.h"

enum { MAX_BETWEEN = 16 }; /* wrappers, such as env(1) or a script */

/* What a link of /proc/PID points to, owned; NULL when it cannot be read. */
static char *read_link(int pid, const char *name)
{
	char path[64], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	len = readlink(path, target, sizeof(target) - 1);
	return len > 0 ? mem_strndup(target, (size_t)len) : NULL;
}

static bool is_go(int pid)
{
	char *path = read_link(pid, "exe");
	const char *slash = path ? strrchr(path, '/') : NULL;
	bool is = slash && !strcmp(slash + 1, "go");

	free(path);
	return is;
}

/* The nearest process above us that runs a file named go; else the one that started us. */
struct go_command toolexec_go(void)
{
	struct go_command go = { .pid = getppid() };
	struct mapped_status status;
	int pid = go.pid;

	for (int i = 0; i < MAX_BETWEEN && pid > 1 && mapped_status(pid, &status); i++) {
		if (i == 0)
			go.started = status.started;
		if (is_go(pid)) {
			go.pid = pid;
			go.started = status.started;
			break;
		}
		pid = status.parent;
	}
	go.folder = read_link(go.pid, "cwd");
	if (!go.folder)
		go.folder = mem_strdup(".");
	return go;
}

/* Files of -d are named as seen from the go command's folder. */
static void find_files(struct toolexec *set, const char *folder)
{
	char here[PATH_MAX];

	if (getcwd(here, sizeof(here)) && !strcmp(here, folder))
		return;
	for (int i = 0; i < set->how.nfiles; i++) {
		if (*set->how.files[i] == '/')
			continue;
		set->files[i] = mem_printf("%s/%s", folder, set->how.files[i]);
		set->how.files[i] = set->files[i];
	}
}

struct err *toolexec_load(struct toolexec *set)
{
	struct go_command go = toolexec_go();
	struct err *err = NULL;

	find_files(set, go.folder);
	if (!set->no_own)
		err = source_modules(set->module ? set->module : go.folder, &set->modules,
				     &set->nmodules);
	free(go.folder);
	TRY(err);
	set->how.modules = set->modules;
	set->how.nmodules = set->nmodules;
	return injection_load(&set->how);
}

void toolexec_free(struct toolexec *set)
{
	injection_settings_free(&set->how);
	source_modules_free(set->modules, set->nmodules);
	for (int i = 0; i < set->how.nfiles; i++)
		free(set->files[i]);
}

bool toolexec_asked_version(const struct toolexec *set)
{
	return set->tool[1] && !strcmp(set->tool[1], "-V=full");
}

bool toolexec_known_target(void)
{
	const char *goos = getenv("GOOS"), *goarch = getenv("GOARCH");

	return (!goos || !*goos || !strcmp(goos, "linux")) &&
	       (!goarch || !*goarch || !strcmp(goarch, "amd64"));
}

void toolexec_say(const char *out, const char *fmt, ...)
{
	const char *package = getenv("TOOLEXEC_IMPORTPATH");
	va_list ap;

	fprintf(stderr, "probes: %s: ", package && *package ? package : out);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
