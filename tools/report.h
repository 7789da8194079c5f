/* SPDX-License-Identifier: MIT */
/* What inject did to one file: for people, or as JSON to attach to a build. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "patch/output.h"
#include "patch/plan.h"

struct report_file {
	const char *input, *output_path;
	const struct gobin *gobin;
	const struct bound_set *bound;
	const struct plan *plan;
	const struct output *output;
	char input_digest[72], output_digest[72]; /* "sha256:..."; "" when not asked for */
};

/* A line about the file, one for each refused probe, one for each that misses inlined
 * calls, one about own probes whose functions are not there. */
void report_text(const struct report_file *file, FILE *out);

/*
 * For a build, which is quiet when all is well: a line "probes: PROGRAM: ..." for each reason
 * why probes of the user's own are refused. Returns the number of the other refused ones.
 */
size_t report_own(const struct report_file *file, const char *program, FILE *out);

/* The file's entry for the JSON report (docs/inject.schema.json); the caller owns it. */
cJSON *report_json(const struct report_file *file);

/* Number of refused probes that another binary might have had: all but those which this Go
 * version, or this program, does not have. What --strict asks about. */
size_t report_refused(const struct plan *plan);

/* "sha256:<hex>" of the bytes, into a buffer of 72. */
void report_digest(const struct image *image, char digest_ret[72]);

#endif
