/* shm_xfer - copy a file through shared memory, with two semaphores (given)
 * see also: shm_open(3), sem_init(3), shmget(2), semop(2); TLPI 48.4, 53.4, 54
 */
#ifndef SHM_XFER_H
#define SHM_XFER_H

/* Copy all that can be read from `in` to `out`. The calling process reads
 * (producer); a child that it forks writes (consumer); between them are a
 * buffer in shared memory and two semaphores: one says that there is data,
 * the other one that there is space. Returns 0, or -1 with the errno of the call
 * that failed, in either process. The child has ended then, and no object is
 * left: no name in /dev/shm, nothing in /proc/sysvipc. */

/* With shm_open(3), mmap(2) and unnamed semaphores, sem_init(3). */
int xfer_posix(int in, int out);

/* With shmget(2), shmat(2), semget(2) and semop(2). */
int xfer_sysv(int in, int out);

#endif
