module syslabs/syscalls

go 1.19
