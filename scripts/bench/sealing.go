package main

import (
	"context"
	"crypto/rand"

	"claudemesh.com/mesh/relay/protocoltest"
	"claudemesh.com/mesh/shared/identity"
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/seal"
	"claudemesh.com/mesh/shared/wire"
)

// fill makes bytes that compress no better than what is sealed.
func fill(b []byte) { _, _ = rand.Read(b) } // which never fails

// sender seals what one device sends.
type sender struct {
	mesh    wire.MeshID
	device  *protocoltest.Device
	topic   wire.TopicID
	key     seal.Key // the topic's
	text    []byte
	shared  map[wire.DeviceID]identity.SharedKey
	counter uint64
}

// newSender makes a sender of texts of a size. The mesh's root key is any: nobody opens what is sent.
func newSender(mesh wire.MeshID, device *protocoltest.Device, size int) (*sender, error) {
	root, err := keyring.NewRoot(rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &sender{mesh: mesh, device: device, topic: wire.GeneralTopic(mesh), text: make([]byte, size), shared: map[wire.DeviceID]identity.SharedKey{}}
	s.key = keyring.TopicKey(root, 1, s.topic)
	fill(s.text)
	return s, nil
}

func (s *sender) header(to [wire.IDSize]byte) wire.Header {
	s.counter++
	return wire.Header{Priority: wire.PriorityNext, Epoch: 1, Counter: s.counter, Recipients: [][wire.IDSize]byte{to}}
}

// direct seals to a member with one device.
func (s *sender) direct(to *protocoltest.Device) ([]byte, error) {
	key, ok := s.shared[to.ID]
	if !ok {
		var err error
		if key, err = s.device.Keys.SharedKey(context.Background(), to.Keys.Public().Box); err != nil {
			return nil, err
		}
		s.shared[to.ID] = key
	}
	return seal.SealDirect(rand.Reader, s.mesh, s.device.ID, s.header(to.Member), s.text, []seal.Recipient{{Device: to.ID, Key: key}})
}

// toTopic seals to everyone.
func (s *sender) toTopic() ([]byte, error) {
	header := s.header(s.topic)
	nonce, err := seal.Nonce(rand.Reader)
	if err != nil {
		return nil, err
	}
	signature, err := s.device.Keys.Sign(context.Background(), seal.TopicBytes(s.mesh, s.device.ID, header, nonce, s.text))
	if err != nil {
		return nil, err
	}
	return seal.SealTopic(s.key, header, nonce, s.text, signature)
}

// sealedSize is the size of the plan's messages as the relay carries them.
func (p plan) sealedSize() int {
	header := wire.Header{Epoch: 1, Counter: 1, Recipients: [][wire.IDSize]byte{{}}}
	text := make([]byte, p.size)
	var envelope []byte
	var err error
	if p.toTopic() {
		envelope, err = seal.SealTopic(seal.Key{}, header, [wire.NonceSize]byte{}, text, make([]byte, identity.SignatureSize))
	} else {
		envelope, err = seal.SealDirect(rand.Reader, wire.MeshID{}, wire.DeviceID{}, header, text, make([]seal.Recipient, 1))
	}
	if err != nil {
		panic(err) // the plans here hold to all bounds
	}
	return len(envelope)
}

func (p plan) toTopic() bool {
	for _, sends := range p.sends {
		if len(sends) > 0 {
			return sends[0] == everyone
		}
	}
	return false
}

func (p plan) sendsOf(peer int) []int {
	if peer < len(p.sends) {
		return p.sends[peer]
	}
	return nil
}
