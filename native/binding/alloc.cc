// What the C++ runtime library would give, so that the addon needs libc alone and one binary loads on glibc and musl.
// Memory comes from malloc(3) and running out of it ends the process: with exceptions off nobody could be told.
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include "base.h"

static void *allocate(std::size_t size)
{
    void *block = std::malloc(size == 0 ? 1 : size);
    BUG_ON(block == nullptr);
    return block;
}

void *operator new(std::size_t size)
{
    return allocate(size);
}

void *operator new[](std::size_t size)
{
    return allocate(size);
}

void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    return std::malloc(size == 0 ? 1 : size);
}

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept
{
    return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void *block) noexcept
{
    std::free(block);
}

void operator delete[](void *block) noexcept
{
    std::free(block);
}

void operator delete(void *block, std::size_t) noexcept
{
    std::free(block);
}

void operator delete[](void *block, std::size_t) noexcept
{
    std::free(block);
}

// node-addon-api uses these two; the library's headers promise that the library holds them.
template class std::basic_string<char>;
template class std::basic_string<char16_t>;

// The checks inside std::string and std::vector call these; with exceptions off each is a bug of ours.
#define ENDS_IN_A_BUG                                                                                        \
    {                                                                                                        \
        BUG_ON(true);                                                                                        \
        abort();                                                                                             \
    }

namespace std
{
void __throw_length_error(const char *) ENDS_IN_A_BUG void __throw_logic_error(const char *) ENDS_IN_A_BUG
    void __throw_out_of_range_fmt(const char *, ...) ENDS_IN_A_BUG void __throw_bad_alloc() ENDS_IN_A_BUG
    void __throw_bad_array_new_length() ENDS_IN_A_BUG void __throw_bad_function_call() ENDS_IN_A_BUG
} // namespace std

extern "C" void __cxa_pure_virtual() ENDS_IN_A_BUG
