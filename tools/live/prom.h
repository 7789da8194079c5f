/* SPDX-License-Identifier: MIT */
/* The endpoint that Prometheus reads: GET /metrics. Uses libmicrohttpd, opened at run time. */
#ifndef LIVE_PROM_H
#define LIVE_PROM_H

#include "base/err.h"
#include "live/metrics.h"

struct prom;

/*
 * Listens on "ADDRESS:PORT" ("127.0.0.1:9464", "[::1]:9464", ":9464" for all addresses, port
 * 0 for any), which may need privileges. `metrics` is borrowed. Errors: the address is
 * wrong or taken; no libmicrohttpd.
 */
struct err *prom_open(const char *address, struct metrics *metrics, struct prom **prom_ret);

/* Answers from a thread of its own: after privileges are given up. */
struct err *prom_start(struct prom *prom);

/* "127.0.0.1:9464", with the port that was taken. Owned by the caller. */
char *prom_address(const struct prom *prom);

void prom_close(struct prom *prom); /* NULL is fine */

#endif
