package main

import (
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type usage struct {
	ns    int64 // sum of schedstat over threads
	rssKB int64
	hwmKB int64
}

// processes are those of the server, by their PIDs.
type processes []string

// usage sums what they have used so far.
func (pids processes) usage() (u usage) {
	for _, p := range pids {
		if p == "" {
			continue
		}
		ts, _ := filepath.Glob("/proc/" + p + "/task/*/schedstat")
		for _, t := range ts {
			if b, err := os.ReadFile(t); err == nil {
				f := strings.Fields(string(b))
				if len(f) > 0 {
					a, _ := strconv.ParseInt(f[0], 10, 64)
					u.ns += a
				}
			}
		}
		if b, err := os.ReadFile("/proc/" + p + "/status"); err == nil {
			for _, l := range strings.Split(string(b), "\n") {
				f := strings.Fields(l)
				if len(f) > 1 && f[0] == "VmRSS:" {
					a, _ := strconv.ParseInt(f[1], 10, 64)
					u.rssKB += a
				}
				if len(f) > 1 && f[0] == "VmHWM:" {
					a, _ := strconv.ParseInt(f[1], 10, 64)
					u.hwmKB += a
				}
			}
		}
	}
	return
}

func selfCPU() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// machine-wide busy time in ticks
func busyTicks() int64 {
	b, _ := os.ReadFile("/proc/stat")
	f := strings.Fields(strings.SplitN(string(b), "\n", 2)[0])
	var s int64
	for i, x := range f[1:] {
		if i == 3 || i == 4 || i >= 8 {
			continue
		}
		a, _ := strconv.ParseInt(x, 10, 64)
		s += a
	}
	return s
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func pct(v []float64, p float64) float64 {
	if len(v) == 0 {
		return 0
	}
	i := int(p*float64(len(v))+0.999999) - 1
	if i < 0 {
		i = 0
	}
	if i >= len(v) {
		i = len(v) - 1
	}
	return v[i]
}

func median(v []float64) float64 {
	w := append([]float64(nil), v...)
	sort.Float64s(w)
	return pct(w, 0.5)
}
