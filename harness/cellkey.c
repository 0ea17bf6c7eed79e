/* cellkey.c - prints and reads the identity of a cell.  Pure. */
#include "cellkey.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Percent-encodes all but letters, digits and `also`. */
static char *encode(const char *text, const char *also)
{
	char *out = xcalloc(strlen(text) * 3 + 1, 1), *p = out;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr(also, c) != NULL) {
			*p++ = (char)c;
		} else {
			*p++ = '%';
			*p++ = "0123456789ABCDEF"[c >> 4];
			*p++ = "0123456789ABCDEF"[c & 15];
		}
	}
	return out;
}

static int hex(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *p = c ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

/* Undoes encode() in place.  0 or -EINVAL. */
static int decode(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		if (*text == '%') {
			int high = hex(text[1]);
			int low = high < 0 ? -1 : hex(text[2]);

			if (low < 0 || (high | low) == 0)
				return -EINVAL;
			*out++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return 0;
}

char *cellkey_format(const struct cellkey *key)
{
	char *executable = encode(key->executable ? key->executable : "",
				  "._-");
	char *workload = encode(key->workload, "._-/");
	char *text = xasprintf("%s%s%s/%s/w%ld/n%ld/c%ld/s%ld/r%ld/x%ld/%s",
			       key->tag, key->executable ? "@" : "", executable,
			       key->stack, key->workers, key->requests,
			       key->collect_at, key->scale, key->repeat,
			       key->seed, workload);

	free(executable);
	free(workload);
	return text;
}

int cellkey_parse(const char *text, struct cellkey *key)
{
	static const char letters[] = "wncsrx";
	char *copy = xstrdup(text), *rest = copy, *at;
	long *const numbers[] = { &key->workers,    &key->requests,
				  &key->collect_at, &key->scale,
				  &key->repeat,	    &key->seed };
	const long limits[][2] = { { 1, CELL_MAX_WORKERS }, { 0, INT_MAX },
				   { -1, INT_MAX },	    { 0, INT_MAX },
				   { 1, INT_MAX },	    { 0, INT_MAX } };
	char *tag = strsep(&rest, "/"), *stack = strsep(&rest, "/");
	int result = -EINVAL;

	memset(key, 0, sizeof *key);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		const char *part = strsep(&rest, "/");

		if (part == NULL || part[0] != letters[i] ||
		    parse_long(part + 1, limits[i][0], limits[i][1],
			       numbers[i]) < 0)
			goto out;
	}
	if (rest == NULL || *rest == '\0' || *tag == '\0' || *stack == '\0' ||
	    decode(rest) < 0)
		goto out;
	at = strchr(tag, '@');
	if (at != NULL) {
		*at++ = '\0';
		if (*tag == '\0' || *at == '\0' || decode(at) < 0)
			goto out;
		key->executable = xstrdup(at);
	}
	key->tag = xstrdup(tag);
	key->stack = xstrdup(stack);
	key->workload = xstrdup(rest);
	result = 0;
out:
	free(copy);
	return result;
}

int cellkey_uses(const struct cellkey *key, const char *name)
{
	size_t n = strlen(name);

	for (const char *part = key->stack; part != NULL;
	     part = text_after(part, '+'))
		if (strncmp(part, name, n) == 0 &&
		    (part[n] == '\0' || part[n] == '+' || part[n] == ':'))
			return 1;
	return 0;
}

void cellkey_fini(struct cellkey *key)
{
	free(key->tag);
	free(key->executable);
	free(key->stack);
	free(key->workload);
	memset(key, 0, sizeof *key);
}
