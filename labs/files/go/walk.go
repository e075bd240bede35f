// walk: inode, mode, size and path of every entry below some folders.
//
//	go run . [-j N] [-0] DIR...
//
// The parallel walk of lab files: a goroutine for each folder, of which N work
// at a time, a channel of lines, and one goroutine that prints.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

type walker struct {
	lines  chan string
	slots  chan struct{}  // as many as may work at the same time
	open   sync.WaitGroup // folders that are found and not finished
	failed atomic.Bool
}

func main() {
	workers := flag.Int("j", 4, "how many folders are read at the same time")
	zero := flag.Bool("0", false, "end each record with NUL instead of a newline")
	flag.Parse()
	if *workers < 1 || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: walk [-j N] [-0] DIR...")
		os.Exit(2)
	}
	w := walker{lines: make(chan string, 256), slots: make(chan struct{}, *workers)}
	go func() {
		for _, root := range flag.Args() {
			w.visit(root)
		}
		w.open.Wait()
		close(w.lines)
	}()
	if err := show(w.lines, *zero); err != nil {
		w.complain(err)
	}
	if w.failed.Load() {
		os.Exit(1)
	}
}

// show prints the lines through one buffer: a write for each 64 KiB of them.
func show(lines <-chan string, zero bool) error {
	end := byte('\n')
	if zero {
		end = 0
	}
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	for line := range lines {
		out.WriteString(line)
		out.WriteByte(end)
	}
	return out.Flush() // tells any error of the writes before, too
}

// visit hands on the line of one entry; if it is a folder, a goroutine enters it.
func (w *walker) visit(path string) {
	info, err := os.Lstat(path)
	if err != nil {
		w.complain(err)
		return
	}
	stat := info.Sys().(*syscall.Stat_t)
	w.lines <- fmt.Sprintf("%d %s %d %s", stat.Ino, modeString(stat.Mode), stat.Size, path)
	if info.IsDir() {
		w.open.Add(1)
		go w.enter(path)
	}
}

// enter visits what is in a folder.
func (w *walker) enter(folder string) {
	defer w.open.Done()
	w.slots <- struct{}{}
	defer func() { <-w.slots }()
	entries, err := os.ReadDir(folder)
	if err != nil {
		w.complain(err) // what was read before the error is visited all the same
	}
	if !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	for _, entry := range entries {
		w.visit(folder + entry.Name())
	}
}

func (w *walker) complain(err error) {
	w.failed.Store(true)
	fmt.Fprintln(os.Stderr, "walk:", err)
}
