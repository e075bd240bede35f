/* filewalker - prints inode, mode, size and path of every entry of a tree
 * usage: filewalker [-j N] [-0] DIR...     -j: N threads  -0: NUL ends a line
 * see also: openat(2), fstatat(2), readdir(3), inode(7); TLPI 15, 18, 30
 *
 * Directories wait as paths on one stack, not as descriptors: however many, and
 * however deep, a worker has one open. All in it is asked for relative to that.
 * The end is reached when no directory waits *and* none is being read.
 */
#define _GNU_SOURCE /* memrchr, mempcpy */
#include "line.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BATCH = 64 * 1024, /* bytes of output per write */
    FIELDS = 64,       /* bytes for inode, mode, size, blanks, terminator */
    MOST_THREADS = 1024,
};

struct dir {
    struct dir *next;
    char path[]; /* ends with NUL */
};

struct worker {
    pthread_t thread;
    struct text path; /* of a directory, with a slash; then a name, and NUL */
    struct text out;  /* whole lines */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct dir *stack;
    size_t open; /* directories on the stack or being read */
} todo = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0};

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static atomic_int failed;
static char terminator = '\n';

static void complain(const char *path)
{
    warn("%s", path);
    failed = 1;
}

/* A pipe takes part of a long write and lets others in before the rest: only
 * the lock keeps lines whole. */
static void flush(struct text *out)
{
    /* TODO(project): 3. write(2) all of out to STDOUT_FILENO: a write may be
     * short, and EINTR means once more; any other error: err(1, ...). No other
     * thread may come between: hold the mutex `output`. pipe(7), TLPI 30.1. */
    (void)output;
    out->len = 0;
}

static char *put_mode(char *p, mode_t mode)
{
    /* TODO(project): 2. ten characters as `ls -l` shows them: the type, which
     * is a number (mode & S_IFMT), nine permission bits, and s, S, t or T for
     * the three special ones. No NUL. Returns the place behind. inode(7),
     * TLPI 15.4. */
    (void)mode;
    return mempcpy(p, "??????????", 10);
}

static int put_line(struct text *out, const struct stat *st, const char *path,
                    size_t len)
{
    char *p = text_room(out, FIELDS + len);
    if (p == NULL)
        return -1;
    p = put_number(p, st->st_ino);
    *p++ = ' ';
    p = put_mode(p, st->st_mode);
    *p++ = ' ';
    p = put_number(p, (uintmax_t)st->st_size);
    *p++ = ' ';
    p = mempcpy(p, path, len);
    *p++ = terminator;
    out->len = (size_t)(p - out->data);
    if (out->len >= BATCH)
        flush(out);
    return 0;
}

static int push(const char *path, size_t len)
{
    /* TODO(project): 6. put a copy of path on todo.stack, count it in
     * todo.open and wake a thread that waits for it. All under the lock.
     * Returns 0, or -1 with ENOMEM. TLPI 30.2.2. */
    (void)path, (void)len;
    errno = ENOSYS;
    return -1;
}

/* Waits for a directory; NULL: there is none and there will be none. */
static struct dir *take(void)
{
    /* TODO(project): 7. take a directory off the stack. While there is none but
     * another thread is reading one, wait: it may find some. NULL once none
     * can come any more. pthread_cond_wait(3), TLPI 30.2.3. */
    (void)todo;
    return NULL;
}

/* The last one wakes everybody: nobody would do it later. */
static void finish(struct dir *dir)
{
    /* TODO(project): 8. one directory less is open. If it was the last one,
     * threads wait in take() that nobody else will wake. TLPI 30.2.2. */
    free(dir);
}

/* fstatat says what it is: the d_type of readdir may be DT_UNKNOWN. */
static void visit(struct worker *w, int at, const char *name)
{
    /* TODO(project): 1. ask for what `name` is, relative to the descriptor
     * `at`; print its line (put_line); if it is a directory, push its path. A
     * link is an entry of its own. The path is w->path with the name behind
     * its len bytes (text_room). What fails is told by complain, and the walk
     * goes on. fstatat(2), TLPI 15.1 and 18.2. */
    (void)w, (void)at, (void)put_line, (void)push;
    errno = ENOSYS;
    complain(name);
}

/* No call takes a path of more than PATH_MAX bytes: a longer one is gone in
 * pieces, each relative to the one before. */
static int open_dir(const char *path)
{
    /* TODO(project): 4. openat(2), for reading, directories only, no link,
     * close-on-exec. First for short paths; then for those that are longer than
     * PATH_MAX. Returns a descriptor, or -1 with errno. TLPI 18.11. */
    (void)path;
    errno = ENOSYS;
    return -1;
}

static void read_dir(struct worker *w, const char *path)
{
    /* TODO(project): 5. open the directory, put its path and a slash in w->path,
     * visit all that is in it but . and .., and close it: on every way out.
     * How does readdir(3) tell an error from the end? fdopendir(3), TLPI 18.8.
     */
    (void)w, (void)open_dir, (void)visit;
    errno = ENOSYS;
    complain(path);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    for (struct dir *dir; (dir = take()) != NULL; finish(dir))
        read_dir(w, dir->path);
    flush(&w->out);
    free(w->path.data);
    free(w->out.data);
    return NULL;
}

/* With fewer threads than wanted the walk is slower, not wrong. */
static void walk(struct worker *w, long threads)
{
    /* TODO(project): 9. start the threads, each with work and a worker of its
     * own (w[0], w[1], ...), and join them. If none is wanted, or none can be
     * started, work here. pthread_create(3), TLPI 29.3. */
    (void)threads;
    work(w);
}

int main(int argc, char *argv[])
{
    long threads = 0;
    char *end = "";
    for (int c; (c = getopt(argc, argv, "j:0")) != -1;) {
        if (c == 'j')
            threads = strtol(optarg, &end, 10);
        if (c == '0')
            terminator = '\0';
        if (c == '?' || *end != '\0' || threads > MOST_THREADS ||
            (c == 'j' && threads < 1))
            optind = argc;
    }
    if (optind >= argc)
        errx(2, "usage: filewalker [-j N] [-0] DIR...");
    struct worker *workers = calloc((size_t)threads + 1, sizeof *workers);
    if (workers == NULL)
        err(1, "memory");
    while (optind < argc)
        visit(workers, AT_FDCWD, argv[optind++]);
    walk(workers, threads);
    free(workers);
    return failed;
}
