#include "threads.h"

#include "mq.h"

#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/stat.h>

#define sysv_send(...) TESTED(sysv_send(__VA_ARGS__))
#define sysv_reply(...) TESTED(sysv_reply(__VA_ARGS__))
#define posix_make(...) TESTED(posix_make(__VA_ARGS__))
#define posix_send(...) TESTED(posix_send(__VA_ARGS__))
#define posix_next(...) TESTED(posix_next(__VA_ARGS__))
#define posix_remove(...) TESTED(posix_remove(__VA_ARGS__))

enum { LENGTH = 5 };
static const char name[] = "/syslabs";

TestSuite(mq, .timeout = TEST_SECONDS);

static int new_queue(void)
{
    int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

    NEED(queue != -1, "a System V queue");
    return queue;
}

static void next(struct worker *w)
{
    static struct request request;

    w->result = sysv_next((int)(intptr_t)w->arg, &request);
    w->arg = request.text;
}

static void handler(int number)
{
    (void)number;
}

/* Requests are taken by urgency, equal ones in their order; replies go to whom
 * they are for; who waits for a request sleeps, whatever signals come. */
Test(mq, sysv)
{
    static const char *const order[] = {"u1", "u2", "n1", "n2", "l1"};
    struct sigaction action = {.sa_handler = handler};
    struct request request = {0};
    struct worker server;
    int queue = new_queue(), r;
    bool slept;

    sysv_send(queue, LAZY, 7, "l1");
    sysv_send(queue, NORMAL, 7, "n1");
    sysv_send(queue, REPLY, 9, "for nine");
    sysv_send(queue, URGENT, 7, "u1");
    sysv_send(queue, NORMAL, 8, "n2");
    sysv_send(queue, REPLY, 8, "for eight");
    r = sysv_send(queue, URGENT, 8, "u2");
    CHECK(r == 0, "a request is sent", "%d (%s)", r, error_name(errno));
    for (int i = 0; i < 5; i++) {
        r = TESTED(sysv_next(queue, &request));
        CHECK(r == 0 && strcmp(request.text, order[i]) == 0, "%s", "%d, %s",
              order[i], r, request.text);
    }
    r = sysv_reply(queue, 8, &request);
    CHECK(r == 0 && strcmp(request.text, "for eight") == 0, "for eight",
          "%d, %s", r, request.text);
    errno = 0;
    r = sysv_reply(queue, 8, &request);
    CHECK(r == -1 && errno == ENOMSG, "-1 (ENOMSG): no other one is for eight",
          "%d (%s)", r, error_name(errno));
    sigaction(SIGUSR1, &action, NULL);
    worker_start(&server, next, (void *)(intptr_t)queue);
    slept = worker_sleeps(&server);
    CHECK(slept, "it sleeps until there is a request", "state %c",
          worker_state(&server));
    pthread_kill(server.thread, SIGUSR1);
    slept = worker_sleeps(&server);
    CHECK(slept, "a signal does not end that", "it has returned");
    sysv_send(queue, NORMAL, 7, "late");
    CHECK(worker_ends(&server), "a request does", "it still sleeps");
    msgctl(queue, IPC_RMID, NULL);
}

/* The higher priority comes first, equal ones in their order; who waits does so
 * for a limited time, whatever signals come. */
Test(mq, posix)
{
    static const char *const order[] = {"c", "b1", "b2", "a"};
    char text[TEXT] = "";
    int64_t begin, ms;
    int r;
    mqd_t queue;

    queue = posix_make(name, LENGTH);
    CHECK(queue != (mqd_t)-1, "a queue", "-1 (%s)", error_name(errno));
    posix_send(queue, 2, "a");
    posix_send(queue, 5, "b1");
    posix_send(queue, 5, "b2");
    r = posix_send(queue, 9, "c");
    CHECK(r == 0, "a message is sent", "%d (%s)", r, error_name(errno));
    for (int i = 0; i < 4; i++) {
        r = posix_next(queue, text, 1000);
        CHECK(strcmp(text, order[i]) == 0 && r == (i == 0  ? 9
                                                   : i < 3 ? 5
                                                           : 2),
              "%s", "%d, %s", order[i], r, text);
    }
    alarm_every(10000, handler, 0);
    begin = now_us();
    r = posix_next(queue, text, 150);
    ms = (now_us() - begin) / 1000;
    alarm_off();
    CHECK(r == -1 && errno == ETIMEDOUT, "-1 (ETIMEDOUT)", "%d (%s)", r,
          error_name(errno));
    CHECK(ms >= 149 && ms < 1500, "after 150 ms", "%lld ms", (long long)ms);
    mq_close(queue);
    mq_unlink(name);
}

