/* tsd - a strerror(3) for threads, and a lock that survives cancellation */
#define _GNU_SOURCE /* strerrordesc_np */
#include "tsd.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZE = 256, LINE = 512 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void make_key(void)
{
    key_error = pthread_key_create(&key, free);
}

/* The calling thread's buffer; NULL with errno. */
static char *buffer(void)
{
    char *text;
    int error = pthread_once(&once, make_key);

    if (error == 0)
        error = key_error;
    if (error != 0) {
        errno = error;
        return NULL;
    }
    text = pthread_getspecific(key);
    if (text != NULL)
        return text;
    text = malloc(SIZE);
    if (text == NULL)
        return NULL;
    error = pthread_setspecific(key, text);
    if (error != 0) {
        free(text);
        errno = error;
        return NULL;
    }
    return text;
}

const char *text_of(int error)
{
    const char *known = strerrordesc_np(error);
    char *text = buffer();

    if (text == NULL)
        return NULL;
    if (known != NULL)
        snprintf(text, SIZE, "%s", known);
    else
        snprintf(text, SIZE, "Unknown error %d", error);
    return text;
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static int write_full(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t r = write(fd, text, n); /* a cancellation point */

        if (r == -1 && errno != EINTR)
            return -1;
        if (r > 0) {
            text += r;
            n -= (size_t)r;
        }
    }
    return 0;
}

int report(int fd, const char *who, int error)
{
    const char *text = text_of(error);
    char line[LINE];
    int n, r;

    if (text == NULL)
        return -1;
    n = snprintf(line, sizeof(line), "%s: %s\n", who, text);
    if (n >= LINE)
        n = LINE - 1;
    pthread_mutex_lock(&output);
    pthread_cleanup_push(unlock, &output);
    r = write_full(fd, line, (size_t)n);
    pthread_cleanup_pop(1);
    return r;
}
