/* SPDX-License-Identifier: MIT */
/*
 * Images: the programs in an OCI image layout or a docker archive, and the image with other
 * ones in their place. In this order:
 *
 *	oci_read()    index, manifests, configs and layers, all digests checked (read.c)
 *	oci_choose()  which files of which layers are meant (choose.c)
 *	oci_inject()  takes them out, injects them, makes the layers anew (inject.c)
 *	oci_renew()   configs, manifests and indexes that name the new layers (renew.c)
 *	oci_save()    the new image in the old one's place, or elsewhere (save.c)
 *
 * Words: a *blob* is a file of the image, named after its SHA-256 (the *digest*) in a layout. A
 * layer's *diff id* is the digest of what it holds once decompressed. A *fresh* blob is one
 * that the new image has and the old one has not.
 */
#ifndef OCI_OCI_H
#define OCI_OCI_H

#include "injection.h"
#include "oci/layer.h"
#include "oci/rootfs.h"
#include "oci/store.h"

/* A layer of one image or more. */
struct oci_layer {
	char *name;               /* in the store */
	struct layer *layer;
	struct layer_file *files; /* to be replaced, or replaced; their fds are owned */
	size_t nfiles, cap;
	bool renewed;
	struct layer_new fresh;   /* when renewed */
	char *fresh_name;
};

/* A linux/amd64 image: a manifest, or an item of a docker archive. */
struct oci_image {
	char *label;        /* for messages: "linux/amd64 sha256:0123456789ab" */
	char digest[DIGEST_SIZE]; /* of its manifest; "" in a docker archive */
	char *config_name;  /* in the store */
	struct json_doc config;
	size_t *layers;     /* indexes into oci.layers, lowest first */
	size_t nlayers, cap;
	char fresh_config[DIGEST_SIZE]; /* digest of the new config, or "" */
	size_t fresh_config_size;
	char fresh_digest[DIGEST_SIZE]; /* of the new manifest, or "" */
};

/* A program that was chosen. */
struct oci_program {
	char *path;          /* in the container */
	size_t image, layer, entry;
	const char *why;     /* "Entrypoint", "Cmd" or "--in-image" */
	bool done;           /* it was injected */
	cJSON *report;       /* with --json, owned */
};

/* A new file of the image. */
struct oci_fresh {
	char *name, *old_name; /* what it takes the place of */
	int fd;                /* its bytes, owned; -1 when they are in text */
	char *text;
	uint64_t size;
};

/* A digest of a manifest or index that has become another. */
struct oci_change {
	char old[DIGEST_SIZE], fresh[DIGEST_SIZE];
	size_t size;
};

/* Names of files in the image, without repeats. */
struct oci_names {
	void *tree; /* of tsearch(3) */
};

struct oci {
	struct store store;
	const char *path, *dest; /* borrowed; dest is path when it is replaced */
	struct oci_layer *layers;
	size_t nlayers, layers_cap;
	struct oci_image *images;
	size_t nimages, images_cap;
	struct oci_program *programs;
	size_t nprograms, programs_cap;
	struct oci_fresh *fresh;
	size_t nfresh, fresh_cap;
	struct oci_change *changes;
	size_t nchanges, changes_cap;
	struct oci_names seen; /* indexes that were read */
	size_t others; /* manifests that are left as they are */
};

/* oci_free() in any case. */
struct err *oci_read(struct oci *oci, const char *path);
void oci_free(struct oci *oci);

/*
 * Chooses what each image runs, or with `given` paths (globs allowed) those. Errors: nothing
 * found (EXIT_NO_MATCH), with the Go programs that are there.
 */
struct err *oci_choose(struct oci *oci, const char *const *given, int ngiven);

/* Injects the programs; *code_ret is EXIT_DONE, or what some of them came to. */
struct err *oci_inject(struct oci *oci, const struct injection_settings *set, bool json,
		       int *code_ret);
struct err *oci_renew(struct oci *oci);
struct err *oci_save(struct oci *oci);

/* A message for people, one line on stderr that begins with the image's path. */
void oci_say(const struct oci *oci, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "sha256:0123456789ab", into a buffer of 24. */
const char *oci_short(const char *digest, char buf[24]);

/* Reads and parses a blob by its digest, and checks that against the bytes. `name_ret` is
 * owned and must outlive the document; both are the caller's also after an error. */
struct err *oci_blob_doc(const struct oci *oci, const char *digest, char **name_ret,
			 struct json_doc *doc_ret);

/* Adds a text as a file of the image; takes it. */
void oci_add_fresh_text(struct oci *oci, const char *old_name, char *name, char *text);
const struct oci_fresh *oci_find_fresh(const struct oci *oci, const char *name);

/* False when it is there already. */
bool oci_names_add(struct oci_names *names, const char *name);
bool oci_names_have(const struct oci_names *names, const char *name);
void oci_names_free(struct oci_names *names);
/* All blobs that the image refers to; with `fresh`, the image as it will be. */
void oci_references(const struct oci *oci, bool fresh, struct oci_names *names_ret);

/* Whether the descriptor is a buildx attestation; what it is about. */
const char *oci_attestation_of(const cJSON *descriptor);

/* An unnamed temporary file in the folder, owned by the caller. */
struct err *oci_temp(const char *folder, int *fd_ret);
/* A folder for temporary files: TMPDIR or /tmp; and the one that `path` is in, owned. */
const char *oci_temp_folder(void);
char *oci_folder_of(const char *path);

#endif
