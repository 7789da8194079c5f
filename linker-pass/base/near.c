/* SPDX-License-Identifier: MIT */
/* How far a mistyped word is from what there is. */
#include <limits.h>
#include <string.h>

#include "base/near.h"

enum { LONGEST = 63 };

static int least(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

int near_distance(const char *a, const char *b)
{
	int row[LONGEST + 1], alen = (int)strnlen(a, LONGEST + 1);
	int blen = (int)strnlen(b, LONGEST + 1);

	if (alen > LONGEST || blen > LONGEST)
		return INT_MAX;
	for (int j = 0; j <= blen; j++)
		row[j] = j;
	for (int i = 1; i <= alen; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= blen; j++) {
			int above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[blen];
}
