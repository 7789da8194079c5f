/* SPDX-License-Identifier: MIT */
/* NT_STAPSDT notes and their argument text, both ways. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "elf/note.h"
#include "elf/sdt.h"

#define SDT_SECTION ".note.stapsdt"
#define SDT_OWNER "stapsdt"
#define NT_STAPSDT_TYPE 3

enum { NREGS = REG_R15 + 1 };

static const char *const reg_names[4][NREGS] = {
	{ "%rax", "%rcx", "%rdx", "%rbx", "%rsp", "%rbp", "%rsi", "%rdi", "%r8", "%r9", "%r10",
	  "%r11", "%r12", "%r13", "%r14", "%r15" },
	{ "%eax", "%ecx", "%edx", "%ebx", "%esp", "%ebp", "%esi", "%edi", "%r8d", "%r9d",
	  "%r10d", "%r11d", "%r12d", "%r13d", "%r14d", "%r15d" },
	{ "%ax", "%cx", "%dx", "%bx", "%sp", "%bp", "%si", "%di", "%r8w", "%r9w", "%r10w",
	  "%r11w", "%r12w", "%r13w", "%r14w", "%r15w" },
	{ "%al", "%cl", "%dl", "%bl", "%spl", "%bpl", "%sil", "%dil", "%r8b", "%r9b", "%r10b",
	  "%r11b", "%r12b", "%r13b", "%r14b", "%r15b" },
};

const char *sdt_reg_name(enum reg reg, int size)
{
	int bytes = abs(size);

	if (reg == REG_ENTRY_SP)
		return "%entry_sp";
	if ((unsigned)reg >= NREGS)
		return "%none";
	return reg_names[bytes == 1 ? 3 : bytes == 2 ? 2 : bytes == 4 ? 1 : 0][reg];
}

void sdt_put_note(struct buf *out, const struct sdt_note *note)
{
	size_t begin = note_begin(out, SDT_OWNER, NT_STAPSDT_TYPE);

	buf_u64(out, note->pc);
	buf_u64(out, note->base);
	buf_u64(out, note->semaphore);
	buf_str(out, note->provider);
	buf_str(out, note->name);
	buf_str(out, note->args);
	note_end(out, begin);
}

void sdt_put_operand(struct buf *out, const struct operand *op)
{
	switch (op->kind) {
	case OPERAND_CONST:
		buf_printf(out, "%d@$%" PRId64, op->size, op->value);
		break;
	case OPERAND_REG:
		buf_printf(out, "%d@%s", op->size, sdt_reg_name(op->reg, op->size));
		break;
	case OPERAND_MEM:
		/* The compiler behind <sys/sdt.h> leaves out an offset of 0, but libbpf before
		 * 1.3 cannot read "8@(%rdi)"; every reader takes "8@0(%rdi)". */
		buf_printf(out, "%d@%" PRId64 "(%s)", op->size, op->value,
			   sdt_reg_name(op->reg, 8));
		break;
	}
}

static bool parse_reg(const char *text, size_t len, bool address, enum reg *reg_ret)
{
	for (int width = 0; width < (address ? 1 : 4); width++)
		for (int reg = 0; reg < NREGS; reg++) {
			const char *name = reg_names[width][reg];

			if (strlen(name) == len && !memcmp(name, text, len)) {
				*reg_ret = (enum reg)reg;
				return true;
			}
		}
	return false;
}

/* A whole decimal or 0x number at `text`; *end_ret is behind it. */
static bool parse_number(const char *text, int64_t *value_ret, const char **end_ret)
{
	char *end;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	long long value = strtoll(text, &end, 0);

	if (errno) {
		errno = 0; /* constants above INT64_MAX keep their bits */
		value = (long long)strtoull(text, &end, 0);
		if (errno || text[0] == '-')
			return false;
	}
	*value_ret = value;
	*end_ret = end;
	return true;
}

/* "$5", "%rax", "16(%rsp)" or "(%rsp)", ending at `end`. */
static bool parse_place(const char *text, const char *end, struct operand *op)
{
	const char *rest = text;

	if (*text == '$') {
		op->kind = OPERAND_CONST;
		return parse_number(text + 1, &op->value, &rest) && rest == end;
	}
	if (*text == '%') {
		op->kind = OPERAND_REG;
		return parse_reg(text, (size_t)(end - text), false, &op->reg);
	}
	op->kind = OPERAND_MEM;
	if (*text != '(' && !parse_number(text, &op->value, &rest))
		return false;
	if (end - rest < 3 || rest[0] != '(' || end[-1] != ')')
		return false;
	return parse_reg(rest + 1, (size_t)(end - rest) - 2, true, &op->reg);
}

bool sdt_parse_operand(const char **text, struct operand *op, bool *known_ret)
{
	const char *start = *text + strspn(*text, " \t");
	const char *end = start + strcspn(start, " \t"), *rest;
	int64_t size;

	*op = (struct operand){ .reg = REG_NONE };
	*text = end + strspn(end, " \t");
	*known_ret = true;
	if (start == end)
		return false;
	*known_ret = false;
	if (!parse_number(start, &size, &rest) || size < -32 || size > 32)
		return false;
	op->size = (int)size;
	if (*rest != '@' || (llabs(size) != 1 && llabs(size) != 2 && llabs(size) != 4 &&
			     llabs(size) != 8))
		return false;
	*known_ret = parse_place(rest + 1, end, op);
	return *known_ret;
}

struct walk {
	bool (*fn)(const struct sdt_note *, void *);
	void *arg;
};

static struct err *read_sdt(const struct image *image, const struct note *note, void *arg,
			    bool *stop)
{
	struct walk *walk = arg;
	struct cursor cur = note->desc;
	struct sdt_note sdt;

	if (note->type != NT_STAPSDT_TYPE)
		return NULL;
	sdt.pc = cursor_u64(&cur);
	sdt.base = cursor_u64(&cur);
	sdt.semaphore = cursor_u64(&cur);
	sdt.provider = cursor_str(&cur);
	sdt.name = cursor_str(&cur);
	sdt.args = cursor_str(&cur);
	if (cur.bad)
		return err_new("%s: " SDT_SECTION ": note at 0x%" PRIx64 ": descriptor of %zu "
			       "bytes ends within its addresses, provider, name or arguments; "
			       "the file is damaged", image->path, note->off, note->desc.len);
	*stop = !walk->fn(&sdt, walk->arg);
	return NULL;
}

struct err *sdt_each(const struct image *image, bool (*fn)(const struct sdt_note *, void *),
		     void *arg)
{
	struct walk walk = { fn, arg };

	return note_each(image, SDT_SECTION, SDT_OWNER, read_sdt, &walk);
}
