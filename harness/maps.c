/* maps.c - reads /proc/PID/maps; proc(5). */
#define _GNU_SOURCE
#include "maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define TEXT_MAX (64u << 20)

int maps_parse_line(char *line, struct mapping *m)
{
	int used = 0;

	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64
		   "%n",
		   &m->start, &m->end, m->permissions, &m->offset,
		   &m->dev_major, &m->dev_minor, &m->inode, &used) != 7 ||
	    m->start > m->end || strlen(m->permissions) != 4)
		return -EINVAL;
	m->path = line + used + strspn(line + used, " ");
	return 0;
}

int mapping_is_private(const struct mapping *m)
{
	return m->permissions[3] == 'p';
}

int mapping_is_heap(const struct mapping *m)
{
	return strncmp(m->permissions, "rw", 2) == 0 && mapping_is_private(m) &&
		(m->inode == 0 || strncmp(m->path, "/memfd:", 7) == 0) &&
		strcmp(m->path, "[stack]") != 0;
}

int maps_parse(struct maps *maps, char *text)
{
	char *line, *rest = text;
	int result = 0;

	*maps = (struct maps){ NULL, 0, text };
	while (result == 0 && (line = strsep(&rest, "\n")) != NULL &&
	       *line != '\0') {
		if ((maps->n & (maps->n - 1)) == 0) /* powers of two */
			maps->items = xrealloc(maps->items,
					       maps->n ? 2 * maps->n : 1,
					       sizeof *maps->items);
		result = maps_parse_line(line, &maps->items[maps->n]);
		maps->n += result == 0;
	}
	return result;
}

int maps_read(struct maps *maps, pid_t pid)
{
	char path[64], *text;
	int result;

	*maps = (struct maps){ NULL, 0, NULL };
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	result = read_file(path, TEXT_MAX, &text, NULL);
	return result < 0 ? result : maps_parse(maps, text);
}

void maps_fini(struct maps *maps)
{
	free(maps->items);
	free(maps->text);
	*maps = (struct maps){ NULL, 0, NULL };
}

const struct mapping *maps_find(const struct maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->n && maps->items[low].start <= address ?
		&maps->items[low] :
		NULL;
}
