/* SPDX-License-Identifier: MIT */
/* The endpoint that Prometheus reads: GET /metrics. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "library.h"
#include "live/prom.h"

/* libmicrohttpd brings a TLS library along: opened by this command only. */
struct library {
	void *handle;
	struct MHD_Daemon *(*start_daemon)(unsigned int flags, uint16_t port,
					   MHD_AcceptPolicyCallback accept, void *accept_context,
					   MHD_AccessHandlerCallback answer, void *context, ...);
	void (*stop_daemon)(struct MHD_Daemon *daemon);
	struct MHD_Response *(*create_response)(size_t size, void *buffer,
						enum MHD_ResponseMemoryMode mode);
	enum MHD_Result (*add_header)(struct MHD_Response *response, const char *header,
				      const char *content);
	enum MHD_Result (*queue_response)(struct MHD_Connection *connection,
					  unsigned int status, struct MHD_Response *response);
	void (*destroy_response)(struct MHD_Response *response);
};

struct prom {
	struct library lib;
	struct metrics *metrics;
	struct MHD_Daemon *daemon;
	int listener;
};

static struct err *load(struct library *lib)
{
	static const char *const files[] = { "libmicrohttpd.so.12", NULL };
	const struct library_symbol symbols[] = {
		{ "MHD_start_daemon", &lib->start_daemon },
		{ "MHD_stop_daemon", &lib->stop_daemon },
		{ "MHD_create_response_from_buffer", &lib->create_response },
		{ "MHD_add_response_header", &lib->add_header },
		{ "MHD_queue_response", &lib->queue_response },
		{ "MHD_destroy_response", &lib->destroy_response },
	};

	return library_open(files, "--prometheus needs libmicrohttpd.so.12 (Debian and Ubuntu: "
			    "apt-get install libmicrohttpd12; Fedora: dnf install libmicrohttpd)",
			    symbols, sizeof(symbols) / sizeof(symbols[0]), &lib->handle);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request_context)
{
	struct prom *prom = context;
	const struct library *lib = &prom->lib;
	bool get = !strcmp(method, "GET") || !strcmp(method, "HEAD");
	unsigned int status = MHD_HTTP_OK;
	struct buf text = { 0 };

	(void)version, (void)upload, (void)upload_size, (void)request_context;
	if (!get)
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	else if (strcmp(url, "/metrics"))
		status = MHD_HTTP_NOT_FOUND;
	if (status == MHD_HTTP_OK)
		metrics_put_prometheus(prom->metrics, &text);
	else
		buf_printf(&text, "metrics are at GET /metrics\n");
	struct MHD_Response *response = lib->create_response(text.len, text.data,
							     MHD_RESPMEM_MUST_COPY);

	buf_free(&text);
	if (!response)
		return MHD_NO;
	lib->add_header(response, "Content-Type", status == MHD_HTTP_OK ?
			"text/plain; version=0.0.4; charset=utf-8" : "text/plain");
	enum MHD_Result result = lib->queue_response(connection, status, response);

	lib->destroy_response(response);
	return result;
}

/* Splits "[::1]:9464" and "127.0.0.1:9464"; both results are the caller's. */
static struct err *split(const char *address, char **host_ret, char **port_ret)
{
	const char *colon = strrchr(address, ':'), *end = colon;

	if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return err_code(EXIT_USAGE, "--prometheus %s: want ADDRESS:PORT, as in "
				"127.0.0.1:9464", address);
	if (*address == '[' && end > address && end[-1] == ']') {
		address++;
		end--;
	}
	*host_ret = mem_strndup(address, (size_t)(end - address));
	*port_ret = mem_strdup(colon + 1);
	return NULL;
}

static int open_listener(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, info->ai_addr, info->ai_addrlen) && !listen(fd, 64))
		return fd;
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static struct err *start_listening(const char *address, int *listener_ret)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	struct err *err = NULL;
	char *host = NULL, *port = NULL;

	TRY(split(address, &host, &port));
	int code = getaddrinfo(*host ? host : NULL, port, &hints, &found);

	if (code)
		err = err_new("--prometheus %s: %s", address, gai_strerror(code));
	else if ((*listener_ret = open_listener(found)) < 0)
		err = err_sys(errno, "--prometheus %s: cannot listen there", address);
	if (found)
		freeaddrinfo(found);
	free(host);
	free(port);
	return err;
}

struct err *prom_open(const char *address, struct metrics *metrics, struct prom **prom_ret)
{
	struct prom *prom = mem_zalloc(sizeof(*prom));
	struct err *err;

	prom->metrics = metrics;
	prom->listener = -1;
	err = load(&prom->lib);
	if (!err)
		err = start_listening(address, &prom->listener);
	if (err) {
		prom_close(prom);
		return err;
	}
	*prom_ret = prom;
	return NULL;
}

struct err *prom_start(struct prom *prom)
{
	prom->daemon = prom->lib.start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0,
					      NULL, NULL, answer, prom,
					      MHD_OPTION_LISTEN_SOCKET, prom->listener,
					      MHD_OPTION_CONNECTION_LIMIT, 32u,
					      MHD_OPTION_CONNECTION_TIMEOUT, 30u,
					      MHD_OPTION_END);
	if (!prom->daemon)
		return err_new("cannot start the thread that answers Prometheus");
	prom->listener = -1; /* the daemon closes it */
	return NULL;
}

char *prom_address(const struct prom *prom)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";

	if (getsockname(prom->listener, (struct sockaddr *)&address, &len) ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return mem_strdup("?");
	bool six = address.ss_family == AF_INET6;

	return mem_printf("%s%s%s:%s", six ? "[" : "", host, six ? "]" : "", port);
}

void prom_close(struct prom *prom)
{
	if (!prom)
		return;
	if (prom->daemon)
		prom->lib.stop_daemon(prom->daemon);
	if (prom->listener >= 0)
		close(prom->listener);
	free(prom);
}
