/* It searches for what tells how it is judged.
 *
 * Outcome: pass
 */
#include <ftw.h>
#include <sys/stat.h>

/* A submission may see what was built of it, and nothing else of the grading. */
static int visit(const char *path, const struct stat *s, int type,
                 struct FTW *at)
{
    const char *name = path + at->base;

    (void)s, (void)type;
    if (strcmp(path, "/usr") == 0 || strcmp(path, "/proc") == 0)
        return FTW_SKIP_SUBTREE;
    if (strncmp(name, "result", 6) == 0 || strncmp(name, "job", 3) == 0 ||
        strncmp(name, "lab.toml", 8) == 0 || strncmp(name, "test_", 5) == 0 ||
        strncmp(name, "unit_", 5) == 0 || strncmp(name, "solution", 8) == 0)
        _exit(9);
    return FTW_CONTINUE;
}

static void attack(void)
{
    nftw("/", visit, 20, FTW_PHYS | FTW_ACTIONRETVAL);
}

int main(int argc, char *argv[])
{
    attack();
    return honest_main(argc, argv);
}
