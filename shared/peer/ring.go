package peer

import (
	"claudemesh.com/mesh/shared/keyring"
	"claudemesh.com/mesh/shared/wire"
)

// unwrap opens the own wrap of the present epoch, or asks for the key that does.
func (c *Core) unwrap(epoch uint32) {
	wrap, author, ok := c.roster.Wrap(c.id)
	if !ok {
		return
	}
	from, _ := c.roster.Device(author)
	shared, ready, problem := c.sharedKey(from.Public.Box)
	if !ready {
		return
	}
	if problem != nil {
		if !c.keyFailed(problem) {
			c.ringBad = epoch
		}
		return
	}
	commitment, _ := c.roster.Commitment(epoch)
	of := keyring.Wrap{Mesh: c.self.Mesh, Author: author, Device: c.id, Epoch: epoch}
	root, err := of.Open(wrap.Nonce, wrap.Box[:], shared, commitment)
	if err == nil {
		err = c.ring.Add(epoch, root, commitment)
	}
	if err != nil && c.ringBad != epoch {
		// Whoever rotated gave this device no key. Nothing can be sealed or opened until somebody rotates again.
		c.ringBad = epoch
		c.dropped(wire.CodeBadCommitment, wire.RosterStream(c.self.Mesh), author)
	}
}

// ringPending reports whether a root key is on its way: a message that needs it may wait.
func (c *Core) ringPending() bool {
	epoch := c.roster.Epoch()
	_, have := c.ring.Root(epoch)
	_, _, wrapped := c.roster.Wrap(c.id)
	return !have && wrapped && c.ringBad != epoch
}

// openPrevious gets the root key of the epoch before from the roster.
func (c *Core) openPrevious(root keyring.Root, epoch uint32) {
	wrap, ok := c.roster.PreviousWrap(epoch)
	commitment, known := c.roster.Commitment(epoch - 1)
	if !ok || !known {
		return
	}
	if previous, err := keyring.OpenPrevious(root, epoch, wrap[:], commitment); err == nil {
		_ = c.ring.Add(epoch-1, previous, commitment) // OpenPrevious held it to the same commitment
	}
}

// names are the opened names of the roster, kept because opening costs more than a view.
type names struct {
	mesh     string
	profiles map[wire.MemberID]openedProfile
	topics   map[wire.TopicID]openedTopic
}

type openedProfile struct {
	time    uint64
	profile keyring.Profile
}

type openedTopic struct {
	sealed string
	name   keyring.TopicName
}

func (n *names) forget() { *n = names{} }

// generalName is the name of the topic that every mesh has.
const generalName = "general"

// meshName is the mesh's name, or empty while its key is not here.
func (c *Core) meshName() string {
	if c.names.mesh == "" {
		sealed := c.roster.Name()
		if root, ok := c.ring.Root(sealed.Epoch); ok {
			if name, err := keyring.OpenMeshName(root, sealed.Epoch, sealed.Bytes); err == nil {
				c.names.mesh = name.Name
			}
		}
	}
	return c.names.mesh
}

// profile is a member's profile; empty while the member is joining, or where it does not open.
func (c *Core) profile(id wire.MemberID) keyring.Profile {
	member, ok := c.roster.Member(id)
	if !ok || member.Profile.Bytes == nil {
		return keyring.Profile{}
	}
	if cached, ok := c.names.profiles[id]; ok && cached.time == member.ProfileTime {
		return cached.profile
	}
	root, ok := c.ring.Root(member.Profile.Epoch)
	if !ok {
		return keyring.Profile{}
	}
	profile, err := keyring.OpenProfile(root, member.Profile.Epoch, member.Profile.Bytes)
	if err != nil {
		profile = keyring.Profile{}
	}
	if c.names.profiles == nil {
		c.names.profiles = map[wire.MemberID]openedProfile{}
	}
	c.names.profiles[id] = openedProfile{member.ProfileTime, profile}
	return profile
}

// topicName is a topic's name and description; empty where they do not open.
func (c *Core) topicName(id wire.TopicID) keyring.TopicName {
	if id == wire.GeneralTopic(c.self.Mesh) {
		return keyring.TopicName{Name: generalName}
	}
	topic, ok := c.roster.Topic(id)
	if !ok {
		return keyring.TopicName{}
	}
	if cached, ok := c.names.topics[id]; ok && cached.sealed == string(topic.Text.Bytes) {
		return cached.name
	}
	root, ok := c.ring.Root(topic.Text.Epoch)
	if !ok {
		return keyring.TopicName{}
	}
	name, err := keyring.OpenTopicName(root, topic.Text.Epoch, topic.Text.Bytes)
	if err != nil {
		name = keyring.TopicName{}
	}
	if c.names.topics == nil {
		c.names.topics = map[wire.TopicID]openedTopic{}
	}
	c.names.topics[id] = openedTopic{string(topic.Text.Bytes), name}
	return name
}
