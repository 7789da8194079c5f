/* SPDX-License-Identifier: MIT */
/* Value expressions against the operands and loads they become. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "elf/sdt.h"
#include "probe/arg.h"

#define TYPES "types: [{name: P, type: 'struct{n int; q *Q; s string; r struct{a, b uint8}}'}, " \
	      "{name: Q, type: 'struct{id uint32; p *P; t *T}'}, " \
	      "{name: T, type: 'struct{x, y int64; q *Q}'}, {name: E, type: uint16}, " \
	      "{name: W, type: uint8}, {name: C, type: 'struct{_ uintptr; l *[]byte}'}, " \
	      "{name: H, type: 'struct{n int; Name, Value string}'}, " \
	      "{name: J, type: 'struct{Name int; Value string}'}, " \
	      "{name: L, type: 'struct{n int; all []t.H; odd []t.J}'}]\n" \
	      "enums: [{name: W, until: '1.24', values: [{value: 0, name: unknown}, " \
	      "{value: 1, name: one, const: One, raw: '1.18:7'}]}, {name: O, until: '1.23', " \
	      "values: [{value: 0, name: unknown}]}]\n"

static const struct {
	const char *at, *signature, *type, *value;
	const char *expect; /* loads, then the operands behind arg0; or an error's beginning */
} cases[] = {
	{ "entry", "func(p *P, e E)", "uint16", "e", "2@%bx" },
	{ "entry", "func(p *P, e E)", "int", "p.n", "-8@0(%rax)" },
	{ "entry", "func(p *P)", "string", "p.s", "8@16(%rax) -8@24(%rax)" },
	{ "entry", "func(p P)", "string", "p.s", "8@%rcx -8@%rdi" },
	{ "entry", "func(p P)", "uint8", "p.r.b", "1@%r8b" },
	{ "entry", "func(p *P)", "uint8", "p.r.b", "1@33(%rax)" },
	{ "entry", "func(p P)", "uint32", "p.q.id", "4@0(%rbx)" },
	{ "entry", "func(p *P)", "uint32", "p.q.id", "[%r12=8@8(%rax)] 4@0(%r12)" },
	{ "entry", "func(p *P)", "int64", "p.q.t.y",
	  "[%r12=8@8(%rax)] [%r12=8@16(%r12)] -8@8(%r12)" },
	{ "entry", "func(a [2]int, p *P)", "int", "p.n", "-8@0(%rax)" },
	{ "entry", "func(p P, a P)", "string", "a.s", "8@24(%rsp) -8@32(%rsp)" },
	{ "entry", "func(p P, a P)", "uint32", "a.q.id", "[%r12=8@16(%rsp)] 4@0(%r12)" },
	{ "entry", "func(l []P)", "int", "len(l)", "-8@%rbx" },
	{ "entry", "func(l []P)", "[]byte", "l", "8@%rax -8@%rbx" },
	{ "entry", "func(p *P)", "uintptr", "p.q", "8@8(%rax)" },
	{ "entry", "func()", "bool", "true", "1@$1" },
	{ "entry", "func()", "int", "-3", "-8@$-3" },
	{ "entry", "func()", "string", "~", "8@$0 -8@$0" },
	{ "entry", "func(e any)", "any", "e", "8@%rax 8@%rbx" },
	{ "return", "func(p *P) (n int, err error)", "error", "err", "8@%rbx 8@%rcx" },
	{ "return", "func(p *P) (q *Q, err error)", "uint32", "q.id", "4@0(%rax)" },
	{ "entry", "func(p *P)", "uint64", "g.m.curg.goid",
	  "[%r12=8@48(%r14)] [%r12=8@192(%r12)] 8@160(%r12)" },
	{ "entry", "func(w W)", "uint8, enum: W", "w", "[%r12=t.W 1@%al] 1@%r12b" },
	{ "entry", "func(p *P)", "uint8, enum: W", "p.r.b", "[%r12=t.W 1@33(%rax)] 1@%r12b" },
	{ "entry", "func(p P, a, b, c int, w W)", "uint8, enum: W", "w",
	  "[%r12=t.W 1@8(%rsp)] 1@%r12b" },
	{ "entry", "func(p *P)", "uint8, enum: W", "p.q.p.r.b",
	  "[%r12=8@8(%rax)] [%r12=8@8(%r12)] [%r13=t.W 1@33(%r12)] 1@%r13b" },
	{ "entry", "func()", "uint8, enum: W", "1", "1@$1" },
	{ "entry", "func()", "uint8, enum: O", "~", "1@$0" },
	{ "entry", "func(w W)", "uint8, enum: O", "w",
	  "refused: the numbers of t.O in go1.24.1 are not known" },
	/* A pointer to a string or slice stands for it. */
	{ "entry", "func(p *string)", "string", "p", "8@0(%rax) -8@8(%rax)" },
	{ "entry", "func(l *[]byte)", "int", "len(l)", "-8@8(%rax)" },
	{ "entry", "func(closure *C, n int)", "[]byte", "closure.l",
	  "[%r12=8@8(%rdx)] 8@0(%r12) -8@8(%r12)" },
	{ "return", "func() (n int, line []byte)", "string", "header(line, \"x-y\")",
	  "[x-y 8@%rbx 8@%rcx] 8@%r12 -8@%r13" },
	{ "entry", "func(l *L)", "string", "field(l.all, \"n\")",
	  "[n 8 of 40 8@8(%rax)] 8@24(%r12) -8@32(%r12)" },
	{ "return", "func() (n int, err error)", "string", "errtext(err)",
	  "[%r12=8@%rbx] 8@0(%r12) -8@8(%r12)" },
	{ "return", "func() (n int)", "string", "errtext(n)", "t:11:15: errtext() takes an" },
	{ "return", "func() (err error)", "error", "errtext(err)", "t:11:15: the text of" },
	{ "entry", "func(l *L)", "string", "header(l.all, \"n\")", "t:11:15: header() takes a" },
	{ "entry", "func(l L)", "string", "field(l.all, \"n\")", "t:11:15: field() takes a" },
	{ "entry", "func(l *L)", "string", "field(l.odd, \"n\")", "t:11:15: t.J.Name is a int, " },
	{ "entry", "func(l string)", "int", "header(l, \"n\")", "t:11:15: what is found is a" },
	{ "entry", "func(l string)", "string", "header(l, \"N\")", "t:11:26: a name of 1 to" },
	{ "entry", "func(l string)", "string", "header(l, n)", "t:11:25: \"\"\" should stand" },
	/* Errors name the character. */
	{ "return", "func(closure *C)", "[]byte", "closure.l", "t:11:15: \"closure\" is a" },
	{ "return", "func(p *P) (n int)", "int", "p.n", "t:11:15: \"p\" is a parameter" },
	{ "entry", "func(p *P) (n int)", "int", "n", "t:11:15: \"n\" is a result" },
	{ "entry", "func(p *P)", "int", "q.n", "t:11:15: the signature has no" },
	{ "entry", "func(p *P)", "int", "p.", "t:11:17: a name should follow" },
	{ "entry", "func(p *P)", "int", "p.n+1", "t:11:18: \"+1\" is too much" },
	{ "entry", "func(p P)", "int", "p.z", "t:11:15: t.P has no field \"z\"" },
	{ "entry", "func(p P)", "int", "p.s", "t:11:15: the value is a string" },
	{ "entry", "func(p *P)", "float64", "p.n", "t:7:26: tracers cannot read" },
	{ "entry", "func(p *P, f float64)", "int", "f", "t:11:15: no register holds" },
	{ "entry", "func(p Unknown)", "int", "p", "t:9:24: what is t.Unknown in Go 1.24?" },
	{ "entry", "func(p *P", "int", "p", "t:9:26: \"func(p *P\" ends where \")\"" },
	{ "entry", "func(*P)", "int", "1", "t:9:22: give each parameter" },
	{ "entry", "func(g int)", "int", "1", "t:9:17: \"g\" is the current goroutine" },
	{ "entry", "func(p *P)", "int", "p.q.missing",
	  "refused: no layout data for t.Q.missing in Go 1.24" },
};

