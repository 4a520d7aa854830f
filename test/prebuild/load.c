/* Loads an addon as Node would, but with every symbol bound at once, so that nothing this C library lacks stays
 * unnoticed. Node's own functions are stood in for by the test that compiles this; none is called. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    void *addon = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (!addon) {
        const char *reason = argc == 2 ? dlerror() : "usage: load <addon>";
        printf("%s\n", reason ? reason : "no reason given");
        return 1;
    }
    if (!dlsym(addon, "napi_register_module_v1")) {
        printf("no napi_register_module_v1\n");
        return 1;
    }
    printf("loaded\n");
    return 0;
}
