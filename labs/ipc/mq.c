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
    /* TODO(mq): 1. msgsnd(2) without waiting. The size does not count the
     * type. */
    (void)queue, (void)urgency, (void)client, (void)text;
    errno = ENOSYS;
    return -1;
}

static int take(int queue, struct request *request, long type, int flags)
{
    /* TODO(mq): 1. msgrcv(2), again after EINTR; 0 or -1. */
    (void)queue, (void)request, (void)type, (void)flags, (void)SIZE;
    errno = ENOSYS;
    return -1;
}

/* A negative type: the lowest one up to that. */
int sysv_next(int queue, struct request *request)
{
    /* TODO(mq): 2. which type means: the lowest one up to LAZY? msgrcv(2). */
    (void)queue, (void)request, (void)take;
    errno = ENOSYS;
    return -1;
}

int sysv_reply(int queue, pid_t client, struct request *reply)
{
    /* TODO(mq): 2. exactly one type; ENOMSG if there is none. */
    (void)queue, (void)client, (void)reply, (void)take;
    errno = ENOSYS;
    return -1;
}

/* -- POSIX ---------------------------------------------------------------- */

mqd_t posix_make(const char *name, long messages)
{
    /* TODO(mq): 3. mq_open(3): made once, 0600 whatever the umask is, never
     * waits. */
    (void)name, (void)messages;
    return (mqd_t)-1;
}

int posix_send(mqd_t queue, unsigned priority, const char *text)
{
    /* TODO(mq): 3. mq_send(3); the final zero belongs to the message. */
    (void)queue, (void)priority, (void)text;
    errno = ENOSYS;
    return -1;
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
    /* TODO(mq): 4. mq_receive(3); if there is nothing, wait, but not longer
     * than until now + ms, however many signals come. poll(2), or
     * mq_timedreceive(3). */
    (void)queue, (void)text, (void)ms, (void)now_ms;
    errno = ENOSYS;
    return -1;
}

int posix_remove(mqd_t queue, const char *name)
{
    /* TODO(mq): 3. mq_close(3) and mq_unlink(3), both. */
    (void)queue, (void)name;
    errno = ENOSYS;
    return -1;
}