/* Signature and value always start in the same columns, 8:17 and 10:15. */
static char *definition(size_t i)
{
	const char *quote = strcmp(cases[i].value, "~") ? "'" : "";

	const char *type_quote = strstr(cases[i].type, "enum") ? "" : "'";

	return mem_printf("package: t\n" TYPES
			  "probes:\n- name: n\n  at: %s\n"
			  "  args: [{name: x, type: %s%s%s}]\n"
			  "  variants:\n"
			  "  - signature: \"%s\"\n"
			  "    func: t.F\n"
			  "    values: [%s%s%s]\n"
			  "  doc: d\n  stability: stable\n",
			  cases[i].at, type_quote, cases[i].type, type_quote,
			  cases[i].signature, quote, cases[i].value, quote);
}

static void put_bound(const struct bound_probe *bound, struct buf *out)
{
	if (bound->refusal != REFUSED_NONE) {
		buf_printf(out, "refused: %s", bound->detail);
		return;
	}
	for (int i = 0; i < bound->nsteps; i++) {
		const struct bound_step *step = &bound->steps[i];
		struct operand from = step->from;

		if (from.reg == REG_ENTRY_SP)
			from.reg = REG_RSP;
		if (step->kind == STEP_HEADER)
			buf_printf(out, "[%s ", step->name);
		else if (step->kind == STEP_FIELD)
			buf_printf(out, "[%s %d of %d ", step->name, step->name_off, step->stride);
		else
			buf_printf(out, "[%s=", sdt_reg_name(step->dst, 8));
		if (step->kind == STEP_NUMBER)
			buf_printf(out, "%s ", step->numbers->name);
		sdt_put_operand(out, &from);
		if (step->kind == STEP_HEADER)
			buf_printf(out, " "), sdt_put_operand(out, &step->len);
		buf_printf(out, "] ");
	}
	for (int i = 1; i < bound->nargs; i++) {
		struct operand op = bound->args[i].op;

		if (op.reg == REG_ENTRY_SP)
			op.reg = REG_RSP;
		buf_printf(out, "%s", i > 1 ? " " : "");
		sdt_put_operand(out, &op);
	}
}

