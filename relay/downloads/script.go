package downloads

import (
	_ "embed"
	"fmt"
	"strings"
)

// The scripts that install claudemesh, with @ORIGIN@, @VERSION@ and @PROGRAMS@ still in them.
var (
	//go:embed install.sh
	shellScript string
	//go:embed install.ps1
	powerShellScript string
)

// fill puts the listing into a script. Origins, versions, names and sums hold no character that ends a quoted string or
// means something in it (wire.CanonicalOrigin, nameForm, versionForm).
func fill(template, origin string, l *listing) []byte {
	lines := make([]string, len(l.programs))
	for i, p := range l.programs {
		lines[i] = fmt.Sprintf("%s %s %s %d %s", p.Name, p.OS, p.Arch, p.Size, p.Sum)
	}
	return []byte(strings.NewReplacer(
		"@ORIGIN@", origin,
		"@VERSION@", l.version,
		"@PROGRAMS@", strings.Join(lines, "\n"),
	).Replace(template))
}
