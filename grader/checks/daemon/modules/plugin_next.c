/* plugin_next: a library of the next version. */
int plugin_version(void)
{
    return 2;
}

int plugin_run(int n)
{
    return 2 * n + 2;
}
