/*
 * handlerwatch: tells what signal handlers of a program do that they must not
 *
 *   LD_PRELOAD=handlerwatch.so HANDLERWATCH=REPORT PROGRAM
 *
 * sigaction and signal install a wrapper in place of each handler. While it
 * runs, functions of libc that are not async-signal-safe are reported, if the
 * program itself called them:
 *
 *   call FUNCTION OFFSET      OFFSET in the program's file, where it returns to
 *   errno SIGNAL OFFSET       of the handler, which left errno changed
 *
 * A handler finds an errno that no call sets, and each call that succeeds in it
 * leaves another one behind, as it may. So only who keeps errno passes. A
 * signal that is let in by sigsuspend and its kin alone spoils nobody's errno.
 * A handler that leaves by siglongjmp is in none afterwards.
 *
 * see also: signal-safety(7), dlsym(3), dl_iterate_phdr(3)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { UNTOUCHED = EXFULL, SPOILT = EBADE };
#define FAST __attribute__((tls_model("initial-exec")))
#define RETURN __builtin_return_address(0)

static __thread int depth FAST;       /* of handlers that run */
static __thread int telling FAST;     /* of wrappers that call each other */
static __thread int waits FAST;       /* of sigsuspend and its kin ... */
static __thread sigset_t before FAST; /* ... and the mask outside of them */

/* -- the program, and what is told of it ----------------------------------- */

static struct {
    uintptr_t start, end; /* of its code */
    long to_offset;       /* from an address to an offset in the file */
} code;

static int look(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size, (void)data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];

        if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
            continue;
        code.start = info->dlpi_addr + p->p_vaddr;
        code.end = code.start + p->p_memsz;
        code.to_offset = (long)p->p_offset - (long)code.start;
    }
    return 1; /* the program comes first */
}

__attribute__((constructor)) static void find_program(void)
{
    dl_iterate_phdr(look, NULL);
}

static bool in_program(const void *address)
{
    return (uintptr_t)address >= code.start && (uintptr_t)address < code.end;
}

static void *real(const char *name)
{
    void *found;

    telling++;
    found = dlsym(RTLD_NEXT, name);
    telling--;
    return found;
}

/* No function that is wrapped below: numbers are written by hand. */
static void report(const char *kind, const char *name, const void *address)
{
    const char *path = getenv("HANDLERWATCH");
    char line[160] = "", digits[17], *end = digits + sizeof(digits) - 1;
    unsigned long offset = (uintptr_t)address + (unsigned long)code.to_offset;
    int fd = path == NULL
                 ? -1
                 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd == -1)
        return;
    *end = '\0';
    do
        *--end = "0123456789abcdef"[offset % 16];
    while ((offset /= 16) != 0);
    strcat(line, kind);
    strcat(line, " ");
    strncat(line, name, 40);
    strcat(line, " 0x");
    strcat(line, end);
    strcat(line, "\n");
    ((ssize_t(*)(int, const void *, size_t))real("write"))(fd, line,
                                                           strlen(line));
    ((int (*)(int))real("close"))(fd);
}

static void tell(const char *name, const void *caller)
{
    int saved = errno;

    if (depth > 0 && telling == 0 && in_program(caller)) {
        telling++;
        report("call", name, caller);
        telling--;
    }
    errno = saved;
}

/* -- handlers -------------------------------------------------------------- */

static struct sigaction installed[NSIG]; /* by the program */

static void wrapper(int sig, siginfo_t *info, void *context)
{
    struct sigaction *action = &installed[sig];
    bool harmless = waits > 0 && sigismember(&before, sig) == 1;
    int saved = errno, waiting = waits, inside = telling;

    errno = UNTOUCHED;
    waits = telling = 0;
    depth++;
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(sig, info, context);
    else
        action->sa_handler(sig);
    depth--;
    waits = waiting;
    telling = inside;
    if (errno != UNTOUCHED && !harmless) {
        const char *handler = (const char *)action->sa_sigaction;

        report("errno", sigabbrev_np(sig) ? sigabbrev_np(sig) : "?",
               handler + 1);
    }
    errno = saved;
}

