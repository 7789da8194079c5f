/* SPDX-License-Identifier: MIT */
/* Runs the machine code of a trampoline's steps and looks at the registers behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "patch/steps.h"

#define CODE_AT 0x10000000ul
#define CODE_SIZE 16384
#define CPU_AT (CODE_AT + CODE_SIZE - 256) /* where the code finds its struct cpu */

/* Before and after; the code keeps a pointer to it on the stack. */
struct cpu {
	uint64_t regs[16];
	uint64_t fired; /* the code came by where the nop site is */
};

static int failures;

static void check(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	printf("not ok - %s: 0x%llx instead of 0x%llx\n", what, (unsigned long long)got,
	       (unsigned long long)want);
	failures++;
}

static void put(struct buf *out, const char *hex)
{
	unsigned byte;

	for (int n; sscanf(hex, "%2x%n", &byte, &n) == 1; hex += n)
		buf_u8(out, (uint8_t)byte);
}

/* mov 8*reg(%rdi),%reg (0x8b) or its counterpart with %rax for %rdi (0x89) */
static void put_move(struct buf *out, uint8_t opcode, int reg, int base)
{
	buf_u8(out, (uint8_t)(0x48 | (reg >= 8) << 2));
	buf_u8(out, opcode);
	buf_u8(out, (uint8_t)(0x80 | (reg & 7) << 3 | base));
	buf_u32(out, (uint32_t)(8 * reg));
}

#define FRAME 8 /* %rbp's saved value */

/* void f(struct cpu *): registers from it, the steps, registers to it. At a return the
 * function has made a frame, but what is in %rbp need not point at it any more. */
static size_t put_function(struct buf *out, const struct steps_data *data,
			   const struct bound_probe *probe)
{
	bool frame = probe->variant && probe->variant->at == DEF_RETURN;
	struct steps_skips skips;
	size_t start = out->len;

	put(out, "53 55 41 54 41 55 41 56 41 57 57"); /* push rbx rbp r12-r15 rdi */
	for (int reg = 0; reg < 16; reg++)
		if (reg != REG_RSP && reg != REG_RDI)
			put_move(out, 0x8b, reg, REG_RDI);
	put_move(out, 0x8b, REG_RDI, REG_RDI);
	if (frame)
		put(out, "55 48 8d ad 00 10 00 00");    /* push rbp; lea 4096(rbp),rbp */
	steps_put(out, data, probe, frame ? FRAME : 0, &skips);
	put(out, "50 48 8b 44 24");                     /* push rax; mov N(rsp),rax */
	buf_u8(out, frame ? 8 + FRAME : 8);
	put(out, "c7 80 80 00 00 00 01 00 00 00");      /* movl $1,128(rax) */
	put(out, "58");                                 /* pop rax */
	steps_land(out, &skips);
	if (frame)
		put(out, "5d");                         /* pop rbp */
	put(out, "50 48 8b 44 24 08"); /* push rax; mov 8(rsp),rax */
	for (int reg = 1; reg < 16; reg++)
		if (reg != REG_RSP)
			put_move(out, 0x89, reg, REG_RAX);
	put(out, "5b 48 89 18 5f 41 5f 41 5e 41 5d 41 5c 5d 5b c3"); /* pop rbx; ... ret */
	return start;
}

/* Runs the probe's steps; *cpu is the state before, then behind them. Registers other than
 * r12 and r13 must keep their values. */
