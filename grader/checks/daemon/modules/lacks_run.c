/* lacks_run: a library without the function that it is for. */
int plugin_version(void)
{
    return 1;
}
