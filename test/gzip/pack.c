/* The encoder without Node, on whatever processor this is compiled for: reads streams of calls as plan.ts writes them
 * down, one letter and a number of four bytes each, and prints all output. The argument, in hexadecimal, says which
 * features of the processor may be used. */
#include "slz/cpu.h"
#include "slz/slz.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t *bytes_of(size_t len)
{
    uint8_t *bytes = malloc(len > 0 ? len : 1);

    if (!bytes)
        exit(3);
    return bytes;
}

static void print(const uint8_t *out, size_t len)
{
    if (fwrite(out, 1, len, stdout) != len)
        exit(4);
}

static void encode(struct slz *s, size_t len)
{
    /* of the very size, so that a memory checker sees a step beyond */
    uint8_t *in = bytes_of(len), *out = bytes_of(slz_bound(len));

    if (fread(in, 1, len, stdin) != len)
        exit(2);
    print(out, slz_encode(s, out, in, len, true));
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    static const enum slz_format formats[] = {SLZ_RAW, SLZ_GZIP, SLZ_ZLIB};
    static const enum slz_mode modes[] = {SLZ_STORE, SLZ_FAST, SLZ_BALANCED};
    uint8_t call[5], out[64];
    struct slz s;

    if (argc != 2 || slz_bound(0) > sizeof(out))
        return 1;
    slz_cpu_narrow((unsigned)strtoul(argv[1], NULL, 16));
    while (fread(call, 1, sizeof(call), stdin) == sizeof(call)) {
        size_t number = call[1] | call[2] << 8 | call[3] << 16 | (size_t)call[4] << 24;

        if (call[0] == 'S')
            slz_init(&s, formats[number % 3], SLZ_FAST);
        else if (call[0] == 'M')
            slz_set_mode(&s, modes[number % 3]);
        else if (call[0] == 'E')
            encode(&s, number);
        else if (call[0] == 'F')
            print(out, slz_flush(&s, out));
        else
            print(out, slz_finish(&s, out));
    }
    return fflush(stdout) == 0 ? 0 : 4;
}
