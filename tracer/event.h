/* SPDX-License-Identifier: MIT */
/*
 * What the BPF program (tracer/events.bpf.c) and the tracer say to each other. Included by
 * both; every struct has the same layout in both, without hidden padding.
 */
#ifndef TRACER_EVENT_H
#define TRACER_EVENT_H

#define WIRE_WORDS 12     /* of a probe: libbpf's limit, and ours */
#define WIRE_TEXTS 5      /* strings of one probe that are read */
#define WIRE_DEPTH 8      /* spans of one kind that one goroutine can have open */
#define WIRE_FRAMES 64    /* return addresses of a stack */
#define WIRE_STEPS 24     /* of a condition */
#define WIRE_PATTERN 48   /* bytes of a text to compare with */

typedef unsigned char wire_u8;
typedef unsigned short wire_u16;
typedef unsigned int wire_u32;
typedef unsigned long long wire_u64;

enum wire_operand_kind { WIRE_CONST, WIRE_REG, WIRE_MEM };

struct wire_operand {
	wire_u64 value; /* the constant, or what is added to the register */
	wire_u8 kind;   /* enum wire_operand_kind */
	wire_u8 reg;    /* number of the instruction set: 0 rax ... 15 r15 */
	wire_u8 size;   /* bytes */
	wire_u8 is_signed;
	wire_u32 unused;
};

enum wire_role { WIRE_EVENT, WIRE_START, WIRE_END };

/* One site; the cookie of its uprobe is its index. */
struct wire_site {
	wire_u32 pair;       /* START and END of one pair have the same; from 1 */
	wire_u32 condition;  /* index, or 0 for none */
	wire_u8 role;        /* enum wire_role */
	wire_u8 key;         /* of a pair: word by which an end finds its start */
	wire_u8 nwords;
	wire_u8 ntexts;
	wire_u8 text_at[WIRE_TEXTS]; /* word of the pointer; its length is the next */
	wire_u8 at_entry;    /* the frame is not made yet: the caller is at (%rsp) */
	wire_u8 unused[2];
	struct wire_operand words[WIRE_WORDS];
};

/* What one probe hit says; its texts stand apart, one slot each. */
struct wire_hit {
	wire_u64 time;       /* ns of CLOCK_MONOTONIC */
	wire_u32 site;
	wire_u16 bad_words;  /* bits of words that could not be read */
	wire_u16 bad_texts;  /* bits of texts that could not be read */
	wire_u64 words[WIRE_WORDS];
};

/*
 * One record of the ring: this head, then `end_slots` and `start_slots` text slots of
 * `slot_bytes` each (the program's read-only data), then the stack. Records of sites without
 * text, when no stack is wanted and no span, end after the head.
 */
struct wire_record {
	wire_u64 sequence;   /* of the flight recorder: odd while it is written */
	wire_u32 tgid, tid;  /* as the tracer's pid namespace has them */
	wire_u32 is_span;    /* whether `start` holds anything */
	wire_u32 nframes;    /* bytes of the stack / 8 */
	wire_u64 caller;     /* return address at (%rsp), of sites at an entry; or 0 */
	struct wire_hit hit;
	struct wire_hit start;
};

#endif
