module syslabs/daemon

go 1.19
