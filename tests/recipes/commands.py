#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the shell commands of a recipe, for an ARCH: commands.py KIND FILE ARCH

KIND docker: the RUN lines, once all stages that are named have been found to exist before.
KIND goreleaser: the post hooks, with .Path as $program and .CommitTimestamp as 1700000000.
KIND bazel: the command of the genrule, with its input as $plain and its output as $program.
"""
import ast
import re
import sys

import yaml


def docker(text, _arch):
    """RUN lines of all stages; FROM and COPY --from may name earlier stages and ARGs only."""
    stages, variables = set(), {"BUILDPLATFORM"}
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ").splitlines()
    for line in filter(None, lines):
        word, rest = line.split(None, 1)
        variables.update([rest.split("=")[0]] if word == "ARG" else [])
        for name in re.findall(r"\$\{?(\w+)", rest if word == "FROM" else ""):
            assert name in variables, f"no ARG {name} before: {line}"
        for name in re.findall(r"--from=(\S+)", rest if word == "COPY" else ""):
            assert name in stages, f"no stage {name} before: {line}"
        if word == "RUN":
            yield re.sub(r"^(--\S+\s+)*", "", rest)
        stages.update(re.findall(r"(?i)\sas\s+(\S+)$", rest) if word == "FROM" else [])


def goreleaser(text, arch):
    """The post hooks of the only build, their templates worked out."""
    (build,) = yaml.safe_load(text)["builds"]
    for hook in build["hooks"]["post"]:
        line = re.sub(r'{{ if eq \.Arch "(\w+)" }}(.*?){{ else }}(.*?){{ end }}',
                      lambda m: m[2] if m[1] == arch else m[3], hook["cmd"])
        line = line.replace("{{ .Path }}", "$program")
        line = line.replace("{{ .CommitTimestamp }}", "1700000000")
        assert "{{" not in line, line
        yield line


def bazel(text, arch):
    """The command of the only genrule: BUILD files are Python as far as they go."""
    (rule,) = [node.value for node in ast.parse(text).body
               if isinstance(node, ast.Expr) and node.value.func.id == "genrule"]
    attributes = {word.arg: word.value for word in rule.keywords}
    (tool,) = ast.literal_eval(attributes["tools"])
    choice = attributes["cmd"].args[0]
    cpu = {"amd64": "@platforms//cpu:x86_64"}.get(arch, "//conditions:default")
    (line,) = [eval(compile(ast.Expression(value), "cmd", "eval"))  # a sum of strings
               for key, value in zip(choice.keys, choice.values) if key.value == cpu]
    for name, value in {f"$(execpath {tool})": "probes", "$<": "$plain", "$@": "$program"}.items():
        line = line.replace(name, value)
    assert "$(" not in line, line
    yield line


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as opened:
        print("\n".join(globals()[sys.argv[1]](opened.read(), sys.argv[3])))
