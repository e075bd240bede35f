/* see also: plugin.h (the contract), dlopen(3), TLPI 42.1 */
#include "plugin.h"

#include <dlfcn.h>
#include <stddef.h>

static enum plugin_result resolve(struct plugin *plugin)
{
    int (*version)(void) =
        (int (*)(void))dlsym(plugin->handle, "plugin_version");

    plugin->run = (int (*)(int))dlsym(plugin->handle, "plugin_run");
    if (version == NULL || plugin->run == NULL)
        return PLUGIN_NO_SYMBOL;
    return version() == PLUGIN_VERSION ? PLUGIN_OK : PLUGIN_OTHER_VERSION;
}

/* RTLD_NOW: what is missing shows here. RTLD_LOCAL: nobody else finds our
 * library's functions in place of their own. */
enum plugin_result plugin_open(struct plugin *plugin, const char *path)
{
    enum plugin_result result;

    plugin->run = NULL;
    plugin->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (plugin->handle == NULL)
        return PLUGIN_NO_LIBRARY;
    result = resolve(plugin);
    if (result != PLUGIN_OK)
        plugin_close(plugin);
    return result;
}

int plugin_close(struct plugin *plugin)
{
    void *handle = plugin->handle;

    plugin->handle = NULL;
    plugin->run = NULL;
    return handle == NULL || dlclose(handle) == 0 ? 0 : -1;
}
