/* The library; see also: plugin.h (the contract), plugin.map, plugin.flags */
#include "plugin.h"

int plugin_double(int n)
{
    return 2 * n;
}

int plugin_version(void)
{
    return PLUGIN_VERSION;
}

int plugin_run(int n)
{
    return plugin_double(n) + 1;
}
