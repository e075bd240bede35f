module syslabs/processes

go 1.19
