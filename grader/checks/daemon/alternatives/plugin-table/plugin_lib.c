/* Hidden by attribute, too. */
#include "plugin.h"

__attribute__((visibility("hidden"))) int plugin_double(int n)
{
    return n + n;
}

__attribute__((visibility("default"))) int plugin_version(void)
{
    return PLUGIN_VERSION;
}

__attribute__((visibility("default"))) int plugin_run(int n)
{
    return plugin_double(n) + 1;
}
