/* The library; see also: plugin.h (the contract), plugin.map, plugin.flags */
#include "plugin.h"

int plugin_double(int n)
{
    return 2 * n;
}

/* TODO(plugin): as plugin.h says. */
int plugin_version(void)
{
    return 0;
}

/* TODO(plugin): by plugin_double. */
int plugin_run(int n)
{
    return plugin_double(n);
}
