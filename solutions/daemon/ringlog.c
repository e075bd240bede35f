/* see also: ringlog.h (the contract), mmap(2), msync(2), TLPI 49 */
#include "ringlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0 is no valid sum, so that a slot of zeros is empty. The number is part of
 * the sum: an old record with a new number does not pass. */
struct record {
    uint64_t number;
    uint32_t sum;
    char text[RINGLOG_TEXT];
};

/* FNV-1a over number and all of text. */
static uint32_t sum_of(const struct record *record)
{
    const unsigned char *number = (const unsigned char *)&record->number;
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < sizeof(record->number); i++)
        sum = (sum ^ number[i]) * 16777619u;
    for (size_t i = 0; i < sizeof(record->text); i++)
        sum = (sum ^ (unsigned char)record->text[i]) * 16777619u;
    return sum == 0 ? 1 : sum;
}

static struct record *slot(const struct ringlog *log, uint64_t number)
{
    return (struct record *)log->map + number % log->slots;
}

/* A record is where its number belongs, or it is none. */
static bool is_whole(const struct ringlog *log, const struct record *record)
{
    return record->sum != 0 && record->sum == sum_of(record) &&
           slot(log, record->number) == record;
}

/* There is no header: what could be half written there would cost all records.
 * The highest number is the last one. */
static uint64_t find_next(const struct ringlog *log)
{
    const struct record *records = log->map;
    uint64_t last = 0;

    for (unsigned i = 0; i < log->slots; i++)
        if (is_whole(log, &records[i]) && records[i].number > last)
            last = records[i].number;
    return last + 1;
}

/* A file that is new gets its size; another one must have it: touching a page
 * behind the end of the file is SIGBUS. */
static int map_file(struct ringlog *log, int fd)
{
    struct stat st;

    if (fstat(fd, &st) == -1)
        return -1;
    if (st.st_size != 0 && st.st_size != (off_t)log->bytes) {
        errno = EINVAL;
        return -1;
    }
    if (st.st_size == 0 && ftruncate(fd, (off_t)log->bytes) == -1)
        return -1;
    log->map =
        mmap(NULL, log->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return log->map == MAP_FAILED ? -1 : 0;
}

int ringlog_open(struct ringlog *log, const char *path, unsigned slots)
{
    int fd, saved, mapped;

    if (slots == 0) {
        errno = EINVAL;
        return -1;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd == -1)
        return -1;
    log->slots = slots;
    log->bytes = slots * sizeof(struct record);
    mapped = map_file(log, fd);
    saved = errno;
    close(fd); /* the mapping holds the file */
    errno = saved;
    if (mapped == -1)
        return -1;
    log->next = find_next(log);
    return 0;
}

/* Invalid, then new, then valid. The fences keep the compiler from exchanging
 * the steps; for a process that is killed that is enough, since the kernel sees
 * the stores of one processor in their order. */
void ringlog_append(struct ringlog *log, const char *text)
{
    struct record *record = slot(log, log->next);
    size_t n = strnlen(text, RINGLOG_TEXT - 1);

    record->sum = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    record->number = log->next;
    memset(record->text, 0, sizeof(record->text));
    memcpy(record->text, text, n);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    record->sum = sum_of(record);
    log->next++;
}

unsigned ringlog_read(const struct ringlog *log,
                      void (*each)(void *arg, uint64_t number,
                                   const char *text),
                      void *arg)
{
    uint64_t first = log->next > log->slots ? log->next - log->slots : 1;
    unsigned found = 0;

    for (uint64_t number = first; number < log->next; number++) {
        const struct record *record = slot(log, number);

        if (record->number == number && is_whole(log, record)) {
            each(arg, number, record->text);
            found++;
        }
    }
    return found;
}

int ringlog_sync(struct ringlog *log)
{
    return msync(log->map, log->bytes, MS_SYNC);
}

int ringlog_close(struct ringlog *log)
{
    return munmap(log->map, log->bytes);
}
