# SPDX-License-Identifier: MIT
"""The areas of the fixture: modes with probes of their own, areas/NAME.json beside this file.

"probes" are patterns of the probes that are traced in this mode and in no other, "also" of
such as are traced in others, too; "counts" says how counts are compared (expect.json); with
"kinds" the probes are only for these builds.
"""
import fnmatch
import json
import pathlib


def read():
    """Name -> area."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in pathlib.Path(__file__).with_name("areas").glob("*.json")}


def among(probe, patterns):
    """Whether one of the patterns is for "provider:name"."""
    return any(fnmatch.fnmatchcase(probe, pattern) for pattern in patterns)
