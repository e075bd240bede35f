/* yardstick - the same job through a pipe
 * usage: yardstick NAME <lines >"NAME: line" for each
 *
 * One process reads lines and writes each of them as one message into a pipe;
 * another one reads what the pipe holds, as much as there is, and prints it.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

static void print(int from)
{
    static char text[BLOCK];
    ssize_t n;

    while ((n = read(from, text, sizeof(text))) > 0)
        for (ssize_t done = 0; done < n;) {
            ssize_t r = write(STDOUT_FILENO, text + done, (size_t)(n - done));

            if (r == -1)
                err(1, "write");
            done += r;
        }
}

static void send_line(int to, const char *name, size_t length, char *line,
                      size_t n)
{
    static char message[BLOCK];

    memcpy(message, name, length);
    memcpy(message + length, ": ", 2);
    memcpy(message + length + 2, line, n);
    if (write(to, message, length + 2 + n) != (ssize_t)(length + 2 + n))
        err(1, "write");
}

static void send_lines(int to, const char *name)
{
    static char text[BLOCK];
    size_t length = strlen(name), held = 0;
    ssize_t n;

    while ((n = read(STDIN_FILENO, text + held, sizeof(text) - held)) > 0) {
        char *line = text, *end = text + held + n, *newline;

        while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
            send_line(to, name, length, line, (size_t)(newline + 1 - line));
            line = newline + 1;
        }
        held = (size_t)(end - line);
        memmove(text, line, held);
    }
}

int main(int argc, char *argv[])
{
    int ends[2];
    pid_t child;

    if (argc != 2 || pipe(ends) == -1 || (child = fork()) == -1)
        err(1, "start");
    if (child == 0) {
        close(ends[1]);
        print(ends[0]);
        _exit(0);
    }
    close(ends[0]);
    send_lines(ends[1], argv[1]);
    close(ends[1]);
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}
