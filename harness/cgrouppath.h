/* cgrouppath.h - where in the file system a process's own cgroup is. */
#ifndef PERMAFROST_CGROUPPATH_H
#define PERMAFROST_CGROUPPATH_H

#include <stddef.h>

/* The directory of the own cgroup in the hierarchy of `version` (1 or 2) that has
 * `controller` ("memory", "cpu", "pids"), from the texts of /proc/self/mountinfo
 * and /proc/self/cgroup; version 2 has one hierarchy for all, so there the
 * controller does not matter.  Pure.  New, or NULL when there is none;
 * *mount_length of it name the mount point.  A cgroup that lies outside of what
 * is mounted gives the mount point alone. */
char *cgroup_locate(const char *mountinfo, const char *self,
		    const char *controller, int version, size_t *mount_length);

/* Whether `list`, whose words `separator` parts, holds `word`.  Pure. */
int cgroup_has_word(const char *list, const char *word, char separator);

#endif
