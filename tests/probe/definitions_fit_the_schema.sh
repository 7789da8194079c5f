#!/bin/bash
# SPDX-License-Identifier: MIT
# Every definition file fits schema.json, and so does the example of the description, which
# `probes` reads too.
. "$(dirname "$0")/../lib.sh"
cd "$ROOT/stdlib-probes"
sed -n '/^```yaml$/,/^```$/{/^```/d;p}' README.md >"$TEST_TMP/example.yaml"
"$PROBES" catalog -d "$TEST_TMP/example.yaml" >"$TEST_TMP/out"
expect_match "$TEST_TMP/out" checkout_start

python3 -c 'import jsonschema, yaml' 2>/dev/null || skip 'no python3-jsonschema and python3-yaml'
python3 - "$TEST_TMP/example.yaml" ./*.yaml compat/*.yaml \
	../tests/fixtures/own/probes.yaml ../tests/fixtures/own/internal/tree/probes.yaml <<'END'
import json, sys
import jsonschema, yaml

schema = json.load(open("schema.json"))
for path in sys.argv[1:]:
    for document in yaml.safe_load_all(open(path)):
        jsonschema.validate(document, schema)
END
