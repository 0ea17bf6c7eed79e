/* peek.c - reads /proc/PID/mem. */
#define _GNU_SOURCE
#include "peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int peek_open(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

size_t peek(int fd, uint64_t address, void *buffer, size_t size)
{
	ssize_t n = pread(fd, buffer, size, (off_t)address);
	size_t got = n > 0 ? (size_t)n : 0;

	memset((char *)buffer + got, 0, size - got);
	return got;
}

uint64_t peek_word(int fd, uint64_t address)
{
	uint64_t word;

	peek(fd, address, &word, sizeof word);
	return word;
}
