// objectgraph.go - the workload objectgraph (workloads/objectgraph.py) in Go.
//
// One unit of scale is six objects on the heap in both.  Python: an instance, its
// __dict__ (from 3.11 on none, it is a part of the instance), a list, a dict, a str
// and an int.  Go: a node, a pair, a map and the table of its entries, the bytes of
// a string and a boxed int, of which the runtime packs the last two into blocks of
// 16 bytes.  In both the int is one, which all three refer to, and the link leads to
// another unit.
//
// A request reads as many ints, makes as many short-lived maps with a list in each,
// and drops one cycle.  What Go's allocator does with them is Go's affair: maps are
// larger than dicts and nothing is freed before a collection.

package main

import "strconv"

const (
	reads  = 50
	dicts  = 200
	stride = 7
)

type pair struct {
	text   string
	number any
}

type node struct {
	number any
	pair   *pair
	link   map[string]any
}

// warm returns scale linked nodes; scale is at least 1.
func warm(scale int) []*node {
	nodes := make([]*node, scale)
	for number := range nodes {
		nodes[number] = &node{number: number}
	}
	for number, n := range nodes {
		n.pair = &pair{strconv.Itoa(number), n.number}
		n.link = map[string]any{
			"k": n.number,
			"p": nodes[stride*number%scale],
		}
	}
	return nodes
}

// made is what the last request made; a variable of the package, or the compiler
// might keep all of it on the stack.
var made []map[string]any

// request serves request n and returns the sum of what it read.
func request(nodes []*node, n int) int {
	total := 0
	for j := 0; j < reads; j++ {
		total += nodes[(reads*n+j)%len(nodes)].number.(int)
	}
	made = nil
	for j := 0; j < dicts; j++ {
		made = append(made, map[string]any{"items": []any{j}})
	}
	cycle := make([]any, 1)
	cycle[0] = map[string]any{"owner": cycle}
	return total
}
