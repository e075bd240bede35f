/* starter - start several programs at the same instant, again and again
 * usage: starter PROGRAM ARG... <socket
 *
 * For each message on stdin, "ARG NAME NAME ...", with two descriptors for each
 * NAME: start PROGRAM ARG... ARG NAME with them as stdin and stdout, all at
 * once. When all have ended, answer with their wait statuses.
 */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 32, TEXT = 1024 };

struct order {
    char text[TEXT];
    char *words[MOST + 2];
    int fds[2 * MOST];
    int count; /* of programs */
};

static int receive(struct order *order)
{
    char control[CMSG_SPACE(sizeof(order->fds))];
    struct iovec part = {order->text, TEXT - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int words = 0;

    if (n <= 0 || header == NULL)
        return -1;
    order->text[n] = '\0';
    memcpy(order->fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    for (char *word = strtok(order->text, " "); word != NULL && words < MOST;
         word = strtok(NULL, " "))
        order->words[words++] = word;
    order->count = words - 1;
    return 0;
}

static void run(char *argv[], struct order *order, int i, int barrier)
{
    char *words[MOST], byte;
    int n = 0;

    for (int k = 1; argv[k] != NULL && n < MOST - 3; k++)
        words[n++] = argv[k];
    words[n++] = order->words[0];
    words[n++] = order->words[i + 1];
    words[n] = NULL;
    dup2(order->fds[2 * i], STDIN_FILENO);
    dup2(order->fds[2 * i + 1], STDOUT_FILENO);
    while (read(barrier, &byte, 1) == -1 && errno == EINTR)
        continue;
    execv(words[0], words);
    _exit(127);
}

static void start(char *argv[], struct order *order, pid_t pids[])
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) == -1)
        err(1, "pipe2");
    for (int i = 0; i < order->count; i++) {
        pids[i] = fork();
        if (pids[i] == -1)
            err(1, "fork");
        if (pids[i] == 0) {
            close(ends[1]);
            run(argv, order, i, ends[0]);
        }
    }
    for (int i = 0; i < 2 * order->count; i++)
        close(order->fds[i]);
    close(ends[0]);
    close(ends[1]); /* now */
}

int main(int argc, char *argv[])
{
    static struct order order;
    pid_t pids[MOST];

    (void)argc;
    while (receive(&order) == 0) {
        char answer[TEXT] = "";

        start(argv, &order, pids);
        for (int i = 0; i < order.count; i++) {
            int status = -1;

            waitpid(pids[i], &status, 0);
            snprintf(answer + strlen(answer), 16, "%d ", status);
        }
        if (write(STDIN_FILENO, answer, strlen(answer)) == -1)
            err(1, "write");
    }
    return 0;
}
