/*
 * spawning.h - drill `spawn`: start a program, and know whether it runs
 *
 * You write spawn.c. (Not spawn.h: that name is the system's.) Nothing in here
 * prints; a function that fails returns -1, says why in errno, and leaves
 * neither a descriptor nor a zombie behind.
 *
 * see also: fork(2), execve(2), pipe2(2), waitpid(2), _exit(2); TLPI 24-27, 44
 */
#ifndef SPAWNING_H
#define SPAWNING_H

#include <sys/types.h>

/*
 * spawn - execute argv[0], found by PATH, in a child of its own.
 *
 * argv  ends with NULL
 * pid   *pid becomes the child's number
 *
 * Returns 0 as soon as the program runs; the caller waits for it. Returns -1
 * if there is no child (errno of pipe2(2) or fork(2)) or the program could not
 * be executed (errno of execvp(3), from the child; it has been waited for).
 * The child inherits what is not close-on-exec, and nothing new.
 *
 * A signal may interrupt the calls that wait: that is no failure.
 */
int spawn(char *const argv[], pid_t *pid);

/*
 * run - spawn argv and wait for its end.
 *
 * Returns its exit status (0 to 255), 128+N if signal N killed it, -1 with the
 * errno of spawn. Other children of the caller are none of its business.
 */
int run(char *const argv[]);

#endif
