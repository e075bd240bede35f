/*
 * unit_usage.c - Criterion tests of drill `usage`
 *
 * /dev/shm is a file system of its own: a mount point that nobody had to make.
 *
 * see also: labs/files/usage.h (the contract), ../unit.h, nftw(3), du(1)
 */
#include "../unit.h"

#include "usage.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define usage(...) TESTED(usage(__VA_ARGS__))

TestSuite(usage, .timeout = TEST_SECONDS);

static char folder[] = "/tmp/usage-XXXXXX";

static void enter_folder(void)
{
    NEED(mkdtemp(folder) != NULL && chdir(folder) == 0, "a folder");
}

/* Makes a file with so many bytes that are really there. */
static void make_file(const char *name, size_t n)
{
    static char bytes[70000];
    int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    NEED(fd != -1 && write(fd, bytes, n) == (ssize_t)n, "a file");
    close(fd);
}

static long long blocks(const char *name)
{
    struct stat st;

    NEED(lstat(name, &st) == 0, "a file");
    return 512LL * st.st_blocks;
}

/* What one file system holds below path, by other means: every name of its own.
 * Other devices are counted in *others. */
static long long one_device(char *path, int *others)
{
    char *roots[] = {path, NULL};
    long long sum = 0;
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;
    dev_t device = 0;

    NEED(fts != NULL, "fts");
    while ((entry = fts_read(fts)) != NULL) {
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS)
            continue;
        if (entry->fts_level == 0)
            device = entry->fts_statp->st_dev;
        if (entry->fts_statp->st_dev == device) {
            sum += 512LL * entry->fts_statp->st_blocks;
        } else {
            ++*others;
            fts_set(fts, entry, FTS_SKIP);
        }
    }
    fts_close(fts);
    return sum;
}

#define CHECK_USAGE(path, wanted, what)                                 \
    do {                                                                \
        long long want_ = (wanted), got_ = usage(path);                 \
        CHECK(got_ == want_, "%lld bytes: " what, "%lld", want_, got_); \
    } while (0)

/* usage: files, folders, holes, links that are not followed; twice the same. */
Test(usage, tree)
{
    long long sum, before;

    enter_folder();
    NEED(mkdir("in", 0755) == 0 && mkdir("in/.hidden", 0755) == 0, "folders");
    make_file("in/a", rnd(1, 60000));
    make_file("in/.b", rnd(1, 60000));
    make_file("in/.hidden/c", rnd(1, 60000));
    make_file("outside", 60000);
    make_file("in/hole", 10);
    NEED(truncate("in/hole", 100 << 20) == 0, "a file with a hole");
    NEED(symlink("../outside", "in/link") == 0 && symlink("..", "in/up") == 0 &&
             symlink("none", "in/dead") == 0,
         "links");
    sum = blocks("in") + blocks("in/.hidden") + blocks("in/a") +
          blocks("in/.b") + blocks("in/.hidden/c") + blocks("in/hole") +
          blocks("in/link") + blocks("in/up") + blocks("in/dead");
    before = open_fds();
    CHECK_USAGE("in", sum, "st_blocks of everything in the tree");
    CHECK_USAGE("in", sum, "the same once more");
    CHECK_USAGE("outside", blocks("outside"), "of a single file");
    CHECK_USAGE("in/link", blocks("in/link"), "of a link, not where it leads");
    NEED(mkdir("in/closed", 0) == 0, "a folder");
    CHECK_USAGE("in", sum + blocks("in/closed"),
                "what cannot be read is passed over");
    errno = 0;
    CHECK((usage("none")) == -1 && errno == ENOENT, "-1 ENOENT", "%s",
          error_name(errno));
    CHECK(open_fds() == before, "no descriptor is left open", "%lld are",
          open_fds() - before);
}

/* usage counts a file with several names once, and two files twice. */
Test(usage, hard_links)
{
    char name[32];
    long long sum;

    enter_folder();
    NEED(mkdir("in", 0755) == 0 && mkdir("in/sub", 0755) == 0, "folders");
    make_file("in/a", rnd(1, 60000));
    make_file("in/b", rnd(1, 60000));
    make_file("in/twin", 5000);
    make_file("in/sub/twin", 5000);
    NEED(link("in/a", "in/sub/a") == 0 && link("in/b", "in/sub/other") == 0 &&
             link("in/a", "outside") == 0,
         "links");
    sum = blocks("in") + blocks("in/sub") + blocks("in/a") + blocks("in/b") +
          blocks("in/twin") + blocks("in/sub/twin");
    CHECK_USAGE("in", sum, "each inode once");
    CHECK_USAGE("in", sum, "the same once more: nothing is remembered");
    CHECK_USAGE("outside", blocks("outside"), "of a file with other names");
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "in/many%d", i);
        make_file(name, 1);
        NEED(link(name, strcat(strcpy((char[40]){0}, name), "x")) == 0,
             "a link");
        sum += blocks(name);
    }
    sum += blocks("in") - blocks("in");
    CHECK_USAGE("in", sum, "with 200 files of two names each");
}

/* usage of /dev leaves out what lies below it on another file system, as
 * /dev/shm does. */
Test(usage, mounts)
{
    char name[] = "/dev/shm/usage-XXXXXX";
    static char bytes[50000];
    long long sum;
    int fd = mkostemp(name, O_CLOEXEC), others = 0;

    NEED(fd != -1 && write(fd, bytes, sizeof bytes) == sizeof bytes,
         "a file in /dev/shm");
    sum = one_device((char[]){"/dev"}, &others);
    NEED(others > 0, "a mount point below /dev");
    long long got = usage("/dev");
    unlink(name);
    CHECK(got == sum, "%lld bytes: of one file system only", "%lld", sum, got);
}

/* What these tests need of a machine. No code under test is called. */
Test(usage, machine)
{
    int others = 0;

    enter_folder();
    make_file("a", 10);
    NEED(truncate("a", 100 << 20) == 0 && link("a", "b") == 0, "a file");
    one_device((char[]){"/dev"}, &others);
    NEED(others > 0 && open_fds() > 0, "a mount point below /dev");
    NEED(access("/dev/shm", W_OK) == 0, "/dev/shm");
}
