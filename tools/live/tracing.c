/* SPDX-License-Identifier: MIT */
/* The operands, options and loop of all commands that trace. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "live/tracing.h"
#include "tracer/privileges.h"

enum { DEFAULT_TICK = 50, DRAIN_TURNS = 50 };

/* Which processes descend from the command. */
struct kin {
	struct {
		int pid;
		bool ours;
	} *known;
	size_t n, cap;
};

struct options tracing_options(struct tracing *tracing, const struct command_spec *spec, int argc,
			       char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		tracing->command = argv + i + 1;
		argc = i;
		argv[i] = NULL;
		break;
	}
	return options_start(spec, argc, argv);
}

bool tracing_time(const char *text, uint64_t *ns_ret)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
		      { "m", 60e9 }, { "h", 3600e9 } };
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value >= 0) || !isdigit((unsigned char)*text))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name) && value * units[i].ns < 9e18) {
			*ns_ret = (uint64_t)(value * units[i].ns);
			return true;
		}
	return false;
}

static bool whole_number(const char *text, long least, long most, long *number_ret)
{
	char *end;

	errno = 0;
	*number_ret = strtol(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *number_ret >= least &&
	       *number_ret <= most;
}

bool tracing_option(struct tracing *tracing, int id, const char *value, struct err **err_ret)
{
	struct session_options *session = &tracing->session;
	long number;

	*err_ret = NULL;
	switch (id) {
	case 'p':
		if (whole_number(value, 1, INT_MAX, &number))
			session->pid = (int)number;
		else
			*err_ret = err_code(EXIT_USAGE, "-p: '%s' is no process id", value);
		return true;
	case 'f':
		session->filter = value;
		return true;
	case 'd':
		if (!tracing_time(value, &tracing->duration_ns) || !tracing->duration_ns)
			*err_ret = err_code(EXIT_USAGE, "--duration: '%s' is no time such as 10s, "
					    "500ms or 5m", value);
		return true;
	case TRACING_STRINGS:
		if (whole_number(value, 8, 4096, &number))
			session->text_bytes = (unsigned)number;
		else
			*err_ret = err_code(EXIT_USAGE, "--strings: '%s' is no number from 8 to "
					    "4096", value);
		return true;
	case TRACING_RING:
		if (whole_number(value, 1, 1024, &number))
			for (session->ring_bytes = 1 << 20; number > 1; number = (number + 1) / 2)
				session->ring_bytes *= 2;
		else
			*err_ret = err_code(EXIT_USAGE, "--ring: '%s' is no number of megabytes "
					    "from 1 to 1024", value);
		return true;
	default:
		return false;
	}
}

static bool all_digits(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

struct err *tracing_operands(struct tracing *tracing, const struct options *opts,
			     const char *const *defaults)
{
	struct session_options *session = &tracing->session;
	char **operands = opts->argv + opts->first;
	int n = opts->argc - opts->first;
	long pid;

	if (n > 0 && !session->pid && all_digits(operands[0])) {
		if (!whole_number(operands[0], 1, INT_MAX, &pid))
			return err_code(EXIT_USAGE, "'%s' is no process id", operands[0]);
		session->pid = (int)pid;
		n--, operands++;
	} else if (n > 0 && !(session->pid && access(operands[0], F_OK))) {
		session->file = operands[0];
		n--, operands++;
	}
	if (!session->file && !session->pid)
		return err_code(EXIT_USAGE, "missing operand: FILE or PID");
	if (tracing->command && (!session->file || session->pid))
		return err_code(EXIT_USAGE, "-- COMMAND goes with a FILE whose probes it runs, "
				"not with a process");
	if (tracing->command && !*tracing->command)
		return err_code(EXIT_USAGE, "missing command behind --");
	session->patterns = n ? (const char *const *)operands : defaults;
	session->npatterns = n;
	while (!n && defaults && defaults[session->npatterns])
		session->npatterns++;
	return NULL;
}

/* The parent of a process; 0 when it is gone. */
static int parent_of(int pid)
{
	char *path = mem_printf("/proc/%d/stat", pid), line[512], *close;
	FILE *stat = fopen(path, "re");
	int parent = 0;

	free(path);
	if (!stat)
		return 0;
	/* The name in parentheses may hold anything. */
	if (fgets(line, sizeof(line), stat) && (close = strrchr(line, ')')) &&
	    sscanf(close, ") %*c %d", &parent) != 1)
		parent = 0;
	fclose(stat);
	return parent;
}

static bool descends(int pid, int from)
{
	int at = pid;

	for (int depth = 0; at > 1 && depth < 64; depth++) {
		if (at == from)
			return true;
		int parent = parent_of(at);

		if (!parent)
			return true; /* gone already: it ran this file while the command did */
		at = parent;
	}
	return false;
}

static bool is_kin(struct tracing *tracing, int pid)
{
	struct kin *kin = tracing->kin;

	for (size_t i = kin->n; i-- > 0;)
		if (kin->known[i].pid == pid)
			return kin->known[i].ours;
	mem_grow(&kin->known, kin->n, &kin->cap, sizeof(*kin->known));
	kin->known[kin->n].pid = pid;
	kin->known[kin->n].ours = descends(pid, tracing->child);
	return kin->known[kin->n++].ours;
}

bool tracing_wants(struct tracing *tracing, int pid)
{
	return !tracing->child || is_kin(tracing, pid);
}

struct turn {
	struct tracing *tracing;
	const struct tracing_calls *calls;
};

static void on_event(const struct event *event, void *context)
{
	struct turn *turn = context;

	if (turn->tracing->stopping || !tracing_wants(turn->tracing, event->pid))
		return;
	turn->calls->on_event(event, turn->calls->context);
}

static uint64_t monotonic(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void run_child(char **command, int gate, const sigset_t *mask)
{
	char go;

	while (read(gate, &go, 1) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	fprintf(stderr, "probes: cannot run %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

/* The command waits at a pipe until *gate_ret is closed: by then the probes are attached. */
static struct err *start_command(struct tracing *tracing, const sigset_t *mask, int *gate_ret)
{
	int gate[2];

	*gate_ret = -1;
	if (!tracing->command)
		return NULL;
	if (pipe2(gate, O_CLOEXEC))
		return err_sys(errno, "cannot make a pipe");
	tracing->child = fork();
	if (tracing->child < 0)
		return err_sys(errno, "cannot start %s", tracing->command[0]);
	if (tracing->child == 0) {
		close(gate[1]);
		run_child(tracing->command, gate[0], mask);
	}
	close(gate[0]);
	*gate_ret = gate[1];
	tracing->kin = mem_zalloc(sizeof(*tracing->kin));
	return NULL;
}

/* Whether there is nothing more to wait for; *ended_ret: the traced have ended by themselves. */
static bool is_over(struct tracing *tracing, const sigset_t *watched, uint64_t deadline,
		    bool *ended_ret)
{
	struct timespec now = { 0, 0 };
	int signal;

	while ((signal = sigtimedwait(watched, NULL, &now)) > 0)
		if (signal != SIGCHLD)
			return true;
	if (tracing->child > 0 &&
	    waitpid(tracing->child, &tracing->status, WNOHANG) == tracing->child) {
		*ended_ret = true;
		return true;
	}
	if (tracing->session.pid) {
		char path[32];

		snprintf(path, sizeof(path), "/proc/%d", tracing->session.pid);
		*ended_ret = access(path, F_OK) != 0;
	}
	return *ended_ret || tracing->stopping || (deadline && monotonic() >= deadline);
}

static struct err *read_events(struct tracing *tracing, const struct tracing_calls *calls,
			       const sigset_t *watched)
{
	uint64_t deadline = tracing->duration_ns ? monotonic() + tracing->duration_ns : 0;
	struct turn turn = { tracing, calls };
	struct session_stats before, after;
	bool ended = false;

	while (!is_over(tracing, watched, deadline, &ended)) {
		TRY(session_poll(tracing->run, calls->tick_ms ? calls->tick_ms : DEFAULT_TICK,
				 on_event, &turn));
		if (calls->on_tick)
			calls->on_tick(calls->context);
	}
	/* What is in the ring still; others may go on filling it. */
	for (int i = 0; i < DRAIN_TURNS && !tracing->stopping; i++) {
		session_stats(tracing->run, &before);
		TRY(session_poll(tracing->run, 0, on_event, &turn));
		session_stats(tracing->run, &after);
		if (before.events == after.events && before.filtered == after.filtered)
			break;
	}
	if (calls->on_tick)
		calls->on_tick(calls->context);
	if (calls->on_end)
		calls->on_end(calls->context);
	return NULL;
}

static void print_attached(const struct tracing *tracing)
{
	struct session_stats stats;

	session_stats(tracing->run, &stats);
	fprintf(stderr, "probes: attached to %zu probe%s at %zu sites%s\n", stats.probes,
		stats.probes == 1 ? "" : "s", stats.sites,
		tracing->command ? "" : "; Ctrl-C ends");
}

static void print_summary(const struct tracing *tracing)
{
	struct session_stats stats;

	session_stats(tracing->run, &stats);
	fflush(stdout);
	fprintf(stderr, "probes: %" PRIu64 " events", stats.events);
	if (stats.filtered)
		fprintf(stderr, ", %" PRIu64 " left out by the filter", stats.filtered);
	fprintf(stderr, ", %" PRIu64 " lost%s", stats.lost,
		stats.lost ? " (a larger --ring, fewer probes or a --filter helps)" : "");
	if (stats.lost_starts)
		fprintf(stderr, ", %" PRIu64 " ends without their start", stats.lost_starts);
	fputc('\n', stderr);
}

static struct err *run(struct tracing *tracing, const struct tracing_calls *calls,
		       const sigset_t *watched, const sigset_t *mask)
{
	int gate;

	TRY(start_command(tracing, mask, &gate));
	struct err *err = privileges_drop(tracing->keep_ptrace);

	if (!err && calls->on_start)
		calls->on_start(calls->context);
	if (!err && !tracing->quiet)
		print_attached(tracing);
	if ((err || tracing->stopping) && tracing->child > 0)
		kill(tracing->child, SIGKILL); /* before it has begun */
	if (gate >= 0)
		close(gate);
	if (!err)
		err = read_events(tracing, calls, watched);
	if (!err && !tracing->quiet)
		print_summary(tracing);
	return err;
}

struct err *tracing_run(struct tracing *tracing, const struct tracing_calls *calls)
{
	sigset_t watched, mask;

	TRY(session_open(&tracing->session, &tracing->run));
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, &mask);
	struct err *err = run(tracing, calls, &watched, &mask);

	session_free(tracing->run);
	tracing->run = NULL;
	if (tracing->kin)
		free(tracing->kin->known);
	free(tracing->kin);
	tracing->kin = NULL;
	return err;
}

void tracing_stop(struct tracing *tracing)
{
	tracing->stopping = true;
}
