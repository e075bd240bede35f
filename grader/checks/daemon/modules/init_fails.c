/* init_fails: says that it cannot work. */
int filter_version(void)
{
    return 1;
}

int filter_init(void)
{
    return -1;
}

int filter_event(const char *event, const char *path)
{
    (void)event, (void)path;
    return 1;
}
