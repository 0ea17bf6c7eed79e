/* elfimage.h - an ELF file as it is mapped in a process, read from its memory.
 *
 * Not from the file: that may have been replaced or deleted since, or lie in
 * another mount namespace.  Source: elf(5), ld.so's tables by DT_GNU_HASH.
 */
#ifndef PERMAFROST_ELFIMAGE_H
#define PERMAFROST_ELFIMAGE_H

#include <link.h>
#include <stdint.h>

#define ELFIMAGE_SEGMENTS 64 /* files with more are none for us */

struct elfimage {
	int memory;    /* see peek.h */
	uint64_t bias; /* to add to addresses in the file */
	int n;
	ElfW(Phdr) segments[ELFIMAGE_SEGMENTS];
};

/* Reads the program headers of the file that is mapped from `base` on.  0, or
 * -ENOEXEC when there is none that we understand. */
int elfimage_read(struct elfimage *image, int memory, uint64_t base);

/* The address of an exported symbol that is defined here, or 0. */
uint64_t elfimage_symbol(const struct elfimage *image, const char *name);

#endif
