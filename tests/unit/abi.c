/* SPDX-License-Identifier: MIT */
/* Signatures against the registers and stack slots that ABIInternal gives them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "elf/sdt.h"
#include "probe/abi.h"

static const struct {
	const char *signature;
	const char *places; /* "name=%reg+%reg" or "name=offset" from %rsp at entry */
} cases[] = {
	{ "func()", "" },
	{ "func(a int, b string) (s string, err error)",
	  "a=%rax b=%rbx+%rcx s=%rax+%rbx err=%rcx+%rdi" },
	/* The example of the specification. */
	{ "func(a1 uint8, a2 [2]uintptr, a3 uint8) (r1 struct{x uintptr; y [2]uintptr}, r2 string)",
	  "a1=%al a2=8 a3=%bl r1=24 r2=%rax+%rbx" },
	/* Nothing is half in registers; what follows may still fit. */
	{ "func(a, b []int, c, d string, e, f int)",
	  "a=%rax+%rbx+%rcx b=%rdi+%rsi+%r8 c=%r9+%r10 d=8 e=%r11 f=24" },
	{ "func(a, b, c, d, e, f, g1, h, i int64, j bool)",
	  "a=%rax b=%rbx c=%rcx d=%rdi e=%rsi f=%r8 g1=%r9 h=%r10 i=%r11 j=8" },
	/* Values without a size stand on the stack. */
	{ "func(a struct{}, b int, c [0]int)", "a=8 b=%rax c=8" },
	{ "func(a struct{_ [0]func(); p *T; s string}, b [1]string)",
	  "a=%rax+%rbx+%rcx b=%rdi+%rsi" },
	{ "func(a [1]struct{x [1]int8}, b [2]int8, c int16)", "a=%al b=8 c=%bx" },
	{ "func(a float64, b int, c float32, d complex128) float64",
	  "a=%xmm0 b=%rax c=%xmm1 d=%xmm2+%xmm3 =%xmm0" },
	{ "func(a struct{f float32; i int32; j uint16}, b error)",
	  "a=%xmm0+%eax+%bx b=%rcx+%rdi" },
	/* Results start again with the first register. */
	{ "func(r *T, a int) (x, y int, z [2]int, ok bool)",
	  "r=%rax a=%rbx x=%rax y=%rbx z=8 ok=%cl" },
	{ "func(m map[string]int, c chan int, f func(int) (string, error), p unsafe.Pointer) any",
	  "m=%rax c=%rbx f=%rcx p=%rdi =%rax+%rbx" },
	{ "func(format string, args ...any)", "format=%rax+%rbx args=%rcx+%rdi+%rsi" },
	/* Stack values keep the alignment of their types. */
	{ "func(a [2]uint8, b [2]uint32, c [3]uint8) (r [2]uint8)", "a=8 b=12 c=20 r=24" },
	{ "func(closure *T, a int) (n int)", "closure=%rdx a=%rax n=%rax" },
	{ "func(a struct{i, j, k int; s, t string; e error; x, y int})", "a=8" },
};

static void put_piece(struct buf *out, const struct abi_piece *piece)
{
	if (piece->is_float)
		buf_printf(out, "%%xmm%d", piece->xmm);
	else
		buf_printf(out, "%s", sdt_reg_name(piece->reg, (int)piece->size));
}

static char *describe(const struct gotype_func *func)
{
	struct abi_value *values = abi_assign(func);
	struct buf out = { 0 };

	for (size_t i = 0; i < func->nparams; i++) {
		buf_printf(&out, "%s%s=", i ? " " : "", func->params[i].name);
		if (!values[i].in_regs)
			buf_printf(&out, "%lld", (long long)values[i].stack_off);
		for (int j = 0; j < values[i].npieces; j++) {
			buf_printf(&out, "%s", j ? "+" : "");
			put_piece(&out, &values[i].pieces[j]);
		}
	}
	buf_u8(&out, 0);
	free(values);
	return (char *)out.data;
}

int main(void)
{
	struct gotype_env env = { 0 };
	int failures = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct golex in = { cases[i].signature, cases[i].signature };
		struct gotype_func *func = NULL;
		struct err *err = gotype_parse_func(&in, &env, &func);
		char *places = err ? NULL : describe(func);

		if (err || strcmp(places, cases[i].places)) {
			printf("%s\n  expected %s\n  got      %s\n", cases[i].signature,
			       cases[i].places, err ? err->message : places);
			failures++;
		}
		free(places);
		gotype_func_free(func);
		err_free(err);
	}
	return failures != 0;
}
