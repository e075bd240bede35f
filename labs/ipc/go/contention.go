// contention: goroutines that get in each other's way, on sync's three tools.
//
//	go run contention.go mutex|cond|quiet|crowd
//
// A goroutine that must wait is parked; only a thread that finds no other
// goroutine to run sleeps in futex(2). The same work with pthreads is
// grader/checks/ipc/contention.c; `make compare LAB=ipc` traces both.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

const (
	workers  = 4
	rounds   = 100
	thousand = 1000
)

func main() {
	jobs := map[string]func() int{
		"mutex": mutex, "cond": cond, "quiet": quiet, "crowd": crowd,
	}
	if len(os.Args) != 2 || jobs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: contention mutex|cond|quiet|crowd")
		os.Exit(2)
	}
	fmt.Println(jobs[os.Args[1]]())
}

// mutex: some workers count together; each holds the lock across a system
// call, so that the others find it taken.
func mutex() int {
	var lock sync.Mutex
	var done sync.WaitGroup
	count := 0
	for i := 0; i < workers; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for j := 0; j < rounds; j++ {
				lock.Lock()
				syscall.Getppid()
				count++
				lock.Unlock()
			}
		}()
	}
	done.Wait() // WaitGroup is pthread_join for all of them
	return count
}

// cond: two pass a turn to and fro; each waits until the other has had his.
func cond() int {
	var lock sync.Mutex
	var done sync.WaitGroup
	changed := sync.NewCond(&lock)
	turn := 0
	for i := 0; i < 2; i++ {
		done.Add(1)
		go func(own int) {
			defer done.Done()
			for j := 0; j < rounds; j++ {
				lock.Lock()
				for turn%2 != own {
					changed.Wait()
				}
				turn++
				changed.Signal()
				lock.Unlock()
			}
		}(i)
	}
	done.Wait()
	return turn
}

// quiet: one worker alone locks and unlocks; nobody else wants the lock.
func quiet() int {
	var lock sync.Mutex
	count := 0
	for i := 0; i < workers*rounds; i++ {
		lock.Lock()
		count++
		lock.Unlock()
	}
	return count
}

// crowd: a thousand goroutines wait for one another, on a handful of threads.
func crowd() int {
	var ready, done sync.WaitGroup
	var lock sync.Mutex
	gate := make(chan struct{})
	count := 0
	ready.Add(thousand)
	done.Add(thousand)
	for i := 0; i < thousand; i++ {
		go func() {
			defer done.Done()
			ready.Done()
			<-gate
			runtime.Gosched()
			lock.Lock()
			count++
			lock.Unlock()
		}()
	}
	ready.Wait()
	close(gate)
	done.Wait()
	return count
}
