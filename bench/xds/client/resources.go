package main

import (
	"hash/maphash"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// What is spoken of, by its names on the wire.
const (
	tCDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	tEDS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	tLDS = "type.googleapis.com/envoy.config.listener.v3.Listener"
	tRDS = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
)

type resInfo struct {
	name string
	ref  string // EDS name of a cluster, RDS name of a listener
}

var (
	seed  = maphash.MakeSeed()
	infos sync.Map // hash -> *resInfo
)

func info(typ string, b []byte) *resInfo {
	h := maphash.Bytes(seed, b)
	if v, ok := infos.Load(h); ok {
		return v.(*resInfo)
	}
	r := &resInfo{name: string(sub(b, 1))}
	switch typ {
	case tCDS:
		isEDS := false
		walk(b, func(n protowire.Number, v []byte, x uint64) bool {
			if n == 2 && v == nil && x == 3 {
				isEDS = true
			}
			return true
		})
		if isEDS {
			r.ref = r.name
			if s := sub(b, 3, 2); len(s) > 0 {
				r.ref = string(s)
			}
		}
	case tLDS: // filter_chains(3).filters(3).typed_config(4).value(2).rds(3).route_config_name(2)
		r.ref = string(sub(b, 3, 3, 4, 2, 3, 2))
		if r.ref == "" { // api_listener(19).api_listener(1).value(2).rds(3).route_config_name(2)
			r.ref = string(sub(b, 19, 1, 2, 3, 2))
		}
	}
	infos.Store(h, r)
	return r
}
