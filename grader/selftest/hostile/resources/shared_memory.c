/* Shared memory, queues and semaphores are left.
 *
 * Outcome: pass
 */
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static void attack(void)
{
    for (int each = 0; each < 100; each++) {
        shmget(IPC_PRIVATE, 1 << 20, IPC_CREAT | 0666);
        msgget(IPC_PRIVATE, IPC_CREAT | 0666);
        semget(IPC_PRIVATE, 10, IPC_CREAT | 0666);
    }
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
