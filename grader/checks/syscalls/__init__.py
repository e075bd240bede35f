"""The checks of lab `syscalls`: what a command asks of the kernel, and whether the inspector tells it right."""
