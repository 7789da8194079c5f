/* SPDX-License-Identifier: MIT */
/* From the words of notes to the arguments that users see. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "elf/sdt.h"
#include "tracer/args.h"

bool args_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && !strcmp(text + len - tail, end);
}

static bool among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static enum value_kind kind_of_number(const struct meta_arg *arg)
{
	static const char *const sizes[] = { "size", "bytes", "before", "goal", "pages", "len",
					     "released", "elem_size", NULL };
	static const char *const times[] = { "duration", "timeout", "period", NULL };

	if (!strcmp(arg->of, "bool"))
		return VALUE_BOOL;
	if (among(arg->name, times) || args_ends_with(arg->name, "_ns"))
		return VALUE_DURATION;
	if (!strcmp(arg->name, "pc") || args_ends_with(arg->name, "_pc"))
		return VALUE_CODE;
	if (!strcmp(arg->of, "uintptr"))
		return among(arg->name, sizes) ? VALUE_UINT : VALUE_ADDRESS;
	if (arg->of[0] == '*' || !strcmp(arg->of, "unsafe.Pointer"))
		return VALUE_ADDRESS;
	return !strncmp(arg->of, "uint", 4) ? VALUE_UINT : VALUE_INT;
}

/* The name of a two-word argument without what its first word adds to it. */
static const char *stem_of(const char *name, const char *drop, char **owned_ret)
{
	size_t len = strlen(name) - (args_ends_with(name, drop) ? strlen(drop) : 0);

	*owned_ret = mem_strndup(name, len);
	return *owned_ret;
}

static void take_text(struct sel_probe *probe, struct sel_arg *arg)
{
	arg->slot = -1;
	arg->len_word = (uint8_t)(arg->word + 1);
	if (probe->ntexts == WIRE_TEXTS)
		return;
	arg->slot = (int8_t)probe->ntexts;
	probe->text_at[probe->ntexts++] = arg->word;
}

static void add_two_words(struct sel_probe *probe, struct sel_arg *arg, bool interface)
{
	if (!interface) {
		if (!strcmp(arg->go_type, "string") || !strcmp(arg->go_type, "[]byte")) {
			arg->kind = *arg->go_type == 's' ? VALUE_STRING :
				    !strcmp(arg->name, "ip") ? VALUE_IP : VALUE_BYTES;
			take_text(probe, arg);
		} else {
			arg->kind = VALUE_SLICE;
			arg->len_word = (uint8_t)(arg->word + 1);
		}
		return;
	}
	arg->kind = !strcmp(arg->go_type, "error") ? VALUE_ERROR : VALUE_INTERFACE;
	arg->name = stem_of(arg->name, "_type", &probe->renamed[arg->word]);
}

/* Where no other argument has it, the program looks for the text behind the error itself. */
static void take_error_text(struct sel_probe *probe, struct sel_arg *arg)
{
	if (arg->kind != VALUE_ERROR || arg->slot >= 0 || probe->ntexts == WIRE_TEXTS)
		return;
	arg->found_text = true;
	arg->slot = (int8_t)probe->ntexts;
	arg->len_word = (uint8_t)(arg->word + 1);
	probe->text_at[probe->ntexts++] = arg->word | WIRE_ERROR_TEXT;
}

/* "err_text" is the text of "err", not an argument by itself. */
static bool joins_error(struct sel_probe *probe, const struct sel_arg *text)
{
	struct sel_arg *err = probe->nargs ? &probe->args[probe->nargs - 1] : NULL;
	size_t len = err ? strlen(err->name) : 0;

	if (!err || err->kind != VALUE_ERROR || strncmp(text->name, err->name, len) ||
	    strcmp(text->name + len, "_text"))
		return false;
	err->slot = text->slot;
	err->len_word = text->len_word;
	return true;
}

