/* SPDX-License-Identifier: MIT */
/* The definitions of a Go module: its packages, their directives and definition files. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "probe/defown.h"
#include "probe/defread.h"
#include "probe/directive.h"
#include "probe/gomod.h"
#include "probe/gosource.h"
#include "probe/source.h"

#define MAX_FILE (64u << 20)

/* One file that has directives. */
struct source_file {
	char *name;
	size_t package; /* index in the module's */
	struct gosource source;
};

/* A folder that has a definition file. */
struct yaml_file {
	char *name;
	char *path; /* import path of the folder */
};

struct module {
	struct def_package *packages;
	size_t npackages, packages_cap;
	struct source_file *files;
	size_t nfiles, files_cap;
	struct yaml_file *yaml;
	size_t nyaml, yaml_cap;
};

static void module_clear(struct module *module)
{
	for (size_t i = 0; i < module->npackages; i++) {
		free(module->packages[i].path);
		free(module->packages[i].provider);
	}
	for (size_t i = 0; i < module->nfiles; i++) {
		free(module->files[i].name);
		gosource_clear(&module->files[i].source);
	}
	for (size_t i = 0; i < module->nyaml; i++) {
		free(module->yaml[i].name);
		free(module->yaml[i].path);
	}
	free(module->packages);
	free(module->files);
	free(module->yaml);
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len > tail && !strcmp(name + len - tail, end);
}

/* One package of the folder, by what its files call it; made at its first file. */
static size_t find_package(struct module *module, size_t first, const char *path)
{
	for (size_t i = first; i < module->npackages; i++)
		if (!strcmp(module->packages[i].path, path))
			return i;
	mem_grow(&module->packages, module->npackages, &module->packages_cap,
		 sizeof(*module->packages));
	module->packages[module->npackages] = (struct def_package){ mem_strdup(path), true,
								     NULL };
	return module->npackages++;
}

/* `first` is the first package of the folder. */
static struct err *read_source(struct module *module, size_t first, char *name,
			       const char *path)
{
	bool test = ends_with(name, "_test.go");
	struct source_file file = { .name = name };
	char *other = NULL;
	struct buf text;

	TRY(gomod_read(name, MAX_FILE, &text));

	struct err *err = gosource_read(name, (const char *)text.data, text.len, &file.source);

	buf_free(&text);
	if (!err && !file.source.ignored && *file.source.package) {
		/* The tests of a package from outside are one of their own. */
		if (test && ends_with(file.source.package, "_test"))
			other = mem_printf("%s_test", path);
		file.package = find_package(module, first, other ? other : path);
		module->packages[file.package].is_main &=
			test || !strcmp(file.source.package, "main");
	}
	free(other);
	if (err || !file.source.n || file.source.ignored || !*file.source.package) {
		gosource_clear(&file.source);
		return err;
	}
	file.name = mem_strdup(name);
	mem_grow(&module->files, module->nfiles, &module->files_cap, sizeof(*module->files));
	module->files[module->nfiles++] = file;
	return NULL;
}

static bool is_wanted_folder(const char *dir)
{
	const char *slash = strrchr(dir, '/');
	const char *name = slash ? slash + 1 : dir;
	char *inner;
	struct stat st;
	bool own;

	if (*name == '.' || *name == '_' || !strcmp(name, "testdata") || !strcmp(name, "vendor"))
		return false;
	inner = mem_printf("%s/go.mod", dir);
	own = !stat(inner, &st);
	free(inner);
	return !own;
}

static bool is_folder(const char *path, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

/* What Go cannot read either, or takes for no source: a link to nowhere or to a folder, a pipe,
 * a file that went away meanwhile. */
static bool is_source(const char *path, const char *name)
{
	struct stat st;

	return ends_with(name, ".go") && *name != '_' && *name != '.' && !stat(path, &st) &&
	       S_ISREG(st.st_mode) && !access(path, R_OK);
}

static struct err *walk(struct module *module, const char *dir, const char *path);

static struct err *walk_entry(struct module *module, size_t first, const char *dir,
			      const char *path, const struct dirent *entry)
{
	const char *name = entry->d_name;
	char *full = !strcmp(dir, ".") ? mem_strdup(name) : mem_printf("%s/%s", dir, name);
	struct err *err = NULL;

	if (is_folder(full, entry)) {
		char *inner = mem_printf("%s/%s", path, name);

		if (is_wanted_folder(full))
			err = walk(module, full, inner);
		free(inner);
	} else if (!strcmp(name, SOURCE_FILE)) {
		mem_grow(&module->yaml, module->nyaml, &module->yaml_cap,
			 sizeof(*module->yaml));
		module->yaml[module->nyaml++] =
			(struct yaml_file){ mem_strdup(full), mem_strdup(path) };
	} else if (is_source(full, name)) {
		err = read_source(module, first, full, path);
	}
	free(full);
	return err;
}

/* A folder and those below it, by name. One that is not ours to read, such as the data of a
 * database, has no packages of this build. */
static struct err *walk(struct module *module, const char *dir, const char *path)
{
	size_t first = module->npackages;
	struct dirent **entries;
	int count = scandir(dir, &entries, NULL, alphasort);
	struct err *err = NULL;

	if (count < 0 && (errno == EACCES || errno == EPERM || errno == ENOENT))
		return NULL;
	if (count < 0)
		return err_sys(errno, "%s: cannot read the folder", dir);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (!err && strcmp(name, ".") && strcmp(name, ".."))
			err = walk_entry(module, first, dir, path, entries[i]);
		free(entries[i]);
	}
	free(entries);
	return err;
}

