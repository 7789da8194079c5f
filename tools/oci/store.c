/* SPDX-License-Identifier: MIT */
/* Where an image lies. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "oci/store.h"

#define MEMBERS_MAX 20000u
#define LINKS_MAX 8

static bool has_file(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, 0) && S_ISREG(st.st_mode);
}

/* What the first bytes of a file say: 't'ar, 'c'ompressed, or 0. */
static char first_bytes(int fd)
{
	uint8_t block[TAR_BLOCK] = { 0 };
	ssize_t got = pread(fd, block, sizeof(block), 0);

	if (got == sizeof(block) && tar_is_header(block))
		return 't';
	if (got >= 4 && ((block[0] == 0x1f && block[1] == 0x8b) ||
			 !memcmp(block, "\x28\xb5\x2f\xfd", 4) || !memcmp(block, "\xfd" "7zX", 4)))
		return 'c';
	return 0;
}

bool store_is_image(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool is = false;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		is = has_file(fd, "index.json") || has_file(fd, "oci-layout") ||
		     has_file(fd, "manifest.json");
	else if (S_ISREG(st.st_mode))
		is = first_bytes(fd);
	close(fd);
	return is;
}

static char *plain_path(const char *name)
{
	while (!strncmp(name, "./", 2) || *name == '/')
		name += *name == '/' ? 1 : 2;

	size_t len = strlen(name);

	while (len && name[len - 1] == '/')
		len--;
	return mem_strndup(name, len);
}

static struct err *add_member(struct store *store, const struct tar_entry *entry, uint64_t head_at,
			      uint64_t data_at)
{
	if (store->nmembers == MEMBERS_MAX)
		return err_new("%s: more than %u files in the archive", store->path, MEMBERS_MAX);
	if (data_at + entry->size > store->file_size)
		return err_new("%s: truncated: %s has %llu bytes, and the archive ends before",
			       store->path, entry->name, (unsigned long long)entry->size);
	mem_grow(&store->members, store->nmembers, &store->cap, sizeof(*store->members));
	store->members[store->nmembers++] = (struct member){
		.name = plain_path(entry->name),
		.link = mem_strdup(entry->link),
		.type = entry->sparse ? 'S' : entry->type,
		.head_at = head_at,
		.data_at = data_at,
		.size = entry->size,
	};
	return NULL;
}

/* Goes from header to header; what lies between is not read. */
static struct err *list_members(struct store *store)
{
	struct tar_entry entry = { 0 };
	struct err *err = NULL;
	uint64_t at = 0;
	bool more = true;

	while (!err) {
		struct stream stream = { 0 };
		uint64_t data_at = at;

		err = stream_open_plain(&stream, store->fd, at, store->file_size - at,
					store->path);
		stream.unsummed = true;
		if (!err)
			err = tar_next(&stream, &entry, &more);
		data_at += stream.pos;
		stream_close(&stream);
		if (err || !more)
			break;
		err = add_member(store, &entry, at, data_at);
		at = data_at + entry.size + tar_padding(entry.size);
		at = at < store->file_size ? at : store->file_size;
	}
	store->end_at = at;
	tar_entry_free(&entry);
	return err;
}

static struct err *open_archive(struct store *store)
{
	switch (first_bytes(store->fd)) {
	case 't':
		return list_members(store);
	case 'c':
		return err_new("%s: a compressed file; unpack it (gunzip, zstd -d) and give the "
			       "tar archive of the image", store->path);
	default:
		return err_new("%s: not a tar archive", store->path);
	}
}

struct err *store_open(const char *path, struct store *store_ret)
{
	struct store *store = store_ret;
	struct stat st;

	*store = (struct store){ .path = path };
	store->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (store->fd < 0)
		return err_sys(errno, "%s: cannot open", path);
	if (fstat(store->fd, &st))
		return err_sys(errno, "%s: cannot stat", path);
	store->folder = S_ISDIR(st.st_mode);
	store->file_size = (uint64_t)st.st_size;
	if (!store->folder)
		TRY(open_archive(store));
	if (!store_has(store, "index.json") && !store_has(store, "manifest.json"))
		return err_new("%s: no image: neither index.json (OCI layout) nor manifest.json "
			       "(docker archive) is in it", path);
	if (store->folder && !store_has(store, "index.json"))
		return err_new("%s: an unpacked docker archive; give the archive itself", path);
	return NULL;
}

void store_close(struct store *store)
{
	for (size_t i = 0; i < store->nmembers; i++) {
		free(store->members[i].name);
		free(store->members[i].link);
	}
	free(store->members);
	if (store->path && store->fd >= 0)
		close(store->fd);
	*store = (struct store){ .fd = -1 };
}

