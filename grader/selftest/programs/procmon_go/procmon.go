// A procmon in Go that keeps the whole contract of the project: track go must give it all that it can give.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const grace = 2 * time.Second

type child struct {
	pid  int
	gone chan struct{}
}

var (
	log   io.Writer = os.Stderr
	names           = [...]string{"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
		"SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
		"URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"}
)

func main() {
	words := os.Args[1:]
	if len(words) > 1 && words[0] == "-o" {
		file, err := os.OpenFile(words[1], os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
		if err != nil {
			fail(err)
		}
		log, words = file, words[2:]
	}
	commands := split(words)
	if commands == nil {
		fail(errors.New("usage: procmon [-o FILE] COMMAND [ARG...] [--- COMMAND [ARG...]]..."))
	}
	stop := make(chan os.Signal, 16)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	fmt.Fprintf(log, "parent pid=%d\n", os.Getpid())

	statuses := make([]int, len(commands))
	var waiting sync.WaitGroup
	var children []*child
	for i, argv := range commands {
		pid, status := start(argv)
		if pid == 0 {
			statuses[i] = status
			continue
		}
		one := &child{pid, make(chan struct{})}
		children = append(children, one)
		waiting.Add(1)
		go func(status *int) {
			defer waiting.Done()
			defer close(one.gone)
			*status = one.wait()
		}(&statuses[i])
	}
	go forward(stop, children)
	waiting.Wait()
	fmt.Fprintf(log, "done children=%d\n", len(children))
	os.Exit(statuses[len(statuses)-1])
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "procmon:", err)
	os.Exit(125)
}

// split cuts the words at each `---`; nil if a command is empty, or an option stands where none is known.
func split(words []string) [][]string {
	if len(words) == 0 || words[0] == "" || words[0][0] == '-' {
		return nil
	}
	commands := [][]string{nil}
	for _, word := range words {
		if last := len(commands) - 1; word != "---" {
			commands[last] = append(commands[last], word)
		} else {
			commands = append(commands, nil)
		}
	}
	for _, argv := range commands {
		if len(argv) == 0 {
			return nil
		}
	}
	return commands
}

func start(argv []string) (pid, status int) {
	path, err := exec.LookPath(argv[0])
	if err == nil {
		attr := &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: &syscall.SysProcAttr{Setpgid: true}}
		var process *os.Process
		if process, err = os.StartProcess(path, argv, attr); err == nil {
			fmt.Fprintf(log, "child pid=%d ppid=%d command=%s\n", process.Pid, os.Getpid(), argv[0])
			return process.Pid, 0
		}
	}
	status = 126
	if errors.Is(err, exec.ErrNotFound) {
		err = syscall.ENOENT // as execvp(3) says it
	}
	if errors.Is(err, os.ErrPermission) {
		err = syscall.EACCES
	}
	if errors.Is(err, os.ErrNotExist) {
		status = 127
	}
	var number syscall.Errno
	errors.As(err, &number)
	fmt.Fprintf(os.Stderr, "procmon: %s: %s\n", argv[0], text(number))
	return 0, status
}

func text(number syscall.Errno) string {
	switch number {
	case syscall.ENOENT:
		return "No such file or directory"
	case syscall.EACCES:
		return "Permission denied"
	case syscall.ENOEXEC:
		return "Exec format error"
	case syscall.ENOTDIR:
		return "Not a directory"
	}
	return number.Error()
}

// wait tells all that happens to a child, and returns what a shell would say of its end.
func (c *child) wait() int {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(c.pid, &status, syscall.WUNTRACED|syscall.WCONTINUED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 125
		case status.Exited():
			fmt.Fprintf(log, "SIGCHLD pid=%d exited status=%d\n", c.pid, status.ExitStatus())
			return status.ExitStatus()
		case status.Signaled():
			core := 0
			if status.CoreDump() {
				core = 1
			}
			number := status.Signal()
			fmt.Fprintf(log, "SIGCHLD pid=%d killed signal=%d name=SIG%s core=%d\n", c.pid, number, names[number], core)
			return 128 + int(number)
		case status.Stopped():
			number := status.StopSignal()
			fmt.Fprintf(log, "SIGCHLD pid=%d stopped signal=%d name=SIG%s\n", c.pid, number, names[number])
		case status.Continued():
			fmt.Fprintf(log, "SIGCHLD pid=%d continued\n", c.pid)
		}
	}
}

func forward(stop <-chan os.Signal, children []*child) {
	for received := range stop {
		tell(children, received.(syscall.Signal))
		tell(children, syscall.SIGCONT)
		time.AfterFunc(grace, func() { tell(children, syscall.SIGKILL) })
	}
}

func tell(children []*child, number syscall.Signal) {
	for _, one := range children {
		select {
		case <-one.gone:
		default:
			syscall.Kill(-one.pid, number)
		}
	}
}
