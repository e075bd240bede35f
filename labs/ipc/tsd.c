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
    /* TODO(tsd): 1. pthread_key_create(3) with a destructor; what it returns
     * is key_error. */
    (void)key, (void)key_error;
}

/* The calling thread's buffer; NULL with errno. */
static char *buffer(void)
{
    /* TODO(tsd): 1. the calling thread's buffer of SIZE bytes:
     * pthread_once(3), pthread_key_create(3) with a destructor,
     * pthread_getspecific(3), pthread_setspecific(3). TLPI 31.3. NULL with
     * errno. */
    (void)once, (void)make_key;
    return NULL;
}

const char *text_of(int error)
{
    /* TODO(tsd): 2. copy the text, or print the number, into the buffer. */
    (void)error, (void)buffer;
    return NULL;
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
    /* TODO(tsd): 3. one line, written under the mutex `output`; a cleanup
     * handler gives it back if the thread is cancelled in write(2). TLPI 32.5. */
    (void)fd, (void)who, (void)error, (void)unlock, (void)write_full,
        (void)output;
    errno = ENOSYS;
    return -1;
}
