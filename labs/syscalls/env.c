/*
 * env.c - drill `env`: an environment of one's own
 *
 * see also: env.h (the contract), environ(7)
 */
#include "env.h"

#include <errno.h>
#include <stddef.h>

char **env_merge(char *const base[], char *const overrides[])
{
    /* TODO(env): env_merge. How many pointers can the result have at the most?
     * Copies of all strings of base; then each override: refuse, remove,
     * replace or append. What has to be freed if the last one is refused? */
    (void)base, (void)overrides;
    errno = ENOSYS;
    return NULL;
}

void env_free(char **env)
{
    /* TODO(env): env_free. All strings, then the array. */
    (void)env;
}
