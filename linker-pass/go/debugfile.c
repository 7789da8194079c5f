/* SPDX-License-Identifier: MIT */
/*
 * Copies debug sections into a file in memory, inflating them on the way through one small
 * buffer. Compression: gABI, chapter 4 (Elf64_Chdr); .zdebug_: "ZLIB", then the size as 8
 * bytes, most significant first.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "go/debugfile.h"

#define CHUNK 65536u
#define ZDEBUG_HEADER 12u
#define MAX_SIZE (UINT64_C(1) << 31) /* libdw offsets and our index stay below it */

/* What libdw needs for types, parameters and where they are. */
static const char *const wanted[] = { "info", "abbrev", "addr", "loc", "loclists", "ranges",
				      "rnglists" };

#define NWANTED (sizeof(wanted) / sizeof(wanted[0]))
#define NSECTIONS (NWANTED + 2) /* the null one and the names */

struct source {
	char name[24];
	uint64_t off, len; /* in the image */
	uint64_t size;     /* in the result */
	bool zlib;
};

struct debugfile {
	const struct image *image;
	int fd;
	uint64_t pos; /* end of what is written */
	uint8_t in[CHUNK], out[CHUNK];
};

static struct err *section_err(const struct image *image, const char *name, const char *what)
{
	return err_new("%s: section %s: %s", image->path, name, what);
}

static uint64_t big_endian(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static struct err *open_compressed(const struct image *image, const Elf64_Shdr *shdr,
				   struct source *src)
{
	Elf64_Chdr chdr;

	if (shdr->sh_size < sizeof(chdr))
		return section_err(image, src->name, "too short for its compression header");
	memcpy(&chdr, image_section_data(image, shdr), sizeof(chdr));
	if (chdr.ch_type != ELFCOMPRESS_ZLIB)
		return section_err(image, src->name, "compressed by another method than zlib; "
				   "strip the debug information or leave it uncompressed");
	src->zlib = true;
	src->off += sizeof(chdr);
	src->len -= sizeof(chdr);
	src->size = chdr.ch_size;
	return NULL;
}

/* Finds .debug_<what> or .zdebug_<what>; len stays 0 when there is neither. */
static struct err *open_source(const struct image *image, const char *what, struct source *src)
{
	char *names[] = { mem_printf(".debug_%s", what), mem_printf(".zdebug_%s", what) };
	const Elf64_Shdr *plain = image_section(image, names[0]);
	const Elf64_Shdr *shdr = plain ? plain : image_section(image, names[1]);
	const uint8_t *data = shdr ? image_section_data(image, shdr) : NULL;
	struct err *err = NULL;

	memset(src, 0, sizeof(*src));
	memcpy(src->name, names[0], strlen(names[0]));
	free(names[0]);
	free(names[1]);
	if (!data || !shdr->sh_size)
		return NULL;
	src->off = shdr->sh_offset;
	src->len = src->size = shdr->sh_size;
	if (shdr->sh_flags & SHF_COMPRESSED) {
		err = open_compressed(image, shdr, src);
	} else if (!plain && shdr->sh_size >= ZDEBUG_HEADER && !memcmp(data, "ZLIB", 4)) {
		src->zlib = true;
		src->off += ZDEBUG_HEADER;
		src->len -= ZDEBUG_HEADER;
		src->size = big_endian(data + 4);
	}
	if (!err && src->size > MAX_SIZE)
		err = section_err(image, src->name, "larger than 2 GiB");
	return err;
}

static struct err *put(struct debugfile *file, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	while (len) {
		ssize_t n = pwrite(file->fd, from, len, (off_t)file->pos);

		if (n <= 0)
			return err_sys(n ? errno : ENOSPC, "%s: cannot hold its DWARF in memory",
				       file->image->path);
		from += n;
		len -= (size_t)n;
		file->pos += (uint64_t)n;
	}
	return NULL;
}

/* Reads through the descriptor, not the mapping: the pages would stay with the process. */
static struct err *get(struct debugfile *file, const struct source *src, uint64_t done,
		       size_t *len_ret)
{
	uint64_t left = src->len - done;
	ssize_t n = pread(file->image->fd, file->in, left < CHUNK ? (size_t)left : CHUNK,
			  (off_t)(src->off + done));

	if (n < 0)
		return err_sys(errno, "%s: cannot read", file->image->path);
	if (n == 0)
		return section_err(file->image, src->name, "cut short");
	*len_ret = (size_t)n;
	return NULL;
}

static struct err *copy_plain(struct debugfile *file, const struct source *src)
{
	for (uint64_t done = 0; done < src->len;) {
		size_t len;

		TRY(get(file, src, done, &len));
		TRY(put(file, file->in, len));
		done += len;
	}
	return NULL;
}

/* Inflates what is in the input buffer; writes at most up to `end`. */
static struct err *inflate_chunk(struct debugfile *file, const struct source *src, z_stream *z,
				 uint64_t end, int *status)
{
	do {
		z->next_out = file->out;
		z->avail_out = CHUNK;
		*status = inflate(z, Z_NO_FLUSH);
		size_t len = CHUNK - z->avail_out;

		if (*status == Z_BUF_ERROR && !len)
			return NULL;
		if ((*status != Z_OK && *status != Z_STREAM_END) || len > end - file->pos)
			return section_err(file->image, src->name, "damaged compressed data");
		TRY(put(file, file->out, len));
	} while (*status == Z_OK && (z->avail_in || !z->avail_out));
	return NULL;
}

static struct err *copy_inflated(struct debugfile *file, const struct source *src)
{
	uint64_t end = file->pos + src->size;
	z_stream z = { 0 };
	struct err *err = NULL;
	int status = Z_OK;

	if (inflateInit(&z) != Z_OK)
		return section_err(file->image, src->name, "cannot start to decompress");
	for (uint64_t done = 0; !err && done < src->len && status != Z_STREAM_END;) {
		size_t len;

		err = get(file, src, done, &len);
		if (err)
			break;
		done += len;
		z.next_in = file->in;
		z.avail_in = (unsigned)len;
		err = inflate_chunk(file, src, &z, end, &status);
	}
	inflateEnd(&z);
	if (!err && (status != Z_STREAM_END || file->pos != end))
		err = section_err(file->image, src->name, "damaged compressed data");
	return err;
}

static struct err *put_sections(struct debugfile *file, Elf64_Shdr shdrs[NSECTIONS],
				char names[256])
{
	uint32_t name = 1;

	for (size_t i = 0; i < NWANTED; i++) {
		Elf64_Shdr *shdr = &shdrs[i + 1];
		struct source src;

		TRY(open_source(file->image, wanted[i], &src));
		shdr->sh_name = name;
		shdr->sh_type = src.size ? SHT_PROGBITS : SHT_NOBITS;
		shdr->sh_offset = file->pos;
		shdr->sh_size = src.size;
		shdr->sh_addralign = 1;
		memcpy(names + name, src.name, strlen(src.name));
		name += (uint32_t)strlen(src.name) + 1;
		if (src.size)
			TRY(src.zlib ? copy_inflated(file, &src) : copy_plain(file, &src));
	}
	shdrs[NSECTIONS - 1] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = file->pos,
					     .sh_size = name, .sh_addralign = 1 };
	return put(file, names, name);
}

