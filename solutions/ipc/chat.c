/* chat - talk to everybody in a room
 * usage: chat [-b posix|sysv] ROOM NAME
 * see also: room.h; poll(2), signalfd(2), eventfd(2), pthread_create(3)
 *
 * Two threads: main waits for the keyboard and for signals, the listener for
 * the room. No lock is held while anybody waits for a keyboard or a terminal.
 * Exit status: 0 left, 1 something failed, 2 wrong use.
 */
#include "room.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { INPUT, SIGNALS, DONE, SOURCES };

struct chat {
    struct room room;
    struct pollfd sources[SOURCES];
    _Atomic uint64_t last; /* the listener ends when it has read that far */
    _Atomic bool failed;
    char text[RING]; /* what came from stdin, from the begin of a line on */
    size_t length;
    bool skipping; /* the rest of a line that is too long */
    bool quit;
};

static void complain(const char *what)
{
    fprintf(stderr, "chat: %s: %s\n", what, strerror(errno));
}

static int write_full(int fd, const char *buf, size_t n)
{
    ssize_t r;

    for (; n > 0; buf += r, n -= (size_t)r)
        while ((r = write(fd, buf, n)) == -1)
            if (errno != EINTR)
                return -1;
    return 0;
}

/* -- the listener --------------------------------------------------------- */

static void *listener(void *arg)
{
    static char text[RING];
    struct chat *chat = arg;
    ssize_t n = 0;

    while (n != -1 && !room_has_read(&chat->room, chat->last)) {
        n = room_receive(&chat->room, text, sizeof(text));
        if (n == -1 && errno == ESHUTDOWN)
            return NULL;
        if (n != -1 && write_full(STDOUT_FILENO, text, (size_t)n) == -1)
            n = -1;
    }
    if (n == -1) {
        complain("the talk ends");
        chat->failed = true;
    }
    eventfd_write(chat->sources[DONE].fd, 1);
    return NULL;
}

/* -- the keyboard --------------------------------------------------------- */

/* Nothing more to say: the listener prints what was said so far, and ends. */
static void finish(struct chat *chat)
{
    chat->sources[INPUT].fd = -1; /* poll(2) passes over it */
    chat->last = chat->room.board->head;
    room_nudge(&chat->room);
}

/* False if a signal came first, or the room is no more. */
static bool say(struct chat *chat, const char *lines, size_t n)
{
    struct pollfd *signals = &chat->sources[SIGNALS];

    while (n > 0) {
        ssize_t sent = room_send(&chat->room, lines, n);

        if (sent == -1)
            complain("cannot send");
        if (sent == -1 || (sent == 0 && poll(signals, 1, 0) == 1))
            return false;
        lines += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Whether this line is for the others; complains if it is too long. */
static bool is_talk(struct chat *chat, const char *line, size_t n)
{
    if (n > LINE_LIMIT && !chat->skipping)
        fprintf(stderr, "chat: a line of more than %d bytes is not sent\n",
                LINE_LIMIT);
    chat->quit = !chat->skipping && n == 5 && memcmp(line, "/quit", 5) == 0;
    return n <= LINE_LIMIT && !chat->skipping && !chat->quit;
}

/* Say the whole lines that have come, and keep the begin of the next one. False
 * if that was all. */
static bool say_lines(struct chat *chat)
{
    char *unsaid = chat->text, *line = unsaid, *newline;
    char *end = line + chat->length;

    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        if (!is_talk(chat, line, (size_t)(newline - line))) {
            if (!say(chat, unsaid, (size_t)(line - unsaid)) || chat->quit)
                return false;
            unsaid = newline + 1;
            chat->skipping = false;
        }
        line = newline + 1;
    }
    if (!say(chat, unsaid, (size_t)(line - unsaid)))
        return false;
    chat->length = (size_t)(end - line);
    memmove(chat->text, line, chat->length);
    if (chat->length > LINE_LIMIT) {
        is_talk(chat, chat->text, chat->length);
        chat->skipping = true;
        chat->length = 0;
    }
    return true;
}

/* False at the end of the input. */
static bool read_input(struct chat *chat)
{
    ssize_t n = read(STDIN_FILENO, chat->text + chat->length,
                     sizeof(chat->text) - chat->length);

    if (n == -1 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n == -1)
        complain("stdin");
    if (n > 0) {
        chat->length += (size_t)n;
        return say_lines(chat);
    }
    if (chat->length > 0 && !chat->skipping) { /* a last line without end */
        chat->text[chat->length++] = '\n';
        say_lines(chat);
    }
    return false;
}

static void talk(struct chat *chat)
{
    struct pollfd *sources = chat->sources;

    for (;;) {
        if (poll(sources, SOURCES, -1) == -1 && errno != EINTR) {
            complain("poll");
            return;
        }
        if (sources[SIGNALS].revents || sources[DONE].revents)
            return;
        if (sources[INPUT].revents && !read_input(chat))
            finish(chat);
    }
}

/* -- start ---------------------------------------------------------------- */

static int open_sources(struct chat *chat)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* in all threads to come as well */
    signal(SIGPIPE, SIG_IGN);               /* write(2) tells */
    chat->sources[INPUT] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    chat->sources[SIGNALS] =
        (struct pollfd){signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0};
    chat->sources[DONE] = (struct pollfd){eventfd(0, EFD_CLOEXEC), POLLIN, 0};
    if (chat->sources[SIGNALS].fd == -1 || chat->sources[DONE].fd == -1)
        return -1;
    return 0;
}

static const struct backend *backend_named(const char *name)
{
    if (strcmp(name, "posix") == 0)
        return &posix_backend;
    return strcmp(name, "sysv") == 0 ? &sysv_backend : NULL;
}

static const struct backend *parse(int argc, char *argv[])
{
    const struct backend *backend = &posix_backend;
    int letter;

    while ((letter = getopt(argc, argv, "b:")) != -1 && backend != NULL)
        backend = letter == 'b' ? backend_named(optarg) : NULL;
    if (backend == NULL || argc - optind != 2 || strchr(argv[optind], '/') ||
        *argv[optind] == '\0' || *argv[optind + 1] == '\0') {
        fprintf(stderr, "usage: chat [-b posix|sysv] ROOM NAME\n");
        exit(2);
    }
    return backend;
}

int main(int argc, char *argv[])
{
    static struct chat chat = {.last = UINT64_MAX};
    const struct backend *backend = parse(argc, argv);
    pthread_t thread;

    if (open_sources(&chat) == -1) {
        complain("start");
        return 1;
    }
    if (room_join(&chat.room, backend, argv[optind], argv[optind + 1]) == -1) {
        complain(errno == EEXIST ? "this name is taken" : argv[optind]);
        return 1;
    }
    errno = pthread_create(&thread, NULL, listener, &chat);
    if (errno == 0) {
        talk(&chat);
    } else {
        complain("thread");
        chat.failed = true;
    }
    if (room_leave(&chat.room) == -1) {
        complain("leave");
        return 1;
    }
    return chat.failed ? 1 : 0;
}
