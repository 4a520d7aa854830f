/* The flight recorder: where things lie, what is kept of more than there is room for, and that nothing is written outside. */
#include "crash/recorder.h"
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

static uint32_t tests;

#define EXPECT(cond) \
    do { \
        if (!(cond)) { \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #cond); \
            exit(1); \
        } \
    } while (0)

static void before_there_is_one(void)
{
    struct recorder r;
    EXPECT(record->magic == RECORD_MAGIC && record->nthreads == 0);
    EXPECT(record_thread_of(0) == NULL);
    recorder_open(&r, 3);
    for (uint32_t i = 0; i < 5000; i++)
        recorder_event(&r, i, RECORD_EV_ACCEPT, i, 1, 0, 0, 0);
    recorder_slot(&r, 77)->gen = 1;
    EXPECT(r.own.stream.gen == 1 && r.own.event.mono_ms == 4999);
    record_name(0, "nobody", 6);
    recorder_close(&r);
    tests++;
}

static void regions_do_not_overlap(void)
{
    static const struct record_wants wants[] = {
        {1, 1, 0, 1}, {3, 500, 2000, 20}, {64, 1, 1, 1}, {65, 100000, 100000, 100000}, {0, 0, 0, 0}};
    for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
        int fd = record_create(-1, &wants[i]);
        const struct record_head *h = record;
        EXPECT(fd >= 0);
        EXPECT(h->threads_off >= sizeof(*h));
        EXPECT(h->streams_off >= h->threads_off + h->nthreads * h->thread_len);
        EXPECT(h->events_off >= h->streams_off + h->nthreads * h->nstreams * h->stream_len);
        EXPECT(h->names_off >= h->events_off + h->nthreads * h->nevents * h->event_len);
        EXPECT(h->total_len >= h->names_off + (uint64_t)h->nnames * h->name_len);
        EXPECT(h->total_len <= RECORD_LEN_MAX);
        EXPECT(record_create(-1, &wants[i]) == -EALREADY);
        memset((uint8_t *)record + h->threads_off, 0xff, h->total_len - h->threads_off); /* all of it is there */
        record_reset();
        close(fd);
    }
    tests++;
}

/* Another process that holds the descriptor, as the master does, sees what is written. */
static void shared_with_who_holds_it(void)
{
    struct record_wants w = {.threads = 2, .proxies = 2, .servers = 1, .listeners = 1};
    struct recorder r;
    char longer[200];
    int fd = record_create(-1, &w);
    uint64_t len = record->total_len;
    EXPECT(fd >= 0);
    const uint8_t *seen = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    const struct record_head *h = (const struct record_head *)(const void *)seen;
    EXPECT(seen != MAP_FAILED && h->magic == RECORD_MAGIC && h->pid == (uint32_t)getpid());
    memset(longer, 'x', sizeof(longer));
    record_name(1, "thing-two", 9);
    record_name(3, longer, sizeof(longer));
    record_name(4, "outside", 7);
    const struct record_name *names = (const struct record_name *)(const void *)(seen + h->names_off);
    EXPECT(strcmp(names[1].text, "thing-two") == 0);
    EXPECT(strlen(names[3].text) == RECORD_NAME_LEN - 1);
    recorder_open(&r, 1);
    uint32_t n = h->nevents + 5;
    for (uint32_t i = 0; i < n; i++)
        recorder_event(&r, i, RECORD_EV_END, i, 1, 200, 0, 0);
    const struct record_thread *t = (const struct record_thread *)(const void *)(seen + h->threads_off) + 1;
    const struct record_event *ev = (const struct record_event *)(const void *)(seen + h->events_off) + h->nevents;
    EXPECT(t->events == n && t->at == RECORD_AT_REST && t->engine == 1);
    EXPECT(ev[4].mono_ms == n - 1 && ev[5].mono_ms == 5);
    EXPECT(ev[-1].kind == 0); /* thread 0's ring */
    struct record_stream *s = recorder_slot(&r, h->nstreams + 3);
    s->gen = 9;
    const struct record_stream *streams = (const struct record_stream *)(const void *)(seen + h->streams_off);
    EXPECT(streams[h->nstreams + 3].gen == 9);
    recorder_close(&r);
    EXPECT(t->engine == 0);
    munmap((void *)(uintptr_t)seen, len);
    record_reset();
    close(fd);
    tests++;
}

int main(void)
{
    before_there_is_one();
    regions_do_not_overlap();
    shared_with_who_holds_it();
    printf("record: %u passed, 0 failed\n", tests);
    return 0;
}