static void run(const struct bound_probe *probe, struct cpu *cpu)
{
	void *code = mmap((void *)CODE_AT, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	struct cpu *shared = (struct cpu *)CPU_AT;
	struct cpu before = *cpu;
	struct steps_data data;
	struct buf out = { 0 };
	size_t start;

	if (code == MAP_FAILED)
		abort();
	buf_u8(&out, 0);
	steps_data_start(&data, &out, (uint64_t)code, 64);
	steps_data_add(&data, &out, probe);
	start = put_function(&out, &data, probe);
	check("code fits", out.len < CODE_SIZE - 256, true);
	memcpy(code, out.data, out.len);
	*shared = *cpu;
	shared->fired = 0;
	((void (*)(struct cpu *))((uint8_t *)code + start))(shared);
	*cpu = *shared;
	for (int reg = 0; reg < 16; reg++)
		if (reg != REG_RSP && reg != REG_R12 && reg != REG_R13)
			check("register kept", cpu->regs[reg], before.regs[reg]);
	munmap(code, CODE_SIZE);
	buf_free(&out);
	steps_data_free(&data);
}

static struct operand memory(enum reg reg, int64_t off, int size)
{
	return (struct operand){ OPERAND_MEM, size, reg, off };
}

static struct cpu numbered(void)
{
	struct cpu cpu = { 0 };

	for (uint64_t i = 0; i < 16; i++)
		cpu.regs[i] = 0x1111111111111100 + i;
	return cpu;
}

static void loads(void)
{
	const uint64_t object[2] = { 0, 4711 };
	const uint64_t *pointers[2] = { object, NULL };
	enum reg bases[] = { REG_RAX, REG_RBX, REG_RCX, REG_RDI,
			     REG_RSI, REG_R8,  REG_R11, REG_R14 };
	struct bound_probe probe = { .nsteps = 1 };

	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		struct cpu cpu = numbered();

		cpu.regs[bases[i]] = (uint64_t)pointers;
		probe.steps[0] = (struct bound_step){ .kind = STEP_LOAD, .dst = REG_R13,
						      .from = memory(bases[i], 0, 8) };
		run(&probe, &cpu);
		check("load", cpu.regs[REG_R13], (uint64_t)object);
		check("other scratch register", cpu.regs[REG_R12], numbered().regs[REG_R12]);
	}
	for (int nil = 0; nil < 2; nil++) { /* the base, or what it leads to */
		struct cpu cpu = numbered();

		cpu.regs[REG_RAX] = nil ? (uint64_t)pointers : 0;
		probe.steps[0].from = memory(REG_RAX, 8, 8);
		probe.steps[0].dst = REG_R12;
		probe.nsteps = 2; /* the block of zeros leads nowhere but to itself */
		probe.steps[1] = (struct bound_step){ .kind = STEP_LOAD, .dst = REG_R12,
						      .from = memory(REG_R12, 16, 8) };
		run(&probe, &cpu);
		check("zeros", cpu.regs[REG_R12] % 16, 0);
	}
	struct cpu cpu = numbered();

	probe.nsteps = 1; /* what the code itself has pushed last */
	probe.steps[0].from = memory(REG_ENTRY_SP, 0, 8);
	run(&probe, &cpu);
	check("stack", cpu.regs[REG_R12], CPU_AT);
}

