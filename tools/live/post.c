/* SPDX-License-Identifier: MIT */
/* One HTTP POST after the other, by a libcurl that is opened at run time. */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <zlib.h>

#include "base/mem.h"
#include "library.h"
#include "live/post.h"
#include "version.h"

enum { ANSWER_MAX = 64 << 10 };

/* libcurl has many dependencies, which would slow down every start of the program. */
struct library {
	void *handle;
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *curl);
	CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	void (*easy_cleanup)(CURL *curl);
	const char *(*easy_strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
};

struct post {
	struct library lib;
	CURL *curl;
	struct curl_slist *headers;
	const char *endpoint;
	char why[CURL_ERROR_SIZE];
	char *retry_after; /* of the answer that comes in */
	struct buf answer;
};

static struct err *load(struct library *lib)
{
	static const char *const files[] = { "libcurl.so.4", "libcurl-gnutls.so.4", NULL };
	const struct library_symbol symbols[] = {
		{ "curl_global_init", &lib->global_init },
		{ "curl_easy_init", &lib->easy_init },
		{ "curl_easy_setopt", &lib->easy_setopt },
		{ "curl_easy_perform", &lib->easy_perform },
		{ "curl_easy_getinfo", &lib->easy_getinfo },
		{ "curl_easy_cleanup", &lib->easy_cleanup },
		{ "curl_easy_strerror", &lib->easy_strerror },
		{ "curl_slist_append", &lib->slist_append },
		{ "curl_slist_free_all", &lib->slist_free_all },
	};

	return library_open(files, "--otlp needs libcurl.so.4 (Debian and Ubuntu: apt-get install "
			    "libcurl4; Fedora: dnf install libcurl)",
			    symbols, sizeof(symbols) / sizeof(symbols[0]), &lib->handle);
}

static size_t on_answer(char *bytes, size_t size, size_t n, void *context)
{
	struct post *post = context;

	if (post->answer.len < ANSWER_MAX)
		buf_put(&post->answer, bytes, size * n);
	return size * n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *context)
{
	static const char name[] = "retry-after:";
	struct post *post = context;
	size_t len = size * n, at = sizeof(name) - 1;

	if (len < at || strncasecmp(bytes, name, at))
		return len;
	while (at < len && bytes[at] == ' ')
		at++;
	free(post->retry_after);
	post->retry_after = mem_strndup(bytes + at, len - at);
	post->retry_after[strcspn(post->retry_after, "\r\n")] = '\0';
	return len;
}

