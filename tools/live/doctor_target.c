/* SPDX-License-Identifier: MIT */
/* `probes doctor FILE|PID`: whether the probes of a program can be attached to. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "live/doctor.h"
#include "live/runners.h"
#include "patch/prove.h"
#include "tracer/kernel.h"
#include "tracer/listing.h"
#include "tracer/mapped.h"
#include "tracer/session.h"

/* Adds a failed check that says what an error says. */
static void failed(struct doctor *doctor, const char *name, struct err *err)
{
	doctor_add(doctor, name, DOCTOR_FAILED, "%s", err->message);
	err_free(err);
}

/* Type and options of the file system that holds a file, as mountinfo has them, or NULL. */
static char *mount_of(const char *path)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *found = NULL;
	struct statx about;
	size_t cap = 0;

	if (mounts && !statx(AT_FDCWD, path, 0, STATX_MNT_ID, &about) &&
	    about.stx_mask & STATX_MNT_ID)
		while (!found && getline(&line, &cap, mounts) > 0) {
			char point[1024], options[256], type[64];
			const char *rest = strstr(line, " - ");

			if (strtoull(line, NULL, 10) == about.stx_mnt_id && rest &&
			    sscanf(line, "%*s %*s %*s %*s %1023s %255s", point, options) == 2 &&
			    sscanf(rest, " - %63s", type) == 1)
				found = mem_printf("%s on %s (%s)", type, point, options);
		}
	if (mounts)
		fclose(mounts);
	free(line);
	return found;
}

static void check_mount(struct doctor *doctor, const char *path)
{
	char *mount = mount_of(path);
	struct statvfs fs;
	bool runs = statvfs(path, &fs) || !(fs.f_flag & ST_NOEXEC);

	if (mount || !runs)
		doctor_add(doctor, "mount", runs ? DOCTOR_OK : DOCTOR_LIMITED, "%s",
			   mount ? mount : "noexec");
	if (!runs) {
		doctor_effect(doctor, "nothing runs from here (noexec), so no probe fires");
		doctor_fix(doctor, "mount it with exec, or name the file that really runs");
	}
	free(mount);
}

static void check_verified(struct doctor *doctor, const struct listing *listing)
{
	struct meta *meta = NULL;
	struct err *err = meta_read(listing->image, true, &meta);

	if (!err && meta)
		err = prove_file(listing->image, meta);
	if (err) {
		doctor_add(doctor, "verify", DOCTOR_LIMITED, "%s", err->message);
		doctor_effect(doctor, "a probe may stand in the wrong place");
	} else if (meta) {
		doctor_add(doctor, "verify", DOCTOR_OK, "the file is what its records say");
	}
	err_free(err);
	meta_free(meta);
}

static void check_probes(struct doctor *doctor, const struct listing *listing)
{
	if (listing->nprobes) {
		doctor_add(doctor, "probes", DOCTOR_OK, "%zu with %zu sites%s%s",
			   listing->nprobes, listing->nsites,
			   listing->meta ? ", injected by probes " : "; not by `probes inject`",
			   listing->meta ? listing->meta->tool_version : "");
		return;
	}
	doctor_add(doctor, "probes", DOCTOR_FAILED, "none");
	if (listing_is_go(listing))
		doctor_fix(doctor, "`probes inject %s`, then start it again", listing->path);
	else
		doctor_effect(doctor, "it is no Go program, so `probes inject` cannot give it any");
}

/* The counter's program, attached to the first site and taken off again. */
static int attach_first(const struct listing *listing, const char *path, int pid,
			enum kernel_way way)
{
	int array, program = -1, link = -1, outcome;
	uint64_t offset;

	if (!image_offset(listing->image, listing->probes[0].sites[0].pc, &offset))
		return ENOEXEC;
	outcome = kernel_array(&array);
	if (outcome)
		return outcome;
	outcome = kernel_counter(array, way, false, &program);
	if (!outcome)
		outcome = kernel_attach(way, program, path, offset, pid, 1, &link);
	if (link >= 0)
		close(link);
	if (program >= 0)
		close(program);
	close(array);
	return outcome;
}

static void check_attach(struct doctor *doctor, const struct listing *listing, const char *path,
			 int pid)
{
	const struct list_probe *probe = &listing->probes[0];
	const char *way = "uprobe_multi";
	int outcome = attach_first(listing, path, pid, KERNEL_MULTI);

	if (outcome) {
		outcome = attach_first(listing, path, pid, KERNEL_PERF);
		way = "perf";
	}
	if (!outcome) {
		doctor_add(doctor, "attaching", DOCTOR_OK, "%s:%s was attached to by %s",
			   probe->provider, probe->name, way);
		return;
	}
	doctor_add(doctor, "attaching", DOCTOR_FAILED, "%s:%s: %s", probe->provider, probe->name,
		   doctor_reason(outcome));
	if (outcome == EIO || outcome == ENOEXEC)
		doctor_fix(doctor, "copy the program to a local disk: its file system (see mount) "
			   "does not let the kernel change its code in memory");
}

