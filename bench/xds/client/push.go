package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

var admin = &http.Client{Timeout: 2 * time.Minute}

// trigger asks the server to set the marker to w.
func trigger(w uint64) error {
	response, err := admin.Post(strings.ReplaceAll(*fTrigger, "{W}", strconv.FormatUint(w, 10)), "text/plain", nil)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if response.StatusCode/100 != 2 {
		return errors.New(response.Status)
	}
	return nil
}

// quiet waits until no message has come for a while.
func quiet() {
	last := msgs.Load()
	for still := 0; still < 3; {
		time.Sleep(50 * time.Millisecond)
		if now := msgs.Load(); now == last {
			still++
		} else {
			last, still = now, 0
		}
	}
}

// calm waits a while for other processes to leave the machine alone.
func calm(server processes) {
	for start := time.Now(); time.Since(start) < *fWait; {
		u, own, busy, t := server.usage(), selfCPU(), busyTicks(), time.Now()
		time.Sleep(200 * time.Millisecond)
		ours := float64(server.usage().ns-u.ns)/1e6 + ms(selfCPU()-own)
		if (float64(busyTicks()-busy)*10-ours)/ms(time.Since(t)) < *fClean {
			return
		}
	}
}

// pushOnce changes the marker and waits until every stream that is not stalled has it.
func pushOnce(w uint64, server processes, measured bool) (push, error) {
	if measured {
		calm(server)
	}
	g := addGen(w, *fN)
	before, own, busy, bytes, messages := server.usage(), selfCPU(), busyTicks(), bytesRx.Load(), msgs.Load()
	start := time.Now()
	triggered := make(chan error, 1)
	go func() { triggered <- trigger(w) }()
	var p push
	deadline := time.After(*fTimeout)
	select {
	case <-g.done:
	case <-deadline:
		p.Missing = g.left.Load()
	}
	var err error
	select {
	case err = <-triggered:
	case <-deadline:
		err = errors.New("the trigger did not return")
	}
	quiet()
	time.Sleep(*fGap)
	wall := ms(time.Since(start))
	after := server.usage()
	p.SrvCPUms = float64(after.ns-before.ns) / 1e6
	p.CliCPUms = ms(selfCPU() - own)
	p.Foreign = (float64(busyTicks()-busy)*10 - p.SrvCPUms - p.CliCPUms) / wall
	p.Clean = p.Foreign < *fClean
	p.Bytes, p.Msgs = bytesRx.Load()-bytes, msgs.Load()-messages
	arrivals := g.arrivals(start)
	p.P50, p.P99, p.Max = pct(arrivals, .5), pct(arrivals, .99), pct(arrivals, 1)
	if p.Missing > 0 && err == nil {
		err = fmt.Errorf("%d streams did not see marker %d", p.Missing, w)
	}
	return p, err
}

// arrivals are the times after start at which the streams had it, ms, ascending.
func (g *gen) arrivals(start time.Time) []float64 {
	var took []float64
	for i := range g.arrival {
		if at := g.arrival[i].Load(); at != 0 {
			took = append(took, float64(at-start.UnixNano())/1e6)
		}
	}
	sort.Float64s(took)
	return took
}

// pushAll repeats pushes until enough of them were clean, and returns the last marker.
func pushAll(res *result, w uint64, server processes) (uint64, error) {
	for i := 0; i < *fMax && res.Clean < *fPushes; i++ {
		w++
		p, err := pushOnce(w, server, true)
		if err != nil {
			return w, err
		}
		if p.Clean {
			res.Clean++
		}
		res.Pushes = append(res.Pushes, p)
	}
	res.summarize()
	return w, nil
}

// burst changes the marker many times back to back and waits for the last.
func burst(res *result, w uint64, server processes) error {
	res.Burst = *fBurst
	before, messages := server.usage(), msgs.Load()
	start := time.Now()
	last := addGen(w+uint64(*fBurst), *fN)
	for i := 1; i <= *fBurst; i++ {
		if err := trigger(w + uint64(i)); err != nil {
			return err
		}
	}
	res.BurstTriggerMs = ms(time.Since(start))
	select {
	case <-last.done:
		res.BurstMs = pct(last.arrivals(start), 1)
	case <-time.After(*fTimeout):
		return fmt.Errorf("burst: %d streams did not see the last marker", last.left.Load())
	}
	quiet()
	time.Sleep(*fGap)
	res.BurstSrvCPUms = float64(server.usage().ns-before.ns) / 1e6
	res.BurstMsgsPerStream = float64(msgs.Load()-messages) / float64(*fN)
	return nil
}
