#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures all releases of amd64.txt again: `make layouts`.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
exec make -s -C "$root" layouts
