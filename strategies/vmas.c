/* vmas.c - reads /proc/self/maps and smaps without allocating. */
#define _GNU_SOURCE
#include "vmas.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LINE 256 /* what of a line is kept */

/* Reads a number and steps over the character behind it. */
static uint64_t number(const char **text, unsigned base)
{
	uint64_t n = 0;

	for (;; (*text)++) {
		unsigned c = (unsigned char)**text, digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else
			break;
		if (digit >= base)
			break;
		n = n * base + digit;
	}
	if (**text != '\0')
		(*text)++;
	return n;
}

/* Reads "START-END ACCESS OFFSET MAJOR:MINOR INODE   PATH". */
static void read_mapping(const char *line, struct vma *v)
{
	unsigned high, low;

	memset(v, 0, sizeof *v);
	v->start = number(&line, 16);
	v->end = number(&line, 16);
	memcpy(v->access, line, 4);
	line += 5;
	v->offset = number(&line, 16);
	high = (unsigned)number(&line, 16);
	low = (unsigned)number(&line, 16);
	v->device = makedev(high, low);
	v->inode = (ino_t)number(&line, 10);
	line += strspn(line, " ");
	memcpy(v->path, line, strnlen(line, sizeof v->path - 1));
}

/* Whether "VmFlags: rd wr ..." names one that a private copy in a file would
 * lose: locked, huge pages wanted or had, not or wiped in children, grows down,
 * watched by userfaultfd, device memory. */
static int has_fixed_flag(const char *line)
{
	static const char flags[] = "lo lf ht hg dc wf gd um uw ui io pf mm gu";
	char name[4] = "";

	for (line += strlen("VmFlags:"); *line != '\0';) {
		line += strspn(line, " ");
		if (strlen(line) < 2)
			break;
		memcpy(name, line, 2);
		if (strstr(flags, name) != NULL)
			return 1;
		line += 2;
	}
	return 0;
}

/* A mapping is complete when the next begins, since its flags follow it. */
struct reader {
	struct vma vma;
	int pending;
	vma_seen *seen;
	void *arg;
};

static int flush(struct reader *r)
{
	int result = r->pending ? r->seen(r->arg, &r->vma) : 0;

	r->pending = 0;
	return result;
}

static int take_line(struct reader *r, const char *line)
{
	int result;

	if (strncmp(line, "VmFlags:", 8) == 0) {
		r->vma.fixed = has_fixed_flag(line);
		return 0;
	}
	if (line[0] >= 'A' && line[0] <= 'Z')
		return 0;
	result = flush(r);
	read_mapping(line, &r->vma);
	r->pending = 1;
	return result;
}

int vmas_each(int flags, vma_seen *seen, void *arg)
{
	struct reader r = { .seen = seen, .arg = arg };
	int fd = open(flags ? "/proc/self/smaps" : "/proc/self/maps",
		      O_RDONLY | O_CLOEXEC),
	    result = 0;
	char buffer[4096], line[LINE] = "";
	size_t length = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (result == 0 && (n = read(fd, buffer, sizeof buffer)) > 0)
		for (ssize_t i = 0; i < n && result == 0; i++) {
			if (buffer[i] != '\n') {
				if (length < sizeof line - 1)
					line[length++] = buffer[i];
				continue;
			}
			line[length] = '\0';
			length = 0;
			result = take_line(&r, line);
		}
	if (n < 0)
		result = -errno;
	if (result == 0)
		result = flush(&r);
	close(fd);
	return result;
}
