// procmon: run commands, and tell when they begin and how they end.
//
//	go run procmon.go COMMAND [ARG...] [--- COMMAND [ARG...]]...
//
// os/exec is fork and exec in one; os/signal brings signals through a channel.
// Of SIGCHLD nothing is seen here: a goroutine for each child waits for it.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const grace = 2 * time.Second // between the signal that asks and SIGKILL

func main() {
	commands := split(os.Args[1:])
	if commands == nil {
		fmt.Fprintln(os.Stderr, "usage: procmon COMMAND [ARG...] [--- COMMAND [ARG...]]...")
		os.Exit(125)
	}
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)

	fmt.Fprintf(os.Stderr, "parent pid=%d\n", os.Getpid())
	statuses := make([]int, len(commands))
	var running sync.WaitGroup
	var children []*exec.Cmd
	for i, argv := range commands {
		child, err := start(argv)
		if err != nil {
			fmt.Fprintln(os.Stderr, "procmon:", err)
			statuses[i] = notStarted(err)
			continue
		}
		children = append(children, child)
		running.Add(1)
		go func(status *int) {
			defer running.Done()
			*status = await(child)
		}(&statuses[i])
	}
	go forward(stop, children)
	running.Wait()
	fmt.Fprintf(os.Stderr, "done children=%d\n", len(children))
	os.Exit(statuses[len(statuses)-1])
}

// split cuts the words at each `---`; nil if a command is empty.
func split(words []string) [][]string {
	commands := [][]string{nil}
	for _, word := range words {
		last := len(commands) - 1
		if word != "---" {
			commands[last] = append(commands[last], word)
		} else if commands = append(commands, nil); len(commands[last]) == 0 {
			return nil
		}
	}
	if len(commands[len(commands)-1]) == 0 {
		return nil
	}
	return commands
}

// start runs a command in a process group of its own.
func start(argv []string) (*exec.Cmd, error) {
	child := exec.Command(argv[0], argv[1:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := child.Start(); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "child pid=%d ppid=%d command=%s\n", child.Process.Pid, os.Getpid(), argv[0])
	return child, nil
}

func notStarted(err error) int {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return 127
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOEXEC):
		return 126
	}
	return 125
}

// await waits for a child, logs how it ended and returns the shell's number for it.
func await(child *exec.Cmd) int {
	child.Wait() // what it returns is in ProcessState as well
	status := child.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() {
		fmt.Fprintf(os.Stderr, "SIGCHLD pid=%d exited status=%d\n", child.Process.Pid, status.ExitStatus())
		return status.ExitStatus()
	}
	core := 0
	if status.CoreDump() {
		core = 1
	}
	fmt.Fprintf(os.Stderr, "SIGCHLD pid=%d killed signal=%d name=%s core=%d\n",
		child.Process.Pid, status.Signal(), name(status.Signal()), core)
	return 128 + int(status.Signal())
}

// forward passes signals on to the children's groups, and kills those that stay.
func forward(stop <-chan os.Signal, children []*exec.Cmd) {
	for received := range stop {
		tell(children, received.(syscall.Signal))
		tell(children, syscall.SIGCONT) // one that is stopped can end, too
		time.AfterFunc(grace, func() { tell(children, syscall.SIGKILL) })
	}
}

func tell(children []*exec.Cmd, number syscall.Signal) {
	for _, child := range children {
		syscall.Kill(-child.Process.Pid, number) // ESRCH: it is gone, and that is fine
	}
}
