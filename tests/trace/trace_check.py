# SPDX-License-Identifier: MIT
"""trace_check.py SCHEMA LINES TRUTH [SLACK_MS]: the lines of probes trace --spans --json keep to
the schema and are the requests that the load driver made, slow ones at most 20 ms longer than
it says."""
import collections
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as source:
    schema = json.load(source)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
with open(sys.argv[2], encoding="utf-8") as source:
    events = [json.loads(line) for line in source]
with open(sys.argv[3], encoding="utf-8") as source:
    truth = json.load(source)
for event in events:
    validator.validate(event)
got = collections.Counter()
for event in events:
    got[f"{event['args']['method']} {event['args']['uri'].split('?')[0]}"] += 1
    got[f"status {event['args']['status']}"] += 1
counts = truth["modes"]["http"]["counts"]
wanted = {key: n for key, n in counts.items() if key != "requests"}
assert dict(got) == wanted, (got, wanted)
slack = int(sys.argv[4] if len(sys.argv) > 4 else 20) * 1_000_000
slow = [event for event in events if event["args"]["uri"].startswith("/slow")]
known = [e for e in truth["modes"]["http"]["events"] if e["what"].startswith("server")]
assert sorted(e["goid"] for e in slow) == sorted(e["goid"] for e in known), (slow, known)
for event in slow:  # the driver's own clock stands inside the handler
    inner = next(e["ns"] for e in known if e["goid"] == event["goid"])
    assert inner <= event["duration_ns"] < inner + slack, (event, inner)
