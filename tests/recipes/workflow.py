#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the `run:` steps of a GitHub workflow in this folder: workflow.py FILE RUNNER_TEMP
NAME=VALUE... gives matrix.NAME, and environment variables in place of the workflow's own.

Each step runs as on a runner without a shell: line, `bash -e`; GITHUB_PATH works; steps with
`apt-get` are left out, because a test installs nothing. Conditions may be matrix.NAME == 'VALUE'.
"""
import os
import re
import subprocess
import sys

import yaml


def environment(given, variables):
    """The variables as text, the expressions ${{ matrix.NAME }} in them worked out."""
    return {name: re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda m: given[m[1]], str(value))
            for name, value in (variables or {}).items()}


def main(path, temp, *arguments):
    """Stops with the exit code of the first step that fails."""
    given = dict(argument.split("=", 1) for argument in arguments)
    with open(path, encoding="utf-8") as text:
        workflow = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()
    paths = os.path.join(temp, "path")
    for step in job["steps"]:
        run = step.get("run")
        condition = re.fullmatch(r"matrix\.(\w+) == '(.*)'", step.get("if", ""))
        if not run or "apt-get" in run or condition and given[condition[1]] != condition[2]:
            continue
        env = dict(os.environ, RUNNER_TEMP=temp, GITHUB_PATH=paths, GITHUB_SHA="1.2.3")
        for variables in workflow.get("env"), job.get("env"), step.get("env"):
            env.update(environment(given, variables))
        env.update((name, given[name]) for name in workflow.get("env", {}) if name in given)
        if os.path.exists(paths):
            with open(paths, encoding="utf-8") as text:
                env["PATH"] = ":".join(text.read().split()[::-1] + [env["PATH"]])
        print("##", step.get("name", run), flush=True)
        code = subprocess.run(["bash", "-e", "-c", run], env=env, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
