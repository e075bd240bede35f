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
    pthread_mutex_lock(&output);
    for (size_t done = 0; done < out->len;) {
        ssize_t n = write(STDOUT_FILENO, out->data + done, out->len - done);
        if (n == -1 && errno != EINTR)
            err(1, "standard output");
        done += n > 0 ? (size_t)n : 0;
    }
    pthread_mutex_unlock(&output);
    out->len = 0;
}

static char *put_mode(char *p, mode_t mode)
{
    static const char types[] = "?pc?d?b?-?l?s???", bits[] = "rwxrwxrwx";
    *p++ = types[(mode & S_IFMT) >> 12];
    for (int i = 0; i < 9; i++)
        p[i] = mode & (0400 >> i) ? bits[i] : '-';
    if (mode & S_ISUID)
        p[2] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        p[5] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        p[8] = mode & S_IXOTH ? 't' : 'T';
    return p + 9;
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
    struct dir *dir = malloc(sizeof *dir + len + 1);
    if (dir == NULL)
        return -1;
    memcpy(dir->path, path, len + 1);
    pthread_mutex_lock(&todo.lock);
    dir->next = todo.stack;
    todo.stack = dir;
    todo.open++;
    pthread_cond_signal(&todo.changed);
    pthread_mutex_unlock(&todo.lock);
    return 0;
}

/* Waits for a directory; NULL: there is none and there will be none. */
static struct dir *take(void)
{
    pthread_mutex_lock(&todo.lock);
    while (todo.stack == NULL && todo.open > 0)
        pthread_cond_wait(&todo.changed, &todo.lock);
    struct dir *dir = todo.stack;
    if (dir != NULL)
        todo.stack = dir->next;
    pthread_mutex_unlock(&todo.lock);
    return dir;
}

/* The last one wakes everybody: nobody would do it later. */
static void finish(struct dir *dir)
{
    free(dir);
    pthread_mutex_lock(&todo.lock);
    if (--todo.open == 0)
        pthread_cond_broadcast(&todo.changed);
    pthread_mutex_unlock(&todo.lock);
}

/* fstatat says what it is: the d_type of readdir may be DT_UNKNOWN. */
static void visit(struct worker *w, int at, const char *name)
{
    size_t len = w->path.len + strlen(name);
    char *end = text_room(&w->path, strlen(name) + 2);
    struct stat st;
    if (end == NULL ||
        fstatat(at, strcpy(end, name), &st, AT_SYMLINK_NOFOLLOW) == -1 ||
        put_line(&w->out, &st, w->path.data, len) == -1 ||
        (S_ISDIR(st.st_mode) && push(w->path.data, len) == -1))
        complain(end == NULL ? name : w->path.data);
}

/* No call takes a path of more than PATH_MAX bytes: a longer one is gone in
 * pieces, each relative to the one before. */
static int open_dir(const char *path)
{
    int at = AT_FDCWD, flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    for (;;) {
        char piece[PATH_MAX];
        size_t left = strlen(path), len = left;
        if (left >= sizeof piece)
            len = (size_t)((char *)memrchr(path, '/', PATH_MAX - 1) - path);
        *(char *)mempcpy(piece, path, len) = '\0';
        int fd = openat(at, piece, flags | (len < left ? O_PATH : O_RDONLY));
        if (at != AT_FDCWD)
            close(at);
        if (fd == -1 || len == left)
            return fd;
        path += len + strspn(path + len, "/"); /* else it were absolute */
        at = fd;
    }
}

static void read_dir(struct worker *w, const char *path)
{
    char *p = text_room(&w->path, strlen(path) + 2);
    int fd = p == NULL ? -1 : open_dir(path);
    DIR *stream = fd == -1 ? NULL : fdopendir(fd);
    struct dirent *entry;
    if (stream == NULL) {
        complain(path);
        if (fd != -1)
            close(fd);
        return;
    }
    p = stpcpy(p, path);
    if (p[-1] != '/')
        *p++ = '/';
    w->path.len = (size_t)(p - w->path.data);
    while (errno = 0, (entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            visit(w, fd, entry->d_name);
    if (errno != 0)
        complain(path);
    closedir(stream);
    w->path.len = 0;
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
    long started = 0;
    while (started < threads &&
           pthread_create(&w[started].thread, NULL, work, &w[started]) == 0)
        started++;
    if (started == 0)
        work(w);
    while (started > 0)
        pthread_join(w[--started].thread, NULL);
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
