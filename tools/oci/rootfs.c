/* SPDX-License-Identifier: MIT */
/* What a container sees. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/rootfs.h"

#define PATH_LIMIT 4096u     /* PATH_MAX of Linux */
#define NODES_MAX 10000000u
#define LINKS_MAX 40         /* followed in one path, as Linux does */
#define NONE UINT32_MAX

/* A name in a folder. One that is gone stays in the list, but is found no more. */
struct node {
	uint32_t parent;
	char *name;
	const char *link;    /* of a symbolic link, borrowed */
	char type;           /* '0', '2', '5', or another that is of no interest */
	bool gone;
	size_t layer, entry; /* of a regular file's data */
};

struct rootfs {
	struct node *nodes;
	size_t nnodes, cap;
	uint32_t root;
	uint32_t *table; /* open addressing; NONE is free */
	size_t slots;
	const struct layer **layers;
	size_t nlayers, layers_cap;
};

static size_t hash_of(uint32_t parent, const char *name, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ parent;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3ull;
	return (size_t)(hash ^ hash >> 29);
}

/* The slot where the name is, or would be. A name that is gone keeps its slot. */
static size_t slot_of(const struct rootfs *rootfs, uint32_t parent, const char *name, size_t len)
{
	size_t slot = hash_of(parent, name, len) & (rootfs->slots - 1);

	for (;; slot = (slot + 1) & (rootfs->slots - 1)) {
		uint32_t at = rootfs->table[slot];

		if (at == NONE || (rootfs->nodes[at].parent == parent &&
				   !strncmp(rootfs->nodes[at].name, name, len) &&
				   !rootfs->nodes[at].name[len]))
			return slot;
	}
}

static uint32_t child(const struct rootfs *rootfs, uint32_t parent, const char *name, size_t len)
{
	uint32_t at = rootfs->table[slot_of(rootfs, parent, name, len)];

	return at != NONE && !rootfs->nodes[at].gone ? at : NONE;
}

static void grow_table(struct rootfs *rootfs)
{
	free(rootfs->table);
	rootfs->slots = rootfs->slots ? rootfs->slots * 2 : 1024;
	rootfs->table = mem_zalloc(rootfs->slots * sizeof(*rootfs->table));
	memset(rootfs->table, 0xff, rootfs->slots * sizeof(*rootfs->table));
	/* Later ones of a name take the slot of those that are gone. */
	for (uint32_t i = 0; i < rootfs->nnodes; i++) {
		const struct node *node = &rootfs->nodes[i];

		rootfs->table[slot_of(rootfs, node->parent, node->name,
				      strlen(node->name))] = i;
	}
}

static uint32_t add_node(struct rootfs *rootfs, uint32_t parent, const char *name, size_t len,
			 char type)
{
	uint32_t at = (uint32_t)rootfs->nnodes;

	if (rootfs->nnodes * 2 >= rootfs->slots)
		grow_table(rootfs);
	mem_grow(&rootfs->nodes, rootfs->nnodes, &rootfs->cap, sizeof(*rootfs->nodes));
	rootfs->nodes[rootfs->nnodes] = (struct node){ .parent = parent, .type = type,
						       .name = mem_strndup(name, len) };
	rootfs->table[slot_of(rootfs, parent, rootfs->nodes[at].name, len)] = at;
	rootfs->nnodes++;
	return at;
}

struct rootfs *rootfs_new(void)
{
	struct rootfs *rootfs = mem_zalloc(sizeof(*rootfs));

	grow_table(rootfs);
	rootfs->root = add_node(rootfs, NONE, "", 0, '5');
	return rootfs;
}

void rootfs_free(struct rootfs *rootfs)
{
	if (!rootfs)
		return;
	for (size_t i = 0; i < rootfs->nnodes; i++)
		free(rootfs->nodes[i].name);
	free(rootfs->nodes);
	free(rootfs->table);
	free(rootfs->layers);
	free(rootfs);
}

/* A path on its way: where it has come to, and what is still to go. */
struct way {
	uint32_t at;
	char *rest; /* owned */
	int links;
};

/* Takes the first name off `rest`; its length, 0 at the end. */
static size_t first_name(const char *rest, const char **name_ret, bool *last_ret)
{
	rest += strspn(rest, "/");

	size_t len = strcspn(rest, "/");

	*name_ret = rest;
	*last_ret = !rest[len + strspn(rest + len, "/")];
	return len;
}

