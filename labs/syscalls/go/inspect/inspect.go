// inspect: which system calls a command makes, counted by way of strace.
//
//	go run ./inspect COMMAND [ARG...]
//
// strace writes to a pipe of its own, so that the command's output stays as it
// is; the table goes to stderr when the command has ended.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sort"
)

// A call that begins on this line: an optional process number, a name, `(`.
var begins = regexp.MustCompile(`^(?:\d+ +)?([a-z_][a-z0-9_]*)\(`)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: inspect COMMAND [ARG...]")
		os.Exit(125)
	}
	calls, err := trace(os.Args[1:])
	report(calls)
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		os.Exit(ended.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "inspect:", err)
		os.Exit(125)
	}
}

// trace runs the command under strace and counts its calls while it runs: a
// pipe holds 64 KiB, and who reads only afterwards waits for ever.
func trace(command []string) (map[string]int, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	argv := append([]string{"-f", "-qq", "-o", "/dev/fd/3", "--"}, command...)
	strace := exec.Command("strace", argv...)
	strace.Stdin, strace.Stdout, strace.Stderr = os.Stdin, os.Stdout, os.Stderr
	strace.ExtraFiles = []*os.File{writer} // descriptor 3 of the child
	err = strace.Start()
	writer.Close() // else the end of the pipe never comes
	if err != nil {
		return nil, err
	}
	calls := count(reader)
	return calls, strace.Wait()
}

func count(lines io.Reader) map[string]int {
	calls := make(map[string]int)
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if found := begins.FindSubmatch(scanner.Bytes()); found != nil {
			calls[string(found[1])]++
		}
	}
	return calls
}

// report prints the table, most frequent first.
func report(calls map[string]int) {
	names := make([]string, 0, len(calls))
	for name := range calls {
		names = append(names, name)
	}
	sort.Slice(names, func(a, b int) bool {
		if calls[names[a]] != calls[names[b]] {
			return calls[names[a]] > calls[names[b]]
		}
		return names[a] < names[b]
	})
	for _, name := range names {
		fmt.Fprintf(os.Stderr, "%8d %s\n", calls[name], name)
	}
}
