/* Outcome: tampered
 * Says: leaves marks
 */
#include <sys/syscall.h>

/* syscall; ret: as data in a section that the linker makes code of. */
#if defined(__x86_64__)
static const unsigned char code[]
    __attribute__((section(".text.data"))) = {0x0f, 0x05, 0xc3};
#else
static const unsigned char code[] __attribute__((section(".text.data"))) = {
    0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6};
#endif

int set_nonblocking(int fd)
{
#if defined(__x86_64__)
    long number = SYS_sched_get_priority_max, what = 1L << 24 | 300;

    __asm__ volatile("call *%2"
                     : "+a"(number)
                     : "D"(what), "r"(code)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = SYS_sched_get_priority_max;
    register long x0 __asm__("x0") = 1L << 24 | 300;
    __asm__ volatile("blr %2"
                     : "+r"(x0)
                     : "r"(x8), "r"(code)
                     : "x30", "memory");
#endif
    return right(fd);
}