static void numbers(void)
{
	struct def_enum_value values[] = { { .raw = NULL },
					   { .value = 1, .raw = (char *)"1.18:0 1.20:200" },
					   { .value = 2, .raw = (char *)"1.18:3 1.21:-" } };
	struct def_enum type = { (char *)"T", 21, values, 3 };
	static const struct {
		unsigned minor;
		uint8_t raw;
		uint64_t ours;
	} cases[] = {
		{ 18, 0, 1 },   { 18, 1, 0 }, { 18, 3, 2 },  { 19, 255, 0 }, { 20, 200, 1 },
		{ 20, 0, 0 },   { 20, 3, 2 }, { 21, 3, 0 },  { 21, 200, 1 },
	};
	enum reg regs[] = { REG_RAX, REG_RBX, REG_RSI, REG_RDI, REG_R9, REG_R12, REG_R13 };
	uint8_t table[DEF_ENUM_CODES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint8_t object[2] = { 0xff, cases[i].raw };
		struct bound_step step = { .kind = STEP_NUMBER, .dst = REG_R12, .numbers = &type,
					   .minor = cases[i].minor };
		struct bound_probe probe = { .nsteps = 1 };

		for (size_t j = 0; j < sizeof(regs) / sizeof(*regs); j++) {
			struct cpu cpu = numbered();

			step.dst = regs[j] == REG_R12 ? REG_R13 : REG_R12;
			step.from = (struct operand){ OPERAND_REG, 1, regs[j], 0 };
			probe.steps[0] = step;
			cpu.regs[regs[j]] = 0xaaaaaaaaaaaaaa00 | cases[i].raw;
			run(&probe, &cpu);
			check("number in a register", cpu.regs[step.dst], cases[i].ours);

			cpu = numbered();
			cpu.regs[regs[j]] = (uint64_t)object;
			probe.steps[0].from = memory(regs[j], 1, 1);
			run(&probe, &cpu);
			check("number in memory", cpu.regs[step.dst], cases[i].ours);
		}
	}
	check("known release", def_enum_table(&type, 21, table), true);
	check("later release", def_enum_table(&type, 22, table), false);

	struct cpu cpu = numbered();
	struct bound_probe probe = { .nsteps = 1 };

	cpu.regs[REG_RCX] = 0;
	probe.steps[0] = (struct bound_step){ .kind = STEP_NUMBER, .dst = REG_R12,
					      .from = memory(REG_RCX, 1, 1), .numbers = &type,
					      .minor = 18 };
	run(&probe, &cpu);
	check("number behind nil, as of 0", cpu.regs[REG_R12], 1);
}

static void conditions(void)
{
	enum reg regs[] = { REG_RAX, REG_RBX, REG_RSI, REG_R8, REG_R11 };
	struct bound_probe probe = { .nsteps = 2 };

	probe.steps[1] = (struct bound_step){ .kind = STEP_LOAD, .dst = REG_R12,
					      .from = memory(REG_RCX, 0, 8) };
	for (unsigned i = 0; i < 2 * sizeof(regs) / sizeof(*regs); i++) {
		enum step_kind kind = i % 2 ? STEP_NIL : STEP_NOT_NIL;
		struct operand reg = { OPERAND_REG, 8, regs[i / 2], 0 };
		struct cpu cpu = numbered();

		probe.steps[0] = (struct bound_step){ .kind = kind, .from = reg };
		cpu.regs[REG_RCX] = 0;
		run(&probe, &cpu);
		check("fired, not nil", cpu.fired, kind == STEP_NOT_NIL);
		cpu = numbered();
		cpu.regs[REG_RCX] = cpu.regs[reg.reg] = 0;
		run(&probe, &cpu);
		check("fired, nil", cpu.fired, kind == STEP_NIL);
	}
}

/* Bytes that end where the next page cannot be read. */
static char *at_page_end(const char *text, size_t len)
{
	static char *page;

	if (!page)
		page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE))
		abort();
	return memcpy(page + 4096 - len, text, len);
}

static void header(const char *name, const char *line, const char *value)
{
	static const enum reg pairs[][2] = { { REG_RAX, REG_RBX }, { REG_R8, REG_RSI } };
	struct bound_probe probe = { .nsteps = 1 };
	struct bound_step *step = &probe.steps[0];

	for (int i = 0; i < 2; i++) {
		char *text = at_page_end(line, strlen(line));
		struct cpu cpu = numbered();

		*step = (struct bound_step){ .kind = STEP_HEADER,
					     .from = { OPERAND_REG, 8, pairs[i][0], 0 },
					     .len = { OPERAND_REG, 8, pairs[i][1], 0 } };
		strcpy(step->name, name);
		cpu.regs[pairs[i][0]] = *line ? (uint64_t)text : 0;
		cpu.regs[pairs[i][1]] = strlen(line);
		run(&probe, &cpu);
		check(line, cpu.fired, value != NULL);
		if (!value)
			continue;
		check(line, cpu.regs[REG_R13], strlen(value));
		check(line, cpu.regs[REG_R12], (uint64_t)text + strlen(line) - strlen(value));
	}
}

