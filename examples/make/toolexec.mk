# SPDX-License-Identifier: MIT
# The same with the linker pass inside `go build`: make -f toolexec.mk
PROBES ?= probes
VERSION ?= dev
ARCHES ?= amd64 arm64
PROGRAMS := $(ARCHES:%=dist/greeter-linux-%)
export CGO_ENABLED := 0

all: $(PROGRAMS) dist/SHA256SUMS

.DELETE_ON_ERROR:

# go knows what is out of date, also when `probes` or definitions of probes have changed.
# Programs for other machines are built without probes, which --strict takes for a failure.
STRICT = $(if $(filter amd64,$*),--strict)
dist/greeter-linux-%: FORCE
	GOOS=linux GOARCH=$* go build -toolexec='$(PROBES) toolexec $(STRICT)' -trimpath \
		-ldflags='-s -w -X main.Version=$(VERSION)' -o $@ .

dist/SHA256SUMS: $(PROGRAMS)
	cd dist && sha256sum $(notdir $(PROGRAMS)) >$(@F)

check: dist/greeter-linux-amd64
	$(PROBES) verify $<
	$(PROBES) list --json $< >$<.probes.json

clean:
	rm -rf dist

.PHONY: all check clean FORCE
