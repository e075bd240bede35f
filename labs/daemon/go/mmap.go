// mmap: a counter of starts in a mapped file.
//
//	go run mmap.go FILE
//
// syscall.Mmap is mmap(2): the slice that it returns is the page cache itself,
// outside of Go's heap. The garbage collector does not know it, so that it ends
// with Munmap only; whoever touches the slice afterwards gets a SIGSEGV.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
)

const size = 4096

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: mmap FILE")
		os.Exit(2)
	}
	count, err := countStart(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "mmap:", err)
		os.Exit(1)
	}
	fmt.Println(count)
}

// countStart adds one to the number in the file's first eight bytes.
func countStart(path string) (uint64, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close() // the mapping stays without it
	if err := file.Truncate(size); err != nil {
		return 0, err // a page beyond the end of the file would be a SIGBUS
	}
	const mode = syscall.PROT_READ | syscall.PROT_WRITE
	page, err := syscall.Mmap(int(file.Fd()), 0, size, mode, syscall.MAP_SHARED)
	if err != nil {
		return 0, os.NewSyscallError("mmap", err)
	}
	defer syscall.Munmap(page)
	if err := syscall.Mlock(page); err != nil {
		return 0, os.NewSyscallError("mlock", err)
	}
	count := binary.LittleEndian.Uint64(page) + 1
	binary.LittleEndian.PutUint64(page, count) // no call writes this to the file
	if err := syscall.Mprotect(page, syscall.PROT_READ); err != nil {
		return 0, os.NewSyscallError("mprotect", err)
	}
	return count, nil
}
