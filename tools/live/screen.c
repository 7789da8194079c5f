/* SPDX-License-Identifier: MIT */
/* The terminal: alternate screen, keys, size, and leaving it as it was. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "live/screen.h"

#define ENTER "\033[?1049h\033[?25l\033[H\033[2J"
#define LEAVE "\033[0m\033[?25h\033[?1049l"

/* Signal handlers can reach nothing else; there is but one terminal. */
static struct {
	volatile sig_atomic_t shown;   /* the alternate screen */
	volatile sig_atomic_t changed;
	bool started;
	bool keys;                     /* standard input is that terminal, and ours */
	struct termios before, quiet;
} screen;

static const int deadly[] = { SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPIPE };

enum { NDEADLY = sizeof(deadly) / sizeof(deadly[0]) };

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static void put(const char *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(STDOUT_FILENO, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		bytes += done;
		len -= (size_t)done;
	}
}

/* In the background, changing a terminal's modes would stop the process. */
static bool in_foreground(void)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void enter(void)
{
	if (screen.keys && in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.quiet);
	put(ENTER, sizeof(ENTER) - 1);
	screen.shown = 1;
}

static void leave(void) /* async-signal-safe */
{
	if (!screen.shown)
		return;
	screen.shown = 0;
	put(LEAVE, sizeof(LEAVE) - 1);
	if (screen.keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

static void on_deadly(int number) /* SA_RESETHAND: the default happens when it comes again */
{
	leave();
	raise(number);
}

static void on_stop(int number)
{
	int saved = errno;

	(void)number;
	leave();
	raise(SIGSTOP);
	errno = saved;
}

static void on_continue(int number)
{
	int saved = errno;

	(void)number;
	if (screen.started && in_foreground())
		enter();
	screen.changed = 1;
	errno = saved;
}

static void on_size(int number)
{
	(void)number;
	screen.changed = 1;
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void handle_all(bool ours)
{
	for (int i = 0; i < NDEADLY; i++)
		handle(deadly[i], ours ? on_deadly : SIG_DFL, ours ? (int)SA_RESETHAND : 0);
	handle(SIGTSTP, ours ? on_stop : SIG_DFL, 0);
	handle(SIGCONT, ours ? on_continue : SIG_DFL, 0);
	handle(SIGWINCH, ours ? on_size : SIG_DFL, 0);
}

void screen_start(void)
{
	if (screen.started)
		return;
	screen.keys = in_foreground() && !tcgetattr(STDIN_FILENO, &screen.before);
	screen.quiet = screen.before;
	screen.quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	screen.quiet.c_cc[VMIN] = 0;
	screen.quiet.c_cc[VTIME] = 0;
	screen.started = true;
	handle_all(true);
	atexit(screen_stop); /* out of memory ends the process by exit() */
	enter();
}

void screen_stop(void)
{
	if (!screen.started)
		return;
	screen.started = false;
	leave();
	handle_all(false);
}

void screen_size(int *columns_ret, int *rows_ret)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	*columns_ret = columns ? atoi(columns) : 0;
	*rows_ret = 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col) {
		*columns_ret = size.ws_col;
		*rows_ret = size.ws_row;
	}
	if (*columns_ret < 20 || *columns_ret > 1000)
		*columns_ret = *columns_ret < 1 || *columns_ret > 1000 ? 100 : 20;
}

char screen_key(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	if (!screen.keys || !in_foreground() || poll(&input, 1, 0) != 1)
		return 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : 0;
}

bool screen_changed(void)
{
	bool changed = screen.changed;

	screen.changed = 0;
	return changed;
}

/* Bytes of a line that fill `columns`: a character of UTF-8 takes one, an escape (ESC [ ... m)
 * none. */
static size_t fitting(const char *line, size_t len, int columns)
{
	size_t at = 0;

	while (at < len) {
		if (line[at] == '\033') {
			const char *end = memchr(line + at, 'm', len - at);

			at = end ? (size_t)(end - line) + 1 : len;
			continue;
		}
		if (columns-- == 0)
			break;
		for (at++; at < len && (line[at] & 0xc0) == 0x80; at++)
			;
	}
	return at;
}

void screen_draw(const struct buf *page)
{
	struct buf out = { 0 };
	const char *at = (const char *)page->data, *end = at + page->len;
	int columns, rows;

	if (!screen.shown)
		return;
	screen_size(&columns, &rows);
	buf_printf(&out, "\033[H");
	for (int row = 0; at < end && (!rows || row < rows); row++) {
		size_t len = (size_t)(end - at);
		const char *newline = memchr(at, '\n', len);

		len = newline ? (size_t)(newline - at) : len;
		buf_printf(&out, "%s", row ? "\r\n" : "");
		buf_put(&out, at, fitting(at, len, columns));
		buf_printf(&out, "\033[0m\033[K");
		at += len + 1;
	}
	buf_printf(&out, "\033[J");
	put((const char *)out.data, out.len);
	buf_free(&out);
}
