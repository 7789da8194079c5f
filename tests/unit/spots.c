/* SPDX-License-Identifier: MIT */
/* Which in-place sites of a function are taken, and which not. */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "patch/spots.h"

#define AT 0x401000
#define CHECK "\x49\x3b\x66\x10\x76\xfe" /* its branch leads to itself, which does no harm */
#define SITE "\x90\x66\x2e\x0f\x1f\x84\0\0\0\0\0"
#define SMALL "\x90\x0f\x1f\0"
#define FRAME "\x55\x48\x89\xe5\x48\x83\xec\x18"
#define RETURN "\x48\x83\xc4\x18\x5d\xc3"
#define XOR "\x31\xc0"
#define BODY CHECK SITE FRAME XOR

struct sample {
	const char *what;
	const char *code;
	size_t len;
	/* Offsets of the entry's spot and of the first return's; NONE when refused. */
	long entry, first;
	bool entry_inplace, returns_inplace;
	size_t nreturns;
	uint32_t depth; /* of the first return */
	enum refusal entry_why, returns_why, fixed;
	const char *name; /* NULL for "main.F" */
	uint8_t flag;
	bool nosplit;
};

#define NONE -1
#define BYTES(lit) .code = (lit), .len = sizeof(lit) - 1

static const struct sample samples[] = {
	{ "a stack check", BYTES(BODY SITE RETURN), .entry = 6, .entry_inplace = true,
	  .first = 27, .returns_inplace = true, .nreturns = 1, .depth = 32 },
	{ "two returns, a branch to the second's nop",
	  BYTES(BODY "\x74\x11" SITE RETURN SITE RETURN), .entry = 6, .entry_inplace = true,
	  .first = 29, .returns_inplace = true, .nreturns = 2, .depth = 32 },
	{ "no sites", BYTES(CHECK FRAME XOR RETURN), .entry = 6, .first = 16, .nreturns = 1,
	  .depth = 32 },
	{ "a site at the entry only", BYTES(BODY RETURN), .entry = 6, .entry_inplace = true,
	  .first = 27, .nreturns = 1, .depth = 32 },
	{ "sites at returns only", BYTES(CHECK FRAME XOR SITE RETURN), .entry = 6, .first = 16,
	  .returns_inplace = true, .nreturns = 1, .depth = 32 },
	{ "one return without a site", BYTES(BODY "\x74\x11" SITE RETURN RETURN), .entry = 6,
	  .entry_inplace = true, .first = 40, .nreturns = 2, .depth = 32 },
	{ "a branch past the site", BYTES(BODY "\x74\x0b" SITE RETURN), .entry = 6,
	  .entry_inplace = true, .first = 40, .nreturns = 1, .depth = 32 },
	{ "a branch into the site", BYTES(BODY "\x74\x01" SITE RETURN), .entry = 6,
	  .entry_inplace = true, .first = 40, .nreturns = 1, .depth = 32 },
	{ "a branch to the entry's site", BYTES(BODY "\x74\xe9" SITE RETURN), .entry = NONE,
	  .entry_why = REFUSED_NO_FRAME, .first = 29, .returns_inplace = true, .nreturns = 1,
	  .depth = 32 },
	{ "a jump out of the function", BYTES(BODY "\xe9\0\1\0\0" SITE RETURN), .entry = 6,
	  .entry_inplace = true, .first = NONE, .returns_why = REFUSED_TAIL_CALL },
	{ "no return", BYTES(BODY "\x0f\x0b"), .entry = 6, .entry_inplace = true, .first = NONE,
	  .returns_why = REFUSED_NO_RETURN },
	{ "small sites where larger ones belong", BYTES(CHECK SMALL FRAME XOR SMALL RETURN),
	  .entry = NONE, .entry_why = REFUSED_NO_FRAME, .first = NONE,
	  .returns_why = REFUSED_NO_FRAME },

	{ "a leaf", BYTES(SMALL XOR SMALL "\xc3"), .entry = 0, .entry_inplace = true,
	  .first = 6, .returns_inplace = true, .nreturns = 1, .fixed = REFUSED_NO_STACK_CHECK },
	{ "a leaf that loops", BYTES(SMALL "\xff\xc8\x75\xfc" SMALL "\xc3"), .entry = 0,
	  .entry_inplace = true, .first = 8, .returns_inplace = true, .nreturns = 1,
	  .fixed = REFUSED_NO_STACK_CHECK },
	{ "a leaf that loops by its site", BYTES(SMALL "\xff\xc8\x75\xf8" SMALL "\xc3"),
	  .entry = NONE, .entry_why = REFUSED_NO_STACK_CHECK, .first = 8,
	  .returns_inplace = true, .nreturns = 1, .fixed = REFUSED_NO_STACK_CHECK },
	{ "a frame without a stack check", BYTES(SMALL FRAME XOR SMALL RETURN), .entry = 0,
	  .entry_inplace = true, .first = 14, .returns_inplace = true, .nreturns = 1,
	  .depth = 32, .fixed = REFUSED_NO_STACK_CHECK },
	{ "no stack check, a site at the entry only", BYTES(SMALL FRAME XOR RETURN), .entry = 0,
	  .entry_inplace = true, .first = NONE, .returns_why = REFUSED_NO_STACK_CHECK,
	  .fixed = REFUSED_NO_STACK_CHECK },
	{ "the same, which the definition allows", BYTES(SMALL FRAME XOR RETURN), .nosplit = true,
	  .entry = 0, .entry_inplace = true, .first = 14, .nreturns = 1, .depth = 32,
	  .fixed = REFUSED_NO_STACK_CHECK },
	{ "large sites without a stack check", BYTES(SITE FRAME XOR SITE RETURN), .entry = NONE,
	  .entry_why = REFUSED_NO_STACK_CHECK, .first = NONE,
	  .returns_why = REFUSED_NO_STACK_CHECK },

	{ "FIPS 140", BYTES(BODY SITE RETURN), .name = "crypto/internal/fips140/aes.F",
	  .entry = NONE, .entry_why = REFUSED_FIPS, .first = NONE, .returns_why = REFUSED_FIPS },
	{ "assembly", BYTES(BODY SITE RETURN), .flag = GOFUNC_FLAG_ASM, .entry = NONE,
	  .entry_why = REFUSED_NO_STACK_CHECK, .first = NONE,
	  .returns_why = REFUSED_NO_STACK_CHECK },
};

