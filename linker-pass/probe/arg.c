/* SPDX-License-Identifier: MIT */
/* Value expressions to operands. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "probe/arg.h"
#include "probe/dwarfsig.h"
#include "probe/expr.h"
#include "probe/loads.h"
#include "probe/locate.h"

struct binder {
	struct fields *fields;
	struct bound_probe *bound;
	struct locator locator;
	struct loads loads;
	struct bound_step errtext;
	int errtext_at; /* the first of its words; 0 = none */
	int scratch_used; /* registers that are taken before the loads */
	int chain_of[BOUND_MAX_ARGS]; /* index into loads of each MEM operand, or -1 */
};

/* Whether there is neither an error nor a reason to refuse the probe. */
static bool on_course(const struct binder *b, const struct err *err)
{
	return !err && b->bound->refusal == REFUSED_NONE;
}

/* Adds a word whose operand is already whole, or names a chain. */
static void add_word(struct binder *b, char *name, const char *type, const char *of,
		     struct operand op, int chain)
{
	struct bound_arg *arg = &b->bound->args[b->bound->nargs];

	b->chain_of[b->bound->nargs++] = chain;
	arg->name = name;
	arg->type = mem_strdup(type);
	arg->of = mem_strdup(of);
	arg->op = op;
}

/* One word of the value at `place`, `off` bytes into it. */
static struct err *word_operand(struct binder *b, const struct located *place, uint64_t off,
				int size, struct operand *op_ret, int *chain_ret)
{
	*chain_ret = -1;
	op_ret->size = size;
	if (!place->value) {
		op_ret->kind = OPERAND_MEM;
		op_ret->reg = REG_NONE;
		op_ret->value = place->disp + (int64_t)off;
		*chain_ret = loads_intern(&b->loads, &place->chain);
		return NULL;
	}
	op_ret->kind = OPERAND_REG;
	op_ret->value = 0;
	op_ret->reg = located_reg(place, off, (uint64_t)abs(size));
	if (op_ret->reg == REG_NONE)
		return err_new("no register holds exactly this value");
	return NULL;
}

/* How a Go type is handed out. */
struct shape {
	int nwords;
	int size[2];         /* as in struct operand */
	const char *suffix[2];
	char *type[2];       /* owned */
	uint64_t whole;      /* bytes of the value in memory */
};

static void shape_pair(struct shape *shape, const char *suffix0, const char *suffix1,
		       char *type0, const char *type1)
{
	bool is_len = !strcmp(type1, "int");

	*shape = (struct shape){ 2, { 8, is_len ? -8 : 8 }, { suffix0, suffix1 },
				 { type0, mem_strdup(type1) }, shape->whole };
}

static struct err *shape_of(const char *text, struct shape *shape)
{
	struct gotype_env env = { 0 };
	struct golex in = { text, text };
	const char *bracket = strchr(text, ']');
	struct gotype *type;

	TRY(gotype_parse(&in, &env, &type));
	*shape = (struct shape){ .whole = type->size };
	if (type->kind == GOTYPE_STRING)
		shape_pair(shape, "", "_len", mem_strdup("*byte"), "int");
	else if (type->kind == GOTYPE_SLICE)
		shape_pair(shape, "", "_len", mem_printf("*%s", bracket ? bracket + 1 : text),
			   "int");
	else if (type->kind == GOTYPE_IFACE)
		shape_pair(shape, "_type", "_data", mem_strdup("uintptr"), "unsafe.Pointer");
	else
		*shape = (struct shape){ 1, { type->is_signed ? -(int)type->size
							       : (int)type->size },
					 { "" }, { mem_strdup(text) }, type->size };
	gotype_free(type);
	return NULL;
}

static void shape_clear(struct shape *shape)
{
	free(shape->type[0]);
	free(shape->type[1]);
}

/* That the value found has the declared type's size, as far as its own is known. */
static struct err *check_size(struct binder *b, const struct located *place,
			      const struct shape *shape, const char *declared)
{
	uint64_t size;

	if (fields_type_size(b->fields, place->type, &size) && size != shape->whole)
		return err_new("the value is a %s of %llu bytes, not a %s", place->type,
			       (unsigned long long)size, declared);
	return NULL;
}

static struct err *add_path(struct binder *b, const struct expr *expr, const char *name,
			    const char *declared, const struct shape *shape)
{
	bool len = expr->kind == EXPR_LEN;
	struct located place;
	struct err *err = locate(&b->locator, expr, &place);

	if (len && strcmp(declared, "int") && !err)
		err = err_new("len() is an int, not a %s", declared);
	if ((len || shape->nwords == 2) && on_course(b, err) && *place.type == '*')
		err = locate_pointee(&place);
	if (on_course(b, err) && !len)
		err = check_size(b, &place, shape, declared);
	for (int i = 0; i < shape->nwords && on_course(b, err); i++) {
		struct operand op;
		int chain;

		err = word_operand(b, &place, len ? 8 : 8 * (uint64_t)i, shape->size[i], &op,
				   &chain);
		if (!err)
			add_word(b, mem_printf("%s%s", name, shape->suffix[i]), shape->type[i],
				 declared, op, chain);
	}
	free(place.type);
	return err;
}

