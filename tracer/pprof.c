/* SPDX-License-Identifier: MIT */
/*
 * Writes a profile in pprof's format: a protocol buffer, compressed by gzip. Field numbers are
 * those of github.com/google/pprof/proto/profile.proto; the encoding is described at
 * protobuf.dev/programming-guides/encoding. Strings and functions are numbered in the order
 * of being met, places and files have their numbers already.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "tracer/profile.h"

enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION,
       PROFILE_FUNCTION, PROFILE_STRING_TABLE, PROFILE_TIME_NANOS = 9, PROFILE_DURATION_NANOS,
       PROFILE_PERIOD_TYPE, PROFILE_PERIOD, PROFILE_COMMENT, PROFILE_DEFAULT_SAMPLE_TYPE };
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATION_ID = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_STR };
enum { MAPPING_ID = 1, MAPPING_MEMORY_START, MAPPING_MEMORY_LIMIT, MAPPING_FILE_OFFSET,
       MAPPING_FILENAME, MAPPING_BUILD_ID, MAPPING_HAS_FUNCTIONS, MAPPING_HAS_FILENAMES,
       MAPPING_HAS_LINE_NUMBERS, MAPPING_HAS_INLINE_FRAMES };
enum { LOCATION_ID = 1, LOCATION_MAPPING_ID, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION_ID = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILENAME,
       FUNCTION_START_LINE };

enum { WIRE_VARINT = 0, WIRE_LEN = 2 };

struct numbered {
	const char *name, *file; /* file: NULL for a string */
	uint32_t start_line;
	uint64_t number;
};

struct encoder {
	struct buf out;        /* the profile */
	struct set strings, funcs;
	struct buf table;      /* the strings, encoded */
	const struct symplace **places; /* by number less one; NULL = not met */
	size_t nplaces;
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = set_mix(hash, (uint8_t)*text);
	return hash;
}

static uint64_t hash_numbered(const void *item)
{
	const struct numbered *numbered = item;

	return hash_text(hash_text(numbered->start_line, numbered->name), numbered->file);
}

static bool same_numbered(const void *left, const void *right)
{
	const struct numbered *a = left, *b = right;

	return !strcmp(a->name, b->name) && a->start_line == b->start_line &&
	       (a->file == b->file || (a->file && b->file && !strcmp(a->file, b->file)));
}

static void put_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_u8(out, (uint8_t)(value | 0x80));
	buf_u8(out, (uint8_t)value);
}

/* Zero is what a field that is not there has. */
static void put_number(struct buf *out, unsigned field, uint64_t value)
{
	if (!value)
		return;
	put_varint(out, field << 3 | WIRE_VARINT);
	put_varint(out, value);
}

static void put_bytes(struct buf *out, unsigned field, const void *bytes, size_t len)
{
	put_varint(out, field << 3 | WIRE_LEN);
	put_varint(out, len);
	buf_put(out, bytes, len);
}

/* Takes the message and leaves it empty. */
static void put_message(struct buf *out, unsigned field, struct buf *message)
{
	put_bytes(out, field, message->data, message->len);
	buf_free(message);
}

/* The text's number in the string table, which borrows it; "" is the first. */
static uint64_t string_number(struct encoder *encoder, const char *text)
{
	struct numbered like = { .name = text };
	struct numbered *known = set_find(&encoder->strings, &like);

	if (!known) {
		known = mem_dup(&like, sizeof(like));
		known->number = encoder->strings.n;
		set_add(&encoder->strings, known);
		put_bytes(&encoder->table, PROFILE_STRING_TABLE, text, strlen(text));
	}
	return known->number;
}

static void put_string(struct encoder *encoder, struct buf *out, unsigned field, const char *text)
{
	put_number(out, field, string_number(encoder, text));
}