static struct err *put_file(struct debugfile *file)
{
	Elf64_Shdr shdrs[NSECTIONS] = { 0 };
	char names[256] = { 0 };
	Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = file->image->ehdr.e_machine,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(ehdr),
		.e_shentsize = sizeof(shdrs[0]),
		.e_shnum = NSECTIONS,
		.e_shstrndx = NSECTIONS - 1,
	};

	file->pos = sizeof(ehdr);
	TRY(put_sections(file, shdrs, names));
	file->pos = (file->pos + 7) & ~UINT64_C(7);
	ehdr.e_shoff = file->pos;
	TRY(put(file, shdrs, sizeof(shdrs)));
	file->pos = 0;
	return put(file, &ehdr, sizeof(ehdr));
}

struct err *debugfile_make(const struct image *image, int *fd_ret)
{
	if (!image_section(image, ".debug_info") && !image_section(image, ".zdebug_info")) {
		*fd_ret = -1;
		return NULL;
	}
	int fd = memfd_create("dwarf", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(errno, "%s: cannot hold its DWARF in memory", image->path);
	struct debugfile *file = mem_zalloc(sizeof(*file));

	file->image = image;
	file->fd = fd;
	struct err *err = put_file(file);

	free(file);
	if (err) {
		close(fd);
		return err;
	}
	*fd_ret = fd;
	return NULL;
}
