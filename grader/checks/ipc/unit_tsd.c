#include "threads.h"

#include "tsd.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>

#define text_of(...) TESTED(text_of(__VA_ARGS__))

enum { MANY = 150, LEAK = 4000 }; /* threads; bytes */
enum { FEW_KEYS = 16 };

TestSuite(tsd, .timeout = TEST_SECONDS);

/* text_of knows every error by the name that the C library has for it, and
 * others by their number. */
Test(tsd, text)
{
    static const int unknown[] = {-1, 41, 9999, 2147483647, -2147483647};
    char wanted[64];
    int wrong = 0;
    const char *text;

    for (int error = 0; error < 134; error++) {
        const char *known = strerrordesc_np(error);

        text = text_of(error);
        wrong += text == NULL || (known != NULL && strcmp(text, known) != 0);
    }
    CHECK(wrong == 0, "the texts of strerrordesc_np", "%d others", wrong);
    for (int i = 0; i < 5; i++) {
        snprintf(wanted, sizeof wanted, "Unknown error %d", unknown[i]);
        text = text_of(unknown[i]);
        CHECK(text != NULL && strcmp(text, wanted) == 0, "%s", "%s", wanted,
              text ? text : "NULL");
    }
}

static void ask(struct worker *w)
{
    const char *text = (text_of)((int)(intptr_t)w->arg);

    w->result = text != NULL;
    w->arg = (void *)text;
}

static long in_use(void)
{
    return (long)mallinfo2().uordblks;
}

/* Leave a few keys only: whoever makes one for each thread soon finds none. */
static void use_up_keys(void)
{
    static pthread_key_t keys[PTHREAD_KEYS_MAX];
    int count = 0;

    while (count < PTHREAD_KEYS_MAX &&
           pthread_key_create(&keys[count], NULL) == 0)
        count++;
    NEED(count > FEW_KEYS, "keys");
    for (int i = 1; i <= FEW_KEYS; i++)
        pthread_key_delete(keys[count - i]);
}

/* Each thread has a text of its own, which is freed when the thread ends: after
 * 150 threads no memory is missing, and no key. */
Test(tsd, threads)
{
    int failed = 0, shared = 0;
    struct worker w;
    long before, after;
    const char *mine;

    use_up_keys();
    mine = text_of(ENOENT);
    CHECK(mine != NULL, "a text", "NULL");
    worker_start(&w, ask, (void *)(intptr_t)EACCES);
    pthread_join(w.thread, NULL);
    before = in_use();
    for (int i = 0; i < MANY; i++) {
        worker_start(&w, ask, (void *)(intptr_t)EACCES);
        pthread_join(w.thread, NULL);
        failed += w.result != 1;
        shared += w.arg == mine;
    }
    after = in_use();
    CHECK(failed == 0, "a text in each of %d threads", "%d had none", MANY,
          failed);
    CHECK(shared == 0, "each thread has its own text", "%d had that of main",
          shared);
    CHECK(strcmp(mine, "No such file or directory") == 0,
          "the text of main is as it was", "%s", mine);
    CHECK(after - before < LEAK,
          "the texts are freed (less than %d bytes more)",
          "%ld bytes more in use", LEAK, after - before);
    CHECK(text_of(EPERM) == mine, "a thread's text is always at one place",
          "another one");
}

static int ends[2];

static void report_blocked(struct worker *w)
{
    w->result = report(ends[1], "blocked", ENOSPC);
}

static void report_free(struct worker *w)
{
    w->result = report((int)(intptr_t)w->arg, "free", EINTR);
}

static void fill_pipe(void)
{
    static char page[4096];
    int flags;

    NEED(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    flags = fcntl(ends[1], F_GETFL);
    fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
    while (write(ends[1], page, sizeof page) > 0)
        continue;
    fcntl(ends[1], F_SETFL, flags);
}

/* A thread that is cancelled while it writes leaves nothing locked; a write that
 * takes a part is continued, an error is told. */
Test(tsd, cancel)
{
    struct worker blocked, other;
    char line[64] = "";
    int out[2], r;
    ssize_t n;

    fill_pipe();
    NEED(pipe2(out, O_CLOEXEC) == 0, "a pipe");
    worker_start(&blocked, report_blocked, NULL);
    CHECK(worker_sleeps(&blocked), "it waits in write", "state %c",
          worker_state(&blocked));
    pthread_cancel(blocked.thread);
    pthread_join(blocked.thread, NULL);
    worker_start(&other, report_free, (void *)(intptr_t)out[1]);
    CHECK(worker_ends(&other), "another thread reports after that",
          "it sleeps: the lock was never given back");
    CHECK(other.result == 0, "0", "%ld", other.result);
    n = read(out[0], line, sizeof line - 1);
    CHECK(n > 0 && strcmp(line, "free: Interrupted system call\n") == 0,
          "free: Interrupted system call", "%s", line);
    errno = 0;
    r = TESTED(report(-1, "nowhere", 0));
    CHECK(r == -1 && errno == EBADF, "-1 (EBADF)", "%d (%s)", r,
          error_name(errno));
}

/* What these tests need of a machine. No code under test is called. */
Test(tsd, machine)
{
    fill_pipe();
}
