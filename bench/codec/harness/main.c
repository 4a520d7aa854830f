/* The harness without Node: every engine on every body in every way of feeding, interleaved. Prints one line
 * a sample, tab-separated: body, chunk, engine, input length, output length, round, nanoseconds of CPU per
 * pass. What the samples mean is summed up elsewhere. State: the list of engines and one body at a time. */
#include "engine.h"
#include "judge.h"

#include "slz/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNKS_MAX = 8, BODY_MAX = 256 << 20 };

struct options {
    unsigned rounds;
    double sample_ms;
    size_t chunk[CHUNKS_MAX];
    unsigned chunk_count;
    const char *only;
    struct engine engine[ENGINES_MAX];
    unsigned engine_count;
};

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double sample(const struct engine *e, uint8_t *out, size_t room, const uint8_t *in, size_t len,
                     size_t chunk, double ms)
{
    double began = now_ns(), took;
    unsigned passes = 0;

    do {
        e->pack(e, out, room, in, len, chunk);
        passes++;
        took = now_ns() - began;
    } while (took < ms * 1e6);
    return took / passes;
}

/* Samples one body fed one way; engines take turns, so that a change of the machine's mood meets all. */
static int body_measure(const struct options *o, const char *name, const uint8_t *in, size_t len,
                        size_t chunk)
{
    size_t room = ENGINE_ROOM(len), packed[ENGINES_MAX];
    uint8_t *out = malloc(room), *back = malloc(len + 1);

    if (!out || !back)
        return 1;
    for (unsigned i = 0; i < o->engine_count; i++) {
        packed[i] = o->engine[i].pack(&o->engine[i], out, room, in, len, chunk);
        if (packed[i] > 0 && !judge_same(back, out, packed[i], in, len)) {
            fprintf(stderr, "%s, chunk %zu: %s does not come back\n", name, chunk, o->engine[i].name);
            return 1;
        }
    }
    for (unsigned round = 0; round < o->rounds; round++) {
        for (unsigned k = 0; k < o->engine_count; k++) {
            unsigned i = (k + round) % o->engine_count;

            if (packed[i] == 0)
                continue;
            printf("%s\t%zu\t%s\t%zu\t%zu\t%u\t%.0f\n", name, chunk, o->engine[i].name, len, packed[i], round,
                   sample(&o->engine[i], out, room, in, len, chunk, o->sample_ms));
        }
        fflush(stdout);
    }
    free(out);
    free(back);
    return 0;
}

static int file_measure(const struct options *o, const char *argument)
{
    const char *equals = strchr(argument, '=');
    FILE *f = equals ? fopen(equals + 1, "rb") : NULL;
    char name[256];
    uint8_t *body = malloc(BODY_MAX);
    int failed = 0;
    size_t len;

    if (!f || !body) {
        fprintf(stderr, "cannot read %s: NAME=FILE is wanted\n", argument);
        return 1;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(equals - argument), argument);
    len = fread(body, 1, BODY_MAX, f);
    fclose(f);
    for (unsigned i = 0; i < o->chunk_count && len > 0; i++)
        failed |= body_measure(o, name, body, len, o->chunk[i]);
    free(body);
    return failed;
}

static void engines_narrow(struct options *o)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < o->engine_count; i++)
        if (!o->only || strstr(o->only, o->engine[i].name))
            o->engine[kept++] = o->engine[i];
    o->engine_count = kept;
}

static const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static int crc_measure(void)
{
    static uint8_t data[1 << 20];
    double began = now_ns(), took;
    uint32_t sum = 0;
    unsigned passes = 0;

    do {
        for (unsigned i = 0; i < 64; i++)
            sum = slz_crc32(sum, data + (i * 16384), 16384);
        passes++;
        took = now_ns() - began;
    } while (took < 5e8);
    printf("crc32\t16384\tsluice\t%zu\t%u\t0\t%.0f\n", sizeof(data), sum != 1 ? 4u : 5u, took / passes);
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.rounds = 5, .sample_ms = 20};
    const char *text;
    int failed = 0;

    if (option(argc, argv, "--crc"))
        return crc_measure();
    if ((text = option(argc, argv, "--rounds")))
        o.rounds = (unsigned)strtoul(text, NULL, 10);
    if ((text = option(argc, argv, "--sample-ms")))
        o.sample_ms = strtod(text, NULL);
    text = option(argc, argv, "--chunks");
    for (text = text ? text : "16384,65536,0"; text && o.chunk_count < CHUNKS_MAX;) {
        o.chunk[o.chunk_count++] = strtoul(text, NULL, 10);
        text = strchr(text, ',');
        text = text ? text + 1 : NULL;
    }
    o.only = option(argc, argv, "--only");
    o.engine_count = engines_slz(o.engine, o.engine_count);
    o.engine_count = engines_libslz(o.engine, o.engine_count, option(argc, argv, "--libslz"));
    o.engine_count = engines_igzip(o.engine, o.engine_count, option(argc, argv, "--igzip"));
    text = option(argc, argv, "--zlib");
    o.engine_count = engines_zlib(o.engine, o.engine_count, "zlib", text ? text : "libz.so.1");
    o.engine_count = engines_zlib(o.engine, o.engine_count, "zlib-ng", option(argc, argv, "--zlib-ng"));
    o.engine_count = engines_libdeflate(o.engine, o.engine_count, option(argc, argv, "--libdeflate"));
    engines_narrow(&o);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0)
            i++;
        else
            failed |= file_measure(&o, argv[i]);
    }
    return failed;
}
