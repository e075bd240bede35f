/*
 * plugin_main: what drill `plugin` is judged by
 *
 *   plugin_main LIBRARY [N]
 *
 * Prints the result of plugin_open; what plugin_run makes of N, if that was
 * PLUGIN_OK; then, after plugin_close, whether the library is still mapped.
 *
 * see also: labs/daemon/plugin.h
 */
#include "plugin.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_mapped(const char *path)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[8192];
    int found = 0;

    if (maps == NULL)
        err(125, "/proc/self/maps");
    while (fgets(line, sizeof(line), maps) != NULL)
        found |= strstr(line, path) != NULL;
    fclose(maps);
    return found;
}

int main(int argc, char *argv[])
{
    struct plugin plugin = {0};
    enum plugin_result result = plugin_open(&plugin, argv[1]);

    printf("%d\n", result);
    if (result == PLUGIN_OK && argc > 2)
        printf("%d\n", plugin.run(atoi(argv[2])));
    if (plugin_close(&plugin) != 0 || plugin_close(&plugin) != 0)
        printf("not closed\n");
    printf("%s\n", is_mapped(argv[1]) ? "mapped" : "gone");
    return 0;
}
