/* The state of sim_seeded.h, and what is said when a seed fails. */
#include "sim_seeded.h"
#include <signal.h>

struct seeded seeded;

static void seeded_abort(int sig)
{
    fprintf(stderr, "%s: failed with seed %llu; repeat it alone with: %s %llu\n", seeded.program,
            (unsigned long long)seeded.seed, seeded.program, (unsigned long long)seeded.seed);
    signal(sig, SIG_DFL);
    raise(sig);
}

void seeded_begin(const char *program, uint64_t seed)
{
    BUG_ON(program == NULL);
    seeded.program = program;
    seeded.seed = seed;
    seeded.state = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
    BUG_ON(seeded.state == 0);
    signal(SIGABRT, seeded_abort);
}
