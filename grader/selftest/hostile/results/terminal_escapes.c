/* Control characters, markup and formulas in the output.
 *
 * Outcome: fail
 */
#include <unistd.h>

int main(void)
{
    static const char evil[] =
        "\033]0;owned\007\033[2J\033[31m<script>alert(1)</script>"
        "=cmd|'/c calc'!A1\342\200\256\000\377\n";

    for (int each = 0; each < 50; each++)
        if (write(2, evil, sizeof(evil) - 1) == -1)
            return 1;
    return 7;
}