static struct bound_step *add_step(struct binder *b, enum step_kind kind)
{
	struct bound_step *step = &b->bound->steps[b->bound->nsteps++];

	*step = (struct bound_step){ .kind = kind };
	return step;
}

/* Both words of the text at `place` must be in registers: R12 and R13 get the value. */
static struct err *add_header(struct binder *b, const struct located *place,
			      struct bound_step *step, struct operand words[2])
{
	int chain;

	if (!place->value || (strcmp(place->type, "string") && strcmp(place->type, "[]uint8") &&
			      strcmp(place->type, "[]byte")))
		return err_new("header() takes a string or []byte that is passed in registers");
	TRY(word_operand(b, place, 0, 8, &step->from, &chain));
	TRY(word_operand(b, place, 8, 8, &step->len, &chain));
	words[0] = (struct operand){ OPERAND_REG, 8, REG_R12, 0 };
	words[1] = (struct operand){ OPERAND_REG, -8, REG_R13, 0 };
	return NULL;
}

/* The offset of a string in the elements of field()'s slice; may refuse the probe. */
static struct err *element_field(struct binder *b, const char *type, const char *name,
				 int32_t *off_ret)
{
	struct err *err = NULL;
	struct field field;

	b->bound->refusal = fields_find(b->fields, type, name, &field, &b->bound->detail);
	if (b->bound->refusal != REFUSED_NONE)
		return NULL;
	*off_ret = (int32_t)field.offset;
	if (strcmp(field.type, "string"))
		err = err_new("%s.%s is a %s, not a string", type, name, field.type);
	free(field.type);
	return err;
}

/* R12 gets the address of the element, whose Value is then one dereference away. */
static struct err *add_field(struct binder *b, const struct located *place,
			     struct bound_step *step, struct operand words[2])
{
	const char *element = place->type + 2;
	int32_t value_off = 0;
	uint64_t size;

	if (place->value || place->chain.nhops || strncmp(place->type, "[]", 2))
		return err_new("field() takes a slice that is one pointer away");
	step->from = (struct operand){ OPERAND_MEM, 8, place->chain.root, place->disp };
	TRY(element_field(b, element, "Name", &step->name_off));
	if (b->bound->refusal == REFUSED_NONE)
		TRY(element_field(b, element, "Value", &value_off));
	if (b->bound->refusal != REFUSED_NONE)
		return NULL;
	if (!fields_type_size(b->fields, element, &size) || size > INT32_MAX)
		return err_new("the size of %s should be known: put it under types", element);
	step->stride = (int32_t)size;
	words[0] = (struct operand){ OPERAND_MEM, 8, REG_R12, value_off };
	words[1] = (struct operand){ OPERAND_MEM, -8, REG_R12, value_off + 8 };
	return NULL;
}

static void add_const(struct binder *b, int64_t value, const char *name, const char *declared,
		      const struct shape *shape)
{
	for (int i = 0; i < shape->nwords; i++)
		add_word(b, mem_printf("%s%s", name, shape->suffix[i]), shape->type[i], declared,
			 (struct operand){ OPERAND_CONST, shape->size[i], REG_NONE, value }, -1);
}

/* errtext(): the words are filled in when it is known which register is left for them. */
static struct err *add_errtext(struct binder *b, const struct expr *expr, const char *name,
			       const char *declared, const struct shape *shape)
{
	struct bound_step *step = &b->errtext;
	struct located place;
	struct err *err;
	int chain;

	if (strcmp(declared, "string"))
		return err_new("the text of an error is a string, not a %s", declared);
	if (b->errtext_at)
		return err_new("only one error's text can be had");
	err = locate(&b->locator, expr, &place);
	if (on_course(b, err) && (!place.value || strcmp(place.type, "error")))
		err = err_new("errtext() takes an error that is in registers");
	if (on_course(b, err))
		err = word_operand(b, &place, 0, 8, &step->from, &chain);
	if (on_course(b, err))
		err = word_operand(b, &place, 8, 8, &step->len, &chain);
	if (on_course(b, err)) {
		b->errtext_at = b->bound->nargs;
		add_const(b, 0, name, declared, shape);
	}
	free(place.type);
	return err;
}