static void put_type(struct encoder *encoder, unsigned field, const char *name, const char *unit)
{
	struct buf type = { 0 };

	put_string(encoder, &type, TYPE_TYPE, name);
	put_string(encoder, &type, TYPE_UNIT, unit);
	put_message(&encoder->out, field, &type);
}

static void remember_place(struct encoder *encoder, const struct symplace *place)
{
	if (place->number > encoder->nplaces) {
		size_t n = place->number * 2;

		encoder->places = mem_realloc(encoder->places, n * sizeof(*encoder->places));
		memset(encoder->places + encoder->nplaces, 0,
		       (n - encoder->nplaces) * sizeof(*encoder->places));
		encoder->nplaces = n;
	}
	encoder->places[place->number - 1] = place;
}

static void put_sample(struct encoder *encoder, const struct profile *profile,
		       const struct profile_sample *sample)
{
	struct buf message = { 0 }, ids = { 0 }, values = { 0 };

	for (size_t i = 0; i < sample->nplaces; i++) {
		remember_place(encoder, sample->places[i]);
		put_varint(&ids, sample->places[i]->number);
	}
	put_message(&message, SAMPLE_LOCATION_ID, &ids);
	for (size_t i = 0; i < profile->ntypes; i++)
		put_varint(&values, (uint64_t)llround(sample->values[i]));
	put_message(&message, SAMPLE_VALUE, &values);
	for (size_t i = 0; i < sample->nlabels; i++) {
		struct buf label = { 0 };

		put_string(encoder, &label, LABEL_KEY, sample->labels[i].name);
		put_string(encoder, &label, LABEL_STR, sample->labels[i].text);
		put_message(&message, SAMPLE_LABEL, &label);
	}
	put_message(&encoder->out, PROFILE_SAMPLE, &message);
}

static void put_function(struct encoder *encoder, const struct numbered *func)
{
	struct buf message = { 0 };

	put_number(&message, FUNCTION_ID, func->number);
	put_string(encoder, &message, FUNCTION_NAME, func->name);
	put_string(encoder, &message, FUNCTION_SYSTEM_NAME, func->name);
	put_string(encoder, &message, FUNCTION_FILENAME, func->file);
	put_number(&message, FUNCTION_START_LINE, func->start_line);
	put_message(&encoder->out, PROFILE_FUNCTION, &message);
}

static uint64_t function_number(struct encoder *encoder, const struct symframe *frame)
{
	struct numbered like = { frame->func, frame->file, frame->start_line, 0 };
	struct numbered *known = set_find(&encoder->funcs, &like);

	if (!known) {
		known = mem_dup(&like, sizeof(like));
		known->number = encoder->funcs.n + 1;
		set_add(&encoder->funcs, known);
		put_function(encoder, known);
	}
	return known->number;
}

/* The address of a call is the one of its last byte, as in Go's own profiles. */
static void put_location(struct encoder *encoder, const struct symplace *place)
{
	struct buf message = { 0 };

	put_number(&message, LOCATION_ID, place->number);
	put_number(&message, LOCATION_MAPPING_ID, place->file ? place->file->number : 0);
	put_number(&message, LOCATION_ADDRESS, place->addr - (place->kind == SYM_RETURN));
	for (size_t i = 0; i < place->nframes; i++) {
		struct buf line = { 0 };

		put_number(&line, LINE_FUNCTION_ID, function_number(encoder, &place->frames[i]));
		put_number(&line, LINE_LINE, place->frames[i].line);
		put_message(&message, LOCATION_LINE, &line);
	}
	put_message(&encoder->out, PROFILE_LOCATION, &message);
}

