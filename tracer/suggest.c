/* SPDX-License-Identifier: MIT */
/* The probe that a mistyped pattern may stand for. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "tracer/listing.h"

enum { FAR = 4, LETTERS_A_FAULT = 3 }; /* one wrong letter in three, and less than FAR */

/* A pattern without its wildcards. */
struct wanted {
	char *whole, *provider, *name; /* owned; the latter two NULL without a colon */
};

static int nearer(int a, int b)
{
	return a < b ? a : b;
}

static char *letters_of(const char *text, size_t len)
{
	char *letters = mem_strndup(text, len), *to = letters;

	for (const char *from = letters; *from; from++)
		if (!strchr("*?", *from))
			*to++ = *from;
	*to = 0;
	return letters;
}

/* A pair is often named without _start and _end. */
static int name_distance(const char *word, const char *name)
{
	const char *last = strrchr(name, '_');
	int far = near_distance(word, name);

	if (!last || (strcmp(last, "_start") && strcmp(last, "_end")))
		return far;
	char *stem = mem_strndup(name, (size_t)(last - name));

	far = nearer(far, near_distance(word, stem));
	free(stem);
	return far;
}

static int distance(const struct wanted *wanted, const struct list_site *site, bool *name_ret)
{
	int provider, name;

	if (wanted->provider) {
		provider = *wanted->provider ? near_distance(wanted->provider, site->provider) : 0;
		name = *wanted->name ? name_distance(wanted->name, site->name) : 0;
		*name_ret = *wanted->name;
		return provider < FAR && name < FAR ? provider + name : INT_MAX;
	}
	char *both = mem_printf("%s:%s", site->provider, site->name);

	provider = near_distance(wanted->whole, site->provider);
	name = nearer(name_distance(wanted->whole, site->name),
		      name_distance(wanted->whole, both));
	free(both);
	*name_ret = name < provider;
	return nearer(provider, name);
}

/* Of the two halves of a pair the start is rather meant. */
static bool starts(const struct list_site *site)
{
	size_t len = strlen(site->name), suffix = strlen("_start");

	return len > suffix && !strcmp(site->name + len - suffix, "_start");
}

char *listing_suggest(struct listing *const *listings, size_t n, const char *pattern)
{
	const char *colon = strchr(pattern, ':');
	struct wanted wanted = { .whole = letters_of(pattern, strlen(pattern)) };
	const struct list_site *best = NULL;
	int least = nearer(FAR, (int)strlen(wanted.whole) / LETTERS_A_FAULT + 1);
	bool named, best_named = false;

	if (colon) {
		wanted.provider = letters_of(pattern, (size_t)(colon - pattern));
		wanted.name = letters_of(colon + 1, strlen(colon + 1));
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < listings[i]->nsites; j++) {
			const struct list_site *site = &listings[i]->sites[j];
			int far = distance(&wanted, site, &named);

			if (far > least || (far == least && !(best && starts(site))))
				continue;
			least = far;
			best = site;
			best_named = named;
		}
	free(wanted.whole);
	free(wanted.provider);
	free(wanted.name);
	if (!best)
		return mem_strdup("");
	return mem_printf(", did you mean %s:%s?", best->provider, best_named ? best->name : "*");
}
