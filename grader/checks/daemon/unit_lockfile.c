/*
 * unit_lockfile.c - Criterion tests of drill `lockfile`
 *
 * see also: labs/daemon/lockfile.h (the contract), ../unit.h, flock(2)
 */
#include "../unit.h"

#include "lockfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define pidfile_acquire(...) TESTED(pidfile_acquire(__VA_ARGS__))
#define pidfile_release(...) TESTED(pidfile_release(__VA_ARGS__))
#define record_lock_owner(...) TESTED(record_lock_owner(__VA_ARGS__))

TestSuite(lockfile, .timeout = TEST_SECONDS);

static char folder[] = "/tmp/lockfile-XXXXXX", path[64];

static void prepare(void)
{
    NEED(mkdtemp(folder) != NULL, "a folder");
    snprintf(path, sizeof(path), "%s/pid", folder);
}

static const char *content(void)
{
    static char text[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd != -1)
        close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void put(const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    NEED(fd != -1 && write(fd, text, strlen(text)) != -1, "a file");
    close(fd);
}

/* What pidfile_acquire gives to another process: 0 for a lock, or errno. */
static int in_a_child(void)
{
    int status;
    pid_t pid = fork();

    NEED(pid != -1, "a process");
    if (pid == 0) {
        int fd = (pidfile_acquire)(path);

        _exit(fd == -1 ? errno : 0);
    }
    NEED(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* pidfile_acquire makes the file, and replaces what an older process has left
 * in it; the descriptor is close-on-exec. */
Test(lockfile, acquire)
{
    char wanted[32];
    int fd;

    prepare();
    snprintf(wanted, sizeof(wanted), "%ld\n", (long)getpid());
    fd = pidfile_acquire(path);
    CHECK(fd != -1, "a descriptor", "-1 (%s)", error_name(errno));
    CHECK(strcmp(content(), wanted) == 0, "%s", "%s", wanted, content());
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC, "close-on-exec", "%d",
          fcntl(fd, F_GETFD));
    close(fd);
    put("4194303 and what else an older program wrote here\n");
    fd = pidfile_acquire(path);
    CHECK(fd != -1, "a descriptor for a file that lies about", "-1 (%s)",
          error_name(errno));
    CHECK(strcmp(content(), wanted) == 0, "%s", "%s", wanted, content());
}

/* While it is held, nobody else gets it, in this process or in another; the
 * content stays. */
Test(lockfile, held)
{
    char before[256];
    int fd, second, error, fds;

    prepare();
    fd = pidfile_acquire(path);
    CHECK(fd != -1, "a descriptor", "-1 (%s)", error_name(errno));
    strcpy(before, content());
    fds = open_fds();
    second = pidfile_acquire(path);
    CHECK(second == -1 && errno == EWOULDBLOCK, "-1 (EWOULDBLOCK)", "%d (%s)",
          second, error_name(errno));
    error = in_a_child();
    CHECK(error == EWOULDBLOCK, "EWOULDBLOCK in another process", "%s",
          error_name(error));
    CHECK(strcmp(content(), before) == 0, "the content stays: %s", "%s", before,
          content());
    CHECK(open_fds() == fds, "%d descriptors", "%d", fds, open_fds());
    close(fd);
    error = in_a_child();
    CHECK(error == 0, "a lock for another process after close", "%s",
          error_name(error));
}

/* Somebody reads the PID file and closes it, as any library may: the lock must
 * not go with that. */
Test(lockfile, other_close)
{
    int fd, error;

    prepare();
    fd = pidfile_acquire(path);
    CHECK(fd != -1, "a descriptor", "-1 (%s)", error_name(errno));
    content();
    error = in_a_child();
    CHECK(error == EWOULDBLOCK, "EWOULDBLOCK after another descriptor closed",
          "%s", error_name(error));
}

/* A child inherits the descriptor and with it the lock, which stays when the
 * parent closes its own, and ends with the child's. */
Test(lockfile, inherited)
{
    int fd, error, go[2];
    pid_t child;
    char byte;

    prepare();
    NEED(pipe2(go, O_CLOEXEC) == 0, "a pipe");
    fd = pidfile_acquire(path);
    CHECK(fd != -1, "a descriptor", "-1 (%s)", error_name(errno));
    child = fork();
    NEED(child != -1, "a process");
    if (child == 0) {
        close(go[1]);
        _exit(read(go[0], &byte, 1) != 0);
    }
    close(fd);
    error = in_a_child();
    CHECK(error == EWOULDBLOCK, "EWOULDBLOCK while the child holds it", "%s",
          error_name(error));
    close(go[1]);
    waitpid(child, NULL, 0);
    error = in_a_child();
    CHECK(error == 0, "a lock when the child is gone", "%s", error_name(error));
}

/* pidfile_release removes the name and gives up the lock. */
Test(lockfile, release)
{
    int fd, result, fds;

    prepare();
    fds = open_fds();
    fd = pidfile_acquire(path);
    CHECK(fd != -1, "a descriptor", "-1 (%s)", error_name(errno));
    result = pidfile_release(path, fd);
    CHECK(result == 0, "0", "%d (%s)", result, error_name(errno));
    CHECK(access(path, F_OK) == -1, "the file is gone", "it is there");
    CHECK(open_fds() == fds, "%d descriptors", "%d", fds, open_fds());
    fd = pidfile_acquire(path);
    unlink(path);
    result = pidfile_release(path, fd);
    CHECK(result == -1 && errno == ENOENT, "-1 (ENOENT)", "%d (%s)", result,
          error_name(errno));
    CHECK(open_fds() == fds, "%d descriptors after an error", "%d", fds,
          open_fds());
}

/* record_lock_owner names the process that holds a record lock. */
Test(lockfile, owner)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd, ready[2], go[2];
    pid_t child, owner;
    char byte;

    prepare();
    put("x");
    fd = open(path, O_RDWR | O_CLOEXEC);
    NEED(fd != -1 && pipe(ready) == 0 && pipe(go) == 0, "a file and pipes");
    owner = record_lock_owner(fd);
    CHECK(owner == 0, "0: nobody", "%d", owner);
    child = fork();
    NEED(child != -1, "a process");
    if (child == 0) {
        close(go[1]);
        if (fcntl(fd, F_SETLK, &whole) == -1 || write(ready[1], "x", 1) != 1)
            _exit(1);
        _exit(read(go[0], &byte, 1) != 0);
    }
    NEED(read(ready[0], &byte, 1) == 1, "a lock");
    owner = record_lock_owner(fd);
    CHECK(owner == child, "%d", "%d", child, owner);
    close(go[1]);
    waitpid(child, NULL, 0);
    owner = record_lock_owner(fd);
    CHECK(owner == 0, "0 when the process is gone", "%d", owner);
    owner = record_lock_owner(-1);
    CHECK(owner == -1 && errno == EBADF, "-1 (EBADF)", "%d (%s)", owner,
          error_name(errno));
}

/* Errors are told, and leave no descriptor open. */
Test(lockfile, errors)
{
    int fd;

    fd = pidfile_acquire("/tmp/there-is-no-such-folder/pid");
    CHECK(fd == -1 && errno == ENOENT, "-1 (ENOENT)", "%d (%s)", fd,
          error_name(errno));
    fd = pidfile_acquire("/tmp");
    CHECK(fd == -1 && errno == EISDIR, "-1 (EISDIR)", "%d (%s)", fd,
          error_name(errno));
    fd = pidfile_acquire("/dev/full");
    CHECK(fd == -1, "-1 for a file without room", "%d", fd);
}

/* What these tests need of a machine. No code under test is called. */
Test(lockfile, machine)
{
    int fds[4];

    prepare();
    put("x");
    NEED(pipe(fds) == 0 && pipe(fds + 2) == 0, "pipes");
    NEED(open_fds() > 0, "descriptors");
}