static struct err *bind_one(const struct def_set *defs, struct buf *out)
{
	char version[] = "go1.24.1";
	struct gobin gobin = { .version = version, .minor = 24 };
	struct fields fields = { .defs = defs, .gobin = &gobin, .itabs = { 0x1000 },
				 .nitabs = 1, .itabs_known = true };
	struct bound_probe bound = { .def = &defs->probes[0],
				     .variant = &defs->probes[0].variants[0] };
	struct gotype_env env = { defs, 24, "t" };
	struct golex in = { bound.variant->signature, bound.variant->signature };
	struct gotype_func *func;
	struct err *err = gotype_parse_func(&in, &env, &func);

	if (err)
		return err_prefix(err, "t:9:%d", bound.variant->signature_at.column +
						 (int)(in.pos - in.text));

	struct abi_value *values = abi_assign(func);

	err = arg_bind(&fields, func, values, &bound);
	if (!err)
		put_bound(&bound, out);
	for (int i = 0; i < bound.nargs; i++) {
		free(bound.args[i].name);
		free(bound.args[i].type);
		free(bound.args[i].of);
	}
	free(bound.detail);
	free(values);
	gotype_func_free(func);
	return err;
}

static bool check(size_t i)
{
	struct def_set *defs = mem_zalloc(sizeof(*defs));
	struct buf out = { 0 };
	char *text = definition(i);
	struct err *err = def_load_text(defs, "t", text, strlen(text));

	if (!err)
		err = bind_one(defs, &out);
	if (err)
		buf_printf(&out, "%s", err->message);
	buf_u8(&out, 0);

	bool fine = err || !strncmp(cases[i].expect, "refused", 7)
			    ? !strncmp((char *)out.data, cases[i].expect,
				       strlen(cases[i].expect))
			    : !strcmp((char *)out.data, cases[i].expect);

	if (!fine)
		printf("%s %s\n  expected %s\n  got      %s\n", cases[i].signature,
		       cases[i].value, cases[i].expect, (char *)out.data);
	err_free(err);
	free(text);
	buf_free(&out);
	def_free(defs);
	return fine;
}

int main(void)
{
	int failures = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		failures += !check(i);
	return failures != 0;
}
