/* htmlparts.h - the parts of the report's page, each written where the template
 * (results/report/report.html) has @@NAME@@. */
#ifndef PERMAFROST_HTMLPARTS_H
#define PERMAFROST_HTMLPARTS_H

#include <stdio.h>

#include "htmlreport.h"

typedef void (*html_part)(FILE *out, const struct htmlreport *r);

/* The decision: htmldecision.c. */
void html_part_title(FILE *out, const struct htmlreport *r);
void html_part_answer(FILE *out, const struct htmlreport *r);
void html_part_summary(FILE *out, const struct htmlreport *r);
void html_part_table(FILE *out, const struct htmlreport *r);
void html_part_pythons(FILE *out, const struct htmlreport *r);
void html_part_workloads(FILE *out, const struct htmlreport *r);
void html_part_deploy(FILE *out, const struct htmlreport *r);

/* What it was made from: htmlsources.c. */
void html_part_generator(FILE *out, const struct htmlreport *r);
void html_part_about(FILE *out, const struct htmlreport *r);
void html_part_unmeasured(FILE *out, const struct htmlreport *r);
void html_part_figures(FILE *out, const struct htmlreport *r);
void html_part_metrics(FILE *out, const struct htmlreport *r);
void html_part_host(FILE *out, const struct htmlreport *r);
void html_part_downloads(FILE *out, const struct htmlreport *r);
void html_part_data(FILE *out, const struct htmlreport *r);

#endif
