/* Text first, CRC-32 last, and a header that never changes. */
#include "ringlog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
    char text[RINGLOG_TEXT];
    uint64_t number;
    volatile uint32_t crc;
};

static struct entry *entries(const struct ringlog *log)
{
    return (struct entry *)((char *)log->map + 64);
}

static uint32_t crc_of(const struct entry *e)
{
    const unsigned char *p = (const unsigned char *)e;
    uint32_t crc = ~0u;

    for (size_t i = 0; i < offsetof(struct entry, crc); i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static int good(const struct ringlog *log, unsigned i)
{
    const struct entry *e = entries(log) + i;

    return e->number != 0 && (e->number - 1) % log->slots == i &&
           e->crc == crc_of(e);
}

int ringlog_open(struct ringlog *log, const char *path, unsigned slots)
{
    struct stat st;
    int fd, error;

    if (slots == 0)
        return errno = EINVAL, -1;
    if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) == -1)
        return -1;
    log->slots = slots;
    log->bytes = 64 + slots * sizeof(struct entry);
    log->map = MAP_FAILED;
    if (fstat(fd, &st) == 0 &&
        (st.st_size > 0 || ftruncate(fd, (off_t)log->bytes) == 0)) {
        errno = EINVAL;
        if (st.st_size == 0 || st.st_size == (off_t)log->bytes)
            log->map = mmap(NULL, log->bytes, PROT_READ | PROT_WRITE,
                            MAP_SHARED, fd, 0);
    }
    error = errno;
    close(fd);
    errno = error;
    if (log->map == MAP_FAILED)
        return -1;
    log->next = 1;
    for (unsigned i = 0; i < slots; i++)
        if (good(log, i) && entries(log)[i].number >= log->next)
            log->next = entries(log)[i].number + 1;
    return 0;
}

void ringlog_append(struct ringlog *log, const char *text)
{
    struct entry *e = entries(log) + (log->next - 1) % log->slots;

    strncpy(e->text, text, sizeof(e->text) - 1);
    e->text[sizeof(e->text) - 1] = '\0';
    e->number = log->next++;
    e->crc = crc_of(e);
}

unsigned ringlog_read(const struct ringlog *log,
                      void (*each)(void *arg, uint64_t number,
                                   const char *text),
                      void *arg)
{
    unsigned count = 0;

    for (unsigned i = 0; i < log->slots; i++) {
        uint64_t at = log->next - 1 + i;
        unsigned place = (unsigned)(at % log->slots);
        const struct entry *e = entries(log) + place;

        if (good(log, place) && e->number + log->slots >= log->next) {
            each(arg, e->number, e->text);
            count++;
        }
    }
    return count;
}

int ringlog_sync(struct ringlog *log)
{
    return msync(log->map, log->bytes, MS_SYNC | MS_INVALIDATE);
}

int ringlog_close(struct ringlog *log)
{
    return munmap(log->map, log->bytes);
}
