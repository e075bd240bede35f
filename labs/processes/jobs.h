/*
 * jobs.h - drill `jobs`: what a shell does between | and the prompt
 *
 * You write jobs.c. Nothing in here prints; a function that fails returns -1,
 * says why in errno, and leaves neither a descriptor nor a child behind.
 *
 * see also: pipe2(2), dup2(2), setpgid(2), setsid(2), waitpid(2), kill(2);
 * TLPI 34.1-34.3, 44.4
 */
#ifndef JOBS_H
#define JOBS_H

#include <sys/types.h>

/*
 * pipeline - run n programs, each one's stdout the next one's stdin.
 *
 * argvs  n times an argv, which ends with NULL; the programs are found by PATH
 * n      at least 1
 *
 * All of them run at the same time, in one process group of their own, whose
 * leader is the first. stdin of the first and stdout of the last are the
 * caller's. None has a descriptor open that the caller did not have, but the
 * two pipes at its own stdin and stdout.
 *
 * Waits for all of them. Returns the exit status of the last, 128+N if signal N
 * killed it, 127 if it could not be executed; -1 with the errno of pipe2(2) or
 * fork(2) when not all could be started: those that were are ended (SIGKILL to
 * the group) and waited for.
 */
int pipeline(char *const *const argvs[], int n);

/*
 * new_session - run body(data) in a child that leads a session of its own.
 *
 * No terminal controls it. It leaves by _exit(2) with what body returns.
 * Returns its pid as soon as it is its own session, so that getsid(2) says so;
 * the caller waits for its end. Returns -1 with the errno of pipe2(2), fork(2).
 */
pid_t new_session(int (*body)(void *), void *data);

#endif
