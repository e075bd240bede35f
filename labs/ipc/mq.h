/* mq - requests and replies through message queues (given)
 * see also: msgsnd(2), msgrcv(2), msgctl(2), mq_open(3), mq_send(3),
 * mq_receive(3), mq_overview(7); TLPI 46, 52
 *
 * Several clients and one server share a System V queue. A request has the type
 * of its urgency, a reply the type REPLY + PID of the client: so each takes from
 * the queue what is meant for it.
 */
#ifndef MQ_H
#define MQ_H

#include <mqueue.h>
#include <sys/types.h>

enum { URGENT = 1, NORMAL = 2, LAZY = 3, REPLY = 16, TEXT = 120 };

struct request {
    long type; /* URGENT, NORMAL, LAZY; of a reply: REPLY + client */
    pid_t client;
    char text[TEXT]; /* with its final zero */
};

/* Send a request, or a reply to `client` (urgency: REPLY). Does not wait: -1
 * with EAGAIN if the queue is full. EMSGSIZE if the text is too long. */
int sysv_send(int queue, long urgency, pid_t client, const char *text);

/* Take the most urgent request, of equal ones the oldest; never a reply. Waits
 * until there is one, whatever signals come. Returns 0, or -1 with errno. */
int sysv_next(int queue, struct request *request);

/* Take the oldest reply to this client; -1 with ENOMSG if there is none. */
int sysv_reply(int queue, pid_t client, struct request *reply);

/* The same with a POSIX queue, which knows priorities: the higher, the more
 * urgent. */

/* Make a queue of this name for so many messages of TEXT bytes, mode 0600
 * whatever the umask is; EEXIST if there is one already. For reading and
 * writing, without waiting (O_NONBLOCK). (mqd_t)-1 with errno. */
mqd_t posix_make(const char *name, long messages);

/* Send a text with its final zero. EAGAIN: full. EMSGSIZE: too long. */
int posix_send(mqd_t queue, unsigned priority, const char *text);

/* Take the message of the highest priority, of equal ones the oldest, and wait
 * for it at most `ms` milliseconds. Returns its priority; -1 with ETIMEDOUT. */
int posix_next(mqd_t queue, char text[TEXT], int ms);

/* Close the queue and remove its name: both, whatever fails. */
int posix_remove(mqd_t queue, const char *name);

#endif
