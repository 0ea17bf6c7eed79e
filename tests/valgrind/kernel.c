/* kernel.c - two things that Valgrind (3.19 to 3.25) does not know of the kernel.
 *
 *   PAGEMAP_SCAN     it sees that the kernel reads and writes the argument, not that
 *                    it fills the vector that the argument leads to: that is made
 *                    defined before the call
 *   /proc/self/exe   is Valgrind itself when it is executed, and the right program
 *                    only when it is read as a link
 *
 * Preloaded.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pagescan.h"

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == SCAN_IOCTL) {
		const struct scan_arg *scan = argument;

		if (scan->vec_len > 0)
			memset((void *)(uintptr_t)scan->vec, 0,
			       scan->vec_len * sizeof(struct scan_region));
	}
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

int execv(const char *path, char *const argv[])
{
	char program[PATH_MAX];

	if (strcmp(path, "/proc/self/exe") == 0) {
		ssize_t n = readlink(path, program, sizeof program - 1);

		if (n < 0)
			return -1;
		program[n] = '\0';
		path = program;
	}
	return execve(path, argv, environ);
}
