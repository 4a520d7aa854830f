/* What is loaded where: noted when the crash room is set up, since asking later would take the loader's lock. */
#ifndef SLUICE_CRASH_MODULES_H
#define SLUICE_CRASH_MODULES_H

#include "record.h"

#define MODULES_MAX 64
#define MODULE_NAME_LEN 128

struct module {
    uintptr_t base, text, text_end; /* where its offsets count from, and its code */
    uint32_t id_len;
    uint8_t id[RECORD_BUILD_ID_LEN];
    char name[MODULE_NAME_LEN];
};

void modules_note(void);
/* Whose code lies at <pc>, NULL: nobody's, or made by V8. */
const struct module *module_of(uintptr_t pc);
const struct module *module_at(size_t index); /* NULL behind the last */
/* The one whose code this is. */
const struct module *module_own(void);

#endif
