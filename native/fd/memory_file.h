/* A sealed file in memory: bytes that one process hands to another by its descriptor, which nobody can change later. */
#ifndef SLUICE_FD_MEMORY_FILE_H
#define SLUICE_FD_MEMORY_FILE_H

#include <stddef.h>

/* A descriptor (close-on-exec) with <data> in it, its offset at 0; or -errno. */
int memory_file(const char *name, const void *data, size_t data_len);

#endif
