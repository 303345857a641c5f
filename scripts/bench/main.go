// Command bench puts the same load on the relay, on a NATS server and on a bare WebSocket forwarder, one after the other and
// several times, and prints how fast they were and what they took of the machine, side by side (docs/benchmarks.md).
//
// Each server is a process of its own, started for one load on a port of its own and stopped after it; this program is the
// load. What it does not do: judge the figures. It needs Linux, for /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// options are what the command line asks for.
type options struct {
	sizes
	relay       string // the relay's program
	rows        []string
	systems     []string
	repetitions int
	json        string
	profiles    string
}

func main() {
	var err error
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		err = serve(os.Args[2], os.Args[3])
	} else {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
		if err != nil && ctx.Err() != nil {
			err = errors.New("interrupted") // what failed, failed because of it
		}
		stop()
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{sizes: fullSizes}
	allRows, allSystems := names(rowsOf(fullSizes), func(r row) string { return r.name }), names(systems, func(s system) string { return s.name })
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rows := flags.String("rows", "", "only these of: "+strings.Join(allRows, ","))
	only := flags.String("systems", "", "only these of: "+strings.Join(allSystems, ","))
	short := flags.Bool("short", false, "little load, to see that everything runs")
	flags.IntVar(&o.repetitions, "repetitions", 0, "how often each row is taken (default 5, with -short 1)")
	backlog := flags.Int("backlog", 0, "messages that wait in the row drain (default 100000)")
	flags.StringVar(&o.json, "json", "", "write all figures to this file")
	flags.StringVar(&o.relay, "relay", "bin/claudemesh-relay", "the relay's program")
	flags.StringVar(&o.profiles, "profiles", "", "write profiles of the servers to this folder; the relay then runs inside of this program")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is not understood", flags.Args())
	}
	usual := 5
	if *short {
		o.sizes, usual = shortSizes, 1
	}
	if o.repetitions <= 0 {
		o.repetitions = usual
	}
	if *backlog > 0 {
		o.backlog = *backlog
	}
	var err error
	if o.rows, err = choose(*rows, allRows); err != nil {
		return nil, err
	}
	o.systems, err = choose(*only, allSystems)
	return o, err
}

func names[T any](all []T, name func(T) string) (list []string) {
	for _, x := range all {
		list = append(list, name(x))
	}
	return list
}

// choose checks a list of names; an empty one means all.
func choose(list string, known []string) ([]string, error) {
	if list == "" {
		return known, nil
	}
	chosen := strings.Split(list, ",")
	for _, name := range chosen {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%q is none of: %s", name, strings.Join(known, ","))
		}
	}
	return chosen, nil
}

// bench takes all rows and prints each when it is complete.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.profiles != "" {
		if err := os.MkdirAll(o.profiles, 0o755); err != nil {
			return err
		}
	}
	r := newReport()
	fmt.Fprintf(stdout, "%s, %s; median (smallest to largest) of %d\n", r.Time.Format("2006-01-02 15:04"), r.Machine, o.repetitions)
	for _, w := range rowsOf(o.sizes) {
		if !slices.Contains(o.rows, w.name) {
			continue
		}
		t, err := take(ctx, o, w, stderr)
		if err != nil {
			return err
		}
		t.markdown(stdout)
		r.Rows = append(r.Rows, t)
	}
	if o.json == "" {
		return nil
	}
	return r.writeJSON(o.json)
}

// take takes one row: every system in turn, as often as asked for, so that all see the same weather.
func take(ctx context.Context, o *options, w row, stderr io.Writer) (*table, error) {
	t := &table{Name: w.name, Says: w.says, figures: w.figures}
	var turns []system
	for _, s := range systems {
		if slices.Contains(w.systems, s.name) && slices.Contains(o.systems, s.name) {
			turns = append(turns, s)
			t.Systems = append(t.Systems, &taken{Name: s.name, says: s.says, Figures: map[string][]float64{}})
		}
	}
	for repetition := range o.repetitions {
		for i, s := range turns {
			fmt.Fprintf(stderr, "%s %d/%d: %s\n", w.name, repetition+1, o.repetitions, s.says)
			found, err := once(ctx, o, w, s, repetition+1)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", w.name, s.says, err)
			}
			t.Systems[i].add(w.figures, found)
		}
	}
	return t, nil
}
