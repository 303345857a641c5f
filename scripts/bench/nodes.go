package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"claudemesh.com/mesh/relay/store/postgres/postgrestest"
)

// cluster is what a process of several has beside it: the other relays, and the PostgreSQL that all of them use, which syncs its disk
// as it does by default.
type cluster struct {
	others   []*process
	database *postgrestest.Server
}

// startNodes runs so many relays on one PostgreSQL.
func startNodes(n int) func(context.Context, *options, string) (*process, error) {
	return func(ctx context.Context, o *options, folder string) (p *process, err error) {
		c := new(cluster)
		if c.database, err = postgrestest.New(); err != nil {
			return nil, err
		}
		var nodes []*process
		defer func() {
			if err != nil {
				for _, node := range nodes {
					err = errors.Join(err, node.stop())
				}
				err = errors.Join(err, c.database.Close())
			}
		}()
		address, err := c.database.NewDatabase()
		if err != nil {
			return nil, err
		}
		for i := range n {
			var node *process
			if o.profiles != "" {
				node, err = startOwn(relayNode)(ctx, o, address)
			} else {
				node, err = startProgram(ctx, o, fmt.Sprint(folder, "/", i), "--database-url", address)
			}
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, node)
		}
		c.others = nodes[1:]
		nodes[0].cluster = c
		return nodes[0], nil
	}
}

// node is the relay that the peer of an index connects to: a sender and its receiver, which are half of all peers apart, have
// neighbouring ones.
func (p *process) node(index, peers int) *process {
	if p.cluster == nil {
		return p
	}
	if half := peers / 2; index >= half {
		index -= half - 1
	}
	if at := index % (len(p.cluster.others) + 1); at > 0 {
		return p.cluster.others[at-1]
	}
	return p
}

func (c *cluster) stop() (err error) {
	for _, node := range c.others {
		err = errors.Join(err, node.stop())
	}
	return errors.Join(err, c.database.Close())
}

// addUsage adds what the others and the database took. Of the memory, which PostgreSQL's processes share, only that of relays counts.
func (c *cluster) addUsage(u *usage) error {
	for _, node := range c.others {
		of, err := node.usage()
		if err != nil {
			return err
		}
		u.cpu, u.rss, u.peak = u.cpu+of.cpu, u.rss+of.rss, u.peak+of.peak
	}
	processes, err := c.database.Processes()
	if err != nil {
		return err
	}
	for i, id := range processes {
		took, ended, err := cpuOf(id)
		switch {
		case i == 0:
			took += ended // of its processes that are gone
		case errors.Is(err, os.ErrNotExist):
			continue // it has just ended
		}
		if err != nil {
			return err
		}
		u.cpu += took
	}
	return nil
}
