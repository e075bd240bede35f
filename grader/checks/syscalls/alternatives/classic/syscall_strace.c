/* syscall_strace - nothing here: all is in syscall_inspect.c */
typedef int syscall_strace_is_elsewhere;
