// driver.go - Go as an interpreter of the matrix: one cell of objectgraph.
//
// The harness starts it with the command lines that it has for Python, so that it
// needs to know nothing of Go there:
//
//	driver -B .../driver.py EXT_DIR SPEC WORKLOAD_FILE SCALE SEED SHM_FD
//	       FIRST_CHANNEL_FD WORKERS COLLECT_AT CHECKPOINTS
//	driver -B .../describe.py EXT_DIR "NAME ..." [SPEC...]
//
// and both mean what they mean to workloads/driver.py and workloads/describe.py.
// What differs: a Go program has threads from its start on and cannot fork.  The
// template starts this program again as each worker, with the worker's channel as
// descriptor 4 and the shared memory as 3, and each worker builds its own graph; so
// the template has none, and nothing is shared but the program's text.
//
// At COLLECT_AT a worker has a collection that it waits for, as Python's has.

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

const (
	workerShm     = 3
	workerChannel = 4

	noStrategies = "strategies are for CPython's heap; Go runs none only"
	noWorkloads  = "it is written in Python; Go has its own objectgraph only"
)

// cell is what the command line says.
type cell struct {
	extDir, spec, workload   string
	scale, shm, first, count int
	collectAt                int
	checkpoints              []int
}

// parse takes the arguments from EXT_DIR on, which the harness has made.
func parse(args []string) cell {
	var numbers []int
	for _, text := range append(args[3:9:9], strings.Split(args[9], ",")...) {
		n, err := strconv.Atoi(text)
		if err != nil {
			usage()
		}
		numbers = append(numbers, n)
	}
	return cell{
		extDir: args[0], spec: args[1], workload: args[2], scale: numbers[0],
		shm: numbers[2], first: numbers[3], count: numbers[4],
		collectAt: numbers[5], checkpoints: numbers[6:],
	}
}

func usage() {
	os.Stderr.WriteString("started by the harness only; see workloads/go\n")
	os.Exit(2)
}

// describe prints what is supported here.
func describe(args []string) {
	type strategy struct {
		Name   string  `json:"name"`
		Reason *string `json:"reason"`
	}
	// Canonical is left to those who know strategies.
	type stack struct {
		Spec      string  `json:"spec"`
		Canonical *string `json:"canonical,omitempty"`
		Reason    *string `json:"reason"`
	}
	document := struct {
		Strategies []strategy `json:"strategies"`
		Stacks     []stack    `json:"stacks"`
		Workloads  []string   `json:"workloads"`
		Others     string     `json:"other_workloads"`
	}{Workloads: []string{"objectgraph"}, Others: noWorkloads}
	none, why := "none", noStrategies
	for _, name := range strings.Fields(args[1]) {
		s := strategy{Name: name}
		if name != none {
			s.Reason = &why
		}
		document.Strategies = append(document.Strategies, s)
	}
	for _, spec := range args[2:] {
		s := stack{Spec: spec}
		if spec == none {
			s.Canonical = &none
		} else {
			s.Reason = &why
		}
		document.Stacks = append(document.Stacks, s)
	}
	json.NewEncoder(os.Stdout).Encode(document)
}

// environment is what workers get: what changes Go's collector would change the
// meaning of the cell.
func environment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		switch strings.SplitN(entry, "=", 2)[0] {
		case "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

// startWorker starts worker index (1 and up), which dies with this thread.
func startWorker(c cell, index int, environment []string) (int, error) {
	argv := append([]string{os.Args[0], "worker", strconv.Itoa(index)},
		os.Args[3:]...)
	return syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{
		Env: environment,
		Files: []uintptr{0, 1, 2, uintptr(c.shm),
			uintptr(c.first + index)},
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
}

// template starts the workers and waits for their end.
func template(c cell) {
	runtime.LockOSThread()
	p, err := attach(c.shm, c.first, 0)
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	version := strings.Fields(runtime.Version())[0]
	if filepath.Base(c.extDir) != version {
		p.fail("this program was compiled by " + version +
			"; run configure and make again")
	}
	if c.spec != "none" {
		p.fail("strategy: " + noStrategies)
	}
	if filepath.Base(c.workload) != "objectgraph.py" {
		p.fail("workload: " + noWorkloads)
	}
	for _, phase := range []string{"start", "warm", "frozen"} {
		p.barrier(phase)
	}
	syscall.CloseOnExec(c.shm)
	for index := 1; index <= c.count; index++ {
		syscall.CloseOnExec(c.first + index)
	}
	var pids []int
	kept := environment()
	for index := 1; index <= c.count; index++ {
		pid, err := startWorker(c, index, kept)
		if err != nil {
			p.fail("starting a worker: " + err.Error())
		}
		syscall.Close(c.first + index)
		pids = append(pids, pid)
	}
	p.barrier("forked")
	for n, pid := range pids {
		var status syscall.WaitStatus
		for {
			_, err := syscall.Wait4(pid, &status, 0, nil)
			if err != syscall.EINTR {
				break
			}
		}
		p.tell("exited", strconv.Itoa(n+1)+" "+strconv.Itoa(int(status)))
	}
	p.barrier("exit")
}

// worker lives until the harness lets it go after the last checkpoint.
func worker(c cell, index int) {
	p, err := attach(workerShm, workerChannel, index)
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	syscall.Close(workerShm)
	nodes := warm(c.scale)
	p.forgetPauses()
	served := 0
	for _, stop := range c.checkpoints {
		p.serve(nodes, served, stop)
		served = stop
		if stop == c.collectAt {
			runtime.GC()
		}
		p.barrier(strconv.Itoa(stop))
	}
}

func main() {
	if len(os.Args) < 5 {
		usage()
	}
	what, args := os.Args[1], os.Args[3:]
	switch {
	case what == "worker" && len(args) == 10:
		index, err := strconv.Atoi(os.Args[2])
		if err != nil {
			usage()
		}
		worker(parse(args), index)
	case filepath.Base(os.Args[2]) == "describe.py":
		describe(args)
	case filepath.Base(os.Args[2]) == "driver.py" && len(args) == 10:
		template(parse(args))
	default:
		usage()
	}
}
