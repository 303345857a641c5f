package verb

import "github.com/alecthomas/kong"

type versionFlag bool

// BeforeReset answers --version, whatever else the command line says.
func (versionFlag) BeforeReset(c *call, app *kong.Kong) error {
	err := versionVerb{}.Run(c)
	app.Exit(ExitOK)
	return err
}
