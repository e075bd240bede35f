/*
 * common.h: the little that the grader's C tools share.
 */
#ifndef COMMON_H
#define COMMON_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Reads a whole number from 0 to max. Returns -1 and EINVAL if text is
 * anything else: strtol(3) alone would also take " 5", "+5" and "5x". */
static inline long parse_number(const char *text, long max)
{
    bool digit = text[0] >= '0' && text[0] <= '9';
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (digit && *end == '\0' && errno == 0 && number <= max)
        return number;
    errno = EINVAL;
    return -1;
}

#endif
