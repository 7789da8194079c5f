/* SPDX-License-Identifier: MIT */
/*
 * The encoder against <sys/sdt.h>: this program holds notes that the header makes for
 * arguments in known registers and memory places, and writes the same notes itself from
 * struct operand. Bytes must be equal, sizes, names, text and padding included.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAP_SDT_ARG_CONSTRAINT nr
#include <sys/sdt.h>

#include "elf/sdt.h"

/* Unless pinned variables stay pinned, a sanitizer's checks come between them and the note. */
#define PLAIN __attribute__((noinline, no_sanitize("address", "undefined")))
#define PIN(type, name) register type name __asm__(#name) = (type)seed
#define HOLD(name) __asm__ volatile("" : "+r"(name))

PLAIN static void registers_of_8(long seed)
{
	PIN(uint64_t, rax);
	PIN(uint64_t, rcx);
	PIN(int64_t, rdx);
	PIN(uint64_t, rbx);
	PIN(uint64_t, rsi);
	PIN(uint64_t, rdi);
	STAP_PROBE6(unit, low, rax, rcx, rdx, rbx, rsi, rdi);
	PIN(uint64_t, r8);
	PIN(uint64_t, r9);
	PIN(uint64_t, r10);
	PIN(int64_t, r11);
	PIN(uint64_t, r12);
	PIN(uint64_t, r13);
	PIN(uint64_t, r14);
	PIN(uint64_t, r15);
	STAP_PROBE8(unit, high, r8, r9, r10, r11, r12, r13, r14, r15);
}

PLAIN static void registers_of_4(long seed)
{
	PIN(uint32_t, rax);
	PIN(int32_t, rbx);
	PIN(uint32_t, rdi);
	PIN(uint32_t, r9);
	PIN(int32_t, r14);
	STAP_PROBE5(unit, dword, rax, rbx, rdi, r9, r14);
}

PLAIN static void small_registers(long seed)
{
	PIN(uint16_t, rcx);
	PIN(int16_t, rsi);
	PIN(uint8_t, rax);
	PIN(int8_t, rdi);
	PIN(uint8_t, r8);
	PIN(uint16_t, r15);
	STAP_PROBE6(unit, small, rcx, rsi, rax, rdi, r8, r15);
}

PLAIN static void constants(void)
{
	STAP_PROBE3(unit, constants, 0, -7, 1234567890123);
	STAP_PROBE(a, b);
	STAP_PROBE1(odd_length, three, 1U);
}

#undef STAP_SDT_ARG_CONSTRAINT
#define STAP_SDT_ARG_CONSTRAINT o

struct place {
	uint64_t zero;
	uint8_t eight;
	int16_t ten;
	uint32_t twelve;
	int64_t far[100];
};

PLAIN static void memory(struct place *seed)
{
	PIN(struct place *, rdi);
	PIN(struct place *, r14);
	HOLD(rdi);
	HOLD(r14);
	STAP_PROBE6(unit, memory, rdi->eight, rdi->ten, r14->twelve, r14->far[0], rdi->far[99],
		    r14[-1].far[99]);
	STAP_PROBE1(unit, zero_offset, rdi->zero);
}

#define R(size, reg) { OPERAND_REG, size, REG_##reg, 0 }
#define M(size, off, reg) { OPERAND_MEM, size, REG_##reg, off }
#define C(size, value) { OPERAND_CONST, size, REG_NONE, value }

static const struct expected {
	const char *provider, *name;
	int nargs;
	struct operand args[12];
} expected[] = {
	{ "unit", "low", 6, { R(8, RAX), R(8, RCX), R(-8, RDX), R(8, RBX), R(8, RSI),
			      R(8, RDI) } },
	{ "unit", "high", 8, { R(8, R8), R(8, R9), R(8, R10), R(-8, R11), R(8, R12), R(8, R13),
			       R(8, R14), R(8, R15) } },
	{ "unit", "dword", 5, { R(4, RAX), R(-4, RBX), R(4, RDI), R(4, R9), R(-4, R14) } },
	{ "unit", "small", 6, { R(2, RCX), R(-2, RSI), R(1, RAX), R(-1, RDI), R(1, R8),
				R(2, R15) } },
	{ "unit", "constants", 3, { C(-4, 0), C(-4, -7), C(-8, 1234567890123) } },
	{ "a", "b", 0, { { 0 } } },
	{ "odd_length", "three", 1, { C(4, 1) } },
	{ "unit", "memory", 6, { M(1, 8, RDI), M(-2, 10, RDI), M(4, 12, R14), M(-8, 16, R14),
				 M(-8, 808, RDI), M(-8, -8, R14) } },
	{ "unit", "zero_offset", 1, { M(8, 0, RDI) } },
};

