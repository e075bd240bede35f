/*
 * shortio: makes reads and writes on stream sockets come out short, truthfully.
 *
 *   shortio [-n EVERY] [-m read|write|both] [-p PROGRAM] [-o REPORT]
 *           COMMAND [ARG...]
 *
 * A program that asks for 4096 bytes may get, or get rid of, fewer.  shortio
 * runs COMMAND under ptrace and lowers the byte count of every EVERYth such
 * call to half, in the registers, before the kernel sees it: no byte is lost,
 * the call does less, and says so.  Errors and delays: see strace(1) instead.
 *
 *   -n EVERY    the how manyth call is lowered (default 1: every one)
 *   -m WHICH    only reads, only writes, or both (default)
 *   -p PROGRAM  COMMAND launches PROGRAM; nothing counts before that
 *   -o REPORT   file for the report (default: stderr)
 *
 * Counted are read, readv, recvfrom, write, writev, sendto and sendmsg (not
 * recvmsg, whose results are hard to rewrite) of two bytes or more on TCP and
 * AF_UNIX stream sockets, by any thread or child.  Left alone is
 *   - what is no stream: eventfd, signalfd, timerfd, pipes, files, datagrams;
 *   - what promises more (MSG_WAITALL) or is no transfer (MSG_PEEK, MSG_OOB);
 *   - a socket that is registered with EPOLLET: epoll(7) allows a program to
 *     take a short count for "drained", and it would then wait for ever.
 *
 * The report: "shortened=N calls=M", then a line for each of the first LINES
 * calls that did less than they were asked to: "write(5) 4096 -> 2048".
 * Signals sent to shortio go on to COMMAND.  It exits as COMMAND does, with
 * 2 if it is called wrongly and 125 if it fails.  When it ends, all that it
 * traces is killed.
 *
 * See also: ptrace(2), seccomp(2), epoll(7) "edge-triggered".
 */
#define _GNU_SOURCE
#include "asked.h"
#include "common.h"
#include "tracer.h"

#include <limits.h>
#include <stdint.h>
#include <sys/epoll.h>

enum {
    LINES = 200,     /* of the report */
    MOST_FD = 65536, /* above, EPOLLET is not remembered */
    SPARED = MSG_PEEK | MSG_WAITALL | MSG_OOB | MSG_TRUNC | MSG_ERRQUEUE,
};

/* -- at the stops ---------------------------------------------------------- */

/* A lowered call that has not ended; a thread has one at most. */
struct pending {
    pid_t tid; /* 0: this place is free */
    const struct kind *kind;
    struct asked asked;
    registers before;
};

struct shortio {
    struct tracer tracer; /* first: a tracer pointer is a shortio pointer */
    long every;
    int which; /* READS, WRITES or both */
    unsigned long calls, shortened;
    struct pending *pending;
    size_t places;
    struct line {
        const char *name;
        int fd;
        size_t asked, got;
    } lines[LINES];
    bool edge[MOST_FD]; /* registered with EPOLLET */
};

static struct pending *find(struct shortio *t, pid_t tid)
{
    for (size_t i = 0; i < t->places; i++)
        if (t->pending[i].tid == tid)
            return &t->pending[i];
    return NULL;
}

static void forget(struct tracer *tracer, pid_t tid)
{
    struct pending *p = find((struct shortio *)tracer, tid);
    if (p != NULL)
        p->tid = 0;
}

static struct pending *free_place(struct shortio *t)
{
    struct pending *p = find(t, 0);
    if (p != NULL)
        return p;
    size_t places = t->places == 0 ? 16 : 2 * t->places;
    if ((p = realloc(t->pending, places * sizeof(*p))) == NULL)
        die("realloc");
    memset(p + t->places, 0, (places - t->places) * sizeof(*p));
    t->pending = p;
    p += t->places;
    t->places = places;
    return p;
}

static void note_edge(struct shortio *t, pid_t tid, const registers *r)
{
    unsigned long op = ARG1(r), fd = ARG2(r);
    uint32_t events = 0; /* the first field of struct epoll_event */
    if (fd >= MOST_FD)
        return;
    if (op == EPOLL_CTL_DEL || peek(tid, ARG3(r), &events, sizeof(events)) == 0)
        t->edge[fd] = (events & EPOLLET) != 0;
}

