/*
 * env.h - drill `env`: an environment of one's own
 *
 * An environment is an array of pointers to strings "NAME=VALUE", in any order;
 * NULL is its end. You write env.c, which makes one for execve(2) out of another
 * and changes neither.
 *
 * see also: environ(7), execve(2), getenv(3); TLPI 6.7
 */
#ifndef ENV_H
#define ENV_H

/*
 * env_merge - base, changed by overrides; both end in NULL.
 *
 * For each of the overrides, in order:
 *     "NAME=VALUE"  NAME has that value: its entry is replaced, or one is added;
 *                   a value may be empty, or contain `=`: the first one counts
 *     "NAME"        there is no NAME any more; that there was none is no error
 *     "" or "=x"    has no name: the whole call fails with EINVAL
 * NAME is NAME exactly: PATH is neither PATHS nor PAT. What nobody overrides
 * stays, in base's order, also an entry without `=`; new names follow in the
 * order of the overrides. If base has a name twice, the first entry is replaced
 * (or removed) and the others are removed, so that getenv(3) cannot disagree.
 *
 * Returns an array that env_free frees: it and its strings are new, so that
 * base and overrides may change or vanish. NULL with errno EINVAL or ENOMEM:
 * nothing is left allocated.
 */
char **env_merge(char *const base[], char *const overrides[]);

/* env_free - frees what env_merge returned; NULL is nothing to free. */
void env_free(char **env);

#endif