enum { NEXPECTED = sizeof(expected) / sizeof(expected[0]) };

struct check {
	struct buf mine; /* all notes, in the order of the file, as the encoder writes them */
	int found, failures;
};

static void put_args(struct buf *args, const struct expected *want)
{
	for (int i = 0; i < want->nargs; i++) {
		if (i)
			buf_u8(args, ' ');
		sdt_put_operand(args, &want->args[i]);
	}
	buf_u8(args, 0);
}

/* The decoder must find the operands again, and their text must be that of the header. */
static void check_args(struct check *check, const struct expected *want, const char *theirs,
		       const char *mine)
{
	const char *text = theirs;
	struct operand op;
	bool known;

	for (int i = 0; i < want->nargs; i++)
		if (!sdt_parse_operand(&text, &op, &known) || memcmp(&op, &want->args[i],
								     sizeof(op))) {
			printf("%s: argument %d of '%s' is read wrong\n", want->name, i, theirs);
			check->failures++;
		}
	if (sdt_parse_operand(&text, &op, &known) || *text) {
		printf("%s: '%s' does not end\n", want->name, theirs);
		check->failures++;
	}
	/* The one intended difference: see sdt_put_operand(). */
	if (!strcmp(want->name, "zero_offset") && !strcmp(theirs, "8@(%rdi)"))
		theirs = "8@0(%rdi)";
	if (strcmp(theirs, mine)) {
		printf("%s: <sys/sdt.h> writes '%s', the encoder '%s'\n", want->name, theirs, mine);
		check->failures++;
	}
}

static bool check_note(const struct sdt_note *note, void *arg)
{
	struct check *check = arg;

	for (int i = 0; i < NEXPECTED; i++) {
		struct buf args = { 0 };
		struct sdt_note mine = *note;

		if (strcmp(note->provider, expected[i].provider) ||
		    strcmp(note->name, expected[i].name))
			continue;
		put_args(&args, &expected[i]);
		check_args(check, &expected[i], note->args, (const char *)args.data);
		if (strcmp(note->name, "zero_offset"))
			mine.args = (const char *)args.data;
		sdt_put_note(&check->mine, &mine);
		check->found++;
		buf_free(&args);
		return true;
	}
	printf("unexpected note %s:%s\n", note->provider, note->name);
	check->failures++;
	return true;
}

static int check_bytes(const struct image *image, const struct check *check)
{
	const Elf64_Shdr *shdr = image_section(image, ".note.stapsdt");
	const uint8_t *bytes = shdr ? image_section_data(image, shdr) : NULL;

	if (!bytes || shdr->sh_size != check->mine.len) {
		printf("the section has %zu bytes, the encoder wrote %zu\n",
		       shdr ? (size_t)shdr->sh_size : 0, check->mine.len);
		return 1;
	}
	for (size_t i = 0; i < check->mine.len; i++)
		if (bytes[i] != check->mine.data[i]) {
			printf("byte %zu of the section differs\n", i);
			return 1;
		}
	return 0;
}

int main(void)
{
	struct place places[2] = { { 0 } };
	struct check check = { 0 };
	struct image *image;

	registers_of_8(1);
	registers_of_4(1);
	small_registers(1);
	constants();
	memory(&places[1]);

	struct err *err = image_open("/proc/self/exe", &image);

	if (!err)
		err = sdt_each(image, check_note, &check);
	if (err) {
		puts(err->message);
		return 1;
	}
	check.failures += check_bytes(image, &check);
	if (check.found != NEXPECTED) {
		printf("%d of %d notes found\n", check.found, NEXPECTED);
		check.failures++;
	}
	buf_free(&check.mine);
	image_close(image);
	return check.failures != 0;
}
