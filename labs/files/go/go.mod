module syslabs/files

go 1.19
