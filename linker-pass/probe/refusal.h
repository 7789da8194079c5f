/* SPDX-License-Identifier: MIT */
/* Why a probe or a site was not made: data, not errors. Spelled once, printed everywhere. */
#ifndef PROBE_REFUSAL_H
#define PROBE_REFUSAL_H

/* X(enumerator, id used in JSON and tests, sentence for people) */
#define REFUSALS(X)                                                                          \
	X(NONE, "none", "not refused")                                                       \
	X(VERSION, "go-version", "this Go version does not offer it")                        \
	X(NOT_IN_BINARY, "not-in-binary", "function not in this binary (dead code or inlined)") \
	X(LAYOUT, "layout-unknown", "struct layout not known for this Go version")           \
	X(DWARF_MISMATCH, "dwarf-mismatch", "definition and DWARF disagree")                 \
	X(NO_STACK_CHECK, "no-stack-check", "no stack check (nosplit or assembly)")          \
	X(NO_FRAME, "no-frame", "no frame set-up the rewriter knows")                        \
	X(NO_ROOM, "no-room", "fewer than 5 bytes can be displaced")                         \
	X(BRANCH_INTO, "branch-into-site", "a branch leads into the displaced bytes")        \
	X(NOT_MOVABLE, "not-movable", "displaced bytes depend on their position")            \
	X(UNKNOWN_CODE, "unknown-code", "function holds bytes that are no known instruction") \
	X(NO_RETURN, "no-return", "function never returns")                                  \
	X(TAIL_CALL, "tail-call", "function also leaves by a jump to another function")       \
	X(FIPS, "fips140", "inside the integrity-checked FIPS 140 range")                    \
	X(NEEDS_TRAMPOLINE, "needs-trampoline", "its arguments need a trampoline")             \
	X(TOO_FAR, "too-far", "more than 2 GiB between function and trampoline")             \
	X(NO_DWARF, "no-dwarf", "its types are not known: no DWARF, and no signature")       \
	X(OTHER_WORDS, "other-words", "its arguments are not those of the probe's other places")

enum refusal {
#define X(name, id, text) REFUSED_##name,
	REFUSALS(X)
#undef X
};

const char *refusal_id(enum refusal refusal);
const char *refusal_text(enum refusal refusal);

#endif
