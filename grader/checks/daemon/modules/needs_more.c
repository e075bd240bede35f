/* needs_more: calls a function that nobody has; the loader may notice late. */
int nobody_has_this(int n);

int plugin_version(void)
{
    return 1;
}

int plugin_run(int n)
{
    return nobody_has_this(n);
}
