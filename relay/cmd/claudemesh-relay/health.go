package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"claudemesh.com/mesh/shared/wire"
)

// healthLimit is how long a relay may take to say whether it is ready.
const healthLimit = 5 * time.Second

type health struct {
	URL string `arg:"" optional:"" help:"Where the relay listens. Default http://127.0.0.1:7900, or the port in BROKER_PORT."`
}

// Run asks a relay whether it takes connections and can store. It ends with 1 where it does not, so that a container without a
// shell can watch the relay in it.
func (h *health) Run(o *outside) error {
	base := h.URL
	if base == "" {
		address, err := parseListen("", o.env("BROKER_PORT"))
		if err != nil {
			return err
		}
		base = "http://" + address
	}
	// No proxy of the environment: the relay is here.
	client := &http.Client{Timeout: healthLimit, Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}}
	answer, err := client.Get(strings.TrimSuffix(base, "/") + "/readyz")
	if err != nil {
		return fmt.Errorf("the relay does not answer: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		_, err := fmt.Fprintln(o.stdout, "ready")
		return err
	}
	var refusal struct {
		Error wire.Error `json:"error"`
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil || json.Unmarshal(text, &refusal) != nil || refusal.Error.Code == "" {
		return fmt.Errorf("%s answers %s, which is not what a relay says", base, answer.Status)
	}
	return fmt.Errorf("the relay is not ready: %w", &refusal.Error)
}
