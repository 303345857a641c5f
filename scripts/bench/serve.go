package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
)

// served is a server that runs in this process.
type served interface {
	Address() string // host:port
	Close()
}

// serve is this program as a server under test: it says its address on stdout and then obeys stdin, until that ends.
func serve(name, folder string) error {
	s, err := listen(name, folder)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Println(s.Address())
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		answer, err := obey(strings.SplitN(in.Text(), " ", 2))
		if err != nil {
			answer.Error = err.Error()
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return in.Err()
}

func listen(name, folder string) (served, error) {
	switch name {
	case relaySQLite, relayMemory, relayNode:
		return serveRelay(name, folder)
	case natsCore:
		return serveNATS("", false)
	case natsStream:
		return serveNATS(folder, true)
	case natsStreamLax:
		return serveNATS(folder, false)
	case bareForwarder:
		return serveForwarder()
	}
	return nil, fmt.Errorf("there is no server %q", name)
}

// obey does one of:
//
//	goroutines       nothing; they are counted in every answer
//	collect          free what is garbage, and give it back to the system
//	profile <file>   begin to write a profile of the CPU
//	end <file>       end it, and write one of the memory
func obey(words []string) (told, error) {
	answer := told{Goroutines: runtime.NumGoroutine()}
	file := words[len(words)-1]
	switch words[0] {
	case "goroutines":
	case "collect":
		debug.FreeOSMemory()
	case "profile":
		f, err := os.Create(file)
		if err != nil {
			return answer, err
		}
		return answer, pprof.StartCPUProfile(f) // the end of the program closes the file
	case "end":
		pprof.StopCPUProfile()
		f, err := os.Create(file)
		if err != nil {
			return answer, err
		}
		defer f.Close()
		runtime.GC()
		return answer, pprof.Lookup("heap").WriteTo(f, 0)
	default:
		return answer, fmt.Errorf("%q is not understood", words)
	}
	return answer, nil
}