static bool is_handler(const struct sigaction *action)
{
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

int sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
    int (*set)(int, const struct sigaction *, struct sigaction *) =
        real("sigaction");
    struct sigaction mine, previous, kept = {0};
    int result;

    if (sig > 0 && sig < NSIG)
        kept = installed[sig];
    if (new != NULL && sig > 0 && sig < NSIG) {
        mine = *new;
        if (is_handler(new)) {
            mine.sa_sigaction = wrapper;
            mine.sa_flags |= SA_SIGINFO;
            installed[sig] = *new;
        }
    }
    result = set(sig, new == NULL ? NULL : &mine, &previous);
    if (result == -1)
        return -1;
    if (previous.sa_sigaction == wrapper)
        previous = kept;
    if (old != NULL)
        *old = previous;
    return 0;
}

static sighandler_t install(int sig, sighandler_t handler, int flags)
{
    struct sigaction new = {.sa_handler = handler, .sa_flags = flags}, old;

    return sigaction(sig, &new, &old) == -1 ? SIG_ERR : old.sa_handler;
}

sighandler_t signal(int sig, sighandler_t handler)
{
    return install(sig, handler, SA_RESTART);
}

sighandler_t bsd_signal(int sig, sighandler_t handler)
{
    return install(sig, handler, SA_RESTART);
}

sighandler_t __sysv_signal(int sig, sighandler_t handler)
{
    return install(sig, handler, (int)(SA_RESETHAND | SA_NODEFER));
}

/* -- out of a handler ------------------------------------------------------ */

