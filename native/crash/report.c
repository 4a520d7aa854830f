/* The report: a head of `name: value` lines, then parts that begin with a name in brackets. What is dangling is printed as
 * what it is: nothing here follows a pointer of the heap. */
#define _GNU_SOURCE
#include "report.h"
#include "crash.h"
#include "modules.h"
#include "recorder.h"
#include "report_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int report_dir = -1;
static char report_dir_name[RECORD_PATH_LEN];
static char out_buffer[16384];

int report_set_dir(const char *path)
{
    struct text t;
    BUG_ON(path == NULL);
    BUG_ON(report_dir < -1);
    text_init(&t, report_dir_name, sizeof(report_dir_name));
    int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    if (report_dir >= 0)
        close(report_dir);
    report_dir = dir;
    text_str(&t, path);
    return 0;
}

void report_prepare(void)
{
    modules_note();
    const struct module *own = module_own(), *node = module_at(0);
    BUG_ON(node == NULL);
    if (own != NULL) {
        record->addon_id_len = own->id_len;
        memcpy(record->addon_id, own->id, sizeof(record->addon_id));
    }
    record->node_id_len = node->id_len;
    memcpy(record->node_id, node->id, sizeof(record->node_id));
}

static int report_open(void)
{
    struct text t;
    size_t at;
    BUG_ON(record->magic != RECORD_MAGIC);
    text_init(&t, record->death.report, sizeof(record->death.report));
    text_str(&t, report_dir_name);
    text_char(&t, '/');
    at = t.len;
    text_str(&t, "sluice-crash.");
    text_dec(&t, (uint64_t)getpid());
    text_char(&t, '.');
    text_dec(&t, record->death.wall_ms / 1000);
    text_str(&t, ".txt");
    int fd = report_dir < 0 ? -1 : openat(report_dir, t.mem + at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        record->death.report[0] = 0;
    return fd;
}

static void write_maps(struct text *t)
{
    char piece[4096];
    BUG_ON(t->fd < 0);
    BUG_ON(t->mem != out_buffer);
    static const char *const files[] = {"/proc/self/limits", "/proc/self/maps"};
    static const char *const names[] = {"\n[limits]\n", "\n[maps]\n"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        text_str(t, names[i]);
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        for (ssize_t n; fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0;)
            text_bytes(t, piece, (size_t)n);
        if (fd >= 0)
            close(fd);
    }
}

int report_write(const void *context)
{
    struct text t;
    uint64_t began_ns = crash_now_ns();
    int fd = report_open();
    if (fd < 0)
        return -ENOENT;
    text_init_fd(&t, out_buffer, sizeof(out_buffer), fd);
    part_head(&t);
    part_registers(&t, context);
    part_stack(&t, context);
    part_javascript(&t, context);
    part_threads(&t);
    part_streams(&t);
    part_events(&t);
    part_modules(&t);
    write_maps(&t);
    text_flush(&t);
    text_str(&t, "\n[end]\nwritten-us: "); /* a report without it is cut */
    text_dec(&t, (crash_now_ns() - began_ns) / 1000);
    text_char(&t, '\n');
    text_flush(&t);
    close(fd);
    return 0;
}
