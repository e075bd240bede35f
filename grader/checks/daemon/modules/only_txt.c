/* only_txt: a module that wants what ends in .txt, once it is initialised. */
#include <string.h>

static int ready;

int filter_version(void)
{
    return 1;
}

int filter_init(void)
{
    ready++;
    return 0;
}

int filter_event(const char *event, const char *path)
{
    size_t n = strlen(path);

    return ready == 1 && strcmp(event, "DELETE") != 0 && n > 4 &&
           strcmp(path + n - 4, ".txt") == 0;
}