static void set_up(struct post *post, const struct sender_options *options)
{
	const struct library *lib = &post->lib;

	post->headers = lib->slist_append(NULL, "Content-Type: application/json");
	post->headers = lib->slist_append(post->headers, "Content-Encoding: gzip");
	post->headers = lib->slist_append(post->headers, "Expect:");
	for (size_t i = 0; i < options->nheaders; i++)
		post->headers = lib->slist_append(post->headers, options->headers[i]);
	lib->easy_setopt(post->curl, CURLOPT_HTTPHEADER, post->headers);
	lib->easy_setopt(post->curl, CURLOPT_USERAGENT, "goprobes/" PROBES_VERSION);
	lib->easy_setopt(post->curl, CURLOPT_NOSIGNAL, 1L);
	lib->easy_setopt(post->curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
	lib->easy_setopt(post->curl, CURLOPT_ERRORBUFFER, post->why);
	lib->easy_setopt(post->curl, CURLOPT_WRITEFUNCTION, on_answer);
	lib->easy_setopt(post->curl, CURLOPT_WRITEDATA, post);
	lib->easy_setopt(post->curl, CURLOPT_HEADERFUNCTION, on_header);
	lib->easy_setopt(post->curl, CURLOPT_HEADERDATA, post);
	if (options->ca_file)
		lib->easy_setopt(post->curl, CURLOPT_CAINFO, options->ca_file);
}

struct err *post_open(const struct sender_options *options, struct post **post_ret)
{
	struct post *post;
	struct err *err;

	if (strncmp(options->endpoint, "http://", 7) && strncmp(options->endpoint, "https://", 8))
		return err_code(EXIT_USAGE, "--otlp %s: not a URL that starts with http:// or "
				"https://", options->endpoint);
	post = mem_zalloc(sizeof(*post));
	post->endpoint = options->endpoint;
	err = load(&post->lib);
	if (!err && post->lib.global_init(CURL_GLOBAL_DEFAULT))
		err = err_new("libcurl cannot be used");
	if (!err) {
		post->curl = post->lib.easy_init();
		if (!post->curl)
			err = err_new("libcurl cannot be used");
	}
	if (err) {
		post_close(post);
		return err;
	}
	set_up(post, options);
	*post_ret = post;
	return NULL;
}

/* The library stays: unloading it would leave what its own libraries keep for each thread. */
void post_close(struct post *post)
{
	if (!post)
		return;
	if (post->curl)
		post->lib.easy_cleanup(post->curl);
	if (post->headers)
		post->lib.slist_free_all(post->headers);
	free(post->retry_after);
	buf_free(&post->answer);
	free(post);
}

/* RFC 1952; the result is the caller's. */
static struct buf compress_body(const struct buf *body)
{
	struct buf out = { 0 };
	z_stream stream = { 0 };

	if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return out;
	size_t room = deflateBound(&stream, body->len);

	buf_fill(&out, 0, room);
	stream.next_in = body->data;
	stream.avail_in = (uInt)body->len;
	stream.next_out = out.data;
	stream.avail_out = (uInt)room;
	deflate(&stream, Z_FINISH);
	out.len = room - stream.avail_out;
	deflateEnd(&stream);
	return out;
}

int64_t post_retry_after(const char *value, int64_t now)
{
	struct tm date = { 0 };
	char *end;
	long seconds = strtol(value, &end, 10);

	if (end != value && !*end)
		return seconds > 0 && seconds < 86400 ? seconds * 1000 : 0;
	if (!strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &date))
		return 0;
	int64_t left = timegm(&date) - now;

	return left > 0 && left < 86400 ? left * 1000 : 0;
}

static double number_in(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsString(item))
		return strtod(item->valuestring, NULL);
	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

size_t post_rejected(const char *text, size_t len)
{
	cJSON *json = cJSON_ParseWithLength(text, len);
	const cJSON *partial = cJSON_GetObjectItemCaseSensitive(json, "partialSuccess");
	double n = number_in(partial, "rejectedSpans") + number_in(partial, "rejectedDataPoints");

	cJSON_Delete(json);
	return n > 0 && n < 1e9 ? (size_t)n : 0;
}

void post_send(struct post *post, const char *path, const struct buf *body, int64_t timeout_ms,
	       struct post_answer *answer_ret)
{
	const struct library *lib = &post->lib;
	struct buf packed = compress_body(body);
	char *url = mem_printf("%s%s", post->endpoint, path);

	*answer_ret = (struct post_answer){ 0 };
	post->answer.len = 0;
	free(post->retry_after);
	post->retry_after = NULL;
	*post->why = '\0';
	lib->easy_setopt(post->curl, CURLOPT_URL, url);
	lib->easy_setopt(post->curl, CURLOPT_POSTFIELDS, packed.data);
	lib->easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)packed.len);
	lib->easy_setopt(post->curl, CURLOPT_TIMEOUT_MS,
			 (long)(timeout_ms < 10000 ? timeout_ms : 10000));
	CURLcode code = lib->easy_perform(post->curl);
	const char *text = *post->why ? post->why : lib->easy_strerror(code);
	size_t len = strlen(text);

	if (code == CURLE_OK) {
		lib->easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &answer_ret->status);
		answer_ret->rejected = post_rejected((char *)post->answer.data, post->answer.len);
		text = (char *)post->answer.data;
		len = post->answer.len;
	}
	snprintf(answer_ret->text, sizeof(answer_ret->text), "%.*s", (int)len, text ? text : "");
	if (post->retry_after)
		answer_ret->retry_after_ms = post_retry_after(post->retry_after, time(NULL));
	buf_free(&packed);
	free(url);
}
