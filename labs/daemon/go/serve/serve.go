// serve: a small web server that is a good service of systemd's.
//
//	go run ./serve [-listen 127.0.0.1:80]
//
// A Go program cannot daemonize itself: fork(2) copies one thread, and the
// runtime needs all of them. It need not, either: systemd detaches it, gives it
// its user, its log and, by AmbientCapabilities, the right to port 80. Without
// systemd, and as root, the file itself can be given that right:
//
//	setcap cap_net_bind_service=+ep serve
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0) // the journal knows the time
	address := flag.String("listen", "127.0.0.1:80", "where to listen")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(hello), ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		awaitStop(server)
	}()
	tell("READY=1")
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
}

func hello(out http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(out, "process %d, user %d\n", os.Getpid(), os.Getuid())
}

// awaitStop waits for the signal of `systemctl stop`, then lets requests that
// are under way end.
func awaitStop(server *http.Server) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	tell("STOPPING=1")
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		log.Print(err)
	}
}

// tell sends a state to systemd, if it asked for it (Type=notify, sd_notify(3)).
func tell(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.Dial("unixgram", name)
	if err != nil {
		log.Print(err)
		return
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		log.Print(err)
	}
}
