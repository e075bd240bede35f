/*
 * unit_env.c - Criterion tests of drill `env`
 *
 * The comment before a test is the sentence that the student reads.
 *
 * see also: labs/syscalls/env.h (the contract), unit.h, mallinfo(3)
 */
#include "unit.h"

#include "env.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define env_merge(...) TESTED(env_merge(__VA_ARGS__))
#define env_free(...) TESTED_VOID(env_free(__VA_ARGS__))

enum { TIMES = 300, TEXT = 400 };

TestSuite(env, .timeout = TEST_SECONDS);

#define LIST(...) ((char *[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* A list in one line, for messages. */
static const char *shown(char **list, char *text)
{
    size_t n = 0;

    text[0] = '\0';
    if (list == NULL)
        return "NULL";
    for (; *list != NULL && n < TEXT - 60; list++)
        n += (size_t)snprintf(text + n, 50, "[%s]", *list);
    return text;
}

static bool same_list(char **a, char **b)
{
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0)
        a++, b++;
    return *a == NULL && *b == NULL;
}

static void check_merge(char **base, char **overrides, char **want)
{
    char text[3][TEXT], **env;
    int error;

    errno = 0;
    env = env_merge(base, overrides);
    error = errno;
    CHECK(env != NULL, "an environment", "NULL (%s)", error_name(error));
    CHECK(same_list(env, want), "%s from the overrides %s", "%s",
          shown(want, text[0]), shown(overrides, text[1]), shown(env, text[2]));
    env_free(env);
}

/* New names are added at the end, values of old ones replaced in their place. */
Test(env, set)
{
    char value[40];

    snprintf(value, sizeof(value), "HOME=/home/%u", rnd(1000, 9999));
    check_merge(LIST("A=1", "B=2"), LIST(), LIST("A=1", "B=2"));
    check_merge(LIST("A=1"), LIST("B=2", "C=3"), LIST("A=1", "B=2", "C=3"));
    check_merge(LIST("A=1", "HOME=/", "C=3"), LIST(value),
                LIST("A=1", value, "C=3"));
    check_merge(LIST(), LIST("A=1"), LIST("A=1"));
    check_merge(LIST("A=1"), LIST("A=2", "A=3", "B=1", "B=2"),
                LIST("A=3", "B=2"));
    check_merge(LIST(), LIST(), LIST());
}

/* An override without `=` removes the name, if it is there, and no other. */
Test(env, remove)
{
    check_merge(LIST("A=1", "B=2", "C=3"), LIST("B"), LIST("A=1", "C=3"));
    check_merge(LIST("A=1"), LIST("B"), LIST("A=1"));
    check_merge(LIST("A=1"), LIST("A"), LIST());
    check_merge(LIST("PATHS=1", "PATH=2", "PAT=3"), LIST("PATH"),
                LIST("PATHS=1", "PAT=3"));
    check_merge(LIST("PATHS=1", "PAT=3"), LIST("PATH=2"),
                LIST("PATHS=1", "PAT=3", "PATH=2"));
    check_merge(LIST("A=1", "B=2"), LIST("A", "A=3"), LIST("B=2", "A=3"));
    check_merge(LIST("B=2"), LIST("A=3", "A"), LIST("B=2"));
}

/* Values may be empty or contain `=`; a name that comes twice comes once
 * afterwards; an entry without `=` stays. */
Test(env, odd)
{
    check_merge(LIST("A=1"), LIST("A="), LIST("A="));
    check_merge(LIST(), LIST("A==", "B=x=y"), LIST("A==", "B=x=y"));
    check_merge(LIST("A=x=y"), LIST("A=z"), LIST("A=z"));
    check_merge(LIST("A=1", "B=2", "A=3"), LIST("A=4"), LIST("A=4", "B=2"));
    check_merge(LIST("A=1", "B=2", "A=3"), LIST("A"), LIST("B=2"));
    check_merge(LIST("ODD", "A=1"), LIST("B=2"), LIST("ODD", "A=1", "B=2"));
    check_merge(LIST("A=1"), LIST("A b=c d"), LIST("A=1", "A b=c d"));
}

/* What has no name is refused with EINVAL, and changes nothing. */
Test(env, refused)
{
    char **bad[] = {LIST(""), LIST("=x"), LIST("B=2", "=x"), LIST("A", "")};
    char **base = LIST("A=1"), **env;
    int error;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        errno = 0;
        env = env_merge(base, bad[i]);
        error = errno;
        CHECK(env == NULL && error == EINVAL, "NULL (EINVAL)", "%s (%s)",
              env == NULL ? "NULL" : "an environment", error_name(error));
    }
    CHECK(same_list(base, LIST("A=1")), "base as before", "another one");
}

/* The result is independent of what it was made from, and neither a merge nor
 * one that fails leaves memory behind. */
Test(env, memory)
{
    char first[] = "A=1", second[] = "B=2", change[] = "C=3", text[TEXT];
    char *base[] = {first, second, NULL}, *overrides[] = {change, "A", NULL};
    char *wrong[] = {change, "A=7", "D=4", "=", NULL};
    char **env = env_merge(base, overrides);
    size_t before, after;

    CHECK(env != NULL, "an environment", "NULL");
    CHECK(same_list(base, LIST("A=1", "B=2")), "base as before", "%s",
          shown(base, text));
    memcpy(second, "X=9", 3);
    memcpy(change, "X=9", 3);
    base[1] = NULL;
    CHECK(same_list(env, LIST("B=2", "C=3")), "[B=2][C=3] still", "%s",
          shown(env, text));
    env_free(env);
    env_free(NULL);
    memcpy(change, "C=3", 3);
    before = mallinfo2().uordblks;
    for (int i = 0; i < TIMES; i++) {
        env_free(env_merge(base, overrides));
        env_free(env_merge(base, wrong));
    }
    after = mallinfo2().uordblks;
    CHECK(after < before + 16 * TIMES, "%d merges leave no memory behind",
          "%zu bytes are left", 2 * TIMES, after - before);
}

/* What these tests need of a machine. No code under test is called. */
Test(env, machine)
{
    void *memory = malloc(100000);

    NEED(memory != NULL, "memory");
    free(memory);
    CHECK(true, "a machine", "none");
}
