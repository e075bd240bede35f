/* host - what lab daemon does in C beside its Go twins.
 *
 * usage: host map FILE       the counter of labs/daemon/go/mmap.go, by mmap(2)
 *        host load MODULE.so a module for sysdaemon -m, loaded and asked twice
 *
 * see also: mmap(2), mlock(2), mprotect(2), dlopen(3)
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 4096, VERSION = 1 };

typedef int version_fn(void);
typedef int event_fn(const char *event, const char *path);

/* Returns 0, or -1 with errno. */
static int count_start(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), result = -1;
    uint64_t *page = MAP_FAILED;

    if (fd == -1)
        return -1;
    if (ftruncate(fd, SIZE) == 0)
        page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd); /* the mapping stays without it */
    if (page == MAP_FAILED)
        return -1;
    if (mlock(page, SIZE) == 0) {
        page[0]++; /* no call writes this to the file */
        result = mprotect(page, SIZE, PROT_READ);
        printf("%llu\n", (unsigned long long)page[0]);
    }
    munmap(page, SIZE);
    return result;
}

static int load(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    version_fn *version = NULL;
    event_fn *wants = NULL;

    if (module != NULL) {
        version = (version_fn *)dlsym(module, "filter_version");
        wants = (event_fn *)dlsym(module, "filter_event");
    }
    if (version == NULL || wants == NULL || version() != VERSION) {
        const char *why = dlerror();
        fprintf(stderr, "host: %s\n", why != NULL ? why : "another version");
        return 1;
    }
    printf("%d %d\n", wants("CREATE", "/tmp/kept"),
           wants("CREATE", "/tmp/passing.tmp"));
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc == 3 && strcmp(argv[1], "load") == 0)
        return load(argv[2]);
    if (argc == 3 && strcmp(argv[1], "map") == 0) {
        if (count_start(argv[2]) == 0)
            return 0;
        perror("host");
        return 1;
    }
    fprintf(stderr, "usage: host map FILE | host load MODULE.so\n");
    return 2;
}
