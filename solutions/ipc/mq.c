/* mq - requests and replies through message queues */
#define _GNU_SOURCE
#include "mq.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <time.h>

/* msgsnd(2) counts what is behind the type. */
static const size_t SIZE = sizeof(struct request) - sizeof(long);

/* -- System V ------------------------------------------------------------- */

int sysv_send(int queue, long urgency, pid_t client, const char *text)
{
    struct request request = {.type = urgency, .client = client};
    int r;

    if (strlen(text) >= TEXT) {
        errno = EMSGSIZE;
        return -1;
    }
    if (urgency == REPLY)
        request.type += client;
    strcpy(request.text, text);
    do
        r = msgsnd(queue, &request, SIZE, IPC_NOWAIT);
    while (r == -1 && errno == EINTR);
    return r;
}

static int take(int queue, struct request *request, long type, int flags)
{
    ssize_t n;

    do
        n = msgrcv(queue, request, SIZE, type, flags);
    while (n == -1 && errno == EINTR);
    return n == -1 ? -1 : 0;
}

/* A negative type: the lowest one up to that. */
int sysv_next(int queue, struct request *request)
{
    return take(queue, request, -LAZY, 0);
}

int sysv_reply(int queue, pid_t client, struct request *reply)
{
    return take(queue, reply, REPLY + (long)client, IPC_NOWAIT);
}

/* -- POSIX ---------------------------------------------------------------- */

mqd_t posix_make(const char *name, long messages)
{
    struct mq_attr attr = {.mq_maxmsg = messages, .mq_msgsize = TEXT};
    mode_t mask = umask(0);
    mqd_t queue =
        mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr);
    int error = errno;

    umask(mask);
    errno = error;
    return queue;
}

int posix_send(mqd_t queue, unsigned priority, const char *text)
{
    return mq_send(queue, text, strlen(text) + 1, priority);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* On Linux a queue is a descriptor, which poll(2) can wait for. */
int posix_next(mqd_t queue, char text[TEXT], int ms)
{
    struct pollfd ready = {.fd = queue, .events = POLLIN};
    int64_t end = now_ms() + ms, left = ms;
    unsigned priority;

    while (mq_receive(queue, text, TEXT, &priority) == -1) {
        if (errno != EAGAIN && errno != EINTR)
            return -1;
        if (left < 0 || poll(&ready, 1, (int)left) == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        left = end - now_ms();
    }
    return (int)priority;
}

int posix_remove(mqd_t queue, const char *name)
{
    int closed = mq_close(queue), error = errno, removed = mq_unlink(name);

    if (closed == 0)
        return removed;
    errno = error;
    return -1;
}
