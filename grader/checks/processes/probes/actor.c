/*
 * actor: a command for procmon that does exactly what it is told
 *
 *   actor STEP...
 *
 *   exit=N    _exit(N)                 kill=N    die by signal N
 *   stop      stop itself              pause     sleep until a signal comes
 *   hang      say ".", then read stdin to its end
 *   ignore=N  ignore signal N          mask=N    block signal N
 *   twin      fork: the child goes on with the next step, too
 *   say       pid, parent, group and words, in one line on stdout
 *   state     open descriptors and the signal sets, in one line on stdout
 *   exec      execute the words that follow
 *
 * see also: grader/checks/processes/monitor.py
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[65536];
static size_t used;

static void add(const char *text)
{
    size_t size = strlen(text);

    if (used + size < sizeof(line))
        memcpy(line + used, text, size + 1), used += size;
}

static void tell(void)
{
    add("\n");
    if (write(STDOUT_FILENO, line, used) == -1)
        _exit(99);
    used = 0;
}

static void say(int argc, char **argv)
{
    char text[128];

    snprintf(text, sizeof(text), "pid=%d ppid=%d pgrp=%d", getpid(), getppid(),
             getpgrp());
    add(text);
    for (int i = 0; i < argc; i++) {
        add(" ");
        add(argv[i]);
    }
    tell();
}

static void state(void)
{
    DIR *folder = opendir("/proc/self/fd");
    FILE *status = fopen("/proc/self/status", "re");
    char row[256];
    struct dirent *entry;

    if (folder == NULL || status == NULL)
        _exit(99);
    add("fds=");
    while ((entry = readdir(folder)) != NULL)
        if (atoi(entry->d_name) != dirfd(folder) &&
            atoi(entry->d_name) != fileno(status) && entry->d_name[0] != '.') {
            add(entry->d_name);
            add(",");
        }
    while (fgets(row, sizeof(row), status) != NULL)
        if (strncmp(row, "SigBlk:", 7) == 0 ||
            strncmp(row, "SigIgn:", 7) == 0) {
            row[strcspn(row, "\n")] = '\0';
            row[6] = '=';
            add(" ");
            add(row);
        }
    tell();
}

static void hang(void)
{
    char byte;

    add(".");
    tell();
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}

static void set_blocked(int sig, int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(how, &set, NULL);
}

static void die_by(int sig)
{
    signal(sig, SIG_DFL);
    set_blocked(sig, SIG_UNBLOCK);
    kill(getpid(), sig);
}

int main(int argc, char *argv[])
{
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        int number = value == NULL ? 0 : atoi(value + 1);

        switch (argv[i][0] << 8 | argv[i][1]) {
        case 'e' << 8 | 'x':
            if (value != NULL)
                _exit(number);
            execvp(argv[i + 1], argv + i + 1);
            _exit(98);
        case 'k' << 8 | 'i':
            die_by(number);
            break;
        case 's' << 8 | 't':
            if (strcmp(argv[i], "stop") == 0)
                kill(getpid(), SIGSTOP);
            else
                state();
            break;
        case 's' << 8 | 'a':
            say(argc - i - 1, argv + i + 1);
            break;
        case 'p' << 8 | 'a':
            pause();
            break;
        case 'h' << 8 | 'a':
            hang();
            break;
        case 'i' << 8 | 'g':
            signal(number, SIG_IGN);
            break;
        case 'm' << 8 | 'a':
            set_blocked(number, SIG_BLOCK);
            break;
        case 't' << 8 | 'w':
            if (fork() == -1)
                _exit(97);
            break;
        }
    }
    return 0;
}
