/* filewalker, another way: each thread goes down by recursion, every folder
 * opened relative to its parent; it gives subfolders away only while another
 * thread has nothing to do. As deep as there are descriptors: the limit is
 * raised as far as it goes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
    struct job *next;
    int fd; /* of the folder, open already */
    char path[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static struct job *jobs;
static int hungry, waiting, threads;
static bool over, failed;
static char end = '\n';

struct line {
    char *bytes;
    size_t room;
};

static void sorry(const char *path)
{
    int error = errno;
    pthread_mutex_lock(&lock);
    failed = true;
    fprintf(stderr, "filewalker: %s: %s\n", path, strerror(error));
    pthread_mutex_unlock(&lock);
}

static bool put(struct line *l, const struct stat *st, const char *path)
{
    size_t n = strlen(path) + 80;
    char mode[] = "?rwxrwxrwx";
    if (n > l->room) {
        char *more = realloc(l->bytes, n * 2);
        if (more == NULL)
            return false;
        l->bytes = more;
        l->room = n * 2;
    }
    switch (st->st_mode & S_IFMT) {
    case S_IFREG:
        mode[0] = '-';
        break;
    case S_IFDIR:
        mode[0] = 'd';
        break;
    case S_IFLNK:
        mode[0] = 'l';
        break;
    case S_IFIFO:
        mode[0] = 'p';
        break;
    case S_IFSOCK:
        mode[0] = 's';
        break;
    case S_IFCHR:
        mode[0] = 'c';
        break;
    case S_IFBLK:
        mode[0] = 'b';
        break;
    }
    for (int i = 1; i < 10; i++)
        if ((st->st_mode & (01000 >> i)) == 0)
            mode[i] = '-';
    for (int i = 0; i < 3; i++)
        if (st->st_mode & (04000 >> i)) {
            char *x = &mode[3 + 3 * i], c = i == 2 ? 't' : 's';
            *x = *x == 'x' ? c : (char)(c - 32);
        }
    int len = sprintf(l->bytes, "%ju %s %jd %s", (uintmax_t)st->st_ino, mode,
                      (intmax_t)st->st_size, path);
    l->bytes[len++] = end;
    return fwrite(l->bytes, 1, (size_t)len, stdout) == (size_t)len;
}

static bool give(int fd, const char *path)
{
    struct job *job = malloc(sizeof *job + strlen(path) + 1);
    if (job == NULL)
        return false;
    strcpy(job->path, path);
    job->fd = fd;
    pthread_mutex_lock(&lock);
    job->next = jobs;
    jobs = job;
    hungry--;
    pthread_cond_signal(&change);
    pthread_mutex_unlock(&lock);
    return true;
}

static bool wanted(void)
{
    pthread_mutex_lock(&lock);
    bool yes = hungry > 0;
    pthread_mutex_unlock(&lock);
    return yes;
}

static void down(struct line *l, int fd, const char *path);

static void see(struct line *l, int at, const char *name, const char *path)
{
    struct stat st;
    int fd;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
        !put(l, &st, path)) {
        sorry(path);
        return;
    }
    if (!S_ISDIR(st.st_mode))
        return;
    fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1)
        sorry(path);
    else if (!wanted() || !give(fd, path))
        down(l, fd, path);
}

static void down(struct line *l, int fd, const char *path)
{
    DIR *dir = fdopendir(fd);
    size_t len = strlen(path), room = len + 2 + 256;
    char *inner = malloc(room);
    struct dirent *d;
    if (dir == NULL || inner == NULL) {
        sorry(path);
        dir == NULL ? close(fd) : closedir(dir);
        free(inner);
        return;
    }
    memcpy(inner, path, len);
    if (inner[len - 1] != '/')
        inner[len++] = '/';
    for (errno = 0; (d = readdir(dir)) != NULL; errno = 0) {
        const char *n = d->d_name;
        if (n[0] == '.' && (n[1] == 0 || (n[1] == '.' && n[2] == 0)))
            continue;
        strcpy(inner + len, n);
        see(l, fd, n, inner);
    }
    if (errno != 0)
        sorry(path);
    free(inner);
    closedir(dir);
}

static void *thread(void *arg)
{
    struct line line = {NULL, 0};
    (void)arg;
    for (;;) {
        pthread_mutex_lock(&lock);
        hungry++;
        waiting++;
        while (jobs == NULL && !over) {
            if (waiting == threads) {
                over = true;
                pthread_cond_broadcast(&change);
                break;
            }
            pthread_cond_wait(&change, &lock);
        }
        struct job *job = jobs;
        if (job == NULL) {
            pthread_mutex_unlock(&lock);
            break;
        }
        jobs = job->next;
        waiting--;
        pthread_mutex_unlock(&lock);
        down(&line, job->fd, job->path);
        free(job);
    }
    free(line.bytes);
    return NULL;
}

static int usage(void)
{
    fprintf(stderr, "usage: filewalker [-j N] [-0] DIR...\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    struct line line = {NULL, 0};
    static char buffer[1 << 16];
    long n = 0, made = 0;
    int c;
    while ((c = getopt(argc, argv, "0j:")) != -1) {
        char *tail;
        if (c == '0') {
            end = '\0';
        } else if (c == 'j') {
            n = strtol(optarg, &tail, 10);
            if (*tail != '\0' || n < 1 || n > 500)
                return usage();
        } else {
            return usage();
        }
    }
    if (optind == argc)
        return usage();
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    pthread_t *ids = calloc((size_t)n + 1, sizeof *ids);
    hungry = n > 0 ? argc : 0; /* the DIRs go to the threads */
    for (int i = optind; i < argc; i++)
        see(&line, AT_FDCWD, argv[i], argv[i]);
    hungry = 0;
    threads = (int)n;
    while (ids != NULL && made < n) {
        int error = pthread_create(&ids[made], NULL, thread, NULL);
        if (error != 0) {
            errno = error;
            sorry("thread");
            break;
        }
        made++;
    }
    pthread_mutex_lock(&lock);
    threads = (int)made;
    if (waiting == threads && jobs == NULL) {
        over = true;
        pthread_cond_broadcast(&change);
    }
    pthread_mutex_unlock(&lock);
    if (made == 0) {
        threads = 1;
        thread(NULL);
    }
    for (long i = 0; i < made; i++)
        pthread_join(ids[i], NULL);
    free(ids);
    free(line.bytes);
    if (fflush(stdout) == EOF)
        sorry("standard output");
    return failed;
}
