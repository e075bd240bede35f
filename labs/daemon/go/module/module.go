// module: a filter for sysdaemon, written in Go and loaded by C.
//
//	go build -buildmode=c-shared -o module.so ./module
//	sysdaemon -m ./module.so -d DIR
//
// dlopen(3) runs the initialisation of a whole Go runtime inside of the C
// program: its threads, its signal handlers, its heap. From then on a call from
// C costs some hundred nanoseconds, and fork(2) without exec is over. The
// functions are those of sysdaemon_filter.h.
package main

import "C"

import "strings"

// version is SYSDAEMON_FILTER_VERSION.
const version = 1

// What editors and browsers leave for a moment, and nobody wants in a log.
var passing = []string{".swp", ".tmp", ".part", "~"}

//export filter_version
func filter_version() C.int {
	return version
}

//export filter_init
func filter_init() C.int {
	return 0
}

//export filter_event
func filter_event(event, path *C.char) C.int {
	if wanted(C.GoString(event), C.GoString(path)) {
		return 1
	}
	return 0
}

// wanted says whether an event is logged. The strings are Go's own: what C
// handed over is copied, since C may free it as soon as we return.
func wanted(_, path string) bool {
	for _, suffix := range passing {
		if strings.HasSuffix(path, suffix) {
			return false
		}
	}
	return true
}

func main() {} // c-shared wants one, and never calls it