/* The providers that directives ask for. */
static struct err *set_providers(struct module *module)
{
	for (size_t i = 0; i < module->nfiles; i++) {
		const struct source_file *file = &module->files[i];

		for (size_t j = 0; j < file->source.n; j++) {
			struct def_package *package = &module->packages[file->package];

			if (file->source.directives[j].word == GOSOURCE_PROVIDER)
				TRY(directive_provider(file->name, &file->source.directives[j],
						       package));
		}
	}
	return NULL;
}

/* Adds the definitions of one file; two of one name within a module are a mistake. */
static struct err *join(struct def_set *all, struct def_set *one)
{
	for (size_t i = 0; i < one->nprobes; i++) {
		const struct def_probe *probe = &one->probes[i];
		const struct def_probe *first = def_find_probe(all, probe);

		if (!first)
			continue;

		struct err *err = err_new("%s:%d:1: a second probe %s:%s; the first is at "
					  "%s:%d, so give this one another name", probe->file,
					  probe->line, probe->provider, probe->name, first->file,
					  first->line);

		def_free(one);
		return err;
	}
	def_digest_add(all, (const char *)one->digest, sizeof(one->digest));
	def_merge(all, one);
	return NULL;
}

static struct err *load_yaml(const struct module *module, const struct yaml_file *file,
			     struct def_set *all)
{
	struct def_context context = { file->path, module->packages, module->npackages };
	struct def_set *one = mem_zalloc(sizeof(*one));
	struct buf text = { 0 };
	struct err *err = gomod_read(file->name, MAX_FILE, &text);

	if (!err) {
		def_digest_add(one, file->path, strlen(file->path));
		for (size_t i = 0; i < module->npackages; i++)
			if (module->packages[i].is_main)
				def_digest_add(one, module->packages[i].path,
					       strlen(module->packages[i].path));
		err = def_load_in(one, file->name, (const char *)text.data, text.len, &context);
	}
	buf_free(&text);
	if (!err)
		return join(all, one);
	def_free(one);
	return err;
}

static struct err *load_directives(const struct module *module, struct def_set *all)
{
	struct def_set *one = mem_zalloc(sizeof(*one));
	struct err *err = NULL;

	for (size_t i = 0; i < module->nfiles && !err; i++) {
		const struct source_file *file = &module->files[i];

		err = directive_add(one, file->name, &file->source,
				    &module->packages[file->package]);
	}
	if (!err)
		return join(all, one);
	def_free(one);
	return err;
}

static struct err *load_module(const char *root, struct module *module, struct def_set *all)
{
	char *path;

	TRY(gomod_path(root, &path));

	struct err *err = walk(module, root, path);

	free(path);
	if (!err)
		err = set_providers(module);
	for (size_t i = 0; i < module->nyaml && !err; i++)
		err = load_yaml(module, &module->yaml[i], all);
	return err ? err : load_directives(module, all);
}

/* A directive's probe is a new one, never another form of one of the standard library's. A
 * definition file may mean just that. */
static struct err *check_names(const struct def_set *set, const struct def_set *all)
{
	for (size_t i = 0; i < all->nprobes; i++) {
		const struct def_probe *own = &all->probes[i];
		size_t len = strlen(own->file);

		if (len < 3 || strcmp(own->file + len - 3, ".go"))
			continue;
		for (size_t j = 0; j < set->nprobes; j++) {
			const struct def_probe *one = &set->probes[j];

			if (!strncmp(one->file, "stdlib-probes/", 14) &&
			    !strcmp(one->name, own->name) &&
			    !strcmp(one->provider, own->provider))
				return err_new("%s:%d:1: the standard library has a probe %s:%s "
					       "already; give this one another name or provider",
					       own->file, own->line, one->provider, one->name);
		}
	}
	return NULL;
}

struct err *source_load(struct def_set *set, const char *dir)
{
	char *root = gomod_above(dir, "go.mod");
	struct def_set *all;
	struct module module = { 0 };
	struct err *err;

	if (!root)
		return err_new("%s: no go.mod in this folder or above it; name a folder of a Go "
			       "module, or a file of definitions", dir);
	all = mem_zalloc(sizeof(*all));
	err = load_module(root, &module, all);
	module_clear(&module);
	free(root);
	if (!err)
		err = check_names(set, all);
	if (err) {
		def_free(all);
		return err;
	}
	def_digest_add(set, (const char *)all->digest, sizeof(all->digest));
	def_merge(set, all);
	return NULL;
}

struct err *source_load_path(struct def_set *set, const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return source_load(set, path);
	return def_load_file(set, path);
}
