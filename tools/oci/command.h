/* SPDX-License-Identifier: MIT */
/* `probes inject IMAGE`. */
#ifndef OCI_COMMAND_H
#define OCI_COMMAND_H

#include "injection.h"

/* How the command was called. */
struct oci_options {
	const struct injection_settings *how;
	const char *out;          /* NULL: the image is replaced */
	const char *const *given; /* --in-image */
	int ngiven;
};

/*
 * Injects the programs of an image, from reading it to the lines about it. With `reports`
 * their entries are added to that array instead of lines on stderr. Its exit code; after one
 * that is not EXIT_DONE, EXIT_REFUSED or EXIT_NO_MATCH for a part, nothing has changed.
 */
int oci_command(const struct oci_options *options, const char *path, cJSON *reports);

/* An error of a command that takes programs, when `path` is an image: says what to do
 * instead. Takes and returns err; NULL stays NULL. */
struct err *oci_explain(struct err *err, const char *path);

#endif
