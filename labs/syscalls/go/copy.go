// copy: open, read, write and close, as Go asks for them.
//
//	go run copy.go SOURCE TARGET
//
// Package syscall is the kernel's interface as it is: descriptors are numbers,
// errors have a number, a read may be short. Package os wraps it; see what it
// adds by putting os.Open and io.Copy here. No libc is involved in either.
package main

import (
	"fmt"
	"os"
	"syscall"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: copy SOURCE TARGET")
		os.Exit(2)
	}
	if err := copyFile(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "copy:", err)
		os.Exit(1)
	}
}

// copyFile makes target a copy of source.
func copyFile(source, target string) error {
	in, err := syscall.Open(source, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	defer syscall.Close(in)
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_TRUNC | syscall.O_CLOEXEC
	out, err := syscall.Open(target, flags, 0o666)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	if err := copyAll(in, out); err != nil {
		syscall.Close(out)
		return fmt.Errorf("%s: %w", target, err)
	}
	return syscall.Close(out)
}

// copyAll copies up to the end of in.
func copyAll(in, out int) error {
	buffer := make([]byte, 32<<10)
	for {
		n, err := syscall.Read(in, buffer)
		if err == syscall.EINTR {
			continue
		}
		if n == 0 || err != nil {
			return err
		}
		if err := writeFull(out, buffer[:n]); err != nil {
			return err
		}
	}
}

// writeFull writes all of data, however little write(2) takes at a time.
func writeFull(out int, data []byte) error {
	for len(data) > 0 {
		n, err := syscall.Write(out, data)
		if err != nil && err != syscall.EINTR {
			return err
		}
		if n > 0 {
			data = data[n:]
		}
	}
	return nil
}
