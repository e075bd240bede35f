/*
 * layout.h - drill `layout`: where the parts of a process lie
 *
 * You write layout.c. Nothing in here prints.
 *
 * see also: proc_pid_maps(5), end(3), malloc(3), brk(2), mmap(2); TLPI 6.3-6.5
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stddef.h>
#include <stdint.h>

enum segment {
    UNMAPPED, /* nothing is there: to touch it means SIGSEGV */
    TEXT,     /* of the program: code, and constants, which nobody can write */
    DATA,     /* of the program: variables that begin with a value */
    BSS,      /* of the program: variables that begin with zero */
    HEAP,     /* what malloc(3) deals out in small pieces: [heap] */
    STACK,    /* of the first thread: [stack] */
    MAPPING,  /* everything else: libraries, files, large blocks of malloc */
};

/*
 * segment_of - what the byte at this address belongs to.
 *
 * /proc/self/maps tells which regions there are; the program is the file that
 * /proc/self/exe leads to. Data and bss can share a page: where the one ends
 * and the other begins is known to the linker, end(3).
 */
enum segment segment_of(const void *address);

/* A line of /proc/self/maps. */
struct region {
    uintptr_t start;
    uintptr_t end;        /* the first address behind it */
    enum segment segment; /* of its first byte */
};

/*
 * regions - the table of this process, by rising addresses.
 *
 * Fills at most `max` entries and returns how many regions there are (which may
 * be more), or -1 with errno.
 */
int regions(struct region *table, int max);

/*
 * stack_depth - how many bytes of stack so many nested calls take.
 *
 * calls  0 to 10,000. Each is a call of its own, with a frame of its own of at
 *        most 512 bytes: the compiler must not make a loop of them
 *
 * Returns the distance between a local variable of the outermost and one of the
 * innermost call; 0 for no nested call. x86-64 and arm64 grow downwards.
 */
size_t stack_depth(int calls);

#endif