static int failures;

static void expect(const struct sample *sample, const char *what, long got, long want)
{
	if (got == want)
		return;
	printf("not ok - %s: %s: %ld instead of %ld\n", sample->what, what, got, want);
	failures++;
}

static void compare_returns(const struct sample *sample, const struct spots *spots)
{
	expect(sample, "why no returns", spots->returns_refusal, sample->returns_why);
	if (sample->first == NONE)
		return;
	expect(sample, "returns", (long)spots->nreturns, (long)sample->nreturns);
	if (!spots->nreturns)
		return;

	const struct spot *first = spots->returns;

	expect(sample, "first return", (long)(first->addr - AT), sample->first);
	expect(sample, "returns in place", first->inplace, sample->returns_inplace);
	expect(sample, "depth", first->depth, sample->depth);
	if (first->inplace)
		expect(sample, "returns fixed", (long)first->fixed, sample->fixed);
}

static void compare(const struct sample *sample, const struct spots *spots)
{
	expect(sample, "why no entry", spots->entry.refusal, sample->entry_why);
	compare_returns(sample, spots);
	if (sample->entry == NONE)
		return;
	expect(sample, "entry", (long)(spots->entry.addr - AT), sample->entry);
	expect(sample, "entry in place", spots->entry.inplace, sample->entry_inplace);
	expect(sample, "entry's depth", spots->entry.depth, 0);
	if (spots->entry.inplace)
		expect(sample, "entry fixed", (long)spots->entry.fixed, sample->fixed);
}

int main(void)
{
	struct insn_decoder *decoder = insn_decoder_new();

	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *sample = &samples[i];
		Elf64_Phdr text = { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = AT,
				    .p_filesz = sample->len, .p_memsz = sample->len };
		struct image image = { .data = (const uint8_t *)sample->code,
				       .size = sample->len, .phdrs = &text, .phnum = 1 };
		struct gofunc func = { .entry = AT, .end = AT + sample->len,
				       .name = sample->name ? sample->name : "main.F",
				       .flag = sample->flag };
		struct spots spots;

		spots_find(decoder, &image, &func, sample->nosplit, &spots);
		compare(sample, &spots);
		spots_free(&spots);
	}
	insn_decoder_free(decoder);
	return failures != 0;
}
