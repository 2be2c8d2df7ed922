package main

import (
	"fmt"
	"hash/maphash"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
)

type stream struct {
	id    int
	cs    grpc.ClientStream
	conn  *grpc.ClientConn
	sent  bool            // node sent
	ver   [4]string       // sotw
	nonce [4]string       // sotw
	names [4]*nameSet     // sotw: resource_names, shared between streams
	base  [4]*nameSet     // delta: names first subscribed, shared between streams
	have  map[string]bool // delta: names subscribed later
	want  [4]int
	got   [4]int
	seen  [4]bool
	ldsOn bool
	sync  time.Time
	isSyn bool
	// It reads nothing more.
	stalled atomic.Bool
	// It is ended from here.
	closed atomic.Bool
}

func (s *stream) close() {
	s.closed.Store(true)
	_ = s.conn.Close()
}

func appendStr(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func (s *stream) node() []byte {
	if s.sent {
		return nil
	}
	s.sent = true
	var b []byte
	b = appendStr(b, 1, "sidecar-"+strconv.Itoa(s.id))
	b = appendStr(b, 2, "bench")
	b = appendStr(b, 6, "xdsload")
	return b
}

func (s *stream) send(b []byte) error {
	return s.cs.SendMsg(b)
}

// delta request
func (s *stream) delta(t int, subscribe []string, nonce string) error {
	var b []byte
	if n := s.node(); n != nil {
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), n)
	}
	b = appendStr(b, 2, tNames[t])
	for _, x := range subscribe {
		b = appendStr(b, 3, x)
	}
	b = appendStr(b, 6, nonce)
	return s.send(b)
}

// sotw request with the current names/version/nonce of type t
func (s *stream) sotw(t int) error {
	var b []byte
	b = appendStr(b, 1, s.ver[t])
	if n := s.node(); n != nil {
		b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), n)
	}
	if s.names[t] != nil {
		b = append(b, s.names[t].enc...)
	}
	b = appendStr(b, 4, tNames[t])
	b = appendStr(b, 5, s.nonce[t])
	return s.send(b)
}

type nameSet struct {
	enc []byte
	set map[string]struct{}
}

var nameSets sync.Map // hash of the encoding -> *nameSet

func intern(names []string) *nameSet {
	sort.Strings(names)
	var b []byte
	for _, n := range names {
		b = appendStr(b, 3, n)
	}
	h := maphash.Bytes(seed, b)
	if v, ok := nameSets.Load(h); ok {
		return v.(*nameSet)
	}
	ns := &nameSet{enc: b, set: make(map[string]struct{}, len(names))}
	for _, n := range names {
		ns.set[n] = struct{}{}
	}
	v, _ := nameSets.LoadOrStore(h, ns)
	return v.(*nameSet)
}

func (s *stream) isSynced() bool {
	if *fSub == "rds" {
		return s.got[3] > 0
	}
	return s.seen[0] && s.seen[2] && s.got[1] >= s.want[1] && s.got[3] >= s.want[3]
}

func (s *stream) start() error {
	if *fMode == "delta" {
		if *fSub == "rds" {
			s.want[3] = 1
			return s.delta(3, []string{*fCanary}, "")
		}
		if err := s.delta(0, nil, ""); err != nil {
			return err
		}
		return nil
	}
	if *fSub == "rds" {
		s.want[3] = 1
		s.names[3] = intern([]string{*fCanary})
		return s.sotw(3)
	}
	if err := s.sotw(0); err != nil {
		return err
	}
	return nil
}

func (s *stream) handle(b []byte, at time.Time) error {
	isDelta := *fMode == "delta"
	var typ []byte
	var ver, nonce string
	// first pass: the small fields
	walk(b, func(n protowire.Number, v []byte, _ uint64) bool {
		switch {
		case n == 4:
			typ = v
		case n == 5:
			nonce = string(v)
		case n == 1 && !isDelta:
			ver = string(v)
		}
		return true
	})
	t := tIdx(typ)
	if t < 0 {
		return fmt.Errorf("unexpected type %q", typ)
	}
	mark := t == 3 && *fMarker == "rds" || t == 1 && *fMarker == "eds"
	cnt := 0
	var refs []string
	each := func(name, val []byte) {
		cnt++
		if t == 0 || t == 2 {
			if r := info(tNames[t], val); r.ref != "" {
				refs = append(refs, r.ref)
			}
		}
		if mark {
			if name == nil {
				name = sub(val, 1)
			}
			if string(name) == *fCanary {
				var w uint64
				if *fMarker == "rds" {
					w = rdsMarker(val)
				} else {
					w = edsMarker(val)
				}
				saw(s.id, w, at)
			}
		}
	}
	walk(b, func(n protowire.Number, v []byte, _ uint64) bool {
		if n != 2 {
			return true
		}
		if isDelta {
			var name, any []byte
			walk(v, func(n protowire.Number, x []byte, _ uint64) bool {
				if n == 3 {
					name = x
				} else if n == 2 {
					any = x
				}
				return true
			})
			each(name, sub(any, 2))
		} else {
			each(nil, sub(v, 2))
		}
		return true
	})
	msgs.Add(1)
	bytesRx.Add(int64(len(b)))
	resRx.Add(int64(cnt))
	if s.isSyn && *fAckAfter > 0 {
		time.Sleep(*fAckAfter)
	}
	s.seen[t] = true
	if isDelta {
		s.got[t] += cnt
	} else if t == 0 || t == 2 {
		s.got[t] = cnt
	} else {
		s.got[t] += cnt
	}
	if isDelta {
		if err := s.delta(t, nil, nonce); err != nil {
			return err
		}
	} else {
		s.ver[t], s.nonce[t] = ver, nonce
		if err := s.sotw(t); err != nil {
			return err
		}
	}
	// children
	if (t == 0 || t == 2) && *fSub == "full" {
		c := t + 1
		if isDelta {
			var add []string
			if s.base[c] == nil {
				if len(refs) > 0 {
					s.base[c] = intern(refs)
					add = refs
				}
			} else {
				for _, r := range refs {
					if _, ok := s.base[c].set[r]; !ok && !s.have[r] {
						if s.have == nil {
							s.have = map[string]bool{}
						}
						s.have[r] = true
						add = append(add, r)
					}
				}
			}
			if len(add) > 0 {
				s.want[c] += len(add)
				if err := s.delta(c, add, ""); err != nil {
					return err
				}
			}
		} else if len(refs) > 0 {
			if ns := intern(refs); ns != s.names[c] {
				s.names[c] = ns
				s.want[c] = len(refs)
				if err := s.sotw(c); err != nil {
					return err
				}
			}
		}
	}
	if !s.ldsOn && *fSub == "full" && s.seen[0] && s.got[1] >= s.want[1] {
		s.ldsOn = true
		var err error
		if isDelta {
			err = s.delta(2, nil, "")
		} else {
			err = s.sotw(2)
		}
		if err != nil {
			return err
		}
	}
	if !s.isSyn && s.isSynced() {
		s.isSyn = true
		s.sync = at
		synced.Add(1)
	}
	return nil
}

func (s *stream) loop() {
	var f frame
	for {
		err := s.cs.RecvMsg(&f)
		at := time.Now()
		if s.stalled.Load() {
			return
		}
		if err == nil {
			err = s.handle(f.b.ReadOnlyData(), at)
			f.b.Free()
		}
		if err != nil {
			if !closing.Load() && !s.closed.Load() {
				fault(err)
			}
			return
		}
	}
}
