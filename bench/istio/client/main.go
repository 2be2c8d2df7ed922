// client is a fleet of xDS clients that speak as Istio's sidecars do, to istiod (delta ADS: clusters, endpoints,
// listeners and the routes of one port) or to Penstock (delta RTDS). It is told a marker on stdin and says on stdout
// when the first, the median and the last of them has seen it, and how many bytes all of them received meanwhile.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync/atomic"
	"time"
)

var (
	fAddr  = flag.String("addr", "", "server address")
	fN     = flag.Int("n", 200, "sidecars")
	fKind  = flag.String("kind", "istiod", "istiod|penstock")
	fRoute = flag.String("route", "9000", "istiod: name of the route configuration")
	fRamp  = flag.Duration("ramp", 60*time.Millisecond, "between two new streams: istiod admits so many a second")
	fQuiet = flag.Duration("quiet", 1500*time.Millisecond, "without an answer for so long a round has ended")
)

// What is looked for, and who has seen it.
type round struct {
	marker   []byte
	arrivals []atomic.Int64
	missing  atomic.Int64
}

var (
	current  atomic.Pointer[round]
	received atomic.Int64
	lastAt   atomic.Int64
)

type result struct {
	FirstMs, MedianMs, LastMs float64
	LastUnixMs                float64
	Bytes                     int64
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run() error {
	for i := 0; i < *fN; i++ {
		s, err := open(context.Background(), i)
		if err != nil {
			return err
		}
		go s.loop()
		time.Sleep(*fRamp)
	}
	settle()
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		marker, err := hex.DecodeString(lines.Text())
		if err != nil {
			return err
		}
		r := &round{marker: marker, arrivals: make([]atomic.Int64, *fN)}
		r.missing.Store(int64(*fN))
		before := received.Load()
		current.Store(r)
		fmt.Println("armed")
		for r.missing.Load() > 0 {
			time.Sleep(time.Millisecond)
		}
		settle()
		line, _ := json.Marshal(r.result(received.Load() - before))
		fmt.Println(string(line))
	}
	return lines.Err()
}

// settle waits until nothing has come for a while.
func settle() {
	for {
		last := lastAt.Load()
		if last != 0 && time.Since(time.Unix(0, last)) > *fQuiet {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (r *round) result(bytes int64) result {
	at := make([]float64, len(r.arrivals))
	for i := range r.arrivals {
		at[i] = float64(r.arrivals[i].Load()) / 1e6
	}
	sort.Float64s(at)
	return result{FirstMs: at[0], MedianMs: at[len(at)/2], LastMs: at[len(at)-1], LastUnixMs: at[len(at)-1], Bytes: bytes}
}
