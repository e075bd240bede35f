/*
 * sysdaemon_filter.c - the module that decides which events are logged
 *
 * see also: sysdaemon_filter.h, dlopen(3), TLPI 42.1
 */
#include "sysdaemon_filter.h"

#include "sysdaemon.h"

#include <dlfcn.h>

typedef int version_fn(void);
typedef int init_fn(void);

/* RTLD_NOW: a symbol that is missing shows here, and not in the middle of the
 * night when it is first called. */
const char *filter_load(struct filter *filter, const char *path)
{
    version_fn *version;
    init_fn *init;

    filter->wants = NULL;
    filter->handle = NULL;
    if (path == NULL)
        return NULL;
    filter->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (filter->handle == NULL)
        return dlerror();
    version = (version_fn *)dlsym(filter->handle, "filter_version");
    filter->wants = (int (*)(const char *, const char *))dlsym(filter->handle,
                                                               "filter_event");
    init = (init_fn *)dlsym(filter->handle, "filter_init");
    if (version == NULL || filter->wants == NULL)
        return "no filter_version or no filter_event: not a module";
    if (version() != SYSDAEMON_FILTER_VERSION)
        return "made for another version of sysdaemon_filter.h";
    if (init != NULL && init() != 0)
        return "filter_init failed";
    return NULL;
}

bool filter_wants(const struct filter *filter, const char *event,
                  const char *path)
{
    return filter->wants == NULL || filter->wants(event, path) != 0;
}
