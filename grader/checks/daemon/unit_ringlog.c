/*
 * unit_ringlog.c - Criterion tests of drill `ringlog`
 *
 * A process that is killed leaves a file in which the last stores are missing,
 * in whatever order they were made. So test `torn` mixes the file before an
 * append with the file after it, byte by byte, and opens what comes out.
 *
 * see also: labs/daemon/ringlog.h (the contract), ../unit.h, mmap(2)
 */
#include "../refuse.h"
#include "../unit.h"

#include "ringlog.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ringlog_open(...) TESTED(ringlog_open(__VA_ARGS__))
#define ringlog_append(...) TESTED_VOID(ringlog_append(__VA_ARGS__))
#define ringlog_read(...) TESTED(ringlog_read(__VA_ARGS__))
#define ringlog_sync(...) TESTED(ringlog_sync(__VA_ARGS__))
#define ringlog_close(...) TESTED(ringlog_close(__VA_ARGS__))

enum { SLOTS = 16, MOST = 1 << 16, MIXES = 60, KILLS = 12 };

TestSuite(ringlog, .timeout = TEST_SECONDS);

static char folder[] = "/tmp/ringlog-XXXXXX", path[64];

static void prepare(void)
{
    NEED(mkdtemp(folder) != NULL, "a folder");
    snprintf(path, sizeof(path), "%s/log", folder);
}

/* The text of record number n: long, and different in every byte that counts.*/
static const char *text_of(uint64_t n)
{
    static char text[RINGLOG_TEXT];
    int at = snprintf(text, sizeof(text), "%llu:", (unsigned long long)n);

    for (; at < 40 + (int)(n % 60); at++)
        text[at] = (char)('a' + (n * 7 + (uint64_t)at) % 26);
    text[at] = '\0';
    return text;
}

struct seen {
    unsigned count, wrong; /* a text that does not belong to its number */
    uint64_t first, last;
    bool gap; /* the numbers do not follow each other */
};

static void look(void *arg, uint64_t number, const char *text)
{
    struct seen *seen = arg;

    if (seen->count == 0)
        seen->first = number;
    else if (number != seen->last + 1)
        seen->gap = true;
    seen->last = number;
    seen->count++;
    seen->wrong += strncmp(text, text_of(number), RINGLOG_TEXT) != 0;
}

static struct seen read_all(struct ringlog *log)
{
    struct seen seen = {0};
    unsigned count = ringlog_read(log, look, &seen);

    if (count != seen.count)
        seen.wrong++;
    return seen;
}

static void append(struct ringlog *log, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ringlog_append(log, text_of(log->next));
}

/* What was appended is read, oldest first, also by who opens the file later;
 * the numbers go on. */
Test(ringlog, order)
{
    struct ringlog log = {0};
    struct seen seen;
    int result;

    prepare();
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(log.next == 1, "1 comes next", "%llu", (unsigned long long)log.next);
    append(&log, 10);
    seen = read_all(&log);
    CHECK(seen.count == 10 && seen.first == 1 && !seen.gap && !seen.wrong,
          "1 to 10, with their texts", "%u from %llu, %u wrong", seen.count,
          (unsigned long long)seen.first, seen.wrong);
    result = ringlog_close(&log);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    memset(&log, 0, sizeof(log));
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == 0 && log.next == 11, "11 comes next", "%d, %llu", result,
          (unsigned long long)log.next);
    append(&log, 2);
    seen = read_all(&log);
    CHECK(seen.count == 12 && seen.last == 12 && !seen.gap && !seen.wrong,
          "1 to 12", "%u to %llu", seen.count, (unsigned long long)seen.last);
}

static void look_at_length(void *arg, uint64_t number, const char *text)
{
    (void)number;
    *(size_t *)arg = strlen(text);
}

/* The newest records stay; a text that is too long is cut, and a short one has
 * nothing of the record that was there. */
Test(ringlog, wraps)
{
    struct ringlog log = {0};
    char much[3 * RINGLOG_TEXT];
    struct seen seen;
    size_t length = 0;
    int result;

    prepare();
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    append(&log, 3 * SLOTS + 5);
    seen = read_all(&log);
    CHECK(seen.count == SLOTS && seen.last == 3 * SLOTS + 5 && !seen.gap &&
              !seen.wrong,
          "the last %d", "%u to %llu, %u wrong", SLOTS, seen.count,
          (unsigned long long)seen.last, seen.wrong);
    memset(much, 'x', sizeof(much));
    much[sizeof(much) - 1] = '\0';
    ringlog_append(&log, much);
    ringlog_read(&log, look_at_length, &length);
    CHECK(length == RINGLOG_TEXT - 1, "%d bytes of a long text", "%zu",
          RINGLOG_TEXT - 1, length);
    for (int i = 0; i < SLOTS; i++)
        ringlog_append(&log, "short");
    ringlog_read(&log, look_at_length, &length);
    CHECK(length == 5, "5 bytes where a long text was", "%zu", length);
}

static size_t image(unsigned char *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd == -1 ? -1 : read(fd, to, MOST);

    NEED(n > 0 && n < MOST, "the file");
    close(fd);
    return (size_t)n;
}

static void put(const unsigned char *from, size_t n)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    NEED(fd != -1 && write(fd, from, n) == (ssize_t)n, "the file");
    close(fd);
}

