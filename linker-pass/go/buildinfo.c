/* SPDX-License-Identifier: MIT */
/*
 * The build information blob of Go programs: which toolchain, from which settings.
 * Follows src/debug/buildinfo/buildinfo.go and src/runtime/debug/mod.go.
 *
 *   0  "\xff Go buildinf:"   14  pointer size   15  flags (2: strings inline)
 *   inline, Go 1.18 on:  32  varint length, version; varint length, module information
 *   before:              16  address of a string header each for the same two
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "go/parts.h"

#define MAGIC "\xff Go buildinf:"
#define MAGIC_LEN 14
#define HEADER_LEN 32
#define ALIGN 16
#define FLAG_INLINE 2
#define SENTINEL_LEN 16 /* cmd/go/internal/modload: infoStart, infoEnd */

static const uint8_t *blob_in(const uint8_t *data, uint64_t len, uint64_t addr)
{
	uint64_t skip = (ALIGN - addr % ALIGN) % ALIGN;

	for (uint64_t pos = skip; pos < len && len - pos >= HEADER_LEN;) {
		const uint8_t *hit = memmem(data + pos, len - pos, MAGIC, MAGIC_LEN);

		if (!hit)
			return NULL;
		pos = (uint64_t)(hit - data);
		if ((addr + pos) % ALIGN == 0)
			return len - pos >= HEADER_LEN ? hit : NULL;
		pos += ALIGN - (addr + pos) % ALIGN;
	}
	return NULL;
}

/* The blob, and in *len_ret how many bytes follow from its start. */
static const uint8_t *find_blob(const struct image *image, uint64_t *len_ret)
{
	const Elf64_Shdr *shdr = image_section(image, ".go.buildinfo");
	const uint8_t *data = shdr ? image_section_data(image, shdr) : NULL;

	if (data && shdr->sh_size >= HEADER_LEN && !memcmp(data, MAGIC, MAGIC_LEN)) {
		*len_ret = shdr->sh_size;
		return data;
	}
	for (size_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *phdr = &image->phdrs[i];

		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_W) || !phdr->p_filesz)
			continue;
		data = image_bytes(image, phdr->p_offset, phdr->p_filesz);
		const uint8_t *blob = blob_in(data, phdr->p_filesz, phdr->p_vaddr);

		if (blob) {
			*len_ret = phdr->p_filesz - (uint64_t)(blob - data);
			return blob;
		}
	}
	return NULL;
}

/* Go programs compiled by gccgo have neither build information nor pclntab. */
static bool needs_libgo(const struct image *image)
{
	const Elf64_Shdr *shdr = image_section(image, ".dynstr");
	const char *names = shdr ? image_section_data(image, shdr) : NULL;

	return names && memmem(names, shdr->sh_size, "\0libgo.so.", 10);
}

/* Versions come into messages: one line of plain ASCII. */
static bool is_plain(const uint8_t *text, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len > 0 && len < 512;
}

static char *string_at(const struct image *image, uint64_t header_addr)
{
	const uint8_t *header = image_at(image, header_addr, 16);
	uint64_t len = header ? load64(header + 8) : 0;
	const uint8_t *text = header ? image_at(image, load64(header), len) : NULL;

	return text && is_plain(text, len) ? mem_strndup((const char *)text, len) : NULL;
}

/* Up to Go 1.17: only the version is wanted, to name it. */
static struct err *too_old(const struct image *image, const uint8_t *blob)
{
	char *version = string_at(image, load64(blob + 16));
	struct err *err = err_new("%s: built by %.80s; probes needs Go 1.18 or newer",
				  image->path, version ? version : "Go 1.17 or older");

	free(version);
	return err;
}

static const char *skip_to_number(const char *text)
{
	for (; (text = strstr(text, "go1.")); text++)
		if (isdigit((unsigned char)text[4]))
			return text + 4;
	return NULL;
}

static struct err *parse_version(const struct image *image, struct gobin *gobin)
{
	const char *number = skip_to_number(gobin->version);
	char *end;

	if (strstr(gobin->version, "gccgo"))
		return err_new("%s: built by gccgo; only programs linked by the Go toolchain can "
			       "be used", image->path);
	if (!number)
		return err_new("%s: built by \"%.80s\", which does not say which Go release it "
			       "is", image->path, gobin->version);
	gobin->minor = (unsigned)strtoul(number, &end, 10);
	if (*end == '.' && isdigit((unsigned char)end[1]))
		gobin->patch = (unsigned)strtoul(end + 1, NULL, 10);
	if (gobin->minor < 18)
		return err_new("%s: built by %.80s; probes needs Go 1.18 or newer", image->path,
			       gobin->version);
	return NULL;
}

