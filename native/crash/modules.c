/* The list of modules.h: names, code and GNU build-ids of the program and its libraries, in static memory. */
#define _GNU_SOURCE
#include "modules.h"
#include <elf.h>
#include <link.h>

static struct module modules[MODULES_MAX];
static size_t nmodules;

static void note_id(struct module *m, const uint8_t *notes, size_t len)
{
    size_t at = 0;
    BUG_ON(m == NULL || notes == NULL);
    while (at + 12 <= len) {
        uint32_t name_len = load_u32(notes + at), id_len = load_u32(notes + at + 4);
        size_t name = at + 12, id = name + ((name_len + 3u) & ~3u);
        if (name_len > len || id_len > len || id + id_len > len)
            return;
        if (load_u32(notes + at + 8) == NT_GNU_BUILD_ID && name_len == 4 && memcmp(notes + name, "GNU", 4) == 0) {
            m->id_len = (uint32_t)MIN(id_len, RECORD_BUILD_ID_LEN);
            memcpy(m->id, notes + id, m->id_len);
            return;
        }
        at = id + ((id_len + 3u) & ~3u);
    }
}

static int note_one(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    (void)data;
    BUG_ON(info == NULL);
    BUG_ON(nmodules > MODULES_MAX);
    if (nmodules == MODULES_MAX)
        return 1;
    struct module *m = &modules[nmodules];
    memset(m, 0, sizeof(*m));
    m->base = info->dlpi_addr;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + ph->p_vaddr;
        if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X)) {
            if (m->text == 0 || at < m->text)
                m->text = at;
            m->text_end = MAX(m->text_end, at + ph->p_memsz);
        } else if (ph->p_type == PT_NOTE && m->id_len == 0) {
            note_id(m, (const uint8_t *)at, ph->p_memsz);
        }
    }
    const char *name = info->dlpi_name != NULL && info->dlpi_name[0] != 0 ? info->dlpi_name : "node";
    size_t len = MIN(strlen(name), sizeof(m->name) - 1);
    memcpy(m->name, name + strlen(name) - len, len);
    nmodules++;
    return 0;
}

void modules_note(void)
{
    nmodules = 0;
    dl_iterate_phdr(note_one, NULL);
    BUG_ON(nmodules > MODULES_MAX);
}

const struct module *module_of(uintptr_t pc)
{
    BUG_ON(nmodules > MODULES_MAX);
    for (size_t i = 0; i < nmodules; i++)
        if (pc >= modules[i].text && pc < modules[i].text_end)
            return &modules[i];
    return NULL;
}

const struct module *module_at(size_t index)
{
    BUG_ON(nmodules > MODULES_MAX);
    return index < nmodules ? &modules[index] : NULL;
}

const struct module *module_own(void)
{
    return module_of((uintptr_t)modules_note);
}
