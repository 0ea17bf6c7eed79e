/* pagescan.h - the PAGEMAP_SCAN ioctl of Linux 6.7, which older headers lack;
 * PAGEMAP_SCAN(2const), include/uapi/linux/fs.h.  Addresses in bytes. */
#ifndef PERMAFROST_PAGESCAN_H
#define PERMAFROST_PAGESCAN_H

#include <stdint.h>
#include <sys/ioctl.h>

struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)
#define SCAN_FILE (UINT64_C(1) << 2)
#define SCAN_PRESENT (UINT64_C(1) << 3)

#endif
