/* sidebyside.h - what is not known of a cell beside which others ran. */
#ifndef PERMAFROST_SIDEBYSIDE_H
#define PERMAFROST_SIDEBYSIDE_H

#include <jansson.h>

/* Says in the document of a cell that `jobs` cells ran at the same time on its
 * host, itself included.  Unless it was alone, the metrics that are times become
 * null with that reason, everywhere in the document, and histograms go. */
void sidebyside_tell(json_t *document, long jobs);

#endif