#define JUMP(name)                                               \
    void name(struct __jmp_buf_tag place[1], int value)          \
    {                                                            \
        void (*jump)(struct __jmp_buf_tag *, int) = real(#name); \
        depth = waits = 0;                                       \
        jump(place, value);                                      \
        __builtin_unreachable();                                 \
    }
JUMP(siglongjmp)
JUMP(longjmp)
JUMP(_longjmp)

/* -- waits that let signals in --------------------------------------------- */

#define OPENING(type, name, params, args, mask)        \
    type name params                                   \
    {                                                  \
        type(*next) params = real(#name);              \
        const sigset_t *volatile given = (mask);       \
        type result;                                   \
        if (given != NULL && depth == 0) {             \
            pthread_sigmask(SIG_BLOCK, NULL, &before); \
            waits++;                                   \
        }                                              \
        result = next args;                            \
        if (given != NULL && depth == 0)               \
            waits--;                                   \
        return result;                                 \
    }
OPENING(int, sigsuspend, (const sigset_t *mask), (mask), mask)
OPENING(int, ppoll,
        (struct pollfd * fds, nfds_t n, const struct timespec *time,
         const sigset_t *mask),
        (fds, n, time, mask), mask)
OPENING(int, pselect,
        (int n, fd_set *in, fd_set *out, fd_set *except,
         const struct timespec *time, const sigset_t *mask),
        (n, in, out, except, time, mask), mask)
OPENING(int, epoll_pwait,
        (int fd, struct epoll_event *events, int n, int time,
         const sigset_t *mask),
        (fd, events, n, time, mask), mask)

/* -- calls that are safe, and may change errno ----------------------------- */

#define SAFE(type, name, params, args)       \
    type name params                         \
    {                                        \
        type(*next) params = real(#name);    \
        type result = next args;             \
        if (depth > 0 && (long)result != -1) \
            errno = SPOILT;                  \
        return result;                       \
    }
SAFE(ssize_t, write, (int fd, const void *data, size_t n), (fd, data, n))
SAFE(ssize_t, read, (int fd, void *data, size_t n), (fd, data, n))
SAFE(pid_t, waitpid, (pid_t pid, int *status, int options),
     (pid, status, options))
SAFE(pid_t, wait, (int *status), (status))
SAFE(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options),
     (type, id, info, options))
SAFE(int, kill, (pid_t pid, int sig), (pid, sig))
SAFE(int, killpg, (pid_t pid, int sig), (pid, sig))
SAFE(int, close, (int fd), (fd))

/* -- calls that are not safe ----------------------------------------------- */

#define UNSAFE(type, name, params, args)  \
    type name params                      \
    {                                     \
        type(*next) params = real(#name); \
        type result;                      \
        tell(#name, RETURN);              \
        telling++;                        \
        result = next args;               \
        telling--;                        \
        return result;                    \
    }
#define UNSAFE_VOID(name, params, args)   \
    void name params                      \
    {                                     \
        void(*next) params = real(#name); \
        tell(#name, RETURN);              \
        telling++;                        \
        next args;                        \
        telling--;                        \
    }
/* printf(FORMAT, ...) is vprintf(FORMAT, args), and so on. */
#define PRINTS(name, vname, params, vparams, first, args) \
    int name params                                       \
    {                                                     \
        int(*next) vparams = real(#vname);                \
        va_list rest;                                     \
        int result;                                       \
        tell(#name, RETURN);                              \
        telling++;                                        \
        va_start(rest, first);                            \
        result = next args;                               \
        va_end(rest);                                     \
        telling--;                                        \
        return result;                                    \
    }
PRINTS(printf, vprintf, (const char *format, ...), (const char *, va_list),
       format, (format, rest))
PRINTS(fprintf, vfprintf, (FILE * file, const char *format, ...),
       (FILE *, const char *, va_list), format, (file, format, rest))
PRINTS(dprintf, vdprintf, (int fd, const char *format, ...),
       (int, const char *, va_list), format, (fd, format, rest))
PRINTS(sprintf, vsprintf, (char *text, const char *format, ...),
       (char *, const char *, va_list), format, (text, format, rest))
PRINTS(snprintf, vsnprintf, (char *text, size_t n, const char *format, ...),
       (char *, size_t, const char *, va_list), format, (text, n, format, rest))
PRINTS(asprintf, vasprintf, (char **text, const char *format, ...),
       (char **, const char *, va_list), format, (text, format, rest))
UNSAFE(int, vprintf, (const char *format, va_list args), (format, args))
UNSAFE(int, vfprintf, (FILE * file, const char *format, va_list args),
       (file, format, args))
UNSAFE(int, vdprintf, (int fd, const char *format, va_list args),
       (fd, format, args))
UNSAFE(int, vsnprintf, (char *text, size_t n, const char *format, va_list args),
       (text, n, format, args))
UNSAFE(int, puts, (const char *text), (text))
UNSAFE(int, fputs, (const char *text, FILE *file), (text, file))
UNSAFE(int, putchar, (int byte), (byte))
UNSAFE(int, fputc, (int byte, FILE *file), (byte, file))
UNSAFE(int, putc, (int byte, FILE *file), (byte, file))
UNSAFE(size_t, fwrite, (const void *data, size_t size, size_t n, FILE *file),
       (data, size, n, file))
UNSAFE(int, fflush, (FILE * file), (file))
UNSAFE(FILE *, fopen, (const char *path, const char *mode), (path, mode))
UNSAFE(int, fclose, (FILE * file), (file))
UNSAFE_VOID(perror, (const char *text), (text))
UNSAFE(char *, strsignal, (int sig), (sig))
UNSAFE(char *, strerror, (int error), (error))
UNSAFE_VOID(psignal, (int sig, const char *text), (sig, text))
UNSAFE_VOID(vsyslog, (int priority, const char *format, va_list args),
            (priority, format, args))
UNSAFE(struct tm *, localtime, (const time_t *time), (time))
UNSAFE(char *, ctime, (const time_t *time), (time))

void syslog(int priority, const char *format, ...)
{
    (void)priority, (void)format;
    tell("syslog", RETURN);
}

void exit(int status)
{
    void (*next)(int) = real("exit");

    tell("exit", RETURN);
    depth = 0; /* what atexit has registered is no handler's any more */
    next(status);
    __builtin_unreachable();
}

/* dlsym itself may need memory: these are found by other names. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void __libc_free(void *);

void *malloc(size_t size)
{
    tell("malloc", RETURN);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    tell("calloc", RETURN);
    return __libc_calloc(n, size);
}

void *realloc(void *block, size_t size)
{
    tell("realloc", RETURN);
    return __libc_realloc(block, size);
}

void free(void *block)
{
    tell("free", RETURN);
    __libc_free(block);
}
