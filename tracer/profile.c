/* SPDX-License-Identifier: MIT */
/* Stacks with values, each stack once, and their two plain forms: folded lines and text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tracer/profile.h"
#include "tracer/value.h"

static uint64_t hash_sample(const void *item)
{
	const struct profile_sample *sample = item;
	uint64_t hash = sample->nlabels;

	for (size_t i = 0; i < sample->nplaces; i++)
		hash = set_mix(hash, sample->places[i]->number);
	for (size_t i = 0; i < sample->nlabels; i++)
		for (const char *at = sample->labels[i].text; *at; at++)
			hash = set_mix(hash, (uint8_t)*at);
	return hash;
}

static bool same_sample(const void *left, const void *right)
{
	const struct profile_sample *a = left, *b = right;

	if (a->nplaces != b->nplaces || a->nlabels != b->nlabels)
		return false;
	for (size_t i = 0; i < a->nlabels; i++)
		if (strcmp(a->labels[i].name, b->labels[i].name) ||
		    strcmp(a->labels[i].text, b->labels[i].text))
			return false;
	return !a->nplaces || !memcmp(a->places, b->places, a->nplaces * sizeof(*a->places));
}

void profile_start(struct profile *profile, const struct symboliser *symboliser)
{
	*profile = (struct profile){
		.known = { .hash = hash_sample, .equal = same_sample },
		.symboliser = symboliser,
	};
}

void profile_free(struct profile *profile)
{
	for (size_t i = 0; i < profile->nsamples; i++) {
		struct profile_sample *sample = profile->samples[i];

		for (size_t j = 0; j < sample->nlabels; j++)
			free(sample->labels[j].text);
		free(sample->places);
		free(sample);
	}
	set_clear(&profile->known, NULL);
	free(profile->samples);
	free(profile->title);
	profile->samples = NULL;
	profile->title = NULL;
	profile->nsamples = profile->cap = 0;
}

void profile_add(struct profile *profile, const struct profile_sample *sample)
{
	struct profile_sample *known = set_find(&profile->known, sample);

	if (!known) {
		known = mem_dup(sample, sizeof(*sample));
		known->places = mem_dup(sample->places, sample->nplaces * sizeof(*sample->places));
		for (size_t i = 0; i < sample->nlabels; i++)
			known->labels[i].text = mem_strdup(sample->labels[i].text);
		for (size_t i = 0; i < PROFILE_VALUES; i++)
			known->values[i] = 0;
		mem_grow(&profile->samples, profile->nsamples, &profile->cap,
			 sizeof(*profile->samples));
		profile->samples[profile->nsamples++] = known;
		set_add(&profile->known, known);
	}
	for (size_t i = 0; i < profile->ntypes; i++)
		known->values[i] += sample->values[i];
}

static double main_value(const struct profile *profile, const struct profile_sample *sample)
{
	return sample->values[profile->ntypes - 1];
}

double profile_total(const struct profile *profile)
{
	double total = 0;

	for (size_t i = 0; i < profile->nsamples; i++)
		total += main_value(profile, profile->samples[i]);
	return total;
}

/* `type` is where the values that count most are. */
static int by_value(const void *left, const void *right, void *type)
{
	const struct profile_sample *const *a = left, *const *b = right;
	size_t at = *(const size_t *)type;
	double first = (*a)->values[at], second = (*b)->values[at];

	if (first != second)
		return first < second ? 1 : -1;
	size_t n = (*a)->nplaces < (*b)->nplaces ? (*a)->nplaces : (*b)->nplaces;

	for (size_t i = 0; i < n; i++)
		if ((*a)->places[i] != (*b)->places[i])
			return (*a)->places[i]->number < (*b)->places[i]->number ? -1 : 1;
	return ((*a)->nplaces > (*b)->nplaces) - ((*a)->nplaces < (*b)->nplaces);
}

void profile_sort(struct profile *profile)
{
	size_t type = profile->ntypes - 1;

	if (profile->nsamples)
		qsort_r(profile->samples, profile->nsamples, sizeof(*profile->samples), by_value,
			&type);
}

static void put_bytes(struct buf *out, double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	for (; fabs(bytes) >= 1000 && unit < 4; unit++)
		bytes /= 1000;
	buf_printf(out, "%.*f %s", unit && bytes < 100 ? 1 : 0, bytes, units[unit]);
}

void profile_put_value(struct buf *out, const struct profile_type *type, double value)
{
	if (!strcmp(type->unit, "nanoseconds") && value >= 0)
		value_put_duration(out, (uint64_t)value);
	else if (!strcmp(type->unit, "bytes"))
		put_bytes(out, value);
	else
		buf_printf(out, "%.0f", value);
}

char *profile_label_frame(const struct profile_label *label)
{
	return mem_printf("[%s: %s]", label->name, label->text);
}

/* A name between semicolons, on one line. */
static void put_plain(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_u8(out, *name == ';' ? ',' : (uint8_t)*name < ' ' ? '?' : (uint8_t)*name);
}

static void put_folded_stack(struct buf *out, const struct profile_sample *sample)
{
	const char *between = "";

	for (size_t i = 0; i < sample->nlabels; i++, between = ";") {
		char *frame = profile_label_frame(&sample->labels[i]);

		buf_printf(out, "%s", between);
		put_plain(out, frame);
		free(frame);
	}
	for (size_t i = sample->nplaces; i > 0; i--)
		for (size_t j = sample->places[i - 1]->nframes; j > 0; j--, between = ";") {
			buf_printf(out, "%s", between);
			put_plain(out, sample->places[i - 1]->frames[j - 1].func);
		}
	if (!sample->nplaces)
		buf_printf(out, "%s[no stack]", between);
}