static size_t put_utf8(char *out, unsigned long rune)
{
	if (rune < 0x80)
		return out[0] = (char)rune, 1;
	if (rune < 0x800) {
		out[0] = (char)(0xc0 | rune >> 6);
		return out[1] = (char)(0x80 | (rune & 0x3f)), 2;
	}
	if (rune < 0x10000) {
		out[0] = (char)(0xe0 | rune >> 12);
		out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		return out[2] = (char)(0x80 | (rune & 0x3f)), 3;
	}
	out[0] = (char)(0xf0 | (rune >> 18 & 7));
	out[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	out[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	return out[3] = (char)(0x80 | (rune & 0x3f)), 4;
}

/* One escape of a Go string, at *text behind the backslash; moves *text past it. */
static size_t unescape(const char **text, char *out)
{
	static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
	char kind = **text;
	int width = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
	const char *name = kind ? strchr(names, kind) : NULL;
	char digits[9];

	*text += kind ? 1 : 0;
	if (!width) {
		out[0] = name ? values[name - names] : kind;
		return 1;
	}
	size_t len = strnlen(*text, (size_t)width);

	memcpy(digits, *text, len);
	digits[len] = 0;
	*text += len;
	unsigned long rune = strtoul(digits, NULL, 16);

	if (kind == 'x')
		return out[0] = (char)rune, 1;
	return put_utf8(out, rune);
}

/*
 * Takes one possibly quoted word (strconv.Quote) off *text, up to `stop` or the end. An
 * escape never grows: \xNN, four characters, gives at most two bytes, \uNNNN three.
 */
static char *take_word(const char **text, char stop)
{
	if (**text != '"') {
		const char *end = strchrnul(*text, stop);
		char *word = mem_strndup(*text, (size_t)(end - *text));

		*text = end;
		return word;
	}
	char *word = mem_zalloc(strlen(*text) + 4);
	size_t len = 0;

	for ((*text)++; **text && **text != '"';) {
		if (**text == '\\') {
			(*text)++;
			len += unescape(text, word + len);
		} else {
			word[len++] = *(*text)++;
		}
	}
	*text += **text == '"';
	return word;
}

static void add_setting(struct gobin *gobin, size_t *cap, const char *line)
{
	char *key = take_word(&line, '=');

	if (*line != '=') {
		free(key);
		return;
	}
	line++;
	mem_grow(&gobin->settings, gobin->nsettings, cap, sizeof(*gobin->settings));
	gobin->settings[gobin->nsettings].key = key;
	gobin->settings[gobin->nsettings++].value = take_word(&line, '\n');
}

/* Lines of "kind<TAB>rest"; kinds that are not needed (mod, dep, =>) are passed over. */
static void parse_modinfo(struct gobin *gobin, const char *text, size_t len)
{
	char *copy, *save = NULL;
	size_t cap = 0;

	if (len < 2 * SENTINEL_LEN + 1 || text[len - SENTINEL_LEN - 1] != '\n')
		return;
	copy = mem_strndup(text + SENTINEL_LEN, len - (size_t)(2 * SENTINEL_LEN));
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "path\t", 5)) {
			free(gobin->main_path);
			gobin->main_path = mem_strdup(line + 5);
		} else if (!strncmp(line, "build\t", 6)) {
			add_setting(gobin, &cap, line + 6);
		}
	}
	free(copy);
}

struct err *buildinfo_read(const struct image *image, struct gobin *gobin)
{
	uint64_t len;
	const uint8_t *blob = find_blob(image, &len);

	gobin->main_path = mem_strdup("");
	if (!blob && needs_libgo(image))
		return err_new("%s: built by gccgo; only programs linked by the Go toolchain can "
			       "be used", image->path);
	if (!blob)
		return err_new("%s: not a Go program (no Go build information); only programs "
			       "linked by the Go toolchain can be used", image->path);
	if (!(blob[15] & FLAG_INLINE))
		return too_old(image, blob);
	struct cursor cur = cursor_over(blob, len);

	cursor_bytes(&cur, HEADER_LEN);
	uint64_t version_len = cursor_uvarint(&cur);
	const uint8_t *version = cursor_bytes(&cur, version_len);

	if (!version || !is_plain(version, version_len))
		return err_new("%s: Go build information at file offset 0x%zx holds no version",
			       image->path, (size_t)(blob - image->data));
	gobin->version = mem_strndup((const char *)version, version_len);
	uint64_t mod_len = cursor_uvarint(&cur);
	const uint8_t *mod = cursor_bytes(&cur, mod_len);

	if (!mod)
		return err_new("%s: Go build information at file offset 0x%zx is cut short",
			       image->path, (size_t)(blob - image->data));
	parse_modinfo(gobin, (const char *)mod, mod_len);
	return parse_version(image, gobin);
}
