/* What is looked for stands in a table. */
#include "plugin.h"

#include <dlfcn.h>
#include <string.h>

enum plugin_result plugin_open(struct plugin *plugin, const char *path)
{
    static const char *const names[] = {"plugin_version", "plugin_run"};
    void *found[2];
    int (*version)(void);

    memset(plugin, 0, sizeof(*plugin));
    if ((plugin->handle = dlopen(path, RTLD_NOW)) == NULL)
        return PLUGIN_NO_LIBRARY;
    for (int i = 0; i < 2; i++) {
        found[i] = dlsym(plugin->handle, names[i]);
        if (dlerror() != NULL) {
            plugin_close(plugin);
            return PLUGIN_NO_SYMBOL;
        }
    }
    memcpy(&version, &found[0], sizeof(version));
    memcpy(&plugin->run, &found[1], sizeof(plugin->run));
    if (version() != PLUGIN_VERSION) {
        plugin_close(plugin);
        return PLUGIN_OTHER_VERSION;
    }
    return PLUGIN_OK;
}

int plugin_close(struct plugin *plugin)
{
    if (plugin->handle != NULL && dlclose(plugin->handle) != 0)
        return -1;
    memset(plugin, 0, sizeof(*plugin));
    return 0;
}
