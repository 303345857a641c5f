package server

import (
	"context"
	"sync"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/relay/store"
	"claudemesh.com/mesh/shared/wire"
)

// committer puts the batches of all meshes that wait into one transaction, so that one sync of the disk pays for all of
// them. While it runs, the next ones gather.
type committer struct {
	store  store.Store
	meters *meters
	queue  chan commitment
	done   sync.WaitGroup
}

type commitment struct {
	batch  mesh.Batch
	answer chan<- committed
}

type committed struct {
	verdicts []mesh.Verdict
	err      error
}

// maxGroup is how many batches share a transaction at most.
const maxGroup = 512

func newCommitter(s store.Store, m *meters) *committer {
	c := &committer{store: s, meters: m, queue: make(chan commitment, maxGroup)}
	c.done.Go(c.run)
	return c
}

// commit waits until the batch is durable and gives a verdict an op. After an error it is unknown whether it is.
func (c *committer) commit(batch mesh.Batch) ([]mesh.Verdict, error) {
	answer := make(chan committed, 1)
	c.queue <- commitment{batch, answer}
	result := <-answer
	return result.verdicts, result.err
}

// close ends the committer when all that was given to it is committed. Nothing may be given to it any more.
func (c *committer) close() {
	close(c.queue)
	c.done.Wait()
}

func (c *committer) run() {
	for first := range c.queue {
		group := []commitment{first}
		for len(group) < maxGroup && len(c.queue) > 0 {
			group = append(group, <-c.queue)
		}
		c.settle(group)
	}
}

func (c *committer) settle(group []commitment) {
	batches := make([]mesh.Batch, len(group))
	for i := range group {
		batches[i] = group[i].batch
	}
	// Not to be cancelled: who waits wants to know the outcome.
	began := time.Now()
	verdicts, err := c.store.Commit(context.Background(), batches)
	c.meters.committed(batches, time.Since(began), err)
	if err == nil && len(verdicts) != len(group) {
		err = wire.Errorf(wire.CodeInternal, "the store gave %d verdicts for %d batches", len(verdicts), len(group))
	}
	for i := range group {
		if err != nil {
			group[i].answer <- committed{err: err}
		} else {
			group[i].answer <- committed{verdicts: verdicts[i]}
		}
	}
}
