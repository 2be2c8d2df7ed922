package main

import (
	"sync/atomic"
	"time"
)

type gen struct {
	w       uint64
	left    atomic.Int64
	arrival []atomic.Int64 // ns since epoch per stream
	done    chan struct{}
}

var (
	gens     atomic.Pointer[map[uint64]*gen]
	msgs     atomic.Int64
	bytesRx  atomic.Int64
	resRx    atomic.Int64
	synced   atomic.Int64
	broken   atomic.Int64
	closing  atomic.Bool
	lastSeen []atomic.Uint64
)

func tIdx(t []byte) int {
	switch string(t) {
	case tCDS:
		return 0
	case tEDS:
		return 1
	case tLDS:
		return 2
	case tRDS:
		return 3
	}
	return -1
}

var tNames = [4]string{tCDS, tEDS, tLDS, tRDS}

func addGen(w uint64, n int) *gen {
	g := &gen{w: w, arrival: make([]atomic.Int64, n), done: make(chan struct{})}
	g.left.Store(int64(n - stalledCount()))
	m := map[uint64]*gen{}
	if p := gens.Load(); p != nil {
		for k, v := range *p {
			m[k] = v
		}
	}
	m[w] = g
	gens.Store(&m)
	return g
}

func saw(stream int, w uint64, at time.Time) {
	lastSeen[stream].Store(w)
	if stream < stalledCount() {
		return
	}
	p := gens.Load()
	if p == nil {
		return
	}
	g := (*p)[w]
	if g == nil {
		return
	}
	if g.arrival[stream].CompareAndSwap(0, at.UnixNano()) {
		if g.left.Add(-1) == 0 {
			close(g.done)
		}
	}
}

// fault counts a stream that broke, and keeps the first reason.
func fault(err error) {
	broken.Add(1)
	message := err.Error()
	firstErr.CompareAndSwap(nil, &message)
}
