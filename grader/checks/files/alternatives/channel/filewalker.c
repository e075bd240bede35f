/* filewalker, another way: two channels, as a Go program would have them. The
 * workers take folders from one and send finished blocks of lines to the
 * other; main alone prints. Semaphores count what is in a channel. */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct item {
    struct item *next;
    size_t len;
    char data[];
};

struct channel {
    pthread_mutex_t lock;
    sem_t filled;
    struct item *first, **last;
};

struct block {
    char *data;
    size_t len, size;
};

static struct channel folders, blocks;
static atomic_long unread; /* folders that wait or are being read */
static atomic_bool failed;
static char stop = '\n';
static int workers;

static void channel_init(struct channel *c)
{
    pthread_mutex_init(&c->lock, NULL);
    sem_init(&c->filled, 0, 0);
    c->first = NULL;
    c->last = &c->first;
}

/* An item without data says that nothing follows. */
static bool channel_send(struct channel *c, const char *data, size_t len)
{
    struct item *item = malloc(sizeof *item + len + 1);
    if (item == NULL)
        return false;
    item->next = NULL;
    item->len = len;
    if (len > 0)
        memcpy(item->data, data, len);
    item->data[len] = '\0';
    pthread_mutex_lock(&c->lock);
    *c->last = item;
    c->last = &item->next;
    pthread_mutex_unlock(&c->lock);
    sem_post(&c->filled);
    return true;
}

static struct item *channel_receive(struct channel *c)
{
    while (sem_wait(&c->filled) == -1 && errno == EINTR)
        ;
    pthread_mutex_lock(&c->lock);
    struct item *item = c->first;
    c->first = item->next;
    if (c->first == NULL)
        c->last = &c->first;
    pthread_mutex_unlock(&c->lock);
    return item;
}

static void problem(const char *path)
{
    failed = true;
    fprintf(stderr, "filewalker: %s: %m\n", path);
}

static void ship(struct block *b)
{
    if (b->len > 0 && !channel_send(&blocks, b->data, b->len))
        problem("lines");
    b->len = 0;
}

static void mode_letters(mode_t m, char *s)
{
    const char *set = "rwxrwxrwx";
    s[0] = S_ISDIR(m)    ? 'd'
           : S_ISLNK(m)  ? 'l'
           : S_ISFIFO(m) ? 'p'
           : S_ISSOCK(m) ? 's'
           : S_ISCHR(m)  ? 'c'
           : S_ISBLK(m)  ? 'b'
                         : '-';
    for (int i = 0; i < 9; i++)
        s[9 - i] = m & (1u << i) ? set[8 - i] : '-';
    if (m & S_ISUID)
        s[3] = m & S_IXUSR ? 's' : 'S';
    if (m & S_ISGID)
        s[6] = m & S_IXGRP ? 's' : 'S';
    if (m & S_ISVTX)
        s[9] = m & S_IXOTH ? 't' : 'T';
    s[10] = '\0';
}

static void show(struct block *b, int at, const char *name, const char *path)
{
    struct stat st;
    char mode[11];
    size_t need = strlen(path) + 64;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        problem(path);
        return;
    }
    if (b->len + need > b->size) {
        char *more = realloc(b->data, b->len + need + 32768);
        if (more == NULL) {
            problem(path);
            return;
        }
        b->data = more;
        b->size = b->len + need + 32768;
    }
    mode_letters(st.st_mode, mode);
    b->len +=
        (size_t)sprintf(b->data + b->len, "%ju %s %jd %s", (uintmax_t)st.st_ino,
                        mode, (intmax_t)st.st_size, path);
    b->data[b->len++] = stop;
    if (b->len > 32768)
        ship(b);
    if (S_ISDIR(st.st_mode)) {
        unread++;
        if (!channel_send(&folders, path, strlen(path))) {
            unread--;
            problem(path);
        }
    }
}

static int enter(const char *path)
{
    int at = AT_FDCWD;
    char name[4096];
    for (;;) {
        size_t n = strlen(path);
        bool whole = n < sizeof name;
        if (!whole)
            for (n = sizeof name - 1; path[n] != '/'; n--)
                ;
        memcpy(name, path, n);
        name[n] = '\0';
        int fd = openat(at, name, O_DIRECTORY | O_RDONLY | O_NOFOLLOW);
        if (at != AT_FDCWD)
            close(at);
        if (whole || fd == -1)
            return fd;
        at = fd;
        path += n;
        while (*path == '/')
            path++;
    }
}

static void read_folder(struct block *b, const struct item *folder)
{
    const char *path = folder->data;
    char *inner = malloc(folder->len + 258);
    int fd = enter(path);
    DIR *dir = fd == -1 || inner == NULL ? NULL : fdopendir(fd);
    if (dir == NULL) {
        problem(path);
        if (fd != -1)
            close(fd);
        free(inner);
        return;
    }
    char *name = stpcpy(inner, path);
    if (name[-1] != '/')
        *name++ = '/';
    for (;;) {
        errno = 0;
        struct dirent *d = readdir(dir);
        if (d == NULL)
            break;
        if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..")) {
            strcpy(name, d->d_name);
            show(b, fd, d->d_name, inner);
        }
    }
    if (errno)
        problem(path);
    closedir(dir);
    free(inner);
}

static void close_folders(void)
{
    for (int i = 0; i < workers; i++)
        if (!channel_send(&folders, NULL, 0))
            err(1, "memory");
}

static void *work(void *arg)
{
    struct block b = {NULL, 0, 0};
    for (;;) {
        struct item *folder = channel_receive(&folders);
        bool last = folder->len == 0;
        if (!last)
            read_folder(&b, folder);
        free(folder);
        if (last)
            break;
        if (--unread == 0)
            close_folders();
    }
    ship(&b);
    free(b.data);
    if (!channel_send(&blocks, NULL, 0))
        err(1, "memory");
    return arg;
}

static void print_all(void)
{
    for (int closed = 0; closed < workers;) {
        struct item *block = channel_receive(&blocks);
        if (block->len == 0)
            closed++;
        for (size_t done = 0; done < block->len;) {
            ssize_t n = write(1, block->data + done, block->len - done);
            if (n == -1)
                err(1, "standard output");
            done += (size_t)n;
        }
        free(block);
    }
}

int main(int argc, char **argv)
{
    struct block b = {NULL, 0, 0};
    int wanted = 0, c;
    char *tail = "";
    while ((c = getopt(argc, argv, "0j:")) != -1) {
        if (c == 'j')
            wanted = (int)strtol(optarg, &tail, 10);
        if (c == '0')
            stop = '\0';
        if (c == '?' || *tail || (c == 'j' && (wanted < 1 || wanted > 128)))
            optind = argc;
    }
    if (optind >= argc) {
        fprintf(stderr, "usage: filewalker [-j N] [-0] DIR...\n");
        return 2;
    }
    channel_init(&folders);
    channel_init(&blocks);
    unread = 1; /* main itself: no worker may think that all is over */
    for (int i = optind; i < argc; i++)
        show(&b, AT_FDCWD, argv[i], argv[i]);
    ship(&b);
    free(b.data);
    pthread_t threads[128];
    while (workers < wanted &&
           pthread_create(&threads[workers], NULL, work, NULL) == 0)
        workers++;
    bool alone = workers == 0;
    workers += alone;
    if (--unread == 0)
        close_folders();
    if (alone)
        work(NULL);
    print_all();
    while (!alone && workers > 0)
        pthread_join(threads[--workers], NULL);
    return failed;
}
