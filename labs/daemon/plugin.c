/* see also: plugin.h (the contract), dlopen(3), TLPI 42.1 */
#include "plugin.h"

#include <stddef.h>

/* TODO(plugin): dlopen(3), dlsym(3); with anything but PLUGIN_OK the library is
 * unloaded again. RTLD_NOW or RTLD_LAZY? */
enum plugin_result plugin_open(struct plugin *plugin, const char *path)
{
    (void)path;
    plugin->handle = NULL;
    return PLUGIN_NO_LIBRARY;
}

/* TODO(plugin): dlclose(3). */
int plugin_close(struct plugin *plugin)
{
    (void)plugin;
    return -1;
}
