/* SPDX-License-Identifier: MIT */
/* Runs a program and keeps its output. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "toolchain/run.h"

enum { CANNOT_RUN = 127 };

/* In the child. Writes errno to `failed` when there is no way on. */
static void become(const struct run *run, int output, int failed)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2 &&
	    (!run->folder || chdir(run->folder) == 0))
		execve(run->argv[0], run->argv, run->env);

	int number = errno;

	if (write(failed, &number, sizeof(number)) < 0)
		_exit(CANNOT_RUN + 1);
	_exit(CANNOT_RUN);
}

static struct err *wait_for(pid_t child, struct ran *ran)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(errno, "waiting for a program");
	ran->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	ran->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return NULL;
}

/* The child's ends of both pipes are closed here. */
static struct err *follow(const struct run *run, pid_t child, int output, int failed,
			  struct ran *ran)
{
	struct buf number = { 0 };

	buf_read(&number, failed, SIZE_MAX - 1);
	buf_read(&ran->output, output, SIZE_MAX - 1);
	buf_u8(&ran->output, 0);
	ran->output.len--;

	struct err *err = wait_for(child, ran);

	if (!err && number.len == sizeof(int))
		err = err_sys(*(const int *)(const void *)number.data, "%s: cannot be run",
			      run->argv[0]);
	buf_free(&number);
	return err;
}

struct err *run_program(const struct run *run, struct ran *ran_ret)
{
	int output[2], failed[2];

	*ran_ret = (struct ran){ .exit_code = -1 };
	if (pipe2(output, O_CLOEXEC) < 0)
		return err_sys(errno, "%s: cannot make a pipe", run->argv[0]);
	if (pipe2(failed, O_CLOEXEC) < 0) {
		struct err *err = err_sys(errno, "%s: cannot make a pipe", run->argv[0]);

		close(output[0]);
		close(output[1]);
		return err;
	}

	pid_t child = fork();
	struct err *err = child < 0 ? err_sys(errno, "%s: cannot start", run->argv[0]) : NULL;

	if (child == 0)
		become(run, output[1], failed[1]);
	close(output[1]);
	close(failed[1]);
	if (!err)
		err = follow(run, child, output[0], failed[0], ran_ret);
	close(output[0]);
	close(failed[0]);
	return err;
}
