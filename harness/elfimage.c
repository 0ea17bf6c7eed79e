/* elfimage.c - reads ELF files from the memory of the process that uses them. */
#define _GNU_SOURCE
#include "elfimage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "peek.h"

#define DYNAMIC_MAX 128 /* entries of the dynamic section */
#define CHAIN_MAX 4096	/* symbols in one bucket; more is damage */

int elfimage_read(struct elfimage *image, int memory, uint64_t base)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	ElfW(Ehdr) head;
	uint64_t lowest = UINT64_MAX;

	*image = (struct elfimage){ .memory = memory };
	peek(memory, base, &head, sizeof head);
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_phentsize != sizeof *image->segments ||
	    head.e_phnum > ELFIMAGE_SEGMENTS)
		return -ENOEXEC;
	image->n = head.e_phnum;
	peek(memory, base + head.e_phoff, image->segments,
	     (size_t)image->n * sizeof *image->segments);
	for (int i = 0; i < image->n; i++)
		if (image->segments[i].p_type == PT_LOAD &&
		    image->segments[i].p_vaddr < lowest)
			lowest = image->segments[i].p_vaddr;
	image->bias = base - lowest / page * page;
	return lowest == UINT64_MAX ? -ENOEXEC : 0;
}

/* Addresses of tables of the dynamic section; 0: missing. */
struct tables {
	uint64_t symbols, names, hash;
};

/* glibc's loader turns these entries into addresses, others leave offsets. */
static uint64_t absolute(const struct elfimage *image, uint64_t pointer)
{
	return pointer < image->bias ? image->bias + pointer : pointer;
}

static struct tables find_tables(const struct elfimage *image)
{
	struct tables t = { 0, 0, 0 };
	ElfW(Dyn) entries[DYNAMIC_MAX];
	int segment = 0;

	while (segment < image->n &&
	       image->segments[segment].p_type != PT_DYNAMIC)
		segment++;
	if (segment == image->n)
		return t;
	peek(image->memory, image->bias + image->segments[segment].p_vaddr,
	     entries, sizeof entries);
	for (int i = 0; i < DYNAMIC_MAX && entries[i].d_tag != DT_NULL; i++) {
		uint64_t address = absolute(image, entries[i].d_un.d_ptr);

		if (entries[i].d_tag == DT_SYMTAB)
			t.symbols = address;
		else if (entries[i].d_tag == DT_STRTAB)
			t.names = address;
		else if (entries[i].d_tag == DT_GNU_HASH)
			t.hash = address;
	}
	return t;
}

static uint32_t hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name != '\0'; name++)
		h = 33 * h + (unsigned char)*name;
	return h;
}

/* The address of symbol number `index`, which is defined as all that are hashed, if
 * it has this name, or 0. */
static uint64_t symbol_named(const struct elfimage *image,
			     const struct tables *t, uint64_t index,
			     const char *name)
{
	char found[64] = "";
	size_t length = strlen(name) + 1;
	ElfW(Sym) symbol;

	peek(image->memory, t->symbols + index * sizeof symbol, &symbol,
	     sizeof symbol);
	if (length > sizeof found)
		return 0;
	peek(image->memory, t->names + symbol.st_name, found, length);
	return memcmp(found, name, length) == 0 ?
		image->bias + symbol.st_value :
		0;
}

uint64_t elfimage_symbol(const struct elfimage *image, const char *name)
{
	struct tables t = find_tables(image);
	/* Buckets, the first symbol that is hashed, words of the filter. */
	uint32_t head[4], index, hash = hash_of(name);
	uint64_t buckets, chain;

	if (t.symbols == 0 || t.names == 0 || t.hash == 0)
		return 0;
	peek(image->memory, t.hash, head, sizeof head);
	if (head[0] == 0)
		return 0;
	buckets = t.hash + sizeof head + (uint64_t)head[2] * sizeof(uint64_t);
	chain = buckets + (uint64_t)head[0] * sizeof index;
	peek(image->memory, buckets + hash % head[0] * sizeof index, &index,
	     sizeof index);
	for (int i = 0; i < CHAIN_MAX && index >= head[1] && index != 0;
	     i++, index++) {
		uint32_t entry;
		uint64_t address;

		peek(image->memory,
		     chain + (uint64_t)(index - head[1]) * sizeof entry, &entry,
		     sizeof entry);
		address = (entry | 1) == (hash | 1) ?
			symbol_named(image, &t, index, name) :
			0;
		if (address != 0 || (entry & 1) != 0)
			return address;
	}
	return 0;
}
