/*
 * criterion.h - what the tests of drills need of Criterion, without Criterion
 *
 * Criterion runs each test in a child that it stops and continues, and a
 * debugger that follows it waits for ever now and then. With this header in the
 * place of Criterion's, a test is a function that main calls.
 *
 * see also: grader/checks/unit.h, labs/common/lab.mk (GDB=1)
 */
#ifndef GDB_CRITERION_H
#define GDB_CRITERION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};

static struct test *tests;

/* Each test enters itself into the list before main begins. */
#define Test(suite, test_name, ...)                                            \
    static void suite##_##test_name##_impl(void);                              \
    __attribute__((constructor)) static void suite##_##test_name##_enter(void) \
    {                                                                          \
        static struct test self = {#test_name, suite##_##test_name##_impl,     \
                                   NULL};                                      \
                                                                               \
        self.next = tests;                                                     \
        tests = &self;                                                         \
    }                                                                          \
    static void suite##_##test_name##_impl(void)

#define TestSuite(suite, ...) struct test

#define cr_assert(condition, ...) \
    ((condition) ? (void)0 : end_test(__FILE__, __LINE__, __VA_ARGS__))

#define cr_skip_test(...) end_test(__FILE__, __LINE__, __VA_ARGS__)

#define end_test(file, line, ...)                                          \
    (fprintf(stderr, "%s:%d: ", file, line), fprintf(stderr, __VA_ARGS__), \
     fputs("\nfailed\n", stderr), exit(1))

/* The test that argv names, or all of them. */
int main(int argc, char *argv[])
{
    for (struct test *test = tests; test != NULL; test = test->next)
        if (argc < 2 || strcmp(argv[1], test->name) == 0) {
            test->run();
            fprintf(stderr, "%s: passed\n", test->name);
        }
    return 0;
}

#endif
