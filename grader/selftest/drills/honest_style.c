/* Outcome: pass
 * Says:
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

typedef int step_fn(int fd);

static _Thread_local int last_fd;
_Thread_local int depth;
static const unsigned char table[4096] = {1, 2, 3};
static const char no_sanitize_text[] = "no_sanitize is only a word in here";
static char scratch[1 << 20];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((cold, noinline)) static int fail(const char *format, ...)
{
    char text[80];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return text[0] == '\0' ? 0 : -1;
}

static inline int clamp(int value, int high)
{
    return value > high ? high : value;
}

inline int twice(int value);
inline int twice(int value)
{
    return 2 * value;
}
extern inline int twice(int value);

static void release(int **p)
{
    free(*p);
}

static int step_vla(int fd)
{
    int numbers[clamp(fd, 30) + 1];
    __attribute__((cleanup(release))) int *held = malloc(sizeof(*held));

    memset(numbers, 0, sizeof(numbers));
    if (held != NULL)
        *held = twice(numbers[0]);
    return held == NULL || *held != 0;
}

static int step_lock(int fd)
{
    pthread_mutex_lock(&lock);
    last_fd = fd;
    depth++;
    scratch[sizeof(scratch) - 1] = (char)table[depth];
    pthread_mutex_unlock(&lock);
    return 0;
}

__attribute__((hot, visibility("hidden"))) int step_switch(int fd)
{
    switch (fd & 7) {
    case 0:
        return strlen(no_sanitize_text) == 0;
    case 1:
        return isdigit('x');
    case 2:
        return table[0] != 1;
    case 3:
        return table[1] != 2;
    case 4:
        return table[2] != 3;
    default:
        return 0;
    }
}

static step_fn *const steps[] = {step_vla, step_lock, step_switch, right};

int set_nonblocking(int fd)
{
    __asm__ volatile("" ::: "memory"); /* a barrier for the compiler */
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i](fd) != 0)
            return fd < 0 ? -1 : fail("step %zu", i);
    return 0;
}
