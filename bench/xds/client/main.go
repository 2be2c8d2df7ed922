// client is a neutral xDS (ADS) load client. It knows no server: it speaks the delta or state-of-the-world
// protocol over gRPC with hand-walked protobuf, subscribes as Envoy does, acknowledges, and times how long a
// marker (a weight inside one named resource) takes to reach every stream. One JSON line is its result.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

var (
	fAddr      = flag.String("addr", "127.0.0.1:23800", "server address")
	fN         = flag.Int("n", 100, "streams, each on a connection of its own")
	fMode      = flag.String("mode", "delta", "delta|sotw")
	fSub       = flag.String("sub", "full", "full = CDS/LDS wildcard then EDS/RDS by name; rds = RDS of the canary only")
	fCanary    = flag.String("canary", "model-canary", "name of the marked resource")
	fMarker    = flag.String("marker", "rds", "rds = first weighted cluster's weight; eds = first endpoint's weight")
	fTrigger   = flag.String("trigger", "http://127.0.0.1:23801/bump?weight={W}", "POSTed per push, {W} replaced")
	fBase      = flag.Int("base", 3000000, "first marker is base+1 (between 2^21 and 2^28: its varint has 4 bytes)")
	fPushes    = flag.Int("pushes", 5, "clean measured pushes wanted")
	fMax       = flag.Int("max-pushes", 10, "bound on measured pushes, clean or not")
	fWarm      = flag.Int("warm", 2, "unmeasured pushes first")
	fGap       = flag.Duration("gap", 150*time.Millisecond, "quiet time after each push (ACKs are served in it)")
	fPID       = flag.String("pid", "", "server PIDs, comma separated: CPU and memory are read from /proc")
	fDialers   = flag.Int("dialers", 512, "streams being opened at once")
	fTimeout   = flag.Duration("timeout", 120*time.Second, "bound on the initial sync and on each push")
	fLabel     = flag.String("label", "", "copied to the result")
	fBurst     = flag.Int("burst", 0, "after the pushes: this many triggers back to back, then time to the last marker")
	fClean     = flag.Float64("clean", 0.3, "a push is clean when others used fewer cores than this meanwhile")
	fWait      = flag.Duration("quiet-wait", 2500*time.Millisecond, "wait at most this long before a push for others to be quiet")
	fStalled   = flag.Int("stalled", 0, "of 100 streams so many read nothing and acknowledge nothing once they are synced")
	fAckAfter  = flag.Duration("ack-after", 0, "synced streams acknowledge so long after an answer: many sidecars have as many processors, the client has one")
	fSoak      = flag.Duration("soak", 0, "instead of pushes: a change a second for so long, with reconnects")
	fReconnect = flag.Int("reconnects", 10, "streams that are ended and opened again each second of the soak")
)

var firstErr atomic.Pointer[string]

func main() {
	flag.Parse()
	debug.SetGCPercent(300)
	lastSeen = make([]atomic.Uint64, *fN)
	res := result{Label: *fLabel, Mode: *fMode, Sub: *fSub, Marker: *fMarker, N: *fN, Stalled: stalledCount()}
	err := run(&res)
	closing.Store(true)
	res.Broken = broken.Load()
	if e := firstErr.Load(); e != nil && err == nil && res.Broken > 0 {
		err = fmt.Errorf("%s", *e)
	}
	if err != nil {
		res.Err = err.Error()
	}
	line, _ := json.Marshal(res)
	fmt.Println(string(line))
	if err != nil {
		os.Exit(1)
	}
}

func run(res *result) error {
	server := processes(strings.Split(*fPID, ","))
	streams, err := syncAll(res, server)
	if err != nil {
		return err
	}
	w := uint64(*fBase)
	for i := 0; i < *fWarm; i++ {
		w++
		if _, err := pushOnce(w, server, false); err != nil {
			return fmt.Errorf("warm-up: %w", err)
		}
	}
	if n := stalledCount(); n > 0 {
		stall(streams[:n])
	}
	if *fSoak > 0 {
		return soak(res, streams, w, server)
	}
	if w, err = pushAll(res, w, server); err != nil {
		return err
	}
	if *fBurst > 0 {
		if err := burst(res, w, server); err != nil {
			return err
		}
	}
	end := server.usage()
	res.RSSEndMB, res.RSSPeakMB = float64(end.rssKB)/1024, float64(end.hwmKB)/1024
	return nil
}

func stalledCount() int { return *fN * *fStalled / 100 }