void args_take(struct sel_probe *probe)
{
	const struct meta_probe *meta = probe->seen.listed->meta;

	probe->nwords = meta->nargs;
	for (uint8_t i = 0; i < meta->nargs; i++) {
		const struct meta_arg *word = &meta->args[i];
		struct sel_arg arg = { .name = word->name, .go_type = word->of, .word = i,
					.slot = -1 };
		bool last = i + 1 == meta->nargs;

		if (i == 0 && !strcmp(word->name, "goid"))
			continue;
		if (!last && args_ends_with(word[1].name, "_len") &&
		    !strcmp(word[1].of, word->of) &&
		    !strncmp(word[1].name, word->name, strlen(word->name))) {
			add_two_words(probe, &arg, false);
			i++;
		} else if (!last && args_ends_with(word->name, "_type") &&
			   args_ends_with(word[1].name, "_data")) {
			add_two_words(probe, &arg, true);
			i++;
		} else {
			arg.numbers = meta_find_enum(probe->seen.listing->meta, meta, i);
			arg.kind = arg.numbers ? VALUE_ENUM : kind_of_number(word);
		}
		if (!joins_error(probe, &arg))
			probe->args[probe->nargs++] = arg;
	}
	for (size_t i = 0; i < probe->nargs; i++)
		take_error_text(probe, &probe->args[i]);
}

/* Probes of others: words without names. */
void args_take_foreign(struct sel_probe *probe)
{
	static const char *const names[WIRE_WORDS] = {
		"arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "arg6", "arg7", "arg8", "arg9",
		"arg10", "arg11",
	};
	const char *at = probe->seen.listed->sites[0].args;
	struct operand op;
	bool known;

	while (probe->nargs < WIRE_WORDS && (sdt_parse_operand(&at, &op, &known) || op.size)) {
		uint8_t i = (uint8_t)probe->nargs++;

		probe->args[i] = (struct sel_arg){
			.name = names[i], .go_type = op.size < 0 ? "int64" : "uint64", .word = i,
			.slot = -1, .kind = op.size < 0 ? VALUE_INT : VALUE_UINT,
		};
	}
	probe->nwords = (uint8_t)probe->nargs;
}

void args_take_words(struct wire_site *wire, const char *operands)
{
	struct operand op;
	bool known;

	for (int i = 0; i < WIRE_WORDS; i++) {
		bool more = sdt_parse_operand(&operands, &op, &known);

		if (!more && !op.size)
			break;
		wire->nwords = (wire_u8)(i + 1);
		wire->words[i].kind = WIRE_UNKNOWN; /* floating point, an index ... */
		if (!known || op.reg == REG_ENTRY_SP)
			continue;
		wire->words[i] = (struct wire_operand){
			.value = (wire_u64)op.value,
			.kind = op.kind == OPERAND_CONST ? WIRE_CONST :
				op.kind == OPERAND_REG ? WIRE_REG : WIRE_MEM,
			.reg = op.kind == OPERAND_CONST ? 0 : (wire_u8)op.reg,
			.size = (wire_u8)abs(op.size),
			.is_signed = op.size < 0,
		};
	}
}

bool selection_has_goid(const struct sel_probe *probe)
{
	const struct meta_probe *meta = probe->seen.listed->meta;

	return meta && meta->nargs && !strcmp(meta->args[0].name, "goid");
}

static const struct sel_arg *own_arg(const struct sel_probe *probe, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < probe->nargs; i++) {
		const struct sel_arg *arg = &probe->args[i];

		if (!strcmp(arg->name, name))
			return arg;
		if (arg->kind == VALUE_ERROR && args_ends_with(name, "_text") &&
		    strlen(arg->name) + strlen("_text") == len &&
		    !strncmp(arg->name, name, len - strlen("_text")))
			return arg;
	}
	return NULL;
}

const struct sel_arg *selection_find_arg(const struct sel_probe *probe, const char *name,
				     bool *of_start_ret)
{
	const struct sel_arg *arg = NULL;

	*of_start_ret = false;
	if (probe->role == WIRE_END && probe->partner) {
		arg = own_arg(probe->partner, name);
		*of_start_ret = arg != NULL;
	}
	return arg ? arg : own_arg(probe, name);
}
