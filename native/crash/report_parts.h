/* The parts of a report, in the order they are written. Used by report.c only. */
#ifndef SLUICE_CRASH_REPORT_PARTS_H
#define SLUICE_CRASH_REPORT_PARTS_H

#include "text.h"

void part_head(struct text *t);
void part_registers(struct text *t, const void *context);
void part_stack(struct text *t, const void *context);
/* The functions of JavaScript that were at work, where there were any. */
void part_javascript(struct text *t, const void *context);
void part_threads(struct text *t);
void part_streams(struct text *t);
void part_events(struct text *t);
void part_modules(struct text *t);

#endif
