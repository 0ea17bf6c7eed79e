/* fuzz.h - what fuzz targets share.
 *
 * A target is one file, fuzz_NAME.c, that holds
 *
 *     FUZZ_TARGET(NAME)
 *     {
 *         ... do something with `size` bytes at `data` ...
 *     }
 *
 * Compiled with FUZZ_ENGINE it is what libFuzzer and AFL++ call; without, replay.c
 * finds it by its name and runs the inputs of tests/fuzz/corpus/NAME.  A target
 * must not leak, must depend on nothing but its input, and says by FUZZ_REQUIRE()
 * what has to hold besides that nothing crashes.
 */
#ifndef PERMAFROST_FUZZ_H
#define PERMAFROST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "util.h"

typedef void fuzz_run(const uint8_t *data, size_t size);

#ifdef FUZZ_ENGINE
#define FUZZ_ENTRY(target)                                                     \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);          \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)           \
	{                                                                      \
		run(data, size);                                               \
		return 0;                                                      \
	}
#else
#define FUZZ_ENTRY(target)                                                     \
	static void __attribute__((constructor)) enlist(void)                  \
	{                                                                      \
		fuzz_enlist(#target, run);                                     \
	}
#endif

#define FUZZ_TARGET(target)                                                    \
	static fuzz_run run;                                                   \
	FUZZ_ENTRY(target)                                                     \
	static void run(const uint8_t *data, size_t size)

/* replay.c: makes a target known.  `name` is static. */
void fuzz_enlist(const char *name, fuzz_run *run);

/* Ends the program as a crash does when `condition` does not hold. */
#define FUZZ_REQUIRE(condition)                                                \
	((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))
void fuzz_failed(const char *file, int line, const char *condition)
	__attribute__((noreturn));

/* The input as a text that ends with its allocation, so that a sanitizer sees
 * whoever reads on.  It goes to the first NUL.  To free. */
char *fuzz_text(const uint8_t *data, size_t size);

/* The input as several texts, which lines of "--" part; at least one.  End with
 * strings_fini(). */
void fuzz_parts(const uint8_t *data, size_t size, struct strings *parts);

/* The text with this index; "" when there are not so many. */
const char *fuzz_part(const struct strings *parts, size_t index);

/* A line "WHERE INDEX VALUE" of an input that sets words of some memory: a letter
 * and two numbers, as strtoull() reads them with base 0. */
struct fuzz_word {
	char where;
	uint64_t index, value;
};

/* Reads the next such line of *text and moves on; others are skipped.  Whether
 * there was one. */
int fuzz_next_word(const char **text, struct fuzz_word *word);

/* From here on, what is complained of goes nowhere. */
void fuzz_listen(void);
/* Ends that; returns in how many lines something was complained of. */
size_t fuzz_heard(void);

/* A folder for files of this process, in TMPDIR; static.  It goes when the program
 * ends by itself. */
const char *fuzz_dir(void);
/* Writes DIR/NAME, with all of `size` bytes, in that folder. */
void fuzz_write(const char *name, const void *data, size_t size);
/* Removes `dir` and all in it. */
void fuzz_remove(const char *dir);

#endif
