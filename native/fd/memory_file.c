/* memory_file.h. By number instead of libc's wrapper, which older libcs do not have. */
#define _GNU_SOURCE
#include "memory_file.h"
#include "base.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1u
#define MFD_ALLOW_SEALING 2u
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif

int memory_file(const char *name, const void *data, size_t data_len)
{
    BUG_ON(name == NULL);
    BUG_ON(data == NULL && data_len > 0);
    int fd = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    const char *from = data;
    for (size_t done = 0; done < data_len;) {
        ssize_t n = pwrite(fd, from + done, data_len - done, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int err = n < 0 ? errno : EIO;
            close(fd);
            return -err;
        }
        done += (size_t)n;
    }
    /* a kernel without seals leaves it writable: the receiver still checks what it reads */
    (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    return fd;
}