/* A full queue is told at once (EAGAIN), texts that are too long as well
 * (EMSGSIZE); the longest one that fits goes through. */
Test(mq, full)
{
    struct request request = {0};
    int queue = new_queue(), r, sent = 0;
    char longest[TEXT + 1] = "", text[TEXT];
    mqd_t posix;

    memset(longest, 'x', TEXT);
    errno = 0;
    r = sysv_send(queue, NORMAL, 1, longest);
    CHECK(r == -1 && errno == EMSGSIZE, "-1 (EMSGSIZE)", "%d (%s)", r,
          error_name(errno));
    posix = posix_make(name, LENGTH);
    errno = 0;
    r = posix_send(posix, 1, longest);
    CHECK(r == -1 && errno == EMSGSIZE, "-1 (EMSGSIZE)", "%d (%s)", r,
          error_name(errno));
    longest[TEXT - 1] = '\0';
    sysv_send(queue, NORMAL, 1, longest);
    r = TESTED(sysv_next(queue, &request));
    CHECK(r == 0 && strcmp(request.text, longest) == 0, "the longest text",
          "%d, %s", r, request.text);
    for (r = 0; r == 0 && sent < 100000; sent++)
        r = sysv_send(queue, NORMAL, 1, "more");
    CHECK(r == -1 && errno == EAGAIN && sent > 2, "-1 (EAGAIN) when it is full",
          "%d (%s) after %d", r, error_name(errno), sent);
    posix_send(posix, 3, longest);
    for (int i = 1; i < LENGTH; i++)
        posix_send(posix, 1, "more");
    r = posix_send(posix, 1, "more");
    CHECK(r == -1 && errno == EAGAIN, "-1 (EAGAIN) when it is full", "%d (%s)",
          r, error_name(errno));
    r = posix_next(posix, text, 0);
    CHECK(r == 3 && strcmp(text, longest) == 0, "the longest text", "%d, %.20s",
          r, text);
    msgctl(queue, IPC_RMID, NULL);
    mq_close(posix);
    mq_unlink(name);
}

/* A name is made once (EEXIST), with mode 0600 under any umask, and is gone with
 * posix_remove, which also closes; it tells what fails. */
Test(mq, removal)
{
    struct stat status = {0};
    mqd_t queue, again;
    int fds = open_fds(), r;

    umask(0277);
    queue = posix_make(name, LENGTH);
    CHECK(queue != (mqd_t)-1 && fstat(queue, &status) == 0, "a queue",
          "-1 (%s)", error_name(errno));
    CHECK((status.st_mode & 0777) == 0600, "mode 0600", "%04o",
          (unsigned)status.st_mode & 0777);
    errno = 0;
    again = posix_make(name, LENGTH);
    CHECK(again == (mqd_t)-1 && errno == EEXIST, "-1 (EEXIST)", "%d (%s)",
          (int)again, error_name(errno));
    CHECK(umask(022) == 0277, "the umask is as it was", "another one");
    r = posix_remove(queue, name);
    CHECK(r == 0, "0", "%d (%s)", r, error_name(errno));
    CHECK(open_fds() == fds, "it is closed", "%d more open", open_fds() - fds);
    errno = 0;
    CHECK(mq_open(name, O_RDONLY) == (mqd_t)-1 && errno == ENOENT,
          "the name is gone", "it is still there");
    queue = posix_make(name, LENGTH);
    errno = 0;
    r = posix_remove((mqd_t)-1, name);
    CHECK(r == -1 && errno == EBADF, "-1 (EBADF)", "%d (%s)", r,
          error_name(errno));
    errno = 0;
    CHECK(mq_open(name, O_RDONLY) == (mqd_t)-1 && errno == ENOENT,
          "the name is gone all the same", "it is still there");
}

/* What these tests need of a machine. No code under test is called. */
Test(mq, machine)
{
    struct mq_attr attr = {.mq_maxmsg = LENGTH, .mq_msgsize = TEXT};
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);

    NEED(queue != (mqd_t)-1, "a POSIX queue");
    mq_unlink(name);
    msgctl(new_queue(), IPC_RMID, NULL);
}
