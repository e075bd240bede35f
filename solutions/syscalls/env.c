/*
 * env.c - drill `env`: an environment of one's own
 *
 * see also: env.h (the contract), environ(7)
 */
#include "env.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t length(char *const list[])
{
    size_t n = 0;

    while (list[n] != NULL)
        n++;
    return n;
}

static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

static bool same_name(const char *a, const char *b)
{
    size_t n = name_length(a);

    return n == name_length(b) && strncmp(a, b, n) == 0;
}

/* Takes the entries called like `name` out of env, from place first on. */
static void remove_from(char **env, size_t first, const char *name)
{
    char **to = env + first;

    for (char **from = to; *from != NULL; from++)
        if (same_name(*from, name))
            free(*from);
        else
            *to++ = *from;
    *to = NULL;
}

/* One override. env has room for one more. */
static int apply(char **env, const char *change)
{
    size_t place = 0;
    char *copy;

    if (name_length(change) == 0) {
        errno = EINVAL;
        return -1;
    }
    if (strchr(change, '=') == NULL) {
        remove_from(env, 0, change);
        return 0;
    }
    copy = strdup(change);
    if (copy == NULL)
        return -1;
    while (env[place] != NULL && !same_name(env[place], change))
        place++;
    if (env[place] == NULL) {
        env[place + 1] = NULL;
    } else {
        remove_from(env, place + 1, change);
        free(env[place]);
    }
    env[place] = copy;
    return 0;
}

static char **copy_list(char *const list[], size_t room)
{
    char **copy = calloc(room + 1, sizeof *copy);

    for (size_t i = 0; copy != NULL && list[i] != NULL; i++) {
        copy[i] = strdup(list[i]);
        if (copy[i] == NULL) {
            env_free(copy);
            return NULL;
        }
    }
    return copy;
}

char **env_merge(char *const base[], char *const overrides[])
{
    char **env = copy_list(base, length(base) + length(overrides));
    int saved;

    for (size_t i = 0; env != NULL && overrides[i] != NULL; i++)
        if (apply(env, overrides[i]) == -1) {
            saved = errno;
            env_free(env);
            errno = saved;
            return NULL;
        }
    return env;
}

void env_free(char **env)
{
    if (env == NULL)
        return;
    for (char **entry = env; *entry != NULL; entry++)
        free(*entry);
    free(env);
}
