package main

// push is one change, timed. Times are ms.
type push struct {
	P50, P99, Max float64
	SrvCPUms      float64
	CliCPUms      float64
	Bytes         int64
	Msgs          int64
	Foreign       float64 // cores used by others while the push was measured
	Missing       int64
	Clean         bool
}

// result is what is printed, as one line of JSON.
type result struct {
	Label, Mode, Sub, Marker string
	N, Stalled               int
	SyncP50, SyncP99, SyncMs float64
	SyncSrvCPUms             float64
	SyncCliCPUms             float64
	SyncMB                   float64
	SyncRes                  int64
	SyncForeign              float64
	RSS0MB, RSSSyncMB        float64
	RSSEndMB, RSSPeakMB      float64
	Pushes                   []push
	P50, P99, Max            float64
	SrvCPUms, CliCPUms       float64
	PushBytesPerStream       float64
	Foreign                  float64
	Clean                    int
	Burst                    int
	BurstMs, BurstTriggerMs  float64
	BurstSrvCPUms            float64
	BurstMsgsPerStream       float64
	Soak                     []minute
	Broken                   int64
	Err                      string
}

// summarize takes the medians of the clean pushes, or of all where fewer than three were clean.
func (r *result) summarize() {
	var p50, p99, most, server, client, foreign []float64
	var bytes int64
	for _, p := range r.Pushes {
		bytes += p.Bytes
		if r.Clean >= 3 && !p.Clean {
			continue
		}
		p50, p99, most = append(p50, p.P50), append(p99, p.P99), append(most, p.Max)
		server, client, foreign = append(server, p.SrvCPUms), append(client, p.CliCPUms), append(foreign, p.Foreign)
	}
	r.P50, r.P99, r.Max = median(p50), median(p99), median(most)
	r.SrvCPUms, r.CliCPUms, r.Foreign = median(server), median(client), median(foreign)
	r.PushBytesPerStream = float64(bytes) / float64(max(1, len(r.Pushes))) / float64(r.N)
}
