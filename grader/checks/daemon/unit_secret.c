/*
 * unit_secret.c - Criterion tests of drill `secret`
 *
 * What the kernel knows about a mapping is in /proc/self/smaps; what is not
 * allowed is tried in a child, which SIGSEGV then ends.
 *
 * see also: labs/daemon/secret.h (the contract), ../unit.h, proc(5)
 */
#include "../refuse.h"
#include "../unit.h"

#include "secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define secret_open(...) TESTED(secret_open(__VA_ARGS__))
#define secret_seal(...) TESTED(secret_seal(__VA_ARGS__))
#define secret_unseal(...) TESTED(secret_unseal(__VA_ARGS__))
#define secret_close(...) TESTED(secret_close(__VA_ARGS__))

TestSuite(secret, .timeout = TEST_SECONDS);

/* The VmFlags of the mapping that holds an address; "" for none. */
static const char *flags_of(const void *address)
{
    static char line[512];
    FILE *file = fopen("/proc/self/smaps", "re");
    unsigned long from, to;
    bool here = false;

    NEED(file != NULL, "/proc/self/smaps");
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here =
                (unsigned long)address >= from && (unsigned long)address < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            break;
        line[0] = '\0';
    }
    fclose(file);
    return line;
}

static bool has_flag(const void *address, const char *flag)
{
    char word[8];

    snprintf(word, sizeof(word), " %s ", flag);
    return strstr(flags_of(address), word) != NULL;
}

static int mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "re");
    int lines = 0, c;

    NEED(file != NULL, "/proc/self/maps");
    while ((c = getc(file)) != EOF)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static int read_it(volatile unsigned char *p)
{
    return *p;
}

static int write_it(volatile unsigned char *p)
{
    *p = 1;
    return 0;
}

/* Whether a child that touches this address is killed by SIGSEGV. */
static bool kills(int (*touch)(volatile unsigned char *), unsigned char *p)
{
    struct rlimit none = {0, 0};
    int status;
    pid_t child = fork();

    NEED(child != -1, "a process");
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        touch(p);
        _exit(0);
    }
    NEED(waitpid(child, &status, 0) == child, "waitpid");
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Every page of it is locked in memory and left out of core dumps; it is zeroed
 * and writable. */
Test(secret, locked)
{
    struct secret secret = {0};
    size_t size = rnd(5000, 9000), zeros = 0;
    int result = secret_open(&secret, size);

    CHECK(result == 0 && secret.size == size, "0, and the size", "%d (%s)",
          result, error_name(errno));
    for (size_t i = 0; i < size; i++)
        zeros += secret.data[i] == 0;
    CHECK(zeros == size, "%zu zero bytes", "%zu", size, zeros);
    fill(secret.data, size);
    CHECK(has_flag(secret.data, "lo") && has_flag(secret.data + size - 1, "lo"),
          "locked (lo) from the first byte to the last", "%s",
          flags_of(secret.data + size - 1));
    CHECK(has_flag(secret.data, "dd") && has_flag(secret.data + size - 1, "dd"),
          "left out of dumps (dd)", "%s", flags_of(secret.data));
    result = secret_close(&secret);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
}

/* One byte too many is a SIGSEGV, and so is the page in front. */
Test(secret, guarded)
{
    struct secret secret = {0};
    size_t page = page_size();
    unsigned char *first;
    int result = secret_open(&secret, rnd(100, 3000));

    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    first = secret.data - (uintptr_t)secret.data % page;
    CHECK(kills(write_it, secret.data + secret.size),
          "SIGSEGV for a write behind the last byte", "it is possible");
    CHECK(kills(read_it, secret.data + secret.size),
          "SIGSEGV for a read behind the last byte", "it is possible");
    CHECK(kills(read_it, first - 1), "SIGSEGV in front of the first page",
          "it is possible");
    CHECK(!kills(write_it, secret.data) &&
              !kills(write_it, secret.data + secret.size - 1),
          "its own bytes can be written", "SIGSEGV");
    result = secret_close(&secret);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
}

/* Sealed, it can be read and not written; unsealed, it is as before. */
Test(secret, sealed)
{
    struct secret secret = {0};
    int result = secret_open(&secret, 6000);

    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    secret.data[0] = 'k';
    result = secret_seal(&secret);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(kills(write_it, secret.data) && kills(write_it, secret.data + 5999),
          "SIGSEGV for a write", "it is possible");
    CHECK(!kills(read_it, secret.data) && secret.data[0] == 'k',
          "it can be read", "it cannot");
    CHECK(has_flag(secret.data, "lo") && has_flag(secret.data, "dd"),
          "still locked and left out of dumps", "%s", flags_of(secret.data));
    CHECK(kills(read_it, secret.data + 6000), "the guards stay", "they do not");
    result = secret_unseal(&secret);
    CHECK(result == 0 && !kills(write_it, secret.data), "writable", "%d (%s)",
          result, error_name(errno));
}

/* The bytes are gone before the memory is, also when it was sealed: unmapping
 * is made to fail here, so that one can look. */
Test(secret, wiped)
{
    struct secret secret = {0};
    unsigned char *data, seen[300] = {0};
    int result = secret_open(&secret, sizeof(seen)), fds[2];
    size_t left = 0;

    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    data = secret.data;
    memset(data, 'k', sizeof(seen));
    result = secret_seal(&secret);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    NEED(pipe(fds) == 0 && refuse(SYS_munmap, -1, ENOMEM), "a pipe, seccomp");
    result = secret_close(&secret);
    CHECK(result == -1 && errno == ENOMEM, "-1 (ENOMEM) where munmap fails",
          "%d (%s)", result, error_name(errno));
    /* EFAULT if it has been made inaccessible, which is as good */
    if (write(fds[1], data, sizeof(seen)) > 0)
        NEED(read(fds[0], seen, sizeof(seen)) > 0, "a pipe");
    for (size_t i = 0; i < sizeof(seen); i++)
        left += seen[i] == 'k';
    CHECK(left == 0, "no byte of the secret", "%zu", left);
}

/* Errors are told, and nothing stays mapped. */
Test(secret, errors)
{
    struct rlimit none = {0, 0};
    struct secret secret = {0};
    int before, after, result = secret_open(&secret, 0);

    CHECK(result == -1 && errno == EINVAL, "-1 (EINVAL) for size 0", "%d (%s)",
          result, error_name(errno));
    NEED(setrlimit(RLIMIT_MEMLOCK, &none) == 0, "setrlimit");
    before = mappings();
    result = secret_open(&secret, 100);
    after = mappings();
    CHECK(result == -1 && (errno == EPERM || errno == ENOMEM),
          "-1 (EPERM) where nothing may be locked", "%d (%s)", result,
          error_name(errno));
    CHECK(after <= before, "%d mappings", "%d", before, after);
}

/* What these tests need of a machine. No code under test is called. */
Test(secret, machine)
{
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    NEED(page != MAP_FAILED && mlock(page, page_size()) == 0, "locked memory");
    NEED(has_flag(page, "lo"), "VmFlags in /proc/self/smaps");
    NEED(kills(write_it, NULL), "a process");
    NEED(refuse(SYS_munmap, -1, ENOMEM), "seccomp");
}
