/* syscall_table - a sorted array of pointers, searched by halves: rows stay
 * where they are, only the pointers move */
#include "syscall_inspect.h"

#include <stdlib.h>
#include <string.h>

static struct row **rows;
static size_t count, room;

static int compare(const struct row *row, const char *name, size_t len)
{
    int order = strncmp(row->name, name, len);

    return order != 0 ? order : row->name[len] != '\0';
}

struct row *row_of(const char *name, size_t len)
{
    size_t low = 0, high = count;
    struct row *row;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(rows[middle], name, len);

        if (order == 0)
            return rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (count == room) {
        size_t more = room == 0 ? 8 : room * 2;
        struct row **grown = realloc(rows, more * sizeof *grown);

        if (grown == NULL)
            return NULL;
        rows = grown;
        room = more;
    }
    row = calloc(1, sizeof *row + len + 1);
    if (row == NULL)
        return NULL;
    memcpy(row->name, name, len);
    memmove(rows + low + 1, rows + low, (count - low) * sizeof *rows);
    rows[low] = row;
    count++;
    return row;
}

/* Selection: again and again the largest of those that are left. The array is
 * sorted by name, so that of equal ones the first is the right one. */
int print_table(FILE *out)
{
    unsigned long calls = 0, errors = 0, last = (unsigned long)-1;

    for (;;) {
        unsigned long next = 0;

        for (size_t i = 0; i < count; i++)
            if (rows[i]->calls < last && rows[i]->calls > next)
                next = rows[i]->calls;
        if (next == 0)
            break;
        for (size_t i = 0; i < count; i++)
            if (rows[i]->calls == next) {
                fprintf(out, "%lu\t%lu\t%s\n", next, rows[i]->errors,
                        rows[i]->name);
                calls += next;
                errors += rows[i]->errors;
            }
        last = next;
    }
    return fprintf(out, "%lu\t%lu\ttotal\n", calls, errors) < 0 ? -1 : 0;
}
