// probe.go - what permafrost.probe is to Python: channel, shared memory, pauses.
//
// The layout of the shared memory is that of strategies/shm.h, the histogram that of
// strategies/hdr.h; `magic` and `size` tell when it is another.
//
// A pause is what debug.ReadGCStats tells of a cycle, MemStats.PauseNs: the sum of
// the times at which the program stands still, the one before marking (sweep
// termination) and the one after it (mark termination; rarely twice), each from the
// moment that the collector wants the program to stop.  The last ends a little before
// the program goes on, while the runtime still writes down its figures (runtime's
// mgc.go, gcStart and gcMarkTermination, in 1.19 as in 1.26).  Marking, sweeping, and
// the marking that a request does itself because it allocates (assists) run beside
// the program or as a part of it: they show in latencies and CPU time.
//
// Every cycle collects the whole heap, so it counts as generation 2.  The runtime
// keeps 256 pauses; they are read so often that a few come together at most (with the
// smallest heap there is a cycle in every 40 requests), and what was overwritten all
// the same counts as lost.

package main

import (
	"errors"
	"math/bits"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	shmMagic    = 0x3374736f72666d70
	generations = 3
	full        = 2
	sourceGo    = 4 // SHM_GC_GO

	readEvery = 64 // requests

	hdrBits    = 7
	hdrShift   = 35
	hdrBuckets = (hdrShift + 2) << hdrBits
	hdrMax     = 2<<(hdrBits+hdrShift) - 1

	harnessGone = 70 // EX_SOFTWARE, as probe.c
	lineMax     = 511
)

type histogram [hdrBuckets]uint64

// shmProcess is struct shm_process.
type shmProcess struct {
	pid             int32
	gcSource        uint32
	requests        uint64
	objects, frozen int64
	beforeForkNs    uint64
	forkNs          uint64
	collections     [generations]uint64
	gcNs            [generations]uint64
	gcMaxNs         [generations]uint64
	gcFaults        uint64
	gcOverflow      uint64
	gcUnmatched     uint64
	requestOverflow uint64
	lost            uint64
	passes          [10]uint64
	pauses          [generations]histogram
	latencies       histogram
}

// shmHeader is struct shm_header.
type shmHeader struct {
	magic, size, processes uint64
	layout                 [2]uint64
	layoutOffsets          [4]uint32
	collectionsDue         uint64
}

// process is this process as the harness knows it.
type process struct {
	slot    *shmProcess
	channel int
	stats   debug.GCStats
	cycles  int64 // counted, or before there was anything to count
}

// attach returns process index (0: the template) with its channel and its slot of
// the shared memory that shm is the descriptor of.
func attach(shm, channel, index int) (*process, error) {
	var stat syscall.Stat_t
	if err := syscall.Fstat(shm, &stat); err != nil {
		return nil, err
	}
	memory, err := syscall.Mmap(shm, 0, int(stat.Size),
		syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(channel)
	header := (*shmHeader)(unsafe.Pointer(&memory[0]))
	size := int(unsafe.Sizeof(shmProcess{}))
	at := int(unsafe.Sizeof(*header)) + index*size
	if header.magic != shmMagic || header.size != uint64(size) ||
		at+size > len(memory) {
		return nil, errors.New("this program and the harness were built " +
			"from different sources; run make")
	}
	p := &process{
		slot:    (*shmProcess)(unsafe.Pointer(&memory[at])),
		channel: channel,
	}
	p.slot.pid = int32(os.Getpid())
	p.slot.objects, p.slot.frozen = -1, -1
	p.slot.gcSource = sourceGo
	return p, nil
}

// leave ends the process: the harness is gone.
func (p *process) leave() {
	p.slot.lost = 1
	os.Exit(harnessGone)
}

// tell sends one line to the harness, unanswered.
func (p *process) tell(verb, text string) {
	line := strings.NewReplacer("\n", " ", "\r", " ").Replace(verb + " " + text)
	if len(line) > lineMax-1 {
		line = line[:lineMax-1]
	}
	left := []byte(line + "\n")
	for len(left) > 0 {
		n, err := syscall.Write(p.channel, left)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			p.leave()
		}
		left = left[n:]
	}
}

// barrier stands still until the harness says go.
func (p *process) barrier(name string) {
	var c [1]byte

	p.countPauses()
	p.tell("at", name)
	for c[0] != '\n' {
		n, err := syscall.Read(p.channel, c[:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			p.leave()
		}
	}
}

// fail ends the process with the reason why the cell fails.
func (p *process) fail(what string) {
	p.tell("error", what)
	os.Exit(1)
}

// add counts one value, or that it has no bucket.
func (h *histogram) add(value uint64, overflow *uint64) {
	shift := 0
	if value > hdrMax {
		*overflow++
		return
	}
	if value>>(hdrBits+1) != 0 {
		shift = bits.Len64(value) - 1 - hdrBits
	}
	h[shift<<hdrBits+int(value>>uint(shift))]++
}

// forgetPauses makes cycles that have ended so far none of this worker's serving.
func (p *process) forgetPauses() {
	debug.ReadGCStats(&p.stats)
	p.cycles = p.stats.NumGC
}

// countPauses adds the cycles that have ended since the last time.
func (p *process) countPauses() {
	debug.ReadGCStats(&p.stats)
	ended := p.stats.NumGC - p.cycles
	p.cycles = p.stats.NumGC
	if kept := int64(len(p.stats.Pause)); ended > kept {
		p.slot.gcUnmatched += uint64(ended - kept)
		ended = kept
	}
	for _, pause := range p.stats.Pause[:ended] {
		ns := uint64(pause)
		p.slot.collections[full]++
		p.slot.gcNs[full] += ns
		if ns > p.slot.gcMaxNs[full] {
			p.slot.gcMaxNs[full] = ns
		}
		p.slot.pauses[full].add(ns, &p.slot.gcOverflow)
	}
}

// serve serves the requests [first, last).
func (p *process) serve(nodes []*node, first, last int) {
	for n := first; n < last; n++ {
		start := time.Now()
		request(nodes, n)
		p.slot.latencies.add(uint64(time.Since(start)),
			&p.slot.requestOverflow)
		p.slot.requests++
		if n%readEvery == 0 {
			p.countPauses()
		}
	}
}
