/*
 * syscall_inspect.h - what the five files of syscall-inspect share
 *
 *     syscall_inspect.c   options, the command, signals, the exit status
 *     syscall_table.c     how often each call was made, and how often it failed
 *     syscall_lines.c     the lines that strace(1) writes
 *     syscall_strace.c    engine strace: reads what strace(1) says
 *     syscall_ptrace.c    engine ptrace: asks the kernel itself
 *
 * This division is a proposal. The grader compiles every syscall_*.c and sees
 * only the program: change this file as you like.
 */
#ifndef SYSCALL_INSPECT_H
#define SYSCALL_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* One run. The command is started at once, but waits before its execve until
 * an engine has got hold of it and calls `release`. */
struct session {
    pid_t command;
    int channel; /* to the command: release; from it: why execve failed */
    bool follow; /* -f: children and threads too */
    bool list;   /* -l: the calls in order, not the table */
    FILE *out;
    bool started; /* the command's execve has succeeded: calls count */
};

/* A row of the table. It stays where it is until the program ends. */
struct row {
    struct row *next;
    unsigned long calls, errors;
    char name[];
};

/*
 * row_of - the row of the call with this name (len bytes, which need not end
 * in '\0'); made if there is none. NULL: out of memory.
 */
struct row *row_of(const char *name, size_t len);

/*
 * print_table - header, a row per call that was made, `total`.
 * 0, or -1 if something could not be written or there is no memory.
 */
int print_table(FILE *out);

/* The pipe from which strace's lines are read: size bytes at buf, of which
 * those from start to end have come and are not yet used. */
struct reader {
    int fd;
    char *buf;
    size_t size, start, end;
};

/*
 * fill_reader - make room, and read(2) more. 1; 0 at end-of-file; -1.
 */
int fill_reader(struct reader *r);

/*
 * next_line - the next line, without its '\n', in *line: a string that lives
 * until the next call. Lines have any length. 1; 0 at end-of-file; -1.
 */
int next_line(struct reader *r, char **line);

/*
 * result_of - what stands behind `= ` in a line, once the parenthesis that is
 * the depth-th still open at p is closed; NULL if it is not. Quotes, `) = ` and
 * all that strace prints of the command's own are inside strings.
 */
const char *result_of(const char *p, int depth);

/* is_error - whether a result is one: "-1 ENOENT (No ...", "? ERESTARTSYS". */
bool is_error(const char *result);

/* release - let the command execute its program now. 0, or -1 with errno. */
int release(const struct session *s);

/*
 * run_strace, run_ptrace - release the command, count or list its calls until
 * nothing more comes, and wait for it.
 *
 * 0, and its wait status in *status; -1 if the engine failed, which has told
 * the reason on stderr. waitpid(2).
 */
int run_strace(struct session *s, int *status);
int run_ptrace(struct session *s, int *status);

/* wait_for - waitpid(2) for one child that goes on after signals. */
int wait_for(pid_t pid, int *status);

#endif