/* Places differ by lines too, which folded stacks have not: equal ones are added up. */
struct folded {
	char *stack;
	double value;
};

static int by_stack(const void *left, const void *right)
{
	return strcmp(((const struct folded *)left)->stack, ((const struct folded *)right)->stack);
}

void profile_put_folded(struct buf *out, const struct profile *profile)
{
	struct folded *lines = mem_zalloc((profile->nsamples + 1) * sizeof(*lines));
	size_t end;

	for (size_t i = 0; i < profile->nsamples; i++) {
		struct buf stack = { 0 };

		put_folded_stack(&stack, profile->samples[i]);
		buf_u8(&stack, 0);
		lines[i].stack = (char *)stack.data;
		lines[i].value = main_value(profile, profile->samples[i]);
	}
	if (profile->nsamples)
		qsort(lines, profile->nsamples, sizeof(*lines), by_stack);
	for (size_t i = 0; i < profile->nsamples; i = end) {
		double value = 0;

		for (end = i; end < profile->nsamples && !by_stack(&lines[i], &lines[end]); end++)
			value += lines[end].value;
		buf_printf(out, "%s %.0f\n", lines[i].stack, value);
	}
	for (size_t i = 0; i < profile->nsamples; i++)
		free(lines[i].stack);
	free(lines);
}

/* What people see of a sample: several calls on one line are one stack to them. */
struct row {
	char *text;
	double values[PROFILE_VALUES];
};

static char *row_text(const struct profile_sample *sample)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < sample->nlabels; i++) {
		buf_printf(&out, "  %s: ", sample->labels[i].name);
		put_plain(&out, sample->labels[i].text);
	}
	buf_printf(&out, "\n");
	symplaces_put_text(&out, sample->places, sample->nplaces);
	buf_u8(&out, 0);
	return (char *)out.data;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(((const struct row *)left)->text, ((const struct row *)right)->text);
}

static int by_row_value(const void *left, const void *right, void *type)
{
	size_t at = *(const size_t *)type;
	double a = ((const struct row *)left)->values[at];
	double b = ((const struct row *)right)->values[at];

	return a == b ? by_text(left, right) : a < b ? 1 : -1;
}

/* Adds up rows of the same text; the result is how many are left. */
static size_t merge_rows(struct row *rows, size_t n)
{
	size_t kept = 0;

	qsort(rows, n, sizeof(*rows), by_text);
	for (size_t i = 0; i < n; i++) {
		if (!kept || by_text(&rows[kept - 1], &rows[i])) {
			rows[kept++] = rows[i];
			continue;
		}
		for (size_t j = 0; j < PROFILE_VALUES; j++)
			rows[kept - 1].values[j] += rows[i].values[j];
		free(rows[i].text);
	}
	return kept;
}

static struct row *make_rows(const struct profile *profile, size_t *n_ret)
{
	struct row *rows = mem_zalloc((profile->nsamples + 1) * sizeof(*rows));
	size_t type = profile->ntypes - 1;

	for (size_t i = 0; i < profile->nsamples; i++) {
		rows[i].text = row_text(profile->samples[i]);
		memcpy(rows[i].values, profile->samples[i]->values, sizeof(rows[i].values));
	}
	*n_ret = merge_rows(rows, profile->nsamples);
	qsort_r(rows, *n_ret, sizeof(*rows), by_row_value, &type);
	return rows;
}

static void put_heading(struct buf *out, const struct profile *profile, double total,
			size_t nrows, size_t shown)
{
	double events = 0;

	for (size_t i = 0; i < profile->nsamples; i++)
		events += profile->samples[i]->values[0];
	buf_printf(out, "%s: ", profile->title);
	if (profile->ntypes > 1) {
		profile_put_value(out, &profile->types[1], total);
		buf_printf(out, " in ");
	}
	buf_printf(out, "%.0f event%s, %zu stack%s", events, events == 1 ? "" : "s", nrows,
		   nrows == 1 ? "" : "s");
	if (shown < nrows)
		buf_printf(out, "; the first %zu, -r 0 for all", shown);
	buf_printf(out, "\n");
}

void profile_put_text(struct buf *out, const struct profile *profile, size_t most)
{
	const struct profile_type *type = &profile->types[profile->ntypes - 1];
	size_t nrows, main = profile->ntypes - 1;
	struct row *rows = make_rows(profile, &nrows);
	double total = profile_total(profile);

	most = most && most < nrows ? most : nrows;
	put_heading(out, profile, total, nrows, most);
	for (size_t i = 0; i < nrows; i++) {
		const struct row *row = &rows[i];

		if (i < most) {
			buf_printf(out, "\n%5.1f%%  ", total > 0 ? 100 * row->values[main] / total :
				   0);
			profile_put_value(out, type, row->values[main]);
			if (main)
				buf_printf(out, "  %.0f event%s", row->values[0],
					   row->values[0] == 1 ? "" : "s");
			buf_printf(out, "%s", row->text);
		}
		free(row->text);
	}
	free(rows);
}