static bool counts(const struct shortio *t, pid_t tid,
                   const struct asked *asked)
{
    unsigned int fd = (unsigned int)asked->fd;
    return asked->total > 1 && (asked->flags & SPARED) == 0 &&
           !(fd < MOST_FD && t->edge[fd]) && is_stream(tid, asked->fd);
}

/* At the entry of a call. Returns whether it was lowered: then its end
 * matters too. */
static bool on_entry(struct tracer *tracer, pid_t tid)
{
    struct shortio *t = (struct shortio *)tracer;
    registers r;
    struct asked asked;
    if (tracer->first == 0 || get_registers(tid, &r) == -1)
        return false;
    const struct kind *kind = kind_of(NUMBER(&r));
    if (kind != NULL && kind->shape == CONTROL)
        note_edge(t, tid, &r);
    if (kind == NULL || !(kind->direction & t->which) ||
        !understand(tid, &r, kind, &asked) || !counts(t, tid, &asked) ||
        ++t->calls % (unsigned long)t->every != 0)
        return false;
    struct pending *p = free_place(t);
    *p = (struct pending){tid, kind, asked, r};
    rewrite(&r, kind, &asked);
    if (set_registers(tid, &r) == 0)
        return true;
    p->tid = 0;
    return false;
}

/* At the end of a lowered call: the program finds its registers as it left
 * them, and a call that a signal interrupted starts again as it was. */
static void on_end(struct tracer *tracer, pid_t tid)
{
    struct shortio *t = (struct shortio *)tracer;
    struct pending *p = find(t, tid);
    registers r;
    if (p == NULL || get_registers(tid, &r) == -1)
        return;
    size_t got = shorter(&p->asked);
    if (RESULT(&r) == (long)got) {
        if (t->shortened < LINES)
            t->lines[t->shortened] =
                (struct line){p->kind->name, p->asked.fd, p->asked.total, got};
        t->shortened++;
    }
    NUMBER(&r) = NUMBER(&p->before);
    ARG1(&r) = ARG1(&p->before);
    ARG2(&r) = ARG2(&p->before);
    ARG3(&r) = ARG3(&p->before);
    ARG4(&r) = ARG4(&p->before);
    ARG5(&r) = ARG5(&p->before);
    set_registers(tid, &r);
    p->tid = 0;
}

/* -- start and end --------------------------------------------------------- */

static void write_report(const struct shortio *t, FILE *report)
{
    fprintf(report, "shortened=%lu calls=%lu\n", t->shortened, t->calls);
    for (unsigned long i = 0; i < t->shortened && i < LINES; i++)
        fprintf(report, "%s(%d) %zu -> %zu\n", t->lines[i].name, t->lines[i].fd,
                t->lines[i].asked, t->lines[i].got);
    if (fflush(report) == EOF)
        die("report");
}

static int parse_which(const char *text)
{
    if (strcmp(text, "read") == 0)
        return READS;
    if (strcmp(text, "write") == 0)
        return WRITES;
    return strcmp(text, "both") == 0 ? READS | WRITES : 0;
}

static void usage(void)
{
    fprintf(stderr, "usage: shortio [-n EVERY] [-m read|write|both] "
                    "[-p PROGRAM] [-o REPORT] COMMAND [ARG...]\n");
    exit(2);
}

/* Returns the index of COMMAND. */
static int parse(int argc, char **argv, struct shortio *t, const char **report)
{
    int letter;
    while ((letter = getopt(argc, argv, "+n:m:p:o:")) != -1) {
        if (letter == 'n')
            t->every = parse_number(optarg, INT_MAX);
        else if (letter == 'm')
            t->which = parse_which(optarg);
        else if (letter == 'o')
            *report = optarg;
        else if (letter != 'p')
            usage();
        else
            only(&t->tracer, optarg);
    }
    if (optind == argc || t->every < 1 || t->which == 0)
        usage();
    return optind;
}

int main(int argc, char *argv[])
{
    static struct shortio t = {
        .tracer = {.on_entry = on_entry, .on_end = on_end, .on_gone = forget},
        .every = 1,
        .which = READS | WRITES,
    };
    const char *path = NULL;
    int first = parse(argc, argv, &t, &path);
    for (int i = 0; i < KINDS; i++)
        watch(&t.tracer, kinds[i].number);
    FILE *report = path == NULL ? stderr : fopen(path, "we");
    if (report == NULL)
        die(path);
    pid_t command = launch(&t.tracer, argv + first);
    pass_signals_to(command);
    int status = trace(&t.tracer, command);
    write_report(&t, report);
    return end_like(status);
}
