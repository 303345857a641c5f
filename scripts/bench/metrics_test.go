package main

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"claudemesh.com/mesh/relay/metrics"
	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/relay/relaytest"
	"claudemesh.com/mesh/relay/server"
	"claudemesh.com/mesh/relay/store/memory"
	"claudemesh.com/mesh/shared/wire"
)

// Prometheus's own parser reads what a relay shows. It is tested here, and not where it is written, so that the product does not
// depend on the parser.
func TestPrometheusReadsTheMetrics(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	origin := relaytest.Origin(listener.Addr().String())
	config := relaytest.Config(origin, memory.New(time.Now()), slog.New(slog.DiscardHandler))
	config.Metrics.Runtime()
	const odd = "a \"quoted\" \\ value\nof two lines, {and} = more"
	config.Metrics.Counters("odd_total", "Help with a \\ and\na second line.", "odd").With(odd).Add(3)
	relay := server.New(config)
	served := make(chan error, 1)
	go func() { served <- relay.Serve(listener) }()
	transport := &http.Transport{}
	m := protocoltest.Found(t, protocoltest.Target{URL: "http://" + listener.Addr().String(), Origin: origin, HTTP: &http.Client{Transport: transport}})
	owner := m.Connect(t, m.Owner)
	owner.Send(0, m.Topic(m.Owner, 100, wire.GeneralTopic(m.ID)))
	owner.Accepted(1)
	owner.Write(wire.AppendFrame(nil, 0x77, nil))
	owner.Complains(wire.CodeUnknownFrame)
	owner.HangUp()
	transport.CloseIdleConnections()
	relay.Drain(t.Context())
	if err := <-served; err != nil {
		t.Fatal(err)
	}

	var text bytes.Buffer
	if err := config.Metrics.Write(&text); err != nil {
		t.Fatal(err)
	}
	if want := expfmt.NewFormat(expfmt.TypeTextPlain); string(want) != metrics.ContentType {
		t.Errorf("the type is %q, want %q", metrics.ContentType, want)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(&text)
	if err != nil {
		t.Fatal(err)
	}
	for name, family := range families {
		kind := strings.ToLower(family.GetType().String())
		if counter := strings.HasSuffix(name, "_total"); counter != (kind == "counter") || family.GetHelp() == "" || kind == "untyped" {
			t.Errorf("%s is a %s with the help %q", name, kind, family.GetHelp())
		}
	}
	value := func(name string) float64 {
		if f := families[name]; len(f.GetMetric()) == 1 {
			return f.Metric[0].GetCounter().GetValue()
		}
		return -1
	}
	if value("claudemesh_envelopes_accepted_total") != 1 || value("claudemesh_refused_total") != 1 || value("odd_total") != 3 {
		t.Errorf("read %v", families)
	}
	if labels := families["odd_total"].GetMetric()[0].GetLabel(); len(labels) != 1 || labels[0].GetValue() != odd {
		t.Errorf("the odd label is read as %v", labels)
	}
	commits := families["claudemesh_commit_seconds"].GetMetric()[0].GetHistogram()
	last := commits.GetBucket()[len(commits.GetBucket())-1]
	if commits.GetSampleCount() == 0 || last.GetCumulativeCount() != commits.GetSampleCount() || commits.GetSampleSum() <= 0 {
		t.Errorf("the histogram of commits is read as %v", commits)
	}
}
