/* Another program is to do the work.
 *
 * Outcome: fail
 */
#include <unistd.h>

int main(int argc, char *argv[])
{
    (void)argc;
    argv[0] = "/usr/bin/python3";
    execv("/usr/bin/cat", argv);
    return 1;
}
