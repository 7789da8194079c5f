/* SPDX-License-Identifier: MIT */
/* The bytes that the go command writes after us. */
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/mem.h"
#include "patch/buildid.h"

bool buildid_unfinished(const char *id)
{
	const char *first = id ? strchr(id, '/') : NULL, *last = id ? strrchr(id, '/') : NULL;

	return first && first != last && first != id &&
	       strlen(last + 1) == (size_t)(first - id) &&
	       strlen(last + 1) <= META_RANGE_MAX &&
	       !memcmp(id, last + 1, (size_t)(first - id));
}

/* Those that begin in the first `begins` bytes. */
static void find(const char *id, const uint8_t *data, size_t len, size_t begins, uint64_t at,
		 struct meta_range **ranges, size_t *nranges)
{
	size_t idlen = strlen(id), part = strlen(strrchr(id, '/') + 1), pos = 0;
	const struct meta_range *before = *nranges ? &(*ranges)[*nranges - 1] : NULL;

	if (before && before->off + before->len > at)
		pos = before->off + before->len - at;
	while (pos < len) {
		const uint8_t *hit = memmem(data + pos, len - pos, id, idlen);

		if (!hit || (size_t)(hit - data) >= begins)
			return;
		pos = (size_t)(hit - data) + idlen;
		*ranges = mem_realloc(*ranges, (*nranges + 1) * sizeof(**ranges));
		(*ranges)[(*nranges)++] = (struct meta_range){ at + pos - part,
							       (uint32_t)part };
	}
}

void buildid_find(const char *id, const uint8_t *data, size_t len, uint64_t at,
		  struct meta_range **ranges, size_t *nranges)
{
	find(id, data, len, len, at, ranges, nranges);
}

static size_t block_at(const struct image *image, uint64_t off)
{
	return image->size - off < IMAGE_BLOCK ? image->size - off : IMAGE_BLOCK;
}

struct err *buildid_find_in(const struct image *image, const char *id,
			    struct meta_range **ranges, size_t *nranges)
{
	uint8_t *block = mem_zalloc(IMAGE_BLOCK);
	size_t step = IMAGE_BLOCK - strlen(id) + 1;
	struct err *err = NULL;

	for (uint64_t off = 0; off < image->size && !err; off += step) {
		size_t len = block_at(image, off);

		err = image_read(image, off, block, len);
		if (!err)
			find(id, block, len, step, off, ranges, nranges);
	}
	free(block);
	return err;
}

uint32_t buildid_crc(uint32_t crc, const uint8_t *data, size_t len, uint64_t at,
		     const struct meta_range *ranges, size_t nranges)
{
	static const uint8_t zeros[META_RANGE_MAX];
	uint64_t pos = at, end = at + len;

	for (size_t i = 0; i < nranges && ranges[i].off < end; i++) {
		uint64_t stop = ranges[i].off + ranges[i].len;

		if (stop <= pos)
			continue;
		if (ranges[i].off > pos) {
			crc = crc32c(crc, data + (pos - at), ranges[i].off - pos);
			pos = ranges[i].off;
		}
		stop = stop < end ? stop : end;
		crc = crc32c(crc, zeros, stop - pos);
		pos = stop;
	}
	return crc32c(crc, data + (pos - at), end - pos);
}

struct err *buildid_crc_of(const struct image *image, const struct meta_range *ranges,
			   size_t nranges, uint32_t *crc_ret)
{
	uint8_t *block = mem_zalloc(IMAGE_BLOCK);
	struct err *err = NULL;
	uint32_t crc = 0;

	for (uint64_t off = 0; off < image->size && !err; off += IMAGE_BLOCK) {
		size_t len = block_at(image, off);

		err = image_read(image, off, block, len);
		if (!err)
			crc = buildid_crc(crc, block, len, off, ranges, nranges);
	}
	free(block);
	if (!err)
		*crc_ret = crc;
	return err;
}
