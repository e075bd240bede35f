/* syscall_table - nothing here: all is in syscall_inspect.c */
typedef int syscall_table_is_elsewhere;
