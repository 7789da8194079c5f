# SPDX-License-Identifier: MIT
"""page.py PAGE FOLDER: does what docs/own-probes.md shows. Blocks that begin with a comment of
a file's name are that file; in blocks of a console the lines behind "$ COMMAND" are what it
prints, but for times, processes and goroutines.
"""
import os
import re
import subprocess
import sys

MOMENT = re.compile(r"^[0-9:]+\.[0-9]+ +[0-9]+ +[0-9]+ ", re.M)


def run(command, folder):
    command = command.replace("sudo ", "")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    page, folder = open(sys.argv[1]).read(), sys.argv[2]
    commands = 0
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.M | re.S):
        if kind != "console":
            name = text.split("\n")[0].lstrip("/# ")
            with open(os.path.join(folder, name), "w") as file:
                file.write(text if kind == "go" else text.split("\n", 1)[1])
            continue
        for step in text.split("$ ")[1:]:
            command, _, want = step.partition("\n")
            got = MOMENT.sub("", run(command, folder))
            if got != MOMENT.sub("", want):
                sys.exit(f"{command}\nprints\n{got}instead of\n{want}")
            commands += 1
    if commands < 5:
        sys.exit("the page has lost its examples")


main()
