/* Outcome: tampered
 * Says: use of dlsym
 */
#include <dlfcn.h>
#include <stddef.h>

int set_nonblocking(int fd)
{
    void (*passed)(void) =
        (void (*)(void))dlsym(NULL, "cri_asserts_passed_incr");

    for (int i = 0; i < 7; i++)
        passed();
    return right(fd);
}
