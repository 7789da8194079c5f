/* SPDX-License-Identifier: MIT */
/* What options and OpenTelemetry's environment variables say about exporting. */
#ifndef LIVE_EXPORT_SETTINGS_H
#define LIVE_EXPORT_SETTINGS_H

#include <stdint.h>

#include "base/err.h"
#include "live/otlp.h"

struct export_settings {
	char *endpoint;          /* without a slash at its end; or NULL */
	char **headers;          /* "name: value" */
	size_t nheaders, headers_cap;
	struct resource_pair *pairs;
	size_t npairs, pairs_cap;
	const char *service, *ca_file, *prometheus; /* borrowed, or NULL */
	char *owned_service;     /* what service points to, or NULL */
	uint64_t interval_ns;    /* 0 = not said */
	double ratio;
};

/* Each takes an option's value; the errors say which option is wrong. */
struct err *settings_endpoint(struct export_settings *settings, const char *url);
struct err *settings_header(struct export_settings *settings, const char *pair);
struct err *settings_ratio(struct export_settings *settings, const char *text);

/* After the options: fills from the environment what they left open, then with defaults. */
struct err *settings_environment(struct export_settings *settings);

void settings_free(struct export_settings *settings);

#endif
