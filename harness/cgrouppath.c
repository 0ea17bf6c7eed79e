/* cgrouppath.c - finds cgroups from mountinfo (proc(5)) and cgroup (cgroups(7)). */
#define _GNU_SOURCE
#include "cgrouppath.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

int cgroup_has_word(const char *list, const char *word, char separator)
{
	size_t n = strlen(word);

	for (const char *p = list; p != NULL && *p != '\0';
	     p = text_after(p, separator))
		if (strncmp(p, word, n) == 0 &&
		    (p[n] == separator || p[n] == '\0' || p[n] == '\n'))
			return 1;
	return 0;
}

/* The path of the own cgroup, from /proc/self/cgroup: lines of NUMBER:LIST:PATH,
 * where v2 is number 0 with an empty list.  New, or NULL. */
static char *own_path(const char *self, const char *controller, int version)
{
	char *text = xstrdup(self), *rest = text, *line, *path = NULL;

	while (path == NULL && (line = strsep(&rest, "\n")) != NULL) {
		char *list = strchr(line, ':');
		char *p = list != NULL ? strchr(list + 1, ':') : NULL;

		if (p == NULL)
			continue;
		*p = '\0';
		if (version == 2 ? strcmp(line, "0:") == 0 :
				   cgroup_has_word(list + 1, controller, ','))
			path = xstrdup(p + 1);
	}
	free(text);
	return path;
}

/* Undoes the octal escapes of mountinfo in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; to++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' &&
		    p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			*to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 |
				     (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	}
	*to = '\0';
}

struct mount {
	char *root, *point; /* parts of the line */
};

/* Takes a line of mountinfo apart, in place.  Whether it mounts the hierarchy
 * that may have the controller. */
static int parse_mount(char *line, const char *controller, int version,
		       struct mount *m)
{
	char *kind = strstr(line, " - "), *fields[5], *type, *options;

	if (kind == NULL)
		return 0;
	*kind = '\0';
	kind += 3;
	for (int i = 0; i < 5; i++)
		if ((fields[i] = strsep(&line, " ")) == NULL)
			return 0;
	type = strsep(&kind, " ");
	strsep(&kind, " ");
	options = kind != NULL ? kind : "";
	m->root = fields[3];
	m->point = fields[4];
	unescape(m->root);
	unescape(m->point);
	return version == 2 ? strcmp(type, "cgroup2") == 0 :
			      strcmp(type, "cgroup") == 0 &&
			cgroup_has_word(options, controller, ',');
}

/* What follows `root` in `path`: "" or "/..."; NULL when it is elsewhere. */
static const char *below(const char *path, const char *root)
{
	size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	path += n;
	if (strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0'))
		return NULL; /* outside of this cgroup namespace */
	return strcmp(path, "/") == 0 ? "" : path;
}

char *cgroup_locate(const char *mountinfo, const char *self,
		    const char *controller, int version, size_t *mount_length)
{
	char *path = own_path(self, controller, version);
	char *text = xstrdup(mountinfo);
	char *rest = text, *line, *found = NULL;
	int inside = 0;

	while (path != NULL && !inside &&
	       (line = strsep(&rest, "\n")) != NULL) {
		struct mount m;
		const char *tail;

		if (!parse_mount(line, controller, version, &m))
			continue;
		tail = below(path, m.root);
		inside = tail != NULL;
		if (!inside && found != NULL)
			continue;
		free(found);
		found = xasprintf("%s%s", m.point, inside ? tail : "");
		*mount_length = strlen(m.point);
	}
	free(path);
	free(text);
	return found;
}
