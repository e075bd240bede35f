/* filewalker, another way: fts(3) without -j, which changes its folder as it goes,
 * a queue of folders with it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static char **queue;
static size_t first, count, size, busy;
static bool failed;
static int ending = '\n';

static void trouble(const char *path)
{
    pthread_mutex_lock(&lock);
    failed = true;
    pthread_mutex_unlock(&lock);
    warn("%s", path);
}

static bool enqueue(char *path)
{
    bool good = true;
    pthread_mutex_lock(&lock);
    if (first + count == size) {
        if (first > size / 2) {
            memmove(queue, queue + first, count * sizeof *queue);
            first = 0;
        } else {
            char **bigger = realloc(queue, (2 * size + 16) * sizeof *queue);
            if (bigger != NULL) {
                queue = bigger;
                size = 2 * size + 16;
            } else {
                good = false;
            }
        }
    }
    if (good)
        queue[first + count++] = path;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
    return good;
}

static void letters(char out[11], unsigned mode)
{
    static const char type[] = {[S_IFDIR >> 12] = 'd', [S_IFCHR >> 12] = 'c',
                                [S_IFBLK >> 12] = 'b', [S_IFREG >> 12] = '-',
                                [S_IFIFO >> 12] = 'p', [S_IFLNK >> 12] = 'l',
                                [S_IFSOCK >> 12] = 's'};
    snprintf(out, 11, "%crwxrwxrwx", type[(mode & S_IFMT) >> 12]);
    for (int bit = 0; bit < 9; bit++)
        if (!(mode >> bit & 1))
            out[9 - bit] = '-';
    if (mode & 04000)
        out[3] = out[3] == 'x' ? 's' : 'S';
    if (mode & 02000)
        out[6] = out[6] == 'x' ? 's' : 'S';
    if (mode & 01000)
        out[9] = out[9] == 'x' ? 't' : 'T';
}

static void trees(char **roots)
{
    FTS *fts = fts_open(roots, FTS_PHYSICAL, NULL);
    FTSENT *e;
    if (fts == NULL)
        err(1, "fts_open");
    for (;;) {
        char mode[11];
        errno = 0;
        if ((e = fts_read(fts)) == NULL)
            break;
        if (e->fts_info == FTS_DP && e->fts_errno == 0)
            continue;
        /* FTS_DP with an error: a folder that may be read, but not entered */
        if (e->fts_info == FTS_NS || e->fts_info == FTS_DNR ||
            e->fts_info == FTS_ERR || e->fts_info == FTS_DP) {
            errno = e->fts_errno;
            trouble(e->fts_path);
            continue;
        }
        letters(mode, e->fts_statp->st_mode);
        printf("%ju %s %jd %s%c", (uintmax_t)e->fts_statp->st_ino, mode,
               (intmax_t)e->fts_statp->st_size, e->fts_path, ending);
    }
    if (errno != 0)
        trouble("fts");
    fts_close(fts);
}

/* The entry `name` of the folder `at`, whose whole path is `path`, which is
 * taken over. */
static void entry(int at, const char *name, char *path)
{
    struct statx st;
    char mode[11];
    if (path == NULL) {
        trouble(name);
        return;
    }
    if (statx(at, name, AT_SYMLINK_NOFOLLOW,
              STATX_TYPE | STATX_MODE | STATX_INO | STATX_SIZE, &st) == -1) {
        trouble(path);
        free(path);
        return;
    }
    letters(mode, st.stx_mode);
    printf("%llu %s %llu %s%c", (unsigned long long)st.stx_ino, mode,
           (unsigned long long)st.stx_size, path, ending);
    if (!S_ISDIR(st.stx_mode))
        free(path);
    else if (!enqueue(path)) {
        trouble(path);
        free(path);
    }
}

static int open_folder(char *path)
{
    int at = AT_FDCWD, next;
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    while (strlen(path) > 2000) {
        char *cut = path + 1500;
        while (*cut != '/')
            cut--;
        *cut = '\0';
        next = openat(at, path, flags);
        *cut = '/';
        if (at != AT_FDCWD)
            close(at);
        if (next == -1)
            return -1;
        at = next;
        path = cut + 1;
    }
    next = openat(at, path, flags);
    if (at != AT_FDCWD)
        close(at);
    return next;
}

static void folder(char *path)
{
    _Alignas(struct dirent64) char buffer[16384];
    int fd = open_folder(path);
    ssize_t n = -1;
    const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
    while (fd != -1 && (n = getdents64(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < n;) {
            struct dirent64 *d = (struct dirent64 *)(buffer + i);
            char *whole;
            i += d->d_reclen;
            if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
                continue;
            if (asprintf(&whole, "%s%s%s", path, slash, d->d_name) == -1)
                whole = NULL;
            entry(fd, d->d_name, whole);
        }
    if (n == -1)
        trouble(path);
    if (fd != -1)
        close(fd);
}

static void *worker(void *unused)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        while (count == 0 && busy > 0)
            pthread_cond_wait(&wake, &lock);
        if (count == 0)
            break;
        char *path = queue[first++];
        count--;
        busy++;
        pthread_mutex_unlock(&lock);
        folder(path);
        free(path);
        pthread_mutex_lock(&lock);
        busy--;
        if (busy == 0 && count == 0)
            pthread_cond_broadcast(&wake);
    }
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(int argc, char **argv)
{
    int jobs = 0, option;
    char rest;
    while ((option = getopt(argc, argv, "0j:")) != -1) {
        if (option == '0')
            ending = 0;
        else if (option != 'j' || sscanf(optarg, "%d%c", &jobs, &rest) != 1 ||
                 jobs < 1 || jobs > 200)
            goto usage;
    }
    if (optind == argc)
        goto usage;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (jobs == 0) {
        trees(argv + optind);
        optind = argc;
    }
    for (; optind < argc; optind++)
        entry(AT_FDCWD, argv[optind], strdup(argv[optind]));
    pthread_t threads[200];
    int started = 0;
    for (int i = 0; i < jobs; i++)
        if (pthread_create(&threads[started], NULL, worker, NULL) == 0)
            started++;
    if (started == 0)
        worker(NULL);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(queue);
    return fflush(stdout) == EOF || failed;
usage:
    fputs("usage: filewalker [-j N] [-0] DIR...\n", stderr);
    return 2;
}
