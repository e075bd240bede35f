/*
 * line.h - given: text of any length, and numbers in it
 *
 * printf(3) would do the same; in a program that does little else it takes as
 * long as the system calls. Read it, use it, or do without it.
 */
#ifndef LINE_H
#define LINE_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include: mempcpy(3)"
#endif
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that grow: {NULL, 0, 0} is empty; free(data) when done. */
struct text {
    char *data;
    size_t len, size;
};

/* text_room - make room for n bytes behind the first len ones.
 * Returns where they go, or NULL (ENOMEM): nothing has changed then. What was
 * returned before is no longer valid: the bytes may have moved. */
static inline char *text_room(struct text *t, size_t n)
{
    if (t->len + n > t->size) {
        size_t size = 2 * (t->len + n);
        char *data = (char *)realloc(t->data, size);

        if (data == NULL)
            return NULL;
        t->data = data;
        t->size = size;
    }
    return t->data + t->len;
}

/* put_number - write a number in decimal, at most 20 bytes and no NUL.
 * Returns the place behind it, as mempcpy(3) does. */
static inline char *put_number(char *p, uintmax_t number)
{
    char digits[3 * sizeof number], *end = digits + sizeof digits;
    char *first = end;

    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return (char *)mempcpy(p, first, (size_t)(end - first));
}

#endif
