/* Shared memory, semaphores, queues, futexes, IDs, capabilities, inotify. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static void *t(void *a)
{
    (void)a;
    pthread_mutex_lock(&m);
    pthread_mutex_unlock(&m);
    return 0;
}
int main(void)
{
    int f = shm_open("/room", O_RDWR | O_CREAT | O_EXCL, 0600);
    ftruncate(f, 4096);
    void *p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    (void)p;
    shm_unlink("/room");
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    void *q = shmat(id, 0, 0);
    struct shmid_ds ds;
    shmctl(id, IPC_STAT, &ds);
    shmdt(q);
    shmctl(id, IPC_RMID, 0);
    int s = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
    union {
        int v;
    } u = {1};
    semctl(s, 0, SETVAL, u);
    struct sembuf sb[2] = {{0, -1, SEM_UNDO}, {0, 1, IPC_NOWAIT}};
    semop(s, sb, 2);
    sb[0].sem_op = -5;
    struct timespec ts = {0, 1000000};
    semtimedop(s, sb, 1, &ts);
    semctl(s, 0, IPC_RMID);
    int mq = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    struct {
        long t;
        char b[8];
    } mb = {1, "hello"};
    msgsnd(mq, &mb, 6, IPC_NOWAIT);
    msgrcv(mq, &mb, 8, 0, 0);
    msgctl(mq, IPC_RMID, 0);
    struct mq_attr at = {.mq_maxmsg = 4, .mq_msgsize = 32};
    mqd_t d = mq_open("/q", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &at);
    mq_send(d, "x", 1, 3);
    char b[4096];
    unsigned pr;
    mq_receive(d, b, 32, &pr);
    mq_receive(d, b, 32, &pr);
    mq_unlink("/q");
    pthread_mutex_lock(&m);
    pthread_t th;
    pthread_create(&th, 0, t, 0);
    usleep(5000);
    pthread_mutex_unlock(&m);
    pthread_join(th, 0);
    sem_t *se = sem_open("/s", O_CREAT, 0600, 1);
    sem_wait(se);
    sem_post(se);
    sem_unlink("/s");
    int v = 0;
    syscall(SYS_futex, &v, FUTEX_WAIT_PRIVATE, 0, &ts, 0, 0);
    syscall(SYS_futex, &v, FUTEX_WAKE, 1);
    gid_t g[2] = {1000, 1001};
    setgroups(2, g);
    setresgid(1, 1, 1);
    setresuid(65534, 65534, 65534);
    setuid(0);
    getresuid((void *)b, (void *)b, (void *)b);
    setgid(5);
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct c[2] = {{0}};
    syscall(SYS_capget, &h, c);
    c[0].effective = 1 << 10 | 1 << 12;
    syscall(SYS_capset, &h, c);
    prctl(PR_SET_KEEPCAPS, 1);
    prctl(PR_CAPBSET_DROP, 10);
    int in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify_add_watch(in, ".", IN_CREATE | IN_MOVED_TO);
    open("evil\nname", O_CREAT | O_RDWR, 0600);
    read(in, b, 4096);
    inotify_rm_watch(in, 1);
    openlog("id", LOG_PID, LOG_DAEMON);
    syslog(LOG_ERR, "x");
    flock(in, LOCK_EX | LOCK_NB);
    setsid();
    DIR *dd = opendir(".");
    readdir(dd);
    closedir(dd);
    struct statx sx;
    statx(AT_FDCWD, ".", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx);
    mlockall(MCL_CURRENT);
    madvise(p, 4096, MADV_WIPEONFORK);
    brk(0);
    int pfd = syscall(SYS_pidfd_open, getpid(), 0);
    syscall(SYS_pidfd_send_signal, pfd, 0, 0, 0);
    fcntl(pfd, F_OFD_SETLK, &(struct flock){.l_type = F_RDLCK});
    return 0;
}
