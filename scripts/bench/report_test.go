package main

import (
	"io"
	"strings"
	"testing"
)

func TestMarkdown(t *testing.T) {
	table := &table{
		Says:    "A row",
		figures: []figure{rate, p99Milli, {"memory", "KiB each", kibi, 1}},
		Systems: []*taken{
			{Name: relaySQLite, says: "relay", Figures: map[string][]float64{"rate": {30_000, 10_000, 1_234_567}, "p99": {0.003, 0.001, 0.002}, "memory": {-2048}}},
			{Name: natsCore, says: "NATS", Figures: map[string][]float64{"rate": {10_000, 20_000, 1_234_567}, "p99": {0.001, 0.001, 0.001}}},
		},
	}
	var b strings.Builder
	table.markdown(&b)
	const want = `
### A row

| system | messages a second | p99, ms | KiB each |
| --- | --: | --: | --: |
| relay | 30,000 (10,000 to 1,234,567) | 2 (1 to 3) | −2.0 |
| NATS | 20,000 (10,000 to 1,234,567) | 1 (1 to 1) | – |
| relay ÷ NATS | 1.00 (0.50 to 3.00) | 2.00 (1.00 to 3.00) | – |
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-short", "-rows", "rtt,load", "-systems", "nats", "-backlog", "7"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.repetitions != 1 || o.backlog != 7 || o.pairs != shortSizes.pairs || strings.Join(o.rows, " ") != "rtt load" || strings.Join(o.systems, " ") != "nats" {
		t.Errorf("got %+v", o)
	}
	for _, args := range [][]string{{"-rows", "rtt,x"}, {"-systems", "x"}, {"more"}, {"-x"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
