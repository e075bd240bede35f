/* no_event: lacks the function that it is for. */
int filter_version(void)
{
    return 1;
}
