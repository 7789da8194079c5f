/* SPDX-License-Identifier: MIT */
/* The words for each refusal. */
#include "probe/refusal.h"

const char *refusal_id(enum refusal refusal)
{
	static const char *const ids[] = {
#define X(name, id, text) id,
		REFUSALS(X)
#undef X
	};
	return (unsigned)refusal < sizeof(ids) / sizeof(ids[0]) ? ids[refusal] : "unknown";
}

const char *refusal_text(enum refusal refusal)
{
	static const char *const texts[] = {
#define X(name, id, text) text,
		REFUSALS(X)
#undef X
	};
	return (unsigned)refusal < sizeof(texts) / sizeof(texts[0]) ? texts[refusal] :
		"a reason that this version does not know";
}
