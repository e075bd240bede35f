/*
 * bare - looks at every system call of a command, and remembers nothing
 *
 * usage: bare COMMAND...
 *
 * Three calls for each stop: waitpid, PTRACE_GET_SYSCALL_INFO, PTRACE_SYSCALL.
 * A tracer has to do that much; what it needs more is its own cost.
 *
 * see also: ptrace(2)
 */
#include <err.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(char *argv[])
{
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) == -1)
        err(127, "ptrace");
    execvp(argv[0], argv);
    err(127, "%s", argv[0]);
}

int main(int argc, char *argv[])
{
    struct __ptrace_syscall_info info;
    int status;

    if (argc < 2)
        errx(2, "usage: bare COMMAND...");
    pid_t command = fork();
    if (command == -1)
        err(1, "fork");
    if (command == 0)
        run(argv + 1);
    if (waitpid(command, &status, 0) == -1 || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, command, 0, PTRACE_O_TRACESYSGOOD) == -1)
        errx(1, "the command could not be traced");
    do {
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            ptrace(PTRACE_GET_SYSCALL_INFO, command, sizeof info, &info);
        ptrace(PTRACE_SYSCALL, command, 0, 0);
    } while (waitpid(-1, &status, __WALL) != -1 && WIFSTOPPED(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
