/*
 * unit_layout.c - Criterion tests of drill `layout`
 *
 * see also: labs/processes/layout.h (the contract), given.h
 */
#include "given.h"

#include "layout.h"

#include <sys/mman.h>

#define segment_of(...) TESTED(segment_of(__VA_ARGS__))
#define regions(...) TESTED(regions(__VA_ARGS__))
#define stack_depth(...) TESTED(stack_depth(__VA_ARGS__))

enum { MOST = 400, LARGE = 1 << 20, PAGE = 4096, FRAME = 512 };

TestSuite(layout, .timeout = TEST_SECONDS);

extern char __bss_start; /* placed by the linker */

static int initialised = 7;
static char zeroed[3 * PAGE];
static const char constant[] = "constant";
static char *volatile block;

static const char *name_of(enum segment s)
{
    static const char *const names[] = {"UNMAPPED", "TEXT",  "DATA",   "BSS",
                                        "HEAP",     "STACK", "MAPPING"};

    return s <= MAPPING ? names[s] : "no segment at all";
}

#define IS(address, wanted, what)                                        \
    do {                                                                 \
        enum segment found_ = segment_of(address);                       \
        CHECK(found_ == (wanted), "%s for " what, "%s", name_of(wanted), \
              name_of(found_));                                          \
    } while (0)

/* segment_of tells code, constants, variables, heap, stack and mappings apart,
 * and what is not mapped at all. */
Test(layout, segments)
{
    int local = 0;
    char *mapped = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    NEED(mapped != MAP_FAILED && munmap(mapped + PAGE, PAGE) == 0, "memory");
    block = malloc(40);
    IS((const void *)(uintptr_t)name_of, TEXT, "a function");
    IS(constant, TEXT, "a constant");
    IS(&initialised, DATA, "a variable with an initial value");
    IS(&__bss_start, BSS, "the first byte behind the initialised variables");
    IS(zeroed, BSS, "the first byte of an array without one");
    IS(zeroed + sizeof(zeroed) - 1, BSS, "its last byte, pages behind");
    IS(block, HEAP, "40 bytes of malloc");
    free(block);
    IS(&local, STACK, "a local variable");
    block = malloc(LARGE);
    IS(block, MAPPING, "a large block of malloc");
    free(block);
    IS((const void *)(uintptr_t)snprintf, MAPPING, "a function of libc");
    IS(mapped, MAPPING, "anonymous memory of mmap");
    IS(mapped + PAGE, UNMAPPED, "a page that was unmapped");
    IS(mapped + 2 * PAGE, MAPPING, "the page behind it");
    IS(NULL, UNMAPPED, "address 0");
}

/* The lines of /proc/self/maps as the test reads them. */
static int own_lines(uintptr_t starts[], uintptr_t ends[])
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[5000];
    int n = 0;

    NEED(maps != NULL, "/proc/self/maps");
    while (n < MOST && fgets(line, sizeof(line), maps) != NULL)
        n += sscanf(line, "%lx-%lx", &starts[n], &ends[n]) == 2;
    fclose(maps);
    return n;
}

/* regions has every line of /proc/self/maps, by rising addresses, with the
 * segment of its first byte, and says how many there are where it finds no
 * room for them. */
Test(layout, table)
{
    static struct region table[MOST + 1];
    static uintptr_t starts[MOST], ends[MOST];
    int n, m, same = 0, heap = 0, stack = 0, text = 0, falling = 0;

    block = malloc(40);
    regions(table, MOST); /* what stdio needs is mapped from here on */
    n = own_lines(starts, ends);
    memset(table, 0xee, sizeof(table));
    m = regions(table, MOST);
    for (int i = 0; i < m && i < MOST; i++) {
        for (int j = 0; j < n; j++)
            same += table[i].start == starts[j] && table[i].end == ends[j];
        falling += i > 0 && table[i].start < table[i - 1].end;
        heap += table[i].segment == HEAP;
        stack += table[i].segment == STACK;
        text += table[i].segment == TEXT;
    }
    CHECK(m == n, "%d regions", "%d", n, m);
    CHECK(same == n, "%d regions of /proc/self/maps", "%d of them", n, same);
    CHECK(falling == 0, "rising addresses", "%d that fall", falling);
    CHECK(heap == 1 && stack == 1 && text >= 2,
          "one heap, one stack, two regions of text or more", "%d, %d, %d",
          heap, stack, text);
    memset(table, 0xee, sizeof(table));
    m = regions(table, 3);
    CHECK(m == n, "%d regions, although there is room for 3", "%d", n, m);
    CHECK(table[2].start == starts[2] &&
              table[3].start == (uintptr_t)0xeeeeeeeeeeeeeeee,
          "three entries are filled", "fewer, or more");
}

/* stack_depth makes real calls: a hundred more of them take a hundred frames
 * more, each of the same size. */
Test(layout, stack)
{
    int calls = (int)rnd(100, 900);
    size_t none = stack_depth(0), one = stack_depth(1);
    size_t some = stack_depth(calls), more = stack_depth(2 * calls),
           most = stack_depth(10 * calls);

    CHECK(none == 0, "0 bytes without a call", "%zu", none);
    CHECK(one > 0 && one <= 2 * FRAME, "one frame: 1 to %d bytes", "%zu",
          2 * FRAME, one);
    CHECK(some >= (size_t)calls * 16 && some <= (size_t)(calls + 1) * FRAME,
          "%d frames of 16 to %d bytes", "%zu bytes", calls, FRAME, some);
    CHECK(more - some >= some - 2 * FRAME && more - some <= some + 2 * FRAME,
          "%d more calls take as much again (%zu bytes)", "%zu", calls, some,
          more - some);
    CHECK(most >= 9 * some && most <= 11 * some,
          "ten times as many take ten times as much", "%zu to %zu", some, most);
}

/* What these tests need of a machine. No code under test is called. */
Test(layout, machine)
{
    static uintptr_t starts[MOST], ends[MOST];

    NEED(own_lines(starts, ends) < MOST, "a map of a usual size");
}
