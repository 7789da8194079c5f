/* SPDX-License-Identifier: MIT */
/* Runs the tools of the Go toolchain. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmd.h"
#include "toolexec_run.h"

/* The tool that runs, for the handler: a signal that reaches us is meant for it. */
static volatile sig_atomic_t running;

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

enum { NPASSED = sizeof(passed_on) / sizeof(passed_on[0]) };

/* How signals were handled before. */
struct signals {
	struct sigaction actions[NPASSED];
	sigset_t blocked;
};

static void pass_on(int signal)
{
	if (running > 0)
		kill((pid_t)running, signal);
}

int toolexec_become(char *const *argv)
{
	execvp(argv[0], argv);
	return cmd_report(err_sys(errno, "cannot run %s", argv[0]));
}

/* Signals wait until it is known whom to pass them on to; ignored ones stay ignored. */
static void take_signals(struct signals *old)
{
	struct sigaction action = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < NPASSED; i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, &old->blocked);
	for (int i = 0; i < NPASSED; i++) {
		sigaction(passed_on[i], NULL, &old->actions[i]);
		if (old->actions[i].sa_handler != SIG_IGN)
			sigaction(passed_on[i], &action, NULL);
	}
}

static void give_signals_back(const struct signals *old)
{
	for (int i = 0; i < NPASSED; i++)
		sigaction(passed_on[i], &old->actions[i], NULL);
}

/* Waits for the tool; its exit code, or ours when a signal ended it. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return cmd_report(err_sys(errno, "cannot wait for a tool"));
	running = 0;
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

/* Gives the new process its output: the pipe's end, nothing, or ours. */
static void direct_output(const int ends[2], bool quiet)
{
	int null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	if (ends[1] >= 0)
		dup2(ends[1], STDOUT_FILENO);
}

static pid_t start(char *const *argv, const int ends[2], bool quiet, const struct signals *old)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	give_signals_back(old);
	sigprocmask(SIG_SETMASK, &old->blocked, NULL);
	direct_output(ends, quiet);
	_exit(toolexec_become(argv));
}

int toolexec_run(char *const *argv, char **output_ret, bool quiet)
{
	int ends[2] = { -1, -1 }, code;
	struct signals old;
	struct buf out = { 0 };

	if (output_ret && pipe2(ends, O_CLOEXEC))
		return cmd_report(err_sys(errno, "cannot make a pipe"));
	fflush(NULL);
	take_signals(&old);

	pid_t pid = start(argv, ends, quiet, &old);

	running = pid > 0 ? pid : 0;
	code = pid > 0 ? 0 : cmd_report(err_sys(errno, "cannot start %s", argv[0]));
	sigprocmask(SIG_SETMASK, &old.blocked, NULL);
	if (output_ret) {
		close(ends[1]);
		if (pid > 0)
			buf_read(&out, ends[0], SIZE_MAX - 1);
		buf_u8(&out, 0);
		*output_ret = (char *)out.data;
		close(ends[0]);
	}
	if (pid > 0)
		code = wait_for(pid);
	give_signals_back(&old);
	return code;
}
