/* syscall_lines - nothing here: all is in syscall_inspect.c */
typedef int syscall_lines_is_elsewhere;
