/* SPDX-License-Identifier: MIT */
/* The operands, options and loop of all commands that trace. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "live/runners.h"
#include "live/tracing.h"
#include "tracer/mapped.h"
#include "tracer/privileges.h"

enum { DEFAULT_TICK = 50, DRAIN_TURNS = 50, PATIENCE_NS = 1000000000, MANY_SITES = 20 };

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
	if (session->file && session->pid && kill(session->pid, 0) && errno == ESRCH)
		return err_new("process %d: there is no such process", session->pid);
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

static bool descends(int pid, int from)
{
	struct mapped_status status;
	int at = pid;

	for (int depth = 0; at > 1 && depth < 64; depth++) {
		if (at == from || at == getpid()) /* orphans of the command come to us */
			return true;
		if (!mapped_status(at, &status) || !status.parent)
			return true; /* gone already: it ran this file while the command did */
		at = status.parent;
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
	turn->tracing->handed++;
	turn->calls->on_event(event, turn->calls->context);
}

/* Says at `failed` why it cannot be run, which closes by itself when it is. */
static void run_child(char **command, int gate, int failed, const sigset_t *mask)
{
	char go;

	while (read(gate, &go, 1) < 0 && errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	if (write(failed, &errno, sizeof(errno)) < 0)
		perror(command[0]);
	_exit(127);
}

/* Two pipes: the command waits at one until it is closed, by when the probes are attached. */
struct gate {
	int open, failed; /* our ends; -1 = there is no command */
};

static struct err *start_command(struct tracing *tracing, const sigset_t *mask,
				 struct gate *gate_ret)
{
	int gate[2], failed[2];

	*gate_ret = (struct gate){ -1, -1 };
	if (!tracing->command)
		return NULL;
	if (pipe2(gate, O_CLOEXEC) || pipe2(failed, O_CLOEXEC))
		return err_sys(errno, "cannot make a pipe");
	prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
	tracing->child = fork();
	if (tracing->child < 0)
		return err_sys(errno, "cannot start %s", tracing->command[0]);
	if (tracing->child == 0) {
		close(gate[1]);
		run_child(tracing->command, gate[0], failed[1], mask);
	}
	close(gate[0]);
	close(failed[1]);
	*gate_ret = (struct gate){ gate[1], failed[0] };
	tracing->kin = mem_zalloc(sizeof(*tracing->kin));
	return NULL;
}

/* Lets the command begin. */
static struct err *open_gate(const struct tracing *tracing, const struct gate *gate)
{
	int error = 0;

	if (gate->open < 0)
		return NULL;
	close(gate->open);
	if (read(gate->failed, &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(gate->failed);
	return error ? err_sys(error, "cannot run %s", tracing->command[0]) : NULL;
}

/*
 * Whether a signal says that this is the end. Ctrl-C reaches the command, too, whose last
 * doings are to be seen: then its end is waited for, until Ctrl-C comes again.
 */
static bool is_interrupted(struct tracing *tracing, const sigset_t *watched)
{
	struct timespec now = { 0, 0 };
	siginfo_t info;
	int signal;

	while ((signal = sigtimedwait(watched, &info, &now)) > 0) {
		if (signal == SIGCHLD)
			continue;
		if (signal != SIGINT || info.si_code != SI_KERNEL || tracing->child <= 0 ||
		    tracing->interrupted_ns)
			return true;
		tracing->interrupted_ns = clock_ns(CLOCK_MONOTONIC);
	}
	if (tracing->interrupted_ns && !tracing->impatient &&
	    clock_ns(CLOCK_MONOTONIC) - tracing->interrupted_ns > PATIENCE_NS) {
		tracing->impatient = true;
		fprintf(stderr, "probes: waiting for %s to end; Ctrl-C again does not wait\n",
			tracing->command[0]);
	}
	return false;
}

/* Whether the command has ended; what it left behind comes to us, and is buried, too. */
static bool command_ended(struct tracing *tracing)
{
	int status, pid;
	bool ended = false;

	while (tracing->child > 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == tracing->child) {
			tracing->status = status;
			ended = true;
		}
	return ended;
}

/* Also when nobody has asked how it ended yet. */
static bool process_ended(const struct tracing *tracing)
{
	struct pollfd wait = { .fd = tracing->pidfd, .events = POLLIN };
	char path[32];

	if (!tracing->session.pid)
		return false;
	if (tracing->pidfd >= 0)
		return poll(&wait, 1, 0) > 0;
	snprintf(path, sizeof(path), "/proc/%d", tracing->session.pid);
	return access(path, F_OK) != 0;
}

/* Whether there is nothing more to wait for. */
static bool is_over(struct tracing *tracing, const sigset_t *watched, uint64_t deadline)
{
	return is_interrupted(tracing, watched) || command_ended(tracing) ||
	       process_ended(tracing) || tracing->stopping ||
	       (deadline && clock_ns(CLOCK_MONOTONIC) >= deadline);
}

static struct err *read_events(struct tracing *tracing, const struct tracing_calls *calls,
			       const sigset_t *watched)
{
	uint64_t deadline = tracing->duration_ns ?
			    clock_ns(CLOCK_MONOTONIC) + tracing->duration_ns : 0;
	struct turn turn = { tracing, calls };
	struct session_stats before, after;

	while (!is_over(tracing, watched, deadline)) {
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

/* Whom one could expect to see, but will not. */
static void print_unseen(const struct session_options *session)
{
	struct runners runners;

	if (session->pid && session->file && !runners_maps(session->pid, session->file))
		fprintf(stderr, "probes: process %d does not run this %s (perhaps an older one); "
			"`probes trace %d` takes what it runs\n", session->pid, session->file,
			session->pid);
	if (session->pid || !session->file)
		return;
	bool found = runners_read(session->file, &runners);

	if (found && runners.nolder)
		fprintf(stderr, "probes: an older %s is run by %s: nothing is seen of that; start "
			"it again, or trace it by its number\n", session->file,
			(char *)runners.older.data);
	else if (found && !runners.nsame)
		fprintf(stderr, "probes: no process seen runs %s now; those that start later are "
			"traced\n", session->file);
	runners_free(&runners);
}

static void print_attached(const struct tracing *tracing)
{
	struct session_stats stats;

	session_stats(tracing->run, &stats);
	fprintf(stderr, "probes: attached to %zu probe%s at %zu site%s%s\n", stats.probes,
		stats.probes == 1 ? "" : "s", stats.sites, stats.sites == 1 ? "" : "s",
		tracing->command ? "" : "; Ctrl-C ends");
}

static void print_summary(const struct tracing *tracing)
{
	struct session_stats stats;

	session_stats(tracing->run, &stats);
	fflush(stdout);
	fprintf(stderr, "probes: %" PRIu64 " events", stats.kept ? stats.events :
		tracing->handed);
	if (stats.filtered)
		fprintf(stderr, ", %" PRIu64 " left out by the filter", stats.filtered);
	fprintf(stderr, ", %" PRIu64 " lost%s", stats.lost,
		stats.lost ? " (a larger --ring, fewer probes or a --filter helps)" : "");
	if (stats.lost_starts)
		fprintf(stderr, ", %" PRIu64 " ends without their start", stats.lost_starts);
	fputc('\n', stderr);
	if (!stats.multi && stats.sites > MANY_SITES)
		fprintf(stderr, "probes: detaching from %zu sites one by one, as this kernel has "
			"no uprobe_multi links; that takes a while\n", stats.sites);
}

static struct err *run(struct tracing *tracing, const struct tracing_calls *calls,
		       const sigset_t *watched, const sigset_t *mask)
{
	struct gate gate;

	if (!tracing->quiet && !tracing->command)
		print_unseen(&tracing->session);
	TRY(start_command(tracing, mask, &gate));
	struct err *err = privileges_drop(tracing->keep_ptrace);

	if (!err && calls->on_start)
		calls->on_start(calls->context);
	if (!err && !tracing->quiet)
		print_attached(tracing);
	if ((err || tracing->stopping) && tracing->child > 0)
		kill(tracing->child, SIGKILL); /* before it has begun */
	struct err *not_run = open_gate(tracing, &gate);

	if (!err)
		err = not_run;
	else
		err_free(not_run);
	if (!err)
		err = read_events(tracing, calls, watched);
	if (!err && !tracing->quiet)
		print_summary(tracing);
	return err;
}

struct err *tracing_run(struct tracing *tracing, const struct tracing_calls *calls)
{
	sigset_t watched, mask;

	tracing->pidfd = tracing->session.pid ?
			 (int)syscall(SYS_pidfd_open, tracing->session.pid, 0) : -1;
	TRY(session_open(&tracing->session, &tracing->run));
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, &mask);
	struct err *err = run(tracing, calls, &watched, &mask);

	session_free(tracing->run);
	tracing->run = NULL;
	if (tracing->pidfd >= 0)
		close(tracing->pidfd);
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
