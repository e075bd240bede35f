// schedule: more goroutines than threads, and what the scheduler does about it.
//
//	go run ./schedule
//
// Six goroutines compute on four threads. None of them ever waits, so the
// runtime takes the processor away: sysmon sends SIGURG to a thread that ran one
// goroutine for too long. Garbage is collected meanwhile, for which all of them
// must be stopped; a thread that waits for that only briefly yields.
package main

import (
	"fmt"
	"runtime"
	"sync"
)

const (
	goroutines  = 6
	threads     = 4
	collections = 2
)

func main() {
	runtime.GOMAXPROCS(threads)
	var done sync.WaitGroup
	finished := make([]int, goroutines)
	stop := make(chan struct{})
	for i := range finished {
		done.Add(1)
		go func(steps *int) {
			defer done.Done()
			compute(steps, stop)
		}(&finished[i])
	}
	for n := 0; n < collections; n++ {
		runtime.GC()
	}
	close(stop)
	done.Wait()
	fmt.Println(len(finished))
}

// compute works until it is told to stop; it looks often, and never waits.
func compute(steps *int, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
			for i := 0; i < 1_000_000; i++ {
				*steps += i & 1
			}
		}
	}
}
