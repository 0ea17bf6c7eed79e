/* fuzz_database.c - a file that may be a database: harness/store.c, and what reads what
 * opens.  Input: lines "OFFSET BYTES", both in hexadecimal, that change a good
 * database; "OFFSET" alone cuts it off there.  When the first line is "raw", what
 * follows is the whole file. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzzstore.h"

struct image {
	char *bytes;
	size_t size;
};

/* A new copy of the good database. */
static struct image good(void)
{
	static struct image first;
	struct image copy;

	if (first.bytes == NULL) {
		char *path = xasprintf("%s/good.db", fuzz_dir());

		fuzz_store_save(path);
		FUZZ_REQUIRE(read_file(path, 1 << 20, &first.bytes,
				       &first.size) == 0);
		unlink(path);
		free(path);
	}
	copy = (struct image){ xcalloc(first.size, 1), first.size };
	memcpy(copy.bytes, first.bytes, first.size);
	return copy;
}

/* Does what a line of the input says. */
static void change(struct image *image, const char *line)
{
	char *rest;
	size_t at;

	if (!isxdigit((unsigned char)*line))
		return;
	at = strtoull(line, &rest, 16);
	if (*rest != ' ') {
		image->size = at < image->size ? at : image->size;
		return;
	}
	for (rest++; isxdigit((unsigned char)rest[0]) &&
	     isxdigit((unsigned char)rest[1]) && at < image->size;
	     rest += 2) {
		char byte[] = { rest[0], rest[1], '\0' };

		image->bytes[at++] = (char)strtoul(byte, NULL, 16);
	}
}

/* Writes the file that the input describes. */
static void write_database(const uint8_t *data, size_t size)
{
	struct image image;
	char *text;

	if (size >= 4 && memcmp(data, "raw\n", 4) == 0) {
		fuzz_write("fuzz.db", data + 4, size - 4);
		return;
	}
	image = good();
	text = fuzz_text(data, size);
	for (const char *line = text; line != NULL;
	     line = text_after(line, '\n'))
		change(&image, line);
	fuzz_write("fuzz.db", image.bytes, image.size);
	free(image.bytes);
	free(text);
}

FUZZ_TARGET(database)
{
	static const char *const beside[] = { "-wal", "-shm", "-journal" };
	char *path = xasprintf("%s/fuzz.db", fuzz_dir());
	struct store s;
	size_t heard;
	int result;

	write_database(data, size);
	fuzz_listen();
	result = store_open(&s, path, STORE_READ);
	heard = fuzz_heard();
	FUZZ_REQUIRE(heard == (size_t)(result < 0));
	if (result == 0) {
		fuzz_store_read(&s);
		store_close(&s);
	}
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		char *name = xasprintf("%s%s", path, beside[i]);

		unlink(name);
		free(name);
	}
	free(path);
}
