/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a page that is drawn again and again, and keys that are pressed. Between
 * screen_start() and screen_stop() it shows its alternate screen, without cursor and echo.
 * Whatever signal ends or stops the process, the terminal is as it was before (but for
 * SIGKILL); a stopped process that goes on shows the page again.
 */
#ifndef LIVE_SCREEN_H
#define LIVE_SCREEN_H

#include <stdbool.h>

#include "base/buf.h"

/* False when standard output is no terminal, or one that cannot move its cursor. */
bool screen_possible(void);

void screen_start(void);
void screen_stop(void); /* does nothing when it is not started */

/* Of the terminal at standard output; else $COLUMNS (or 100) wide and 0 high: no limit. */
void screen_size(int *columns_ret, int *rows_ret);

/* A key that was pressed, or 0: does not wait. */
char screen_key(void);

/* Whether the size has changed, or the process went on after a stop, since it was asked. */
bool screen_changed(void);

/* Shows the lines of `page`, of each as much and as many as there is room for. */
void screen_draw(const struct buf *page);

#endif
