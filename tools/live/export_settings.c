/* SPDX-License-Identifier: MIT */
/* What options and OpenTelemetry's environment variables say about exporting. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "live/export_settings.h"

#define DEFAULT_INTERVAL UINT64_C(10000000000)

struct err *settings_endpoint(struct export_settings *settings, const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	free(settings->endpoint);
	settings->endpoint = mem_strndup(url, len);
	return NULL;
}

static void add_header(struct export_settings *settings, const char *name, size_t len,
		       const char *value)
{
	mem_grow(&settings->headers, settings->nheaders, &settings->headers_cap, sizeof(char *));
	settings->headers[settings->nheaders++] =
		mem_printf("%.*s: %s", (int)len, name, value);
}

/* A line break would smuggle in a header. */
static bool is_header(const char *pair, const char *sign)
{
	return sign && sign > pair && !strpbrk(pair, "\r\n") &&
	       strcspn(pair, ": \t") >= (size_t)(sign - pair);
}

struct err *settings_header(struct export_settings *settings, const char *pair)
{
	const char *sign = strchr(pair, '=');

	if (!is_header(pair, sign))
		return err_code(EXIT_USAGE, "--header: '%.*s' is not NAME=VALUE",
				(int)strcspn(pair, "=\r\n"), pair);
	add_header(settings, pair, (size_t)(sign - pair), sign + 1);
	return NULL;
}

struct err *settings_ratio(struct export_settings *settings, const char *text)
{
	char *end;
	double ratio = strtod(text, &end);

	if (end == text || *end || !(ratio >= 0 && ratio <= 1))
		return err_code(EXIT_USAGE, "--sample: '%s' is no number from 0 to 1", text);
	settings->ratio = ratio;
	return NULL;
}

/* Cuts blanks off both ends and turns %20 into what it stands for, in place. */
static char *decode(char *text)
{
	char *out = text, *start;

	while (isspace((unsigned char)*text))
		text++;
	start = out = text;
	for (; *text; text++) {
		char digits[3] = { text[0], text[0] ? text[1] : 0, 0 };

		if (*text == '%' && isxdigit((unsigned char)text[1]) &&
		    isxdigit((unsigned char)text[2])) {
			memcpy(digits, text + 1, 2);
			*out++ = (char)strtol(digits, NULL, 16);
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	while (out > start && isspace((unsigned char)out[-1]))
		out--;
	*out = '\0';
	return start;
}

typedef void pair_fn(struct export_settings *settings, const char *key, const char *value);

/* Steps through "key=value,key=value"; what is no pair is an error. */
static struct err *each_pair(struct export_settings *settings, const char *variable, pair_fn *fn)
{
	const char *list = getenv(variable);
	char *copy = mem_strdup(list ? list : ""), *rest = copy, *part;
	struct err *err = NULL;

	while (!err && (part = strsep(&rest, ","))) {
		char *sign = strchr(part, '=');

		if (!sign && *decode(part))
			err = err_new("%s: '%s' is not KEY=VALUE", variable, part);
		if (!sign)
			continue;
		*sign = '\0';
		fn(settings, decode(part), decode(sign + 1));
	}
	free(copy);
	return err;
}

static void take_header(struct export_settings *settings, const char *key, const char *value)
{
	if (*key && !strpbrk(key, ": \t\r\n") && !strpbrk(value, "\r\n"))
		add_header(settings, key, strlen(key), value);
}

static void take_attribute(struct export_settings *settings, const char *key, const char *value)
{
	mem_grow(&settings->pairs, settings->npairs, &settings->pairs_cap,
		 sizeof(*settings->pairs));
	struct resource_pair *pair = &settings->pairs[settings->npairs];

	pair->key = mem_strdup(key);
	pair->value = mem_strdup(value);
	if (!strcmp(key, "service.name") && !settings->service)
		settings->service = pair->value;
	settings->npairs++;
}

/* service.name is told in its own place. */
static void drop_service_pairs(struct export_settings *settings)
{
	size_t n = 0;

	for (size_t i = 0; i < settings->npairs; i++) {
		struct resource_pair pair = settings->pairs[i];

		if (strcmp(pair.key, "service.name")) {
			settings->pairs[n++] = pair;
			continue;
		}
		free(pair.key);
		if (settings->service == pair.value)
			settings->owned_service = pair.value;
		else
			free(pair.value);
	}
	settings->npairs = n;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

struct err *settings_environment(struct export_settings *settings)
{
	const char *endpoint = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
	const char *interval = variable("OTEL_METRIC_EXPORT_INTERVAL");

	if (!settings->endpoint && endpoint)
		TRY(settings_endpoint(settings, endpoint));
	if (!settings->ca_file)
		settings->ca_file = variable("OTEL_EXPORTER_OTLP_CERTIFICATE");
	if (!settings->service)
		settings->service = variable("OTEL_SERVICE_NAME");
	if (!settings->interval_ns && interval)
		settings->interval_ns = strtoul(interval, NULL, 10) * UINT64_C(1000000);
	if (!settings->interval_ns)
		settings->interval_ns = DEFAULT_INTERVAL;
	TRY(each_pair(settings, "OTEL_EXPORTER_OTLP_HEADERS", take_header));
	TRY(each_pair(settings, "OTEL_RESOURCE_ATTRIBUTES", take_attribute));
	drop_service_pairs(settings);
	return NULL;
}

void settings_free(struct export_settings *settings)
{
	for (size_t i = 0; i < settings->nheaders; i++)
		free(settings->headers[i]);
	for (size_t i = 0; i < settings->npairs; i++) {
		free(settings->pairs[i].key);
		free(settings->pairs[i].value);
	}
	free(settings->headers);
	free(settings->pairs);
	free(settings->endpoint);
	free(settings->owned_service);
}
