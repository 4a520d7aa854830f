/* Shared by the two versions' parsers. */
#ifndef SLUICE_PROXY_HEADER_PARTS_H
#define SLUICE_PROXY_HEADER_PARTS_H

#include "proxy_header.h"

#define PROXY_V1_MARK_LEN 6u /* "PROXY " */

/* <p> begins with "PROXY ". */
int line_parse(const uint8_t *p, uint32_t len, struct proxy_header *h);

#endif
