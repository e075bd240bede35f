/* env - a new list for each override: simple, and slow where there are many */
#include "env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t name_of(const char *entry)
{
    const char *equals = strchr(entry, '=');

    return equals == NULL ? strlen(entry) : (size_t)(equals - entry);
}

static int named(const char *entry, const char *name, size_t n)
{
    return strncmp(entry, name, n) == 0 &&
           (entry[n] == '=' || entry[n] == '\0');
}

void env_free(char **env)
{
    for (size_t i = 0; env != NULL && env[i] != NULL; i++)
        free(env[i]);
    free(env);
}

/* A copy of list with one change; "" changes nothing. */
static char **changed(char *const list[], const char *change)
{
    size_t n = name_of(change), length = 0, used = 0;
    int present = 0, set = strchr(change, '=') != NULL;
    char **env;

    while (list[length] != NULL)
        length++;
    env = calloc(length + 2, sizeof *env);
    if (env == NULL)
        return NULL;
    for (size_t i = 0; i <= length; i++) {
        const char *entry = list[i];

        if (entry != NULL && n > 0 && named(entry, change, n)) {
            if (!set || present)
                continue;
            present = 1;
            entry = change;
        }
        if (entry == NULL && set && !present)
            entry = change;
        if (entry == NULL)
            break;
        env[used] = strdup(entry);
        if (env[used++] == NULL) {
            env_free(env);
            errno = ENOMEM;
            return NULL;
        }
    }
    return env;
}

char **env_merge(char *const base[], char *const overrides[])
{
    char **env;

    for (size_t i = 0; overrides[i] != NULL; i++)
        if (name_of(overrides[i]) == 0) {
            errno = EINVAL;
            return NULL;
        }
    env = changed(base, "");
    for (size_t i = 0; env != NULL && overrides[i] != NULL; i++) {
        char **next = changed(env, overrides[i]);

        env_free(env);
        env = next;
    }
    return env;
}