/* Puts a link's target in front of what is left; false when that leads nowhere. */
static bool follow(const struct rootfs *rootfs, struct way *way, const char *link,
		   const char *rest)
{
	char *whole;

	if (++way->links > LINKS_MAX || strlen(link) + strlen(rest) > PATH_LIMIT)
		return false;
	whole = mem_printf("%s/%s", link, rest);
	if (*link == '/')
		way->at = rootfs->root;
	free(way->rest);
	way->rest = whole;
	return true;
}

/*
 * Goes along `path` from `start`; what it comes to, or NONE. The last name's link is followed
 * only with `follow_last`. With `make`, folders that are missing are made, as unpacking does.
 */
static uint32_t walk(struct rootfs *rootfs, uint32_t start, const char *path, bool follow_last,
		     bool make)
{
	if (strlen(path) > PATH_LIMIT)
		return NONE;

	struct way way = { .at = start, .rest = mem_strdup(path) };
	const char *name;
	bool last, found = true;
	size_t len;

	while (found && (len = first_name(way.rest, &name, &last)) > 0) {
		uint32_t next = child(rootfs, way.at, name, len);

		if (len == 1 && *name == '.') {
			next = way.at;
		} else if (len == 2 && !memcmp(name, "..", 2)) {
			next = rootfs->nodes[way.at].parent;
			next = next == NONE ? rootfs->root : next;
		} else if (next == NONE && make && rootfs->nodes[way.at].type == '5') {
			next = add_node(rootfs, way.at, name, len, '5');
		}
		found = next != NONE;
		if (found && rootfs->nodes[next].type == '2' && (!last || follow_last)) {
			found = follow(rootfs, &way, rootfs->nodes[next].link, name + len);
			continue;
		}
		memmove(way.rest, name + len, strlen(name + len) + 1);
		way.at = next;
	}
	free(way.rest);
	return found ? way.at : NONE;
}

/* The last name of a path, without the slashes behind it. */
static size_t last_name(const char *path, const char **name_ret)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	start = end;
	while (start && path[start - 1] != '/')
		start--;
	*name_ret = path + start;
	return end - start;
}

/* The folder that a path's last name is in, or NONE. */
static uint32_t folder_of(struct rootfs *rootfs, const char *path, const char *name, bool make)
{
	char *folder = mem_strndup(path, (size_t)(name - path));
	uint32_t at = walk(rootfs, rootfs->root, folder, true, make);

	free(folder);
	return at;
}

/* Empties a folder: another one of the same name takes its place. */
static void empty(struct rootfs *rootfs, uint32_t folder)
{
	struct node *node = &rootfs->nodes[folder];

	if (folder == rootfs->root) {
		rootfs->root = add_node(rootfs, NONE, "", 0, '5');
		return;
	}
	node->gone = true;
	add_node(rootfs, node->parent, node->name, strlen(node->name), '5');
}

static void apply_whiteout(struct rootfs *rootfs, const struct layer_entry *entry)
{
	const char *name;
	size_t len = last_name(entry->name, &name);
	uint32_t folder, gone;

	if (len < 5 || memcmp(name, ".wh.", 4))
		return;
	folder = folder_of(rootfs, entry->name, name, false);
	if (folder == NONE)
		return;
	if (len == 12 && !memcmp(name, ".wh..wh..opq", 12)) {
		empty(rootfs, folder);
		return;
	}
	gone = child(rootfs, folder, name + 4, len - 4);
	if (gone != NONE)
		rootfs->nodes[gone].gone = true;
}

static void set_data(struct rootfs *rootfs, uint32_t at, size_t layer, size_t entry)
{
	const struct layer_entry *from = &rootfs->layers[layer]->entries[entry];
	struct node *node = &rootfs->nodes[at];

	node->layer = layer;
	node->entry = entry;
	if (node->type == '2')
		node->link = from->link;
	if (node->type != '1')
		return;

	/* A hard link is one more name of what its target is now. */
	uint32_t target = walk(rootfs, rootfs->root, from->link, false, false);

	if (target != NONE && target != at) {
		node->type = rootfs->nodes[target].type;
		node->link = rootfs->nodes[target].link;
		node->layer = rootfs->nodes[target].layer;
		node->entry = rootfs->nodes[target].entry;
	}
}

