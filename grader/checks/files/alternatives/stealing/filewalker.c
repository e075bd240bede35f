/* filewalker, another way: work stealing. Each thread has a list of folders of
 * its own, takes from its end and steals from the beginning of another's when
 * it is empty; a counter of folders that are not done tells the end. Lines go
 * through stdio, one fwrite each: stdio's own lock keeps them whole. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct thief {
    pthread_t id;
    pthread_mutex_t lock;
    char **paths;
    size_t head, tail, room;
    char *line;
    size_t line_room;
};

static struct thief *thieves;
static long crew = 1;
static atomic_long left;
static atomic_int bad;
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleep_end = PTHREAD_COND_INITIALIZER;
static long sleepers;
static unsigned long news; /* under sleep_lock: counts folders added */
static int last_byte = '\n';

static void note(const char *path)
{
    int e = errno;
    atomic_store(&bad, 1);
    flockfile(stderr);
    fprintf(stderr, "filewalker: %s: %s\n", path, strerror(e));
    funlockfile(stderr);
}

static void ring(bool all)
{
    pthread_mutex_lock(&sleep_lock);
    news++;
    if (sleepers > 0) {
        if (all)
            pthread_cond_broadcast(&sleep_end);
        else
            pthread_cond_signal(&sleep_end);
    }
    pthread_mutex_unlock(&sleep_lock);
}

static void add(struct thief *me, const char *path)
{
    char *copy = strdup(path);
    bool fits = copy != NULL;
    pthread_mutex_lock(&me->lock);
    if (fits && me->tail == me->room) {
        size_t n = me->tail - me->head;
        if (me->head > 0)
            memmove(me->paths, me->paths + me->head, n * sizeof *me->paths);
        me->head = 0;
        me->tail = n;
        if (n + 1 > me->room / 2) {
            char **p = realloc(me->paths, (2 * n + 64) * sizeof *p);
            fits = p != NULL || n < me->room;
            if (p != NULL) {
                me->paths = p;
                me->room = 2 * n + 64;
            }
        }
    }
    if (fits) {
        atomic_fetch_add(&left, 1);
        me->paths[me->tail++] = copy;
    }
    pthread_mutex_unlock(&me->lock);
    if (fits) {
        ring(false);
        return;
    }
    errno = ENOMEM;
    note(path);
    free(copy);
}

static char *grab(struct thief *from, bool mine)
{
    char *path = NULL;
    pthread_mutex_lock(&from->lock);
    if (from->head < from->tail)
        path = mine ? from->paths[--from->tail] : from->paths[from->head++];
    pthread_mutex_unlock(&from->lock);
    return path;
}

static char *next(struct thief *me)
{
    for (;;) {
        pthread_mutex_lock(&sleep_lock);
        unsigned long seen = news;
        pthread_mutex_unlock(&sleep_lock);
        char *path = grab(me, true);
        for (long i = 0; path == NULL && i < crew; i++)
            path = grab(&thieves[i], false);
        if (path != NULL)
            return path;
        pthread_mutex_lock(&sleep_lock);
        while (news == seen && atomic_load(&left) > 0) {
            sleepers++;
            pthread_cond_wait(&sleep_end, &sleep_lock);
            sleepers--;
        }
        pthread_mutex_unlock(&sleep_lock);
        if (atomic_load(&left) == 0)
            return NULL;
    }
}

static const char kinds[][2] = {"p", "c", "", "d", "", "b",
                                "",  "-", "", "l", "", "s"};

