/* SPDX-License-Identifier: MIT */
/* Reads type descriptors where the linker laid them. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "go/parts.h"
#include "go/typename.h"

/* internal/abi.Type: size, ptrdata, hash, tflag at 20, ..., str at 40; since Go 1.18. */
#define TFLAG_OFF 20
#define STR_OFF 40
#define TFLAG_EXTRA_STAR 2
#define NAME_MAX_LEN 200

/* internal/abi.Name: a byte of flags, a varint length, the text. */
static char *read_name(const struct gobin *gobin, uint64_t addr)
{
	const uint8_t *head = image_at(gobin->image, addr, 3);
	uint64_t len, at;

	if (!head)
		return NULL;
	len = head[1] & 0x7f;
	at = addr + 2;
	if (head[1] & 0x80) {
		len |= (uint64_t)(head[2] & 0x7f) << 7;
		at++;
	}
	const char *text = image_at(gobin->image, at, len);

	if (!len || len > NAME_MAX_LEN || !text)
		return NULL;
	/* It goes to terminals and into JSON as it is. */
	return utf8_is_name(text, len) ? mem_strndup(text, len) : NULL;
}

char *typename_of(const struct gobin *gobin, uint64_t type)
{
	const uint8_t *words = image_at(gobin->image, type, STR_OFF + 4);
	uint64_t types = gobin->index->module.types;

	if (!words || !types)
		return NULL;
	char *name = read_name(gobin, types + load32(words + STR_OFF));

	if (name && name[0] == '*' && (words[TFLAG_OFF] & TFLAG_EXTRA_STAR))
		memmove(name, name + 1, strlen(name));
	return name;
}

char *typename_of_itab(const struct gobin *gobin, uint64_t itab)
{
	const uint8_t *words = image_at(gobin->image, itab, 24);

	return words ? typename_of(gobin, load64(words + 8)) : NULL;
}
