/*
 * unit_perms.c - Criterion tests of drill `perms`
 *
 * That a file was never wider than 0600, and that access was asked for the
 * effective IDs, is seen in the trace (grader/drill_questions.py).
 *
 * see also: labs/files/perms.h (the contract), ../unit.h, inode(7)
 */
#include "../unit.h"

#include "perms.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define mode_string(...) TESTED_VOID(mode_string(__VA_ARGS__))
#define create_private(...) TESTED(create_private(__VA_ARGS__))
#define may_access(...) TESTED(may_access(__VA_ARGS__))

TestSuite(perms, .timeout = TEST_SECONDS);

static char folder[] = "/tmp/perms-XXXXXX";

static void enter_folder(void)
{
    NEED(mkdtemp(folder) != NULL && chdir(folder) == 0, "a folder");
}

#define CHECK_STRING(mode, wanted)                                            \
    do {                                                                      \
        char string_[16] = "ZZZZZZZZZZZZZZZ";                                 \
                                                                              \
        mode_string(mode, string_);                                           \
        CHECK(strcmp(string_, wanted) == 0, "%s for mode %06o", "%s", wanted, \
              (unsigned)(mode), string_);                                     \
    } while (0)

/* mode_string: the seven types, all permission bits. */
Test(perms, mode_string)
{
    CHECK_STRING(S_IFREG | 0644, "-rw-r--r--");
    CHECK_STRING(S_IFDIR | 0755, "drwxr-xr-x");
    CHECK_STRING(S_IFLNK | 0777, "lrwxrwxrwx");
    CHECK_STRING(S_IFSOCK | 0100, "s--x------");
    CHECK_STRING(S_IFIFO | 0421, "pr---w---x");
    CHECK_STRING(S_IFCHR | 0620, "crw--w----");
    CHECK_STRING(S_IFBLK | 0006, "b------rw-");
    CHECK_STRING(S_IFREG, "----------");
    CHECK_STRING(S_IFREG | 0157, "---xr-xrwx");
    CHECK_STRING(0644, "?rw-r--r--");
}

/* mode_string: set-user-ID, set-group-ID and sticky bit, with x and without. */
Test(perms, special_bits)
{
    CHECK_STRING(S_IFREG | 04755, "-rwsr-xr-x");
    CHECK_STRING(S_IFREG | 04655, "-rwSr-xr-x");
    CHECK_STRING(S_IFREG | 02755, "-rwxr-sr-x");
    CHECK_STRING(S_IFREG | 02745, "-rwxr-Sr-x");
    CHECK_STRING(S_IFDIR | 01777, "drwxrwxrwt");
    CHECK_STRING(S_IFDIR | 01776, "drwxrwxrwT");
    CHECK_STRING(S_IFREG | 07777, "-rwsrwsrwt");
    CHECK_STRING(S_IFREG | 07000, "---S--S--T");
    CHECK_STRING(S_IFREG | 06111, "---s--s--x");
}

/* Creates a private file under a umask, and checks what became of both. */
static void check_private(const char *name, mode_t mask)
{
    struct stat st = {0};
    char byte = 'x';
    int fd;

    umask(mask);
    fd = create_private(name);
    CHECK(fd != -1, "a descriptor, with umask %03o", "-1 (%s)", (unsigned)mask,
          error_name(errno));
    fstat(fd, &st);
    CHECK((st.st_mode & 07777) == 0600, "mode 0600 with umask %03o",
          "mode %04o", (unsigned)mask, (unsigned)st.st_mode & 07777);
    CHECK(write(fd, &byte, 1) == 1 && pread(fd, &byte, 1, 0) == 1,
          "it can be read and written", "it cannot");
    CHECK(umask(0) == mask, "the umask stays %03o", "it changed",
          (unsigned)mask);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC, "close-on-exec", "it is not");
    close(fd);
}

/* create_private: mode 0600 under every umask, never wider; what is there
 * already is left alone. */
Test(perms, create_private)
{
    struct stat st;
    int before;

    enter_folder();
    before = open_fds();
    check_private("a", 0);
    check_private("b", 022);
    check_private("c", 0777);
    check_private("d", 0277);
    umask(0);
    NEED(mkdir("folder", 0755) == 0 && symlink("none", "dangling") == 0 &&
             symlink("a", "link") == 0 && chmod("a", 0644) == 0,
         "a folder and links");
    CHECK((create_private("a")) == -1 && errno == EEXIST,
          "-1 EEXIST for a file that is there", "%s", error_name(errno));
    NEED(stat("a", &st) == 0, "the file");
    CHECK((st.st_mode & 07777) == 0644 && st.st_size == 1, "it stays as it was",
          "mode %04o, %lld bytes", (unsigned)st.st_mode & 07777,
          (long long)st.st_size);
    CHECK((create_private("link")) == -1 && errno == EEXIST,
          "-1 EEXIST for a link", "%s", error_name(errno));
    CHECK((create_private("dangling")) == -1 && errno == EEXIST,
          "-1 EEXIST for a dangling link", "%s", error_name(errno));
    CHECK(lstat("none", &st) == -1, "nothing is made where the link leads",
          "there is a file");
    CHECK((create_private("no such folder/x")) == -1 && errno == ENOENT,
          "-1 ENOENT", "%s", error_name(errno));
    CHECK(open_fds() == before, "no descriptor is left open", "%d are",
          open_fds() - before);
}

#define CHECK_ACCESS(name, mode, want, error)                           \
    do {                                                                \
        errno = 0;                                                      \
        int result_ = may_access(name, mode), error_ = errno;           \
        CHECK(result_ == (want) && (result_ == 0 || error_ == (error)), \
              "%d %s for %s, mode %d", "%d %s", want,                   \
              (want) ? error_name(error) : "", name, mode, result_,     \
              result_ ? error_name(error_) : "");                       \
    } while (0)

/* may_access: what is allowed and what is not, with the effective IDs. */
Test(perms, may_access)
{
    int fd;

    enter_folder();
    umask(0);
    NEED((fd = open("read", O_CREAT | O_WRONLY, 0400)) != -1, "a file");
    NEED((fd = open("execute", O_CREAT | O_WRONLY, 0100)) != -1, "a file");
    NEED(mkdir("closed", 0) == 0 && symlink("read", "link") == 0 &&
             symlink("none", "dangling") == 0,
         "a folder and links");
    CHECK_ACCESS("read", F_OK, 0, 0);
    CHECK_ACCESS("read", R_OK, 0, 0);
    CHECK_ACCESS("read", W_OK, -1, EACCES);
    CHECK_ACCESS("read", R_OK | X_OK, -1, EACCES);
    CHECK_ACCESS("execute", X_OK, 0, 0);
    CHECK_ACCESS("execute", R_OK, -1, EACCES);
    CHECK_ACCESS("link", R_OK, 0, 0);
    CHECK_ACCESS("dangling", F_OK, -1, ENOENT);
    CHECK_ACCESS("none", F_OK, -1, ENOENT);
    CHECK_ACCESS("closed/x", F_OK, -1, EACCES);
}

/* What these tests need of a machine. No code under test is called. */
Test(perms, machine)
{
    enter_folder();
    NEED(mkdir("folder", 0755) == 0 && symlink("none", "link") == 0,
         "a folder and links");
    NEED(open("file", O_CREAT | O_WRONLY, 0400) != -1 && open_fds() > 0,
         "a file");
}
