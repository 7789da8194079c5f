/* SPDX-License-Identifier: MIT */
/* Runs the machine code of a trampoline's steps and looks at the registers behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "patch/steps.h"

#define CODE_SIZE 16384

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

/* void f(struct cpu *): registers from it, the steps, registers to it. */
static size_t put_function(struct buf *out, const struct steps_data *data,
			   const struct bound_probe *probe, uint32_t depth)
{
	size_t start = out->len;

	put(out, "53 55 41 54 41 55 41 56 41 57 57"); /* push rbx rbp r12-r15 rdi */
	for (int reg = 0; reg < 16; reg++)
		if (reg != REG_RSP && reg != REG_RDI)
			put_move(out, 0x8b, reg, REG_RDI);
	put_move(out, 0x8b, REG_RDI, REG_RDI);

	size_t jump = steps_put_condition(out, probe);

	steps_put(out, data, probe, depth);
	put(out, "50 48 8b 44 24 08");             /* push rax; mov 8(rsp),rax */
	put(out, "c7 80 80 00 00 00 01 00 00 00"); /* movl $1,128(rax) */
	put(out, "58");                            /* pop rax */
	steps_end_condition(out, jump);
	put(out, "50 48 8b 44 24 08");             /* push rax; mov 8(rsp),rax */
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
	void *code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct cpu before = *cpu;
	struct steps_data data;
	struct buf out = { 0 };
	size_t start;

	if (code == MAP_FAILED)
		abort();
	buf_u8(&out, 0);
	steps_data_start(&data, &out, (uint64_t)code, 64);
	steps_data_add(&data, &out, probe);
	start = put_function(&out, &data, probe, 0);
	memcpy(code, out.data, out.len);
	((void (*)(struct cpu *))((uint8_t *)code + start))(cpu);
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
		struct cpu *stack = &cpu;

		cpu.regs[REG_RAX] = nil ? (uint64_t)pointers : 0;
		probe.steps[0].from = memory(REG_RAX, 8, 8);
		probe.steps[0].dst = REG_R12;
		probe.nsteps = 2; /* the block of zeros leads nowhere but to itself */
		probe.steps[1] = (struct bound_step){ .kind = STEP_LOAD, .dst = REG_R12,
						      .from = memory(REG_R12, 16, 8) };
		run(&probe, stack);
		check("zeros", cpu.regs[REG_R12] % 16, 0);
	}
	struct cpu cpu = numbered();

	probe.nsteps = 1; /* what the code itself has pushed last */
	probe.steps[0].from = memory(REG_ENTRY_SP, 0, 8);
	run(&probe, &cpu);
	check("stack", cpu.regs[REG_R12], (uint64_t)&cpu);
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
	probe.steps[0] = (struct bound_step){ STEP_NUMBER, REG_R12, memory(REG_RCX, 1, 1), &type,
					      18 };
	run(&probe, &cpu);
	check("number behind nil, as of 0", cpu.regs[REG_R12], 1);
}

static void conditions(void)
{
	enum reg regs[] = { REG_RAX, REG_RBX, REG_RSI, REG_R8, REG_R11 };
	struct bound_probe probe = { .nsteps = 2 };

	for (int i = 0; i < probe.nsteps; i++)
		probe.steps[i] = (struct bound_step){ .kind = STEP_LOAD, .dst = REG_R12,
						      .from = memory(REG_RCX, 0, 8) };
	for (unsigned i = 0; i < 3 * sizeof(regs) / sizeof(*regs); i++) {
		struct cpu cpu = numbered();

		cpu.regs[REG_RCX] = 0;
		probe.when = (enum bound_when)(i % 3);
		probe.when_reg = regs[i / 3];
		run(&probe, &cpu);
		check("fired, not nil", cpu.fired, probe.when != WHEN_NIL);
		cpu = numbered();
		cpu.regs[REG_RCX] = cpu.regs[probe.when_reg] = 0;
		run(&probe, &cpu);
		check("fired, nil", cpu.fired, probe.when != WHEN_NOT_NIL);
	}
}

int main(void)
{
	conditions();
	loads();
	numbers();
	return failures != 0;
}
