/* syscall_ptrace - nothing here: all is in syscall_inspect.c */
typedef int syscall_ptrace_is_elsewhere;
