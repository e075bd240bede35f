/* echo_io - what was read from a peer and is not yet sent back to it */
#ifndef ECHO_IO_H
#define ECHO_IO_H

#include <stddef.h>

#define ECHO_IO_MAX 8192

struct echo_io {
    char *bytes; /* NULL while there is nothing to send */
    size_t start, length;
};

enum echo_io_result {
    ECHO_IO_AGAIN, /* all that can be done now is done: wait for input */
    ECHO_IO_FULL,  /* the peer takes no more now: wait for room */
    ECHO_IO_MORE,  /* something was done, and there may be more to do */
    ECHO_IO_END,   /* the peer's input has ended, and it got everything */
    ECHO_IO_LOST,  /* the connection is broken */
};

/* Reads once from fd, unless bytes wait, and writes as much as it takes. */
enum echo_io_result echo_io_step(struct echo_io *io, int fd, int discard);
void echo_io_free(struct echo_io *io);

#endif
