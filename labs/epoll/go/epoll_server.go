// epoll_server: the echo server of lab epoll, on package net.
//
//	go run epoll_server.go PORT
//
// There is no epoll in it: the runtime's network poller registers each socket
// and parks the goroutine that would block. `make compare LAB=epoll` shows how.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("epoll_server: ")
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: epoll_server PORT")
		os.Exit(2)
	}
	if port, err := strconv.ParseUint(os.Args[1], 10, 16); err != nil || port == 0 {
		log.Fatalf("%q is not a port", os.Args[1])
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", os.Args[1]))
	if err != nil {
		log.Fatal(err)
	}
	go serve(listener)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
}

// serve accepts clients until the program ends: one goroutine for each of them.
func serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(conn)
	}
}

// echo sends back what comes in. Read and Write look as if they blocked; they
// park this goroutine, and the thread goes on with another one.
func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 16<<10)
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			if _, err := conn.Write(buffer[:n]); err != nil {
				return // the peer is gone
			}
		}
		if err != nil {
			if err != io.EOF {
				log.Print(err)
			}
			return
		}
	}
}