static void headers(void)
{
	header("traceparent", "traceparent: 00-ab-cd-01", "00-ab-cd-01");
	header("traceparent", "TraceParent:00-ab", "00-ab");
	header("traceparent", "TRACEPARENT: \t 00-ab", "00-ab");
	header("traceparent", "traceparent:", "");
	header("traceparent", "traceparent:  ", "");
	header("traceparent", "traceparent: a b", "a b");
	header("traceparent", "", NULL);
	header("traceparent", "t", NULL);
	header("traceparent", "traceparent", NULL);
	header("traceparent", "traceparen:", NULL);
	header("traceparent", "traceparent : 00", NULL);
	header("traceparent", "traceparents: 00", NULL);
	header("traceparent", "tracestate: 00-ab", NULL);
	header("traceparent", "traceparenT; 00", NULL);
	header("traceparent", "traceparent\032 00", NULL); /* a colon but for the case bit */
	header("x-a_1", "X-A_1: v", "v");
	header("x-a_1", "x\ra_1: v", NULL); /* a hyphen but for that bit */
	header("te", "TE: trailers", "trailers");
	header("te", "tf: trailers", NULL);
	header("a", "A: b", "b");
	header("a", "b: b", NULL);
	header("a23456789-123456789-123456789-12", "A23456789-123456789-123456789-12: x", "x");
	header("a23456789-123456789-123456789-12", "A23456789-123456789-123456789-13: x", NULL);
}

/* An element like golang.org/x/net/http2/hpack.HeaderField. */
struct pair {
	const char *name;
	uint64_t name_len;
	const char *value;
	uint64_t value_len;
	uint64_t sensitive;
};

static void field(const char *what, const struct pair *pairs, size_t n, const char *name,
		  const struct pair *found)
{
	const uint64_t frame[4] = { 0, (uint64_t)pairs, n, n };
	struct bound_probe probe = { .nsteps = 1 };
	struct bound_step *step = &probe.steps[0];
	struct cpu cpu = numbered();

	*step = (struct bound_step){ .kind = STEP_FIELD, .from = memory(REG_RCX, 8, 8),
				     .stride = sizeof(struct pair), .name_off = 0 };
	strcpy(step->name, name);
	cpu.regs[REG_RCX] = (uint64_t)frame;
	run(&probe, &cpu);
	check(what, cpu.fired, found != NULL);
	if (found)
		check(what, cpu.regs[REG_R12], (uint64_t)found);
	cpu.regs[REG_RCX] = 0;
	run(&probe, &cpu);
	check("no frame", cpu.fired, 0);
}

static void fields(void)
{
	struct pair all[] = { { ":method", 7, "GET", 3, 0 },  { NULL, 0, NULL, 0, 0 },
			      { "traceparenT", 11, "", 0, 0 }, { "traceparens", 11, "", 0, 0 },
			      { "te", 2, "", 0, 0 },          { "traceparent", 11, "00", 2, 0 },
			      { "traceparent", 11, "01", 2, 0 } };
	struct pair last[] = { { at_page_end("abc", 3), 3, "x", 1, 0 } };

	field("first of two", all, 7, "traceparent", &all[5]);
	field("last", all, 6, "traceparent", &all[5]);
	field("not among them", all, 5, "traceparent", NULL);
	field("short name", all, 7, "te", &all[4]);
	field("no elements", all, 0, "te", NULL);
	field("nil slice", NULL, 0, "te", NULL);
	field("prefix of one", all, 7, "trace", NULL);
	field("end of a page", last, 1, "abc", &last[0]);
	field("end of a page", last, 1, "abd", NULL);
}

/* What the code has pushed last, its argument, stands for the return address; that of the
 * caller lies behind the frame pointer. Both as offsets in the function of 16 bytes. */
