/* SPDX-License-Identifier: MIT */
/* The program as it was before it was injected. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/mem.h"
#include "patch/buildid.h"
#include "patch/original.h"

static struct err *changed(const struct image *image)
{
	return err_new("%s: changed by another program since it was injected (strip, objcopy?): "
		       "it cannot be proved or given back; inject the file from before",
		       image->path);
}

/* Whether the seal fits; elf/meta.h says what it covers. */
static bool seal_fits(const struct image *image, const struct meta *meta)
{
	static const uint8_t zeros[8];
	uint64_t tail = meta->original_size, sums = meta->sums_off, end = sums + sizeof(zeros);
	uint32_t crc = 0;

	if (image->size < tail || sums < tail || image->size - sums < sizeof(zeros))
		return false;
	for (size_t i = 0; i < meta->nundo; i++) {
		const struct meta_undo_piece *piece = &meta->undo[i];
		const void *now = image_bytes(image, piece->off, piece->len);

		if (!now)
			return false;
		crc = crc32c(crc, now, piece->len);
	}
	crc = buildid_crc(crc, image->data + tail, sums - tail, tail, meta->buildids,
			  meta->nbuildids);
	crc = crc32c(crc, zeros, sizeof(zeros));
	return buildid_crc(crc, image->data + end, image->size - end, end, meta->buildids,
			   meta->nbuildids) == meta->seal;
}

/* The ranges that the sums leave out hold one and the same part of a build id. */
static bool ids_agree(const struct image *image, const struct image *original,
		      const struct meta *meta)
{
	const char *first = NULL;

	for (size_t i = 0; i < meta->nbuildids; i++) {
		const struct meta_range *range = &meta->buildids[i];
		bool inside = range->off < original->size;
		const char *text = image_bytes(inside ? original : image, range->off, range->len);

		if (!text || range->len != meta->buildids[0].len)
			return false;
		for (uint32_t j = 0; j < range->len; j++)
			if (!isalnum((unsigned char)text[j]) && text[j] != '-' && text[j] != '_')
				return false;
		if (first && memcmp(first, text, range->len))
			return false;
		first = text;
	}
	return true;
}

struct err *original_view(const struct image *image, const struct meta *meta,
			  struct image **original_ret)
{
	struct image_piece *pieces;

	if (!meta->has_undo)
		return err_new("%s: no undo record in " META_SECTION
			       "; take the file from before it was injected", image->path);
	if (!seal_fits(image, meta))
		return changed(image);
	pieces = mem_zalloc((meta->nundo + 1) * sizeof(*pieces));
	for (size_t i = 0; i < meta->nundo; i++)
		pieces[i] = (struct image_piece){ meta->undo[i].off, meta->undo[i].len,
						  meta->undo[i].bytes };

	struct image *original = NULL;
	struct err *err = image_open_view(image->path, meta->original_size, pieces,
					  meta->nundo, &original);

	free(pieces);
	if (!err && !ids_agree(image, original, meta))
		err = changed(image);
	if (err)
		image_close(original);
	else
		*original_ret = original;
	return err;
}

struct err *original_open(const struct image *image, const struct meta *meta,
			  struct image **original_ret)
{
	struct image *original = NULL;
	uint32_t crc = 0;

	TRY(original_view(image, meta, &original));

	struct err *err = buildid_crc_of(original, meta->buildids, meta->nbuildids, &crc);

	if (!err && crc != meta->original_crc)
		err = changed(image);
	if (err) {
		image_close(original);
		return err;
	}
	*original_ret = original;
	return NULL;
}
