/*
 * privileges_main: what drill `privileges` is judged by
 *
 *   privileges_main drop USER
 *   privileges_main keep NUMBER
 *
 * Prints "0", or "-1" and the errno, and waits for its end.
 *
 * see also: labs/daemon/privileges.h
 */
#define _GNU_SOURCE
#include "privileges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    int drop = argc > 2 && strcmp(argv[1], "drop") == 0;
    int result = drop ? drop_to(argv[2]) : keep_only(atoi(argv[2]));

    if (result == 0)
        dprintf(1, "0\n");
    else
        dprintf(1, "%d %s\n", result, strerrorname_np(errno));
    for (;;)
        pause();
}
