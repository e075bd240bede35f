/* echo_io.c (split_io): the bytes; echo_server.c: connections and epoll */
#include "echo_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

void echo_io_free(struct echo_io *io)
{
    free(io->bytes);
    io->bytes = NULL;
    io->start = io->length = 0;
}

static enum echo_io_result send_rest(struct echo_io *io, int fd)
{
    while (io->length > 0) {
        ssize_t n = send(fd, io->bytes + io->start, io->length, MSG_NOSIGNAL);
        if (n >= 0) {
            io->start += (size_t)n;
            io->length -= (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return ECHO_IO_FULL;
        } else if (errno != EINTR) {
            return ECHO_IO_LOST;
        }
    }
    echo_io_free(io);
    return ECHO_IO_MORE;
}

static enum echo_io_result send_new(struct echo_io *io, int fd,
                                    const char *bytes, size_t length)
{
    ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
    if (n == (ssize_t)length)
        return ECHO_IO_MORE;
    if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        return ECHO_IO_LOST;
    if (n == -1)
        n = 0;
    io->start = 0;
    io->length = length - (size_t)n;
    io->bytes = malloc(io->length);
    if (io->bytes == NULL)
        return ECHO_IO_LOST;
    memcpy(io->bytes, bytes + n, io->length);
    return send_rest(io, fd);
}

enum echo_io_result echo_io_step(struct echo_io *io, int fd, int discard)
{
    static char input[ECHO_IO_MAX];
    if (io->bytes != NULL)
        return send_rest(io, fd);
    ssize_t n = recv(fd, input, sizeof input, 0);
    if (n == 0)
        return ECHO_IO_END;
    if (n > 0)
        return discard ? ECHO_IO_MORE : send_new(io, fd, input, (size_t)n);
    if (errno == EINTR)
        return ECHO_IO_MORE;
    return errno == EAGAIN || errno == EWOULDBLOCK ? ECHO_IO_AGAIN
                                                   : ECHO_IO_LOST;
}
