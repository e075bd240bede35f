module syslabs/epoll

go 1.19
