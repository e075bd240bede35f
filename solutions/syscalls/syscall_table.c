/* syscall_table - how often each system call was made, and how often it failed
 *
 * A hash table of lists: the name of a call leads to its row in one step, and
 * a row never moves, so whoever has a pointer to it may keep it.
 */
#include "syscall_inspect.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 512 }; /* Linux has some 360 calls */

static struct row *buckets[BUCKETS];
static size_t rows;

struct row *row_of(const char *name, size_t len)
{
    unsigned hash = 5381;
    struct row *row;

    for (size_t i = 0; i < len; i++)
        hash = hash * 33 + (unsigned char)name[i];
    for (row = buckets[hash % BUCKETS]; row != NULL; row = row->next)
        if (strncmp(row->name, name, len) == 0 && row->name[len] == '\0')
            return row;
    row = calloc(1, sizeof *row + len + 1);
    if (row == NULL)
        return NULL;
    memcpy(row->name, name, len);
    row->next = buckets[hash % BUCKETS];
    buckets[hash % BUCKETS] = row;
    rows++;
    return row;
}

/* For qsort(3): most frequent first, ties by name. */
static int by_calls(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a;
    const struct row *y = *(struct row *const *)b;

    if (x->calls != y->calls)
        return x->calls < y->calls ? 1 : -1;
    return strcmp(x->name, y->name);
}

int print_table(FILE *out)
{
    struct row **all = malloc((rows + 1) * sizeof(struct row *)); /* not 0 */
    unsigned long calls = 0, errors = 0;
    size_t n = 0;

    if (all == NULL)
        return -1;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct row *row = buckets[i]; row != NULL; row = row->next)
            if (row->calls > 0)
                all[n++] = row;
    qsort(all, n, sizeof(struct row *), by_calls);
    fprintf(out, "%8s %8s name\n", "calls", "errors");
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%8lu %8lu %s\n", all[i]->calls, all[i]->errors,
                all[i]->name);
        calls += all[i]->calls;
        errors += all[i]->errors;
    }
    fprintf(out, "%8lu %8lu total\n", calls, errors);
    free(all);
    return ferror(out) ? -1 : 0;
}
