package server

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"claudemesh.com/mesh/relay/mesh"
	"claudemesh.com/mesh/shared/wire"
)

// How many steps one call of run takes at most.
const (
	endless = 0
	// helping is for the reader of a connection: what others put meanwhile is done along with its own, but what never ends must
	// not keep it from its connection.
	helping = 4
)

// run has the core do what waits, until nothing does. The mailbox told the caller to. Where most is reached, or where one that has
// other things to do would wait for the disk, another goroutine goes on.
func (a *actor) run(most int) {
	goOn, err := a.work(most)
	switch {
	case goOn:
		go a.run(endless)
	case err != nil:
		a.finish(err)
	}
}

// work returns nil when the actor was given back, goOn when another goroutine is to go on, errIdle when the actor was retired, and
// else why it cannot go on.
func (a *actor) work(most int) (goOn bool, err error) {
	defer func() {
		// What breaks one mesh must not end the others.
		if broken := recover(); broken != nil {
			goOn, err = false, fmt.Errorf("panic: %v\n%s", broken, debug.Stack())
		}
	}()
	if a.core == nil {
		if err := a.load(); err != nil {
			return false, err
		}
	}
	if a.gathered { // by who handed it over
		if err := a.settle(); err != nil {
			return false, err
		}
	}
	stopping := false
	for steps := 1; ; steps++ {
		if len(a.todo) == 0 {
			// Asked before the mail is taken: what came before the end is still carried out.
			stopping = a.hub.stopping()
			a.spare = a.mail.take(a.spare)
			a.todo = a.spare
		}
		if a.lost.Load() {
			return false, errLost
		}
		now := time.Now()
		if len(a.todo) > 0 || a.due(now) {
			if most != endless && steps > most {
				return true, nil
			}
			a.busy = now
			a.gather(now)
			if !a.batch.Empty() && most != endless && !a.hub.instant {
				return true, nil
			}
			if err := a.settle(); err != nil {
				return false, err
			}
			continue
		}
		if stopping {
			return false, wire.Refuse(wire.CodeDraining)
		}
		idle := a.core.Idle()
		if idle && now.Sub(a.busy) >= idleAfter && a.hub.retire(a) {
			return false, errIdle
		}
		a.setAlarm(now, idle)
		if a.mail.giveBack() {
			return false, nil
		}
	}
}

func (a *actor) load() error {
	a.hub.meters.loads.Add(1)
	config := a.hub.config
	config.Node = a.hub.node()
	snapshot, err := a.hub.store.Load(context.Background(), a.id)
	if err != nil {
		a.hub.meters.loadFailures.Add(1)
		return err
	}
	a.busy = time.Now()
	a.core, err = mesh.New(config, snapshot, a.busy)
	return err
}

// setAlarm has somebody look again when there will be something to do though nothing comes. An alarm that rings too early does no
// harm, so it is only ever moved forward.
func (a *actor) setAlarm(now time.Time, idle bool) {
	at := a.core.Deadline()
	if idle {
		if ends := a.busy.Add(idleAfter); at.IsZero() || ends.Before(at) {
			at = ends
		}
	}
	if at.IsZero() || a.rings.After(now) && !at.Before(a.rings) {
		return
	}
	a.rings = at
	if a.alarm == nil {
		a.alarm = time.AfterFunc(at.Sub(now), a.wake)
	} else {
		a.alarm.Reset(at.Sub(now))
	}
}

func (a *actor) due(now time.Time) bool {
	d := a.core.Deadline()
	return !d.IsZero() && !now.Before(d)
}
