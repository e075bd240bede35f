/* Names and strings that look like lines of a trace. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
int main(void)
{
    const char *names[] = {
        "a) = 5",
        "b<c>d",
        "new\nline",
        "q\"uote",
        "back\\slash",
        "x <unfinished ...>",
        "y = -1 ENOENT (No such file or directory)",
        "\xff\xfe\x80",
        "tab\tx\1\0012",
        "z, 3</etc/passwd>",
        "[1, 2] {a=b} /* c */ ...",
        "long_long_long_long_long_long_long_long_long_long_long_long_long_long_"
        "long_long_long_long_long_long_long_long",
        0};
    for (int i = 0; names[i]; i++) {
        int fd = open(names[i], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        write(fd, names[i], strlen(names[i]));
        pread(fd, (char[99]){0}, 99, 0);
        struct stat sb;
        fstat(fd, &sb);
        lstat(names[i], &sb);
        if (i & 1)
            unlink(names[i]);
        fchmod(fd, 04755);
        close(fd);
    }
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = i;
    write(1, all, 256);
    write(1, "", 0);
    write(1, "0\0001\0009", 5);
    write(1,
          "123 1700000000.123456 accept4(3, NULL, NULL, SOCK_NONBLOCK) = 5\n",
          64);
    write(1, (void *)1, 5);
    int fd = open("dir", O_RDONLY | O_DIRECTORY);
    mkdir("dir", 0700);
    fd = open("dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    openat(fd, "../dir", O_PATH);
    fchdir(fd);
    struct iovec v[3] = {{"ab", 2}, {"c\"]), d", 7}, {"", 0}};
    writev(1, v, 3);
    char b[100];
    struct iovec r[2] = {{b, 10}, {b + 10, 50}};
    fd = open("../q\"uote", O_RDONLY);
    readv(fd, r, 2);
    preadv(fd, r, 1, 2);
    void *m = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                   -1, 0);
    madvise(m, 4096, MADV_DONTDUMP);
    mprotect(m, 4096, PROT_NONE);
    mlock(m + 4096, 100);
    msync(m, 4096, MS_SYNC);
    munmap(m, 8192);
    struct flock fl = {.l_type = F_WRLCK};
    fcntl(fd, F_SETLK, &fl);
    fcntl(1, F_GETLK, &fl);
    memfd_create("mem <x>", MFD_CLOEXEC);
    symlink("a -> b", "ln");
    readlink("ln", b, 99);
    readlink("nope", b, 99);
    rename("ln", "ln2");
    link("nope", "l");
    access("ln2", R_OK);
    truncate("ln2", 5);
    chdir("/");
    getcwd(b, 99);
    unlinkat(AT_FDCWD, "nope", AT_REMOVEDIR);
    syscall(9999, 1, 2);
    return 0;
}
