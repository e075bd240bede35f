/* Outcome: tampered
 * Says: dl_iterate_phdr
 */
struct dl_phdr_info;
int dl_iterate_phdr(int (*)(struct dl_phdr_info *, unsigned long, void *),
                    void *);

static int look(struct dl_phdr_info *info, unsigned long size, void *arg)
{
    (void)info, (void)size, (void)arg;
    return 0;
}

int set_nonblocking(int fd)
{
    dl_iterate_phdr(look, 0);
    return right(fd);
}
