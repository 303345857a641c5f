// Command interop seals and opens what web/interop asks of it: a line of JSON in, a line of JSON out. It is the Go half of
// `make test-interop`; the other half is JavaScript over libsodium.
//
// A request is {"do", "given"}, with the operations and fields of shared/vectors/README.md, bytes in hex and numbers in
// decimal, but for what is drawn at random: that is drawn here. The answer is {"out"}, or {"code"} of a refusal.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"claudemesh.com/mesh/shared/wire"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 8<<20)
	for in.Scan() {
		answer, err := json.Marshal(serve(in.Bytes()))
		if err != nil {
			fail(err)
		}
		fmt.Println(string(answer))
	}
	if err := in.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "interop:", err)
	os.Exit(1)
}

type answer struct {
	Out  map[string]string `json:"out,omitempty"`
	Code wire.Code         `json:"code,omitempty"`
}

func serve(line []byte) answer {
	var request struct {
		Do    string            `json:"do"`
		Given map[string]string `json:"given"`
	}
	if err := json.Unmarshal(line, &request); err != nil {
		fail(err)
	}
	operation, ok := operations[request.Do]
	if !ok {
		fail(fmt.Errorf("there is no operation %q", request.Do))
	}
	name, out, err := operation(given(request.Given))
	if err != nil {
		return answer{Code: wire.CodeOf(err)}
	}
	return answer{Out: map[string]string{name: hex.EncodeToString(out)}}
}