/* header() and field(): the probe fires only when they find something. */
static struct err *add_search(struct binder *b, const struct expr *expr, const char *name,
			      const char *declared, const struct shape *shape)
{
	bool header = expr->kind == EXPR_HEADER;
	struct operand words[2] = { 0 };
	struct located place;
	struct err *err;

	if (strcmp(declared, "string"))
		return err_new("what is found is a string, not a %s", declared);
	if (b->scratch_used)
		return err_new("only one value can be searched for");
	err = locate(&b->locator, expr, &place);
	if (on_course(b, err)) {
		struct bound_step *step = add_step(b, header ? STEP_HEADER : STEP_FIELD);

		strcpy(step->name, expr->text);
		b->scratch_used = 2;
		err = header ? add_header(b, &place, step, words)
			     : add_field(b, &place, step, words);
	}
	for (int i = 0; i < 2 && on_course(b, err); i++)
		add_word(b, mem_printf("%s%s", name, shape->suffix[i]), shape->type[i],
			 declared, words[i], -1);
	free(place.type);
	return err;
}

/* The type of an argument whose definition does not say it. Left alone when the probe is
 * refused. */
static struct err *infer(struct binder *b, const struct expr *expr, const char *text,
			 char **type_ret)
{
	const char *fixed = expr->kind == EXPR_LEN ? "int" : expr->kind == EXPR_CONST ? "int64" :
			    expr->kind == EXPR_PATH ? NULL : "string";
	struct located place;
	struct err *err;

	if (text && (!strcmp(text, "true") || !strcmp(text, "false")))
		fixed = "bool";
	if (fixed) {
		*type_ret = mem_strdup(fixed);
		return NULL;
	}
	err = locate(&b->locator, expr, &place);
	if (on_course(b, err))
		err = dwarfsig_arg(b->fields, place.type, type_ret);
	free(place.type);
	return err;
}

static struct err *add_typed(struct binder *b, const char *text, const struct expr *expr,
			     const char *name, const char *declared)
{
	struct err *err = NULL;
	struct shape shape;

	TRY(shape_of(declared, &shape));
	if (b->bound->nargs + shape.nwords > BOUND_MAX_ARGS)
		err = err_new("more than %d words; leave out arguments (a string, slice or "
			      "interface is 2, the goroutine id 1)", BOUND_MAX_ARGS);
	else if (expr->kind == EXPR_HEADER || expr->kind == EXPR_FIELD)
		err = add_search(b, expr, name, declared, &shape);
	else if (expr->kind == EXPR_ERRTEXT)
		err = add_errtext(b, expr, name, declared, &shape);
	else if (expr->kind != EXPR_CONST)
		err = add_path(b, expr, name, declared, &shape);
	else if (shape.nwords == 2 && expr->value)
		err = err_new("a %s cannot be the constant %s", declared, text);
	else
		add_const(b, expr->value, name, declared, &shape);
	shape_clear(&shape);
	return err;
}

static struct err *add_value(struct binder *b, const char *text, const struct def_arg *arg)
{
	char *inferred = NULL;
	struct golex in = { text, text };
	struct expr expr = { .kind = EXPR_CONST };
	struct err *err = NULL;
	int first = b->bound->nargs;

	if (text)
		TRY(expr_parse(&in, &expr));
	if (!arg->type)
		err = infer(b, &expr, text, &inferred);
	if (on_course(b, err))
		err = add_typed(b, text, &expr, arg->name, inferred ? inferred : arg->type);
	for (int i = first; i < b->bound->nargs; i++) {
		b->bound->args[i].numbers = arg->numbers;
		b->bound->args[i].optional = arg->optional;
	}
	expr_clear(&expr);
	free(inferred);
	return err;
}

/* That the numbers which Go gives the values in this release are known. */
static void check_numbers(struct binder *b, const struct def_enum *numbers)
{
	const struct gobin *gobin = b->fields->gobin;
	bool devel = strstr(gobin->version, "devel");
	uint8_t table[DEF_ENUM_CODES];

	if (!numbers || (!devel && def_enum_table(numbers, gobin->minor, table)))
		return;
	b->bound->refusal = REFUSED_LAYOUT;
	b->bound->detail = mem_printf("the numbers of %s in %s are not known to this version of "
				      "probes; update probes", numbers->name, gobin->version);
}

/* The register of a pointer, or of the type word of an interface, that the probe depends on. */
static struct err *add_when(struct binder *b)
{
	const char *text = b->bound->variant->when;
	struct golex in = { text, text };
	struct expr expr;
	struct located place;
	bool nil;

	if (!text)
		return NULL;
	TRY(expr_parse_when(&in, &expr, &nil));

	struct err *err = locate(&b->locator, &expr, &place);

