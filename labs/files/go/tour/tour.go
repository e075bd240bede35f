// tour: what single functions of os, io, bufio and filepath ask of the kernel.
//
//	go run ./tour read|bufio|stat|walkdir PATH
//
// `make compare LAB=files` traces all four.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const piece = 100 // bytes: little, so that the calls can be counted

func main() {
	tours := map[string]func(string) (int64, error){
		"read": read, "bufio": buffered, "stat": stat, "walkdir": walkDir,
	}
	if len(os.Args) != 3 || tours[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: tour read|bufio|stat|walkdir PATH")
		os.Exit(2)
	}
	number, err := tours[os.Args[1]](os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
	fmt.Println(number)
}

// read: an os.File is an io.Reader, and each Read of it is a read(2).
func read(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return drain(file)
}

// buffered: the same small reads, served from a buffer as stdio does it.
func buffered(path string) (int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return drain(bufio.NewReader(file))
}

// drain counts what comes in small pieces. A piece may be short, at any time.
func drain(source io.Reader) (int64, error) {
	buffer := make([]byte, piece)
	var sum int64
	for {
		n, err := source.Read(buffer)
		sum += int64(n)
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
	}
}

// stat: os.Stat follows links, os.Lstat does not.
func stat(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// walkDir: what the folder tells of an entry is enough to know where to go on.
func walkDir(root string) (int64, error) {
	var entries int64
	err := filepath.WalkDir(root, func(_ string, _ fs.DirEntry, err error) error {
		entries++
		return err
	})
	return entries, err
}
