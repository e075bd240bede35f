module syslabs/ipc

go 1.19