/* The last one of the name, as when the archive is unpacked. */
static const struct member *member_named(const struct store *store, const char *name)
{
	for (size_t i = store->nmembers; i-- > 0;)
		if (!strcmp(store->members[i].name, name) && store->members[i].type != '5' &&
		    store->members[i].type != 'g')
			return &store->members[i];
	return NULL;
}

/* `link` as seen from the folder of `name`: only "../" in front are taken away. */
static char *link_target(const char *name, const char *link)
{
	const char *slash = strrchr(name, '/');
	size_t dir = slash ? (size_t)(slash - name) : 0;

	while (!strncmp(link, "../", 3) || !strncmp(link, "./", 2)) {
		bool up = link[1] == '.';

		link += up ? 3 : 2;
		if (!up)
			continue;
		while (dir && name[dir - 1] != '/')
			dir--;
		dir -= dir ? 1 : 0;
	}
	return mem_printf("%.*s%s%s", (int)dir, name, dir ? "/" : "", link);
}

const struct member *store_member(const struct store *store, const char *name)
{
	const struct member *member = member_named(store, name);

	for (int i = 0; member && i < LINKS_MAX; i++) {
		if (member->type == '0')
			return member;
		if (member->type != '1' && member->type != '2')
			return NULL;
		char *target = member->type == '1' ? plain_path(member->link) :
			       link_target(member->name, member->link);

		member = member_named(store, target);
		free(target);
	}
	return NULL;
}

bool store_has(const struct store *store, const char *name)
{
	return store->folder ? has_file(store->fd, name) : store_member(store, name) != NULL;
}

/* Names that a docker archive's manifest gives: nothing outside the folder is opened. */
static bool is_inside(const char *name)
{
	for (const char *at = name; *at; at += strcspn(at, "/") + (strchr(at, '/') ? 1 : 0))
		if (!strcmp(at, "..") || !strncmp(at, "../", 3))
			return false;
	/* These stand for themselves in JSON too. */
	for (const char *at = name; *at; at++)
		if ((unsigned char)*at < ' ' || *at == '"' || *at == '\\')
			return false;
	return *name && *name != '/';
}

struct err *store_find(const struct store *store, const char *name, struct place *place_ret)
{
	struct stat st;

	*place_ret = (struct place){ .fd = -1 };
	if (!is_inside(name))
		return err_new("%s: refers to '%s', which is not inside it", store->path, name);
	if (!store->folder) {
		const struct member *member = store_member(store, name);

		if (!member)
			return err_new("%s: %s is missing", store->path, name);
		*place_ret = (struct place){ store->fd, false, member->data_at, member->size };
		return NULL;
	}
	place_ret->fd = openat(store->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (place_ret->fd < 0 && errno == ENOENT)
		return err_new("%s: %s is missing", store->path, name);
	place_ret->owned = place_ret->fd >= 0;
	if (place_ret->fd < 0 || fstat(place_ret->fd, &st))
		return err_sys(errno, "%s: cannot open %s", store->path, name);
	if (!S_ISREG(st.st_mode))
		return err_new("%s: %s is not a regular file", store->path, name);
	place_ret->size = (uint64_t)st.st_size;
	return NULL;
}

void place_close(struct place *place)
{
	if (place->owned)
		close(place->fd);
	*place = (struct place){ .fd = -1 };
}

static struct err *read_place(const struct store *store, const struct place *place,
			      const char *name, char **text_ret)
{
	if (place->size > JSON_MAX)
		return err_new("%s: %s has %llu bytes; 16 MiB is the limit for JSON", store->path,
			       name, (unsigned long long)place->size);

	char *text = mem_zalloc((size_t)place->size + 1);

	for (size_t at = 0; at < place->size;) {
		ssize_t got = pread(place->fd, text + at, (size_t)place->size - at,
				    (off_t)(place->off + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(text);
			return err_sys(got ? errno : EIO, "%s: cannot read %s", store->path, name);
		}
		at += (size_t)got;
	}
	*text_ret = text;
	return NULL;
}

struct err *store_text(const struct store *store, const char *name, char **text_ret,
		       size_t *len_ret)
{
	struct place place;
	struct err *err = store_find(store, name, &place);

	if (!err)
		err = read_place(store, &place, name, text_ret);
	*len_ret = (size_t)place.size;
	place_close(&place);
	return err;
}

struct err *store_json(const struct store *store, const char *name, struct json_doc *doc_ret)
{
	char *text = NULL;
	size_t len;

	*doc_ret = (struct json_doc){ 0 };
	TRY(store_text(store, name, &text, &len));
	return err_prefix(json_open(name, text, len, doc_ret), "%s", store->path);
}

char *store_blob_name(const char *digest)
{
	if (strncmp(digest, "sha256:", 7) || strspn(digest + 7, "0123456789abcdef") != 64 ||
	    strlen(digest) != 71)
		return NULL;
	return mem_printf("blobs/sha256/%s", digest + 7);
}