	if (on_course(b, err)) {
		enum reg reg = place.value ? located_reg(&place, 0, 8) : REG_NONE;

		add_step(b, nil ? STEP_NIL : STEP_NOT_NIL)->from =
			(struct operand){ OPERAND_REG, 8, reg, 0 };
		if (reg == REG_NONE)
			err = err_new("only a pointer or interface in a register can be a "
				      "condition");
	}
	free(place.type);
	expr_clear(&expr);
	return err;
}

static struct err *add_goid(struct binder *b, const char *goid, const struct def_arg *arg)
{
	struct err *err;

	b->locator.at_goid = true;
	err = add_value(b, goid, arg);
	b->locator.at_goid = false;
	return err;
}

static struct err *add_all(struct binder *b)
{
	static char goid_name[] = "goid", goid_type[] = "uint64";
	static const struct def_arg goid_arg = { .name = goid_name, .type = goid_type };
	const struct def_probe *def = b->bound->def;
	const struct def_variant *variant = b->bound->variant;
	const char *goid = variant->goid ? variant->goid : "g.goid";
	struct err *err = add_when(b);

	if (err)
		return err_prefix(err, "%s:%d:%d", def->file, variant->when_at.line,
				  variant->when_at.column);
	if (!def->no_goid && b->bound->refusal == REFUSED_NONE)
		err = add_goid(b, goid, &goid_arg);
	if (err)
		return err_prefix(err, "%s:%d:%d", def->file, variant->goid_at.line,
				  variant->goid_at.column);
	for (size_t i = 0; i < def->nargs && b->bound->refusal == REFUSED_NONE; i++) {
		const struct def_place *at = &variant->values_at[i];

		err = add_value(b, variant->values[i], &def->args[i]);
		if (err)
			return err_prefix(err, "%s:%d:%d", def->file, at->line, at->column);
		if (b->bound->refusal == REFUSED_NONE && variant->values[i])
			check_numbers(b, def->args[i].numbers);
	}
	return NULL;
}

/* Has the trampoline turn Go's number in `arg` into ours. */
static struct err *translate(struct binder *b, struct bound_arg *arg, int *used)
{
	struct bound_step *step;
	enum reg dst = REG_NONE;

	TRY(loads_scratch(used, &dst));
	step = add_step(b, STEP_NUMBER);
	step->dst = dst;
	step->from = arg->op;
	step->numbers = arg->numbers;
	step->minor = b->fields->gobin->minor;
	arg->op = (struct operand){ OPERAND_REG, arg->op.size, dst, 0 };
	return NULL;
}

/* Without such errors in the binary the words stay 0. */
static struct err *plan_errtext(struct binder *b, int *used)
{
	struct bound_arg *words = &b->bound->args[b->errtext_at];
	const uint64_t *itabs;
	struct bound_step *step;
	enum reg dst = REG_NONE;
	size_t n;

	if (!b->errtext_at)
		return NULL;
	itabs = fields_error_itabs(b->fields, &n);
	if (!n)
		return NULL;
	TRY(loads_scratch(used, &dst));
	step = add_step(b, STEP_ERRTEXT);
	step->dst = dst;
	step->from = b->errtext.from;
	step->len = b->errtext.len;
	memcpy(step->itabs, itabs, n * sizeof(*itabs));
	step->nitabs = n;
	words[0].op = (struct operand){ OPERAND_MEM, 8, dst, 0 };
	words[1].op = (struct operand){ OPERAND_MEM, -8, dst, 8 };
	return NULL;
}

static struct err *plan_steps(struct binder *b)
{
	struct bound_probe *bound = b->bound;
	enum reg bases[LOADS_MAX_CHAINS];
	int used = b->scratch_used;

	TRY(loads_plan(&b->loads, bases, bound, &used));
	for (int i = 0; i < bound->nargs; i++) {
		struct bound_arg *arg = &bound->args[i];

		if (b->chain_of[i] >= 0)
			arg->op.reg = bases[b->chain_of[i]];
		if (arg->numbers && arg->op.kind != OPERAND_CONST)
			TRY(translate(b, arg, &used));
	}
	return plan_errtext(b, &used);
}

struct err *arg_bind(struct fields *fields, const struct gotype_func *func,
		     const struct abi_value *values, struct bound_probe *bound)
{
	struct binder b = {
		.fields = fields,
		.bound = bound,
		.locator = { .fields = fields, .func = func, .values = values, .bound = bound },
	};
	struct err *err;

	if (bound->within)
		add_step(&b, STEP_WITHIN)->func = bound->within;
	TRY(add_all(&b));
	if (bound->refusal != REFUSED_NONE)
		return NULL;
	err = plan_steps(&b);
	if (!err && bound->variant->nosplit && (bound->nsteps || b.errtext_at))
		err = err_new("what takes a trampoline's work cannot be had in a function without "
			      "a stack check: it may run where there is no goroutine");
	return err ? err_prefix(err, "%s:%d", bound->def->file, bound->variant->line) : NULL;
}