/* The very program of `probes trace`, loaded and attached to the first probe. */
static void check_session(struct doctor *doctor, const struct listing *listing,
			  const char *path, int pid)
{
	char *probe = mem_printf("%s:%s", listing->probes[0].provider, listing->probes[0].name);
	const struct session_options options = {
		.file = pid ? NULL : path, .pid = pid, .npatterns = 1,
		.patterns = (const char *const *)&probe,
	};
	struct session *session;
	struct err *err = session_open(&options, &session);

	if (err) {
		failed(doctor, "tracing", err);
	} else {
		doctor_add(doctor, "tracing", DOCTOR_OK, "a session was opened on %s", probe);
		session_free(session);
	}
	free(probe);
}

/* What a file can be asked, for a process under the path that opens what it runs. */
static void check_listing(struct doctor *doctor, const char *open_path, const char *path, int pid)
{
	struct listing *listing;
	struct err *err = listing_read(open_path, path, NULL, 0, &listing);

	if (err) {
		failed(doctor, "readable", err);
		return;
	}
	check_probes(doctor, listing);
	if (listing->meta)
		check_verified(doctor, listing);
	check_mount(doctor, open_path);
	if (listing->nprobes) {
		check_attach(doctor, listing, open_path, pid);
		check_session(doctor, listing, open_path, pid);
	}
	listing_free(listing);
}

static void report_runners(struct doctor *doctor, struct runners *runners)
{
	doctor_add(doctor, "processes", DOCTOR_OK, "%s%s",
		   runners->nsame ? "run by " : "nothing seen that runs it now",
		   runners->nsame ? (char *)runners->same.data : "");
	if (runners->hidden)
		doctor_effect(doctor, "no permission to look at %zu other%s", runners->hidden,
			      runners->hidden == 1 ? "" : "s");
	if (runners->nolder) {
		doctor_add(doctor, "replaced file", DOCTOR_LIMITED, "run in its old version by %s",
			   (char *)runners->older.data);
		doctor_effect(doctor, "tracing this file shows nothing of them");
		doctor_fix(doctor, "start them again, or trace them by PID if the old file had "
			   "probes");
	}
}

static void check_runners(struct doctor *doctor, const char *path)
{
	struct runners runners;

	if (runners_read(path, &runners))
		report_runners(doctor, &runners);
	runners_free(&runners);
}

void doctor_file(struct doctor *doctor, const char *path)
{
	doctor->section = "target";
	check_listing(doctor, path, path, 0);
	check_runners(doctor, path);
}

/* readlink(2) says so of a file that has lost its name. */
static void drop_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path);

	if (len >= sizeof(mark) && !strcmp(path + len - (sizeof(mark) - 1), mark))
		path[len - (sizeof(mark) - 1)] = '\0';
}

/* Whether the name still leads to the file that the process runs. */
static void check_replaced(struct doctor *doctor, int pid, const struct mapped_file *program)
{
	char *on_disk = mem_printf("/proc/%d/root%s", pid, program->path);
	struct stat running, named;

	if (stat(program->open_path, &running)) {
		doctor_add(doctor, "file", DOCTOR_FAILED, "%s: %s", program->path,
			   strerror(errno));
	} else if (!stat(on_disk, &named) && named.st_ino == running.st_ino &&
		   named.st_dev == running.st_dev) {
		doctor_add(doctor, "file", DOCTOR_OK, "%s is what process %d runs", program->path,
			   pid);
	} else {
		doctor_add(doctor, "file", DOCTOR_LIMITED, "%s was replaced or removed since "
			   "process %d began", program->path, pid);
		doctor_effect(doctor, "tracing by PID shows the process, tracing by FILE does not");
		doctor_fix(doctor, "start the process again: it then runs the present file");
	}
	free(on_disk);
}

static void check_container(struct doctor *doctor, int pid)
{
	char *theirs = mem_printf("/proc/%d/ns/pid", pid);
	struct stat own, other;

	if (!stat("/proc/self/ns/pid", &own) && !stat(theirs, &other))
		doctor_add(doctor, "container", DOCTOR_OK, "%s", own.st_ino == other.st_ino ?
			   "the process is in our PID namespace" :
			   "the process is in a PID namespace of its own; events show our number");
	free(theirs);
}

void doctor_process(struct doctor *doctor, int pid)
{
	struct mapped_file *files;
	size_t n;

	doctor->section = "target";
	struct err *err = mapped_files(pid, &files, &n);

	if (err) {
		failed(doctor, "process", err);
		return;
	}
	drop_deleted(files[0].path);
	check_replaced(doctor, pid, &files[0]);
	check_container(doctor, pid);
	check_listing(doctor, files[0].open_path, files[0].path, pid);
	mapped_free(files, n);
}
