# SPDX-License-Identifier: MIT
# Builds build/probes and runs what uses it; `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
all:

# Targets that must work before ./configure has run, or that call make again after it.
EARLY := deps demo check bench clean help
ifneq ($(if $(MAKECMDGOALS),$(filter-out $(EARLY),$(MAKECMDGOALS)),all),)
include config.mk
endif
config.mk: configure
	./configure $(CONFIGURE_ARGS)

ifdef V
Q :=
say := @:
else
Q := @
say = @printf '  %-8s%s\n'
endif

ifeq ($(SAN),1)
BUILD := build/san
override CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else
BUILD := build
endif

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror
STD := -std=gnu11 $(WARN) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
INC := -I. -Ilinker-pass -Itools -isystem $(BUILD)
LIBS := -lelf -ldw -lZydis -lyaml -lcjson -lz -lmd -lm -pthread -ldl

PASS_SRCS := $(sort $(wildcard linker-pass/*/*.c))
# What reads notes, then what traces, which is left out where the BPF toolchain is missing.
TOOL_SRCS := $(sort $(wildcard tools/*.c tools/oci/*.c)) \
	tracer/listing.c tracer/mapped.c tracer/suggest.c
LIVE_SRCS := $(filter-out $(TOOL_SRCS),$(sort $(wildcard tracer/*.c tools/live/*.c)))
ifeq ($(HAVE_BPF),1)
TOOL_SRCS += $(filter-out %.bpf.c,$(LIVE_SRCS))
STD += -DHAVE_BPF
# libcurl, libmicrohttpd and libzstd are opened where they are needed: they load slowly.
LIBS += -lbpf -lcap
endif
UNIT_SRCS := $(sort $(wildcard tests/unit/*.c))
# Definitions, layout data and patches that become a part of the program; folders stand for
# removals.
EMBEDDED := $(sort $(wildcard stdlib-probes/*.yaml)) $(wildcard stdlib-probes/layouts/amd64.txt) \
	$(sort $(wildcard linker-pass/toolchain/*.patch))
PASS_OBJS := $(PASS_SRCS:%.c=$(BUILD)/%.o) $(BUILD)/embed.o
# Tools of bpf-scripts/: NAME.bpf.c runs in the kernel, NAME.c shows what it hands out.
ifeq ($(HAVE_BPF),1)
SCRIPTS := $(patsubst %.bpf.c,$(BUILD)/%,$(sort $(wildcard bpf-scripts/*.bpf.c)))
endif
FRONT_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bpf-scripts/common*.c) \
	$(filter linker-pass/base/% linker-pass/elf/% linker-pass/go/%,$(PASS_SRCS)))
TOOL_OBJS := $(TOOL_SRCS:%.c=$(BUILD)/%.o)
UNIT_OBJS := $(UNIT_SRCS:%.c=$(BUILD)/%.o)
UNITS := $(UNIT_SRCS:tests/unit/%.c=$(BUILD)/tests/%)

all: $(BUILD)/probes $(SCRIPTS)

$(BUILD)/probes: $(PASS_OBJS) $(TOOL_OBJS)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--build-id -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c config.mk
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(CFLAGS) $(INC) -MMD -MP -c -o $@ $<

# A BPF program, and the header by which libbpf's users load it.
$(BUILD)/%.bpf.o: %.bpf.c config.mk
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -target bpf -O2 -g -Wall -Werror -I. -I/usr/include/$(shell uname -m)-linux-gnu \
		-D__TARGET_ARCH_x86 -MMD -MP -c -o $@ $<

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$(subst .bpf,,$(basename $(<F)))) >$@

$(BUILD)/tracer/load.o $(BUILD)/tracer/session.o: $(BUILD)/tracer/events.skel.h

$(SCRIPTS:=.o): %.o: %.skel.h
$(SCRIPTS): %: %.o $(FRONT_OBJS)
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/tracer/flame.o: tracer/flame.html

$(BUILD)/embed.c: tools/embed.sh $(EMBEDDED) stdlib-probes linker-pass/toolchain
	$(say) EMBED $@
	$(Q)mkdir -p $(@D)
	$(Q)tools/embed.sh $(EMBEDDED) >$@

$(BUILD)/embed.o: $(BUILD)/embed.c
	$(say) CC $@
	$(Q)$(CC) $(STD) $(CFLAGS) $(INC) -MMD -MP -c -o $@ $<

unit: $(UNITS)
$(BUILD)/tests/stats: $(BUILD)/tools/live/stats.o $(BUILD)/tools/live/tally.o
$(BUILD)/tests/export: $(BUILD)/tracer/value.o $(patsubst %,$(BUILD)/tools/live/%.o, \
	traceparent lineage metrics statement container)
$(BUILD)/tests/rows: $(patsubst %,$(BUILD)/tools/live/%.o,stats dist heat) $(BUILD)/tracer/value.o
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(PASS_OBJS)
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/chrome: $(addprefix $(BUILD)/tracer/,chrome.o chrome_write.o lanes.o value.o)
$(BUILD)/tests/lanes: $(BUILD)/tracer/lanes.o
$(BUILD)/tests/when: $(BUILD)/tools/live/when.o
$(BUILD)/tests/texts: $(BUILD)/tracer/value.o

-include $(PASS_OBJS:.o=.d) $(TOOL_OBJS:.o=.d) $(UNIT_OBJS:.o=.d) $(SCRIPTS:=.d) \
	$(SCRIPTS:=.bpf.d) $(FRONT_OBJS:.o=.d)

deps:
	@tools/deps.sh

# The two commands of a fresh clone: install what is missing, build, run. Attaching needs
# root; the build does not, so only the last step goes through sudo.
ROOTLY = $(if $(filter 0,$(shell id -u)),,sudo env "PATH=$$PATH:/usr/sbin:/sbin")
READY = @set -e; echo '== packages'; tools/deps.sh; echo '== build'; \
	$(MAKE) $(if $(V),,-s) --no-print-directory SAN=$(SAN) V=$(V) all unit; \
	PROBES="$(CURDIR)/$(BUILD)/probes"; UNIT="$(CURDIR)/$(BUILD)/tests"
PASSED = PROBES="$$PROBES" UNIT="$$UNIT" SAN="$(SAN)" GOPROXY="$$GOPROXY"

demo:
	$(READY); echo '== demo'; $(ROOTLY) env $(PASSED) tools/demo.sh

check:
	$(READY); echo '== tests'; set -f; $(ROOTLY) env $(PASSED) tests/run $(TESTS)

bench:
	$(READY); echo '== bench'; $(ROOTLY) env $(PASSED) tests/bench/run

docs: all
	$(BUILD)/probes catalog --markdown >docs/probes.md

# One toolchain (a release, a path), or all that were measured before.
layouts: $(BUILD)/probes $(BUILD)/tests/dump_layout $(BUILD)/tests/dump_gobin
	$(Q)PROBES='$(CURDIR)/$(BUILD)/probes' UNIT='$(CURDIR)/$(BUILD)/tests' \
		stdlib-probes/layouts/measure.py $(GO)

SHARE = $(DESTDIR)$(DATADIR)/goprobes
install: all
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(MANDIR)/man1' \
		'$(SHARE)/stdlib-probes/compat'
	install -m 755 $(BUILD)/probes '$(DESTDIR)$(BINDIR)/probes'
	ln -sf probes '$(DESTDIR)$(BINDIR)/probes-toolexec'
	install -m 644 docs/probes.1 '$(DESTDIR)$(MANDIR)/man1/probes.1'
	install -m 644 $(wildcard stdlib-probes/*.yaml stdlib-probes/*.json) \
		'$(SHARE)/stdlib-probes'
	install -m 644 $(wildcard stdlib-probes/compat/*.yaml) '$(SHARE)/stdlib-probes/compat'
	install -d '$(SHARE)/bpf-scripts/examples'
	$(if $(SCRIPTS),install -m 755 $(SCRIPTS) '$(DESTDIR)$(BINDIR)')
	install -m 755 $(filter-out %/gobcc.py,$(wildcard bpf-scripts/*.py)) '$(SHARE)/bpf-scripts'
	install -m 755 bpf-scripts/launch.sh $(wildcard bpf-scripts/*.bt) '$(SHARE)/bpf-scripts'
	install -m 644 bpf-scripts/gobcc.py bpf-scripts/README.md '$(SHARE)/bpf-scripts'
	install -m 644 $(wildcard bpf-scripts/examples/*) '$(SHARE)/bpf-scripts/examples'
	install -d '$(SHARE)/docs'
	install -m 644 $(wildcard docs/*.md docs/*.json) '$(SHARE)/docs'

uninstall:
	rm -f $(patsubst %,'$(DESTDIR)$(BINDIR)/%',$(notdir $(SCRIPTS)))
	rm -f '$(DESTDIR)$(BINDIR)/probes' '$(DESTDIR)$(BINDIR)/probes-toolexec' \
		'$(DESTDIR)$(MANDIR)/man1/probes.1'
	rm -rf '$(SHARE)'

clean:
	rm -rf build

help:
	@echo 'make             build build/probes (configures first where needed)'
	@echo 'make deps        install the packages that build, demo and tests need'
	@echo 'make demo        rewrite a real Go server and watch its requests with bpftrace'
	@echo 'make check       run the tests; TESTS="pattern..." runs only those that match'
	@echo 'make bench       measure speed and size against plain tools'
	@echo 'make docs        write docs/probes.md from the definitions'
	@echo 'make layouts     measure struct offsets: GO=1.28.0 or GO=/path/to/go, or all again'
	@echo 'make install     below PREFIX (./configure --prefix=DIR), DESTDIR respected'
	@echo 'make uninstall   remove what install put there'
	@echo 'make clean       remove build/'
	@echo 'V=1 shows the commands; SAN=1 builds with ASan and UBSan in build/san'

.PHONY: all unit docs layouts deps demo check bench install uninstall clean help
