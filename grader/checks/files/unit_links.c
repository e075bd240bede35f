/*
 * unit_links.c - Criterion tests of drill `links`
 *
 * see also: labs/files/links.h (the contract), ../unit.h, symlink(7)
 */
#include "../unit.h"

#include "links.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define resolve_link(...) TESTED(resolve_link(__VA_ARGS__))
#define same_file(...) TESTED(same_file(__VA_ARGS__))

enum { GUARD = 16 };

TestSuite(links, .timeout = TEST_SECONDS);

static char folder[] = "/tmp/links-XXXXXX", buf[4096 + GUARD];

static void enter_folder(void)
{
    NEED(mkdtemp(folder) != NULL && chdir(folder) == 0, "a folder");
    NEED(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0, "folders");
    close(open("file", O_CREAT | O_WRONLY, 0644));
    close(open("a/file", O_CREAT | O_WRONLY, 0644));
    NEED(access("a/file", F_OK) == 0, "files");
}

#define CHECK_PATH(path, wanted)                                         \
    do {                                                                 \
        memset(buf, 'Z', sizeof buf);                                    \
        ssize_t n_ = resolve_link(path, buf, sizeof buf - GUARD);        \
        buf[sizeof buf - 1] = '\0';                                      \
        CHECK(n_ == (ssize_t)strlen(wanted) && strcmp(buf, wanted) == 0, \
              "%s leads to %s", "%zd %.80s %s", path, wanted, n_,        \
              n_ == -1 ? "" : buf, n_ == -1 ? error_name(errno) : "");   \
    } while (0)

#define CHECK_ERROR(path, size, error)                                 \
    do {                                                               \
        errno = 0;                                                     \
        ssize_t n_ = resolve_link(path, buf, size);                    \
        int error_ = errno;                                            \
        CHECK(n_ == -1 && error_ == (error), "-1 %s for %s", "%zd %s", \
              error_name(error), path, n_, error_name(error_));        \
    } while (0)

/* resolve_link follows links to files, folders and links, relative to where the
 * link lies. */
Test(links, resolve)
{
    char absolute[128], deep[64];

    enter_folder();
    snprintf(absolute, sizeof absolute, "%s/a/file", folder);
    NEED(symlink("file", "one") == 0 && symlink("one", "two") == 0 &&
             symlink("../file", "a/up") == 0 && symlink("b", "a/inner") == 0 &&
             symlink("file", "a/near") == 0 && symlink("a/near", "far") == 0 &&
             symlink(absolute, "a/b/absolute") == 0 &&
             symlink("absolute", "a/b/relative") == 0 &&
             symlink("a", "folder") == 0,
         "links");
    CHECK_PATH("file", "file");
    CHECK_PATH("a", "a");
    CHECK_PATH("one", "file");
    CHECK_PATH("two", "file");
    CHECK_PATH("a/up", "a/../file");
    CHECK_PATH("a/inner", "a/b");
    CHECK_PATH("a/near", "a/file");
    CHECK_PATH("far", "a/file");
    CHECK_PATH("a/b/absolute", absolute);
    CHECK_PATH("a/b/relative", absolute);
    CHECK_PATH("folder/near", "folder/file");
    NEED(symlink("file", "c00") == 0, "a link");
    for (int i = 1; i < MOST_LINKS; i++) {
        char target[16], name[16];

        snprintf(target, sizeof target, "c%02d", i - 1);
        snprintf(name, sizeof name, "c%02d", i);
        NEED(symlink(target, name) == 0, "a chain of links");
    }
    snprintf(deep, sizeof deep, "c%02d", MOST_LINKS - 1);
    CHECK_PATH(deep, "file");
}

/* resolve_link ends: links to themselves, rings, dangling links, buffers that
 * are too small. */
Test(links, errors)
{
    char wide[200];

    enter_folder();
    memset(wide, 'w', sizeof wide);
    wide[sizeof wide - 1] = '\0';
    NEED(symlink("self", "self") == 0 && symlink("ring2", "ring1") == 0 &&
             symlink("ring1", "ring2") == 0 && symlink("none", "dead") == 0 &&
             symlink(wide, "wide") == 0 && symlink("a/file", "near") == 0,
         "links");
    CHECK_ERROR("self", sizeof buf, ELOOP);
    CHECK_ERROR("ring1", sizeof buf, ELOOP);
    CHECK_ERROR("dead", sizeof buf, ENOENT);
    CHECK_ERROR("none", sizeof buf, ENOENT);
    memset(buf, 'Z', sizeof buf);
    CHECK_ERROR("wide", 100, ENAMETOOLONG);
    CHECK(buf[100] == 'Z', "nothing is written behind the buffer", "it is");
    memset(buf, 'Z', sizeof buf);
    CHECK_ERROR("near", 6, ENAMETOOLONG);
    CHECK(buf[6] == 'Z', "nothing is written behind the buffer", "it is");
    CHECK((resolve_link("near", buf, 7)) == 6 && strcmp(buf, "a/file") == 0 &&
              buf[7] == 'Z',
          "7 bytes are enough for a/file", "they are not");
    CHECK_ERROR("file", 4, ENAMETOOLONG);
}

#define CHECK_SAME(a, b, want)                                            \
    do {                                                                  \
        errno = 0;                                                        \
        int result_ = same_file(a, b);                                    \
        CHECK(result_ == (want), "%d for %s and %s", "%d %s", want, a, b, \
              result_, result_ == -1 ? error_name(errno) : "");           \
    } while (0)

/* same_file: hard links, symbolic links, other names of a folder; twins that
 * are two; files of two devices with one inode number. */
Test(links, same_file)
{
    enter_folder();
    NEED(link("file", "name") == 0 && symlink("file", "soft") == 0 &&
             symlink("a", "folder") == 0 && symlink("none", "dead") == 0,
         "links");
    CHECK_SAME("file", "file", 1);
    CHECK_SAME("file", "name", 1);
    CHECK_SAME("soft", "name", 1);
    CHECK_SAME("a", "./a/b/..", 1);
    CHECK_SAME("folder", "a", 1);
    CHECK_SAME("file", "a/file", 0);
    CHECK_SAME("a", "a/b", 0);
    CHECK_SAME("file", "none", -1);
    CHECK_SAME("dead", "file", -1);
    struct stat proc, dev;
    NEED(stat("/proc", &proc) == 0 && stat("/dev", &dev) == 0, "/proc, /dev");
    CHECK_SAME("/proc", "/dev", 0);
    CHECK_SAME("/dev/shm", "/tmp", 0);
}

/* What these tests need of a machine. No code under test is called. */
Test(links, machine)
{
    enter_folder();
    NEED(symlink("self", "self") == 0 && link("file", "name") == 0, "links");
    NEED(access("/proc", F_OK) == 0 && access("/dev/shm", F_OK) == 0,
         "/proc, /dev/shm");
}
