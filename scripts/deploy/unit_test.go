package deploy_test

import (
	"os"
	"strings"
	"testing"
)

// TestUnit: the command line of the systemd unit, with the variables of its environment file, runs a relay.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile("claudemesh-relay.service")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\nExecStart=/usr/local/bin/claudemesh-relay ")
	line, _, _ := strings.Cut(rest, "\n")
	if !found || strings.Count(string(text), "\nExecStart=") != 1 {
		t.Fatal("the unit does not run the relay")
	}
	environment, err := os.ReadFile("claudemesh-relay.env")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found = strings.Cut("\n"+string(environment), "\nCLAUDEMESH_PUBLIC_URL=")
	example, _, _ := strings.Cut(rest, "\n")
	if !found || !strings.Contains(line, "${CLAUDEMESH_PUBLIC_URL}") {
		t.Fatal("the unit does not say where peers reach the relay")
	}
	relay(t, strings.Fields(strings.Replace(line, "${CLAUDEMESH_PUBLIC_URL}", example, 1)), nil)
}
