/* No cancellation while the lock is held, but for the wait before the write. */
#define _GNU_SOURCE
#include "tsd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int failed;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void prepare(void)
{
    failed = pthread_key_create(&key, free);
}

const char *text_of(int error)
{
    char *text;
    const char *known = strerrordesc_np(error);

    pthread_once(&once, prepare);
    if (failed)
        return NULL;
    text = pthread_getspecific(key);
    if (text == NULL) {
        text = malloc(128);
        if (text == NULL || pthread_setspecific(key, text) != 0) {
            free(text);
            return NULL;
        }
    }
    if (known)
        strcpy(text, known);
    else
        sprintf(text, "Unknown error %d", error);
    return text;
}

static void give_back(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

int report(int fd, const char *who, int error)
{
    struct pollfd space = {.fd = fd, .events = POLLOUT};
    char *line;
    int n = asprintf(&line, "%s: %s\n", who, text_of(error)), r = 0, state;

    if (n == -1)
        return -1;
    pthread_cleanup_push(free, line);
    pthread_mutex_lock(&output);
    pthread_cleanup_push(give_back, &output);
    for (int done = 0; done < n && r != -1;) {
        if (fd >= 0)
            poll(&space, 1, -1);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
        r = (int)write(fd, line + done, (size_t)(n - done));
        pthread_setcancelstate(state, NULL);
        if (r > 0)
            done += r;
        else if (errno == EINTR)
            r = 0;
    }
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
    return r == -1 ? -1 : 0;
}