/* Addresses are those of the file, so the mapping is where the file says its code is. */
static void put_mapping(struct encoder *encoder, const struct symfile *file)
{
	const struct image *image = file->image;
	uint64_t start = UINT64_MAX, end = 0, off = 0;
	struct buf message = { 0 };

	for (size_t i = 0; image && i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X))
			continue;
		if (phdr->p_vaddr < start) {
			start = phdr->p_vaddr;
			off = phdr->p_offset;
		}
		if (phdr->p_vaddr + phdr->p_memsz > end)
			end = phdr->p_vaddr + phdr->p_memsz;
	}
	put_number(&message, MAPPING_ID, file->number);
	put_number(&message, MAPPING_MEMORY_START, end ? start : 0);
	put_number(&message, MAPPING_MEMORY_LIMIT, end);
	put_number(&message, MAPPING_FILE_OFFSET, off);
	put_string(encoder, &message, MAPPING_FILENAME, file->path);
	put_string(encoder, &message, MAPPING_BUILD_ID, file->build_id);
	for (unsigned field = MAPPING_HAS_FUNCTIONS; field <= MAPPING_HAS_INLINE_FRAMES; field++)
		put_number(&message, field, 1);
	put_message(&encoder->out, PROFILE_MAPPING, &message);
}

static bool is_used(const struct encoder *encoder, const struct symfile *file)
{
	for (size_t i = 0; i < encoder->nplaces; i++)
		if (encoder->places[i] && encoder->places[i]->file == file)
			return true;
	return false;
}

static void encode(struct encoder *encoder, const struct profile *profile)
{
	string_number(encoder, "");
	for (size_t i = 0; i < profile->ntypes; i++)
		put_type(encoder, PROFILE_SAMPLE_TYPE, profile->types[i].name,
			 profile->types[i].unit);
	for (size_t i = 0; i < profile->nsamples; i++)
		put_sample(encoder, profile, profile->samples[i]);
	for (size_t i = 0; i < symboliser_nfiles(profile->symboliser); i++)
		if (is_used(encoder, symboliser_file(profile->symboliser, i)))
			put_mapping(encoder, symboliser_file(profile->symboliser, i));
	for (size_t i = 0; i < encoder->nplaces; i++)
		if (encoder->places[i])
			put_location(encoder, encoder->places[i]);
	put_number(&encoder->out, PROFILE_TIME_NANOS, profile->time_ns);
	put_number(&encoder->out, PROFILE_DURATION_NANOS, profile->duration_ns);
	if (profile->period) {
		put_type(encoder, PROFILE_PERIOD_TYPE, "space", "bytes");
		put_number(&encoder->out, PROFILE_PERIOD, profile->period);
	}
	put_string(encoder, &encoder->out, PROFILE_COMMENT, profile->title);
	put_string(encoder, &encoder->out, PROFILE_DEFAULT_SAMPLE_TYPE,
		   profile->types[profile->ntypes - 1].name);
	buf_put(&encoder->out, encoder->table.data, encoder->table.len);
}

static struct err *compress_into(struct buf *out, const struct buf *plain)
{
	z_stream stream = { .next_in = plain->data, .avail_in = (uInt)plain->len };
	uint8_t block[16384];
	int status;

	if (plain->len > UINT32_MAX)
		return err_new("the profile is larger than 4 GB");
	if (deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_new("zlib cannot compress the profile");
	do {
		stream.next_out = block;
		stream.avail_out = sizeof(block);
		status = deflate(&stream, Z_FINISH);
		buf_put(out, block, sizeof(block) - stream.avail_out);
	} while (status == Z_OK);
	deflateEnd(&stream);
	return status == Z_STREAM_END ? NULL : err_new("zlib cannot compress the profile");
}

struct err *profile_put_pprof(struct buf *out, const struct profile *profile)
{
	struct encoder encoder = {
		.strings = { .hash = hash_numbered, .equal = same_numbered },
		.funcs = { .hash = hash_numbered, .equal = same_numbered },
	};

	encode(&encoder, profile);
	struct err *err = compress_into(out, &encoder.out);

	set_clear(&encoder.strings, free);
	set_clear(&encoder.funcs, free);
	buf_free(&encoder.table);
	buf_free(&encoder.out);
	free(encoder.places);
	return err;
}
