/* SPDX-License-Identifier: MIT */
/* `probes doctor`: whether tracing works here, and what is in the way. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "live/doctor.h"
#include "options.h"
#include "table.h"
#include "target.h"

enum { ID_JSON = 0x100, NAME_WIDTH = 25, LEFT = 8 };

static const struct option_spec doctor_options[] = {
	{ ID_JSON, "json", NULL, "a JSON document, as docs/doctor.schema.json describes it" },
	{ 0 },
};

static const struct command_spec doctor_spec = {
	.name = "doctor",
	.operands = "[FILE|PID]",
	.about = "Says whether tracing works here, and what is in the way, by trying it: loads\n"
		 "small BPF programs and attaches them to this command itself. With FILE or PID,\n"
		 "also whether that program's probes can be attached to. Nothing stays changed.",
	.options = doctor_options,
	.notes = "A line per check: ok; note, which tracing does not mind; less, where it does\n"
		 "less; FAIL, where it does not work. Exit code 0 without FAIL, else 1.",
	.max_operands = 1,
};

static const char *const result_names[] = { "ok", "note", "less", "FAIL" };
static const char *const json_names[] = { "ok", "note", "limited", "failed" };

void doctor_add(struct doctor *doctor, const char *name, enum doctor_result result,
		const char *found, ...)
{
	va_list ap;

	mem_grow(&doctor->checks, doctor->nchecks, &doctor->cap, sizeof(*doctor->checks));
	va_start(ap, found);
	doctor->checks[doctor->nchecks++] = (struct doctor_check){
		.section = doctor->section, .name = name, .result = result,
		.found = mem_vprintf(found, ap),
	};
	va_end(ap);
}

void doctor_effect(struct doctor *doctor, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	doctor->checks[doctor->nchecks - 1].effect = mem_vprintf(fmt, ap);
	va_end(ap);
}

void doctor_fix(struct doctor *doctor, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	doctor->checks[doctor->nchecks - 1].fix = mem_vprintf(fmt, ap);
	va_end(ap);
}

char *doctor_read_line(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len = file ? getline(&line, &cap, file) : -1;

	if (file)
		fclose(file);
	if (len <= 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

const char *doctor_reason(int outcome)
{
	switch (outcome) {
	case 524: /* ENOTSUPP, include/linux/errno.h */
		return "the kernel puts no probe on this instruction";
	case ENODATA:
		return "attached, but did not count";
	case ENODEV:
		return "not in this kernel";
	case EPERM:
	case EACCES:
		return "no permission";
	case ENOSYS:
		return "no such system call";
	default:
		return strerror(outcome);
	}
}

static size_t count(const struct doctor *doctor, enum doctor_result result)
{
	size_t n = 0;

	for (size_t i = 0; i < doctor->nchecks; i++)
		n += doctor->checks[i].result == result;
	return n;
}

static void print_check(const struct doctor_check *check)
{
	char *found = table_escape(check->found);

	printf("  %-4s  %-*s  %s\n", result_names[check->result], NAME_WIDTH, check->name, found);
	if (check->effect)
		printf("%*s%-*s  %s\n", LEFT, "", NAME_WIDTH, "", check->effect);
	if (check->fix)
		printf("%*s%-*s  fix: %s\n", LEFT, "", NAME_WIDTH, "", check->fix);
	free(found);
}

static void print_heading(const char *section, const char *target, bool first)
{
	int pid;

	printf("%s", first ? "" : "\n");
	if (strcmp(section, "target"))
		puts(section);
	else
		printf("%s%s\n", target_is_pid(target, &pid) ? "process " : "", target);
}

static void print_text(const struct doctor *doctor, const char *target)
{
	size_t failed = count(doctor, DOCTOR_FAILED), limited = count(doctor, DOCTOR_LIMITED);
	const char *section = "";

	for (size_t i = 0; i < doctor->nchecks; i++) {
		const struct doctor_check *check = &doctor->checks[i];

		if (strcmp(section, check->section))
			print_heading(check->section, target, i == 0);
		section = check->section;
		print_check(check);
	}
	if (failed)
		printf("\nprobes trace does not work%s%s: see FAIL above\n",
		       target ? " with " : " here", target ? target : "");
	else
		printf("\nprobes trace works%s%s%s\n", target ? " with " : " here",
		       target ? target : "", limited ? "; lines with \"less\" say what does not" :
		       "");
}

static void add_text(cJSON *object, const char *key, const char *text)
{
	if (!text)
		return;
	char *safe = table_escape(text);

	cJSON_AddStringToObject(object, key, safe);
	free(safe);
}

static void print_json(const struct doctor *doctor, const char *target)
{
	cJSON *root = cJSON_CreateObject(), *array;
	struct utsname names = { 0 };

	uname(&names);
	cJSON_AddBoolToObject(root, "works", !count(doctor, DOCTOR_FAILED));
	add_text(root, "kernel", names.release);
	add_text(root, "target", target);
	array = cJSON_AddArrayToObject(root, "checks");
	for (size_t i = 0; i < doctor->nchecks; i++) {
		const struct doctor_check *check = &doctor->checks[i];
		cJSON *object = cJSON_CreateObject();

		add_text(object, "section", check->section);
		add_text(object, "name", check->name);
		add_text(object, "result", json_names[check->result]);
		add_text(object, "found", check->found);
		add_text(object, "effect", check->effect);
		add_text(object, "fix", check->fix);
		cJSON_AddItemToArray(array, object);
	}
	char *text = cJSON_Print(root);

	puts(text);
	free(text);
	cJSON_Delete(root);
}

static void look_at_target(struct doctor *doctor, const char *target)
{
	int pid;

	if (target_is_pid(target, &pid))
		doctor_process(doctor, pid);
	else
		doctor_file(doctor, target);
}

static void free_checks(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->nchecks; i++) {
		free(doctor->checks[i].found);
		free(doctor->checks[i].effect);
		free(doctor->checks[i].fix);
	}
	free(doctor->checks);
}

int cmd_doctor(int argc, char **argv)
{
	struct options opts = options_start(&doctor_spec, argc, argv);
	struct doctor doctor = { 0 };
	bool json = false;
	int id;

	while ((id = options_next(&opts)) > 0)
		json |= id == ID_JSON;
	if (id == OPTIONS_STOP)
		return opts.exit_code;
	const char *target = opts.first < argc ? argv[opts.first] : NULL;

	doctor_kernel(&doctor);
	doctor_permissions(&doctor);
	if (target)
		look_at_target(&doctor, target);
	if (json)
		print_json(&doctor, target);
	else
		print_text(&doctor, target);
	int code = count(&doctor, DOCTOR_FAILED) ? EXIT_FAILED : EXIT_DONE;

	free_checks(&doctor);
	return code;
}
