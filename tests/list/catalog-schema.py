#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""catalog --json keeps to docs/catalog.schema.json, with the definitions in compat too."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(os.environ["ROOT"])
try:
    import jsonschema
except ImportError:
    print("SKIP: python3-jsonschema is not installed (make deps)")
    sys.exit(77)


def catalog(*options):
    """provider:name -> probe, of a document that is checked."""
    schema = json.loads((ROOT / "docs/catalog.schema.json").read_text(encoding="utf-8"))
    document = json.loads(subprocess.run([os.environ["PROBES"], "catalog", "--json", *options],
                                         check=True, stdout=subprocess.PIPE).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    return {p["provider"] + ":" + p["name"]: p for p in document["probes"]}


def main():
    builtin = catalog()
    assert all(probe["goid"] for probe in builtin.values())
    print(f"ok - {len(builtin)} probes")
    both = catalog("-d", ROOT / "stdlib-probes/compat/usdt-fork.yaml")
    fork = {name: probe for name, probe in both.items() if not probe["goid"]}
    assert len(fork) == 15, sorted(fork)
    assert len(both) == len(set(builtin) | set(fork))
    words = {name: sum(2 if arg["type"] == "string" else 1 for arg in probe["args"])
             for name, probe in fork.items()}
    assert sorted(words.values()) == [0] * 5 + [1] * 5 + [2] * 3 + [4] * 2, words
    print("ok - the 15 probes of compat, with their 0 to 4 words, in the place of namesakes")


if __name__ == "__main__":
    main()