static void apply_entry(struct rootfs *rootfs, size_t layer, size_t index)
{
	const struct layer_entry *entry = &rootfs->layers[layer]->entries[index];
	const char *name;
	size_t len = last_name(entry->name, &name);
	char type = entry->type == 'S' ? '0' : entry->type;
	uint32_t folder, at;

	if (!len || entry->type == 'g' || !strncmp(name, ".wh.", 4) ||
	    (len == 1 && *name == '.') || (len == 2 && !memcmp(name, "..", 2)))
		return;
	folder = folder_of(rootfs, entry->name, name, true);
	if (folder == NONE || rootfs->nodes[folder].type != '5')
		return;
	at = child(rootfs, folder, name, len);
	if (at != NONE && type == '5' && rootfs->nodes[at].type == '5')
		return;
	if (at != NONE && type == '1' &&
	    walk(rootfs, rootfs->root, entry->link, false, false) == at)
		return; /* a link to itself */
	if (at != NONE)
		rootfs->nodes[at].gone = true;
	at = add_node(rootfs, folder, name, len, type);
	set_data(rootfs, at, layer, index);
}

struct err *rootfs_add(struct rootfs *rootfs, const struct layer *layer, const char *name)
{
	size_t index = rootfs->nlayers;

	mem_grow(&rootfs->layers, rootfs->nlayers, &rootfs->layers_cap, sizeof(*rootfs->layers));
	rootfs->layers[rootfs->nlayers++] = layer;
	for (size_t i = 0; i < layer->nentries; i++)
		if (strlen(layer->entries[i].name) >= PATH_LIMIT)
			return err_new("%s: a path of %zu bytes, which no system can unpack", name,
				       strlen(layer->entries[i].name));
	/* Whiteouts hide what is below the layer, wherever in it they stand. */
	for (size_t i = 0; i < layer->nentries; i++)
		apply_whiteout(rootfs, &layer->entries[i]);
	for (size_t i = 0; i < layer->nentries; i++) {
		apply_entry(rootfs, index, i);
		if (rootfs->nnodes > NODES_MAX)
			return err_new("%s: more than %u files and folders", name, NODES_MAX);
	}
	return NULL;
}

static char *path_of(const struct rootfs *rootfs, uint32_t at)
{
	char *path = mem_strdup("");

	for (; at != NONE && rootfs->nodes[at].parent != NONE; at = rootfs->nodes[at].parent) {
		char *longer = mem_printf("/%s%s", rootfs->nodes[at].name, path);

		free(path);
		path = longer;
	}
	return path;
}

static struct rootfs_file file_at(const struct rootfs *rootfs, uint32_t at)
{
	return (struct rootfs_file){ path_of(rootfs, at), rootfs->nodes[at].layer,
				     rootfs->nodes[at].entry };
}

bool rootfs_find(const struct rootfs *rootfs, const char *cwd, const char *path,
		 struct rootfs_file *file_ret)
{
	/* Without `make` nothing changes. */
	struct rootfs *same = (struct rootfs *)(uintptr_t)rootfs;
	uint32_t at = *path == '/' ? rootfs->root : walk(same, rootfs->root, cwd, true, false);

	if (at != NONE)
		at = walk(same, at, path, true, false);
	if (at == NONE || rootfs->nodes[at].type != '0')
		return false;
	*file_ret = file_at(rootfs, at);
	return true;
}

static bool is_there(const struct rootfs *rootfs, uint32_t at)
{
	while (at != rootfs->root) {
		if (at == NONE || rootfs->nodes[at].gone)
			return false;
		at = rootfs->nodes[at].parent;
	}
	return true;
}

void rootfs_each(const struct rootfs *rootfs,
		 void (*found)(struct rootfs_file file, void *context), void *context)
{
	for (uint32_t i = 0; i < rootfs->nnodes; i++)
		if (rootfs->nodes[i].type == '0' && is_there(rootfs, i))
			found(file_at(rootfs, i), context);
}

const struct layer_entry *rootfs_entry(const struct rootfs *rootfs,
				       const struct rootfs_file *file)
{
	return &rootfs->layers[file->layer]->entries[file->entry];
}
