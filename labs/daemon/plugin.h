/*
 * plugin.h - drill `plugin`: build a shared library, and load one
 *
 * You write both sides:
 *   plugin_lib.c   the library: these two functions, and one for itself
 *   plugin.map     the version script: what is exported, under which version
 *   plugin.flags   the options with which gcc makes the library of them
 *   plugin.c       the host: open, resolve, close
 *
 * The library is made by   gcc $(cat plugin.flags) -o libplugin.so plugin_lib.c
 *
 * see also: ld(1) on VERSION, dlopen(3), dlsym(3), TLPI 41.10, 42.1, 42.3
 */
#ifndef PLUGIN_H
#define PLUGIN_H

enum { PLUGIN_VERSION = 1 };

/* ---- the library: soname libplugin.so.1, version node SYSLABS_1 ---- */

/* Returns PLUGIN_VERSION. */
int plugin_version(void);

/* Returns 2n + 1. It calls plugin_double, which other libraries may have too:
 * that one must not be seen from outside. */
int plugin_run(int n);

int plugin_double(int n);

/* ---- the host ---- */

enum plugin_result {
    PLUGIN_OK,
    PLUGIN_NO_LIBRARY, /* not there, or no shared library */
    PLUGIN_NO_SYMBOL,  /* lacks plugin_version or plugin_run */
    PLUGIN_OTHER_VERSION,
};

struct plugin {
    void *handle; /* NULL: closed */
    int (*run)(int n);
};

/* Loads a library and resolves its functions; everything that it needs is
 * resolved now and not later. With any other result than PLUGIN_OK the library
 * is unloaded again and handle is NULL. */
enum plugin_result plugin_open(struct plugin *plugin, const char *path);

/* Unloads it. Closing twice does no harm. Returns 0, or -1. */
int plugin_close(struct plugin *plugin);

#endif