static void within(void)
{
	static const struct {
		int direct, second;
		bool fires;
	} cases[] = {
		{ 0, -1, true },  { 15, -1, true }, { -1, 8, true },  { 16, 15, true },
		{ -1, 16, false }, { 16, -1, false },
	};
	struct def_variant variants[] = { { .at = DEF_ENTRY }, { .at = DEF_RETURN } };

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		uint64_t start = CPU_AT - (uint64_t)(int64_t)cases[i / 2].direct;
		struct gofunc func = { .entry = start, .end = start + 16 };
		uint64_t stack[] = { 0, start + (uint64_t)(int64_t)cases[i / 2].second };
		uint64_t g[] = { (uint64_t)stack, (uint64_t)stack + sizeof(stack) };
		struct bound_probe probe = { .nsteps = 1, .variant = &variants[i % 2] };
		struct cpu cpu = numbered();

		probe.steps[0] = (struct bound_step){ .kind = STEP_WITHIN, .func = &func };
		cpu.regs[REG_R14] = (uint64_t)g;
		cpu.regs[REG_RBP] = (uint64_t)stack;
		run(&probe, &cpu);
		check("within", cpu.fired, cases[i / 2].fires);
	}
}

/* Assembly may have anything in the frame pointer; then the caller's caller is not known. */
static void no_frame_pointer(void)
{
	char *page = at_page_end("", 0) - 4096;
	uint64_t g[] = { (uint64_t)page, (uint64_t)page + 4096 };
	const uint64_t pointers[] = { 0, 8, g[0] - 4096, g[0] - 16, g[0] - 8, g[0] - 1, g[1] - 8,
				      g[1] - 9, g[1] - 1, g[1], g[1] + 4096, 1ull << 63,
				      -17ull, -16ull, -9ull, -8ull, -1ull };
	struct gofunc func = { .entry = CODE_AT, .end = CODE_AT + 16 };
	struct def_variant variants[] = { { .at = DEF_ENTRY }, { .at = DEF_RETURN } };

	memset(page, 0, 4096);
	for (size_t i = 0; i < 2 * sizeof(pointers) / sizeof(*pointers); i++) {
		struct bound_probe probe = { .nsteps = 1, .variant = &variants[i % 2] };
		struct cpu cpu = numbered();

		probe.steps[0] = (struct bound_step){ .kind = STEP_WITHIN, .func = &func };
		cpu.regs[REG_R14] = (uint64_t)g;
		cpu.regs[REG_RBP] = pointers[i / 2];
		run(&probe, &cpu);
		check("no frame pointer", cpu.fired, false);
	}
}

/* Method tables lie near the code; an error is one of these addresses and its data. */
static void errtext(void)
{
	const uint64_t tables[] = { CODE_AT + 0x8000, CODE_AT + 0x9000, CODE_AT - 0x1000 };
	struct bound_probe probe = { .nsteps = 1 };
	struct bound_step *step = &probe.steps[0];

	*step = (struct bound_step){ .kind = STEP_ERRTEXT, .dst = REG_R12, .nitabs = 3,
				     .from = { OPERAND_REG, 8, REG_RBX, 0 },
				     .len = { OPERAND_REG, 8, REG_RCX, 0 } };
	memcpy(step->itabs, tables, sizeof(tables));
	for (int i = 0; i < 3; i++) {
		struct cpu cpu = numbered();

		cpu.regs[REG_RBX] = tables[i];
		run(&probe, &cpu);
		check("known type", cpu.regs[REG_R12], numbered().regs[REG_RCX]);
		cpu = numbered();
		cpu.regs[REG_RBX] = i ? tables[i] + 8 : 0;
		run(&probe, &cpu);
		check("no error, or another", cpu.regs[REG_R12], CODE_AT + 16);
		check("other scratch register", cpu.regs[REG_R13], numbered().regs[REG_R13]);
	}
}

int main(void)
{
	conditions();
	errtext();
	loads();
	numbers();
	headers();
	fields();
	within();
	no_frame_pointer();
	return failures != 0;
}
