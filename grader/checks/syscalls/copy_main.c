/* copy - the drill `copy` as a program. Usage: copy SOURCE TARGET */
#include "copy.h"

#include <stdio.h>

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: copy SOURCE TARGET\n");
        return 2;
    }
    if (copy_file(argv[1], argv[2], 0666) == -1) {
        perror("copy");
        return 1;
    }
    return 0;
}
