/*
 * sysdaemon_filter.h - what a module for sysdaemon -m has (given)
 *
 * A module is a shared library that defines these functions. filter_init may
 * be missing; the others may not.
 *
 *     gcc -shared -fPIC -o only_txt.so only_txt.c
 *
 * see also: dlopen(3), dlsym(3)
 */
#ifndef SYSDAEMON_FILTER_H
#define SYSDAEMON_FILTER_H

#define SYSDAEMON_FILTER_VERSION 1

/* SYSDAEMON_FILTER_VERSION, as the module was compiled with. Called first. */
int filter_version(void);

/* Called once, before any event. 0: the module is ready. */
int filter_init(void);

/* Not 0: the event is logged. EVENT is CREATE, MODIFY …, path as in the log
 * but with its bytes as they are. */
int filter_event(const char *event, const char *path);

#endif
