/* peek.h - reads the memory of a process that stands still.
 *
 * Through /proc/PID/mem, which leaves pages as they are; process_vm_readv pins
 * them and so, since Linux 5.19, unshares pages that are still shared.  Needs the
 * rights of ptrace: the same user and a process that may dump core, or root.
 */
#ifndef PERMAFROST_PEEK_H
#define PERMAFROST_PEEK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor to close(), or -errno. */
int peek_open(pid_t pid);

/* Reads `size` bytes at `address`; what is not mapped is 0.  Returns the bytes
 * that were there from `address` on. */
size_t peek(int fd, uint64_t address, void *buffer, size_t size);

/* The 8 bytes at `address`, as peek(). */
uint64_t peek_word(int fd, uint64_t address);

#endif
