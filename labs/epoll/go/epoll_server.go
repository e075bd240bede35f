// epoll_server: the echo server of lab epoll, on package net.
//
//	go run epoll_server.go [-e] PORT
//
// There is no epoll in it: the runtime's network poller registers each socket
// and parks the goroutine that would block. `make compare LAB=epoll` shows how.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	grace = time.Second           // to deliver what was read before SIGTERM
	pause = 20 * time.Millisecond // until accept is tried again
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("epoll_server: ")
	flag.Bool("e", true, "edge-triggered, as the netpoller always is")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: epoll_server [-e] PORT")
		os.Exit(2)
	}
	if port, err := strconv.ParseUint(flag.Arg(0), 10, 16); err != nil || port == 0 {
		log.Fatalf("%q is not a port", flag.Arg(0))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", flag.Arg(0)))
	if err != nil {
		log.Fatal(err)
	}
	server := server{clients: make(map[net.Conn]struct{})}
	go server.serve(listener)
	<-stop
	listener.Close()
	server.finish()
}

// server knows its clients, so that it can end in good order.
type server struct {
	mutex   sync.Mutex
	clients map[net.Conn]struct{}
	talking sync.WaitGroup
	ending  bool
}

// serve accepts clients until the listener is closed: a goroutine for each.
func (s *server) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, or of memory: somebody may leave
			time.Sleep(pause)
		case s.add(conn):
			go s.talk(conn)
		default:
			conn.Close()
		}
	}
}

func (s *server) add(conn net.Conn) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.ending {
		return false
	}
	s.clients[conn] = struct{}{}
	s.talking.Add(1)
	return true
}

func (s *server) talk(conn net.Conn) {
	defer s.talking.Done()
	echo(conn)
	s.mutex.Lock()
	delete(s.clients, conn)
	s.mutex.Unlock()
	conn.Close()
}

// finish lets no goroutine read any more, and each one write what it has read.
func (s *server) finish() {
	s.mutex.Lock()
	s.ending = true
	now := time.Now()
	for conn := range s.clients {
		conn.SetReadDeadline(now)
		conn.SetWriteDeadline(now.Add(grace))
	}
	s.mutex.Unlock()
	s.talking.Wait()
}

// echo sends back what comes in. Read and Write look as if they blocked; they
// park this goroutine, and the thread goes on with another one.
func echo(conn net.Conn) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := conn.Read(buffer)
		if n > 0 {
			if _, err := conn.Write(buffer[:n]); err != nil {
				return // the peer is gone
			}
		}
		if err != nil {
			return // the end, a reset, or finish
		}
	}
}
