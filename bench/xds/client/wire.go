package main

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// Bytes in, bytes out: nothing that the client measures is spent on messages as objects.

type frame struct{ b mem.Buffer }
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (rawCodec) Unmarshal(d mem.BufferSlice, v any) error {
	v.(*frame).b = d.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}

var _ encoding.CodecV2 = rawCodec{}

// walk calls f for each field; bytes fields give val, varints give num.
func walk(b []byte, f func(n protowire.Number, val []byte, num uint64) bool) bool {
	for len(b) > 0 {
		n, t, l := protowire.ConsumeTag(b)
		if l < 0 {
			return false
		}
		b = b[l:]
		switch t {
		case protowire.BytesType:
			v, l := protowire.ConsumeBytes(b)
			if l < 0 {
				return false
			}
			b = b[l:]
			if !f(n, v, 0) {
				return true
			}
		case protowire.VarintType:
			v, l := protowire.ConsumeVarint(b)
			if l < 0 {
				return false
			}
			b = b[l:]
			if !f(n, nil, v) {
				return true
			}
		default:
			l := protowire.ConsumeFieldValue(n, t, b)
			if l < 0 {
				return false
			}
			b = b[l:]
		}
	}
	return true
}

func sub(b []byte, path ...protowire.Number) []byte { // first message at path
	for _, p := range path {
		var got []byte
		walk(b, func(n protowire.Number, v []byte, _ uint64) bool {
			if n == p && v != nil {
				got = v
				return false
			}
			return true
		})
		if got == nil {
			return nil
		}
		b = got
	}
	return b
}

func u32val(b []byte) (out uint64) {
	walk(b, func(n protowire.Number, _ []byte, x uint64) bool {
		if n == 1 {
			out = x
		}
		return true
	})
	return
}

// RouteConfiguration.virtual_hosts(2)[0].routes(3)[0].route(2).weighted_clusters(3).clusters(1)[0].weight(2)
func rdsMarker(b []byte) uint64 { return u32val(sub(b, 2, 3, 2, 3, 1, 2)) }

// ClusterLoadAssignment.endpoints(2)[0].lb_endpoints(2)[0].load_balancing_weight(4)
func edsMarker(b []byte) uint64 { return u32val(sub(b, 2, 2, 4)) }
