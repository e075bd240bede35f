/* Outcome: pass
 * Says:
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    int fd, result, error;
};

static void *in_thread(void *arg)
{
    struct job *job = arg;

    job->result = right(job->fd);
    job->error = errno;
    return NULL;
}

static void idle(void)
{
}

/* Odd but right: a thread, a child that is waited for, an exit handler. */
int set_nonblocking(int fd)
{
    struct job job = {fd, -1, 0};
    pthread_t thread;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    if (child > 0) {
        kill(child, 0);
        waitpid(child, NULL, 0);
    }
    atexit(idle);
    if (pthread_create(&thread, NULL, in_thread, &job) != 0)
        return -1;
    pthread_join(thread, NULL);
    errno = job.error;
    return job.result;
}
