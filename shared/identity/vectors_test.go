package identity_test

import (
	"context"
	"testing"

	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/vectors"
	"claudemesh.com/mesh/shared/wire"
)

func TestVectors(t *testing.T) {
	vectors.Run(t, "identity", map[string]func(*vectors.Case) error{
		"device": func(c *vectors.Case) error {
			device, err := restore(c)
			if err != nil {
				return err
			}
			public, private := device.Public(), device.Private()
			id := public.DeviceID()
			c.Want("private", private[:])
			c.Want("sign", public.Sign[:])
			c.Want("box", public.Box[:])
			c.Want("record", public.Record())
			c.Want("id", id[:])
			return nil
		},
		"record": func(c *vectors.Case) error {
			public, err := identity.ParsePublic(c.Bytes("record"))
			if err != nil {
				return err
			}
			id := public.DeviceID()
			c.Want("sign", public.Sign[:])
			c.Want("box", public.Box[:])
			c.Want("id", id[:])
			c.Want("record", public.Record())
			return nil
		},
		"shared-key": func(c *vectors.Case) error {
			device, err := restore(c)
			if err != nil {
				return err
			}
			key, err := device.SharedKey(context.Background(), c.Key("box"))
			if err != nil {
				return err
			}
			c.Want("key", key[:])
			return nil
		},
		"after-curve": func(c *vectors.Case) error {
			key, err := identity.AfterCurve(c.Key("point"))
			if err != nil {
				return err
			}
			c.Want("key", key[:])
			return nil
		},
		"sign": func(c *vectors.Case) error {
			device, err := restore(c)
			if err != nil {
				return err
			}
			purpose, data := c.Text("purpose"), c.Bytes("data")
			signature, err := device.Sign(context.Background(), identity.SigningBytes(purpose, data))
			if err != nil {
				return err
			}
			c.Want("signature", signature)
			return nil
		},
		"verify": func(c *vectors.Case) error {
			if !identity.VerifyPurpose(c.Key("sign"), c.Text("purpose"), c.Bytes("signature"), c.Bytes("data")) {
				return wire.Refuse(wire.CodeBadSignature)
			}
			return nil
		},
	})
}

func restore(c *vectors.Case) (*identity.Software, error) {
	return identity.Restore(identity.Private(c.Bytes("private")))
}
