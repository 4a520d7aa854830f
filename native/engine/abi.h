/* The numbers of abi.def as C constants: one list feeds C, TypeScript and the tests. */
#ifndef SLUICE_ENGINE_ABI_H
#define SLUICE_ENGINE_ABI_H
enum {
#define ABI(name, value) ABI_##name = (int)(value),
#include "abi.def"
};
#define ABI_NONE 0xffffffffu /* unsigned, unlike an enumerator */
#endif