/* Some of the bytes that an append changes, and not others: each by chance, or
 * the first few, or the last few. */
static void mix(unsigned char *to, const unsigned char *before,
                const unsigned char *after, size_t n, int round)
{
    size_t changed = 0, place = 0, few = (size_t)round / 3 + 1;

    for (size_t i = 0; i < n; i++)
        changed += before[i] != after[i];
    for (size_t i = 0; i < n; i++) {
        bool in = round % 3 == 0   ? rnd(0, 1)
                  : round % 3 == 1 ? place < few
                                   : place + few >= changed;

        to[i] = in ? after[i] : before[i];
        place += before[i] != after[i];
    }
}

/* Of a record that is half written nothing is seen, and of the others nothing is
 * lost. */
Test(ringlog, torn)
{
    static unsigned char before[MOST], after[MOST], torn[MOST];
    struct ringlog log = {0};
    unsigned wrong = 0, lost = 0, refused = 0;
    int result;
    size_t n;

    prepare();
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    append(&log, 2 * SLOTS + 3);
    n = image(before);
    append(&log, 1);
    image(after);
    ringlog_close(&log);
    for (int round = 0; round < MIXES; round++) {
        struct seen seen;

        mix(torn, before, after, n, round);
        put(torn, n);
        memset(&log, 0, sizeof(log));
        if (ringlog_open(&log, path, SLOTS) == -1) {
            refused++;
            continue;
        }
        seen = read_all(&log);
        wrong += seen.wrong;
        lost += seen.count < SLOTS - 1 || seen.gap;
        ringlog_close(&log);
    }
    CHECK(refused == 0, "a log with a torn record can be opened",
          "%u of %d could not", refused, MIXES);
    CHECK(wrong == 0, "no record that nobody has appended", "%u", wrong);
    CHECK(lost == 0, "all other records", "%u times some are missing", lost);
}

static void append_for_ever(void)
{
    struct ringlog log = {0};

    if ((ringlog_open)(&log, path, SLOTS) == -1)
        _exit(1);
    for (;;)
        (ringlog_append)(&log, text_of(log.next));
}

/* A process that appends without end is killed, again and again; the next one
 * finds whole records and goes on. */
Test(ringlog, killed)
{
    unsigned wrong = 0, lost = 0, still = 0;
    uint64_t last = 0;
    int result = 0;

    prepare();
    for (int i = 0; i < KILLS && result == 0; i++) {
        struct ringlog log = {0};
        struct seen seen;
        pid_t child = fork();

        NEED(child != -1, "a process");
        if (child == 0)
            append_for_ever();
        usleep(rnd(2000, 12000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        result = ringlog_open(&log, path, SLOTS);
        if (result == -1)
            break;
        seen = read_all(&log);
        wrong += seen.wrong;
        lost += seen.gap || (seen.last > SLOTS && seen.count < SLOTS - 1);
        still += seen.last < last;
        last = seen.last;
        ringlog_close(&log);
    }
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(wrong == 0, "no record that nobody has appended", "%u", wrong);
    CHECK(lost == 0 && still == 0, "all others are there",
          "%u times some are missing, %u times the last ones", lost, still);
    CHECK(last > SLOTS, "records that the killed process has appended",
          "%llu in all", (unsigned long long)last);
}

/* ringlog_sync waits for the disk, and tells when that fails. */
Test(ringlog, sync)
{
    struct ringlog log = {0};
    int result;

    prepare();
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    append(&log, 3);
    result = ringlog_sync(&log);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    NEED(refuse(SYS_msync, -1, EIO), "seccomp");
    result = ringlog_sync(&log);
    CHECK(result == -1 && errno == EIO, "-1 (EIO) where msync fails", "%d (%s)",
          result, error_name(errno));
}

/* Errors are told, and leave no descriptor open; a file of another size is
 * refused. */
Test(ringlog, errors)
{
    struct ringlog log = {0};
    struct stat st;
    int result;

    prepare();
    result = ringlog_open(&log, path, 0);
    CHECK(result == -1 && errno == EINVAL, "-1 (EINVAL) for 0 slots", "%d (%s)",
          result, error_name(errno));
    result = ringlog_open(&log, "/tmp/there-is-no-such-folder/log", SLOTS);
    CHECK(result == -1 && errno == ENOENT, "-1 (ENOENT)", "%d (%s)", result,
          error_name(errno));
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    ringlog_close(&log);
    result = ringlog_open(&log, path, 2 * SLOTS);
    CHECK(result == -1 && errno == EINVAL, "-1 (EINVAL) for a smaller file",
          "%d (%s)", result, error_name(errno));
    NEED(truncate(path, 100) == 0, "a short file");
    result = ringlog_open(&log, path, SLOTS);
    CHECK(result == -1 && errno == EINVAL, "-1 (EINVAL) for a cut file",
          "%d (%s)", result, error_name(errno));
    CHECK(stat(path, &st) == 0 && st.st_size == 100, "it is left as it is",
          "%ld bytes", (long)st.st_size);
}

/* What these tests need of a machine. No code under test is called. */
Test(ringlog, machine)
{
    pid_t child;

    prepare();
    put((const unsigned char *)"x", open(path, O_CREAT | O_WRONLY, 0600) != -1);
    child = fork();
    NEED(child != -1, "a process");
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    NEED(refuse(SYS_msync, -1, EIO), "seccomp");
}
