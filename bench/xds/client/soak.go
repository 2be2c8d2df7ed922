package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// minute is one line of a soak's record.
type minute struct {
	Minute       float64
	RSSMB        float64
	SlowestMs    float64 // from the change to the last stream that has it
	CPUms        float64 // server, per change
	Reconnects   int
	Missed       int
	BrokenSoFar  int64
	ChangesSoFar int
}

// soak changes the marker each second, ends and opens streams meanwhile, and sees to it that each change arrives at
// every stream.
func soak(res *result, streams []*stream, w uint64, server processes) error {
	start := time.Now()
	for n := 0; time.Since(start) < *fSoak; {
		m := minute{}
		cpu := server.usage().ns
		changes := 0
		for began := time.Now(); time.Since(began) < time.Minute && time.Since(start) < *fSoak; changes++ {
			next := time.Now().Add(time.Second)
			if err := reconnect(streams, *fReconnect); err != nil {
				return err
			}
			m.Reconnects += *fReconnect
			w++
			took, missed, err := changeAndFollow(w)
			if err != nil {
				return err
			}
			m.SlowestMs = max(m.SlowestMs, took)
			m.Missed += missed
			time.Sleep(time.Until(next))
		}
		n += changes
		u := server.usage()
		m.Minute = time.Since(start).Minutes()
		m.RSSMB, m.CPUms = float64(u.rssKB)/1024, float64(u.ns-cpu)/1e6/float64(max(1, changes))
		m.BrokenSoFar, m.ChangesSoFar = broken.Load(), n
		res.Soak = append(res.Soak, m)
		fmt.Fprintf(os.Stderr, "%.1f min: %.0f MB, slowest %.0f ms, %.1f ms CPU a change, %d reconnects, %d missed, %d broken\n",
			m.Minute, m.RSSMB, m.SlowestMs, m.CPUms, m.Reconnects, m.Missed, m.BrokenSoFar)
		if m.Missed > 0 {
			return fmt.Errorf("%d updates were missed", m.Missed)
		}
	}
	return nil
}

// reconnect ends some streams and opens them anew, as clients whose server or network went away.
func reconnect(streams []*stream, count int) error {
	for range count {
		i := rand.IntN(len(streams))
		streams[i].close()
		s, err := open(i)
		if err != nil {
			return err
		}
		streams[i] = s
	}
	return nil
}

// changeAndFollow sets the marker and waits until every stream has it; how long the last took, ms, and how many never had it.
func changeAndFollow(w uint64) (float64, int, error) {
	start := time.Now()
	if err := trigger(w); err != nil {
		return 0, 0, err
	}
	for {
		missing := 0
		for i := range lastSeen {
			if lastSeen[i].Load() != w {
				missing++
			}
		}
		took := time.Since(start)
		if missing == 0 || took > *fTimeout {
			return ms(took), missing, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}
