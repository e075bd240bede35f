/*
 * stage - say so on stdout, wait for a byte on stdin, become another program
 *
 * usage: stage PROGRAM [ARG...]
 *
 * A tracer that must not follow children is attached to this process while it
 * waits; what it traces is then the program from its execve on.
 */
#include <unistd.h>

int main(int argc, char *argv[])
{
    char byte;

    if (argc < 2 || write(1, ".", 1) != 1 || read(0, &byte, 1) != 1)
        return 97;
    execv(argv[1], argv + 1);
    return 98;
}
