/* everything: a module that wants all events, and has no filter_init. */
int filter_version(void)
{
    return 1;
}

int filter_event(const char *event, const char *path)
{
    (void)event, (void)path;
    return 1;
}
