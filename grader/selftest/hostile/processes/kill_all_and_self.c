/* Every process of the group, too.
 *
 * Outcome: fail
 */
#include <signal.h>

int main(void)
{
    kill(-1, SIGKILL);
    kill(0, SIGKILL);
    return 0;
}
