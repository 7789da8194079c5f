#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""list --json keeps to docs/list.schema.json, for an injected program and for notes of
others, and says the same as list."""
import json
import os
import pathlib
import subprocess
import sys

ROOT, TMP = pathlib.Path(os.environ["ROOT"]), pathlib.Path(os.environ["TEST_TMP"])
PROBES = os.environ["PROBES"]
try:
    import jsonschema
except ImportError:
    print("SKIP: python3-jsonschema is not installed (make deps)")
    sys.exit(77)


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def check(path):
    """The document of one file, checked; returns its only file."""
    schema = json.loads((ROOT / "docs/list.schema.json").read_text())
    document = json.loads(run(PROBES, "list", "--json", str(path)))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert len(document["files"]) == 1 and document["files"][0]["path"] == str(path)
    file = document["files"][0]
    rows = [row.split("\t")[:2] for row in run(PROBES, "list", str(path)).splitlines()]
    assert rows == [[f"{probe['provider']}:{probe['name']}", str(len(probe["sites"]))]
                    for probe in file["probes"]], "list and list --json differ"
    return file


def main():
    app, foreign = TMP / "app", TMP / "foreign"
    env = dict(os.environ, GOFLAGS="", GOTOOLCHAIN="local", GOWORK="off")
    subprocess.run(["go", "build", "-o", app, "main.go"], check=True, env=env,
                   cwd=ROOT / "tests/fixtures/hello")
    subprocess.run([PROBES, "inject", app], check=True, stderr=subprocess.DEVNULL)
    file = check(app)
    assert file["contract"] == 1 and file["go_version"].startswith("go1.")
    for probe in file["probes"]:
        assert probe["args"][0] == {"name": "goid", "type": "uint64", "of": "uint64"}, probe
        for site in probe["sites"]:
            assert len(site["operands"]) == len(probe["args"]), probe
            assert site["tactic"] in ("detour", "note", "note-step", "inline"), site
    print(f"ok - injected program: {len(file['probes'])} probes, one operand an argument")

    subprocess.run(["cc", "-O2", "-o", foreign, ROOT / "tests/fixtures/sdt/app.c"], check=True)
    file = check(foreign)
    assert "contract" not in file and not any("args" in probe for probe in file["probes"])
    print("ok - notes of others")


if __name__ == "__main__":
    sys.exit(main())