static void emit(struct thief *me, const struct stat *st, const char *path)
{
    char m[11];
    size_t need = strlen(path) + 64;
    mode_t mode = st->st_mode;
    if (me->line_room < need) {
        char *p = realloc(me->line, need + 256);
        if (p == NULL) {
            note(path);
            return;
        }
        me->line = p;
        me->line_room = need + 256;
    }
    m[0] = kinds[(mode >> 12) - 1][0];
    for (int who = 0; who < 3; who++) {
        mode_t three = mode >> (6 - 3 * who) & 7;
        bool special = mode & (04000u >> who);
        const char *x = who == 2 ? "-xTt" : "-xSs";
        m[1 + 3 * who] = three & 4 ? 'r' : '-';
        m[2 + 3 * who] = three & 2 ? 'w' : '-';
        m[3 + 3 * who] = x[2 * special + (three & 1)];
    }
    m[10] = '\0';
    int n = sprintf(me->line, "%ju %s %jd %s", (uintmax_t)st->st_ino, m,
                    (intmax_t)st->st_size, path);
    me->line[n] = (char)last_byte;
    fwrite(me->line, 1, (size_t)n + 1, stdout);
}

static void look(struct thief *me, int at, const char *name, const char *path)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        note(path);
        return;
    }
    emit(me, &st, path);
    if (S_ISDIR(st.st_mode))
        add(me, path);
}

static int open_far(char *path)
{
    int from = AT_FDCWD;
    while (strlen(path) >= 4000) {
        char *p = path + 3999;
        while (*p != '/')
            p--;
        *p = '\0';
        int to = openat(from, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        *p = '/';
        if (from != AT_FDCWD)
            close(from);
        if (to == -1)
            return -1;
        from = to;
        path = p + 1;
    }
    int to =
        openat(from, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from != AT_FDCWD)
        close(from);
    return to;
}

static void go(struct thief *me, char *path)
{
    int fd = open_far(path);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    size_t n = strlen(path);
    char *inner = d ? malloc(n + 300) : NULL;
    if (inner == NULL) {
        note(path);
        if (d != NULL)
            closedir(d);
        else if (fd >= 0)
            close(fd);
        return;
    }
    strcpy(inner, path);
    if (inner[n - 1] != '/')
        inner[n++] = '/';
    struct dirent *e;
    while ((errno = 0, e = readdir(d))) {
        if (e->d_name[0] == '.' &&
            (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2])))
            continue;
        strcpy(inner + n, e->d_name);
        look(me, fd, e->d_name, inner);
    }
    if (errno)
        note(path);
    closedir(d);
    free(inner);
}

static void *run(void *arg)
{
    struct thief *me = arg;
    char *path;
    while ((path = next(me)) != NULL) {
        go(me, path);
        free(path);
        if (atomic_fetch_sub(&left, 1) == 1)
            ring(true);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long n = 0;
    int c;
    bool wrong = false;
    while ((c = getopt(argc, argv, "j:0")) != -1) {
        char *e = NULL;
        switch (c) {
        case '0':
            last_byte = 0;
            break;
        case 'j':
            n = strtol(optarg, &e, 10);
            wrong |= e == optarg || *e || n < 1 || n > 256;
            break;
        default:
            wrong = true;
        }
    }
    if (wrong || optind == argc)
        error(2, 0, "usage: filewalker [-j N] [-0] DIR...");
    crew = n > 0 ? n : 1;
    thieves = calloc((size_t)crew, sizeof *thieves);
    if (thieves == NULL)
        error(1, errno, "memory");
    for (long i = 0; i < crew; i++)
        pthread_mutex_init(&thieves[i].lock, NULL);
    setvbuf(stdout, NULL, _IOFBF, 1 << 17);
    for (int i = optind; i < argc; i++)
        look(&thieves[0], AT_FDCWD, argv[i], argv[i]);
    long started = 0;
    for (long i = 0; i < n; i++) {
        int e =
            pthread_create(&thieves[started].id, NULL, run, &thieves[started]);
        if (e != 0)
            break;
        started++;
    }
    if (started == 0)
        run(&thieves[0]);
    for (long i = 0; i < started; i++)
        pthread_join(thieves[i].id, NULL);
    for (long i = 0; i < crew; i++) {
        free(thieves[i].paths);
        free(thieves[i].line);
    }
    free(thieves);
    if (fclose(stdout) == EOF)
        error(1, errno, "standard output");
    return atomic_load(&bad);
}
